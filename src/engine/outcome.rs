//! What becomes of a write: the returned value is compared with the sent one, and only then is it the base.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::mapping::FieldMap;
use crate::model::{
    Base, FieldKey, FieldName, FieldState, Happening, HoldId, Intent, IntentState, Mark, MarkKind, Presence, Purpose,
    Record, RecordId, RecordRef, Side, Tie, TieId, Value,
};
use crate::remote::WriteError;

use super::core::{Core, OpKey, RecentWrite};
use super::flaw::Flaw;
use super::memory::Txn;
use super::reading::Source;

/// How a side took one field of a write.
enum Taken {
    /// As sent, or equal under a declared normalisation: what it returned, common dialect.
    Yes(Value),
    /// It kept what it had.
    Kept,
    /// It holds something else, common dialect, or does not say: an observation and nothing more.
    Other(Option<Value>),
}

impl Core {
    /// A write was answered, or not.
    pub(super) fn take_written(
        &mut self,
        txn: &mut Txn,
        op: &OpKey,
        seq: u64,
        outcome: Result<Option<Record>, WriteError>,
    ) {
        let ends = self.tie_ends(op);
        if let Some(at) = op.subject(ends.as_ref()) {
            self.sending.remove(&at);
        }
        self.under_way.remove(op);
        let now = self.clock.now();
        let Some(intent) = self.memory.intents.get(&seq).cloned() else { return };
        if let Purpose::Update { record } | Purpose::Trash { record } = &intent.purpose {
            self.sending.remove(&RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.clone() });
        }
        match outcome {
            Ok(returned) => {
                self.note_answer(txn, intent.side);
                self.note_written(txn, intent.side);
                self.hastened.remove(op);
                self.figures.done(intent.side, now);
                if let Some(planned) = self.planned.remove(op) {
                    self.figures.arrived(planned.since, now);
                }
                self.memory.remove_intent(txn, seq);
                match (&intent.purpose, returned) {
                    (Purpose::Create { source }, Some(record)) => {
                        self.finish_create(txn, &intent, source, record, now, Happening::Created);
                    }
                    (Purpose::Create { .. }, None) => {}
                    (Purpose::Update { record }, returned) => self.finish_update(txn, &intent, record, returned, now),
                    (Purpose::Trash { record }, _) => self.finish_trash(txn, &intent, record, now),
                    (Purpose::Body { record, done, blocks }, _) => {
                        self.finish_part(txn, &intent, record, done + blocks, now);
                    }
                }
                self.drop_window(&intent);
            }
            Err(WriteError::NotDone(error)) => {
                self.memory.remove_intent(txn, seq);
                self.drop_window(&intent);
                self.not_done(txn, op, &intent, &error, now);
            }
            Err(WriteError::Unknown(why)) => {
                self.note_unanswered(txn, intent.side);
                self.unknown(txn, intent, &why);
            }
            Err(WriteError::Saved { id, why }) => {
                self.note_written(txn, intent.side);
                let made = matches!(intent.purpose, Purpose::Create { .. }).then(|| id.clone());
                self.unknown(txn, Intent { made, ..intent }, &format!("saved as {id}, but not readable yet: {why}"));
            }
        }
        self.touch_subject(op);
    }

    /// Whatever became of an operation, what it was about is planned anew.
    pub(super) fn touch_subject(&mut self, op: &OpKey) {
        let ends = self.tie_ends(op);
        if let Some(at) = op.subject(ends.as_ref()) {
            self.memory.touch(&at);
        }
    }

    fn taken(&self, field: &FieldMap, intent: &Intent, returned: Option<&Record>) -> Taken {
        let Some(sent) = intent.common.get(&field.spec.key) else { return Taken::Other(None) };
        // Where a method returns no record, the base is the value sent.
        let Some(record) = returned else { return Taken::Yes(sent.clone()) };
        let Some(FieldState::Known(native)) = record.fields.get(field.name_on(intent.side)) else {
            return Taken::Other(None);
        };
        let Ok(got) = field.to_common(intent.side, native, &self.translator()) else { return Taken::Other(None) };
        if field.accepts(intent.side, sent, &got) {
            Taken::Yes(got)
        } else if intent.before.get(&field.spec.key).unwrap_or(&Value::Empty) == &got {
            Taken::Kept
        } else {
            Taken::Other(Some(got))
        }
    }

    /// Sets that a write of unknown outcome does not show: it was not executed, or somebody has edited them since.
    pub(super) fn sets_not_taken(&self, intent: &Intent, record: &Record) -> Vec<FieldName> {
        let map = self.memory.pair(&intent.pair).and_then(|pair| pair.map.as_ref());
        let sets = map.into_iter().flat_map(|map| &map.fields).filter(|it| it.crm.multiple && it.notion.multiple);
        let sets = sets.filter(|field| intent.common.contains_key(&field.spec.key));
        let missing = sets.filter(|field| !matches!(self.taken(field, intent, Some(record)), Taken::Yes(_)));
        missing.map(|field| field.name_on(intent.side).clone()).collect()
    }

    fn finish_update(
        &mut self,
        txn: &mut Txn,
        intent: &Intent,
        record: &RecordId,
        returned: Option<Record>,
        now: Timestamp,
    ) {
        let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.clone() };
        let Some(tie) = self.memory.pair(&at.pair).and_then(|pair| pair.tie_of(at.side, &at.id)).cloned() else {
            return;
        };
        self.figures.window(intent.read_at, now);
        let bases = tie.base.clone();
        let written = self.settle_fields(txn, intent, &at, tie, returned.as_ref(), now, true);
        self.figures.written(intent.side, now, written);
        self.remember_write(&at, intent, now);
        let id = self.memory.pair(&at.pair).and_then(|pair| pair.tie_of(at.side, &at.id)).map(Tie::id);
        if let Some(id) = id {
            self.note_success(txn, &HoldId::tie(&id), intent.side);
        }
        match returned {
            Some(record) => self.take_reading(txn, &at, now, record, Source::ById),
            None => self.assume_written(txn, &at, intent, &bases, now),
        }
    }

    /// Compares field by field, moves bases, marks refusals, and tells the journal. `refusals` is false where nobody knows
    /// whether the write reached the side at all: a value that was kept then says nothing.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn settle_fields(
        &mut self,
        txn: &mut Txn,
        intent: &Intent,
        at: &RecordRef,
        mut tie: Tie,
        returned: Option<&Record>,
        now: Timestamp,
        refusals: bool,
    ) -> usize {
        let id = tie.id();
        let fields: Vec<FieldMap> = self
            .memory
            .pair(&at.pair)
            .and_then(|pair| pair.map.as_ref())
            .map(|map| map.fields.iter().filter(|field| intent.common.contains_key(&field.spec.key)).cloned().collect())
            .unwrap_or_default();
        let mut written = 0;
        let mut moved = false;
        let mut taken: BTreeMap<FieldKey, Value> = BTreeMap::new();
        for field in &fields {
            let key = &field.spec.key;
            let hold = HoldId::field(&id, key);
            let mut event = self.event(Happening::Wrote, at, intent.cause.get(key).cloned().unwrap_or_default());
            event.field = Some(key.clone());
            event.before = intent.before.get(key).cloned();
            event.window = Some(self.window_of(intent, now));
            let taken_as = self.taken(field, intent, returned);
            let answered = returned.and_then(|record| record.fields.get(field.name_on(intent.side))).is_some();
            if let (Taken::Other(_), true, Some(sent)) = (&taken_as, answered, intent.common.get(key)) {
                self.note_altered(at, key, now, sent);
            }
            match taken_as {
                Taken::Yes(got) => {
                    written += 1;
                    let before = event.before.clone().unwrap_or_default();
                    self.note_taken(at, key, now, intent.common.get(key).unwrap_or(&got), &before);
                    event.after = Some(got.clone());
                    taken.insert(key.clone(), got.clone());
                    if intent.settles.contains(key) {
                        let mut settled = event.clone();
                        settled.what = Happening::Settled;
                        settled.window = None;
                        txn.events.push(settled);
                    }
                    txn.events.push(event);
                    moved |= self.move_base(&mut tie, field, intent, got, returned, now);
                    self.memory.remove_mark(txn, &hold, "refused");
                }
                Taken::Kept if refusals && self.errs(Flaw::RefusedAsBase) => {
                    let sent = intent.common.get(key).cloned().unwrap_or_default();
                    moved |= self.move_base(&mut tie, field, intent, sent, returned, now);
                }
                Taken::Kept if refusals => {
                    let sent = intent.common.get(key).cloned().unwrap_or_default();
                    let reason = format!("{} kept its old value and said nothing", intent.side);
                    event.what = Happening::Refused;
                    event.after = Some(sent.clone());
                    event.note.clone_from(&reason);
                    txn.events.push(event);
                    let kind = MarkKind::Refused { side: intent.side, sent, reason };
                    self.memory.put_mark(txn, Mark { id: hold, kind, at: now });
                }
                // Whatever stands there now, the value that was to lose does not: ours, or who came after us, took its place.
                Taken::Other(_) if intent.settles.contains(key) => {
                    event.what = Happening::Settled;
                    event.window = None;
                    event.after = intent.common.get(key).cloned();
                    txn.events.push(event);
                }
                // A side that took a part of a set holds that part by agreement: whoever takes it out later means it.
                Taken::Other(Some(got)) if refusals => {
                    moved |= self.move_base_of_part(&mut tie, field, intent, &got, returned, now);
                }
                Taken::Kept | Taken::Other(_) => {}
            }
        }
        if moved {
            self.memory.put_tie(txn, tie);
        }
        for key in taken.keys() {
            self.undo_taken(txn, &HoldId::field(&id, key), intent.side);
        }
        if refusals {
            self.close_window(txn, at, intent, &taken, now);
        } else {
            self.note_found_inside(at, intent, &taken);
        }
        written
    }

    fn remember_write(&mut self, at: &RecordRef, intent: &Intent, now: Timestamp) {
        let known = self.memory.pair(&at.pair).and_then(|pair| pair.observation(at.side, &at.id));
        let before = intent.fields.keys().filter_map(|name| Some((name.clone(), known?.known(name)?.clone())));
        let before = before.collect();
        self.recent_writes.insert(at.clone(), RecentWrite { at: now, before });
    }

    /// A record was made, or an unknown one was found to have been made: it is tied to its source.
    pub(super) fn finish_create(
        &mut self,
        txn: &mut Txn,
        intent: &Intent,
        source: &RecordId,
        record: Record,
        now: Timestamp,
        what: Happening,
    ) {
        let (crm, notion) = match intent.side {
            Side::Notion => (source.clone(), record.id.clone()),
            Side::Crm => (record.id.clone(), source.clone()),
        };
        let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.id.clone() };
        let Some(pair) = self.memory.pair(&intent.pair) else { return };
        let taken = pair.tie_of(Side::Crm, &crm).or_else(|| pair.tie_of(Side::Notion, &notion)).map(Tie::id);
        if taken.is_some_and(|taken| taken.crm != crm) || pair.ties.get(&crm).is_some_and(|tie| tie.notion != notion) {
            // The source was linked by an operator while this was out: the new record stays, as an orphan.
            self.take_reading(txn, &at, now, record, Source::ById);
            return;
        }
        let note = format!("for {} record {source}", intent.side.other());
        self.tie(txn, &intent.pair, &crm, &notion, &note);
        let id = TieId { pair: intent.pair.clone(), crm };
        let mut event = self.tie_event(what, &id, note);
        event.side = Some(intent.side);
        event.window = Some(self.window_of(intent, now));
        txn.events.push(event);
        self.first_base(txn, intent, &id, &record, now);
        self.begin_body(txn, intent.side, &id, now);
        self.figures.written(intent.side, now, intent.common.len());
        self.take_reading(txn, &at, now, record, Source::ById);
    }

    /// What a new record shows of what was sent is the base; what it did not take is marked as refused.
    fn first_base(&mut self, txn: &mut Txn, intent: &Intent, id: &TieId, record: &Record, now: Timestamp) {
        let Some(pair) = self.memory.pair(&id.pair) else { return };
        let (Some(map), Some(mut tie)) = (pair.map.as_ref(), pair.ties.get(&id.crm).cloned()) else { return };
        let fields = map.fields.clone();
        for field in &fields {
            let key = &field.spec.key;
            match self.taken(field, intent, Some(record)) {
                Taken::Yes(got) => {
                    self.move_base(&mut tie, field, intent, got, Some(record), now);
                }
                Taken::Kept => {
                    let sent = intent.common.get(key).cloned().unwrap_or_default();
                    let reason = format!("{} created the record without it", intent.side);
                    let kind = MarkKind::Refused { side: intent.side, sent, reason };
                    self.memory.put_mark(txn, Mark { id: HoldId::field(id, key), kind, at: now });
                }
                Taken::Other(_) => {}
            }
        }
        self.memory.put_tie(txn, tie);
    }

    fn finish_trash(&mut self, txn: &mut Txn, intent: &Intent, record: &RecordId, now: Timestamp) {
        let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.clone() };
        let Some(pair) = self.memory.pair(&at.pair) else { return };
        let (tie, known) = (pair.tie_of(at.side, &at.id).map(Tie::id), pair.observation(at.side, &at.id).cloned());
        if let Some(mut observation) = known {
            observation.presence = Presence::Trashed;
            observation.seen_at = now;
            let note = "put into the trash after its counterpart, by the pair's delete policy";
            let mut event = self.event(Happening::Gone, &at, note);
            event.window = Some(self.window_of(intent, now));
            txn.events.push(event);
            self.note_trashed(txn, &at, (intent.read_at, now));
            self.memory.put_observation(txn, &at, observation);
        }
        if let Some(id) = tie {
            self.count_departure(&id.pair);
            self.untie(txn, &id, None);
        }
    }

    /// Nobody knows whether it was executed: it will be probed.
    fn unknown(&mut self, txn: &mut Txn, mut intent: Intent, why: &str) {
        let IntentState::Sent { at } = intent.state else { return };
        // It may have left only now, after a long wait for its turn: that is when the time it may take to arrive begins.
        let now = self.clock.now();
        let sent_at = if matches!(intent.purpose, Purpose::Create { .. }) { now } else { at };
        intent.state = IntentState::Unknown { sent_at, probes: 0, next_probe: self.first_probe(&intent, now) };
        txn.events.push(self.intent_event(
            Happening::Unknown,
            &intent,
            format!("no answer tells whether it was done: {why}"),
        ));
        self.memory.put_intent(txn, intent);
    }

    /// The base moves to what the side returned and what the other side held when it was planned, if the two are the same
    /// thing; where both sides are being written, the second write moves it, but for the elements that both hold already.
    fn move_base(
        &self,
        tie: &mut Tie,
        field: &FieldMap,
        intent: &Intent,
        got: Value,
        returned: Option<&Record>,
        at: Timestamp,
    ) -> bool {
        let key: &FieldKey = &field.spec.key;
        let (Some(sent), Some(agreed)) = (intent.common.get(key), intent.agreed.get(key)) else { return false };
        let same = field.same(sent, agreed);
        let (got, agreed) = match tie.base.get(key).filter(|_| !same && field.crm.multiple && field.notion.multiple) {
            _ if same => (got, agreed.clone()),
            Some(before) => {
                let shared = shared_elements(&self.comparable(field, before).0, &got, agreed);
                (shared.clone(), shared)
            }
            None => return false,
        };
        self.put_base(tie, field, intent, (got, agreed), returned, at);
        true
    }

    /// The base of a set of which a side took a part moves as far as the two agree now.
    fn move_base_of_part(
        &self,
        tie: &mut Tie,
        field: &FieldMap,
        intent: &Intent,
        got: &Value,
        returned: Option<&Record>,
        at: Timestamp,
    ) -> bool {
        let before = tie.base.get(&field.spec.key).filter(|_| field.crm.multiple && field.notion.multiple);
        let (Some(before), Some(agreed)) = (before, intent.agreed.get(&field.spec.key)) else { return false };
        let before = self.comparable(field, before).0;
        let shared = shared_elements(&before, got, agreed);
        if shared == before {
            return false;
        }
        self.put_base(tie, field, intent, (shared.clone(), shared), returned, at);
        true
    }

    fn put_base(
        &self,
        tie: &mut Tie,
        field: &FieldMap,
        intent: &Intent,
        (got, agreed): (Value, Value),
        returned: Option<&Record>,
        at: Timestamp,
    ) {
        let key: &FieldKey = &field.spec.key;
        let name = &field.spec.notion;
        let pair = self.memory.pair(&tie.pair);
        let on_page = match (intent.side, returned) {
            (Side::Notion, Some(record)) => record.fields.get(name).and_then(FieldState::known),
            (Side::Notion, None) => intent.fields.get(name),
            (Side::Crm, _) => pair.and_then(|pair| pair.observation(Side::Notion, &tie.notion)?.last_known(name)),
        };
        let pages = self.pages_of(field, (&got, intent.read_at), on_page, tie.base.get(key));
        let (crm, notion) = match intent.side {
            Side::Crm => (got, agreed),
            Side::Notion => (agreed, got),
        };
        tie.base
            .insert(key.clone(), Base { crm, notion, at, mapping: field.hash.clone(), pages, late: BTreeMap::new() });
    }
}

/// What two sets agree on, element by element: what both hold, and what was agreed on before and only one holds now.
fn shared_elements(before: &Value, one: &Value, other: &Value) -> Value {
    let elements = |value: &Value| value.elements().unwrap_or_default();
    let (agreed, here, there) = (elements(before), elements(one), elements(other));
    let undecided = here.symmetric_difference(&there).filter(|element| agreed.contains(*element));
    Value::set_like(one, other, here.intersection(&there).chain(undecided).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sets_agree_on_what_both_hold_and_on_what_was_agreed_and_only_one_has_taken_out() {
        let set = |elements: &[&str]| Value::links(elements.iter().map(|it| (*it).to_owned()));
        let shared = shared_elements(&set(&["1", "2", "3"]), &set(&["1", "2", "4", "5"]), &set(&["1", "3", "4"]));
        assert_eq!(shared, set(&["1", "2", "3", "4"]), "5 is on one side only, and was never agreed on");
        assert_eq!(shared_elements(&set(&["1"]), &Value::Empty, &Value::Empty), Value::Empty, "both have taken it out");
    }
}
