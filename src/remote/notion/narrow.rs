//! The pair's own filter: what Notion would say to it, checked against the data source, and put beside what a query asks
//! by itself within the two levels of groups that Notion takes. Pure.

use serde_json::{Map, Value as Json, json};

use super::schema::{Column, Columns};
use super::{WRITE_LIMIT, invalid};
use crate::model::{Entity, FieldName};
use crate::remote::RemoteError;

const TEXT: &[&str] = &[
    "equals",
    "does_not_equal",
    "contains",
    "does_not_contain",
    "starts_with",
    "ends_with",
    "is_empty",
    "is_not_empty",
];
const NUMBER: &[&str] = &[
    "equals",
    "does_not_equal",
    "greater_than",
    "less_than",
    "greater_than_or_equal_to",
    "less_than_or_equal_to",
    "is_empty",
    "is_not_empty",
];
const EQUAL: &[&str] = &["equals", "does_not_equal"];
const CHOICE: &[&str] = &["equals", "does_not_equal", "is_empty", "is_not_empty"];
const MEMBER: &[&str] = &["contains", "does_not_contain", "is_empty", "is_not_empty"];
const TIME: &[&str] = &[
    "equals",
    "before",
    "after",
    "on_or_before",
    "on_or_after",
    "this_week",
    "past_week",
    "past_month",
    "past_year",
    "next_week",
    "next_month",
    "next_year",
    "is_empty",
    "is_not_empty",
];

/// What can be asked of a property of this type; empty for a type that cannot be filtered by.
fn conditions(kind: &str) -> &'static [&'static str] {
    match kind {
        "title" | "rich_text" | "url" | "email" | "phone_number" => TEXT,
        "number" | "unique_id" => NUMBER,
        "checkbox" => EQUAL,
        "select" | "status" => CHOICE,
        "multi_select" | "people" | "relation" | "created_by" | "last_edited_by" => MEMBER,
        "date" | "created_time" | "last_edited_time" => TIME,
        "files" => &["is_empty", "is_not_empty"],
        "formula" => &["string", "checkbox", "number", "date"],
        "rollup" => &["any", "none", "every", "number", "date"],
        "verification" => &["status", "does_not_equal"],
        _ => &[],
    }
}

/// The pair's filter with properties by their present names.
///
/// # Errors
/// Invalid, with what Notion would not take: another form, a property that is not there or of another type, an unknown
/// condition, groups three deep.
pub fn resolved(filter: &Json, columns: &Columns) -> Result<Json, RemoteError> {
    group(filter, columns, 0)
}

fn group(filter: &Json, columns: &Columns, depth: usize) -> Result<Json, RemoteError> {
    let fields = filter.as_object().ok_or_else(|| refuse("each of its conditions is a table"))?;
    for joint in ["and", "or"] {
        let Some(members) = fields.get(joint) else { continue };
        if fields.len() != 1 {
            return Err(refuse(&format!("beside `{joint}` stands something else")));
        }
        if depth == 2 {
            return Err(refuse("its groups are three deep, and Notion takes two"));
        }
        let members = members.as_array().ok_or_else(|| refuse(&format!("`{joint}` is a list of conditions")))?;
        if members.is_empty() || members.len() > WRITE_LIMIT {
            return Err(refuse(&format!("`{joint}` has {} conditions; it takes 1 to {WRITE_LIMIT}", members.len())));
        }
        let members = members.iter().map(|member| group(member, columns, depth + 1));
        return Ok(json!({(joint): members.collect::<Result<Vec<_>, _>>()?}));
    }
    leaf(fields, columns)
}

fn leaf(fields: &Map<String, Json>, columns: &Columns) -> Result<Json, RemoteError> {
    if let Some(which) = fields.get("timestamp") {
        let which = which.as_str().filter(|which| matches!(*which, "created_time" | "last_edited_time"));
        let which = which.ok_or_else(|| refuse("`timestamp` is `created_time` or `last_edited_time`"))?;
        condition(fields, which, "timestamp", which)?;
        return Ok(Json::Object(fields.clone()));
    }
    let name = fields.get("property").and_then(Json::as_str);
    let name = name.ok_or_else(|| refuse("a condition has neither `property`, `timestamp`, `and` nor `or`"))?;
    let column = by_name_or_id(columns, name).ok_or_else(|| {
        refuse(&format!("the data source has no property {name:?}; name it as it is called now, or by id"))
    })?;
    condition(fields, &column.kind, "property", name)?;
    let mut fields = fields.clone();
    fields.insert("property".into(), json!(column.name));
    Ok(Json::Object(fields))
}

