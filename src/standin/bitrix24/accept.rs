//! From what somebody sent to what the portal will store. Much is dropped in silence here, as on a real portal.

use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::answer::ApiError;
use super::dictionary::{CURRENCIES, STATUSES};
use super::input::Input;
use super::schema::{Entity, Field, Kind};
use super::world::{Draft, Item, Link, World};

/// What became of one value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Accepted {
    /// It will be this plain value; null clears the field.
    Set(Json),
    /// Dropped in silence, with the reason that only a person at the screen would be told.
    Dropped(&'static str),
}

use Accepted::{Dropped, Set};

/// Reads a value for a field. Links, multifields and the pair of stage and pipeline have their own readers.
pub(super) fn accept(world: &World, field: &Field, input: &Input) -> Result<Accepted, ApiError> {
    if field.read_only {
        return Ok(Dropped("the field is read-only"));
    }
    if field.kind == Kind::Enumeration {
        return Ok(enumeration(field, input));
    }
    if let Some(list) = own_list(world, field, input) {
        return Ok(list);
    }
    // A list of one stands for its only value; that is how users and companies are written plainly.
    let text = match input {
        Input::Map(entries) => match entries.as_slice() {
            [] => String::new(),
            [(_, only)] => only.text().unwrap_or_default(),
            _ => return Ok(Dropped("the field takes one value")),
        },
        scalar => scalar.text().unwrap_or_default(),
    };
    let known = |found: bool, value: Json, reason| if found { Set(value) } else { Dropped(reason) };
    let empty = text.trim().is_empty();
    Ok(match field.kind {
        Kind::Flag | Kind::Boolean => match text.as_str() {
            "Y" | "1" | "true" => Set(json!("Y")),
            "N" | "0" | "" | "false" => Set(json!("N")),
            _ => Dropped("the field takes Y or N"),
        },
        Kind::Double if !field.is_user_field() => {
            // PHP's cast: what is no number is zero.
            Set(json!(number(&text, 2).unwrap_or_default().to_string()))
        }
        Kind::Currency if empty => Dropped("a currency cannot be empty"),
        Kind::Status("STATUS") if empty => Dropped("a lead is always at a stage"),
        Kind::User if empty => Dropped("somebody must be responsible"),
        Kind::Company if empty || text == "0" => Set(Json::Null),
        _ if empty => Set(Json::Null),
        Kind::Double | Kind::Integer => {
            let scale = if field.kind == Kind::Double { 4 } else { 0 };
            let value = number(&text, scale)
                .ok_or_else(|| ApiError::bad("ERROR_CORE", format!("The field {} must be a number", field.title)))?;
            Set(json!(value.to_string()))
        }
        Kind::Date => world.clock.read_day(&text).map_or(Dropped("not a date"), |day| Set(json!(day))),
        Kind::DateTime => world.clock.read(&text).map_or(Dropped("not a time"), |at| Set(json!(world.clock.show(at)))),
        Kind::User => known(
            world.people.iter().any(|person| person.id.to_string() == text),
            json!([text]),
            "there is no such user",
        ),
        Kind::Company => known(
            text.parse().is_ok_and(|id| world.item(Entity::Company, id).is_some()),
            json!([text]),
            "there is no such company",
        ),
        Kind::Status(dictionary) => known(
            STATUSES.iter().any(|(of, code, _)| *of == dictionary && *code == text),
            json!(text),
            "there is no such choice",
        ),
        Kind::Currency => {
            known(CURRENCIES.iter().any(|(code, ..)| *code == text), json!(text), "there is no such currency")
        }
        Kind::Money => match text.split_once('|') {
            Some((amount, currency)) => match number(amount, 4) {
                Some(amount) => Set(json!(format!("{amount}|{currency}"))),
                None => Dropped("not an amount"),
            },
            None => Dropped("an amount of money is written 1000|USD"),
        },
        Kind::Employee => {
            known(world.people.iter().any(|person| person.id.to_string() == text), json!(text), "there is no such user")
        }
        Kind::Link(of) => known(linked(world, of, &text).is_some(), json!(linked(world, of, &text)), "no such record"),
        Kind::Text | Kind::Url | Kind::Stage | Kind::Category => Set(json!(text)),
        Kind::Comm | Kind::Companies | Kind::Contact | Kind::Contacts | Kind::Enumeration | Kind::Other(_) => {
            Dropped("the field is written elsewhere")
        }
    })
}

