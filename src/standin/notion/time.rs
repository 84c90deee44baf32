//! How Notion writes and cuts times. Every shape here was seen in recorded responses.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// The start of the minute. Notion floors `created_time` and `last_edited_time` of pages and data sources to it.
pub(super) fn floor_minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

/// A page's or data source's time: `2026-06-27T17:02:00.000Z`.
pub(super) fn page_time(at: Timestamp) -> String {
    floor_minute(at).strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// A database's time, which is not floored: `2026-06-27T16:55:59.083+00:00`.
pub(super) fn database_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string()
}

/// The `date` header: `Sat, 27 Jun 2026 17:02:00 GMT`.
pub(super) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The civil part and offset of a date text; the offset is `None` where the text has none.
fn pieces(text: &str) -> Option<(Date, Option<Time>, Option<Offset>)> {
    let pieces = Pieces::parse(text).ok()?;
    Some((pieces.date(), pieces.time(), pieces.to_numeric_offset()))
}

/// A date as Notion keeps it: a date without time stays; a date-time loses its seconds, and its zone becomes the
/// offset of that moment (`2026-06-27T17:57:32` in Europe/London is kept as `2026-06-27T17:57:00.000+01:00`).
///
/// # Errors
/// The reason, for a text that is no ISO 8601 date or a zone that does not exist.
pub(super) fn canonical_date(text: &str, zone: Option<&str>) -> Result<String, &'static str> {
    let (date, time, offset) = pieces(text).ok_or("a valid ISO 8601 date string")?;
    let Some(time) = time else {
        return Ok(date.to_string());
    };
    let civil = DateTime::from_parts(date, time);
    let zone = match zone {
        Some(name) => Some(TimeZone::get(name).map_err(|_| "in a valid IANA time zone")?),
        None => None,
    };
    let (civil, offset) = match (zone, offset) {
        // An offset beside a zone is not to be sent, says the reference; `…Z` with UTC was recorded as accepted.
        (Some(zone), Some(given)) => {
            let at = given.to_timestamp(civil).map_err(|_| "a date that exists")?;
            let there = zone.to_offset(at);
            (there.to_datetime(at), there)
        }
        (Some(zone), None) => {
            let there = zone.to_zoned(civil).map_err(|_| "a date that exists")?;
            (there.datetime(), there.offset())
        }
        (None, Some(given)) => (civil, given),
        (None, None) => (civil, Offset::UTC),
    };
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    Ok(format!("{}.000{sign}{:02}:{:02}", civil.strftime("%Y-%m-%dT%H:%M:00"), minutes / 60, minutes % 60))
}

/// The half-open range of moments that a date text means: a whole UTC day, or `grain` from a moment on.
pub(super) fn range(text: &str, grain: SignedDuration) -> Option<(Timestamp, Timestamp)> {
    let (date, time, offset) = pieces(text)?;
    let day = DateTime::from_parts(date, Time::midnight());
    let Some(time) = time else {
        let from = Offset::UTC.to_timestamp(day).ok()?;
        return Some((from, from + SignedDuration::from_hours(24)));
    };
    let at = offset.unwrap_or(Offset::UTC).to_timestamp(DateTime::from_parts(date, time)).ok()?;
    let at = if grain >= SignedDuration::from_mins(1) { floor_minute(at) } else { at };
    Some((at, at + grain))
}

/// The first moment of a stored date text.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    range(text, SignedDuration::from_mins(1)).map(|(from, _)| from)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_cut_as_they_were_recorded() {
        let cases = [
            ("2026-07-25T16:57:28.513237Z", Some("UTC"), "2026-07-25T16:57:00.000+00:00"),
            ("2026-06-27T17:57:32", Some("Europe/London"), "2026-06-27T17:57:00.000+01:00"),
            ("2026-06-27T18:01:15.377824+01:00", None, "2026-06-27T18:01:00.000+01:00"),
            ("2026-06-27T18:01:15", None, "2026-06-27T18:01:00.000+00:00"),
            ("2026-07-25", None, "2026-07-25"),
        ];
        for (sent, zone, kept) in cases {
            assert_eq!(canonical_date(sent, zone).unwrap(), kept);
        }
        assert!(canonical_date("next week", None).is_err());
        assert!(canonical_date("2026-06-27T17:57:32", Some("Mars/Olympus")).is_err());
    }

    #[test]
    fn times_have_the_recorded_shapes() {
        let at: Timestamp = "2026-06-27T16:55:59.083Z".parse().unwrap();
        assert_eq!(page_time(at), "2026-06-27T16:55:00.000Z");
        assert_eq!(database_time(at), "2026-06-27T16:55:59.083+00:00");
        assert_eq!(http_date(at), "Sat, 27 Jun 2026 16:55:59 GMT");
    }
}
