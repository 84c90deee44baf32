//! The later steps of the opening ladder: keeping damaged files aside, and building the store anew.
//!
//! A new store is built as `sled.part`, which is nobody's; when it is whole it is `sled.new`, and then it takes the old one's
//! place by renames: a power cut leaves the one or the other, and never a half of one or an empty one that looks like a first
//! start. Days of the journal that come with it wait as `journal.new` and take their place after it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::seam::{Batch, Kv, KvError};

use super::export::{self, EXPORTED, ExportError, Exported};
use super::open::{OpenError, Step};
use super::segments::{self, SegmentError};
use super::sled_kv::{SledKv, tally_path};
use super::{Resync, exporting, files, record, trees};

/// What lies where.
pub(super) struct Home {
    pub root: PathBuf,
    pub sled: PathBuf,
    /// What is being built.
    part: PathBuf,
    /// What is whole and takes the place of `sled`.
    next: PathBuf,
    days: PathBuf,
    days_part: PathBuf,
    days_next: PathBuf,
    pub exports: PathBuf,
    pub aside: PathBuf,
}

impl Home {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            sled: root.join("sled"),
            part: root.join("sled.part"),
            next: root.join("sled.new"),
            days: root.join(segments::FOLDER),
            days_part: root.join(format!("{}.part", segments::FOLDER)),
            days_next: root.join(format!("{}.new", segments::FOLDER)),
            exports: root.join("exports"),
            aside: root.join("aside"),
        }
    }

    /// Names the place of an error.
    pub(super) fn io<T>(&self, answer: io::Result<T>) -> Result<T, OpenError> {
        answer.map_err(|error| OpenError::Files { path: self.root.clone(), error })
    }

    /// A name under `aside` that is not taken.
    fn place_aside(&self, what: &str, now: Timestamp) -> io::Result<PathBuf> {
        files::private_dir(&self.aside)?;
        let name = format!("{}-{what}", now.strftime("%Y%m%dT%H%M%SZ"));
        let free = |path: &PathBuf| !path.exists();
        let mut names = (1u32..).map(|n| self.aside.join(if n == 1 { name.clone() } else { format!("{name}-{n}") }));
        names.find(free).ok_or_else(|| io::Error::other("no free name"))
    }
}

/// Ends a change of places that was cut short, and forgets one that had not begun.
pub(super) fn finish(home: &Home, now: Timestamp) -> Result<(), OpenError> {
    // A process that was killed could not remove what it had begun; whatever prevents that here prevents no start.
    for begun in [home.exports.join(exporting::TEMPORARY), home.days.join(segments::TEMPORARY)] {
        let _ = fs::remove_file(begun);
    }
    let end = || {
        remove(&home.part)?;
        remove(&tally_path(&home.part))?;
        remove(&home.days_part)?;
        match (home.next.exists(), home.sled.exists()) {
            (true, true) => {
                remove(&home.next)?;
                return remove(&home.days_next);
            }
            (true, false) => take_place(home)?,
            (false, _) => {}
        }
        take_days_place(home, now)
    };
    home.io(end())
}

/// An empty store to be filled, beside the one there is.
pub(super) fn begin(home: &Home) -> Result<SledKv, OpenError> {
    home.io(remove(&home.part))?;
    home.io(remove(&tally_path(&home.part)))?;
    SledKv::open(&home.part).map_err(|error| OpenError::Failed(error.to_string()))
}

/// The store that was begun is whole: it is closed, durably, and may take the place of the one there is.
pub(super) fn ready(home: &Home, mut kv: SledKv) -> Result<(), OpenError> {
    kv.flush()?;
    drop(kv);
    let named = || {
        remove(&tally_path(&home.part))?;
        remove(&home.next)?;
        fs::rename(&home.part, &home.next)?;
        files::sync_dir(&home.root)
    };
    home.io(named())
}

/// Days of the journal that are to take the place of those beside the store when it takes its own.
pub(super) fn begin_days(home: &Home, from: &Path) -> Result<(), SegmentError> {
    let failed = |error| SegmentError::File { path: home.days_part.clone(), error };
    remove(&home.days_part).map_err(failed)?;
    segments::copy(from, &home.days_part).map(drop)
}

/// Those days are whole, and so is the store that they belong to.
pub(super) fn ready_days(home: &Home) -> io::Result<()> {
    if !home.days_part.exists() {
        return Ok(());
    }
    remove(&home.days_next)?;
    fs::rename(&home.days_part, &home.days_next)?;
    files::sync_dir(&home.root)
}

