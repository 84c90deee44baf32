//! The journal's older days: one file of JSON lines a day, each line with its checksum, beside the store.
//!
//! A day leaves the store in two steps. First its file is written whole, under another name, read back and given its
//! name; only then are the rows removed. A process that dies in between leaves lines in both places: those in the files
//! count, and the rows left behind are removed by whoever looks next. So there is always exactly one of each line.
//!
//! A file is named `<day>_<first>-<last>.jsonl` by its day (UTC) and the numbers of its lines. Its first line tells its
//! format, its last one how many lines there are; a file without that one is damaged, and its sound lines still count.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::model::Event;
use crate::seam::{Kv, KvError};

use super::{files, lines, record, trees};

/// The folder of the files, beside the store.
pub const FOLDER: &str = "journal";
const FORMAT: u32 = 1;
const TEMPORARY: &str = ".segment.tmp";
/// Rows read at a time.
const PAGE: usize = 500;

/// Why a segment was not written or not read.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The file or its folder.
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
    /// Something in the file is not as it was written.
    #[error("{} is damaged: line {line}: {why}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong there.
        why: String,
    },
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> SegmentError {
    move |error| SegmentError::File { path: path.to_owned(), error }
}

/// One file, as its name and size tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where it is.
    pub path: PathBuf,
    /// The day of its lines, UTC.
    pub day: Date,
    /// The number of its first line.
    pub first: u64,
    /// The number of its last line.
    pub last: u64,
    /// Its size.
    pub bytes: u64,
}

/// What all files of a store reach over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filed {
    /// The number of the oldest line in them; 0 for none.
    pub first: u64,
    /// The number of the last line in them; 0 for none.
    pub last: u64,
    /// What they take.
    pub bytes: u64,
    /// The day of the newest.
    pub newest: Option<Date>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Edge {
    Segment { format: u32, day: Date, first: u64 },
    End { lines: u64, last: u64 },
}

/// The files of one store, oldest first.
#[derive(Debug)]
pub struct Segments {
    dir: PathBuf,
    all: Vec<Segment>,
    /// Those whose damage was told.
    told: BTreeSet<PathBuf>,
    /// Where lines begin in the file that was read last: whoever goes through a day window by window reads it once.
    places: Option<Places>,
}

/// Where some lines of a file begin.
#[derive(Debug)]
struct Places {
    path: PathBuf,
    bytes: u64,
    /// Number of the line, and its place.
    lines: Vec<(u64, u64)>,
}

impl Segments {
    /// Looks at the files in a folder by their names; there need be no folder yet. What has another name is left alone.
    ///
    /// # Errors
    /// [`SegmentError::File`] when the folder cannot be read.
    pub fn open(dir: &Path) -> Result<Self, SegmentError> {
        Ok(Self { dir: dir.to_owned(), all: list(dir)?, told: BTreeSet::new(), places: None })
    }

    /// All of them, oldest first.
    pub fn all(&self) -> &[Segment] {
        &self.all
    }

    /// The number of the oldest line, and of the last; `None` where there are no files.
    pub fn reach(&self) -> Option<(u64, u64)> {
        let last = self.all.iter().map(|segment| segment.last).max()?;
        Some((self.all.first()?.first, last))
    }

    /// The newest day.
    pub fn newest(&self) -> Option<Date> {
        self.all.iter().map(|segment| segment.day).max()
    }

    /// What all files take, in bytes.
    pub fn bytes(&self) -> u64 {
        self.all.iter().map(|segment| segment.bytes).sum()
    }

