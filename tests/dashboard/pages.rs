//! What each page shows.

use crosstie::control::{Command, Link, Mode, PairState, Sides, Sink, Snapshot};
use crosstie::tui::action::{REGISTRY, Scope};
use crosstie::tui::keymap::{Keymap, PRESETS, listing};
use crosstie::tui::model::{Msg, PopupBody};
use crosstie::tui::theme::Theme;
use ratatui::style::{Color, Modifier};

use crate::fixture::{Rig, World, at, full};

fn screens(keys: &str) -> [String; 2] {
    [(80, 24), (200, 60)].map(|size| {
        let mut rig = Rig::new(size, full());
        rig.keys(keys);
        rig.screen()
    })
}

fn holds_all(screen: &str, texts: &[&str]) {
    for text in texts {
        assert!(screen.contains(text), "`{text}` is missing:\n{screen}");
    }
}

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
fn where_notices_go_is_shown_and_one_that_is_dead_on_the_first_page_too() {
    let mut world = full();
    let sink = |name: &str| Sink { name: name.into(), sent: 7, ..Sink::default() };
    let dead = Sink { trouble: "Slack says `no_service`".into(), off: true, ..sink("slack") };
    world.snapshot.sinks = vec![dead, sink("command")];
    let mut rig = Rig::new((200, 60), world);
    rig.keys("9");
    holds_all(&rig.screen(), &["notices", "x off: Slack says `no_service`", "+ 7 went out"]);
    rig.keys("1");
    let first = rig.screen();
    holds_all(&first, &["notices by slack: Slack says `no_service`"]);
    assert!(!first.contains("notices by command"), "{first}");
}

#[test]
fn a_live_engine_is_not_called_a_demo() {
    let mut world = full();
    world.snapshot.mode = Mode::Live;
    let screen = Rig::new((80, 24), world).screen();
    assert!(!screen.contains("DEMO") && screen.contains("live"), "{screen}");
}

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
                "41 conflict, 6 the quiet period",
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
            "projects is stopped by a guard: 412 pages would be emptied: press o",
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
    holds_all(&Rig::new((120, 40), world).screen(), &["3 other holds wait for you: press 2"]);
}

