//! Filters of a query: which pages can hold a value.

use serde_json::{Value as Json, json};

use super::schema::Column;
use super::{encode, invalid, number, text};
use crate::model::Value;
use crate::remote::RemoteError;

/// A filter that every page whose property holds exactly `value` passes. Pages that hold more, or nearly the same (Notion
/// compares some texts without case), can pass too: the caller compares what comes.
///
/// # Errors
/// Invalid, when the type cannot hold such a value.
pub fn holds(column: &Column, value: &Value) -> Result<Json, RemoteError> {
    let kind = column.kind.as_str();
    let on = |condition: Json| json!({"property": column.name, kind: condition});
    Ok(match (kind, value) {
        ("checkbox", Value::Flag(flag)) => on(json!({"equals": flag})),
        ("checkbox", Value::Empty) => on(json!({"equals": false})),
        (_, Value::Empty) if column.is_writable() => on(json!({"is_empty": true})),
        ("title" | "rich_text" | "email" | "phone_number" | "url", Value::Text(text)) => {
            match text::pieces(text).as_slice() {
                // A filter's text is limited as a piece of text is.
                [first, _, ..] => on(json!({"starts_with": first})),
                _ => on(json!({"equals": text})),
            }
        }
        ("number", Value::Number(decimal)) => on(json!({"equals": number::write(*decimal)?})),
        ("select" | "status", Value::Choice(name)) => on(json!({"equals": name})),
        ("date", Value::Date(date)) => on(json!({"equals": date.to_string()})),
        ("date", Value::DateTime(instant)) => on(json!({"equals": encode::rfc3339(*instant)?})),
        // One element narrows enough, and any number of them would meet the limit of 100 conditions.
        ("multi_select", Value::Choices(set)) | ("people", Value::People(set)) | ("relation", Value::Links(set)) => {
            on(json!({"contains": set.first()}))
        }
        _ => {
            return Err(invalid(format!(
                "pages cannot be looked up by the property {:?} of type {kind:?} with this kind of value",
                column.name
            )));
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use rust_decimal::Decimal;
    use serde_json::{Value as Json, json};

    use super::holds;
    use crate::model::Value;
    use crate::remote::notion::schema::Column;

    fn filter(kind: &str, value: Value) -> Json {
        let column = Column { name: "P".into(), id: "p".into(), kind: kind.into(), config: Json::Null };
        holds(&column, &value).unwrap()
    }

    #[test]
    fn each_type_has_its_condition() {
        assert_eq!(filter("rich_text", Value::text("412")), json!({"property": "P", "rich_text": {"equals": "412"}}));
        assert_eq!(filter("email", Value::text("a@b")), json!({"property": "P", "email": {"equals": "a@b"}}));
        assert_eq!(filter("number", Value::Number(Decimal::TEN)), json!({"property": "P", "number": {"equals": 10}}));
        assert_eq!(
            filter("status", Value::Choice("Won".into())),
            json!({"property": "P", "status": {"equals": "Won"}})
        );
        assert_eq!(
            filter("relation", Value::links(["b".into(), "a".into()])),
            json!({"property": "P", "relation": {"contains": "a"}})
        );
        assert_eq!(filter("url", Value::Empty), json!({"property": "P", "url": {"is_empty": true}}));
        assert_eq!(filter("checkbox", Value::Empty), json!({"property": "P", "checkbox": {"equals": false}}));
    }

    #[test]
    fn a_text_longer_than_a_filter_can_be_is_looked_up_by_its_beginning() {
        let filter = filter("rich_text", Value::text("a".repeat(2_001)));
        assert_eq!(filter["rich_text"]["starts_with"].as_str().unwrap().len(), 2_000);
    }

    #[test]
    fn a_value_that_the_type_cannot_hold_cannot_be_looked_up() {
        let column = Column { name: "P".into(), id: "p".into(), kind: "rollup".into(), config: Json::Null };
        assert!(holds(&column, &Value::Empty).is_err());
        assert!(holds(&column, &Value::text("a")).is_err());
    }
}
