//! What the auditor found.

use serde::Serialize;

use crate::control::Sides;
use crate::model::Side;

/// What became of one edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Both sides hold it.
    Present,
    /// A later human edit or deletion took its place, made by somebody who could see it; or it took back what people had
    /// changed on its own side before anybody looked, so that together they changed nothing.
    Superseded,
    /// It lost by policy, direction or operator, and the journal has its value.
    Settled,
    /// It waits for a person.
    Held,
    /// Its record was set aside after errors.
    Quarantined,
    /// The journal lists its value as possibly overwritten.
    PossiblyOverwritten,
    /// It was overwritten by a write in whose journalled window it was made.
    Exposed,
    /// Its own side still holds it, the other does not, and nobody says why.
    Unsettled,
    /// It is gone.
    Lost,
}

/// How many edits ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Outcomes {
    /// See [`Outcome::Present`].
    pub present: u64,
    /// See [`Outcome::Superseded`].
    pub superseded: u64,
    /// See [`Outcome::Settled`].
    pub settled: u64,
    /// See [`Outcome::Held`].
    pub held: u64,
    /// See [`Outcome::Quarantined`].
    pub quarantined: u64,
    /// See [`Outcome::PossiblyOverwritten`].
    pub possibly_overwritten: u64,
    /// See [`Outcome::Exposed`].
    pub exposed: u64,
    /// See [`Outcome::Unsettled`].
    pub unsettled: u64,
    /// See [`Outcome::Lost`].
    pub lost: u64,
}

impl Outcomes {
    pub(super) fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Present => &mut self.present,
            Outcome::Superseded => &mut self.superseded,
            Outcome::Settled => &mut self.settled,
            Outcome::Held => &mut self.held,
            Outcome::Quarantined => &mut self.quarantined,
            Outcome::PossiblyOverwritten => &mut self.possibly_overwritten,
            Outcome::Exposed => &mut self.exposed,
            Outcome::Unsettled => &mut self.unsettled,
            Outcome::Lost => &mut self.lost,
        } += 1;
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Outcomes) {
        self.present += other.present;
        self.superseded += other.superseded;
        self.settled += other.settled;
        self.held += other.held;
        self.quarantined += other.quarantined;
        self.possibly_overwritten += other.possibly_overwritten;
        self.exposed += other.exposed;
        self.unsettled += other.unsettled;
        self.lost += other.lost;
    }

    /// All edits.
    pub fn total(&self) -> u64 {
        self.present
            + self.superseded
            + self.settled
            + self.held
            + self.quarantined
            + self.possibly_overwritten
            + self.exposed
            + self.unsettled
            + self.lost
    }
}

/// How long edits took that crossed without a hold, in milliseconds from the edit to the API's entry in the other log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latency {
    /// How many edits crossed so.
    pub crossed: u64,
    /// Half of them were at most so slow.
    pub p50: u64,
    /// Nineteen of twenty were at most so slow.
    pub p95: u64,
}

impl Latency {
    pub(super) fn of(mut all: Vec<u64>) -> Self {
        all.sort_unstable();
        // The nearest rank: the smallest value that so many per cent do not exceed.
        let rank = |percent: usize| all.get((all.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Self { crossed: all.len() as u64, p50: rank(50).unwrap_or(0), p95: rank(95).unwrap_or(0) }
    }
}

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// An edit is gone.
    Lost,
    /// An edit did not cross.
    Unsettled,
    /// A second record for the same thing.
    Duplicate,
    /// A value went back and forth.
    Loop,
    /// The API deleted what nobody had deleted.
    Deletion,
    /// The API made anew what a person had deleted.
    Resurrection,
    /// The API took an element out of a set that nobody had taken out.
    Element,
    /// A held field was written.
    HeldWritten,
    /// Many things changed at once, and nobody was asked.
    Mass,
    /// A tie ended though both of its records were there.
    Parted,
}

/// One thing that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What.
    pub kind: TroubleKind,
    /// In which world's log `seqs` are.
    pub side: Side,
    /// The entries it is about.
    pub seqs: Vec<u64>,
    /// One sentence with the values.
    pub text: String,
}

/// What the auditor found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Edits by the side on which they were made.
    pub edits: Sides<Outcomes>,
    /// Records created through the API for things that had one already.
    pub duplicates: u64,
    /// API writes by which a value came back for the third time while nobody edited.
    pub loops: u64,
    /// The longest window in which an edit was exposed, in milliseconds.
    pub exposed_longest_ms: u64,
    /// A sentence for each edit that was exposed.
    pub exposed: Vec<String>,
    /// How fast edits crossed.
    pub latency_ms: Latency,
    /// Everything that must not be, in the order of the worlds' logs, the CRM's first.
    pub troubles: Vec<Trouble>,
}

impl Report {
    pub(super) fn tell(&mut self, kind: TroubleKind, side: Side, seqs: Vec<u64>, text: String) {
        self.troubles.push(Trouble { kind, side, seqs, text });
    }

    /// All edits of both sides.
    pub fn total(&self) -> u64 {
        self.edits.crm.total() + self.edits.notion.total()
    }

    /// Whether no edit was lost or left, nothing was made twice and nothing went in circles.
    pub fn is_clean(&self) -> bool {
        self.troubles.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        assert_eq!(Latency::of((1..=100).rev().collect()), Latency { crossed: 100, p50: 50, p95: 95 });
        assert_eq!(Latency::of(vec![7]), Latency { crossed: 1, p50: 7, p95: 7 });
        assert_eq!(Latency::of(vec![]), Latency::default());
    }
}
