//! Related records that a relation shows no more.
//!
//! A relation leaves out what we may not see: a page that was unshared, trashed or moved looks like a link that somebody
//! took away. So an element that vanished is believed to be taken away only once its record was seen, on that very side,
//! by a reading as new as the one that lacks it; until then the field is Unknown.

use crate::mapping::{FieldMap, Lookup};
use crate::model::{Base, RecordId, RecordRef, Side, TieId};
use crate::plan::{Interval, Seen};

use super::core::Core;

impl Core {
    /// Whether a side's relation no longer shows records of which it is not known that they are still to be seen there; and
    /// those of them that were not read since.
    pub(super) fn vanished(
        &self,
        field: &FieldMap,
        side: Side,
        base: Option<&Base>,
        seen: &Seen,
        came: Option<Interval>,
    ) -> Option<Vec<RecordRef>> {
        let (Some(related), Some(base), Seen::Known(value)) = (&field.spec.relation, base, seen) else {
            return None;
        };
        let (before, (_, since)) = (base.of(side).elements()?, came?);
        let now = value.elements().unwrap_or_default();
        let lookup = self.translator();
        let pair = self.memory.pair(related);
        let (mut out_of_sight, mut unread) = (false, Vec::new());
        for id in before.difference(&now).filter_map(|element| lookup.record_of(related, side, element)) {
            let id = RecordId(id);
            let known = pair.and_then(|pair| pair.observation(side, &id));
            let read = known.is_some_and(|known| known.seen_at >= since);
            out_of_sight |= !read || known.is_none_or(|known| !known.is_present());
            if !read {
                unread.push(RecordRef { pair: related.clone(), side, id });
            }
        }
        out_of_sight.then_some(unread)
    }

    /// A tie waits for word of these records, which are read next.
    pub(super) fn wait_for_records(&mut self, id: &TieId, records: Vec<RecordRef>) {
        let now = self.clock.now();
        for at in records {
            let due = self.hot.entry(at.clone()).or_insert(now);
            *due = (*due).min(now);
            self.awaited.entry(at).or_default().insert(id.clone());
        }
    }

    /// A record was read, or found missing: whoever waited for that is planned anew.
    pub(super) fn heard_of(&mut self, at: &RecordRef) {
        for id in self.awaited.remove(at).into_iter().flatten() {
            if let Some(pair) = self.memory.pairs.get_mut(&id.pair) {
                pair.dirty.insert(id.crm);
            }
        }
    }
}
