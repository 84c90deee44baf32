//! What came of one seed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::audit::{Outcomes, TroubleKind};
use crate::control::Sides;

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failing {
    /// An edit is gone.
    Lost,
    /// An edit did not cross, and nobody says why.
    Unsettled,
    /// A second record for the same thing.
    Duplicate,
    /// A value went in circles.
    Loop,
    /// It deleted what nobody had deleted.
    Deletion,
    /// It made anew what a person had deleted.
    Resurrection,
    /// It took an element out of a set that nobody had taken out.
    Element,
    /// It wrote a held field.
    HeldWritten,
    /// It changed many things at once, and asked nobody.
    Mass,
    /// It ended a tie though both of its records were there.
    Parted,
    /// It did not come to rest.
    Wedge,
    /// When nothing was left to do, a process started anew wrote something, or held other fields than the one before.
    Restless,
    /// It was refused for its pace by its own fault.
    Throttled,
    /// An edit was exposed, though word of every edit was brought.
    Exposed,
    /// Sweeps found what increments should have found.
    Drift,
    /// It sent a request while it had been told to wait.
    Impatient,
    /// A write left without a durable intent.
    Unintended,
    /// A record was written while another write of it could still arrive.
    TwoWrites,
}

impl Failing {
    pub(super) fn of(kind: TroubleKind) -> Self {
        match kind {
            TroubleKind::Lost => Failing::Lost,
            TroubleKind::Unsettled => Failing::Unsettled,
            TroubleKind::Duplicate => Failing::Duplicate,
            TroubleKind::Loop => Failing::Loop,
            TroubleKind::Deletion => Failing::Deletion,
            TroubleKind::Resurrection => Failing::Resurrection,
            TroubleKind::Element => Failing::Element,
            TroubleKind::HeldWritten => Failing::HeldWritten,
            TroubleKind::Mass => Failing::Mass,
            TroubleKind::Parted => Failing::Parted,
        }
    }
}

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which.
    pub kind: Failing,
    /// One sentence.
    pub text: String,
}

/// Counts of one run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// How edits ended, by the side on which they were made.
    pub edits: Sides<Outcomes>,
    /// Records made twice.
    pub duplicates: u64,
    /// Values that went in circles.
    pub loops: u64,
    /// Requests that reached a world.
    pub requests: u64,
    /// How often the process died.
    pub deaths: u64,
    /// Of those, the ones with a write out.
    pub deaths_amid_writes: u64,
    /// Decisions of the operator that were carried out.
    pub decisions: u64,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What happened in the worlds, by kind.
    pub mischief: BTreeMap<&'static str, u64>,
    /// The longest window in which an edit was exposed, in milliseconds.
    pub exposed_longest_ms: u64,
    /// A sentence for each edit that was exposed.
    pub exposed: Vec<String>,
    /// Whether every edit was told by a webhook.
    pub reliable_webhooks: bool,
    /// Changes that sweeps found and increments had missed.
    pub drift: u64,
    /// How long the chaos lasted, in the world's seconds.
    pub chaos_s: u64,
    /// How long it took to come to rest, in the world's seconds.
    pub healing_s: u64,
}

/// What came of one seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The seed.
    pub seed: u64,
    /// Counts.
    #[serde(flatten)]
    pub figures: Figures,
    /// Broken promises; empty for a good run.
    pub violations: Vec<Violation>,
    /// A digest of both worlds, the journal and everything remembered: the same for every run of the same seed.
    pub hash: String,
    /// Everything that happened, if that was asked for.
    #[serde(skip)]
    pub trace: Option<Vec<String>>,
}

impl Verdict {
    /// Whether every promise was kept.
    pub fn is_good(&self) -> bool {
        self.violations.is_empty()
    }
}
