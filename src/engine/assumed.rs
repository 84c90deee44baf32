//! Writes that were answered without a record: the value sent is taken for the base, and the next reading by id tells.
//!
//! Until then every such field has a mark, durable with the base that it moved, so that a crash in between cannot turn a
//! refusal into somebody's edit back; and no listing is believed about the record, because an index may lag.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{Base, FieldKey, FieldState, Happening, HoldId, Intent, Mark, MarkKind, Record, RecordRef, Tie};

use super::core::Core;
use super::memory::Txn;

impl Core {
    /// A side said that it took a write, and nothing more. `bases` are those from before.
    pub(super) fn assume_written(
        &mut self,
        txn: &mut Txn,
        at: &RecordRef,
        intent: &Intent,
        bases: &BTreeMap<FieldKey, Base>,
        now: Timestamp,
    ) {
        let Some(pair) = self.memory.pair(&at.pair) else { return };
        let Some(mut observation) = pair.observation(at.side, &at.id).cloned() else { return };
        let mut marks = Vec::new();
        if let (Some(map), Some(tie)) = (&pair.map, pair.tie_of(at.side, &at.id)) {
            for (key, sent) in &intent.common {
                let Some(name) = map.field(key).map(|field| field.name_on(at.side)) else { continue };
                let kind = MarkKind::Assumed {
                    side: at.side,
                    sent: sent.clone(),
                    before: observation.known(name).cloned().unwrap_or_default(),
                    native: intent.fields.get(name).cloned().unwrap_or_default(),
                    base: bases.get(key).cloned(),
                };
                marks.push(Mark { id: HoldId::field(&tie.id(), key), kind, at: now });
            }
        }
        for mark in marks {
            self.memory.put_mark(txn, mark);
        }
        for (name, value) in &intent.fields {
            observation.fields.insert(name.clone(), FieldState::Known(value.clone()));
        }
        observation.seen_at = now;
        self.memory.put_observation(txn, at, observation);
        self.assumed.insert(at.clone());
        self.hot.insert(at.clone(), now);
    }

    /// The first reading by id after such a write: a side that still shows the value from before did not take it, and that
    /// is nobody's edit.
    pub(super) fn check_assumed(&mut self, txn: &mut Txn, at: &RecordRef, record: &Record, began: Timestamp) {
        if !self.assumed.contains(at) {
            return;
        }
        let tie = self.memory.pair(&at.pair).and_then(|pair| pair.tie_of(at.side, &at.id)).cloned();
        let Some(mut tie) = tie else {
            self.assumed.remove(at);
            return;
        };
        let marks = self.assumptions(&tie, at);
        if marks.iter().any(|(_, mark)| mark.at > began) {
            return;
        }
        let mut moved = false;
        for (key, mark) in marks {
            self.memory.remove_mark(txn, &mark.id, "assumed");
            let MarkKind::Assumed { side, sent, before, native, base } = mark.kind else { continue };
            let name =
                self.memory.pair(&at.pair).and_then(|pair| Some(pair.map.as_ref()?.field(&key)?.name_on(at.side)));
            let shown = name.and_then(|name| record.fields.get(name)?.known());
            if shown != Some(&before) || shown == Some(&native) {
                continue;
            }
            match base {
                Some(base) => tie.base.insert(key.clone(), base),
                None => tie.base.remove(&key),
            };
            moved = true;
            let reason = format!("{side} kept its old value and said nothing");
            let mut event = self.event(Happening::Refused, at, reason.clone());
            event.field = Some(key);
            event.after = Some(sent.clone());
            txn.events.push(event);
            let kind = MarkKind::Refused { side, sent, reason };
            self.memory.put_mark(txn, Mark { id: mark.id, kind, at: began });
        }
        if moved {
            self.memory.put_tie(txn, tie);
        }
        self.assumed.remove(at);
    }

    fn assumptions(&self, tie: &Tie, at: &RecordRef) -> Vec<(FieldKey, Mark)> {
        let map = self.memory.pair(&at.pair).and_then(|pair| pair.map.as_ref());
        let keys = map.into_iter().flat_map(|map| &map.fields).map(|field| &field.spec.key);
        let mark = |key: &FieldKey| {
            let mark = self.memory.marks.get(&(HoldId::field(&tie.id(), key), "assumed"))?;
            let here = matches!(mark.kind, MarkKind::Assumed { side, .. } if side == at.side);
            here.then(|| (key.clone(), mark.clone()))
        };
        keys.filter_map(mark).collect()
    }

    /// After a start: what was assumed is read before anything else is believed of it.
    pub(super) fn recall_assumed(&mut self, now: Timestamp) {
        for mark in self.memory.marks.values() {
            let MarkKind::Assumed { side, .. } = mark.kind else { continue };
            let tie = self.memory.pair(&mark.id.pair).and_then(|pair| pair.ties.get(mark.id.crm.as_ref()?));
            let Some(tie) = tie else { continue };
            let at = RecordRef { pair: mark.id.pair.clone(), side, id: tie.on(side).clone() };
            self.hot.insert(at.clone(), now);
            self.assumed.insert(at);
        }
    }
}
