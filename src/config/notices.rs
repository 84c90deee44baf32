//! `[notices]`: who is told what waits, and of what.

use std::collections::BTreeSet;
use std::time::Duration;

use toml::de::DeValue;

use super::read::{Reader, Section};
use super::secret::{self, Secret};
use super::timing::{parse_duration, show_duration};

/// What can be told of, in the order of urgency.
pub const TOPICS: [&str; 7] = ["stopped", "connection", "conflict", "hold", "quarantine", "drift", "daily"];

/// Who is told what. Without this section nobody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeSettings {
    /// A Slack incoming webhook: its URL, which is its password too.
    pub slack: Option<Secret>,
    /// A program and its arguments.
    pub command: Vec<String>,
    /// How long the program may take.
    pub command_timeout: Duration,
    /// Of what, of [`TOPICS`].
    pub on: BTreeSet<String>,
    /// How long something that went away and came back is not told again.
    pub quiet: Duration,
    /// When the daily summary is due, hour and minute in UTC; `None` for never.
    pub daily: Option<(i8, i8)>,
}

pub(super) fn read(reader: &mut Reader<'_>, top: &mut Section<'_>) -> Option<NoticeSettings> {
    let mut section = reader.table(top, "notices", "[notices]")?;
    let slack = if section.has("slack") {
        secret::read(reader, &mut section, "slack", "slack = { secret = \"slack\" }")
    } else {
        reader.none(&mut section, "slack")
    };
    let command = match reader.texts(&mut section, "command") {
        Some(words) if words.first().is_none_or(|(program, _)| program.is_empty()) => {
            reader.refuse(
                section.span(),
                "`command` names no program",
                "write it and its arguments: `[\"/usr/local/bin/tell\"]`",
            );
            Vec::new()
        }
        words => words.unwrap_or_default().into_iter().map(|(word, _)| word).collect(),
    };
    let command_timeout = time(reader, &mut section, "command_timeout", 10, (1, 300));
    let quiet = time(reader, &mut section, "quiet", 3600, (0, 7 * 24 * 3600));
    let on = match reader.texts(&mut section, "on") {
        None => TOPICS.iter().map(|topic| (*topic).to_owned()).collect(),
        Some(words) => {
            for (word, span) in words.iter().filter(|(word, _)| !TOPICS.contains(&word.as_str())) {
                let hint = crate::mapping::near::hint(word, TOPICS);
                let known = super::read::one_of(&TOPICS);
                reader.refuse(span.clone(), format!("nothing is told of `{word}`{hint}"), format!("use {known}"));
            }
            words.into_iter().map(|(word, _)| word).collect()
        }
    };
    let daily = match reader.text(&mut section, "daily") {
        None => Some((8, 0)),
        Some((text, _)) if text == "never" => None,
        Some((text, span)) => {
            let read = moment(&text);
            if read.is_none() {
                reader.refuse(
                    span,
                    "`daily` is no time of day",
                    "write hour and minute in UTC, `daily = \"08:00\"`, or \"never\"",
                );
            }
            read
        }
    };
    if slack.is_none() && command.is_empty() && !section.has("slack") {
        reader.refuse(
            section.span(),
            "`[notices]` says nobody to tell",
            "add `slack = { secret = \"slack\" }` or `command = [...]`, or remove the section",
        );
    }
    reader.done(section);
    Some(NoticeSettings { slack, command, command_timeout, on, quiet, daily })
}

/// A time in seconds between two bounds.
fn time(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    default: u64,
    (least, most): (u64, u64),
) -> Duration {
    let default = Duration::from_secs(default);
    let Some(found) = reader.any(section, key) else { return default };
    let text = match found.get_ref() {
        DeValue::String(text) => text.to_string(),
        _ => String::new(),
    };
    let (least, most) = (Duration::from_secs(least), Duration::from_secs(most));
    match parse_duration(&text) {
        Ok(time) if (least..=most).contains(&time) => time,
        Ok(time) => {
            let bounds = format!("choose between {} and {}", show_duration(least), show_duration(most));
            reader.refuse(found.span(), format!("`{key}` is {}", show_duration(time)), bounds);
            default
        }
        Err(what) => {
            reader.refuse(found.span(), format!("`{key}`: {what}"), "write it like `20s`, `2m` or `1h 30m`");
            default
        }
    }
}

/// `08:00`.
fn moment(text: &str) -> Option<(i8, i8)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str, most: i8| {
        let plain = digits.len() == 2 && digits.bytes().all(|it| it.is_ascii_digit());
        digits.parse::<i8>().ok().filter(|number| plain && *number <= most)
    };
    Some((number(hour, 23)?, number(minute, 59)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_minute_of_a_day_is_read_and_nothing_else(hour in 0..24_i8, minute in 0..60_i8, other in "\\PC{0,8}") {
            prop_assert_eq!(moment(&format!("{hour:02}:{minute:02}")), Some((hour, minute)));
            if let Some((hour, minute)) = moment(&other) {
                prop_assert_eq!(format!("{hour:02}:{minute:02}"), other);
            }
        }
    }
}
