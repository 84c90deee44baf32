//! The store as it was at one moment, read in steps while others go on writing into it.
//!
//! Whoever changes the store tells this first ([`Image::changes`]): a row that was not read yet is remembered as it was. So
//! what is read is what a store that stood still would have given, and nobody waits for longer than one step.

use std::collections::BTreeMap;

use crate::seam::kv::Rows;
use crate::seam::{Batch, Kv, KvError};

use super::check::after;
use super::trees;

/// Where a row lies: the place of its tree among all, and its key.
type Place = (usize, Vec<u8>);

/// See the top of this file.
#[derive(Debug, Default)]
pub(super) struct Image {
    /// The first place that is not read yet.
    next: Place,
    /// Rows from there on that were changed since, as they were: `None` where there was none.
    before: BTreeMap<Place, Option<Vec<u8>>>,
}

impl Image {
    /// A batch is about to be applied.
    pub(super) fn changes(&mut self, kv: &dyn Kv, batch: &Batch) -> Result<(), KvError> {
        for (tree, key, _) in &batch.ops {
            let Some(at) = trees::ALL.iter().position(|known| known == tree) else { continue };
            let place = (at, key.clone());
            if place >= self.next && !self.before.contains_key(&place) {
                let was = kv.get(tree, key)?;
                self.before.insert(place, was);
            }
        }
        Ok(())
    }

    /// Looks at so many rows more; gives what was there, in order and with its tree, or nothing when all was read.
    pub(super) fn some(&mut self, kv: &dyn Kv, rows: usize) -> Result<Option<(&'static str, Rows)>, KvError> {
        let (at, from) = self.next.clone();
        let Some(tree) = trees::ALL.get(at).copied() else { return Ok(None) };
        let found = kv.scan(tree, b"", Some(&from), rows)?;
        self.next = match found.last().filter(|_| found.len() >= rows) {
            Some((last, _)) => (at, after(last.clone())),
            None => (at + 1, Vec::new()),
        };
        let later = self.before.split_off(&self.next);
        let changed = std::mem::replace(&mut self.before, later);
        if changed.is_empty() {
            return Ok(Some((tree, found)));
        }
        let mut found: BTreeMap<Vec<u8>, Vec<u8>> = found.into_iter().collect();
        for ((_, key), was) in changed {
            match was {
                Some(was) => found.insert(key, was),
                None => found.remove(&key),
            };
        }
        Ok(Some((tree, found.into_iter().collect())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::MemoryKv;

    fn change((tree, key, value): (usize, u8, Option<u8>)) -> Batch {
        let mut batch = Batch::new();
        let tree = trees::ALL[tree];
        match value {
            Some(value) => batch.put(tree, vec![key], vec![value]),
            None => batch.remove(tree, vec![key]),
        }
        batch
    }

    fn all(kv: &MemoryKv) -> Vec<(&'static str, Rows)> {
        trees::ALL.into_iter().map(|tree| (tree, kv.scan(tree, b"", None, usize::MAX).unwrap())).collect()
    }

    fn op() -> impl Strategy<Value = (usize, u8, Option<u8>)> {
        (0..4_usize, 0..12_u8, proptest::option::weighted(0.6, any::<u8>()))
    }

    proptest! {
        #[test]
        fn what_is_read_in_steps_is_what_was_there_at_the_beginning_whatever_is_written_meanwhile(
            first in proptest::collection::vec(op(), 0..30),
            meanwhile in proptest::collection::vec(proptest::collection::vec(op(), 0..6), 0..40),
            step in 1..7_usize,
        ) {
            let mut kv = MemoryKv::new();
            for op in first {
                let batch = change(op);
                kv.apply(&batch).unwrap();
            }
            let expected = all(&kv);
            let (mut image, mut read) = (Image::default(), Vec::<(&'static str, Rows)>::new());
            let mut meanwhile = meanwhile.into_iter();
            while let Some((tree, rows)) = image.some(&kv, step).unwrap() {
                match read.last_mut().filter(|(last, _)| *last == tree) {
                    Some((_, all)) => all.extend(rows),
                    None => read.push((tree, rows)),
                }
                let mut batch = Batch::new();
                for op in meanwhile.next().unwrap_or_default() {
                    batch.ops.extend(change(op).ops);
                }
                image.changes(&kv, &batch).unwrap();
                kv.apply(&batch).unwrap();
            }
            prop_assert_eq!(read, expected);
        }
    }
}
