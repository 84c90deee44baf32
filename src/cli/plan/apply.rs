//! `apply`: a plan is carried out, as far as what it was made from is still so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{Command, Desk, DeskError, JournalRow, Leave, List, PairState, Query, Rows, Step};
use crate::engine::EngineDesk;
use crate::model::{Happening, PairName, RecordId, Side};

use super::super::asked::Asked;
use super::super::failure::{Failure, code};
use super::super::scripts::{SHAPE, line};
use super::super::table::Table;
use super::super::world::running_for;
use super::super::{say, warn, wiring};
use super::file::{LONGEST, PlanFile};
use super::preview::{self, Review};

/// Between two looks at what is left.
const BREATH: Duration = Duration::from_millis(250);
/// Without progress for so long, what is left is left: longer than any quiet period as configured by default, and than
/// the probing of a write whose answer was lost.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The arguments of `apply`.
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    /// The file that `crosstie plan --out` wrote.
    plan: PathBuf,
    /// Write nothing, and tell what would be done and what has moved since.
    #[arg(long)]
    dry_run: bool,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It was written, or would be.
    Done,
    /// What it was made from is no longer so; nothing was written.
    Moved,
    /// It waits: its pair is stopped or waits for somebody, or a side did not take it.
    Left,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Moved => "moved",
            Outcome::Left => "left",
        }
    }
}

/// Carries out a plan.
///
/// # Errors
/// [`Failure`]: no plan, a store in use, or a system that cannot be read.
pub async fn apply(config: &Config, args: ApplyArgs) -> Result<ExitCode, Failure> {
    let plan = read(&args.plan)?;
    let outcomes = if args.dry_run { dry(config, &plan).await? } else { wet(config, &plan).await? };
    let count = |wanted: Outcome| outcomes.iter().filter(|it| **it == wanted).count();
    let (done, moved, left) = (count(Outcome::Done), count(Outcome::Moved), count(Outcome::Left));
    if args.json {
        let row = |(step, outcome): (&Step, &Outcome)| {
            json!({
                "pair": step.pair, "side": step.side, "op": step.op, "record": step.record, "title": step.title,
                "outcome": outcome.as_str(),
            })
        };
        let rows: Vec<Json> = plan.steps.iter().zip(&outcomes).map(row).collect();
        say(&line(&json!({
            "shape": SHAPE, "dry_run": args.dry_run, "done": done, "moved": moved, "left": left, "rows": rows,
        })));
    } else {
        let mut table = Table::new(&["", "pair", "side", "op", "title"]);
        for (step, outcome) in plan.steps.iter().zip(&outcomes) {
            let side = step.side.to_string();
            table.row([outcome.as_str().to_owned(), step.pair.0.clone(), side, step.op.clone(), step.title.clone()]);
        }
        say(&table.to_string());
        let word = if args.dry_run { "would be done" } else { "done" };
        warn(&format!("{done} {word}, {moved} have moved since the plan was made, {left} are left"));
    }
    Ok(ExitCode::from(if moved + left == 0 { code::OK } else { code::REFUSED }))
}

fn read(path: &Path) -> Result<PlanFile, Failure> {
    use std::io::Read;
    let failed = |why: String| Failure::configuration(format!("{}: {why}", path.display()));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    PlanFile::parse(&text).map_err(failed)
}

/// A plan made anew tells which operations would still be the same.
async fn dry(config: &Config, plan: &PlanFile) -> Result<Vec<Outcome>, Failure> {
    let now = preview::make(config).await?;
    let stands = |name: &PairName| {
        let (then, now) = (plan.pairs.iter().find(|it| it.name == *name), now.pairs.iter().find(|it| it.name == *name));
        then.zip(now).is_some_and(|(then, now)| then.review == now.review)
    };
    let leave = Leave::of(now.steps.clone());
    let outcome = |step: &Step| match leave.step(&step.pair, step.side, &step.op, &step.record) {
        Some(now) if now.digest == step.digest && stands(&step.pair) => Outcome::Done,
        _ => Outcome::Moved,
    };
    Ok(plan.steps.iter().map(outcome).collect())
}

async fn wet(config: &Config, plan: &PlanFile) -> Result<Vec<Outcome>, Failure> {
    if super::super::dashboard::attach(&wiring::socket(config)?).await?.is_some() {
        return Err(Failure::store("a daemon runs, and writes what it plans: stop it to apply a plan".to_owned()));
    }
    let began = wiring::clock().now();
    let started = wiring::start_within(config, Leave::of(plan.steps.clone())).await?;
    let engine = started.running.desk.clone();
    let applied = carry_out(&engine, plan, began).await;
    started.end(&wiring::operator()).await?;
    applied
}

