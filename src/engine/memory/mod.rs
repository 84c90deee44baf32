//! Everything the engine remembers, in memory, with every change also in the transaction that makes it durable.
//!
//! The store is the truth after a start; from then on memory and store move together: a [`Txn`] collects the rows and
//! the journal's events, and nothing outside happens before it is committed.

mod dirty;
mod early;
mod fitting;
mod idle;
mod kept;
mod load;
mod old;
mod pair;
mod row;
mod setback;
mod titles;
mod touching;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mapping::Remembered;
use crate::model::packed::{self, Packed};
use crate::model::{
    Decision, Event, Happening, Hold, HoldId, Intent, Mark, Observation, Orphan, PairName, RecordId, RecordRef, Side,
    Tie, TieId, Tombstone,
};
use crate::seam::{Batch, KvError};
use crate::store::segments::Filed;
use crate::store::{Resync, Store, record, trees};

use super::story::Edits;
pub use early::Early;

pub use self::fitting::folded;
pub use self::idle::Idle;
pub use self::kept::Read;
pub use self::pair::PairMemory;
use self::row::{COUNTERS, Counters, SCHEMAS, hold_key, key, mark_key, mark_kind, record_key};
pub use self::titles::TitlesInUse;

/// How far a side of a pair was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything edited before this moment, by the system's clock, was seen.
    pub seen: Option<Timestamp>,
    /// When the last complete listing began, by our clock.
    pub swept: Option<Timestamp>,
    /// It did not show records that were there. What became of them was still to be read: a process that starts after it
    /// lists again.
    #[serde(default)]
    pub missed: bool,
}

/// The rows and events of one step, durable together or not at all.
#[derive(Default)]
pub struct Txn {
    batch: Batch,
    pub(super) events: Vec<Event>,
    failed: Option<String>,
}

impl Txn {
    fn put<T: Serialize>(&mut self, tree: &'static str, key: Vec<u8>, value: &T) {
        if let Err(broken) = record::put(&mut self.batch, tree, key, value) {
            self.failed = Some(broken.to_string());
        }
    }

    /// Writes a record in its short form, which is given back.
    fn put_short<T: Packed>(&mut self, tree: &'static str, key: Vec<u8>, value: &T) -> Vec<u8> {
        let short = packed::pack(value);
        self.batch.put(tree, key, record::seal_short(&short));
        short
    }

    fn remove(&mut self, tree: &'static str, key: Vec<u8>) {
        self.batch.remove(tree, key);
    }

    /// The comparison that a mended store owed has ended.
    pub(super) fn compared(&mut self) {
        Resync::done(&mut self.batch);
    }
}

/// Everything remembered.
pub struct Memory {
    /// By name.
    pub pairs: BTreeMap<PairName, PairMemory>,
    /// Names in the order of the configuration.
    pub order: Vec<PairName>,
    /// Open intents.
    pub intents: BTreeMap<u64, Intent>,
    /// Standing decisions.
    pub decisions: BTreeMap<u64, Decision>,
    /// What waits for a person.
    pub holds: BTreeMap<HoldId, Hold>,
    /// What must not be repeated; one of a kind for each thing.
    pub marks: BTreeMap<(HoldId, &'static str), Mark>,
    /// The seq of the last event.
    pub last_event: u64,
    /// The seq of the oldest event that is kept in the store.
    pub first_event: u64,
    /// Older ones that are kept in files.
    pub filed: Filed,
    /// What the kept events take in the store, in bytes.
    pub journal_bytes: u64,
    /// How many fields were possibly overwritten, ever.
    pub overwritten: u64,
    /// The seq of the last event before the clock was set back: how old it and those before are, nobody can say.
    pub set_back: u64,
    /// Which edit each line of the journal belongs to.
    edits: Edits,
    /// How long nothing ran.
    pub idle: Idle,
    /// When the store was last written before the start, if it tells.
    latest: Option<Timestamp>,
    next_intent: u64,
    next_decision: u64,
}

impl Memory {
    /// Makes a step durable. Nothing outside may happen before this has returned.
    ///
    /// # Errors
    /// [`KvError`] when the store refuses; the engine must then stop.
    pub async fn commit(&mut self, store: &Store, mut txn: Txn, now: Timestamp) -> Result<Vec<Event>, KvError> {
        if let Some(failed) = txn.failed {
            return Err(KvError::Failed(failed));
        }
        self.fold();
        for event in &mut txn.events {
            self.last_event += 1;
            event.seq = self.last_event;
            event.at = now;
            event.edit = self.edits.of(event);
            self.held_by(&mut txn.batch, event)?;
            self.overwritten += u64::from(event.what == Happening::PossiblyOverwritten);
            record::put(&mut txn.batch, trees::JOURNAL, self.last_event.to_be_bytes(), event)?;
            let line = txn.batch.ops.last().and_then(|(_, _, value)| value.as_ref()).map_or(0, Vec::len);
            self.journal_bytes += u64::try_from(line).unwrap_or(0);
        }
        if txn.batch.is_empty() {
            return Ok(txn.events);
        }
        let counters = Counters {
            event: self.last_event,
            intent: self.next_intent,
            decision: self.next_decision,
            overwritten: self.overwritten,
            first: self.first_event,
            bytes: self.journal_bytes,
            set_back: self.set_back,
            idle: self.idle.clone(),
            latest: Some(now),
        };
        record::put(&mut txn.batch, trees::META, COUNTERS, &counters)?;
        store.commit(txn.batch).await?;
        Ok(txn.events)
    }

