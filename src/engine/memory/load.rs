//! Reading everything back after a start.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use crate::control::Sides;
use crate::mapping::{PairSpec, Remembered};
use crate::model::{Decision, Entity, Hold, Intent, Mark, Observation, Orphan, RecordId, Side, Tie, Tombstone};
use crate::seam::KvError;
use crate::store::{Store, record, trees};

use super::row::{COUNTERS, Counters, SCHEMAS, key, mark_kind};
use super::{Memory, PairMemory};

/// Rows read at a time.
const PAGE: usize = 1000;

impl Memory {
    /// Reads everything back.
    ///
    /// # Errors
    /// [`KvError`] when the store cannot be read. A row that does not fit is left out and will be observed anew.
    pub async fn load(store: &Store, specs: &[PairSpec], entities: &[Sides<Entity>]) -> Result<Self, KvError> {
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
            next_intent: 1,
            next_decision: 1,
        };
        for (spec, entity) in specs.iter().zip(entities) {
            memory.pairs.insert(spec.name.clone(), PairMemory::load(store, spec, entity).await?);
        }
        for (_, intent) in rows::<Intent>(store, trees::INTENTS, Vec::new()).await? {
            memory.next_intent = memory.next_intent.max(intent.seq + 1);
            memory.intents.insert(intent.seq, intent);
        }
        for (_, decision) in rows::<Decision>(store, trees::DECISIONS, Vec::new()).await? {
            memory.next_decision = memory.next_decision.max(decision.seq + 1);
            memory.decisions.insert(decision.seq, decision);
        }
        for (_, hold) in rows::<Hold>(store, trees::HOLDS, Vec::new()).await? {
            memory.holds.insert(hold.id.clone(), hold);
        }
        for (_, mark) in rows::<Mark>(store, trees::MARKS, Vec::new()).await? {
            memory.marks.insert((mark.id.clone(), mark_kind(&mark.kind)), mark);
        }
        if let Some(counters) = store.get(trees::META, COUNTERS).await? {
            let counters: Counters = record::open(&counters)?;
            memory.last_event = counters.event;
            memory.first_event = counters.first.max(1);
            memory.journal_bytes = counters.bytes;
            memory.overwritten = counters.overwritten;
            memory.set_back = counters.set_back;
            memory.next_intent = memory.next_intent.max(counters.intent);
            memory.next_decision = memory.next_decision.max(counters.decision);
        }
        // A store that was put back knows fewer lines than the files that were written since: numbers are never given twice.
        memory.last_event = memory.last_event.max(memory.filed.last);
        // Holds, intents and marks of pairs that are no longer configured are kept in the store and left alone.
        memory.holds.retain(|id, _| memory.pairs.contains_key(&id.pair));
        memory.intents.retain(|_, intent| memory.pairs.contains_key(&intent.pair));
        Ok(memory)
    }
}

impl PairMemory {
    async fn load(store: &Store, spec: &PairSpec, entity: &Sides<Entity>) -> Result<Self, KvError> {
        let prefix = || key(&[spec.name.as_str(), ""]);
        let mut pair = PairMemory {
            spec: spec.clone(),
            map: None,
            schemas: Remembered::default(),
            entity: entity.clone(),
            observations: Sides::default(),
            ties: BTreeMap::new(),
            crm_of_page: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            orphans: BTreeMap::new(),
            cursors: Sides::default(),
            dirty: BTreeSet::new(),
            rematch: true,
        };
        for (parts, observation) in rows::<Observation>(store, trees::OBSERVATIONS, prefix()).await? {
            if let [_, side, id] = parts.as_slice()
                && let Some(side) = Side::BOTH.into_iter().find(|it| it.as_str() == side)
            {
                pair.observations.get_mut(side).insert(RecordId::from(id.as_str()), observation);
            }
        }
        for (_, tie) in rows::<Tie>(store, trees::TIES, prefix()).await? {
            pair.crm_of_page.insert(tie.notion.clone(), tie.crm.clone());
            pair.dirty.insert(tie.crm.clone());
            pair.ties.insert(tie.crm.clone(), tie);
        }
        for (_, stone) in rows::<Tombstone>(store, trees::TOMBSTONES, prefix()).await? {
            pair.tombstones.insert((stone.crm.clone(), stone.notion.clone()), stone);
        }
        for (_, orphan) in rows::<Orphan>(store, trees::ORPHANS, prefix()).await? {
            pair.orphans.insert((orphan.record.side, orphan.record.id.clone()), orphan);
        }
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

/// All rows under a prefix: the parts of the key, and the value. A row that cannot be read was reported when the store
/// was opened; its record is observed anew.
async fn rows<T: DeserializeOwned>(
    store: &Store,
    tree: &'static str,
    prefix: Vec<u8>,
) -> Result<Vec<(Vec<String>, T)>, KvError> {
    let mut all = Vec::new();
    let mut from: Option<Vec<u8>> = None;
    loop {
        // A page at a time: the bytes of a whole tree beside what they tell are more than is ever needed at once.
        let page = store.scan(tree, &prefix, from.as_deref(), PAGE).await?;
        from = (page.len() == PAGE).then(|| page.last().map(|(row, _)| [row.as_slice(), &[0]].concat())).flatten();
        all.extend(page.into_iter().filter_map(|(row, bytes)| {
            let parts = String::from_utf8_lossy(&row).split('\0').map(str::to_owned).collect();
            record::open(&bytes).ok().map(|value| (parts, value))
        }));
        if from.is_none() {
            return Ok(all);
        }
    }
}
