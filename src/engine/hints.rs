//! Word of changes, and what it tells of our own writes.
//!
//! A hint makes a record hot and nothing more: it may be late, double, out of order, or about nobody we know. But where it
//! tells of somebody else's edit of a field *inside* the window of a write of ours, from the pre-read to the
//! acknowledgement, that edit may be overwritten, and the journal says so, once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::control::Hint;
use crate::model::{FieldName, Happening, PairName, RecordRef, Side, Value};

use super::core::{Core, after, signed};
use super::memory::Txn;
use super::windows::Window;

/// How far the other system's clock may be from ours, after what is known of that was taken into account.
pub(super) const SLACK: SignedDuration = SignedDuration::from_millis(1_500);
/// An answer that took longer tells too little about its system's clock.
const PROMPT: SignedDuration = SignedDuration::from_secs(2);
/// How far apart increments are at least that were asked for by hints.
const APART: SignedDuration = SignedDuration::from_secs(5);
/// How long a window is kept for hints that come late, and an edit for windows that close late.
pub(super) const KEPT: SignedDuration = SignedDuration::from_mins(30);
/// Windows and edits kept of one record.
const MOST: usize = 16;
/// Owners of relations to one record that are read again; more are left to the listings.
const OWNERS: usize = 25;

/// What is kept for comparing hints and writes.
#[derive(Debug, Default)]
pub struct Hints {
    /// Records to be read by a request that begins after this moment.
    owed: BTreeMap<RecordRef, Timestamp>,
    /// Listings that are to come sooner, because a record was named that nobody knows.
    pub(super) called: BTreeSet<(PairName, Side)>,
    pub(super) edits: BTreeMap<RecordRef, Vec<Edit>>,
    pub(super) windows: BTreeMap<RecordRef, Vec<Window>>,
    /// Records that we put into the trash, and the window of that.
    trashed: BTreeMap<RecordRef, (Timestamp, Timestamp)>,
}

/// An edit by somebody else.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// When, by its system's clock: how far that is from ours may be learned only later.
    pub(super) theirs: Timestamp,
    /// How much later it may have been: a stamp may be rounded down.
    pub(super) within: SignedDuration,
    pub(super) heard: Timestamp,
    pub(super) fields: Option<Vec<FieldName>>,
}

impl Hints {
    /// Keeps an edit, once.
    pub(super) fn note(&mut self, at: &RecordRef, edit: Edit) {
        let edits = self.edits.entry(at.clone()).or_default();
        if !edits.iter().any(|known| known.theirs == edit.theirs && known.fields == edit.fields) {
            edits.push(edit);
        }
        if edits.len() > MOST {
            edits.remove(0);
        }
    }

    /// What lies too far back to matter.
    pub fn forget(&mut self, now: Timestamp) {
        let lately = |at: Timestamp| now.duration_since(at) < KEPT;
        self.edits.retain(|_, edits| {
            edits.retain(|edit| lately(edit.heard));
            !edits.is_empty()
        });
        self.trashed.retain(|_, (_, closed)| lately(*closed));
        self.windows.retain(|_, windows| {
            windows.retain(|window| window.closed.is_none_or(lately));
            !windows.is_empty()
        });
    }

    pub(super) fn window(&mut self, at: &RecordRef, intent: u64) -> Option<&mut Window> {
        self.windows.get_mut(at)?.iter_mut().find(|window| window.intent == intent && window.closed.is_none())
    }

    pub(super) fn keep(&mut self, at: RecordRef, window: Window) {
        let windows = self.windows.entry(at).or_default();
        windows.push(window);
        if windows.len() > MOST {
            windows.remove(0);
        }
    }
}

impl Core {
    /// Takes word of a change.
    pub(super) fn take_hint(&mut self, txn: &mut Txn, hint: &Hint) {
        let now = self.clock.now();
        let names = self.pair_names().into_iter().filter(|name| hint.pair.as_ref().is_none_or(|pair| pair == name));
        let names: Vec<PairName> = names.collect();
        let mut known = false;
        for name in &names {
            if self.memory.pair(name).is_some_and(|pair| pair.observation(hint.side, &hint.record).is_some()) {
                known = true;
                self.hear(txn, RecordRef { pair: name.clone(), side: hint.side, id: hint.record.clone() }, hint, now);
            }
        }
        if !known && hint.by_us != Some(true) {
            self.hints.called.extend(names.into_iter().map(|name| (name, hint.side)));
        }
    }

