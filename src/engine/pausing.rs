//! What an operator stops and hastens without deciding anything about a value: a pair's writes, and the waiting of one
//! operation.

use crate::control::Reply;
use crate::model::{Happening, PairName, RecordId, Side, Verdict};

use super::core::{Core, Target};
use super::memory::Txn;

impl Core {
    /// Who paused a pair and since when, if somebody did.
    pub(super) fn paused(&self, name: &PairName) -> Option<String> {
        let mut pauses = self.memory.decisions.values();
        let pause = pauses.find(|it| matches!(&it.verdict, Verdict::Pause { pair } if pair == name))?;
        Some(format!("by {} since {}", pause.who, pause.at.strftime("%Y-%m-%d %H:%M:%S UTC")))
    }

    /// From now on nothing of the pair is written; observing goes on, and so does what is in flight.
    pub(super) fn pause_pair(&mut self, txn: &mut Txn, who: &str, pair: PairName) -> Reply {
        if self.memory.pair(&pair).is_none() {
            return Reply::Refused { why: format!("there is no pair {pair}") };
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
    pub(super) fn hasten(&mut self, pair: &PairName, side: Side, record: &RecordId) -> Reply {
        let now = self.clock.now();
        let own = |target: &Target| match target {
            Target::Create(source) => source == record,
            Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => {
                let tie = self.memory.pair(pair).and_then(|it| it.ties.get(crm));
                tie.is_some_and(|tie| tie.on(side) == record)
            }
        };
        let ops = self.planned.keys().filter(|op| op.pair == *pair && op.side == side && own(&op.target));
        let ops: Vec<_> = ops.cloned().collect();
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
        }
        Reply::Done { note: "it goes with the next free request".to_owned() }
    }
}
