//! Taking a reading: what a side showed becomes an observation, and a change becomes a line of the journal.
//!
//! Readings come late and out of order: a listing that was asked before a write may arrive after it. So each carries the
//! moment its request *began*, and one that began before something newer is known is dropped; the overlap of the
//! increments brings its news again.

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    Event, FieldState, Happening, Kind, Observation, Presence, Record, RecordRef, Side, TieId, Unread, Value,
};
use crate::plan::field::{Seen, UNKNOWN_CYCLES};

use super::core::{Core, after, signed};
use super::flaw::Flaw;
use super::memory::Txn;
use super::translate::Translator;

/// How long after a write a listing may still show the value before it (an index that lags); it is then asked by id.
const LAG_SUSPICION: SignedDuration = SignedDuration::from_secs(120);

/// Where a reading came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A query, which may lag behind.
    Listing,
    /// A read by id, or the answer of a write.
    ById,
}

impl Core {
    /// Takes one reading. `began` is when its request began, by our clock.
    pub(super) fn take_reading(
        &mut self,
        txn: &mut Txn,
        at: &RecordRef,
        began: Timestamp,
        record: Record,
        from: Source,
    ) {
        self.glimpse(at, &record);
        self.directory.meet(at.side, &record);
        if record.misfits {
            self.suspect_schemas(&at.pair);
        }
        if self.sending.contains(at) && from == Source::Listing {
            // A write of this very record is out: the listing may show it before or after. The answer will tell, and if there
            // is none that shows the record, a read by id; until then no cursor moves past it.
            let due = after(began, self.confirm_after(at.side));
            self.hot.entry(at.clone()).or_insert(due);
            self.doubted.insert(at.clone());
            return;
        }
        if self.errs(Flaw::BaseFromReadBack) {
            self.base_from_read_back(txn, at, &record, began);
        }
        let Some(pair) = self.memory.pair(&at.pair) else { return };
        let before = pair.observation(at.side, &at.id);
        if self.errs(Flaw::AuthorIsEcho) && record.edited_by_us && before.is_some() {
            return;
        }
        if let Some(before) = before.filter(|before| began < before.seen_at) {
            // It was asked for earlier, but may have been answered later: a newer stamp tells of something still to be seen.
            if from == Source::Listing && is_older_than(before, &record) {
                self.hot.insert(at.clone(), began);
                self.doubted.insert(at.clone());
            }
            return;
        }
        // An older stamp than is known comes from an index that lags behind.
        if from == Source::Listing && before.is_some_and(|before| is_older(&record, before)) {
            return;
        }
        let doubtful =
            self.assumed.contains(at) || self.looks_doubtful(at, &record) || self.looks_reverted(at, &record, began);
        if from == Source::Listing && doubtful {
            self.hot.insert(at.clone(), began);
            self.doubted.insert(at.clone());
            return;
        }
        self.suspects.remove(at);
        self.doubted.remove(at);
        if from == Source::ById {
            self.check_assumed(txn, at, &record, began);
        }
        let Some(pair) = self.memory.pair(&at.pair) else { return };
        let before = pair.observation(at.side, &at.id);
        if before.is_none() && record.presence == Presence::Outside && pair.tie_of(at.side, &at.id).is_none() {
            // It was never in the pair. Should it come in, increments show it.
            self.hot.remove(at);
            self.keep_hint(at, began);
            self.heard_of(at);
            return;
        }
        let observation = observe(before, &record, began, signed(self.poll(at.side)));
        let unchanged = before.is_some_and(|before| {
            before.fields == observation.fields
                && before.presence == observation.presence
                && before.marker == observation.marker
                && before.edited_at == observation.edited_at
                && before.edited_by == observation.edited_by
                && before.unread == observation.unread
        });
        let replaced = self.replaced(at, before, &observation);
        let renamed = self.perhaps_renamed(at, before, &observation);
        let tie = before.and_then(|before| self.put_back(at, before, &observation));
        let news = if unchanged { Vec::new() } else { self.news(at, before, &observation) };
        self.watch_heat(at, &record, began);
        self.heard_of(at);
        if unchanged {
            self.saw_again(at, began);
            return;
        }
        if let Some(tie) = tie {
            self.memory.put_tie(txn, tie);
        }
        self.note_replaced(at.side, replaced, began);
        self.renamed_perhaps.extend(renamed);
        self.figures.seen(at.side, self.clock.now(), news.iter().filter(|event| event.what == Happening::Seen).count());
        txn.events.extend(news);
        self.memory.put_observation(txn, at, observation);
        self.judge_windows(txn, at);
    }

