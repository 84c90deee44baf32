//! A value as the body of one property.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::schema::Column;
use super::{WRITE_LIMIT, invalid, number, text};
use crate::model::Value;
use crate::remote::RemoteError;

/// The body `{<type>: value}` that makes a property hold `value`. `before` are the elements that an array-valued
/// property held, as Notion returned them: those that `value` keeps stay in their order, new ones follow sorted.
///
/// # Errors
/// Invalid, when Notion would refuse or change the value, or the property cannot be written at all.
pub fn property(column: &Column, value: &Value, before: &[Json]) -> Result<Json, RemoteError> {
    let kind = column.kind.as_str();
    if !column.is_writable() {
        return Err(invalid(format!(
            "the property {:?} is of type {kind:?}, which Notion does not let us write",
            column.name
        )));
    }
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
        ("multi_select", Value::Choices(names)) => list(column, names, before, "name", |name| json!({"name": name}))?,
        ("relation", Value::Links(ids)) => list(column, ids, before, "id", |id| json!({"id": id}))?,
        ("people", Value::People(ids)) => people(column, ids, before)?,
        _ => {
            return Err(invalid(format!(
                "the property {:?} is of type {kind:?} and cannot hold this kind of value",
                column.name
            )));
        }
    };
    Ok(json!({ kind: body }))
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

fn list(
    column: &Column,
    keys: &BTreeSet<String>,
    before: &[Json],
    key: &str,
    element: impl Fn(&str) -> Json,
) -> Result<Json, RemoteError> {
    if keys.len() > WRITE_LIMIT {
        return Err(invalid(format!(
            "the property {:?} would hold {} elements, and one write to Notion can carry {WRITE_LIMIT}; a write replaces \
             the whole list, so nothing was written",
            column.name,
            keys.len()
        )));
    }
    Ok(ordered(keys, before, key).map(element).collect())
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
fn people(column: &Column, ids: &BTreeSet<String>, before: &[Json]) -> Result<Json, RemoteError> {
    let is_group = |id: &str| {
        before.iter().any(|person| {
            person.get("id").and_then(Json::as_str) == Some(id)
                && person.get("object").and_then(Json::as_str) == Some("group")
        })
    };
    list(column, ids, before, "id", |id| match is_group(id) {
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
        assert!(property(&column("formula"), &Value::text("a"), &[]).is_err());
        assert!(property(&column("number"), &Value::text("a"), &[]).is_err());
        assert!(property(&column("title"), &Value::Choice("a".into()), &[]).is_err());
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
