//! The signs that lists and the header use, each with what it means: pages draw them and the help explains them out of these
//! tables, so that neither knows one that the other does not.

use super::model::{Model, Page};

/// A sign and its meaning.
pub type Sign = (&'static str, &'static str);

/// Kinds of holds: the word of [`crate::control::HoldRow::why`], its letter, and what it means.
pub const HOLDS: [(&str, &str, &str); 12] = [
    ("conflict", "C", "conflict: both sides changed the field; take a side, or type a value"),
    ("refused", "R", "refused: a side did not take the value"),
    ("unmappable", "M", "unmappable: the value has no form on the other side"),
    ("unreadable", "U", "unreadable: a side's value could not be read while the other changed"),
    ("misfit", "X", "misfit: the field no longer fits the two schemas"),
    ("deleted", "D", "deleted: the record went away on one side and was edited on the other"),
    ("fighting", "F", "fighting: something else keeps rewriting the value"),
    ("guard", "G", "guard: too much would change at once in its pair"),
    ("quarantined", "Q", "quarantined: set aside after too many failures"),
    ("duplicates", "2", "duplicates: several records carry the same marker"),
    ("parked", "P", "parked: somebody holds its writes back"),
    ("undone", "T", "undone: our write was taken back, and the field waits for a decision"),
];

/// What takes the place of a hold's letter, and what stands behind it or behind a field's name.
const ON_HOLDS: [Sign; 9] = [
    ("?", "in place of the letter: a kind of hold that this dashboard does not know"),
    ("!", "in place of the letter: changed since you looked"),
    ("+", "in place of the letter: decided, and on its way"),
    ("<", "behind the letter: you picked the CRM's value"),
    (">", "behind the letter: you picked Notion's value"),
    ("b", "behind the letter: you picked the base"),
    ("=", "behind the letter: you picked to keep both"),
    ("e", "behind the letter: you picked a text of your own"),
    ("+1", "behind a field: so many more fields of this record are held"),
];

/// Beside the fields of a record that is looked at closely.
const ON_FIELDS: [Sign; 3] = [
    ("=", "beside a field: both sides agree"),
    ("~", "beside a field: they differ"),
    ("!", "beside a field: it is held"),
];

const ON_ORPHANS: [Sign; 4] = [
    ("-", "under `like it`: nothing is like it"),
    ("?", "under `like it`: nobody has counted, there are too many"),
    ("=", "beside a field of what is like it: both hold the same"),
    ("~", "beside a field of what is like it: they differ"),
];

const ON_RELATIONS: [Sign; 1] = [("~", "behind a number of links: a change of them is on its way")];

/// How an operation of the queue is.
pub const QUEUE: [Sign; 8] = [
    (">", "sent, or its record is being read before it is"),
    ("?", "its outcome is unknown and is looked for"),
    ("~", "waits, and goes on by itself"),
    (".", "ready, or its pair is looked at first"),
    ("=", "held back or paused by somebody"),
    ("!", "waits for somebody to approve something"),
    ("x", "does not go before somebody mends something"),
    ("-", "not in the plan that is carried out now"),
];

/// How a pair, a connection or a figure is.
pub const STATES: [Sign; 6] = [
    ("+", "well"),
    (".", "beginning: the first look is under way"),
    ("~", "in trouble, and tried again by itself"),
    ("=", "paused by somebody"),
    ("!", "waits for somebody, or is not as it should be"),
    ("x", "stands still until somebody mends it"),
];

/// The letter of a kind of hold.
pub fn of_hold(why: &str) -> &'static str {
    HOLDS.iter().find(|(word, ..)| *word == why).map_or("?", |(_, letter, _)| letter)
}

/// Every sign of a page with its meaning, in the order of the help.
pub fn of_page(model: &Model) -> Vec<(String, &'static str)> {
    let glyphs = &model.theme.glyphs;
    let mut signs: Vec<(String, &'static str)> = Vec::new();
    let mut say = |more: &[Sign]| signs.extend(more.iter().map(|(sign, means)| ((*sign).to_owned(), *means)));
    match model.page {
        Page::Conflicts => {
            let letters = HOLDS.map(|(_, letter, means)| (letter, means));
            say(&letters);
            say(&ON_HOLDS);
            say(&ON_FIELDS);
        }
        Page::Orphans => say(&ON_ORPHANS),
        Page::Relations => say(&ON_RELATIONS),
        Page::Queue => say(&QUEUE),
        Page::Journal | Page::Quarantine => {}
        Page::Overview | Page::Pairs | Page::Health => say(&STATES),
    }
    if matches!(model.page, Page::Conflicts | Page::Orphans | Page::Journal) {
        say(&[(glyphs.mark, "before a row: it is marked"), ("+", "before a row: in the range that was begun")]);
    }
    if !matches!(model.page, Page::Overview | Page::Pairs | Page::Health) {
        say(&[("...", "a row that is on its way from the engine")]);
    }
    say(&[
        (glyphs.gutter, "before a line: what somebody wrote elsewhere goes on there"),
        (glyphs.cursor, "before a row: the cursor"),
        ("OLD", "at the top: what is shown is as old as that; NOT LIVE: nothing new comes at all"),
    ]);
    signs
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_of_hold_has_a_letter_of_its_own() {
        let letters: BTreeSet<&str> = HOLDS.iter().map(|(word, ..)| of_hold(word)).collect();
        assert!(letters.len() == HOLDS.len() && !letters.contains("?"), "{letters:?}");
        assert_eq!(of_hold("something new"), "?");
    }
}