/// Keeps the files as they are now.
pub(super) fn copy_aside(home: &Home, now: Timestamp) -> Result<PathBuf, OpenError> {
    let place = home.io(home.place_aside("copy", now))?;
    home.io(files::copy_dir(&home.sled, &place).and_then(|()| files::sync_dir(&home.aside)))?;
    Ok(place)
}

/// Removes sled's snapshots, which are a cache of what the data file tells.
pub(super) fn remove_snapshots(home: &Home) -> Result<(), OpenError> {
    for path in home.io(files::list(&home.sled))? {
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("snap.")) {
            home.io(fs::remove_file(&path))?;
        }
    }
    home.io(files::sync_dir(&home.sled))
}

/// Puts a store restored from the newest sound export, or an empty one, in the place of the damaged one. It is marked
/// as owing a full comparison.
pub(super) fn anew(home: &Home, now: Timestamp) -> Result<(Step, String), OpenError> {
    let mut unsound = Vec::new();
    let mut sound = None;
    for path in home.io(export::list(&home.exports))?.into_iter().rev() {
        match export::verify(&path) {
            Ok(_) => {
                sound = Some(path);
                break;
            }
            Err(error @ ExportError::Damaged { .. }) => unsound.push(error.to_string()),
            // It may be perfectly well, and the newest: better no store than an older one.
            Err(error) => return Err(OpenError::Failed(error.to_string())),
        }
    }
    let unsound = unsound.join("; ");
    let mut kv = begin(home)?;
    match sound {
        Some(from) => {
            let at = export::restore(&mut kv, &from).map_err(|error| OpenError::Failed(error.to_string()))?;
            let mut story = format!("the store was restored from {}, made at {at}.", from.display());
            if !unsound.is_empty() {
                story = format!("{story} Newer exports were not sound: {unsound}.");
            }
            let mut batch = Batch::new();
            let exported = home.io(Exported::of(&from, &home.exports))?;
            record::put(&mut batch, trees::META, EXPORTED, &exported).map_err(KvError::from)?;
            let story = settle(home, kv, batch, now, &story)?;
            Ok((Step::Restored { from, at }, story))
        }
        None => {
            let none = if unsound.is_empty() { "there is no export".to_owned() } else { unsound };
            let story = format!("the store begins empty, for it could not be restored: {none}.");
            let story = settle(home, kv, Batch::new(), now, &story)?;
            Ok((Step::Emptied, story))
        }
    }
}

/// Marks the new store, closes it and gives it its place; then the story is complete.
fn settle(home: &Home, mut kv: SledKv, mut batch: Batch, now: Timestamp, story: &str) -> Result<String, OpenError> {
    let place = home.io(home.place_aside("damaged", now))?;
    let story = format!("{story} The damaged files: {}. A full comparison of both sides is owed.", place.display());
    Resync { since: now, why: story.clone() }.mark(&mut batch)?;
    kv.apply(&batch)?;
    ready(home, kv)?;
    home.io(fs::rename(&home.sled, &place).and_then(|()| files::sync_dir(&home.aside)))?;
    home.io(take_place(home))?;
    Ok(story)
}

/// The new store takes its place. Counts of batches start anew with it: the old figure would call it shortened.
fn take_place(home: &Home) -> io::Result<()> {
    remove(&tally_path(&home.sled))?;
    fs::rename(&home.next, &home.sled)?;
    files::sync_dir(&home.root)
}

/// The days that came with the new store take their place; those that were there are kept aside.
fn take_days_place(home: &Home, now: Timestamp) -> io::Result<()> {
    if !home.days_next.exists() {
        return Ok(());
    }
    if home.days.exists() {
        fs::rename(&home.days, home.place_aside(segments::FOLDER, now)?)?;
        files::sync_dir(&home.aside)?;
    }
    fs::rename(&home.days_next, &home.days)?;
    files::sync_dir(&home.root)
}

/// The store that was built beside it takes the place of the one there is, whose files are kept aside; then the days that came
/// with it.
pub(super) fn replace(home: &Home, now: Timestamp) -> io::Result<Option<PathBuf>> {
    let place = match home.sled.exists() {
        true => {
            let place = home.place_aside("replaced", now)?;
            fs::rename(&home.sled, &place)?;
            files::sync_dir(&home.aside)?;
            Some(place)
        }
        false => None,
    };
    take_place(home)?;
    take_days_place(home, now)?;
    Ok(place)
}

/// Removes a file or a directory with all in it, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
