//! Writes that were surely not done: a failure of the connection is nobody's fault, one of the record is remembered, tried
//! again, and set aside.

use jiff::Timestamp;

use crate::model::{
    Happening, HoldId, Intent, Mark, MarkKind, PairName, Purpose, RecordId, RecordRef, Side, Tie, TieId, Why,
};
use crate::remote::{RemoteError, RemoteErrorKind};

use super::core::{Core, OpKey, Target, after};
use super::memory::Txn;
use super::untied::source_key;

/// Records in a row whose writes are forbidden before that is our trouble and not theirs.
const FORBIDDEN: usize = 3;

/// How long a write waits that somebody else's save has overtaken.
const OVERTAKEN: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

/// Pauses before a write that failed for a reason in its record is tried again; then it is quarantined.
pub(super) const RETRIES: [jiff::SignedDuration; 2] =
    [jiff::SignedDuration::from_mins(5), jiff::SignedDuration::from_hours(1)];

/// What a side said, and what that means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'s> {
    pub reason: &'s str,
    pub means: &'s str,
}

impl Core {
    /// Surely not executed. A failure of the connection is nobody's fault; one of the record is remembered.
    pub(super) fn not_done(&mut self, txn: &mut Txn, op: &OpKey, intent: &Intent, error: &RemoteError, now: Timestamp) {
        let lies_in_connection = matches!(
            error.kind,
            RemoteErrorKind::Unauthorized | RemoteErrorKind::Throttled | RemoteErrorKind::Unavailable
        );
        if !lies_in_connection {
            self.note_written(txn, op.side);
        }
        match error.kind {
            RemoteErrorKind::Unauthorized | RemoteErrorKind::Throttled | RemoteErrorKind::Unavailable => {
                self.note_trouble(txn, op.side, error);
                self.pause(op.side);
                return;
            }
            RemoteErrorKind::Overtaken => {
                // Nobody's fault either: a fresh pre-read, a moment later, tells what is to be written now.
                self.put_off.insert(op.clone(), after(now, OVERTAKEN));
                return;
            }
            RemoteErrorKind::NotFound => {
                // Deleted, or access lost: reads by id will tell which.
                let ends = self.tie_ends(op);
                if let Some(at) = op.subject(ends.as_ref()) {
                    self.hot.insert(at, now);
                }
            }
            RemoteErrorKind::Forbidden | RemoteErrorKind::Invalid | RemoteErrorKind::Malformed => {}
        }
        let record = match &intent.purpose {
            Purpose::Create { source } => {
                let place = (intent.pair.clone(), intent.side, source.clone());
                let barer = error.kind == RemoteErrorKind::Invalid && self.could_be_barer(intent);
                if !barer || !self.bare_creates.insert(place) {
                    self.failed_by(txn, self.failure_hold(intent), intent.side, error);
                }
                return;
            }
            Purpose::Trash { .. } => {
                self.failed_by(txn, self.failure_hold(intent), intent.side, error);
                return;
            }
            Purpose::Body { record, .. } => {
                self.body_failed(txn, &intent.pair, intent.side, record, error);
                return;
            }
            Purpose::Update { record } => record,
        };
        let at = RecordRef { pair: intent.pair.clone(), side: intent.side, id: record.clone() };
        let tie = self.memory.pair(&at.pair).and_then(|pair| pair.tie_of(at.side, &at.id)).map(Tie::id);
        let Some(id) = tie else { return };
        match (error.kind, intent.common.len()) {
            // One bad value must not keep the others back, and must be found: they are written one by one.
            (RemoteErrorKind::Invalid, 2..) => {
                self.one_by_one.insert((id, intent.side));
            }
            (RemoteErrorKind::Invalid, 1) => {
                for (key, sent) in &intent.common {
                    let reason = error.message.clone();
                    let mut event = self.event(Happening::Refused, &at, reason.clone());
                    event.field = Some(key.clone());
                    event.after = Some(sent.clone());
                    txn.events.push(event);
                    let kind = MarkKind::Refused { side: intent.side, sent: sent.clone(), reason };
                    self.memory.put_mark(txn, Mark { id: HoldId::field(&id, key), kind, at: now });
                }
            }
            _ => self.failed_by(txn, HoldId::tie(&id), intent.side, error),
        }
    }

