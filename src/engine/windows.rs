//! The windows of our writes, from the pre-read to the acknowledgement, and what somebody edited inside them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::mapping::FieldMap;
use crate::model::{
    Event, FieldKey, FieldName, FieldState, Happening, Intent, IntentState, PairName, Purpose, Record, RecordRef, Side,
    Value,
};

use super::core::{Core, after, signed};
use super::hints::{Edit, SLACK};
use super::memory::Txn;

/// One write of ours.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) intent: u64,
    pub(super) opened: Timestamp,
    /// `None` while the answer is out.
    pub(super) closed: Option<Timestamp>,
    /// The record's edit time at the pre-read, by its system.
    pub(super) edited_at: Option<Timestamp>,
    /// An earlier life of the process opened it, perhaps by another clock of ours: what its system says of time counts.
    pub(super) recalled: bool,
    pub(super) fields: BTreeMap<FieldKey, Slot>,
}

/// One field of a write, common dialect.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) before: Value,
    pub(super) ours: Value,
    /// A third value that a reading showed in between.
    pub(super) glimpsed: Option<Value>,
    /// The first reading after the window that showed what nobody but a person can have put there.
    pub(super) moved_on: Option<Timestamp>,
    /// It is written again, for nobody knows whether it was written: what somebody put back since is overwritten.
    pub(super) repeated: bool,
    /// Nothing more is to be told of it.
    pub(super) done: bool,
}

impl Core {
    /// From the pre-read of a write to its answer; where there was none, to the latest moment at which it can have been
    /// executed.
    pub(super) fn window_of(&self, intent: &Intent, now: Timestamp) -> (Timestamp, Timestamp) {
        let latest = match intent.state {
            IntentState::Unknown { sent_at, .. } => after(sent_at, signed(self.timing.settle_unknown_update)),
            IntentState::Sent { .. } => now,
        };
        let closed = now.min(latest);
        // By a clock that was set back since, it would begin after its end.
        (intent.read_at.min(closed), closed)
    }

