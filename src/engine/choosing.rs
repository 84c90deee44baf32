//! Records to choose from: counterparts for an orphan, ends of a relation. What is searched is found by a few letters in
//! their order, among any number of records; only the rows that are shown are made.

use std::collections::BTreeMap;

use crate::control::{Candidate, Query, Rows, Window};
use crate::model::{PairName, RecordId, RecordRef, Side, Value};

use super::core::Core;
use super::likeness::{Faces, Like};
use super::memory::PairMemory;
use super::snapshot::count;
use super::views::{extent, slice};

/// Untied records of a side that a list of orphans is compared with, and comparisons for one window: a few milliseconds.
const FACES: usize = 2_000;
const COMPARED: usize = 20_000;

impl Core {
    /// What a decision about a record is bound to: its title and its mapped fields, as they are shown.
    pub(super) fn record_digest(&self, pair: &PairMemory, side: Side, id: &RecordId) -> String {
        let mut shown = vec![self.title(pair, side, id)];
        shown.extend(self.shown_fields(pair, side, id).into_iter().flat_map(|(label, text)| [label, text]));
        Value::text(shown.join("\u{1f}")).digest()
    }

    /// A record to choose.
    pub(super) fn candidate(&self, pair: &PairMemory, side: Side, id: &RecordId) -> Candidate {
        Candidate {
            id: id.clone(),
            title: self.title(pair, side, id),
            reason: String::new(),
            fields: self.shown_fields(pair, side, id),
            taken: false,
            score: 0,
            digest: self.record_digest(pair, side, id),
        }
    }

    /// Counterparts for an orphan. Without a search: those that are like it, best first, then every other untied record by
    /// title. A search also finds tied ones, as taken.
    pub(super) fn candidates(&self, query: &Query, of: &RecordRef) -> Window {
        let none = || slice(query, Vec::new(), |it| it, Rows::Candidates);
        let other = of.side.other();
        let (Some(pair), Some(names)) = (self.memory.pair(&of.pair), self.prepared(&of.pair, other)) else {
            return none();
        };
        let present =
            |id: &RecordId| pair.observations.get(other).presence(id) == Some(crate::model::Presence::Present);
        let (skip, take) = extent(query);
        if query.filter.trim().is_empty() {
            let found = self.suggestions(of);
            let like: std::collections::BTreeSet<&RecordId> = found.iter().map(|like| &like.id).collect();
            let others = |id: &RecordId| !pair.is_tied(other, id) && present(id) && !like.contains(id);
            let first: Vec<&Like> = found.iter().skip(skip).take(take).collect();
            let left = take - first.len();
            let (rest, ids) = names.search("", others, skip.saturating_sub(found.len()), left);
            let mut rows: Vec<Candidate> = first.into_iter().map(|like| self.suggested(pair, other, like)).collect();
            rows.extend(ids.into_iter().map(|id| self.candidate(pair, other, id)));
            return Window::of(count(found.len() + rest), query.offset, Rows::Candidates(rows));
        }
        let (total, ids) = names.search(&query.filter, present, skip, take);
        // Only what is shown is compared with the orphan.
        let rows = ids.into_iter().map(|id| {
            let row = match self.like(of, id) {
                Some(like) => self.suggested(pair, other, &like),
                None => self.candidate(pair, other, id),
            };
            Candidate { taken: pair.is_tied(other, id), ..row }
        });
        Window::of(count(total), query.offset, Rows::Candidates(rows.collect()))
    }

    /// What is like some orphans, of as many of them as can be told without making others wait.
    pub(super) fn liked<'p>(
        &self,
        orphans: impl Iterator<Item = (&'p PairMemory, &'p RecordRef)>,
    ) -> BTreeMap<RecordRef, Vec<Like>> {
        let mut faces: BTreeMap<(&PairName, Side), Option<Faces>> = BTreeMap::new();
        let (mut liked, mut left) = (BTreeMap::new(), COMPARED);
        for (pair, record) in orphans {
            let other = record.side.other();
            let faces = faces.entry((&record.pair, other)).or_insert_with(|| self.faces(pair, other, FACES));
            let Some(faces) = faces.as_ref().filter(|faces| faces.len() <= left && !liked.contains_key(record)) else {
                continue;
            };
            left -= faces.len();
            liked.insert(record.clone(), self.like_among(pair, record, faces));
        }
        liked
    }

    /// A tied record to choose, by its CRM record.
    fn tied_candidate(&self, pair: &PairMemory, crm: &RecordId) -> Candidate {
        Candidate { title: self.tie_title(pair, crm), ..self.candidate(pair, Side::Crm, crm) }
    }

    /// Tied records by title; what fits a search best first.
    pub(super) fn tied(&self, query: &Query, name: &PairName) -> Window {
        let Some(pair) = self.memory.pair(name) else { return slice(query, Vec::new(), |it| it, Rows::Candidates) };
        let mut titles = pair.titles();
        let places: Vec<usize> = match query.filter.trim() {
            "" => (0..titles.len()).collect(),
            text => titles.search(text).iter().map(|fit| fit.place).collect(),
        };
        let row = |place: usize| titles.id(place).map(|id| self.tied_candidate(pair, id));
        slice(query, places, row, |rows| Rows::Candidates(rows.into_iter().flatten().collect()))
    }
}
