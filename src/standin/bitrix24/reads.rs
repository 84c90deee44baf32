//! Dictionaries and people: everything that is only read.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::Call;
use super::answer::{Answer, ApiError, php_array};
use super::dictionary::{CURRENCIES, Person, STATUSES};
use super::filter::page;
use super::input::Input;
use super::schema::Entity;
use super::world::{Comm, World};

/// Every method there is, but `batch`, in the order of the alphabet.
pub(super) fn methods() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for verb in ["fields", "list", "get", "add", "update", "delete"] {
        all.extend(["item", "deal", "contact", "company"].map(|family| format!("crm.{family}.{verb}")));
    }
    all.extend(["deal", "contact", "company"].map(|family| format!("crm.{family}.userfield.list")));
    all.extend(["items.get", "items.set", "items.delete", "add", "delete"].map(|v| format!("crm.deal.contact.{v}")));
    let others = [
        "app.info",
        "batch",
        "crm.category.list",
        "crm.currency.list",
        "crm.duplicate.findbycomm",
        "crm.status.list",
        "event.bind",
        "event.get",
        "event.offline.clear",
        "event.offline.error",
        "event.offline.get",
        "event.offline.list",
        "event.unbind",
        "events",
        "feature.get",
        "methods",
        "profile",
        "scope",
        "server.time",
        "user.current",
        "user.get",
    ];
    all.extend(others.map(str::to_owned));
    all.extend(super::tasks::methods());
    all.sort();
    all
}

/// Answers one of the methods.
pub(super) fn call(call: &mut Call<'_>, method: &str, params: &Input) -> Result<Answer, ApiError> {
    let world = &*call.world;
    let me = world.people.iter().find(|person| person.id == call.who.user);
    Ok(match method {
        "crm.category.list" => return categories(world, params),
        "crm.status.list" => statuses(world, params),
        "crm.currency.list" => currencies(),
        "crm.duplicate.findbycomm" => return duplicates(world, params),
        "user.get" => users(world, params),
        "user.current" => Answer::of(me.map_or(Json::Null, user)),
        "profile" => {
            let (first, last) = me.map_or(("", ""), names);
            Answer::of(json!({
                "ID": call.who.user.to_string(), "ADMIN": true, "NAME": first, "LAST_NAME": last,
                "PERSONAL_GENDER": "", "TIME_ZONE": "",
            }))
        }
        "server.time" => Answer::of(json!(world.clock.show(call.now))),
        "scope" => Answer::of(json!(["crm", "task", "user"])),
        "methods" => Answer::of(json!(methods())),
        _ => return Err(ApiError::no_method()),
    })
}

fn categories(world: &World, params: &Input) -> Result<Answer, ApiError> {
    let id = params.get("entityTypeId").ok_or_else(|| ApiError::missing("entityTypeId"))?;
    let entity = id.int().and_then(Entity::from_type_id);
    let entity = entity.ok_or_else(|| ApiError::bad("ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported"))?;
    let row = |(index, id, name): (usize, u64, &str)| {
        json!({
            "id": id, "name": name, "sort": (index + 1) * 100, "entityTypeId": entity.type_id(),
            "isDefault": if id == 0 { "Y" } else { "N" }, "originId": "", "originatorId": "",
        })
    };
    let rows: Vec<Json> = if entity == Entity::Deal {
        world.pipelines.iter().enumerate().map(|(index, p)| row((index, p.id, &p.name))).collect()
    } else {
        vec![row((0, 0, "General"))]
    };
    let total = rows.len() as u64;
    Ok(Answer { result: json!({"categories": rows}), total: Some(total), next: None })
}

fn statuses(world: &World, params: &Input) -> Answer {
    let mut rows: Vec<Json> = Vec::new();
    let mut push = |of: &str, code: &str, name: &str, sort: usize, category: Json, semantics: Option<char>| {
        let mut row = json!({
            "ID": (rows.len() + 1).to_string(), "ENTITY_ID": of, "STATUS_ID": code, "NAME": name, "NAME_INIT": "",
            "SORT": (sort * 10).to_string(), "SYSTEM": "N", "CATEGORY_ID": category, "COLOR": "",
            "SEMANTICS": semantics.filter(|s| *s != 'P').map(String::from),
        });
        if let Some(semantics) = semantics {
            let word = match semantics {
                'S' => "success",
                'F' => "failure",
                _ => "process",
            };
            row["EXTRA"] = json!({"SEMANTICS": word, "COLOR": ""});
        }
        rows.push(row);
    };
    for (index, (of, code, name)) in STATUSES.iter().enumerate() {
        push(of, code, name, index + 1, Json::Null, None);
    }
    for pipeline in &world.pipelines {
        let default = pipeline.id == 0;
        let of = if default { "DEAL_STAGE".into() } else { format!("DEAL_STAGE_{}", pipeline.id) };
        let category = json!(pipeline.id.to_string());
        for (index, stage) in pipeline.stages.iter().enumerate() {
            push(&of, &stage.id, &stage.name, index + 1, category.clone(), Some(stage.semantics));
        }
    }
    let nothing = Input::empty();
    let filter = params.get_any(&["filter", "FILTER"]).unwrap_or(&nothing);
    let fits = |row: &Json| {
        ["ID", "ENTITY_ID", "STATUS_ID", "NAME"].iter().all(|key| {
            filter.get(key).is_none_or(|wanted| wanted.texts().iter().any(|t| Some(t.as_str()) == row[*key].as_str()))
        })
    };
    rows.retain(fits);
    let total = rows.len() as u64;
    Answer { result: json!(rows), total: Some(total), next: None }
}

