//! What a pair's ties are found by, in the order of their titles: made when somebody first asks, mended as records change,
//! and forgotten when nobody looks any more. A hundred thousand of them are made once and not for every question.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str, chars};

use crate::mapping::FieldMap;
use crate::model::packed::ObservationBytes;
use crate::model::{RecordId, Side};

use super::PairMemory;

/// So many that changed are mended; of more, all are made anew.
const MENDED: usize = 2048;

/// So many are put into their places one by one.
const ONE_BY_ONE: usize = 16;

/// So many that fit are weighed against each other.
const WEIGHED: usize = 1024;

/// The titles of one pair's ties.
#[derive(Debug, Default)]
pub struct Titles(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The fields that the words are made of: title, then what records are matched by. `None` while nothing is made.
    made_of: Option<Vec<String>>,
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

/// A tie that a search has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// How well it fits; 0 where many fit better.
    pub score: u32,
    /// Its place among the titles.
    pub place: usize,
}

/// One of them.
#[derive(Debug)]
struct Row {
    /// Where its words are.
    words: Range<usize>,
    /// Which letters they have: most rows lack one that is searched.
    letters: u64,
    crm: RecordId,
}

/// In the order of the words, which begin with the title.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Title {
    /// Without case and accents.
    words: Box<str>,
    crm: RecordId,
}

impl Titles {
    /// Nobody looks any more.
    pub(in crate::engine) fn forget(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.made_of.is_some() {
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
        let made_of = self.named_by().iter().map(|field| format!("{} {}", field.spec.crm, field.spec.notion)).collect();
        if state.made_of.as_ref() == Some(&made_of) {
            self.mend(&mut state);
        } else {
            let mut titles: Vec<Title> = self.ties.keys().map(|crm| self.words_of(crm)).collect();
            titles.sort_unstable();
            *state = State { made_of: Some(made_of), ..State::default() };
            for title in titles {
                let row = state.row(title);
                state.rows.push(row);
            }
        }
        TitlesInUse { state, pair: self }
    }

    /// A tie is about to come, to go or to change: where it stands now is noted.
    pub(super) fn retitle(&mut self, crm: &RecordId) {
        let state = self.titles.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.made_of.is_none() || state.stale.contains_key(crm) {
            return;
        }
        if state.stale.len() >= MENDED {
            *state = State::default();
            return;
        }
        let title = self.ties.contains_key(crm).then(|| self.words_of(crm));
        let state = self.titles.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.stale.insert(crm.clone(), title);
    }

    fn mend(&self, state: &mut State) {
        let stale = std::mem::take(&mut state.stale);
        if stale.is_empty() {
            return;
        }
        let there = stale.keys().filter(|crm| self.ties.contains_key(*crm)).map(|crm| self.words_of(crm));
        let mut new: Vec<Title> = there.collect();
        if stale.values().flatten().eq(&new) {
            return;
        }
        if stale.len() > ONE_BY_ONE {
            let State { text, rows, .. } = &mut *state;
            rows.retain(|row| !stale.contains_key(&row.crm));
            let words = |row: &Row| text.get(row.words.clone()).unwrap_or_default().to_owned();
            new.extend(rows.drain(..).map(|row| Title { words: words(&row).into_boxed_str(), crm: row.crm }));
            new.sort();
            (state.text, state.wasted) = (String::new(), 0);
            for title in new {
                let row = state.row(title);
                state.rows.push(row);
            }
        } else {
            for old in stale.values().flatten() {
                if let Ok(place) = state.find(old) {
                    let gone = state.rows.remove(place);
                    state.wasted += gone.words.len();
                }
            }
            for title in new {
                let (Ok(place) | Err(place)) = state.find(&title);
                let row = state.row(title);
                state.rows.insert(place, row);
            }
            if state.wasted > state.text.len() / 4 {
                state.pack();
            }
        }
        state.found = None;
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
        if short.is_none()
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

/// Small letters, without the signs on them: `Müller` is found by `muller`.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).map(chars::normalize).collect()
}

/// Which letters and digits a text has, one bit each; other letters share some.
fn letters_of(text: &str) -> u64 {
    let bit = |c: char| match c {
        'a'..='z' => 1_u64 << (u32::from(c) - u32::from('a')),
        '0'..='9' => 1 << (26 + u32::from(c) - u32::from('0')),
        c if c.is_alphanumeric() => 1 << (36 + u32::from(c) % 28),
        _ => 0,
    };
    text.chars().map(bit).fold(0, |all, bit| all | bit)
}

/// Whether a search has letters alone; other signs mean something.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ')
}

/// The rows that fit, best first. Many fit one or two letters, and to weigh a hundred thousand takes long: then those that
/// seem best by a look are weighed, and the rest follow as they seem.
fn fitting(all: &str, rows: &[Row], places: Vec<usize>, text: &str) -> Vec<Fit> {
    let words_at = |place: usize| all.get(rows.get(place)?.words.clone());
    let letters = letters_of(text);
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let mut seem: [Vec<usize>; 4] = Default::default();
    if is_plain(text) {
        for place in places {
            if rows.get(place).is_none_or(|row| row.letters & letters != letters) {
                continue;
            }
            let fit = words_at(place).and_then(|text| {
                let worst = words.iter().try_fold(0, |worst, word| Some(seems(text, word)?.max(worst)))?;
                seem.get_mut(worst)
            });
            fit.into_iter().for_each(|seem| seem.push(place));
        }
    } else {
        seem = [places, Vec::new(), Vec::new(), Vec::new()];
    }
    let weighed = if is_plain(text) { WEIGHED } else { rows.len() };
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Never);
    let mut buffer = Vec::new();
    let mut fits = Vec::new();
    let mut rest = Vec::new();
    for place in seem.into_iter().flatten() {
        if fits.len() >= weighed {
            rest.push(Fit { score: 0, place });
            continue;
        }
        let Some(text) = words_at(place) else { continue };
        if let Some(score) = pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher) {
            fits.push(Fit { score, place });
        }
    }
    fits.sort_unstable_by_key(|fit| (Reverse(fit.score), fit.place));
    fits.append(&mut rest);
    fits
}

/// How well a word seems to fit: it begins the text, begins a word of it, is a piece of it, or its letters are there in their
/// order.
fn seems(text: &str, word: &str) -> Option<usize> {
    let first = word.chars().next()?;
    let (mut best, mut from) = (None, 0);
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(first)) {
        let at = from + at;
        if text.get(at..).is_some_and(|rest| rest.starts_with(word)) {
            let inside =
                text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphanumeric);
            match (at, inside) {
                (0, _) => return Some(0),
                (_, false) => return Some(1),
                (_, true) => best = Some(2),
            }
        }
        from = at + first.len_utf8();
    }
    best.or_else(|| {
        let mut rest = text;
        for letter in word.chars() {
            rest = rest.get(rest.find(letter)? + letter.len_utf8()..)?;
        }
        Some(3)
    })
}
