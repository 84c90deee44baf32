//! A value as the body of one property.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::schema::Column;
use super::{invalid, number, support, text};
use crate::model::Value;
use crate::remote::RemoteError;
use crate::remote::support::Limit;

/// The body `{<type>: value}` that makes a property hold `value`. `before` are the elements that an array-valued
/// property held, as Notion returned them: those that `value` keeps stay in their order, new ones follow sorted.
///
/// # Errors
/// Invalid, when Notion would refuse or change the value, or the property cannot be written at all.
pub fn property(column: &Column, value: &Value, before: &[Json]) -> Result<Json, RemoteError> {
    let kind = column.kind.as_str();
    if !column.is_writable() {
        let why = support::of(kind).map_or("it is newer than this version of crosstie", |row| row.fidelity.why());
        return Err(invalid(format!(
            "the property {:?} is of type {kind:?}, which is not written: {why}",
            column.name
        )));
    }
    fits(column, value)?;
    let body = match (kind, value) {
        ("title" | "rich_text" | "people" | "relation" | "multi_select", Value::Empty) => json!([]),
        ("checkbox", Value::Empty) => json!(false),
        (_, Value::Empty) => Json::Null,
        ("title" | "rich_text", Value::Text(text)) => text::rich(text)?,
        ("email" | "phone_number" | "url", Value::Text(text)) => json!(text),
        ("number", Value::Number(decimal)) => number::write(*decimal)?,
        ("checkbox", Value::Flag(flag)) => json!(flag),
        ("date", Value::Date(date)) => json!({"start": date.to_string()}),
        ("date", Value::DateTime(instant)) => json!({"start": rfc3339(*instant)?}),
        ("select" | "status", Value::Choice(name)) => json!({"name": name}),
        ("multi_select", Value::Choices(names)) => list(names, before, "name", |name| json!({"name": name})),
        ("relation", Value::Links(ids)) => list(ids, before, "id", |id| json!({"id": id})),
        ("people", Value::People(ids)) => people(ids, before),
        _ => {
            return Err(invalid(format!(
                "the property {:?} is of type {kind:?} and cannot hold this kind of value",
                column.name
            )));
        }
    };
    Ok(json!({ kind: body }))
}

