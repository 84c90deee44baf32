//! Properties of a data source: their definitions as requests give them and as responses show them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::ids::{Ids, same_property};
use super::refusal::Refused;
use super::text::{ARRAY_LIMIT, kind_of};

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Property {
    /// As responses show it: percent-encoded; `title` for the title.
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    /// The type's name on the wire.
    pub kind: String,
    /// What stands under the type's key in the schema.
    pub config: Json,
}

/// All columns, by id.
pub(super) type Schema = BTreeMap<String, Property>;

/// The kinds that a request may ask for.
const KINDS: [&str; 26] = [
    "title",
    "rich_text",
    "number",
    "select",
    "multi_select",
    "status",
    "date",
    "people",
    "files",
    "checkbox",
    "url",
    "email",
    "phone_number",
    "relation",
    "formula",
    "rollup",
    "created_time",
    "last_edited_time",
    "created_by",
    "last_edited_by",
    "unique_id",
    "verification",
    "place",
    "button",
    "location",
    "last_visited_time",
];

/// Finds a column by name or by id, encoded or not. A name wins over an id.
pub(super) fn find<'a>(schema: &'a Schema, key: &str) -> Option<&'a Property> {
    schema
        .values()
        .find(|property| property.name == key)
        .or_else(|| schema.values().find(|property| same_property(&property.id, key)))
}

/// The schema as a response shows it.
pub(super) fn shown<'a>(properties: impl Iterator<Item = &'a Property>) -> Json {
    let mut all = Map::new();
    for property in properties {
        all.insert(
            property.name.clone(),
            json!({
                "id": property.id,
                "name": property.name,
                "description": property.description,
                "type": property.kind,
                property.kind.as_str(): property.config,
            }),
        );
    }
    Json::Object(all)
}

/// The kind that a definition in a request names, by `type` or by its only known key.
pub(super) fn kind_asked(definition: &Map<String, Json>) -> Option<&'static str> {
    let named = definition.get("type").and_then(Json::as_str);
    KINDS.into_iter().find(|kind| match named {
        Some(named) => named == *kind,
        None => definition.contains_key(*kind),
    })
}

/// Defines a new column from a request. A relation's target must have been checked and filled in before
/// (`database_id`); see `sources`.
pub(super) fn define(name: &str, definition: &Json, schema: &Schema, ids: &mut Ids) -> Result<Property, Refused> {
    let path = format!("body.properties.{name}");
    let fields = definition.as_object().ok_or_else(|| Refused::body(&path, "an object", &kind_of(definition)))?;
    let kind =
        kind_asked(fields).ok_or_else(|| Refused::body(&format!("{path}.type"), "a property type", "unknown"))?;
    let config = config(&path, kind, fields.get(kind).unwrap_or(&Json::Null), None, ids)?;
    let id = if kind == "title" {
        "title".to_owned()
    } else {
        let mut id = ids.property();
        while schema.values().any(|property| same_property(&property.id, &id)) {
            id = ids.property();
        }
        id
    };
    let description = fields.get("description").and_then(Json::as_str).map(str::to_owned);
    if description.as_deref().is_some_and(|d| d.chars().count() > 280) {
        return Err(Refused::body(&format!("{path}.description.length"), "≤ `280`", "more"));
    }
    Ok(Property { id, name: name.to_owned(), description, kind: kind.to_owned(), config })
}

/// A column's configuration, completed as Notion completes it. `before` is the present one, where the kind stays.
pub(super) fn config(
    path: &str,
    kind: &str,
    given: &Json,
    before: Option<&Json>,
    ids: &mut Ids,
) -> Result<Json, Refused> {
    Ok(match kind {
        "number" => {
            let format = given["format"].as_str().or_else(|| before.and_then(|b| b["format"].as_str()));
            json!({ "format": format.unwrap_or("number") })
        }
        "select" | "multi_select" => match (given.get("options"), before) {
            (None, Some(before)) => before.clone(),
            (asked, _) => json!({ "options": options(&format!("{path}.{kind}"), asked, before, ids)? }),
        },
        "status" => status(path, given, before, ids)?,
        "unique_id" => json!({ "prefix": given.get("prefix").cloned().unwrap_or(Json::Null) }),
        "relation" | "rollup" | "formula" => match before {
            Some(before) if given.as_object().is_none_or(Map::is_empty) => before.clone(),
            _ => given.clone(),
        },
        _ => json!({}),
    })
}

