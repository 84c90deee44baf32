//! What may happen, and how often.

use crosstie::control::QueueState;
use crosstie::tui::keymap::{Code, Key};
use proptest::prelude::*;

use crate::fixture::{World, full, set_aside};

/// How the engine answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Says {
    /// As it should.
    Well,
    /// Of a command: what it is about has moved, or this one of it.
    Moved(bool),
    /// Of a command: no.
    No,
    /// Of a query: with another list.
    Wrongly,
    /// Not at all.
    Nothing,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Key(Key),
    /// Keys that lead somewhere, one after the other.
    Keys(&'static str),
    Paste(String),
    Size(u16, u16),
    Wait(u64),
    Draw,
    /// One of the answers that are out comes, not always the oldest.
    Answer(usize, Says),
    /// Draws, waits, types the count that is demanded, or nearly, and says yes.
    Yes(bool),
    News,
    /// Rows come in another order.
    Shuffle(usize),
    /// A value moves, somebody else decides, or a record goes.
    Meddle(usize, u8),
    Gone,
}

/// Ways to whatever asks, and to what may not.
const WAYS: [&str; 28] = [
    "2 * m c w",
    "2 c w",
    "2 c c c w",
    "2 k k o o c w",
    "2 o o c w",
    "2 space space c w",
    "2 a n w",
    "2 G t",
    "2 * t",
    "2 U t",
    "2 x",
    "2 S",
    "2 / 7",
    "3 l enter",
    "3 +",
    "3 i",
    "3 * i",
    "4 x",
    "4 l enter",
    "4 + enter",
    "5 t",
    "5 b",
    "6 u",
    "7 t",
    "8 x",
    "1 a",
    "1 G o",
    "2 e ! ctrl-o",
];

pub(super) fn steps() -> impl Strategy<Value = Step> {
    let keys = prop::sample::select(
        "fcnkyeaxltioqjkG1234567890/ rzUJ?wvubsSN*:pLm=+"
            .chars()
            .map(Key::char)
            .chain([
                Key::plain(Code::Enter),
                Key::plain(Code::Esc),
                Key::plain(Code::Tab),
                Key::plain(Code::Down),
                Key::plain(Code::Backspace),
                Key { ctrl: true, ..Key::char('o') },
                Key { ctrl: true, ..Key::char('r') },
            ])
            .collect::<Vec<_>>(),
    );
    let says = prop_oneof![
        8 => Just(Says::Well),
        4 => any::<bool>().prop_map(Says::Moved),
        1 => Just(Says::No),
        1 => Just(Says::Wrongly),
        1 => Just(Says::Nothing),
    ];
    prop_oneof![
        9 => keys.prop_map(Step::Key),
        8 => prop::sample::select(WAYS.to_vec()).prop_map(Step::Keys),
        1 => "[a-z\n\u{1b}]{0,5}".prop_map(Step::Paste),
        1 => (0_u16..4, 0_u16..4).prop_map(|(w, h)| Step::Size(w, h)),
        2 => prop::sample::select(vec![(80, 24), (60, 16), (100, 30), (200, 60)]).prop_map(|(w, h)| Step::Size(w, h)),
        3 => (0_u64..600).prop_map(Step::Wait),
        5 => Just(Step::Draw),
        16 => (0_usize..6, says).prop_map(|(which, says)| Step::Answer(which, says)),
        8 => prop::bool::weighted(0.8).prop_map(Step::Yes),
        2 => Just(Step::News),
        2 => (0_usize..40).prop_map(Step::Shuffle),
        3 => (0_usize..40, 0_u8..6).prop_map(|(which, how)| Step::Meddle(which, how)),
        1 => Just(Step::Gone),
    ]
}

/// A world with enough rows to lose one's place in, some of which are no conflicts.
pub(super) fn world() -> World {
    let mut world = full();
    for n in 4..30 {
        let mut row = world.orphans[n % 3].clone();
        (row.record.id, row.title) = (format!("page-{n}").into(), format!("Orphan {n}"));
        world.orphans.push(row);
        let mut row = world.relations[n % 2].clone();
        (row.owner.crm, row.owner_title) = (format!("{n}0").into(), format!("Project {n}"));
        world.relations.push(row);
        let mut row = world.queue[0].clone();
        row.state = if n % 2 == 0 { QueueState::Ready } else { row.state };
        (row.record, row.title) = (format!("page-{n}").into(), format!("Deal {n}"));
        world.queue.push(row);
    }
    world.holds.extend(["79", "80"].map(|record| set_aside(record, "Access denied")));
    for row in &mut world.holds[20..30] {
        (row.why, row.decidable) = ("refused".into(), false);
    }
    for row in &mut world.holds[30..33] {
        (row.why, row.decidable) = ("deleted".into(), false);
    }
    world
}
