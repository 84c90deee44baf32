//! Records out of their pair's filter: no listing shows them, so what becomes of them is only seen by asking for each.

use jiff::{SignedDuration, Timestamp};

use super::core::{Core, after, signed};
use crate::model::{PairName, Presence, RecordId, RecordRef, Side};

/// How far apart requests for them are: ten a minute, and twice as many where the filter is asked about too, leave the rest of
/// the smallest budget alone.
const APART: SignedDuration = SignedDuration::from_secs(6);

impl Core {
    /// After a complete listing. Those with a tie are read by id, the longest unseen first, spread over the time until the next
    /// one. What the reading finds is taken like any other: there and outside still, back, in the trash, or gone.
    pub(super) fn look_outside(&mut self, name: &PairName, side: Side, began: Timestamp, now: Timestamp) {
        let Some(pair) = self.memory.pair(name) else { return };
        let tied_outside = |(id, presence, seen_at): &(&RecordId, Presence, Timestamp)| {
            *presence == Presence::Outside && *seen_at < began && pair.is_tied(side, id)
        };
        let records = pair.observations.get(side).presences().filter(tied_outside);
        let mut outside: Vec<(Timestamp, RecordId)> = records.map(|(id, _, seen)| (seen, id.clone())).collect();
        outside.sort();
        let batch = self.systems.get(side).capabilities().get_batch.max(1);
        let until = after(now, signed(self.timing.sweep_every));
        let mut due = now;
        for some in outside.chunks(batch) {
            if due > until {
                // The next listing goes on with these.
                return;
            }
            for (_, id) in some {
                self.hot.entry(RecordRef { pair: name.clone(), side, id: id.clone() }).or_insert(due);
            }
            due = after(due, APART);
        }
    }
}
