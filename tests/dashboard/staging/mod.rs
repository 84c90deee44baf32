//! Picks, marks and what leaves: fast, local, undoable, and never without having been shown.

mod dryrun;
mod locks;
mod marks;
mod picks;

use crosstie::control::{Command, Resolution};

use crate::fixture::{Rig, World, full, hold};

/// Conflicts of two fields: `stage` in the first sixty, `notes` in the other forty.
fn hundred() -> World {
    let mut world = full();
    let row = |n: usize| {
        let field = if n < 60 { "STAGE" } else { "NOTES" };
        hold(&n.to_string(), field, &format!("crm {n}"), &format!("notion {n}"))
    };
    world.holds = (0..100).map(row).collect();
    world
}

/// Everything that was confirmed and left.
fn committed(rig: &Rig) -> Vec<Resolution> {
    let told = rig.told().into_iter();
    told.flat_map(|command| if let Command::Resolve { items } = command { items } else { Vec::new() }).collect()
}
