//! Fields that no longer fit the schemas: a property that was deleted or got another type, a user field that is gone. Such a
//! field is set aside for its whole pair and held with what to do about it; the rest goes on. When it fits again, both sides
//! are read anew, and what they hold is compared as on first contact: nothing is written that nobody has seen.

use crate::mapping::{Delete, PairMap};
use crate::model::{FieldKey, HoldId, Observation, PairName, RecordRef, Side, Why};

use super::core::Core;
use super::memory::{PairMemory, Txn};

impl Core {
    /// Holds each field that is set aside, once for the pair, and lets go of those that fit again.
    pub(super) fn hold_aside(&mut self, txn: &mut Txn, name: &PairName) {
        let Some(map) = self.memory.pair(name).and_then(|pair| pair.map.as_ref()) else { return };
        let aside: Vec<(FieldKey, Why)> = map
            .aside
            .iter()
            .map(|it| (it.key.clone(), Why::Misfit { what: it.what.clone(), mend: it.mend.clone() }))
            .collect();
        let is_aside = |key: &FieldKey| aside.iter().any(|(aside, _)| aside == key);
        let of_pair = self.memory.holds.keys().filter(|id| id.pair == *name);
        let ended: Vec<HoldId> = of_pair
            .filter(|id| id.field.as_ref().is_some_and(|key| id.crm.is_some() == is_aside(key)))
            .cloned()
            .collect();
        for id in ended {
            // Nothing can be decided about what cannot be seen.
            self.end_decision(txn, &id, true);
            self.set_hold(txn, id, None);
        }
        for (key, why) in aside {
            self.set_hold(txn, HoldId::pair_field(name, &key), Some(why));
        }
    }

    /// Whether a field of a pair is set aside.
    pub(super) fn has_aside(&self, name: &PairName) -> bool {
        self.memory.pair(name).and_then(|pair| pair.map.as_ref()).is_some_and(|map| !map.aside.is_empty())
    }

    /// Whether a survivor may hold edits that cannot be seen: then it does not follow the other into the trash.
    pub(super) fn may_hold_edits(&self, pair: &PairMemory, map: &PairMap) -> bool {
        !map.aside.is_empty() && pair.spec.delete == Delete::Propagate
    }

    /// What was read of fields before they were lost says nothing of what they hold now that they fit again.
    pub(super) fn read_returned_anew(&mut self, txn: &mut Txn, name: &PairName, map: &PairMap, returned: &[FieldKey]) {
        if returned.is_empty() {
            return;
        }
        let Some(pair) = self.memory.pair(name) else { return };
        let mut moved: Vec<(RecordRef, Observation)> = Vec::new();
        for side in Side::BOTH {
            let names: Vec<_> = returned.iter().filter_map(|key| Some(map.field(key)?.name_on(side).clone())).collect();
            for (id, before) in pair.observations.get(side).iter() {
                let mut observation = Observation::clone(&before);
                for name in &names {
                    observation.fields.remove(name);
                    observation.unread.remove(name);
                    observation.changed_between.remove(name);
                }
                if observation != *before {
                    moved.push((RecordRef { pair: name.clone(), side, id: id.clone() }, observation));
                }
            }
        }
        for (at, observation) in moved {
            self.memory.put_observation(txn, &at, observation);
        }
        let now = self.clock.now();
        for side in Side::BOTH {
            if let Some(listing) = self.listings.get_mut(&(name.clone(), side)) {
                listing.next_sweep = listing.next_sweep.min(now);
            }
        }
    }
}
