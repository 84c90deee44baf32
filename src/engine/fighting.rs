//! Something else that writes the same field: a value of ours that was reverted on the side we wrote it to, and rewritten,
//! twice in ten minutes, is not written a third time. Nor is one that the side answered with something else three times.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::{FieldKey, Happening, HoldId, Intent, Mark, MarkKind, Purpose, RecordRef, TieId, Value};

use super::core::Core;
use super::memory::Txn;

/// Over which time rewrites are counted.
const MEMORY: SignedDuration = SignedDuration::from_mins(10);
/// How many rewrites of one value are a fight.
const REWRITES: usize = 2;
/// How many answers with something else are a fight.
const ALTERED: usize = 3;

/// What we wrote to one field of one record.
#[derive(Debug, Default)]
pub struct OwnWrites {
    /// What we wrote last.
    last: Option<Value>,
    /// What we wrote, and when.
    written: Vec<(Timestamp, Value)>,
    /// What we wrote again after somebody on that side had changed it, and when.
    rewritten: Vec<(Timestamp, Value)>,
    /// What we wrote and the side made something else of at once, and when.
    altered: Vec<(Timestamp, Value)>,
}

/// Per field of a record.
pub type Fights = BTreeMap<(RecordRef, FieldKey), OwnWrites>;

impl OwnWrites {
    /// Whether writing `value` over `before` would rewrite what somebody on that side had changed. Our own next value is no
    /// revert: they must have changed what we wrote last.
    fn rewrites(&self, value: &Value, before: &Value) -> bool {
        let reverted = self.last.as_ref().is_some_and(|last| last != before);
        reverted && self.written.iter().any(|(_, written)| written == value)
    }

    /// Whether that would be one rewrite too many.
    fn is_fight(&self, now: Timestamp, value: &Value, before: &Value) -> bool {
        let lately = |all: &[(Timestamp, Value)]| {
            all.iter().filter(|(at, it)| it == value && now.duration_since(*at) < MEMORY).count()
        };
        self.rewrites(value, before) && lately(&self.rewritten) >= REWRITES || lately(&self.altered) >= ALTERED
    }

    /// The side took neither a value nor kept its own.
    fn altered(&mut self, now: Timestamp, value: &Value) {
        self.altered.retain(|(at, _)| now.duration_since(*at) < MEMORY);
        self.altered.push((now, value.clone()));
    }

    /// The side took a value.
    fn taken(&mut self, now: Timestamp, value: &Value, before: &Value) {
        self.written.retain(|(at, _)| now.duration_since(*at) < MEMORY);
        self.rewritten.retain(|(at, _)| now.duration_since(*at) < MEMORY);
        if self.rewrites(value, before) {
            self.rewritten.push((now, value.clone()));
        }
        self.written.push((now, value.clone()));
        self.last = Some(value.clone());
    }
}

impl Core {
    /// An operator wants a field of a tie to be tried again: what was fought over there is forgotten.
    pub(super) fn forget_fights(&mut self, hold: &HoldId) {
        let Some(ends) = hold.tie_id().and_then(|id| self.ends(&id)) else { return };
        self.fights.retain(|(at, key), _| Some(key) != hold.field.as_ref() || (*at != ends.crm && *at != ends.notion));
    }

    /// What lies too far back to matter.
    pub(super) fn forget_old_writes(&mut self, now: Timestamp) {
        let lately = |at: Timestamp| now.duration_since(at) < MEMORY;
        self.fights
            .retain(|_, own| own.written.last().into_iter().chain(own.altered.last()).any(|(at, _)| lately(*at)));
        self.recent_writes.retain(|_, write| lately(write.at));
        self.hints.forget(now);
    }

    /// A side took a value of ours.
    pub(super) fn note_taken(&mut self, at: &RecordRef, key: &FieldKey, now: Timestamp, sent: &Value, before: &Value) {
        self.forbidden.get_mut(at.side).clear();
        self.fights.entry((at.clone(), key.clone())).or_default().taken(now, sent, before);
    }

    /// A side made something else of a value of ours.
    pub(super) fn note_altered(&mut self, at: &RecordRef, key: &FieldKey, now: Timestamp, sent: &Value) {
        self.fights.entry((at.clone(), key.clone())).or_default().altered(now, sent);
    }

    /// Takes fields that something else fights over out of an update, and marks them.
    pub(super) fn without_fights(&mut self, txn: &mut Txn, id: &TieId, intent: &mut Intent) {
        let Purpose::Update { record } = &intent.purpose else { return };
        let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.clone() };
        let now = self.clock.now();
        let keys: Vec<FieldKey> = intent.common.keys().cloned().collect();
        for key in keys {
            let hold = HoldId::field(id, &key);
            if self.memory.decision_on(&hold).is_some() {
                continue;
            }
            let before = intent.before.get(&key).cloned().unwrap_or_default();
            let Some(value) = intent.common.get(&key) else { continue };
            let own = self.fights.get(&(at.clone(), key.clone()));
            if !own.is_some_and(|own| own.is_fight(now, value, &before)) {
                continue;
            }
            let field = self.memory.pair(&at.pair).and_then(|pair| pair.map.as_ref()?.field(&key)).cloned();
            intent.common.remove(&key);
            if let Some(field) = field {
                intent.fields.remove(field.name_on(at.side));
            }
            let mut event = self.event(Happening::Refused, &at, "something else keeps rewriting it; not written again");
            event.field = Some(key.clone());
            txn.events.push(event);
            self.memory.put_mark(txn, Mark { id: hold, kind: MarkKind::Fighting { side: at.side }, at: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::text(text)
    }

    #[test]
    fn a_value_reverted_and_rewritten_twice_is_a_fight() {
        let mut own = OwnWrites::default();
        let now = Timestamp::UNIX_EPOCH;
        for before in ["old", "theirs", "theirs"] {
            assert!(!own.is_fight(now, &text("ours"), &text(before)));
            own.taken(now, &text("ours"), &text(before));
        }
        assert!(own.is_fight(now, &text("ours"), &text("theirs")));
        let later = now + MEMORY + MEMORY;
        assert!(!own.is_fight(later, &text("ours"), &text("theirs")), "forgotten after ten minutes");
    }

    #[test]
    fn a_value_that_the_side_makes_something_else_of_three_times_is_a_fight() {
        let mut own = OwnWrites::default();
        let now = Timestamp::UNIX_EPOCH;
        for answer in ["one", "two", "three"] {
            assert!(!own.is_fight(now, &text("ours"), &text(answer)));
            own.altered(now, &text("ours"));
        }
        assert!(own.is_fight(now, &text("ours"), &text("four")));
        assert!(!own.is_fight(now, &text("another"), &text("four")));
    }

    #[test]
    fn writes_that_never_arrived_are_no_fight() {
        let mut own = OwnWrites::default();
        own.taken(Timestamp::UNIX_EPOCH, &text("first"), &text("old"));
        for _ in 0..9 {
            assert!(!own.is_fight(Timestamp::UNIX_EPOCH, &text("ours"), &text("first")));
        }
    }

    #[test]
    fn a_person_who_goes_back_and_forth_is_no_fight() {
        let mut own = OwnWrites::default();
        let (mut value, mut before) = (text("a"), text("b"));
        for _ in 0..20 {
            assert!(!own.is_fight(Timestamp::UNIX_EPOCH, &value, &before));
            own.taken(Timestamp::UNIX_EPOCH, &value, &before);
            std::mem::swap(&mut value, &mut before);
        }
    }
}
