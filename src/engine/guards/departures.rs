//! Ties whose records go away: held back until it is known how many they are, guarded, then ended.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Happening, HoldId, PairName, RecordId, Side, TieId, Tombstone};
use crate::plan::Departure;

use super::super::core::{OpKey, Planned, Target};
use super::super::flaw::Flaw;
use super::super::memory::Txn;
use super::{Core, Limit, Question};

/// Departures are counted together over this time, so that many small steps are not mistaken for few.
const COUNTED: SignedDuration = SignedDuration::from_hours(1);

/// Ties that may end in that time without a person saying so.
const UNASKED: Limit = Limit { least: 10, percent: 5 };

impl Core {
    /// A record of this tie went away. What that leads to waits until it is known how many there are.
    pub(in crate::engine) fn note_departing(&mut self, id: &TieId, departure: Departure) {
        if !matches!(departure, Departure::Trash { side } if self.planned.contains_key(&trash(id, side))) {
            self.drop_ops(id);
        }
        self.note_moved(id, Vec::new());
        self.guards_of(&id.pair).departing.insert(id.crm.clone(), departure);
    }

    /// Both records of this tie are there, or a person decides about it.
    pub(in crate::engine) fn note_staying(&mut self, id: &TieId) {
        if let Some(guards) = self.guards.get_mut(&id.pair) {
            guards.departing.remove(&id.crm);
        }
    }

    /// Ties that are about to end and that nobody has allowed to.
    fn unasked(&self, name: &PairName) -> Vec<RecordId> {
        let Some(guards) = self.guards.get(name) else { return Vec::new() };
        let on_its_way = |crm: &RecordId, departure: &Departure| {
            let id = TieId { pair: name.clone(), crm: crm.clone() };
            matches!(departure, Departure::Trash { side } if self.planned.contains_key(&trash(&id, *side)))
        };
        let allowed = |crm: &RecordId| guards.allows().is_some_and(|allowed| allowed.ties.contains(crm));
        let waiting = guards.departing.iter().filter(|(crm, departure)| !allowed(crm) && !on_its_way(crm, departure));
        waiting.map(|(crm, _)| crm.clone()).collect()
    }

    pub(super) fn count_departing(&mut self, name: &PairName, now: Timestamp, question: &mut Question) {
        let departing = self.unasked(name);
        if departing.is_empty() || self.suspects.iter().any(|at| at.pair == *name) {
            return;
        }
        self.departed.retain(|(at, _)| now.duration_since(*at) < COUNTED);
        let lately = self.departed.iter().filter(|(_, pair)| pair == name).count() + self.trashing(name, &departing);
        let ties = self.memory.pair(name).map_or(0, |pair| pair.ties.len());
        if UNASKED.is_over(departing.len() + lately, ties) {
            question.what.push(format!(
                "{} of {ties} ties would end because a record of theirs went away, after {lately} in the last hour",
                departing.len()
            ));
            question.ties.extend(departing);
        }
    }

    /// Carries out departures, unless a guard holds the pair or records are still being looked for.
    pub(in crate::engine) fn depart(&mut self, txn: &mut Txn, name: &PairName, now: Timestamp) {
        let guard = HoldId { pair: name.clone(), crm: None, field: None };
        if self.settings.look_only
            || self.memory.holds.contains_key(&guard)
            || self.guards.get(name).is_none_or(|guards| guards.departing.is_empty())
            // What a complete listing did not show is being read by id: how many have gone is not known before that.
            || self.suspects.iter().any(|at| at.pair == *name)
        {
            return;
        }
        for (crm, departure) in std::mem::take(&mut self.guards_of(name).departing) {
            let id = TieId { pair: name.clone(), crm };
            match departure {
                Departure::Untie { gone } => {
                    self.departed.push((now, name.clone()));
                    self.drop_ops(&id);
                    self.untie(txn, &id, gone);
                }
                departure => self.plan_trash(txn, &id, &departure, now),
            }
        }
    }

    /// The survivor follows into the trash; after a failure not before its retry is due.
    fn plan_trash(&mut self, txn: &mut Txn, id: &TieId, departure: &Departure, now: Timestamp) {
        let Departure::Trash { side } = departure else { return };
        let due = now.max(self.retry_at(id, *side).unwrap_or(now));
        self.planned.insert(trash(id, *side), Planned { since: now, due, fields: Vec::new() });
        self.set_hold(txn, HoldId::tie(id), self.record_hold(id));
    }

    /// Ties that are about to end in the trash and are not among these.
    fn trashing(&self, name: &PairName, departing: &[RecordId]) -> usize {
        let planned = self.planned.keys().filter(|op| match &op.target {
            Target::Trash(crm) => op.pair == *name && !departing.contains(crm),
            _ => false,
        });
        planned.count()
    }

    /// Ends a tie with a tombstone.
    pub(in crate::engine) fn untie(&mut self, txn: &mut Txn, id: &TieId, gone: Option<Side>) {
        let Some(tie) = self.memory.pair(&id.pair).and_then(|pair| pair.ties.get(&id.crm)).cloned() else { return };
        let note = match gone {
            Some(side) => format!("its record in {side} went away; the other stays, untied"),
            None => "both records went away".to_owned(),
        };
        txn.events.push(self.tie_event(Happening::Untied, id, note));
        self.waiting.retain(|(waiting, ..), _| waiting != id);
        self.note_moved(id, Vec::new());
        self.note_staying(id);
        self.memory.remove_tie(txn, id);
        let stone = Tombstone { pair: tie.pair, crm: tie.crm, notion: tie.notion, gone, since: self.clock.now() };
        if !self.errs(Flaw::TombstoneDropped) {
            self.memory.put_tombstone(txn, stone);
        }
    }

    /// A trashed record's tie ended too; counted like the others.
    pub(in crate::engine) fn count_departure(&mut self, name: &PairName) {
        self.departed.push((self.clock.now(), name.clone()));
    }
}

fn trash(id: &TieId, side: Side) -> OpKey {
    OpKey { pair: id.pair.clone(), side, target: Target::Trash(id.crm.clone()) }
}
