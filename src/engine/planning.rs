//! Deriving plans for ties: what the planner says becomes bases, holds and planned operations.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::control::Sides;
use crate::model::{
    Base, FieldKey, Happening, Hold, HoldId, Kind, Mark, Presence, RecordId, RecordRef, Side, Tie, TieId, Value, Why,
};
use crate::plan::{Departure, FieldCase, FieldPlan, FieldWrite, Interval, Seen, depart, merge};

use super::agreed::moved_since;
use super::core::{Core, OpKey, Planned, Target, after, signed};
use super::flaw::Flaw;
use super::guards::Moved;
use super::memory::{PairMemory, Txn};
use super::resting::Places;

/// What is to be done about one tie.
pub struct TiePlan {
    /// Its fields, while both records are there.
    pub fields: Vec<(FieldKey, FieldPlan)>,
    /// What becomes of it as a whole.
    pub departure: Departure,
    /// Its page lacks our marker.
    pub unmarked: bool,
    /// Fields that moved on one side and are to be written to the other.
    pub moved: Vec<Moved>,
    /// Its page shows an option that came after the schemas were read.
    pub unknown_option: bool,
    /// Related records that it no longer shows, to be read before that is believed.
    pub awaits: Vec<RecordRef>,
}

impl Core {
    /// Plans every dirty tie of every running pair.
    pub(super) fn plan_ties(&mut self, txn: &mut Txn) {
        let now = self.clock.now();
        self.forget_replaced(now);
        for name in self.pair_names() {
            self.note_silence(&name, now);
        }
        for name in self.pair_names() {
            if !self.is_running(&name) {
                continue;
            }
            if self.errs(Flaw::RelatedForgotten) {
                self.forget_related(&name);
            }
            let dirty = self.memory.take_dirty(&name);
            let mut places = Places::default();
            for crm in dirty {
                let id = TieId { pair: name.clone(), crm };
                if self.rests(&id, &mut places) {
                    self.note_resting(&id);
                    continue;
                }
                self.memory.fold();
                self.check_undone(txn, &id);
                let Some(mut plan) = self.derive(&id) else { continue };
                match plan.departure {
                    Departure::No => {
                        self.note_staying(&id);
                        if plan.unknown_option {
                            self.wait_for_options(&id);
                        }
                        let awaits = std::mem::take(&mut plan.awaits);
                        self.wait_for_records(&id, awaits);
                        self.apply_plan(txn, &id, plan);
                        self.plan_body(txn, &id, now);
                    }
                    Departure::Rest => {
                        self.note_staying(&id);
                        self.note_moved(&id, Vec::new());
                        self.drop_ops(&id);
                        self.release_fields(txn, &id);
                        self.set_hold(txn, HoldId::tie(&id), None);
                    }
                    Departure::Hold(ref why) => {
                        let why = why.clone();
                        self.note_staying(&id);
                        self.note_moved(&id, Vec::new());
                        self.drop_ops(&id);
                        self.release_fields(txn, &id);
                        self.set_hold(txn, HoldId::tie(&id), Some(why));
                    }
                    // Whether it was deleted or merged, what linked it will tell.
                    Departure::Trash { .. } if !plan.awaits.is_empty() => self.wait_for_records(&id, plan.awaits),
                    departure => self.note_departing(&id, departure),
                }
            }
            self.judge(txn, &name, now);
            self.depart(txn, &name, now);
        }
    }

