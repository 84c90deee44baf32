//! The fields of an entity: upper-case name, name in `crm.item.*`, and what kind of thing they hold. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Family;
use super::decode::entries;
use crate::model::{Kind, OptionInfo};

/// Contacts: first and last name in one.
pub(super) const FULL_NAME: &str = "FULL_NAME";
/// The name of the company a deal or contact belongs to.
pub(super) const COMPANY_TITLE: &str = "COMPANY_ID.TITLE";

/// How a field's value stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Url,
    Number,
    /// An amount that is 0 when it is empty.
    Amount,
    /// `1000|USD`.
    Money,
    Flag,
    Date,
    DateTime,
    /// A code of a dictionary.
    Status,
    /// An option's id.
    Enumeration,
    User,
    Company,
    Contact,
    /// Phones, e-mails, sites: in `fm`, under this type.
    Comm(&'static str),
    /// [`FULL_NAME`].
    FullName,
    /// [`COMPANY_TITLE`].
    CompanyTitle,
    /// Nothing we map.
    Opaque,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// The name in `crm.item.*` (`UF_CRM_…` stay as they are under `useOriginalUfNames`); empty for a virtual field.
    pub key: String,
    pub label: String,
    pub wire_type: String,
    pub shape: Shape,
    pub multiple: bool,
    pub read_only: bool,
    /// The dictionary of a `crm_status`.
    pub dictionary: Option<String>,
    pub options: Vec<OptionInfo>,
}

impl Field {
    /// Whether it lies outside the item itself, so that an answer to a write does not hold it.
    pub fn is_read_beside(&self) -> bool {
        matches!(self.shape, Shape::Comm(_) | Shape::CompanyTitle)
    }
}

/// All fields of an entity by upper-case name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Catalogue {
    pub fields: BTreeMap<String, Field>,
    /// The portal's base currency, for amounts that never had one.
    pub currency: Option<String>,
}

/// Where `crm.item.*` has another word than the older methods, whose names people know from the screen and from exports.
const WORDS: [(&str, &str); 5] = [
    ("createdTime", "DATE_CREATE"),
    ("updatedTime", "DATE_MODIFY"),
    ("createdBy", "CREATED_BY_ID"),
    ("updatedBy", "MODIFY_BY_ID"),
    ("movedBy", "MOVED_BY_ID"),
];

/// What `crm.item.fields` said, with our virtual fields.
pub(super) fn catalogue(family: Family, fields: &Json) -> Catalogue {
    let mut all = BTreeMap::new();
    for (key, meta) in entries(fields) {
        let field = described(&key, meta);
        if field.wire_type == "crm_multifield" || !meta.is_object() {
            continue;
        }
        all.insert(upper_name(family, &key, meta), field);
    }
    let virtual_field = |label: &str, wire_type: &str, shape, read_only| Field {
        key: String::new(),
        label: label.to_owned(),
        wire_type: wire_type.to_owned(),
        shape,
        multiple: false,
        read_only,
        dictionary: None,
        options: Vec::new(),
    };
    if family.has_comms() {
        for (name, label) in [("EMAIL", "E-mail"), ("PHONE", "Phone"), ("WEB", "Website")] {
            all.insert(name.to_owned(), virtual_field(label, "crm_multifield", Shape::Comm(name), false));
        }
    }
    if family == Family::Contact {
        all.insert(FULL_NAME.to_owned(), virtual_field("Full name", "string", Shape::FullName, false));
    }
    if all.contains_key("COMPANY_ID") {
        all.insert(COMPANY_TITLE.to_owned(), virtual_field("Company name", "string", Shape::CompanyTitle, true));
    }
    Catalogue { fields: all, currency: None }
}

fn upper_name(family: Family, key: &str, meta: &Json) -> String {
    if let Some((_, upper)) = WORDS.iter().find(|(camel, _)| *camel == key) {
        return (*upper).to_owned();
    }
    if family == Family::Company && key == "typeId" {
        return "COMPANY_TYPE".to_owned();
    }
    if key.starts_with("UF_") {
        return key.to_owned();
    }
    match meta["upperName"].as_str() {
        Some(upper) if !upper.is_empty() => upper.to_owned(),
        _ => snake(key),
    }
}

