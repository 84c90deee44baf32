//! The fields of an entity: upper-case name, name in `crm.item.*`, and what kind of thing they hold. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Family;
use super::decode::entries;
use super::support::{self, Row};
use crate::model::OptionInfo;

/// Contacts and leads: first and last name in one.
pub(super) const FULL_NAME: &str = "FULL_NAME";
/// The name of the company a deal or contact belongs to.
pub(super) const COMPANY_TITLE: &str = "COMPANY_ID.TITLE";

/// Whether the amount is given, and not the sum of products.
pub(super) const AMOUNT_BY_HAND: &str = "IS_MANUAL_OPPORTUNITY";

/// How a field's value stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Url,
    Number,
    /// A number without decimals.
    Integer,
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
    /// A user field that links to records of one kind: `7`, or `C_7`.
    Link,
    /// Those of a task's bindings that begin with this: `D_7`.
    Binding(&'static str),
    /// `Street 1, City|52.5;13.4|7`.
    Address,
    /// A list of plain values.
    Several,
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
    /// What the table of types says of it.
    pub row: &'static Row,
    /// The entity that a link leads to.
    pub target: Option<&'static str>,
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
        let name = upper_name(family, &key, meta);
        let field = described(&key, &name, meta);
        if field.wire_type == "crm_multifield" || !meta.is_object() {
            continue;
        }
        all.insert(name, field);
    }
    let virtual_field = |wire_type: &str, name: &str, label: &str| {
        let row = support::named(&format!("{wire_type}: {name}"));
        let field = Field {
            key: String::new(),
            label: label.to_owned(),
            wire_type: wire_type.to_owned(),
            shape: row.shape,
            row,
            target: None,
            multiple: false,
            read_only: !row.row.is_writable(),
            dictionary: None,
            options: Vec::new(),
        };
        (name.to_owned(), field)
    };
    if family.has_comms() {
        let comms = [("EMAIL", "E-mail"), ("PHONE", "Phone"), ("WEB", "Website"), ("IM", "Messenger")];
        all.extend(comms.map(|(name, label)| virtual_field("crm_multifield", name, label)));
    }
    if matches!(family, Family::Contact | Family::Lead) {
        all.extend([virtual_field("string", FULL_NAME, "Full name")]);
    }
    if all.contains_key("COMPANY_ID") {
        all.extend([virtual_field("string", COMPANY_TITLE, "Company name")]);
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
    // The older methods, and people, call a lead's stage its status.
    match (family, key) {
        (Family::Lead, "stageId") => return "STATUS_ID".to_owned(),
        (Family::Lead, "stageSemanticId") => return "STATUS_SEMANTIC_ID".to_owned(),
        _ => {}
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

/// The row of the table that describes a field.
fn row(wire_type: &str, key: &str, name: &str, meta: &Json) -> &'static Row {
    let multiple = flag(&meta["isMultiple"]);
    let one_kind = || linked(meta).is_some();
    support::named(match (wire_type, multiple) {
        ("string" | "text", false) if name == "TITLE" => "string: TITLE",
        ("string" | "text", false) if name == "COMMENTS" => "string: COMMENTS",
        ("string" | "text", false) if matches!(name, "NAME" | "LAST_NAME") => "string: NAME, LAST_NAME",
        ("string" | "text", false) => "string",
        ("double", false) if !key.starts_with("UF_") => "double: OPPORTUNITY, REVENUE",
        ("enumeration", true) => "enumeration: several",
        ("user" | "employee", true) => "employee: several",
        ("crm_status", false) if key == "stageId" => "crm_status: STAGE_ID",
        ("crm_status", true) => "crm_status: several",
        ("crm_contact", true) if key == "contactIds" => "crm_contact: CONTACT_IDS",
        ("crm_company", true) if key == "companyIds" => "crm_company: COMPANY_IDS",
        ("crm_company", false) if flag(&meta["settings"]["isMyCompany"]) => "crm_company: own company",
        ("crm", false) if one_kind() => "crm: one kind of record",
        ("crm", true) if one_kind() => "crm: one kind of record, several",
        ("crm", _) => "crm: several kinds of records",
        ("crm_lead" | "crm_deal" | "crm_quote" | "crm_entity", _) => "crm_entity",
        ("string" | "text" | "url" | "integer" | "double" | "money" | "date" | "datetime" | "address", true) => {
            "several texts, numbers, dates or amounts"
        }
        ("file" | "iblock_element" | "iblock_section" | "hlblock" | "resourcebooking", _) => wire_type,
        (_, true) => support::OTHER,
        (other, false) => other,
    })
}

/// The entity that a user field of the type `crm` links to, if it is one that we know and no other.
fn linked(meta: &Json) -> Option<&'static str> {
    let kinds: Vec<String> =
        entries(&meta["settings"]).into_iter().filter(|(_, allowed)| flag(allowed)).map(|(kind, _)| kind).collect();
    match kinds.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["CONTACT"] => Some("contact"),
        ["COMPANY"] => Some("company"),
        ["DEAL"] => Some("deal"),
        ["LEAD"] => Some("lead"),
        _ => None,
    }
}

fn described(key: &str, name: &str, meta: &Json) -> Field {
    let wire_type = meta["type"].as_str().unwrap_or_default().to_owned();
    let multiple = flag(&meta["isMultiple"]);
    let row = row(&wire_type, key, name, meta);
    let dictionary = [&meta["statusType"], &meta["settings"]["ENTITY_TYPE"]].into_iter().find_map(Json::as_str);
    let label = ["title", "formLabel", "listLabel"]
        .into_iter()
        .filter_map(|place| meta[place].as_str())
        .find(|label| !label.is_empty())
        .unwrap_or(key);
    Field {
        key: key.to_owned(),
        label: label.to_owned(),
        shape: row.shape,
        row,
        target: match row.shape {
            Shape::Company => Some("company"),
            Shape::Contact => Some("contact"),
            Shape::Link => linked(meta),
            _ => None,
        },
        multiple,
        // With every amount that we write we say that it is one of ours: what somebody says in Notion would contradict that.
        read_only: flag(&meta["isReadOnly"]) || !row.row.is_writable() || name == AMOUNT_BY_HAND,
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
