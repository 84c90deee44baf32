//! Untied records that policy will not create a counterpart for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RecordId, RecordRef};

/// Why a record stays alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum OrphanWhy {
    /// Its counterpart was deleted.
    Survivor {
        /// The counterpart that went away.
        gone: RecordId,
    },
    /// Several records of the other side match it, or it shares its match with others.
    Ambiguous {
        /// The candidates.
        candidates: Vec<RecordId>,
    },
    /// It carries the marker of a record that is tied to another page.
    Copy {
        /// The page that is tied.
        of: RecordId,
    },
    /// It has no title or no match key, and nobody has gone on typing: nothing is created for it before it has.
    Incomplete,
    /// The pair does not create in this direction.
    CreationOff,
    /// An operator took back that it is the same thing as that one.
    Parted {
        /// What it was tied to.
        from: RecordId,
    },
}

/// An untied record that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphan {
    /// The record.
    pub record: RecordRef,
    /// Why it stays alone.
    #[serde(flatten)]
    pub why: OrphanWhy,
    /// Since when, by our clock.
    pub since: Timestamp,
}
