//! `conflicts`: fields that both sides changed, and everything else that is held.

use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{Command, HoldRow, List, Query, Resolution, Rows};
use crate::model::{HoldId, Shown, Side};

use super::super::asked::Asked;
use super::super::failure::Failure;
use super::super::table::{flat, plain};
use super::{carry_out, confirmed, ids, tell, tell_one};

/// The arguments of `conflicts`.
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
    /// List them, oldest first. At a terminal a long title or value is cut; a pipe, `show` and `--json` get all of it.
    List {
        /// Every other hold too: refused, unreadable, quarantined, …
        #[arg(long)]
        all: bool,
    },
    /// Show one with both values and what they last agreed on.
    Show {
        /// `pair/crm id/field`, as the list names it.
        #[arg(value_parser = ids::hold)]
        id: HoldId,
    },
    /// Decide one.
    Resolve {
        /// `pair/crm id/field`, as the list names it.
        #[arg(value_parser = ids::hold)]
        id: HoldId,
        #[command(flatten)]
        what: What,
        /// What you saw: the member `shown` of its row. If a value has moved since, nothing is done. At a terminal it can be
        /// left out: then both values are shown, and you are asked.
        #[arg(long, value_name = "DIGESTS", value_parser = ids::shown)]
        shown: Option<Shown>,
    },
}

#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// The CRM's value wins.
    #[arg(long)]
    crm: bool,
    /// Notion's value wins.
    #[arg(long)]
    notion: bool,
    /// Both get the value they last agreed on.
    #[arg(long)]
    base: bool,
    /// Leave both as they are until one moves.
    #[arg(long)]
    keep: bool,
    /// Both get this value, read in the field's kind.
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    set: Option<String>,
}

impl What {
    /// What would be done, as a question begins.
    fn told(&self, crm: &str, notion: &str) -> String {
        match self {
            What { set: Some(text), .. } => format!("Give both {:?}", flat(text)),
            What { crm: true, .. } => format!("Give Notion the CRM's value {crm:?}"),
            What { notion: true, .. } => format!("Give the CRM Notion's value {notion:?}"),
            What { base: true, .. } => "Give both what they last agreed on".to_owned(),
            _ => "Leave both as they are until one moves".to_owned(),
        }
    }

    fn resolution(self, id: HoldId, shown: Shown) -> Resolution {
        match self {
            What { set: Some(text), .. } => Resolution::Set { id, shown, text },
            What { crm: true, .. } => Resolution::Force { id, shown, side: Side::Crm },
            What { notion: true, .. } => Resolution::Force { id, shown, side: Side::Notion },
            What { base: true, .. } => Resolution::Base { id, shown },
            _ => Resolution::Keep { id, shown },
        }
    }
}

/// A hold as scripts see it.
pub fn row(hold: &HoldRow) -> Json {
    json!({
        "id": hold.id.to_string(), "pair": hold.id.pair, "crm": hold.id.crm, "field": hold.id.field,
        "title": hold.title, "label": hold.label, "why": hold.why, "detail": hold.detail,
        "base": hold.base.as_ref().map(|base| &base.text), "crm_value": hold.crm.text,
        "notion_value": hold.notion.text, "shown": format!("{}.{}", hold.crm.digest, hold.notion.digest),
        "crm_edited_by": hold.crm.edited_by, "crm_edited_at": hold.crm.edited_at,
        "notion_edited_by": hold.notion.edited_by, "notion_edited_at": hold.notion.edited_at,
        "options": hold.options, "since": hold.since, "decidable": hold.decidable, "decided": hold.decided,
    })
}

/// The rows, if they are of such a list.
pub fn holds(rows: Rows) -> Option<Vec<HoldRow>> {
    if let Rows::Holds(rows) = rows { Some(rows) } else { None }
}

/// Runs `conflicts`.
///
/// # Errors
/// [`Failure`]: no such conflict, or nobody to ask.
pub async fn run(config: &Config, args: Args) -> Result<ExitCode, Failure> {
    let asked = Asked::looked(config).await?;
    let (_, all) = asked.rows(Query::all(List::Holds), None, holds).await?;
    let find = |id: &HoldId| {
        let known = all.iter().find(|row| row.id == *id).cloned();
        known.ok_or_else(|| {
            Failure::refused(format!("nothing is held under {id}; `crosstie conflicts list --all` names what is"))
        })
    };
    match args.action.unwrap_or(Action::List { all: false }) {
        Action::List { all: every } => {
            let rows: Vec<Json> = all.iter().filter(|hold| every || hold.why == "conflict").map(row).collect();
            let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            tell(
                &asked,
                args.json,
                total,
                &rows,
                &[
                    "id",
                    "why",
                    "title",
                    "label",
                    "crm_value",
                    "crm_edited_by",
                    "notion_value",
                    "notion_edited_by",
                    "since",
                ],
            );
        }
        Action::Show { id } => tell_one(&asked, args.json, &row(&find(&id)?)),
        Action::Resolve { id, what, shown } => {
            let hold = find(&id)?;
            if !hold.decidable {
                asked.end().await?;
                return Err(Failure::refused(format!(
                    "{id} has no values to choose from: {}. What can be tried again is, by `crosstie quarantine retry {id}`",
                    plain(&hold.detail)
                )));
            }
            let shown = match shown {
                Some(shown) => shown,
                None => {
                    let values = format!("CRM: {:?}, Notion: {:?}", flat(&hold.crm.text), flat(&hold.notion.text));
                    let what = what.told(&flat(&hold.crm.text), &flat(&hold.notion.text));
                    confirmed(&format!("{id}: {values}. {what}?"), "`--shown` from its row")?;
                    Shown { crm: hold.crm.digest, notion: hold.notion.digest }
                }
            };
            let items = vec![what.resolution(id, shown)];
            return carry_out(asked, args.json, Command::Resolve { items }).await;
        }
    }
    asked.end().await?;
    Ok(ExitCode::SUCCESS)
}
