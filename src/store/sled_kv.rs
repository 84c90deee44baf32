//! [`Kv`] on sled 0.34.7, used the one way that lost nothing in our measurements.
//!
//! - `flush_async` is never called: it hangs for good after some ten thousand calls (sled issue 1308).
//! - `flush` alone is `sync_file_range`, which neither empties the disk's cache nor writes the file's size (issues 1351,
//!   1452): every flush here is followed by `fdatasync` on a file handle of our own.
//! - The cache holds more than it counts, and counts a page only once it is asked for again: a scan that passes everything
//!   would keep everything. So [`Kv::scan`] asks for each row once more, and the cache is small.
//! - The background flusher stays on, because sled collects its garbage there. Nothing depends on it.
//! - Any error is final: after a failed write sled refuses for the rest of the process. A panic inside it is an error.
//! - A shortened file of a small store opens without a word, at an earlier state. So the number of batches applied is
//!   kept twice, in the store and in a small file beside it, and [`SledKv::lost`] is the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sled::Transactional;
use sled::transaction::{ConflictableTransactionResult, TransactionError, TransactionalTree};

use crate::seam::kv::Rows;
use crate::seam::{Batch, Kv, KvError};

use super::lock::Lock;
use super::{chunk, files, trees};

/// sled's own default is 1 GiB. What it counts takes twice as much in memory, and the engine remembers what it needs by itself:
/// a cache is of use for a few pages that are written again and again.
const CACHE_BYTES: u64 = 4 << 20;
const FLUSH_EVERY_MS: u64 = 500;
/// Every how many rows of a scan one is asked for again. No page that was split has fewer rows.
const ASKED_AGAIN: usize = 4;
/// Reopening inside one process meets the old lock for a moment: sled's drop does not wait for it (issue 1234).
const BUSY_TRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Our own tree below those of the callers: chunks of long values, and the number of batches applied.
const INNER: &str = "kv";
const TALLY: &[u8] = b"\0tally";

/// How sled is run. The default is what the program uses.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// Bytes of page cache.
    pub cache_bytes: u64,
    /// Milliseconds between sled's own flushes; `None` for none, so that a test knows what reached the disk.
    pub flush_every_ms: Option<u64>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { cache_bytes: CACHE_BYTES, flush_every_ms: Some(FLUSH_EVERY_MS) }
    }
}

/// Why sled did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SledFailure {
    /// Another process, or an earlier handle of this one, still has the file.
    #[error("the store's file is locked: {0}")]
    Busy(String),
    /// The files do not make sense: what the ladder of [`super::open()`] is for.
    #[error("the store's files are damaged: {0}")]
    Damaged(String),
    /// The system refused, and the files may be perfectly well: rights, space, a failing disk.
    #[error("the store's files cannot be used: {0}")]
    Failed(String),
}

/// The store's engine on a disk.
pub struct SledKv {
    trees: BTreeMap<&'static str, sled::Tree>,
    inner: sled::Tree,
    db: sled::Db,
    /// sled's data file, for the `fdatasync` that sled leaves out.
    data: File,
    tally_file: File,
    tally: u64,
    lost: u64,
    /// Given back last of all.
    lock: Option<Lock>,
}

impl SledKv {
    /// Opens the store in the directory `path`, making it if need be, with a file `<path>.tally` beside it.
    ///
    /// # Errors
    /// [`SledFailure`]; only `Damaged` says anything about the files.
    pub fn open(path: &Path) -> Result<Self, SledFailure> {
        Self::open_with(path, Tuning::default())
    }

