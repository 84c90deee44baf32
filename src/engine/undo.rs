//! Taking a write of ours back: the written side gets its before-image again, if it still shows what we wrote.
//!
//! An undo is a mark on the field, durable before it is answered. While it stands, the field's plan is no other than to
//! restore, by the way of every write: pre-read, intent, comparison. What is found changed meanwhile is not overwritten;
//! the undo lapses and says so. The base goes back with it, so that the sync would simply write the value again: therefore
//! the field is held until somebody decides, and is a conflict if anything moves before that. Undoing both sides ends with both the same, and nothing is held.

use std::collections::BTreeSet;

use crate::control::{JournalRow, Reply};
use crate::mapping::FieldMap;
use crate::model::{
    Event, FieldKey, Happening, HoldId, Mark, MarkKind, RecordRef, Side, Tie, TieId, Value, Verdict, Why,
};
use crate::plan::{FieldCase, FieldPlan, FieldWrite, Seen, Settled};

use super::core::Core;
use super::flaw::Flaw;
use super::memory::Txn;

/// What an undo would do, once it is known that it can.
struct Possible {
    hold: HoldId,
    side: Side,
    from: Value,
    to: Value,
}

/// The newest write of the field that a line tells something else of.
fn write_of(line: &Event, later: &[Event]) -> Option<u64> {
    let place = |event: &Event| (event.pair.clone(), event.crm.clone(), event.field.clone());
    let other = line.what != Happening::Wrote && line.field.is_some();
    let mut writes = later.iter().rev().filter(|event| event.what == Happening::Wrote && place(event) == place(line));
    writes.next().filter(|_| other).map(|event| event.seq)
}

impl Core {
    /// Carries out an undo of a line of the journal; `None` if the journal no longer has it. With lines that came later, of which
    /// one may be the write that is meant.
    pub(super) fn undo(
        &mut self,
        txn: &mut Txn,
        who: &str,
        seq: u64,
        both: bool,
        line: Option<Event>,
        later: &[Event],
    ) -> Reply {
        let refused = |why: String| Reply::Refused { why };
        let Some(event) = line else {
            return refused(match seq {
                seq if seq == 0 || seq > self.memory.last_event => format!("the journal has no line {seq}"),
                _ => format!(
                    "line {seq} is older than the journal reaches, so its before-image is gone; set the value by hand"
                ),
            });
        };
        if event.what == Happening::Tied {
            return match self.parting_of(&event) {
                Ok(id) => self.part(txn, who, &id, seq),
                Err(why) => refused(why),
            };
        }
        let Possible { hold, side, from, to } = match self.undo_of(&event, both) {
            Ok(possible) => possible,
            Err(why) => {
                return refused(match write_of(&event, later) {
                    Some(write) => {
                        format!("line {seq} tells of no write; line {write} is the newest one of this field")
                    }
                    None => why,
                });
            }
        };
        // An earlier word about this field gives way to this one.
        if let Some(seq) = self.memory.decision_on(&hold).map(|decision| decision.seq) {
            self.memory.remove_decision(txn, seq);
        }
        self.memory.remove_mark(txn, &hold, "refused");
        let mut undone = self.hold_event(Happening::Undone, &hold, format!("the write of line {seq}"));
        undone.side = Some(side);
        undone.before = Some(from.clone());
        undone.after = Some(to.clone());
        undone.who = who.to_owned();
        txn.events.push(undone);
        let left: BTreeSet<Side> = if both { Side::BOTH.into() } else { [side].into() };
        let shown = self.words(&hold, &to);
        let note = match both {
            true => format!("undone: both sides get {shown:?} back"),
            false => format!("undone: {side} gets {shown:?} back, and the field is held until somebody decides"),
        };
        let kind = MarkKind::Undone { side, event: seq, who: who.to_owned(), from, to, both, left };
        self.memory.put_mark(txn, Mark { id: hold, kind, at: self.clock.now() });
        Reply::Done { note }
    }

    /// A value of a field as a person reads it.
    fn words(&self, hold: &HoldId, value: &Value) -> String {
        let field = hold.field.as_ref().and_then(|key| self.memory.pair(&hold.pair)?.map.as_ref()?.field(key));
        field.map_or_else(|| value.show(), |field| self.text(field, value))
    }

