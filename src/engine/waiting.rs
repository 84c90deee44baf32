//! What is about to be written, and what each operation waits for: one answer for the figures and for the rows.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::control::{Order, Query, QueueRow, QueueState, Rows, Sides, Wait, Window};
use crate::model::{HoldId, Intent, IntentState, MarkKind, PairName, Purpose, RecordId, RecordRef, Side, TieId, Why};

use super::core::{Core, OpKey, Planned, Target};
use super::memory::PairMemory;
use super::snapshot::count;
use super::views::{age, slice};

/// What nothing gets past now.
struct Doors {
    /// Pairs of which nothing is written, and why not.
    pairs: BTreeMap<PairName, Wait>,
    /// Until when a side has asked us to send it nothing.
    gates: Sides<Option<Timestamp>>,
}

/// One operation of the queue, of which a row is made only if it is shown.
enum Entry<'c> {
    Intent(&'c Intent),
    Op(&'c OpKey, &'c Planned, Wait),
}

impl Entry<'_> {
    fn state(&self) -> QueueState {
        match self {
            Entry::Intent(Intent { state: IntentState::Sent { .. }, .. }) => QueueState::InFlight,
            Entry::Intent(_) => QueueState::Unknown,
            Entry::Op(.., Wait::Request | Wait::Answer) => QueueState::Ready,
            Entry::Op(..) => QueueState::Quiet,
        }
    }

    fn pair(&self) -> &PairName {
        match self {
            Entry::Intent(intent) => &intent.pair,
            Entry::Op(op, ..) => &op.pair,
        }
    }

    fn since(&self) -> Timestamp {
        match self {
            Entry::Intent(Intent { state: IntentState::Sent { at }, .. }) => *at,
            Entry::Intent(Intent { state: IntentState::Unknown { sent_at, .. }, .. }) => *sent_at,
            Entry::Op(_, planned, _) => planned.since,
        }
    }
}

/// What is known of an operation's failures.
#[derive(Default)]
struct Failure {
    attempts: u32,
    said: String,
}

impl Core {
    /// Why nothing of a pair is written now, if that is so.
    fn door(&self, name: &PairName) -> Option<Wait> {
        let guard = HoldId { pair: name.clone(), crm: None, field: None };
        match () {
            () if self.paused(name).is_some() => Some(Wait::Paused),
            () if self.stopped.contains_key(name) => Some(Wait::Stopped),
            () if self.memory.holds.contains_key(&guard) => Some(Wait::Guard),
            () if self.may_write(name) => None,
            () if self.is_running(name) => Some(Wait::Look),
            () if self.timing.review && !self.approved(name) => Some(Wait::Approval),
            () => Some(Wait::Look),
        }
    }

    fn doors(&self, now: Timestamp) -> Doors {
        let gate = |side: Side| self.gate(side).filter(|until| *until > now);
        Doors {
            pairs: self.pair_names().into_iter().filter_map(|name| self.door(&name).map(|wait| (name, wait))).collect(),
            gates: Sides { crm: gate(Side::Crm), notion: gate(Side::Notion) },
        }
    }

    /// Until when a side has asked us to send it nothing.
    fn gate(&self, side: Side) -> Option<Timestamp> {
        self.systems.get(side).pulse().headroom.gated_until()
    }

    /// What a planned operation waits for.
    fn wait(&self, op: &OpKey, planned: &Planned, now: Timestamp, doors: &Doors) -> Wait {
        let gated = doors.gates.get(op.side).is_some();
        if self.under_way.contains_key(op) {
            return if gated { Wait::Side } else { Wait::Answer };
        }
        // Nobody sends these, whatever becomes of their pair.
        if planned.due == Timestamp::MAX {
            return if self.parked_by(op).is_some() { Wait::HeldBack } else { Wait::SetAside };
        }
        if let Some(wait) = doors.pairs.get(&op.pair) {
            return *wait;
        }
        if self.leave.is_some() && !self.is_in_plan(op) {
            return Wait::Plan;
        }
        let until = self.paused_until.get(op.side).filter(|until| *until > now);
        if until.is_some_and(|until| until >= planned.due) {
            return Wait::Side;
        }
        if planned.due > now {
            return if self.fails_until(op) > Some(now) { Wait::Retry } else { Wait::Quiet };
        }
        if self.put_off.get(op).is_some_and(|until| *until > now) {
            return Wait::Retry;
        }
        if gated { Wait::Side } else { Wait::Request }
    }

    /// Who held an operation back, if somebody did.
    fn parked_by(&self, op: &OpKey) -> Option<&str> {
        let mark = self.memory.marks.get(&(self.failure_of(op), "parked"))?;
        if let MarkKind::Parked { who } = &mark.kind { Some(who) } else { None }
    }

