//! What a pair's ties are found by, in the order of their titles: made when somebody first asks, in steps between which
//! everything else goes on; mended as records change; and forgotten when nobody looks any more. A hundred thousand of them are
//! made once and not for every question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::mapping::FieldMap;
use crate::model::packed::ObservationBytes;
use crate::model::{RecordId, Side};

use super::PairMemory;
pub use super::fitting::Fit;
use super::fitting::{Row, fitting, folded, is_plain, letters_of};

/// So many that changed are mended; of more, all are made anew.
const MENDED: usize = 2048;

/// So many are made in one step: about a millisecond.
const STEP: usize = 1_000;

/// The titles of one pair's ties.
#[derive(Debug, Default)]
pub struct Titles(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The fields that the words are made of: title, then what records are matched by. `None` while nothing is made.
    made_of: Option<Vec<String>>,
    /// What is still to be done before they are made.
    making: Option<Making>,
    /// Somebody asked since it was last looked whether anybody does.
    asked: bool,
    /// The words of all, one after the other: reading through them is most of a search.
    text: String,
    /// How much of that belongs to no row any more.
    wasted: usize,
    /// In the order of their words.
    rows: Vec<Row>,
    /// Ties that came, went or changed since, each as it stands there, if it does.
    stale: BTreeMap<RecordId, Option<Title>>,
    /// The last search, and what it found, best first.
    found: Option<(String, Vec<Fit>)>,
}

/// Titles that are being made.
#[derive(Debug, Default)]
struct Making {
    /// Ties before this one are read; all from it on are to be read as they will be then.
    from: Option<RecordId>,
    /// All are read, and are put into their places.
    read: bool,
    /// Read, and without a place yet.
    titles: BTreeSet<Title>,
}

/// In the order of the words, which begin with the title.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Title {
    /// Without case and accents.
    words: Box<str>,
    crm: RecordId,
}

impl Titles {
    /// Lets go of them, unless somebody asked since this was last called.
    pub(in crate::engine) fn forget(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.made_of.is_some() && !std::mem::take(&mut state.asked) {
            *state = State::default();
        }
    }
}

impl State {
    /// A row for a title, whose words come behind all others.
    fn row(&mut self, title: Title) -> Row {
        let from = self.text.len();
        self.text.push_str(&title.words);
        Row { words: from..self.text.len(), letters: letters_of(&title.words), crm: title.crm }
    }

    /// Where a title is, or belongs.
    fn find(&self, title: &Title) -> Result<usize, usize> {
        self.rows.binary_search_by(|row| {
            let words = self.text.get(row.words.clone()).unwrap_or_default();
            words.cmp(&title.words).then_with(|| row.crm.cmp(&title.crm))
        })
    }

    /// Lets go of words that belong to no row.
    fn pack(&mut self) {
        let old = std::mem::take(&mut self.text);
        for row in &mut self.rows {
            let from = self.text.len();
            self.text.push_str(old.get(row.words.clone()).unwrap_or_default());
            row.words = from..self.text.len();
        }
        self.wasted = 0;
    }

    /// A step towards the titles: a few more are read, from one tie on, which gives the one after them; or those that were read
    /// are put into their places. Whether that is all.
    fn make(
        &mut self,
        count: usize,
        read: impl FnOnce(Option<&RecordId>, &mut BTreeSet<Title>) -> Option<RecordId>,
    ) -> bool {
        let Some(making) = &mut self.making else { return true };
        if !making.read {
            let from = making.from.take();
            making.from = read(from.as_ref(), &mut making.titles);
            making.read = making.from.is_none();
            return false;
        }
        // To put one into its place is a small part of the work of reading it.
        let next: Vec<Title> = std::iter::from_fn(|| making.titles.pop_first()).take(8 * count).collect();
        if making.titles.is_empty() {
            self.making = None;
        }
        for title in next {
            let row = self.row(title);
            self.rows.push(row);
        }
        self.making.is_none()
    }

    /// Whether it is to be noted where a tie stands that is about to change.
    fn is_noted(&mut self, crm: &RecordId) -> bool {
        if self.made_of.is_none() || self.stale.contains_key(crm) {
            return false;
        }
        match &self.making {
            // Else it is read later.
            Some(making) => making.read || making.from.as_ref().is_some_and(|from| crm < from),
            None if self.stale.len() >= MENDED => {
                *self = Self::default();
                false
            }
            None => true,
        }
    }

