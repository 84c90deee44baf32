//! `tasks.task.*`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::door::plain;
use super::{FIELDS, Of, Task, field};
use crate::standin::bitrix24::Call;
use crate::standin::bitrix24::answer::{Answer, ApiError};
use crate::standin::bitrix24::filter::page;
use crate::standin::bitrix24::input::Input;
use crate::standin::bitrix24::world::World;

/// The methods there are.
pub(in crate::standin::bitrix24) fn methods() -> [String; 6] {
    ["add", "delete", "get", "getFields", "list", "update"].map(|verb| format!("tasks.task.{verb}"))
}

/// Answers one of them.
pub(in crate::standin::bitrix24) fn call(call: &mut Call<'_>, verb: &str, params: &Input) -> Result<Answer, ApiError> {
    match verb {
        "getfields" => Ok(Answer::of(json!({"fields": fields()}))),
        "list" => list(call.world, params),
        "get" => {
            let select = selected(params)?;
            let Some(task) = known(call.world, params)? else { return Ok(Answer::of(json!([]))) };
            Ok(Answer::of(json!({"task": shown(call.world, task, select.as_deref())})))
        }
        "add" => {
            let mut values = written(call.world, given(params)?)?;
            let spoken = |values: &BTreeMap<String, Json>, name: &str| values.get(name).is_some_and(|it| !it.is_null());
            if !spoken(&values, "TITLE") {
                return Err(core("Task title not specified"));
            }
            if !spoken(&values, "RESPONSIBLE_ID") {
                return Err(core("Assignee not specified"));
            }
            values.retain(|_, value| !value.is_null());
            let id = call.world.create_task(call.now, &call.who, values);
            answer(call.world, id)
        }
        "update" => {
            let id = known(call.world, params)?.map(|task| task.id).ok_or_else(not_allowed)?;
            let values = written(call.world, given(params)?)?;
            for (name, text) in [("TITLE", "Task title not specified"), ("RESPONSIBLE_ID", "Assignee not specified")] {
                if values.get(name).is_some_and(Json::is_null) {
                    return Err(core(text));
                }
            }
            call.world.save_task(call.now, &call.who, id, values, true);
            answer(call.world, id)
        }
        "delete" => {
            let id = known(call.world, params)?.map(|task| task.id).ok_or_else(not_allowed)?;
            call.world.remove_task(call.now, &call.who, id);
            Ok(Answer::of(json!({"task": true})))
        }
        _ => Err(ApiError::no_method()),
    }
}

fn core(text: &str) -> ApiError {
    ApiError::bad("ERROR_CORE", format!("{text}<br>"))
}

fn not_allowed() -> ApiError {
    ApiError::bad("0", "Action on the task is not allowed (internal error)")
}

fn given(params: &Input) -> Result<&Input, ApiError> {
    let fields = params.get("fields").filter(|fields| !fields.entries().is_empty());
    fields.ok_or_else(|| ApiError::bad("100", "Could not find value for parameter {fields} (internal error)"))
}

/// The task that is meant; none where there is none.
fn known<'a>(world: &'a World, params: &Input) -> Result<Option<&'a Task>, ApiError> {
    let id = params.get("taskId").ok_or_else(|| {
        let text = "CTaskItem All parameters in the constructor must have real class type (internal error)";
        ApiError::bad("100", text)
    })?;
    let id = id.id().ok_or_else(|| ApiError::bad("0", "wrong task id"))?;
    Ok(world.tasks.all.get(&id))
}

