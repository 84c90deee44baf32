//! How often things are looked at, and how patiently.

use std::time::Duration;

use toml::de::DeValue;

use super::read::{Reader, Section};

/// How often and how patiently. All of it can be set under `[timing]`, in text like `20s`, `2m`, `1h 30m`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Between two increments of Notion.
    pub notion_poll: Duration,
    /// Between two increments of the CRM.
    pub crm_poll: Duration,
    /// Between the ends of one sweep and the start of the next.
    pub sweep_every: Duration,
    /// Between two canaries.
    pub canary_every: Duration,
    /// How long a text edited in Notion must rest: Notion saves while people type.
    pub quiet_text: Duration,
    /// How long a new page must rest before its counterpart is created.
    pub quiet_new_page: Duration,
    /// How long resting can put off a write at most.
    pub max_deferral: Duration,
    /// How far an increment reaches back behind its cursor.
    pub overlap: Duration,
    /// How long after the end of a page's minute it is still re-read: Notion floors edit times to the minute.
    pub hot_lag: Duration,
    /// When an unknown create is probed, counted from the send; ascending, never empty.
    pub probe_schedule: Vec<Duration>,
    /// How long after its send an unknown update may still be executed.
    pub settle_unknown_update: Duration,
    /// How long a create that every probe missed is still watched for.
    pub late_watch: Duration,
    /// How long a line of the journal is kept; undo reaches no further.
    pub journal_keep: Duration,
    /// What the journal may take in the store, in bytes; beyond that its oldest lines go early.
    pub journal_bytes: u64,
    /// How long what went away is remembered after its last trace: ended ties without a survivor, and records without a tie.
    pub remember_gone: Duration,
    /// Whether the first matching stops for a review before anything is written.
    pub review: bool,
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            notion_poll: seconds(15),
            crm_poll: seconds(10),
            sweep_every: seconds(3600),
            canary_every: seconds(3600),
            quiet_text: seconds(20),
            quiet_new_page: seconds(60),
            max_deferral: seconds(300),
            overlap: seconds(120),
            hot_lag: seconds(10),
            probe_schedule: [5, 15, 45, 120, 300, 600].map(seconds).to_vec(),
            settle_unknown_update: seconds(65),
            late_watch: seconds(24 * 3600),
            journal_keep: seconds(90 * 24 * 3600),
            journal_bytes: 2 << 30,
            remember_gone: seconds(90 * 24 * 3600),
            review: true,
        }
    }
}