    /// A line of the journal, told whether it could be undone. Its texts are empty.
    pub(super) fn undo_preview(&self, event: Event) -> JournalRow {
        let why = self.why_not_undone(&event).unwrap_or_else(|| Some(String::new()));
        JournalRow {
            undoable: why.is_none(),
            not_undoable: why.unwrap_or_default(),
            event,
            title: String::new(),
            label: String::new(),
            before: None,
            after: None,
        }
    }

    /// A row that was made earlier, told anew whether its line could be undone.
    pub(super) fn preview_again(&self, row: &JournalRow) -> JournalRow {
        let now = self.why_not_undone(&row.event);
        let mut row = row.clone();
        if let Some(why) = now {
            row.undoable = why.is_none();
            row.not_undoable = why.unwrap_or_default();
        }
        row
    }

    /// Why a line that can be taken back cannot be right now, if so; `None` for a line of another sort.
    fn why_not_undone(&self, event: &Event) -> Option<Option<String>> {
        match event.what {
            Happening::Wrote => Some(self.undo_of(event, false).err()),
            Happening::Tied => Some(self.parting_of(event).err()),
            _ => None,
        }
    }

    /// Whether a write can be undone now, or why not.
    fn undo_of(&self, event: &Event, both: bool) -> Result<Possible, String> {
        match event.what {
            Happening::Wrote if event.field.is_none() => {
                return Err("a page's body is not undone: what stands in pages is left to people".to_owned());
            }
            Happening::Wrote => {}
            Happening::Created => {
                return Err("a creation is not undone: deleting records is left to people".to_owned());
            }
            _ => return Err("this line tells of no write and no tie; only those are taken back".to_owned()),
        }
        let ended = || "the two records are no longer tied, so there is nothing to undo between them".to_owned();
        let (Some(name), Some(side), Some(key)) = (&event.pair, event.side, &event.field) else { return Err(ended()) };
        let (Some(crm), Some(notion)) = (&event.crm, &event.notion) else { return Err(ended()) };
        let pair = self.memory.pair(name).ok_or_else(|| format!("there is no pair {name} any more"))?;
        let tie = pair.ties.get(crm).filter(|tie| tie.notion == *notion).ok_or_else(ended)?;
        let map = pair.map.as_ref().ok_or_else(|| format!("pair {name} was not read yet; try again in a moment"))?;
        let field = map.field(key).ok_or_else(|| format!("{key} is no longer mapped"))?;
        let (Some(to), Some(from)) = (&event.before, &event.after) else {
            return Err("the journal does not know what was there before".to_owned());
        };
        if field.same(from, to) {
            return Err("the write changed nothing".to_owned());
        }
        if event.seq <= self.memory.set_back {
            return Err("the clock of this host was set back since, so nobody can say what was edited after that write; set the \
                        value by hand"
                .to_owned());
        }
        let hold = HoldId::field(&tie.id(), key);
        // First of all: what it wrote back is no edit of anybody's.
        let standing = self.memory.marks_on(&hold).find_map(|mark| match &mark.kind {
            MarkKind::Undone { event, .. } => Some(*event),
            _ => None,
        });
        if standing == Some(event.seq) {
            return Err("it is undone already; decide about the held field".to_owned());
        }
        let closed = event.window.map_or(event.at, |(_, closed)| closed);
        self.restorable(tie, field, side, from, to, Some(closed))?;
        if both && !self.shows(tie, field, side.other(), to) {
            self.restorable(tie, field, side.other(), from, to, None)?;
        }
        let decided = self.memory.decision_on(&hold).filter(|decision| decision.verdict != Verdict::Keep);
        if decided.is_some() {
            return Err("a decision about this field is just being written; wait for it".to_owned());
        }
        Ok(Possible { hold, side, from: from.clone(), to: to.clone() })
    }

