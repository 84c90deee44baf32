//! Deliveries: hints that a system sent by itself. Each leaves its line in the journal, whatever becomes of it, and what
//! the line says is what was done: looked at again, known to nobody yet, none of ours, not believed.

use crate::control::{Change, Delivery, Hint, Place, Told};
use crate::model::{Event, FieldName, Happening, PairName, RecordId, RecordRef, Side};

use super::core::Core;
use super::memory::Txn;

impl Core {
    /// Takes a delivery: what it tells becomes a hint, and the journal says so.
    pub(super) fn take_delivery(&mut self, txn: &mut Txn, delivery: Delivery) {
        let Delivery { side, event, attempt, told } = delivery;
        let again = if attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
        let name = if event.is_empty() { "a call".to_owned() } else { event };
        let line = |outcome: &str| format!("{name}{again}: {outcome}");
        let told = match told {
            Told::Change(change) => self.take_change(txn, side, &change, line),
            Told::Rows { entity } => {
                let pairs = self.pairs_of(side, &entity);
                let outcome = if pairs.is_empty() { "not ours" } else { "accepted: looking which records" };
                let pair = pairs.first().cloned();
                self.hints.called.extend(pairs.into_iter().map(|pair| (pair, side)));
                Event { pair, side: Some(side), ..self.system_event(Happening::Heard, line(outcome)) }
            }
            Told::Nothing => self.heard_line(side, None, line("accepted: nothing that is synced")),
            Told::Duplicate { record } => self.heard_line(side, record, line("a duplicate of an earlier delivery")),
            Told::Refused { why, count } => {
                let more = if count > 1 { format!(" ({count} since the last such line)") } else { String::new() };
                self.heard_line(side, None, line(&format!("refused: {why}{more}")))
            }
            Told::Secret => {
                let note = format!(
                    "{side} sent the token that verifies its webhook: see it with `crosstie inlet token`, paste it there, press Verify"
                );
                Event { side: Some(side), ..self.system_event(Happening::System, note) }
            }
        };
        txn.events.push(told);
    }

    fn take_change(&mut self, txn: &mut Txn, side: Side, change: &Change, line: impl Fn(&str) -> String) -> Event {
        let knows = |core: &Self, name: &PairName| {
            core.memory.pair(name).is_some_and(|pair| pair.observation(side, &change.record).is_some())
        };
        let (known, named): (Vec<PairName>, Vec<PairName>) = match &change.place {
            Place::Within(entity) => {
                let named = self.pairs_of(side, entity);
                (named.iter().filter(|name| knows(self, name)).cloned().collect(), named)
            }
            Place::Now(entity) => {
                let named = entity.as_ref().map_or_else(|| self.pair_names(), |entity| self.pairs_of(side, entity));
                (self.pair_names().into_iter().filter(|name| knows(self, name)).collect(), named)
            }
        };
        let pairs = if known.is_empty() { &named } else { &known };
        for pair in pairs {
            let fields = self.named(pair, side, change.field_ids.as_deref());
            let (record, at, by_us) = (change.record.clone(), change.at, change.by_us);
            self.take_hint(txn, &Hint { side, record, pair: Some(pair.clone()), at, by_us, fields });
        }
        let tied =
            |pair: &PairName| self.memory.pair(pair).is_some_and(|pair| pair.tie_of(side, &change.record).is_some());
        let outcome = match (known.first(), named.is_empty()) {
            (None, true) => "not ours",
            _ if change.by_us == Some(true) => "accepted: our own write",
            (None, false) => "unlinked: no record known by this id yet, looking for it",
            (Some(pair), _) if tied(pair) => "accepted",
            (Some(_), _) => "unlinked: no counterpart yet, reading it again",
        };
        let place = known.first().or(named.first().filter(|_| named.len() == 1));
        match place {
            Some(pair) => {
                let at = RecordRef { pair: pair.clone(), side, id: change.record.clone() };
                self.event(Happening::Heard, &at, line(outcome))
            }
            None => self.heard_line(side, Some(change.record.clone()), line(outcome)),
        }
    }

    /// A line about a record that belongs to no pair, or about none.
    fn heard_line(&self, side: Side, record: Option<RecordId>, note: String) -> Event {
        let mut event = Event { side: Some(side), ..self.system_event(Happening::Heard, note) };
        match side {
            Side::Crm => event.crm = record,
            Side::Notion => event.notion = record,
        }
        event
    }

    fn pairs_of(&self, side: Side, entity: &str) -> Vec<PairName> {
        let is_it = |name: &PairName| {
            self.memory.pair(name).is_some_and(|pair| pair.entity.get(side).name.eq_ignore_ascii_case(entity))
        };
        self.pair_names().into_iter().filter(is_it).collect()
    }

    /// The mapped fields among these ids, by native name; `None` where that cannot be told.
    fn named(&self, pair: &PairName, side: Side, ids: Option<&[String]>) -> Option<Vec<FieldName>> {
        let (ids, map) = (ids?, self.memory.pair(pair)?.map.as_ref()?);
        let fields = map.fields.iter().filter(|field| ids.contains(&field.info(side).id));
        Some(fields.map(|field| field.name_on(side).clone()).collect())
    }
}
