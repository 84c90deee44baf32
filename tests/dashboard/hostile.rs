//! Records are written by strangers.

use crosstie::control::{Link, PairState, QueueState, Reply, Sink};
use crosstie::tui::model::{Page, PopupBody};
use crosstie::tui::theme::Theme;
use unicode_width::UnicodeWidthStr;

use crate::fixture::{Rig, World, full, text};

const EVIL: &str = "\u{1b}[2J\u{1b}]52;c;eA==\u{7}\u{202e}evil\u{2066}\t\r\n日本語\u{200b}e\u{301}\u{301} 👩‍👩‍👧 \u{9b}31m";

/// A text of several lines that looks like lines of ours, and the same on one line that breaks where the others begin.
fn fakes() -> [String; 2] {
    let lines = FAKE.join("\n");
    let padded = FAKE.map(|line| format!("{line}{}", " ".repeat(200))).concat();
    [format!("X\n{lines}"), format!("X{}{padded}", " ".repeat(200))]
}

/// What a line of ours could begin with.
const FAKE: [&str; 3] = ["  CRM (wins): 100", "Nothing waits for you.", "line 9, by anna"];

/// Everything that a stranger can write is this text.
fn written(evil: &str) -> World {
    let mut world = full();
    for row in &mut world.holds {
        for text in [&mut row.title, &mut row.label, &mut row.detail, &mut row.crm.text, &mut row.notion.text] {
            *text = format!("{evil}{text}");
        }
        if let Some(base) = &mut row.base {
            base.text = evil.repeat(30);
        }
        row.options = vec![evil.into()];
        row.decided = Some(evil.into());
    }
    for row in &mut world.orphans {
        (row.title, row.why, row.detail) = (evil.into(), evil.into(), evil.into());
        row.fields = vec![(evil.into(), evil.into())];
    }
    for row in &mut world.relations {
        (row.owner_title, row.target_title, row.label) = (evil.into(), evil.into(), evil.into());
    }
    for role in world.snapshot.pairs.iter_mut().flat_map(|pair| &mut pair.roles) {
        role.label = EVIL.into();
    }
    for row in &mut world.candidates {
        (row.title, row.reason) = (evil.into(), evil.into());
        row.fields = vec![(evil.into(), evil.into())];
    }
    for row in &mut world.queue {
        (row.op, row.title, row.fields) = (evil.into(), evil.into(), vec![evil.into()]);
        row.state = QueueState::Quiet;
    }
    for row in world.journal.iter_mut().chain(&mut world.snapshot.latest) {
        (row.title, row.label, row.event.note, row.event.who) = (evil.into(), evil.into(), evil.into(), evil.into());
        (row.before, row.after) = (Some(evil.into()), Some(evil.into()));
        row.event.crm = Some(evil.into());
    }
    world.snapshot.sides.crm.name = evil.into();
    world.snapshot.sides.crm.link = Link::Down { why: evil.into() };
    world.snapshot.pairs[0].name = evil.into();
    world.snapshot.pairs[1].state = PairState::Stopped { why: evil.into() };
    world.snapshot.pairs[2].state = PairState::Guarded { what: evil.into(), plan: "p1".into(), count: 2 };
    world.snapshot.store_note = evil.into();
    world.snapshot.sinks = vec![Sink { name: evil.into(), trouble: evil.into(), off: true, ..Sink::default() }];
    world.closeup.title = evil.into();
    world.closeup.links.notion = Some(evil.into());
    for field in &mut world.closeup.fields {
        field.label = evil.into();
        (field.base, field.crm) = (Some(evil.into()), Some(evil.into()));
        field.notion = Some(format!("{evil} too"));
    }
    world.mapping.facts = vec![(evil.into(), evil.into())];
    for field in &mut world.mapping.fields {
        (field.crm, field.notion, field.kind) = (evil.into(), evil.into(), evil.into());
    }
    world.says = Some(Reply::Refused { why: evil.into() });
    world
}

fn hostile() -> World {
    written(EVIL)
}

/// What keys lead to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Opens {
    Page(Page),
    Question(&'static str),
    Editor,
    Picker,
    Roles,
    Palette,
    Help,
    Notice,
}

