//! Looking: increments, sweeps and reads by id. Tasks carry requests out and send back what they saw.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Happening, PairName, Presence, RecordId, RecordRef, Side};
use crate::remote::{Changes, Fetched, Lane, RemoteError, RemoteErrorKind, Since};
use crate::store::Resync;

use super::core::{Core, after, signed};
use super::lister::ListingJob;
use super::memory::{Cursor, Txn};
use super::messages::{ListingKind, Msg, Word, broke};
use super::reading::Source;

/// How far a cursor moves at least before it is stored.
const STRIDE: SignedDuration = SignedDuration::from_secs(60);

/// How long a sweep that failed waits at most, where increments go on meanwhile and where nothing does.
const SWEEP_PAUSES: (SignedDuration, SignedDuration) = (SignedDuration::from_mins(10), SignedDuration::from_mins(1));

/// Where the listings of one side of one pair stand.
#[derive(Debug, Default)]
pub struct ListingState {
    /// What is under way, if anything, and when it began.
    pub running: Option<(ListingKind, Timestamp)>,
    /// When the next increment is due.
    pub next_increment: Timestamp,
    /// When the next sweep is due.
    pub next_sweep: Timestamp,
    /// Whether a listing has ended well since the start.
    pub looked: bool,
    /// Whether the last listing failed.
    failed: bool,
    /// Sweeps in a row that failed.
    failed_sweeps: u32,
    /// The system's own time at its first page.
    server_now: Option<Timestamp>,
    /// How many records its first page told of.
    total: Option<u64>,
    /// Records it has shown.
    shown: BTreeSet<RecordId>,
    /// When a listing last ended well.
    pub last_end: Option<Timestamp>,
    /// Changes that the last sweep found and the increments had missed.
    pub drift: u64,
}

impl ListingState {
    /// Nothing under way; the next ones due at these moments.
    pub fn due(next_increment: Timestamp, next_sweep: Timestamp) -> Self {
        Self { next_increment, next_sweep, ..Self::default() }
    }

    /// How far a sweep under way is.
    pub(super) fn progress(&self, pair: &super::memory::PairMemory, side: Side) -> Option<crate::control::Progress> {
        let (ListingKind::Sweep, since) = self.running? else { return None };
        let known = |side: Side| {
            let swept = pair.cursors.get(side).swept;
            swept.map(|_| super::snapshot::count(pair.observations.get(side).there()))
        };
        // The first one finds what it counts: its system may tell, and the other side holds about as many.
        let exact = known(side).or(self.total);
        let of = exact.or_else(|| known(side.other()));
        Some(crate::control::Progress {
            read: super::snapshot::count(self.shown.len()),
            of,
            about: exact.is_none() && of.is_some(),
            since,
        })
    }
}

impl Core {
    /// Starts every listing that is due.
    pub(super) fn start_listings(&mut self, now: Timestamp) {
        for name in self.pair_names() {
            if self.stopped.contains_key(&name) || self.memory.pair(&name).is_none_or(|pair| pair.map.is_none()) {
                continue;
            }
            for side in Side::BOTH {
                self.start_listing(&name, side, now);
            }
        }
    }

    fn start_listing(&mut self, name: &PairName, side: Side, now: Timestamp) {
        let Some(pair) = self.memory.pair(name) else { return };
        let cursor = *pair.cursors.get(side);
        let Some(state) = self.listings.get_mut(&(name.clone(), side)) else { return };
        if state.running.is_some() {
            return;
        }
        let increment = cursor.swept.is_some() && state.next_increment <= now;
        // One page that always fails must end the sweeps alone, and not the increments too.
        let kind = if state.next_sweep <= now && !(increment && state.failed_sweeps > 0) {
            ListingKind::Sweep
        } else if increment {
            ListingKind::Increment
        } else {
            return;
        };
        // An increment begins a little before the cursor: stamps are rounded and indexes lag.
        let since = match (kind, cursor.seen) {
            (ListingKind::Increment, Some(seen)) => {
                let precision = self.systems.get(side).capabilities().precision;
                let overlap = signed(self.timing.overlap).max(precision + self.lag);
                Since::At(seen.checked_sub(overlap).unwrap_or(Timestamp::MIN))
            }
            _ => Since::Ever,
        };
        let begins = !state.looked;
        *state = ListingState {
            running: Some((kind, now)),
            next_increment: state.next_increment,
            next_sweep: state.next_sweep,
            looked: state.looked,
            failed: state.failed,
            failed_sweeps: state.failed_sweeps,
            last_end: state.last_end,
            drift: if kind == ListingKind::Sweep { 0 } else { state.drift },
            ..ListingState::default()
        };
        let job = ListingJob {
            system: self.systems.get(side).clone(),
            entity: pair.entity.get(side).clone(),
            pair: name.clone(),
            side,
            kind,
            since,
            // Whoever waits for the first look wants to know how long; if it failed so, it is tried without.
            counts: kind == ListingKind::Sweep && cursor.swept.is_none() && state.failed_sweeps == 0,
        };
        tokio::spawn(job.run(self.mail.clone(), self.clock.clone()));
        if begins || self.is_running(name) {
            self.begin_cycle(name, side, now);
        }
    }

