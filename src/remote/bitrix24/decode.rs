//! From an item of `crm.item.*` to a record. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};

use super::ORIGINATOR;
use super::catalogue::{Catalogue, Field, Shape};
use super::comms::{chosen, comms, join};
use crate::model::{Editor, Entity, FieldName, FieldState, Presence, Record, RecordId, Value};
use crate::remote::connection::error;
use crate::remote::{RemoteError, RemoteErrorKind};

/// The entries of a PHP array: an object, a list (keys 0, 1, 2), or `[]` for nothing.
pub(super) fn entries(json: &Json) -> Vec<(String, &Json)> {
    match json {
        Json::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Json::Array(list) => list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    }
}

/// The values of a PHP array.
pub(super) fn values(json: Json) -> Vec<Json> {
    match json {
        Json::Object(map) => map.into_iter().map(|(_, value)| value).collect(),
        Json::Array(list) => list,
        _ => Vec::new(),
    }
}

/// A record with the mapped fields of `entity`. `companies` tells names of companies by id.
///
/// # Errors
/// [`RemoteErrorKind::Malformed`] for an item without an id.
pub(super) fn record(
    item: &Json,
    entity: &Entity,
    catalogue: &Catalogue,
    me: Option<&str>,
    companies: &BTreeMap<String, String>,
) -> Result<Record, RemoteError> {
    let id = scalar(&item["id"]).ok_or_else(|| error(RemoteErrorKind::Malformed, "", "an item without an id"))?;
    let fields = entity.fields.iter().map(|name| (name.clone(), field_state(item, name, catalogue, companies)));
    let stamp = |key: &str| item[key].as_str().and_then(moment);
    let ours = item["originatorId"].as_str() == Some(ORIGINATOR);
    Ok(Record {
        id: RecordId(id),
        fields: fields.collect(),
        presence: Presence::Present,
        created_at: stamp("createdTime"),
        edited_at: stamp("updatedTime"),
        marker: scalar(&item["originId"]).filter(|_| ours),
        misfits: entity.fields.iter().any(|name| is_lost(item, name, catalogue)),
        edited_by_us: me.is_some() && scalar(&item["updatedBy"]).as_deref() == me,
        edited_by: editor(&item["updatedBy"]),
        baggage: baggage(item, entity, catalogue),
    })
}

/// Who edited it last. A portal says 0 where it was nobody.
pub(super) fn editor(user: &Json) -> Option<Editor> {
    scalar(user).filter(|id| !id.is_empty() && id != "0").map(|id| Editor { id: id.into(), name: None })
}

/// Whether the portal no longer has a field, or no longer shows one that it had: user fields can be deleted.
fn is_lost(item: &Json, name: &FieldName, catalogue: &Catalogue) -> bool {
    let field = catalogue.fields.get(name.as_str());
    field.is_none_or(|field| field.key.starts_with("UF_") && item.get(&field.key).is_none())
}

