//! The export: the whole store as JSON lines, each with its checksum, and the way back. sled has no tool that salvages
//! anything from a damaged file, so this is what a broken store is restored from.
//!
//! The first line tells format, time and which export of its folder it is, the last one the number of rows; a file without
//! its last line is not an export. Every line carries its checksum (`store::lines`). Which one is the newest is told by
//! that number: a clock may have been wrong when a file got its name.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::packed;
use crate::seam::{Batch, Kv, KvError};

use super::record::Held;
use super::{files, lines, record, trees};

/// Exports that are kept.
pub const KEEP: usize = 7;
pub(super) const FORMAT: u32 = 1;
/// No first line is longer.
const HEAD: u64 = 1 << 20;
/// How far ahead of now an export's time may lie: clocks are corrected by a little all the time.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// Rows restored in one transaction.
const ROWS: usize = 256;

/// Why an export was not written or not read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file or its directory.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Kv(#[from] KvError),
    /// The file is not a whole, sound export.
    #[error("{} is not a sound export: line {line}: {why}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong there.
        why: String,
    },
}

/// The row in `meta` that tells which export was the last. A store that knows an export is at least as new as what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exported {
    /// The file's name; empty before the first one.
    pub name: String,
    /// The number of the newest one in the folder then: this store is newer than all up to that one. 0 of earlier versions.
    #[serde(default)]
    pub number: u64,
    /// The name of one that was begun: written in the moment that it tells of, and it may never have been finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<String>,
}

impl Exported {
    /// What a store tells that was made of this one, whatever else lies in `dir`: the newest there is no news to it.
    ///
    /// # Errors
    /// What the system says when the folder cannot be read.
    pub(super) fn of(path: &Path, dir: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, number: newest(dir)?, begun: None })
    }

    /// Whether it tells of this file, or of one that was made after it.
    pub(super) fn knows(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        let named = name.is_some_and(|name| self.name == name || self.begun.as_deref() == Some(name));
        let number = headed(path.to_owned()).number;
        named || (1..=self.number).contains(&number)
    }
}

/// The name of an export that is made at this time.
pub(super) fn file_name(at: Timestamp) -> String {
    format!("export-{}.jsonl", at.strftime("%Y%m%dT%H%M%SZ"))
}

/// Where [`Exported`] lies.
pub(super) const EXPORTED: &[u8] = b"exported";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Export {
        format: u32,
        at: Timestamp,
        /// Which one of its folder, counted from 1; earlier versions wrote none, and only the names tell their order.
        #[serde(default)]
        number: u64,
        /// Files of older days of the journal that lay beside the store: no part of this file, and each checked by itself.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        days: Vec<String>,
    },
    Row(Row),
    End {
        rows: u64,
    },
}

/// Keys and values as text where they are text and the value is a sound record, else in hexadecimal. A value that lies in
/// its short form in the store is told as JSON like the others.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    tree: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<String>,
    /// The kind of the short form that the JSON has in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_hex: Option<String>,
}

impl Row {
    pub(super) fn of(tree: &str, key: &[u8], value: &[u8]) -> Self {
        let mut row = Row { tree: tree.to_owned(), ..Row::default() };
        match std::str::from_utf8(key) {
            Ok(text) => row.key = Some(text.to_owned()),
            Err(_) => row.key_hex = Some(record::hex(key)),
        }
        // Only what this program gives back byte for byte may go as text.
        match record::check(value) {
            Ok(Held::Json(json)) => {
                let text = std::str::from_utf8(json).ok().filter(|json| record::reseal(json) == value);
                row.json = text.map(str::to_owned);
            }
            Ok(Held::Short(short)) => {
                row.json = packed::exact_json(short);
                row.short = packed::parts(short).filter(|_| row.json.is_some()).map(|parts| char::from(parts.kind));
            }
            Err(_) => {}
        }
        if row.json.is_none() {
            row.raw_hex = Some(record::hex(value));
        }
        row
    }

    fn value(&self) -> Option<Vec<u8>> {
        match (&self.json, self.short, &self.raw_hex) {
            (Some(json), None, None) => Some(record::reseal(json)),
            (Some(json), Some(kind), None) => {
                Some(record::seal_short(&packed::from_json(u8::try_from(kind).ok()?, json)?))
            }
            (None, None, Some(hex)) => record::unhex(hex),
            _ => None,
        }
    }

    fn parts(&self) -> Option<(&'static str, Vec<u8>, Vec<u8>)> {
        let key = match (&self.key, &self.key_hex) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(hex)) => record::unhex(hex)?,
            _ => return None,
        };
        Some((trees::named(&self.tree)?, key, self.value()?))
    }
}

pub(super) fn file_error(path: &Path) -> impl Fn(io::Error) -> ExportError {
    move |error| ExportError::File { path: path.to_owned(), error }
}

/// Removes the oldest exports of a folder beyond [`KEEP`].
///
/// # Errors
/// [`ExportError::File`] when one cannot be removed.
pub fn prune(dir: &Path) -> Result<(), ExportError> {
    for old in list(dir).map_err(file_error(dir))?.into_iter().rev().skip(KEEP) {
        fs::remove_file(&old).map_err(file_error(&old))?;
    }
    Ok(())
}

