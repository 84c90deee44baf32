//! The later steps of the opening ladder: keeping damaged files aside, and building the store anew.
//!
//! A new store is built whole under another name and then takes the old one's place by renames, so that a power cut
//! leaves the one or the other, and never an empty store that looks like a first start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::seam::{Batch, Kv, KvError};

use super::export::{self, EXPORTED, ExportError, Exported};
use super::open::{OpenError, Step};
use super::sled_kv::{SledKv, tally_path};
use super::{Resync, files, record, trees};

/// What lies where.
pub(super) struct Home {
    pub root: PathBuf,
    pub sled: PathBuf,
    pub next: PathBuf,
    pub exports: PathBuf,
    pub aside: PathBuf,
}

impl Home {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            sled: root.join("sled"),
            next: root.join("sled.new"),
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
pub(super) fn finish(home: &Home) -> Result<(), OpenError> {
    if !home.next.exists() {
        return Ok(());
    }
    if home.sled.exists() {
        return home.io(remove(&home.next));
    }
    home.io(take_place(home))
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
    home.io(remove(&home.next))?;
    home.io(remove(&tally_path(&home.next)))?;
    let mut kv = SledKv::open(&home.next).map_err(|error| OpenError::Failed(error.to_string()))?;
    match sound {
        Some(from) => {
            let at = export::restore(&mut kv, &from).map_err(|error| OpenError::Failed(error.to_string()))?;
            let mut story = format!("the store was restored from {}, made at {at}.", from.display());
            if !unsound.is_empty() {
                story = format!("{story} Newer exports were not sound: {unsound}.");
            }
            let mut batch = Batch::new();
            let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
            record::put(&mut batch, trees::META, EXPORTED, &Exported { name, begun: None }).map_err(KvError::from)?;
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
    kv.flush()?;
    drop(kv);
    home.io(fs::rename(&home.sled, &place).and_then(|()| files::sync_dir(&home.aside)))?;
    home.io(take_place(home))?;
    Ok(story)
}

/// The new store takes its place. Counts of batches start anew with it: the old figure would call it shortened.
fn take_place(home: &Home) -> io::Result<()> {
    remove(&tally_path(&home.sled))?;
    remove(&tally_path(&home.next))?;
    fs::rename(&home.next, &home.sled)?;
    files::sync_dir(&home.root)
}

/// The store that was built beside it takes the place of the one there is, whose files are kept aside.
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
    Ok(place)
}

/// Moves what lies at a place out of the way, if there is anything.
pub(super) fn keep_aside(home: &Home, place: &Path, what: &str, now: Timestamp) -> io::Result<()> {
    if !place.exists() {
        return Ok(());
    }
    fs::rename(place, home.place_aside(what, now)?)?;
    files::sync_dir(&home.aside)
}

/// Removes a file or a directory with all in it, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
