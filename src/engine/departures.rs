//! Ties whose records go away: held back until it is known how many they are, guarded, then ended.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Happening, HoldId, PairName, Side, TieId, Tombstone, Value, Verdict, Why};
use crate::plan::Departure;

use super::core::{Core, OpKey, Planned, Target};
use super::memory::Txn;

/// Departures are counted together over this time, so that many small steps are not mistaken for few.
const COUNTED: SignedDuration = SignedDuration::from_hours(1);

/// Ties that may end in that time without a person saying so: ten, or one in twenty.
const UNASKED: (usize, usize) = (10, 20);

impl Core {
    /// Carries out departures, unless they are so many that a person must say so first.
    pub(super) fn depart_all(
        &mut self,
        txn: &mut Txn,
        name: &PairName,
        departing: Vec<(TieId, Departure)>,
        now: Timestamp,
    ) {
        let guard = HoldId { pair: name.clone(), crm: None, field: None };
        // What was allowed already and is on its way is not asked about again.
        let (on_its_way, departing): (Vec<_>, Vec<_>) = departing.into_iter().partition(|(id, departure)| {
            let Departure::Trash { side } = departure else { return false };
            self.planned.contains_key(&trash(id, *side))
        });
        for (id, departure) in &on_its_way {
            self.plan_trash(txn, id, departure, now);
        }
        if self.settings.look_only {
            self.put_off(name, departing);
            return;
        }
        if departing.is_empty() {
            if self.memory.holds.contains_key(&guard) && !self.is_departing(name) {
                self.set_hold(txn, guard, None);
            }
            return;
        }
        // What a complete listing did not show is being read by id: how many have gone is not known before that.
        if self.suspects.iter().any(|at| at.pair == *name) {
            self.put_off(name, departing);
            return;
        }
        self.departed.retain(|(at, _)| now.duration_since(*at) < COUNTED);
        let lately = self.departed.iter().filter(|(_, pair)| pair == name).count() + self.trashing(name, &departing);
        let ties = self.memory.pair(name).map_or(0, |pair| pair.ties.len());
        let total = departing.len() + lately;
        if total > (ties / UNASKED.1).max(UNASKED.0) && !self.overridden(txn, name, &guard, &departing, ties, total) {
            self.put_off(name, departing);
            return;
        }
        self.set_hold(txn, guard, None);
        for (id, departure) in departing {
            self.drop_ops(&id);
            match departure {
                Departure::Untie { gone } => {
                    self.departed.push((now, name.clone()));
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

    /// Whether a person has allowed exactly this; if not, the pair is held and says what would happen.
    fn overridden(
        &mut self,
        txn: &mut Txn,
        name: &PairName,
        guard: &HoldId,
        departing: &[(TieId, Departure)],
        ties: usize,
        total: usize,
    ) -> bool {
        let list: Vec<String> = departing.iter().map(|(id, _)| id.to_string()).collect();
        let plan = Value::text(list.join(" ")).digest();
        let allowed = self.memory.decisions.values().find(|decision| {
            matches!(&decision.verdict, Verdict::Override { pair, plan: seen } if pair == name && *seen == plan)
        });
        if let Some(seq) = allowed.map(|decision| decision.seq) {
            self.memory.remove_decision(txn, seq);
            return true;
        }
        let lately = total - departing.len();
        let what = format!(
            "{} of {ties} ties would end because a record of theirs went away, after {lately} in the last hour",
            departing.len()
        );
        self.set_hold(txn, guard.clone(), Some(Why::MassChange { what, plan }));
        false
    }

    /// Ties that are about to end in the trash and are not among these.
    fn trashing(&self, name: &PairName, departing: &[(TieId, Departure)]) -> usize {
        let planned = self.planned.keys().filter(|op| match &op.target {
            Target::Trash(crm) => op.pair == *name && !departing.iter().any(|(id, _)| id.crm == *crm),
            _ => false,
        });
        planned.count()
    }

    fn put_off(&mut self, name: &PairName, departing: Vec<(TieId, Departure)>) {
        for (id, _) in &departing {
            self.drop_ops(id);
        }
        self.put_off.entry(name.clone()).or_default().extend(departing.into_iter().map(|(id, _)| id.crm));
    }

    fn is_departing(&self, name: &PairName) -> bool {
        self.put_off.get(name).is_some_and(|put_off| !put_off.is_empty())
    }

    /// Whatever was put off is looked at again with everything that has come since.
    pub(super) fn take_up_put_off(&mut self, name: &PairName) {
        let Some(put_off) = self.put_off.remove(name) else { return };
        if let Some(pair) = self.memory.pairs.get_mut(name) {
            pair.dirty.extend(put_off);
        }
    }

    /// Ends a tie with a tombstone.
    pub(super) fn untie(&mut self, txn: &mut Txn, id: &TieId, gone: Option<Side>) {
        let Some(tie) = self.memory.pair(&id.pair).and_then(|pair| pair.ties.get(&id.crm)).cloned() else { return };
        let note = match gone {
            Some(side) => format!("its record in {side} went away; the other stays, untied"),
            None => "both records went away".to_owned(),
        };
        txn.events.push(self.tie_event(Happening::Untied, id, note));
        self.waiting.retain(|(waiting, ..), _| waiting != id);
        self.memory.remove_tie(txn, id);
        let stone = Tombstone { pair: tie.pair, crm: tie.crm, notion: tie.notion, gone, since: self.clock.now() };
        self.memory.put_tombstone(txn, stone);
    }

    /// A trashed record's tie ended too; counted like the others.
    pub(super) fn count_departure(&mut self, name: &PairName) {
        self.departed.push((self.clock.now(), name.clone()));
    }
}

fn trash(id: &TieId, side: Side) -> OpKey {
    OpKey { pair: id.pair.clone(), side, target: Target::Trash(id.crm.clone()) }
}
