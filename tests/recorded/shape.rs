//! The shape of a JSON value: which paths it has and what kind of thing lies there.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// Every path with the kind of what lies there: `relation[].id: string`.
pub fn paths(json: &Json) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    walk(json, String::new(), &mut paths);
    paths
}

fn walk(json: &Json, path: String, paths: &mut BTreeSet<String>) {
    match json {
        Json::Object(fields) => {
            paths.insert(format!("{path}: object"));
            for (name, value) in fields {
                walk(value, format!("{path}.{name}"), paths);
            }
        }
        Json::Array(elements) => {
            paths.insert(format!("{path}: array"));
            for element in elements {
                walk(element, format!("{path}[]"), paths);
            }
        }
        Json::String(_) => drop(paths.insert(format!("{path}: string"))),
        Json::Number(_) => drop(paths.insert(format!("{path}: number"))),
        Json::Bool(_) => drop(paths.insert(format!("{path}: boolean"))),
        Json::Null => drop(paths.insert(format!("{path}: null"))),
    }
}

#[test]
fn a_shape_tells_a_text_from_a_number() {
    let shape = |json: &str| paths(&serde_json::from_str(json).unwrap());
    assert!(shape(r#"{"a": [{"b": 1}]}"#).contains(".a[].b: number"));
    assert!(!shape(r#"{"a": [{"b": "1"}]}"#).is_subset(&shape(r#"{"a": [{"b": 1, "c": 2}]}"#)));
    assert!(shape(r#"{"a": [{"b": 2}]}"#).is_subset(&shape(r#"{"a": [{"b": 1, "c": 2}]}"#)));
}
