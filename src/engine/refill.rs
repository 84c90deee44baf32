//! The graphs of the last day, which are in memory alone, are filled from the journal after a start: later than the first
//! look, in steps, and never from more lines than a day is likely to have. How deep the queues were is in no journal.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Happening, Side};
use crate::seam::KvError;
use crate::store::Store;

use super::core::{Core, after};

/// Lines read in one step, and the pause between two.
const STEP: u64 = 500;
const PAUSE: SignedDuration = SignedDuration::from_millis(50);
/// Lines that are read at most.
const MOST: u64 = 100_000;
/// How far back the graphs go.
const BACK: SignedDuration = SignedDuration::from_hours(24);

/// How far the graphs are filled.
#[derive(Debug, Clone, Copy)]
pub struct Refill {
    /// The next line to read, going back; nothing is left before the first.
    next: u64,
    /// Lines read so far.
    read: u64,
    /// When the next step is due.
    due: Timestamp,
}

impl Refill {
    /// From this line on, going back.
    pub fn from(line: u64, now: Timestamp) -> Self {
        Self { next: line, read: 0, due: now }
    }
}

impl Core {
    /// Whether every pair that can be looked at was, since the start.
    fn has_looked_around(&self) -> bool {
        let looked = |place| self.listings.get(&place).is_some_and(|listing| listing.looked);
        self.memory.order.iter().all(|name| {
            self.stopped.contains_key(name) || Side::BOTH.into_iter().all(|side| looked((name.clone(), side)))
        })
    }

    /// When more is to be filled in, if anything is and everything was looked at.
    pub(super) fn refill_due(&self) -> Option<Timestamp> {
        self.refill.filter(|_| self.has_looked_around()).map(|refill| refill.due)
    }

    /// Fills in a little more of the last day.
    pub(super) async fn refill(&mut self, store: &Store, now: Timestamp) -> Result<(), KvError> {
        let Some(refill) = self.refill.filter(|refill| refill.due <= now && self.has_looked_around()) else {
            return Ok(());
        };
        let first = self.memory.oldest_event();
        if refill.next < first || refill.read >= MOST {
            self.refill = None;
            return Ok(());
        }
        let from = (refill.next + 1).saturating_sub(STEP).max(first);
        let lines = store.journal(from, refill.next).await?;
        let since = self.started.checked_sub(BACK).unwrap_or(Timestamp::MIN);
        let old = lines.first().is_some_and(|event| event.at < since);
        for event in lines.into_iter().filter(|event| event.at >= since && event.at < self.started) {
            match (event.what, event.side) {
                (Happening::Seen, Some(side)) => self.figures.recall(event.at, |it| *it.seen.get_mut(side) += 1),
                (Happening::Wrote | Happening::Created, Some(side)) => {
                    self.figures.recall(event.at, |it| *it.written.get_mut(side) += 1);
                }
                _ => {}
            }
        }
        let (next, read) = (from.saturating_sub(1), refill.read + STEP);
        self.refill = (!old && next >= first).then(|| Refill { next, read, due: after(now, PAUSE) });
        Ok(())
    }
}
