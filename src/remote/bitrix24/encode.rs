//! From canonical values to the `fields` of a write. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};

use super::ORIGINATOR;
use super::catalogue::{AMOUNT_BY_HAND, Catalogue, Field, Shape};
use super::comms::{Change, Comm, change, comms, split};
use super::decode::scalar;
use super::links;
use super::tasks::fields::{BINDINGS, BOUND, bind, bound};
use crate::model::{FieldName, Value};
use crate::remote::connection::error;
use crate::remote::{RemoteError, RemoteErrorKind};

/// One write, in no method family's words yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Writing {
    /// (upper-case name, name in `crm.item.*`, value); both name families take the same values.
    values: Vec<(String, String, Json)>,
    comms: Vec<Change>,
    /// Whether a value is emptied that `crm.item.update` may leave as it is: a list of options, anything of a company.
    empties_list: bool,
    empties_any: bool,
}

impl Writing {
    /// Whether nothing would be changed.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.comms.is_empty()
    }

    /// Whether multifields are written.
    pub fn has_comms(&self) -> bool {
        !self.comms.is_empty()
    }

    /// Whether `crm.item.update` may ignore a part of it, and the older method must be used.
    pub fn needs_older_method(&self, of_company: bool) -> bool {
        self.empties_list || (of_company && self.empties_any)
    }

    /// Where a deal's new stage is one of another pipeline, names that pipeline too: without it the portal refuses the stage.
    /// `before` is the stage that was just read, empty for a new deal, `None` where it is not known.
    pub fn follow_stage(&mut self, before: Option<&str>) {
        let stage = self.values.iter().find(|(upper, ..)| upper == "STAGE_ID").and_then(|(_, _, value)| value.as_str());
        let Some(to) = stage.map(pipeline_of) else { return };
        if before.map(pipeline_of).as_ref() != Some(&to) && !self.moves() {
            self.put("CATEGORY_ID", "categoryId", json!(to));
        }
    }

    /// Whether the pipeline is written, which the older method passes over in silence.
    fn moves(&self) -> bool {
        self.values.iter().any(|(upper, ..)| upper == "CATEGORY_ID")
    }

    /// The part that only `crm.item.update` can do, where the rest needs the older method; else `None`.
    pub fn take_move(&mut self) -> Option<Writing> {
        if !self.moves() {
            return None;
        }
        let moves = |(upper, ..): &(String, String, Json)| matches!(upper.as_str(), "CATEGORY_ID" | "STAGE_ID");
        let (values, rest) = std::mem::take(&mut self.values).into_iter().partition(moves);
        self.values = rest;
        Some(Writing { values, ..Writing::default() })
    }

    /// `fields` for `crm.item.add` and `crm.item.update`.
    pub fn item_fields(&self) -> Json {
        let mut fields: Map<String, Json> =
            self.values.iter().map(|(_, key, value)| (key.clone(), value.clone())).collect();
        if !self.comms.is_empty() {
            let rows = self.comms.iter().enumerate().map(|(number, change)| change.item_row(number));
            fields.insert("fm".into(), Json::Object(rows.collect()));
        }
        Json::Object(fields)
    }

    /// `fields` for `crm.{entity}.update`.
    pub fn legacy_fields(&self) -> Json {
        let mut fields: Map<String, Json> =
            self.values.iter().map(|(upper, _, value)| (upper.clone(), value.clone())).collect();
        for change in &self.comms {
            let (type_id, row) = change.legacy_row();
            if let Some(rows) = fields.entry(type_id).or_insert_with(|| json!([])).as_array_mut() {
                rows.push(row);
            }
        }
        Json::Object(fields)
    }

    fn put(&mut self, upper: &str, key: &str, value: Json) {
        let empty = matches!(&value, Json::String(text) if text.is_empty());
        let empty_list = value.as_array().is_some_and(Vec::is_empty);
        self.empties_any |= empty || empty_list || value == json!(0);
        self.values.push((upper.to_owned(), key.to_owned(), value));
    }
}

/// The pipeline of a stage: `C5:NEW` is one of pipeline 5, `NEW` of the default one.
fn pipeline_of(stage: &str) -> String {
    let number = stage.strip_prefix('C').and_then(|rest| rest.split_once(':')).map(|(number, _)| number);
    let number = number.filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    number.unwrap_or("0").to_owned()
}

