//! The strip at the top of every page: what waits, how both systems do, and whether it is still true.

use crosstie::control::{Link, Mode, Snapshot};
use crosstie::tui::keymap::Keymap;
use crosstie::tui::model::Msg;
use crosstie::tui::theme::Theme;

use super::screens;
use crate::fixture::{Rig, at, full, holds_all};

#[test]
fn the_header_tells_the_same_on_every_page_in_three_lines() {
    for page in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        for (screen, lines) in screens(page).iter().zip([3, 2]) {
            let header: String = screen.lines().take(lines).map(|line| format!("{line}\n")).collect();
            holds_all(
                &header,
                &[
                    " DEMO ",
                    "Bitrix24",
                    "Notion",
                    "+ up",
                    "fresh",
                    "12 of 50, 2/s",
                    "0 of 171, gated until",
                    "gated until 12:00:42",
                    "queue 5",
                    "queue 7",
                    "41 conflicts",
                    "1 other hold",
                    "3 orphans",
                    "30/min",
                    "60/min",
                    "1 quarantined",
                    "0 drift",
                ],
            );
        }
    }
}

#[test]
fn a_live_engine_is_not_called_a_demo() {
    let mut world = full();
    world.snapshot.mode = Mode::Live;
    let screen = Rig::new((80, 24), world).screen();
    assert!(!screen.contains("DEMO") && screen.contains("live"), "{screen}");
}

#[test]
fn the_header_fits_even_when_all_is_wrong_at_once() {
    let mut world = full();
    world.snapshot.sides.notion.link = Link::Troubled { why: "502".into() };
    world.snapshot.sides.notion.last_answer = Some(at(-720));
    world.snapshot.queue.notion.planned = 1_234;
    let screen = Rig::new((80, 24), world).screen();
    holds_all(&screen, &["~ troubled", "! 12 m ago", "0 of 171", "gated until 12:00:42", "queue 1234", "60/min"]);
}

#[test]
fn a_side_that_is_looked_at_rarely_is_not_called_silent_between_two_looks() {
    let screen = |every: u64, ago: i64| {
        let mut world = full();
        (world.snapshot.sides.crm.every, world.snapshot.sides.crm.last_answer) = (every, Some(at(-ago)));
        Rig::new((120, 40), world).screen()
    };
    assert!(screen(10, 130).contains("! 2 m ago"), "{}", screen(10, 130));
    assert!(!screen(300, 130).contains("! 2 m ago"), "{}", screen(300, 130));
    assert!(!screen(300, 600).contains("! 10 m ago"));
    assert!(screen(300, 700).contains("! 11 m ago"));
    assert!(screen(0, 130).contains("! 2 m ago"), "where nobody said how often");
}

#[test]
fn old_figures_are_called_old() {
    let mut world = full();
    world.snapshot.at = at(-200);
    world.snapshot.sides.notion.last_answer = Some(at(-300));
    world.snapshot.sides.crm.link = Link::Troubled { why: "502".into() };
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2");
    rig.shows(&["! OLD: no news for 3 m", "! 5 m ago", "~ troubled"]);
    rig.send(Msg::Gone("the engine has stopped".into()));
    rig.shows(&["NOT LIVE: the engine has stopped"]);
}

#[test]
fn before_the_first_snapshot_there_is_a_screen_with_a_way_on() {
    let keymap = std::sync::Arc::new(Keymap::preset("default").unwrap());
    let mut rig = Rig::new((80, 24), full());
    rig.model = crosstie::tui::model::Model::new(
        keymap,
        Theme::new(false, false),
        "anna",
        "demo: two stand-ins with pretend people",
        jiff::tz::TimeZone::UTC,
    );
    rig.send(Msg::Snapshot(std::sync::Arc::new(Snapshot::default())));
    rig.shows(&["Waiting for the engine's first look", "pretend people", "? help", "q quit"]);
}

#[test]
fn an_idle_dashboard_has_nothing_to_draw() {
    use crosstie::tui::model::Dirty;
    let mut rig = Rig::new((80, 24), full());
    rig.keys("2");
    rig.ms += 20_000;
    rig.send(Msg::Tick { now: at(0), ms: rig.ms });
    rig.model.dirty = Dirty::No;
    for second in 1..20 {
        let msg = Msg::Tick { now: at(second), ms: rig.ms + u64::try_from(second).unwrap() * 1_000 };
        crosstie::tui::update::update(&mut rig.model, msg);
    }
    assert_eq!(rig.model.dirty, Dirty::No);
    crosstie::tui::update::update(&mut rig.model, Msg::Tick { now: at(58), ms: rig.ms + 58_000 });
    assert_ne!(rig.model.dirty, Dirty::No, "now an answer is a minute old");
}

#[test]
fn a_screen_that_is_too_small_says_so_and_can_be_left() {
    let mut rig = Rig::new((40, 10), full());
    assert!(rig.screen().contains("now 40x10, need 60x16"), "{}", rig.screen());
    rig.keys("2 f c");
    assert!(rig.model.popups.is_empty(), "nothing is done that cannot be seen");
    rig.keys("q");
    assert!(rig.quit);
}
