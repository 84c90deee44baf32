//! Dashboards that may only be looked at: read-only, standing still, or too small.

use super::committed;
use crate::fixture::{Rig, full, on};

#[test]
fn nothing_leaves_a_read_only_dashboard_and_it_says_so_on_every_page() {
    let mut rig = on("2");
    rig.keys("c L w");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("read-only"), "{}", rig.screen());
    for keys in ["3 +", "3 l", "3 i", "4 x", "6 u", "1 a", "1 o", "2 G t"] {
        rig.keys(keys);
        assert!(rig.screen().contains(" READ-ONLY "), "{keys}");
        assert!(rig.model.popups.is_empty(), "{keys}: {}", rig.screen());
    }
    assert!(rig.told().is_empty());
    rig.keys("L 2 w y");
    assert_eq!(committed(&rig).len(), 1, "the lock was taken off");
    let mut rig = on("2");
    (rig.model.read_only, rig.model.locked) = (true, true);
    rig.keys("L c w");
    assert!(rig.model.read_only && rig.model.popups.is_empty(), "what was started read-only stays so");
}

#[test]
fn a_question_that_was_open_when_the_lock_came_on_does_nothing() {
    let mut rig = on("2");
    rig.keys("c w");
    rig.model.read_only = true;
    rig.keys("y");
    assert!(rig.told().is_empty());
}

#[test]
fn a_display_that_stands_still_shows_no_news_until_it_follows_again() {
    let mut rig = on("2");
    rig.keys("p");
    rig.world.snapshot.conflicts = 7;
    rig.world.holds.truncate(7);
    rig.refresh();
    assert!(rig.screen().contains("STANDS STILL") && rig.screen().contains("41 conflicts"), "{}", rig.screen());
    rig.keys("p");
    assert!(rig.screen().contains("7 conflicts") && rig.screen().contains("1/7"), "{}", rig.screen());
}

#[test]
fn a_screen_that_is_too_small_can_be_painted_again_and_left_for_the_shell() {
    use crosstie::tui::model::Effect;
    let mut rig = Rig::new((40, 10), full());
    rig.keys("ctrl-l ctrl-z");
    let seen: Vec<&Effect> = rig.effects.iter().filter(|it| matches!(it, Effect::Redraw | Effect::Suspend)).collect();
    assert_eq!(seen, [&Effect::Redraw, &Effect::Suspend]);
    rig.keys("2 c w y");
    assert!(rig.told().is_empty() && rig.model.staged.is_empty(), "nothing else, for nothing can be seen");
}
