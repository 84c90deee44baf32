//! Much changed at once: many ties edited on one side, or one field emptied on many. Counted over a cycle, from the beginning
//! of one listing of a side to the beginning of the next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::control::Sides;
use crate::model::{FieldKey, PairName, RecordId, Side, TieId, Value};

use super::{Core, Limit, Question};

/// Ties of one pair that may change on one side in one cycle.
pub(super) const CHANGED: Limit = Limit { least: 20, percent: 50 };
/// Ties on which one field may be emptied in one cycle.
pub(super) const EMPTIED: Limit = Limit { least: 10, percent: 20 };

/// A field that moved on one side since the two agreed, and is to be written to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where it moved.
    pub side: Side,
    /// The field.
    pub key: FieldKey,
    /// To what, common dialect.
    pub value: Value,
    /// Whether that is nothing, in the coarsest form that both sides can hold: a CRM may show 0 for it.
    pub emptied: bool,
    /// When the value there was first seen.
    pub came: Timestamp,
}

#[derive(Debug)]
struct Change {
    moved: Moved,
    allowed: bool,
}

#[derive(Debug)]
struct Cycle {
    from: Timestamp,
    to: Option<Timestamp>,
    /// It was too much, and is asked about even after it has ended.
    over: bool,
}

impl Cycle {
    fn holds(&self, came: Timestamp) -> bool {
        self.from <= came && self.to.is_none_or(|to| came < to)
    }
}

/// Changes that were planned and not written yet.
#[derive(Debug, Default)]
pub struct Changes {
    waiting: BTreeMap<RecordId, Vec<Change>>,
    cycles: Sides<Vec<Cycle>>,
}

impl Changes {
    /// A tie was planned anew: this is what moved in it.
    fn note(&mut self, crm: &RecordId, moved: Vec<Moved>) {
        let before = self.waiting.remove(crm).unwrap_or_default();
        if moved.is_empty() {
            return;
        }
        let change = |moved: Moved| {
            let known = before.iter().find(|it| {
                let it = &it.moved;
                it.side == moved.side && it.key == moved.key && it.value == moved.value
            });
            match known {
                Some(known) => Change { moved: Moved { came: known.moved.came, ..moved }, allowed: known.allowed },
                None => Change { moved, allowed: false },
            }
        };
        self.waiting.insert(crm.clone(), moved.into_iter().map(change).collect());
    }

    /// A listing of a side begins: what comes from now on is another cycle. What came before the first is one.
    fn begin_cycle(&mut self, side: Side, now: Timestamp) {
        let cycles = self.cycles.get_mut(side);
        let first = cycles.is_empty();
        if first {
            cycles.push(Cycle { from: Timestamp::MIN, to: None, over: false });
            return;
        }
        for cycle in cycles.iter_mut().filter(|cycle| cycle.to.is_none()) {
            cycle.to = Some(now);
        }
        cycles.retain(|cycle| cycle.over);
        cycles.push(Cycle { from: now, to: None, over: false });
    }

    /// An operator lets these happen.
    pub(super) fn allow(&mut self, changes: &BTreeSet<(RecordId, FieldKey, &'static str, String)>) {
        for (crm, key, side, digest) in changes {
            for change in self.waiting.get_mut(crm).into_iter().flatten() {
                let it = &change.moved;
                change.allowed |= it.key == *key && it.side.as_str() == *side && it.value.digest() == *digest;
            }
        }
    }

    /// Of any one cycle of any side, the most ties that changed, and the most of which one field was emptied.
    pub(super) fn most(&self) -> (usize, usize) {
        let (mut most_changed, mut most_emptied) = (0, 0);
        for side in Side::BOTH {
            for cycle in self.cycles.get(side) {
                let mut changed: BTreeSet<&RecordId> = BTreeSet::new();
                let mut emptied: BTreeMap<&FieldKey, BTreeSet<&RecordId>> = BTreeMap::new();
                for (crm, changes) in &self.waiting {
                    let own = |it: &&Change| !it.allowed && it.moved.side == side && cycle.holds(it.moved.came);
                    for change in changes.iter().filter(own) {
                        changed.insert(crm);
                        if change.moved.emptied {
                            emptied.entry(&change.moved.key).or_default().insert(crm);
                        }
                    }
                }
                most_changed = most_changed.max(changed.len());
                most_emptied = emptied.values().map(BTreeSet::len).fold(most_emptied, usize::max);
            }
        }
        (most_changed, most_emptied)
    }

    /// Finds what is too much. Tells whether some of it comes from a listing that goes on, and may become too much.
    fn find(&mut self, ties: usize, running: Sides<bool>, question: &mut Question) -> bool {
        if self.waiting.len() <= EMPTIED.least {
            self.cycles.crm.iter_mut().chain(&mut self.cycles.notion).for_each(|cycle| cycle.over = false);
            return false;
        }
        let mut unfinished = false;
        for side in Side::BOTH {
            let waiting = &self.waiting;
            for cycle in self.cycles.get_mut(side) {
                let in_cycle =
                    |change: &&Change| !change.allowed && change.moved.side == side && cycle.holds(change.moved.came);
                let mut changed: BTreeSet<&RecordId> = BTreeSet::new();
                let mut emptied: BTreeMap<&FieldKey, BTreeSet<&RecordId>> = BTreeMap::new();
                for (crm, changes) in waiting {
                    for change in changes.iter().filter(in_cycle) {
                        changed.insert(crm);
                        if change.moved.emptied {
                            emptied.entry(&change.moved.key).or_default().insert(crm);
                        }
                    }
                }
                let mut found = |crm: &RecordId, key: Option<&FieldKey>| {
                    let theirs = waiting.get(crm).into_iter().flatten().filter(in_cycle).map(|change| &change.moved);
                    let theirs = theirs.filter(|it| key.is_none_or(|key| it.key == *key && it.emptied));
                    let line = |it: &Moved| (crm.clone(), it.key.clone(), side.as_str(), it.value.digest());
                    question.changes.extend(theirs.map(line));
                };
                let mut over = false;
                for (key, crms) in &emptied {
                    if EMPTIED.is_over(crms.len(), ties) {
                        crms.iter().for_each(|crm| found(crm, Some(key)));
                        over = true;
                        question.what.push(format!("{key} was emptied in {side} on {} of {ties} ties", crms.len()));
                    } else if crms.len() > EMPTIED.least && cycle.to.is_none() {
                        unfinished |= *running.get(side);
                    }
                }
                if CHANGED.is_over(changed.len(), ties) {
                    changed.iter().for_each(|crm| found(crm, None));
                    over = true;
                    question.what.push(format!("{} of {ties} ties changed in {side} within one cycle", changed.len()));
                } else if changed.len() > CHANGED.least && cycle.to.is_none() {
                    unfinished |= *running.get(side);
                }
                cycle.over = over;
            }
        }
        unfinished
    }
}

impl Core {
    /// A tie was planned: what moved in it is counted until it is written.
    pub(in crate::engine) fn note_moved(&mut self, id: &TieId, moved: Vec<Moved>) {
        if moved.is_empty() && !self.guards.contains_key(&id.pair) {
            return;
        }
        self.guards_of(&id.pair).changes.note(&id.crm, moved);
    }

