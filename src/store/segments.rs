//! The journal's older days: one file of JSON lines a day, each line with its checksum, beside the store.
//!
//! A day leaves the store in two steps. First its file is written whole, under another name, read back and given its
//! name; only then are the rows removed. A process that dies in between leaves lines in both places: those in the files
//! count, and the rows left behind are removed by whoever looks next. So there is always exactly one of each line.
//!
//! A file is named `<day>_<first>-<last>.jsonl` by its day (UTC) and the numbers of its lines. Its first line tells its
//! format, its last one how many lines there are; a file without that one is damaged, and its sound lines still count.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::model::Event;
use crate::seam::{Kv, KvError};

use super::day::{self, Places, Reading, Writing};
use super::files::{self, Temporary};
use super::{record, trees};

/// The folder of the files, beside the store.
pub const FOLDER: &str = "journal";
pub(super) const TEMPORARY: &str = ".segment.tmp";
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

pub(super) fn file_error(path: &Path) -> impl Fn(io::Error) -> SegmentError {
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

impl Segment {
    /// The name of its file.
    pub fn name(&self) -> Option<&str> {
        self.path.file_name()?.to_str()
    }
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

/// The files of one store, oldest first.
#[derive(Debug)]
pub struct Segments {
    dir: PathBuf,
    all: Vec<Segment>,
    /// Those whose damage was told.
    told: BTreeSet<PathBuf>,
    /// Where lines begin in the file that was read last: whoever goes through a day window by window reads it once.
    places: Option<Places>,
    /// The one that is being made.
    under_way: Option<UnderWay>,
}

/// How far a file is.
#[derive(Debug)]
enum UnderWay {
    /// Lines are written, and these rows come next.
    Written(Writing, Vec<u8>),
    /// All of it is written, and it is read back.
    Read(Reading),
}

/// What a step towards the next file has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filing {
    /// There is no old day in the store.
    Nothing,
    /// There is one, and its file is not done yet.
    Begun,
    /// It lies in its file, durably.
    Done(Segment),
}

impl Segments {
    /// Looks at the files in a folder by their names; there need be no folder yet. What has another name is left alone.
    ///
    /// # Errors
    /// [`SegmentError::File`] when the folder cannot be read.
    pub fn open(dir: &Path) -> Result<Self, SegmentError> {
        Ok(Self { dir: dir.to_owned(), all: list(dir)?, told: BTreeSet::new(), places: None, under_way: None })
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
        loop {
            match self.write_some(kv, &Old { from, until, doubtful: 0 }, PAGE)? {
                Filing::Nothing => return Ok(None),
                Filing::Begun => {}
                Filing::Done(segment) => return Ok(Some(segment)),
            }
        }
    }

    /// As [`Segments::write_day`], one step of it that looks at so many lines: whoever waits for the store waits no longer.
    ///
    /// # Errors
    /// As [`Segments::write_day`]; the next step begins with the day anew.
    pub fn write_some(&mut self, kv: &dyn Kv, old: &Old, lines: usize) -> Result<Filing, SegmentError> {
        let (mut file, mut from) = match self.under_way.take() {
            Some(UnderWay::Read(reading)) => return self.read_back(reading, lines),
            Some(UnderWay::Written(writing, next)) => (Some(writing), next),
            None => (None, old.from.to_be_bytes().to_vec()),
        };
        let mut left = lines.max(1);
        'rows: loop {
            let page = PAGE.min(left);
            let rows = kv.scan(trees::JOURNAL, b"", Some(&from), page)?;
            let more = rows.len() == page;
            for (key, value) in rows {
                // What cannot be read is no line; whoever removes the day's rows removes it too.
                if let (Some(seq), Ok(At { at })) = (number(&key), record::open(&value)) {
                    let day = old.day(seq, at, file.as_ref().map(|writing| writing.day));
                    let writing = match &mut file {
                        Some(writing) if day == writing.day => writing,
                        None if day < old.until => file.insert(Writing::begin(&self.dir, day, seq)?),
                        _ => break 'rows,
                    };
                    writing.line(seq, &value)?;
                }
                from = super::check::after(key);
            }
            left -= page;
            match (more, left, file.take()) {
                (false, _, ended) => {
                    file = ended;
                    break;
                }
                (true, 0, Some(writing)) => {
                    self.under_way = Some(UnderWay::Written(writing, from));
                    return Ok(Filing::Begun);
                }
                (true, 0, None) => left = lines.max(1),
                (true, _, going) => file = going,
            }
        }
        let Some(writing) = file else { return Ok(Filing::Nothing) };
        self.under_way = Some(UnderWay::Read(writing.end()?));
        Ok(Filing::Begun)
    }

    /// What is about to leave the store is read back before it does.
    fn read_back(&mut self, mut reading: Reading, lines: usize) -> Result<Filing, SegmentError> {
        if !reading.go(lines)? {
            self.under_way = Some(UnderWay::Read(reading));
            return Ok(Filing::Begun);
        }
        let segment = reading.name()?;
        self.all.push(segment.clone());
        self.all.sort_by_key(|segment| segment.first);
        Ok(Filing::Done(segment))
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
            if let Some(known) = &self.places
                && known.read(&segment.path, (from, to), &mut keep)
            {
                continue;
            }
            let (places, sound) = Places::of(&segment.path, PAGE, &mut keep);
            self.places = Some(places);
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
    day::read(path, |_, _| lines += 1)?;
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
        let temporary = Temporary::at(to.join(TEMPORARY));
        let copy = files::new_dir(to)
            .and_then(|()| files::copy_file(&segment.path, temporary.path()))
            .and_then(|()| temporary.become_file(&target));
        copy.and_then(|()| files::sync_dir(to)).map_err(file_error(&target))?;
        copied += 1;
    }
    Ok(copied)
}

/// Which day is written: the oldest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Old {
    /// From this line on.
    pub from: u64,
    /// Days before this one.
    pub until: Date,
    /// When lines up to this one were written nobody knows, for the clock was set back after them.
    pub doubtful: u64,
}

impl Old {
    /// The day that a line counts for. One of a time that has not come stands with those around it: for as long as it would
    /// keep all later ones in the store, else.
    fn day(&self, seq: u64, at: Timestamp, writing: Option<Date>) -> Date {
        let day = at.to_zoned(TimeZone::UTC).date();
        if day < self.until || seq > self.doubtful {
            return day;
        }
        writing.unwrap_or_else(|| self.until.yesterday().unwrap_or(day))
    }
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
