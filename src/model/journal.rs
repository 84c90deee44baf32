//! The append-only history: everything seen, decided and written, with before, after, cause and who.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FieldKey, PairName, RecordId, Side, Value};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// A side was seen with another value than before (`before`, `after` in common dialect).
    Seen,
    /// Both sides hold the same; the base moved without a write.
    Agreed,
    /// We wrote a field; `after` is what the side returned.
    Wrote,
    /// We created a record.
    Created,
    /// Two records were tied.
    Tied,
    /// A tie ended.
    Untied,
    /// A field, tie or pair is held.
    Held,
    /// A hold ended.
    Released,
    /// An operator decided.
    Decided,
    /// An operator took a write back: `before` is what was there, `after` what is to be there again.
    Undone,
    /// A decision no longer fits what is there; it is shown again.
    Lapsed,
    /// A human value lost by policy, direction, merge or operator; `before` is the value that lost, on `side`.
    Settled,
    /// A side kept its old value or refused ours.
    Refused,
    /// Between our pre-read and our write another value may have been overwritten; `before` is that value.
    PossiblyOverwritten,
    /// A record went away.
    Gone,
    /// A record came back.
    Returned,
    /// The outcome of a write is unknown.
    Unknown,
    /// An unknown write was found to have happened, and was adopted.
    Adopted,
    /// An unknown write was found not to have happened, and is planned anew.
    NotApplied,
    /// A record failed too often and is set aside.
    Quarantined,
    /// An untied record waits for a person.
    Orphaned,
    /// A system told of a change by itself, or somebody claimed to be it.
    Heard,
    /// A connection went down, came back, or was throttled.
    Connection,
    /// The program started, stopped or repaired itself.
    System,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Position, from 1, without gaps.
    pub seq: u64,
    /// When it was journalled, by our clock.
    pub at: Timestamp,
    /// What happened.
    pub what: Happening,
    /// The pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<PairName>,
    /// The side it happened on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The CRM record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm: Option<RecordId>,
    /// The page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notion: Option<RecordId>,
    /// The field mapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<FieldKey>,
    /// The value before, common dialect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value after, common dialect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The window of a write: pre-read and acknowledgement, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<(Timestamp, Timestamp)>,
    /// Who: an operator, or empty for the engine. Of what was seen on a side: the record's last editor there, who need not have
    /// changed the field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// One sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The edit that this line is about, if it is about one: the number of the line that saw it. Lines of earlier versions
    /// name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<u64>,
}
