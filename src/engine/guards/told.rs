//! How far each guard of a pair is from stopping it: its limit and its count of now, for people.

use super::super::core::Core;
use super::{Limit, Side, absence, changes, departures, markers, storms};
use crate::model::PairName;

/// `3 now; stops above 12 (the larger of 10 and 5 % of 240)`.
fn fact(what: &str, count: usize, limit: Limit, of: usize) -> (String, String) {
    let most = limit.most(of);
    let why = match limit.percent {
        0 => String::new(),
        percent => format!(" (the larger of {} and {percent} % of {of})", limit.least),
    };
    (format!("guard: {what}"), format!("{count} now; stops above {most}{why}"))
}

impl Core {
    /// Every guard of a pair.
    pub(in crate::engine) fn guards_told(&self, name: &PairName) -> Vec<(String, String)> {
        let Some(pair) = self.memory.pair(name) else { return Vec::new() };
        let (ties, now) = (pair.ties.len(), self.clock.now());
        let guards = self.guards.get(name);
        let lately = |at: jiff::Timestamp| now.duration_since(at) < departures::COUNTED;
        let departed = self.departed.iter().filter(|(at, pair)| pair == name && lately(*at)).count();
        let departing = guards.map_or(0, |guards| guards.departing.len());
        let (changed, emptied) = guards.map_or((0, 0), |guards| guards.changes.most());
        let strange = guards.map_or(0, |guards| guards.strange.len().max(guards.overwritten.len()));
        let failing = guards.into_iter().flat_map(|guards| guards.failing.values()).map(|it| it.len()).max();
        let mut facts = vec![
            fact("ties that end within an hour", departing + departed, departures::UNASKED, ties),
            fact("ties that change in one cycle", changed, changes::CHANGED, ties),
            fact("ties of which one field is emptied in one cycle", emptied, changes::EMPTIED, ties),
        ];
        for side in Side::BOTH {
            let of_side = |at: &&crate::model::RecordRef| at.pair == *name && at.side == side;
            let missed = self.suspects.iter().filter(of_side).count();
            let absent = self.absent_since.keys().filter(of_side).count();
            let known = pair.observations.get(side).len();
            let listed = guards.map(|guards| *guards.listed.get(side)).filter(|listed| *listed > 0).unwrap_or(known);
            facts.push(fact(&format!("records that a listing of {side} lacks"), missed, absence::SHRUNK, listed));
            facts.push(fact(&format!("records of {side} not found by id"), absent, absence::NOT_FOUND, ties));
        }
        facts.push(fact("pages with strange markers", strange, markers::STRANGE, ties));
        facts.push(fact("records that fail by one error", failing.unwrap_or(0), storms::FAILING, ties));
        facts
    }
}
