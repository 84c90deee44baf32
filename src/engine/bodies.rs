//! The bodies of new pages: a page that was made for a CRM record gets its pair's template, request by request.
//!
//! A mark on the tie, durable with the creation's outcome, says that the body is owed, and how much of it was taken. Every
//! request has its own permit, a reading of what is there, and a durable intent before it. What is there already is never
//! added again, and what somebody has written is left alone. After an append whose outcome nobody knows the body is read
//! again when that request can no longer arrive.

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    Block, BodyPart, Happening, HoldId, Intent, Mark, MarkKind, PairName, Placed, Purpose, RecordId, RecordRef, Side,
    Tie, TieId,
};
use crate::plan::body::{Progress, Step, go_on};
use crate::remote::{Lane, RemoteError, RemoteErrorKind};

use super::core::{Core, OpKey, Planned, Target, after, signed};
use super::failures::RETRIES;
use super::listing::lies_in_the_record;
use super::memory::Txn;
use super::messages::{Msg, Order, Word, broke};

/// The kind of mark that says that a body is owed.
const OWED: &str = "body";

/// How far a body that is owed is, as its mark says.
#[derive(Debug, Clone, Copy)]
struct Owed {
    side: Side,
    done: usize,
    tries: u32,
    not_before: Option<Timestamp>,
}

impl Core {
    /// The pair's template in the form that a side can hold; empty where there is none.
    pub(super) fn wanted(&self, name: &PairName, side: Side) -> Vec<Block> {
        let template = self.memory.pair(name).and_then(|pair| pair.spec.template.as_ref());
        template.map(|template| self.systems.get(side).body_form(&template.blocks)).unwrap_or_default()
    }

    /// A record was made: if its side has bodies and the pair a template, it is owed one.
    pub(super) fn begin_body(&mut self, txn: &mut Txn, side: Side, id: &TieId, now: Timestamp) {
        let has_bodies = self.systems.get(side).capabilities().body.is_some();
        if has_bodies && !self.wanted(&id.pair, side).is_empty() {
            self.owe(txn, id, Owed { side, done: 0, tries: 0, not_before: None }, now);
        }
    }

    fn owe(&mut self, txn: &mut Txn, id: &TieId, owed: Owed, now: Timestamp) {
        let Owed { side, done, tries, not_before } = owed;
        let kind = MarkKind::Body { side, done, tries, not_before };
        self.memory.put_mark(txn, Mark { id: HoldId::tie(id), kind, at: now });
    }

    fn owed(&self, id: &TieId) -> Option<Owed> {
        match self.memory.marks.get(&(HoldId::tie(id), OWED))?.kind {
            MarkKind::Body { side, done, tries, not_before } => Some(Owed { side, done, tries, not_before }),
            _ => None,
        }
    }

    /// Until when a part of a body that failed waits.
    pub(super) fn body_retry_at(&self, id: &TieId) -> Option<Timestamp> {
        self.owed(id)?.not_before
    }

    /// How often the next part of a body was tried.
    pub(super) fn body_tries(&self, id: &TieId) -> u32 {
        self.owed(id).map_or(0, |owed| owed.tries)
    }

    /// Plans what is still owed of a tie's body.
    pub(super) fn plan_body(&mut self, txn: &mut Txn, id: &TieId, now: Timestamp) {
        let Some(owed) = self.owed(id) else { return };
        let op = OpKey { pair: id.pair.clone(), side: owed.side, target: Target::Body(id.crm.clone()) };
        if self.wanted(&id.pair, owed.side).is_empty() {
            // The configuration names no template any more.
            self.planned.remove(&op);
            self.memory.remove_mark(txn, &HoldId::tie(id), OWED);
            return;
        }
        let since = self.planned.get(&op).map_or(now, |planned| planned.since);
        let due = match self.is_parked(id) {
            true => Timestamp::MAX,
            false => owed.not_before.map_or(now, |not_before| not_before.max(now)),
        };
        self.planned.insert(op, Planned { since, due, fields: Vec::new() });
    }

