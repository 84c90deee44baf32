//! Writes whose outcome nobody knows: probed, adopted, or planned anew; never blindly repeated.

use jiff::Timestamp;

use crate::model::{
    Entity, Event, FieldKey, FieldName, Happening, HoldId, Intent, IntentState, Mark, MarkKind, Presence, Purpose,
    Record, RecordId, RecordRef, Tie,
};
use crate::remote::{Fetched, Lane, RemoteError, System};

use super::core::{Core, after, signed};
use super::failures::Said;
use super::flaw::Flaw;
use super::hints::Edit;
use super::memory::Txn;
use super::messages::{Msg, Word, broke};
use super::reading::Source;

/// How often a create is sent at most: once, and twice again.
const SENDS: u32 = 3;

impl Core {
    /// After a start every intent marked sent is unknown.
    pub(super) fn doubt_sent(&mut self, txn: &mut Txn) {
        let sent: Vec<Intent> = self
            .memory
            .intents
            .values()
            .filter(|intent| matches!(intent.state, IntentState::Sent { .. }))
            .cloned()
            .collect();
        for mut intent in sent {
            if self.errs(Flaw::SentForgotten) {
                self.memory.remove_intent(txn, intent.seq);
                continue;
            }
            let IntentState::Sent { at } = intent.state else { continue };
            intent.state = IntentState::Unknown { sent_at: at, probes: 0, next_probe: self.first_probe(&intent, at) };
            txn.events.push(self.intent_event(
                Happening::Unknown,
                &intent,
                "sent before the last stop; the answer was not recorded",
            ));
            self.memory.put_intent(txn, intent);
        }
    }

    /// The clock may have been set while nobody ran: what was sent before the start waits from the start on, neither shorter
    /// nor much longer than it must.
    pub(super) fn wait_from_start(&mut self, txn: &mut Txn) {
        let now = self.clock.now();
        let longest = self.timing.probe_schedule.last().copied().unwrap_or_default();
        for mut intent in self.memory.intents.values().cloned().collect::<Vec<_>>() {
            let creates = matches!(intent.purpose, Purpose::Create { .. });
            if let IntentState::Unknown { next_probe, .. } = &mut intent.state {
                *next_probe = if creates {
                    (*next_probe).clamp(now, after(now, signed(longest)))
                } else {
                    after(now, signed(self.timing.settle_unknown_update))
                };
                self.memory.put_intent(txn, intent);
            }
        }
    }

    /// A create is probed on the schedule; an update is read again when its request can no longer arrive.
    pub(super) fn first_probe(&self, intent: &Intent, sent_at: Timestamp) -> Timestamp {
        match intent.purpose {
            Purpose::Create { .. } => {
                let first = self.timing.probe_schedule.first().copied().unwrap_or_default();
                after(sent_at, signed(first))
            }
            Purpose::Update { .. } if self.errs(Flaw::UnknownUpdateAtOnce) => sent_at,
            Purpose::Update { .. } | Purpose::Trash { .. } | Purpose::Body { .. } => {
                after(sent_at, signed(self.timing.settle_unknown_update))
            }
        }
    }

    /// Starts the probes that are due.
    pub(super) fn start_probes(&mut self, now: Timestamp) {
        let due: Vec<Intent> = self
            .memory
            .intents
            .values()
            .filter(|intent| {
                matches!(intent.state, IntentState::Unknown { next_probe, .. } if next_probe <= now)
                    && !self.probing.contains(&intent.seq)
            })
            .cloned()
            .collect();
        for intent in due {
            let Some(pair) = self.memory.pair(&intent.pair) else { continue };
            if pair.map.is_none() {
                continue;
            }
            self.probing.insert(intent.seq);
            if let Purpose::Body { record, .. } = &intent.purpose {
                self.probe_body(&intent, record.clone());
                continue;
            }
            let entity = pair.entity.get(intent.side).clone();
            let (system, mail, clock) = (self.systems.get(intent.side).clone(), self.mail.clone(), self.clock.clone());
            let began = clock.now();
            let word = Word::new(mail, Msg::Probed { intent: intent.seq, began, found: Err(broke()) });
            tokio::spawn(async move {
                let began = clock.now();
                let found = match &intent.purpose {
                    Purpose::Create { source } => look(&*system, &entity, source, intent.made.as_ref()).await,
                    Purpose::Update { record } | Purpose::Trash { record } | Purpose::Body { record, .. } => {
                        system.get(&entity, std::slice::from_ref(record), Lane::Probe).await
                    }
                };
                word.say(Msg::Probed { intent: intent.seq, began, found }).await;
            });
        }
    }

