//! The in-memory twin: what was flushed survives its [`MemoryKv::crash`], nothing else does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::seam::kv::Rows;
use crate::seam::{Batch, Kv, KvError};

use super::trees;

/// What a key held before a batch: tree, key, value.
type Undo = (&'static str, Vec<u8>, Option<Vec<u8>>);

#[derive(Debug, Default)]
struct Disk {
    trees: BTreeMap<&'static str, BTreeMap<Vec<u8>, Vec<u8>>>,
    /// One entry a batch that was applied and not flushed.
    unflushed: Vec<Vec<Undo>>,
    /// Which handle is alive: those of before a crash belong to a process that died.
    life: u64,
    /// How many more flushes succeed, and what the next one says.
    fails_after: Option<(u64, String)>,
}

/// A handle on a pretend disk. Clones share the disk and the fate of the process that holds them.
#[derive(Debug, Clone)]
pub struct MemoryKv {
    disk: Arc<Mutex<Disk>>,
    life: u64,
}

impl Default for MemoryKv {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryKv {
    /// An empty disk.
    pub fn new() -> Self {
        Self { disk: Arc::default(), life: 0 }
    }

    /// The process dies: everything unflushed is forgotten, and every handle up to now answers with an error. The new
    /// handle is the restarted process.
    #[must_use = "the old handles are dead"]
    pub fn crash(&self) -> Self {
        self.crash_keeping(0)
    }

    /// As [`MemoryKv::crash`], but the oldest `batches` of the unflushed ones had reached the disk anyhow: a disk may
    /// keep more than it promised, in order.
    #[must_use = "the old handles are dead"]
    pub fn crash_keeping(&self, batches: usize) -> Self {
        let mut disk = self.locked();
        let keep = batches.min(disk.unflushed.len());
        let undone = disk.unflushed.split_off(keep);
        for (tree, key, before) in undone.into_iter().rev().flat_map(|batch| batch.into_iter().rev()) {
            set(&mut disk, tree, key, before);
        }
        disk.unflushed.clear();
        disk.fails_after = None;
        disk.life += 1;
        Self { disk: Arc::clone(&self.disk), life: disk.life }
    }

    /// After `flushes` more successful flushes the disk refuses, saying `why`, until the next crash.
    pub fn fail_after(&self, flushes: u64, why: &str) {
        self.locked().fails_after = Some((flushes, why.to_owned()));
    }

    /// Batches that were applied and not flushed.
    pub fn unflushed(&self) -> usize {
        self.locked().unflushed.len()
    }

    fn locked(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self, tree: Option<&'static str>) -> Result<MutexGuard<'_, Disk>, KvError> {
        if let Some(tree) = tree {
            known(tree)?;
        }
        let disk = self.locked();
        if disk.life == self.life {
            Ok(disk)
        } else {
            Err(KvError::Failed("the process that held this handle has crashed".to_owned()))
        }
    }
}

fn known(tree: &str) -> Result<(), KvError> {
    trees::named(tree).map(|_| ()).ok_or_else(|| KvError::NoSuchTree(tree.to_owned()))
}

fn set(disk: &mut Disk, tree: &'static str, key: Vec<u8>, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let rows = disk.trees.entry(tree).or_default();
    match value {
        Some(value) => rows.insert(key, value),
        None => rows.remove(&key),
    }
}

impl Kv for MemoryKv {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        let disk = self.alive(Some(tree))?;
        Ok(disk.trees.get(tree).and_then(|rows| rows.get(key)).cloned())
    }

    fn scan(&self, tree: &'static str, prefix: &[u8], from: Option<&[u8]>, limit: usize) -> Result<Rows, KvError> {
        let disk = self.alive(Some(tree))?;
        let start = from.unwrap_or(prefix).max(prefix).to_vec();
        let rows = disk.trees.get(tree).into_iter().flat_map(|rows| rows.range(start.clone()..));
        let matching = rows.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(matching.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), KvError> {
        batch.ops.iter().try_for_each(|(tree, _, _)| known(tree))?;
        let mut disk = self.alive(None)?;
        let mut undo = Vec::with_capacity(batch.ops.len());
        for (tree, key, value) in &batch.ops {
            let before = set(&mut disk, tree, key.clone(), value.clone());
            undo.push((*tree, key.clone(), before));
        }
        disk.unflushed.push(undo);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), KvError> {
        let mut disk = self.alive(None)?;
        if let Some((left, why)) = &mut disk.fails_after {
            if *left == 0 {
                return Err(KvError::Failed(why.clone()));
            }
            *left -= 1;
        }
        disk.unflushed.clear();
        Ok(())
    }
}
