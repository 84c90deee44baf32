//! Many records of one kind, kept in their short form ([`crate::model::packed`]) and made when somebody asks for one.
//!
//! What was made stays for a while, for what is asked for once is mostly asked for again; [`Kept::fold`] forgets it. Nothing
//! is ever only in a made record: whoever changes one puts it back.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::{Bound, Deref};
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;

use crate::model::packed::{Finder, Names, ObservationBytes, Packed, Parts, TieBytes, WordBytes, pack, parts};
use crate::model::{Observation, Presence, RecordId, Tie};

/// Records that stay made.
const MADE: usize = 2048;

/// Records by id.
#[derive(Debug)]
pub struct Kept<T> {
    rows: BTreeMap<RecordId, Row<T>>,
    /// The tables of names that occur; nearly all records share a few.
    tables: Vec<Names>,
    /// Their places.
    places: BTreeMap<Box<[u8]>, u32>,
    /// What was made since the last fold.
    made: Mutex<Vec<RecordId>>,
    /// What all of them count for ([`Packed::counts_for`]).
    counted: usize,
    /// Records that came, changed or went since somebody asked; `None` while nobody wants to know.
    news: Option<Vec<RecordId>>,
}

#[derive(Debug)]
struct Row<T> {
    table: u32,
    counts: u32,
    rest: Box<[u8]>,
    made: OnceLock<Box<T>>,
}

fn count<T>(row: &Row<T>) -> usize {
    usize::try_from(row.counts).unwrap_or(0)
}

/// Records that are being loaded.
pub struct Loading<T> {
    kept: Kept<T>,
    rows: Vec<(RecordId, Row<T>)>,
}

impl<T> Default for Loading<T> {
    fn default() -> Self {
        Self { kept: Kept::default(), rows: Vec::new() }
    }
}

impl<T: Packed> Loading<T> {
    /// Takes one in its short form, if it is of this kind.
    pub(super) fn row(&mut self, id: RecordId, short: &[u8]) -> bool {
        let Some(parts) = parts(short).filter(|parts| parts.kind == T::KIND) else { return false };
        let row = self.kept.row(parts, None);
        self.kept.counted += count(&row);
        self.rows.push((id, row));
        true
    }

    /// All of them were taken: at once they fill the map's nodes to the brim.
    pub(super) fn done(mut self) -> Kept<T> {
        self.kept.rows = BTreeMap::from_iter(self.rows);
        self.kept
    }
}

/// A record that is read while many are.
pub enum Read<'a, T> {
    /// It had been made.
    Made(&'a T),
    /// It was made for this.
    Own(Box<T>),
}

impl<T> Deref for Read<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Made(made) => made,
            Self::Own(own) => own,
        }
    }
}

impl<T: Clone> Read<'_, T> {
    /// The record, for whoever changes or keeps it.
    pub fn own(self) -> T {
        match self {
            Self::Made(made) => made.clone(),
            Self::Own(own) => *own,
        }
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            tables: Vec::new(),
            places: BTreeMap::new(),
            made: Mutex::default(),
            counted: 0,
            news: None,
        }
    }
}

