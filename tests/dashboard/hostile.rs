//! Records are written by strangers.

use crosstie::control::{Link, PairState, Sink};
use crosstie::tui::theme::Theme;
use unicode_width::UnicodeWidthStr;

use crate::fixture::{Rig, World, full, text};

const EVIL: &str = "\u{1b}[2J\u{1b}]52;c;eA==\u{7}\u{202e}evil\u{2066}\t\r\n日本語\u{200b}e\u{301}\u{301} 👩‍👩‍👧 \u{9b}31m";

fn hostile() -> World {
    let mut world = full();
    for row in &mut world.holds {
        for text in [&mut row.title, &mut row.label, &mut row.detail, &mut row.crm.text, &mut row.notion.text] {
            *text = format!("{EVIL}{text}");
        }
        row.base.as_mut().unwrap().text = EVIL.repeat(30);
        row.options = vec![EVIL.into()];
        row.decided = Some(EVIL.into());
        (row.crm.edited_by, row.notion.edited_by) = (EVIL.into(), EVIL.repeat(30));
    }
    for row in &mut world.orphans {
        (row.title, row.why, row.detail) = (EVIL.into(), EVIL.into(), EVIL.into());
        row.fields = vec![(EVIL.into(), EVIL.into())];
        row.ignored = row.ignored.as_ref().map(|_| EVIL.into());
    }
    for row in &mut world.relations {
        (row.owner_title, row.target_title, row.label) = (EVIL.into(), EVIL.into(), EVIL.into());
    }
    for role in world.snapshot.pairs.iter_mut().flat_map(|pair| &mut pair.roles) {
        role.label = EVIL.into();
    }
    for row in &mut world.candidates {
        (row.title, row.reason) = (EVIL.into(), EVIL.into());
    }
    for row in &mut world.queue {
        (row.op, row.title, row.fields) = (EVIL.into(), EVIL.into(), vec![EVIL.into()]);
    }
    for row in world.journal.iter_mut().chain(&mut world.snapshot.latest) {
        (row.title, row.label, row.event.note, row.event.who) = (EVIL.into(), EVIL.into(), EVIL.into(), EVIL.into());
        (row.before, row.after) = (Some(EVIL.into()), Some(EVIL.into()));
        row.event.crm = Some(EVIL.into());
    }
    world.snapshot.sides.crm.name = EVIL.into();
    world.snapshot.sides.crm.link = Link::Down { why: EVIL.into() };
    world.snapshot.pairs[0].name = EVIL.into();
    world.snapshot.pairs[1].state = PairState::Stopped { why: EVIL.into() };
    world.snapshot.store_note = EVIL.into();
    world.snapshot.sinks = vec![Sink { name: EVIL.into(), trouble: EVIL.into(), off: true, ..Sink::default() }];
    world
}

#[test]
fn no_text_of_a_stranger_reaches_the_screen_as_a_control() {
    for size in [(60, 16), (80, 24), (99, 30), (200, 60)] {
        for keys in [
            "1",
            "2",
            "2 enter",
            "2 f c",
            "2 e",
            "3",
            "3 l",
            "3 n",
            "3 I G",
            "4",
            "4 right x",
            "4 l enter",
            "4 right down c",
            "4 + enter",
            "5",
            "6",
            "9",
            "?",
        ] {
            let mut rig = Rig::new(size, hostile());
            rig.keys(keys);
            let buffer = rig.buffer();
            for cell in &buffer.content {
                let bad = cell.symbol().chars().any(|c| {
                    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}')
                });
                assert!(!bad, "{keys}: {:?}", cell.symbol());
            }
            for line in text(&buffer).lines() {
                assert!(line.width() <= usize::from(size.0), "{keys}: {line}");
            }
        }
    }
}

#[test]
fn a_control_is_shown_and_not_swallowed() {
    let mut rig = Rig::new((200, 60), hostile());
    rig.keys("3");
    assert!(rig.screen().contains("^[[2J^[]52;c;eA==^G"), "{}", rig.screen());
}

#[test]
fn our_own_characters_are_ascii_where_that_is_asked_for() {
    for keys in ["1", "2", "2 f", "2 f c", "2 e", "3", "3 l", "4", "4 right", "4 l enter", "5", "6", "?", "2 /"] {
        for size in [(80, 24), (200, 60)] {
            let mut rig = Rig::themed(size, full(), Theme::new(true, true));
            rig.keys(keys);
            let screen = rig.screen();
            let odd: String = screen.chars().filter(|c| !c.is_ascii()).collect();
            assert_eq!(odd, "", "{keys}: {screen}");
        }
    }
}
