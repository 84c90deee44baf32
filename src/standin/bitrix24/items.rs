//! `crm.item.*`: camel-case names and typed JSON.

use serde_json::{Map, Value as Json, json};

use super::Call;
use super::answer::{Answer, ApiError};
use super::draft::{Door, draft};
use super::filter::{self, Names};
use super::input::Input;
use super::schema::{Entity, Field, Kind};
use super::world::{Item, World};

/// Answers one of the methods.
pub(super) fn call(call: &mut Call<'_>, verb: &str, params: &Input) -> Result<Answer, ApiError> {
    let type_id = params.get("entityTypeId").ok_or_else(|| ApiError::missing("entityTypeId"))?;
    let entity = type_id.int().and_then(Entity::from_type_id).ok_or_else(|| {
        let text = format!("Entity type `{}` is not supported", type_id.text().unwrap_or_default());
        ApiError::bad("ENTITY_TYPE_NOT_SUPPORTED", text)
    })?;
    let original = params.get("useOriginalUfNames").and_then(Input::text).is_some_and(|text| text == "Y");
    match verb {
        "fields" => Ok(fields(call.world, entity, original)),
        "list" => list(call, entity, original, params),
        "get" => {
            let item = shown(call.world, entity, params)?;
            let fields = chosen(call.world, entity, original, None);
            let mut result = Map::new();
            result.insert("item".into(), render(call.world, entity, item, &fields, true));
            Ok(Answer::of(Json::Object(result)))
        }
        "add" => add(call, entity, original, params),
        "update" => update(call, entity, original, params),
        "delete" => {
            let item = find(call.world, entity, params)?;
            call.world.remove(call.now, &call.who, entity, item.id);
            Ok(Answer::of(json!([])))
        }
        _ => Err(ApiError::no_method()),
    }
}

fn shown<'a>(world: &'a World, entity: Entity, params: &Input) -> Result<&'a Item, ApiError> {
    let id = params.get("id").ok_or_else(|| ApiError::missing("id"))?;
    let item = id.id().and_then(|id| world.item(entity, id));
    item.ok_or_else(|| ApiError::bad("NOT_FOUND", "Not found"))
}

fn find(world: &World, entity: Entity, params: &Input) -> Result<Item, ApiError> {
    shown(world, entity, params).cloned()
}

/// The fields that these methods name; multifields are in `fm` instead.
fn named(world: &World, entity: Entity) -> impl Iterator<Item = &Field> {
    world.fields(entity).iter().filter(|field| field.kind != Kind::Comm)
}

fn fields(world: &World, entity: Entity, original: bool) -> Answer {
    let mut fields: Map<String, Json> =
        named(world, entity).map(|f| (f.item_key(original).to_owned(), f.describe(true))).collect();
    if entity != Entity::Deal {
        let fm = json!({
            "type": "crm_multifield", "isRequired": false, "isReadOnly": false, "isImmutable": false,
            "isMultiple": true, "isDynamic": false, "title": "Multifields", "upperName": "FM",
        });
        fields.insert("fm".into(), fm);
    }
    Answer::of(json!({"fields": fields}))
}

fn list(call: &Call<'_>, entity: Entity, original: bool, params: &Input) -> Result<Answer, ApiError> {
    let world = &*call.world;
    let find = |key: &str| named(world, entity).find(|field| field.item_key(original) == key);
    let page = filter::list(world, entity, call.now, params, &Names { find: &find, strict: true })?;
    let select = params.get("select").map(Input::texts).unwrap_or_default();
    let everything = select.is_empty() || select.iter().any(|name| name == "*");
    // Multifields come with an explicit asterisk only, and cannot be named.
    let with_fm = !select.is_empty() && everything;
    let fields = if page.rows.is_empty() {
        Vec::new()
    } else {
        chosen(world, entity, original, if everything { None } else { Some(select.as_slice()) })
    };
    // Seen on a portal: named under the original names, these fields take everything else with them.
    let emptied = call.config.utm_empties_items && original && select.iter().any(|name| name.starts_with("utm"));
    let items: Vec<Json> = match emptied {
        true => page.rows.iter().map(|_| json!([])).collect(),
        false => page.rows.into_iter().map(|item| render(world, entity, item, &fields, with_fm)).collect(),
    };
    let mut result = Map::new();
    result.insert("items".into(), Json::Array(items));
    Ok(Answer { result: Json::Object(result), total: Some(page.total), next: page.next })
}

/// The fields that a write names, in sending order, unknown ones left out.
fn sent<'a>(world: &World, entity: Entity, original: bool, params: &'a Input) -> Result<Sent<'a>, ApiError> {
    let sent = params.get("fields").ok_or_else(|| ApiError::missing("fields"))?;
    if !sent.is_map() {
        return Err(ApiError::bad(
            "100",
            "Invalid value {} to match with parameter {fields}. Should be value of type array.",
        ));
    }
    let mut known = Vec::new();
    for (key, value) in sent.entries() {
        // Without the original names both spellings of a user field are understood in a write.
        let field = named(world, entity).find(|f| f.item_key(original) == key || (f.is_user_field() && f.name == *key));
        known.extend(field.map(|field| (field.clone(), value)));
    }
    let fm = if entity == Entity::Deal { None } else { sent.get("fm") };
    Ok(Sent { known, fm })
}

