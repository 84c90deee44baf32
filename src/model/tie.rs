//! One CRM record and one Notion page known to be the same thing, and what they last agreed on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FieldKey, PairName, RecordId, Side, TieId, Value};

/// What both sides last agreed on for one field, in common dialect: per side the canonical form that it returned.
/// The two may differ where one side cannot represent the other's precision (Notion drops seconds).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The CRM's form.
    pub crm: Value,
    /// Notion's form.
    pub notion: Value,
    /// When it was agreed, by our clock. A side that was seen to move after that has moved, even if it is back at this value.
    pub at: Timestamp,
    /// The hash of the field mapping it was agreed under; another hash makes this a first contact.
    pub mapping: String,
    /// Of a relation: which page stood for an element, by CRM id, when it was agreed on; empty where nobody saw it. An element
    /// that was agreed on earlier and whose record has no tie now is kept here alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pages: BTreeMap<String, String>,
    /// Of a set: elements that a side has put in since, by itself: after the other was last read when they agreed, or again
    /// after it had taken them out. Should the other lack one, nobody can say which came last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub late: BTreeMap<Side, BTreeSet<String>>,
}

impl Base {
    /// The form of one side.
    pub fn of(&self, side: Side) -> &Value {
        match side {
            Side::Crm => &self.crm,
            Side::Notion => &self.notion,
        }
    }
}

/// A tie and the base of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// The pair.
    pub pair: PairName,
    /// The CRM record.
    pub crm: RecordId,
    /// The page.
    pub notion: RecordId,
    /// Agreed values by field mapping.
    pub base: BTreeMap<FieldKey, Base>,
    /// When it was tied, by our clock.
    pub since: Timestamp,
}

impl Tie {
    /// The tie's name.
    pub fn id(&self) -> TieId {
        TieId { pair: self.pair.clone(), crm: self.crm.clone() }
    }

    /// The record on one side.
    pub fn on(&self, side: Side) -> &RecordId {
        match side {
            Side::Crm => &self.crm,
            Side::Notion => &self.notion,
        }
    }
}

/// A tie that ended because one of its records went away. As long as the survivor lives, and for 90 days after, nothing
/// is created for it by policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The pair.
    pub pair: PairName,
    /// The CRM record.
    pub crm: RecordId,
    /// The page.
    pub notion: RecordId,
    /// The side whose record went away; `None` when both did.
    pub gone: Option<Side>,
    /// When that was seen, by our clock.
    pub since: Timestamp,
}
