//! What an operator says, carried out in the transaction that makes it durable.

use crate::control::{Breaker, Command, PairState, Reply, Resolution};
use crate::model::{
    Decision, Happening, HoldId, PairName, RecordId, RecordRef, Shown, Side, TieId, Value, Verdict, Why,
};

use super::core::Core;
use super::memory::Txn;
use super::relating::Edge;

pub(super) fn done(note: impl Into<String>) -> Reply {
    Reply::Done { note: note.into() }
}

pub(super) fn refused(why: impl Into<String>) -> Reply {
    Reply::Refused { why: why.into() }
}

/// What was shown is no longer what is there.
pub(super) fn moved(how: &str) -> Reply {
    Reply::Changed { ids: Vec::new(), note: format!("changed since you looked: {how}; nothing was done, look again") }
}

impl Core {
    /// Carries out a command.
    pub(super) fn command(&mut self, txn: &mut Txn, who: &str, command: Command) -> Reply {
        match command {
            Command::Resolve { items } => self.resolve(txn, who, &items),
            Command::Link { pair, crm, notion, shown } => self.link(txn, who, &pair, (&crm, &notion), shown.as_ref()),
            Command::CreateCounterpart { record, shown } => self.create_counterpart(txn, who, record, shown),
            Command::IgnoreOrphan { record, shown } => self.ignore_orphan(txn, who, record, shown),
            Command::Relate { owner, field, target, linked, instead_of, shown } => {
                let (instead_of, shown) = (instead_of.as_ref(), shown.as_ref());
                let edge = Edge { owner: &owner, field: &field, target: &target, linked, instead_of, shown };
                self.relate(txn, who, &edge)
            }
            Command::UnignoreOrphan { record } => self.unignore_orphan(txn, who, &record),
            Command::Approve { pair } => self.approve(txn, who, pair),
            Command::Override { pair, plan } => self.let_once(txn, who, pair, plan),
            Command::Pause { pair } => self.pause_pair(txn, who, pair),
            Command::Resume { pair } => self.resume_pair(txn, who, &pair),
            Command::Hasten { pair, side, record } => self.hasten(txn, who, &pair, side, &record),
            Command::Park { pair, side, record } => self.park(txn, who, &pair, side, &record),
            Command::Retry { id } => self.retry(txn, who, &id),
            // The control task reads the line first and comes to `undo` itself; without it there is nothing to undo.
            Command::Undo { event, both } => self.undo(txn, who, event, both, None, &[]),
            Command::Refresh => {
                let now = self.clock.now();
                for listing in self.listings.values_mut() {
                    listing.next_increment = now;
                }
                let rests = |side: &Side| self.systems.get(*side).pulse().breaker != Breaker::Closed;
                match Side::BOTH.into_iter().find(rests) {
                    None => done("both sides are looked at now"),
                    Some(side) => {
                        done(format!("{side} does not answer, and is tried now and then; the rest is looked at now"))
                    }
                }
            }
            Command::Shutdown => {
                self.draining = true;
                for side in Side::BOTH {
                    self.systems.get(side).stop_waiting();
                }
                done("what is in flight is finished first")
            }
        }
    }

    /// Makes a decision durable.
    pub(super) fn decide(&mut self, txn: &mut Txn, who: &str, hold: Option<(HoldId, Shown)>, verdict: Verdict) {
        let (hold, shown) = hold.unzip();
        let decision = Decision {
            seq: self.memory.new_decision(),
            hold,
            shown,
            verdict,
            who: who.to_owned(),
            at: self.clock.now(),
        };
        self.memory.put_decision(txn, decision);
    }

