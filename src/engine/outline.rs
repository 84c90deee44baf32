//! What is planned, with values, for whoever wants to see it before anything is written; and leave for exactly that.

use std::collections::BTreeSet;

use crate::control::outline::{Change, Step};
use crate::mapping::FieldMap;
use crate::model::{FieldKey, HoldId, RecordId, Side, TieId, Value};

use super::core::{Core, OpKey, Target};
use super::memory::PairMemory;
use super::messages::Permitted;

impl Core {
    /// Every planned operation.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.planned.keys().filter_map(|op| self.step(op)).collect()
    }

    /// Planned operations that there is leave for.
    pub(super) fn permitted(&self) -> Vec<Permitted> {
        let named = |op: &OpKey| (op.pair.clone(), op.side, named(op).1.clone());
        self.planned.keys().filter(|op| self.has_leave(op)).map(named).collect()
    }

    /// Whether an operation may be carried out: there is no limit, or it is within it and what it was derived from is the
    /// same.
    pub(super) fn has_leave(&self, op: &OpKey) -> bool {
        let Some(leave) = &self.leave else { return true };
        let (word, record) = named(op);
        let given = leave.step(&op.pair, op.side, word, record);
        given.is_some_and(|given| self.digest(op).is_some_and(|now| now == given.digest))
    }

    /// Whether a plan that there is leave for names an operation, whatever its values are by now.
    pub(super) fn is_in_plan(&self, op: &OpKey) -> bool {
        let (word, record) = named(op);
        self.leave.as_ref().is_none_or(|leave| leave.step(&op.pair, op.side, word, record).is_some())
    }

    /// Whether an operation may write this field.
    pub(super) fn may_touch(&self, op: &OpKey, key: &FieldKey) -> bool {
        let Some(leave) = &self.leave else { return true };
        let (word, record) = named(op);
        let given = leave.step(&op.pair, op.side, word, record);
        given.is_some_and(|given| given.changes.iter().any(|change| change.field == *key))
    }

    fn step(&self, op: &OpKey) -> Option<Step> {
        let pair = self.memory.pair(&op.pair)?;
        let (word, record) = named(op);
        let written = self.written(pair, op)?;
        let digest = self.derived_from(pair, op, &written)?;
        let change = |write: &Written<'_>| Change {
            field: write.field.spec.key.clone(),
            label: write.field.spec.notion.0.clone(),
            before: write.before.as_ref().map(|before| self.text(write.field, before)).unwrap_or_default(),
            after: self.text(write.field, &write.after),
        };
        let mut changes: Vec<Change> = written.iter().map(change).collect();
        let title = match &op.target {
            Target::Create(source) => self.title(pair, op.side.other(), source),
            Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => self.tie_title(pair, crm),
        };
        if let Target::Update(crm) = &op.target
            && op.side == Side::Notion
            && self.derive(&TieId { pair: op.pair.clone(), crm: crm.clone() })?.unmarked
        {
            let label = pair.spec.marker.0.clone();
            changes.push(Change { field: "".into(), label, before: String::new(), after: crm.0.clone() });
        }
        let (pair, side, record) = (op.pair.clone(), op.side, record.clone());
        Some(Step { pair, side, op: word.to_owned(), record, title, changes, digest })
    }

    /// The hash of what an operation is derived from, and of what it would write.
    fn digest(&self, op: &OpKey) -> Option<String> {
        let pair = self.memory.pair(&op.pair)?;
        self.derived_from(pair, op, &self.written(pair, op)?)
    }

    /// What an operation would write, field by field.
    fn written<'a>(&self, pair: &'a PairMemory, op: &OpKey) -> Option<Vec<Written<'a>>> {
        match &op.target {
            Target::Create(source) => self.created(pair, op.side, source),
            Target::Update(crm) => self.updated(pair, op.side, crm),
            Target::Trash(_) | Target::Body(_) => Some(Vec::new()),
        }
    }

    fn created<'a>(&self, pair: &'a PairMemory, side: Side, source: &RecordId) -> Option<Vec<Written<'a>>> {
        let (map, observation) = (pair.map.as_ref()?, pair.observation(side.other(), source)?);
        let lookup = self.translator();
        let write = |field: &'a FieldMap| {
            let native = observation.known(field.name_on(side.other()))?;
            let after = field.to_common(side.other(), native, &lookup).ok()?;
            let there = field.to_native(side, &after, &Value::Empty, &lookup).ok()?;
            (!there.is_empty()).then_some(Written { field, before: None, after })
        };
        Some(map.fields.iter().filter(|field| field.writes(side)).filter_map(write).collect())
    }

    fn updated<'a>(&self, pair: &'a PairMemory, side: Side, crm: &RecordId) -> Option<Vec<Written<'a>>> {
        let (map, tie) = (pair.map.as_ref()?, pair.ties.get(crm)?);
        let plan = self.derive(&TieId { pair: pair.spec.name.clone(), crm: crm.clone() })?;
        let lookup = self.translator();
        let mut found = Vec::new();
        for (key, field_plan) in &plan.fields {
            let field = map.field(key)?;
            for write in field_plan.writes.iter().filter(|write| write.side == side) {
                let current = self.current(tie, field, side);
                let before = field.to_common(side, &current, &lookup).unwrap_or(current);
                found.push(Written { field, before: Some(before), after: write.value.clone() });
            }
        }
        Some(found)
    }

    /// The fields that an operation is about, if it is about some: of an update those that it writes, or that there is leave
    /// for. What else changes on the two records is another operation's affair.
    fn about(&self, op: &OpKey, written: &[Written<'_>]) -> Option<BTreeSet<FieldKey>> {
        let Target::Update(crm) = &op.target else { return None };
        let given = self.leave.as_ref().and_then(|leave| leave.step(&op.pair, op.side, "update", crm));
        Some(match given {
            Some(given) => given.changes.iter().map(|change| change.field.clone()).collect(),
            None => written.iter().map(|write| write.field.spec.key.clone()).collect(),
        })
    }

    /// The hash of everything an operation is derived from, and of what it writes: a decision, or a template, that came after
    /// the plan shows there alone. What relations mean changes while other operations of one plan are carried out, so they
    /// count as each side itself has them, and as an operator decided.
    fn derived_from(&self, pair: &PairMemory, op: &OpKey, written: &[Written<'_>]) -> Option<String> {
        let map = pair.map.as_ref()?;
        let (word, _) = named(op);
        let tied = |crm: &RecordId| Some((crm.clone(), pair.ties.get(crm)?.notion.clone()));
        let (crm, notion) = match (&op.target, op.side) {
            (Target::Create(source), Side::Notion) => (Some(source.clone()), None),
            (Target::Create(source), Side::Crm) => (None, Some(source.clone())),
            (Target::Update(crm) | Target::Trash(crm) | Target::Body(crm), _) => {
                let (crm, notion) = tied(crm)?;
                (Some(crm), Some(notion))
            }
        };
        let of = |side: Side, id: Option<&RecordId>, field: &FieldMap| {
            let known = id.and_then(|id| pair.observation(side, id)?.known(field.name_on(side)).map(Value::digest));
            known.unwrap_or_default()
        };
        let mut lines = vec![format!("{word} {} {crm:?} {notion:?} {:?}", op.side, pair.spec.create)];
        let about = self.about(op, written);
        let counts = |key: &FieldKey| about.as_ref().is_none_or(|about| about.contains(key));
        lines.extend(map.fields.iter().filter(|field| counts(&field.spec.key)).map(|field| {
            let (spec, left, right) =
                (&field.spec, of(Side::Crm, crm.as_ref(), field), of(Side::Notion, notion.as_ref(), field));
            format!("{} {} {:?} {:?} {left} {right}", spec.key, field.hash, spec.policy, spec.direction)
        }));
        let plain = written.iter().filter(|write| write.field.spec.relation.is_none() && counts(&write.field.spec.key));
        lines.extend(plain.map(|write| format!("writes {} {}", write.field.spec.key, write.after.digest())));
        if let (Some(crm), Some(_)) = (&crm, &notion) {
            let tie = TieId { pair: op.pair.clone(), crm: crm.clone() };
            let decided = self.memory.decisions.values().filter(|decision| {
                let ours =
                    |hold: &HoldId| hold.tie_id().as_ref() == Some(&tie) && hold.field.as_ref().is_none_or(counts);
                decision.hold.as_ref().is_some_and(ours)
            });
            lines.extend(decided.map(|decision| format!("decided {:?} {:?}", decision.hold, decision.verdict)));
        }
        let begins = op.side == Side::Notion && matches!(op.target, Target::Create(_) | Target::Body(_));
        if let (true, Some(template)) = (begins, &pair.spec.template) {
            lines.push(format!("begins with {:?}", template.blocks));
        }
        Some(Value::text(lines.join("\n")).digest())
    }
}

/// A field that an operation would write, in common dialect.
struct Written<'a> {
    field: &'a FieldMap,
    before: Option<Value>,
    after: Value,
}

/// The word and the record that name an operation in a plan.
fn named(op: &OpKey) -> (&'static str, &RecordId) {
    match &op.target {
        Target::Create(source) => ("create", source),
        Target::Update(crm) => ("update", crm),
        Target::Trash(crm) => ("trash", crm),
        Target::Body(crm) => ("body", crm),
    }
}