async fn carry_out(engine: &EngineDesk, plan: &PlanFile, began: Timestamp) -> Result<Vec<Outcome>, Failure> {
    let gone = |error: DeskError| Failure::running(error.to_string());
    let before = preview::listed(engine).await?;
    let who = wiring::operator();
    let mut moved: BTreeSet<PairName> = BTreeSet::new();
    for pair in &before.pairs {
        let then = plan.pairs.iter().find(|it| it.name == pair.name);
        let Some(review) = Review::of(&pair.state) else { continue };
        if then.is_some_and(|then| then.review == Some(review)) {
            engine.command(&who, Command::Approve { pair: pair.name.clone() }).await.map_err(gone)?;
        } else {
            moved.insert(pair.name.clone());
        }
    }
    let mut left = waiting(engine, plan, &moved).await?;
    let mut since = running_for();
    while !left.is_empty() && running_for().saturating_sub(since) < PATIENCE {
        tokio::time::sleep(BREATH).await;
        let now = waiting(engine, plan, &moved).await?;
        if now != left {
            since = running_for();
        }
        left = now;
    }
    let query = Query { since: Some(began), ..Query::all(List::Journal) };
    let pick = |rows| if let Rows::Journal(rows) = rows { Some(rows) } else { None };
    let (_, told) = Asked::rows_of(engine, query, None, pick).await?;
    let planned = Leave::of(engine.steps().await.map_err(gone)?);
    let outcome = |step: &Step| {
        if told.iter().any(|row| tells_of(row, step)) {
            return Outcome::Done;
        }
        // A marker has no line of its own in the journal: where it is not owed any more, it is there.
        let marker = step.op == "update" && step.changes.iter().all(|change| change.field.as_str().is_empty());
        match planned.step(&step.pair, step.side, &step.op, &step.record) {
            _ if moved.contains(&step.pair) => Outcome::Moved,
            Some(now) if now.digest == step.digest => Outcome::Left,
            None if marker => Outcome::Done,
            _ => Outcome::Moved,
        }
    };
    Ok(plan.steps.iter().map(outcome).collect())
}

/// Operations of the plan that are still to come: planned as they were then in a pair that is written to, or on their way.
async fn waiting(
    engine: &EngineDesk,
    plan: &PlanFile,
    moved: &BTreeSet<PairName>,
) -> Result<BTreeSet<(PairName, Side, RecordId)>, Failure> {
    let gone = |error: DeskError| Failure::running(error.to_string());
    let snapshot = engine.snapshots().borrow().clone();
    let runs = |name: &PairName| {
        let pair = snapshot.pairs.iter().find(|pair| pair.name == *name);
        // One that was approved a moment ago is shown as such a moment later.
        let state = pair.map(|pair| &pair.state);
        let runs = matches!(state, Some(PairState::Running | PairState::Review { .. }));
        runs && !moved.contains(name) && pair.is_some_and(|pair| pair.paused.is_none())
    };
    let leave = Leave::of(plan.steps.clone());
    let planned = engine.steps().await.map_err(gone)?.into_iter().filter(|step| {
        let given = leave.step(&step.pair, step.side, &step.op, &step.record);
        runs(&step.pair) && given.is_some_and(|given| given.digest == step.digest)
    });
    let mut left: BTreeSet<_> = planned.map(|step| (step.pair, step.side, step.record)).collect();
    let pick = |rows| if let Rows::Queue(rows) = rows { Some(rows) } else { None };
    let (_, queue) = Asked::rows_of(engine, Query::all(List::Queue), None, pick).await?;
    let on_their_way = queue
        .into_iter()
        .filter(|row| matches!(row.state, crate::control::QueueState::InFlight | crate::control::QueueState::Unknown));
    left.extend(on_their_way.map(|row| (row.pair, row.side, row.record)));
    Ok(left)
}

/// Whether a line of the journal tells that an operation was carried out.
fn tells_of(row: &JournalRow, step: &Step) -> bool {
    let event = &row.event;
    let wanted = match step.op.as_str() {
        "create" => matches!(event.what, Happening::Created | Happening::Adopted),
        _ => matches!(event.what, Happening::Wrote | Happening::Adopted | Happening::Gone),
    };
    let about = [&event.crm, &event.notion].into_iter().flatten().any(|id| *id == step.record);
    wanted && about && event.pair.as_ref() == Some(&step.pair) && event.side == Some(step.side)
}
