//! `verify`, `export`, `import` and `compact`: care for the store while nobody has it open.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::config::Config;
use crate::store::{self, export, segments};

use super::failure::{Failure, code};
use super::scratch::Scratch;
use super::scripts::{SHAPE, line};
use super::table::Table;
use super::{say, warn, wiring};

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub enum Care {
    /// Read and check every row of the store, every day of the journal and every export, and change nothing.
    Verify {
        /// Only this export, or this day of the journal.
        file: Option<PathBuf>,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write everything that is remembered into a new file of JSON lines with checksums; a daemon does that once a day.
    Export {
        /// The folder, which gets the older days of the journal too, and keeps whatever is in it; otherwise `exports` in the
        /// state folder, beside whose `journal` they stay: there the oldest exports beyond seven are removed.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// Put an export in the place of the store, whose files are kept aside; both sides are then compared in full.
    Import {
        /// The export.
        file: PathBuf,
    },
    /// Write the store anew, without what its file holds of the past.
    Compact,
}

fn failed(error: store::OpenError) -> Failure {
    Failure::store(error.to_string())
}

fn none(home: &Path) -> Failure {
    Failure::store(format!(
        "there is no store in {}; the first start makes one, and `state_dir` in the configuration names another folder",
        home.display()
    ))
}

/// Runs one. It blocks.
///
/// # Errors
/// [`Failure`]: the store is in use, damaged, or its disk refuses.
pub async fn run(config: &Config, care: Care) -> Result<ExitCode, Failure> {
    let home = wiring::state_dir(config)?;
    match care {
        Care::Verify { file: Some(file), json } => {
            let read = read(&file);
            let one = vec![(file.clone(), read)];
            Ok(if segments::is_one(&file) { verdict(json, None, &one, &[]) } else { verdict(json, None, &[], &one) })
        }
        Care::Verify { file: None, json } => {
            let scratch = Scratch::guarded("verify")?;
            let found = store::inspect(&home, scratch.path()).map_err(failed)?;
            let dir = home.join("exports");
            let exports = export::list(&dir)
                .map_err(|error| Failure::store(format!("{} cannot be read: {error}", dir.display())))?;
            let exports: Vec<Read> = exports.into_iter().map(|path| (path.clone(), read(&path))).collect();
            let days =
                segments::list(&home.join(segments::FOLDER)).map_err(|error| Failure::store(error.to_string()))?;
            let days: Vec<Read> = days.into_iter().map(|day| (day.path.clone(), read(&day.path))).collect();
            if found.is_none() && days.is_empty() && exports.is_empty() {
                return Err(none(&home));
            }
            if found.is_none() {
                warn(&format!("there is no store in {}, only what lies beside one", home.display()));
            }
            Ok(verdict(json, found.as_ref(), &days, &exports))
        }
        Care::Export { to } => {
            if !store::is_there(&home) {
                return Err(none(&home));
            }
            let opened = wiring::open_store::<()>(&home)?;
            let (elsewhere, now) = (to.is_some(), wiring::clock().now());
            let dir = to.unwrap_or_else(|| home.join("exports"));
            let written = match elsewhere {
                true => opened.store.export_to(&dir, now).await,
                false => opened.store.export(&dir, now).await,
            };
            // What it says is said by the export too.
            let _ = opened.store.close().await;
            let path = written.map_err(|error| Failure::store(format!("nothing was exported: {error}")))?;
            let journal = home.join(segments::FOLDER);
            if elsewhere {
                segments::copy(&journal, &dir.join(segments::FOLDER)).map_err(|error| {
                    Failure::store(format!("{} is whole, but not all days of the journal: {error}", path.display()))
                })?;
            }
            say(&path.display().to_string());
            let days = segments::list(&journal).map_err(|error| Failure::store(error.to_string()))?;
            if !elsewhere && !days.is_empty() {
                let size = days.iter().map(|day| day.bytes).sum::<u64>().div_ceil(1 << 20);
                warn(&format!(
                    "{} older days of the journal are no part of it ({size} MiB): they lie in {}, `crosstie verify` checks \
                     them, an import leaves them there, and `crosstie export --to DIR` copies them beside the export",
                    days.len(),
                    journal.display()
                ));
            }
            Ok(ExitCode::SUCCESS)
        }
        Care::Import { file } => {
            let done = store::import(&home, &file, wiring::clock().now()).map_err(failed)?;
            say(&format!(
                "the store is the export made at {}; both sides are compared in full at the next start",
                done.at
            ));
            if let Some(aside) = done.aside {
                warn(&format!("the files that were there: {}", aside.display()));
            }
            if let (Some(first), Some(last)) = (done.missing.first(), done.missing.last()) {
                warn(&format!(
                    "of the older days of the journal that it names, {} lie neither beside it nor beside the store ({first} to \
                     {last}): what they tell is not shown and cannot be undone; copies of them in {} put that right",
                    done.missing.len(),
                    home.join(segments::FOLDER).display()
                ));
            }
            Ok(ExitCode::SUCCESS)
        }
        Care::Compact => {
            let (before, after) = store::compact(&home, wiring::clock().now()).map_err(failed)?;
            say(&format!("{before} bytes before, {after} now"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A file, and what it holds or why it is broken.
type Read = (PathBuf, Result<String, String>);

fn read(path: &Path) -> Result<String, String> {
    if segments::is_one(path) {
        return segments::verify(path).map(|lines| format!("{lines} lines")).map_err(|error| error.to_string());
    }
    export::verify(path).map(|at| at.to_string()).map_err(|error| error.to_string())
}

fn verdict(as_json: bool, found: Option<&store::Inspection>, days: &[Read], exports: &[Read]) -> ExitCode {
    let broken = found.map_or(0, |found| found.broken.len());
    let unsound = days.iter().chain(exports).filter(|(_, read)| read.is_err()).count();
    let lost = found.map_or(0, |found| found.lost);
    let sound = broken + unsound == 0 && lost == 0;
    let name = |path: &Path| path.display().to_string();
    if as_json {
        let export = |(path, read): &Read| match read {
            Ok(at) => json!({ "file": name(path), "sound": true, "made": at, "why": null }),
            Err(why) => json!({ "file": name(path), "sound": false, "made": null, "why": why }),
        };
        let day =
            |(path, read): &Read| json!({ "file": name(path), "sound": read.is_ok(), "why": read.as_ref().err() });
        say(&line(&json!({
            "shape": SHAPE, "sound": sound, "lost": lost, "rows": found.map(|found| &found.rows),
            "broken": found.map(|found| found.broken.iter().map(ToString::to_string).collect::<Vec<_>>()),
            "journal": days.iter().map(day).collect::<Vec<_>>(),
            "exports": exports.iter().map(export).collect::<Vec<_>>(),
        })));
    } else {
        let mut table = Table::new(&["", "what", "found"]);
        for (tree, rows) in found.iter().flat_map(|found| &found.rows) {
            table.row(["ok".to_owned(), (*tree).to_owned(), format!("{rows} rows")]);
        }
        for row in found.iter().flat_map(|found| &found.broken) {
            table.row(["BROKEN".to_owned(), row.tree.to_owned(), row.to_string()]);
        }
        let whole = days.iter().filter(|(_, read)| read.is_ok()).count();
        if whole > 0 {
            table.row(["ok".to_owned(), "journal".to_owned(), format!("{whole} older days, whole")]);
        }
        for (path, read) in days.iter().filter(|(_, read)| read.is_err()).chain(exports) {
            match read {
                Ok(at) => table.row(["ok".to_owned(), name(path), format!("whole, made at {at}")]),
                Err(why) => table.row(["BROKEN".to_owned(), name(path), why.clone()]),
            }
        }
        say(&table.to_string());
        if lost > 0 {
            warn(&format!(
                "the store's file lacks its last {lost} durable writes: a start of crosstie uses what it holds, or the last export \
                 where that is newer, and compares both sides in full"
            ));
        }
        if broken > 0 {
            warn("a start of crosstie sets broken rows aside and reads them again from where they came");
        }
    }
    ExitCode::from(if sound { code::OK } else { code::STORE })
}
