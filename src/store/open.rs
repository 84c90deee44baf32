//! Opening the store: the lock, the files, the deep check, and a ladder of ways out when the files are damaged.
//!
//! 1. plainly;
//! 2. without sled's snapshot file, which is a cache: a damaged one keeps sled from opening files that are whole;
//! 3. anew, from the last sound export, the damaged files kept aside.
//!
//! A store whose file lost its end opens plainly but is older than it said; it is kept if it is newer than the last
//! export. After that, after step 3 and after setting records aside, a [`Resync`] is owed.
//!
//! The home holds `sled/` (the files), `sled.tally`, `lock`, `exports/` and `aside/`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use jiff::Timestamp;

use crate::seam::{Batch, Kv, KvError};

use super::check::{self, BrokenRow, CheckError, Intake};
use super::export::{self, EXPORTED, Exported};
use super::lock::{Lock, LockError};
use super::rebuild::{self, Home};
use super::sled_kv::{SledFailure, SledKv};
use super::{Resync, files, record, trees};

/// How long sled may take to open; it has been seen to hang on damaged files.
const PATIENCE: Duration = Duration::from_secs(30);
/// Broken rows named in the note; all are in [`Opened::broken`].
const NAMED: usize = 5;

/// Which step of the ladder was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There was no store; there is one now.
    Created,
    /// It opened plainly.
    Plain,
    /// It opened without its snapshot file; nothing is lost.
    WithoutSnapshot,
    /// Its file had lost the end; what was left was newer than any export and is used.
    Shortened {
        /// How many durable batches are missing.
        lost: u64,
    },
    /// It was restored.
    Restored {
        /// From this export.
        from: PathBuf,
        /// Made at this time.
        at: Timestamp,
    },
    /// It could not be opened and there was no sound export: it begins empty.
    Emptied,
}

/// An open store.
pub struct Opened {
    /// The engine, which holds the lock.
    pub kv: SledKv,
    /// How it was opened.
    pub step: Step,
    /// For the operator; empty if there is nothing to tell.
    pub note: String,
    /// Rows that failed their check and are in the quarantine now: what they told is to be read again.
    pub broken: Vec<BrokenRow>,
    /// Whether a full comparison of both sides is owed.
    pub resync: Option<Resync>,
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Files or directories cannot be used.
    #[error("{}: {error}. {}; nothing was changed", .path.display(), files::mend(.error))]
    Files {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The engine cannot use its files, which may be perfectly well.
    #[error("{0}. Nothing was changed; check rights, space and the disk, then start again")]
    Failed(String),
    /// The files are damaged, and only looked at.
    #[error(
        "the store's files are damaged: {0}. Nothing was changed; the next start mends them as far as it can, at worst from the last \
         sound export, and keeps the damaged ones aside; `crosstie import FILE` takes an export of your choice"
    )]
    Unusable(String),
    /// An export is not what it should be.
    #[error("{0}. Nothing was changed; name another one: `crosstie verify` tells which are sound")]
    Unsound(String),
    /// The engine did not finish.
    #[error("the store did not open within {} seconds; nothing was changed. Check the disk, then start again", PATIENCE.as_secs())]
    Stuck,
    /// The store belongs to a newer program.
    #[error("this store was written by a newer crosstie ({0}). Use that version; nothing was changed")]
    Newer(BrokenRow),
    /// The engine failed while the store was being mended.
    #[error(transparent)]
    Kv(#[from] KvError),
}

/// How one attempt ended, other than well.
enum Attempt {
    Damaged(String),
    Hopeless(OpenError),
}

impl From<OpenError> for Attempt {
    fn from(error: OpenError) -> Self {
        Attempt::Hopeless(error)
    }
}

/// Whether a store lies in `home`, in whatever state.
pub fn is_there(home: &Path) -> bool {
    Home::new(home).sled.exists()
}

/// Opens the store in `home`, making it if there is none. `now` dates what is set aside. Blocks, for seconds if need be.
///
/// # Errors
/// [`OpenError`]; damaged files are not an error but a [`Step`].
pub fn open(home: &Path, now: Timestamp) -> Result<Opened, OpenError> {
    open_into(home, now).map(|(opened, ())| opened)
}

/// As [`open()`], and gives every row that is sound and in use to somebody.
///
/// # Errors
/// As [`open()`].
pub fn open_into<T: Intake>(home: &Path, now: Timestamp) -> Result<(Opened, T), OpenError> {
    let home = Home::new(home);
    home.io(files::private_dir(&home.root))?;
    let lock = Lock::take(&home.root.join("lock"))?;
    rebuild::finish(&home, now)?;
    let existed = home.sled.exists();
    let Weighed { mut kv, step, broken, story, intake } = match attempt(&home.sled) {
        Ok(sound) => weigh(&home, sound, if existed { Step::Plain } else { Step::Created }, now)?,
        Err(Attempt::Hopeless(error)) => return Err(error),
        Err(Attempt::Damaged(first)) => {
            let aside = rebuild::copy_aside(&home, now)?;
            rebuild::remove_snapshots(&home)?;
            match attempt(&home.sled) {
                Ok(sound) => {
                    let mut weighed = weigh(&home, sound, Step::WithoutSnapshot, now)?;
                    weighed.story = format!("{first}; {} The files as they were: {}.", weighed.story, aside.display());
                    weighed
                }
                Err(Attempt::Hopeless(error)) => return Err(error),
                Err(Attempt::Damaged(second)) => {
                    let mut weighed = anew(&home, now)?;
                    weighed.story = format!("{first}; without the snapshot: {second}; {}", weighed.story);
                    weighed
                }
            }
        }
    };
    let mut batch = Batch::new();
    let mut note = story;
    check::set_aside(&kv, &broken, &mut batch)?;
    if !broken.is_empty() {
        note = join(&note, &tell(&broken));
    }
    // A mark that is itself set aside is made anew.
    let mut resync = if broken.iter().any(Resync::is) { None } else { Resync::read(&kv)? };
    let owed = matches!(step, Step::Shortened { .. }) || broken.iter().any(|row| row.tree != trees::JOURNAL);
    if owed && resync.is_none() {
        let mark = Resync { since: now, why: note.clone() };
        mark.mark(&mut batch)?;
        resync = Some(mark);
    }
    kv.apply(&batch)?;
    kv.flush()?;
    if let Some(resync) = resync.as_ref().filter(|_| note.is_empty()) {
        note = format!("{} {}: {}", Resync::OWED, resync.since, resync.why);
    }
    kv.hold(lock);
    Ok((Opened { kv, step, note, broken, resync }, intake))
}

