//! Records that were merged into another: what linked the one links the other now, and then the one is gone. To us it looks
//! deleted, but nobody meant its counterpart to go: that stays, and is shown as an orphan.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Observation, PairName, RecordId, RecordRef, Side, TieId, Value};

use super::core::{Core, signed};

impl Core {
    /// What a reading tells of relations that show one record in place of another: by pair, the ones that they lost.
    pub(super) fn replaced(
        &self,
        at: &RecordRef,
        before: Option<&Observation>,
        after: &Observation,
    ) -> Vec<(PairName, RecordId)> {
        let map = self.memory.pair(&at.pair).and_then(|pair| pair.map.as_ref());
        let mut replaced = Vec::new();
        for field in map.into_iter().flat_map(|map| &map.fields) {
            let links = |seen: &Observation| seen.last_known(field.name_on(at.side)).and_then(Value::elements);
            let (Some(related), Some(old), Some(new)) = (&field.spec.relation, before.and_then(links), links(after))
            else {
                continue;
            };
            if new.difference(&old).next().is_some() {
                replaced.extend(old.difference(&new).map(|lost| (related.clone(), RecordId(lost.clone()))));
            }
        }
        replaced
    }

    /// Keeps what was replaced on a side for as long as it may matter.
    pub(super) fn note_replaced(&mut self, side: Side, replaced: Vec<(PairName, RecordId)>, seen: Timestamp) {
        for (related, record) in replaced {
            self.guards_of(&related).replaced.insert((side, record), seen);
        }
    }

    /// Whether the record of this side went away as one does that was merged into another. Until two sweeps have passed, for
    /// the one is found by a sweep as the other is.
    pub(super) fn looks_merged(&self, id: &TieId, gone: Side) -> bool {
        let Some(record) = self.ends(id).map(|ends| ends.get(gone).id.clone()) else { return false };
        let seen = self.guards.get(&id.pair).and_then(|guards| guards.replaced.get(&(gone, record)).copied());
        seen.is_some_and(|seen| self.clock.now().duration_since(seen) < self.remembered_for())
    }

    /// Whether a relation showed another record of the CRM in place of this one lately.
    pub(super) fn was_replaced(&self, name: &PairName, crm: &RecordId) -> bool {
        self.guards.get(name).is_some_and(|guards| guards.replaced.contains_key(&(Side::Crm, crm.clone())))
    }

    /// What linked the record that went away and was not read since: whether it links another now tells what happened.
    pub(super) fn unread_owners(&self, id: &TieId, gone: Side) -> Vec<RecordRef> {
        let Some(at) = self.ends(id).map(|ends| ends.get(gone).clone()) else { return Vec::new() };
        let seen = |at: &RecordRef| self.memory.pair(&at.pair)?.observation(at.side, &at.id);
        let since = seen(&at).map(|seen| seen.seen_at);
        // What went away itself links nothing any more.
        let unread = |owner: &RecordRef| seen(owner).is_some_and(|it| it.is_present() && Some(it.seen_at) < since);
        self.owners(&at).into_iter().filter(unread).collect()
    }

    /// Forgets replacements that nothing went away after.
    pub(super) fn forget_replaced(&mut self, now: Timestamp) {
        let long = self.remembered_for();
        for guards in self.guards.values_mut() {
            guards.replaced.retain(|_, seen| now.duration_since(*seen) < long);
        }
    }

    fn remembered_for(&self) -> SignedDuration {
        signed(self.timing.sweep_every) * 2
    }
}
