//! `crm.deal.*`, `crm.contact.*`, `crm.company.*`, `crm.lead.*`: upper-case names, every scalar a string.

use serde_json::{Map, Value as Json, json};

use super::Call;
use super::answer::{Answer, ApiError};
use super::comms;
use super::draft::{Door, draft};
use super::filter::{self, Names};
use super::input::Input;
use super::schema::{Entity, Field, Kind};
use super::world::{Item, World};

/// Answers one of the methods.
pub(super) fn call(call: &mut Call<'_>, entity: Entity, verb: &str, params: &Input) -> Result<Answer, ApiError> {
    match verb {
        "fields" => Ok(fields(call.world, entity)),
        "list" => list(call, entity, params),
        "get" => {
            let item = find(call.world, entity, params)?;
            Ok(Answer::of(whole(call.world, entity, &item)))
        }
        "add" => {
            let sent = sent(call.world, entity, params)?;
            let made = draft(call.world, Door::Legacy, entity, None, &sent, None)?;
            Ok(Answer::of(json!(call.world.create(call.now, &call.who, entity, made.draft))))
        }
        "update" => {
            let item = find(call.world, entity, params)?;
            let sent = sent(call.world, entity, params)?;
            let made = draft(call.world, Door::Legacy, entity, Some(&item), &sent, None)?;
            // Unlike crm.item.update, the older methods save whatever they are given, changed or not.
            call.world.save(call.now, &call.who, entity, item.id, made.draft, made.any);
            Ok(Answer::of(json!(true)))
        }
        "delete" => {
            let item = find(call.world, entity, params)?;
            call.world.remove(call.now, &call.who, entity, item.id);
            Ok(Answer::of(json!(true)))
        }
        "userfield.list" => Ok(user_fields(call.world, entity, params)),
        _ => Err(ApiError::no_method()),
    }
}

/// The object that `id` names, or the old methods' two ways of saying no.
pub(super) fn find(world: &World, entity: Entity, params: &Input) -> Result<Item, ApiError> {
    let id = params.get_any(&["id", "ID"]).and_then(Input::id);
    let id = id.ok_or_else(|| ApiError::bad("", "ID is not defined or invalid."))?;
    world.item(entity, id).cloned().ok_or_else(|| ApiError::bad("", "Not found"))
}

fn fields(world: &World, entity: Entity) -> Answer {
    let all = world.fields(entity).iter().map(|field| (field.name.clone(), field.describe(false)));
    Answer::of(Json::Object(all.collect()))
}

fn sent<'a>(world: &World, entity: Entity, params: &'a Input) -> Result<Vec<(Field, &'a Input)>, ApiError> {
    let sent = params.get_any(&["fields", "FIELDS"]).filter(|fields| fields.is_map());
    let sent = sent.ok_or_else(|| ApiError::bad("", "Parameter 'fields' must be array."))?;
    let known = |(key, value): &'a (String, Input)| world.field(entity, key).map(|field| (field.clone(), value));
    Ok(sent.entries().iter().filter_map(known).collect())
}

fn list(call: &Call<'_>, entity: Entity, params: &Input) -> Result<Answer, ApiError> {
    let world = &*call.world;
    let find = |key: &str| world.field(entity, key).filter(|f| !matches!(f.kind, Kind::Contacts | Kind::Companies));
    let page = filter::list(world, entity, call.now, params, &Names { find: &find, strict: false })?;
    let select = params.get_any(&["select", "SELECT"]).map(Input::texts).unwrap_or_default();
    let has = |name: &str| select.iter().any(|s| s == name);
    let system = select.is_empty() || has("*");
    let chosen = |field: &&Field| match field.kind {
        // Write-only: no list of an old method gives a deal's contacts.
        Kind::Contacts | Kind::Companies => false,
        Kind::Comm => has(&field.name),
        _ if field.is_user_field() => has("UF_*") || has(&field.name),
        _ => system || field.name == "ID" || has(&field.name),
    };
    let fields: Vec<&Field> = world.fields(entity).iter().filter(chosen).collect();
    let rows: Vec<Json> = page.rows.into_iter().map(|item| render(world, item, &fields)).collect();
    Ok(Answer { result: Json::Array(rows), total: Some(page.total), next: page.next })
}

fn whole(world: &World, entity: Entity, item: &Item) -> Json {
    let fields: Vec<&Field> =
        world.fields(entity).iter().filter(|f| !matches!(f.kind, Kind::Contacts | Kind::Companies)).collect();
    render(world, item, &fields)
}

fn render(world: &World, item: &Item, fields: &[&Field]) -> Json {
    let mut out = Map::new();
    for field in fields {
        let value = match field.kind {
            Kind::Comm => comms::legacy_json(item, &field.name),
            _ => Some(value(world, item, field)),
        };
        out.extend(value.map(|value| (field.name.clone(), value)));
    }
    Json::Object(out)
}

fn value(world: &World, item: &Item, field: &Field) -> Json {
    let plain = world.plain(item, field);
    let first = match &plain {
        Json::Array(list) => list.first().and_then(Json::as_str),
        Json::String(text) => Some(text.as_str()),
        _ => None,
    };
    match field.kind {
        Kind::Enumeration if field.multiple => match plain {
            Json::Array(_) => plain,
            // Empty is false here, not a list.
            _ => json!(false),
        },
        Kind::Employee | Kind::Link(_) | Kind::Status(_) | Kind::Text if field.is_user_field() && field.multiple => {
            if plain.is_null() {
                json!(false)
            } else {
                plain
            }
        }
        Kind::Other(_) => plain,
        Kind::Company => json!(first.unwrap_or("0")),
        Kind::Double if !field.is_user_field() => json!(cents(first.unwrap_or("0"))),
        Kind::Boolean => json!(if first == Some("Y") { "1" } else { "0" }),
        Kind::Flag => json!(first.unwrap_or("N")),
        Kind::Date => json!(first.and_then(|day| world.clock.show_day(day))),
        Kind::Text if field.name == "COMMENTS" => json!(first.unwrap_or_default()),
        _ => json!(first),
    }
}

/// `1000` → `1000.00`.
fn cents(amount: &str) -> String {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    format!("{whole}.{part:0<2}")
}

fn user_fields(world: &World, entity: Entity, params: &Input) -> Answer {
    let nothing = Input::empty();
    let filter = params.get_any(&["filter", "FILTER"]).unwrap_or(&nothing);
    let labels = filter.get("LANG").is_some();
    let wanted = |key: &str, has: &str| filter.get(key).is_none_or(|input| input.texts().iter().any(|t| t == has));
    let rows: Vec<Json> = world
        .fields(entity)
        .iter()
        .filter(|f| f.is_user_field())
        .map(|f| f.user_field_row(entity, labels))
        .filter(|row| {
            ["ID", "FIELD_NAME", "USER_TYPE_ID", "MULTIPLE"]
                .iter()
                .all(|key| wanted(key, row[*key].as_str().unwrap_or_default()))
        })
        .collect();
    let total = rows.len() as u64;
    Answer { result: json!(rows), total: Some(total), next: None }
}
