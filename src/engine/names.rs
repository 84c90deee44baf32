//! The names of one side of one pair, prepared for the search for an orphan's counterpart among all its records: titles, match
//! keys and ids in small letters, so that it has none to unpack. Ties are searched in `memory::titles`.
//!
//! They are made when somebody begins to search, in steps between which everything else goes on; kept up with what is read
//! while somebody searches; and forgotten a while after the last search.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use crate::model::{FieldName, PairName, RecordId, Side};

use super::core::{Core, title_of};
use super::memory::{PairMemory, folded};

/// Records that are prepared in one step: about a millisecond.
const STEP: usize = 1_000;

/// Bytes of a record that are searched at most.
const LONGEST: usize = 160;

/// How long they stay after the last search.
const KEPT: SignedDuration = SignedDuration::from_secs(60);

/// What is searched of one record.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    id: RecordId,
    /// Small letters, the title first.
    words: Box<str>,
}

/// The names of one side of one pair.
#[derive(Debug, Default)]
pub struct Names {
    /// By id.
    rows: Vec<Name>,
    /// The fields that they were made of.
    fields: Vec<FieldName>,
    /// What is still to be prepared: everything from this id on.
    from: Option<RecordId>,
    whole: bool,
    used: Timestamp,
}

impl Names {
    /// Takes a record's words, or that there is none.
    fn put(&mut self, id: &RecordId, words: Option<String>) {
        let place = self.rows.binary_search_by(|row| row.id.cmp(id));
        match (place, words) {
            (Ok(at), Some(words)) => self.rows[at].words = words.into(),
            (Ok(at), None) => drop(self.rows.remove(at)),
            (Err(at), Some(words)) => self.rows.insert(at, Name { id: id.clone(), words: words.into() }),
            (Err(_), None) => {}
        }
    }

    /// Records that fit a few letters in their order, best first, all by title if there are none: how many, and those of
    /// one window. Only the window is put in order.
    pub fn search(
        &self,
        text: &str,
        is_meant: impl Fn(&RecordId) -> bool,
        skip: usize,
        take: usize,
    ) -> (usize, Vec<&RecordId>) {
        let text = folded(text);
        let parts: Vec<&str> = text.split_whitespace().collect();
        let mut found: Vec<(Reverse<u32>, &str, &RecordId)> = Vec::new();
        for row in &self.rows {
            let scores = parts.iter().map(|part| fits(&row.words, part));
            let Some(score) = scores.sum::<Option<u32>>() else { continue };
            if is_meant(&row.id) {
                found.push((Reverse(score), &row.words, &row.id));
            }
        }
        let total = found.len();
        (total, window(&mut found, skip, take, Ord::cmp).iter().map(|(.., id)| *id).collect())
    }
}

/// How well a part of what is searched fits: as the beginning, as the beginning of a word, inside one, or by its letters in
/// their order, the closer the better. Both are folded. Cheap, for it is asked of every record with every letter typed.
fn fits(words: &str, part: &str) -> Option<u32> {
    let (words_bytes, part_bytes) = (words.as_bytes(), part.as_bytes());
    let first = *part_bytes.first()?;
    let (mut inside, mut from) = (false, 0);
    while let Some(at) = words_bytes.get(from..)?.iter().position(|byte| *byte == first).map(|at| from + at) {
        if words_bytes.get(at..)?.starts_with(part_bytes) {
            match at.checked_sub(1).and_then(|before| words_bytes.get(before)) {
                None => return Some(1_200),
                Some(b' ') => return Some(1_100),
                Some(_) => inside = true,
            }
        }
        from = at + 1;
    }
    if inside {
        return Some(1_000);
    }
    let (mut rest, mut gaps) = (words, 0);
    for (place, letter) in part.chars().enumerate() {
        let at = rest.find(letter)?;
        gaps += if place == 0 { 0 } else { at };
        rest = rest.get(at + letter.len_utf8()..)?;
    }
    Some(500 - u32::try_from(gaps.min(400)).unwrap_or(400))
}

/// The rows of a window, in order; the others are in none.
pub(super) fn window<T>(
    rows: &mut [T],
    skip: usize,
    take: usize,
    mut order: impl FnMut(&T, &T) -> std::cmp::Ordering,
) -> &[T] {
    let (from, to) = (skip.min(rows.len()), skip.saturating_add(take).min(rows.len()));
    if to < rows.len() {
        rows.select_nth_unstable_by(to, &mut order);
    }
    let rows = &mut rows[..to];
    if from > 0 && from < to {
        rows.select_nth_unstable_by(from, &mut order);
    }
    let rows = &mut rows[from..];
    rows.sort_unstable_by(order);
    rows
}

/// What is searched of a record, or nothing if it was never read.
fn words(pair: &PairMemory, side: Side, id: &RecordId, fields: &[FieldName]) -> Option<String> {
    let seen = pair.observations.get(side).read(id)?;
    let mut words = title_of(pair, side, &seen).unwrap_or_else(|| id.0.clone());
    let keys = fields.iter().filter_map(|name| Some(seen.known(name)?.show()));
    for text in keys.chain([id.0.clone()]) {
        words.push(' ');
        words.push_str(&text);
    }
    let mut words = folded(&words);
    if words.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| words.is_char_boundary(*at)).unwrap_or(0);
        words.truncate(end);
    }
    Some(words)
}