/// Opens, on a thread that may be left behind if sled never answers; the inner error tells of damage.
pub(super) fn patiently(path: &Path) -> Result<Result<SledKv, String>, OpenError> {
    let (sender, receiver) = channel();
    let place = path.to_owned();
    let thread = std::thread::Builder::new().name("store-open".to_owned()).spawn(move || {
        // If the wait has ended nobody takes it, and it is closed here.
        let _ = sender.send(SledKv::open(&place));
    });
    thread.map_err(|error| OpenError::Files { path: path.to_owned(), error })?;
    match receiver.recv_timeout(PATIENCE) {
        Ok(Ok(kv)) => Ok(Ok(kv)),
        Ok(Err(SledFailure::Damaged(why))) => Ok(Err(why)),
        Ok(Err(error @ (SledFailure::Busy(_) | SledFailure::Failed(_)))) => Err(OpenError::Failed(error.to_string())),
        Err(RecvTimeoutError::Timeout) => Err(OpenError::Stuck),
        Err(RecvTimeoutError::Disconnected) => Ok(Err("the engine gave up".to_owned())),
    }
}

/// Opens and checks.
fn attempt<T: Intake>(path: &Path) -> Result<Sound<T>, Attempt> {
    let kv = patiently(path)?.map_err(Attempt::Damaged)?;
    match check::deep(&kv) {
        Ok((broken, intake)) => Ok(Sound { kv, broken, intake }),
        Err(CheckError::Newer(row)) => Err(OpenError::Newer(row).into()),
        Err(CheckError::Kv(error)) => Err(Attempt::Damaged(error.to_string())),
    }
}

/// What opened, with what was found in it.
struct Sound<T> {
    kv: SledKv,
    broken: Vec<BrokenRow>,
    intake: T,
}

/// What is used.
struct Weighed<T> {
    kv: SledKv,
    step: Step,
    broken: Vec<BrokenRow>,
    story: String,
    intake: T,
}

/// Keeps a store that opened, unless it lost so much that the last export is newer.
fn weigh<T: Intake>(home: &Home, sound: Sound<T>, step: Step, now: Timestamp) -> Result<Weighed<T>, OpenError> {
    let lost = sound.kv.lost();
    let exports = home.io(export::list(&home.exports))?;
    if lost == 0 {
        return Ok(kept(sound, step, 0, exports.len()));
    }
    let Some(newest) = exports.iter().rev().find(|path| export::verify(path).is_ok()) else {
        return Ok(kept(sound, step, lost, exports.len()));
    };
    let last = sound.kv.get(trees::META, EXPORTED)?.and_then(|bytes| record::open::<Exported>(&bytes).ok());
    if last.is_some_and(|last| last.knows(newest)) {
        return Ok(kept(sound, step, lost, exports.len()));
    }
    rebuild::copy_aside(home, now)?;
    drop(sound);
    let mut weighed = anew(home, now)?;
    weighed.story = format!("the last {lost} durable writes were missing from the file; {}", weighed.story);
    Ok(weighed)
}

fn kept<T>(sound: Sound<T>, step: Step, lost: u64, exports: usize) -> Weighed<T> {
    let (step, story) = match step {
        _ if lost > 0 => (
            Step::Shortened { lost },
            format!("the last {lost} durable writes were missing from the store's file; what it still holds is used."),
        ),
        Step::WithoutSnapshot => {
            (Step::WithoutSnapshot, "it opened without its snapshot file, and nothing is lost.".to_owned())
        }
        Step::Created if exports > 0 => (
            Step::Created,
            "there was no store, so an empty one was made, although exports of an earlier one lie here.".to_owned(),
        ),
        step => (step, String::new()),
    };
    let Sound { kv, broken, intake } = sound;
    Weighed { kv, step, broken, story, intake }
}

/// Builds the store anew and opens it.
fn anew<T: Intake>(home: &Home, now: Timestamp) -> Result<Weighed<T>, OpenError> {
    let (step, story) = rebuild::anew(home, now)?;
    match attempt(&home.sled) {
        Ok(Sound { kv, intake, .. }) => Ok(Weighed { kv, step, broken: Vec::new(), story, intake }),
        Err(Attempt::Hopeless(error)) => Err(error),
        Err(Attempt::Damaged(why)) => Err(OpenError::Failed(format!("even a new store does not open: {why}"))),
    }
}

fn join(first: &str, second: &str) -> String {
    if first.is_empty() { second.to_owned() } else { format!("{first} {second}") }
}

fn tell(broken: &[BrokenRow]) -> String {
    let names: Vec<String> = broken.iter().take(NAMED).map(ToString::to_string).collect();
    let more = broken.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{} damaged records were set aside and will be read again ({}{more}).", broken.len(), names.join("; "))
}