struct Sent<'a> {
    known: Vec<(Field, &'a Input)>,
    fm: Option<&'a Input>,
}

fn add(call: &mut Call<'_>, entity: Entity, original: bool, params: &Input) -> Result<Answer, ApiError> {
    let sent = sent(call.world, entity, original, params)?;
    let door = Door::Item { keeps_cleared: false, keeps_all: false };
    let made = draft(call.world, door, entity, None, &sent.known, sent.fm)?;
    let id = call.world.create(call.now, &call.who, entity, made.draft);
    Ok(whole(call.world, entity, id, original))
}

fn update(call: &mut Call<'_>, entity: Entity, original: bool, params: &Input) -> Result<Answer, ApiError> {
    let item = find(call.world, entity, params)?;
    let sent = sent(call.world, entity, original, params)?;
    let (keeps_cleared, keeps_all) = (call.config.item_update_keeps_cleared, call.config.item_update_keeps_all);
    let door = Door::Item { keeps_cleared, keeps_all };
    let made = draft(call.world, door, entity, Some(&item), &sent.known, sent.fm)?;
    call.world.save(call.now, &call.who, entity, item.id, made.draft, false);
    let mut answer = whole(call.world, entity, item.id, original);
    if call.config.item_update_keeps_cleared {
        // The same bug shows the cleared list as null although it is still there.
        let cleared =
            |(field, input): &&(Field, &Input)| field.multiple && field.is_user_field() && input.texts().is_empty();
        for (field, _) in sent.known.iter().filter(cleared) {
            answer.result["item"][field.item_key(original)] = Json::Null;
        }
    }
    Ok(answer)
}

fn whole(world: &World, entity: Entity, id: u64, original: bool) -> Answer {
    let fields = chosen(world, entity, original, None);
    let item = world.item(entity, id).map(|item| render(world, entity, item, &fields, false));
    Answer::of(json!({"item": item}))
}

/// The fields to show, with their keys; all of them for `None`.
fn chosen<'a>(
    world: &'a World,
    entity: Entity,
    original: bool,
    select: Option<&[String]>,
) -> Vec<(&'a str, &'a Field)> {
    let all = named(world, entity).map(|field| (field.item_key(original), field));
    all.filter(|(key, _)| select.is_none_or(|names| *key == "id" || names.iter().any(|name| name == key))).collect()
}

fn render(world: &World, entity: Entity, item: &Item, fields: &[(&str, &Field)], with_fm: bool) -> Json {
    let mut out = Map::new();
    for (key, field) in fields {
        out.insert((*key).to_owned(), value(world, item, field));
    }
    out.insert("entityTypeId".into(), json!(entity.type_id()));
    if with_fm && entity != Entity::Deal {
        out.insert("fm".into(), super::comms::item_json(item));
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
    let own_list = field.is_user_field() && field.multiple;
    match field.kind {
        Kind::Employee | Kind::Link(_) if own_list => match &plain {
            Json::Array(list) => list.iter().filter_map(Json::as_str).map(number).collect(),
            _ => json!([]),
        },
        Kind::Employee | Kind::Link(_) => first.map_or(Json::Null, number),
        Kind::Text | Kind::Status(_) if own_list && plain.is_null() => json!([]),
        Kind::Contacts => {
            // By their sorts: the primary one is a matter of its own, and stands under `contactId`.
            let mut links = item.links.clone();
            links.sort_by_key(|link| link.sort);
            json!(links.iter().map(|link| link.contact).collect::<Vec<_>>())
        }
        Kind::Companies => super::employers::all(item).iter().map(|id| number(id)).collect(),
        Kind::Enumeration if field.multiple => match &plain {
            Json::Array(list) => list.iter().filter_map(Json::as_str).map(number).collect(),
            _ => json!([]),
        },
        Kind::Company | Kind::Contact => first.map_or(json!(0), number),
        Kind::Integer | Kind::Double | Kind::User | Kind::Category | Kind::Enumeration => {
            first.map_or(Json::Null, number)
        }
        Kind::Flag | Kind::Boolean => json!(first.unwrap_or("N")),
        Kind::Date => json!(first.and_then(|day| world.clock.show_day(day))),
        _ => plain,
    }
}

/// A whole number without a point, as PHP writes a float that is one.
fn number(text: &str) -> Json {
    match text.parse::<i64>() {
        Ok(whole) => json!(whole),
        Err(_) => text.parse::<f64>().map_or(Json::Null, |n| json!(n)),
    }
}