    /// Whether one side shows `from`, untouched since, and could be given `to`.
    fn restorable(
        &self,
        tie: &Tie,
        field: &FieldMap,
        side: Side,
        from: &Value,
        to: &Value,
        written: Option<jiff::Timestamp>,
    ) -> Result<(), String> {
        if !field.writes(side) {
            return Err(format!("the field goes one way only; {side} is not written"));
        }
        let at = RecordRef { pair: tie.pair.clone(), side, id: tie.on(side).clone() };
        let pair = self.memory.pair(&at.pair);
        let seen = pair.and_then(|pair| pair.observation(side, &at.id)).filter(|seen| seen.is_present());
        let Some(seen) = seen else { return Err(format!("the record in {side} is not there any more")) };
        if self.has_open_intent(&at) {
            return Err(format!("a write of this record in {side} is on its way; wait for it"));
        }
        let lookup = self.translator();
        let Seen::Known(shown) = self.seen(field, side, seen, &lookup) else {
            return Err(format!("{side}'s value cannot be read right now; try again in a moment"));
        };
        let came = seen.changed_between.get(field.name_on(side)).map(|(_, came)| *came);
        let moved = written.zip(came).is_some_and(|(written, came)| came > written);
        if moved || !field.same(&shown, from) {
            let shown = self.text(field, &shown);
            return Err(match written {
                Some(_) => format!("{side} shows {shown:?} by now, which is not what this write left there"),
                None => format!("{side} shows {shown:?}, which somebody set and the write did not bring there"),
            });
        }
        let current = self.current(tie, field, side);
        let native = field.to_native(side, to, &current, &lookup);
        native.map(drop).map_err(|unmapped| format!("{:?} cannot be written any more: {}", to.show(), unmapped.reason))
    }

    /// Whether a side shows this value already.
    fn shows(&self, tie: &Tie, field: &FieldMap, side: Side, value: &Value) -> bool {
        let seen = self.memory.pair(&tie.pair).and_then(|pair| pair.observation(side, tie.on(side)));
        let shown = seen.map(|seen| self.seen(field, side, seen, &self.translator()));
        matches!(shown, Some(Seen::Known(shown)) if field.same(&shown, value))
    }

    /// Undos of a tie that have done their work, or must not be pushed through.
    pub(super) fn check_undone(&mut self, txn: &mut Txn, id: &TieId) {
        let first = (HoldId::tie(id), "");
        let own = self.memory.marks.range(first..).take_while(|((hold, _), _)| hold.crm.as_ref() == Some(&id.crm));
        let own = own.filter(|((hold, kind), _)| hold.pair == id.pair && *kind == "undone");
        let marks: Vec<Mark> = own.map(|(_, mark)| mark.clone()).collect();
        for mark in marks {
            let Some(key) = mark.id.field.clone() else { continue };
            match self.fate_of(id, &key, &mark) {
                Fate::Stands => {}
                Fate::Restored(side) => self.undo_taken(txn, &mark.id, side),
                Fate::Ended => self.memory.remove_mark(txn, &mark.id, "undone"),
                Fate::Lapsed(note) => {
                    self.memory.remove_mark(txn, &mark.id, "undone");
                    let mut event = self.hold_event(Happening::Lapsed, &mark.id, note);
                    if let MarkKind::Undone { who, .. } = mark.kind {
                        event.who = who;
                    }
                    txn.events.push(event);
                }
            }
        }
    }

