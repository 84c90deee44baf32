//! What Notion refuses in one write. Nothing is ever cut to fit: a value beyond a limit is held.

use super::Unmapped;
use crate::model::{Kind, Value};

// Notion's request limits: 100 elements in any array, 2,000 UTF-16 units in one text object and in a URL, 200 in an
// e-mail address or a phone number.
const ELEMENTS: usize = 100;
const TEXT_UNITS: usize = 100 * 2_000;
const URL_UNITS: usize = 2_000;
const ADDRESS_UNITS: usize = 200;
const OPTION_UNITS: usize = 100;

/// Whether Notion can take a native value in a property of this kind.
pub(super) fn check(kind: Kind, value: &Value) -> Result<(), Unmapped> {
    match value {
        Value::Text(text) => {
            let limit = match kind {
                Kind::Url => URL_UNITS,
                Kind::Email | Kind::Phone => ADDRESS_UNITS,
                _ => TEXT_UNITS,
            };
            let units = text.encode_utf16().count();
            if units > limit {
                return Err(Unmapped::because(format!(
                    "the text has {units} characters and Notion takes {limit} in a {} property; shorten it",
                    kind.as_str()
                )));
            }
        }
        Value::Number(number) => {
            // Notion keeps numbers as JSON doubles.
            let kept = number.to_string().parse::<f64>().ok().and_then(|double| double.to_string().parse().ok());
            if kept.as_ref() != Some(number) {
                return Err(Unmapped::because(format!(
                    "Notion keeps about 15 digits of a number and would change {number}; map the field onto a text \
                     property with `direction = \"crm-to-notion\"`, or round it in the CRM"
                )));
            }
        }
        Value::Choice(name) => option(name)?,
        Value::Choices(set) | Value::People(set) | Value::Links(set) => {
            if set.len() > ELEMENTS {
                return Err(Unmapped::because(format!(
                    "{} elements, and Notion takes {ELEMENTS} in one write; remove some, or set the property by hand",
                    set.len()
                )));
            }
            if let Value::Choices(set) = value {
                set.iter().try_for_each(|name| option(name))?;
            }
        }
        Value::Empty | Value::Flag(_) | Value::Date(_) | Value::DateTime(_) => {}
    }
    Ok(())
}

fn option(name: &str) -> Result<(), Unmapped> {
    let trouble = if name.contains(',') {
        "has a comma, which Notion refuses in options"
    } else if name.encode_utf16().count() > OPTION_UNITS {
        "is longer than the 100 characters Notion takes"
    } else {
        return Ok(());
    };
    Err(Unmapped::because(format!("the option name `{name}` {trouble}; give it another name under `values`")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_to_fit() {
        let long = |n: usize| Value::text("x".repeat(n));
        assert!(check(Kind::Text, &long(200_000)).is_ok());
        assert!(check(Kind::Text, &long(200_001)).is_err());
        assert!(check(Kind::Email, &long(201)).unwrap_err().reason.contains("200"));
        let set = |n: u32| Value::links((0..n).map(|i| i.to_string()));
        assert!(check(Kind::Relation, &set(100)).is_ok());
        assert!(check(Kind::Relation, &set(101)).is_err());
    }

    #[test]
    fn a_number_that_a_double_cannot_hold_is_not_sent() {
        let number = |text: &str| Value::number(text.parse().unwrap());
        for good in ["0", "0.1", "-12345678.99", "1000000000000000", "0.0000001"] {
            assert!(check(Kind::Number, &number(good)).is_ok(), "{good}");
        }
        assert!(check(Kind::Number, &number("9007199254740993")).is_err());
        assert!(check(Kind::Number, &number("0.12345678901234567890")).is_err());
    }

    #[test]
    fn an_option_with_a_comma_says_how_to_mend_it() {
        let error = check(Kind::Select, &Value::Choice("a, b".into())).unwrap_err();
        assert!(error.reason.contains("comma") && error.reason.contains("`values`"), "{error}");
    }
}
