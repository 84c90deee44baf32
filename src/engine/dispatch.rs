//! Sending planned operations: a permit, a pre-read, a durable intent, the write.
//!
//! A writer task only carries. With its permits taken it reads the record once more and asks the control task what to
//! send; that derives the plan anew from the fresh reading, so what is written is never older than the pre-read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::mapping::FieldMap;
use crate::model::{FieldName, Intent, IntentState, Purpose, RecordId, RecordRef, Side, TieId, Value};
use crate::plan::{Fate, FieldWrite, match_untied};
use crate::remote::{Fetched, RemoteError};

use super::core::{Core, OpKey, Target};
use super::failures::Said;
use super::flaw::Flaw;
use super::listing::lies_in_the_record;
use super::memory::Txn;
use super::messages::Order;
use super::writer::{Ask, Writer};

/// Writers under way per side at most: more in flight also means more writes whose outcome could become unknown.
const WRITERS: usize = 4;

impl Core {
    /// Starts writers for the operations that are due, oldest first.
    pub(super) fn start_writers(&mut self, now: Timestamp) {
        if self.draining {
            return;
        }
        self.put_off.retain(|_, until| now < *until);
        if self.planned.is_empty() {
            return;
        }
        // First of all: a pair that is held can have much planned, and is looked at after every message.
        let open: Vec<_> = self.pair_names().into_iter().filter(|name| self.may_write(name)).collect();
        for side in Side::BOTH {
            if self.paused_until.get(side).is_some_and(|until| now < until) {
                continue;
            }
            let most = if self.only_tries(side) { 1 } else { WRITERS };
            let mut free = most.saturating_sub(self.under_way.keys().filter(|op| op.side == side).count());
            while free > 0 {
                let Some(op) = self.next_due(side, now, &open) else { break };
                self.start_writer(op, now);
                free -= 1;
            }
        }
    }

    /// The oldest operation of a side that is due and may start. A first look can have planned a hundred thousand: only the one
    /// that is started is copied.
    fn next_due(&self, side: Side, now: Timestamp, open: &[crate::model::PairName]) -> Option<OpKey> {
        let mut due: Vec<(Timestamp, &OpKey)> = self
            .planned
            .iter()
            .filter(|(op, planned)| op.side == side && planned.due <= now && open.contains(&op.pair))
            .filter(|(op, _)| !self.under_way.contains_key(*op) && !self.put_off.contains_key(*op))
            .map(|(op, planned)| (planned.since, op))
            .collect();
        due.sort_unstable();
        due.into_iter().map(|(_, op)| op).find(|op| self.may_start(op)).cloned()
    }

    /// One write in flight per record, and none while an intent about it is open.
    fn may_start(&self, op: &OpKey) -> bool {
        let ends = self.tie_ends(op);
        let Some(subject) = op.subject(ends.as_ref()) else { return false };
        let mut records = vec![subject];
        records.extend(ends.into_iter().flat_map(|ends| [ends.crm, ends.notion]));
        let busy = self.under_way.keys().any(|other| {
            let theirs = self.tie_ends(other);
            other.subject(theirs.as_ref()).is_some_and(|at| records.contains(&at))
        });
        // A record that was not found is read again before anything is written to it.
        let absent = records.iter().any(|at| self.absent_since.contains_key(at));
        let busy = busy && !self.errs(Flaw::TwoInFlight);
        self.has_leave(op)
            && !self.is_held_back(op)
            && !busy
            && !absent
            && (self.errs(Flaw::TwoInFlight) || !records.iter().any(|at| self.has_open_intent(at)))
    }

    /// Whether an operator holds the record back that it would write.
    fn is_held_back(&self, op: &OpKey) -> bool {
        match &op.target {
            Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => {
                self.is_parked(&TieId { pair: op.pair.clone(), crm: crm.clone() })
            }
            Target::Create(_) => false,
        }
    }

    pub(super) fn tie_ends(&self, op: &OpKey) -> Option<crate::control::Sides<RecordRef>> {
        match &op.target {
            Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => {
                self.ends(&TieId { pair: op.pair.clone(), crm: crm.clone() })
            }
            Target::Create(_) => None,
        }
    }

    fn start_writer(&mut self, op: OpKey, now: Timestamp) {
        let Some(pair) = self.memory.pair(&op.pair) else { return };
        let ask = match &op.target {
            Target::Create(source) => Ask::Counterpart { marker: source.0.clone(), keys: self.key_values(&op, source) },
            Target::Update(_) | Target::Trash(_) | Target::Body(_) => {
                let ends = self.tie_ends(&op);
                let Some(record) = op.subject(ends.as_ref()) else { return };
                match &op.target {
                    Target::Body(_) => Ask::Body { record: record.id, wanted: self.wanted(&op.pair, op.side) },
                    _ => Ask::Record(record.id),
                }
            }
        };
        let writer = Writer {
            system: self.systems.get(op.side).clone(),
            entity: pair.entity.get(op.side).clone(),
            clock: self.clock.clone(),
            mail: self.mail.clone(),
            op: op.clone(),
            ask,
            flaw: self.flaw,
        };
        self.under_way.insert(op, now);
        tokio::spawn(writer.run());
    }