    /// Until when a failed operation waits for its next try.
    fn fails_until(&self, op: &OpKey) -> Option<Timestamp> {
        match &op.target {
            Target::Create(source) => self.create_retry_at(&op.pair, op.side.other(), source),
            Target::Update(crm) | Target::Trash(crm) => {
                self.retry_at(&TieId { pair: op.pair.clone(), crm: crm.clone() }, op.side)
            }
            Target::Body(crm) => self.body_retry_at(&TieId { pair: op.pair.clone(), crm: crm.clone() }),
        }
    }

    /// How often an operation was tried with the input of now, and what was said to the last try.
    fn failure(&self, op: &OpKey) -> Failure {
        let sends = match &op.target {
            Target::Create(source) => self.sends(&op.pair, op.side, source),
            Target::Body(crm) => self.body_tries(&TieId { pair: op.pair.clone(), crm: crm.clone() }),
            Target::Update(_) | Target::Trash(_) => 0,
        };
        let failed = self.memory.marks.get(&(self.failure_of(op), "failed")).map(|mark| &mark.kind);
        let failed = failed.filter(|_| !matches!(op.target, Target::Body(_)) && self.fails_until(op).is_some());
        match failed {
            Some(MarkKind::Failed { side, reason, attempts, both, .. }) if *side == op.side || *both => {
                Failure { attempts: (*attempts).max(sends), said: reason.clone() }
            }
            _ => Failure { attempts: sends, said: String::new() },
        }
    }

    /// What waits, and for what; and per side how many operations may go now.
    pub(super) fn waits(&self, now: Timestamp) -> (Vec<(String, u64)>, Sides<u64>) {
        let mut open: Sides<u64> = Sides::default();
        let mut waits: BTreeMap<&str, u64> = BTreeMap::new();
        for hold in self.memory.holds.values() {
            *waits.entry(super::views::why_word(&hold.why)).or_default() += 1;
        }
        let doors = self.doors(now);
        for (op, planned) in &self.planned {
            let wait = self.wait(op, planned, now, &doors);
            // These are among the holds.
            if !matches!(wait, Wait::SetAside | Wait::HeldBack) {
                *waits.entry(wait.words()).or_default() += 1;
            }
            if matches!(wait, Wait::Request | Wait::Answer | Wait::Side) {
                *open.get_mut(op.side) += 1;
            }
        }
        let unknown = |intent: &&Intent| matches!(intent.state, IntentState::Unknown { .. });
        let unknown = self.memory.intents.values().filter(unknown).count();
        if unknown > 0 {
            waits.insert(Wait::Probe.words(), count(unknown));
        }
        (waits.into_iter().map(|(what, count)| (what.to_owned(), count)).collect(), open)
    }

    /// The queue: what was sent, then what is planned, each oldest first.
    pub(super) fn queue_window(&self, query: &Query) -> Window {
        let now = self.clock.now();
        let doors = self.doors(now);
        let mut entries: Vec<Entry<'_>> = self.memory.intents.values().map(Entry::Intent).collect();
        let planned = self.planned.iter().filter(|(op, _)| !self.under_way.contains_key(*op) || !self.is_sent(op));
        entries.extend(planned.map(|(op, planned)| Entry::Op(op, planned, self.wait(op, planned, now, &doors))));
        let by = if query.order == Order::Record { Order::Own } else { query.order };
        let pairs = self.pair_places();
        entries.sort_by_key(|entry| {
            let first = match by {
                Order::Own | Order::Record => usize::from(entry.state() as u8),
                Order::Oldest | Order::Newest => 0,
                Order::Pair => pairs.get(entry.pair()).copied().unwrap_or(usize::MAX),
            };
            (first, age(by, entry.since()))
        });
        let wanted = query.filter.to_lowercase();
        if !wanted.is_empty() {
            entries.retain(|entry| self.queue_text(entry).is_some_and(|text| text.to_lowercase().contains(&wanted)));
        }
        let total = count(entries.len());
        let window = slice(
            query,
            entries,
            |entry| self.queue_row(&entry, now),
            |rows| Rows::Queue(rows.into_iter().flatten().collect()),
        );
        Window { total, order: by, ..window }
    }

    fn is_sent(&self, op: &OpKey) -> bool {
        let record = match &op.target {
            Target::Create(source) => RecordRef { pair: op.pair.clone(), side: op.side.other(), id: source.clone() },
            Target::Update(_) | Target::Trash(_) | Target::Body(_) => match op.subject(self.tie_ends(op).as_ref()) {
                Some(record) => record,
                None => return false,
            },
        };
        self.has_open_intent(&record)
    }

    fn queue_row(&self, entry: &Entry<'_>, now: Timestamp) -> Option<QueueRow> {
        match entry {
            Entry::Intent(intent) => Some(self.intent_row(intent, entry)),
            Entry::Op(op, planned, wait) => self.op_row(op, planned, *wait, entry, now),
        }
    }