/// `assignedById` → `ASSIGNED_BY_ID`.
fn snake(camel: &str) -> String {
    let mut out = String::new();
    for letter in camel.chars() {
        if letter.is_uppercase() {
            out.push('_');
        }
        out.extend(letter.to_uppercase());
    }
    out
}

fn described(key: &str, meta: &Json) -> Field {
    let wire_type = meta["type"].as_str().unwrap_or_default().to_owned();
    let multiple = flag(&meta["isMultiple"]);
    let own_company = flag(&meta["settings"]["isMyCompany"]);
    let shape = match wire_type.as_str() {
        "enumeration" => Shape::Enumeration,
        "user" | "employee" => Shape::User,
        "crm_contact" if key == "contactIds" || !multiple => Shape::Contact,
        // Lists of anything else have no canonical kind: they are carried as they are.
        _ if multiple => Shape::Opaque,
        "string" | "text" => Shape::Text,
        "url" => Shape::Url,
        "integer" => Shape::Number,
        "double" if key.starts_with("UF_") => Shape::Number,
        "double" => Shape::Amount,
        "money" => Shape::Money,
        "boolean" | "char" => Shape::Flag,
        "date" => Shape::Date,
        "datetime" => Shape::DateTime,
        "crm_status" | "crm_category" | "crm_currency" => Shape::Status,
        "crm_company" if !own_company => Shape::Company,
        _ => Shape::Opaque,
    };
    let dictionary = [&meta["statusType"], &meta["settings"]["ENTITY_TYPE"]].into_iter().find_map(Json::as_str);
    let label = ["title", "formLabel", "listLabel"]
        .into_iter()
        .filter_map(|place| meta[place].as_str())
        .find(|label| !label.is_empty())
        .unwrap_or(key);
    Field {
        key: key.to_owned(),
        label: label.to_owned(),
        shape,
        multiple,
        read_only: flag(&meta["isReadOnly"]),
        dictionary: dictionary.map(str::to_owned),
        options: options(&meta["items"]),
        wire_type,
    }
}

/// The options of an enumeration: `[{ID, VALUE}]`.
pub(super) fn options(rows: &Json) -> Vec<OptionInfo> {
    let row = |(_, row): (String, &Json)| {
        let id = match &row["ID"] {
            Json::String(id) => id.clone(),
            Json::Number(id) => id.to_string(),
            _ => return None,
        };
        Some(OptionInfo { id, label: row["VALUE"].as_str()?.to_owned(), stable: None })
    };
    entries(rows).into_iter().filter_map(row).collect()
}

fn flag(json: &Json) -> bool {
    matches!(json, Json::Bool(true)) || json.as_str() == Some("Y")
}

/// The canonical kinds a field can hold, best first.
pub(super) fn kinds(name: &str, field: &Field) -> Vec<Kind> {
    match field.shape {
        Shape::Text if matches!(name, "TITLE" | "NAME" | "LAST_NAME") => vec![Kind::Title, Kind::Text],
        Shape::FullName => vec![Kind::Title, Kind::Text],
        Shape::Text => vec![Kind::Text, Kind::Title, Kind::Url, Kind::Email, Kind::Phone],
        Shape::CompanyTitle => vec![Kind::Text, Kind::Title],
        Shape::Url | Shape::Comm("WEB") => vec![Kind::Url, Kind::Text],
        Shape::Comm("EMAIL") => vec![Kind::Email, Kind::Text],
        Shape::Comm("PHONE") => vec![Kind::Phone, Kind::Text],
        Shape::Number | Shape::Amount | Shape::Money => vec![Kind::Number],
        Shape::Flag => vec![Kind::Checkbox],
        Shape::Date => vec![Kind::Date],
        Shape::DateTime => vec![Kind::DateTime],
        Shape::Status if name == "STAGE_ID" => vec![Kind::Status, Kind::Select],
        Shape::Enumeration if field.multiple => vec![Kind::MultiSelect],
        Shape::Status | Shape::Enumeration => vec![Kind::Select, Kind::Status],
        Shape::User => vec![Kind::People],
        Shape::Company | Shape::Contact => vec![Kind::Relation],
        Shape::Comm(_) | Shape::Opaque => Vec::new(),
    }
}
