//! Creates that turn up after everybody has stopped looking.
//!
//! A request can be executed long after its answer was given up. When every probe of an unknown create has missed it, its
//! marker stays watched, through restarts, whether it was sent again, given up, or nobody wants it any more. A record that
//! shows the marker after that is ours, not somebody's copy: with another record tied in its place it is a duplicate that
//! a person must remove; without, it is matched by its marker; and nothing is ever created for it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{HoldId, Intent, Mark, MarkKind, PairName, RecordId, Side, Tie, Tombstone};

use super::core::{Core, after, signed};
use super::memory::{PairMemory, Txn};

/// What the names of watches begin with; no record's id does.
const WATCH: &str = "marker:";

impl Core {
    /// The last look for an unknown create has missed it.
    pub(super) fn watch(&mut self, txn: &mut Txn, intent: &Intent, source: &RecordId) {
        let now = self.clock.now();
        let name = RecordId(format!("{WATCH}{}:{source}", intent.side.as_str()));
        let id = HoldId { pair: intent.pair.clone(), crm: Some(name), field: None };
        let until = after(now, signed(self.timing.late_watch));
        let kind = MarkKind::Watched { side: intent.side, source: source.clone(), until, sent: intent.attempt };
        self.memory.put_mark(txn, Mark { id, kind, at: now });
    }

    /// How often a create for this source was sent with the input of now, and not found. What was surely not done does not
    /// count: it cannot turn up.
    pub(super) fn sends(&self, name: &PairName, side: Side, source: &RecordId) -> u32 {
        let watch = RecordId(format!("{WATCH}{}:{source}", side.as_str()));
        let id = HoldId { pair: name.clone(), crm: Some(watch), field: None };
        let mark = self.memory.marks.get(&(id, "watched"));
        let settled = self.memory.pair(name).and_then(|pair| pair.observation(side.other(), source));
        match mark.map(|mark| (&mark.kind, mark.at)) {
            Some((MarkKind::Watched { sent, .. }, at)) if settled.is_none_or(|it| it.settled_since <= at) => *sent,
            _ => 0,
        }
    }

    /// The watched markers of a pair; those that have run out are forgotten.
    fn watched(&mut self, txn: &mut Txn, name: &PairName, now: Timestamp) -> BTreeSet<(Side, RecordId)> {
        let first = HoldId { pair: name.clone(), crm: Some(WATCH.into()), field: None };
        let watches = self.memory.marks.range((first, "")..).map(|(_, mark)| mark).take_while(|mark| {
            mark.id.pair == *name && mark.id.crm.as_ref().is_some_and(|crm| crm.as_str().starts_with(WATCH))
        });
        let (mut watched, mut over) = (BTreeSet::new(), Vec::new());
        for mark in watches {
            match &mark.kind {
                // By a clock that was set forward meanwhile it would have run out, and what comes late be nobody's.
                MarkKind::Watched { until, .. }
                    if mark.at < self.memory.idle.ago(now, until.duration_since(mark.at)) =>
                {
                    over.push(mark.id.clone());
                }
                MarkKind::Watched { side, source, .. } => drop(watched.insert((*side, source.clone()))),
                _ => {}
            }
        }
        for id in over {
            self.memory.remove_mark(txn, &id, "watched");
        }
        watched
    }

