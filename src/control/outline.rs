//! What a plan says, operation by operation, for whoever looks before anything is written; and leave to do just that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{FieldKey, PairName, RecordId, Side};

/// One planned operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The pair.
    pub pair: PairName,
    /// The side to be written.
    pub side: Side,
    /// `create`, `update`, `trash` or `body`.
    pub op: String,
    /// For a create the record it is made for, otherwise the CRM record of the tie.
    pub record: RecordId,
    /// The record's title.
    pub title: String,
    /// What would change, field by field.
    pub changes: Vec<Change>,
    /// The hash of everything that it was derived from: ids, mappings, policies, and what both sides hold. While it is the
    /// same, so is the operation.
    pub digest: String,
}

/// One field of a planned operation, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field; empty for the marker.
    pub field: FieldKey,
    /// Its label.
    pub label: String,
    /// What is there.
    pub before: String,
    /// What will be there.
    pub after: String,
}

type StepKey = (PairName, Side, String, RecordId);

impl Step {
    /// What tells it from every other operation.
    pub fn key(&self) -> StepKey {
        (self.pair.clone(), self.side, self.op.clone(), self.record.clone())
    }
}

/// Leave to carry out these operations and no others, and each only while what it was derived from is the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leave(BTreeMap<StepKey, Step>);

impl Leave {
    /// Leave for these.
    pub fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(steps.into_iter().map(|step| (step.key(), step)).collect())
    }

    /// The operation of this kind on this record, if there is leave for one.
    pub fn step(&self, pair: &PairName, side: Side, op: &str, record: &RecordId) -> Option<&Step> {
        self.0.get(&(pair.clone(), side, op.to_owned(), record.clone()))
    }
}