    /// A hold remembers which edit it belongs to.
    fn held_by(&mut self, batch: &mut Batch, event: &Event) -> Result<(), KvError> {
        let (Happening::Held, Some(pair), Some(_)) = (event.what, &event.pair, event.edit) else { return Ok(()) };
        let id = HoldId { pair: pair.clone(), crm: event.crm.clone(), field: event.field.clone() };
        if let Some(hold) = self.holds.get_mut(&id) {
            hold.edit = event.edit;
            record::put(batch, trees::HOLDS, hold_key(&id), hold)?;
        }
        Ok(())
    }

    /// Takes note of the time since the store was written last; gives that moment and how long it is ago, if it is long.
    pub fn begin(&mut self, now: Timestamp) -> Option<(Timestamp, jiff::SignedDuration)> {
        let latest = self.latest?;
        self.idle.note(latest, now).map(|lasted| (latest, lasted))
    }

    /// Forgets made records where there are many of them; what they say stays.
    pub fn fold(&mut self) {
        for pair in self.pairs.values_mut() {
            pair.ties.fold();
            Side::BOTH.into_iter().for_each(|side| pair.observations.get_mut(side).fold());
        }
    }

    /// One pair; every name inside the engine is one of a configured pair.
    pub fn pair(&self, name: &PairName) -> Option<&PairMemory> {
        self.pairs.get(name)
    }

    /// The next number of an intent.
    pub fn new_intent(&mut self) -> u64 {
        self.next_intent += 1;
        self.next_intent - 1
    }

    /// The next number of a decision.
    pub fn new_decision(&mut self) -> u64 {
        self.next_decision += 1;
        self.next_decision - 1
    }

    /// Stores a reading.
    pub fn put_observation(&mut self, txn: &mut Txn, at: &RecordRef, observation: Observation) {
        let short = txn.put_short(trees::OBSERVATIONS, record_key(at), &observation);
        let Some(pair) = self.pairs.get_mut(&at.pair) else { return };
        if let Some(crm) = pair.tied_crm(at.side, &at.id).cloned() {
            pair.retitle(&crm);
        }
        let presence = observation.presence;
        let kept = pair.observations.get_mut(at.side);
        let before = kept.presence(&at.id);
        kept.insert(at.id.clone(), observation, &short);
        self.touch(at);
        if before.is_some_and(|before| before != presence) {
            // What relations show of it means something else now.
            self.touch_mentioning(&at.pair, self.counterparts(at));
        }
    }