    /// Whether one side of a pair answers: a relation whose other end does not may read as empty (Notion shows relations
    /// to what is not shared with us as `[]`), and is then Unknown.
    pub(super) fn answers(&self, name: &PairName, side: Side) -> bool {
        !self.stopped.contains_key(name)
            && self.listings.get(&(name.clone(), side)).is_some_and(|listing| listing.looked && !listing.failed)
    }

    /// Takes a page of a listing.
    pub(super) fn take_page(
        &mut self,
        txn: &mut Txn,
        place: (PairName, Side),
        kind: ListingKind,
        began: Timestamp,
        page: Result<Changes, RemoteError>,
    ) {
        let (name, side) = place.clone();
        let now = self.clock.now();
        let poll = signed(self.poll(side));
        let changes = match page {
            Ok(changes) => changes,
            Err(error) => {
                // The listing is incomplete: the cursor stays, and it is begun anew after a poll's time; a sweep after
                // twice that, and longer with every failure in a row.
                let swept = self.memory.pair(&name).is_some_and(|pair| pair.cursors.get(side).swept.is_some());
                if let Some(state) = self.listings.get_mut(&place) {
                    state.running = None;
                    state.failed = true;
                    state.next_increment = after(now, poll);
                    state.next_sweep = state.next_sweep.max(after(now, poll));
                    if kind == ListingKind::Sweep {
                        state.failed_sweeps = (state.failed_sweeps + 1).min(16);
                        let most = if swept { SWEEP_PAUSES.0 } else { SWEEP_PAUSES.1 };
                        let pause = poll.saturating_mul(1 << state.failed_sweeps).min(most).max(poll);
                        state.next_sweep = state.next_sweep.max(after(now, pause));
                    }
                }
                self.note_trouble(txn, side, &error);
                return;
            }
        };
        self.note_answer(txn, side);
        // An edit before this moment should have been shown by an increment already.
        let known = self.memory.pair(&name).map(|pair| *pair.cursors.get(side)).unwrap_or_default();
        let expected = known.seen.filter(|_| kind == ListingKind::Sweep && known.swept.is_some());
        let mut drift = 0;
        for record in changes.records {
            if let Some(state) = self.listings.get_mut(&place) {
                state.shown.insert(record.id.clone());
            }
            let at = RecordRef { pair: name.clone(), side, id: record.id.clone() };
            self.unreadable.remove(&at);
            let (edited, seen) = (record.edited_at, *self.figures.seen_total.get(side));
            self.take_reading(txn, &at, began, record, Source::Listing);
            // A stamp says no more than that the edit came within its precision after it.
            let latest = edited.map(|edited| after(edited, self.systems.get(side).capabilities().precision));
            if latest.zip(expected).is_some_and(|(latest, expected)| latest < expected) {
                drift += *self.figures.seen_total.get(side) - seen;
            }
        }
        let Some(state) = self.listings.get_mut(&place) else { return };
        state.drift += drift;
        state.server_now = state.server_now.or(changes.server_now);
        state.total = state.total.or(changes.total);
        self.compare_clocks(side, began, now, changes.server_now);
        let Some(state) = self.listings.get_mut(&place) else { return };
        if changes.next.is_some() {
            return;
        }
        let Some((_, listing_began)) = state.running.take() else { return };
        let answers_again = !state.looked || state.failed;
        state.looked = true;
        state.failed = false;
        state.last_end = Some(now);
        state.next_increment = after(now, poll);
        // Never past what the index may still be about to show, nor past what is not believed yet. Our own clock says
        // nothing here: ahead of theirs it would skip edits.
        let horizon = state.server_now.map(|told| told.checked_sub(self.lag).unwrap_or(Timestamp::MIN));
        let horizon = horizon.filter(|_| !self.doubted.iter().any(|at| at.pair == name && at.side == side));
        let shown = std::mem::take(&mut state.shown);
        if kind == ListingKind::Sweep {
            state.failed_sweeps = 0;
            state.next_sweep = after(now, signed(self.timing.sweep_every));
        }
        let cursor = self.memory.pair(&name).map(|pair| *pair.cursors.get(side)).unwrap_or_default();
        let absent = match kind {
            ListingKind::Sweep => self.not_shown(&name, side, listing_began, &shown),
            ListingKind::Increment => Vec::new(),
        };
        let seen = cursor.seen.max(horizon);
        let moved = match kind {
            ListingKind::Sweep => Cursor { seen, swept: Some(listing_began), missed: !absent.is_empty() },
            ListingKind::Increment => Cursor { seen, ..cursor },
        };
        // A cursor stored at every poll would wear the disk for nothing: it only spares reading a little again.
        let worth = horizon.is_some_and(|to| cursor.seen.is_none_or(|seen| to.duration_since(seen) > STRIDE));
        if worth || kind == ListingKind::Sweep {
            self.memory.put_cursor(txn, &name, side, moved);
        }
        if kind == ListingKind::Sweep && self.listings.get(&place).is_some_and(|state| state.drift > 0) {
            let drift = self.listings.get(&place).map_or(0, |state| state.drift);
            let mut event = self.system_event(
                Happening::System,
                format!("a sweep found {drift} changes that the increments had missed"),
            );
            (event.pair, event.side) = (Some(name.clone()), Some(side));
            txn.events.push(event);
        }
        if kind == ListingKind::Sweep {
            self.look_for_absent(&name, side, absent, now);
            self.look_outside(&name, side, listing_began, now);
            self.forget_gone(txn, &name, now);
            self.look_again_at_hidden();
        }
        // Increments touch what they show; only a complete listing tells something about what it does not show.
        if let Some(pair) = self.memory.pairs.get_mut(&name).filter(|_| answers_again || kind == ListingKind::Sweep) {
            pair.rematch = true;
        }
        if answers_again {
            // Relations to it were not believed while it did not answer.
            self.memory.touch_related(&name);
        }
    }

