//! Forgetting: old lines of the journal, and decisions that nothing came of. Lines that are only older than a few days leave
//! the store for a file of their day, and are read from there.
//!
//! Undo reaches as far as the journal does. Lines are dropped from the old end in bounded steps, so that nothing waits
//! for it, and a start reads none of them: the oldest line's number is kept.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::model::{Event, Happening, HoldId, Side, Verdict};
use crate::seam::KvError;
use crate::store::{Filing, Old, SegmentError, Store, record, trees};

use super::core::{Core, after, signed};
use super::flaw::Flaw;
use super::memory::Txn;

/// Lines that one step looks at.
const STEP: usize = 1024;
/// Between two steps while there is more to do, and something else too. A step takes some milliseconds.
const BREATH: SignedDuration = SignedDuration::from_millis(250);
/// The same while there is nothing else: whatever comes waits for one step at most.
const IDLE_BREATH: SignedDuration = SignedDuration::from_millis(10);
/// How long lines stay in the store, at least; older ones lie in files, a file a day.
const RECENT: SignedDuration = SignedDuration::from_hours(48);
/// The newest day in a file began less than this ago, where something was journalled every day.
const FILED: SignedDuration = SignedDuration::from_hours(96);
/// How often unused decisions are looked for.
const OFTEN: SignedDuration = SignedDuration::from_mins(1);
/// How long leave to carry out a guarded plan lasts at most.
const LEAVE: SignedDuration = SignedDuration::from_hours(1);

/// When old things are next looked for.
#[derive(Debug)]
pub struct Tidy {
    journal: Timestamp,
    overrides: Timestamp,
    /// Why an old day was not moved to its file, told once.
    unfiled: Option<String>,
}

impl Tidy {
    /// Soon after a start.
    pub fn from(now: Timestamp) -> Self {
        Self { journal: after(now, OFTEN), overrides: after(now, OFTEN), unfiled: None }
    }

    /// The next moments.
    pub fn due(&self) -> [Timestamp; 2] {
        [self.journal, self.overrides]
    }
}

/// The day that it was so long ago, UTC.
fn day(now: Timestamp, ago: SignedDuration) -> Date {
    now.checked_sub(ago).unwrap_or(now).to_zoned(TimeZone::UTC).date()
}

/// The end of a day, UTC, and some time more.
fn end_of(day: Date, more: SignedDuration) -> Timestamp {
    let end = day.to_zoned(TimeZone::UTC).ok().and_then(|begins| begins.timestamp().checked_add(more).ok());
    end.unwrap_or(Timestamp::MAX)
}

impl Core {
    /// Moves whole old days of the journal to their files, one at a time, and drops lines that are too old, or too many. While
    /// there is something to do it does a step of that now and then, more often while nothing else waits; then it looks as often
    /// as there are sweeps.
    pub(super) async fn trim_journal(
        &mut self,
        txn: &mut Txn,
        store: &Store,
        now: Timestamp,
        busy: bool,
    ) -> Result<(), KvError> {
        if now < self.tidy.journal {
            return Ok(());
        }
        let files = store.filed().await?.is_some();
        // A line that lies in a file leaves the store first: so there is never more than one day in both.
        let left = self.memory.first_event <= self.memory.filed.last;
        let (mut begun, mut done) = (false, false);
        if files && !left {
            let (from, doubtful) = (self.memory.first_event, self.memory.set_back);
            match store.write_some(Old { from, until: day(now, RECENT), doubtful }, STEP).await {
                Ok(filing) => (begun, done) = (filing == Filing::Begun, matches!(filing, Filing::Done(_))),
                Err(error) => self.note_unfiled(txn, error)?,
            }
        }
        let (keep, most) = (signed(self.timing.journal_keep), self.timing.journal_bytes);
        // How old a line is counts from the newest days there are: a clock that is months ahead makes nothing old.
        let mut aged = now;
        if files {
            let newest = store.filed().await?.and_then(|filed| filed.newest);
            aged = newest.map_or(Timestamp::MIN, |newest| now.min(end_of(newest, FILED)));
        }
        // Nor does time in which nothing ran, or which never was.
        let since = self.memory.idle.ago(aged, keep);
        if files && !begun {
            let room = most.saturating_sub(self.memory.journal_bytes);
            if let Err(error) = store.forget_days(since.to_zoned(TimeZone::UTC).date(), room).await {
                self.note_unfiled(txn, error)?;
            }
            self.memory.filed = store.filed().await?.unwrap_or_default();
        }
        let filed = self.memory.filed.last;
        let from = self.memory.first_event.to_be_bytes();
        // One that is being written goes when it is.
        let rows = if begun { Vec::new() } else { store.scan(trees::JOURNAL, &[], Some(&from), STEP).await? };
        let mut dropped = 0;
        for (key, bytes) in &rows {
            let Some(seq) = key.as_slice().try_into().ok().map(u64::from_be_bytes) else { break };
            // A line that cannot be read any more is of no use to anybody.
            let old = || record::open::<Event>(bytes).map_or(true, |event| event.at < since);
            let much = filed == 0 && self.memory.journal_bytes > most;
            if !(seq <= filed || much || old()) {
                break;
            }
            self.memory.drop_event(txn, seq, bytes.len());
            dropped += 1;
        }
        // In a store that was put back, or begun anew, no line lies between those of the files and its own.
        let skips = left && !begun && dropped == 0;
        if skips {
            self.memory.first_event = filed + 1;
        }
        let more = begun || done || skips || dropped > 0;
        let breath = if busy { BREATH } else { IDLE_BREATH };
        self.tidy.journal = after(now, if more { breath } else { signed(self.timing.sweep_every) });
        Ok(())
    }

    /// Whether anything is out, or waits for its turn.
    pub(super) fn is_busy(&self) -> bool {
        !(self.under_way.is_empty() && self.probing.is_empty() && self.reading.is_empty())
            || self.listings.values().any(|listing| listing.running.is_some())
    }

    /// A day that cannot be moved stays in the store, where it can be read as before, and is tried again.
    fn note_unfiled(&mut self, txn: &mut Txn, error: SegmentError) -> Result<(), KvError> {
        let why = match error {
            SegmentError::Kv(error) => return Err(error),
            other => other.to_string(),
        };
        if self.tidy.unfiled.as_ref() != Some(&why) {
            let note = format!("an older day of the journal stays where it is: {why}; that is tried again");
            txn.events.push(self.system_event(Happening::System, note));
            self.tidy.unfiled = Some(why);
        }
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