    /// Takes what came, went or changed, all in one pass over the rows; a tie has a title, or is no more.
    fn mend(&mut self, title: impl Fn(&RecordId) -> Option<Title>) {
        let stale = std::mem::take(&mut self.stale);
        let mut new: Vec<Title> = stale.keys().filter_map(title).collect();
        if stale.values().flatten().eq(&new) {
            return;
        }
        new.sort_unstable();
        let mut gone: Vec<usize> = stale.values().flatten().filter_map(|old| self.find(old).ok()).collect();
        gone.sort_unstable();
        let placed = |title: Title| {
            let (Ok(place) | Err(place)) = self.find(&title);
            (place, title)
        };
        let come: Vec<(usize, Title)> = new.into_iter().map(placed).collect();
        let (mut gone, mut come) = (gone.into_iter().peekable(), come.into_iter().peekable());
        let old = std::mem::take(&mut self.rows);
        self.rows.reserve(old.len() + come.len());
        for (place, row) in old.into_iter().enumerate() {
            while let Some((_, title)) = come.next_if(|(before, _)| *before <= place) {
                let row = self.row(title);
                self.rows.push(row);
            }
            match gone.next_if_eq(&place) {
                Some(_) => self.wasted += row.words.len(),
                None => self.rows.push(row),
            }
        }
        for (_, title) in come {
            let row = self.row(title);
            self.rows.push(row);
        }
        if self.wasted > self.text.len() / 4 {
            self.pack();
        }
        self.found = None;
    }
}

/// The titles, up to date.
pub struct TitlesInUse<'p> {
    state: MutexGuard<'p, State>,
    pair: &'p PairMemory,
}

