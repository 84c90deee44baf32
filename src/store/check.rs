//! The deep check: every row of every tree is read and its checksum compared. 200,000 rows take a third of a second, so
//! it is done at every start; what is sound is given to whoever wants to read it anyway.

use crate::seam::{Batch, Kv, KvError};

use super::record::{self, Broken, Held};
use super::trees;

/// Rows read at a time.
const PAGE: usize = 500;

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRow {
    /// Its tree.
    pub tree: &'static str,
    /// Its key.
    pub key: Vec<u8>,
    /// What is wrong with it.
    pub why: Broken,
}

impl BrokenRow {
    /// Where it goes in the quarantine: tree, 0, key.
    pub(super) fn quarantine_key(&self) -> Vec<u8> {
        [self.tree.as_bytes(), &[0], &self.key].concat()
    }
}

impl std::fmt::Display for BrokenRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}: {}", self.tree, record::show_key(&self.key), self.why)
    }
}

/// Somebody who takes what is sound while it is checked, so that it need not be read again. There may be several, and all rows of a
/// tree come to one of them, in the order of their keys.
pub trait Intake: Default + Send {
    /// A sound row.
    fn row(&mut self, tree: &'static str, key: &[u8], held: Held<'_>);
    /// Takes over what another one took, of other trees.
    fn join(&mut self, others: Self);
}

/// Nobody.
impl Intake for () {
    fn row(&mut self, _: &'static str, _: &[u8], _: Held<'_>) {}
    fn join(&mut self, (): Self) {}
}

/// Why the check ended early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A row is sound but newer than this program: the program is to be replaced, not the row.
    #[error("{0}")]
    Newer(BrokenRow),
    /// The engine could not read its own files.
    #[error(transparent)]
    Kv(#[from] KvError),
}

/// Calls `each` with every row of a tree, in key order.
pub(super) fn every_row<E: From<KvError>>(
    kv: &dyn Kv,
    tree: &'static str,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut from: Option<Vec<u8>> = None;
    loop {
        let rows = kv.scan(tree, b"", from.as_deref(), PAGE)?;
        for (key, value) in &rows {
            each(key, value)?;
        }
        match rows.into_iter().nth(PAGE - 1) {
            Some((last, _)) => from = Some(after(last)),
            None => return Ok(()),
        }
    }
}

/// The first key behind this one.
pub(super) fn after(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

/// Reads everything and gives the rows that fail, and what took the others. Changes nothing.
///
/// # Errors
/// [`CheckError`] when a row is from a newer program or the engine cannot read.
pub fn deep<T: Intake>(kv: &(dyn Kv + Sync)) -> Result<(Vec<BrokenRow>, T), CheckError> {
    let [first, others @ ..] = trees::ALL;
    std::thread::scope(|scope| {
        // Half of all rows are in the first tree.
        let name = "store-check".to_owned();
        let beside = std::thread::Builder::new().name(name).spawn_scoped(scope, move || {
            let mut intake = T::default();
            check_tree(kv, first, &mut intake).map(|broken| (broken, intake))
        });
        let (mut rest, mut intake) = (Vec::new(), T::default());
        for tree in others.into_iter().filter(|tree| *tree != trees::QUARANTINE) {
            rest.extend(check_tree(kv, tree, &mut intake)?);
        }
        let mut broken = match beside {
            Ok(beside) => {
                let done = beside.join().map_err(|_| KvError::Failed("the check gave up".to_owned()))?;
                let (broken, others) = done?;
                intake.join(others);
                broken
            }
            // No thread to be had: one after the other, then.
            Err(_) => check_tree(kv, first, &mut intake)?,
        };
        broken.extend(rest);
        Ok((broken, intake))
    })
}

fn check_tree<T: Intake>(kv: &dyn Kv, tree: &'static str, intake: &mut T) -> Result<Vec<BrokenRow>, CheckError> {
    let mut broken = Vec::new();
    every_row(kv, tree, |key, value| match record::check(value) {
        Ok(held) => {
            intake.row(tree, key, held);
            Ok(())
        }
        Err(why) => {
            let newer = matches!(why, Broken::Newer(_));
            let row = BrokenRow { tree, key: key.to_vec(), why };
            if newer {
                return Err(CheckError::Newer(row));
            }
            broken.push(row);
            Ok(())
        }
    })?;
    Ok(broken)
}

/// Adds to a batch what moves rows to the quarantine as they are, under `tree, 0, key`.
///
/// # Errors
/// [`KvError`] when the engine fails.
pub fn set_aside(kv: &dyn Kv, rows: &[BrokenRow], batch: &mut Batch) -> Result<(), KvError> {
    for row in rows {
        if let Some(raw) = kv.get(row.tree, &row.key)? {
            batch.put(trees::QUARANTINE, row.quarantine_key(), raw);
            batch.remove(row.tree, row.key.clone());
        }
    }
    Ok(())
}
