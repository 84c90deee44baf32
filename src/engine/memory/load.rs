//! Reading everything back after a start.

use std::collections::BTreeMap;
use std::future::{Future as _, poll_fn};
use std::task::Poll;

use serde::de::DeserializeOwned;

use crate::control::Sides;
use crate::mapping::{PairSpec, Remembered};
use crate::model::{Decision, Entity, Hold, Intent, Mark, Orphan, Side, Tombstone};
use crate::seam::KvError;
use crate::store::{Store, record, trees};

use super::super::story::Edits;
use super::dirty::Dirty;
use super::early::{Early, Rows};
use super::row::{COUNTERS, Counters, SCHEMAS, key, mark_kind};
use super::titles::Titles;
use super::{Idle, Memory, PairMemory};

/// Rows read at a time.
const PAGE: usize = 1000;
/// Lines of the journal that are looked through for edits that were under way.
const RECALLED: u64 = 4096;

impl Memory {
    /// Reads everything back but for what was read early.
    ///
    /// # Errors
    /// [`KvError`] when the store cannot be read. A row that does not fit is left out and will be observed anew.
    pub async fn load(
        store: &Store,
        specs: &[PairSpec],
        entities: &[Sides<Entity>],
        early: Option<Early>,
    ) -> Result<Self, KvError> {
        let mut early = match early {
            Some(early) => early,
            None => Early::read(store).await?,
        };
        let mut memory = Memory {
            pairs: BTreeMap::new(),
            order: specs.iter().map(|spec| spec.name.clone()).collect(),
            intents: BTreeMap::new(),
            decisions: BTreeMap::new(),
            holds: BTreeMap::new(),
            marks: BTreeMap::new(),
            last_event: 0,
            first_event: 1,
            filed: store.filed().await?.unwrap_or_default(),
            journal_bytes: 0,
            overwritten: 0,
            set_back: 0,
            edits: Edits::default(),
            idle: Idle::default(),
            latest: None,
            next_intent: 1,
            next_decision: 1,
        };
        for (spec, entity) in specs.iter().zip(entities) {
            memory
                .pairs
                .insert(spec.name.clone(), PairMemory::load(store, spec, entity, early.take(&spec.name)).await?);
        }
        rows(store, trees::INTENTS, Vec::new(), |_, intent: Intent| {
            memory.next_intent = memory.next_intent.max(intent.seq + 1);
            memory.intents.insert(intent.seq, intent);
        })
        .await?;
        rows(store, trees::DECISIONS, Vec::new(), |_, decision: Decision| {
            memory.next_decision = memory.next_decision.max(decision.seq + 1);
            memory.decisions.insert(decision.seq, decision);
        })
        .await?;
        rows(store, trees::HOLDS, Vec::new(), |_, hold: Hold| {
            memory.holds.insert(hold.id.clone(), hold);
        })
        .await?;
        rows(store, trees::MARKS, Vec::new(), |_, mark: Mark| {
            memory.marks.insert((mark.id.clone(), mark_kind(&mark.kind)), mark);
        })
        .await?;
        if let Some(counters) = store.get(trees::META, COUNTERS).await? {
            let counters: Counters = record::open(&counters)?;
            memory.last_event = counters.event;
            memory.first_event = counters.first.max(1);
            memory.journal_bytes = counters.bytes;
            memory.overwritten = counters.overwritten;
            memory.set_back = counters.set_back;
            memory.idle = counters.idle;
            memory.latest = counters.latest;
            memory.next_intent = memory.next_intent.max(counters.intent);
            memory.next_decision = memory.next_decision.max(counters.decision);
        } else {
            memory.count_anew(store).await?;
        }
        // A store that was put back knows fewer lines than the files that were written since: numbers are never given twice.
        memory.last_event = memory.last_event.max(memory.filed.last);
        // Holds, intents and marks of pairs that are no longer configured are kept in the store and left alone.
        memory.holds.retain(|id, _| memory.pairs.contains_key(&id.pair));
        memory.intents.retain(|_, intent| memory.pairs.contains_key(&intent.pair));
        Ok(memory)
    }

