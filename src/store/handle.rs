//! The handle everyone uses.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::model::Event;
use crate::seam::kv::Rows;
use crate::seam::{Batch, Kv, KvError};

use super::check::{BrokenRow, after};
use super::core::{Core, closed};
use super::export::{self, EXPORTED, ExportError, Exported};
use super::exporting::Exporting;
use super::record::{self, Broken};
use super::segments::{Filed, Filing, Old, SegmentError, Segments};
use super::worker::{self, Request};
use super::{Resync, trees};

/// Rows of an export that are read at once, in about a millisecond.
const EXPORTED_AT_ONCE: usize = 256;

/// The store. Clones are the same store. After an error every later call answers with that error: the process should
/// stop, and look at its disk.
#[derive(Clone)]
pub struct Store {
    way: Arc<Way>,
    /// Held by whoever has an export written.
    exports: Arc<tokio::sync::Mutex<()>>,
}

enum Way {
    /// The engine belongs to a thread.
    Thread { requests: Sender<Request>, thread: Mutex<Option<JoinHandle<()>>> },
    /// Whoever calls does the work.
    Inline(Box<Mutex<Core>>),
}

/// Rows of one tree, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Sound rows, in key order.
    pub rows: Vec<(Vec<u8>, T)>,
    /// Rows that could not be used. They are in the quarantine now; what they told is to be read again at its source.
    pub broken: Vec<BrokenRow>,
    /// Where to go on, if there may be more.
    pub next: Option<Vec<u8>>,
}

impl Store {
    /// Gives the engine to a thread of its own.
    ///
    /// # Errors
    /// [`KvError`] when the system gives no thread.
    pub fn start(kv: Box<dyn Kv>) -> Result<Self, KvError> {
        Self::started(Core::new(kv, None))
    }

    /// As [`Store::start`], with the journal's older days in files.
    ///
    /// # Errors
    /// As [`Store::start`].
    pub fn start_with(kv: Box<dyn Kv>, segments: Segments) -> Result<Self, KvError> {
        Self::started(Core::new(kv, Some(segments)))
    }

    fn of(way: Way) -> Self {
        Self { way: Arc::new(way), exports: Arc::default() }
    }

    fn started(core: Core) -> Result<Self, KvError> {
        let (requests, thread) =
            worker::start(core).map_err(|error| KvError::Failed(format!("no thread for the store: {error}")))?;
        Ok(Self::of(Way::Thread { requests, thread: Mutex::new(Some(thread)) }))
    }

    /// Does all work in the caller, at once: for the simulation, whose order of events must not depend on a thread.
    pub fn inline(kv: Box<dyn Kv>) -> Self {
        Self::of(Way::Inline(Box::new(Mutex::new(Core::new(kv, None)))))
    }

    /// As [`Store::inline`], with the journal's older days in files.
    pub fn inline_with(kv: Box<dyn Kv>, segments: Segments) -> Self {
        Self::of(Way::Inline(Box::new(Mutex::new(Core::new(kv, Some(segments))))))
    }

    /// Writes a batch, all or nothing. It is durable when this answers `Ok`. A caller that stops waiting does not stop
    /// the write.
    ///
    /// # Errors
    /// [`KvError`]; whether the batch was written is then unknown until the store is opened again.
    pub async fn commit(&self, batch: Batch) -> Result<(), KvError> {
        for (tree, _, _) in &batch.ops {
            known(tree)?;
        }
        match &*self.way {
            Way::Inline(core) => locked(core).commit(&batch),
            Way::Thread { requests, .. } => {
                let (answer, waiting) = oneshot::channel();
                requests.send(Request::Commit(batch, answer)).map_err(|_| closed())?;
                waiting.await.map_err(|_| closed())?
            }
        }
    }