impl<T: Packed> Kept<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there is one with this id.
    pub fn contains_key<Q: Ord + ?Sized>(&self, id: &Q) -> bool
    where
        RecordId: Borrow<Q>,
    {
        self.rows.contains_key(id)
    }

    /// All ids, in order.
    pub fn keys(&self) -> impl Iterator<Item = &RecordId> {
        self.rows.keys()
    }

    /// All ids from this one on, in order; all of them without one.
    pub fn ids_from(&self, id: Option<&RecordId>) -> impl Iterator<Item = &RecordId> {
        let from = id.map_or(Bound::Unbounded, Bound::Included);
        self.rows.range::<RecordId, _>((from, Bound::Unbounded)).map(|(id, _)| id)
    }

    /// The records that came, changed or went since this was last asked; `None` if it was not, or they were too many.
    pub fn news(&mut self) -> Option<Vec<RecordId>> {
        self.news.replace(Vec::new())
    }

    /// Nobody wants to know any more what changes.
    pub fn no_news(&mut self) {
        self.news = None;
    }

    fn note(&mut self, id: &RecordId) {
        match &mut self.news {
            Some(news) if news.len() < MADE => news.push(id.clone()),
            news => *news = None,
        }
    }

    /// The id of one of them, as it is kept.
    pub fn id<Q: Ord + ?Sized>(&self, id: &Q) -> Option<&RecordId>
    where
        RecordId: Borrow<Q>,
    {
        self.rows.get_key_value(id).map(|(id, _)| id)
    }

    /// One of them.
    pub fn get<Q: Ord + ?Sized>(&self, id: &Q) -> Option<&T>
    where
        RecordId: Borrow<Q>,
    {
        let (id, row) = self.rows.get_key_value(id)?;
        if let Some(made) = row.made.get() {
            return Some(made);
        }
        let record = self.make(row)?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
        Some(row.made.get_or_init(|| Box::new(record)))
    }

    fn make(&self, row: &Row<T>) -> Option<T> {
        T::read(self.tables.get(usize::try_from(row.table).ok()?)?, &row.rest)
    }

    /// One of them, without keeping what is made for it: for whoever reads many.
    pub fn read(&self, id: &RecordId) -> Option<Read<'_, T>> {
        let row = self.rows.get(id)?;
        Some(match row.made.get() {
            Some(made) => Read::Made(made.as_ref()),
            None => Read::Own(Box::new(self.make(row)?)),
        })
    }

    /// All of them in order, without keeping what is made for it.
    pub fn iter(&self) -> impl Iterator<Item = (&RecordId, Read<'_, T>)> {
        self.rows.iter().filter_map(|(id, row)| {
            let record = match row.made.get() {
                Some(made) => Read::Made(made.as_ref()),
                None => Read::Own(Box::new(self.make(row)?)),
            };
            Some((id, record))
        })
    }

    /// As [`Kept::iter`], without the ids.
    pub fn values(&self) -> impl Iterator<Item = Read<'_, T>> {
        self.iter().map(|(_, record)| record)
    }

    /// Keeps a record whose short form is known. Tells whether there was none with its id.
    pub(super) fn insert(&mut self, id: RecordId, record: T, short: &[u8]) -> bool {
        let Some(parts) = parts(short) else { return false };
        self.made.get_mut().unwrap_or_else(PoisonError::into_inner).push(id.clone());
        let row = self.row(parts, Some(record));
        self.put(id, row)
    }

    fn put(&mut self, id: RecordId, row: Row<T>) -> bool {
        self.counted += count(&row);
        self.note(&id);
        let before = self.rows.insert(id, row);
        self.counted -= before.as_ref().map_or(0, count);
        before.is_none()
    }

    fn row(&mut self, parts: Parts<'_>, record: Option<T>) -> Row<T> {
        let table = match self.places.get(parts.table) {
            Some(place) => *place,
            None => {
                let place = u32::try_from(self.tables.len()).unwrap_or(u32::MAX);
                self.tables.push(Names::read(parts.table).unwrap_or_default());
                self.places.insert(parts.table.into(), place);
                place
            }
        };
        let made = record.map_or_else(OnceLock::new, |record| OnceLock::from(Box::new(record)));
        let counts = u32::try_from(T::counts_for(parts.rest)).unwrap_or(u32::MAX);
        Row { table, counts, rest: parts.rest.into(), made }
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, id: &RecordId) -> Option<T> {
        let row = self.rows.remove(id)?;
        self.note(id);
        self.counted -= count(&row);
        match row.made.into_inner() {
            Some(made) => Some(*made),
            None => T::read(self.tables.get(usize::try_from(row.table).ok()?)?, &row.rest),
        }
    }

    /// Changes every record.
    pub(super) fn change_all(&mut self, mut change: impl FnMut(&mut T)) {
        let ids: Vec<RecordId> = self.rows.keys().cloned().collect();
        for id in ids {
            let Some(row) = self.rows.get_mut(&id) else { continue };
            let made = std::mem::take(&mut row.made).into_inner().map(|made| *made);
            let Some(mut record) =
                made.or_else(|| T::read(self.tables.get(usize::try_from(row.table).ok()?)?, &row.rest))
            else {
                continue;
            };
            change(&mut record);
            if let Some(parts) = parts(&pack(&record)) {
                let row = self.row(parts, None);
                self.put(id, row);
            }
        }
        self.forget_made();
    }

    /// Forgets what was made, if it is much.
    pub(super) fn fold(&mut self) {
        if self.made.get_mut().unwrap_or_else(PoisonError::into_inner).len() > MADE {
            self.forget_made();
        }
    }

    fn forget_made(&mut self) {
        for id in std::mem::take(self.made.get_mut().unwrap_or_else(PoisonError::into_inner)) {
            if let Some(row) = self.rows.get_mut(&id) {
                row.made = OnceLock::new();
            }
        }
    }

    /// The records in which one of some words stands, and perhaps a few others; in order.
    pub(super) fn mentioning<'k>(&'k self, words: &'k [Finder]) -> impl Iterator<Item = &'k RecordId> {
        self.rows.iter().filter(|(_, row)| words.iter().any(|word| word.is_in(&row.rest))).map(|(id, _)| id)
    }

    /// The names of a record and the rest of its short form.
    pub fn short<Q: Ord + ?Sized>(&self, id: &Q) -> Option<(u32, &Names, &[u8])>
    where
        RecordId: Borrow<Q>,
    {
        let row = self.rows.get(id)?;
        Some((row.table, self.tables.get(usize::try_from(row.table).ok()?)?, &row.rest))
    }
}

