//! Times as the portal reads and shows them: whole seconds, in the server's offset, never the user's zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Unit};

/// The server's fixed distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    offset: Offset,
}

impl Clock {
    /// A clock that many minutes east of UTC; UTC itself if that is not on Earth.
    pub(super) fn new(minutes: i32) -> Self {
        Self { offset: Offset::from_seconds(minutes.saturating_mul(60)).unwrap_or(Offset::UTC) }
    }

    /// `2026-01-31T12:00:00+03:00`.
    pub(super) fn show(self, at: Timestamp) -> String {
        // By hand: every answer shows several times, and a formatter that reads a pattern is ten times slower.
        let local = self.offset.to_datetime(at);
        let east = self.offset.seconds();
        let mut out = String::with_capacity(25);
        let mut put = |number: i32, mark: &str| {
            let digit = |n: i32| char::from(b'0' + u8::try_from(n % 10).unwrap_or(0));
            out.extend([digit(number / 10), digit(number)]);
            out.push_str(mark);
        };
        put(i32::from(local.year()) / 100, "");
        put(i32::from(local.year()) % 100, "-");
        put(local.month().into(), "-");
        put(local.day().into(), "T");
        put(local.hour().into(), ":");
        put(local.minute().into(), ":");
        put(local.second().into(), if east < 0 { "-" } else { "+" });
        put(east.abs() / 3600, ":");
        put(east.abs() / 60 % 60, "");
        out
    }

    /// A plain day (`2024-08-30`) as the API shows it: UTC midnight in the server's offset.
    pub(super) fn show_day(self, day: &str) -> Option<String> {
        let day: Date = day.parse().ok()?;
        let midnight = day.to_zoned(TimeZone::UTC).ok()?;
        Some(self.show(midnight.timestamp()))
    }

    /// A moment from ISO 8601 with an offset, or without one (then it is the server's): date and time, or a day alone.
    pub(super) fn read(self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(floor(at));
        }
        let local: DateTime = text.parse().ok()?;
        local.to_zoned(TimeZone::fixed(self.offset)).ok().map(|at| floor(at.timestamp()))
    }

    /// A day: of a day alone that day, of a moment the day it falls on at the server.
    pub(super) fn read_day(self, text: &str) -> Option<String> {
        let text = text.trim();
        if text.len() > 10 {
            let at = self.read(text)?;
            return Some(self.day_of(at));
        }
        text.parse::<Date>().ok().map(|day| day.to_string())
    }

    /// The day at the server.
    pub(super) fn day_of(self, at: Timestamp) -> String {
        at.to_zoned(TimeZone::fixed(self.offset)).date().to_string()
    }

    /// The day at the server, `days` later.
    pub(super) fn day_after(self, at: Timestamp, days: i64) -> String {
        let later = at.as_second().saturating_add(days.saturating_mul(86_400));
        self.day_of(Timestamp::from_second(later).unwrap_or(at))
    }
}

/// The second a moment lies in; the portal knows no finer time.
pub(super) fn floor(at: Timestamp) -> Timestamp {
    at.round(jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor)).unwrap_or(at)
}

/// The `Date` header: `Sat, 31 Jan 2026 09:00:00 GMT`.
pub(super) fn http_date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_as_the_pattern_says_on_both_sides_of_the_meridian() {
        for minutes in [0, 180, -210, 345, 840, -720] {
            let clock = Clock::new(minutes);
            for text in ["2026-01-31T09:05:07.999Z", "1999-12-31T23:59:59Z", "2024-02-29T00:00:00Z"] {
                let at: Timestamp = text.parse().unwrap();
                let pattern = at.to_zoned(TimeZone::fixed(clock.offset)).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
                assert_eq!(clock.show(at), pattern);
            }
        }
    }
}