#[test]
fn a_key_switches_the_graphs_between_the_quarter_of_an_hour_and_the_day() {
    let mut world = full();
    world.snapshot.quarter.iter_mut().for_each(|sample| sample.seen.crm = 1);
    world.snapshot.day.iter_mut().for_each(|sample| sample.seen.crm = 0);
    let mut rig = Rig::new((80, 24), world);
    let graph = |rig: &Rig| rig.screen().lines().find(|line| line.contains("CRM seen")).unwrap().contains('\u{2588}');
    assert!(graph(&rig));
    holds_all(&rig.screen(), &["15 minutes; h 24 hours"]);
    rig.keys("h");
    assert!(!graph(&rig), "nothing was seen that day:\n{}", rig.screen());
    holds_all(&rig.screen(), &["24 hours; h 15 minutes"]);
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

#[test]
fn approving_and_letting_happen_go_to_the_pair_that_waits_for_it() {
    for (pair, keys, meant) in [("projects", "a", "deals"), ("contacts", "o", "projects"), ("deals", "o", "projects")] {
        let mut rig = Rig::new((120, 40), full());
        rig.model.pair = Some(pair.into());
        rig.keys(keys);
        assert_eq!(rig.model.pair.as_ref().map(|name| name.as_str()), Some(meant), "`{keys}` on {pair}");
        assert!(rig.told().is_empty(), "it is asked about first");
        let Some(PopupBody::Confirm(confirm)) = rig.model.top() else { panic!("{}", rig.screen()) };
        let count = confirm.demand.as_ref().map(|demand| demand.wanted.clone()).unwrap_or_default();
        count.chars().for_each(|digit| rig.keys(&digit.to_string()));
        rig.keys("y");
        match &rig.told()[..] {
            [Command::Approve { pair } | Command::Override { pair, .. }] => assert_eq!(pair.as_str(), meant),
            told => panic!("{told:?}"),
        }
    }
}

#[test]
fn the_conflicts_page_shows_both_values_and_the_base() {
    let [small, large] = screens("2 G k");
    for screen in [&small, &large] {
        holds_all(
            screen,
            &["record", "field", "since", "Ada Lovelace", "Deal 1", "what it was", "Countess of Lovelace", "41/42"],
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
    holds_all(&rig.screen(), &["https://portal.example/crm/deal/details/2/"]);
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
fn the_pairs_page_shows_mapping_and_rules_and_pauses_after_a_question() {
    let mut rig = Rig::new((100, 30), full());
    rig.keys("8");
    holds_all(
        &rig.screen(),
        &["matched by: E-mail, then Name", "OPPORTUNITY", "Budget  (number, hold)", "x stops its writes"],
    );
    rig.keys("g g x");
    assert!(rig.told().is_empty());
    holds_all(&rig.screen(), &["Nothing of contacts will be written"]);
    rig.keys("y");
    assert_eq!(rig.told(), [crosstie::control::Command::Pause { pair: "contacts".into() }]);
    rig.world.snapshot.pairs[0].paused = Some("by anna since 12:00".into());
    rig.refresh();
    holds_all(&rig.screen(), &["= paused by anna"]);
    rig.keys("c y");
    assert_eq!(rig.told()[1], crosstie::control::Command::Resume { pair: "contacts".into() });
}

#[test]
fn the_health_page_compares_both_sides() {
    for screen in screens("9 g g") {
        holds_all(&screen, &["130", "125", "+ 5 apart, by its rules", "3 wait for you as orphans", "connections"]);
    }
}

#[test]
fn health_warns_of_what_lacks_a_counterpart_that_the_pair_would_have_created_and_of_nothing_else() {
    let health = |crm: bool, notion: bool| {
        let mut world = full();
        world.snapshot.pairs.truncate(1);
        (world.snapshot.pairs[0].creates, world.snapshot.pairs[0].ties) = (Sides { crm, notion }, 120);
        let mut rig = Rig::new((120, 40), world);
        rig.keys("9");
        rig.screen()
    };
    // 130 and 125 records, 120 ties, 1 and 2 orphans.
    holds_all(&health(false, false), &["+ 5 apart, by its rules"]);
    holds_all(&health(true, false), &["! 9 have no counterpart yet"]);
    holds_all(&health(false, true), &["! 3 have no counterpart yet"]);
    holds_all(&health(true, true), &["! 12 have no counterpart yet"]);
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
fn a_mapping_is_asked_for_again_when_its_pair_or_schema_moves_and_its_counts_now_and_then() {
    use crosstie::control::List;
    use crosstie::tui::model::Effect;
    let mut rig = Rig::new((120, 40), full());
    rig.model.pair = Some("contacts".into());
    let asked = |rig: &Rig| {
        let mappings = rig.effects.iter().filter(
            |effect| matches!(effect, Effect::Query { query, .. } if matches!(query.list, List::Mapping { .. })),
        );
        mappings.count()
    };
    rig.keys("8");
    rig.refresh();
    assert_eq!(asked(&rig), 1, "what has not moved is not asked for again");
    rig.world.snapshot.pairs[0].shape = 7;
    rig.refresh();
    assert_eq!(asked(&rig), 2, "its schema moved");
    rig.world.snapshot.pairs[0].state = PairState::Stopped { why: "gone".into() };
    rig.refresh();
    assert_eq!(asked(&rig), 3, "its state moved");
    rig.ms += 6_000;
    rig.refresh();
    assert_eq!(asked(&rig), 4, "its guards count on");
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
    holds_all(&rig.screen(), &["reading everything once: CRM 1000 of 4000, until 12:02:59"]);
}

#[test]
fn the_quarantine_explains_the_error_and_tries_again() {
    let mut world = full();
    world.holds.retain(|hold| hold.why == "refused");
    world.holds[0].why = "quarantined".into();
    world.holds[0].detail = "set aside after 5 tries: Access denied".into();
    let id = world.holds[0].id.clone();
    let mut rig = Rig::new((80, 24), world);
    rig.keys("7");
    holds_all(&rig.screen(), &["Access denied", "give it the right", "t tries"]);
    rig.keys("t");
    assert_eq!(rig.told(), [crosstie::control::Command::Retry { id }]);
    // What the side's own table says of it is believed, and nothing is guessed beside it.
    rig.world.holds[0].means = "the entity is gone for good\u{7}".into();
    rig.refresh();
    holds_all(&rig.screen(), &["Access denied", "It means: the entity is gone for good"]);
    assert!(!rig.screen().contains("give it the right") && !rig.screen().contains('\u{7}'));
}

#[test]
fn the_queue_is_hastened_after_a_question_and_what_was_sent_is_not() {
    use crosstie::control::QueueState;
    let mut rig = Rig::new((80, 24), full());
    rig.keys("5 t");
    assert!(rig.model.popups.is_empty());
    holds_all(&rig.screen(), &["what was sent is neither hastened"]);
    rig.world.queue[0].state = QueueState::Quiet;
    rig.refresh();
    rig.keys("t y");
    assert!(matches!(&rig.told()[..], [crosstie::control::Command::Hasten { .. }]));
}

#[test]
fn every_row_of_the_queue_says_what_it_really_waits_for() {
    use crosstie::control::{QueueState, Wait};
    let cases = [
        (Wait::Quiet, Some(at(15)), "~ quiet", "nobody has typed there"),
        (Wait::Retry, Some(at(300)), "~ again", "goes on at 12:05:00"),
        (Wait::Side, Some(at(60)), "~ trouble", "its side was in trouble"),
        (Wait::Paused, None, "= paused", "when somebody resumes it"),
        (Wait::Guard, None, "! guard", "a guard has stopped its pair"),
        (Wait::Approval, None, "! approve", "nobody has approved"),
        (Wait::SetAside, None, "x aside", "not by itself; tried 3 times"),
        (Wait::HeldBack, None, "= held", "somebody held it back"),
    ];
    for (waits, due, word, sentence) in cases {
        let mut world = full();
        let row = &mut world.queue[0];
        (row.state, row.waits, row.due, row.attempts) = (QueueState::Quiet, waits, due, 3);
        row.said = "Access denied\u{1b}[2J".into();
        let mut rig = Rig::new((120, 40), world);
        rig.keys("5");
        let screen = rig.screen();
        holds_all(&screen, &[word, sentence, "tried 3 times", "Access denied"]);
        assert!(due.is_some() || !screen.contains("goes on at"), "{screen}");
        assert!(waits == Wait::Quiet || !screen.contains("typed"), "{screen}");
        assert!(!screen.contains('\u{1b}'));
    }
}

#[test]
fn the_journal_is_cut_to_a_span_of_time() {
    let mut rig = Rig::new((80, 24), full());
    rig.keys("6 s");
    holds_all(&rig.screen(), &["last 15 minutes"]);
    let since = rig.effects.iter().rev().find_map(|effect| match effect {
        crosstie::tui::model::Effect::Query { query, .. } => query.since,
        _ => None,
    });
    assert_eq!(since, Some(at(-900)));
    for span in ["last hour", "last 24 hours", "last 7 days", "last 30 days"] {
        rig.keys("s");
        holds_all(&rig.screen(), &[span]);
    }
    rig.keys("s");
    assert!(!rig.screen().contains("last 30 days"));
}

#[test]
fn a_search_of_the_journal_says_how_far_it_looked_and_a_key_looks_further_back() {
    use crosstie::control::{List, Looked};
    use crosstie::tui::model::Effect;
    let mut world = full();
    let looked = |from_line, whole| Looked { from_line, from: at(-86_400), until: Some(at(-60)), whole };
    world.looked = Some(looked(80_001, false));
    let mut rig = Rig::new((120, 40), world);
    let before = |rig: &Rig| {
        rig.effects.iter().rev().find_map(|effect| match effect {
            Effect::Query { query, .. } if query.list == List::Journal => Some(query.before),
            _ => None,
        })
    };
    rig.keys("6 / D enter");
    holds_all(&rig.screen(), &["looked back to 11-19 12:00; m further back"]);
    assert_eq!(before(&rig), Some(None));
    rig.world.looked = Some(looked(1, true));
    rig.keys("m");
    assert_eq!(before(&rig), Some(Some(80_001)));
    holds_all(&rig.screen(), &["looked from 11:59 back to 11-19 12:00; m the newest again"]);
    rig.keys("m");
    assert_eq!(before(&rig), Some(None), "after the oldest come the newest again");
    // A record's story has its limits too.
    rig.world.looked = Some(looked(80_001, false));
    rig.keys("2 enter");
    holds_all(&rig.screen(), &["older than 11-19 12:00 was not looked for here"]);
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
        holds_all(&rig.screen(), &[says, "? help", "q quit"]);
    }
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
    holds_all(&rig.screen(), &["Waiting for the engine's first look", "pretend people", "? help", "q quit"]);
}

#[test]
fn old_figures_are_called_old() {
    let mut world = full();
    world.snapshot.at = at(-200);
    world.snapshot.sides.notion.last_answer = Some(at(-300));
    world.snapshot.sides.crm.link = Link::Troubled { why: "502".into() };
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2");
    holds_all(&rig.screen(), &["! OLD: no news for 3 m", "! 5 m ago", "~ troubled"]);
    rig.send(Msg::Gone("the engine has stopped".into()));
    holds_all(&rig.screen(), &["NOT LIVE: the engine has stopped"]);
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

#[test]
fn help_comes_from_the_registry_and_the_live_keymap() {
    for (preset, _) in PRESETS {
        let mut rig = Rig::new((80, 24), full());
        rig.model.keymap = std::sync::Arc::new(Keymap::preset(preset).unwrap());
        rig.keys("2 ?");
        let Some(PopupBody::Help(help)) = rig.model.top() else { panic!() };
        let all: String = help.lines().iter().map(|(_, line)| format!("{line}\n")).collect();
        for entry in listing(&rig.model.keymap) {
            assert!(all.contains(entry.doc) && all.contains(&entry.keys), "{preset}: {}", entry.action);
        }
    }
    let map = "[conflicts]\n\"z c\" = \"conflicts.force_crm\"\nunbind = [\"f c\", \"c\"]\n";
    let mut rig = Rig::new((80, 24), full());
    rig.model.keymap = std::sync::Arc::new(Keymap::load(map, "my.toml").unwrap());
    rig.keys("2");
    assert!(rig.screen().contains("z c take CRM"), "{}", rig.screen());
}

#[test]
fn the_help_is_searched_by_name_by_key_and_by_what_an_action_does() {
    let shown = |rig: &Rig| -> Vec<String> {
        let Some(PopupBody::Help(help)) = rig.model.top() else { panic!("no help") };
        help.lines().into_iter().map(|(_, line)| line).filter(|line| line.starts_with("  ")).collect()
    };
    for (search, wanted) in [
        ("c o m m i t", "w"),
        ("c t r l - r", "ctrl-r"),
        ("R E D O", "ctrl-r"),
        ("z z z", ""),
        ("n e v e r space q u i t s", "esc"),
    ] {
        let mut rig = Rig::new((80, 24), full());
        rig.keys("2 ?");
        let all = shown(&rig).len();
        rig.keys("/");
        rig.keys(search);
        let found = shown(&rig);
        assert!(found.len() < all / 4, "{search}: {found:?}");
        match wanted {
            "" => assert!(rig.screen().contains("No action is called so"), "{}", rig.screen()),
            key => assert!(found.iter().any(|line| line.trim_start().starts_with(key)), "{search}: {found:?}"),
        }
    }
}

#[test]
fn a_search_in_the_help_is_kept_changed_and_taken_back() {
    let mut rig = Rig::new((80, 24), full());
    rig.keys("2 ?");
    holds_all(&rig.screen(), &["/ searches", "? closes"]);
    rig.keys("/ q u i t");
    holds_all(&rig.screen(), &["search: quit_", "enter keeps it, esc takes it back", "Leaves the dashboard"]);
    assert!(!rig.quit && !rig.screen().contains("Opens the overview"), "{}", rig.screen());
    rig.keys("enter");
    holds_all(&rig.screen(), &["search: quit", "/ changes it", "Leaves the dashboard"]);
    rig.keys("/ z");
    holds_all(&rig.screen(), &["search: quitz_", "0 actions"]);
    rig.keys("esc");
    assert!(rig.screen().contains("/ searches") && rig.screen().contains("Picks the CRM's value"), "{}", rig.screen());
    rig.keys("esc");
    assert!(rig.model.popups.is_empty());
}

#[test]
fn the_listing_has_every_action_once() {
    let rows = listing(&Keymap::preset("default").unwrap());
    assert_eq!(rows.len(), REGISTRY.len());
    assert_eq!(rows[0].scope, Scope::Global);
    assert!(rows.iter().any(|row| row.action == "conflicts.force_crm" && row.keys == "c, f c"));
}

#[test]
fn a_prefix_shows_what_can_follow() {
    let mut rig = Rig::new((80, 24), full());
    rig.keys("2 f");
    let screen: String = rig.screen().split_whitespace().collect::<Vec<_>>().join(" ");
    holds_all(&screen, &["c take CRM", "n take Notion", "k keep both"]);
    holds_all(&rig.screen(), &["f ..."]);
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

#[test]
fn the_readme_lists_every_key_as_it_is() {
    let readme = include_str!("../../README.md");
    let table = crosstie::tui::markdown(&Keymap::preset("default").unwrap());
    assert!(
        readme.contains(table.trim()),
        "`crosstie keys --keymap default --markdown` prints what the README must show"
    );
}

#[test]
fn the_configuration_knows_every_theme_and_every_keymap() {
    let themes = crosstie::tui::theme::Name::ALL.map(crosstie::tui::theme::Name::as_str);
    assert_eq!(crosstie::config::THEMES, themes);
    assert_eq!(crosstie::config::KEYMAPS, PRESETS.map(|(name, _)| name));
}
