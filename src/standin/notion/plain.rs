//! Plain values: what a person sees in a cell, as the log and the back door tell it.

use serde_json::{Value as Json, json};

use super::text;

/// The value of a property that nobody has set.
pub(super) fn empty(kind: &str) -> Json {
    match kind {
        "title" | "rich_text" | "multi_select" | "people" | "files" | "relation" => json!([]),
        "checkbox" => json!(false),
        "button" => json!({}),
        "formula" => json!({ "type": "string", "string": null }),
        "rollup" => json!({ "type": "array", "array": [], "function": "show_original" }),
        "verification" => json!({ "state": "unverified", "date": null, "verified_by": null }),
        _ => Json::Null,
    }
}

/// Kinds whose values Notion computes. Writing one is refused.
pub(super) fn read_only(kind: &str) -> bool {
    matches!(
        kind,
        "formula"
            | "rollup"
            | "created_time"
            | "last_edited_time"
            | "created_by"
            | "last_edited_by"
            | "unique_id"
            | "button"
            | "last_visited_time"
    )
}

/// A decimal string without an exponent.
fn decimal(number: &Json) -> Json {
    number.as_f64().map_or(Json::Null, |n| Json::String(format!("{n}")))
}

/// The members of an array under one key, sorted, null when there are none.
fn sorted(value: &Json, key: &str) -> Json {
    let mut members: Vec<&str> =
        value.as_array().into_iter().flatten().filter_map(|member| member[key].as_str()).collect();
    members.sort_unstable();
    if members.is_empty() { Json::Null } else { json!(members) }
}

/// The plain form of a stored value; null for empty.
pub(super) fn of(kind: &str, value: &Json) -> Json {
    match kind {
        "title" | "rich_text" => match text::plain(value) {
            shown if shown.is_empty() => Json::Null,
            shown => Json::String(shown),
        },
        "number" => decimal(value),
        "select" | "status" => value["name"].clone(),
        "multi_select" => sorted(value, "name"),
        "people" | "relation" => sorted(value, "id"),
        "date" => match (value["start"].as_str(), value["end"].as_str()) {
            (Some(start), Some(end)) => Json::String(format!("{start}/{end}")),
            (Some(start), None) => json!(start),
            _ => Json::Null,
        },
        "files" => {
            let shown: Vec<&str> = value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|file| file["external"]["url"].as_str().or_else(|| file["name"].as_str()))
                .collect();
            if shown.is_empty() { Json::Null } else { json!(shown) }
        }
        "formula" | "rollup" => match value["type"].as_str() {
            Some("number") => decimal(&value["number"]),
            Some("date") => of("date", &value["date"]),
            Some(kind) => value[kind].clone(),
            None => Json::Null,
        },
        "unique_id" => match (value["prefix"].as_str(), value["number"].as_i64()) {
            (Some(prefix), Some(number)) => Json::String(format!("{prefix}-{number}")),
            (None, Some(number)) => Json::String(number.to_string()),
            _ => Json::Null,
        },
        _ => value.clone(),
    }
}

/// What a person does in a cell, as the property JSON that means the same. A value that is already property JSON
/// (an object with the kind as its key) passes through.
pub(super) fn to_write(kind: &str, plain: &Json) -> Json {
    if plain.as_object().is_some_and(|fields| fields.contains_key(kind)) {
        return plain.clone();
    }
    let words = || -> Vec<&str> {
        match plain {
            Json::String(one) => vec![one.as_str()],
            other => other.as_array().into_iter().flatten().filter_map(Json::as_str).collect(),
        }
    };
    let value = match kind {
        "title" | "rich_text" => match plain {
            Json::Null => json!([]),
            Json::String(shown) => text::rich(shown),
            other => text::rich(&other.to_string()),
        },
        "number" => match plain {
            Json::String(digits) => digits.trim().parse::<f64>().map_or(plain.clone(), |n| json!(n)),
            other => other.clone(),
        },
        "select" | "status" if !plain.is_null() => json!({ "name": plain }),
        "multi_select" => words().into_iter().map(|name| json!({ "name": name })).collect(),
        "people" | "relation" => words().into_iter().map(|id| json!({ "id": id })).collect(),
        "date" => match plain.as_str() {
            Some(shown) => match shown.split_once('/') {
                Some((start, end)) => json!({ "start": start, "end": end }),
                None => json!({ "start": shown }),
            },
            None => plain.clone(),
        },
        "files" => words().into_iter().map(|url| json!({ "name": url, "external": { "url": url } })).collect(),
        "checkbox" if plain.is_null() => json!(false),
        "url" | "email" | "phone_number" if plain == "" => Json::Null,
        _ => plain.clone(),
    };
    json!({ kind: value })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_what_a_person_sees() {
        assert_eq!(of("number", &json!(0.1)), json!("0.1"));
        assert_eq!(of("number", &json!(17)), json!("17"));
        assert_eq!(of("relation", &json!([{ "id": "b" }, { "id": "a" }])), json!(["a", "b"]));
        assert_eq!(of("title", &json!([])), Json::Null);
        assert_eq!(of("unique_id", &json!({ "prefix": "D", "number": 4 })), json!("D-4"));
        assert_eq!(of("date", &json!({ "start": "2026-01-01", "end": "2026-01-02" })), json!("2026-01-01/2026-01-02"));
    }

    #[test]
    fn a_plain_value_and_its_property_json_mean_the_same() {
        let cases = [
            ("rich_text", json!("hello")),
            ("select", json!("Won")),
            ("date", json!("2026-01-01")),
            ("relation", json!(["a", "b"])),
            ("files", json!(["https://example.com/a.png"])),
            ("checkbox", json!(true)),
        ];
        for (kind, plain) in cases {
            let raw = to_write(kind, &plain);
            assert_eq!(to_write(kind, &raw), raw, "{kind}");
            assert_eq!(of(kind, &raw[kind]), plain, "{kind}");
        }
    }
}
