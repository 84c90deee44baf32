//! The auditor: every human edit ends as exactly one of the outcomes of the first rule, or it is told here that it did
//! not.
//!
//! `past` replays the worlds' logs; `terms` makes values of both sides comparable, with equivalences of its own and never
//! those of `mapping`, for one misreading would hide on both ends; `bonds` knows which records belong together; `witness`
//! reads the engine's claims, the journal from its `shelf`; `verdict` judges one edit; `twice` looks for duplicates and
//! loops, `acts` for what the API did that nobody wanted, `masses` for what it
//! did to many at once unasked. Pure: the same case gives the same report.

mod acts;
mod bonds;
mod masses;
mod past;
mod plain;
mod report;
mod shelf;
mod terms;
mod twice;
mod unseen;
mod verdict;
mod wish;
mod witness;

use jiff::{SignedDuration, Timestamp};

use crate::mapping::PairSpec;
use crate::standin::bitrix24::BitrixStandIn;
use crate::standin::notion::NotionStandIn;

pub use crate::engine::Claims;
pub use report::{Latency, Outcome, Outcomes, Report, Trouble, TroubleKind};

/// What is to be audited.
#[derive(Debug)]
pub struct Case<'a> {
    /// The pairs as the operator wrote them.
    pub pairs: &'a [PairSpec],
    /// The CRM's world.
    pub crm: &'a BitrixStandIn,
    /// Notion's world.
    pub notion: &'a NotionStandIn,
    /// What the engine says.
    pub claims: &'a Claims,
    /// When the work began; edits before are set-up.
    pub began: Timestamp,
    /// How far the worlds' indexes may have lagged behind: what was younger than that, no search could find.
    pub index_lag: SignedDuration,
    /// For how long the engine remembers a tie of which nothing is left.
    pub remember_gone: SignedDuration,
    /// When the engine's clock was set forward, and by how much: to the engine so much more time has passed.
    pub leaps: &'a [(Timestamp, SignedDuration)],
    /// From when until when no process ran.
    pub downs: &'a [(Timestamp, Timestamp)],
}

/// Judges every edit of a person to a mapped field since the work began.
pub fn audit(case: &Case<'_>) -> Report {
    let past = past::Past::replay(case);
    let bonds = bonds::Bonds::of(case.claims);
    let terms = terms::Terms::of(case, &bonds);
    let shelf = shelf::Shelf::of(case.claims);
    let court = verdict::Court { case, past: &past, bonds: &bonds, terms: &terms, shelf: &shelf };
    let mut report = Report::default();
    court.judge_all(&mut report);
    twice::duplicates(&court, &mut report);
    twice::loops(&court, &mut report);
    acts::deletions(&court, &mut report);
    acts::resurrections(&court, &mut report);
    acts::elements(&court, &mut report);
    acts::partings(&court, &mut report);
    acts::held_fields(&court, &mut report);
    masses::departures(&court, &mut report);
    report
}