    /// The match keys of a source in the native dialect of the side that is to get its counterpart.
    fn key_values(&self, op: &OpKey, source: &RecordId) -> Vec<(FieldName, Value)> {
        let lookup = self.translator();
        let key = |key| {
            let pair = self.memory.pair(&op.pair)?;
            let field = pair.map.as_ref()?.field(key)?;
            let from = op.side.other();
            let common =
                field.to_common(from, pair.observation(from, source)?.known(field.name_on(from))?, &lookup).ok()?;
            let native = field.to_native(op.side, &common, &Value::Empty, &lookup).ok()?;
            (!native.is_empty()).then(|| (field.name_on(op.side).clone(), native))
        };
        let keys = self.memory.pair(&op.pair).map(|pair| pair.spec.match_by.clone()).unwrap_or_default();
        keys.iter().filter_map(key).collect()
    }

    /// A writer has its permits and its pre-read. What is to be sent now?
    pub(super) fn order(
        &mut self,
        txn: &mut Txn,
        op: &OpKey,
        began: Timestamp,
        found: Result<Vec<(RecordId, Fetched)>, RemoteError>,
    ) -> Option<Intent> {
        let found = match found {
            Ok(found) => found,
            Err(error) if lies_in_the_record(error.kind) => {
                // It lies in this record's values, and would be the same again.
                let hold = self.failure_of(op);
                self.failed_by(txn, hold, op.side, &error);
                return None;
            }
            Err(error) => {
                self.note_trouble(txn, op.side, &error);
                self.pause(op.side);
                return None;
            }
        };
        let missing = matches!(found.as_slice(), [(_, Fetched::Missing)]);
        if matches!(found.as_slice(), [(_, Fetched::Forbidden)]) {
            let hold = self.failure_of(op);
            let reason = "we may not see this record any more; check the rights of our account";
            self.failed(
                txn,
                hold,
                op.side,
                Said { reason, means: "the record is there, and not for our account to read" },
            );
            return None;
        }
        for (id, fetched) in found {
            if self.errs(Flaw::NoPreRead) && matches!(op.target, Target::Update(_)) {
                continue;
            }
            let at = RecordRef { pair: op.pair.clone(), side: op.side, id };
            self.take_one(txn, &at, began, fetched);
        }
        if missing || self.draining || !self.may_write(&op.pair) || !self.has_leave(op) {
            return None;
        }
        match &op.target {
            Target::Update(crm) => self.order_update(txn, op, crm, began),
            Target::Create(source) => self.order_create(op, source, began),
            Target::Trash(crm) => self.order_trash(op, crm, began),
            // Its writer reads the body and asks in another way.
            Target::Body(_) => None,
        }
    }

    fn order_update(&mut self, txn: &mut Txn, op: &OpKey, crm: &RecordId, began: Timestamp) -> Option<Intent> {
        let id = TieId { pair: op.pair.clone(), crm: crm.clone() };
        let plan = self.derive(&id)?;
        if plan.departure != crate::plan::Departure::No {
            return None;
        }
        let now = self.clock.now();
        let mut writes: Vec<FieldWrite> = Vec::new();
        let (mut keys, mut settles) = (Vec::new(), BTreeSet::new());
        for (key, field) in plan.fields {
            for write in field.writes.into_iter().filter(|write| write.side == op.side) {
                if self.due(&id, &key, op.side, now) <= now && self.may_touch(op, &key) {
                    if field.settled.iter().any(|settled| settled.side == op.side) {
                        settles.insert(key.clone());
                    }
                    keys.push(key.clone());
                    writes.push(write);
                }
            }
        }
        if self.one_by_one.contains(&(id.clone(), op.side)) {
            keys.truncate(1);
            writes.truncate(1);
        }
        let unmarked = plan.unmarked && op.side == Side::Notion;
        if writes.is_empty() && !unmarked {
            return None;
        }
        let pair = self.memory.pair(&op.pair)?;
        let tie = pair.ties.get(crm)?.clone();
        let map = pair.map.as_ref()?;
        let mut intent = self.new_intent(op, Purpose::Update { record: tie.on(op.side).clone() }, began);
        let lookup = self.translator();
        for (key, write) in keys.into_iter().zip(writes) {
            let field = map.field(&key)?;
            let current = self.current(&tie, field, op.side);
            let carried = if self.errs(Flaw::GuestsDropped) { Value::Empty } else { current.clone() };
            let native = field.to_native(op.side, &write.value, &carried, &lookup).ok()?;
            if settles.remove(&key) {
                intent.settles.insert(key.clone());
            }
            intent.before.insert(key.clone(), field.to_common(op.side, &current, &lookup).unwrap_or(current));
            intent.fields.insert(field.name_on(op.side).clone(), native);
            intent.common.insert(key.clone(), write.value);
            intent.agreed.insert(key.clone(), write.agreed);
            intent.cause.insert(key, write.cause);
        }
        self.without_fights(txn, &id, &mut intent);
        if intent.common.is_empty() && !unmarked {
            return None;
        }
        intent.seq = self.memory.new_intent();
        Some(intent)
    }