fn condition(fields: &Map<String, Json>, kind: &str, by: &str, name: &str) -> Result<(), RemoteError> {
    let known = conditions(kind);
    if known.is_empty() {
        return Err(refuse(&format!("{name} is of type {kind:?}, which Notion does not filter by")));
    }
    if let Some(stray) = fields.keys().find(|key| ![kind, by, "type"].contains(&key.as_str())) {
        return Err(refuse(&format!("{name} is of type {kind:?}, and the condition says `{stray}`")));
    }
    let asked = fields.get(kind).and_then(Json::as_object).filter(|asked| asked.len() == 1);
    let Some(operator) = asked.and_then(|asked| asked.keys().next()) else {
        return Err(refuse(&format!("{name} wants one condition, `{kind} = {{ … }}`")));
    };
    if !known.contains(&operator.as_str()) {
        return Err(refuse(&format!("{name} ({kind}) knows no `{operator}`; it knows {}", known.join(", "))));
    }
    Ok(())
}

fn by_name_or_id<'a>(columns: &'a Columns, name: &str) -> Option<&'a Column> {
    let id = super::schema::decoded(name);
    columns.resolve(&FieldName::from(name)).or_else(|| columns.iter().map(|(_, it)| it).find(|it| it.key() == id))
}

/// A filter and further conditions, all of which must hold. Notion takes two levels of groups, and a filter may have used
/// both: then the conditions go into its innermost groups.
pub fn all_of(filter: Json, more: &[Json]) -> Json {
    let group = |filter: &Json, joint: &str| filter.get(joint).and_then(Json::as_array).cloned();
    let with = |mut members: Vec<Json>| {
        members.extend(more.iter().cloned());
        json!({"and": members})
    };
    if more.is_empty() {
        return filter;
    }
    if let Some(members) = group(&filter, "and") {
        return with(members);
    }
    let Some(members) = group(&filter, "or") else { return with(vec![filter]) };
    if members.iter().all(|member| member.get("and").is_none() && member.get("or").is_none()) {
        return with(vec![filter]);
    }
    let mut ways = Vec::new();
    for member in members {
        match (group(&member, "and"), group(&member, "or")) {
            (Some(inner), _) => ways.push(with(inner)),
            (_, Some(inner)) => ways.extend(inner.into_iter().map(|leaf| with(vec![leaf]))),
            _ => ways.push(with(vec![member])),
        }
    }
    json!({"or": ways})
}

/// Puts the pair's filter beside whatever a query asks for.
///
/// # Errors
/// As [`resolved`].
pub fn within(entity: &Entity, columns: &Columns, body: &mut Json) -> Result<(), RemoteError> {
    let Some(filter) = &entity.filter else { return Ok(()) };
    let asked: Vec<Json> = match body.get("filter") {
        None => Vec::new(),
        Some(asked) => match asked.get("and").and_then(Json::as_array) {
            Some(members) => members.clone(),
            None => vec![asked.clone()],
        },
    };
    body["filter"] = all_of(resolved(filter, columns)?, &asked);
    Ok(())
}

/// For each condition, by its property's name: it and its contrary together, which no page passes.
pub fn contradictions(filter: &Json) -> Vec<(String, Json)> {
    let members = ["and", "or"].into_iter().find_map(|joint| filter.get(joint)?.as_array());
    if let Some(members) = members {
        return members.iter().flat_map(contradictions).collect();
    }
    let Some(fields) = filter.as_object() else { return Vec::new() };
    let (by, name) = match (filter["property"].as_str(), filter["timestamp"].as_str()) {
        (Some(name), _) => ("property", name),
        (_, Some(name)) => ("timestamp", name),
        _ => return Vec::new(),
    };
    let kind = fields.keys().find(|key| ![by, "type"].contains(&key.as_str()));
    let Some((kind, asked)) = kind.and_then(|kind| Some((kind, fields[kind].as_object()?))) else { return Vec::new() };
    let opposite = asked.iter().next().and_then(|(operator, value)| contrary(operator, value));
    let opposite = opposite.map(|(operator, value)| json!({(by): name, (kind): {(operator): value}}));
    opposite.map(|opposite| (name.to_owned(), json!({"and": [filter, opposite]}))).into_iter().collect()
}

/// What holds only where the condition does not. A page without a value passes neither.
fn contrary(operator: &str, value: &Json) -> Option<(&'static str, Json)> {
    const CONTRARIES: [(&str, &str); 6] = [
        ("equals", "does_not_equal"),
        ("contains", "does_not_contain"),
        ("greater_than", "less_than_or_equal_to"),
        ("less_than", "greater_than_or_equal_to"),
        ("before", "on_or_after"),
        ("after", "on_or_before"),
    ];
    match operator {
        "is_empty" => return Some(("is_not_empty", json!(true))),
        "is_not_empty" | "starts_with" | "ends_with" => return Some(("is_empty", json!(true))),
        _ => {}
    }
    CONTRARIES.into_iter().find_map(|(one, other)| match operator {
        it if it == one => Some((other, value.clone())),
        it if it == other => Some((one, value.clone())),
        _ => None,
    })
}