    /// Stores a tie, new or with a moved base.
    pub fn put_tie(&mut self, txn: &mut Txn, tie: Tie) {
        let short = txn.put_short(trees::TIES, key(&[tie.pair.as_str(), tie.crm.as_str()]), &tie);
        let name = tie.pair.clone();
        let Some(pair) = self.pairs.get_mut(&name) else { return };
        pair.retitle(&tie.crm);
        pair.dirty.insert(tie.crm.clone());
        pair.crm_of_page.insert(tie.notion.clone(), tie.crm.clone());
        let ends = [tie.crm.clone(), tie.notion.clone()];
        let is_new = pair.ties.insert(tie.crm.clone(), tie, &short);
        if is_new {
            pair.rematch = true;
            self.touch_mentioning(&name, ends);
        }
    }

    /// Ends a tie.
    pub fn remove_tie(&mut self, txn: &mut Txn, id: &TieId) {
        txn.remove(trees::TIES, key(&[id.pair.as_str(), id.crm.as_str()]));
        self.pairs.get_mut(&id.pair).into_iter().for_each(|pair| pair.retitle(&id.crm));
        if let Some(pair) = self.pairs.get_mut(&id.pair)
            && let Some(tie) = pair.ties.remove(&id.crm)
        {
            pair.crm_of_page.remove(&tie.notion);
            pair.rematch = true;
            pair.dirty.remove(&id.crm);
            self.touch_mentioning(&id.pair, [tie.crm, tie.notion]);
        }
        let held: Vec<HoldId> = self.holds.keys().filter(|hold| hold.tie_id().as_ref() == Some(id)).cloned().collect();
        for hold in held {
            self.remove_hold(txn, &hold);
        }
        let decided: Vec<u64> = self
            .decisions
            .values()
            .filter(|it| it.hold.as_ref().and_then(HoldId::tie_id).as_ref() == Some(id))
            .map(|it| it.seq)
            .collect();
        for seq in decided {
            self.remove_decision(txn, seq);
        }
        let marks: Vec<_> = self.marks.keys().filter(|(hold, _)| hold.tie_id().as_ref() == Some(id)).cloned().collect();
        for (hold, kind) in marks {
            self.remove_mark(txn, &hold, kind);
        }
    }

    /// Stores a tombstone.
    pub fn put_tombstone(&mut self, txn: &mut Txn, stone: Tombstone) {
        let row = key(&[stone.pair.as_str(), stone.crm.as_str(), stone.notion.as_str()]);
        txn.put(trees::TOMBSTONES, row, &stone);
        if let Some(pair) = self.pairs.get_mut(&stone.pair) {
            pair.rematch = true;
            pair.tombstones.insert((stone.crm.clone(), stone.notion.clone()), stone);
        }
    }

    /// Removes a tombstone.
    pub fn remove_tombstone(&mut self, txn: &mut Txn, name: &PairName, crm: &RecordId, notion: &RecordId) {
        txn.remove(trees::TOMBSTONES, key(&[name.as_str(), crm.as_str(), notion.as_str()]));
        if let Some(pair) = self.pairs.get_mut(name) {
            pair.tombstones.remove(&(crm.clone(), notion.clone()));
        }
    }

    /// Stores a hold.
    pub fn put_hold(&mut self, txn: &mut Txn, mut hold: Hold) {
        hold.edit = hold.edit.or_else(|| self.holds.get(&hold.id)?.edit);
        txn.put(trees::HOLDS, hold_key(&hold.id), &hold);
        self.holds.insert(hold.id.clone(), hold);
    }

    /// Ends a hold.
    pub fn remove_hold(&mut self, txn: &mut Txn, id: &HoldId) -> Option<Hold> {
        let hold = self.holds.remove(id)?;
        txn.remove(trees::HOLDS, hold_key(id));
        Some(hold)
    }

    /// Stores a mark.
    pub fn put_mark(&mut self, txn: &mut Txn, mark: Mark) {
        let kind = mark_kind(&mark.kind);
        txn.put(trees::MARKS, mark_key(&mark.id, kind), &mark);
        self.touch_hold(&mark.id);
        self.marks.insert((mark.id.clone(), kind), mark);
    }

    /// Removes a mark.
    pub fn remove_mark(&mut self, txn: &mut Txn, id: &HoldId, kind: &'static str) {
        if self.marks.remove(&(id.clone(), kind)).is_some() {
            txn.remove(trees::MARKS, mark_key(id, kind));
            self.touch_hold(id);
        }
    }

