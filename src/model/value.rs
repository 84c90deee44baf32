//! One field's value, in a form that two readings of the same thing share.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A value. It occurs in two dialects with one type: *native*, as one side means it (option and record ids of that
/// side), and *common*, where both sides can be compared (option names of Notion, e-mail addresses, CRM ids of tied
/// records). `mapping` translates; nothing else mixes the two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(tag = "t", content = "v", rename_all = "snake_case")]
pub enum Value {
    /// Known to be empty. Something that could not be read is never this.
    #[default]
    Empty,
    /// Title, text, e-mail, phone or URL; never the empty string.
    Text(String),
    /// An exact decimal, without trailing zeros.
    Number(Decimal),
    /// A checkbox.
    Flag(bool),
    /// A day.
    Date(Date),
    /// An instant.
    DateTime(Timestamp),
    /// One option of a select or status: native an id or code, common the option's Notion name.
    Choice(String),
    /// Options of a multi-select; never the empty set.
    Choices(BTreeSet<String>),
    /// People: native the side's user ids, common lower-case e-mail addresses; never the empty set.
    People(BTreeSet<String>),
    /// Related records: native the side's record ids, common CRM ids of the related ties; never the empty set.
    Links(BTreeSet<String>),
}

impl Value {
    /// Text, or empty for nothing but white space at the ends of lines removed.
    pub fn text(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if text.is_empty() { Value::Empty } else { Value::Text(text.to_owned()) }
    }

    /// A number without trailing zeros and without a negative zero.
    pub fn number(number: Decimal) -> Self {
        Value::Number(number.normalize())
    }

    /// A set of options, or empty.
    pub fn choices(options: impl IntoIterator<Item = String>) -> Self {
        set(options, Value::Choices)
    }

    /// A set of people, or empty.
    pub fn people(people: impl IntoIterator<Item = String>) -> Self {
        set(people, Value::People)
    }

    /// A set of related records, or empty.
    pub fn links(links: impl IntoIterator<Item = String>) -> Self {
        set(links, Value::Links)
    }

    /// A set of the same kind as these two, which may be empty, or empty.
    pub fn set_like(one: &Value, other: &Value, elements: impl IntoIterator<Item = String>) -> Self {
        match (one, other) {
            (Value::Choices(_), _) | (_, Value::Choices(_)) => Value::choices(elements),
            (Value::People(_), _) | (_, Value::People(_)) => Value::people(elements),
            _ => Value::links(elements),
        }
    }

    /// Whether this is known to be empty.
    pub fn is_empty(&self) -> bool {
        *self == Value::Empty
    }

    /// The elements of a set value; `None` for values that are no sets. An empty value counts as the empty set.
    pub fn elements(&self) -> Option<BTreeSet<String>> {
        match self {
            Value::Choices(set) | Value::People(set) | Value::Links(set) => Some(set.clone()),
            Value::Empty => Some(BTreeSet::new()),
            _ => None,
        }
    }

    /// How many [`Value::elements`] there are; none in what is no set.
    pub fn count(&self) -> usize {
        match self {
            Value::Choices(set) | Value::People(set) | Value::Links(set) => set.len(),
            _ => 0,
        }
    }

    /// Whether this is a set with elements.
    pub fn is_set(&self) -> bool {
        matches!(self, Value::Choices(_) | Value::People(_) | Value::Links(_))
    }

    /// The first 16 bytes of a SHA-256 over the value's JSON, in hex: what a decision is bound to.
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        hex16(&Sha256::digest(json))
    }

    /// The value as a person reads it on one screen; times in UTC. The caller sanitises text for its terminal.
    pub fn show(&self) -> String {
        match self {
            Value::Empty => String::new(),
            Value::Text(text) | Value::Choice(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Value::Date(date) => date.to_string(),
            Value::DateTime(instant) => instant.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            Value::Choices(set) | Value::People(set) | Value::Links(set) => {
                set.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

fn set(items: impl IntoIterator<Item = String>, make: fn(BTreeSet<String>) -> Value) -> Value {
    let set: BTreeSet<String> = items.into_iter().collect();
    if set.is_empty() { Value::Empty } else { make(set) }
}

/// The first 16 bytes in lower-case hex.
pub(crate) fn hex16(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
