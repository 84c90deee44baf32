//! `journal`: the history, and the story of one edit.

use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{JournalRow, List, Query, Rows};

use super::super::asked::Asked;
use super::super::failure::Failure;
use super::super::story::Edits;
use super::tell;

/// How far before a line its story may have begun.
const BEFORE: u64 = 20_000;

/// The arguments of `journal`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only lines that contain this, ignoring case: titles, fields, values, notes, kinds of events.
    #[arg(long, default_value = "")]
    filter: String,
    /// The newest so many lines.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u64,
    /// As one JSON object.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Tell the whole story of one edit, from where it was seen to both sides, oldest line first.
    Show {
        /// Any line of it: the member `id`, or the `edit` of the log.
        id: u64,
    },
}

fn row(line: &JournalRow) -> Json {
    let event = &line.event;
    let window = event.window.map(|(from, to)| to.as_millisecond() - from.as_millisecond());
    json!({
        "id": event.seq, "at": event.at, "what": event.what, "pair": event.pair, "side": event.side,
        "crm": event.crm, "notion": event.notion, "field": event.field, "title": line.title, "label": line.label,
        "before": line.before, "after": line.after, "window_ms": window, "who": event.who, "note": event.note,
        "undoable": line.undoable, "not_undoable": line.not_undoable,
    })
}

fn lines(rows: Rows) -> Option<Vec<JournalRow>> {
    if let Rows::Journal(rows) = rows { Some(rows) } else { None }
}

/// Runs `journal`.
///
/// # Errors
/// [`Failure`]: no such line, or the engine or its store.
pub async fn run(config: &Config, args: Args) -> Result<ExitCode, Failure> {
    let asked = Asked::of(config).await?;
    let columns = ["id", "at", "what", "side", "title", "label", "before", "after", "who", "note"];
    match args.action {
        None => {
            let query = Query { filter: args.filter, ..Query::all(List::Journal) };
            let (total, rows) = asked.rows(query, Some(args.limit), lines).await?;
            let rows: Vec<Json> = rows.iter().map(row).collect();
            tell(&asked, args.json, total, &rows, &columns);
        }
        Some(Action::Show { id }) => {
            let (_, newest) = asked.rows(Query::all(List::Journal), Some(1), lines).await?;
            let last = newest.first().map_or(0, |line| line.event.seq);
            let missing = || {
                Failure::refused(format!(
                    "the journal has no line {id} any more; `crosstie journal` shows which it has"
                ))
            };
            let back = last.checked_sub(id).ok_or_else(missing)?;
            let (_, mut all) = asked.rows(Query::all(List::Journal), Some(back + BEFORE), lines).await?;
            all.reverse();
            let mut edits = Edits::default();
            let told: Vec<(Option<u64>, JournalRow)> =
                all.into_iter().map(|line| (edits.of(&line.event), line)).collect();
            let wanted =
                told.iter().find(|(_, line)| line.event.seq == id).map(|(edit, _)| *edit).ok_or_else(missing)?;
            let story = told.iter().filter(|(edit, line)| line.event.seq == id || (edit.is_some() && *edit == wanted));
            let rows: Vec<Json> = story.map(|(_, line)| row(line)).collect();
            tell(&asked, args.json, u64::try_from(rows.len()).unwrap_or(u64::MAX), &rows, &columns);
        }
    }
    asked.end().await?;
    Ok(ExitCode::SUCCESS)
}
