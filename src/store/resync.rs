//! The mark that the store may have forgotten something, until both sides were compared in full.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::seam::{Batch, Kv, KvError};

use super::{BrokenRow, record, trees};

const KEY: &[u8] = b"resync";

/// The store may be older than the world remembers: after a restore, a shortened file, or records set aside. Until a
/// full comparison of both sides ended, nothing may be deleted anywhere because it is missing here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resync {
    /// Since when.
    pub since: Timestamp,
    /// What happened.
    pub why: String,
}

impl Resync {
    /// How an operator is told of it; the time and the cause follow.
    pub const OWED: &str = "a full comparison of both sides is owed since";

    /// Sets the mark, with a batch.
    ///
    /// # Errors
    /// [`KvError`] when it cannot be written as a record.
    pub fn mark(&self, batch: &mut Batch) -> Result<(), KvError> {
        Ok(record::put(batch, trees::META, KEY, self)?)
    }

    /// Takes the mark away, with the batch that stores the end of the comparison.
    pub fn done(batch: &mut Batch) {
        batch.remove(trees::META, KEY);
    }

    /// Whether this row is the mark.
    pub(super) fn is(row: &BrokenRow) -> bool {
        row.tree == trees::META && row.key == KEY
    }

    /// The mark, if it is set. A mark that cannot be read is a mark.
    ///
    /// # Errors
    /// [`KvError`] when the engine fails.
    pub fn read(kv: &dyn Kv) -> Result<Option<Self>, KvError> {
        let Some(bytes) = kv.get(trees::META, KEY)? else { return Ok(None) };
        Ok(Some(record::open(&bytes).unwrap_or_else(|broken| Self {
            since: Timestamp::UNIX_EPOCH,
            why: format!("the note that tells why is {broken}"),
        })))
    }
}
