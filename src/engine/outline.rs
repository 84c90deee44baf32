//! What is planned, with values, for whoever wants to see it before anything is written; and leave for exactly that.

use crate::control::outline::{Change, Step};
use crate::mapping::FieldMap;
use crate::model::{FieldKey, RecordId, Side, TieId, Value};

use super::core::{Core, OpKey, Target};
use super::memory::PairMemory;

impl Core {
    /// Every planned operation.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.planned.keys().filter_map(|op| self.step(op)).collect()
    }

    /// Whether an operation may be carried out: there is no limit, or it is within it and what it was derived from is the
    /// same.
    pub(super) fn has_leave(&self, op: &OpKey) -> bool {
        let Some(leave) = &self.leave else { return true };
        let (word, record) = named(op);
        let given = leave.step(&op.pair, op.side, word, record);
        given.is_some_and(|given| self.step(op).is_some_and(|now| now.digest == given.digest))
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
        let (changes, crm, notion, title) = match &op.target {
            Target::Create(source) => {
                let (crm, notion) = if op.side == Side::Notion { (Some(source), None) } else { (None, Some(source)) };
                (self.created(pair, op.side, source)?, crm, notion, self.title(pair, op.side.other(), source))
            }
            Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => {
                let tie = pair.ties.get(crm)?;
                let changes = match &op.target {
                    Target::Update(_) => self.updated(pair, op.side, crm)?,
                    _ => Vec::new(),
                };
                (changes, Some(&tie.crm), Some(&tie.notion), self.tie_title(pair, crm))
            }
        };
        let digest = self.derived_from(pair, word, op.side, crm, notion)?;
        let (pair, side, record) = (op.pair.clone(), op.side, record.clone());
        Some(Step { pair, side, op: word.to_owned(), record, title, changes, digest })
    }

    fn created(&self, pair: &PairMemory, side: Side, source: &RecordId) -> Option<Vec<Change>> {
        let (map, observation) = (pair.map.as_ref()?, pair.observation(side.other(), source)?);
        let lookup = self.translator();
        let change = |field: &FieldMap| {
            let native = observation.known(field.name_on(side.other()))?;
            let common = field.to_common(side.other(), native, &lookup).ok()?;
            let there = field.to_native(side, &common, &Value::Empty, &lookup).ok()?;
            (!there.is_empty()).then(|| Change {
                field: field.spec.key.clone(),
                label: field.spec.notion.0.clone(),
                before: String::new(),
                after: self.text(field, &common),
            })
        };
        Some(map.fields.iter().filter(|field| field.writes(side)).filter_map(change).collect())
    }

    fn updated(&self, pair: &PairMemory, side: Side, crm: &RecordId) -> Option<Vec<Change>> {
        let (map, tie) = (pair.map.as_ref()?, pair.ties.get(crm)?);
        let plan = self.derive(&TieId { pair: pair.spec.name.clone(), crm: crm.clone() })?;
        let lookup = self.translator();
        let mut changes = Vec::new();
        for (key, field_plan) in &plan.fields {
            let field = map.field(key)?;
            for write in field_plan.writes.iter().filter(|write| write.side == side) {
                let current = self.current(tie, field, side);
                let before = field.to_common(side, &current, &lookup).unwrap_or(current);
                changes.push(Change {
                    field: key.clone(),
                    label: field.spec.notion.0.clone(),
                    before: self.text(field, &before),
                    after: self.text(field, &write.value),
                });
            }
        }
        if plan.unmarked && side == Side::Notion {
            let label = pair.spec.marker.0.clone();
            changes.push(Change { field: "".into(), label, before: String::new(), after: crm.0.clone() });
        }
        Some(changes)
    }

    /// The hash of everything an operation is derived from. What relations mean changes while other operations of one plan
    /// are carried out, so values count as each side itself has them.
    fn derived_from(
        &self,
        pair: &PairMemory,
        word: &str,
        side: Side,
        crm: Option<&RecordId>,
        notion: Option<&RecordId>,
    ) -> Option<String> {
        let map = pair.map.as_ref()?;
        let of = |side: Side, id: Option<&RecordId>, field: &FieldMap| {
            let known = id.and_then(|id| pair.observation(side, id)?.known(field.name_on(side)).map(Value::digest));
            known.unwrap_or_default()
        };
        let mut lines = vec![format!("{word} {side} {crm:?} {notion:?} {:?}", pair.spec.create)];
        lines.extend(map.fields.iter().map(|field| {
            let (spec, left, right) = (&field.spec, of(Side::Crm, crm, field), of(Side::Notion, notion, field));
            format!("{} {} {:?} {:?} {left} {right}", spec.key, field.hash, spec.policy, spec.direction)
        }));
        Some(Value::text(lines.join("\n")).digest())
    }
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
