//! How well the words of a row fit what is searched: as the beginning, as the beginning of a word, as a piece of it, by letters
//! in their order.

use std::cmp::Reverse;
use std::ops::Range;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str, chars};

use crate::model::RecordId;

/// So many that fit are weighed against each other.
const WEIGHED: usize = 1024;

/// A tie that a search has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// How well it fits; 0 where many fit better.
    pub score: u32,
    /// Its place among the titles.
    pub place: usize,
}

/// One tie's words.
#[derive(Debug)]
pub(super) struct Row {
    /// Where they are in the text of all.
    pub words: Range<usize>,
    /// Which letters they have: most rows lack one that is searched.
    pub letters: u64,
    /// The tie.
    pub crm: RecordId,
}

/// Small letters, without the signs on them: `Müller` is found by `muller`.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).map(chars::normalize).collect()
}

/// Which letters and digits a text has, one bit each; other letters share some.
pub(super) fn letters_of(text: &str) -> u64 {
    let bit = |c: char| match c {
        'a'..='z' => 1_u64 << (u32::from(c) - u32::from('a')),
        '0'..='9' => 1 << (26 + u32::from(c) - u32::from('0')),
        c if c.is_alphanumeric() => 1 << (36 + u32::from(c) % 28),
        _ => 0,
    };
    text.chars().map(bit).fold(0, |all, bit| all | bit)
}

/// Whether a search has letters alone; other signs mean something.
pub(super) fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ')
}

/// The rows that fit, best first. Many fit one or two letters, and to weigh a hundred thousand takes long: then those that
/// seem best by a look are weighed, and the rest follow as they seem.
pub(super) fn fitting(all: &str, rows: &[Row], places: Vec<usize>, text: &str) -> Vec<Fit> {
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
