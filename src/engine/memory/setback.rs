//! A clock that was set back while nothing ran.
//!
//! What is remembered would lie in the future, and readings made now would count as older than what is known. So all of it
//! is moved back by as much as its latest moment is ahead: what came before what stays so, and so does how long it was.

use jiff::{SignedDuration, Timestamp};

use crate::model::{IntentState, MarkKind, RecordRef, Side};
use crate::store::trees;

use super::row::{hold_key, key, mark_key, record_key};
use super::{Memory, Txn};

impl Memory {
    /// Moves everything that is remembered back, so that none of it lies in the future, and stores it so: a second start
    /// must not mix it with what is read from now on. Gives back the latest moment there was, if it was ahead: that is `now`
    /// from here on.
    pub fn set_back(&mut self, txn: &mut Txn, now: Timestamp) -> Option<Timestamp> {
        // Whether anything is ahead is known without looking.
        if self.latest.is_some_and(|latest| latest <= now) {
            return None;
        }
        let mut latest = Timestamp::MIN;
        self.each_moment(&mut |at, past| {
            if past {
                latest = latest.max(*at);
            }
        });
        let ahead = latest.duration_since(now);
        if ahead <= SignedDuration::ZERO {
            return None;
        }
        self.each_moment(&mut |at, _| *at = at.checked_sub(ahead).unwrap_or(now));
        self.set_back = self.last_event;
        self.store_all(txn);
        Some(latest)
    }

    /// Stores every row anew, as it is remembered.
    fn store_all(&self, txn: &mut Txn) {
        for (name, pair) in &self.pairs {
            for side in Side::BOTH {
                for (id, observation) in pair.observations.get(side).iter() {
                    let at = RecordRef { pair: name.clone(), side, id: id.clone() };
                    txn.put_short(trees::OBSERVATIONS, record_key(&at), &*observation);
                }
                txn.put(trees::CURSORS, key(&[name.as_str(), side.as_str()]), pair.cursors.get(side));
            }
            for tie in pair.ties.values() {
                txn.put_short(trees::TIES, key(&[tie.pair.as_str(), tie.crm.as_str()]), &*tie);
            }
            for stone in pair.tombstones.values() {
                let row = key(&[stone.pair.as_str(), stone.crm.as_str(), stone.notion.as_str()]);
                txn.put(trees::TOMBSTONES, row, stone);
            }
            for orphan in pair.orphans.values() {
                txn.put(trees::ORPHANS, record_key(&orphan.record), orphan);
            }
        }
        for hold in self.holds.values() {
            txn.put(trees::HOLDS, hold_key(&hold.id), hold);
        }
        for intent in self.intents.values() {
            txn.put(trees::INTENTS, intent.seq.to_be_bytes().to_vec(), intent);
        }
        for ((id, kind), mark) in &self.marks {
            txn.put(trees::MARKS, mark_key(id, kind), mark);
        }
    }

    /// Every moment by our own clock, told whether it was one that had come: other ones are still waited for.
    fn each_moment(&mut self, see: &mut dyn FnMut(&mut Timestamp, bool)) {
        for pair in self.pairs.values_mut() {
            for side in Side::BOTH {
                pair.observations.get_mut(side).change_all(|observation| {
                    see(&mut observation.seen_at, true);
                    see(&mut observation.settled_since, true);
                    observation.returned_at.iter_mut().for_each(|returned| see(returned, true));
                    for (last, came) in observation.changed_between.values_mut() {
                        see(came, true);
                        last.iter_mut().for_each(|last| see(last, true));
                    }
                    for unread in observation.unread.values_mut() {
                        see(&mut unread.counted, true);
                        unread.last.iter_mut().for_each(|(_, last)| see(last, true));
                    }
                });
                pair.cursors.get_mut(side).swept.iter_mut().for_each(|swept| see(swept, true));
            }
            pair.ties.change_all(|tie| {
                see(&mut tie.since, true);
                tie.base.values_mut().for_each(|base| see(&mut base.at, true));
            });
            pair.tombstones.values_mut().for_each(|stone| see(&mut stone.since, true));
            pair.orphans.values_mut().for_each(|orphan| see(&mut orphan.since, true));
        }
        self.idle.moments().for_each(|until| see(until, true));
        self.holds.values_mut().for_each(|hold| see(&mut hold.since, true));
        for intent in self.intents.values_mut() {
            see(&mut intent.read_at, true);
            match &mut intent.state {
                IntentState::Sent { at } => see(at, true),
                IntentState::Unknown { sent_at, next_probe, .. } => {
                    see(sent_at, true);
                    see(next_probe, false);
                }
            }
        }
        for mark in self.marks.values_mut() {
            see(&mut mark.at, true);
            match &mut mark.kind {
                MarkKind::Failed { retry_at: Some(retry_at), .. } => see(retry_at, false),
                MarkKind::Watched { until, .. } => see(until, false),
                MarkKind::Body { not_before: Some(not_before), .. } => see(not_before, false),
                MarkKind::Assumed { base: Some(base), .. } => see(&mut base.at, true),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::model::{HoldId, Mark};
    use crate::store::{MemoryKv, Store};

    use super::*;

    fn failed(id: &str, at: Timestamp) -> Mark {
        let kind = MarkKind::Failed {
            side: Side::Crm,
            reason: "no".into(),
            means: String::new(),
            attempts: 1,
            retry_at: Some(at + SignedDuration::from_mins(5)),
            both: false,
        };
        Mark { id: HoldId { pair: "deals".into(), crm: Some(id.into()), field: None }, kind, at }
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_makes_nothing_wait_longer_and_changes_no_order() {
        let store = Store::inline(Box::new(MemoryKv::new()));
        let mut memory = Memory::load(&store, &[], &[], None).await.unwrap();
        let now: Timestamp = "2026-01-06T09:00:00Z".parse().unwrap();
        let day = SignedDuration::from_hours(24);
        for mark in [failed("1", now + day), failed("2", now + day - SignedDuration::from_mins(1))] {
            memory.marks.insert((mark.id.clone(), "failed"), mark);
        }
        memory.last_event = 7;
        let mut txn = Txn::default();
        assert_eq!(memory.set_back(&mut txn, now), Some(now + day));
        assert_eq!(memory.set_back, 7, "how old the lines up to here are, nobody can say");
        memory.last_event = 8;
        let marks: Vec<&Mark> = memory.marks.values().collect();
        assert_eq!(marks, [&failed("1", now), &failed("2", now - SignedDuration::from_mins(1))]);
        assert_eq!(memory.set_back(&mut txn, now + day), None);
        assert_eq!(memory.marks.values().next(), Some(&failed("1", now)), "nothing is ahead any more");
        assert_eq!(memory.set_back, 7, "nor was the clock set back again");
    }
}
