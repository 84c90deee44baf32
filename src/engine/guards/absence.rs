//! Records that are not to be seen any more. A listing that shrank and many reads by id that find nothing together say that
//! something is wrong with the looking: nothing is taken for deleted then.

use jiff::Timestamp;

use std::collections::BTreeSet;

use crate::mapping::Delete;
use crate::model::{PairName, RecordId, RecordRef, Side};
use crate::plan::field::UNKNOWN_CYCLES;

use super::super::core::{after, signed};
use super::super::memory::PairMemory;
use super::departures::{Ending, would_be_trashed};
use super::{Core, Limit, Question};

/// A side that does not answer.
#[derive(Debug)]
pub(super) struct Silence {
    since: Timestamp,
    /// It has lasted for as many cycles as matter.
    told: bool,
}

/// By how much a complete listing may shrink.
pub(super) const SHRUNK: Limit = Limit { least: 10, percent: 20 };
/// How many reads by id may find nothing together.
pub(super) const NOT_FOUND: Limit = Limit { least: 10, percent: 5 };
/// Known records that the canary looks for before it says that access was lost.
pub(in crate::engine) const CANARIES: usize = 3;

impl Core {
    fn suspects_of(&self, name: &PairName, side: Side) -> impl Iterator<Item = &RecordRef> {
        self.suspects.iter().filter(move |at| at.side == side && at.pair == *name)
    }

    /// Records that a complete listing did not show and that were not read by id since.
    fn has_unread_suspects(&self, name: &PairName, side: Side) -> bool {
        self.suspects_of(name, side).any(|at| self.hot.contains_key(at) && !self.absent_since.contains_key(at))
    }

    /// A complete listing ended; `listed` records were there before, and these are not shown any more.
    pub(in crate::engine) fn note_listed(&mut self, name: &PairName, side: Side, listed: usize) {
        *self.guards_of(name).listed.get_mut(side) = listed;
    }

    /// Whether that a record is not found is not believed: too many are not found together, and nobody has said that they
    /// are gone. `true` leaves it as it is; the next complete listing looks again.
    pub(in crate::engine) fn doubts_absence(&mut self, at: &RecordRef, now: Timestamp) -> bool {
        if self.is_allowed_to_go(at) {
            return false;
        }
        if self.has_unread_suspects(&at.pair, at.side) {
            // How many are not found is not known before all were read.
            self.hot.insert(at.clone(), after(now, self.confirm_after(at.side)));
            return true;
        }
        let mut question = Question::default();
        self.count_absent_on(&at.pair, at.side, &mut question);
        !question.is_empty()
    }

    fn is_allowed_to_go(&self, at: &RecordRef) -> bool {
        let Some(allowed) = self.guards.get(&at.pair).and_then(|guards| guards.allows()) else { return false };
        let tie = self.memory.pair(&at.pair).and_then(|pair| pair.tie_of(at.side, &at.id));
        tie.is_some_and(|tie| {
            let mut endings = allowed.ties.iter().filter(|(crm, _)| *crm == tie.crm);
            endings.any(|(_, ending)| ending.is_of(at.side))
        }) || allowed.records.contains(at)
    }

    pub(super) fn count_absent(&mut self, name: &PairName, question: &mut Question) {
        for side in Side::BOTH {
            self.count_absent_on(name, side, question);
        }
    }