    /// Whether a creation carried more than title and keys: the refusal may lie in what could follow later.
    fn could_be_barer(&self, intent: &Intent) -> bool {
        let pair = self.memory.pair(&intent.pair);
        let title = pair.and_then(|pair| pair.map.as_ref()?.title.clone());
        intent
            .common
            .keys()
            .any(|key| title.as_ref() != Some(key) && pair.is_some_and(|pair| !pair.spec.match_by.contains(key)))
    }

    /// A record failed. What is forbidden on one record after the other is forbidden to us, and no record's fault: each is tried
    /// again after a pause, for as long as it takes.
    pub(super) fn failed_by(&mut self, txn: &mut Txn, hold: HoldId, side: Side, error: &RemoteError) {
        if matches!(error.kind, RemoteErrorKind::Forbidden | RemoteErrorKind::NotFound) {
            self.doubt(&hold.pair);
        }
        if error.kind == RemoteErrorKind::Forbidden {
            self.forbidden.get_mut(side).insert(hold.clone());
            if self.forbidden.get(side).len() >= FORBIDDEN {
                self.note_trouble(txn, side, error);
                let again = after(self.clock.now(), RETRIES[0]);
                let before = self.attempted(&hold);
                let said = Said { reason: &error.message, means: self.meaning(side, error) };
                self.set_failure(txn, hold, side, said, before, Some(again));
                return;
            }
        }
        let means = self.meaning(side, error);
        self.failed(txn, hold, side, Said { reason: &error.message, means });
    }

