//! Forgetting: old lines of the journal, and decisions that nothing came of.
//!
//! Undo reaches as far as the journal does. Lines are dropped from the old end in bounded steps, so that nothing waits
//! for it, and a start reads none of them: the oldest line's number is kept.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Event, Happening, HoldId, Side, Verdict};
use crate::seam::KvError;
use crate::store::{Store, record, trees};

use super::core::{Core, after, signed};
use super::flaw::Flaw;
use super::memory::Txn;

/// Lines that one step looks at.
const STEP: usize = 256;
/// Between two steps while there is more to drop.
const BREATH: SignedDuration = SignedDuration::from_secs(1);
/// How often unused decisions are looked for.
const OFTEN: SignedDuration = SignedDuration::from_mins(1);
/// How long leave to carry out a guarded plan lasts at most.
const LEAVE: SignedDuration = SignedDuration::from_hours(1);

/// When old things are next looked for.
#[derive(Debug)]
pub struct Tidy {
    journal: Timestamp,
    overrides: Timestamp,
}

impl Tidy {
    /// Soon after a start.
    pub fn from(now: Timestamp) -> Self {
        Self { journal: after(now, OFTEN), overrides: after(now, OFTEN) }
    }

    /// The next moments.
    pub fn due(&self) -> [Timestamp; 2] {
        [self.journal, self.overrides]
    }
}

impl Core {
    /// Drops lines of the journal that are too old, or too many, as often as there are sweeps.
    pub(super) async fn trim_journal(&mut self, txn: &mut Txn, store: &Store, now: Timestamp) -> Result<(), KvError> {
        if now < self.tidy.journal {
            return Ok(());
        }
        let (keep, most) = (signed(self.timing.journal_keep), self.timing.journal_bytes);
        let from = self.memory.first_event.to_be_bytes();
        let rows = store.scan(trees::JOURNAL, &[], Some(&from), STEP).await?;
        let mut dropped = 0;
        for (key, bytes) in &rows {
            let Some(seq) = key.as_slice().try_into().ok().map(u64::from_be_bytes) else { break };
            // A line that cannot be read any more is of no use to anybody.
            let old = record::open::<Event>(bytes).map_or(true, |event| now.duration_since(event.at) > keep);
            if !old && self.memory.journal_bytes <= most {
                break;
            }
            self.memory.drop_event(txn, seq, bytes.len());
            dropped += 1;
        }
        self.tidy.journal = after(now, if dropped == STEP { BREATH } else { signed(self.timing.sweep_every) });
        Ok(())
    }

    /// Leave to carry out a guarded plan ends with the cycle it was given for, used or not, and after an hour at most.
    pub(super) fn lapse_overrides(&mut self, txn: &mut Txn, now: Timestamp) {
        if now < self.tidy.overrides {
            return;
        }
        self.tidy.overrides = after(now, OFTEN);
        let unused = self.memory.decisions.values().filter(|decision| {
            let Verdict::Override { pair, .. } = &decision.verdict else { return false };
            if self.errs(Flaw::OverrideReused) {
                return false;
            }
            let guard = HoldId { pair: pair.clone(), crm: None, field: None };
            let looked = |side: Side| {
                let end = self.listings.get(&(pair.clone(), side)).and_then(|listing| listing.last_end);
                end.is_some_and(|end| end > decision.at)
            };
            let cycle = looked(Side::Crm) && looked(Side::Notion) && now.duration_since(decision.at) >= OFTEN;
            now.duration_since(decision.at) >= LEAVE || (cycle && !self.memory.holds.contains_key(&guard))
        });
        let unused: Vec<u64> = unused.map(|decision| decision.seq).collect();
        for seq in unused {
            let Some(decision) = self.memory.remove_decision(txn, seq) else { continue };
            let note =
                "the leave to carry out a guarded plan was not used and has ended; it is asked for again if need be";
            let mut event = self.system_event(Happening::Lapsed, note);
            if let Verdict::Override { pair, .. } = decision.verdict {
                event.pair = Some(pair);
            }
            event.who = decision.who;
            txn.events.push(event);
        }
    }
}
