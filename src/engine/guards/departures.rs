//! Ties whose records go away: held back until it is known how many they are, guarded, then ended.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Happening, HoldId, PairName, RecordId, RecordRef, Side, TieId, Tombstone};
use crate::plan::Departure;

use super::super::core::{OpKey, Planned, Target};
use super::super::flaw::Flaw;
use super::super::memory::Txn;
use super::{Core, Limit, Question};

/// Departures are counted together over this time, so that many small steps are not mistaken for few.
pub(super) const COUNTED: SignedDuration = SignedDuration::from_hours(1);

/// Ties that may end in that time without a person saying so.
pub(super) const UNASKED: Limit = Limit { least: 10, percent: 5 };

/// How a tie would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ending {
    /// Without more; the record of this side went away, or both did.
    Untie {
        /// That side.
        gone: Option<Side>,
    },
    /// With its survivor in the trash of this side.
    Trash {
        /// That side.
        side: Side,
    },
}

impl Ending {
    fn of(departure: &Departure) -> Option<Self> {
        match departure {
            Departure::Untie { gone } => Some(Self::Untie { gone: *gone }),
            Departure::Trash { side } => Some(Self::Trash { side: *side }),
            Departure::No | Departure::Rest | Departure::Hold(_) => None,
        }
    }

    /// Whether it is about this side's record having gone away.
    pub(super) fn is_of(self, side: Side) -> bool {
        match self {
            Self::Untie { gone } => gone.is_none_or(|gone| gone == side),
            Self::Trash { side: survivor } => survivor != side,
        }
    }

    /// The side into whose trash something would be put.
    pub(super) fn trashes(self) -> Option<Side> {
        match self {
            Self::Untie { .. } => None,
            Self::Trash { side } => Some(side),
        }
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Untie { gone: Some(side) } => write!(f, "untied, gone in {side}"),
            Self::Untie { gone: None } => write!(f, "untied, gone in both"),
            Self::Trash { side } => write!(f, "trashed in {side}"),
        }
    }
}

/// What an operator must know before they let it happen.
pub(super) fn would_be_trashed(count: usize, of: Side) -> String {
    format!("{count} would be put into the trash of {of}")
}

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
    fn unasked(&self, name: &PairName) -> Vec<(RecordId, Ending)> {
        let Some(guards) = self.guards.get(name) else { return Vec::new() };
        let on_its_way = |crm: &RecordId, departure: &Departure| {
            let id = TieId { pair: name.clone(), crm: crm.clone() };
            matches!(departure, Departure::Trash { side } if self.planned.contains_key(&trash(&id, *side)))
        };
        let allowed = |line: &(RecordId, Ending)| guards.allows().is_some_and(|allowed| allowed.ties.contains(line));
        let waiting = guards.departing.iter().filter(|(crm, departure)| !on_its_way(crm, departure));
        let waiting = waiting.filter_map(|(crm, departure)| Some((crm.clone(), Ending::of(departure)?)));
        waiting.filter(|line| !allowed(line)).collect()
    }

    /// Whether some of what was allowed to go has not gone yet: it is still being read, or its survivor is on its way into the
    /// trash.
    pub(super) fn is_departing(&self, name: &PairName, allowed: &Question) -> bool {
        let Some(pair) = self.memory.pair(name) else { return false };
        let waits = |at: &RecordRef| self.suspects.contains(at) || self.absent_since.contains_key(at);
        let tied = |(crm, _): &(RecordId, Ending)| {
            let Some(tie) = pair.ties.get(crm) else { return false };
            let at = |side: Side| RecordRef { pair: name.clone(), side, id: tie.on(side).clone() };
            let departing = self.guards.get(name).is_some_and(|guards| guards.departing.contains_key(crm));
            departing
                || Side::BOTH
                    .into_iter()
                    .any(|side| waits(&at(side)) || self.planned.contains_key(&trash(&tie.id(), side)))
        };
        allowed.ties.iter().any(tied) || allowed.records.iter().any(waits)
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
            for side in Side::BOTH {
                let trashed = departing.iter().filter(|(_, ending)| ending.trashes() == Some(side)).count();
                if trashed > 0 {
                    question.what.push(would_be_trashed(trashed, side));
                }
            }
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
    fn trashing(&self, name: &PairName, departing: &[(RecordId, Ending)]) -> usize {
        let planned = self.planned.keys().filter(|op| match &op.target {
            Target::Trash(crm) => op.pair == *name && !departing.iter().any(|(it, _)| it == crm),
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