    /// Looks for watched markers among everything that was read, and lets go of duplicates that were removed.
    pub(super) fn take_late(&mut self, txn: &mut Txn, name: &PairName) {
        let now = self.clock.now();
        self.release_twins(txn, name);
        let watched = self.watched(txn, name, now);
        let Some(pair) = self.memory.pair(name).filter(|_| !watched.is_empty()) else { return };
        for ((side, source), late) in late_arrivals(pair, &watched) {
            let at = crate::model::RecordRef { pair: name.clone(), side: side.other(), id: source.clone() };
            // While it is being created, its answer or a probe tells.
            if self.has_open_intent(&at) {
                continue;
            }
            let Some(pair) = self.memory.pair(name) else { return };
            if let Some(tie) = pair.tie_of(at.side, &source) {
                let id = HoldId::tie(&tie.id());
                let mut records = vec![tie.on(side).clone()];
                records.extend(late);
                let known = self.memory.marks.get(&(id.clone(), "duplicates"));
                let kind = MarkKind::DuplicateSet { side, records };
                if known.is_none_or(|known| known.kind != kind) {
                    self.memory.put_mark(txn, Mark { id, kind, at: now });
                }
            } else if !Self::is_present(pair, at.side, &source) {
                // Nobody wants it any more: it is a survivor, and nothing is created for it unasked.
                for record in late {
                    let (crm, notion) = match side {
                        Side::Notion => (source.clone(), record),
                        Side::Crm => (record, source.clone()),
                    };
                    if self
                        .memory
                        .pair(name)
                        .is_some_and(|it| it.tombstones.contains_key(&(crm.clone(), notion.clone())))
                    {
                        continue;
                    }
                    let gone = Some(at.side);
                    self.memory.put_tombstone(txn, Tombstone { pair: name.clone(), crm, notion, gone, since: now });
                }
            }
        }
    }

    /// Records of a pair that wait as duplicates for somebody to remove them: they are nobody's copy and nobody's match.
    pub(super) fn twins(&self, name: &PairName) -> BTreeSet<(Side, RecordId)> {
        let mut twins = BTreeSet::new();
        for (_, mark) in self.duplicate_sets(name) {
            if let MarkKind::DuplicateSet { side, records } = &mark.kind {
                let untied = |id: &&RecordId| self.memory.pair(name).is_some_and(|it| it.tie_of(*side, id).is_none());
                twins.extend(records.iter().filter(untied).map(|id| (*side, id.clone())));
            }
        }
        twins
    }

    fn duplicate_sets(&self, name: &PairName) -> impl Iterator<Item = (&HoldId, &Mark)> {
        let first = HoldId { pair: name.clone(), crm: None, field: None };
        let own = self.memory.marks.range((first, "")..).map(|((id, _), mark)| (id, mark));
        let own = own.take_while(move |(id, _)| id.pair == *name);
        own.filter(|(_, mark)| matches!(mark.kind, MarkKind::DuplicateSet { .. }))
    }

    /// A set of which one record is left is none.
    fn release_twins(&mut self, txn: &mut Txn, name: &PairName) {
        let Some(pair) = self.memory.pair(name) else { return };
        let over = self.duplicate_sets(name).filter(|(id, mark)| {
            let MarkKind::DuplicateSet { side, records } = &mark.kind else { return false };
            let own = |tie: Option<&Tie>| tie.is_none_or(|tie| Some(&tie.crm) == id.crm.as_ref());
            // One that was not read yet is not known to be gone.
            let there = |record: &&RecordId| pair.observation(*side, record).is_none_or(|it| it.is_present());
            records.iter().filter(there).filter(|record| own(pair.tie_of(*side, record))).count() < 2
        });
        let over: Vec<HoldId> = over.map(|(id, _)| id.clone()).collect();
        for id in over {
            self.memory.remove_mark(txn, &id, "duplicates");
        }
    }
}

/// A side and a marker on it: the record of the other side that something was made for.
type Place = (Side, RecordId);
/// When it was created, by its system, and its id.
type Aged = (Option<Timestamp>, RecordId);

/// Untied records that show a watched marker, oldest first.
fn late_arrivals(pair: &PairMemory, watched: &BTreeSet<Place>) -> BTreeMap<Place, Vec<RecordId>> {
    let mut found: BTreeMap<Place, Vec<Aged>> = BTreeMap::new();
    for side in Side::BOTH {
        for id in pair.untied(side) {
            let Some(seen) = pair.observations.get(side).read(id).filter(|seen| seen.is_present()) else { continue };
            let Some(marker) = seen.marker.as_deref().filter(|marker| !marker.is_empty()) else { continue };
            let place = (side, RecordId::from(marker));
            if watched.contains(&place) {
                found.entry(place).or_default().push((seen.created_at, id.clone()));
            }
        }
    }
    let sorted = found.into_iter().map(|(place, mut records)| {
        records.sort();
        (place, records.into_iter().map(|(_, id)| id).collect())
    });
    sorted.collect()
}
