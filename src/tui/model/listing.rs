//! A list of which only a window is here. The cursor and the marks belong to records, not to row numbers: when rows
//! move, they move along; when the cursor's record is gone, the cursor goes to what now stands in its place.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::control::{Candidate, JournalRow, List, Near, Order, OrphanRow, OwnerRow, Query, QueueRow, RelationRow};
use crate::model::{FieldKey, HoldId, PairName, RecordId, RecordRef, Side, TieId};

use super::edge::HoldItem;
use super::line::Line;

/// A row that knows which record it is about.
pub trait Row: Clone + Debug + PartialEq {
    /// What names the record.
    type Id: Ord + Clone + Debug;
    /// The name of this row's record.
    fn id(&self) -> Self::Id;
    /// What a search among the rows that are here looks at.
    fn words(&self) -> String;
    /// Whether a record that was listed once stays, and is only out of sight when it is not here.
    const LASTS: bool = false;
    /// The record as the Desk can look for it, where it can.
    fn near(_: &Self::Id) -> Option<Near> {
        None
    }
}

impl Row for HoldItem {
    type Id = HoldId;
    fn id(&self) -> HoldId {
        self.row.id.clone()
    }
    fn words(&self) -> String {
        format!("{} {} {} {}", self.row.title, self.row.label, self.row.crm.text, self.row.notion.text)
    }
    fn near(id: &HoldId) -> Option<Near> {
        Some(Near::Hold(id.clone()))
    }
}

impl Row for OrphanRow {
    type Id = RecordRef;
    fn id(&self) -> RecordRef {
        self.record.clone()
    }
    fn words(&self) -> String {
        format!("{} {}", self.title, self.why)
    }
    fn near(id: &RecordRef) -> Option<Near> {
        Some(Near::Orphan(id.clone()))
    }
}

impl Row for OwnerRow {
    type Id = TieId;
    fn id(&self) -> TieId {
        self.owner.clone()
    }
    fn words(&self) -> String {
        self.title.clone()
    }
    fn near(id: &TieId) -> Option<Near> {
        Some(Near::Owner(id.clone()))
    }
}

impl Row for RelationRow {
    type Id = (TieId, FieldKey, Option<TieId>);
    fn id(&self) -> Self::Id {
        (self.owner.clone(), self.field.clone(), self.target.clone())
    }
    fn words(&self) -> String {
        format!("{} {}", self.target_title, self.label)
    }
}

impl Row for Candidate {
    type Id = RecordId;
    fn id(&self) -> RecordId {
        self.id.clone()
    }
    fn words(&self) -> String {
        self.title.clone()
    }
}

impl Row for QueueRow {
    type Id = (PairName, Side, RecordId, String);
    fn id(&self) -> Self::Id {
        (self.pair.clone(), self.side, self.record.clone(), self.op.clone())
    }
    fn words(&self) -> String {
        format!("{} {}", self.op, self.title)
    }
}

impl Row for JournalRow {
    type Id = u64;
    // A span of time hides lines, as a filter does.
    const LASTS: bool = true;
    fn id(&self) -> u64 {
        self.event.seq
    }
    fn words(&self) -> String {
        format!("{} {} {}", self.title, self.label, self.event.note)
    }
}

/// How a cursor is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Motion {
    By(i64),
    First,
    Last,
}

/// A list, the window of it that is here, and what the operator does in it.
#[derive(Debug, Clone)]
pub struct Listing<R: Row> {
    /// Rows in the whole (filtered) list; `None` before the first answer.
    pub total: Option<u64>,
    /// The place of the first row that is here.
    pub offset: u64,
    /// The rows that are here.
    pub rows: Vec<R>,
    /// The cursor's place.
    pub at: u64,
    /// The record under the cursor; `None` while its row is not here.
    pub on: Option<R::Id>,
    /// The place of the first visible row.
    pub top: u64,
    /// Marked records, each as it was last shown.
    pub marks: BTreeMap<R::Id, R>,
    /// The record at which a range of marks began.
    pub anchor: Option<R::Id>,
    /// The order that is wanted.
    pub order: Order,
    /// The order that the rows are in.
    pub ordered: Order,
    /// The filter.
    pub filter: Line,
    /// The last text it was filtered by.
    pub sought: String,
    /// The cursor's place and record when a filter began to be typed.
    pub home: Option<(u64, R::Id)>,
    /// Where the cursor goes when the next answer comes.
    pub returns: Option<(u64, R::Id)>,
    /// The query that is out.
    pub asked: Option<u64>,
    /// When the last query left, in milliseconds since the start; `None` if the next may leave at once.
    pub asked_at: Option<u64>,
    /// How long the last answer took, in milliseconds.
    pub took: u64,
    /// The last query.
    pub last: Option<Query>,
    /// Something changed since the query that is out, or since the last one.
    pub stale: bool,
    /// Other rows are wanted than those that are here: the answer to a new filter has not come.
    pub anew: bool,
    /// Why the last query failed.
    pub failed: Option<String>,
}

