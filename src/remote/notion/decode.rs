//! One property of one page, as a value in Notion's native dialect.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::{number, rollup, support, text, wire};
use crate::model::{FieldState, Value};
use crate::remote::support::Fidelity;

/// The most people that a page answer is documented to show whole.
const PEOPLE: usize = 25;

/// What a page answer says of one property.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// All that can be said.
    Whole(FieldState),
    /// The answer shows only a part (or may), and the property's own address has the rest. The text says what is cut.
    Cut(&'static str),
}

/// Reads a property entry `{id, type, <type>: value}` of a page, or a single property item.
pub fn property(entry: &Json) -> Reading {
    let Some(kind) = entry.get("type").and_then(Json::as_str) else {
        return unknown("Notion sent a property without a type");
    };
    let Some(value) = entry.get(kind) else {
        return unknown(format!("Notion sent no value for this {kind} property"));
    };
    match (kind, value) {
        ("title" | "rich_text", Json::Array(pieces)) if text::mentions(pieces) >= text::MENTIONS => {
            Reading::Cut("text with 25 or more mentions")
        }
        ("people", Json::Array(people)) if people.len() >= PEOPLE => Reading::Cut("25 or more people"),
        ("relation", Json::Array(_)) if entry.get("has_more").and_then(Json::as_bool) == Some(true) => {
            Reading::Cut("more than 25 related pages")
        }
        ("title" | "rich_text" | "people" | "relation" | "multi_select", Json::Array(elements)) => {
            Reading::Whole(array(kind, elements))
        }
        _ => Reading::Whole(single(kind, value)),
    }
}

/// The value of a whole array-valued property: `title`, `rich_text`, `people`, `relation` or `multi_select`.
pub fn array(kind: &str, elements: &[Json]) -> FieldState {
    let key = match kind {
        "title" | "rich_text" => return known_or(text::plain(elements).map(Value::text), "a new kind of rich text"),
        "multi_select" => "name",
        _ => "id",
    };
    let keys: Option<Vec<String>> =
        elements.iter().map(|element| element.get(key).and_then(Json::as_str).map(str::to_owned)).collect();
    let make = match kind {
        "people" => Value::people,
        "relation" => Value::links,
        "multi_select" => Value::choices,
        _ => return opaque(kind),
    };
    known_or(keys.map(make), "an element that Notion does not name")
}

/// The value of a property that is no list.
pub(super) fn single(kind: &str, value: &Json) -> FieldState {
    match (kind, value) {
        (
            "number" | "select" | "status" | "date" | "email" | "phone_number" | "url" | "created_time"
            | "last_edited_time" | "created_by" | "last_edited_by" | "verification" | "place",
            Json::Null,
        ) => FieldState::Known(Value::Empty),
        ("number", Json::Number(number)) => {
            known_or(number::read(number).map(Value::number), "a number beyond what we can keep exactly")
        }
        ("checkbox", Json::Bool(flag)) => FieldState::Known(Value::Flag(*flag)),
        ("email" | "phone_number" | "url", Json::String(text)) => FieldState::Known(Value::text(text)),
        ("select" | "status", Json::Object(option)) => known_or(
            option.get("name").and_then(Json::as_str).map(|name| Value::Choice(name.to_owned())),
            "an option without a name",
        ),
        ("date", Json::Object(_)) => date(value),
        ("created_time" | "last_edited_time", Json::String(text)) => {
            known_or(wire::stamp(Some(text)).map(Value::DateTime), "a time stamp that is none")
        }
        ("created_by" | "last_edited_by", Json::Object(user)) => known_or(
            user.get("id").and_then(Json::as_str).map(|id| Value::people([id.to_owned()])),
            "a user without an id",
        ),
        ("unique_id", _) => FieldState::Known(unique_id(value)),
        ("formula", Json::Object(_)) => formula(value),
        ("rollup", Json::Object(_)) => rollup::read(value),
        ("files", Json::Array(files)) => known_or(files_told(files), "a file without a name and an address"),
        ("verification", Json::Object(_)) => known_or(
            value.get("state").and_then(Json::as_str).map(|state| Value::Choice(state.to_owned())),
            "a verification without a state",
        ),
        ("place", Json::Object(_)) => known_or(place_told(value), "a place without an address, name and coordinates"),
        _ => opaque(kind),
    }
}