/// The write that gives `fields` their values. `baggage` is the one of the record as just read; `None` for a new record.
///
/// # Errors
/// [`RemoteErrorKind::Invalid`]: a field that is not there or read-only, a value its type cannot hold.
pub(super) fn writing(
    fields: &BTreeMap<FieldName, Value>,
    marker: Option<&str>,
    catalogue: &Catalogue,
    baggage: Option<&Json>,
) -> Result<Writing, RemoteError> {
    let mut out = Writing::default();
    // All kinds of bindings are one list, written as a whole.
    let mut bindings: Option<Vec<String>> = None;
    for (name, value) in fields {
        let field = catalogue.fields.get(name.as_str()).ok_or_else(|| invalid(name, "the portal has no such field"))?;
        if field.read_only {
            let why = field.row.row.fidelity;
            let why = if field.row.row.is_writable() { "the portal lets nobody write it" } else { why.why() };
            return Err(invalid(name, &format!("it is only read: {why}")));
        }
        // A new record gets what the portal puts there.
        if value.is_empty() && field.row.row.clears.is_none() && baggage.is_some() {
            return Err(invalid(name, "it is never empty in the CRM; choose another value"));
        }
        if let Some(links) = links::of(name.as_str(), catalogue) {
            // Where the primary one and all are written, one list says both.
            if !out.values.iter().any(|(upper, ..)| upper == links.all.0) {
                out.put(links.all.0, links.all.1, links.list(fields, baggage)?);
            }
            continue;
        }
        match field.shape {
            Shape::Comm(type_id) => {
                let wanted = text_of(value).ok_or_else(|| invalid(name, "not a text"))?;
                let known = known_comms(name, baggage)?;
                out.comms.extend(change(&known, type_id, wanted.filter(|text| !text.is_empty())));
            }
            Shape::Binding(prefix) => {
                let none = BTreeSet::new();
                let ids = match value {
                    Value::Links(ids) => ids,
                    Value::Empty => &none,
                    _ => return Err(invalid(name, "the value does not fit its type")),
                };
                let known = || baggage.map_or(Some(Vec::new()), bound);
                let before = bindings.take().or_else(known);
                let before =
                    before.ok_or_else(|| invalid(name, "the other bindings were not read before the write"))?;
                bindings = Some(bind(&before, prefix, ids));
            }
            Shape::FullName => {
                let full = text_of(value).ok_or_else(|| invalid(name, "not a text"))?.unwrap_or_default();
                put_name(&mut out, full, baggage);
            }
            _ => {
                let wire = encoded(name, field, value, catalogue, baggage)?;
                out.empties_list |= field.multiple && field.key.starts_with("UF_") && value.is_empty();
                out.put(name.as_str(), &field.key, wire);
                if field.shape == Shape::Amount && name.as_str() == "OPPORTUNITY" {
                    // With product rows the portal would compute the amount again at its next save.
                    out.put(AMOUNT_BY_HAND, "isManualOpportunity", json!("Y"));
                }
            }
        }
    }
    if let Some(list) = bindings {
        out.put(BINDINGS, BOUND, json!(list));
    }
    if let Some(marker) = marker {
        out.put("ORIGINATOR_ID", "originatorId", json!(ORIGINATOR));
        out.put("ORIGIN_ID", "originId", json!(marker));
    }
    Ok(out)
}

/// One value as it goes into a filter for exact equality.
pub(super) fn for_filter(name: &FieldName, field: &Field, value: &Value) -> Result<Json, RemoteError> {
    if let Value::Flag(flag) = value {
        // User fields of this type are filtered by 1 and 0 alone.
        let own = name.as_str().starts_with("UF_");
        return Ok(match (own, flag) {
            (true, flag) => json!(i32::from(*flag)),
            (false, true) => json!("Y"),
            (false, false) => json!("N"),
        });
    }
    encoded(name, field, value, &Catalogue::default(), None)
}

