//! Where the daemon's log goes, and in which form.

use std::path::PathBuf;

use toml::de::DeValue;

use super::read::{Reader, Section};

/// Days of a log that are kept where nothing else is said.
const KEEP: usize = 14;

/// The form of a log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogForm {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where the daemon's log goes, and in which form. Without this section: to standard error, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// The form of its lines.
    pub form: LogForm,
    /// The folder of its files, one a day; `None` for standard error.
    pub dir: Option<PathBuf>,
    /// How many of these files are kept.
    pub keep: usize,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { form: LogForm::default(), dir: None, keep: KEEP }
    }
}

pub(super) fn read(reader: &mut Reader<'_>, top: &mut Section<'_>) -> LogSettings {
    let mut log = LogSettings::default();
    let Some(mut section) = reader.table(top, "log", "[log]") else { return log };
    let forms = [("text", LogForm::Text), ("json", LogForm::Json)];
    log.form = reader.choice(&mut section, "form", &forms, log.form);
    log.dir = reader.text(&mut section, "dir").map(|(dir, _)| reader.beside(&dir));
    if let Some(found) = reader.any(&mut section, "keep_days") {
        let days = match found.get_ref() {
            DeValue::Integer(number) => number.to_string().parse::<usize>().ok(),
            _ => None,
        };
        match days.filter(|days| (1..=3660).contains(days)) {
            Some(days) => log.keep = days,
            None => reader.refuse(
                found.span(),
                "`keep_days` is no number of days",
                "write a whole number, from 1 to 3660; each day has a file",
            ),
        }
    }
    reader.done(section);
    log
}
