//! Keys, pasted text and characters that arrive in pieces, and none of which may be taken for another.

use crate::screen::{Start, Term, home};

/// Some phones and SSH clients send an arrow's first byte by itself. Taken apart it would be escape and two letters.
#[test]
fn an_arrow_key_that_arrives_in_two_pieces_is_an_arrow_and_decides_nothing() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("▸contacts");
    for (first, rest) in [("\x1b", "[A"), ("\x1b[", "A"), ("\x1bO", "A"), ("\x1b[1", ";1A")] {
        // How soon the second piece follows is the machine's business, so one of a few must be an arrow.
        let moved = (0..5).any(|_| is_an_arrow(&mut term, first, rest));
        assert!(moved, "{first:?} and {rest:?} were never once an arrow");
    }
    term.keys("q");
    assert_eq!(term.end(), 0);
}

/// Whether an arrow up in two pieces moved the cursor up. In any case it decides nothing, and leaves the cursor where it was.
fn is_an_arrow(term: &mut Term, first: &str, rest: &str) -> bool {
    term.step("j", "▸deals");
    term.piece(first.as_bytes());
    term.keys(rest);
    // A key whose effect shows tells that the pieces before it have been dealt with.
    let screen = term.step("?", "closes");
    assert!(!screen.contains("Cancel"), "no question came up:\n{screen}");
    term.keys("?");
    let screen = term.wait_gone("closes");
    assert!(screen.contains("drift"), "it is the same page:\n{screen}");
    // Back to the first pair, wherever the cursor is.
    term.step("\x1b[H", "▸contacts");
    screen.contains("▸contacts")
}

/// The line stood still for so long that the escape was taken for one: what is left of the arrow comes as two letters.
#[test]
fn what_comes_too_late_for_its_escape_decides_nothing() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("a demo:");
    for letter in ["A", "B", "C", "D", "H", "F", "P", "Q", "R", "S"] {
        term.step("2", "since");
        term.step("?", "closes");
        term.keys("\x1b");
        term.wait_gone("closes");
        term.piece(b"[");
        term.keys(letter);
        let screen = term.step("?", "closes");
        assert!(screen.contains("Keys on Conflicts"), "{letter}:\n{screen}");
        term.keys("?");
        let screen = term.wait_gone("closes");
        assert!(!screen.contains("Cancel") && !screen.contains("staged"), "{letter}:\n{screen}");
    }
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn pasted_text_that_arrives_in_pieces_is_text_to_its_end() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("a demo:");
    term.step("2", "since");
    // Each letter is a command here: a decision, its commit, yes, and the way out.
    for piece in ["\x1b[200~c", "w", "yq", "\x1b[2", "01", "~"] {
        term.piece(piece.as_bytes());
    }
    let screen = term.wait("pasted text is taken in text fields only");
    assert!(!screen.contains("Cancel") && !screen.contains("staged"), "{screen}");
    term.step("/", "filter:");
    for piece in ["\x1b[200~Bri", "dge\x1b[201~"] {
        term.piece(piece.as_bytes());
    }
    term.wait("filter: Bridge");
    term.keys("\x03");
    assert_eq!(term.end(), 0);
    term.assert_restored();
}

#[test]
fn a_character_whose_bytes_come_one_by_one_is_one_character() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("a demo:");
    term.step("2", "since");
    term.step("/", "filter:");
    for byte in "né 日".bytes() {
        term.piece(&[byte]);
    }
    term.wait("filter: né 日");
    term.keys("\x03");
    assert_eq!(term.end(), 0);
}
