//! A day for a moment and a moment for a day, in the time zone that a pair names. Without one neither is made of the other: a
//! day begins at another moment in every zone, and a moment shortly before midnight in Berlin is the next day in Moscow.
//!
//! - Where days are kept in step, a moment counts as the day that it falls on. When that day becomes another one, the moment
//!   keeps its time of day and moves along.
//! - Where moments are kept in step, a day counts as its first moment, which is not midnight where the clocks go forward then.
//!   When that moment becomes another one that a day begins with, it stays a day; else it becomes a moment.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::model::{Kind, Value};

/// The kind that a day or a moment is written as; of every other value one that goes with neither.
pub(super) fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Date(_) => Kind::Date,
        Value::DateTime(_) => Kind::DateTime,
        _ => Kind::Text,
    }
}

/// A day or a moment as the kind that is kept in step; as it is where no zone is named.
pub(super) fn to_common(kind: Kind, native: &Value, zone: Option<&TimeZone>) -> Value {
    let made = match (kind, native, zone) {
        (Kind::Date, Value::DateTime(at), Some(zone)) => Some(Value::Date(at.to_zoned(zone.clone()).date())),
        (Kind::DateTime, Value::Date(day), Some(zone)) => first_moment(*day, zone).map(Value::DateTime),
        _ => None,
    };
    made.unwrap_or_else(|| native.clone())
}

/// What to write in place of `current`, which is of the other form, so that it keeps that form; `None` if it cannot.
pub(super) fn moved(common: &Value, current: &Value, zone: &TimeZone) -> Option<Value> {
    match (common, current) {
        (Value::Date(day), Value::DateTime(at)) => {
            let time = at.to_zoned(zone.clone()).time();
            let there = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
            // Where that day is left out, as when a country changes sides of the date line, no time of it exists.
            (there.date() == *day).then(|| Value::DateTime(there.timestamp()))
        }
        (Value::DateTime(at), Value::Date(_)) => {
            let day = at.to_zoned(zone.clone()).date();
            (first_moment(day, zone) == Some(*at)).then_some(Value::Date(day))
        }
        _ => None,
    }
}

fn first_moment(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let begun = day.to_zoned(zone.clone()).and_then(|midnight| midnight.start_of_day());
    begun.ok().map(|first: Zoned| first.timestamp())
}