    /// A write is about to be sent.
    pub(super) fn open_window(&mut self, intent: &Intent) {
        let Purpose::Update { record } = &intent.purpose else { return };
        let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.clone() };
        let slot = |(key, ours): (&FieldKey, &Value)| {
            let before = intent.before.get(key).cloned().unwrap_or_default();
            (
                key.clone(),
                Slot { before, ours: ours.clone(), glimpsed: None, moved_on: None, repeated: false, done: false },
            )
        };
        let fields = intent.common.iter().map(slot).collect();
        let window = Window {
            intent: intent.seq,
            opened: intent.read_at,
            closed: None,
            edited_at: intent.edited_at,
            recalled: false,
            fields,
        };
        self.hints.keep(at, window);
    }

    /// Nobody knows when it was executed, if it was: whatever was edited until somebody looked may be overwritten.
    pub(super) fn close_unknown_window(&mut self, txn: &mut Txn, at: &RecordRef, intent: &Intent, now: Timestamp) {
        if let Some(window) = self.hints.window(at, intent.seq) {
            window.closed = Some(now);
            self.judge_windows(txn, at);
        }
    }

    /// It was not executed, or nobody will ever know: what is still open of it is forgotten.
    pub(super) fn drop_window(&mut self, intent: &Intent) {
        let Purpose::Update { record } = &intent.purpose else { return };
        let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.clone() };
        if let Some(windows) = self.hints.windows.get_mut(&at) {
            windows.retain(|window| window.intent != intent.seq || window.closed.is_some());
        }
    }

    /// A reading that came while a write was out, or its outcome unknown: if it shows a third value, edited after our
    /// pre-read, that is what the write is overwriting.
    pub(super) fn glimpse(&mut self, at: &RecordRef, record: &Record) {
        let mut found: Vec<(u64, FieldKey, Value)> = Vec::new();
        for window in self.hints.windows.get(at).into_iter().flatten().filter(|window| window.closed.is_none()) {
            // An index that lags shows older values too; only a later stamp tells the two apart.
            if record.edited_at <= window.edited_at {
                continue;
            }
            for (key, slot) in &window.fields {
                let Some(field) = self.field(&at.pair, key) else { continue };
                let Some(native) = record.fields.get(field.name_on(at.side)).and_then(FieldState::known) else {
                    continue;
                };
                let shown = self.common(field, at.side, native);
                if !field.same(&shown, &slot.before) && !field.accepts(at.side, &slot.ours, &shown) {
                    found.push((window.intent, key.clone(), shown));
                }
            }
        }
        for (intent, key, shown) in found {
            if let Some(slot) = self.hints.window(at, intent).and_then(|window| window.fields.get_mut(&key)) {
                slot.glimpsed = Some(shown);
            }
        }
    }

    /// The side took these fields, so the window is closed: whatever was edited inside it is told.
    pub(super) fn close_window(
        &mut self,
        txn: &mut Txn,
        at: &RecordRef,
        intent: &Intent,
        taken: &BTreeMap<FieldKey, Value>,
        now: Timestamp,
    ) {
        self.note_taken_inside(at, intent, taken);
        let Some(window) = self.hints.window(at, intent.seq) else { return };
        window.closed = Some(now);
        window.fields.retain(|key, _| taken.contains_key(key));
        self.judge_windows(txn, at);
    }

    /// What the side made of the fields that it took.
    fn note_taken_inside(&mut self, at: &RecordRef, intent: &Intent, taken: &BTreeMap<FieldKey, Value>) {
        let Some(window) = self.hints.window(at, intent.seq) else { return };
        for (key, slot) in &mut window.fields {
            if let Some(value) = taken.get(key) {
                slot.ours = value.clone();
            }
        }
    }

    /// Which fields show what was sent, of a write of unknown outcome. One that does not may have shown it for a while, so
    /// its window stays.
    pub(super) fn note_found_inside(&mut self, at: &RecordRef, intent: &Intent, found: &BTreeMap<FieldKey, Value>) {
        self.note_taken_inside(at, intent, found);
        let is_set = |key: &FieldKey| self.field(&at.pair, key).is_some_and(|it| it.crm.multiple && it.notion.multiple);
        let missing = intent.common.keys().filter(|key| !found.contains_key(*key) && is_set(key));
        let missing: Vec<FieldKey> = missing.cloned().collect();
        self.expect_repeated(at, intent, &missing);
    }

    /// Fields of a write of unknown outcome that are going to be written again.
    pub(super) fn expect_repeated(&mut self, at: &RecordRef, intent: &Intent, fields: &[FieldKey]) {
        let Some(window) = self.hints.window(at, intent.seq) else { return };
        for key in fields {
            if let Some(slot) = window.fields.get_mut(key) {
                slot.repeated = true;
            }
        }
    }

    /// Somebody else's value of a field, seen while nobody knew whether our write had arrived.
    pub(super) fn notice_inside(&mut self, at: &RecordRef, intent: &Intent, key: &FieldKey, value: Value) {
        if let Some(slot) = self.hints.window(at, intent.seq).and_then(|window| window.fields.get_mut(key)) {
            slot.glimpsed = Some(value);
        }
    }

    /// Plain fields that show what a write was to bring from the other side, which shows something else by now.
    pub(super) fn left_behind(&self, at: &RecordRef, intent: &Intent, record: &Record) -> Vec<(FieldKey, Value)> {
        let Some(pair) = self.memory.pair(&at.pair) else { return Vec::new() };
        let (Some(map), Some(tie)) = (&pair.map, pair.tie_of(at.side, &at.id)) else { return Vec::new() };
        let other = at.side.other();
        let source = pair.observation(other, tie.on(other));
        let left_behind = |(key, sent): (&FieldKey, &Value)| {
            let field = map.field(key).filter(|it| !(it.crm.multiple && it.notion.multiple))?;
            let shown = record.fields.get(field.name_on(at.side)).and_then(FieldState::known)?;
            let shown = self.common(field, at.side, shown);
            let stands = self.common(field, other, source?.known(field.name_on(other))?);
            (field.accepts(at.side, sent, &shown) && !field.same(&stands, sent)).then(|| (key.clone(), shown))
        };
        intent.common.iter().filter_map(left_behind).collect()
    }

    /// Plain fields that show what stood before a write.
    pub(super) fn shown_as_before(
        &self,
        at: &RecordRef,
        intent: &Intent,
        record: &Record,
    ) -> Vec<(FieldKey, FieldName)> {
        let map = self.memory.pair(&intent.pair).and_then(|pair| pair.map.as_ref());
        let plain = map.into_iter().flat_map(|map| &map.fields).filter(|it| !(it.crm.multiple && it.notion.multiple));
        let as_before = plain.filter(|field| {
            let shown = record.fields.get(field.name_on(at.side)).and_then(FieldState::known);
            let shown = shown.map(|native| self.common(field, at.side, native));
            shown.zip(intent.before.get(&field.spec.key)).is_some_and(|(shown, before)| field.same(&shown, before))
        });
        let written = as_before.filter(|field| intent.common.contains_key(&field.spec.key));
        written.map(|field| (field.spec.key.clone(), field.name_on(at.side).clone())).collect()
    }

    /// Whether an edit was made after the pre-read of a window.
    fn came_after(&self, side: Side, window: &Window, edit: &Edit) -> bool {
        match window.edited_at.filter(|_| window.recalled) {
            Some(edited) => edit.theirs >= edited,
            None => self.ours(side, edit) + edit.within >= window.opened - SLACK,
        }
    }

    /// Whether somebody else has edited a record since a write was about to be sent, by the record's own stamp: it is the last
    /// editor's, and may be rounded down.
    pub(super) fn stamped_since(&self, at: &RecordRef, intent: &Intent, record: &Record) -> bool {
        let precision = self.systems.get(at.side).capabilities().precision;
        let since = |(edited, before): (Timestamp, Timestamp)| {
            edited > before || edited == before && edited.checked_add(precision).is_ok_and(|to| to > intent.read_at)
        };
        !record.edited_by_us && record.edited_at.zip(intent.edited_at).is_some_and(since)
    }

    /// Whether word came of an edit of this field since a write of unknown outcome was sent: then a value that looks as if
    /// nothing had happened may have been put back.
    pub(super) fn was_edited_since(&self, at: &RecordRef, intent: &Intent, name: &FieldName) -> bool {
        let windows = self.hints.windows.get(at).into_iter().flatten();
        let mut own = windows.filter(|window| window.intent == intent.seq);
        let edits = self.hints.edits.get(at).map(Vec::as_slice).unwrap_or_default();
        let names_it = |edit: &&Edit| edit.fields.as_ref().is_none_or(|names| names.contains(name));
        own.any(|window| edits.iter().filter(names_it).any(|edit| self.came_after(at.side, window, edit)))
    }

    /// Tells every edit that lies in a closed window of the same field, once a field and window.
    pub(super) fn judge_windows(&mut self, txn: &mut Txn, at: &RecordRef) {
        let edits = self.hints.edits.get(at).map(Vec::as_slice).unwrap_or_default();
        let windows = self.hints.windows.get(at).map(Vec::as_slice).unwrap_or_default();
        let mut judged: Vec<(u64, FieldKey, Option<Timestamp>, Option<Event>)> = Vec::new();
        for window in windows {
            let Some(closed) = window.closed else { continue };
            for (key, slot) in window.fields.iter().filter(|(_, slot)| !slot.done) {
                let Some(field) = self.field(&at.pair, key) else { continue };
                let stranger = self.stranger(at, window, closed, key, field);
                let moved_on = slot.moved_on.or(stranger.as_ref().map(|(_, came)| *came));
                let names_it =
                    |edit: &&Edit| edit.fields.as_ref().is_none_or(|names| names.contains(field.name_on(at.side)));
                let inside =
                    |edit: &&Edit| self.came_after(at.side, window, edit) && self.ours(at.side, edit) <= closed + SLACK;
                let edit = edits.iter().filter(names_it).find(inside);
                // Of several edits only the last can be what was seen to stand.
                let overtaken = |seen: Timestamp| {
                    let between = |other: &Edit, edit: &Edit| {
                        other.theirs > edit.theirs && self.ours(at.side, other) <= seen + SLACK
                    };
                    edit.is_some_and(|edit| edits.iter().filter(names_it).any(|other| between(other, edit)))
                };
                let lost = match (&slot.glimpsed, moved_on) {
                    (Some(glimpsed), Some(_)) => stranger.is_none_or(|(shown, _)| !field.same(&shown, glimpsed)),
                    (Some(_), None) => true,
                    (None, Some(seen)) if !slot.repeated => overtaken(seen),
                    (None, _) => edit.is_some(),
                };
                let event = lost.then(|| self.overwritten(at, window, closed, key, slot, edit));
                judged.push((window.intent, key.clone(), moved_on, event));
            }
        }
        for (intent, key, moved_on, event) in judged {
            let windows = self.hints.windows.get_mut(at).into_iter().flatten();
            let slot = windows.filter(|window| window.intent == intent).find_map(|it| it.fields.get_mut(&key));
            if let Some(slot) = slot {
                slot.moved_on = moved_on;
                slot.done = event.is_some();
            }
            txn.events.extend(event);
        }
    }

    /// What the field shows after a window, and since when, if that is neither what was written then nor what we wrote later.
    fn stranger(
        &self,
        at: &RecordRef,
        window: &Window,
        closed: Timestamp,
        key: &FieldKey,
        field: &FieldMap,
    ) -> Option<(Value, Timestamp)> {
        let seen = self.memory.pair(&at.pair)?.observation(at.side, &at.id).filter(|seen| seen.seen_at >= closed)?;
        let name = field.name_on(at.side);
        let shown = self.common(field, at.side, seen.known(name)?);
        let later = self.hints.windows.get(at).into_iter().flatten().filter(|other| other.opened >= window.opened);
        let is_ours = |slot: &Slot| field.same(&shown, &slot.ours) || field.accepts(at.side, &slot.ours, &shown);
        let by_us = later.filter_map(|other| other.fields.get(key)).any(is_ours);
        (!by_us).then(|| (shown, seen.changed_between.get(name).map_or(seen.seen_at, |(_, came)| *came)))
    }

    fn overwritten(
        &self,
        at: &RecordRef,
        window: &Window,
        closed: Timestamp,
        key: &FieldKey,
        slot: &Slot,
        edit: Option<&Edit>,
    ) -> Event {
        let when = edit.map_or_else(String::new, |edit| format!(" at {}", edit.theirs));
        let side = at.side;
        let note = match &slot.glimpsed {
            Some(_) => format!(
                "somebody set this in {side}{when} while we were writing it; if it is gone there, enter it again or undo our \
                 write"
            ),
            None if slot.repeated => format!(
                "somebody edited the record in {side}{when} while nobody knew whether our write had arrived, so it is written \
                 again; if they had put this back, enter it again or undo our write"
            ),
            None => format!(
                "somebody edited it in {side}{when} while we were writing it; look at the record's history there and enter \
                 again what is missing"
            ),
        };
        let mut event = self.event(Happening::PossiblyOverwritten, at, note);
        event.field = Some(key.clone());
        event.before.clone_from(&slot.glimpsed);
        event.after = Some(slot.ours.clone());
        event.window = Some((window.opened, closed));
        event
    }

    fn field(&self, name: &PairName, key: &FieldKey) -> Option<&FieldMap> {
        self.memory.pair(name)?.map.as_ref()?.field(key)
    }
}
