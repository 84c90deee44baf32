//! What is wrong with a configuration, where, and how to mend it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::mapping::near;

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it; can be empty.
    pub mend: String,
    /// The line's text, without anything that may be a secret.
    source: String,
    /// How many characters are meant.
    width: usize,
}

impl ConfigError {
    /// `secret` keeps the line's value out of the message whatever it looks like.
    pub(super) fn new(
        path: &Path,
        text: &str,
        span: Range<usize>,
        (what, mend): (String, String),
        secret: bool,
    ) -> Self {
        let start = (0..=span.start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let full = text[line_start..].lines().next().unwrap_or("");
        let column = before[line_start..].chars().count();
        let (source, hidden) = masked(full, secret);
        let end = (span.end.min(text.len())..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        let width = text[start..end.max(start)].lines().next().unwrap_or("").chars().count();
        let room = source.chars().count().saturating_sub(column);
        Self {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: column + 1,
            what,
            mend,
            width: if hidden { width.min(room) } else { width }.max(1),
            source,
        }
    }
}

/// A line of the file as it may be shown. Anything in it that looks like a token, or stands where one was meant, is cut
/// off: messages end up in logs and issue trackers.
fn masked(line: &str, secret: bool) -> (String, bool) {
    let lower = line.to_lowercase();
    let looks = ["ntn_", "secret_", "/rest/"].iter().any(|mark| lower.contains(mark));
    // A mistyped key is as much meant for a secret as the right one.
    let meant = |key: &str| near::nearest(key, ["token", "webhook", "secret", "client_secret", "password"]).is_some();
    let literal = |(key, value): (&str, &str)| {
        let key = key.rsplit(|c: char| !c.is_alphanumeric() && c != '_').find(|word| !word.is_empty());
        key.is_some_and(meant) && !value.trim_start().starts_with('{')
    };
    let names_one = lower.match_indices('=').any(|(at, _)| literal((&lower[..at], &lower[at + 1..])));
    if !secret && !looks && !names_one {
        return (line.to_owned(), false);
    }
    match line.find('=') {
        Some(at) => (format!("{} …", &line[..=at]), true),
        None => ("…".to_owned(), true),
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}:{}: {}", self.path.display(), self.line, self.column, self.what)?;
        let number = self.line.to_string();
        let gap = " ".repeat(number.len());
        let lead: String =
            self.source.chars().take(self.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        writeln!(f, " {number} | {}", self.source)?;
        write!(f, " {gap} | {lead}{}", "^".repeat(self.width))?;
        if !self.mend.is_empty() {
            write!(f, "\n {gap} = {}", self.mend)?;
        }
        Ok(())
    }
}

/// All problems of a file, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl ConfigErrors {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
