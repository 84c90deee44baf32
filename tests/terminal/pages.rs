//! Pages, help, sizes and colours.

use crate::screen::{Start, Term, home};

/// Each page's number, and a heading that no other page has.
const PAGES: [(&str, &str); 9] = [
    ("2", "since"),
    ("3", "like it"),
    ("4", "linked to"),
    ("5", "since"),
    ("6", "what        on"),
    ("7", "what it said"),
    ("8", "matched by"),
    ("9", "refused for pace"),
    ("1", "to the other side"),
];

fn every_page_opens(size: (u16, u16)) {
    let home = home();
    let mut term = Term::start(&Start { size, ..Start::new(home.path(), &["demo"]) });
    term.wait("a demo:");
    for (key, heading) in PAGES {
        let screen = term.step(key, heading);
        assert!(screen.contains("DEMO") && screen.contains("q quit"), "header and keys stay:\n{screen}");
        let rows: Vec<&str> = screen.lines().collect();
        let tabs = rows.iter().find(|row| row.contains("1 Over")).unwrap_or_else(|| panic!("no pages:\n{screen}"));
        assert!(tabs.contains("9 Heal"), "every page's number is on screen: {tabs}");
    }
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn every_page_opens_by_its_number_on_a_small_terminal() {
    every_page_opens((80, 24));
}

#[test]
fn every_page_opens_by_its_number_on_a_large_terminal() {
    every_page_opens((200, 60));
}

#[test]
fn help_lists_the_keys_of_the_page() {
    let home = home();
    let mut term = Term::start(&Start { size: (100, 60), ..Start::new(home.path(), &["demo"]) });
    term.wait("a demo:");
    term.step("2", "since");
    let screen = term.step("?", "closes");
    let row = screen.lines().find(|row| row.contains("c, f c")).unwrap_or_else(|| panic!("no f c:\n{screen}"));
    assert!(row.contains("Picks the CRM's value"), "{row}");
    term.keys("?");
    term.wait_gone("closes");
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn a_resize_is_followed_and_a_screen_that_is_too_small_says_what_it_needs() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("a demo:");
    term.resize((120, 40));
    term.until("the footer in the last row", |screen| {
        screen.lines().nth(39).is_some_and(|line| line.trim_end().ends_with("? help") && line.len() > 100)
    });
    term.resize((40, 10));
    term.wait("now 40x10, need 60x16");
    term.resize((60, 16));
    term.wait("1 Overview");
    term.resize((1, 1));
    term.until("one cell", |screen| screen.chars().count() <= 1);
    term.resize((80, 24));
    term.wait("q quit");
    term.resize((30, 5));
    term.wait("now 30x5");
    term.keys("q");
    assert_eq!(term.end(), 0, "it can be left at any size");
    term.assert_restored();
}

#[test]
fn the_first_key_after_a_resize_is_taken_at_once() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    for (page, width) in [("2", 100_u16), ("3", 101), ("4", 102), ("6", 103), ("8", 104)] {
        term.resize((width, 30));
        term.until("the footer in the last row", |screen| {
            screen.lines().nth(29).is_some_and(|line| line.trim_end().chars().count() == usize::from(width) - 1)
        });
        let footer = match page {
            "2" => "take CRM",
            "3" => "link to",
            "4" => "new link",
            "6" => "time span",
            _ => "pause",
        };
        term.step(page, footer);
    }
}

/// Whether a sequence selects a colour: a parameter 30 to 38, 40 to 48, 90 to 97 or 100 to 107.
fn colours(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        (rest[end..].starts_with('m')).then(|| rest[..end].to_owned())
    });
    let is_colour = |parameter: &str| {
        parameter.parse::<u16>().is_ok_and(|it| matches!(it, 30..=38 | 40..=48 | 90..=97 | 100..=107))
    };
    sequences.filter(|sequence| sequence.split([';', ':']).any(is_colour)).collect()
}

#[test]
fn no_color_means_no_colours_and_a_cursor_that_can_be_seen() {
    let home = home();
    for (env, coloured) in [(&[("NO_COLOR", "1")][..], false), (&[][..], true)] {
        let mut term = Term::start(&Start { env, ..Start::new(home.path(), &["demo"]) });
        term.wait("a demo:");
        term.step("4", "linked to");
        term.wait(" 1/");
        let row = term.with(|screen| {
            (0..24).find(|row| screen.cell(*row, 20).is_some_and(vt100::Cell::inverse)).expect("a reversed row")
        });
        assert!(row > 4, "the cursor is in the list, not in the header: row {row}");
        term.keys("q");
        assert_eq!(term.end(), 0);
        assert_eq!(!colours(&term.raw()).is_empty(), coloured, "{:?}", colours(&term.raw()));
    }
}