/// A date. One with an end is Unknown: writing it back would lose the end.
fn date(value: &Json) -> FieldState {
    if value.get("end").is_some_and(|end| !end.is_null()) {
        return FieldState::Unknown(
            "this date has an end date, which the CRM cannot hold and a write would lose; remove the end date in Notion, \
             or leave this property unmapped"
                .to_owned(),
        );
    }
    let Some(start) = value.get("start").and_then(Json::as_str) else {
        return FieldState::Unknown("Notion sent a date without a start".to_owned());
    };
    if !start.contains('T') {
        return known_or(start.parse::<Date>().ok().map(Value::Date), "a date that is none");
    }
    // Notion answers with an offset always; a zone beside a bare time is what older answers had.
    let instant = wire::stamp(Some(start)).or_else(|| {
        let zone = value.get("time_zone").and_then(Json::as_str)?;
        let zone = TimeZone::get(zone).ok()?;
        Some(start.parse::<DateTime>().ok()?.to_zoned(zone).ok()?.timestamp())
    });
    known_or(instant.map(Value::DateTime), "a date-time without an offset")
}

fn unique_id(value: &Json) -> Value {
    let Some(number) = value.get("number").and_then(Json::as_i64) else { return Value::Empty };
    match value.get("prefix").and_then(Json::as_str) {
        Some(prefix) if !prefix.is_empty() => Value::text(format!("{prefix}-{number}")),
        _ => Value::text(number.to_string()),
    }
}

/// A formula by the type of its result.
fn formula(value: &Json) -> FieldState {
    let kind = value.get("type").and_then(Json::as_str).unwrap_or_default();
    match (kind, value.get(kind)) {
        ("string" | "number" | "boolean" | "date", None | Some(Json::Null)) => FieldState::Known(Value::Empty),
        ("string", Some(Json::String(text))) => FieldState::Known(Value::text(text)),
        ("number", Some(number)) => single("number", number),
        ("boolean", Some(Json::Bool(flag))) => FieldState::Known(Value::Flag(*flag)),
        ("date", Some(date)) => single("date", date),
        _ => FieldState::Unknown(format!("this formula gives a result ({kind:?}) that we do not know")),
    }
}

/// A line a file. The address of a file that Notion keeps is another one with every answer, so that its name stands for it.
fn files_told(files: &[Json]) -> Option<Value> {
    let told = |file: &Json| {
        let external = file.pointer("/external/url").and_then(Json::as_str);
        external.or_else(|| file.get("name").and_then(Json::as_str)).map(str::to_owned)
    };
    Some(Value::text(files.iter().map(told).collect::<Option<Vec<_>>>()?.join("\n")))
}

fn place_told(place: &Json) -> Option<Value> {
    let text = |key: &str| place.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    if let Some(told) = text("address").or_else(|| text("name")) {
        return Some(Value::text(told));
    }
    let at = |key: &str| place.get(key).and_then(Json::as_f64);
    Some(Value::text(format!("{}, {}", at("lat")?, at("lon")?)))
}

fn opaque(kind: &str) -> FieldState {
    FieldState::Unknown(match support::of(kind).map(|row| row.fidelity) {
        Some(Fidelity::Unsupported(why)) => format!("a property of type {kind:?} is not synced: {why}"),
        Some(_) => format!("Notion sent a {kind} property in a form that we do not know"),
        None => format!("a property of type {kind:?} is not synced: it is newer than this version of crosstie"),
    })
}

fn known_or(value: Option<Value>, otherwise: &str) -> FieldState {
    match value {
        Some(value) => FieldState::Known(value),
        None => FieldState::Unknown(format!("Notion sent {otherwise}")),
    }
}