/// What a write gives, as plain values; names that nobody knows, and what the portal keeps by itself, are passed over.
fn written(world: &World, fields: &Input) -> Result<BTreeMap<String, Json>, ApiError> {
    let mut values = BTreeMap::new();
    let planned = ["START_DATE_PLAN", "END_DATE_PLAN"].map(|name| fields.get(name).is_some());
    for (name, value) in fields.entries() {
        let Some(of) = field(name).filter(|of| *of != Of::Own) else { continue };
        // The two are taken together or not at all.
        if name.ends_with("_DATE_PLAN") && planned != [true, true] {
            continue;
        }
        let value = plain(world, of, &value.json()).map_err(|why| match (name.as_str(), of) {
            ("STATUS", _) => core("Invalid status"),
            (_, Of::User) => core("User specified in the \"Assignee\" field not found"),
            _ => core(&why),
        })?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

fn answer(world: &World, id: u64) -> Result<Answer, ApiError> {
    let task = world.tasks.all.get(&id).ok_or_else(not_allowed)?;
    Ok(Answer::of(json!({"task": shown(world, task, None)})))
}

/// The names to be shown, upper-case; none for what is stored in the record itself.
fn selected(params: &Input) -> Result<Option<Vec<String>>, ApiError> {
    let Some(select) = params.get("select") else { return Ok(None) };
    if !select.is_map() || select.entries().is_empty() {
        let text = "Invalid value {} to match with parameter {select}. Should be value of type array. (internal error)";
        return Err(ApiError::bad("100", text));
    }
    let names = select.texts();
    Ok((!names.iter().any(|name| name == "*")).then_some(names))
}

/// A task as it comes back. The bindings are no part of the record: they come to whoever names them.
fn shown(world: &World, task: &Task, select: Option<&[String]>) -> Json {
    let named = |name: &str| match select {
        Some(select) => name == "ID" || select.iter().any(|wanted| wanted == name),
        None => !name.starts_with("UF_"),
    };
    let mut out = Map::new();
    for (name, _, _, of) in FIELDS.iter().filter(|(name, ..)| named(name)) {
        let value = match (task.plain(name, world.clock), of) {
            (Json::Null, Of::Users) => json!([]),
            (Json::Null, Of::Bindings) => json!(false),
            (Json::Null, Of::Text) if *name != "XML_ID" => json!(""),
            (value, _) => value,
        };
        out.insert(camel(name), value);
    }
    if named("DESCRIPTION") {
        out.insert("descriptionInBbcode".into(), json!("Y"));
    }
    if named("RESPONSIBLE_ID") {
        let id = task.text("RESPONSIBLE_ID");
        let name = world.people.iter().find(|person| person.id.to_string() == id).map(|person| person.name.clone());
        out.insert("responsible".into(), json!({"id": id, "name": name, "link": "", "icon": "", "workPosition": ""}));
    }
    out.insert("group".into(), json!([]));
    Json::Object(out)
}

/// `CHANGED_DATE` is `changedDate`, `UF_CRM_TASK` is `ufCrmTask`.
fn camel(name: &str) -> String {
    let mut out = String::new();
    for (index, word) in name.split('_').enumerate() {
        let (first, rest) = word.split_at(word.len().min(1));
        out.push_str(&if index == 0 { first.to_lowercase() } else { first.to_owned() });
        out.push_str(&rest.to_lowercase());
    }
    out
}

fn fields() -> Json {
    let described = FIELDS.iter().map(|(name, title, wire, of)| {
        let title = if title.is_empty() { Json::Null } else { json!(title) };
        let mut entry = json!({"title": title, "type": wire});
        if let Of::Choice(options) = of {
            let values = options.iter().map(|(value, label)| ((*value).to_owned(), json!(label)));
            entry["values"] = Json::Object(values.collect());
        }
        if matches!(*name, "TITLE" | "CREATED_BY" | "RESPONSIBLE_ID") {
            entry["required"] = json!(true);
        }
        ((*name).to_owned(), entry)
    });
    Json::Object(described.collect())
}

/// What a column is compared by.
#[derive(PartialEq, PartialOrd)]
enum Key {
    Number(i64),
    Moment(Timestamp),
    Text(String),
}

fn keys(world: &World, task: &Task, name: &str) -> Vec<Key> {
    match name {
        "CREATED_DATE" => vec![Key::Moment(task.created)],
        "CHANGED_DATE" => vec![Key::Moment(task.changed)],
        _ => match task.plain(name, world.clock) {
            Json::String(text) => key(world, name, &text).into_iter().collect(),
            Json::Array(list) => {
                list.iter().filter_map(Json::as_str).filter_map(|text| key(world, name, text)).collect()
            }
            _ => Vec::new(),
        },
    }
}

fn key(world: &World, name: &str, text: &str) -> Option<Key> {
    match name {
        "CREATED_DATE" | "CHANGED_DATE" | "CLOSED_DATE" | "DEADLINE" | "START_DATE_PLAN" | "END_DATE_PLAN" => {
            world.clock.read(text).map(Key::Moment)
        }
        "TITLE" | "UF_CRM_TASK" | "MARK" => Some(Key::Text(text.to_lowercase())),
        _ => text.trim().parse().ok().map(Key::Number),
    }
}

/// The columns that a filter may name, by the name that the record has.
fn column(name: &str) -> Option<&str> {
    Some(match name {
        "REAL_STATUS" | "STATUS" => "STATUS",
        "ACCOMPLICE" => "ACCOMPLICES",
        "AUDITOR" => "AUDITORS",
        "ID" | "TITLE" | "PRIORITY" | "MARK" | "GROUP_ID" | "CREATED_BY" | "RESPONSIBLE_ID" | "STAGE_ID"
        | "CREATED_DATE" | "CHANGED_DATE" | "CLOSED_DATE" | "DEADLINE" | "UF_CRM_TASK" => name,
        _ => return None,
    })
}

fn list(world: &World, params: &Input) -> Result<Answer, ApiError> {
    let select = selected(params)?;
    let nothing = Input::empty();
    let filter = params.get_any(&["filter", "FILTER"]).unwrap_or(&nothing);
    let passes = |task: &Task| filter.entries().iter().all(|(key, wanted)| fits(world, task, key, wanted));
    let mut found: Vec<&Task> = world.tasks.all.values().filter(|task| passes(task)).collect();
    let order = params.get_any(&["order", "ORDER"]).unwrap_or(&nothing);
    let by = order.entries().first().and_then(|(name, way)| Some((column(name)?, way.text().unwrap_or_default())));
    let (by, down) = by.map_or(("ID", true), |(name, way)| (name, way.eq_ignore_ascii_case("desc")));
    // Rows of one second lie in no order to rely on: the newest first here.
    found.sort_by_key(|task| std::cmp::Reverse(task.id));
    found.sort_by(|a, b| {
        let first = |task: &Task| keys(world, task, by).into_iter().next();
        let found = first(a).partial_cmp(&first(b)).unwrap_or(std::cmp::Ordering::Equal);
        if down { found.reverse() } else { found }
    });
    let page = page(found, params);
    let rows: Vec<Json> = page.rows.into_iter().map(|task| shown(world, task, select.as_deref())).collect();
    Ok(Answer { result: json!({"tasks": rows}), total: Some(page.total), next: page.next })
}

fn fits(world: &World, task: &Task, filter: &str, wanted: &Input) -> bool {
    let ops = [">=", "<=", "!", ">", "<"];
    let (op, name) = ops.iter().find_map(|op| Some((*op, filter.strip_prefix(op)?))).unwrap_or(("", filter));
    // A name that cannot be filtered by is passed over.
    let Some(name) = column(name) else { return true };
    let held = keys(world, task, name);
    let bounds: Vec<Key> = wanted.texts().iter().filter_map(|text| key(world, name, text)).collect();
    // A title is looked for by a pattern.
    let like = |held: &Key, bound: &Key| match (name, held, bound) {
        ("TITLE", Key::Text(held), Key::Text(bound)) if bound.contains('%') => {
            bound.split('%').all(|part| held.contains(part))
        }
        _ => held == bound,
    };
    let any = |test: &dyn Fn(&Key, &Key) -> bool| held.iter().any(|held| bounds.iter().any(|bound| test(held, bound)));
    match op {
        ">=" => any(&|held, bound| held >= bound),
        "<=" => any(&|held, bound| held <= bound),
        ">" => any(&|held, bound| held > bound),
        "<" => any(&|held, bound| held < bound),
        "!" => !any(&like),
        _ => any(&like),
    }
}
