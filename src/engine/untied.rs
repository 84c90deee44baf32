//! Untied records: matched, created, or shown as orphans.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::control::PairState;
use crate::model::{
    Happening, Observation, Orphan, OrphanWhy, PairName, Purpose, RecordId, RecordRef, Side, Tie, Verdict,
};
use crate::plan::{Facts, Fate, Matching, Untied, match_untied};

use super::core::{Core, OpKey, Planned, Target, after, signed};
use super::flaw::Flaw;
use super::memory::{PairMemory, Txn};

impl Core {
    /// Matches the untied records of every running pair whose matching may have changed. For one that waits for the approval of
    /// its first matching it counts what that would do; that reads every record, so it is done when something has changed and
    /// not for every look.
    pub(super) fn match_all(&mut self, txn: &mut Txn) {
        for name in self.pair_names() {
            if self.waits_for_approval(&name) {
                if self.memory.pairs.get_mut(&name).is_some_and(|pair| std::mem::take(&mut pair.rematch)) {
                    let counted = self.memory.pair(&name).map(|pair| self.review(pair));
                    self.memory.pairs.entry(name).and_modify(|pair| pair.review = counted);
                }
                continue;
            }
            if !self.is_running(&name) {
                continue;
            }
            if let Some(pair) = self.memory.pairs.get_mut(&name) {
                pair.rematch |= pair.review.take().is_some();
            }
            self.remember_approval(txn, &name);
            while self.memory.pairs.get_mut(&name).is_some_and(|pair| std::mem::take(&mut pair.rematch)) {
                if !self.match_pair(txn, &name) {
                    break;
                }
            }
        }
    }

    /// A pair that runs without a review was approved by whoever configured it so: it is not asked about later.
    fn remember_approval(&mut self, txn: &mut Txn, name: &PairName) {
        if !self.settings.look_only && !self.approved(name) {
            self.decide(txn, "configuration", None, Verdict::Approve { pair: name.clone() });
        }
    }

    /// One pass; tells whether ties were made, so that others may now mean something else.
    fn match_pair(&mut self, txn: &mut Txn, name: &PairName) -> bool {
        self.retie_returned(txn, name);
        self.take_late(txn, name);
        let Some(pair) = self.memory.pair(name) else { return false };
        if pair.map.as_ref().is_some_and(|map| !map.tells_apart()) {
            // Untied records wait until they can be told apart again.
            self.planned.retain(|key, _| key.pair != *name || !matches!(key.target, Target::Create(_)));
            return false;
        }
        let facts = self.facts(pair);
        let matching = match_untied(&facts, pair.spec.create);
        if self.meets_strange_markers(name, &facts) {
            return false;
        }
        if self.errs(Flaw::CopyTrusted) {
            self.trust_copies(txn, name, &matching);
        }
        let mut tied = false;
        for (crm, fate) in &matching.crm {
            if let Fate::Match(notion) = fate {
                self.tie(txn, name, crm, notion, "matched");
                tied = true;
            }
        }
        self.show_orphans(txn, name, &matching);
        self.plan_creates(name, &matching);
        tied
    }

    /// Both records of an ended tie are there again, untied: they are the same thing still.
    fn retie_returned(&mut self, txn: &mut Txn, name: &PairName) {
        let Some(pair) = self.memory.pair(name) else { return };
        let is_back = |pair: &PairMemory, crm: &RecordId, notion: &RecordId| {
            Self::is_present(pair, Side::Crm, crm)
                && Self::is_present(pair, Side::Notion, notion)
                && pair.tie_of(Side::Crm, crm).is_none()
                && pair.tie_of(Side::Notion, notion).is_none()
        };
        let stones = pair.tombstones.values().filter(|it| is_back(pair, &it.crm, &it.notion));
        let mut back: Vec<_> = stones.map(|it| (it.since, it.crm.clone(), it.notion.clone())).collect();
        // A record can have had several counterparts, one after the other: the last of them that is there is its own.
        back.sort_unstable_by(|one, other| other.cmp(one));
        for (_, crm, notion) in back {
            if self.memory.pair(name).is_some_and(|pair| is_back(pair, &crm, &notion)) {
                self.tie(txn, name, &crm, &notion, "both are back");
            }
        }
    }

