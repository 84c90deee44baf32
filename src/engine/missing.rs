//! Reads by id that find nothing.

use jiff::Timestamp;

use super::core::{Core, after};
use super::flaw::Flaw;
use super::memory::Txn;
use crate::model::{Happening, Presence, RecordRef};

impl Core {
    /// A read by id said that there is no such record for us. One such answer is not enough: the record may be missing
    /// for now. Two, a cycle apart, are.
    pub(super) fn take_absence(&mut self, txn: &mut Txn, at: &RecordRef, began: Timestamp) {
        let Some(before) = self.memory.pair(&at.pair).and_then(|pair| pair.observation(at.side, &at.id)) else {
            return;
        };
        if before.presence == Presence::Missing {
            self.suspects.remove(at);
            self.doubted.remove(at);
            return;
        }
        if began < before.seen_at {
            return;
        }
        let first = *self.absent_since.entry(at.clone()).or_insert(began);
        let sure = self.errs(Flaw::MissingAsGone);
        if !sure && began < first + self.confirm_after(at.side) {
            self.hot.insert(at.clone(), first + self.confirm_after(at.side));
            return;
        }
        let mut observation = before.clone();
        if !sure && !self.answered_since(at, first) {
            self.hot.insert(at.clone(), after(began, self.confirm_after(at.side)));
            return;
        }
        if !sure && self.doubts_absence(at, began) {
            return;
        }
        observation.presence = Presence::Missing;
        observation.seen_at = began;
        txn.events.push(self.event(Happening::Gone, at, "two reads by id, a cycle apart, found no such record"));
        self.absent_since.remove(at);
        self.suspects.remove(at);
        self.doubted.remove(at);
        self.hot.remove(at);
        self.heard_of(at);
        self.memory.put_observation(txn, at, observation);
    }

    /// Whether the place where a record should be has been listed since: while it does not answer at all, nothing in it is
    /// believed to be gone.
    fn answered_since(&self, at: &RecordRef, first: Timestamp) -> bool {
        self.answers(&at.pair, at.side)
            && self
                .listings
                .get(&(at.pair.clone(), at.side))
                .is_some_and(|listing| listing.last_end.is_some_and(|end| end > first))
    }
}