/// Its `total` is zero whatever there is.
fn currencies() -> Answer {
    let row = |(index, (code, name, rate, base)): (usize, &(&str, &str, &str, &str))| {
        json!({
            "CURRENCY": code, "AMOUNT_CNT": "1", "AMOUNT": rate, "SORT": ((index + 1) * 100).to_string(),
            "BASE": base, "FULL_NAME": name, "LID": "en", "FORMAT_STRING": "#", "DEC_POINT": ".",
            "THOUSANDS_SEP": null, "DECIMALS": "2",
        })
    };
    let rows: Vec<Json> = CURRENCIES.iter().enumerate().map(row).collect();
    Answer { result: json!(rows), total: Some(0), next: None }
}

fn names(person: &Person) -> (&str, &str) {
    person.name.split_once(' ').unwrap_or((&person.name, ""))
}

fn user(person: &Person) -> Json {
    let (first, last) = names(person);
    json!({
        "ID": person.id.to_string(), "ACTIVE": person.active, "NAME": first, "LAST_NAME": last, "SECOND_NAME": null,
        "EMAIL": person.email, "UF_DEPARTMENT": [1], "USER_TYPE": "employee", "WORK_POSITION": null,
    })
}

fn users(world: &World, params: &Input) -> Answer {
    let nothing = Input::empty();
    // The filter may also lie at the top, as the first documentation had it.
    let nested = params.get_any(&["FILTER", "filter"]).unwrap_or(&nothing);
    let find = |key: &str| nested.get(key).or_else(|| params.get(key));
    let yes = |input: &Input| input.text().is_some_and(|t| matches!(t.as_str(), "1" | "Y" | "true"));
    let fits = |person: &&Person| {
        find("ID").is_none_or(|ids| ids.texts().contains(&person.id.to_string()))
            && find(">ID").and_then(Input::int).is_none_or(|above| i64::try_from(person.id).is_ok_and(|id| id > above))
            && find("ACTIVE").is_none_or(|active| yes(active) == person.active)
            && find("EMAIL").is_none_or(|mail| mail.texts().iter().any(|t| t.eq_ignore_ascii_case(&person.email)))
    };
    let mut ids: Vec<u64> = world.people.iter().filter(fits).map(|person| person.id).collect();
    ids.sort_unstable();
    let down =
        params.get_any(&["order", "ORDER"]).and_then(Input::text).is_some_and(|t| t.eq_ignore_ascii_case("desc"));
    if down {
        ids.reverse();
    }
    let page = page(ids, params);
    let rows = page.rows.iter().filter_map(|id| world.people.iter().find(|person| person.id == *id)).map(user);
    Answer { result: rows.collect(), total: Some(page.total), next: page.next }
}

/// Who has one of these phones or e-mails. Phones are compared by digits, e-mails without regard to case.
fn duplicates(world: &World, params: &Input) -> Result<Answer, ApiError> {
    let kind = params.get("type").and_then(Input::text).unwrap_or_default();
    if kind != "PHONE" && kind != "EMAIL" {
        return Err(ApiError::bad("", "Communication type is not supported in current context."));
    }
    let values = params.get("values").map(Input::texts).unwrap_or_default();
    if values.is_empty() || values.len() > 20 {
        return Err(ApiError::bad("", "Parameter 'values' must hold one to twenty values."));
    }
    let key = |value: &str| match kind.as_str() {
        "PHONE" => value.chars().filter(char::is_ascii_digit).collect(),
        _ => value.trim().to_lowercase(),
    };
    let wanted: BTreeSet<String> = values.iter().map(|value| key(value)).collect();
    let only = params.get("entity_type").and_then(Input::text);
    let mut found = Vec::new();
    for entity in [Entity::Contact, Entity::Company, Entity::Lead] {
        let name = entity.name().to_uppercase();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let has = |comm: &Comm| wanted.contains(&key(&comm.value));
        let ids: Vec<u64> = world.all(entity).filter(|i| i.comms_of(&kind).any(has)).map(|i| i.id).take(20).collect();
        let full = ids.len() == 20;
        if !ids.is_empty() {
            found.push((name, json!(ids)));
        }
        if full {
            break;
        }
    }
    Ok(Answer::of(php_array(found)))
}
