//! How the connections do: told once in the journal when it changes, and a pause for writes when it is bad.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Event, Happening, PairName, Side};
use crate::remote::RemoteError;

use super::core::{Core, after};
use super::memory::Txn;

/// The shortest and longest pause after a failure that was not a record's.
const PAUSES: (i64, i64) = (1, 60);

/// Writes in a row whose outcome nobody knows, before writing itself is doubted.
const UNANSWERED: u32 = 3;

impl Core {
    /// A request failed for a reason that lies in the connection or the system.
    pub(super) fn note_trouble(&mut self, txn: &mut Txn, side: Side, error: &RemoteError) {
        // What does not leave because the program ends says nothing of the connection.
        if self.draining {
            return;
        }
        if self.trouble.get(side).as_ref().map(|known| known.kind) != Some(error.kind) {
            let mut event = self.system_event(Happening::Connection, error.message.clone());
            event.side = Some(side);
            txn.events.push(event);
            if super::snapshot::needs_a_person(error.kind) {
                // A refused token or lost access: schemas are read again before anything else is believed.
                let soon = after(self.clock.now(), SignedDuration::from_secs(PAUSES.0));
                for due in self.schema_due.values_mut().flatten() {
                    *due = (*due).min(soon);
                }
            }
        }
        *self.trouble.get_mut(side) = Some(error.clone());
    }

    /// A request was answered well. A read says nothing of whether writes are answered: their pause stays.
    pub(super) fn note_answer(&mut self, txn: &mut Txn, side: Side) {
        if self.trouble.get_mut(side).take().is_some() {
            let mut event = self.system_event(Happening::Connection, "answers again");
            event.side = Some(side);
            txn.events.push(event);
        }
    }

    /// A write was answered, with whatever definite answer: writes need no pause any more.
    pub(super) fn note_written(&mut self, txn: &mut Txn, side: Side) {
        if self.only_tries(side) {
            let mut event = self.system_event(Happening::Connection, "writes are answered again");
            event.side = Some(side);
            txn.events.push(event);
        }
        *self.unanswered.get_mut(side) = 0;
        *self.failures.get_mut(side) = 0;
        *self.paused_until.get_mut(side) = None;
    }

    /// Nobody knows what became of a write. One lost answer is an accident; several in a row are an outage of the writes,
    /// whatever the reads do, and every further write would be one more to be looked for.
    pub(super) fn note_unanswered(&mut self, txn: &mut Txn, side: Side) {
        let tried = self.only_tries(side);
        let unanswered = self.unanswered.get_mut(side);
        *unanswered = unanswered.saturating_add(1);
        if !self.only_tries(side) {
            return;
        }
        self.pause(side);
        if !tried {
            let note = format!("{UNANSWERED} writes in a row were not answered; until one is, they go one by one");
            let mut event = self.system_event(Happening::Connection, note);
            event.side = Some(side);
            txn.events.push(event);
        }
    }

    /// Whether writes of this side go one by one, each to see whether writes are answered.
    pub(super) fn only_tries(&self, side: Side) -> bool {
        *self.unanswered.get(side) >= UNANSWERED
    }

    /// Nothing is written on this side for a while, longer with every failure in a row.
    pub(super) fn pause(&mut self, side: Side) {
        let failures = self.failures.get_mut(side);
        *failures = (*failures + 1).min(16);
        let seconds = (PAUSES.0 << (*failures - 1).min(10)).min(PAUSES.1);
        *self.paused_until.get_mut(side) = Some(after(self.clock.now(), SignedDuration::from_secs(seconds)));
    }

    /// An event about no record.
    pub(super) fn system_event(&self, what: Happening, note: impl Into<String>) -> Event {
        Event {
            seq: 0,
            at: Timestamp::UNIX_EPOCH,
            what,
            pair: None::<PairName>,
            side: None,
            crm: None,
            notion: None,
            field: None,
            before: None,
            after: None,
            window: None,
            who: String::new(),
            note: note.into(),
            edit: None,
        }
    }
}