    /// A listing of a side begins.
    pub(in crate::engine) fn begin_cycle(&mut self, name: &PairName, side: Side, now: Timestamp) {
        self.note_listing_ended(name, side);
        let guards = self.guards_of(name);
        *guards.began.get_mut(side) = Some(now);
        guards.changes.begin_cycle(side, now);
    }

    pub(super) fn count_changes(&mut self, name: &PairName, question: &mut Question) {
        let ties = self.memory.pair(name).map_or(0, |pair| pair.ties.len());
        let running = |side: Side| self.listings.get(&(name.clone(), side)).is_some_and(|it| it.running.is_some());
        let running = Sides { crm: running(Side::Crm), notion: running(Side::Notion) };
        let guards = self.guards_of(name);
        guards.unfinished = guards.changes.find(ties, running, question);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: Sides<bool> = Sides { crm: false, notion: false };

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(second)
    }

    fn emptied(second: i64) -> Vec<Moved> {
        vec![Moved { side: Side::Crm, key: "PHONE".into(), value: Value::Empty, emptied: true, came: at(second) }]
    }

    fn crm(number: usize) -> RecordId {
        RecordId(number.to_string())
    }

    fn asked(changes: &mut Changes, ties: usize) -> Question {
        let mut question = Question::default();
        changes.find(ties, STILL, &mut question);
        question
    }

    #[test]
    fn what_comes_little_by_little_over_the_cycles_is_no_mass() {
        let mut changes = Changes::default();
        for cycle in 0..6_i64 {
            changes.begin_cycle(Side::Crm, at(cycle * 10));
            for number in 0..5 {
                let number = usize::try_from(cycle).unwrap_or_default() * 5 + number;
                changes.note(&crm(number), emptied(cycle * 10 + 1));
            }
            assert!(asked(&mut changes, 40).is_empty(), "cycle {cycle}");
        }
    }

    #[test]
    fn while_a_listing_goes_on_a_beginning_that_could_become_a_mass_waits() {
        let mut changes = Changes::default();
        changes.begin_cycle(Side::Crm, at(0));
        (0..12).for_each(|number| changes.note(&crm(number), emptied(1)));
        let mut question = Question::default();
        assert!(changes.find(100, Sides { crm: true, notion: false }, &mut question));
        assert!(question.is_empty(), "twelve in a hundred are not too many yet");
        assert!(!changes.find(100, STILL, &mut question), "and the listing has ended with that");
        assert!(question.is_empty());
        (12..22).for_each(|number| changes.note(&crm(number), emptied(2)));
        assert_eq!(asked(&mut changes, 100).changes.len(), 22);
    }

    #[test]
    fn what_was_too_much_is_asked_about_after_its_cycle_and_without_what_came_later() {
        let mut changes = Changes::default();
        changes.begin_cycle(Side::Crm, at(0));
        changes.begin_cycle(Side::Crm, at(10));
        (0..12).for_each(|number| changes.note(&crm(number), emptied(11)));
        let first = asked(&mut changes, 40);
        changes.begin_cycle(Side::Crm, at(20));
        (20..23).for_each(|number| changes.note(&crm(number), emptied(21)));
        assert_eq!(asked(&mut changes, 40).digest(), first.digest());
        changes.allow(&first.changes);
        assert!(asked(&mut changes, 40).is_empty());
        // A tie that is planned again with the same is still allowed, with something else it is not.
        (0..12).for_each(|number| changes.note(&crm(number), emptied(11)));
        assert!(asked(&mut changes, 40).is_empty());
    }
}
