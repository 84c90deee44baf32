//! What a side can hold: the fields of an entity, their kinds and options; and the people it knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{FieldName, Value};

/// The canonical kinds of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Kind {
    Title,
    Text,
    Number,
    Checkbox,
    Date,
    DateTime,
    Select,
    Status,
    MultiSelect,
    Email,
    Phone,
    Url,
    People,
    Relation,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 14] = [
        Kind::Title,
        Kind::Text,
        Kind::Number,
        Kind::Checkbox,
        Kind::Date,
        Kind::DateTime,
        Kind::Select,
        Kind::Status,
        Kind::MultiSelect,
        Kind::Email,
        Kind::Phone,
        Kind::Url,
        Kind::People,
        Kind::Relation,
    ];

    /// The name in configuration and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Title => "title",
            Kind::Text => "text",
            Kind::Number => "number",
            Kind::Checkbox => "checkbox",
            Kind::Date => "date",
            Kind::DateTime => "date-time",
            Kind::Select => "select",
            Kind::Status => "status",
            Kind::MultiSelect => "multi-select",
            Kind::Email => "e-mail",
            Kind::Phone => "phone",
            Kind::Url => "URL",
            Kind::People => "people",
            Kind::Relation => "relation",
        }
    }
}

/// One option of a select, status, multi-select or enumeration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionInfo {
    /// What the native dialect calls it: in Notion the option's name, in a CRM its id or code.
    pub id: String,
    /// What a person reads.
    pub label: String,
    /// The id that stays when the option is renamed, where that is not [`OptionInfo::id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<String>,
}

/// One field of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldInfo {
    /// The stable id (a Notion property id, percent-decoded); equal to the name where the system has no other.
    pub id: String,
    /// The label a person reads.
    pub label: String,
    /// The system's own type name (`rich_text`, `crm_status`), for messages.
    pub native_type: String,
    /// The canonical kinds this field can hold, best first; empty for a type that we carry as opaque.
    /// A Notion `date` is both [`Kind::DateTime`] and [`Kind::Date`].
    pub kinds: Vec<Kind>,
    /// Whether we can write it.
    pub writable: bool,
    /// Whether it holds more than one element (people, options, related records).
    pub multiple: bool,
    /// Options, where the kind has them.
    pub options: Vec<OptionInfo>,
    /// What the field holds when it is told to be empty, where it cannot be empty (a CRM amount becomes 0,
    /// a deal without anybody responsible gets the account that we write with).
    pub empty_is: Option<Value>,
    /// The related entity, for a relation: a Notion data source id or a CRM entity name.
    pub target: Option<String>,
    /// The related entity's own field that shows the same links from its end, by name (Notion's two-way relations).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_end: Option<FieldName>,
    /// Of a relation: the field of the same entity out of which the system chooses this one (a primary contact is one of the
    /// contacts). Whatever stands here stands there too, and while anything stands there, something stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<FieldName>,
}

/// What one entity of one side can hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Schema {
    /// The entity's title as people see it.
    pub title: String,
    /// Fields by native name.
    pub fields: BTreeMap<FieldName, FieldInfo>,
    /// Where we keep our own key in a record, by every name that such a field has: nobody's to map. Empty where the pair names
    /// the place itself ([`Entity::marker`]).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ours: BTreeSet<FieldName>,
}

/// What to read and write of one entity: which CRM entity or data source, which fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// `deal`, `contact`, `company`; or a data source id.
    pub name: String,
    /// The mapped fields, by native name.
    pub fields: Vec<FieldName>,
    /// The sync-owned property that holds our marker, where one must be named (Notion). A CRM has its own place.
    pub marker: Option<FieldName>,
    /// The pair's own filter, as its system writes filters; records that do not pass are [`super::Presence::Outside`].
    #[serde(default)]
    pub filter: Option<serde_json::Value>,
}

/// A person as a side knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The side's user id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The e-mail address in lower case, where we may see it.
    pub email: Option<String>,
    /// What kind of account it is.
    pub account: Account,
}

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// A person's.
    Person,
    /// A program's: it edits records, and nobody puts it in charge of one.
    Program,
    /// The one that we write with.
    Ours,
}
