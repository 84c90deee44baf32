//! What an operator types as a value.

use std::str::FromStr;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use rust_decimal::Decimal;

use super::FieldMap;
use super::field::canonical_text;
use crate::model::{Kind, Side, Value};

impl FieldMap {
    /// A typed common value in the field's kind. Nothing but white space is the empty value; [`Value::show`] of a value
    /// parses back to it. Options must exist; several people, options or records are separated by commas.
    ///
    /// # Errors
    /// One sentence: what is wrong and what is expected.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        let typed = text.trim();
        if typed.is_empty() {
            return Ok(Value::Empty);
        }
        match self.kind {
            Kind::Title | Kind::Text => Ok(Value::text(canonical_text(text))),
            Kind::Email if !typed.contains('@') => Err(format!("`{typed}` is no e-mail address: expected name@host")),
            Kind::Phone if !typed.chars().any(|c| c.is_ascii_digit()) => {
                Err(format!("`{typed}` is no phone number: it has no digits"))
            }
            Kind::Email | Kind::Phone | Kind::Url => Ok(Value::text(canonical_text(typed))),
            Kind::Number => Decimal::from_str(typed).map(Value::number).map_err(|_| {
                format!(
                    "`{typed}` is no number: expected digits with a point for decimals and no separators, `12500.50`"
                )
            }),
            Kind::Checkbox => match typed.to_lowercase().as_str() {
                "yes" | "y" | "true" | "on" | "1" => Ok(Value::Flag(true)),
                "no" | "n" | "false" | "off" | "0" => Ok(Value::Flag(false)),
                _ => Err(format!("`{typed}` is neither `yes` nor `no`")),
            },
            Kind::Date => date(typed).ok_or_else(|| format!("`{typed}` is no day: expected `2026-03-31`")),
            Kind::DateTime => instant(typed).ok_or_else(|| {
                format!("`{typed}` is no time: expected `2026-03-31 14:30` (UTC) or `2026-03-31T14:30:00+02:00`")
            }),
            Kind::Select | Kind::Status => self.choices.typed(typed).map(Value::Choice),
            Kind::MultiSelect => match self.choices.typed(typed) {
                // An option's own name can hold a comma.
                Ok(one) => Ok(Value::choices([one])),
                Err(_) => {
                    let names = elements(typed).map(|name| self.choices.typed(name)).collect::<Result<Vec<_>, _>>()?;
                    self.several(Value::choices(names))
                }
            },
            Kind::People => {
                if let Some(wrong) = elements(typed).find(|email| !email.contains('@')) {
                    return Err(format!("`{wrong}` is no e-mail address: people are named by theirs"));
                }
                self.several(Value::people(elements(typed).map(str::to_lowercase)))
            }
            Kind::Relation => self.several(Value::links(elements(typed).map(str::to_owned))),
        }
    }

    fn several(&self, value: Value) -> Result<Value, String> {
        let count = value.elements().map_or(0, |set| set.len());
        match Side::BOTH.iter().find(|side| count > 1 && !self.info(**side).multiple) {
            Some(side) => Err(format!("{side} holds one here, and there are {count}")),
            None => Ok(value),
        }
    }
}

fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '\n']).map(str::trim).filter(|element| !element.is_empty())
}

fn date(text: &str) -> Option<Value> {
    // jiff reads a day out of a longer text too; a time of day that somebody typed is not to be dropped.
    if text.contains(':') { None } else { text.parse::<Date>().ok().map(Value::Date) }
}

fn instant(text: &str) -> Option<Value> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(Value::DateTime(instant));
    }
    let civil = text.strip_suffix("UTC").unwrap_or(text).trim();
    if !civil.contains(':') {
        return None;
    }
    let zoned = civil.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(Value::DateTime(zoned.timestamp()))
}
