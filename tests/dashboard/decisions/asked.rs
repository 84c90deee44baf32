//! What the engine is asked for, how much at once, and what becomes of an answer that is lost.

use crosstie::control::Query;
use crosstie::model::HoldId;
use crosstie::tui::keymap::Key;
use crosstie::tui::model::{Effect, Msg, Page};

use crate::fixture::{Rig, full, on};

#[test]
fn a_filter_is_asked_of_the_engine_and_escape_clears_it() {
    let mut rig = on("2");
    rig.keys("/ n a m e enter");
    assert_eq!(rig.model.holds.rows.len(), 1);
    assert!(rig.screen().contains("/name"), "{}", rig.screen());
    rig.keys("esc");
    assert_eq!(rig.model.holds.total, Some(43));
}

#[test]
fn no_more_rows_are_asked_for_than_a_window() {
    let mut rig = Rig::new((200, 60), full());
    rig.keys("6 G ctrl-u g g 2 G");
    let limits = rig.effects.iter().filter_map(|effect| match effect {
        Effect::Query { query: Query { limit, .. }, .. } => Some(*limit),
        _ => None,
    });
    assert!(limits.max().unwrap() <= 500);
    assert_eq!(rig.model.page, Page::Conflicts);
    assert_eq!(rig.model.in_flight(), 0);
}

#[test]
fn a_lost_answer_does_not_ask_for_ever_and_says_so() {
    let mut rig = Rig::new((80, 24), full());
    let tag = {
        let effects = crosstie::tui::update::update(&mut rig.model, Msg::Key(Key::char('2')));
        let Some(Effect::Query { tag, .. }) = effects.first() else { panic!("{effects:?}") };
        *tag
    };
    let gone = crosstie::control::DeskError::Gone("socket closed".into());
    let more = crosstie::tui::update::update(&mut rig.model, Msg::Answer { tag, result: Err(gone), took: 0 });
    assert_eq!(more, [], "it asks again when something changes");
    assert!(rig.screen().contains("cannot be shown"), "{}", rig.screen());
    let id: Option<HoldId> = rig.model.holds.on.clone();
    assert_eq!(id, None);
}
