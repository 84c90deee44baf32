//! One file of a day of the journal: written, and read back, in steps of so many lines.
//!
//! `segments` tells what such files are for, and is the only one to call this.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Split, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::Event;
use crate::seam::KvError;

use super::files::{self, Temporary};
use super::segments::{Segment, SegmentError, TEMPORARY, file_error};
use super::{lines, record};

const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Edge {
    Segment { format: u32, day: Date, first: u64 },
    End { lines: u64, last: u64 },
}

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Writing {
    dir: PathBuf,
    temporary: Temporary,
    out: BufWriter<File>,
    pub(super) day: Date,
    first: u64,
    last: u64,
    lines: u64,
}

impl Writing {
    pub(super) fn begin(dir: &Path, day: Date, first: u64) -> Result<Self, SegmentError> {
        files::private_dir(dir).map_err(file_error(dir))?;
        let temporary = Temporary::at(dir.join(TEMPORARY));
        let file = files::private_file(temporary.path()).map_err(file_error(temporary.path()))?;
        let mut writing =
            Self { dir: dir.to_owned(), temporary, out: BufWriter::new(file), day, first, last: first, lines: 0 };
        writing.edge(&Edge::Segment { format: FORMAT, day, first })?;
        Ok(writing)
    }

    fn put(&mut self, object: &str) -> Result<(), SegmentError> {
        let line = lines::framed(object).ok_or_else(|| KvError::Failed("a line of the journal is no object".into()))?;
        writeln!(self.out, "{line}").map_err(file_error(self.temporary.path()))
    }

    fn edge(&mut self, edge: &Edge) -> Result<(), SegmentError> {
        let text = serde_json::to_string(edge).map_err(|error| KvError::Failed(error.to_string()))?;
        self.put(&text)
    }

    pub(super) fn line(&mut self, seq: u64, value: &[u8]) -> Result<(), SegmentError> {
        let json = record::json(value).map_err(KvError::from)?;
        let json = std::str::from_utf8(&json).map_err(|error| KvError::Failed(error.to_string()))?;
        self.put(json)?;
        self.last = seq;
        self.lines += 1;
        Ok(())
    }

    /// All lines are written: its end too, durably.
    pub(super) fn end(mut self) -> Result<Reading, SegmentError> {
        self.edge(&Edge::End { lines: self.lines, last: self.last })?;
        let Self { dir, temporary, out, day, first, last, lines } = self;
        let written = temporary.path().to_owned();
        let failed = file_error(&written);
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(&failed)?;
        let bytes = file.metadata().map_err(&failed)?.len();
        let path = dir.join(format!("{day}_{first:012}-{last:012}.jsonl"));
        let reader = Reader::open(&written)?;
        Ok(Reading { dir, temporary, reader, lines, segment: Segment { path, day, first, last, bytes } })
    }
}

/// A file that is written and not trusted yet.
#[derive(Debug)]
pub(super) struct Reading {
    dir: PathBuf,
    temporary: Temporary,
    reader: Reader,
    lines: u64,
    segment: Segment,
}

impl Reading {
    /// Reads so many lines; true when all of it is read.
    pub(super) fn go(&mut self, lines: usize) -> Result<bool, SegmentError> {
        self.reader.go(lines, |_, _| {})
    }

    /// All of it is read: if it is as it was written, it gets its name.
    pub(super) fn name(self) -> Result<Segment, SegmentError> {
        let Self { dir, temporary, reader, lines, segment } = self;
        let count = reader.count;
        reader.verdict()?;
        if count != lines {
            let why = "it does not read back".to_owned();
            return Err(SegmentError::Damaged { path: temporary.path().to_owned(), line: 0, why });
        }
        temporary.become_file(&segment.path).map_err(file_error(&segment.path))?;
        files::sync_dir(&dir).map_err(file_error(&dir))?;
        Ok(segment)
    }
}

/// Reads a file; every sound line goes to `each` with its place, and the first thing that is wrong is told at the end.
pub(super) fn read(path: &Path, each: impl FnMut(Event, u64)) -> Result<(), SegmentError> {
    let mut reader = Reader::open(path)?;
    reader.go(usize::MAX, each)?;
    reader.verdict()
}

/// Where some lines of a file begin.
#[derive(Debug)]
pub(super) struct Places {
    path: PathBuf,
    bytes: u64,
    /// Number of the line, and its place.
    lines: Vec<(u64, u64)>,
}

impl Places {
    /// Reads a whole file, takes note of every so manyth line's place, and tells what is wrong with it.
    pub(super) fn of(path: &Path, every: usize, each: &mut impl FnMut(Event)) -> (Self, Result<(), SegmentError>) {
        let mut lines = Vec::new();
        let mut count = 0_usize;
        let sound = read(path, |event, place| {
            if count.is_multiple_of(every) {
                lines.push((event.seq, place));
            }
            count += 1;
            each(event);
        });
        (Self { path: path.to_owned(), bytes: length(path), lines }, sound)
    }

    /// Reads the lines of a file from one number to another; false if the places are another file's.
    pub(super) fn read(&self, path: &Path, (from, to): (u64, u64), each: &mut impl FnMut(Event)) -> bool {
        self.path == path && self.bytes == length(path) && read_part(path, self.before(from), to, each).is_ok()
    }

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

#[derive(Debug)]
struct Reader {
    path: PathBuf,
    text: Split<BufReader<File>>,
    number: u64,
    /// Where the next line begins.
    next: u64,
    count: u64,
    end: Option<u64>,
    wrong: Option<(u64, String)>,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, SegmentError> {
        let text = BufReader::new(File::open(path).map_err(file_error(path))?).split(b'\n');
        Ok(Self { path: path.to_owned(), text, number: 0, next: 0, count: 0, end: None, wrong: None })
    }

    /// So many lines more; true at the end of the file.
    fn go(&mut self, lines: usize, mut each: impl FnMut(Event, u64)) -> Result<bool, SegmentError> {
        for _ in 0..lines {
            let Some(text) = self.text.next() else { return Ok(true) };
            let text = text.map_err(file_error(&self.path))?;
            self.number += 1;
            let place = self.next;
            self.next += u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_add(1);
            match parse(&text, self.number) {
                Ok(_) if self.end.is_some() => self.mistake("there is more after the end".to_owned()),
                Ok(Parsed::Line(event)) => {
                    self.count += 1;
                    each(*event, place);
                }
                Ok(Parsed::Edge(Edge::End { lines, .. })) => self.end = Some(lines),
                Ok(Parsed::Edge(Edge::Segment { .. })) => {}
                Err(why) => self.mistake(why),
            }
        }
        Ok(false)
    }

    /// The first one counts.
    fn mistake(&mut self, why: String) {
        self.wrong.get_or_insert((self.number, why));
    }

    fn verdict(self) -> Result<(), SegmentError> {
        let Self { path, number, count, end, wrong, .. } = self;
        let told = match end {
            Some(lines) if lines == count => None,
            Some(lines) => Some((number, format!("{count} lines are there, {lines} were written"))),
            None => Some((number, "the end is missing".to_owned())),
        };
        match wrong.or(told) {
            None => Ok(()),
            Some((line, why)) => Err(SegmentError::Damaged { path, line, why }),
        }
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