fn number(text: &str, scale: u32) -> Option<Decimal> {
    let value: Decimal = text.trim().parse().or_else(|_| Decimal::from_scientific(text.trim())).ok()?;
    Some(value.round_dp_with_strategy(scale, rust_decimal::RoundingStrategy::MidpointAwayFromZero).normalize())
}

/// The id of a live record, with or without its prefix.
fn linked(world: &World, of: Entity, text: &str) -> Option<String> {
    let prefix = match of {
        Entity::Deal => "D_",
        Entity::Contact => "C_",
        Entity::Company => "CO_",
        Entity::Lead => "L_",
    };
    let id = text.strip_prefix(prefix).unwrap_or(text);
    id.parse().ok().filter(|id| world.item(of, *id).is_some()).map(|_| id.to_owned())
}

/// Lists of user fields, members that there are none of left out; and values that are kept as they are. None for a field
/// that takes one value.
fn own_list(world: &World, field: &Field, input: &Input) -> Option<Accepted> {
    if let Kind::Other(_) = field.kind {
        return Some(Set(input.json()));
    }
    if !field.is_user_field() || !field.multiple {
        return None;
    }
    let keep = |text: String| match field.kind {
        Kind::Employee => world.people.iter().any(|person| person.id.to_string() == text).then_some(text),
        Kind::Status(of) => STATUSES.iter().any(|(kind, code, _)| *kind == of && *code == text).then_some(text),
        Kind::Link(of) => linked(world, of, &text),
        _ => Some(text),
    };
    let kept: Vec<String> = input.texts().into_iter().filter_map(keep).collect();
    Some(Set(if kept.is_empty() { Json::Null } else { json!(kept) }))
}

/// Ids outside the list are dropped without a word.
fn enumeration(field: &Field, input: &Input) -> Accepted {
    let sent = input.texts();
    if sent.is_empty() || sent == ["0"] {
        return Set(Json::Null);
    }
    let mut kept: Vec<String> =
        sent.into_iter().filter(|id| field.options.iter().any(|option| option.id.to_string() == *id)).collect();
    if kept.is_empty() {
        return Dropped("there is no such option");
    }
    kept.sort();
    kept.dedup();
    if field.multiple {
        return Set(json!(kept));
    }
    Set(json!(kept.swap_remove(0)))
}

/// Contacts by id, the first being the primary one; ids of nobody are dropped. The default sort is 10, 20, 30.
pub(super) fn contacts(world: &World, input: &Input) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for id in input.texts().iter().filter_map(|id| id.trim().parse::<u64>().ok()) {
        if world.item(Entity::Contact, id).is_some() && !links.iter().any(|link| link.contact == id) {
            links.push(Link { contact: id, sort: (links.len() as i64 + 1) * 10 });
        }
    }
    links
}

/// Makes stage and pipeline of a draft fit each other. `may_move` allows another pipeline than the item's.
pub(super) fn settle_stage(
    world: &World,
    item: Option<&Item>,
    draft: &mut Draft,
    may_move: bool,
) -> Result<(), &'static str> {
    if item.is_none() && draft.values.get("STAGE_ID").is_some_and(Json::is_null) {
        draft.values.remove("STAGE_ID");
    }
    let current: u64 = item.and_then(|item| item.text("CATEGORY_ID").parse().ok()).unwrap_or(0);
    let asked = draft.values.remove("CATEGORY_ID").filter(|_| may_move);
    let category = match asked.as_ref().and_then(Json::as_str) {
        Some(text) => text.parse().map_err(|_| "Pipeline")?,
        None => current,
    };
    let pipeline = world.pipeline(category).ok_or("Pipeline")?;
    if item.is_none() || category != current {
        draft.values.insert("CATEGORY_ID".into(), json!(category.to_string()));
        if let Some(first) = pipeline.stages.first() {
            draft.values.entry("STAGE_ID".into()).or_insert_with(|| json!(first.id));
        }
    }
    match draft.values.get("STAGE_ID") {
        Some(stage) if !stage.as_str().is_some_and(|stage| pipeline.has(stage)) => Err("Stage"),
        _ => Ok(()),
    }
}

/// A title that was emptied becomes the default one again.
pub(super) fn settle_title(entity: Entity, id: u64, draft: &mut Draft) {
    if let Some(title) = draft.values.get_mut("TITLE")
        && title.is_null()
        && entity != Entity::Contact
    {
        *title = json!(format!("{} #{id}", entity.label()));
    }
}
