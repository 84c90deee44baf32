//! Forgetting what went away long ago: ended ties that nobody survives, and records that are gone and belong to nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{PairName, Presence, RecordId, RecordRef, Side, Tombstone};

use super::core::{Core, signed};
use super::memory::{PairMemory, Txn};

impl Core {
    /// After a complete listing. A tombstone lives as long as a survivor does, and then as long as anything gone is
    /// remembered; so does the last reading of a record that has no tie and no tombstone.
    pub(super) fn forget_gone(&mut self, txn: &mut Txn, name: &PairName, now: Timestamp) {
        let keep = signed(self.timing.remember_gone);
        let since = self.memory.idle.ago(now, keep);
        let is_old = |at: Timestamp| at <= since;
        let Some(pair) = self.memory.pair(name) else { return };
        let stones = pair.tombstones.values().filter(|stone| last_trace(pair, stone).is_some_and(is_old));
        let stones: Vec<(RecordId, RecordId)> = stones.map(|stone| (stone.crm.clone(), stone.notion.clone())).collect();
        for (crm, notion) in stones {
            self.memory.remove_tombstone(txn, name, &crm, &notion);
        }
        let Some(pair) = self.memory.pair(name) else { return };
        let mourned: BTreeSet<(Side, &RecordId)> =
            pair.tombstones.keys().flat_map(|(crm, notion)| [(Side::Crm, crm), (Side::Notion, notion)]).collect();
        let mut gone: Vec<RecordRef> = Vec::new();
        for side in Side::BOTH {
            for (id, presence, seen_at) in pair.observations.get(side).presences() {
                let is_needed = presence == Presence::Present
                    || !is_old(seen_at)
                    || pair.is_tied(side, id)
                    || mourned.contains(&(side, id));
                if !is_needed {
                    gone.push(RecordRef { pair: name.clone(), side, id: id.clone() });
                }
            }
        }
        for at in gone {
            if self.has_open_intent(&at) {
                continue;
            }
            self.forget_orders(txn, &at);
            self.clear_failure(txn, name, at.side, &at.id);
            self.memory.remove_observation(txn, &at);
        }
    }
}

/// When the last of an ended tie's records was seen to be gone; `None` while one is there.
fn last_trace(pair: &PairMemory, stone: &Tombstone) -> Option<Timestamp> {
    let ends = [(Side::Crm, &stone.crm), (Side::Notion, &stone.notion)];
    ends.into_iter()
        .filter_map(|(side, id)| pair.observation(side, id))
        .try_fold(stone.since, |last, observation| (!observation.is_present()).then(|| last.max(observation.seen_at)))
}