    /// Where the counters are not there any more, the lines of the journal tell their numbers: none is given twice.
    async fn count_anew(&mut self, store: &Store) -> Result<(), KvError> {
        let (mut first, mut last, mut size) = (None, 0, 0);
        every(store, trees::JOURNAL, Vec::new(), |row, bytes| {
            if let Ok(seq) = row.try_into().map(u64::from_be_bytes) {
                first.get_or_insert(seq);
                last = seq;
                size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            }
        })
        .await?;
        (self.first_event, self.last_event, self.journal_bytes) = (first.unwrap_or(1), last, size);
        Ok(())
    }

    /// After a start: which edits were under way, from the end of the journal as far as it lies in the store, and from what is
    /// held.
    ///
    /// # Errors
    /// [`KvError`] when the store cannot be read.
    pub async fn recall_edits(&mut self, store: &Store) -> Result<(), KvError> {
        let from = self.last_event.saturating_sub(RECALLED).max(self.first_event);
        for event in store.journal(from, self.last_event).await? {
            self.edits.recall(&event);
        }
        for hold in self.holds.values() {
            self.edits.recall_hold(hold);
        }
        Ok(())
    }
}

impl PairMemory {
    async fn load(store: &Store, spec: &PairSpec, entity: &Sides<Entity>, read: Rows) -> Result<Self, KvError> {
        let prefix = || key(&[spec.name.as_str(), ""]);
        let Rows { observations, ties, crm_of_page } = read;
        let mut dirty = Dirty::default();
        dirty.insert_all();
        let mut pair = PairMemory {
            spec: spec.clone(),
            map: None,
            schemas: Remembered::default(),
            entity: entity.clone(),
            dirty,
            observations,
            ties,
            crm_of_page,
            tombstones: BTreeMap::new(),
            orphans: BTreeMap::new(),
            cursors: Sides::default(),
            rematch: true,
            review: None,
            titles: Titles::default(),
        };
        rows(store, trees::TOMBSTONES, prefix(), |_, stone: Tombstone| {
            pair.tombstones.insert((stone.crm.clone(), stone.notion.clone()), stone);
        })
        .await?;
        rows(store, trees::ORPHANS, prefix(), |_, orphan: Orphan| {
            pair.orphans.insert((orphan.record.side, orphan.record.id.clone()), orphan);
        })
        .await?;
        if let Some(bytes) = store.get(trees::META, &key(&[SCHEMAS, spec.name.as_str()])).await? {
            pair.schemas = record::open(&bytes).unwrap_or_default();
        }
        for side in Side::BOTH {
            let row = key(&[spec.name.as_str(), side.as_str()]);
            if let Some(bytes) = store.get(trees::CURSORS, &row).await? {
                *pair.cursors.get_mut(side) = record::open(&bytes).unwrap_or_default();
            }
        }
        Ok(pair)
    }
}

/// Gives every row under a prefix to `each`, with its key. A row that cannot be read was reported when the store was opened; its
/// record is observed anew. A page at a time: the bytes of a whole tree beside what they tell are more than is ever needed at
/// once.
async fn rows<T: DeserializeOwned>(
    store: &Store,
    tree: &'static str,
    prefix: Vec<u8>,
    mut each: impl FnMut(&[u8], T),
) -> Result<(), KvError> {
    every(store, tree, prefix, |row, bytes| {
        if let Ok(value) = record::open(bytes) {
            each(row, value);
        }
    })
    .await
}

/// As [`rows`], as they lie there.
pub(super) async fn every(
    store: &Store,
    tree: &'static str,
    prefix: Vec<u8>,
    mut each: impl FnMut(&[u8], &[u8]),
) -> Result<(), KvError> {
    let mut page = store.scan(tree, &prefix, None, PAGE).await?;
    loop {
        let last = page.get(PAGE - 1).map(|(last, _)| [last.as_slice(), &[0]].concat());
        let mut next = Box::pin(async {
            match &last {
                Some(from) => store.scan(tree, &prefix, Some(from), PAGE).await.map(Some),
                None => Ok(None),
            }
        });
        // Asked for once, the next page is read by the store while this one is taken.
        let early = poll_fn(|context| Poll::Ready(next.as_mut().poll(context))).await;
        for (row, bytes) in &page {
            each(row, bytes);
        }
        let next = match early {
            Poll::Ready(next) => next,
            Poll::Pending => next.await,
        };
        match next? {
            Some(next) => page = next,
            None => return Ok(()),
        }
    }
}
