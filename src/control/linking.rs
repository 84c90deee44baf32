//! Who is linked to whom, and in which role. All text is as the systems gave it, and whoever draws it sanitises it.

use serde::{Deserialize, Serialize};

use crate::model::{FieldKey, Shown, TieId};

/// A record that others can be linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRow {
    /// The tie.
    pub owner: TieId,
    /// Its title.
    pub title: String,
    /// How many edges it has, in all roles.
    pub links: u64,
    /// A change by an operator is on its way.
    pub pending: bool,
}

/// One edge between a record of a pair with a relation and a record of the related pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationRow {
    /// The tie that owns the relation (a project).
    pub owner: TieId,
    /// Its title.
    pub owner_title: String,
    /// The relation's field.
    pub field: FieldKey,
    /// The field's label.
    pub label: String,
    /// The related tie (a contact); `None` for an owner without edges.
    pub target: Option<TieId>,
    /// Its title.
    pub target_title: String,
    /// Whether the CRM has the edge.
    pub on_crm: bool,
    /// Whether Notion has the edge.
    pub on_notion: bool,
    /// A change by an operator that is on its way.
    pub pending: bool,
    /// What a decision about it is bound to: all edges of the owner as both sides show them, where both can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}