fn put_name(out: &mut Writing, full: &str, baggage: Option<&Json>) {
    let half = |key: &str| baggage.and_then(|baggage| baggage[key].as_str()).unwrap_or_default();
    let before = (half("name"), half("lastName"));
    let (name, last_name) = split(full, baggage.map(|_| before));
    let new = baggage.is_none();
    if (new && !name.is_empty()) || (!new && name != before.0) {
        out.put("NAME", "name", json!(name));
    }
    if (new && !last_name.is_empty()) || (!new && last_name != before.1) {
        out.put("LAST_NAME", "lastName", json!(last_name));
    }
}

fn known_comms(name: &FieldName, baggage: Option<&Json>) -> Result<Vec<Comm>, RemoteError> {
    match baggage {
        None => Ok(Vec::new()),
        // Without the ids an entry could only be added, and a repeated write would double it.
        Some(baggage) => comms(baggage).ok_or_else(|| invalid(name, "its entries were not read before the write")),
    }
}

fn encoded(
    name: &FieldName,
    field: &Field,
    value: &Value,
    catalogue: &Catalogue,
    baggage: Option<&Json>,
) -> Result<Json, RemoteError> {
    let misfit = || invalid(name, "the value does not fit its type");
    Ok(match (field.shape, value) {
        (Shape::Flag, Value::Empty) => json!("N"),
        (Shape::Flag, Value::Flag(flag)) => json!(if *flag { "Y" } else { "N" }),
        (Shape::Amount, Value::Empty) => json!(0),
        (Shape::Integer, Value::Number(number)) if !number.is_integer() => {
            return Err(invalid(name, &format!("it holds whole numbers, and {number} is none")));
        }
        // As text: a JSON number would go through a binary float.
        (Shape::Number | Shape::Integer | Shape::Amount, Value::Number(number)) => json!(number.to_string()),
        (Shape::Money, Value::Number(number)) => {
            let before = baggage.and_then(|baggage| scalar(&baggage["currencies"][name.as_str()]));
            let currency = before.or_else(|| catalogue.currency.clone());
            let currency = currency.ok_or_else(|| invalid(name, "no currency is known for it"))?;
            json!(format!("{number}|{currency}"))
        }
        (Shape::Date, Value::Date(date)) => json!(date.to_string()),
        (Shape::DateTime, Value::DateTime(at)) => {
            json!(at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string())
        }
        (Shape::Text | Shape::Url, Value::Text(text)) => json!(text),
        (Shape::Status, Value::Choice(code)) if !field.multiple => json!(code),
        (Shape::Status, Value::Choices(codes)) if field.multiple => json!(codes),
        (Shape::Enumeration, Value::Choice(id)) if !field.multiple => json!(id),
        (Shape::Enumeration, Value::Choices(ids)) if field.multiple => json!(ids),
        (Shape::User, Value::People(ids)) => several(field, ids.iter().cloned().collect()).ok_or_else(misfit)?,
        (Shape::Company | Shape::Contact | Shape::Link, Value::Links(ids)) => {
            several(field, ids.iter().cloned().collect()).ok_or_else(misfit)?
        }
        (Shape::Company, Value::Empty) if !field.multiple => json!(0),
        (Shape::Contact, Value::Empty) if !field.multiple => json!(0),
        (_, Value::Empty) if field.multiple => json!([]),
        (
            Shape::Opaque
            | Shape::Binding(_)
            | Shape::Comm(_)
            | Shape::FullName
            | Shape::CompanyTitle
            | Shape::Address
            | Shape::Several,
            _,
        ) => return Err(misfit()),
        (_, Value::Empty) => json!(""),
        _ => return Err(misfit()),
    })
}

/// Ids, as numbers where they are; a list only for a field that takes one.
fn several(field: &Field, ids: Vec<String>) -> Option<Json> {
    let id = |text: &String| text.parse::<u64>().map_or_else(|_| json!(text), |id| json!(id));
    match ids.as_slice() {
        _ if field.multiple => Some(Json::Array(ids.iter().map(id).collect())),
        [one] => Some(id(one)),
        _ => None,
    }
}

/// `Some(None)` for empty, `None` for what is no text.
fn text_of(value: &Value) -> Option<Option<&str>> {
    match value {
        Value::Empty => Some(None),
        Value::Text(text) => Some(Some(text)),
        _ => None,
    }
}

pub(super) fn invalid(name: &FieldName, why: &str) -> RemoteError {
    error(RemoteErrorKind::Invalid, "", format!("{name} cannot be used so: {why}"))
}