    /// The plan of one tie. Pure: nothing is changed.
    pub(super) fn derive(&self, id: &TieId) -> Option<TiePlan> {
        let pair = self.memory.pair(&id.pair)?;
        let map = pair.map.as_ref()?;
        let tie = pair.ties.get(&id.crm)?;
        let crm = pair.observation(Side::Crm, &tie.crm)?;
        let notion = pair.observation(Side::Notion, &tie.notion)?;
        let lookup = self.translator();
        if !(crm.is_present() && notion.is_present()) {
            // Whether anybody was put in or taken out cannot be said before people were read.
            let people = map.fields.iter().any(|field| field.kind == Kind::People);
            if people && !self.directory.is_known() && self.directory.refused().is_none() {
                return None;
            }
            let ends = [(Side::Crm, crm), (Side::Notion, notion)];
            let edited = self.may_hold_edits(pair, map)
                || ends.into_iter().any(|(side, seen)| seen.is_present() && self.holds_edits(map, tie, side, seen));
            let vanishes = |side: Side| self.systems.get(side).capabilities().deleted_vanish;
            let vanishes = (vanishes(Side::Crm), vanishes(Side::Notion));
            let mut awaits = Vec::new();
            let departure = match depart(crm.presence, notion.presence, edited, pair.spec.delete, vanishes) {
                Departure::Trash { side } if self.looks_merged(id, side.other()) => {
                    Departure::Untie { gone: Some(side.other()) }
                }
                Departure::Trash { side } => {
                    awaits = self.unread_owners(id, side.other());
                    Departure::Trash { side }
                }
                departure => departure,
            };
            return Some(TiePlan {
                fields: Vec::new(),
                departure,
                unmarked: false,
                moved: Vec::new(),
                unknown_option: false,
                awaits,
            });
        }
        let (mut fields, mut moved_fields, mut unknown_option) = (Vec::new(), Vec::new(), false);
        let mut awaits = Vec::new();
        for field in &map.fields {
            let key = &field.spec.key;
            let hold = HoldId::field(id, key);
            let decision = self.memory.decision_on(&hold);
            let base = tie.base.get(key).filter(|base| base.mapping == field.hash);
            let came = (
                crm.changed_between.get(&field.spec.crm).copied(),
                notion.changed_between.get(&field.spec.notion).copied(),
            );
            let moved = |came: Option<Interval>| came.zip(base).is_some_and(|(came, base)| moved_since(came, base.at));
            // An error may have been about another field of that record: once that has changed since, it is tried again, and if
            // it is refused again the mark is newer than the change.
            let stands = |mark: &&Mark| {
                let ends = [(Side::Crm, crm), (Side::Notion, notion)];
                let mut refused = ends.into_iter().filter(|(side, _)| mark.kind.is_error_of(*side));
                !refused.any(|(side, observation)| {
                    let others = map.fields.iter().filter(|other| other.name_on(side) != field.name_on(side));
                    let mut came = others.filter_map(|other| observation.changed_between.get(other.name_on(side)));
                    came.any(|came| moved_since(*came, mark.at))
                })
            };
            let case = FieldCase {
                direction: field.spec.direction,
                policy: field.spec.policy,
                mergeable: field.crm.multiple && field.notion.multiple,
                base: base.map(|base| self.comparable(field, base)),
                late: base.map(|base| &base.late),
                rebaselined: base.is_none() && tie.base.contains_key(key),
                crm: self.seen(field, Side::Crm, crm, &lookup),
                notion: self.seen(field, Side::Notion, notion, &lookup),
                moved: (moved(came.0), moved(came.1)),
                came,
                same: &|left, right| field.same(left, right),
                decision: decision.and_then(|it| it.shown.as_ref().map(|shown| (&it.verdict, shown, it.who.as_str()))),
                marks: self.memory.marks_on(&hold).filter(stands).map(|mark| &mark.kind).collect(),
            };
            let mut case = case;
            if self.has_unknown_option(id, field, notion) {
                case.notion = Seen::Unknown("it holds an option that the schema did not show yet".to_owned(), 0);
                unknown_option = true;
            }
            let ends = [(Side::Crm, crm, came.0), (Side::Notion, notion, came.1)];
            let mut hidden = Vec::new();
            for (side, observation, came) in ends.into_iter().filter(|_| field.spec.relation.is_some()) {
                let seen = if side == Side::Crm { &mut case.crm } else { &mut case.notion };
                let at = RecordRef { pair: id.pair.clone(), side, id: tie.on(side).clone() };
                let other = if side == Side::Crm { notion } else { crm };
                if let Some(out_of_sight) = self.out_of_sight(field, (&at, observation), other, base, seen, came) {
                    if out_of_sight.unread.is_empty() {
                        out_of_sight.complete(seen);
                    } else {
                        *seen = Seen::Unknown("it no longer shows records that are read first".to_owned(), 0);
                    }
                    awaits.extend(out_of_sight.unread.iter().cloned());
                    hidden.push(out_of_sight);
                }
                if base.is_some_and(|base| self.only_came_back(field, side, base, (&case.crm, &case.notion))) {
                    *(if side == Side::Crm { &mut case.moved.0 } else { &mut case.moved.1 }) = false;
                }
            }
            let plan = self.representable(
                field,
                tie,
                self.write_over(
                    tie,
                    &case,
                    super::undo::respect_undo(&case, merge(&case), self.errs(Flaw::UndoPushedThrough)),
                ),
            );
            let plan = hidden.iter().fold(plan, |plan, hidden| hidden.respect(plan));
            if case.decision.is_none() {
                moved_fields.extend(self.moved(&case, base, key, &plan));
            }
            fields.push((key.clone(), plan));
        }
        let unmarked = notion.marker.as_deref() != Some(tie.crm.as_str());
        Some(TiePlan { fields, departure: Departure::No, unmarked, moved: moved_fields, unknown_option, awaits })
    }