/// The longest time that makes sense anywhere here.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);
/// The longest for what is only remembered.
const LONGEST_MEMORY: Duration = Duration::from_secs(10 * 366 * 24 * 3600);
const SECOND: Duration = Duration::from_secs(1);
/// Both systems work on a request for up to 60 s.
const LATEST: Duration = Duration::from_secs(61);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// `pretend` says that Notion is a stand-in on this host, which answers at once.
pub(super) fn read(reader: &mut Reader<'_>, top: &mut Section<'_>, pretend: bool) -> Timing {
    let mut timing = Timing::default();
    let settle = if pretend { SECOND } else { LATEST };
    let Some(mut section) = reader.table(top, "timing", "[timing]") else { return timing };
    for (key, least, place) in [
        ("notion_poll", SECOND, &mut timing.notion_poll),
        ("crm_poll", SECOND, &mut timing.crm_poll),
        ("sweep_every", SECOND, &mut timing.sweep_every),
        ("canary_every", SECOND, &mut timing.canary_every),
        ("quiet_text", Duration::ZERO, &mut timing.quiet_text),
        ("quiet_new_page", Duration::ZERO, &mut timing.quiet_new_page),
        ("max_deferral", Duration::ZERO, &mut timing.max_deferral),
        ("overlap", Duration::ZERO, &mut timing.overlap),
        ("hot_lag", Duration::ZERO, &mut timing.hot_lag),
        ("settle_unknown_update", settle, &mut timing.settle_unknown_update),
        ("late_watch", Duration::ZERO, &mut timing.late_watch),
        ("journal_keep", DAY, &mut timing.journal_keep),
        ("remember_gone", SECOND, &mut timing.remember_gone),
    ] {
        let longest = if ["journal_keep", "remember_gone"].contains(&key) { LONGEST_MEMORY } else { LONGEST };
        let Some(found) = reader.any(&mut section, key) else { continue };
        let text = match found.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            // The commonest slip: a bare number. Its unit is not guessed.
            DeValue::Integer(number) => Some(number.to_string()),
            _ => None,
        };
        match parse_duration(text.as_deref().unwrap_or("")) {
            Ok(duration) if duration < least || duration > longest => reader.refuse(
                found.span(),
                format!("`{key}` is {}", show_duration(duration)),
                format!("choose between {} and {}", show_duration(least), show_duration(longest)),
            ),
            Ok(duration) => *place = duration,
            Err(what) => {
                reader.refuse(found.span(), format!("`{key}`: {what}"), "write it like `20s`, `2m` or `1h 30m`")
            }
        }
    }
    if let Some(texts) = reader.texts(&mut section, "probe_schedule") {
        probe_schedule(reader, &section, texts, &mut timing);
    }
    if let Some(found) = reader.any(&mut section, "journal_mib") {
        let mib = match found.get_ref() {
            DeValue::Integer(number) => number.to_string().parse::<u64>().ok(),
            _ => None,
        };
        match mib.filter(|mib| (1..=1 << 20).contains(mib)) {
            Some(mib) => timing.journal_bytes = mib << 20,
            None => reader.refuse(
                found.span(),
                "`journal_mib` is no size",
                "write a whole number of mebibytes, from 1 to 1048576",
            ),
        }
    }
    if let Some(review) = reader.flag(&mut section, "review") {
        timing.review = review;
    }
    reader.done(section);
    timing
}

fn probe_schedule(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    texts: Vec<(String, std::ops::Range<usize>)>,
    timing: &mut Timing,
) {
    let mut schedule: Vec<Duration> = Vec::new();
    if texts.is_empty() {
        reader.refuse(
            section.span(),
            "`probe_schedule` is empty, so an unknown create would never be found",
            "name at least one time after the send, `[\"5s\", \"1m\"]`",
        );
        return;
    }
    for (text, span) in texts {
        match parse_duration(&text) {
            Ok(next) if schedule.last().is_none_or(|last| next > *last) && next <= LONGEST => schedule.push(next),
            Ok(_) => {
                return reader.refuse(
                    span,
                    "`probe_schedule` does not ascend",
                    "count each time from the send, in order",
                );
            }
            Err(what) => {
                return reader.refuse(
                    span,
                    format!("`probe_schedule`: {what}"),
                    "write times like `20s`, `2m` or `1h 30m`",
                );
            }
        }
    }
    timing.probe_schedule = schedule;
}

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A time in words: whole numbers with the units `ms`, `s`, `m`, `h`, `d`, largest first.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    let mut largest = u64::MAX;
    if rest.is_empty() {
        return Err("this is no time".into());
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let after = rest[digits..].trim_start();
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let (number, unit) = (&rest[..digits], &after[..letters]);
        let Ok(number) = number.parse::<u64>() else { return Err(format!("`{text}` is no time")) };
        let Some((_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            let what =
                if unit.is_empty() { "has no unit".to_owned() } else { format!("has the unknown unit `{unit}`") };
            return Err(format!("`{text}` {what}"));
        };
        if *millis >= largest {
            return Err(format!("`{text}` names its units out of order"));
        }
        largest = *millis;
        let part = number.checked_mul(*millis).map(Duration::from_millis);
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(|| format!("`{text}` is too long"))?;
        rest = after[letters..].trim_start();
    }
    Ok(total)
}

/// The shortest text that [`parse_duration`] reads back, to the millisecond.
pub fn show_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (unit, millis) in UNITS.iter().rev() {
        if left >= *millis {
            parts.push(format!("{}{unit}", left / millis));
            left %= millis;
        }
    }
    if parts.is_empty() { "0s".into() } else { parts.join(" ") }
}
