//! Walking a TOML document with positions: every key asked for by name, every other one refused, all problems kept.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Files;
use super::error::{ConfigError, ConfigErrors};
use crate::mapping::near;

type Found<'a> = &'a Spanned<DeValue<'a>>;

/// Collects problems while a document is walked.
pub(super) struct Reader<'t> {
    text: &'t str,
    path: &'t Path,
    files: Files<'t>,
    errors: Vec<ConfigError>,
}

/// One table that is being read. Keys that nobody asked for are refused at the end.
pub(super) struct Section<'a> {
    name: &'static str,
    span: Range<usize>,
    entries: BTreeMap<&'a str, (Range<usize>, Found<'a>)>,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    fn take(&mut self, key: &'static str) -> Option<Found<'a>> {
        self.asked.push(key);
        self.entries.remove(key).map(|(_, value)| value)
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Where the table begins.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

/// `a`, `b` or `c`, in backticks.
pub(super) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, path: &'t Path, files: Files<'t>) -> Self {
        Self { text, path, files, errors: Vec::new() }
    }

    /// The beginning of a file that the document names.
    pub(super) fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        (self.files)(path)
    }

    pub(super) fn refuse(&mut self, span: Range<usize>, what: impl Into<String>, mend: impl Into<String>) {
        self.errors.push(ConfigError::new(self.path, self.text, span, (what.into(), mend.into()), false));
    }

    /// Refuses something without showing it.
    pub(super) fn refuse_secret(&mut self, span: Range<usize>, what: impl Into<String>, mend: impl Into<String>) {
        self.errors.push(ConfigError::new(self.path, self.text, span, (what.into(), mend.into()), true));
    }

    pub(super) fn finish(mut self) -> ConfigErrors {
        self.errors.sort_by_key(|error| (error.line, error.column));
        ConfigErrors(self.errors)
    }

    /// The line of a position, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count() + 1
    }

    /// A path in the file, which counts from the file's folder.
    pub(super) fn beside(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    pub(super) fn section<'a>(&self, name: &'static str, table: &'a DeTable<'a>, span: Range<usize>) -> Section<'a> {
        let entries = table.iter().map(|(key, value)| (key.get_ref().as_ref(), (key.span(), value))).collect();
        Section { name, span, entries, asked: Vec::new() }
    }

    /// Refuses every key that nobody asked for.
    pub(super) fn done(&mut self, section: Section<'_>) {
        for (key, (span, _)) in &section.entries {
            let hint = near::hint(key, section.asked.iter().copied());
            self.refuse(
                span.clone(),
                format!("{} has no key `{key}`{hint}", section.name),
                format!("use {}, or remove it", one_of(&section.asked)),
            );
        }
    }

    /// A table under a key.
    pub(super) fn table<'a>(
        &mut self,
        section: &mut Section<'a>,
        key: &'static str,
        name: &'static str,
    ) -> Option<Section<'a>> {
        let found = section.take(key)?;
        match found.get_ref() {
            DeValue::Table(table) => Some(self.section(name, table, found.span())),
            other => {
                self.mistyped(found.span(), key, "a table", other);
                None
            }
        }
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables<'a>(
        &mut self,
        section: &mut Section<'a>,
        key: &'static str,
        name: &'static str,
    ) -> Vec<Section<'a>> {
        let Some(found) = section.take(key) else { return Vec::new() };
        let mut sections = Vec::new();
        let elements: Vec<Found<'a>> = match found.get_ref() {
            DeValue::Array(array) => array.iter().collect(),
            _ => vec![found],
        };
        for element in elements {
            match element.get_ref() {
                DeValue::Table(table) if !std::ptr::eq(element, found) => {
                    sections.push(self.section(name, table, element.span()));
                }
                _ => self.refuse(
                    element.span(),
                    format!("`{key}` is a list of tables"),
                    format!("write each one under its own `[[...{key}]]` with two brackets"),
                ),
            }
        }
        sections
    }

    /// Anything under a key.
    pub(super) fn any<'a>(&mut self, section: &mut Section<'a>, key: &'static str) -> Option<Found<'a>> {
        section.take(key)
    }

    /// Nothing under a key, which could have been there.
    pub(super) fn none<T>(&mut self, section: &mut Section<'_>, key: &'static str) -> Option<T> {
        section.asked.push(key);
        None
    }

    /// Text under a key, not empty.
    pub(super) fn text(&mut self, section: &mut Section<'_>, key: &'static str) -> Option<(String, Range<usize>)> {
        let found = section.take(key)?;
        self.as_text(key, found).map(|text| (text, found.span()))
    }

    fn as_text(&mut self, key: &str, found: Found<'_>) -> Option<String> {
        match found.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
            DeValue::String(_) => {
                self.refuse(found.span(), format!("`{key}` is empty"), "give it a value, or remove the line");
                None
            }
            other => {
                self.mistyped(found.span(), key, "text in quotes", other);
                None
            }
        }
    }

    /// Text that must be there.
    pub(super) fn required(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        example: &str,
    ) -> Option<(String, Range<usize>)> {
        if !section.has(key) {
            self.missing(section, key, example);
        }
        self.text(section, key)
    }

    pub(super) fn missing(&mut self, section: &mut Section<'_>, key: &'static str, example: &str) {
        section.asked.push(key);
        self.refuse(section.span(), format!("{} has no `{key}`", section.name), format!("add `{example}`"));
    }

    /// A yes or no under a key.
    pub(super) fn flag(&mut self, section: &mut Section<'_>, key: &'static str) -> Option<bool> {
        let found = section.take(key)?;
        match found.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => {
                self.mistyped(found.span(), key, "`true` or `false`", other);
                None
            }
        }
    }

    /// A list of texts under a key.
    pub(super) fn texts(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
    ) -> Option<Vec<(String, Range<usize>)>> {
        let found = section.take(key)?;
        let DeValue::Array(array) = found.get_ref() else {
            self.mistyped(found.span(), key, "a list, `[\"...\"]`", found.get_ref());
            return None;
        };
        let texts = array.iter().map(|element| self.as_text(key, element).map(|text| (text, element.span())));
        texts.collect()
    }

    /// A table of texts under a key.
    pub(super) fn text_map(&mut self, section: &mut Section<'_>, key: &'static str) -> BTreeMap<String, String> {
        let Some(found) = section.take(key) else { return BTreeMap::new() };
        let DeValue::Table(table) = found.get_ref() else {
            self.mistyped(found.span(), key, "a table, `{ NEW = \"New\" }`", found.get_ref());
            return BTreeMap::new();
        };
        let texts = table.iter().filter_map(|(name, value)| {
            self.as_text(name.get_ref(), value).map(|text| (name.get_ref().to_string(), text))
        });
        texts.collect()
    }

    /// A filter in its system's own form: a table, or the same as JSON in a text.
    pub(super) fn filter(&mut self, section: &mut Section<'_>, key: &'static str, example: &str) -> Option<Json> {
        let found = section.take(key)?;
        let read = match found.get_ref() {
            DeValue::String(text) => serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}")),
            other => json_of(other).ok_or_else(|| "a number in it is none that JSON knows".to_owned()),
        };
        let why = match read {
            Ok(Json::Object(map)) if !map.is_empty() => return Some(Json::Object(map)),
            Ok(_) => "it is no table of conditions".to_owned(),
            Err(why) => why,
        };
        let mend = format!("write it as its system does, `{key} = {example}`, or the same as JSON in quotes");
        self.refuse(found.span(), format!("`{key}` cannot be read: {why}"), mend);
        None
    }

    /// One of a few words under a key; the default if it is not there or wrong.
    pub(super) fn choice<T: Copy>(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        choices: &[(&str, T)],
        default: T,
    ) -> T {
        let Some((text, span)) = self.text(section, key) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return *choice;
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let hint = near::hint(&text, names.iter().copied());
        self.refuse(span, format!("`{text}` is no `{key}`{hint}"), format!("use {}", one_of(&names)));
        default
    }

    fn mistyped(&mut self, span: Range<usize>, key: &str, expected: &str, got: &DeValue<'_>) {
        let what = format!("`{key}` is {expected}, and this is a TOML {}", got.type_str());
        self.refuse(span, what, format!("write {expected}"));
    }
}

/// A value of the document as JSON; times as text.
fn json_of(value: &DeValue<'_>) -> Option<Json> {
    Some(match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Integer(number) => Json::from(i64::from_str_radix(number.as_str(), number.radix()).ok()?),
        DeValue::Float(number) => Json::from(number.as_str().parse::<f64>().ok().filter(|number| number.is_finite())?),
        DeValue::Boolean(flag) => Json::Bool(*flag),
        DeValue::Datetime(at) => Json::String(at.to_string()),
        DeValue::Array(list) => Json::Array(list.iter().map(|it| json_of(it.get_ref())).collect::<Option<_>>()?),
        DeValue::Table(table) => {
            let members = table.iter().map(|(key, it)| Some((key.get_ref().to_string(), json_of(it.get_ref())?)));
            Json::Object(members.collect::<Option<_>>()?)
        }
    })
}
