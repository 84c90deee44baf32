//! Reads property values out of requests: checks them, and turns them into what Notion keeps.

use serde_json::{Map, Value as Json, json};

use super::ids::{Ids, uuid};
use super::plain;
use super::refusal::Refused;
use super::schema::{Property, chosen, default_status, new_option, option_name};
use super::text::{self, ARRAY_LIMIT, URL_LIMIT, kind_of, utf16};
use super::time::canonical_date;

/// Characters that an e-mail address or phone number may hold.
const CONTACT_LIMIT: usize = 200;

/// What a check needs to know of the world around.
pub(super) struct Around<'a> {
    /// A user by id, as people properties show it.
    pub user: &'a dyn Fn(&str) -> Option<Json>,
    /// The data source of a page by id.
    pub home: &'a dyn Fn(&str) -> Option<String>,
    /// The id of the bot, which a 404 names.
    pub bot: &'a str,
    /// Whether the limits on requests hold; they do not bind people in the app.
    pub limits: bool,
}

/// One write, checked: the value to keep. May add options to a select's configuration.
pub(super) fn value(
    property: &mut Property,
    given: &Json,
    before: &Json,
    around: &Around<'_>,
    ids: &mut Ids,
) -> Result<Json, Refused> {
    let kind = property.kind.clone();
    let path = format!("body.properties.{}", property.name);
    let fields = given.as_object().ok_or_else(|| Refused::body(&path, "an object", &kind_of(given)))?;
    if plain::read_only(&kind) {
        // The reference: writing any of created_*, last_edited_*, rollup, formula, unique_id answers 400.
        return Err(Refused::invalid(format!("{} is a {kind} property, which cannot be updated.", property.name)));
    }
    let Some(given) = fields.get(kind.as_str()) else {
        return Err(Refused::invalid(format!("{} is expected to be {kind}.", property.name)));
    };
    let path = format!("{path}.{kind}");
    let elements = || -> Result<&Vec<Json>, Refused> {
        let all = given.as_array().ok_or_else(|| Refused::body(&path, "an array", &kind_of(given)))?;
        if around.limits && all.len() > ARRAY_LIMIT {
            return Err(Refused::too_long(&path, ARRAY_LIMIT, all.len()));
        }
        Ok(all)
    };
    match kind.as_str() {
        "title" | "rich_text" => text::write(&path, given, around.limits),
        "number" => match given {
            Json::Null => Ok(Json::Null),
            Json::Number(number) => Ok(number.as_f64().map_or(Json::Null, javascript)),
            other => Err(Refused::body(&path, "a number or `null`", &kind_of(other))),
        },
        "checkbox" => match given {
            Json::Bool(_) => Ok(given.clone()),
            other => Err(Refused::body(&path, "a boolean", &kind_of(other))),
        },
        "url" => short_text(&path, given, URL_LIMIT, around.limits),
        "email" | "phone_number" => short_text(&path, given, CONTACT_LIMIT, around.limits),
        "select" if given.is_null() => Ok(Json::Null),
        "select" => option(&path, property, given, ids),
        // The reference: null resets to the default option if any.
        "status" if given.is_null() => Ok(default_status(&property.config)),
        "status" => status(&path, property, given),
        "multi_select" => {
            let mut kept: Vec<Json> = Vec::new();
            for (i, given) in elements()?.iter().enumerate() {
                let option = option(&format!("{path}[{i}]"), property, given, ids)?;
                if !kept.contains(&option) {
                    kept.push(option);
                }
            }
            Ok(Json::Array(kept))
        }
        "date" => date(&path, given),
        "people" => {
            elements()?.iter().enumerate().map(|(i, one)| person(&format!("{path}[{i}]"), one, around)).collect()
        }
        "relation" => relation(&path, property, elements()?, before, around),
        "files" => {
            elements()?.iter().enumerate().map(|(i, one)| file(&format!("{path}[{i}]"), one, around.limits)).collect()
        }
        "place" => Ok(place(given)),
        _ => Ok(given.clone()),
    }
}

/// A number as JavaScript prints it: whole doubles without a point.
pub(super) fn javascript(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() < 1e18 {
        // Exact: a whole double below 2^63 is an i64.
        #[allow(clippy::cast_possible_truncation)]
        return json!(number as i64);
    }
    json!(number)
}

fn short_text(path: &str, given: &Json, limit: usize, limits: bool) -> Result<Json, Refused> {
    match given {
        Json::Null => Ok(Json::Null),
        // The reference: an empty text is not accepted; null clears.
        Json::String(given) if given.is_empty() => Err(Refused::body(&format!("{path}.length"), "≥ `1`", "0")),
        Json::String(given) if limits && utf16(given) > limit => Err(Refused::too_long(path, limit, utf16(given))),
        Json::String(_) => Ok(given.clone()),
        other => Err(Refused::body(path, "a string or `null`", &kind_of(other))),
    }
}

fn find_option<'a>(property: &'a Property, id: Option<&str>, name: Option<&str>) -> Option<&'a Json> {
    let all = || property.config["options"].as_array().into_iter().flatten();
    if let Some(id) = id {
        return all().find(|o| o["id"] == id);
    }
    let name = name?;
    // Names compare case-insensitively for uniqueness, so another spelling means the same option (inferred).
    all()
        .find(|o| o["name"] == name)
        .or_else(|| all().find(|o| o["name"].as_str().is_some_and(|n| n.to_lowercase() == name.to_lowercase())))
}

