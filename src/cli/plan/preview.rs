//! Making a plan: the real engine, on a copy of the store, looks at both sides and writes to neither.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::control::{Command, Desk, HoldRow, Link, List, OrphanRow, PairState, Query, Rows, Sides, Snapshot, Step};
use crate::model::{PairName, RecordId, Side};

use super::super::asked::Asked;
use super::super::failure::Failure;
use super::super::scratch::Scratch;
use super::super::scripts;
use super::super::status;
use super::super::wiring;

/// How long both sides may take to be looked at completely.
const LOOKING: Duration = Duration::from_secs(600);
/// Between two looks at what is planned; when two agree, it is the plan.
const BREATH: Duration = Duration::from_millis(500);
/// Looks at most: records that are being edited move for as long as somebody types.
const LOOKS: u32 = 60;

/// What a plan says about one pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairPlan {
    /// Its name.
    pub name: PairName,
    /// `running`, `guarded` or `stopped`, as it would be.
    pub state: String,
    /// A sentence about that; empty if there is nothing to say.
    pub detail: String,
    /// Untied records that match by a unique key.
    pub sure: u64,
    /// Untied records that match several, or share a match.
    pub ambiguous: u64,
    /// Records to be created, by the side they are created on.
    pub create: Sides<u64>,
    /// Records to be updated.
    pub update: Sides<u64>,
    /// Records to be moved to the trash, whose counterpart was deleted.
    pub trash: u64,
    /// Fields and records that are held.
    pub hold: u64,
    /// Untied records that nothing is done for.
    pub skip: u64,
    /// Tied records that agree.
    pub unchanged: u64,
    /// The counts that its first matching asks an approval of, where it does.
    pub review: Option<Review>,
}

/// The counts of a first matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Matched by a unique key.
    pub sure: u64,
    /// Matched by several, or sharing a match.
    pub ambiguous: u64,
    /// CRM records without a match.
    pub crm_only: u64,
    /// Pages without a match.
    pub notion_only: u64,
}

impl Review {
    /// The one that a pair waits for.
    pub fn of(state: &PairState) -> Option<Self> {
        match *state {
            PairState::Review { sure, ambiguous, crm_only, notion_only, .. } => {
                Some(Self { sure, ambiguous, crm_only, notion_only })
            }
            _ => None,
        }
    }
}

/// Everything that would be done, held and left alone.
#[derive(Debug)]
pub struct Preview {
    /// In the order of the configuration.
    pub pairs: Vec<PairPlan>,
    /// Every operation.
    pub steps: Vec<Step>,
    /// Everything that is held.
    pub holds: Vec<HoldRow>,
    /// Untied records that nothing is done for.
    pub orphans: Vec<OrphanRow>,
}

/// Makes a plan.
///
/// # Errors
/// [`Failure`]: a store in use, or a pair that could not be looked at completely.
pub async fn make(config: &Config) -> Result<Preview, Failure> {
    if super::super::dashboard::attach(&wiring::socket(config)?).await?.is_some() {
        return Err(Failure::store(
            "a daemon runs, and writes what it plans: `crosstie queue` shows what that is; stop it to make a plan first"
                .to_owned(),
        ));
    }
    let scratch = Scratch::guarded("plan")?;
    let started = wiring::start_on_a_copy(config, scratch.path()).await?;
    let made = look(&*started.running.desk, &started.running.desk).await;
    started.end("plan").await?;
    made
}