    /// A probe was answered.
    pub(super) fn take_probed(
        &mut self,
        txn: &mut Txn,
        seq: u64,
        began: Timestamp,
        found: Result<Vec<(RecordId, Fetched)>, RemoteError>,
    ) {
        self.probing.remove(&seq);
        let Some(intent) = self.memory.intents.get(&seq).cloned() else { return };
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                // No answer is no probe: it is made again, and the schedule does not move.
                self.note_trouble(txn, intent.side, &error);
                let again = after(self.clock.now(), signed(self.poll(intent.side)));
                self.reschedule(txn, intent, 0, again);
                return;
            }
        };
        match intent.purpose.clone() {
            Purpose::Create { source } => {
                let records = found.into_iter().filter_map(|(_, fetched)| match fetched {
                    Fetched::Record(record) => Some(record),
                    Fetched::Missing | Fetched::Forbidden => None,
                });
                self.probed_create(txn, intent, &source, began, records.collect());
            }
            Purpose::Update { record } | Purpose::Trash { record } | Purpose::Body { record, .. } => {
                self.memory.remove_intent(txn, seq);
                let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record };
                for (_, fetched) in found {
                    self.probed_update(txn, &intent, &at, began, fetched);
                }
                self.close_unknown_window(txn, &at, &intent, began);
                self.memory.touch(&at);
            }
        }
    }

    fn probed_create(
        &mut self,
        txn: &mut Txn,
        intent: Intent,
        source: &RecordId,
        began: Timestamp,
        mut records: Vec<Record>,
    ) {
        let source_at = RecordRef { pair: intent.pair.clone(), side: intent.side.other(), id: source.clone() };
        // A record that is tied to something else carries a marker that is not its own.
        records.retain(|record| {
            let tied = self.memory.pair(&intent.pair).and_then(|pair| pair.tie_of(intent.side, &record.id));
            tied.is_none_or(|tie| tie.on(source_at.side) == source)
        });
        let ids: Vec<RecordId> = records.iter().map(|record| record.id.clone()).collect();
        let mut records = records.into_iter();
        if let Some(oldest) = records.next() {
            self.memory.remove_intent(txn, intent.seq);
            self.finish_create(txn, &intent, source, oldest, began, Happening::Adopted);
            for record in records {
                let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.id.clone() };
                self.take_reading(txn, &at, began, record, Source::ById);
            }
            let tie = self.memory.pair(&intent.pair).and_then(|pair| pair.tie_of(source_at.side, source)).map(Tie::id);
            if let (Some(id), 2..) = (tie, ids.len()) {
                let kind = MarkKind::DuplicateSet { side: intent.side, records: ids };
                self.memory.put_mark(txn, Mark { id: HoldId::tie(&id), kind, at: began });
            }
            self.memory.touch(&source_at);
            return;
        }
        let IntentState::Unknown { sent_at, probes, .. } = intent.state else { return };
        let schedule = &self.timing.probe_schedule;
        let at = |probe: u32| usize::try_from(probe).ok().and_then(|probe| schedule.get(probe)).copied();
        if let Some(next) = at(probes + 1) {
            // As far from this answer as the schedule says: probes that were missed while nothing answered are not made
            // up for in one burst, for an index that lags would miss all of them together.
            let apart = next.saturating_sub(at(probes).unwrap_or_default());
            let due = after(sent_at, signed(next)).max(after(began, signed(apart)));
            self.reschedule(txn, intent, 1, due);
            return;
        }
        // What was sent right before the last stop may arrive as late as any other request.
        let arrived = after(self.started, signed(self.timing.settle_unknown_update));
        if began < arrived {
            self.reschedule(txn, intent, 0, arrived);
            return;
        }
        // Nothing was found to the end of the schedule: it was not executed, as far as anybody can know.
        self.memory.remove_intent(txn, intent.seq);
        let note = format!("probed {} times, never found; sent {} of {SENDS} times", probes + 1, intent.attempt);
        txn.events.push(self.intent_event(Happening::NotApplied, &intent, note.clone()));
        let hold = self.failure_hold(&intent);
        // What surely was made is not made again, wherever it has gone.
        let again = (intent.attempt < SENDS && intent.made.is_none()).then(|| self.clock.now());
        self.watch(txn, &intent, source);
        // Refusals are counted by themselves: what was sent into the void is none.
        let attempts = if again.is_some() { self.attempted(&hold) } else { intent.attempt };
        let means = "it was sent and has never turned up; somebody should look whether it is there after all";
        self.set_failure(txn, hold, intent.side, Said { reason: &note, means }, attempts, again);
        self.memory.touch(&source_at);
    }

    fn probed_update(&mut self, txn: &mut Txn, intent: &Intent, at: &RecordRef, began: Timestamp, fetched: Fetched) {
        let tie = self.memory.pair(&at.pair).and_then(|pair| pair.tie_of(at.side, &at.id)).cloned();
        let mut edited = false;
        if let (Fetched::Record(record), Some(tie)) = (&fetched, tie) {
            let by_somebody = self.stamped_since(at, intent, record);
            let missing = self.sets_not_taken(intent, record);
            if let Some(edited_at) = record.edited_at.filter(|_| by_somebody && !missing.is_empty()) {
                let within = self.systems.get(at.side).capabilities().precision;
                // What they took out of a set had been in it only by our write: nothing else tells of that.
                self.hints.note(at, Edit { theirs: edited_at, within, heard: began, fields: Some(missing) });
            }
            let written = self.settle_fields(txn, intent, at, tie, Some(record), began, false);
            edited = written < intent.common.len();
            let done = match intent.purpose {
                Purpose::Trash { .. } => record.presence != Presence::Present,
                _ => written == intent.common.len(),
            };
            let (what, note) = if done {
                (Happening::Adopted, "read again: it was done")
            } else {
                (Happening::NotApplied, "read again: it was not done, or was changed since; planned anew")
            };
            self.figures.written(intent.side, began, written);
            let mut event = self.intent_event(what, intent, note);
            event.window = Some(self.window_of(intent, began));
            txn.events.push(event);
        }
        let names: Vec<FieldName> = intent.fields.keys().cloned().collect();
        let put_back: Vec<FieldName> =
            names.into_iter().filter(|name| edited && self.was_edited_since(at, intent, name)).collect();
        if let Fetched::Record(record) = &fetched {
            self.doubt_untouched(at, intent, record, began, &put_back);
            self.doubt_found(at, intent, record);
        } else {
            self.tell_what_may_have_lost(txn, intent);
        }
        self.take_one(txn, at, began, fetched);
        self.count_as_edited(txn, at, &put_back, (intent.read_at, began));
    }

    /// The record cannot be looked at, so nobody will ever know whether the write was done: values that were to lose to it are told
    /// as lost. Should it be seen again with one of them, that is compared anew like any other.
    fn tell_what_may_have_lost(&self, txn: &mut Txn, intent: &Intent) {
        for key in &intent.settles {
            let cause = intent.cause.get(key).cloned().unwrap_or_default();
            let mut event = self.intent_event(Happening::Settled, intent, cause);
            event.field = Some(key.clone());
            event.before = intent.before.get(key).cloned();
            event.after = intent.common.get(key).cloned();
            txn.events.push(event);
        }
    }

    /// A field that looks as if nothing had been written, in a record that somebody edited since: they may have put it back.
    /// It is written again, for far more often they edited something else, and told as possibly overwritten.
    fn doubt_untouched(
        &mut self,
        at: &RecordRef,
        intent: &Intent,
        record: &Record,
        began: Timestamp,
        put_back: &[FieldName],
    ) {
        let Some(theirs) = record.edited_at.filter(|_| self.stamped_since(at, intent, record)) else { return };
        let untouched = self.shown_as_before(at, intent, record).into_iter();
        let (keys, names): (Vec<FieldKey>, Vec<FieldName>) =
            untouched.filter(|(_, name)| !put_back.contains(name)).unzip();
        if !keys.is_empty() {
            let within = self.systems.get(at.side).capabilities().precision;
            self.hints.note(at, Edit { theirs, within, heard: began, fields: Some(names) });
            self.expect_repeated(at, intent, &keys);
        }
    }

    /// A field that shows what was sent, in a record that somebody edited since: they may have chosen the same. Where the other
    /// side has moved on, that is about to be written over.
    fn doubt_found(&mut self, at: &RecordRef, intent: &Intent, record: &Record) {
        if self.stamped_since(at, intent, record) {
            for (key, value) in self.left_behind(at, intent, record) {
                self.notice_inside(at, intent, &key, value);
            }
        }
    }

    /// What a reading shows of these fields came in between, though it looks as before.
    fn count_as_edited(
        &mut self,
        txn: &mut Txn,
        at: &RecordRef,
        fields: &[FieldName],
        (last, came): (Timestamp, Timestamp),
    ) {
        let known = self.memory.pair(&at.pair).and_then(|pair| pair.observation(at.side, &at.id));
        let Some(mut observation) = known.filter(|_| !fields.is_empty()).cloned() else { return };
        for name in fields {
            observation.changed_between.insert(name.clone(), (Some(last), came));
        }
        self.memory.put_observation(txn, at, observation);
    }

    pub(super) fn reschedule(&mut self, txn: &mut Txn, mut intent: Intent, probed: u32, due: Timestamp) {
        if let IntentState::Unknown { probes, next_probe, .. } = &mut intent.state {
            *probes += probed;
            *next_probe = due;
        }
        self.memory.put_intent(txn, intent);
    }

    /// An event about an intent.
    pub(super) fn intent_event(&self, what: Happening, intent: &Intent, note: impl Into<String>) -> Event {
        match &intent.purpose {
            Purpose::Create { source } => {
                let at = RecordRef { pair: intent.pair.clone(), side: intent.side.other(), id: source.clone() };
                Event { side: Some(intent.side), ..self.event(what, &at, note) }
            }
            Purpose::Update { record } | Purpose::Trash { record } | Purpose::Body { record, .. } => {
                let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.clone() };
                self.event(what, &at, note)
            }
        }
    }
}

/// What a create may have made: the record that its answer named, if it carries the marker; else every record that does.
async fn look(
    system: &dyn System,
    entity: &Entity,
    source: &RecordId,
    made: Option<&RecordId>,
) -> Result<Vec<(RecordId, Fetched)>, RemoteError> {
    if let Some(id) = made {
        let mut named = system.get(entity, std::slice::from_ref(id), Lane::Probe).await?;
        named.retain(|(_, fetched)| {
            matches!(fetched, Fetched::Record(record) if record.marker.as_deref() == Some(source.as_str()))
        });
        if !named.is_empty() {
            return Ok(named);
        }
    }
    let marked = system.probe(entity, source.as_str()).await?;
    Ok(marked.into_iter().map(|record| (record.id.clone(), Fetched::Record(record))).collect())
}