    /// Writes the oldest day of the journal that lies in the store from line `from` on into its file, durably, if it is
    /// before `until`. No row is removed. `None` if there is no such day.
    ///
    /// # Errors
    /// [`SegmentError`]; the store is as it was, and a file that was begun does not count.
    pub fn write_day(&mut self, kv: &dyn Kv, from: u64, until: Date) -> Result<Option<Segment>, SegmentError> {
        let mut from = from.to_be_bytes().to_vec();
        let mut file: Option<Writing> = None;
        'rows: loop {
            let rows = kv.scan(trees::JOURNAL, b"", Some(&from), PAGE)?;
            let more = rows.len() == PAGE;
            for (key, value) in rows {
                from = super::check::after(key.clone());
                // What cannot be read is no line; whoever removes the day's rows removes it too.
                let (Some(seq), Ok(At { at })) = (number(&key), record::open(&value)) else { continue };
                let day = at.to_zoned(TimeZone::UTC).date();
                let writing = match &mut file {
                    Some(writing) if day == writing.day => writing,
                    None if day < until => file.insert(Writing::begin(&self.dir, day, seq)?),
                    _ => break 'rows,
                };
                writing.line(seq, &value)?;
            }
            if !more {
                break;
            }
        }
        let Some(writing) = file else { return Ok(None) };
        let segment = writing.end()?;
        self.all.push(segment.clone());
        self.all.sort_by_key(|segment| segment.first);
        Ok(Some(segment))
    }

    /// The lines from one number to another, both included, that can be read, in order. A file that cannot be read in full is
    /// told to the log once; what it lacks is missing here, and that is no trouble with the store.
    pub fn lines(&mut self, from: u64, to: u64) -> Vec<Event> {
        let mut found = Vec::new();
        let mut keep = |event: Event| {
            if (from..=to).contains(&event.seq) {
                found.push(event);
            }
        };
        for segment in self.all.iter().filter(|it| it.first <= to && it.last >= from) {
            let known = self.places.as_ref().filter(|it| it.path == segment.path && it.bytes == length(&segment.path));
            if let Some(known) = known
                && read_part(&segment.path, known.before(from), to, &mut keep).is_ok()
            {
                continue;
            }
            let mut lines = Vec::new();
            let mut count = 0_usize;
            let sound = read(&segment.path, |event, place| {
                if count.is_multiple_of(PAGE) {
                    lines.push((event.seq, place));
                }
                count += 1;
                keep(event);
            });
            self.places = Some(Places { path: segment.path.clone(), bytes: length(&segment.path), lines });
            if let Err(error) = sound
                && self.told.insert(segment.path.clone())
            {
                tracing::warn!(
                    "a day of the journal cannot be read in full: {error}; a copy of that file puts it right"
                );
            }
        }
        found
    }

    /// Removes the oldest files: those whose day is before `day`, and as many more as leave no more than `most` bytes.
    ///
    /// # Errors
    /// [`SegmentError::File`] when one cannot be removed.
    pub fn forget(&mut self, day: Date, most: u64) -> Result<usize, SegmentError> {
        let mut gone = 0;
        while let Some(oldest) = self.all.first()
            && (oldest.day < day || self.bytes() > most)
        {
            match fs::remove_file(&oldest.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(file_error(&oldest.path)(error)),
                _ => {}
            }
            self.all.remove(0);
            gone += 1;
        }
        Ok(gone)
    }
}

/// The files of a folder by their names, oldest first; none if there is no such folder.
///
/// # Errors
/// [`SegmentError::File`] when the folder cannot be read.
pub fn list(dir: &Path) -> Result<Vec<Segment>, SegmentError> {
    let found = match files::list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(file_error(dir))?,
    };
    let mut all: Vec<Segment> = found.into_iter().filter_map(named).collect();
    all.sort_by_key(|segment| segment.first);
    Ok(all)
}

/// Reads a whole file and checks it; gives how many lines it has.
///
/// # Errors
/// [`SegmentError`] for anything but a whole and sound file.
pub fn verify(path: &Path) -> Result<u64, SegmentError> {
    let mut lines = 0;
    read(path, |_, _| lines += 1)?;
    Ok(lines)
}

/// Whether a file is one of these, by its name.
pub fn is_one(path: &Path) -> bool {
    named(path.to_owned()).is_some()
}

/// Copies every file of one folder that another lacks there, durably; gives how many.
///
/// # Errors
/// [`SegmentError::File`].
pub fn copy(from: &Path, to: &Path) -> Result<usize, SegmentError> {
    let there = list(to)?;
    let mut copied = 0;
    for segment in list(from)? {
        let Some(name) = segment.path.file_name() else { continue };
        let target = to.join(name);
        if there.iter().any(|it| it.path == target && it.bytes == segment.bytes) {
            continue;
        }
        let temporary = to.join(TEMPORARY);
        let copy = files::private_dir(to)
            .and_then(|()| files::copy_file(&segment.path, &temporary))
            .and_then(|()| fs::rename(&temporary, &target));
        copy.and_then(|()| files::sync_dir(to)).map_err(file_error(&target))?;
        copied += 1;
    }
    Ok(copied)
}

fn named(path: PathBuf) -> Option<Segment> {
    let name = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
    let (day, numbers) = name.split_once('_')?;
    let (first, last) = numbers.split_once('-')?;
    let (day, first, last) = (day.parse().ok()?, first.parse().ok()?, last.parse().ok()?);
    let bytes = fs::metadata(&path).ok()?.len();
    (first <= last).then_some(Segment { path, day, first, last, bytes })
}