    /// Ties two records. Their fields then merge as on first contact.
    pub(super) fn tie(&mut self, txn: &mut Txn, name: &PairName, crm: &RecordId, notion: &RecordId, note: &str) {
        let tie = Tie {
            pair: name.clone(),
            crm: crm.clone(),
            notion: notion.clone(),
            base: BTreeMap::new(),
            since: self.clock.now(),
        };
        let id = tie.id();
        self.memory.put_tie(txn, tie);
        self.memory.remove_tombstone(txn, name, crm, notion);
        for (side, record) in [(Side::Crm, crm), (Side::Notion, notion)] {
            let at = RecordRef { pair: name.clone(), side, id: record.clone() };
            self.memory.set_orphan(txn, &at, None);
            self.planned.remove(&OpKey {
                pair: name.clone(),
                side: side.other(),
                target: Target::Create(record.clone()),
            });
            self.forget_orders(txn, &at);
            self.clear_failure(txn, name, side, record);
        }
        txn.events.push(self.tie_event(Happening::Tied, &id, note));
    }

    /// Decisions about an orphan are spent once it is tied.
    pub(super) fn forget_orders(&mut self, txn: &mut Txn, at: &RecordRef) {
        let spent: Vec<u64> = self
            .memory
            .decisions
            .values()
            .filter(|decision| {
                matches!(&decision.verdict, Verdict::Create { record } | Verdict::Ignore { record } if record == at)
                    || matches!(&decision.verdict, Verdict::Apart { pair, crm, notion }
                        if *pair == at.pair && at.id == *if at.side == Side::Crm { crm } else { notion })
            })
            .map(|decision| decision.seq)
            .collect();
        for seq in spent {
            self.memory.remove_decision(txn, seq);
        }
    }

    pub(super) fn facts(&self, pair: &PairMemory) -> Facts {
        let name = &pair.spec.name;
        let mut facts = Facts::default();
        let mut ordered: BTreeSet<&RecordRef> = BTreeSet::new();
        let mut ignored: BTreeSet<&RecordRef> = BTreeSet::new();
        let mut parted: BTreeMap<(Side, &RecordId), &RecordId> = BTreeMap::new();
        for decision in self.memory.decisions.values() {
            match &decision.verdict {
                Verdict::Create { record } => drop(ordered.insert(record)),
                Verdict::Ignore { record } => drop(ignored.insert(record)),
                Verdict::Apart { pair, crm, notion } if pair == name => {
                    parted.extend([((Side::Crm, crm), notion), ((Side::Notion, notion), crm)]);
                }
                _ => {}
            }
        }
        // The counterpart that each survivor lost. Whichever went away first, the one that is there while the other is not
        // has survived it; if both are, they are tied again.
        let survivors: BTreeMap<(Side, &RecordId), &RecordId> = pair
            .tombstones
            .values()
            .flat_map(|stone| [((Side::Notion, &stone.notion), &stone.crm), ((Side::Crm, &stone.crm), &stone.notion)])
            .collect();
        let mut creating: BTreeSet<(Side, RecordId)> = BTreeSet::new();
        for intent in self.memory.intents.values().filter(|intent| intent.pair == *name) {
            if let Purpose::Create { source } = &intent.purpose {
                creating.insert((intent.side.other(), source.clone()));
            }
        }
        let twins = self.twins(name);
        // A page that was moved here from another pair still carries the marker that it got there: a number of another kind
        // of thing.
        let others = || self.memory.pairs.iter().filter(|(other, _)| *other != name).map(|(_, other)| other);
        let left: BTreeSet<&RecordId> = others().flat_map(|it| it.tombstones.keys().map(|(_, page)| page)).collect();
        let moved_in = |side: Side, id: &RecordId| {
            side == Side::Notion && (left.contains(id) || others().any(|it| it.tie_of(side, id).is_some()))
        };
        for side in Side::BOTH {
            for id in pair.untied(side) {
                let Some(observation) = pair.observations.get(side).read(id) else { continue };
                let observation = &*observation;
                if !observation.is_present() || twins.contains(&(side, id.clone())) {
                    continue;
                }
                let keys = self.match_keys(pair, side, observation);
                let at = RecordRef { pair: name.clone(), side, id: id.clone() };
                // A record with the marker of an open create is most likely what that create made: its answer, or a probe,
                // will tell.
                let made = observation.marker.as_deref().map(RecordId::from);
                if made.is_some_and(|source| creating.contains(&(side.other(), source))) {
                    continue;
                }
                let survivor_of = survivors.get(&(side, id)).map(|gone| (*gone).clone());
                let whole = self.whole_at(pair, side, observation);
                let ready = whole.is_some_and(|whole| observation.seen_at >= whole);
                let incomplete = whole.is_none() && observation.seen_at >= self.quiet_at(side, observation);
                let untied = Untied {
                    marker: observation.marker.clone().filter(|_| !moved_in(side, id)),
                    keys,
                    survivor_of,
                    parted_from: parted.get(&(side, id)).map(|other| (*other).clone()),
                    ready,
                    incomplete,
                    ordered: ordered.contains(&at),
                    claimed: creating.contains(&(side, id.clone())),
                    ignored: ignored.contains(&at),
                };
                let records = if side == Side::Crm { &mut facts.crm } else { &mut facts.notion };
                records.insert(id.clone(), untied);
            }
        }
        self.add_tied(pair, &twins, &mut facts);
        facts
    }