    /// As [`SledKv::open`], with other figures.
    ///
    /// # Errors
    /// As [`SledKv::open`].
    pub fn open_with(path: &Path, tuning: Tuning) -> Result<Self, SledFailure> {
        let failed = |error: io::Error| SledFailure::Failed(format!("{}: {error}", path.display()));
        files::private_dir(path).map_err(failed)?;
        let db = guarded(|| open_db(path, tuning))
            .unwrap_or_else(|panic| Err(SledFailure::Damaged(format!("the engine gave up: {panic}"))))?;
        let opened = guarded(|| -> sled::Result<_> {
            let named = trees::ALL.into_iter().map(|name| Ok((name, db.open_tree(name)?)));
            let named = named.collect::<sled::Result<BTreeMap<_, _>>>()?;
            let inner = db.open_tree(INNER)?;
            let tally = inner.get(TALLY)?;
            Ok((named, inner, tally))
        });
        let (trees, inner, tally) = match opened {
            Ok(done) => done.map_err(|error| failure(&error))?,
            Err(panic) => return Err(SledFailure::Damaged(format!("the engine gave up: {panic}"))),
        };
        let tally = tally.as_deref().and_then(number).unwrap_or(0);

        let data = OpenOptions::new().write(true).open(path.join("db")).map_err(failed)?;
        let beside = tally_path(path);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let tally_file = options.open(&beside).map_err(failed)?;
        let mut bytes = [0; 12];
        let promised = match tally_file.read_exact_at(&mut bytes, 0) {
            Ok(()) => read_tally(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => return Err(failed(error)),
        };
        files::tighten(path).map_err(failed)?;
        // The names of new files must survive as well as what is in them.
        files::sync_dir(path).map_err(failed)?;
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            files::sync_dir(parent).map_err(failed)?;
        }
        let lost = promised.unwrap_or(0).saturating_sub(tally);
        Ok(Self { trees, inner, db, data, tally_file, tally, lost, lock: None })
    }

    /// Keeps a lock for as long as the store is open.
    pub fn hold(&mut self, lock: Lock) {
        self.lock = Some(lock);
    }

    /// How many durable batches are missing since the last time, because the file was shortened or replaced by an
    /// older one. 0 when all is well or when nothing tells.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn tree(&self, name: &str) -> Result<&sled::Tree, KvError> {
        self.trees.get(name).ok_or_else(|| KvError::NoSuchTree(name.to_owned()))
    }
}

/// The small file beside a store that counts its batches.
pub(super) fn tally_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tally");
    PathBuf::from(name)
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

fn read_tally(bytes: [u8; 12]) -> Option<u64> {
    let (value, crc) = bytes.split_at(8);
    (crc32fast::hash(value).to_le_bytes() == crc).then(|| number(value)).flatten()
}

fn write_tally(tally: u64) -> [u8; 12] {
    let mut bytes = [0; 12];
    let (value, crc) = bytes.split_at_mut(8);
    value.copy_from_slice(&tally.to_le_bytes());
    crc.copy_from_slice(&crc32fast::hash(value).to_le_bytes());
    bytes
}

fn open_db(path: &Path, tuning: Tuning) -> Result<sled::Db, SledFailure> {
    let config =
        sled::Config::new().path(path).cache_capacity(tuning.cache_bytes).flush_every_ms(tuning.flush_every_ms);
    let mut tries = 1;
    loop {
        match config.open().map_err(|error| failure(&error)) {
            Err(SledFailure::Busy(_)) if tries < BUSY_TRIES => {
                tries += 1;
                std::thread::sleep(BUSY_PAUSE);
            }
            answer => return answer,
        }
    }
}

fn failure(error: &sled::Error) -> SledFailure {
    let text = error.to_string();
    match error {
        sled::Error::Io(io) => match io.kind() {
            // sled reports a held lock as an error of no kind; only its text tells.
            io::ErrorKind::Other if text.contains("could not acquire lock") => SledFailure::Busy(text),
            io::ErrorKind::WouldBlock => SledFailure::Busy(text),
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Other
            | io::ErrorKind::NotFound => SledFailure::Damaged(text),
            _ => SledFailure::Failed(text),
        },
        sled::Error::Corruption { .. }
        | sled::Error::ReportableBug(_)
        | sled::Error::Unsupported(_)
        | sled::Error::CollectionNotFound(_) => SledFailure::Damaged(text),
    }
}

/// Runs something of sled's; a panic in it comes back as its text.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "a panic".to_owned())
    })
}

