//! What an operator stops and hastens without deciding anything about a value: a pair's writes, and the waiting of one
//! operation.

use crate::control::Reply;
use crate::model::{Happening, HoldId, Mark, MarkKind, PairName, RecordId, Side, Tie, TieId, Verdict};

use super::core::{Core, OpKey, Target};
use super::memory::Txn;

impl Core {
    /// Who paused a pair and since when, if somebody did.
    pub(super) fn paused(&self, name: &PairName) -> Option<String> {
        let mut pauses = self.memory.decisions.values();
        let pause = pauses.find(|it| matches!(&it.verdict, Verdict::Pause { pair } if pair == name))?;
        Some(format!("by {} since {}", pause.who, pause.at.strftime("%Y-%m-%d %H:%M:%S UTC")))
    }

    /// Why nothing can be done with a pair of that name.
    pub(super) fn no_pair(&self, name: &PairName) -> String {
        let names: Vec<&str> = self.memory.order.iter().map(PairName::as_str).collect();
        format!("there is no pair {name}; there is {}", names.join(", "))
    }

    /// From now on nothing of the pair is written; observing goes on, and so does what is in flight.
    pub(super) fn pause_pair(&mut self, txn: &mut Txn, who: &str, pair: PairName) -> Reply {
        if self.memory.pair(&pair).is_none() {
            return Reply::Refused { why: self.no_pair(&pair) };
        }
        if let Some(paused) = self.paused(&pair) {
            return Reply::Done { note: format!("{pair} is paused already, {paused}") };
        }
        self.tell_of_pause(txn, who, &pair, "paused: nothing is written until somebody resumes it");
        let note = format!("{pair} is paused: both sides are still observed, and nothing is written");
        self.decide(txn, who, None, Verdict::Pause { pair });
        Reply::Done { note }
    }

    /// The pair is written again.
    pub(super) fn resume_pair(&mut self, txn: &mut Txn, who: &str, pair: &PairName) -> Reply {
        let pauses = self.memory.decisions.values();
        let pauses = pauses.filter(|it| matches!(&it.verdict, Verdict::Pause { pair: paused } if paused == pair));
        let pauses: Vec<u64> = pauses.map(|it| it.seq).collect();
        if pauses.is_empty() {
            return Reply::Refused { why: format!("{pair} is not paused") };
        }
        for seq in pauses {
            self.memory.remove_decision(txn, seq);
        }
        self.tell_of_pause(txn, who, pair, "resumed");
        Reply::Done { note: format!("{pair} is written again; what has waited goes next") }
    }

    fn tell_of_pause(&self, txn: &mut Txn, who: &str, pair: &PairName, note: &str) {
        let mut event = self.system_event(Happening::Decided, note);
        event.pair = Some(pair.clone());
        event.who = who.to_owned();
        txn.events.push(event);
    }

    /// Ends the waiting of a planned operation: the quiet period, or the pause before another try. What was sent is not
    /// hastened: a probe that comes too early finds nothing and proves nothing.
    pub(super) fn hasten(&mut self, txn: &mut Txn, who: &str, pair: &PairName, side: Side, record: &RecordId) -> Reply {
        let now = self.clock.now();
        if let Some(tie) = self.tie_on(pair, side, record)
            && self.is_parked(&tie)
        {
            return self.retry(txn, who, &HoldId::tie(&tie));
        }
        let ops = self.planned_for(pair, side, record);
        if ops.is_empty() {
            return Reply::Refused {
                why: "nothing is planned for it any more; what was sent is not hastened".to_owned(),
            };
        }
        for op in ops {
            self.put_off.remove(&op);
            if let Some(planned) = self.planned.get_mut(&op) {
                planned.due = planned.due.min(now);
            }
            self.hastened.insert(op);
        }
        Reply::Done { note: "it goes with the next free request".to_owned() }
    }

    /// Nothing of a record is written until somebody lets it go.
    pub(super) fn park(&mut self, txn: &mut Txn, who: &str, pair: &PairName, side: Side, record: &RecordId) -> Reply {
        let refused = |why: &str| Reply::Refused { why: why.to_owned() };
        let ops = self.planned_for(pair, side, record);
        if ops.is_empty() {
            return refused("nothing is planned for it any more; what was sent cannot be held back");
        }
        if ops.iter().any(|op| self.under_way.contains_key(op)) {
            return refused("it is just being sent; what was sent cannot be held back");
        }
        let Some(tie) = self.tie_on(pair, side, record) else {
            return refused(
                "what is to be created is not held back by itself: pause its pair, or ignore it once it is an orphan",
            );
        };
        let hold = HoldId::tie(&tie);
        let mut event = self.hold_event(Happening::Decided, &hold, "held back");
        event.who = who.to_owned();
        txn.events.push(event);
        let kind = MarkKind::Parked { who: who.to_owned() };
        self.memory.put_mark(txn, Mark { id: hold, kind, at: self.clock.now() });
        self.hastened.retain(|op| !ops.contains(op));
        self.drop_ops(&tie);
        Reply::Done { note: "held back: it stands among the conflicts, where trying again lets it go".to_owned() }
    }

    fn tie_on(&self, pair: &PairName, side: Side, record: &RecordId) -> Option<TieId> {
        let memory = self.memory.pair(pair)?;
        memory.tie_of(side, record).map(Tie::id)
    }

    /// What is planned for a record of a side: a creation by the record that it is made for.
    fn planned_for(&self, pair: &PairName, side: Side, record: &RecordId) -> Vec<OpKey> {
        let tie = self.tie_on(pair, side, record);
        let own = |target: &Target| match target {
            Target::Create(source) => source == record,
            Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => {
                tie.as_ref().is_some_and(|tie| tie.crm == *crm)
            }
        };
        self.planned.keys().filter(|op| op.pair == *pair && op.side == side && own(&op.target)).cloned().collect()
    }
}