    /// A full comparison that a damaged store owes is done when every side of every pair was swept since the start, and what
    /// that showed was matched.
    pub(super) fn compared(&mut self, txn: &mut Txn) {
        if !self.settings.resync {
            return;
        }
        let started = self.started;
        let all = self.memory.pairs.values().all(|pair| {
            Side::BOTH.into_iter().all(|side| pair.cursors.get(side).swept.is_some_and(|swept| swept >= started))
        });
        if all {
            self.settings.resync = false;
            let note = &mut self.settings.store_note;
            *note = match note.strip_prefix(Resync::OWED) {
                Some(since) => format!("both sides were compared in full, as was owed since{since}"),
                None if note.is_empty() => String::new(),
                None => format!("{note} Both sides were compared in full since."),
            };
            txn.compared();
            txn.events.push(
                self.system_event(Happening::System, "both sides were compared in full after the store was mended"),
            );
        }
    }

    /// The records that a complete listing should have shown and did not.
    fn not_shown(&self, name: &PairName, side: Side, began: Timestamp, shown: &BTreeSet<RecordId>) -> Vec<RecordId> {
        let Some(pair) = self.memory.pair(name) else { return Vec::new() };
        let missed = |(id, presence, seen_at): &(&RecordId, Presence, Timestamp)| {
            *presence == Presence::Present && !shown.contains(*id) && *seen_at < began
        };
        pair.observations.get(side).presences().filter(missed).map(|known| known.0.clone()).collect()
    }

    /// What a complete listing did not show is read by id before anything is believed of it.
    fn look_for_absent(&mut self, name: &PairName, side: Side, absent: Vec<RecordId>, now: Timestamp) {
        let Some(pair) = self.memory.pair(name) else { return };
        let listed = pair.observations.get(side).present().count();
        self.note_listed(name, side, listed);
        if absent.len() >= super::canary::BURST {
            self.doubt(name);
        }
        for id in absent {
            let at = RecordRef { pair: name.clone(), side, id };
            self.suspects.insert(at.clone());
            self.hot.insert(at, now);
        }
    }

