//! `pairs`: how each is, and pausing one.

use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{Command, PairState, PairStatus};
use crate::model::PairName;

use super::super::asked::Asked;
use super::super::failure::Failure;
use super::{carry_out, tell};

/// The arguments of `pairs`.
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
    /// List them, in the order of the configuration.
    List,
    /// Stop the writes of one; both sides are still observed.
    Pause {
        /// Its name.
        name: PairName,
    },
    /// Let it be written again.
    Resume {
        /// Its name.
        name: PairName,
    },
}

/// A word for the state of a pair, a sentence about it, and the hash of a plan that waits.
pub fn state(state: &PairState) -> (&'static str, String, Option<&str>) {
    match state {
        PairState::Listing => ("listing", String::new(), None),
        PairState::Review { .. } => ("review", state.counts().unwrap_or_default(), None),
        PairState::Running => ("running", String::new(), None),
        PairState::Guarded { what, plan, .. } => ("guarded", what.clone(), Some(plan)),
        PairState::Stopped { why } => ("stopped", why.clone(), None),
    }
}

fn row(pair: &PairStatus) -> Json {
    let (state, detail, plan) = state(&pair.state);
    json!({
        "name": pair.name, "state": state, "detail": detail, "plan": plan, "paused": pair.paused, "ties": pair.ties,
        "held": pair.held, "orphans": pair.orphans.crm + pair.orphans.notion, "drift": pair.drift,
        "last_cycle": pair.last_cycle, "last_sweep": pair.last_sweep,
    })
}

/// Runs `pairs`.
///
/// # Errors
/// [`Failure`]: the engine or its store.
pub async fn run(config: &Config, args: Args) -> Result<ExitCode, Failure> {
    let command = match args.action.unwrap_or(Action::List) {
        Action::List => {
            let asked = Asked::looked(config).await?;
            let rows: Vec<Json> = asked.snapshot().await.pairs.iter().map(row).collect();
            let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            tell(
                &asked,
                args.json,
                total,
                &rows,
                &["name", "state", "detail", "paused", "ties", "held", "orphans", "drift"],
            );
            asked.end().await?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::Pause { name } => Command::Pause { pair: name },
        Action::Resume { name } => Command::Resume { pair: name },
    };
    // Nothing of either side has to be seen for that.
    carry_out(Asked::of(config).await?, args.json, command).await
}