fn number(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// As much of a line as decides which file it goes to.
#[derive(Deserialize)]
struct At {
    at: Timestamp,
}

/// A file that is being written.
struct Writing {
    dir: PathBuf,
    temporary: PathBuf,
    out: BufWriter<File>,
    day: Date,
    first: u64,
    last: u64,
    lines: u64,
}

impl Writing {
    fn begin(dir: &Path, day: Date, first: u64) -> Result<Self, SegmentError> {
        files::private_dir(dir).map_err(file_error(dir))?;
        let temporary = dir.join(TEMPORARY);
        let file = files::private_file(&temporary).map_err(file_error(&temporary))?;
        let mut writing =
            Self { dir: dir.to_owned(), temporary, out: BufWriter::new(file), day, first, last: first, lines: 0 };
        writing.edge(&Edge::Segment { format: FORMAT, day, first })?;
        Ok(writing)
    }

    fn put(&mut self, object: &str) -> Result<(), SegmentError> {
        let line = lines::framed(object).ok_or_else(|| KvError::Failed("a line of the journal is no object".into()))?;
        writeln!(self.out, "{line}").map_err(file_error(&self.temporary))
    }

    fn edge(&mut self, edge: &Edge) -> Result<(), SegmentError> {
        let text = serde_json::to_string(edge).map_err(|error| KvError::Failed(error.to_string()))?;
        self.put(&text)
    }

    fn line(&mut self, seq: u64, value: &[u8]) -> Result<(), SegmentError> {
        let json = record::json(value).map_err(KvError::from)?;
        let json = std::str::from_utf8(&json).map_err(|error| KvError::Failed(error.to_string()))?;
        self.put(json)?;
        self.last = seq;
        self.lines += 1;
        Ok(())
    }

    fn end(mut self) -> Result<Segment, SegmentError> {
        self.edge(&Edge::End { lines: self.lines, last: self.last })?;
        let Self { dir, temporary, out, day, first, last, lines } = self;
        let failed = file_error(&temporary);
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(&failed)?;
        // What is about to leave the store is read back before it does.
        if verify(&temporary)? != lines {
            let why = "it does not read back".to_owned();
            return Err(SegmentError::Damaged { path: temporary.clone(), line: 0, why });
        }
        let bytes = file.metadata().map_err(&failed)?.len();
        let path = dir.join(format!("{day}_{first:012}-{last:012}.jsonl"));
        fs::rename(&temporary, &path).map_err(file_error(&path))?;
        files::sync_dir(&dir).map_err(file_error(&dir))?;
        Ok(Segment { path, day, first, last, bytes })
    }
}

impl Places {
    /// Where to begin for a line of this number.
    fn before(&self, number: u64) -> u64 {
        let after = self.lines.partition_point(|(line, _)| *line <= number);
        self.lines.get(after.saturating_sub(1)).map_or(0, |(_, place)| *place)
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

/// Reads the sound lines of a file from a place on, up to a number. What is wrong with it was told when it was read in full.
fn read_part(path: &Path, place: u64, to: u64, each: &mut impl FnMut(Event)) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(place))?;
    for text in BufReader::new(file).split(b'\n') {
        match parse(&text?, 2) {
            Ok(Parsed::Line(event)) if event.seq > to => break,
            Ok(Parsed::Line(event)) => each(*event),
            _ => {}
        }
    }
    Ok(())
}

/// Reads a file; every sound line goes to `each` with its place, and the first thing that is wrong is told at the end.
fn read(path: &Path, mut each: impl FnMut(Event, u64)) -> Result<(), SegmentError> {
    let mut wrong: Option<(u64, String)> = None;
    let (mut number, mut count, mut end) = (0, 0, None);
    let mut next = 0_u64;
    for text in BufReader::new(File::open(path).map_err(file_error(path))?).split(b'\n') {
        let text = text.map_err(file_error(path))?;
        number += 1;
        let place = next;
        next += u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_add(1);
        match parse(&text, number) {
            Ok(_) if end.is_some() => _ = wrong.get_or_insert((number, "there is more after the end".to_owned())),
            Ok(Parsed::Line(event)) => {
                count += 1;
                each(*event, place);
            }
            Ok(Parsed::Edge(Edge::End { lines, .. })) => end = Some(lines),
            Ok(Parsed::Edge(Edge::Segment { .. })) => {}
            Err(why) => _ = wrong.get_or_insert((number, why)),
        }
    }
    let told = match end {
        Some(lines) if lines == count => None,
        Some(lines) => Some((number, format!("{count} lines are there, {lines} were written"))),
        None => Some((number, "the end is missing".to_owned())),
    };
    match wrong.or(told) {
        None => Ok(()),
        Some((line, why)) => Err(SegmentError::Damaged { path: path.to_owned(), line, why }),
    }
}

enum Parsed {
    Edge(Edge),
    Line(Box<Event>),
}

fn parse(text: &[u8], number: u64) -> Result<Parsed, String> {
    let object = lines::unframed(text)?;
    if number == 1 {
        return match serde_json::from_slice(&object) {
            Ok(edge @ Edge::Segment { format: FORMAT, .. }) => Ok(Parsed::Edge(edge)),
            Ok(Edge::Segment { format, .. }) => Err(format!("format {format} is not known")),
            Ok(Edge::End { .. }) => Err("it has no beginning".to_owned()),
            Err(error) => Err(error.to_string()),
        };
    }
    match serde_json::from_slice(&object) {
        Ok(event) => Ok(Parsed::Line(Box::new(event))),
        Err(error) => match serde_json::from_slice(&object) {
            Ok(edge @ Edge::End { .. }) => Ok(Parsed::Edge(edge)),
            _ => Err(error.to_string()),
        },
    }
}