/// What an update wants back: entries of `fm`, both halves of a name, the contacts and who is the primary one, currencies.
fn baggage(item: &Json, entity: &Entity, catalogue: &Catalogue) -> Json {
    let mut kept = Map::new();
    for key in ["fm", "name", "lastName"] {
        if let Some(value) = item.get(key) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    super::links::keep(&mut kept, item, entity);
    let currency = |name: &FieldName| {
        let field = catalogue.fields.get(name.as_str()).filter(|field| field.shape == Shape::Money)?;
        let (_, currency) = item[&field.key].as_str()?.split_once('|')?;
        Some((name.0.clone(), json!(currency)))
    };
    let currencies: Map<String, Json> = entity.fields.iter().filter_map(currency).collect();
    if !currencies.is_empty() {
        kept.insert("currencies".into(), Json::Object(currencies));
    }
    Json::Object(kept)
}

fn field_state(
    item: &Json,
    name: &FieldName,
    catalogue: &Catalogue,
    companies: &BTreeMap<String, String>,
) -> FieldState {
    let Some(field) = catalogue.fields.get(name.as_str()) else {
        return FieldState::Unknown(format!("the portal has no field {name}"));
    };
    let value = match field.shape {
        Shape::Comm(type_id) => comms(item)
            .map(|comms| Value::text(chosen(&comms, type_id).map_or("", |comm| comm.value.as_str())))
            .ok_or("the answer holds no multifields"),
        Shape::FullName => match (item.get("name"), item.get("lastName")) {
            (Some(name), Some(last_name)) => {
                Ok(Value::text(join(name.as_str().unwrap_or_default(), last_name.as_str().unwrap_or_default())))
            }
            _ => Err("the answer holds no names"),
        },
        Shape::CompanyTitle => match item.get("companyId").map(scalar_id) {
            Some(None) => Ok(Value::Empty),
            Some(Some(id)) => companies.get(&id).map(Value::text).ok_or("the company's name was not read"),
            None => Err("the answer holds no company"),
        },
        _ => match item.get(&field.key) {
            Some(json) => value(field, json),
            None => Err("the answer does not hold it"),
        },
    };
    value.map_or_else(|why| FieldState::Unknown(why.to_owned()), FieldState::Known)
}

/// The value of one field.
pub(super) fn value(field: &Field, json: &Json) -> Result<Value, &'static str> {
    // `null`, `""`, `false` and `[]` are all ways to say nothing (trap: `false` and `[]` for empty user fields).
    let nothing = match json {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.is_empty(),
        _ => false,
    };
    let list = || -> Vec<String> {
        match json {
            Json::Array(_) | Json::Object(_) => entries(json).into_iter().filter_map(|(_, v)| scalar_id(v)).collect(),
            one => scalar_id(one).into_iter().collect(),
        }
    };
    Ok(match field.shape {
        Shape::Flag => match json {
            Json::Bool(true) => Value::Flag(true),
            _ if nothing => Value::Flag(false),
            other => match scalar(other).unwrap_or_default().as_str() {
                "Y" | "1" => Value::Flag(true),
                "N" | "0" => Value::Flag(false),
                _ => return Err("neither Y nor N"),
            },
        },
        Shape::Amount if nothing => Value::Number(Decimal::ZERO),
        Shape::Comm(_) | Shape::FullName | Shape::CompanyTitle => return Err("not a value of the item itself"),
        Shape::Opaque => return Err(field.row.row.fidelity.why()),
        _ if nothing => Value::Empty,
        Shape::Text | Shape::Url => Value::text(scalar(json).ok_or("not a text")?),
        Shape::Number | Shape::Integer | Shape::Amount => Value::number(decimal(json).ok_or("not a number")?),
        Shape::Money => {
            let text = scalar(json).ok_or("not an amount")?;
            let amount = text.split('|').next().unwrap_or_default();
            if amount.is_empty() { Value::Empty } else { Value::number(number(amount).ok_or("not an amount")?) }
        }
        Shape::Date => Value::Date(day(json.as_str().ok_or("not a date")?).ok_or("not a date")?),
        Shape::DateTime => Value::DateTime(moment(json.as_str().ok_or("not a time")?).ok_or("not a time")?),
        // The coordinates and the number of the place follow the address.
        Shape::Address => {
            Value::text(scalar(json).ok_or("not an address")?.split('|').next().unwrap_or_default().trim())
        }
        Shape::Several => Value::text(told(field, json).ok_or("not a list of plain values")?.join("\n")),
        Shape::Status if field.multiple => Value::choices(entries(json).into_iter().filter_map(|(_, v)| scalar(v))),
        // Pipeline 0 is a pipeline; stage and currency codes are texts.
        Shape::Status => scalar(json).map_or(Value::Empty, Value::Choice),
        Shape::Enumeration if field.multiple => Value::choices(list()),
        Shape::Enumeration => scalar_id(json).map_or(Value::Empty, Value::Choice),
        Shape::User => Value::people(list()),
        Shape::Company | Shape::Contact => Value::links(list()),
        Shape::Binding(prefix) => Value::links(list().into_iter().filter_map(|element| {
            let (kind, id) = element.split_once('_')?;
            (kind == prefix).then(|| id.to_owned())
        })),
        Shape::Link => Value::links(list().into_iter().map(|id| match id.rsplit_once('_') {
            Some((_, bare)) => bare.to_owned(),
            None => id,
        })),
    })
}

/// The values of a list as a person reads them.
fn told(field: &Field, json: &Json) -> Option<Vec<String>> {
    let one = |(_, value): (String, &Json)| {
        let text = scalar(value)?;
        Some(match field.wire_type.as_str() {
            "date" => day(&text)?.to_string(),
            "datetime" => Value::DateTime(moment(&text)?).show(),
            "money" => text.replacen('|', " ", 1),
            "address" => text.split('|').next().unwrap_or_default().trim().to_owned(),
            _ => text,
        })
    };
    match json {
        Json::Array(_) | Json::Object(_) => entries(json).into_iter().map(one).collect(),
        single => Some(vec![one((String::new(), single))?]),
    }
}

/// A text or a number as text; `None` for everything else and for the empty text.
pub(super) fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The same for ids, where 0 is nobody.
pub(super) fn scalar_id(json: &Json) -> Option<String> {
    scalar(json).filter(|id| id != "0")
}

fn decimal(json: &Json) -> Option<Decimal> {
    number(&scalar(json)?)
}

fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A moment in ISO 8601 with an offset.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok()
}

/// A day. It comes as UTC midnight in the server's offset (`2024-08-30T02:00:00+02:00`, west of Greenwich
/// `2024-08-29T19:00:00-05:00`): where the instant is UTC midnight, UTC's day is meant; else the day as written.
pub(super) fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() <= 10 {
        return text.parse().ok();
    }
    if let Some(at) = moment(text) {
        let utc = at.to_zoned(TimeZone::UTC);
        if utc.time() == jiff::civil::Time::midnight() {
            return Some(utc.date());
        }
    }
    // The civil part alone, without the offset that jiff would want to be told how to treat.
    text.get(..19)?.parse::<DateTime>().ok().map(|at| at.date())
}
