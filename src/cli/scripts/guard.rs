//! `guard` and `undo`: letting happen what was stopped, and taking back what was done.

use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{Command, PairState};
use crate::model::PairName;

use super::super::asked::Asked;
use super::super::failure::Failure;
use super::super::table::plain;
use super::{carry_out, confirmed, tell};

/// The arguments of `guard`.
#[derive(Debug, clap::Args)]
pub struct GuardArgs {
    /// What to do; without it they are listed.
    #[command(subcommand)]
    action: Option<Action>,
    /// As one JSON object.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the pairs that a guard has stopped, and what would happen.
    List,
    /// Let exactly that happen, once.
    Override {
        /// The pair.
        name: PairName,
        /// What you saw: the member `plan` of its row. If the plan is another one by now, nothing is done. At a terminal it
        /// can be left out: then you are shown what would happen, and asked.
        #[arg(long, value_name = "HASH")]
        plan: Option<String>,
    },
}

/// The arguments of `undo`.
#[derive(Debug, clap::Args)]
pub struct UndoArgs {
    /// The line of the journal that tells of the write: the member `id` of `crosstie journal`.
    event: u64,
    /// The other side gets the old value too: then somebody's own edit there is taken back, and nothing is held.
    #[arg(long)]
    both: bool,
    /// As one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// Runs `guard`.
///
/// # Errors
/// [`Failure`]: no such guard, or nobody to ask.
pub async fn run(config: &Config, args: GuardArgs) -> Result<ExitCode, Failure> {
    let asked = Asked::looked(config).await?;
    let snapshot = asked.snapshot().await;
    let guarded = snapshot.pairs.iter().filter_map(|pair| match &pair.state {
        PairState::Guarded { what, plan, .. } => Some((&pair.name, what, plan)),
        _ => None,
    });
    match args.action.unwrap_or(Action::List) {
        Action::List => {
            let rows: Vec<Json> =
                guarded.map(|(name, what, plan)| json!({ "name": name, "what": what, "plan": plan })).collect();
            let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            tell(&asked, args.json, total, &rows, &["name", "what", "plan"]);
            asked.end().await?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Override { name, plan } => {
            let plan = match plan {
                Some(plan) => plan,
                None => {
                    let waiting = guarded.into_iter().find(|(it, ..)| **it == name);
                    let Some((_, what, plan)) = waiting else {
                        return Err(Failure::refused(format!("no guard has stopped {name}")));
                    };
                    let question = format!("{name}: {}. Let exactly that happen once?", plain(what));
                    confirmed(&question, "`--plan` from its row of `crosstie guard list`")?;
                    plan.clone()
                }
            };
            carry_out(asked, args.json, Command::Override { pair: name, plan }).await
        }
    }
}

/// Runs `undo`.
///
/// # Errors
/// [`Failure`]: the engine or its store.
pub async fn undo(config: &Config, args: UndoArgs) -> Result<ExitCode, Failure> {
    let asked = Asked::looked(config).await?;
    carry_out(asked, args.json, Command::Undo { event: args.event, both: args.both }).await
}