    /// What a field's writes come from: the sides that left the base. First contact and what an operator decided is no move.
    fn moved(&self, case: &FieldCase<'_>, base: Option<&Base>, key: &FieldKey, plan: &FieldPlan) -> Vec<Moved> {
        let Some(base) = base else { return Vec::new() };
        let one = |write: &FieldWrite| {
            let side = write.side.other();
            let (seen, came) = if side == Side::Crm { (&case.crm, case.came.0) } else { (&case.notion, case.came.1) };
            let Seen::Known(value) = seen else { return None };
            // Where the side itself did not change after the base was agreed, it means something else since now.
            let came = came.map(|(_, came)| came).filter(|came| *came > base.at).unwrap_or(self.clock.now());
            let moved = !(case.same)(value, base.of(side));
            let emptied = (case.same)(value, &Value::Empty);
            moved.then(|| Moved { side, key: key.clone(), value: value.clone(), emptied, came })
        };
        plan.writes.iter().filter_map(one).collect()
    }

    /// A value that has no form on the side that would get it is held instead of written.
    fn representable(&self, field: &crate::mapping::FieldMap, tie: &Tie, mut plan: FieldPlan) -> FieldPlan {
        let lookup = self.translator();
        for write in &plan.writes {
            let current = self.current(tie, field, write.side);
            if let Err(unmapped) = field.to_native(write.side, &write.value, &current, &lookup) {
                let side = write.side.other();
                plan.hold = Some(Why::Unmappable { side, value: write.value.clone(), reason: unmapped.reason });
                plan.writes.clear();
                plan.settled.clear();
                break;
            }
        }
        plan
    }

    pub(super) fn current(&self, tie: &Tie, field: &crate::mapping::FieldMap, side: Side) -> Value {
        let observation = self.memory.pair(&tie.pair).and_then(|pair| pair.observation(side, tie.on(side)));
        let current = observation.and_then(|it| it.known(field.name_on(side))).cloned().unwrap_or_default();
        if side == Side::Notion { self.without_unlinked(tie, field, current) } else { current }
    }