    /// What an error means, as its side's table has it.
    fn meaning(&self, side: Side, error: &RemoteError) -> &'static str {
        match self.systems.get(side).explain(&error.code) {
            "" => "that side refuses this record for a reason that lies in the record",
            means => means,
        }
    }

    /// How often a record failed with the input of now.
    pub(super) fn attempted(&self, hold: &HoldId) -> u32 {
        let attempts = self.memory.marks_on(hold).find_map(|mark| match &mark.kind {
            MarkKind::Failed { attempts, .. } if !self.has_other_input(hold, mark.at) => Some(*attempts),
            _ => None,
        });
        attempts.unwrap_or(0)
    }

    /// Whether what a failing write is made from has changed since: another input has all its tries before it.
    fn has_other_input(&self, hold: &HoldId, since: Timestamp) -> bool {
        let (Some(pair), Some(key)) = (self.memory.pair(&hold.pair), &hold.crm) else { return false };
        let inputs: Vec<(Side, &RecordId)> = match pair.ties.get(key) {
            Some(tie) => vec![(Side::Crm, &tie.crm), (Side::Notion, &tie.notion)],
            None => Side::BOTH
                .into_iter()
                .flat_map(|side| pair.observations.get(side).keys().map(move |id| (side, id)))
                .filter(|(side, id)| source_key(*side, id) == *key)
                .collect(),
        };
        inputs.into_iter().any(|(side, id)| pair.observation(side, id).is_some_and(|it| it.settled_since > since))
    }

    /// Holds of the whole record: a failed write that is set aside, or several pages with its marker.
    pub(super) fn record_hold(&self, id: &TieId) -> Option<Why> {
        self.memory.marks_on(&HoldId::tie(id)).find_map(|mark| match &mark.kind {
            MarkKind::Failed { side, reason, means, attempts, retry_at: None, .. }
                if !self.moved_since(id, mark.at) =>
            {
                let (reason, means) = (reason.clone(), means.clone());
                Some(Why::Quarantined { side: *side, reason, means, attempts: *attempts })
            }
            MarkKind::DuplicateSet { side, records } => {
                Some(Why::DuplicateSet { side: *side, records: records.clone() })
            }
            MarkKind::Parked { who } => Some(Why::Parked { who: who.clone() }),
            _ => None,
        })
    }

    /// When a failed record is tried again; the end of time once it is set aside.
    pub(super) fn retry_at(&self, id: &TieId, on: Side) -> Option<Timestamp> {
        self.memory.marks_on(&HoldId::tie(id)).find_map(|mark| match &mark.kind {
            MarkKind::Failed { side, retry_at, both, .. }
                if (*side == on || *both) && !self.moved_since(id, mark.at) =>
            {
                Some(retry_at.unwrap_or(Timestamp::MAX))
            }
            _ => None,
        })
    }

    /// Whether an operator holds a record back: nothing of it is written, whatever else says when.
    pub(super) fn is_parked(&self, id: &TieId) -> bool {
        self.memory.marks.contains_key(&(HoldId::tie(id), "parked"))
    }

    /// Whether a record of the tie changed after a write of it failed: another input is another try.
    fn moved_since(&self, id: &TieId, failed: Timestamp) -> bool {
        let pair = self.memory.pair(&id.pair);
        self.ends(id).is_some_and(|ends| {
            [ends.crm, ends.notion].iter().any(|at| {
                pair.and_then(|pair| pair.observation(at.side, &at.id)).is_some_and(|it| it.settled_since > failed)
            })
        })
    }

    /// A record failed for a reason that lies in it: tried again after five minutes and an hour, then set aside.
    pub(super) fn failed(&mut self, txn: &mut Txn, hold: HoldId, side: Side, said: Said<'_>) {
        let attempts = self.attempted(&hold) + 1;
        self.note_failure(&hold, said.reason, self.clock.now());
        let pause = usize::try_from(attempts).ok().and_then(|attempt| RETRIES.get(attempt - 1));
        let retry_at = pause.map(|pause| after(self.clock.now(), *pause));
        self.set_failure(txn, hold, side, said, attempts, retry_at);
    }

    /// Marks a failure; without a moment for the next try it is a quarantine.
    pub(super) fn set_failure(
        &mut self,
        txn: &mut Txn,
        hold: HoldId,
        side: Side,
        Said { reason, means }: Said<'_>,
        attempts: u32,
        retry_at: Option<Timestamp>,
    ) {
        if retry_at.is_none() {
            txn.events.push(self.hold_event(Happening::Quarantined, &hold, reason));
            let why = Why::Quarantined { side, reason: reason.to_owned(), means: means.to_owned(), attempts };
            self.set_hold(txn, hold.clone(), Some(why));
        }
        let failed_there = |mark: &Mark| {
            matches!(mark.kind, MarkKind::Failed { side: on, both, .. } if both || on != side)
                && !self.has_other_input(&hold, mark.at)
        };
        let both = self.memory.marks_on(&hold).any(failed_there);
        let (reason, means) = (reason.to_owned(), means.to_owned());
        let kind = MarkKind::Failed { side, reason, means, attempts, retry_at, both };
        self.memory.put_mark(txn, Mark { id: hold, kind, at: self.clock.now() });
    }

    /// A write to a side succeeded. What failed on the other side is to wait for its own next try.
    pub(super) fn note_success(&mut self, txn: &mut Txn, hold: &HoldId, on: Side) {
        let Some(mut mark) = self.memory.marks.get(&(hold.clone(), "failed")).cloned() else { return };
        match &mut mark.kind {
            MarkKind::Failed { side, both, .. } if *both => {
                (*side, *both) = (on.other(), false);
                self.memory.put_mark(txn, mark);
            }
            MarkKind::Failed { side, .. } if *side == on => self.memory.remove_mark(txn, hold, "failed"),
            _ => {}
        }
    }

    /// The name under which a failing operation is marked.
    pub(super) fn failure_of(&self, op: &OpKey) -> HoldId {
        let crm = match &op.target {
            Target::Create(source) => source_key(op.side.other(), source),
            Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => crm.clone(),
        };
        HoldId { pair: op.pair.clone(), crm: Some(crm), field: None }
    }

    pub(super) fn failure_hold(&self, intent: &Intent) -> HoldId {
        let crm = match &intent.purpose {
            Purpose::Create { source } => Some(source_key(intent.side.other(), source)),
            Purpose::Update { record } | Purpose::Trash { record } | Purpose::Body { record, .. } => self
                .memory
                .pair(&intent.pair)
                .and_then(|pair| pair.tie_of(intent.side, record))
                .map(|tie| tie.crm.clone()),
        };
        HoldId { pair: intent.pair.clone(), crm, field: None }
    }

    /// A source got its counterpart: earlier failures are forgotten.
    pub(super) fn clear_failure(&mut self, txn: &mut Txn, name: &PairName, side: Side, source: &RecordId) {
        let hold = HoldId { pair: name.clone(), crm: Some(source_key(side, source)), field: None };
        self.bare_creates.remove(&(name.clone(), side.other(), source.clone()));
        self.memory.remove_mark(txn, &hold, "failed");
        self.set_hold(txn, hold, None);
    }
}