    /// The value under a key, as it lies there (see [`record::open`]).
    ///
    /// # Errors
    /// [`KvError`] when the engine fails or the tree is unknown.
    pub async fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        let key = key.to_vec();
        self.ask(move |core| core.get(tree, &key)).await?
    }

    /// Rows of a tree whose keys begin with `prefix`, in key order, from `from` (inclusive), `limit` at most.
    ///
    /// # Errors
    /// [`KvError`] when the engine fails or the tree is unknown.
    pub async fn scan(
        &self,
        tree: &'static str,
        prefix: &[u8],
        from: Option<&[u8]>,
        limit: usize,
    ) -> Result<Rows, KvError> {
        let (prefix, from) = (prefix.to_vec(), from.map(<[u8]>::to_vec));
        self.ask(move |core| core.scan(tree, &prefix, from.as_deref(), limit)).await?
    }

    /// As [`Store::scan`], with the records read. Rows that cannot be used are moved to the quarantine and reported.
    ///
    /// # Errors
    /// [`KvError`] when the engine fails, the tree is unknown, or a row was written by a newer program.
    pub async fn page<T: DeserializeOwned>(
        &self,
        tree: &'static str,
        prefix: &[u8],
        from: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page<T>, KvError> {
        let found = self.scan(tree, prefix, from, limit).await?;
        let next = if found.len() < limit { None } else { found.last().map(|(key, _)| after(key.clone())) };
        let mut page = Page { rows: Vec::with_capacity(found.len()), broken: Vec::new(), next };
        let mut aside = Batch::new();
        for (key, value) in found {
            match record::open(&value) {
                Ok(read) => page.rows.push((key, read)),
                Err(why @ Broken::Newer(_)) => {
                    return Err(KvError::Failed(BrokenRow { tree, key, why }.to_string()));
                }
                Err(why) => {
                    let row = BrokenRow { tree, key, why };
                    aside.put(trees::QUARANTINE, row.quarantine_key(), value);
                    aside.remove(tree, row.key.clone());
                    page.broken.push(row);
                }
            }
        }
        if !aside.is_empty() {
            self.commit(aside).await?;
        }
        Ok(page)
    }

    /// The lines of the journal from one number to another, both included, in order; those that cannot be read are missing.
    ///
    /// # Errors
    /// [`KvError`] when the engine fails.
    pub async fn journal(&self, from: u64, to: u64) -> Result<Vec<Event>, KvError> {
        self.ask(move |core| core.journal(from, to)).await?
    }

    /// What lies in files of the journal; `None` where there are to be none.
    ///
    /// # Errors
    /// [`KvError`] when the store is closed.
    pub async fn filed(&self) -> Result<Option<Filed>, KvError> {
        self.ask(|core| core.filed()).await
    }

    /// Makes a step towards the file of the oldest day of the journal, which looks at so many lines; commits wait for no more
    /// than that. The day's rows stay, for whoever keeps count of them to remove.
    ///
    /// # Errors
    /// [`SegmentError`]; only its `Kv` means that the store is in trouble.
    pub async fn write_some(&self, old: Old, lines: usize) -> Result<Filing, SegmentError> {
        self.ask(move |core| core.write_some(old, lines)).await?
    }

    /// Removes files of the journal: days before `day`, and the oldest beyond `most` bytes. Gives how many.
    ///
    /// # Errors
    /// [`SegmentError`] when a file cannot be removed, or the store is closed.
    pub async fn forget_days(&self, day: Date, most: u64) -> Result<usize, SegmentError> {
        self.ask(move |core| core.forget_days(day, most)).await?
    }

    /// Whether, since when and why a full comparison of both sides is owed.
    ///
    /// # Errors
    /// [`KvError`] when the engine fails.
    pub async fn resync(&self) -> Result<Option<Resync>, KvError> {
        self.ask(|core| core.with(|kv| Resync::read(kv))).await?
    }

    /// Writes an export of everything that is in the store now into `dir`, durably, in steps between
    /// which others read and write; what they write meanwhile is not in it. `at` names it. The folder is somebody else's:
    /// nothing in it is removed, and a damaged store is not restored from there. One is written at a time, and whoever asked
    /// for another waits; one that nobody waits for any more is given up.
    ///
    /// # Errors
    /// [`ExportError`]; only its `Kv` means that the store is in trouble.
    pub async fn export_to(&self, dir: &Path, at: Timestamp) -> Result<PathBuf, ExportError> {
        let _alone = self.exports.lock().await;
        self.write_export(dir, at, 0, Batch::new()).await.map(|(path, _)| path)
    }

    /// Writes an export of the moment in which the mark was made durable; gives its number too, which is `above` that one.
    async fn write_export(
        &self,
        dir: &Path,
        at: Timestamp,
        above: u64,
        mark: Batch,
    ) -> Result<(PathBuf, u64), ExportError> {
        let (image, days) = self.ask(move |core| core.begin_image(&mark)).await??;
        let dir = dir.to_owned();
        let mut export = self.aside(move || Exporting::begin(&dir, at, above, days)).await??;
        let number = export.number();
        let some = || {
            let image = Arc::clone(&image);
            self.ask(move |core| core.image_some(&image, EXPORTED_AT_ONCE))
        };
        let mut next = some().await??;
        while let Some((tree, rows)) = next {
            let written = self.aside(move || {
                rows.iter().try_for_each(|(key, value)| export.row(tree, key, value))?;
                Ok::<_, ExportError>(export)
            });
            // The next ones are read while these are written.
            let (read, written) = tokio::join!(some(), written);
            (next, export) = (read??, written??);
        }
        Ok((self.aside(move || export.end()).await??, number))
    }

    /// As [`Store::export_to`], into the store's own folder: it remembers which one is the last, and the oldest are removed.
    ///
    /// # Errors
    /// As [`Store::export_to`].
    pub async fn export(&self, dir: &Path, at: Timestamp) -> Result<PathBuf, ExportError> {
        let _alone = self.exports.lock().await;
        let known = self.get(trees::META, EXPORTED).await?;
        let known: Exported = known.and_then(|bytes| record::open(&bytes).ok()).unwrap_or_default();
        let mark = |exported: &Exported| {
            let mut batch = Batch::new();
            record::put(&mut batch, trees::META, EXPORTED, exported).map_err(KvError::from).map(|()| batch)
        };
        let name = export::file_name(at);
        let above = known.number;
        let begun = mark(&Exported { begun: Some(name.clone()), ..known })?;
        let (path, number) = self.write_export(dir, at, above, begun).await?;
        self.commit(mark(&Exported { name, number, begun: None })?).await?;
        let dir = dir.to_owned();
        self.aside(move || export::prune(&dir)).await??;
        Ok(path)
    }

    /// Finishes what is queued and closes the files; later calls answer with an error. When this answers, the engine
    /// is gone and its thread has ended.
    ///
    /// # Errors
    /// [`KvError`] when the last flush failed.
    pub async fn close(&self) -> Result<(), KvError> {
        match &*self.way {
            Way::Inline(core) => locked(core).close(),
            Way::Thread { requests, thread } => {
                let (answer, waiting) = oneshot::channel();
                let answer = match requests.send(Request::Close(answer)) {
                    Ok(()) => waiting.await.unwrap_or(Ok(())),
                    // Closed before.
                    Err(_) => Ok(()),
                };
                join(thread);
                answer
            }
        }
    }

    /// Runs something that blocks where nobody waits for it.
    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, KvError> {
        match &*self.way {
            Way::Inline(_) => Ok(work()),
            Way::Thread { .. } => {
                let done = tokio::task::spawn_blocking(work).await;
                done.map_err(|error| KvError::Failed(format!("the file could not be written: {error}")))
            }
        }
    }

    /// Runs something where the engine lives.
    async fn ask<T: Send + 'static>(&self, work: impl FnOnce(&mut Core) -> T + Send + 'static) -> Result<T, KvError> {
        match &*self.way {
            Way::Inline(core) => Ok(work(&mut locked(core))),
            Way::Thread { requests, .. } => {
                let (answer, waiting) = oneshot::channel();
                let ask = Request::Ask(Box::new(move |core| {
                    // Nobody waits any more: no failure.
                    let _ = answer.send(work(core));
                }));
                requests.send(ask).map_err(|_| closed())?;
                waiting.await.map_err(|_| closed())
            }
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Way::Thread { requests, thread } = self {
            let (answer, _) = oneshot::channel();
            let _ = requests.send(Request::Close(answer));
            join(thread);
        }
    }
}

fn known(tree: &str) -> Result<(), KvError> {
    trees::named(tree).map(|_| ()).ok_or_else(|| KvError::NoSuchTree(tree.to_owned()))
}

fn locked(core: &Mutex<Core>) -> std::sync::MutexGuard<'_, Core> {
    core.lock().unwrap_or_else(PoisonError::into_inner)
}

fn join(thread: &Mutex<Option<JoinHandle<()>>>) {
    let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(thread) = thread {
        // A panic over there was answered as a closed store already.
        let _ = thread.join();
    }
}
