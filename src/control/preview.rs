//! What would become of a decision, before it is taken. All text is as the systems gave it, and whoever draws it sanitises it.

use serde::{Deserialize, Serialize};

use crate::model::{HoldId, Side};

/// One value that would be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foretold {
    /// Where.
    pub side: Side,
    /// The value as a person reads it; empty for an empty value.
    pub text: String,
}

/// What would become of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// It would be taken.
    Taken {
        /// What would be written: nothing where both are left as they are, or hold that value already.
        writes: Vec<Foretold>,
        /// Why that would have to wait; empty if nothing stands in its way.
        #[serde(default)]
        waits: String,
    },
    /// Something moved since the operator looked.
    Changed,
    /// It would not be taken, or nothing could be written by it.
    Refused {
        /// What, why, and what to do.
        why: String,
    },
}

/// One decision and its fate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreseen {
    /// The hold it is about.
    pub id: HoldId,
    /// What would become of it.
    #[serde(flatten)]
    pub fate: Fate,
}