    /// What comes next, now that the body was read; `None` where nothing does.
    pub(super) fn order_body(
        &mut self,
        txn: &mut Txn,
        op: &OpKey,
        began: Timestamp,
        there: Result<Vec<Placed>, RemoteError>,
    ) -> Option<(Intent, BodyPart)> {
        let Target::Body(crm) = &op.target else { return None };
        let id = TieId { pair: op.pair.clone(), crm: crm.clone() };
        let record = self.ends(&id)?.get(op.side).id.clone();
        let there = match there {
            Ok(there) => there,
            Err(error) => {
                self.body_unread(txn, &id, op.side, &record, &error);
                return None;
            }
        };
        self.note_answer(txn, op.side);
        if self.draining || !self.may_write(&op.pair) {
            return None;
        }
        let (owed, now) = (self.owed(&id)?, self.clock.now());
        let Progress { there, step } = self.progress(&id.pair, op.side, &there)?;
        match step {
            Step::Complete => {
                self.finish_body(txn, &id, op.side, there, now);
                None
            }
            // It may be shown late, and what was taken is not added again.
            _ if there < owed.done && owed.tries == 0 => {
                let again = after(now, signed(self.timing.settle_unknown_update));
                self.owe(txn, &id, Owed { tries: 1, not_before: Some(again), ..owed }, now);
                None
            }
            _ if there < owed.done => {
                let note = "somebody has changed or removed what was written of its template; the rest is left out";
                self.leave_body(txn, &id, op.side, note);
                None
            }
            Step::Foreign => {
                let all = Block::count(&self.wanted(&id.pair, op.side));
                let note = match there {
                    0 => "the page has content of its own, so its template is left out".to_owned(),
                    some => {
                        format!("the page has content of its own; {some} of the {all} blocks of its template stand")
                    }
                };
                self.leave_body(txn, &id, op.side, &note);
                None
            }
            Step::Append(part) => {
                let blocks = Block::count(&part.blocks);
                let mut intent = self.new_intent(op, Purpose::Body { record, done: there, blocks }, began);
                intent.seq = self.memory.new_intent();
                Some((intent, part))
            }
        }
    }

    fn progress(&self, name: &PairName, side: Side, there: &[Placed]) -> Option<Progress> {
        let limits = self.systems.get(side).capabilities().body?;
        Some(go_on(&self.wanted(name, side), there, &limits))
    }

    /// The order for a writer, with the intent that must be durable before it is given.
    pub(super) fn append_order(&mut self, txn: &mut Txn, intent: Intent, part: BodyPart) -> Order {
        self.note_write(&intent.pair, self.clock.now());
        let order = Order::Append { intent: intent.seq, part };
        self.memory.put_intent(txn, intent);
        order
    }

    /// A part was taken.
    pub(super) fn finish_part(
        &mut self,
        txn: &mut Txn,
        intent: &Intent,
        record: &RecordId,
        done: usize,
        now: Timestamp,
    ) {
        self.figures.window(intent.read_at, now);
        let Some(id) = self.tie_at(&intent.pair, intent.side, record) else { return };
        let Some(owed) = self.owed(&id) else { return };
        if done >= Block::count(&self.wanted(&id.pair, intent.side)) {
            self.finish_body(txn, &id, intent.side, done, now);
        } else {
            self.owe(txn, &id, Owed { done, tries: 0, not_before: None, ..owed }, now);
        }
    }

    fn tie_at(&self, name: &PairName, side: Side, record: &RecordId) -> Option<TieId> {
        self.memory.pair(name).and_then(|pair| pair.tie_of(side, record)).map(Tie::id)
    }

    /// All of it is there.
    fn finish_body(&mut self, txn: &mut Txn, id: &TieId, side: Side, blocks: usize, now: Timestamp) {
        let template = self.memory.pair(&id.pair).and_then(|pair| pair.spec.template.as_ref());
        let name = template.map(|template| template.name.clone()).unwrap_or_default();
        let mut event = self.tie_event(Happening::Wrote, id, format!("its body: the {blocks} blocks of {name}"));
        event.side = Some(side);
        txn.events.push(event);
        self.figures.written(side, now, 1);
        self.memory.remove_mark(txn, &HoldId::tie(id), OWED);
    }

    /// Nothing more is written into it.
    fn leave_body(&mut self, txn: &mut Txn, id: &TieId, side: Side, note: &str) {
        let mut event = self.tie_event(Happening::Refused, id, note);
        event.side = Some(side);
        txn.events.push(event);
        self.memory.remove_mark(txn, &HoldId::tie(id), OWED);
    }