/// As [`guarded`], with every failure a [`KvError`].
fn asked<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, KvError> {
    match guarded(work) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(KvError::Failed(error.to_string())),
        Err(panic) => Err(KvError::Failed(format!("the engine gave up: {panic}"))),
    }
}

impl Kv for SledKv {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        let rows = self.tree(tree)?;
        asked(|| {
            let Some(stored) = rows.get(key)? else { return Ok(None) };
            chunk::join(&stored, tree, key, |chunk| self.inner.get(chunk)).map(Some)
        })
    }

    fn scan(&self, tree: &'static str, prefix: &[u8], from: Option<&[u8]>, limit: usize) -> Result<Rows, KvError> {
        let rows = self.tree(tree)?;
        let start = from.unwrap_or(prefix).max(prefix);
        asked(|| {
            let mut found = Rows::new();
            for (at, row) in rows.range(start..).take(limit).enumerate() {
                let (key, stored) = row?;
                if !key.starts_with(prefix) {
                    break;
                }
                // sled counts a page in its cache when it is asked for once more, and one that was only ever passed stays in
                // memory for good: without this, a look at everything keeps everything.
                if at % ASKED_AGAIN == 0 {
                    rows.contains_key(&key)?;
                }
                let value = chunk::join(&stored, tree, &key, |chunk| self.inner.get(chunk))?;
                found.push((key.to_vec(), value));
            }
            Ok(found)
        })
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), KvError> {
        if batch.is_empty() {
            return Ok(());
        }
        let names: Vec<&'static str> =
            batch.ops.iter().map(|(tree, _, _)| *tree).collect::<BTreeSet<_>>().into_iter().collect();
        let mut all = names.iter().map(|name| self.tree(name).cloned()).collect::<Result<Vec<_>, _>>()?;
        all.push(self.inner.clone());
        let next = self.tally + 1;
        let done = guarded(|| {
            all[..].transaction(|views: &Vec<TransactionalTree>| {
                // May run more than once; writes of an earlier run were dropped.
                let Some((inner, views)) = views.split_last() else { return Ok(()) };
                for (tree, key, value) in &batch.ops {
                    if let Some(view) = names.iter().position(|name| name == tree).and_then(|at| views.get(at)) {
                        put(view, inner, tree, key, value.as_deref())?;
                    }
                }
                inner.insert(TALLY, &next.to_le_bytes())?;
                Ok(())
            })
        });
        match done {
            Ok(Ok(())) => {
                self.tally = next;
                Ok(())
            }
            Ok(Err(TransactionError::Storage(error))) => Err(KvError::Failed(error.to_string())),
            Ok(Err(TransactionError::Abort(()))) => Err(KvError::Failed("the transaction was given up".to_owned())),
            Err(panic) => Err(KvError::Failed(format!("the engine gave up: {panic}"))),
        }
    }

    fn flush(&mut self) -> Result<(), KvError> {
        asked(|| {
            self.db.flush()?;
            self.data.sync_data()?;
            // After the data, so that it never promises more than is there. It needs no sync: an old figure is harmless.
            self.tally_file.write_all_at(&write_tally(self.tally), 0)?;
            Ok(())
        })
    }
}

/// Writes or removes one value and its chunks.
fn put(
    view: &TransactionalTree,
    inner: &TransactionalTree,
    tree: &str,
    key: &[u8],
    value: Option<&[u8]>,
) -> ConflictableTransactionResult<(), ()> {
    let (before, chunks) = match value {
        Some(value) => {
            let (head, chunks) = chunk::split(value);
            (view.insert(key, head)?, chunks)
        }
        None => (view.remove(key)?, Vec::new()),
    };
    for (at, part) in chunks.iter().enumerate() {
        inner.insert(chunk::key(tree, key, at), *part)?;
    }
    for at in chunks.len()..before.map_or(0, |before| chunk::count(&before)) {
        inner.remove(chunk::key(tree, key, at))?;
    }
    Ok(())
}