    fn count_absent_on(&self, name: &PairName, side: Side, question: &mut Question) {
        let (Some(pair), Some(guards)) = (self.memory.pair(name), self.guards.get(name)) else { return };
        let unseen = guards.unseen.get(side);
        if unseen.len() >= CANARIES {
            let one = |id: &RecordId| RecordRef { pair: name.clone(), side, id: id.clone() };
            question.records.extend(unseen.iter().map(one));
            question.what.push(format!(
                "{side} shows none of {} known records any more, so access may be lost; share them with the integration again",
                unseen.len()
            ));
        }
        if self.suspects.len() <= SHRUNK.least && self.absent_since.len() <= NOT_FOUND.least {
            return;
        }
        let some_may_go = guards.allows().is_some();
        let stays = |at: &&RecordRef| !(some_may_go && self.is_allowed_to_go(at));
        let missed: Vec<&RecordRef> = self.suspects_of(name, side).filter(stays).collect();
        let absent = self.absent_since.keys().filter(|at| at.side == side && at.pair == *name);
        let absent: Vec<&RecordRef> = absent.filter(stays).collect();
        let listed = *guards.listed.get(side);
        let mut gone: Vec<&RecordRef> = Vec::new();
        if SHRUNK.is_over(missed.len(), listed) {
            question.what.push(format!(
                "a complete listing of {side} lacks {} of {listed} records; nothing is taken for deleted before you say so",
                missed.len()
            ));
            gone.extend(&missed);
        }
        if NOT_FOUND.is_over(absent.len(), pair.ties.len()) {
            question.what.push(format!(
                "{} records of {side} are not found by id any more, of {} ties: deleted, or access was lost",
                absent.len(),
                pair.ties.len()
            ));
            gone.extend(&absent);
        }
        let ending = self.ending_of_missing(pair, side);
        let mut trashed = BTreeSet::new();
        for at in gone {
            match pair.tie_of(side, &at.id) {
                Some(tie) => {
                    trashed.extend(ending.trashes().map(|_| &tie.crm));
                    question.ties.insert((tie.crm.clone(), ending));
                }
                None => drop(question.records.insert(at.clone())),
            }
        }
        if let Some(of) = ending.trashes().filter(|_| !trashed.is_empty()) {
            question.what.push(would_be_trashed(trashed.len(), of));
        }
    }

    /// What would become of ties of which this side's record is missing and the other was not edited.
    fn ending_of_missing(&self, pair: &PairMemory, side: Side) -> Ending {
        let vanishes = self.systems.get(side).capabilities().deleted_vanish;
        match pair.spec.delete {
            Delete::Propagate if vanishes => Ending::Trash { side: side.other() },
            Delete::Propagate | Delete::Untie => Ending::Untie { gone: Some(side) },
        }
    }

    /// Notes since when a side of a pair does not answer though it did, or may not run at all. Once that has lasted for as many
    /// cycles as matter, what is related to it is planned anew. While it is listed for the first time it is only slow.
    pub(in crate::engine) fn note_silence(&mut self, name: &PairName, now: Timestamp) {
        for side in Side::BOTH {
            let looked = self.listings.get(&(name.clone(), side)).is_some_and(|listing| listing.looked);
            let silent = !self.answers(name, side) && (looked || self.stopped.contains_key(name));
            if !silent && !self.guards.contains_key(name) {
                continue;
            }
            let long = signed(self.poll(side)) * i32::try_from(UNKNOWN_CYCLES).unwrap_or(i32::MAX);
            let since = self.guards_of(name).silent.get_mut(side);
            if !silent {
                *since = None;
                continue;
            }
            let since = since.get_or_insert(Silence { since: now, told: false });
            if !since.told && now >= after(since.since, long) {
                since.told = true;
                self.memory.touch_related(name);
            }
        }
    }

    /// Whether a side of a pair has not answered for as many cycles as matter.
    pub(in crate::engine) fn is_silent(&self, name: &PairName, side: Side) -> bool {
        let guards = self.guards.get(name);
        guards.and_then(|guards| guards.silent.get(side).as_ref()).is_some_and(|silence| silence.told)
    }

    /// What was not believed is read once more, unless that is about to happen.
    pub(super) fn heat_suspects(&mut self, name: &PairName, now: Timestamp) {
        let absent = self.absent_since.keys().filter(|at| at.pair == *name);
        let again: Vec<RecordRef> = absent.chain(self.suspects.iter().filter(|at| at.pair == *name)).cloned().collect();
        for at in again {
            self.hot.entry(at).or_insert(now);
        }
    }
}