impl<R: Row> Default for Listing<R> {
    fn default() -> Self {
        Self {
            total: None,
            offset: 0,
            rows: Vec::new(),
            at: 0,
            on: None,
            top: 0,
            marks: BTreeMap::new(),
            anchor: None,
            order: Order::Own,
            ordered: Order::Own,
            filter: Line::default(),
            sought: String::new(),
            home: None,
            returns: None,
            asked: None,
            asked_at: None,
            took: 0,
            last: None,
            stale: true,
            anew: false,
            failed: None,
        }
    }
}

impl<R: Row> Listing<R> {
    /// The row under the cursor, if it is here.
    pub fn current(&self) -> Option<&R> {
        let row = self.row(self.at)?;
        (self.on.as_ref() == Some(&row.id())).then_some(row)
    }

    /// The row at a place, if it is here.
    pub fn row(&self, place: u64) -> Option<&R> {
        let index = usize::try_from(place.checked_sub(self.offset)?).ok()?;
        self.rows.get(index)
    }

    /// The place of a record, if its row is here.
    pub fn place(&self, id: &R::Id) -> Option<u64> {
        self.rows.iter().position(|row| row.id() == *id).map(|index| self.offset + index as u64)
    }

    /// Whether the rows that are wanted are still on their way, all of them.
    pub fn is_coming(&self) -> bool {
        self.asked.is_some() && (self.anew || self.total.is_none())
    }

    /// Whether the row under the cursor is still on its way.
    pub fn lacks_current(&self) -> bool {
        self.asked.is_some() && self.total != Some(0) && self.current().is_none()
    }

    /// Whether a place lies in the range that was begun and not ended.
    pub fn in_range(&self, place: u64) -> bool {
        let from = self.anchor.as_ref().and_then(|anchor| self.place(anchor));
        from.is_some_and(|from| (from.min(self.at)..=from.max(self.at)).contains(&place))
    }

    /// The row of a record, if it is here.
    pub fn find(&self, id: &R::Id) -> Option<&R> {
        self.rows.iter().find(|row| row.id() == *id)
    }

    /// The query for the rows around the cursor on a screen of `height` rows.
    pub fn query(&self, list: List, height: u64) -> Query {
        let limit = (height * 4).clamp(60, 500);
        let (at, on) = self.returns.as_ref().map_or((self.at, self.on.as_ref()), |(at, on)| (*at, Some(on)));
        let offset = at.saturating_sub(limit / 2);
        let near = on.and_then(R::near);
        let filter = self.filter.text().trim().to_owned();
        Query { filter, offset, limit, near, order: self.order, ..Query::all(list) }
    }

    /// Whether a visible row is not here.
    pub fn lacks(&self, height: u64) -> bool {
        let Some(total) = self.total else { return true };
        let (first, last) = (self.top.min(total), (self.top + height).min(total));
        let here = self.offset + self.rows.len() as u64;
        first < last && (first < self.offset || last > here)
    }

    /// Moves the cursor; tells whether it moved.
    pub fn go(&mut self, motion: Motion, height: u64) -> bool {
        let last = self.total.unwrap_or(0).saturating_sub(1);
        let to = match motion {
            Motion::By(by) => self.at.saturating_add_signed(by).min(last),
            Motion::First => 0,
            Motion::Last => last,
        };
        let moved = to != self.at;
        self.returns = None;
        self.at = to;
        self.on = self.row(to).map(Row::id);
        self.scroll(height);
        moved
    }

    /// Keeps the cursor visible.
    pub fn scroll(&mut self, height: u64) {
        let height = height.max(1);
        let last_top = self.total.unwrap_or(0).saturating_sub(height);
        let lowest = (self.at + 1).saturating_sub(height);
        self.top = self.top.clamp(lowest, self.at).min(last_top.max(lowest));
    }

