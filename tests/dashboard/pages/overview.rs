//! The overview: what to do first, and the figures.

use crosstie::control::{Link, PairState, Sides, Sink};

use super::screens;
use crate::fixture::{Rig, at, full, holds_all};

#[test]
fn the_overview_says_what_to_do_and_shows_the_figures() {
    for screen in screens("1") {
        holds_all(
            &screen,
            &[
                "41 conflicts wait for you: press 2",
                "3 orphans wait for you: press 3",
                "12 of 50, 2/s",
                "0 of 171 (plan 180), gated until 12:00:42",
                "CRM seen",
                "Notion written",
                "CRM queue",
                "windows: p50 340 ms, p95 910 ms",
                "to the other side: p50 1.9 s, p95 6.2 s",
                "41 conflicts, 6 the quiet period",
                "contacts",
                "deals",
                "approve? 100 sure",
                "stopped by a guard",
                "? help",
                "q quit",
                "2..9 pages",
            ],
        );
    }
}

#[test]
fn what_stops_most_is_advised_first_with_its_reason_at_every_size() {
    let mut world = full();
    world.snapshot.sides.notion.link = Link::Down { why: "the token was refused: make a new one".into() };
    world.snapshot.pairs[0].state = PairState::Stopped { why: "Status is no select any more".into() };
    (world.snapshot.possibly_overwritten, world.snapshot.pairs[1].paused) = (2, Some("by anna".into()));
    for size in [(60, 16), (80, 24), (120, 40), (200, 60)] {
        let screen = Rig::new(size, world.clone()).screen();
        let order = [
            "Notion is down: the token was refused",
            "contacts is stopped: Status is no select any more",
            "projects is stopped by a guard: 412 pages would be emptied o allows it",
            "1 pair waits for approval: press a",
            "1 record is set aside: press 7",
            "41 conflicts wait for you: press 2",
            "3 orphans wait for you: press 3",
            "2 edits were possibly overwritten: press 6",
        ];
        // On a very small screen what stops comes first, and the rest as far as there is room.
        let must = if size.1 < 20 { 4 } else { order.len() };
        let shown = screen.split_whitespace().filter(|word| *word != "┊").collect::<Vec<_>>().join(" ");
        let places: Vec<usize> = order
            .iter()
            .take(must)
            .map(|text| shown.find(text).unwrap_or_else(|| panic!("`{text}` is missing at {size:?}:\n{screen}")))
            .collect();
        assert!(places.is_sorted(), "at {size:?}:\n{screen}");
    }
    world.snapshot.holds = 5;
    holds_all(&Rig::new((120, 40), world).screen(), &["4 other holds wait for you: press 2"]);
}

#[test]
fn where_notices_go_is_shown_and_one_that_is_dead_on_the_first_page_too() {
    let mut world = full();
    let sink = |name: &str| Sink { name: name.into(), sent: 7, ..Sink::default() };
    let dead = Sink { trouble: "Slack says `no_service`".into(), off: true, dropped: 3, ..sink("slack") };
    world.snapshot.sinks = vec![dead, sink("command")];
    let mut rig = Rig::new((200, 60), world);
    rig.keys("9");
    rig.shows(&["notices", "x off: Slack says `no_service`; 3 did not go out", "+ 7 went out"]);
    rig.keys("1");
    let first = rig.screen();
    holds_all(&first, &["notices by slack: Slack says `no_service`"]);
    assert!(!first.contains("notices by command"), "{first}");
}

#[test]
fn a_first_load_says_how_far_it_is_and_when_it_will_have_ended() {
    use crosstie::control::Progress;
    let mut world = full();
    world.snapshot.pairs[0].state = PairState::Listing;
    world.snapshot.pairs[0].sweeping =
        Sides { crm: Some(Progress { read: 1_000, of: Some(4_000), about: false, since: at(-61) }), notion: None };
    let mut rig = Rig::new((120, 40), world);
    rig.keys("1");
    rig.shows(&["reading everything once: CRM 1000 of 4000, until 12:02:59"]);
}

#[test]
fn a_key_switches_the_graphs_between_the_quarter_of_an_hour_and_the_day() {
    let mut world = full();
    world.snapshot.quarter.iter_mut().for_each(|sample| sample.seen.crm = 1);
    world.snapshot.day.iter_mut().for_each(|sample| sample.seen.crm = 0);
    let mut rig = Rig::new((80, 24), world);
    let graph = |rig: &Rig| rig.screen().lines().find(|line| line.contains("CRM seen")).unwrap().contains('\u{2588}');
    assert!(graph(&rig));
    rig.shows(&["15 minutes; h 24 hours"]);
    rig.keys("h");
    assert!(!graph(&rig), "nothing was seen that day:\n{}", rig.screen());
    rig.shows(&["24 hours; h 15 minutes"]);
    rig.keys("h");
    assert!(graph(&rig));
}

#[test]
fn where_there_is_room_graphs_are_tall_and_tell_their_most_and_their_times() {
    let mut world = full();
    world.snapshot.day.iter_mut().for_each(|sample| sample.seen.crm = 0);
    world.snapshot.day[50].seen.crm = 500;
    let screen = Rig::new((200, 60), world.clone()).screen();
    let at =
        |text: &str| screen.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}:\n{screen}"));
    let lines = at("CRM written") - at("CRM seen");
    assert!((3..=6).contains(&lines), "{lines} lines:\n{screen}");
    holds_all(&screen, &["max 500", "24 hours", "15 minutes", "11:59", "11-19 11:59", "11:44"]);
    let low = Rig::new((80, 24), world).screen();
    assert!(!low.contains("max "), "{low}");
}