    /// What is there could not be read, so nothing is written.
    fn body_unread(&mut self, txn: &mut Txn, id: &TieId, side: Side, record: &RecordId, error: &RemoteError) {
        if error.kind == RemoteErrorKind::NotFound || lies_in_the_record(error.kind) {
            self.body_failed(txn, &id.pair, side, record, error);
        } else {
            self.note_trouble(txn, side, error);
            self.pause(side);
        }
    }

    /// A part was refused, or the body could not be read, for a reason that lies in the page: tried again as records are,
    /// then left out. The page's fields are kept in step all the same.
    pub(super) fn body_failed(
        &mut self,
        txn: &mut Txn,
        name: &PairName,
        side: Side,
        record: &RecordId,
        error: &RemoteError,
    ) {
        let now = self.clock.now();
        if error.kind == RemoteErrorKind::NotFound {
            // Deleted, or access lost: a read by id will tell which.
            self.hot.insert(RecordRef { pair: name.clone(), side, id: record.clone() }, now);
        }
        let Some(id) = self.tie_at(name, side, record) else { return };
        let Some(owed) = self.owed(&id) else { return };
        let pause: Option<&SignedDuration> = usize::try_from(owed.tries).ok().and_then(|tries| RETRIES.get(tries));
        match pause {
            Some(pause) => {
                let not_before = Some(after(now, *pause));
                self.owe(txn, &id, Owed { tries: owed.tries + 1, not_before, ..owed }, now);
            }
            None => self.leave_body(txn, &id, side, &format!("its template is left out: {}", error.message)),
        }
    }

    /// Reads a body again after an append whose outcome nobody knows.
    pub(super) fn probe_body(&self, intent: &Intent, record: RecordId) {
        let (seq, wanted) = (intent.seq, self.wanted(&intent.pair, intent.side));
        let (system, clock) = (self.systems.get(intent.side).clone(), self.clock.clone());
        let began = clock.now();
        let word = Word::new(self.mail.clone(), Msg::BodyProbed { intent: seq, began, there: Err(broke()) });
        tokio::spawn(async move {
            let there = system.read_body(&record, &wanted, Lane::Probe).await;
            word.say(Msg::BodyProbed { intent: seq, began, there }).await;
        });
    }

    /// It was read again: what the append was to add is there, or is not.
    pub(super) fn take_body_probed(
        &mut self,
        txn: &mut Txn,
        seq: u64,
        began: Timestamp,
        there: Result<Vec<Placed>, RemoteError>,
    ) {
        self.probing.remove(&seq);
        let Some(intent) = self.memory.intents.get(&seq).cloned() else { return };
        let Purpose::Body { record, done, blocks } = intent.purpose.clone() else { return };
        let there = match there {
            Ok(there) => there,
            // Nobody knows still, and nothing is added to a page that is not there: what comes next reads it anew.
            Err(error) if error.kind == RemoteErrorKind::NotFound || lies_in_the_record(error.kind) => {
                self.memory.remove_intent(txn, seq);
                self.body_failed(txn, &intent.pair, intent.side, &record, &error);
                return;
            }
            Err(error) => {
                self.note_trouble(txn, intent.side, &error);
                let again = after(self.clock.now(), signed(self.poll(intent.side)));
                self.reschedule(txn, intent, 0, again);
                return;
            }
        };
        self.memory.remove_intent(txn, seq);
        let there = self.progress(&intent.pair, intent.side, &there).map_or(0, |progress| progress.there);
        let (what, note) = if there >= done + blocks {
            (Happening::Adopted, "its body was read again: the blocks are there")
        } else {
            (
                Happening::NotApplied,
                "its body was read again: the blocks are not there; it is compared before it goes on",
            )
        };
        let mut event = self.intent_event(what, &intent, note);
        event.window = Some((intent.read_at, began));
        txn.events.push(event);
        let at = RecordRef { pair: intent.pair, side: intent.side, id: record };
        if let Some(id) = self.tie_at(&at.pair, at.side, &at.id)
            && let Some(owed) = self.owed(&id)
        {
            self.owe(txn, &id, Owed { done: owed.done.max(there), ..owed }, began);
        }
        self.memory.touch(&at);
    }
}
