//! What is due by itself: after a start, and next.

use jiff::Timestamp;

use crate::model::{HoldId, Side};

use super::core::{Core, signed};
use super::listing::ListingState;

impl Core {
    /// The state of the listings after a start.
    pub(super) fn begin(&mut self, now: Timestamp) {
        for name in self.pair_names() {
            // Ties that ended before the start are counted with those that end after it.
            let ended = self.memory.pair(&name).into_iter().flat_map(|pair| pair.tombstones.values());
            let ended: Vec<_> = ended.map(|stone| (stone.since, name.clone())).collect();
            self.departed.extend(ended);
            for side in Side::BOTH {
                let cursor = self.memory.pair(&name).map(|pair| *pair.cursors.get(side)).unwrap_or_default();
                // What a guard stopped before is looked into again, and so are records that were missed: who was about to
                // read them is gone.
                let guard = HoldId { pair: name.clone(), crm: None, field: None };
                let again = self.settings.resync || cursor.missed || self.memory.holds.contains_key(&guard);
                let swept = cursor.swept.filter(|_| !again);
                let next_sweep = swept.map_or(now, |swept| super::core::after(swept, signed(self.timing.sweep_every)));
                let state = ListingState::due(now, next_sweep);
                self.listings.insert((name.clone(), side), state);
            }
        }
    }

    /// Writes whose answer is still out. Whoever only waits for a permit is not waited for.
    pub(super) fn on_the_wire(&self) -> usize {
        let sent = |intent: &&crate::model::Intent| matches!(intent.state, crate::model::IntentState::Sent { .. });
        self.memory.intents.values().filter(sent).count()
    }

    /// The next moment at which something is due by itself.
    pub(super) fn next_wake(&self, now: Timestamp) -> Timestamp {
        let planned = self.planned.values().map(|planned| planned.due);
        let listings = self.listings.values().filter(|it| it.running.is_none());
        let listings = listings.flat_map(|it| [it.next_increment, it.next_sweep]);
        let hot = self.hot.values().copied();
        let schemas = self.schema_due.values().copied().flatten();
        let probes = self.memory.intents.values().filter_map(|intent| match intent.state {
            crate::model::IntentState::Unknown { next_probe, .. } => Some(next_probe),
            crate::model::IntentState::Sent { .. } => None,
        });
        let pauses = Side::BOTH.into_iter().filter_map(|side| *self.paused_until.get(side));
        let put_off = self.put_off.values().copied();
        // What is due already was tried just now, and waits for a message.
        let all = planned.chain(put_off).chain(listings).chain(hot).chain(schemas).chain(probes).chain(pauses);
        let all = all.chain(self.tidy.due()).chain(self.refill_due());
        all.filter(|due| *due > now).min().unwrap_or(Timestamp::MAX)
    }
}
