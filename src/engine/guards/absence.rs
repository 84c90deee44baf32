//! Records that are not to be seen any more. A listing that shrank and many reads by id that find nothing together say that
//! something is wrong with the looking: nothing is taken for deleted then.

use jiff::Timestamp;

use crate::model::{PairName, RecordId, RecordRef, Side};

use super::{Core, Limit, Question};

/// By how much a complete listing may shrink.
const SHRUNK: Limit = Limit { least: 10, percent: 20 };
/// How many reads by id may find nothing together.
const NOT_FOUND: Limit = Limit { least: 10, percent: 5 };
/// Known records that the canary looks for before it says that access was lost.
pub(in crate::engine) const CANARIES: usize = 3;

impl Core {
    fn suspects_of(&self, name: &PairName, side: Side) -> impl Iterator<Item = &RecordRef> {
        self.suspects.iter().filter(move |at| at.side == side && at.pair == *name)
    }

    /// Records that a complete listing did not show and that were not read by id since.
    pub(super) fn has_unread_suspects(&self, name: &PairName, side: Side) -> bool {
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
            self.hot.insert(at.clone(), super::super::core::after(now, self.confirm_after(at.side)));
            return true;
        }
        let mut question = Question::default();
        self.count_absent_on(&at.pair, at.side, &mut question);
        !question.is_empty()
    }

    fn is_allowed_to_go(&self, at: &RecordRef) -> bool {
        let Some(allowed) = self.guards.get(&at.pair).and_then(|guards| guards.allows()) else { return false };
        let tie = self.memory.pair(&at.pair).and_then(|pair| pair.tie_of(at.side, &at.id));
        tie.is_some_and(|tie| allowed.ties.contains(&tie.crm)) || allowed.records.contains(at)
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
        for at in gone {
            match pair.tie_of(side, &at.id) {
                Some(tie) => question.ties.insert(tie.crm.clone()),
                None => question.records.insert(at.clone()),
            };
        }
    }

    /// The pair goes on: what was not believed is read once more.
    pub(super) fn heat_suspects(&mut self, name: &PairName, now: Timestamp) {
        let absent = self.absent_since.keys().filter(|at| at.pair == *name);
        let again: Vec<RecordRef> = absent.chain(self.suspects.iter().filter(|at| at.pair == *name)).cloned().collect();
        for at in again {
            self.hot.insert(at, now);
        }
    }
}