/// Every page and everything that opens over one, with what it is, so that none of these keys can lead to nothing.
const SCENES: [(&str, Opens); 35] = [
    ("1", Opens::Page(Page::Overview)),
    ("2", Opens::Page(Page::Conflicts)),
    ("2 enter", Opens::Page(Page::Conflicts)),
    ("2 c", Opens::Page(Page::Conflicts)),
    ("3", Opens::Page(Page::Orphans)),
    ("3 enter", Opens::Page(Page::Orphans)),
    ("4", Opens::Page(Page::Relations)),
    ("5", Opens::Page(Page::Queue)),
    ("6", Opens::Page(Page::Journal)),
    ("6 enter", Opens::Page(Page::Journal)),
    ("7", Opens::Page(Page::Quarantine)),
    ("7 enter", Opens::Page(Page::Quarantine)),
    ("8", Opens::Page(Page::Pairs)),
    ("8 j j enter", Opens::Page(Page::Pairs)),
    ("9", Opens::Page(Page::Health)),
    ("?", Opens::Help),
    ("2 :", Opens::Palette),
    ("2 e", Opens::Editor),
    ("3 l", Opens::Picker),
    ("4 +", Opens::Picker),
    ("4 l", Opens::Picker),
    ("4 l enter", Opens::Roles),
    ("2 f c o w", Opens::Question("Dry run")),
    ("2 e ctrl-o w", Opens::Question("Dry run")),
    ("2 c q", Opens::Question("Leave")),
    ("3 +", Opens::Question("Create")),
    ("3 i", Opens::Question("Ignore")),
    ("3 l enter", Opens::Question("Link")),
    ("4 right down x", Opens::Question("Unlink")),
    ("4 right down c", Opens::Roles),
    ("4 l enter down enter", Opens::Question("Link")),
    ("5 t", Opens::Question("Send it now")),
    ("6 u", Opens::Question("Undo")),
    ("1 j j o", Opens::Question("Let it happen")),
    ("6 u y", Opens::Notice),
];

fn opened(rig: &Rig) -> Opens {
    match rig.model.top() {
        None => Opens::Page(rig.model.page),
        Some(PopupBody::Confirm(confirm)) => {
            let words =
                ["Dry run", "Leave", "Create", "Ignore", "Link", "Unlink", "Send it now", "Undo", "Let it happen"];
            Opens::Question(words.into_iter().find(|word| confirm.title.starts_with(word)).unwrap_or("?"))
        }
        Some(PopupBody::Edit(_)) => Opens::Editor,
        Some(PopupBody::Picker(_)) => Opens::Picker,
        Some(PopupBody::Roles(_)) => Opens::Roles,
        Some(PopupBody::Palette(_)) => Opens::Palette,
        Some(PopupBody::Help(_)) => Opens::Help,
        Some(PopupBody::Notice(_)) => Opens::Notice,
    }
}

fn scene(size: (u16, u16), world: World, keys: &str, opens: Opens) -> Rig {
    let mut rig = Rig::new(size, world);
    rig.keys(keys);
    assert_eq!(opened(&rig), opens, "{keys}: {}", rig.screen());
    rig
}

#[test]
fn no_text_of_a_stranger_reaches_the_screen_as_a_control() {
    for size in [(60, 16), (80, 24), (99, 30), (200, 60)] {
        for (keys, opens) in SCENES {
            let rig = scene(size, hostile(), keys, opens);
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
fn no_text_of_a_stranger_passes_for_a_line_of_ours() {
    for fake in fakes() {
        for size in [(60, 16), (80, 24), (120, 40), (200, 60)] {
            for (keys, opens) in SCENES {
                // A text in the editor stands as it will be written; the editor says on its first line what that is.
                if matches!(opens, Opens::Editor | Opens::Notice) {
                    continue;
                }
                let rig = scene(size, written(&fake), keys, opens);
                for line in rig.screen().lines() {
                    // The frame of a box and the room before a line of ours.
                    let inside = line.trim_start_matches([' ', '│', '▸']);
                    let passes = FAKE.iter().any(|fake| inside.starts_with(fake.trim_start()));
                    assert!(!passes, "{keys} at {size:?}: {line}\n{}", rig.screen());
                }
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
