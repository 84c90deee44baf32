//! Untied records as an operator sees them, those that were ignored too; and taking an ignoring back.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::control::{Near, Order, OrphanRow, Query, Reply, Rows, Window};
use crate::model::{Decision, Happening, OrphanWhy, RecordRef, Verdict};

use super::core::Core;
use super::memory::{PairMemory, Txn};
use super::names::window;
use super::snapshot::count;
use super::untied::orphan_sentence;
use super::views::{ROWS, age, extent};

/// One of them, before anything is made of it.
#[derive(Clone, Copy)]
struct Shown<'a> {
    pair: &'a PairMemory,
    record: &'a RecordRef,
    since: Timestamp,
    state: State<'a>,
}

#[derive(Clone, Copy)]
enum State<'a> {
    Waits(&'a OrphanWhy),
    /// By whom.
    Ignored(&'a str),
}

impl State<'_> {
    /// One word for it.
    fn word(&self) -> &'static str {
        match self {
            State::Waits(OrphanWhy::Survivor { .. }) => "survivor",
            State::Waits(OrphanWhy::Ambiguous { .. }) => "ambiguous",
            State::Waits(OrphanWhy::Copy { .. }) => "copy",
            State::Waits(OrphanWhy::Incomplete) => "incomplete",
            State::Waits(OrphanWhy::CreationOff) => "creation off",
            State::Waits(OrphanWhy::Parted { .. }) => "taken apart",
            State::Ignored(_) => "ignored",
        }
    }
}

impl Core {
    /// A window of the orphans; of those that were ignored too, where that is asked for.
    pub(super) fn orphan_window(&self, query: &Query) -> Window {
        let waiting = self.memory.pairs.values().flat_map(|pair| {
            pair.orphans.values().map(move |orphan| Shown {
                pair,
                record: &orphan.record,
                since: orphan.since,
                state: State::Waits(&orphan.why),
            })
        });
        let mut orphans: Vec<Shown<'_>> = waiting.collect();
        if query.ignored {
            orphans.extend(self.memory.decisions.values().filter_map(|decision| self.ignored(decision)));
        }
        let title = |orphan: &Shown<'_>| self.title(orphan.pair, orphan.record.side, &orphan.record.id);
        let wanted = query.filter.to_lowercase();
        orphans.retain(|orphan| {
            let text = || format!("{} {}", title(orphan), orphan.state.word());
            wanted.is_empty() || text().to_lowercase().contains(&wanted)
        });
        // Titles of untied records lie in no order that could be asked for: a list of all of them would have to be made.
        let by = if query.order == Order::Record { Order::Own } else { query.order };
        let pairs = self.pair_places();
        let rank = |orphan: &Shown<'_>| {
            let pair = if by == Order::Pair { pairs.get(&orphan.record.pair).copied() } else { Some(0) };
            (pair.unwrap_or(usize::MAX), age(by, orphan.since))
        };
        let order =
            |one: &Shown<'_>, two: &Shown<'_>| rank(one).cmp(&rank(two)).then_with(|| one.record.cmp(two.record));
        let near = match &query.near {
            Some(Near::Orphan(record)) => orphans.iter().find(|orphan| orphan.record == record).copied(),
            _ => None,
        };
        let place = near.map(|near| orphans.iter().filter(|orphan| order(orphan, &near).is_lt()).count());
        let query = Query { offset: query.first_for(place), ..query.clone() };
        let (total, (skip, take)) = (count(orphans.len()), extent(&query));
        let shown = window(&mut orphans, skip, take, order);
        // What is like them is looked for where they are shown to people; the one under the cursor comes first.
        let waits = |orphan: &Shown<'_>| matches!(orphan.state, State::Waits(_));
        let looked = near.iter().chain(shown.iter()).filter(|orphan| waits(orphan));
        let looked = looked.map(|orphan| (orphan.pair, orphan.record));
        let liked = if query.limit <= ROWS { self.liked(looked) } else { BTreeMap::new() };
        let row = |orphan: &Shown<'_>| OrphanRow {
            record: orphan.record.clone(),
            title: title(orphan),
            why: orphan.state.word().to_owned(),
            detail: match &orphan.state {
                State::Waits(why) => {
                    let is_tied = |id: &_| orphan.pair.is_tied(orphan.record.side.other(), id);
                    orphan_sentence(why, is_tied)
                }
                State::Ignored(who) => format!(
                    "ignored by {who}: nothing is created for it and it is matched with nothing; take that back, and it is \
                     looked at again"
                ),
            },
            fields: self.shown_fields(orphan.pair, orphan.record.side, &orphan.record.id),
            since: orphan.since,
            suggestions: match &orphan.state {
                State::Waits(OrphanWhy::Ambiguous { candidates }) => count(candidates.len()),
                _ => liked.get(orphan.record).map_or(0, |liked| count(liked.len())),
            },
            uncounted: match &orphan.state {
                State::Waits(OrphanWhy::Ambiguous { .. }) | State::Ignored(_) => false,
                State::Waits(_) => !liked.contains_key(orphan.record),
            },
            best: liked
                .get(orphan.record)
                .and_then(|liked| liked.first())
                .map(|like| self.suggested(orphan.pair, orphan.record.side.other(), like)),
            creatable: self.creatable(orphan.pair, orphan.record),
            digest: self.record_digest(orphan.pair, orphan.record.side, &orphan.record.id),
            ignored: match orphan.state {
                State::Waits(_) => None,
                State::Ignored(who) => Some(who.to_owned()),
            },
        };
        Window { order: by, ..Window::of(total, query.offset, Rows::Orphans(shown.iter().map(row).collect())) }
    }

    /// The record that a decision ignores, if it is there and untied still.
    fn ignored<'a>(&'a self, decision: &'a Decision) -> Option<Shown<'a>> {
        let Verdict::Ignore { record } = &decision.verdict else { return None };
        let pair = self.memory.pair(&record.pair)?;
        let there = Self::is_present(pair, record.side, &record.id) && pair.tie_of(record.side, &record.id).is_none();
        there.then_some(Shown { pair, record, since: decision.at, state: State::Ignored(&decision.who) })
    }

    /// Takes back that an orphan is ignored: it is looked at again like any other untied record.
    pub(super) fn unignore_orphan(&mut self, txn: &mut Txn, who: &str, record: &RecordRef) -> Reply {
        if !self.forget_ignoring(txn, record) {
            return Reply::Refused { why: "it is not ignored any more".to_owned() };
        }
        let mut event = self.event(Happening::Decided, record, "no longer ignored");
        event.who = who.to_owned();
        txn.events.push(event);
        Reply::Done { note: "no longer ignored; it is looked at again like any other untied record".to_owned() }
    }

    /// Tells whether it was ignored.
    pub(super) fn forget_ignoring(&mut self, txn: &mut Txn, record: &RecordRef) -> bool {
        let is = |verdict: &Verdict| matches!(verdict, Verdict::Ignore { record: it } if it == record);
        let decisions = self.memory.decisions.values().filter(|decision| is(&decision.verdict));
        let spent: Vec<u64> = decisions.map(|decision| decision.seq).collect();
        for seq in &spent {
            self.memory.remove_decision(txn, *seq);
        }
        if let Some(pair) = self.memory.pairs.get_mut(&record.pair) {
            pair.rematch |= !spent.is_empty();
        }
        !spent.is_empty()
    }
}