    /// From when on an untied record counts as whole, so that its counterpart may be created: title and a key are there,
    /// and nothing moved for the quiet time of its side. `None` while title or key are missing.
    pub(super) fn whole_at(&self, pair: &PairMemory, side: Side, observation: &Observation) -> Option<Timestamp> {
        super::core::title_of(pair, side, observation)?;
        let keyed = self.match_keys(pair, side, observation).iter().any(|key| !key.is_empty());
        if !pair.spec.match_by.is_empty() && !keyed {
            return None;
        }
        Some(self.quiet_at(side, observation))
    }

    /// From when on nothing has moved for the quiet time of its side, or the longest deferral is over.
    fn quiet_at(&self, side: Side, observation: &Observation) -> Timestamp {
        let settled = observation.settled_since;
        if !self.systems.get(side).capabilities().saves_while_typing {
            return settled;
        }
        // By our clock: theirs tells when it was created.
        let created = observation.created_at.map(|at| at.saturating_sub(*self.ahead.get(side)).unwrap_or(at));
        let first = created.unwrap_or(settled).min(settled);
        let latest = after(first, signed(self.timing.max_deferral)).max(settled);
        after(settled, signed(self.timing.quiet_new_page)).min(latest)
    }

    fn show_orphans(&mut self, txn: &mut Txn, name: &PairName, matching: &Matching) {
        let now = self.clock.now();
        let mut shown: BTreeSet<(Side, RecordId)> = BTreeSet::new();
        for side in Side::BOTH {
            for (id, fate) in matching.of(side) {
                let Fate::Orphan(why) = fate else { continue };
                shown.insert((side, id.clone()));
                let at = RecordRef { pair: name.clone(), side, id: id.clone() };
                let known = self.memory.pair(name).and_then(|pair| pair.orphans.get(&(side, id.clone())));
                if known.is_some_and(|known| known.why == *why) {
                    continue;
                }
                let since = known.map_or(now, |known| known.since);
                if known.is_none() {
                    let pair = self.memory.pair(name);
                    let is_tied = |id: &RecordId| pair.is_some_and(|pair| pair.is_tied(side.other(), id));
                    txn.events.push(self.event(Happening::Orphaned, &at, orphan_sentence(why, is_tied)));
                }
                let orphan = Orphan { record: at.clone(), why: why.clone(), since };
                self.memory.set_orphan(txn, &at, Some(orphan));
            }
        }
        let Some(pair) = self.memory.pair(name) else { return };
        let gone: Vec<(Side, RecordId)> =
            pair.orphans.keys().filter(|place| !shown.contains(*place)).cloned().collect();
        for (side, id) in gone {
            self.memory.set_orphan(txn, &RecordRef { pair: name.clone(), side, id }, None);
        }
    }

    fn plan_creates(&mut self, name: &PairName, matching: &Matching) {
        let now = self.clock.now();
        let mut wanted: BTreeMap<OpKey, Timestamp> = BTreeMap::new();
        for side in Side::BOTH {
            for (id, fate) in matching.of(side) {
                let at = RecordRef { pair: name.clone(), side, id: id.clone() };
                let due = match fate {
                    Fate::Create => now,
                    Fate::Wait => {
                        let quiet = self.memory.pair(name).and_then(|pair| {
                            let observation = pair.observations.get(side).read(id)?;
                            let whole = self.whole_at(pair, side, &observation);
                            let quiet = whole.unwrap_or(self.quiet_at(side, &observation));
                            (observation.seen_at < quiet).then_some(quiet)
                        });
                        // Two readings a quiet time apart must agree: see to it that there is a second.
                        if let Some(quiet) = quiet {
                            self.hot.entry(at.clone()).or_insert(quiet);
                        }
                        continue;
                    }
                    _ => continue,
                };
                let due = due.max(self.create_retry_at(name, side, id).unwrap_or(due));
                wanted
                    .insert(OpKey { pair: name.clone(), side: side.other(), target: Target::Create(id.clone()) }, due);
            }
        }
        self.planned
            .retain(|key, _| key.pair != *name || !matches!(key.target, Target::Create(_)) || wanted.contains_key(key));
        for (key, due) in wanted {
            let since = self.planned.get(&key).map_or(now, |planned| planned.since);
            self.planned.insert(key, Planned { since, due, fields: Vec::new() });
        }
    }