    /// What an entry is found by.
    fn queue_text(&self, entry: &Entry<'_>) -> Option<String> {
        let (op, title, side) = match entry {
            Entry::Intent(intent) => {
                let (op, record, side) = purpose(intent);
                let title = self.memory.pair(&intent.pair).map(|pair| self.title(pair, side, record));
                (op, title.unwrap_or_default(), intent.side)
            }
            Entry::Op(op, ..) => (word(&op.target), self.op_title(self.memory.pair(&op.pair)?, op), op.side),
        };
        Some(format!("{op} {title} {side}"))
    }

    /// The title of what an operation is about.
    fn op_title(&self, pair: &PairMemory, op: &OpKey) -> String {
        match &op.target {
            Target::Create(source) => self.title(pair, op.side.other(), source),
            Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => self.tie_title(pair, crm),
        }
    }

    fn intent_row(&self, intent: &Intent, entry: &Entry<'_>) -> QueueRow {
        let (op, record, title_side) = purpose(intent);
        let (waits, due, attempts) = match intent.state {
            IntentState::Sent { .. } => (Wait::Answer, None, intent.attempt),
            IntentState::Unknown { probes, next_probe, .. } => (Wait::Probe, Some(next_probe), probes),
        };
        let pair = self.memory.pair(&intent.pair);
        QueueRow {
            pair: intent.pair.clone(),
            side: intent.side,
            op: op.to_owned(),
            record: record.clone(),
            title: pair.map(|pair| self.title(pair, title_side, record)).unwrap_or_default(),
            fields: intent.common.keys().map(|key| self.label(&intent.pair, key)).collect(),
            state: entry.state(),
            since: entry.since(),
            due,
            attempts,
            waits,
            said: String::new(),
        }
    }

    fn op_row(&self, op: &OpKey, planned: &Planned, wait: Wait, entry: &Entry<'_>, now: Timestamp) -> Option<QueueRow> {
        let pair = self.memory.pair(&op.pair)?;
        let record = match &op.target {
            Target::Create(source) => source.clone(),
            Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => {
                let id = TieId { pair: op.pair.clone(), crm: crm.clone() };
                self.ends(&id).map(|ends| ends.get(op.side).id.clone()).unwrap_or_default()
            }
        };
        let Failure { attempts, said } = self.failure(op);
        let due = match wait {
            Wait::Quiet => Some(planned.due),
            Wait::Retry => Some(planned.due.max(self.put_off.get(op).copied().unwrap_or(planned.due))),
            Wait::Side => (*self.paused_until.get(op.side)).max(self.gate(op.side)),
            _ => None,
        };
        Some(QueueRow {
            pair: op.pair.clone(),
            side: op.side,
            op: word(&op.target).to_owned(),
            record,
            title: self.op_title(pair, op),
            fields: planned.fields.iter().map(|key| self.label(&op.pair, key)).collect(),
            state: entry.state(),
            since: planned.since,
            due: due.filter(|due| *due > now && *due < Timestamp::MAX),
            attempts,
            waits: wait,
            said: self.why_it_waits(op, wait).unwrap_or(said),
        })
    }

    /// What is known of why something waits, where that lies outside it.
    fn why_it_waits(&self, op: &OpKey, wait: Wait) -> Option<String> {
        match wait {
            Wait::Paused => self.paused(&op.pair),
            Wait::Stopped => self.stopped.get(&op.pair).cloned(),
            Wait::Guard => {
                let guard = HoldId { pair: op.pair.clone(), crm: None, field: None };
                match &self.memory.holds.get(&guard)?.why {
                    Why::MassChange { what, .. } => Some(what.clone()),
                    _ => None,
                }
            }
            Wait::Side => {
                let gated = self.gate(op.side).filter(|until| *until > self.clock.now());
                let trouble = || self.trouble.get(op.side).as_ref().map(|error| error.message.clone());
                gated.map(|_| "it asked us to send nothing until then".to_owned()).or_else(trouble)
            }
            Wait::HeldBack => self.parked_by(op).map(|who| format!("by {who}")),
            Wait::Retry if self.put_off.contains_key(op) => {
                Some("somebody else saved the record at the same moment".to_owned())
            }
            _ => None,
        }
    }
}

/// What an intent does, with which record, and which side shows that record's title.
fn purpose(intent: &Intent) -> (&'static str, &RecordId, Side) {
    match &intent.purpose {
        Purpose::Create { source } => ("create", source, intent.side.other()),
        Purpose::Update { record } => ("update", record, intent.side),
        Purpose::Trash { record } => ("trash", record, intent.side),
        Purpose::Body { record, .. } => ("body", record, intent.side),
    }
}

/// What an operation does.
fn word(target: &Target) -> &'static str {
    match target {
        Target::Create(_) => "create",
        Target::Update(_) => "update",
        Target::Trash(_) => "trash",
        Target::Body(_) => "body",
    }
}