    fn order_create(&mut self, op: &OpKey, source: &RecordId, began: Timestamp) -> Option<Intent> {
        let from = op.side.other();
        let pair = self.memory.pair(&op.pair)?;
        if !pair.map.as_ref()?.tells_apart() {
            return None;
        }
        let matching = match_untied(&self.facts(pair), pair.spec.create);
        if matching.of(from).get(source) != Some(&Fate::Create) && !self.errs(Flaw::NoMatchBeforeCreate) {
            return None;
        }
        let (map, observation) = (pair.map.as_ref()?, pair.observation(from, source)?);
        let mut intent = self.new_intent(op, Purpose::Create { source: source.clone() }, began);
        let lookup = self.translator();
        // After a refusal only what makes it that record: the rest follows once it is there, field by field.
        let bare = self.bare_creates.contains(&(op.pair.clone(), op.side, source.clone()));
        let needed = |field: &FieldMap| {
            !bare || map.title.as_ref() == Some(&field.spec.key) || pair.spec.match_by.contains(&field.spec.key)
        };
        for field in map.fields.iter().filter(|field: &&FieldMap| field.writes(op.side) && needed(field)) {
            let Some(native) = observation.known(field.name_on(from)) else { continue };
            let Ok(common) = field.to_common(from, native, &lookup) else { continue };
            // What has no form there is left out and shown as a hold once the two are tied.
            let Ok(native) = field.to_native(op.side, &common, &Value::Empty, &lookup) else { continue };
            if native.is_empty() {
                continue;
            }
            let key = field.spec.key.clone();
            intent.fields.insert(field.name_on(op.side).clone(), native);
            intent.agreed.insert(key.clone(), common.clone());
            intent.cause.insert(key.clone(), format!("created for {from} record {source}"));
            intent.common.insert(key, common);
        }
        intent.seq = self.memory.new_intent();
        Some(intent)
    }

    fn order_trash(&mut self, op: &OpKey, crm: &RecordId, began: Timestamp) -> Option<Intent> {
        let id = TieId { pair: op.pair.clone(), crm: crm.clone() };
        let plan = self.derive(&id)?;
        if plan.departure != (crate::plan::Departure::Trash { side: op.side }) {
            return None;
        }
        let record = self.memory.pair(&op.pair)?.ties.get(crm)?.on(op.side).clone();
        let mut intent = self.new_intent(op, Purpose::Trash { record }, began);
        intent.seq = self.memory.new_intent();
        Some(intent)
    }

    /// A tied page says which CRM record it belongs to; only where it does not yet, that is written.
    fn marker_to_write(&self, name: &crate::model::PairName, crm: &RecordId) -> Option<String> {
        let pair = self.memory.pair(name)?;
        let page = pair.observation(Side::Notion, &pair.ties.get(crm)?.notion)?;
        (page.marker.as_deref() != Some(crm.as_str())).then(|| crm.0.clone())
    }

    pub(super) fn new_intent(&self, op: &OpKey, purpose: Purpose, began: Timestamp) -> Intent {
        let attempt = match &op.target {
            Target::Create(source) => self.sends(&op.pair, op.side, source) + 1,
            _ => 1,
        };
        let edited_at = match &purpose {
            Purpose::Update { record } | Purpose::Trash { record } | Purpose::Body { record, .. } => self
                .memory
                .pair(&op.pair)
                .and_then(|pair| pair.observation(op.side, record))
                .and_then(|seen| seen.edited_at),
            Purpose::Create { .. } => None,
        };
        Intent {
            seq: 0,
            pair: op.pair.clone(),
            side: op.side,
            purpose,
            fields: BTreeMap::new(),
            common: BTreeMap::new(),
            before: BTreeMap::new(),
            settles: BTreeSet::new(),
            agreed: BTreeMap::new(),
            cause: BTreeMap::new(),
            read_at: began,
            edited_at,
            made: None,
            attempt,
            state: IntentState::Sent { at: self.clock.now() },
        }
    }

    /// The order for a writer whose intent is durable now.
    pub(super) fn sending_order(&mut self, op: &OpKey, intent: &Intent) -> Order {
        self.note_write(&op.pair, self.clock.now());
        let marker = match (&op.target, op.side) {
            (Target::Create(source), _) => Some(source.0.clone()),
            (Target::Update(crm), Side::Notion) => self.marker_to_write(&op.pair, crm),
            _ => None,
        };
        let ends = self.tie_ends(op);
        if let (Some(at), Target::Update(_) | Target::Trash(_)) = (op.subject(ends.as_ref()), &op.target) {
            self.sending.insert(at);
        }
        self.open_window(intent);
        Order::Send { intent: intent.seq, fields: intent.fields.clone(), marker }
    }
}
