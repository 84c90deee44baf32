//! The durable record of one write about to be sent.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FieldKey, FieldName, PairName, RecordId, Side, Value};

/// What the write is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// A new record on `side`, the counterpart of `source` on the other side, which is also its marker.
    Create {
        /// The record it is made for.
        source: RecordId,
    },
    /// An existing record on `side` goes into the trash, because its counterpart was deleted.
    Trash {
        /// That record.
        record: RecordId,
    },
    /// A change of fields of an existing record on `side`.
    Update {
        /// That record.
        record: RecordId,
    },
    /// More of the body of an existing record on `side`.
    Body {
        /// That record.
        record: RecordId,
        /// How many blocks of its template were there before.
        done: usize,
        /// How many this write adds.
        blocks: usize,
    },
}

/// How far the write is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum IntentState {
    /// About to be sent, or sent with the answer still out. After a restart this is *unknown*.
    Sent {
        /// When, by our clock.
        at: Timestamp,
    },
    /// Nobody knows whether it was executed; it is probed, never blindly repeated.
    Unknown {
        /// When it was sent.
        sent_at: Timestamp,
        /// How many probes were made.
        probes: u32,
        /// When the next probe is due.
        next_probe: Timestamp,
    },
}

/// One write and what is known of it. The row is removed in the transaction that records its outcome; the journal keeps
/// its story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its number.
    pub seq: u64,
    /// The pair.
    pub pair: PairName,
    /// The side written to.
    pub side: Side,
    /// What for.
    #[serde(flatten)]
    pub purpose: Purpose,
    /// What is sent, native dialect of `side`.
    pub fields: BTreeMap<FieldName, Value>,
    /// What is sent, common dialect, by field mapping.
    pub common: BTreeMap<FieldKey, Value>,
    /// The before-image: what the side held at the pre-read, common dialect. Empty for a create.
    pub before: BTreeMap<FieldKey, Value>,
    /// What the other side held when this was planned, common dialect: with the answer it becomes the base.
    pub agreed: BTreeMap<FieldKey, Value>,
    /// Why, for the journal: `CRM changed`, `forced by anna`.
    pub cause: BTreeMap<FieldKey, String>,
    /// Fields whose value on `side` loses: somebody's value that policy, direction or an operator settled against.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub settles: BTreeSet<FieldKey>,
    /// When the pre-read began: where the window opens.
    pub read_at: Timestamp,
    /// The record's edit time as the pre-read showed it, by its system's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// The record that a create is known to have made, where the answer named it and showed nothing else of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<RecordId>,
    /// How often this create was sent, this time included.
    pub attempt: u32,
    /// How far it is.
    #[serde(flatten)]
    pub state: IntentState,
}