    fn apply_plan(&mut self, txn: &mut Txn, id: &TieId, plan: TiePlan) {
        self.set_hold(txn, HoldId::tie(id), self.record_hold(id));
        self.note_moved(id, plan.moved);
        self.note_marker(id);
        let now = self.clock.now();
        let mut writes: Sides<BTreeMap<FieldKey, Timestamp>> = Sides::default();
        let mut agreed: Vec<(FieldKey, (Value, Value))> = Vec::new();
        for (key, field) in plan.fields {
            let hold = HoldId::field(id, &key);
            if field.lapsed || field.spent {
                self.end_decision(txn, &hold, field.lapsed);
            }
            if let Some(Why::Refused { reason, .. }) = &field.hold {
                self.note_refusal(&hold, reason);
            }
            if let (Some(side), Some(ends)) = (field.behind, self.ends(id)) {
                let again = after(now, signed(self.poll(side)));
                self.hot.entry(ends.get(side).clone()).or_insert(again);
            }
            // What cannot be read right now does not end what was held.
            if !field.unread || field.hold.is_some() {
                self.set_hold(txn, hold, field.hold);
            }
            agreed.extend(field.agree.map(|values| (key.clone(), values)));
            for side in Side::BOTH {
                let place = (id.clone(), side, key.clone());
                if field.writes.iter().any(|write| write.side == side) {
                    self.waiting.entry(place).or_insert(now);
                    self.look_again(id, &key, side);
                    writes.get_mut(side).insert(key.clone(), self.due(id, &key, side, now));
                } else {
                    self.waiting.remove(&place);
                }
            }
        }
        self.advance(txn, id, agreed);
        for side in Side::BOTH {
            let fields = std::mem::take(writes.get_mut(side));
            let due = fields.values().min().copied().or_else(|| (plan.unmarked && side == Side::Notion).then_some(now));
            let key = OpKey { pair: id.pair.clone(), side, target: Target::Update(id.crm.clone()) };
            match due {
                Some(due) => {
                    let retry = match self.is_parked(id) {
                        true => Some(Timestamp::MAX),
                        false => self.retry_at(id, side).filter(|_| !self.hastened.contains(&key)),
                    };
                    let due = due.max(retry.unwrap_or(due));
                    let since = self.planned.get(&key).map_or(now, |planned| planned.since);
                    self.planned.insert(key, Planned { since, due, fields: fields.into_keys().collect() });
                }
                None => {
                    self.planned.remove(&key);
                    self.hastened.remove(&key);
                    self.one_by_one.remove(&(id.clone(), side));
                }
            }
        }
    }

    /// When a field may be written on `side`: text from a side that saves while people type waits until it was seen again
    /// after a quiet time, but never longer than the longest deferral; everything else goes at once.
    pub(super) fn due(&self, id: &TieId, key: &FieldKey, side: Side, now: Timestamp) -> Timestamp {
        let op = OpKey { pair: id.pair.clone(), side, target: Target::Update(id.crm.clone()) };
        if self.hastened.contains(&op) {
            return now;
        }
        let Some((seen_at, quiet)) = self.quiet(id, key, side) else { return now };
        let since = self.waiting.get(&(id.clone(), side, key.clone())).copied().unwrap_or(now);
        let latest = after(since, signed(self.timing.max_deferral));
        if seen_at >= quiet || now >= latest {
            return quiet.min(latest);
        }
        // Not seen again yet: the reading that shows it plans it anew.
        after(quiet.max(now), signed(self.poll(side.other())) * 5).min(latest)
    }

    /// For a field whose text may be half-typed: when its source was last seen, and when its quiet time is over.
    fn quiet(&self, id: &TieId, key: &FieldKey, side: Side) -> Option<(Timestamp, Timestamp)> {
        let source = side.other();
        let pair = self.memory.pair(&id.pair)?;
        let field = pair.map.as_ref()?.field(key)?;
        let decided = self.memory.decision_on(&HoldId::field(id, key)).is_some();
        let text = matches!(field.kind, Kind::Title | Kind::Text | Kind::Email | Kind::Phone | Kind::Url);
        if decided || !text || !self.systems.get(source).capabilities().saves_while_typing {
            return None;
        }
        let observation = pair.observation(source, pair.ties.get(&id.crm)?.on(source))?;
        let (_, came) = observation.changed_between.get(field.name_on(source))?;
        Some((observation.seen_at, after(*came, signed(self.timing.quiet_text))))
    }