/// A select's option; an unknown name makes one.
fn option(path: &str, property: &mut Property, given: &Json, ids: &mut Ids) -> Result<Json, Refused> {
    let fields = given.as_object().ok_or_else(|| Refused::body(path, "an object or `null`", &kind_of(given)))?;
    let (id, name) = (fields.get("id").and_then(Json::as_str), fields.get("name").and_then(Json::as_str));
    if let Some(known) = find_option(property, id, name) {
        return Ok(chosen(known));
    }
    match name {
        Some(name) if id.is_none() => {
            option_name(&format!("{path}.name"), name)?;
            let made = new_option(name, fields.get("color").and_then(Json::as_str), ids);
            if let Some(all) = property.config["options"].as_array_mut() {
                all.push(made.clone());
            } else {
                property.config = json!({ "options": [made] });
            }
            Ok(chosen(&made))
        }
        _ if id.is_some() => {
            Err(Refused::invalid(format!("Select option with ID \"{}\" does not exist.", id.unwrap_or_default())))
        }
        _ => Err(Refused::body(&format!("{path}.name"), "defined", "undefined")),
    }
}

/// A status; an unknown one is refused, never made.
fn status(path: &str, property: &Property, given: &Json) -> Result<Json, Refused> {
    let fields = given.as_object().ok_or_else(|| Refused::body(path, "an object or `null`", &kind_of(given)))?;
    let (id, name) = (fields.get("id").and_then(Json::as_str), fields.get("name").and_then(Json::as_str));
    match find_option(property, id, name) {
        Some(known) => Ok(chosen(known)),
        None => Err(Refused::invalid(format!(
            "Invalid status option. Status option \"{}\" does not exist.",
            name.or(id).unwrap_or_default()
        ))),
    }
}

fn date(path: &str, given: &Json) -> Result<Json, Refused> {
    if given.is_null() {
        return Ok(Json::Null);
    }
    let fields = given.as_object().ok_or_else(|| Refused::body(path, "an object or `null`", &kind_of(given)))?;
    let zone = fields.get("time_zone").and_then(Json::as_str);
    let part = |name: &str| -> Result<Option<String>, Refused> {
        match fields.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => match canonical_date(text, zone) {
                Ok(kept) => Ok(Some(kept)),
                Err(should) => Err(Refused::body(&format!("{path}.{name}"), should, &format!("\"{text}\""))),
            },
            Some(other) => Err(Refused::body(&format!("{path}.{name}"), "a string", &kind_of(other))),
        }
    };
    let Some(start) = part("start")? else {
        return Err(Refused::body(&format!("{path}.start"), "defined", "undefined"));
    };
    Ok(json!({ "start": start, "end": part("end")?, "time_zone": null }))
}

fn person(path: &str, given: &Json, around: &Around<'_>) -> Result<Json, Refused> {
    let id = element_id(path, given)?;
    if given["object"] == "group" {
        return Ok(given.clone());
    }
    // The reference does not establish the answer for an unknown user; a plain refusal is the safe guess.
    (around.user)(&id).ok_or_else(|| Refused::invalid(format!("{path}: user {id} does not exist in this workspace.")))
}

fn element_id(path: &str, given: &Json) -> Result<String, Refused> {
    let path = format!("{path}.id");
    let Some(id) = given["id"].as_str() else {
        return Err(Refused::body(&path, "defined", "undefined"));
    };
    uuid(id).ok_or_else(|| Refused::body(&path, "a valid uuid", &format!("\"{id}\"")))
}

/// A relation, replaced whole. Its pages must live in the related data source; one that was related before may stay
/// even where the world does not know it (a recorded world knows only what was recorded).
fn relation(
    path: &str,
    property: &Property,
    given: &[Json],
    before: &Json,
    around: &Around<'_>,
) -> Result<Json, Refused> {
    let target = property.config["data_source_id"].as_str();
    let mut kept: Vec<Json> = Vec::new();
    for (i, one) in given.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let id = element_id(&path, one)?;
        let entry = json!({ "id": id });
        let was_there = before.as_array().is_some_and(|all| all.contains(&entry));
        match (around.home)(&id) {
            _ if was_there => {}
            Some(home) if target.is_none_or(|target| target == home) => {}
            Some(_) => {
                return Err(Refused::invalid(format!("{path}: page {id} is not in the related data source.")));
            }
            None => return Err(Refused::not_found("page", &id, around.bot)),
        }
        if !kept.contains(&entry) {
            kept.push(entry);
        }
    }
    Ok(Json::Array(kept))
}

fn file(path: &str, given: &Json, limits: bool) -> Result<Json, Refused> {
    let name = given["name"].as_str();
    if let Some(url) = given["external"]["url"].as_str() {
        if limits && utf16(url) > URL_LIMIT {
            return Err(Refused::too_long(&format!("{path}.external.url"), URL_LIMIT, utf16(url)));
        }
        return Ok(json!({ "name": name.unwrap_or(url), "type": "external", "external": { "url": url } }));
    }
    if given["file"]["url"].is_string() {
        // What was read may be sent back whole, so that a list can be kept with one element more.
        return Ok(json!({ "name": name.unwrap_or("file"), "type": "file", "file": given["file"] }));
    }
    Err(Refused::body(&format!("{path}.external"), "defined", "undefined"))
}

/// A place with every key that was recorded.
fn place(given: &Json) -> Json {
    let Some(fields) = given.as_object() else {
        return Json::Null;
    };
    let mut all = Map::new();
    for key in ["lat", "lon", "name", "address", "aws_place_id", "google_place_id"] {
        all.insert(key.to_owned(), fields.get(key).cloned().unwrap_or(Json::Null));
    }
    Json::Object(all)
}