impl Core {
    /// Goes on preparing the names of one side of a pair. Whether they are there now.
    pub(super) fn prepare_names(&mut self, name: &PairName, side: Side) -> bool {
        let now = self.clock.now();
        let Some(pair) = self.memory.pairs.get_mut(name) else { return true };
        let news = pair.observations.get_mut(side).news();
        // The title first, where there is one; then what records are matched by.
        let mut fields: Vec<FieldName> = vec!["".into()];
        if let Some(map) = &pair.map {
            let named = |key| map.field(key).map(|field| field.name_on(side).clone());
            fields = vec![map.title.as_ref().and_then(named).unwrap_or_else(|| "".into())];
            let keys = pair.spec.match_by.iter().filter(|key| map.title.as_ref() != Some(*key));
            fields.extend(keys.filter_map(named));
        }
        let keys = fields.get(1..).unwrap_or_default();
        let names = self.names.entry((name.clone(), side)).or_default();
        names.used = now;
        match news {
            Some(news) if names.fields == fields => {
                for id in news {
                    // What is not prepared yet will be.
                    if names.whole || names.from.as_ref().is_some_and(|from| id < *from) {
                        names.put(&id, words(pair, side, &id, keys));
                    }
                }
            }
            _ => *names = Names { fields: fields.clone(), used: now, ..Names::default() },
        }
        if !names.whole {
            let kept = pair.observations.get(side);
            let next: Vec<RecordId> = kept.ids_from(names.from.as_ref()).take(STEP + 1).cloned().collect();
            for id in next.iter().take(STEP) {
                let words = words(pair, side, id, keys);
                names.rows.extend(words.map(|words| Name { id: id.clone(), words: words.into() }));
            }
            names.from = next.get(STEP).cloned();
            names.whole = names.from.is_none();
        }
        names.whole
    }

    /// The names that a query searches, if they are prepared.
    pub(super) fn prepared(&self, name: &PairName, side: Side) -> Option<&Names> {
        self.names.get(&(name.clone(), side)).filter(|names| names.whole)
    }

    /// Forgets names that nobody has searched for a while.
    pub(super) fn forget_names(&mut self, now: Timestamp) {
        let memory = &mut self.memory;
        self.names.retain(|(name, side), names| {
            let used = now.duration_since(names.used) < KEPT;
            if let Some(pair) = memory.pairs.get_mut(name).filter(|_| !used) {
                pair.observations.get_mut(*side).no_news();
            }
            used
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(rows: &[&str]) -> Names {
        let mut names = Names::default();
        for (at, words) in rows.iter().enumerate() {
            names.put(&RecordId(format!("{at:03}")), Some((*words).to_owned()));
        }
        names
    }

    fn ids(found: &[&RecordId]) -> Vec<String> {
        found.iter().map(|id| id.0.clone()).collect()
    }

    #[test]
    fn a_search_finds_letters_in_their_order_and_gives_any_window_of_the_whole_order() {
        let names = names(&["ada lovelace", "grace hopper", "adele goldberg", "alan turing", "ada yonath"]);
        let (total, found) = names.search("ad", |_| true, 0, 10);
        assert_eq!((total, found.len()), (3, 3));
        assert_eq!(names.search("alove", |_| true, 0, 10).1, [&RecordId::from("000")]);
        assert_eq!(names.search("ad", |id| id.0 != "000", 0, 10).0, 2);
        let whole = ids(&names.search("", |_| true, 0, 10).1);
        assert_eq!(whole, ["000", "004", "002", "003", "001"], "by title where nothing is searched");
        for skip in 0..6 {
            for take in 0..6 {
                let expected: Vec<String> = whole.iter().skip(skip).take(take).cloned().collect();
                assert_eq!(ids(&names.search("", |_| true, skip, take).1), expected, "{skip} {take}");
            }
        }
    }

    #[test]
    fn what_begins_so_comes_before_what_holds_it_and_that_before_letters_apart() {
        assert!(fits("anna weber", "anna") > fits("hanna weber", "anna"));
        assert!(fits("carla anna", "anna") > fits("hanna", "anna"), "a word's beginning");
        assert!(fits("hanna", "anna") > fits("a nina", "anna"));
        assert!(fits("grace hopper", "grhop") > fits("gr and hip or p", "grhop"));
        assert_eq!(fits("anna", "annaa"), None);
        assert_eq!(folded("Jürgen MÜLLER"), "jurgen muller");
        let names = names(&["jurgen muller", "\u{434}\u{43c}\u{438}\u{442}\u{440}\u{438}\u{439}"]);
        assert_eq!(names.search("Müll", |_| true, 0, 10).0, 1);
        assert_eq!(names.search("\u{414}\u{438}\u{439}", |_| true, 0, 10).0, 1, "letters, and not halves of them");
        assert_eq!(names.search("\u{44f}", |_| true, 0, 10).0, 0);
        assert_eq!(names.search("mull jurg", |_| true, 0, 10).0, 1, "parts in any order");
    }

    #[test]
    fn names_follow_what_is_read() {
        let mut names = names(&["ada", "grace"]);
        names.put(&"000".into(), Some("augusta".to_owned()));
        names.put(&"001".into(), None);
        names.put(&"000a".into(), Some("aida".to_owned()));
        assert_eq!(ids(&names.search("a", |_| true, 0, 10).1).len(), 2);
        assert_eq!(names.search("grace", |_| true, 0, 10).0, 0);
        assert_eq!(ids(&names.search("augusta", |_| true, 0, 10).1), ["000"]);
        names.put(&"777".into(), None);
        assert_eq!(names.rows.len(), 2);
    }
}