    /// Takes an answer. Returns whether the cursor's record was lost and the cursor stands on another one now.
    pub fn accept(&mut self, total: u64, offset: u64, rows: Vec<R>, height: u64) -> bool {
        (self.total, self.offset, self.rows, self.failed) = (Some(total), offset, rows, None);
        for row in &self.rows {
            if let Some(mark) = self.marks.get_mut(&row.id()) {
                *mark = row.clone();
            }
        }
        if !R::LASTS && self.is_whole() {
            let here: Vec<R::Id> = self.rows.iter().map(Row::id).collect();
            self.marks.retain(|id, _| here.contains(id));
        }
        if let Some((at, on)) = self.returns.take() {
            (self.at, self.on) = (at, Some(on));
        }
        let seat = self.at.saturating_sub(self.top);
        let kept = self.on.as_ref().and_then(|id| self.rows.iter().position(|row| row.id() == *id));
        let lost = match kept {
            Some(index) => {
                self.at = self.offset + index as u64;
                self.top = self.at.saturating_sub(seat);
                false
            }
            None => {
                let lost = self.on.is_some();
                self.at = self.at.min(total.saturating_sub(1));
                self.on = self.row(self.at).map(Row::id);
                lost
            }
        };
        self.scroll(height);
        lost
    }

    /// Whether every row of the unfiltered list is here.
    pub fn is_whole(&self) -> bool {
        self.filter.text().trim().is_empty() && self.offset == 0 && self.total == Some(self.rows.len() as u64)
    }

    /// Marks or unmarks the row under the cursor.
    pub fn toggle_mark(&mut self) {
        let Some(row) = self.current().cloned() else { return };
        if self.marks.remove(&row.id()).is_none() {
            self.marks.insert(row.id(), row);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct R(u32, &'static str);
    impl Row for R {
        type Id = u32;
        fn id(&self) -> u32 {
            self.0
        }
        fn words(&self) -> String {
            self.1.to_owned()
        }
    }

    fn list(ids: &[u32]) -> Vec<R> {
        ids.iter().map(|id| R(*id, "")).collect()
    }

    #[test]
    fn the_cursor_follows_its_record_and_says_when_it_is_lost() {
        let mut l = Listing::default();
        l.accept(4, 0, list(&[1, 2, 3, 4]), 10);
        l.go(Motion::By(2), 10);
        assert_eq!(l.current().unwrap().0, 3);
        assert!(!l.accept(5, 0, list(&[9, 1, 2, 3, 4]), 10));
        assert_eq!((l.current().unwrap().0, l.at), (3, 3));
        assert!(l.accept(3, 0, list(&[9, 1, 2]), 10));
        assert_eq!((l.current().unwrap().0, l.at), (2, 2));
        assert!(l.accept(0, 0, list(&[]), 10));
        assert!(l.current().is_none());
    }

    #[test]
    fn marks_survive_a_refresh_with_the_newest_row_and_go_with_their_record() {
        let mut l = Listing::default();
        l.accept(3, 0, vec![R(1, "a"), R(2, "b"), R(3, "c")], 10);
        l.toggle_mark();
        l.go(Motion::By(1), 10);
        l.toggle_mark();
        l.accept(3, 0, vec![R(3, "c"), R(2, "B"), R(1, "a")], 10);
        assert_eq!(l.marks.values().map(|r| r.1).collect::<Vec<_>>(), ["a", "B"]);
        l.filter = Line::new("c");
        l.accept(1, 0, vec![R(3, "c")], 10);
        assert_eq!(l.marks.len(), 2, "a filter hides, it does not unmark");
        l.filter.clear();
        l.accept(2, 0, vec![R(3, "c"), R(2, "B")], 10);
        assert_eq!(l.marks.keys().copied().collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_row_that_is_not_here_yet_cannot_be_decided() {
        let mut l = Listing::default();
        l.accept(1000, 0, list(&(0..60).collect::<Vec<_>>()), 10);
        l.go(Motion::Last, 10);
        assert_eq!(l.at, 999);
        assert!(l.current().is_none() && l.lacks(10));
        let q = l.query(List::Holds, 10);
        assert!(q.offset <= 990 && q.offset + q.limit >= 1000 && q.limit <= 500);
    }
}
