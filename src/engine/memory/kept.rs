//! Many records of one kind, kept in their short form ([`crate::model::packed`]) and made when somebody asks for one.
//!
//! What was made stays for a while, for what is asked for once is mostly asked for again; [`Kept::fold`] forgets it. Nothing
//! is ever only in a made record: whoever changes one puts it back.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::{Bound, Deref};
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;

use crate::model::packed::{Names, ObservationBytes, Packed, Parts, TieBytes, pack, parts};
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
    /// How many related records the CRM's form of all bases names.
    links: usize,
    /// Records that came, changed or went since somebody asked; `None` while nobody wants to know.
    news: Option<Vec<RecordId>>,
}

#[derive(Debug)]
struct Row<T> {
    table: u32,
    links: u32,
    rest: Box<[u8]>,
    made: OnceLock<Box<T>>,
}

fn count<T>(row: &Row<T>) -> usize {
    usize::try_from(row.links).unwrap_or(0)
}

/// Records that are being loaded.
pub struct Loading<T>(Vec<(RecordId, Row<T>)>);

impl<T> Default for Loading<T> {
    fn default() -> Self {
        Self(Vec::new())
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
            links: 0,
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
        self.links += count(&row);
        self.note(&id);
        let before = self.rows.insert(id, row);
        self.links -= before.as_ref().map_or(0, count);
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
        let links = u32::try_from(T::links(parts.rest)).unwrap_or(u32::MAX);
        Row { table, links, rest: parts.rest.into(), made }
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, id: &RecordId) -> Option<T> {
        let row = self.rows.remove(id)?;
        self.note(id);
        self.links -= count(&row);
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

    /// Takes one of many records in their short form; see [`Kept::loaded`].
    pub(super) fn load(&mut self, into: &mut Loading<T>, id: RecordId, short: &[u8]) -> Option<()> {
        let row = self.row(parts(short).filter(|parts| parts.kind == T::KIND)?, None);
        self.links += count(&row);
        into.0.push((id, row));
        Some(())
    }

    /// All of them were taken: at once they fill the map's nodes to the brim.
    pub(super) fn loaded(&mut self, all: Loading<T>) {
        self.rows = BTreeMap::from_iter(all.0);
    }

    /// The names of a record and the rest of its short form.
    pub fn short(&self, id: &RecordId) -> Option<(u32, &Names, &[u8])> {
        let row = self.rows.get(id)?;
        Some((row.table, self.tables.get(usize::try_from(row.table).ok()?)?, &row.rest))
    }
}

impl Kept<Observation> {
    /// Where every record stands, and when it was read.
    pub fn presences(&self) -> impl Iterator<Item = (&RecordId, Presence, Timestamp)> {
        self.rows.iter().filter_map(|(id, row)| {
            let short = ObservationBytes(&row.rest);
            Some((id, short.presence()?, short.seen_at()?))
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

    /// How many related records the CRM's form of all bases names.
    pub fn links(&self) -> usize {
        self.links
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Base, FieldName, FieldState, Value};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn seen(text: &str, second: i64) -> Observation {
        Observation {
            fields: BTreeMap::from([(FieldName::from("TITLE"), FieldState::Known(Value::text(text)))]),
            presence: Presence::Present,
            created_at: None,
            edited_at: None,
            edited_by: None,
            marker: None,
            seen_at: at(second),
            settled_since: at(0),
            returned_at: None,
            unread: BTreeMap::new(),
            changed_between: BTreeMap::new(),
        }
    }

    fn put<T: Packed>(kept: &mut Kept<T>, id: &str, record: T) -> bool {
        let short = pack(&record);
        kept.insert(id.into(), record, &short)
    }

    #[test]
    fn a_record_is_the_same_made_or_folded_and_however_it_is_asked_for() {
        let mut kept = Kept::default();
        assert!(put(&mut kept, "1", seen("one", 1)) && !put(&mut kept, "1", seen("two", 2)));
        for _ in 0..2 {
            assert_eq!(kept.get("1"), Some(&seen("two", 2)));
            assert_eq!(*kept.read(&"1".into()).unwrap(), seen("two", 2));
            assert_eq!(kept.values().map(Read::own).collect::<Vec<_>>(), [seen("two", 2)]);
            assert_eq!(kept.presences().map(|(id, ..)| id.as_str()).collect::<Vec<_>>(), ["1"]);
            kept.forget_made();
        }
        assert!(kept.made.get_mut().unwrap().is_empty(), "what many are read for is not kept");
        kept.saw_again(&"1".into(), at(3));
        assert_eq!(kept.get("1"), Some(&seen("two", 3)), "from its short form");
        kept.saw_again(&"1".into(), at(4));
        assert_eq!(kept.get("1"), Some(&seen("two", 4)), "as it was made");
        kept.change_all(|seen| seen.presence = Presence::Missing);
        assert_eq!(kept.present().count(), 0);
        assert_eq!(kept.remove(&"1".into()), Some(Observation { presence: Presence::Missing, ..seen("two", 4) }));
        assert_eq!((kept.len(), kept.get("1")), (0, None));
    }

    #[test]
    fn what_was_made_is_forgotten_where_it_is_much_and_all_of_it_is_still_there() {
        let mut kept = Kept::default();
        let ids: Vec<String> = (0..=MADE).map(|n| n.to_string()).collect();
        for id in &ids {
            put(&mut kept, id, seen(id, 1));
        }
        let made = |kept: &Kept<Observation>| kept.rows.values().filter(|row| row.made.get().is_some()).count();
        assert_eq!(made(&kept), MADE + 1);
        kept.fold();
        assert_eq!((made(&kept), kept.tables.len()), (0, 1));
        assert!(ids.iter().all(|id| kept.get(id.as_str()) == Some(&seen(id, 1))));
    }

    #[test]
    fn whoever_asks_hears_what_came_changed_and_went_since() {
        let mut kept = Kept::default();
        put(&mut kept, "1", seen("one", 1));
        assert_eq!(kept.news(), None, "nobody had asked");
        put(&mut kept, "2", seen("two", 1));
        put(&mut kept, "1", seen("uno", 2));
        kept.saw_again(&"2".into(), at(3));
        kept.remove(&"2".into());
        assert_eq!(kept.news(), Some(vec!["2".into(), "1".into(), "2".into()]));
        (0..=MADE).for_each(|n| {
            let _ = put(&mut kept, &n.to_string(), seen("much", 1));
        });
        assert_eq!(kept.news(), None, "more than is worth a list");
        let next: Vec<&str> = kept.ids_from(Some(&"2046".into())).take(2).map(RecordId::as_str).collect();
        assert_eq!(next, ["2046", "2047"]);
    }

    #[test]
    fn relations_are_counted_as_ties_come_change_and_go() {
        let tie = |links: &[&str]| {
            let crm = Value::links(links.iter().map(ToString::to_string));
            let (mapping, pages, late) = (String::new(), BTreeMap::new(), BTreeMap::new());
            let base = Base { notion: crm.clone(), crm, at: at(1), mapping, pages, late };
            let base = BTreeMap::from([("CONTACTS".into(), base)]);
            Tie { pair: "deals".into(), crm: "1".into(), notion: "page".into(), base, since: at(0) }
        };
        let mut kept = Kept::default();
        put(&mut kept, "1", tie(&["a", "b"]));
        put(&mut kept, "2", tie(&["a"]));
        assert_eq!(kept.links(), 3);
        put(&mut kept, "1", tie(&[]));
        assert_eq!((kept.links(), kept.page_of("1")), (1, Some("page".into())));
        let mut loaded = Kept::default();
        let mut all = Loading::default();
        assert!(loaded.load(&mut all, "2".into(), &pack(&tie(&["a", "b"]))).is_some());
        assert!(loaded.load(&mut all, "3".into(), &pack(&seen("of another kind", 1))).is_none());
        loaded.loaded(all);
        assert_eq!((loaded.links(), loaded.len(), loaded.get("2")), (2, 1, Some(&tie(&["a", "b"]))));
        kept.remove(&"2".into());
        assert_eq!(kept.links(), 0);
    }
}
