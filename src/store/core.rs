//! An engine and its fate: after the first failure, every later call gets the same answer.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::seam::kv::Rows;
use crate::seam::{Batch, Kv, KvError};

use super::export::{self, ExportError};

pub(super) struct Core {
    /// `None` once closed.
    kv: Option<Box<dyn Kv>>,
    fate: Option<KvError>,
}

impl Core {
    pub(super) fn new(kv: Box<dyn Kv>) -> Self {
        Self { kv: Some(kv), fate: None }
    }

    /// Runs something with the engine, unless it has failed or was closed before.
    pub(super) fn with<T>(&mut self, work: impl FnOnce(&mut dyn Kv) -> Result<T, KvError>) -> Result<T, KvError> {
        if let Some(fate) = &self.fate {
            return Err(fate.clone());
        }
        let Some(kv) = &mut self.kv else { return Err(closed()) };
        let answer = work(kv.as_mut());
        match &answer {
            // A wrong name is the caller's mistake and says nothing about the disk.
            Ok(_) | Err(KvError::NoSuchTree(_)) => {}
            Err(error @ KvError::Failed(_)) => self.fate = Some(error.clone()),
        }
        answer
    }

    pub(super) fn commit(&mut self, batch: &Batch) -> Result<(), KvError> {
        self.with(|kv| {
            kv.apply(batch)?;
            kv.flush()
        })
    }

    pub(super) fn get(&mut self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.with(|kv| kv.get(tree, key))
    }

    pub(super) fn scan(
        &mut self,
        tree: &'static str,
        prefix: &[u8],
        from: Option<&[u8]>,
        limit: usize,
    ) -> Result<Rows, KvError> {
        self.with(|kv| kv.scan(tree, prefix, from, limit))
    }

    /// Writes an export. Trouble with its file is no trouble with the store.
    pub(super) fn export(&mut self, dir: &Path, at: Timestamp) -> Result<PathBuf, ExportError> {
        self.with(|kv| match export::write(kv, dir, at) {
            Err(ExportError::Kv(error)) => Err(error),
            other => Ok(other),
        })?
    }

    /// Flushes and gives the engine back. A second time there is nothing to do.
    pub(super) fn close(&mut self) -> Result<(), KvError> {
        let answer = if self.kv.is_some() { self.with(|kv| kv.flush()) } else { Ok(()) };
        self.kv = None;
        answer
    }
}

pub(super) fn closed() -> KvError {
    KvError::Failed("it was closed".to_owned())
}