fn unknown(why: impl Into<String>) -> Reading {
    Reading::Whole(FieldState::Unknown(why.into()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::str::FromStr;

    use jiff::{Timestamp, civil::date};
    use proptest::prelude::*;
    use rust_decimal::Decimal;
    use serde_json::{Value as Json, json};

    use super::{Reading, array, property};
    use crate::model::{FieldState, Value};

    fn known(entry: Json) -> Value {
        match property(&entry) {
            Reading::Whole(FieldState::Known(value)) => value,
            other => panic!("{entry} read as {other:?}"),
        }
    }

    fn why(entry: Json) -> String {
        match property(&entry) {
            Reading::Whole(FieldState::Unknown(why)) => why,
            other => panic!("{entry} read as {other:?}"),
        }
    }

    fn at(text: &str) -> Value {
        Value::DateTime(Timestamp::from_str(text).unwrap())
    }

    #[test]
    fn texts_are_their_plain_text_and_nothing_is_empty() {
        assert_eq!(
            known(json!({"type": "title", "title": [{"plain_text": "A"}, {"plain_text": "b"}]})),
            Value::text("Ab")
        );
        assert_eq!(known(json!({"type": "rich_text", "rich_text": []})), Value::Empty);
        assert_eq!(known(json!({"type": "email", "email": "a@b.example"})), Value::text("a@b.example"));
        assert_eq!(known(json!({"type": "phone_number", "phone_number": null})), Value::Empty);
        assert_eq!(known(json!({"type": "url", "url": "https://a.example"})), Value::text("https://a.example"));
    }

    #[test]
    fn numbers_flags_and_options() {
        let number = Value::Number(Decimal::from_str("0.25").unwrap());
        assert_eq!(known(json!({"type": "number", "number": 0.25})), number);
        assert_eq!(known(json!({"type": "number", "number": null})), Value::Empty);
        assert!(why(json!({"type": "number", "number": 1e300})).contains("exactly"));
        assert_eq!(known(json!({"type": "checkbox", "checkbox": true})), Value::Flag(true));
        assert_eq!(known(json!({"type": "select", "select": {"id": "1", "name": "S"}})), Value::Choice("S".into()));
        assert_eq!(known(json!({"type": "status", "status": null})), Value::Empty);
        let two = json!({"type": "multi_select", "multi_select": [{"name": "b"}, {"name": "a"}]});
        assert_eq!(known(two), Value::choices(["a".into(), "b".into()]));
    }

    #[test]
    fn a_day_is_a_date_and_a_time_is_an_instant() {
        let day = json!({"type": "date", "date": {"start": "2026-07-25", "end": null, "time_zone": null}});
        assert_eq!(known(day), Value::Date(date(2026, 7, 25)));
        let time = json!({"type": "date", "date": {"start": "2026-06-27T18:01:00.000+01:00", "end": null}});
        assert_eq!(known(time), at("2026-06-27T17:01:00Z"));
        let zoned = json!({"type": "date", "date": {"start": "2026-06-27T18:01:00", "time_zone": "Europe/London"}});
        assert_eq!(known(zoned), at("2026-06-27T17:01:00Z"));
        let bare = json!({"type": "date", "date": {"start": "2026-06-27T18:01:00"}});
        assert!(why(bare).contains("offset"));
    }

    #[test]
    fn a_date_with_an_end_is_unknown_and_says_what_to_do() {
        let range = json!({"type": "date", "date": {"start": "2026-07-25", "end": "2026-07-26"}});
        assert!(why(range).contains("remove the end date in Notion"));
    }

    #[test]
    fn people_and_relations_are_sets_of_ids() {
        let people =
            json!({"type": "people", "people": [{"object": "user", "id": "u2"}, {"object": "group", "id": "g1"}]});
        assert_eq!(known(people), Value::people(["g1".into(), "u2".into()]));
        let relation = json!({"type": "relation", "relation": [{"id": "p"}], "has_more": false});
        assert_eq!(known(relation), Value::links(["p".into()]));
        assert_eq!(known(json!({"type": "relation", "relation": [], "has_more": false})), Value::Empty);
        assert_eq!(known(json!({"type": "created_by", "created_by": {"id": "u"}})), Value::people(["u".into()]));
    }

    #[test]
    fn what_may_be_cut_is_never_a_value() {
        let relation = json!({"type": "relation", "relation": [{"id": "p"}], "has_more": true});
        assert!(matches!(property(&relation), Reading::Cut(_)));
        let people: Vec<Json> = (0..25).map(|n| json!({"id": n.to_string()})).collect();
        assert!(matches!(property(&json!({"type": "people", "people": people})), Reading::Cut(_)));
        let mentions: Vec<Json> = (0..25).map(|_| json!({"type": "mention", "plain_text": "@a"})).collect();
        assert!(matches!(property(&json!({"type": "rich_text", "rich_text": mentions})), Reading::Cut(_)));
        let fewer = &mentions[..24];
        assert!(matches!(property(&json!({"type": "rich_text", "rich_text": fewer})), Reading::Whole(_)));
    }

    #[test]
    fn formulas_read_by_the_type_of_their_result() {
        let formula = |kind: &str, value: Json| json!({"type": "formula", "formula": {"type": kind, kind: value}});
        assert_eq!(known(formula("string", json!("x"))), Value::text("x"));
        assert_eq!(known(formula("boolean", json!(false))), Value::Flag(false));
        assert_eq!(known(formula("number", json!(1))), Value::Number(Decimal::ONE));
        assert_eq!(known(formula("date", json!({"start": "2026-01-02"}))), Value::Date(date(2026, 1, 2)));
        assert_eq!(known(formula("string", Json::Null)), Value::Empty);
        assert!(why(formula("unsupported", json!({}))).contains("unsupported"));
    }

    #[test]
    fn unique_ids_read_with_their_prefix() {
        let id = |prefix: Json, number: Json| json!({"type": "unique_id", "unique_id": {"prefix": prefix, "number": number}});
        assert_eq!(known(id(json!("DEAL"), json!(7))), Value::text("DEAL-7"));
        assert_eq!(known(id(Json::Null, json!(7))), Value::text("7"));
        assert_eq!(known(id(Json::Null, Json::Null)), Value::Empty);
    }

    #[test]
    fn files_places_and_verifications_are_told() {
        let hosted = json!({"name": "a.pdf", "type": "file", "file": {"url": "https://s3.example/x?sig=1"}});
        let external = json!({"name": "b", "type": "external", "external": {"url": "https://b.example"}});
        let files = json!({"type": "files", "files": [hosted, external]});
        assert_eq!(known(files), Value::text("a.pdf\nhttps://b.example"));
        assert_eq!(known(json!({"type": "files", "files": []})), Value::Empty);
        let place = |place: Json| known(json!({"type": "place", "place": place}));
        assert_eq!(place(json!({"lat": 52.5, "lon": 13.4, "name": "Here", "address": "A 1"})), Value::text("A 1"));
        assert_eq!(place(json!({"lat": 52.5, "lon": 13.4, "name": "Here", "address": null})), Value::text("Here"));
        assert_eq!(place(json!({"lat": 52.5, "lon": 13.4})), Value::text("52.5, 13.4"));
        assert_eq!(place(Json::Null), Value::Empty);
        let verified = json!({"type": "verification", "verification": {"state": "verified", "date": null}});
        assert_eq!(known(verified), Value::Choice("verified".into()));
    }

    #[test]
    fn a_type_that_we_do_not_know_is_unknown_and_named() {
        assert!(why(json!({"type": "hologram", "hologram": {"depth": 3}})).contains("\"hologram\""));
        assert!(why(json!({"type": "button", "button": {}})).contains("no value in a button"));
        assert!(why(json!({"type": "number", "number": "3"})).contains("form"));
        assert!(why(json!({"type": "relation"})).contains("no value"));
        assert!(why(json!({"type": "title", "title": [{"type": "new"}]})).contains("new kind"));
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            "[0-9TZ:.+-]{0,24}|\\PC{0,12}".prop_map(Json::from),
        ];
        let keys =
            "type|id|start|end|name|email|plain_text|has_more|string|number|array|date|relation|people|formula|rollup";
        leaf.prop_recursive(4, 32, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map(keys, inner, 0..5).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_answer_of_another_shape_breaks_the_reading(
            kind in "title|rich_text|number|select|status|multi_select|date|people|files|checkbox|url|email|phone_number|formula|relation|rollup|created_time|created_by|unique_id|verification|button|place|x",
            value in any_json(), entry in any_json(), elements in prop::collection::vec(any_json(), 0..4),
        ) {
            let _ = property(&entry);
            let _ = property(&json!({ "id": "a", "type": kind, &*kind: value }));
            let _ = array(&kind, &elements);
        }
    }
}