/// Whether Notion takes as much as this. What Notion would refuse does not leave: a refusal names no field.
fn fits(column: &Column, value: &Value) -> Result<(), RemoteError> {
    let limits = support::of(&column.kind).map_or(&[][..], |row| row.limits);
    let too_long = |what: &str, units: usize, limit: usize| {
        let name = &column.name;
        Err(invalid(format!("the property {name:?} would hold {what} of {units} characters, and Notion takes {limit}")))
    };
    for limit in limits {
        match (limit, value) {
            (Limit::Units(limit), Value::Text(text)) if units(text) > *limit => {
                return too_long("a text", units(text), *limit);
            }
            (Limit::OptionUnits(limit), Value::Choice(_) | Value::Choices(_)) => {
                let one = if let Value::Choice(name) = value { Some(name) } else { None };
                let several = if let Value::Choices(names) = value { Some(names) } else { None };
                for option in one.into_iter().chain(several.into_iter().flatten()) {
                    if option.contains(',') {
                        let name = &column.name;
                        return Err(invalid(format!(
                            "the property {name:?} would hold the option {option:?}, and Notion refuses commas in options"
                        )));
                    }
                    if units(option) > *limit {
                        return too_long("an option", units(option), *limit);
                    }
                }
            }
            (Limit::Elements(limit), Value::Choices(set) | Value::People(set) | Value::Links(set))
                if set.len() > *limit =>
            {
                return Err(invalid(format!(
                    "the property {:?} would hold {} elements, and one write to Notion can carry {limit}; a write \
                     replaces the whole list, so nothing was written",
                    column.name,
                    set.len()
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// An instant in UTC as RFC 3339. Notion drops the seconds.
pub fn rfc3339(instant: Timestamp) -> Result<String, RemoteError> {
    let year = instant.to_zoned(TimeZone::UTC).year();
    if (0..=9999).contains(&year) {
        Ok(instant.to_string())
    } else {
        Err(invalid(format!("Notion cannot hold a time in the year {year}")))
    }
}

fn list(keys: &BTreeSet<String>, before: &[Json], key: &str, element: impl Fn(&str) -> Json) -> Json {
    ordered(keys, before, key).map(element).collect()
}

/// Keys in the order of `before`, then the new ones sorted.
fn ordered<'a>(keys: &'a BTreeSet<String>, before: &'a [Json], key: &'a str) -> impl Iterator<Item = &'a str> {
    let mut left: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    let mut kept: Vec<&str> = Vec::with_capacity(left.len());
    for name in before.iter().filter_map(|element| element.get(key).and_then(Json::as_str)) {
        if left.remove(name) {
            kept.push(name);
        }
    }
    kept.into_iter().chain(left)
}

/// People: a group among them keeps saying that it is one.
fn people(ids: &BTreeSet<String>, before: &[Json]) -> Json {
    let is_group = |id: &str| {
        before.iter().any(|person| {
            person.get("id").and_then(Json::as_str) == Some(id)
                && person.get("object").and_then(Json::as_str) == Some("group")
        })
    };
    list(ids, before, "id", |id| match is_group(id) {
        true => json!({"object": "group", "id": id}),
        false => json!({"object": "user", "id": id}),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::str::FromStr;

    use jiff::{Timestamp, civil::date};
    use proptest::prelude::*;
    use rust_decimal::Decimal;
    use serde_json::{Value as Json, json};

    use super::property;
    use crate::model::{FieldState, Value};
    use crate::remote::notion::decode::{self, Reading};
    use crate::remote::notion::schema::Column;

    fn column(kind: &str) -> Column {
        Column { name: "P".into(), id: "p".into(), kind: kind.into(), config: Json::Null }
    }

    fn body(kind: &str, value: Value) -> Json {
        property(&column(kind), &value, &[]).unwrap()
    }

    #[test]
    fn each_type_has_its_body() {
        let text = json!([{"type": "text", "text": {"content": "a"}}]);
        assert_eq!(body("title", Value::text("a")), json!({"title": text}));
        assert_eq!(body("rich_text", Value::text("a")), json!({"rich_text": text}));
        assert_eq!(body("number", Value::Number(Decimal::TEN)), json!({"number": 10}));
        assert_eq!(body("checkbox", Value::Flag(true)), json!({"checkbox": true}));
        assert_eq!(body("date", Value::Date(date(2026, 1, 2))), json!({"date": {"start": "2026-01-02"}}));
        let instant = Value::DateTime(Timestamp::from_str("2026-01-02T03:04:00+01:00").unwrap());
        assert_eq!(body("date", instant), json!({"date": {"start": "2026-01-02T02:04:00Z"}}));
        assert_eq!(body("status", Value::Choice("Won".into())), json!({"status": {"name": "Won"}}));
        assert_eq!(body("email", Value::text("a@b")), json!({"email": "a@b"}));
    }

    #[test]
    fn emptying_is_null_or_nothing_in_a_list_and_never_an_empty_string() {
        for kind in ["title", "rich_text", "people", "relation", "multi_select"] {
            assert_eq!(body(kind, Value::Empty), json!({kind: []}));
        }
        for kind in ["number", "date", "select", "status", "email", "phone_number", "url"] {
            assert_eq!(body(kind, Value::Empty), json!({kind: null}));
        }
        assert_eq!(body("checkbox", Value::Empty), json!({"checkbox": false}));
    }

    #[test]
    fn kept_elements_keep_their_order_and_new_ones_follow_sorted() {
        let before = [json!({"id": "c"}), json!({"id": "a"}), json!({"id": "x"}), json!({"id": "c"})];
        let value = Value::links(["a", "b", "c", "d"].map(str::to_owned));
        let body = property(&column("relation"), &value, &before).unwrap();
        assert_eq!(body, json!({"relation": [{"id": "c"}, {"id": "a"}, {"id": "b"}, {"id": "d"}]}));
    }

    #[test]
    fn a_group_among_people_stays_a_group() {
        let before = [json!({"object": "group", "id": "g", "name": "Sales"}), json!({"object": "user", "id": "u"})];
        let value = Value::people(["g", "v"].map(str::to_owned));
        let body = property(&column("people"), &value, &before).unwrap();
        assert_eq!(body, json!({"people": [{"object": "group", "id": "g"}, {"object": "user", "id": "v"}]}));
    }

    #[test]
    fn a_set_that_one_write_cannot_carry_is_refused() {
        let value = |n: usize| Value::links((0..n).map(|n| n.to_string()));
        assert!(property(&column("relation"), &value(100), &[]).is_ok());
        let error = property(&column("relation"), &value(101), &[]).unwrap_err();
        assert!(error.message.contains("101 elements"), "{error}");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        assert!(property(&column("rollup"), &Value::Empty, &[]).is_err());
        let formula = property(&column("formula"), &Value::text("a"), &[]).unwrap_err();
        assert!(formula.message.contains("Notion computes it"), "{formula}");
        assert!(property(&column("hologram"), &Value::Empty, &[]).unwrap_err().message.contains("newer"));
        assert!(property(&column("number"), &Value::text("a"), &[]).is_err());
        assert!(property(&column("title"), &Value::Choice("a".into()), &[]).is_err());
    }

    #[test]
    fn what_notion_would_refuse_for_its_length_or_a_comma_is_not_sent() {
        let refused = |kind: &str, value: Value| property(&column(kind), &value, &[]).unwrap_err().message;
        assert!(refused("select", Value::Choice("a, b".into())).contains("commas"));
        assert!(refused("multi_select", Value::choices(["a".into(), "b".repeat(101)])).contains("101 characters"));
        assert!(refused("email", Value::text("a".repeat(201))).contains("Notion takes 200"));
        assert!(refused("url", Value::text("a".repeat(2_001))).contains("Notion takes 2000"));
        assert!(property(&column("select"), &Value::Choice("é".repeat(100)), &[]).is_ok());
        // A character of two units counts twice.
        assert!(property(&column("select"), &Value::Choice("😀".repeat(51)), &[]).is_err());
    }

    fn writable() -> impl Strategy<Value = (&'static str, Value)> {
        let names = || proptest::collection::btree_set("[a-zé😀]{1,5}", 0..20);
        prop_oneof![
            (
                prop_oneof![Just("title"), Just("rich_text"), Just("email"), Just("phone_number"), Just("url")],
                "\\PC{0,40}"
            )
                .prop_map(|(kind, text)| (kind, Value::text(text))),
            (-999_999_999_999_999_i64..=999_999_999_999_999, 0u32..6)
                .prop_map(|(n, scale)| ("number", Value::number(Decimal::new(n, scale)))),
            any::<bool>().prop_map(|flag| ("checkbox", Value::Flag(flag))),
            (1i16..=9999, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| ("date", Value::Date(date(y, m, d)))),
            (0i64..4_000_000_000).prop_map(|s| ("date", Value::DateTime(Timestamp::from_second(s).unwrap()))),
            (prop_oneof![Just("select"), Just("status")], "[^,]{1,10}").prop_map(|(k, name)| (k, Value::Choice(name))),
            names().prop_map(|names| ("multi_select", Value::choices(names))),
            names().prop_map(|names| ("people", Value::people(names))),
            names().prop_map(|names| ("relation", Value::links(names))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same_value((kind, value) in writable()) {
            let mut entry = body(kind, value.clone());
            entry["type"] = json!(kind);
            prop_assert_eq!(decode::property(&entry), Reading::Whole(FieldState::Known(value.clone())));
            // And what was decoded encodes to the same body again, whatever the order of a list was before.
            let elements = entry[kind].as_array().cloned().unwrap_or_default();
            let again = property(&column(kind), &value, &elements).unwrap();
            prop_assert_eq!(&again[kind], &entry[kind]);
        }
    }
}