fn refuse(what: &str) -> RemoteError {
    invalid(format!("the pair's `notion_filter` cannot be used: {what}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{all_of, resolved};
    use crate::remote::notion::schema::Columns;

    fn columns() -> Columns {
        let source = json!({"object": "data_source", "id": "d", "title": [], "properties": {
            "Kind": {"id": "k%3A", "type": "select", "select": {}},
            "Done": {"id": "b", "type": "checkbox", "checkbox": {}},
            "Go": {"id": "g", "type": "button", "button": {}},
        }});
        Columns::read(&serde_json::from_value(source).unwrap()).unwrap()
    }

    fn kind(name: &str) -> Json {
        json!({"property": "Kind", "select": {"equals": name}})
    }

    fn depth(filter: &Json) -> usize {
        let members = filter.get("and").or(filter.get("or")).and_then(Json::as_array);
        members.map_or(0, |members| 1 + members.iter().map(depth).max().unwrap_or(0))
    }

    #[test]
    fn a_filter_and_a_stamp_stay_within_two_levels_whatever_the_filter_is() {
        let stamp = json!({"timestamp": "created_time", "created_time": {"on_or_after": "2026-01-01"}});
        let (a, b, c) = (kind("a"), kind("b"), kind("c"));
        let cases = [
            (a.clone(), json!({"and": [a, stamp]})),
            (json!({"and": [a, b]}), json!({"and": [a, b, stamp]})),
            (json!({"and": [a, {"or": [b, c]}]}), json!({"and": [a, {"or": [b, c]}, stamp]})),
            (json!({"or": [a, b]}), json!({"and": [{"or": [a, b]}, stamp]})),
            (
                json!({"or": [a, {"and": [b, c]}, {"or": [b, c]}]}),
                json!({"or": [{"and": [a, stamp]}, {"and": [b, c, stamp]}, {"and": [b, stamp]}, {"and": [c, stamp]}]}),
            ),
        ];
        for (filter, both) in cases {
            let made = all_of(filter, std::slice::from_ref(&stamp));
            assert!(depth(&made) <= 2, "{made}");
            assert_eq!(made, both);
        }
    }

    #[test]
    fn each_condition_has_a_contrary_that_notion_would_take_too() {
        let filter = json!({"or": [kind("a"), {"and": [{"property": "Done", "checkbox": {"equals": true}}]},
            {"timestamp": "created_time", "created_time": {"after": "2026-01-01"}},
            {"property": "Kind", "select": {"is_empty": true}}]});
        let found = super::contradictions(&filter);
        assert_eq!(
            found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["Kind", "Done", "created_time", "Kind"]
        );
        for (_, both) in &found {
            assert!(resolved(both, &columns()).is_ok(), "{both}");
        }
        assert_eq!(found[0].1["and"][1], json!({"property": "Kind", "select": {"does_not_equal": "a"}}));
        assert_eq!(found[2].1["and"][1]["created_time"], json!({"on_or_before": "2026-01-01"}));
    }

    #[test]
    fn a_filter_names_properties_by_name_or_id_and_only_what_notion_would_take() {
        let by_id = json!({"property": "k%3A", "select": {"equals": "Client"}});
        assert_eq!(resolved(&by_id, &columns()).unwrap(), kind("Client"));
        assert!(resolved(&json!({"or": [kind("a"), {"and": [kind("b")]}]}), &columns()).is_ok());
        for (filter, says) in [
            (json!({"property": "Knd", "select": {"equals": "a"}}), "no property \"Knd\""),
            (json!({"property": "Kind", "status": {"equals": "a"}}), "says `status`"),
            (json!({"property": "Kind", "select": {"contains": "a"}}), "knows no `contains`"),
            (json!({"property": "Done", "checkbox": {}}), "wants one condition"),
            (json!({"property": "Go", "button": {"is_empty": true}}), "does not filter by"),
            (json!({"and": [{"or": [{"and": [kind("a")]}]}]}), "three deep"),
            (json!({"and": [kind("a")], "or": []}), "something else"),
            (json!("Kind"), "is a table"),
            (json!({}), "neither"),
        ] {
            let refused = resolved(&filter, &columns()).unwrap_err().message;
            assert!(refused.contains(says), "{filter}: {refused}");
        }
    }
}