/// Whether a folder wants a new export: its newest one is so old, or there is none. One from a time that has not come yet was
/// made by a clock that was wrong, and nobody can say how old it is. What was begun and not ended is none.
///
/// # Errors
/// What the system says when the directory cannot be read.
pub fn is_due(dir: &Path, now: Timestamp, every: SignedDuration) -> io::Result<bool> {
    let newest = all(dir)?.pop().and_then(|newest| newest.at);
    Ok(newest.is_none_or(|at| !(-AHEAD..every).contains(&now.duration_since(at))))
}

/// The files of older days of the journal that an export names.
///
/// # Errors
/// [`ExportError`] when it cannot be read, or does not begin as an export.
pub fn days(path: &Path) -> Result<Vec<String>, ExportError> {
    let damaged = |why: &str| ExportError::Damaged { path: path.to_owned(), line: 1, why: why.to_owned() };
    let file = File::open(path).map_err(file_error(path))?;
    let text = BufReader::new(file).split(b'\n').next().ok_or_else(|| damaged("it is empty"))?;
    match parse(&text.map_err(file_error(path))?).map_err(|why| damaged(&why))? {
        Line::Export { days, .. } => Ok(days),
        _ => Err(damaged("it has no beginning")),
    }
}

/// The exports of a directory, oldest first; none if there is no such directory.
///
/// # Errors
/// What the system says when the directory cannot be read.
pub fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(all(dir)?.into_iter().map(|found| found.path).collect())
}

/// An export as its first line tells.
struct Found {
    number: u64,
    at: Option<Timestamp>,
    path: PathBuf,
}

/// The number of a folder's newest export; 0 without one.
pub(super) fn newest(dir: &Path) -> io::Result<u64> {
    Ok(all(dir)?.last().map_or(0, |last| last.number))
}

/// The exports of a directory, oldest first.
fn all(dir: &Path) -> io::Result<Vec<Found>> {
    let found = match files::list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let is_export = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("export-") && name.ends_with(".jsonl"))
    };
    let mut all: Vec<Found> = found.into_iter().filter(is_export).map(headed).collect();
    all.sort_by(|a, b| (a.number, &a.path).cmp(&(b.number, &b.path)));
    Ok(all)
}

/// What the first line tells; nothing where it cannot be read, which makes the file the oldest one.
fn headed(path: PathBuf) -> Found {
    let mut first = Vec::new();
    let file = File::open(&path).map(|file| file.take(HEAD));
    let read = file.and_then(|file| BufReader::new(file).read_until(b'\n', &mut first));
    let told = read.ok().and_then(|_| parse(first.trim_ascii_end()).ok());
    match told {
        Some(Line::Export { at, number, .. }) => Found { number, at: Some(at), path },
        _ => Found { number: 0, at: None, path },
    }
}

/// Reads a file line by line, checking each, and gives its rows to `each`; then the time it was made at.
fn read(
    path: &Path,
    mut each: impl FnMut(&'static str, Vec<u8>, Vec<u8>) -> Result<(), KvError>,
) -> Result<Timestamp, ExportError> {
    let mut made = None;
    let (mut number, mut rows) = (0, 0);
    let mut ended = false;
    for text in BufReader::new(File::open(path).map_err(file_error(path))?).split(b'\n') {
        let text = text.map_err(file_error(path))?;
        number += 1;
        let damaged = |why: &str| ExportError::Damaged { path: path.to_owned(), line: number, why: why.to_owned() };
        if ended {
            return Err(damaged("there is more after the end"));
        }
        match (parse(&text).map_err(|why| damaged(&why))?, made) {
            (Line::Export { format, at, .. }, None) if format == FORMAT => made = Some(at),
            (Line::Export { format, .. }, None) => return Err(damaged(&format!("format {format} is not known"))),
            (Line::Row(row), Some(_)) => {
                let (tree, key, value) = row.parts().ok_or_else(|| damaged("not a row of this store"))?;
                rows += 1;
                each(tree, key, value)?;
            }
            (Line::End { rows: promised }, Some(_)) if promised == rows => ended = true,
            (Line::End { rows: promised }, Some(_)) => {
                return Err(damaged(&format!("{rows} rows are there, {promised} were written")));
            }
            _ => return Err(damaged("not in its place")),
        }
    }
    match made {
        Some(at) if ended => Ok(at),
        _ => Err(ExportError::Damaged { path: path.to_owned(), line: number, why: "the end is missing".to_owned() }),
    }
}

fn parse(bytes: &[u8]) -> Result<Line, String> {
    serde_json::from_slice(&lines::unframed(bytes)?).map_err(|error| error.to_string())
}

/// Reads a whole export and checks it, without using it; gives the time it was made at.
///
/// # Errors
/// [`ExportError`] for anything but a whole and sound export.
pub fn verify(path: &Path) -> Result<Timestamp, ExportError> {
    read(path, |_, _, _| Ok(()))
}

/// Puts everything of an export into an empty store, durably; gives the time it was made at. The file is checked from
/// end to end before the first row is written.
///
/// # Errors
/// [`ExportError`]; the store is then to be thrown away.
pub fn restore(kv: &mut dyn Kv, path: &Path) -> Result<Timestamp, ExportError> {
    verify(path)?;
    let mut batch = Batch::new();
    let at = read(path, |tree, key, value| {
        batch.put(tree, key, value);
        if batch.ops.len() < ROWS {
            return Ok(());
        }
        kv.apply(&std::mem::take(&mut batch))
    })?;
    kv.apply(&batch)?;
    kv.flush()?;
    Ok(at)
}