    /// Starts the reads by id that are due, in batches of what the system reads in one request.
    pub(super) fn start_reads(&mut self, now: Timestamp) {
        for name in self.pair_names() {
            for side in Side::BOTH {
                let batch = self.systems.get(side).capabilities().get_batch.max(1);
                let due: Vec<RecordId> = self
                    .hot
                    .iter()
                    .filter(|(at, due)| {
                        at.pair == name && at.side == side && **due <= now && !self.reading.contains(*at)
                    })
                    .map(|(at, _)| at.id.clone())
                    .take(batch)
                    .collect();
                if due.is_empty() || self.memory.pair(&name).is_none_or(|pair| pair.map.is_none()) {
                    continue;
                }
                let Some(entity) = self.memory.pair(&name).map(|pair| pair.entity.get(side).clone()) else { continue };
                for id in &due {
                    self.reading.insert(RecordRef { pair: name.clone(), side, id: id.clone() });
                }
                let (system, mail, clock) = (self.systems.get(side).clone(), self.mail.clone(), self.clock.clone());
                let pair = name.clone();
                let lost = Msg::Fetched {
                    pair: pair.clone(),
                    side,
                    asked: due.clone(),
                    began: clock.now(),
                    records: Err(broke()),
                };
                let word = Word::new(mail, lost);
                tokio::spawn(async move {
                    let began = clock.now();
                    let records = system.get(&entity, &due, Lane::Hot).await;
                    word.say(Msg::Fetched { pair, side, asked: due, began, records }).await;
                });
            }
        }
    }

    /// Takes records read by id.
    pub(super) fn take_fetched(
        &mut self,
        txn: &mut Txn,
        place: (PairName, Side),
        asked: Vec<RecordId>,
        began: Timestamp,
        records: Result<Vec<(RecordId, Fetched)>, RemoteError>,
    ) {
        let (name, side) = place;
        let reference = |id: RecordId| RecordRef { pair: name.clone(), side, id };
        for id in &asked {
            self.reading.remove(&reference(id.clone()));
        }
        match records {
            Ok(records) => {
                self.note_answer(txn, side);
                if self.absent_since.len() >= super::canary::BURST && records.iter().any(|it| it.1 == Fetched::Missing)
                {
                    self.doubt(&name);
                }
                for (id, fetched) in records {
                    let at = reference(id);
                    // Heat is set anew by the reading itself, if it is still needed.
                    self.hot.remove(&at);
                    self.take_one(txn, &at, began, fetched);
                    self.keep_hint(&at, began);
                }
            }
            Err(error) if asked.len() == 1 && lies_in_the_record(error.kind) => {
                for at in asked.into_iter().map(reference) {
                    self.note_unreadable(txn, &at, &error.message);
                }
            }
            Err(error) => {
                let again = after(self.clock.now(), signed(self.poll(side)));
                for id in asked {
                    self.hot.insert(reference(id), again);
                }
                self.note_trouble(txn, side, &error);
            }
        }
    }

    pub(super) fn take_one(&mut self, txn: &mut Txn, at: &RecordRef, began: Timestamp, fetched: Fetched) {
        match fetched {
            Fetched::Record(record) => {
                self.unreadable.remove(at);
                self.take_reading(txn, at, began, record, Source::ById);
            }
            Fetched::Missing => self.take_absence(txn, at, began),
            Fetched::Forbidden => {
                self.absent_since.remove(at);
                self.heard_of(at);
                self.note_unreadable(txn, at, "it is not for our account to see");
            }
        }
    }

    /// A record cannot be read, which says nothing of it and which no repetition mends: nothing waits for it any more, the
    /// next complete listing asks again, and the journal tells once that it is out of sight.
    fn note_unreadable(&mut self, txn: &mut Txn, at: &RecordRef, why: &str) {
        self.hot.remove(at);
        self.suspects.remove(at);
        self.doubted.remove(at);
        if self.unreadable.insert(at.clone()) {
            let note = format!("it cannot be read, and stays as it was last seen: {why}");
            txn.events.push(self.event(Happening::System, at, note));
        }
    }
}

/// Whether an error is about one record and would be the same again.
pub(super) fn lies_in_the_record(kind: RemoteErrorKind) -> bool {
    matches!(kind, RemoteErrorKind::Invalid | RemoteErrorKind::Malformed | RemoteErrorKind::Forbidden)
}