    /// A field that waits for quiet is to be read once more when that is over, even if no increment shows it.
    fn look_again(&mut self, id: &TieId, key: &FieldKey, side: Side) {
        if let (Some((seen_at, quiet)), Some(ends)) = (self.quiet(id, key, side), self.ends(id))
            && seen_at < quiet
        {
            let spare = signed(self.poll(side.other())) * 2;
            self.hot.entry(ends.get(side.other()).clone()).or_insert(after(quiet, spare));
        }
    }

    /// A decision has done its work, or no longer fits what is there.
    pub(super) fn end_decision(&mut self, txn: &mut Txn, hold: &HoldId, lapsed: bool) {
        let Some(seq) = self.memory.decision_on(hold).map(|decision| decision.seq) else { return };
        if let Some(decision) = self.memory.remove_decision(txn, seq)
            && lapsed
        {
            let mut event =
                self.hold_event(Happening::Lapsed, hold, "the values moved since it was decided; shown again");
            event.who = decision.who;
            txn.events.push(event);
        }
    }

    /// Sets or ends a hold, with its line in the journal when it begins or ends.
    pub(super) fn set_hold(&mut self, txn: &mut Txn, id: HoldId, why: Option<Why>) {
        let before = self.memory.holds.get(&id);
        match why {
            Some(why) if before.is_some_and(|before| before.why == why) => {}
            Some(why) => {
                let same_kind = |before: &Hold| std::mem::discriminant(&before.why) == std::mem::discriminant(&why);
                let since = before.filter(|before| same_kind(before)).map(|before| before.since);
                if since.is_none() {
                    txn.events.push(self.hold_event(Happening::Held, &id, super::views::why_sentence(&why)));
                }
                let since = since.unwrap_or_else(|| self.clock.now());
                self.memory.put_hold(txn, Hold { id, why, since, edit: None });
            }
            None => {
                if self.memory.remove_hold(txn, &id).is_some() {
                    txn.events.push(self.hold_event(Happening::Released, &id, "no longer held"));
                }
            }
        }
    }

    /// Nothing can be decided about the fields of a record that is not there.
    fn release_fields(&mut self, txn: &mut Txn, id: &TieId) {
        let held = self.memory.holds.keys().filter(|hold| hold.field.is_some() && hold.tie_id().as_ref() == Some(id));
        for hold in held.cloned().collect::<Vec<_>>() {
            self.end_decision(txn, &hold, true);
            self.set_hold(txn, hold, None);
        }
    }

    pub(super) fn drop_ops(&mut self, id: &TieId) {
        for side in Side::BOTH {
            let crm = || id.crm.clone();
            for target in [Target::Update(crm()), Target::Trash(crm()), Target::Body(crm())] {
                self.planned.remove(&OpKey { pair: id.pair.clone(), side, target });
            }
        }
    }

    /// Whether a record is there to be tied.
    pub(super) fn is_present(pair: &PairMemory, side: Side, id: &RecordId) -> bool {
        pair.observations.get(side).presence(id) == Some(Presence::Present)
    }

    /// Both records of a tie.
    pub(super) fn ends(&self, id: &TieId) -> Option<Sides<RecordRef>> {
        let tie = self.memory.pair(&id.pair)?.ties.get(&id.crm)?;
        let end = |side: Side| RecordRef { pair: id.pair.clone(), side, id: tie.on(side).clone() };
        Some(Sides { crm: end(Side::Crm), notion: end(Side::Notion) })
    }
}

/// Whether a set holds elements that have no counterpart: the other side never knew them.
pub(super) fn has_strangers(native: Option<&Value>, common: &Value) -> bool {
    let count = |value: &Value| value.elements().map_or(0, |elements| elements.len());
    native.is_some_and(|native| count(native) > count(common))
}
