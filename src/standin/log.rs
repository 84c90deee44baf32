//! What a world remembers of its own changes; an auditor trusts this and nothing that the engine says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A pretend person, by name.
    Person(String),
    /// A caller of the API.
    Api,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It came into being; one entry for the object (with an empty field), then one `Edited` for each field with a value.
    Created,
    /// One field got another value. Writing an equal value is logged as nothing.
    Edited,
    /// Deleted, or put into the trash.
    Deleted,
    /// Taken out of the trash.
    Restored,
}

/// One change of one field of one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Position in the log, from 0.
    pub seq: u64,
    /// When, by the clock the world was called with, not rounded.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub kind: Kind,
    /// The kind of object: a data source id in Notion; `deal`, `contact`, `company` in the CRM.
    pub entity: String,
    /// The object's id in its system.
    pub object: String,
    /// The field: a property's *name* in Notion, the upper-case name (`OPPORTUNITY`) in the CRM; empty unless `Edited`.
    pub field: String,
    /// The plain value before: what a person would see. Text as a string, numbers as decimal strings, options by name
    /// (Notion) or code (CRM), links and people as sorted lists of ids, dates as the system shows them; null for empty.
    pub before: serde_json::Value,
    /// The plain value after.
    pub after: serde_json::Value,
}