    /// All or none: a decision about something that moved since it was shown makes the operator look again.
    fn resolve(&mut self, txn: &mut Txn, who: &str, items: &[Resolution]) -> Reply {
        let mut verdicts = Vec::new();
        let mut moved = Vec::new();
        for item in items {
            let Some(hold) = self.memory.holds.get(item.id()).cloned() else {
                moved.push(item.id().clone());
                continue;
            };
            let Some((_, crm, notion, true)) = self.held_values(&hold) else {
                return refused(format!("{} cannot be decided: {}", hold.id, super::views::why_sentence(&hold.why)));
            };
            if (Shown { crm: crm.digest.clone(), notion: notion.digest.clone() }) != *item.shown() {
                moved.push(item.id().clone());
                continue;
            }
            match self.verdict(&hold, item) {
                Ok((verdict, note)) => verdicts.push((hold.id, item.shown().clone(), verdict, note, crm, notion)),
                Err(why) => {
                    let label = self.hold_label(&hold.id);
                    return refused(format!("{label}: {why}"));
                }
            }
        }
        if !moved.is_empty() {
            let note = format!("changed since you looked: {} of {}; look again", moved.len(), items.len());
            return Reply::Changed { ids: moved, note };
        }
        let fields = verdicts.len();
        let kept = verdicts.iter().filter(|(_, _, verdict, ..)| *verdict == Verdict::Keep).count();
        for (id, shown, verdict, note, crm, notion) in verdicts {
            let mut event = self.hold_event(Happening::Decided, &id, note);
            event.who = who.to_owned();
            // The value that was decided against is in the journal, whatever becomes of the write.
            let text = |side: &crate::control::SideValue| Some(Value::text(&side.text));
            (event.side, event.before) = match &verdict {
                Verdict::Force { side: Side::Crm } => (Some(Side::Notion), text(&notion)),
                Verdict::Force { side: Side::Notion } => (Some(Side::Crm), text(&crm)),
                _ => (None, None),
            };
            txn.events.push(event);
            self.memory.remove_mark(txn, &id, "refused");
            self.memory.remove_mark(txn, &id, "fighting");
            self.memory.remove_mark(txn, &id, "undone");
            self.forget_fights(&id);
            self.decide(txn, who, Some((id, shown)), verdict);
        }
        done(match (fields, kept) {
            (1, 0) => "decided; it is written next".to_owned(),
            (1, _) => "decided; both sides stay as they are".to_owned(),
            (_, 0) => format!("{fields} fields decided; they are written next"),
            (_, kept) if kept == fields => format!("{fields} fields decided; they stay as they are on both sides"),
            (_, kept) => format!("{fields} fields decided; {} written next, {kept} stay as they are", fields - kept),
        })
    }

    /// Ties two records, if they still hold what was shown of them.
    fn link(
        &mut self,
        txn: &mut Txn,
        who: &str,
        name: &PairName,
        (crm, notion): (&RecordId, &RecordId),
        shown: Option<&Shown>,
    ) -> Reply {
        let Some(pair) = self.memory.pair(name) else { return refused(self.no_pair(name)) };
        for (side, id) in [(Side::Crm, crm), (Side::Notion, notion)] {
            if !Self::is_present(pair, side, id) {
                return refused(format!("{side} record {id} is not there any more"));
            }
            if let Some(tie) = pair.tie_of(side, id) {
                let (own, other) = (self.title(pair, side, id), self.title(pair, side.other(), tie.on(side.other())));
                return refused(format!(
                    "{own:?} of {side} is tied already, to {other:?} of {}. If that is wrong, take it back first: the \
                     journal's line `tied` about it can be undone",
                    side.other()
                ));
            }
            if self.has_open_intent(&RecordRef { pair: name.clone(), side, id: id.clone() }) {
                return refused(format!("a counterpart for {side} record {id} is just being created; wait for it"));
            }
        }
        let now = |side, id| self.record_digest(pair, side, id);
        if shown.is_some_and(|it| (&it.crm, &it.notion) != (&now(Side::Crm, crm), &now(Side::Notion, notion))) {
            return moved("one of the two was edited");
        }
        let note = format!("linked by {who}");
        self.tie(txn, name, crm, notion, &note);
        let mut event = self.tie_event(Happening::Decided, &TieId { pair: name.clone(), crm: crm.clone() }, "linked");
        event.who = who.to_owned();
        txn.events.push(event);
        done("linked; fields that differ are shown as conflicts, empty ones are filled")
    }

    /// Whether a record no longer holds what was shown of it.
    fn has_moved(&self, record: &RecordRef, shown: Option<&String>) -> bool {
        let pair = self.memory.pair(&record.pair);
        shown.is_some_and(|shown| pair.is_some_and(|it| self.record_digest(it, record.side, &record.id) != *shown))
    }

