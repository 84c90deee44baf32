//! `journal`: the history, and the story of one edit.

use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{JournalRow, List, Query, Rows};
use crate::engine::Edits;

use super::super::asked::Asked;
use super::super::failure::Failure;
use super::tell;

/// How far before a line its story may have begun, where no line says so.
const BEFORE: u64 = 20_000;
/// Lines that a Desk gives at a time.
const WINDOW: u64 = 500;

/// The arguments of `journal`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only lines that contain this, ignoring case: titles, fields, values, notes, kinds of events. The whole journal is looked
    /// through.
    #[arg(long, default_value = "")]
    filter: String,
    /// The newest so many lines.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u64,
    /// As one JSON object.
    #[arg(long, global = true)]
    pub(super) json: bool,
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
        "edit": event.edit, "undoable": line.undoable, "not_undoable": line.not_undoable,
    })
}

fn lines(rows: Rows) -> Option<Vec<JournalRow>> {
    if let Rows::Journal(rows) = rows { Some(rows) } else { None }
}

/// Lines of the journal by their numbers, oldest first; a window at most.
async fn numbered(asked: &Asked, from: u64, to: u64) -> Result<Vec<JournalRow>, Failure> {
    let query = Query { from: Some(from), to: Some(to), ..Query::all(List::Journal) };
    let (_, mut rows) = asked.rows(query, Some(WINDOW), lines).await?;
    rows.reverse();
    Ok(rows)
}

/// The lines that tell of the same edit as one of them, oldest first.
async fn story(asked: &Asked, id: u64) -> Result<Vec<JournalRow>, Failure> {
    let missing = || {
        Failure::refused(format!(
            "the journal has no line {id}: it never had, or does not reach so far back; `crosstie journal` shows which it has"
        ))
    };
    let wanted = numbered(asked, id, id).await?.pop().ok_or_else(missing)?;
    let (_, newest) = asked.rows(Query::all(List::Journal), Some(1), lines).await?;
    let last = newest.first().map_or(id, |line| line.event.seq);
    // It begins with the line that saw the edit. Earlier versions named no edits, and what they wrote is told together anew.
    let named = wanted.event.edit;
    let mut from = named.unwrap_or_else(|| id.saturating_sub(BEFORE).max(1));
    let mut edits = Edits::default();
    let mut told: Vec<(Option<u64>, JournalRow)> = Vec::new();
    while from <= last {
        let to = from.saturating_add(WINDOW - 1);
        for line in numbered(asked, from, to).await? {
            let edit = line.event.edit.or_else(|| if named.is_none() { edits.of(&line.event) } else { None });
            if line.event.seq == id || (edit.is_some() && (named.is_none() || edit == named)) {
                told.push((edit, line));
            }
        }
        from = to.saturating_add(1);
    }
    let edit = told.iter().find(|(_, line)| line.event.seq == id).and_then(|(edit, _)| *edit);
    let ours = |(its, line): &(Option<u64>, JournalRow)| line.event.seq == id || (edit.is_some() && *its == edit);
    Ok(told.into_iter().filter(ours).map(|(_, line)| line).collect())
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
            let rows: Vec<Json> = story(&asked, id).await?.iter().map(row).collect();
            tell(&asked, args.json, u64::try_from(rows.len()).unwrap_or(u64::MAX), &rows, &columns);
        }
    }
    asked.end().await?;
    Ok(ExitCode::SUCCESS)
}
