//! `relations`: which record is linked to which.

use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{Command, List, Query, RelationRow, Rows};
use crate::model::{FieldKey, TieId};

use super::super::asked::Asked;
use super::super::failure::Failure;
use super::{carry_out, ids, tell};

/// The arguments of `relations`.
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
    /// List every edge, and every record without one, by name.
    List {
        /// Only rows whose titles contain this.
        #[arg(long, default_value = "")]
        filter: String,
    },
    /// Link two records on both sides.
    Link {
        #[command(flatten)]
        edge: Edge,
        /// Whose place it takes, where the role has room for one: `pair/crm id`. Refused if anybody else has it by then.
        #[arg(long, value_name = "TARGET", value_parser = ids::tie)]
        instead_of: Option<TieId>,
    },
    /// Take a link away on both sides.
    Unlink(Edge),
}

#[derive(Debug, clap::Args)]
struct Edge {
    /// The record that owns the relation: `pair/crm id`, as the list names it.
    #[arg(value_parser = ids::tie)]
    owner: TieId,
    /// The role: the relation's label (the Notion property's name), or the CRM field's name.
    #[arg(value_name = "ROLE")]
    role: String,
    /// The record it is linked to: `pair/crm id`.
    #[arg(value_parser = ids::tie)]
    target: TieId,
}

fn row(edge: &RelationRow) -> Json {
    json!({
        "owner": edge.owner.to_string(), "owner_title": edge.owner_title, "field": edge.field, "label": edge.label,
        "target": edge.target.as_ref().map(ToString::to_string), "target_title": edge.target_title,
        "on_crm": edge.on_crm, "on_notion": edge.on_notion, "pending": edge.pending, "current": edge.shown.is_some(),
    })
}

/// The relation that a role is called by, or the text as it is: then the engine says which roles there are.
async fn named(asked: &Asked, edge: &Edge) -> FieldKey {
    let snapshot = asked.snapshot().await;
    let roles = || snapshot.pairs.iter().filter(|pair| pair.name == edge.owner.pair).flat_map(|pair| &pair.roles);
    let by_name = roles().find(|role| role.field.as_str() == edge.role);
    let by_label = || roles().find(|role| role.label.to_lowercase() == edge.role.to_lowercase());
    by_name.or_else(by_label).map_or_else(|| FieldKey::from(edge.role.as_str()), |role| role.field.clone())
}

/// Runs `relations`.
///
/// # Errors
/// [`Failure`]: the engine or its store.
pub async fn run(config: &Config, args: Args) -> Result<ExitCode, Failure> {
    let asked = Asked::looked(config).await?;
    let (edge, linked, instead_of) = match args.action.unwrap_or(Action::List { filter: String::new() }) {
        Action::List { filter } => {
            let pick = |rows| if let Rows::Relations(rows) = rows { Some(rows) } else { None };
            let (total, rows) = asked.rows(Query { filter, ..Query::all(List::Relations) }, None, pick).await?;
            let rows: Vec<Json> = rows.iter().map(row).collect();
            let columns = ["owner", "owner_title", "label", "target", "target_title", "on_crm", "on_notion", "pending"];
            tell(&asked, args.json, total, &rows, &columns);
            asked.end().await?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::Link { edge, instead_of } => (edge, true, instead_of),
        Action::Unlink(edge) => (edge, false, None),
    };
    let field = named(&asked, &edge).await;
    carry_out(
        asked,
        args.json,
        Command::Relate { owner: edge.owner, field, target: edge.target, linked, instead_of, shown: None },
    )
    .await
}
