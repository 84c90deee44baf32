//! Plain values that can be compared across the sides.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use unicode_normalization::UnicodeNormalization;

/// One value, in the auditor's own terms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plain {
    Empty,
    Text(String),
    Number(Decimal),
    Day(Date),
    /// A moment, in whole minutes: Notion keeps no seconds.
    Minute(i64),
    Set(BTreeSet<String>),
}

/// How the values of a field are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Text, and nothing else.
    Text,
    /// A person's name: how many spaces stand in it does not matter.
    Name,
    /// Text whose case does not matter.
    Folded,
    /// A telephone number: only its digits matter.
    Phone,
    /// An amount that the CRM cannot leave empty: nought means empty.
    Amount,
    /// Whatever it looks like: a decimal, a day, a moment, else text.
    Looks,
}

impl Plain {
    /// A set, or empty.
    pub(super) fn set(members: impl IntoIterator<Item = String>) -> Self {
        let members: BTreeSet<String> = members.into_iter().collect();
        if members.is_empty() { Plain::Empty } else { Plain::Set(members) }
    }

    /// A text under a reading.
    pub(super) fn text(text: &str, reading: Reading) -> Self {
        let composed: String;
        let text = if text.is_ascii() && !text.contains('\r') {
            text.trim()
        } else {
            composed = text.replace("\r\n", "\n").nfc().collect();
            composed.trim()
        };
        if text.is_empty() {
            return Plain::Empty;
        }
        match reading {
            Reading::Text => Plain::Text(text.to_owned()),
            Reading::Name => Plain::Text(text.split_whitespace().collect::<Vec<_>>().join(" ")),
            Reading::Folded => Plain::Text(text.to_lowercase()),
            Reading::Phone if text.chars().any(|c| c.is_ascii_digit()) => {
                Plain::Text(text.chars().filter(char::is_ascii_digit).collect())
            }
            Reading::Phone => Plain::Text(text.to_owned()),
            Reading::Amount | Reading::Looks => Self::looks(text, reading),
        }
    }

    fn looks(text: &str, reading: Reading) -> Self {
        if let Ok(number) = text.parse::<Decimal>() {
            return Self::number(number, reading);
        }
        if let (10, Ok(day)) = (text.len(), text.parse::<Date>()) {
            return Plain::Day(day);
        }
        text.parse::<Timestamp>().map_or_else(|_| Plain::Text(text.to_owned()), Self::moment)
    }

    /// A number under a reading.
    pub(super) fn number(number: Decimal, reading: Reading) -> Self {
        if reading == Reading::Amount && number.is_zero() { Plain::Empty } else { Plain::Number(number.normalize()) }
    }

    /// A moment.
    pub(super) fn moment(at: Timestamp) -> Self {
        Plain::Minute(at.as_second().div_euclid(60))
    }

    /// A plain value of a log that is no list of ids.
    pub(super) fn json(value: &Json, reading: Reading) -> Self {
        match value {
            Json::Null => Plain::Empty,
            Json::Bool(flag) => Plain::Text(if *flag { "Y" } else { "N" }.to_owned()),
            Json::String(text) => Self::text(text, reading),
            Json::Number(number) => Self::text(&number.to_string(), reading),
            Json::Array(members) => Self::set(members.iter().filter_map(Json::as_str).map(|member| match reading {
                Reading::Folded => member.to_lowercase(),
                _ => member.to_owned(),
            })),
            Json::Object(_) => Plain::Text(value.to_string()),
        }
    }

    /// The members of a set; empty for what is no set.
    pub(super) fn members(&self) -> BTreeSet<String> {
        match self {
            Plain::Set(members) => members.clone(),
            _ => BTreeSet::new(),
        }
    }

    /// As a sentence shows it.
    pub(super) fn show(&self) -> String {
        match self {
            Plain::Empty => "nothing".to_owned(),
            Plain::Text(text) => format!("“{text}”"),
            Plain::Number(number) => number.to_string(),
            Plain::Day(day) => day.to_string(),
            Plain::Minute(minute) => {
                Timestamp::from_second(minute * 60).map_or_else(|_| minute.to_string(), |at| at.to_string())
            }
            Plain::Set(members) => format!("{{{}}}", members.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same(a: Json, b: Json, reading: Reading) -> bool {
        Plain::json(&a, reading) == Plain::json(&b, reading)
    }

    #[test]
    fn numbers_compare_as_decimals_and_moments_by_the_minute() {
        assert!(same(json!("1250.50"), json!("1250.5"), Reading::Looks));
        assert!(!same(json!("1250.5"), json!("1250.6"), Reading::Looks));
        assert!(same(json!("2026-03-02T12:00:41+03:00"), json!("2026-03-02T09:00:00.000+00:00"), Reading::Looks));
        assert!(!same(json!("2026-03-02T12:01:00+03:00"), json!("2026-03-02T09:00:00.000+00:00"), Reading::Looks));
        assert!(!same(json!("2026-03-02"), json!("2026-03-03"), Reading::Looks));
    }

    #[test]
    fn only_an_amount_of_nought_is_empty() {
        assert!(same(json!("0"), Json::Null, Reading::Amount));
        assert!(!same(json!("0"), Json::Null, Reading::Looks));
        assert!(!same(json!("0.5"), Json::Null, Reading::Amount));
    }

    #[test]
    fn text_that_looks_like_a_number_stays_text() {
        assert!(!same(json!("007"), json!("7"), Reading::Text));
        assert!(!same(json!("Anna"), json!("anna"), Reading::Text));
        assert!(same(json!("Anna@Example.com"), json!("anna@example.com"), Reading::Folded));
        assert!(same(json!("Anna  Weber "), json!("Anna Weber"), Reading::Name));
    }
}