    /// The marks on one thing.
    pub fn marks_on<'a>(&'a self, id: &'a HoldId) -> impl Iterator<Item = &'a Mark> {
        self.marks.range((id.clone(), "")..).take_while(move |((on, _), _)| on == id).map(|(_, mark)| mark)
    }

    /// Stores a decision; one about a field replaces the one before.
    pub fn put_decision(&mut self, txn: &mut Txn, decision: Decision) {
        if let Some(hold) = &decision.hold {
            let before: Vec<u64> =
                self.decisions.values().filter(|it| it.hold.as_ref() == Some(hold)).map(|it| it.seq).collect();
            for seq in before {
                self.remove_decision(txn, seq);
            }
            self.touch_hold(hold);
        } else {
            for pair in self.pairs.values_mut() {
                pair.rematch = true;
            }
        }
        txn.put(trees::DECISIONS, decision.seq.to_be_bytes().to_vec(), &decision);
        self.decisions.insert(decision.seq, decision);
    }

    /// Forgets a decision: spent, lapsed or replaced.
    pub fn remove_decision(&mut self, txn: &mut Txn, seq: u64) -> Option<Decision> {
        let decision = self.decisions.remove(&seq)?;
        txn.remove(trees::DECISIONS, seq.to_be_bytes().to_vec());
        Some(decision)
    }

    /// The standing decision about a field.
    pub fn decision_on(&self, id: &HoldId) -> Option<&Decision> {
        self.decisions.values().find(|decision| decision.hold.as_ref() == Some(id))
    }

    /// Stores an intent.
    pub fn put_intent(&mut self, txn: &mut Txn, intent: Intent) {
        txn.put(trees::INTENTS, intent.seq.to_be_bytes().to_vec(), &intent);
        self.intents.insert(intent.seq, intent);
    }

    /// Closes an intent.
    pub fn remove_intent(&mut self, txn: &mut Txn, seq: u64) -> Option<Intent> {
        let intent = self.intents.remove(&seq)?;
        txn.remove(trees::INTENTS, seq.to_be_bytes().to_vec());
        Some(intent)
    }

    /// Forgets the last reading of a record.
    pub fn remove_observation(&mut self, txn: &mut Txn, at: &RecordRef) {
        txn.remove(trees::OBSERVATIONS, record_key(at));
        if let Some(pair) = self.pairs.get_mut(&at.pair) {
            if let Some(crm) = pair.tied_crm(at.side, &at.id).cloned() {
                pair.retitle(&crm);
            }
            pair.observations.get_mut(at.side).remove(&at.id);
        }
    }

    /// Remembers what the schemas of a pair look like.
    pub fn put_schemas(&mut self, txn: &mut Txn, name: &PairName, schemas: Remembered) {
        txn.put(trees::META, key(&[SCHEMAS, name.as_str()]), &schemas);
        if let Some(pair) = self.pairs.get_mut(name) {
            pair.schemas = schemas;
        }
    }

    /// Stores or removes an orphan.
    pub fn set_orphan(&mut self, txn: &mut Txn, at: &RecordRef, orphan: Option<Orphan>) {
        let Some(pair) = self.pairs.get_mut(&at.pair) else { return };
        let place = (at.side, at.id.clone());
        match orphan {
            Some(orphan) => {
                txn.put(trees::ORPHANS, record_key(at), &orphan);
                pair.orphans.insert(place, orphan);
            }
            None => {
                if pair.orphans.remove(&place).is_some() {
                    txn.remove(trees::ORPHANS, record_key(at));
                }
            }
        }
    }

    /// Moves a cursor, in the transaction that stores what was seen.
    pub fn put_cursor(&mut self, txn: &mut Txn, name: &PairName, side: Side, cursor: Cursor) {
        txn.put(trees::CURSORS, key(&[name.as_str(), side.as_str()]), &cursor);
        if let Some(pair) = self.pairs.get_mut(name) {
            *pair.cursors.get_mut(side) = cursor;
        }
    }
}
