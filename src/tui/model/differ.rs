//! Which words of two texts differ. Plain data for the drawing; nothing is decided by it.

use std::cell::RefCell;
use std::rc::Rc;

use similar::{Algorithm, DiffTag, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation;

/// Longer texts are compared by nobody word by word, and a frame must not wait for it.
const LONGEST: usize = 10_000;
/// Comparisons that are remembered: what is on the screen is drawn again and again.
const REMEMBERED: usize = 8;

struct Compared {
    text: String,
    other: String,
    marks: Rc<[bool]>,
}

thread_local! {
    static COMPARED: RefCell<Vec<Compared>> = const { RefCell::new(Vec::new()) };
}

/// For every character of `text`, whether its word is not in `other` at that place. What was asked last is remembered.
pub fn changed(text: &str, other: &str) -> Rc<[bool]> {
    COMPARED.with_borrow_mut(|known| {
        if let Some(at) = known.iter().position(|it| it.text == text && it.other == other) {
            let it = known.remove(at);
            let marks = Rc::clone(&it.marks);
            known.push(it);
            return marks;
        }
        if known.len() >= REMEMBERED {
            known.remove(0);
        }
        let marks: Rc<[bool]> = compare(text, other).into();
        known.push(Compared { text: text.to_owned(), other: other.to_owned(), marks: Rc::clone(&marks) });
        marks
    })
}

fn compare(text: &str, other: &str) -> Vec<bool> {
    let count = text.chars().count();
    if text == other {
        return vec![false; count];
    }
    if text.len() + other.len() > LONGEST {
        return vec![true; count];
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (other.split_word_bounds().collect(), text.split_word_bounds().collect());
    let mut words: Vec<(&str, bool)> = Vec::with_capacity(new.len());
    for op in capture_diff_slices(Algorithm::Patience, &old, &new) {
        let differs = op.tag() != DiffTag::Equal;
        words.extend(new.get(op.new_range()).unwrap_or_default().iter().map(|word| (*word, differs)));
    }
    // A space between two words that differ is no island: a stretch is read, and sent, as one.
    for at in 1..words.len().saturating_sub(1) {
        if let [(_, before), (space, _), (_, after)] = words[at - 1..=at + 1]
            && before
            && after
            && space == " "
        {
            words[at].1 = true;
        }
    }
    words.iter().flat_map(|(word, differs)| std::iter::repeat_n(*differs, word.chars().count())).collect()
}

/// The pieces of lines that [`super::text::wrap`] made of `text`, each with its mark: breaking a text drops spaces and line
/// ends alone, and may add an ellipsis.
pub fn pieces(text: &str, marks: &[bool], lines: &[String]) -> Vec<Vec<(bool, String)>> {
    let mut source = text.chars().zip(marks.iter().copied().chain(std::iter::repeat(false))).peekable();
    let mut broken = Vec::with_capacity(lines.len());
    for line in lines {
        let mut pieces: Vec<(bool, String)> = Vec::new();
        for c in line.chars() {
            while source.peek().is_some_and(|(next, _)| *next != c && next.is_whitespace()) {
                source.next();
            }
            let marked = source.next_if(|(next, _)| *next == c).is_some_and(|(_, marked)| marked);
            match pieces.last_mut() {
                Some((mark, piece)) if *mark == marked => piece.push(c),
                _ => pieces.push((marked, c.to_string())),
            }
        }
        broken.push(pieces);
    }
    broken
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::super::text::{sanitise, wrap};
    use super::*;

    fn marked(text: &str, other: &str, room: usize) -> Vec<Vec<(bool, String)>> {
        pieces(text, &changed(text, other), &wrap(text, room, 50, "…"))
    }

    #[test]
    fn a_word_that_differs_is_marked_and_its_neighbours_are_not() {
        let got = marked("wants 1200 EUR now", "wants 1100 EUR now", 40);
        let want = [(false, "wants "), (true, "1200"), (false, " EUR now")];
        assert_eq!(got, [want.map(|(mark, text)| (mark, text.to_owned()))]);
        let same = marked("the same", "the same", 40);
        assert_eq!(same, [vec![(false, "the same".to_owned())]]);
    }

    #[test]
    fn marks_follow_their_words_over_line_ends() {
        let got = marked("one two three\nfour", "one three\nfive", 5);
        let all: String = got.iter().flatten().filter(|(mark, _)| *mark).map(|(_, text)| text.as_str()).collect();
        assert!(
            all.contains("two") && all.contains("four") && !all.contains("one") && !all.contains("three"),
            "{got:?}"
        );
    }

    proptest! {
        #[test]
        fn pieces_are_the_lines_whatever_the_texts(one in "\\PC{0,60}", other in "\\PC{0,60}", room in 1_usize..20) {
            let (one, other) = (sanitise(&one), sanitise(&other));
            let lines = wrap(&one, room, 4, "…");
            let joined: Vec<String> = pieces(&one, &changed(&one, &other), &lines)
                .into_iter()
                .map(|pieces| pieces.into_iter().map(|(_, text)| text).collect())
                .collect();
            prop_assert_eq!(joined, lines);
        }
    }
}
