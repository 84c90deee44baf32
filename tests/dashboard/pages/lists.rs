//! Lists and the detail below them.

use crosstie::control::Snapshot;
use crosstie::tui::theme::Theme;
use ratatui::style::{Color, Modifier};

use super::screens;
use crate::fixture::{Rig, World, at, full, holds_all};

#[test]
fn the_conflicts_page_shows_both_values_and_the_base() {
    let [small, large] = screens("2 G k k");
    for screen in [&small, &large] {
        holds_all(
            screen,
            &["record", "field", "since", "Ada Lovelace", "Deal 1", "what it was", "Countess of Lovelace", "41/43"],
        );
        holds_all(screen, &["c take CRM", "o take Notion", "e edit a merge"]);
    }
    let beside = |screen: &str| screen.lines().any(|line| line.starts_with("base") && line.contains("Notion"));
    assert!(!beside(&small) && beside(&large), "stacked under 100 columns, side by side above:\n{small}\n{large}");
}

#[test]
fn the_other_pages_show_their_rows() {
    for screen in screens("3") {
        holds_all(
            &screen,
            &["Orphan 1", "ambiguous", "contacts", "ada@example.org", "l link to", "could be its counterpart"],
        );
    }
    for screen in screens("4 right j") {
        holds_all(&screen, &["Project Mercury", "Ada Lovelace", "Contacts", "Project Venus", "x unlink"]);
    }
    for screen in screens("5") {
        holds_all(&screen, &["? unknown", "Deal 1", "Budget, Stage", "goes on at 12:00:15", "never blindly repeated"]);
    }
    for screen in screens("6") {
        holds_all(&screen, &["Deal 1", "wrote", "old", "new", "1/300", "window: 1000 ms"]);
    }
}

#[test]
fn a_detail_that_has_the_page_shows_the_whole_record_its_story_and_where_to_open_it() {
    let mut rig = Rig::new((120, 60), full());
    rig.keys("2 enter");
    let screen = rig.screen();
    holds_all(
        &screen,
        &[
            "The record's other fields",
            "stage              = Won",
            "owner              ! Ada",
            "https://portal.example/crm/deal/details/1/",
            "https://www.notion.so/page9",
            "What happened to it",
            "wrote",
        ],
    );
    rig.keys("y");
    let copied = rig.effects.iter().rev().find_map(|effect| match effect {
        crosstie::tui::model::Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copied.unwrap().contains("https://portal.example/crm/deal/details/1/"));
    rig.keys("j");
    rig.shows(&["https://portal.example/crm/deal/details/2/"]);
}

#[test]
fn words_that_differ_are_marked_on_both_sides_and_not_by_colour_alone() {
    for (size, mono) in [((80, 24), false), ((120, 40), true)] {
        let mut world = full();
        world.holds[0].base.as_mut().unwrap().text = "wants 100 EUR soon".into();
        world.holds[0].crm.text = "wants 900 EUR soon".into();
        world.holds[0].notion.text = "wants 100 EUR never".into();
        let mut rig = Rig::themed(size, world, Theme::new(mono, false));
        rig.keys("2");
        let buffer = rig.buffer();
        let mut marked = String::new();
        for y in 10..size.1 - 2 {
            for x in 0..size.0 {
                if buffer[(x, y)].modifier.contains(Modifier::UNDERLINED) {
                    marked.push_str(buffer[(x, y)].symbol());
                }
            }
        }
        assert_eq!(marked, "900never", "{}", rig.screen());
    }
}

#[test]
fn an_empty_list_says_what_it_means() {
    let world = World {
        holds: vec![],
        orphans: vec![],
        relations: vec![],
        queue: vec![],
        journal: vec![],
        snapshot: Snapshot { version: 1, at: at(0), ..Snapshot::default() },
        ..full()
    };
    let cases = [
        ("1", "Nothing waits for you"),
        ("2", "Nothing waits for a decision"),
        ("3", "Every record has its counterpart"),
        ("4", "No pair has a relation"),
        ("5", "Nothing waits to be written"),
        ("6", "Nothing has happened yet"),
        ("7", "Nothing is set aside"),
    ];
    for (page, says) in cases {
        let mut rig = Rig::new((80, 24), world.clone());
        rig.keys(page);
        rig.shows(&[says, "? help", "q quit"]);
    }
}

#[test]
fn without_colours_the_cursor_is_still_visible_and_no_cell_names_a_colour() {
    let mut rig = Rig::themed((80, 24), full(), Theme::new(true, false));
    rig.keys("2");
    let buffer = rig.buffer();
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let reversed = (0..24).filter(|y| buffer[(40, *y)].modifier.contains(Modifier::REVERSED)).count();
    assert_eq!(reversed, 1, "one row is the cursor's");
}