async fn look(desk: &dyn Desk, engine: &crate::engine::EngineDesk) -> Result<Preview, Failure> {
    let gone = |error: crate::control::DeskError| Failure::running(error.to_string());
    let before = listed(desk).await?;
    let reviews: Vec<Option<Review>> = before.pairs.iter().map(|pair| Review::of(&pair.state)).collect();
    for (pair, review) in before.pairs.iter().zip(&reviews) {
        if review.is_some() {
            desk.command("plan", Command::Approve { pair: pair.name.clone() }).await.map_err(gone)?;
        }
    }
    let mut steps = engine.steps().await.map_err(gone)?;
    for _ in 0..LOOKS {
        tokio::time::sleep(BREATH).await;
        let again = engine.steps().await.map_err(gone)?;
        let same = again == steps;
        steps = again;
        if same {
            break;
        }
    }
    let holds = all(desk, List::Holds, scripts::holds).await?;
    let orphans = all(desk, List::Orphans, scripts::orphan_rows).await?;
    let after = settled(desk).await;
    let pairs = after.pairs.iter().zip(&before.pairs).zip(reviews).map(|((pair, was), review)| {
        let here: Vec<&Step> = steps.iter().filter(|step| step.pair == pair.name).collect();
        let count = |op: &str, side: Side| number(here.iter().filter(|it| it.op == op && it.side == side).count());
        let sides = |op: &str| Sides { crm: count(op, Side::Crm), notion: count(op, Side::Notion) };
        let held = holds.iter().filter(|hold| hold.id.pair == pair.name);
        let touched: BTreeSet<&RecordId> = held
            .clone()
            .filter_map(|hold| hold.id.crm.as_ref())
            .chain(here.iter().filter(|step| step.op != "create").map(|step| &step.record))
            .collect();
        // It was approved on the copy alone; a guard that asks then is told, for it will ask.
        let told = if review.is_some() && pair.state == PairState::Running { &was.state } else { &pair.state };
        let (state, detail, _) = scripts::pair_state(told);
        // The counts of a first matching stand in columns of their own.
        let detail = if matches!(told, PairState::Review { marked: 0, .. }) { String::new() } else { detail };
        PairPlan {
            name: pair.name.clone(),
            state: state.to_owned(),
            detail: pair.paused.as_ref().map_or(detail, |paused| format!("paused {paused}")),
            sure: review.map_or(0, |review| review.sure),
            ambiguous: review.map_or(0, |review| review.ambiguous),
            create: sides("create"),
            update: sides("update"),
            trash: count("trash", Side::Crm) + count("trash", Side::Notion),
            hold: number(held.count()),
            skip: number(orphans.iter().filter(|orphan| orphan.record.pair == pair.name).count()),
            unchanged: pair.ties.saturating_sub(number(touched.len())),
            review,
        }
    });
    Ok(Preview { pairs: pairs.collect(), steps, holds, orphans })
}

/// A snapshot that knows of everything that was asked for until now.
async fn settled(desk: &dyn Desk) -> std::sync::Arc<Snapshot> {
    let mut snapshots = desk.snapshots();
    snapshots.mark_unchanged();
    // Two of them: one may have been under way.
    for _ in 0..2 {
        let _ = tokio::time::timeout(Duration::from_secs(5), snapshots.changed()).await;
        snapshots.mark_unchanged();
    }
    snapshots.borrow().clone()
}

/// Waits until every pair was looked at completely, or cannot be.
pub(super) async fn listed(desk: &dyn Desk) -> Result<std::sync::Arc<Snapshot>, Failure> {
    let mut snapshots = desk.snapshots();
    let done = |snapshot: &Snapshot| snapshot.pairs.iter().all(|pair| pair.state != PairState::Listing);
    let down = |snapshot: &Snapshot| {
        Side::BOTH.into_iter().find_map(|side| match &snapshot.sides.get(side).link {
            Link::Down { why } => Some(format!("{}: {why}", snapshot.sides.get(side).name)),
            _ => None,
        })
    };
    let looked = tokio::time::timeout(LOOKING, async {
        loop {
            let snapshot = snapshots.borrow_and_update().clone();
            if let Some(why) = down(&snapshot) {
                return Err(Failure::unreachable(why));
            }
            if done(&snapshot) {
                return unanswered(&snapshot).map_or(Ok(snapshot), |why| Err(Failure::unreachable(why)));
            }
            if snapshots.changed().await.is_err() {
                return Err(Failure::running("the engine has stopped".to_owned()));
            }
        }
    });
    looked.await.unwrap_or_else(|_| {
        Err(Failure::unreachable(
            "both sides could not be listed completely within 10 minutes; `crosstie status` tells how they are"
                .to_owned(),
        ))
    })
}

/// A pair that stands because a side does not answer: of such a one nobody can say what would be written.
fn unanswered(snapshot: &Snapshot) -> Option<String> {
    let silent = status::silent(snapshot);
    snapshot.pairs.iter().filter(|_| silent).find_map(|pair| match &pair.state {
        PairState::Stopped { why } => {
            Some(format!("pair {} is stopped: {why}. `crosstie check` tells how both sides are", pair.name))
        }
        _ => None,
    })
}

async fn all<T>(desk: &dyn Desk, list: List, pick: fn(Rows) -> Option<Vec<T>>) -> Result<Vec<T>, Failure> {
    Ok(Asked::rows_of(desk, Query::all(list), None, pick).await?.1)
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