    /// Only the moment of the reading moves, which no restart needs to know.
    fn saw_again(&mut self, at: &RecordRef, began: Timestamp) {
        let Some(pair) = self.memory.pairs.get_mut(&at.pair) else { return };
        // What waits to be whole, or for quiet, becomes so by being seen again unchanged.
        let id = pair.tied_crm(at.side, &at.id).map(|crm| TieId { pair: at.pair.clone(), crm: crm.clone() });
        match id {
            None => pair.rematch = true,
            Some(id)
                if self.unconfirmed.contains(&id)
                    || self
                        .waiting
                        .range((id.clone(), Side::Crm, "".into())..)
                        .next()
                        .is_some_and(|(it, _)| it.0 == id) =>
            {
                pair.dirty.insert(id.crm);
            }
            Some(_) => {}
        }
        pair.observations.get_mut(at.side).saw_again(&at.id, began);
    }

    /// A query that shows other values under the very stamp that is known, or a record that is known to be gone: whichever
    /// is the older cannot be told from them.
    fn looks_doubtful(&self, at: &RecordRef, record: &Record) -> bool {
        let known = self.memory.pair(&at.pair).and_then(|pair| pair.observation(at.side, &at.id));
        known.is_some_and(|known| {
            known.edited_at.is_some()
                && known.edited_at == record.edited_at
                && (known.presence != record.presence
                    || record.fields.iter().any(|(name, state)| {
                        state.known().is_some_and(|value| known.known(name).is_some_and(|known| known != value))
                    }))
        })
    }

    /// A query right after a write that shows exactly what was there before the write is not believed without a read by id.
    fn looks_reverted(&self, at: &RecordRef, record: &Record, began: Timestamp) -> bool {
        let Some(write) = self.recent_writes.get(at) else { return false };
        let Some(known) = self.memory.pair(&at.pair).and_then(|pair| pair.observation(at.side, &at.id)) else {
            return false;
        };
        began.duration_since(write.at) < LAG_SUSPICION
            && write.before.iter().any(|(name, old)| {
                record.fields.get(name).and_then(FieldState::known) == Some(old) && known.known(name) != Some(old)
            })
    }

    /// A record that was edited so lately that its time stamp cannot tell a second edit stays hot until a reading that
    /// began after its minute and the index's lag.
    fn watch_heat(&mut self, at: &RecordRef, record: &Record, began: Timestamp) {
        self.absent_since.remove(at);
        let settled = record.edited_at.and_then(|edited| {
            let precision = self.systems.get(at.side).capabilities().precision;
            edited.checked_add(precision).ok()?.checked_add(self.lag).ok()
        });
        match settled {
            Some(settled) if began < settled => {
                // The next increments show it anyway; only if they do not, it is read by id.
                let spare = signed(self.poll(at.side)) * 3;
                self.hot.insert(at.clone(), after(settled, spare));
            }
            _ => {
                self.hot.remove(at);
                self.keep_hint(at, began);
            }
        }
    }