impl Kept<Observation> {
    /// How many records are there to be read and written.
    pub fn there(&self) -> usize {
        self.counted
    }

    /// Where every record stands, and when it was read.
    pub fn presences(&self) -> impl Iterator<Item = (&RecordId, Presence, Timestamp)> {
        self.rows.iter().filter_map(|(id, row)| {
            let short = ObservationBytes(&row.rest);
            Some((id, short.presence()?, short.seen_at()?))
        })
    }

    /// The records that are there to be read and written, in their short form.
    pub fn present_in_short(&self) -> impl Iterator<Item = (&RecordId, u32, &Names, ObservationBytes<'_>)> {
        self.rows.iter().filter_map(|(id, row)| {
            let short = ObservationBytes(&row.rest);
            let names = self.tables.get(usize::try_from(row.table).ok()?)?;
            (short.presence()? == Presence::Present).then_some((id, row.table, names, short))
        })
    }

    /// The records that are there to be read and written.
    pub fn present(&self) -> impl Iterator<Item = &RecordId> {
        self.presences().filter(|(_, presence, _)| *presence == Presence::Present).map(|(id, ..)| id)
    }

    /// Where a record stands.
    pub fn presence(&self, id: &RecordId) -> Option<Presence> {
        ObservationBytes(&self.rows.get(id)?.rest).presence()
    }

    /// A record was read again and is the same.
    pub fn saw_again(&mut self, id: &RecordId, at: Timestamp) {
        let Some(row) = self.rows.get_mut(id) else { return };
        ObservationBytes::move_seen(&mut row.rest, at);
        if let Some(made) = row.made.get_mut() {
            made.seen_at = at;
        }
    }
}

impl Kept<Tie> {
    /// The page of a tied CRM record.
    pub fn page_of<Q: Ord + ?Sized>(&self, crm: &Q) -> Option<RecordId>
    where
        RecordId: Borrow<Q>,
    {
        let row = self.rows.get(crm)?;
        match row.made.get() {
            Some(made) => Some(made.notion.clone()),
            None => Some(TieBytes(&row.rest).page()?),
        }
    }

    /// Whether a CRM record is tied to a page.
    pub fn joins(&self, crm: &str, page: WordBytes<'_>) -> bool {
        self.rows.get(crm).is_some_and(|row| TieBytes(&row.rest).page_bytes() == Some(page))
    }

    /// How many related records the CRM's form of all bases names.
    pub fn links(&self) -> usize {
        self.counted
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
