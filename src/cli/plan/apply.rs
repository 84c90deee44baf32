//! `apply`: a plan is carried out, as far as what it was made from is still so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{
    Command, Desk, DeskError, JournalRow, Leave, List, PairState, Query, QueueRow, QueueState, Rows, Step,
};
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
/// Looking takes at most one part in so many of the time: what is left of a large plan takes its time to be looked at.
const SHARE: u32 = 20;
/// Rows of the queue that are asked for first; what is on its way stands on top.
const ON_TOP: u64 = 500;
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
    pub(in crate::cli) json: bool,
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
    /// The word for people.
    fn word(self, dry: bool) -> &'static str {
        if dry && self == Outcome::Done { "would do" } else { self.as_str() }
    }

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
    let (outcomes, following) = if args.dry_run { (dry(config, &plan).await?, 0) } else { wet(config, &plan).await? };
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
            "shape": SHAPE, "dry_run": args.dry_run, "done": done, "moved": moved, "left": left, "following": following,
            "rows": rows,
        })));
    } else {
        let mut table = Table::new(&["", "pair", "side", "op", "title"]);
        for (step, outcome) in plan.steps.iter().zip(&outcomes) {
            let side = step.side.to_string();
            table.row([
                outcome.word(args.dry_run).to_owned(),
                step.pair.0.clone(),
                side,
                step.op.clone(),
                step.title.clone(),
            ]);
        }
        say(&table.to_string());
        let word = if args.dry_run { "would be done" } else { "done" };
        warn(&format!("{done} {word}, {moved} have moved since the plan was made, {left} are left"));
        if moved > 0 {
            warn(
                "What has moved is left alone: it was done already, or somebody has changed something since. `crosstie plan` \
                 tells what there is to do now.",
            );
        }
        if following > 0 {
            warn(&format!(
                "{following} more follow from what there is now (links to new records, what a system fills in by itself): \
                 `crosstie plan` tells them, and `crosstie run` writes them."
            ));
        }
    }
    Ok(ExitCode::from(if moved + left == 0 { code::OK } else { code::REFUSED }))
}

fn read(path: &Path) -> Result<PlanFile, Failure> {
    use std::io::Read;
    let failed = |why: String| Failure::configuration(format!("{}: {why}", path.display()));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| {
        failed(match error.kind() {
            std::io::ErrorKind::NotFound => {
                "there is no such file; `crosstie plan --out FILE` writes a plan".to_owned()
            }
            _ => format!("it cannot be read: {error}"),
        })
    })?;
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| failed(format!("it cannot be read: {error}")))?;
    PlanFile::parse(&text).map_err(|why| failed(format!("{why}; `crosstie plan --out FILE` writes one")))
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

/// What became of each operation, and how many others are planned by now.
async fn wet(config: &Config, plan: &PlanFile) -> Result<(Vec<Outcome>, usize), Failure> {
    if super::super::dashboard::attach(&wiring::socket(config)?).await?.is_some() {
        return Err(Failure::store("a daemon runs, and writes what it plans: stop it to apply a plan".to_owned()));
    }
    let started = wiring::start_within(config, Leave::of(plan.steps.clone())).await?;
    let engine = started.running.desk.clone();
    let applied = carry_out(&engine, plan).await;
    started.end(&wiring::operator()).await?;
    applied
}

async fn carry_out(engine: &EngineDesk, plan: &PlanFile) -> Result<(Vec<Outcome>, usize), Failure> {
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
    let (mut left, mut took) = waiting(engine, &moved).await?;
    let mut since = running_for();
    while !left.is_empty() && running_for().saturating_sub(since) < PATIENCE {
        tokio::time::sleep(BREATH.max(took * SHARE)).await;
        let now;
        (now, took) = waiting(engine, &moved).await?;
        if now != left {
            since = running_for();
        }
        left = now;
    }
    // Everything that was journalled since the start, however much that is.
    let query = Query { from: Some(engine.began()), ..Query::all(List::Journal) };
    let pick = |rows| if let Rows::Journal(rows) = rows { Some(rows) } else { None };
    let (_, told) = Asked::rows_of(engine, query, None, pick).await?;
    let told: BTreeSet<Told> = told.iter().flat_map(tells_of).collect();
    let steps = engine.steps().await.map_err(gone)?;
    let planned = Leave::of(steps.clone());
    let outcome = |step: &Step| {
        if told.contains(&(step.pair.clone(), step.side, step.op == "create", step.record.clone())) {
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
    let outcomes: Vec<Outcome> = plan.steps.iter().map(outcome).collect();
    let left = outcomes.iter().filter(|it| **it == Outcome::Left).count();
    Ok((outcomes, steps.len().saturating_sub(left)))
}

/// Operations of the plan that are still to come: planned as they were then in a pair that is written to, or on their way;
/// and how long it took to find them.
async fn waiting(
    engine: &EngineDesk,
    moved: &BTreeSet<PairName>,
) -> Result<(BTreeSet<(PairName, Side, RecordId)>, Duration), Failure> {
    let began = running_for();
    let snapshot = engine.snapshots().borrow().clone();
    let runs = |name: &PairName| {
        let pair = snapshot.pairs.iter().find(|pair| pair.name == *name);
        // One that was approved a moment ago is shown as such a moment later.
        let state = pair.map(|pair| &pair.state);
        let runs = matches!(state, Some(PairState::Running | PairState::Review { .. }));
        runs && !moved.contains(name) && pair.is_some_and(|pair| pair.paused.is_none())
    };
    let permitted = engine.permitted().await.map_err(|error| Failure::running(error.to_string()))?;
    let mut left: BTreeSet<_> = permitted.into_iter().filter(|(pair, ..)| runs(pair)).collect();
    let pick = |rows| if let Rows::Queue(rows) = rows { Some(rows) } else { None };
    let is_out = |row: &QueueRow| matches!(row.state, QueueState::InFlight | QueueState::Unknown);
    let (_, mut queue) = Asked::rows_of(engine, Query::all(List::Queue), Some(ON_TOP), pick).await?;
    if queue.last().is_some_and(is_out) {
        (_, queue) = Asked::rows_of(engine, Query::all(List::Queue), None, pick).await?;
    }
    left.extend(queue.into_iter().filter(is_out).map(|row| (row.pair, row.side, row.record)));
    Ok((left, running_for().saturating_sub(began)))
}

/// An operation that a line of the journal tells was carried out: pair, side, whether it made a record, and which record.
type Told = (PairName, Side, bool, RecordId);

/// What a line of the journal tells was carried out.
fn tells_of(row: &JournalRow) -> Vec<Told> {
    let event = &row.event;
    let kinds: &[bool] = match event.what {
        Happening::Created => &[true],
        Happening::Adopted => &[true, false],
        Happening::Wrote | Happening::Gone => &[false],
        _ => &[],
    };
    let (Some(pair), Some(side)) = (&event.pair, event.side) else { return Vec::new() };
    let records = [&event.crm, &event.notion].into_iter().flatten();
    records.flat_map(|id| kinds.iter().map(|made| (pair.clone(), side, *made, id.clone()))).collect()
}
