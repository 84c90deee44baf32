//! The short form of what is remembered most: observations and ties.
//!
//! A system of a hundred thousand ties remembers three records for each. In their short form each of them takes a quarter of
//! its JSON, in memory and on the disk, and most questions can be answered from it without making the record.
//!
//! The form: a byte that tells the kind, the length of the table of names, the table, and the rest, which names things by their
//! place in the table. Records of one kind have mostly the same table, so whoever keeps many of them keeps each table once.
//! A short form is never changed: another meaning is another kind, or, where something is told beside the rest, a row of a later
//! schema version ([`is_later`]).

mod bytes;
mod observation;
mod tie;
mod word;

pub use bytes::{Plain, Reader, ValueBytes, Writer};
pub use observation::{ObservationBytes, SeenField};
pub use tie::{AgreedField, TieBytes};
pub use word::{Finder, Word, WordBytes};

use super::{Observation, Tie};

/// A record with a short form.
pub trait Packed: Sized {
    /// The kind, which tells it from other records.
    const KIND: u8;

    /// The names in it, in the order of the table.
    fn names(&self) -> Vec<&str>;

    /// Writes everything but the table.
    fn write(&self, names: &[&str], out: &mut Writer<'_>);

    /// Reads it again. `None` for bytes that are none.
    fn read(names: &Names, bytes: &[u8]) -> Option<Self>;

    /// What it counts for where many are counted: a tie for the related records that it is agreed to have, an observation for one
    /// while its record is there.
    fn counts_for(bytes: &[u8]) -> usize;
}

/// A table of names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(Box<[Box<str>]>);

impl Names {
    /// Reads a table.
    pub fn read(table: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(table);
        let mut names = Vec::new();
        while !reader.is_done() {
            names.push(reader.word()?.into_boxed_str());
        }
        Some(Self(names.into_boxed_slice()))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one at a place.
    pub fn get(&self, at: usize) -> Option<&str> {
        self.0.get(at).map(AsRef::as_ref)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

/// The parts of a short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Which kind of record it is.
    pub kind: u8,
    /// The table of names, see [`Names::read`].
    pub table: &'a [u8],
    /// The rest.
    pub rest: &'a [u8],
}

/// The short form of a record.
pub fn pack<T: Packed>(record: &T) -> Vec<u8> {
    let names = record.names();
    let mut table = Vec::with_capacity(256);
    let mut writer = Writer::new(&mut table);
    names.iter().for_each(|name| writer.word(name));
    let mut out = Vec::with_capacity(table.len() + 384);
    let mut writer = Writer::new(&mut out);
    writer.byte(T::KIND);
    writer.count(table.len());
    out.extend_from_slice(&table);
    record.write(&names, &mut Writer::new(&mut out));
    out
}

/// Takes a short form apart. `None` for bytes that are none.
pub fn parts(bytes: &[u8]) -> Option<Parts<'_>> {
    let mut reader = Reader::new(bytes);
    let (kind, length) = (reader.byte()?, reader.count()?);
    let table = reader.take(length)?;
    let at = bytes.len() - reader.left();
    Some(Parts { kind, table, rest: bytes.get(at..)? })
}

/// Reads a record from its short form. `None` for bytes that are none, or of another kind.
pub fn unpack<T: Packed>(bytes: &[u8]) -> Option<T> {
    let parts = parts(bytes).filter(|parts| parts.kind == T::KIND)?;
    T::read(&Names::read(parts.table)?, parts.rest)
}

/// Whether a short form tells what an earlier program could not read in it: who edited a record last.
pub fn is_later(bytes: &[u8]) -> bool {
    let parts = parts(bytes).filter(|parts| parts.kind == Observation::KIND);
    parts.is_some_and(|parts| ObservationBytes(parts.rest).tells_editor())
}

/// The JSON of whatever a short form holds. `None` for bytes that are none.
pub fn json(bytes: &[u8]) -> Option<String> {
    match parts(bytes)?.kind {
        Observation::KIND => serde_json::to_string(&unpack::<Observation>(bytes)?).ok(),
        Tie::KIND => serde_json::to_string(&unpack::<Tie>(bytes)?).ok(),
        _ => None,
    }
}

/// As [`json`], if the record has this short form and no other. Its JSON, read again, then has it too.
pub fn exact_json(bytes: &[u8]) -> Option<String> {
    fn exact<T: Packed + serde::Serialize>(bytes: &[u8]) -> Option<String> {
        let record = unpack::<T>(bytes).filter(|record| pack(record) == bytes)?;
        serde_json::to_string(&record).ok()
    }
    match parts(bytes)?.kind {
        Observation::KIND => exact::<Observation>(bytes),
        Tie::KIND => exact::<Tie>(bytes),
        _ => None,
    }
}

/// The short form of a record of this kind whose JSON is given. `None` for what is none.
pub fn from_json(kind: u8, json: &str) -> Option<Vec<u8>> {
    match kind {
        Observation::KIND => Some(pack::<Observation>(&serde_json::from_str(json).ok()?)),
        Tie::KIND => Some(pack::<Tie>(&serde_json::from_str(json).ok()?)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
