//! Records to choose from: counterparts for an orphan, ends of a relation. What is searched is found by a few letters in
//! their order, among any number of records; only the rows that are shown are made.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::control::{Candidate, Query, Rows, Window};
use crate::model::{PairName, RecordId, RecordRef, Side, Value};

use super::core::Core;
use super::memory::PairMemory;
use super::views::slice;

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
        let Some(pair) = self.memory.pair(&of.pair) else { return slice(query, Vec::new(), |it| it, Rows::Candidates) };
        let other = of.side.other();
        let present = pair.observations.get(other).present();
        let found = self.suggestions(of);
        if query.filter.is_empty() {
            let like = |id: &RecordId| found.iter().any(|(.., known)| known == id);
            let mut others: Vec<(String, &RecordId)> = present
                .filter(|id| pair.tie_of(other, id).is_none() && !like(id))
                .map(|id| (self.title(pair, other, id).to_lowercase(), id))
                .collect();
            others.sort();
            let others = others.into_iter().map(|(_, id)| (0, String::new(), id.clone()));
            let all: Vec<(u32, String, RecordId)> = found.into_iter().chain(others).collect();
            return slice(query, all, |row| self.suggested(pair, other, &row), Rows::Candidates);
        }
        let ids = self.searched(pair, other, present, &query.filter);
        let row = |id: &RecordId| {
            let known = found.iter().find(|(.., known)| known == id);
            let row = known.map_or_else(|| self.candidate(pair, other, id), |known| self.suggested(pair, other, known));
            Candidate { taken: pair.tie_of(other, id).is_some(), ..row }
        };
        slice(query, ids, row, Rows::Candidates)
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

    /// Records whose title, match keys or id fit a few letters, best first; all by title if there are none.
    fn searched<'p>(
        &self,
        pair: &PairMemory,
        side: Side,
        ids: impl Iterator<Item = &'p RecordId>,
        text: &str,
    ) -> Vec<&'p RecordId> {
        let map = pair.map.as_ref();
        let keys: Vec<_> = pair.spec.match_by.iter().filter_map(|key| map?.field(key)).collect();
        let words = |id: &RecordId| {
            let mut words = self.title(pair, side, id);
            let shown = pair.observation(side, id);
            for text in keys.iter().filter_map(|field| Some(shown?.known(field.name_on(side))?.show())) {
                words.push(' ');
                words.push_str(&text);
            }
            words.push(' ');
            words.push_str(id.as_str());
            words
        };
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(text.trim(), CaseMatching::Ignore, Normalization::Smart);
        let mut scored: Vec<(std::cmp::Reverse<u32>, String, &RecordId)> = ids
            .filter_map(|id| {
                let (words, mut letters) = (words(id), Vec::new());
                let score = pattern.score(Utf32Str::new(&words, &mut letters), &mut matcher)?;
                Some((std::cmp::Reverse(score), words.to_lowercase(), id))
            })
            .collect();
        scored.sort();
        scored.into_iter().map(|(.., id)| id).collect()
    }
}
