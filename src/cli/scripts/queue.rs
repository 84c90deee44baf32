//! `queue` and `quarantine`: what is on its way, and what was set aside.

use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{Command, List, Query, QueueRow, Rows};
use crate::model::HoldId;

use super::super::asked::Asked;
use super::super::failure::Failure;
use super::{carry_out, conflicts, ids, tell};

/// The arguments of `queue`.
#[derive(Debug, clap::Args)]
pub struct QueueArgs {
    /// As one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// The arguments of `quarantine`.
#[derive(Debug, clap::Args)]
pub struct QuarantineArgs {
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
    List,
    /// Try one again now; the same for any refused field.
    Retry {
        /// `pair/crm id`, as the list names it.
        #[arg(value_parser = ids::hold)]
        id: HoldId,
        /// What was deleted on one side and edited on the other is untied by that: both stay, and are orphans.
        #[arg(long)]
        untie: bool,
    },
}

fn row(operation: &QueueRow) -> Json {
    json!({
        "pair": operation.pair, "side": operation.side, "op": operation.op, "record": operation.record,
        "title": operation.title, "fields": operation.fields, "state": operation.state, "since": operation.since,
        "due": operation.due, "attempts": operation.attempts, "waits": operation.waits, "said": operation.said,
    })
}

/// Runs `queue`.
///
/// # Errors
/// [`Failure`]: the engine or its store.
pub async fn queue(config: &Config, args: QueueArgs) -> Result<ExitCode, Failure> {
    let asked = Asked::looked(config).await?;
    let pick = |rows| if let Rows::Queue(rows) = rows { Some(rows) } else { None };
    let (total, rows) = asked.rows(Query::all(List::Queue), None, pick).await?;
    let rows: Vec<Json> = rows.iter().map(row).collect();
    tell(
        &asked,
        args.json,
        total,
        &rows,
        &["pair", "side", "op", "title", "fields", "state", "waits", "due", "attempts", "said"],
    );
    asked.end().await?;
    Ok(ExitCode::SUCCESS)
}

/// Runs `quarantine`.
///
/// # Errors
/// [`Failure`]: the engine or its store.
pub async fn quarantine(config: &Config, args: QuarantineArgs) -> Result<ExitCode, Failure> {
    let asked = Asked::looked(config).await?;
    match args.action.unwrap_or(Action::List) {
        Action::List => {
            let (total, rows) = asked.rows(Query::all(List::Quarantined), None, conflicts::holds).await?;
            let rows: Vec<Json> = rows.iter().map(conflicts::row).collect();
            tell(&asked, args.json, total, &rows, &["id", "title", "detail", "since"]);
            asked.end().await?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Retry { id, untie } => {
            let (_, held) = asked.rows(Query::all(List::Holds), None, conflicts::holds).await?;
            if !untie && held.iter().any(|hold| hold.id == id && hold.why == "deleted") {
                asked.end().await?;
                return Err(Failure::refused(format!(
                    "{id} was deleted on one side and edited on the other: to try it again unties the two, which is not undone; \
                     say `--untie` if that is meant"
                )));
            }
            carry_out(asked, args.json, Command::Retry { id }).await
        }
    }
}
