//! One thing to tell.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A pair waits for a person or stands still.
    Stopped,
    /// A system does not answer, or refuses us.
    Connection,
    /// Both sides changed a field of a record.
    Conflict,
    /// Anything else is held: a value that was refused or has no form on the other side, one that cannot be read, a record
    /// that was deleted here and edited there, a field that no longer fits.
    Hold,
    /// A record failed too often and is set aside.
    Quarantine,
    /// A complete comparison found what the increments had missed.
    Drift,
    /// Once a day: everything that waits.
    Daily,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Topic; 7] = [
        Topic::Stopped,
        Topic::Connection,
        Topic::Conflict,
        Topic::Hold,
        Topic::Quarantine,
        Topic::Drift,
        Topic::Daily,
    ];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Stopped => "stopped",
            Topic::Connection => "connection",
            Topic::Conflict => "conflict",
            Topic::Hold => "hold",
            Topic::Quarantine => "quarantine",
            Topic::Drift => "drift",
            Topic::Daily => "daily",
        }
    }
}

/// A notice. It names records by title and id, and never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub topic: Topic,
    /// What makes it the same notice when it is seen again.
    pub key: String,
    /// When it was seen, by the engine's clock.
    pub at: Timestamp,
    /// The pair, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<String>,
    /// The CRM id of the record, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// One sentence for people. Parts of it may come from the systems and their records.
    pub text: String,
    /// What to do about it.
    pub next: String,
}
