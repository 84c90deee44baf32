//! What each page shows.

mod header;
mod help;
mod journal;
mod lists;
mod overview;
mod pairs;
mod waiting;

use crate::fixture::{Rig, full};

/// The screen that keys lead to on a small terminal and on a large one.
fn screens(keys: &str) -> [String; 2] {
    [(80, 24), (200, 60)].map(|size| {
        let mut rig = Rig::new(size, full());
        rig.keys(keys);
        rig.screen()
    })
}
