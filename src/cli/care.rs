//! `verify`, `export`, `import` and `compact`: care for the store while nobody has it open.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::config::Config;
use crate::store::{self, export};

use super::failure::{Failure, code};
use super::scratch::Scratch;
use super::scripts::{SHAPE, line};
use super::table::Table;
use super::{say, warn, wiring};

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub enum Care {
    /// Read and check every row of the store and every export, and change nothing.
    Verify {
        /// Only this export.
        file: Option<PathBuf>,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write everything that is remembered into a new file of JSON lines with checksums; a daemon does that once a day.
    Export {
        /// The folder; otherwise `exports` in the state folder. The oldest beyond seven are removed there.
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

/// Runs one. It blocks.
///
/// # Errors
/// [`Failure`]: the store is in use, damaged, or its disk refuses.
pub async fn run(config: &Config, care: Care) -> Result<ExitCode, Failure> {
    let home = wiring::state_dir(config)?;
    match care {
        Care::Verify { file: Some(file), json } => {
            Ok(verdict(json, None, &[(file.clone(), export::verify(&file).map(|at| at.to_string()))]))
        }
        Care::Verify { file: None, json } => {
            let scratch = Scratch::make("verify")?;
            let found = store::inspect(&home, scratch.path()).map_err(failed)?;
            let dir = home.join("exports");
            let exports = export::list(&dir)
                .map_err(|error| Failure::store(format!("{} cannot be read: {error}", dir.display())))?;
            let exports: Vec<_> = exports
                .into_iter()
                .map(|path| {
                    let read = export::verify(&path).map(|at| at.to_string());
                    (path, read)
                })
                .collect();
            Ok(verdict(json, found.as_ref(), &exports))
        }
        Care::Export { to } => {
            let opened = wiring::open_store(&home)?;
            let dir = to.unwrap_or_else(|| home.join("exports"));
            let written = opened.store.export(&dir, wiring::clock().now()).await;
            // What it says is said by the export too.
            let _ = opened.store.close().await;
            let path = written.map_err(|error| Failure::store(format!("nothing was exported: {error}")))?;
            say(&path.display().to_string());
            Ok(ExitCode::SUCCESS)
        }
        Care::Import { file } => {
            let (at, aside) = store::import(&home, &file, wiring::clock().now()).map_err(failed)?;
            say(&format!("the store is the export made at {at}; both sides are compared in full at the next start"));
            if let Some(aside) = aside {
                warn(&format!("the files that were there: {}", aside.display()));
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

type Read = (PathBuf, Result<String, store::ExportError>);

fn verdict(as_json: bool, found: Option<&store::Inspection>, exports: &[Read]) -> ExitCode {
    let broken = found.map_or(0, |found| found.broken.len());
    let unsound = exports.iter().filter(|(_, read)| read.is_err()).count();
    let sound = broken + unsound == 0;
    let name = |path: &Path| path.display().to_string();
    if as_json {
        let export = |(path, read): &Read| match read {
            Ok(at) => json!({ "file": name(path), "sound": true, "made": at, "why": null }),
            Err(error) => json!({ "file": name(path), "sound": false, "made": null, "why": error.to_string() }),
        };
        say(&line(&json!({
            "shape": SHAPE, "sound": sound, "rows": found.map(|found| &found.rows),
            "broken": found.map(|found| found.broken.iter().map(ToString::to_string).collect::<Vec<_>>()),
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
        for (path, read) in exports {
            match read {
                Ok(at) => table.row(["ok".to_owned(), name(path), format!("whole, made at {at}")]),
                Err(error) => table.row(["BROKEN".to_owned(), name(path), error.to_string()]),
            }
        }
        say(&table.to_string());
        if broken > 0 {
            warn("a start of crosstie sets broken rows aside and reads them again from where they came");
        }
    }
    ExitCode::from(if sound { code::OK } else { code::STORE })
}
