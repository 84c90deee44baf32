//! What an operator said, durably, and what they were looking at when they said it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HoldId, PairName, RecordId, RecordRef, Side, Value};

/// The digests of the two values an operator was shown, common dialect; see [`Value::digest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Of the CRM's value.
    pub crm: String,
    /// Of Notion's value.
    pub notion: String,
}

impl Shown {
    /// What somebody sees who looks at these two values.
    pub fn of(crm: &Value, notion: &Value) -> Self {
        Self { crm: crm.digest(), notion: notion.digest() }
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// This side's value wins.
    Force {
        /// The winner.
        side: Side,
    },
    /// Both sides get this value (common dialect): an edited merge, or a changed relation.
    Set {
        /// The value.
        value: Value,
    },
    /// Leave both as they are; shown again only if a value moves.
    Keep,
    /// An orphan that is nobody's business: not shown, not created, not matched.
    Ignore {
        /// The orphan.
        record: RecordRef,
    },
    /// Create a counterpart for this orphan, whatever the policy.
    Create {
        /// The orphan.
        record: RecordRef,
    },
    /// These two are not the same thing: each is an orphan until somebody links or creates.
    Apart {
        /// The pair.
        pair: PairName,
        /// The CRM record.
        crm: RecordId,
        /// The page.
        notion: RecordId,
    },
    /// The counts of the first matching were seen; go on.
    Approve {
        /// The pair.
        pair: PairName,
    },
    /// Nothing of this pair is written until somebody resumes it.
    Pause {
        /// The pair.
        pair: PairName,
    },
    /// One plan beyond a guard may be carried out once.
    Override {
        /// The pair.
        pair: PairName,
        /// The plan's hash.
        plan: String,
    },
}

/// A standing decision. It is spent when the base advances or the values move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Its number, in order of making.
    pub seq: u64,
    /// The field it is about, for the verdicts about a field.
    pub hold: Option<HoldId>,
    /// What the operator saw, for the verdicts about a field.
    pub shown: Option<Shown>,
    /// What they decided.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Who: login or uid, as the Desk knew it.
    pub who: String,
    /// When, by our clock.
    pub at: Timestamp,
}
