//! `plan` and `apply`: see everything that would be written before anything is, and then let just that be written.
//!
//! A plan is made by the real engine on a copy of the store, so that it sees what a run would see and changes nothing: no
//! record, no page, and not one byte of the state folder. (An application's tokens that have run out are renewed all the
//! same, for they would be lost otherwise.) `apply` gives the engine leave for the operations of a plan file, each only while both
//! sides hold what they held when the plan was made; whatever has moved is left to the next plan or to `run`.

mod apply;
mod file;
mod preview;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::Step;
use crate::model::Side;

pub use apply::{ApplyArgs, apply};
use file::PlanFile;
use preview::{PairPlan, Preview};

use super::failure::Failure;
use super::scripts::{SHAPE, line};
use super::table::{Table, plain};
use super::{say, warn, wiring};

/// The arguments of `plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Write the plan into this file, for `crosstie apply`. It holds values of records and is readable by you alone.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Tell every operation with its values, and everything that is held or left alone.
    #[arg(long)]
    details: bool,
    /// As one JSON object, with all details.
    #[arg(long)]
    pub(super) json: bool,
}

/// Prints what would be written.
///
/// # Errors
/// [`Failure`]: a system that cannot be read, a store in use, a file that cannot be written.
pub async fn plan(config: &Config, args: PlanArgs) -> Result<ExitCode, Failure> {
    let unwritten = |path: &Path, error: std::io::Error| {
        Failure::running(format!(
            "{}: {error}; the plan was not written. Name a file in a folder that is there and that we may write to",
            path.display()
        ))
    };
    if let Some(path) = &args.out {
        // Both sides are read for minutes: whether there is a place for it is known before.
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folder.metadata().map_err(|error| unwritten(path, error))?;
    }
    let preview = preview::make(config).await?;
    if let Some(path) = &args.out {
        PlanFile::of(&preview, wiring::clock().now()).write(path).map_err(|error| unwritten(path, error))?;
    }
    if args.json {
        say(&line(&as_json(&preview)));
    } else {
        say(&counts(&preview.pairs));
        if args.details {
            say(&details(&preview));
        }
        if let Some(path) = &args.out {
            warn(&format!(
                "written to {0}; `crosstie apply {0}` does just that. What follows only then (links to records that are new) is \
                 told when it is done",
                path.display()
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(preview: &Preview) -> Json {
    json!({
        "shape": SHAPE, "pairs": preview.pairs, "steps": preview.steps,
        "holds": preview.holds.iter().map(super::scripts::hold_row).collect::<Vec<_>>(),
        "skipped": preview.orphans.iter().map(super::scripts::orphan_row).collect::<Vec<_>>(),
    })
}

fn counts(pairs: &[PairPlan]) -> String {
    let mut table = Table::new(&[
        "pair",
        "state",
        "match sure",
        "ambiguous",
        "create in CRM",
        "in Notion",
        "update in CRM",
        "in Notion",
        "trash",
        "hold",
        "skip",
        "unchanged",
    ]);
    for pair in pairs {
        let numbers = [
            pair.sure,
            pair.ambiguous,
            pair.create.crm,
            pair.create.notion,
            pair.update.crm,
            pair.update.notion,
            pair.trash,
            pair.hold,
            pair.skip,
            pair.unchanged,
        ];
        let state =
            if pair.detail.is_empty() { pair.state.clone() } else { format!("{}: {}", pair.state, pair.detail) };
        table.row([pair.name.0.clone(), state].into_iter().chain(numbers.map(|it| it.to_string())));
    }
    table.to_string()
}

fn told(step: &Step) -> String {
    let mut text = format!("{} in {}: {} {} ({})", step.op, step.side, step.pair, plain(&step.title), step.record);
    for change in &step.changes {
        let (before, after) = (plain(&change.before), plain(&change.after));
        text.push_str(&format!("\n    {}: {before:?} → {after:?}", plain(&change.label)));
    }
    text
}

fn details(preview: &Preview) -> String {
    let mut lines: Vec<String> = Side::BOTH
        .into_iter()
        .flat_map(|side| preview.steps.iter().filter(move |step| step.side == side).map(told))
        .collect();
    lines.extend(preview.holds.iter().map(|hold| {
        let title = plain(&hold.title);
        format!("hold ({}): {} {title} {}: {}", hold.why, hold.id, plain(&hold.label), plain(&hold.detail))
    }));
    lines.extend(preview.orphans.iter().map(|orphan| {
        let (at, title) = (&orphan.record, plain(&orphan.title));
        format!("skip ({}): {} in {} {title} ({}): {}", orphan.why, at.pair, at.side, at.id, plain(&orphan.detail))
    }));
    lines.join("\n")
}
