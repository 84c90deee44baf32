//! `orphans`: untied records that wait for a person.

use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{Candidate, Command, List, OrphanRow, Query, Rows};
use crate::model::{RecordRef, Side};

use super::super::asked::Asked;
use super::super::failure::Failure;
use super::{carry_out, ids, tell};

/// The arguments of `orphans`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do; without it they are listed.
    #[command(subcommand)]
    action: Option<Action>,
    /// As one JSON object.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List them, oldest first.
    List {
        /// Those too that were ignored.
        #[arg(long)]
        ignored: bool,
    },
    /// List records of the other side that one could be linked to: suggestions, or what matches a search.
    Candidates {
        /// `pair/side/id`, as the list names it.
        #[arg(value_parser = ids::record)]
        id: RecordRef,
        /// Search for this instead.
        #[arg(long, default_value = "")]
        search: String,
    },
    /// Link one to a record of the other side; fields that differ are then shown as conflicts.
    Link {
        /// `pair/side/id`, as the list names it.
        #[arg(value_parser = ids::record)]
        id: RecordRef,
        /// The record on the other side: its id, or `pair/side/id`.
        other: String,
    },
    /// Create its counterpart on the other side.
    Create {
        /// `pair/side/id`, as the list names it.
        #[arg(value_parser = ids::record)]
        id: RecordRef,
    },
    /// Show it no more, and create nothing for it.
    Ignore {
        /// `pair/side/id`, as the list names it.
        #[arg(value_parser = ids::record)]
        id: RecordRef,
    },
    /// Take that back: it is looked at again like any other untied record.
    Unignore {
        /// `pair/side/id`, as `orphans list --ignored` names it.
        #[arg(value_parser = ids::record)]
        id: RecordRef,
    },
}

fn fields(fields: &[(String, String)]) -> Vec<Json> {
    fields.iter().map(|(label, text)| json!({ "label": label, "text": text })).collect()
}

/// An orphan as scripts see it.
pub fn row(orphan: &OrphanRow) -> Json {
    json!({
        "id": ids::of_record(&orphan.record), "pair": orphan.record.pair, "side": orphan.record.side,
        "record": orphan.record.id, "title": orphan.title, "why": orphan.why, "detail": orphan.detail,
        "fields": fields(&orphan.fields), "since": orphan.since, "suggestions": orphan.suggestions,
        "creatable": orphan.creatable, "ignored_by": orphan.ignored,
    })
}

/// The rows, if they are of such a list.
pub fn rows(rows: Rows) -> Option<Vec<OrphanRow>> {
    if let Rows::Orphans(rows) = rows { Some(rows) } else { None }
}

fn candidate(candidate: &Candidate) -> Json {
    json!({
        "record": candidate.id, "title": candidate.title, "reason": candidate.reason,
        "fields": fields(&candidate.fields), "taken": candidate.taken,
    })
}

/// Runs `orphans`.
///
/// # Errors
/// [`Failure`]: the engine or its store.
pub async fn run(config: &Config, args: Args) -> Result<ExitCode, Failure> {
    let asked = Asked::looked(config).await?;
    let command = match args.action.unwrap_or(Action::List { ignored: false }) {
        Action::List { ignored } => {
            let query = Query { ignored, ..Query::all(List::Orphans) };
            let (total, found) = asked.rows(query, None, rows).await?;
            let rows: Vec<Json> = found.iter().map(row).collect();
            tell(&asked, args.json, total, &rows, &["id", "why", "title", "suggestions", "since"]);
            asked.end().await?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::Candidates { id, search } => {
            let (_, orphans) = asked.rows(Query { ignored: true, ..Query::all(List::Orphans) }, None, rows).await?;
            if !orphans.iter().any(|orphan| orphan.record == id) {
                asked.end().await?;
                let id = ids::of_record(&id);
                return Err(Failure::refused(format!(
                    "{id} is no orphan: `crosstie orphans list` shows which there are"
                )));
            }
            let pick = |rows| if let Rows::Candidates(rows) = rows { Some(rows) } else { None };
            let query = Query { filter: search, ..Query::all(List::Candidates { of: id }) };
            let (total, rows) = asked.rows(query, None, pick).await?;
            let rows: Vec<Json> = rows.iter().map(candidate).collect();
            tell(&asked, args.json, total, &rows, &["record", "title", "reason", "taken"]);
            asked.end().await?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::Link { id, other } => {
            let other = ids::counterpart(&id, &other).map_err(Failure::configuration)?;
            let (crm, notion) = if id.side == Side::Crm { (id.id, other) } else { (other, id.id) };
            Command::Link { pair: id.pair, crm, notion, shown: None }
        }
        Action::Create { id } => Command::CreateCounterpart { record: id, shown: None },
        Action::Ignore { id } => Command::IgnoreOrphan { record: id, shown: None },
        Action::Unignore { id } => Command::UnignoreOrphan { record: id },
    };
    carry_out(asked, args.json, command).await
}