    /// What a reading tells that was not known.
    fn news(&self, at: &RecordRef, before: Option<&Observation>, after: &Observation) -> Vec<Event> {
        let Some(pair) = self.memory.pair(&at.pair) else { return Vec::new() };
        let mut events = Vec::new();
        match (before.map(|it| it.presence), after.presence) {
            // The record that a create of ours has just made is known already, by its tie.
            (None, _) if pair.tie_of(at.side, &at.id).is_some() => {}
            (None, _) => {
                let event = self.event(Happening::Seen, at, "a record that was not known");
                events.push(Event { who: self.last_editor(at.side, after), ..event });
            }
            (Some(Presence::Present | Presence::Outside), Presence::Trashed) => {
                events.push(self.event(Happening::Gone, at, "put into the trash"));
            }
            (Some(Presence::Present | Presence::Outside), Presence::Moved) => {
                events.push(self.event(Happening::Gone, at, "moved out of the pair's data source"));
            }
            (Some(Presence::Present), Presence::Outside) => {
                events.push(self.event(Happening::Gone, at, "out of the pair's filter: its tie rests"));
            }
            (Some(old), Presence::Present) if old != Presence::Present => {
                events.push(self.event(Happening::Returned, at, "back again"));
            }
            _ => {}
        }
        let Some(before) = before else { return events };
        let Some(map) = &pair.map else { return events };
        let base = pair.tie_of(at.side, &at.id).map(|tie| &tie.base);
        for field in &map.fields {
            let name = field.name_on(at.side);
            let (Some(old), Some(new)) = (before.last_known(name), after.known(name)) else { continue };
            if old == new {
                continue;
            }
            let (old, new) = (self.common(field, at.side, old), self.common(field, at.side, new));
            if old == new {
                // Only what has no counterpart has changed.
                continue;
            }
            // The answer of a write of ours is a reading too; what it agreed on is told as written.
            let base = base.and_then(|base| base.get(&field.spec.key));
            if base.is_some_and(|base| base.at >= after.seen_at && *base.of(at.side) == new) {
                continue;
            }
            let mut event = self.event(Happening::Seen, at, "");
            event.who = self.last_editor(at.side, after);
            event.field = Some(field.spec.key.clone());
            event.before = Some(old);
            event.after = Some(new);
            events.push(event);
        }
        events
    }

    /// A native value in common dialect; where it has no such form, as it is.
    pub(super) fn common(&self, field: &crate::mapping::FieldMap, side: Side, native: &Value) -> Value {
        let lookup = Translator { memory: &self.memory, directory: &self.directory };
        field.to_common(side, native, &lookup).unwrap_or_else(|_| native.clone())
    }

    /// A field of an observation as the planner sees it.
    pub(super) fn seen(
        &self,
        field: &crate::mapping::FieldMap,
        side: Side,
        observation: &Observation,
        lookup: &Translator<'_>,
    ) -> Seen {
        let name = field.name_on(side);
        if field.kind == Kind::People && !self.directory.is_known() {
            return match self.directory.refused() {
                Some(why) => Seen::Unknown(format!("people cannot be listed: {why}"), UNKNOWN_CYCLES),
                None => Seen::Unknown("the people of both sides were not read yet".to_owned(), 0),
            };
        }
        if let Some(related) = field.spec.relation.as_ref().filter(|related| !self.answers(related, side)) {
            if self.errs(Flaw::UnknownAsEmpty) {
                return Seen::Known(Value::Empty);
            }
            let cycles = if self.is_silent(related, side) { UNKNOWN_CYCLES } else { 0 };
            return Seen::Unknown(format!("pair {related} does not answer, so its relations may not show"), cycles);
        }
        match observation.fields.get(name) {
            Some(FieldState::Known(native)) => match field.to_common(side, native, lookup) {
                Ok(value) => Seen::Known(value),
                Err(unmapped) => Seen::Unmapped(native.clone(), unmapped.reason),
            },
            Some(FieldState::Unknown(_)) if self.errs(Flaw::UnknownAsEmpty) => Seen::Known(Value::Empty),
            Some(FieldState::Unknown(why)) => {
                Seen::Unknown(why.clone(), observation.unread.get(name).map_or(1, |unread| unread.cycles))
            }
            None => Seen::Unknown("not read yet".to_owned(), 0),
        }
    }
}

/// A record that was edited since it was observed.
fn is_older_than(known: &Observation, record: &Record) -> bool {
    matches!((record.edited_at, known.edited_at), (Some(shown), Some(known)) if shown > known)
}

/// A query that shows an older stamp than is known comes from an index that lags behind.
fn is_older(record: &Record, known: &Observation) -> bool {
    matches!((record.edited_at, known.edited_at), (Some(shown), Some(known)) if shown < known)
}

