//! The old end of the journal.

use crate::store::trees;

use super::{Memory, Txn};

impl Memory {
    /// The seq of the oldest event that is kept anywhere.
    pub fn oldest_event(&self) -> u64 {
        if self.filed.first == 0 { self.first_event } else { self.first_event.min(self.filed.first) }
    }

    /// Removes the store's oldest line of the journal, which takes so many bytes.
    pub fn drop_event(&mut self, txn: &mut Txn, seq: u64, bytes: usize) {
        txn.remove(trees::JOURNAL, seq.to_be_bytes().to_vec());
        self.first_event = seq + 1;
        self.journal_bytes = self.journal_bytes.saturating_sub(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}