impl PairMemory {
    /// The titles of the ties, up to date.
    pub fn titles(&self) -> TitlesInUse<'_> {
        let mut state = self.titles.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.make_some(&mut state) {}
        state.mend(|crm| self.title_of_tie(crm));
        TitlesInUse { state, pair: self }
    }

    /// Goes on making the titles. Whether they are made.
    pub fn prepare_titles(&self) -> bool {
        self.make_some(&mut self.titles.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A step towards the titles, of the fields that are mapped now. Whether they are made.
    fn make_some(&self, state: &mut State) -> bool {
        let made_of = self.named_by().iter().map(|field| format!("{} {}", field.spec.crm, field.spec.notion)).collect();
        if state.made_of.as_ref() != Some(&made_of) {
            *state = State { made_of: Some(made_of), making: Some(Making::default()), ..State::default() };
        }
        state.asked = true;
        let made = state.make(STEP, |from, titles| {
            let mut ids = self.ties.ids_from(from);
            titles.extend(ids.by_ref().take(STEP).map(|crm| self.words_of(crm)));
            ids.next().cloned()
        });
        // So many may have changed while they were made that the next one would have all of them made anew.
        if made && state.stale.len() >= MENDED / 2 {
            state.mend(|crm| self.title_of_tie(crm));
        }
        made
    }

    /// A tie is about to come, to go or to change: where it stands now is noted.
    pub(super) fn retitle(&mut self, crm: &RecordId) {
        let mut state = self.titles.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_noted(crm) {
            state.stale.insert(crm.clone(), self.title_of_tie(crm));
        }
    }

    fn title_of_tie(&self, crm: &RecordId) -> Option<Title> {
        self.ties.contains_key(crm).then(|| self.words_of(crm))
    }

    /// The title, then what records are matched by.
    fn named_by(&self) -> Vec<&FieldMap> {
        let Some(map) = &self.map else { return Vec::new() };
        let title = map.title.as_ref().and_then(|key| map.field(key));
        let keys = self.spec.match_by.iter().filter_map(|key| map.field(key));
        title.into_iter().chain(keys).collect()
    }

    /// What a tie is found by: its title, from whichever side has one, its match keys, and its id.
    fn words_of(&self, crm: &RecordId) -> Title {
        let fields = self.named_by();
        let mut texts = self.texts(Side::Crm, crm, &fields);
        if texts.first().is_none_or(String::is_empty) && self.map.as_ref().is_some_and(|map| map.title.is_some()) {
            let page = self.ties.page_of(crm).unwrap_or_default();
            let title = self.texts(Side::Notion, &page, fields.get(..1).unwrap_or_default()).into_iter().next();
            if let (Some(own), Some(title)) = (texts.first_mut(), title) {
                *own = title;
            }
        }
        texts.push(crm.0.clone());
        texts.retain(|text| !text.is_empty());
        // A title comes before a longer one that begins with it.
        Title { words: folded(&texts.join("\t")).into_boxed_str(), crm: crm.clone() }
    }

    /// The title of a record as a side shows it, if it has one. The record is not made for it.
    pub fn title(&self, side: Side, id: &RecordId) -> Option<String> {
        let map = self.map.as_ref()?;
        let field = map.field(map.title.as_ref()?)?;
        self.texts(side, id, &[field]).pop().filter(|title| !title.is_empty())
    }

    /// What a side shows in some fields of a record; empty where it shows nothing. The record is not made for it.
    fn texts(&self, side: Side, id: &RecordId, fields: &[&FieldMap]) -> Vec<String> {
        let kept = self.observations.get(side);
        let mut texts = vec![String::new(); fields.len()];
        let Some((_, names, rest)) = kept.short(id) else { return texts };
        let short = ObservationBytes(rest).fields(names.len(), |at, seen| {
            let Some(name) = names.get(at) else { return };
            let known = || seen.known.and_then(|known| known.value()).map(|value| value.show()).unwrap_or_default();
            for (text, field) in texts.iter_mut().zip(fields) {
                if field.name_on(side).as_str() == name {
                    *text = known();
                }
            }
        });
        // What stands before a field that cannot be told in short was told.
        if short.is_none()
            && texts.iter().any(String::is_empty)
            && let Some(seen) = kept.read(id)
        {
            let known = |field: &&FieldMap| seen.known(field.name_on(side)).map(|it| it.show()).unwrap_or_default();
            texts = fields.iter().map(known).collect();
        }
        texts
    }
}

impl TitlesInUse<'_> {
    /// How many.
    pub fn len(&self) -> usize {
        self.state.rows.len()
    }

    /// The tie at a place.
    pub fn id(&self, place: usize) -> Option<&RecordId> {
        self.state.rows.get(place).map(|row| &row.crm)
    }

    /// The place of a tie.
    pub fn place(&self, crm: &RecordId) -> Option<usize> {
        self.pair.ties.contains_key(crm).then(|| self.state.find(&self.pair.words_of(crm)).ok())?
    }

    /// What fits a few letters, best first. What was searched last is remembered, for a list is asked for again and again;
    /// and where letters were added, only what fitted before is looked at.
    pub fn search(&mut self, text: &str) -> &[Fit] {
        let text = folded(text.trim());
        let State { text: all, rows, found, .. } = &mut *self.state;
        if found.as_ref().is_none_or(|(last, _)| *last != text) {
            let before = found.take().filter(|(last, _)| is_plain(&text) && text.starts_with(last.as_str()));
            let places: Vec<usize> = match before {
                Some((_, mut fits)) => {
                    fits.sort_unstable_by_key(|fit| fit.place);
                    fits.into_iter().map(|fit| fit.place).collect()
                }
                None => (0..rows.len()).collect(),
            };
            let fits = fitting(all, rows, places, &text);
            *found = Some((text, fits));
        }
        found.as_ref().map(|(_, fits)| fits.as_slice()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens between two steps: a tie comes or changes, goes, somebody asks.
    #[derive(Debug, Clone)]
    enum Meanwhile {
        Put(u8, u8),
        Remove(u8),
        Step,
        Ask,
    }

    fn meanwhile() -> impl Strategy<Value = Meanwhile> {
        prop_oneof![
            4 => (0..40_u8, 0..6_u8).prop_map(|(id, title)| Meanwhile::Put(id, title)),
            2 => (0..40_u8).prop_map(Meanwhile::Remove),
            4 => Just(Meanwhile::Step),
            1 => Just(Meanwhile::Ask),
        ]
    }

    type Ties = BTreeMap<RecordId, u8>;

    fn title(ties: &Ties, crm: &RecordId) -> Option<Title> {
        Some(Title { words: format!("title {}", ties.get(crm)?).into(), crm: crm.clone() })
    }

    fn step(state: &mut State, ties: &Ties) -> bool {
        state.make(3, |from, titles| {
            let from = from.cloned().unwrap_or_default();
            let mut ids = ties.range(from..).map(|(crm, _)| crm);
            titles.extend(ids.by_ref().take(3).filter_map(|crm| title(ties, crm)));
            ids.next().cloned()
        })
    }

    proptest! {
        #[test]
        fn titles_that_are_made_in_steps_are_those_that_are_there_whatever_comes_between(
            began in prop::collection::btree_map(0..40_u8, 0..6_u8, 0..40),
            then in prop::collection::vec(meanwhile(), 0..80),
        ) {
            let id = |id: u8| RecordId(format!("{id:02}"));
            let mut ties: Ties = began.into_iter().map(|(crm, title)| (id(crm), title)).collect();
            let mut state =
                State { made_of: Some(Vec::new()), making: Some(Making::default()), ..State::default() };
            for what in then.into_iter().chain([Meanwhile::Ask]) {
                match what {
                    Meanwhile::Put(crm, _) | Meanwhile::Remove(crm) if state.is_noted(&id(crm)) => {
                        state.stale.insert(id(crm), title(&ties, &id(crm)));
                    }
                    _ => {}
                }
                match what {
                    Meanwhile::Put(crm, title) => drop(ties.insert(id(crm), title)),
                    Meanwhile::Remove(crm) => drop(ties.remove(&id(crm))),
                    Meanwhile::Step => drop(step(&mut state, &ties)),
                    Meanwhile::Ask => {
                        while !step(&mut state, &ties) {}
                        state.mend(|crm| title(&ties, crm));
                        let mut there: Vec<Title> = ties.keys().filter_map(|crm| title(&ties, crm)).collect();
                        there.sort();
                        let words = |row: &Row| state.text.get(row.words.clone()).unwrap_or_default().into();
                        let made = state.rows.iter().map(|row| Title { words: words(row), crm: row.crm.clone() });
                        prop_assert_eq!(made.collect::<Vec<_>>(), there);
                    }
                }
            }
        }
    }
}