/// The observation that a reading makes of what was known before; `cycle` is how often its side is looked at.
fn observe(before: Option<&Observation>, record: &Record, began: Timestamp, cycle: SignedDuration) -> Observation {
    let mut observation = Observation {
        fields: before.map(|before| before.fields.clone()).unwrap_or_default(),
        presence: record.presence,
        created_at: record.created_at.or_else(|| before.and_then(|before| before.created_at)),
        edited_at: record.edited_at.or_else(|| before.and_then(|before| before.edited_at)),
        // Who edited it goes with the moment of the edit: both are of one reading.
        edited_by: match record.edited_at {
            None => before.and_then(|before| before.edited_by.clone()),
            Some(_) => record.edited_by.clone(),
        },
        marker: record.marker.clone(),
        seen_at: began,
        settled_since: before.map_or(began, |before| before.settled_since),
        returned_at: before.and_then(|before| {
            let returns = !before.is_present() && record.presence == Presence::Present;
            if returns { Some(began) } else { before.returned_at }
        }),
        unread: before.map(|before| before.unread.clone()).unwrap_or_default(),
        changed_between: before.map(|before| before.changed_between.clone()).unwrap_or_default(),
    };
    for (name, state) in &record.fields {
        let last = before.and_then(|before| Some((before.known(name)?.clone(), before.seen_at)));
        match state {
            FieldState::Unknown(_) => match observation.unread.get_mut(name) {
                None => drop(observation.unread.insert(name.clone(), Unread { cycles: 1, counted: began, last })),
                // More cycles than matter are not counted, so that an unreadable field is not stored at every reading.
                Some(unread) => {
                    // The clock may have been set back since.
                    unread.counted = unread.counted.min(began);
                    if unread.cycles < UNKNOWN_CYCLES && began >= after(unread.counted, cycle) {
                        (unread.cycles, unread.counted) = (unread.cycles + 1, began);
                    }
                }
            },
            FieldState::Known(value) => {
                let last = observation.unread.remove(name).and_then(|unread| unread.last).or(last);
                if last.as_ref().is_none_or(|(old, _)| old != value) {
                    // A field that nobody has read before has not changed.
                    observation.changed_between.insert(name.clone(), (last.map(|(_, seen)| seen.min(began)), began));
                    observation.settled_since = began;
                }
            }
        }
        observation.fields.insert(name.clone(), state.clone());
    }
    observation
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::FieldName;

    const CYCLE: SignedDuration = SignedDuration::from_secs(10);

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    fn read(before: Option<&Observation>, state: FieldState, second: i64) -> Observation {
        let record = Record {
            id: "1".into(),
            fields: BTreeMap::from([("Amount".into(), state)]),
            presence: Presence::Present,
            created_at: None,
            edited_at: None,
            marker: None,
            misfits: false,
            edited_by_us: false,
            edited_by: None,
            baggage: serde_json::Value::Null,
        };
        observe(before, &record, at(second), CYCLE)
    }

    fn shows(text: &str) -> FieldState {
        FieldState::Known(Value::text(text))
    }

    fn unknown() -> FieldState {
        FieldState::Unknown("cut off".into())
    }

    #[test]
    fn a_value_that_could_not_be_read_for_a_while_and_is_the_same_again_was_not_edited() {
        let first = read(None, shows("old"), 0);
        let changed = read(Some(&first), shows("new"), 10);
        let hidden = read(Some(&read(Some(&changed), unknown(), 20)), unknown(), 30);
        assert_eq!(hidden.last_known(&"Amount".into()), Some(&Value::text("new")));
        let again = read(Some(&hidden), shows("new"), 40);
        assert_eq!(again.changed_between[&FieldName::from("Amount")], (Some(at(0)), at(10)));
        assert_eq!((again.settled_since, again.unread.len()), (at(10), 0));
    }

    #[test]
    fn what_was_edited_while_it_could_not_be_read_was_edited_since_it_was_last_read() {
        let hidden = read(Some(&read(None, shows("old"), 0)), unknown(), 20);
        let edited = read(Some(&hidden), shows("new"), 40);
        assert_eq!(edited.changed_between[&FieldName::from("Amount")], (Some(at(0)), at(40)));
        let never = read(Some(&read(None, unknown(), 0)), shows("new"), 10);
        assert_eq!(never.changed_between[&FieldName::from("Amount")], (None, at(10)), "nobody has read another");
    }

    #[test]
    fn a_field_is_unknown_for_cycles_and_not_for_readings() {
        let mut seen = read(None, unknown(), 0);
        for second in 1..10 {
            seen = read(Some(&seen), unknown(), second);
        }
        assert_eq!(seen.unread[&FieldName::from("Amount")].cycles, 1);
        for second in [10, 25, 40, 60] {
            seen = read(Some(&seen), unknown(), second);
        }
        assert_eq!(seen.unread[&FieldName::from("Amount")].cycles, UNKNOWN_CYCLES);
    }
}