    fn create_counterpart(&mut self, txn: &mut Txn, who: &str, record: RecordRef, shown: Option<String>) -> Reply {
        let Some(pair) = self.memory.pair(&record.pair) else { return refused("there is no such pair") };
        if !Self::is_present(pair, record.side, &record.id) {
            return refused("the record is not there any more");
        }
        if !self.creatable(pair, &record) {
            return refused("it has no title, is tied already, or its counterpart is just being created");
        }
        if self.has_moved(&record, shown.as_ref()) {
            return moved("the record was edited");
        }
        let mut event = self.event(Happening::Decided, &record, "create its counterpart");
        event.who = who.to_owned();
        txn.events.push(event);
        // What is to be created is somebody's business again.
        self.forget_ignoring(txn, &record);
        self.decide(txn, who, None, Verdict::Create { record });
        done("its counterpart is created next")
    }

    fn ignore_orphan(&mut self, txn: &mut Txn, who: &str, record: RecordRef, shown: Option<String>) -> Reply {
        let known = self
            .memory
            .pair(&record.pair)
            .is_some_and(|pair| pair.orphans.contains_key(&(record.side, record.id.clone())));
        if !known {
            return refused("it is no orphan: tied or ignored by now, gone, or another record is meant");
        }
        if self.has_moved(&record, shown.as_ref()) {
            return moved("the record was edited");
        }
        let mut event = self.event(Happening::Decided, &record, "ignored");
        event.who = who.to_owned();
        txn.events.push(event);
        self.memory.set_orphan(txn, &record, None);
        self.decide(txn, who, None, Verdict::Ignore { record });
        done("ignored; nothing is created for it, and it is shown among the ignored ones alone")
    }

    fn approve(&mut self, txn: &mut Txn, who: &str, pair: PairName) -> Reply {
        let PairState::Review { marked, .. } = self.pair_state(&pair) else {
            return refused(format!("pair {pair} does not wait for an approval"));
        };
        let mut event = self.system_event(Happening::Decided, "the first matching was approved");
        event.pair = Some(pair.clone());
        event.who = who.to_owned();
        txn.events.push(event);
        self.decide(txn, who, None, Verdict::Approve { pair });
        match marked {
            0 => done("approved; matched records are tied and the sync begins"),
            _ => {
                done("approved; before anything is tied, a guard asks about pages with the markers of another crosstie")
            }
        }
    }

    fn let_once(&mut self, txn: &mut Txn, who: &str, pair: PairName, plan: String) -> Reply {
        let id = HoldId { pair: pair.clone(), crm: None, field: None };
        match self.memory.holds.get(&id).map(|hold| &hold.why) {
            Some(Why::MassChange { plan: waiting, .. }) if *waiting == plan => {}
            Some(Why::MassChange { .. }) => {
                return Reply::Changed {
                    ids: vec![id],
                    note: "changed since you looked: the plan is another one".into(),
                };
            }
            _ => return refused(format!("no plan of pair {pair} waits for a confirmation")),
        }
        let mut event = self.hold_event(Happening::Decided, &id, "let happen once");
        event.who = who.to_owned();
        txn.events.push(event);
        self.decide(txn, who, None, Verdict::Override { pair, plan });
        done("this plan is carried out once")
    }

    pub(super) fn retry(&mut self, txn: &mut Txn, who: &str, id: &HoldId) -> Reply {
        if id.crm.is_none() {
            return self.retry_pair(txn, who, id);
        }
        if let (Some(Why::DeletedAndEdited { gone }), Some(tie)) =
            (self.memory.holds.get(id).map(|hold| hold.why.clone()), id.tie_id())
        {
            let mut event = self.hold_event(Happening::Decided, id, "untied; the survivor stays");
            event.who = who.to_owned();
            txn.events.push(event);
            self.untie(txn, &tie, Some(gone));
            return done("untied; the survivor waits on the Orphans page");
        }
        let kinds: Vec<&'static str> = ["refused", "failed", "fighting", "duplicates", "parked"]
            .into_iter()
            .filter(|kind| self.memory.marks.contains_key(&(id.clone(), *kind)))
            .collect();
        if kinds.is_empty() {
            return refused("there is nothing to be tried again");
        }
        for kind in kinds {
            self.memory.remove_mark(txn, id, kind);
        }
        self.forget_fights(id);
        self.set_hold(txn, id.clone(), None);
        let mut event = self.hold_event(Happening::Decided, id, "tried again");
        event.who = who.to_owned();
        txn.events.push(event);
        done("it is tried again next")
    }
}