    /// When a failed creation is tried again.
    pub(super) fn create_retry_at(&self, name: &PairName, side: Side, id: &RecordId) -> Option<Timestamp> {
        use crate::model::{HoldId, MarkKind};
        let hold = HoldId { pair: name.clone(), crm: Some(source_key(side, id)), field: None };
        let settled = self.memory.pair(name).and_then(|pair| pair.observation(side, id)).map(|it| it.settled_since);
        self.memory.marks_on(&hold).find_map(|mark| match &mark.kind {
            // Another input is another try.
            MarkKind::Failed { retry_at, .. } if settled.is_none_or(|settled| settled <= mark.at) => {
                Some(retry_at.unwrap_or(Timestamp::MAX))
            }
            _ => None,
        })
    }

    /// The counts of a pair's first matching.
    fn review(&self, pair: &PairMemory) -> PairState {
        let facts = self.facts(pair);
        let matching = match_untied(&facts, pair.spec.create);
        let count = |side: Side, test: fn(&Fate) -> bool| {
            u64::try_from(matching.of(side).values().filter(|fate| test(fate)).count()).unwrap_or(u64::MAX)
        };
        let ambiguous =
            |fate: &Fate| matches!(fate, Fate::Orphan(OrphanWhy::Ambiguous { .. } | OrphanWhy::Copy { .. }));
        let alone = |fate: &Fate| {
            matches!(fate, Fate::Create | Fate::Wait)
                || matches!(
                    fate,
                    Fate::Orphan(
                        OrphanWhy::CreationOff
                            | OrphanWhy::Incomplete
                            | OrphanWhy::Survivor { .. }
                            | OrphanWhy::Parted { .. }
                    )
                )
        };
        PairState::Review {
            sure: count(Side::Crm, |fate| matches!(fate, Fate::Match(_))),
            ambiguous: count(Side::Crm, ambiguous) + count(Side::Notion, ambiguous),
            crm_only: count(Side::Crm, alone),
            notion_only: count(Side::Notion, alone),
            marked: u64::try_from(self.strange_markers(pair, &facts).len()).unwrap_or(u64::MAX),
        }
    }
}

/// The name under which a failed creation is marked: a CRM record by its id, a page by its id with a prefix, so that the
/// two never meet.
pub(super) fn source_key(side: Side, id: &RecordId) -> RecordId {
    match side {
        Side::Crm => id.clone(),
        Side::Notion => RecordId(format!("page:{id}")),
    }
}

/// Why an orphan is one, in a sentence; of its candidates it tells how many `is_tied` already.
pub(super) fn orphan_sentence(why: &OrphanWhy, is_tied: impl Fn(&RecordId) -> bool) -> String {
    match why {
        OrphanWhy::Survivor { gone } => {
            format!("its counterpart {gone} went away; create a new one, link it, or ignore it")
        }
        OrphanWhy::Ambiguous { candidates } => {
            let all = candidates.len();
            let could = match all {
                1 => "one record of the other side".to_owned(),
                several => format!("any of {several} records of the other side"),
            };
            match candidates.iter().filter(|id| is_tied(id)).count() {
                0 => format!("it could be {could}; link the right one, or create"),
                tied if tied < all => {
                    format!("it could be {could}, {tied} of them tied already; link one that is free, or create")
                }
                _ => {
                    let tied = if all == 1 { "which is tied already" } else { "all of them tied already" };
                    format!("it could be {could}, {tied}; create, or undo the wrong tie in the journal and link it")
                }
            }
        }
        OrphanWhy::Copy { of } => format!("a copy of page {of}, which is tied already; link it, create, or ignore it"),
        OrphanWhy::Incomplete => "it has no title or no key yet; fill it in, link it, or ignore it".to_owned(),
        OrphanWhy::CreationOff => "the pair does not create counterparts in this direction".to_owned(),
        OrphanWhy::Parted { from } => {
            format!("somebody said that it is not the same thing as {from}; link the right one, create, or ignore it")
        }
    }
}
