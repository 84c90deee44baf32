//! `keys`: what every key does, from the registry that the dashboard itself uses.

use std::path::Path;
use std::process::ExitCode;

use crate::tui::{Keymap, listing, markdown};

use super::failure::Failure;
use super::table::Table;
use super::{dashboard, say, wiring};

/// Lists the bindings.
///
/// # Errors
/// [`Failure`] for a keymap that cannot be used.
pub fn run(keymap: Option<&str>, config: Option<&Path>, as_markdown: bool) -> Result<ExitCode, Failure> {
    let keymap = match keymap {
        Some(file) if file.ends_with(".toml") || file.contains('/') => dashboard::keymap_file(Path::new(file))?,
        Some(name) => Keymap::preset(name).map_err(|_| {
            Failure::configuration(format!(
                "there is no keymap `{name}`; use default, vim, emacs, or the path of a file that ends in .toml"
            ))
        })?,
        None => match wiring::find_config(config)? {
            Some(config) => dashboard::keymap(&config)?,
            None => Keymap::preset("default").map_err(|error| Failure::running(error.to_string()))?,
        },
    };
    if as_markdown {
        say(&markdown(&keymap));
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["where", "keys", "action", "what it does"]);
    for entry in listing(&keymap) {
        table.row([entry.scope.as_str().to_owned(), entry.keys, entry.action.to_owned(), entry.doc.to_owned()]);
    }
    say(&table.to_string());
    Ok(ExitCode::SUCCESS)
}
