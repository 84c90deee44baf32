//! One thing looked at closely: a record with everything around it, a pair with its mapping. All text is as the systems
//! gave it, and whoever draws it sanitises it.

use serde::{Deserialize, Serialize};

use super::Sides;
use crate::model::{PairName, RecordId, TieId};

/// One field of a record, on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordField {
    /// Its label (the Notion property's name).
    pub label: String,
    /// What they last agreed on, as text; `None` on first contact.
    pub base: Option<String>,
    /// The CRM's value as text; `None` if it cannot be read.
    pub crm: Option<String>,
    /// Notion's value as text.
    pub notion: Option<String>,
    /// Whether it is held.
    pub held: bool,
}

/// Both ends of a tie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView {
    /// The tie.
    pub tie: TieId,
    /// Its title.
    pub title: String,
    /// The ids of both records.
    pub ids: Sides<RecordId>,
    /// Where a person opens them in a browser, where that is known.
    pub links: Sides<Option<String>>,
    /// Every mapped field, in the order of the configuration.
    pub fields: Vec<RecordField>,
}

/// One field mapping as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedField {
    /// The CRM field.
    pub crm: String,
    /// The Notion property.
    pub notion: String,
    /// `<->`, `-->`, `<--`.
    pub direction: String,
    /// What kind of values it has; empty before the schemas are known.
    pub kind: String,
    /// Who wins a conflict: `hold`, `crm`, `notion`, `newest`.
    pub policy: String,
}

/// A pair's mapping and rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingView {
    /// The pair.
    pub pair: PairName,
    /// What it is about and which rules it has, by name.
    pub facts: Vec<(String, String)>,
    /// The field mappings, in the order of the configuration.
    pub fields: Vec<MappedField>,
}