    fn hear(&mut self, txn: &mut Txn, at: RecordRef, hint: &Hint, now: Timestamp) {
        if hint.by_us == Some(true) {
            // What we wrote, the answer told; polling sees what else there may be.
            return;
        }
        if let (Some(false), Some(edited)) = (hint.by_us, hint.at) {
            self.hints.note(
                &at,
                Edit { theirs: edited, within: SignedDuration::ZERO, heard: now, fields: hint.fields.clone() },
            );
            self.judge_windows(txn, &at);
            self.judge_trashed(txn, &at);
        }
        if self.hints.owed.insert(at.clone(), now).is_none() {
            for owner in self.owners(&at) {
                self.heat(owner, now);
            }
        }
        self.heat(at, now);
    }

    /// An answer tells what time it is over there, in whole seconds.
    pub(super) fn compare_clocks(&mut self, side: Side, began: Timestamp, now: Timestamp, theirs: Option<Timestamp>) {
        let took = now.duration_since(began);
        let Some(theirs) = theirs.filter(|_| took <= PROMPT) else { return };
        let middle = began.checked_add(took / 2).unwrap_or(now);
        *self.ahead.get_mut(side) = theirs.duration_since(middle) + SignedDuration::from_millis(500);
    }

    /// When an edit was made, by our own clock.
    pub(super) fn ours(&self, side: Side, edit: &Edit) -> Timestamp {
        edit.theirs.checked_sub(*self.ahead.get(side)).unwrap_or(edit.theirs)
    }

    fn heat(&mut self, at: RecordRef, now: Timestamp) {
        let due = self.hot.entry(at).or_insert(now);
        *due = (*due).min(now);
    }

    /// Records whose relation shows this one.
    pub(super) fn owners(&self, at: &RecordRef) -> Vec<RecordRef> {
        let mut owners = Vec::new();
        for pair in self.memory.pairs.values() {
            let fields = pair.map.iter().flat_map(|map| &map.fields);
            for field in fields.filter(|field| field.spec.relation.as_ref() == Some(&at.pair)) {
                let shows = |value: Option<&Value>| matches!(value, Some(Value::Links(links)) if links.contains(at.id.as_str()));
                let found = pair.observations.get(at.side).iter();
                let found = found.filter(|(_, seen)| shows(seen.known(field.name_on(at.side))));
                owners.extend(found.map(|(id, _)| RecordRef {
                    pair: pair.spec.name.clone(),
                    side: at.side,
                    id: id.clone(),
                }));
            }
        }
        if owners.len() > OWNERS { Vec::new() } else { owners }
    }

    /// A reading that began before the hint came does not answer it.
    pub(super) fn keep_hint(&mut self, at: &RecordRef, began: Timestamp) {
        match self.hints.owed.get(at) {
            Some(heard) if began < *heard => {
                let now = self.clock.now();
                self.heat(at.clone(), now);
            }
            Some(_) => drop(self.hints.owed.remove(at)),
            None => {}
        }
    }

    /// Increments that a hint about an unknown record asked for: at once, but never more often than a few times a minute,
    /// for most of what nobody knows is none of ours.
    pub(super) fn call_listings(&mut self, now: Timestamp) {
        for place in std::mem::take(&mut self.hints.called) {
            let apart = signed(self.poll(place.1)).min(APART);
            let Some(state) = self.listings.get_mut(&place) else { continue };
            if state.running.is_some() {
                self.hints.called.insert(place);
                continue;
            }
            let soonest = state.last_end.map_or(now, |end| after(end, apart).max(now));
            state.next_increment = state.next_increment.min(soonest);
        }
    }

    /// We put a record into the trash, with whatever was edited in it meanwhile.
    pub(super) fn note_trashed(&mut self, txn: &mut Txn, at: &RecordRef, window: (Timestamp, Timestamp)) {
        self.hints.trashed.insert(at.clone(), window);
        self.judge_trashed(txn, at);
    }

    /// Tells an edit inside the window of a trashing, once.
    fn judge_trashed(&mut self, txn: &mut Txn, at: &RecordRef) {
        let Some((opened, closed)) = self.hints.trashed.get(at).copied() else { return };
        let edits = self.hints.edits.get(at).into_iter().flatten();
        let within = opened - SLACK..=closed + SLACK;
        let mut inside = edits.filter(|edit| within.contains(&self.ours(at.side, edit)));
        let Some(edit) = inside.next() else { return };
        let note = format!(
            "somebody edited it in {} at {} while it followed its counterpart into the trash; look there whether it is wanted",
            at.side, edit.theirs
        );
        let mut event = self.event(Happening::PossiblyOverwritten, at, note);
        event.window = Some((opened, closed));
        txn.events.push(event);
        self.hints.trashed.remove(at);
    }
}