/// The whole new list of options: options that are left out are gone; one with a known id or name keeps id and colour.
fn options(path: &str, asked: Option<&Json>, before: Option<&Json>, ids: &mut Ids) -> Result<Vec<Json>, Refused> {
    let asked: &[Json] = asked.and_then(Json::as_array).map_or(&[], Vec::as_slice);
    if asked.len() > ARRAY_LIMIT {
        return Err(Refused::too_long(&format!("{path}.options"), ARRAY_LIMIT, asked.len()));
    }
    let empty = Vec::new();
    let present = before.and_then(|b| b["options"].as_array()).unwrap_or(&empty);
    let mut kept: Vec<Json> = Vec::new();
    for (i, option) in asked.iter().enumerate() {
        let known = present.iter().find(|p| match option["id"].as_str() {
            Some(id) => p["id"] == id,
            None => p["name"] == option["name"],
        });
        let name = option["name"].as_str().or_else(|| known.and_then(|k| k["name"].as_str()));
        let Some(name) = name else {
            return Err(Refused::body(&format!("{path}.options[{i}].name"), "defined", "undefined"));
        };
        option_name(&format!("{path}.options[{i}].name"), name)?;
        if kept.iter().any(|k| k["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name))) {
            return Err(Refused::invalid(format!("Select options must have unique names: \"{name}\" appears twice.")));
        }
        kept.push(match known {
            Some(known) => json!({ "id": known["id"], "name": name, "color": known["color"], "description": null }),
            None => new_option(name, option["color"].as_str(), ids),
        });
    }
    Ok(kept)
}

/// Refuses a name that no option may have.
pub(super) fn option_name(path: &str, name: &str) -> Result<(), Refused> {
    if name.contains(',') {
        return Err(Refused::invalid(format!("Invalid select option, commas not allowed: {name}")));
    }
    let length = super::text::utf16(name);
    if name.is_empty() {
        return Err(Refused::body(&format!("{path}.length"), "≥ `1`", "0"));
    }
    if length > 100 {
        return Err(Refused::too_long(path, 100, length));
    }
    Ok(())
}

/// One more option, as the schema holds it.
pub(super) fn new_option(name: &str, color: Option<&str>, ids: &mut Ids) -> Json {
    let chosen = ids.color();
    json!({ "id": ids.uuid(), "name": name, "color": color.unwrap_or(chosen), "description": null })
}

/// Status options and their three groups. Without options Notion makes its own three.
fn status(path: &str, given: &Json, before: Option<&Json>, ids: &mut Ids) -> Result<Json, Refused> {
    let first: Json;
    let asked = match (given.get("options"), before) {
        (None, Some(before)) => return Ok(before.clone()),
        (Some(asked), _) => asked,
        (None, None) => {
            first = json!([
                { "name": "Not started", "color": "default", "group": "To-do" },
                { "name": "In progress", "color": "blue", "group": "In progress" },
                { "name": "Done", "color": "green", "group": "Complete" },
            ]);
            &first
        }
    };
    let kept = options(&format!("{path}.status"), Some(asked), before, ids)?;
    let in_group_before = |id: &Json, group: &str| {
        before.and_then(|b| b["groups"].as_array()).is_some_and(|groups| {
            groups.iter().any(|g| g["name"] == group && g["option_ids"].as_array().is_some_and(|o| o.contains(id)))
        })
    };
    let mut groups: Vec<(&str, &str, Vec<Json>)> =
        vec![("To-do", "gray", Vec::new()), ("In progress", "blue", Vec::new()), ("Complete", "green", Vec::new())];
    for (i, option) in kept.iter().enumerate() {
        let wish = asked[i]["group"].as_str();
        let at = groups
            .iter()
            .position(|(name, _, _)| wish.map_or_else(|| in_group_before(&option["id"], name), |w| w == *name))
            .unwrap_or(0);
        if let Some((_, _, members)) = groups.get_mut(at) {
            members.push(option["id"].clone());
        }
    }
    let groups: Vec<Json> = groups
        .into_iter()
        .enumerate()
        .map(|(i, (name, color, members))| {
            let known = before.map(|b| b["groups"][i]["id"].clone()).filter(Json::is_string);
            json!({ "id": known.unwrap_or_else(|| json!(ids.uuid())), "name": name, "color": color, "option_ids": members })
        })
        .collect();
    Ok(json!({ "options": kept, "groups": groups }))
}

/// The option that a status has when nobody chose one: the first of the first group that has any.
pub(super) fn default_status(config: &Json) -> Json {
    let first = config["groups"].as_array().into_iter().flatten().find_map(|group| group["option_ids"].get(0));
    let option = config["options"].as_array().into_iter().flatten().find(|option| Some(&option["id"]) == first);
    option.map_or(Json::Null, chosen)
}

/// An option as a page shows it.
pub(super) fn chosen(option: &Json) -> Json {
    json!({ "id": option["id"], "name": option["name"], "color": option["color"] })
}

/// The one column that every page has.
pub(super) fn title_column(name: &str) -> Property {
    Property { id: "title".into(), name: name.into(), description: None, kind: "title".into(), config: json!({}) }
}