    fn fate_of(&self, id: &TieId, key: &FieldKey, mark: &Mark) -> Fate {
        let MarkKind::Undone { from, to, both, left, .. } = &mark.kind else { return Fate::Stands };
        if self.memory.decision_on(&mark.id).is_some() {
            return Fate::Ended;
        }
        let Some(pair) = self.memory.pair(&id.pair) else { return Fate::Stands };
        let (Some(tie), Some(map)) = (pair.ties.get(&id.crm), &pair.map) else { return Fate::Stands };
        let Some(field) = map.field(key) else {
            return Fate::Lapsed("the field is no longer mapped, so its undo is forgotten".to_owned());
        };
        let lookup = self.translator();
        let shown = |side: Side| match self.seen(field, side, pair.observation(side, tie.on(side))?, &lookup) {
            Seen::Known(value) => Some(value),
            _ => None,
        };
        // What one side got back and somebody has changed since is not to be written over by the other half of the undo.
        let overtaken = Side::BOTH.into_iter().filter(|side| *both && !left.is_empty() && !left.contains(side));
        for (side, value) in overtaken.filter_map(|side| Some((side, shown(side)?))) {
            if !field.same(&value, to) {
                return Fate::Lapsed(format!(
                    "{side} was changed after it had got the old value back, so the other side is left as it is: it shows {:?}",
                    value.show()
                ));
            }
        }
        for side in left {
            let refused = self
                .memory
                .marks_on(&mark.id)
                .any(|mark| matches!(&mark.kind, MarkKind::Refused { side: on, sent, .. } if on == side && sent == to));
            if refused {
                return Fate::Lapsed(format!("{side} did not take the old value back; nothing more is tried"));
            }
            match shown(*side) {
                Some(value) if field.same(&value, to) => return Fate::Restored(*side),
                Some(value) if !field.same(&value, from) && !self.errs(Flaw::UndoPushedThrough) => {
                    return Fate::Lapsed(format!(
                        "{side} was changed before the old value could be written, so it was not: it shows {:?}",
                        value.show()
                    ));
                }
                _ => {}
            }
        }
        let same = shown(Side::Crm).zip(shown(Side::Notion)).is_some_and(|(crm, notion)| field.same(&crm, &notion));
        if left.is_empty() && (*both || same) { Fate::Ended } else { Fate::Stands }
    }

    /// A side took the old value back.
    pub(super) fn undo_taken(&mut self, txn: &mut Txn, hold: &HoldId, side: Side) {
        self.base_before(txn, hold, side);
        let Some(mark) = self.memory.marks.get(&(hold.clone(), "undone")) else { return };
        let mut mark = mark.clone();
        if let MarkKind::Undone { left, .. } = &mut mark.kind
            && left.remove(&side)
        {
            self.memory.put_mark(txn, mark);
        }
    }
}

impl Core {
    /// What the sides agree on is again what they agreed on before the write that was undone: the other side's value counts
    /// as changed since, so that whatever comes next is a conflict and never written over it in silence.
    fn base_before(&mut self, txn: &mut Txn, hold: &HoldId, side: Side) {
        let Some(mark) = self.memory.marks.get(&(hold.clone(), "undone")) else { return };
        let MarkKind::Undone { to, both: false, left, .. } = &mark.kind else { return };
        let (Some(id), Some(key), true) = (hold.tie_id(), &hold.field, left.contains(&side)) else { return };
        let Some(tie) = self.memory.pair(&id.pair).and_then(|pair| pair.ties.get(&id.crm)) else { return };
        let mut tie = tie.clone();
        if let Some(base) = tie.base.get_mut(key) {
            (base.crm, base.notion) = (to.clone(), to.clone());
            self.memory.put_tie(txn, tie);
        }
    }
}

enum Fate {
    Stands,
    Restored(Side),
    Ended,
    Lapsed(String),
}

/// While an undo stands, nothing else is planned for its field. `pushed` is a mistake: it would be carried out over whatever
/// came after the write.
pub(super) fn respect_undo(case: &FieldCase<'_>, plan: FieldPlan, pushed: bool) -> FieldPlan {
    let undone = case.marks.iter().find(|mark| matches!(mark, MarkKind::Undone { .. }));
    let Some(MarkKind::Undone { side, event, who, from, to, both, left }) = undone else { return plan };
    if case.decision.is_some() || (left.is_empty() && plan.agree.is_some()) {
        return plan;
    }
    let mut restoring = FieldPlan::default();
    if !both {
        let (value, who) = (to.clone(), who.clone());
        restoring.hold = Some(Why::Undone { side: *side, value, event: *event, who });
    }
    let (Seen::Known(crm), Seen::Known(notion)) = (&case.crm, &case.notion) else {
        restoring.unread = true;
        return restoring;
    };
    for target in left {
        let (shown, other) = if *target == Side::Crm { (crm, notion) } else { (notion, crm) };
        if !(case.same)(shown, from) && !pushed {
            continue;
        }
        let cause = format!("undone by {who}");
        if target != side {
            // There it was somebody's own edit.
            restoring.settled.push(Settled { side: *target, value: shown.clone(), by: cause.clone() });
        }
        restoring.writes.push(FieldWrite { side: *target, value: to.clone(), agreed: other.clone(), cause });
    }
    restoring
}
