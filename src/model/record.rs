//! What a side was seen to hold.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FieldName, RecordId, Value};

/// One field of one reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldState {
    /// Read, in the side's native dialect.
    Known(Value),
    /// Not read: truncated, forbidden, failed, or a form we cannot hold. Unknown is never empty. The text says why.
    Unknown(String),
}

impl FieldState {
    /// The value, if it was read.
    pub fn known(&self) -> Option<&Value> {
        match self {
            FieldState::Known(value) => Some(value),
            FieldState::Unknown(_) => None,
        }
    }
}

/// Where a record stands. The kinds of absence are different answers and are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// There.
    Present,
    /// In the trash of its system, and readable.
    Trashed,
    /// A read by id said that there is no such record for us: deleted, or access lost.
    Missing,
    /// A page that was moved out of the pair's data source.
    Moved,
    /// There, and not within the pair's own filter: nothing of it is written, and nothing about it is an ending.
    Outside,
}

/// Who edited a record last, as its system says. It is the record's last editor, which need not be who changed a field. For
/// people to read: nothing is compared or decided by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Editor {
    /// The side's user id.
    pub id: Box<str>,
    /// The name, where the record itself told it; mostly the list of people does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
}

/// One record as its system just returned it, in native dialect.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: RecordId,
    /// The fields that were asked for, by native name. A field that is not here was not asked for.
    pub fields: BTreeMap<FieldName, FieldState>,
    /// [`Presence::Present`], [`Presence::Trashed`], [`Presence::Moved`] or [`Presence::Outside`].
    pub presence: Presence,
    /// When it was created, by its system.
    pub created_at: Option<Timestamp>,
    /// When it was last edited, by its system and in its precision (Notion: floored to the minute).
    pub edited_at: Option<Timestamp>,
    /// Our marker on it: on a page the CRM record's id, on a CRM record the page's id.
    pub marker: Option<String>,
    /// Whether a field that was asked for is not there or of another type than it was: the schema is to be read again.
    pub misfits: bool,
    /// Whether the last editor is the account that we write with: a hint and nothing more.
    pub edited_by_us: bool,
    /// Its last editor, if its system tells.
    pub edited_by: Option<Editor>,
    /// What the system's codec wants back to write this record without losing what it does not map (order of a
    /// list, ids of multi-field entries). Opaque to everybody else and never stored.
    pub baggage: serde_json::Value,
}

/// A field that is Unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unread {
    /// In how many cycles of its side it was; more than matter are not counted.
    pub cycles: u32,
    /// When the last of them was counted.
    pub counted: Timestamp,
    /// The last value that was read, native dialect, and when it was last seen: the same value read again is nobody's edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<(Value, Timestamp)>,
}

/// What we remember of a record: its last reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Fields by native name.
    pub fields: BTreeMap<FieldName, FieldState>,
    /// Where it stands.
    pub presence: Presence,
    /// When it was created, by its system.
    pub created_at: Option<Timestamp>,
    /// When it was last edited, by its system.
    pub edited_at: Option<Timestamp>,
    /// Its last editor, if its system told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_by: Option<Editor>,
    /// Our marker on it.
    pub marker: Option<String>,
    /// When this reading was made, by our clock.
    pub seen_at: Timestamp,
    /// When a reading first showed these fields, by our clock: what a quiet period is counted from.
    pub settled_since: Timestamp,
    /// When it was seen again after it had not been there, by our clock: what links it shows it again by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<Timestamp>,
    /// Of the fields that are Unknown: since when, and what was there before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unread: BTreeMap<FieldName, Unread>,
    /// Per field: the last reading that still showed the value before this one, and the first that showed this one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed_between: BTreeMap<FieldName, (Option<Timestamp>, Timestamp)>,
}

impl Observation {
    /// The value of a field, if it was read.
    pub fn known(&self, name: &FieldName) -> Option<&Value> {
        self.fields.get(name).and_then(FieldState::known)
    }

    /// The value of a field, or, while it is Unknown, the last one that was read.
    pub fn last_known(&self, name: &FieldName) -> Option<&Value> {
        self.known(name).or_else(|| self.unread.get(name)?.last.as_ref().map(|(value, _)| value))
    }

    /// Whether the record is there for us to see, be it out of the pair's filter.
    pub fn is_readable(&self) -> bool {
        matches!(self.presence, Presence::Present | Presence::Outside)
    }

    /// Whether the record is there to be read and written.
    pub fn is_present(&self) -> bool {
        self.presence == Presence::Present
    }
}
