//! Roll-ups: what Notion gathers from related pages.
//!
//! A page's answer gathers from 25 related pages at most and does not say when there are more, and the property's own
//! address runs the texts of several pages together: a roll-up of 25 values or more is Unknown.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::decode::{self, Reading};
use super::support;
use crate::model::{FieldState, Kind, Value};

/// The most values that a page's answer is documented to gather.
const GATHERED: usize = 25;

/// The canonical kinds of a roll-up by its configuration: most functions count or calculate, some find a date, and some
/// show the values themselves, whose type the schema does not tell.
pub fn kinds(config: &Json) -> Vec<Kind> {
    match config.get("function").and_then(Json::as_str) {
        Some("earliest_date" | "latest_date" | "date_range") => vec![Kind::DateTime],
        None | Some("show_original" | "show_unique") => support::of("rollup").map_or(&[][..], |row| row.kinds).to_vec(),
        Some(_) => vec![Kind::Number],
    }
}

/// The value of a roll-up: `{type, <type>: value, function}`.
pub fn read(value: &Json) -> FieldState {
    let kind = value.get("type").and_then(Json::as_str).unwrap_or_default();
    match (kind, value.get(kind)) {
        ("array", Some(Json::Array(elements))) => several(elements),
        ("number" | "date", Some(value)) => decode::single(kind, value),
        ("incomplete", _) => FieldState::Unknown(
            "Notion had not gathered all of this roll-up when it answered; it is read again with the next reading"
                .to_owned(),
        ),
        ("number" | "date", None) => FieldState::Known(Value::Empty),
        _ => FieldState::Unknown(format!("this roll-up gives a result ({kind:?}) that Notion's API does not tell")),
    }
}

/// Values of related pages: options and people as a set, one value of another type as that value, several as text.
fn several(elements: &[Json]) -> FieldState {
    if elements.len() >= GATHERED {
        let why = "this roll-up gathers 25 values or more, of which Notion's answer may leave some out";
        return FieldState::Unknown(why.to_owned());
    }
    let mut values = Vec::new();
    for element in elements {
        match decode::property(element) {
            Reading::Whole(FieldState::Known(Value::Empty)) => {}
            Reading::Whole(FieldState::Known(Value::Links(_))) => {
                return FieldState::Unknown("relations of related pages are not read; map the relation itself".into());
            }
            Reading::Whole(FieldState::Known(value)) => values.push(value),
            Reading::Whole(FieldState::Unknown(why)) => return FieldState::Unknown(format!("in a roll-up: {why}")),
            Reading::Cut(what) => return FieldState::Unknown(format!("in a roll-up Notion shows only a part: {what}")),
        }
    }
    let options: Option<BTreeSet<String>> = union(&values, |value| match value {
        Value::Choice(name) => Some(BTreeSet::from([name.clone()])),
        Value::Choices(names) => Some(names.clone()),
        _ => None,
    });
    let people = union(&values, |value| match value {
        Value::People(ids) => Some(ids.clone()),
        _ => None,
    });
    FieldState::Known(match (values.as_slice(), options, people) {
        ([], ..) => Value::Empty,
        (_, Some(options), _) => Value::choices(options),
        (_, _, Some(people)) => Value::people(people),
        ([one], ..) => one.clone(),
        (several, ..) => Value::text(several.iter().map(Value::show).collect::<Vec<_>>().join(", ")),
    })
}

/// All elements together, if every value has some.
fn union(values: &[Value], of: impl Fn(&Value) -> Option<BTreeSet<String>>) -> Option<BTreeSet<String>> {
    values.iter().map(of).try_fold(BTreeSet::new(), |mut all, some| {
        all.extend(some?);
        Some(all)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{kinds, read};
    use crate::model::{FieldState, Kind, Value};

    fn array(elements: &[Json]) -> FieldState {
        read(&json!({"type": "array", "array": elements, "function": "show_original"}))
    }

    fn known(value: Value) -> FieldState {
        FieldState::Known(value)
    }

    #[test]
    fn one_value_keeps_its_type_and_several_become_a_set_or_a_text() {
        let number = |n: i64| json!({"type": "number", "number": n});
        let select = |name: &str| json!({"type": "select", "select": {"name": name}});
        let person = |id: &str| json!({"type": "people", "people": [{"object": "user", "id": id}]});
        let title = |text: &str| json!({"type": "title", "title": [{"plain_text": text}]});
        assert_eq!(array(&[]), known(Value::Empty));
        assert_eq!(array(&[number(3)]), known(Value::number(3.into())));
        assert_eq!(array(&[number(3), number(4)]), known(Value::text("3, 4")));
        assert_eq!(array(&[title("Acme"), title("")]), known(Value::text("Acme")));
        assert_eq!(array(&[select("b"), select("a")]), known(Value::choices(["a".into(), "b".into()])));
        assert_eq!(array(&[person("u"), person("v")]), known(Value::people(["u".into(), "v".into()])));
    }

    #[test]
    fn what_may_be_incomplete_or_has_no_value_is_unknown() {
        let many: Vec<Json> = (0..25).map(|n| json!({"type": "number", "number": n})).collect();
        assert!(matches!(array(&many), FieldState::Unknown(why) if why.contains("25 values")));
        let relation = json!({"type": "relation", "relation": [{"id": "p"}]});
        assert!(matches!(array(&[relation]), FieldState::Unknown(why) if why.contains("map the relation")));
        let unsupported = read(&json!({"type": "unsupported", "unsupported": {}, "function": "unique"}));
        assert!(matches!(unsupported, FieldState::Unknown(why) if why.contains("unsupported")));
        let range = json!({"type": "date", "date": {"start": "2026-01-01", "end": "2026-02-01"}});
        assert!(matches!(read(&range), FieldState::Unknown(why) if why.contains("end date")));
    }

    #[test]
    fn the_function_tells_the_kind() {
        assert_eq!(kinds(&json!({"function": "count"})), [Kind::Number]);
        assert_eq!(kinds(&json!({"function": "latest_date"})), [Kind::DateTime]);
        assert!(kinds(&json!({"function": "show_original"})).contains(&Kind::MultiSelect));
        assert!(kinds(&json!({})).contains(&Kind::Text));
    }
}
