//! How things look where there is little room, much of it, or where what is shown is no news any more.

use crosstie::control::{Breaker, Link, Sides};
use crosstie::model::Kind;
use crosstie::tui::model::Msg;
use crosstie::tui::theme::Theme;
use ratatui::style::Color;

use crate::fixture::{Rig, World, at, full, holds_all};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];

/// With keys typed, and no message of theirs.
pub fn opened(size: (u16, u16), world: World, keys: &str) -> Rig {
    let mut rig = Rig::new(size, world);
    rig.keys(keys);
    rig.model.toasts.clear();
    rig
}

/// Lines of the header and of the pages.
fn top(rig: &Rig) -> Vec<String> {
    let lines = if rig.model.size.0 >= 160 { 3 } else { 4 };
    rig.screen().lines().take(lines).map(str::to_owned).collect()
}

/// Everything that can be told in the header at once.
fn crowded() -> World {
    let mut world = full();
    let sides = &mut world.snapshot.sides;
    (sides.notion.link, sides.notion.last_answer) = (Link::Troubled { why: "502".into() }, Some(at(-720)));
    sides.notion.breaker = Breaker::Open { until: at(42) };
    sides.crm.breaker = Breaker::HalfOpen;
    world.snapshot.queue.notion.planned = 1_234;
    world.snapshot.queue.notion.unknown = 3;
    world.snapshot.quarantined = 2;
    world.snapshot.holds = 14;
    world.snapshot.pairs[0].drift = 5;
    world
}

#[test]
fn no_word_of_the_header_is_cut_at_any_width() {
    let (mut all, mut words) = (Vec::new(), std::collections::BTreeSet::new());
    for world in [full(), crowded()] {
        for (stands_still, read_only, gone) in [(false, false, false), (true, true, false), (false, true, true)] {
            let mut rig = Rig::new((60, 24), world.clone());
            rig.keys("2");
            if stands_still {
                rig.keys("p");
            }
            if read_only {
                rig.keys("L");
            }
            if gone {
                rig.send(Msg::Gone(
                    "the engine does not answer; it is looked for, and this is the last it said".into(),
                ));
            }
            for width in 60..=220 {
                rig.send(Msg::Resize(width, 24));
                let lines = top(&rig);
                assert!(lines.iter().all(|line| !line.contains('…')), "{width}: {lines:#?}");
                let here = lines[..lines.len() - 1].iter().flat_map(|line| line.split([' ', ',', '(', ')', ';']));
                let here: Vec<String> = here.map(str::to_owned).collect();
                if width == 220 {
                    words.extend(here.iter().cloned());
                }
                all.push((width, here));
            }
        }
    }
    // Forms of their own for narrow screens.
    words.extend(["aside", "hold", "holds", "STILL", "written", "LIVE"].map(str::to_owned));
    for (width, here) in all {
        for word in here {
            assert!(words.contains(&word), "`{word}` at {width} is no word of the whole header: {words:?}");
        }
    }
}

#[test]
fn on_the_smallest_screen_what_matters_most_is_there() {
    let lines = top(&opened((60, 16), full(), "2"));
    holds_all(&lines[0], &["DEMO", "41 conflicts", "1 other hold", "3 orphans", "1 aside"]);
    holds_all(&lines[1], &["Bitrix24", "+ up", "fresh", "12 of 50", "queue 5 (1 unknown)", "30/min"]);
    holds_all(&lines[2], &["Notion", "+ up", "fresh", "0 of 171, gated 12:00:42", "queue 7", "60/min"]);
    holds_all(&lines[3], &["1", "2 Conflicts:43", "3 Orphans:3", "5 Queue:12", "7:1", "9"]);
    let lines = top(&opened((60, 16), crowded(), "2"));
    holds_all(&lines[1], &["+ up", "breaker half open", "1 unknown"]);
    holds_all(&lines[2], &["~ troubled", "breaker open", "! 12 m ago", "3 unknown"]);
}

#[test]
fn the_breaker_of_each_connection_is_told() {
    for size in [(80, 24), (200, 60)] {
        let lines = top(&opened(size, crowded(), "6")).join("\n");
        holds_all(&lines, &["breaker open", "12:00:42", "breaker half open"]);
        assert!(!top(&opened(size, full(), "6")).join("\n").contains("breaker"), "a closed one is nothing to tell of");
        holds_all(&opened(size, crowded(), "9 g g").screen(), &["breaker", "x open", "~ half open"]);
        holds_all(&opened(size, full(), "9 g g").screen(), &["breaker", "+ closed"]);
    }
    holds_all(&opened((120, 40), full(), "1").screen(), &["Bitrix24 + up, breaker closed"]);
}

/// The lines of the box that lies over the page, without its frame.
fn boxed(rig: &Rig) -> Vec<String> {
    let screen = rig.screen();
    let inside = screen.lines().filter(|line| line.trim_start().starts_with('│'));
    inside.map(|line| line.trim().trim_matches('│').trim_end().to_owned()).collect()
}

/// Everything that leads to a question or a notice.
const QUESTIONS: [&str; 13] = [
    "1 a",
    "1 o",
    "2 f c o w",
    "2 f b w",
    "2 c q",
    "3 i",
    "3 +",
    "3 l enter",
    "4 right down x",
    "5 t",
    "6 u",
    "6 b",
    "8 x",
];

#[test]
fn no_line_of_ours_wears_the_gutter_of_strangers_at_any_width() {
    let mut folded = 0;
    for width in [60, 64, 71, 80, 93, 110, 200] {
        for keys in QUESTIONS {
            let mut world = full();
            world.queue[0].state = crosstie::control::QueueState::Quiet;
            let rig = opened((width, 40), world, keys);
            assert!(!rig.model.popups.is_empty(), "{keys} leads to no question: {}", rig.screen());
            let lines = boxed(&rig);
            assert!(lines.iter().all(|line| !line.contains('┊')), "{keys} at {width}:\n{}", rig.screen());
            let Some(crosstie::tui::model::PopupBody::Confirm(confirm)) = rig.model.top() else { panic!("{keys}") };
            folded += usize::from(lines.len() > confirm.lines.len() + 2);
        }
    }
    assert!(folded > 5, "no line was too long for its box: this has shown nothing");
}

#[test]
fn on_pages_too_only_what_came_from_outside_wears_the_gutter() {
    // Figures of ours that are too long for their line.
    let mut rig = Rig::new((60, 30), full());
    rig.keys("8");
    let screen = rig.screen();
    let at = screen.find("! approve? 100 sure, 4 ambiguous").expect("the pair that waits");
    assert!(screen[at..].contains("Notion only") && !screen.contains('┊'), "{screen}");
    rig.model.note = "demo: two stand-ins with pretend people, and nothing of it leaves this machine".into();
    rig.world.snapshot.pairs.truncate(1);
    rig.refresh();
    rig.keys("1");
    assert!(rig.screen().contains("leaves this machine") && !rig.screen().contains('┊'), "{}", rig.screen());
    let guard =
        ("guard: ties of which one field is emptied in one cycle", "0 now; stops above 12 (the larger of 10 and 5 %)");
    let mut world = full();
    world.mapping.facts.push((guard.0.into(), guard.1.into()));
    let mut rig = Rig::new((60, 40), world);
    rig.keys("8");
    assert!(rig.screen().contains("(the larger of") && !rig.screen().contains('┊'), "{}", rig.screen());
    // What a side said to a write, and to a hold.
    let mut world = full();
    world.queue[0].said = format!("X{}it is sent; nothing waits", " ".repeat(60));
    world.holds[0].detail = format!("it said: X{}it is done; nothing waits", " ".repeat(60));
    let mut rig = Rig::new((60, 30), world);
    rig.keys("5");
    assert!(rig.screen().lines().any(|line| line.starts_with("┊ it is sent")), "{}", rig.screen());
    rig.keys("2");
    assert!(rig.screen().lines().any(|line| line.starts_with("┊ ")), "{}", rig.screen());
}

#[test]
fn who_edited_a_record_last_and_when_stay_on_one_line_however_long_the_name_is() {
    for (width, name) in [(60, "Anna Kern"), (60, "somebody with a name of forty letters ok"), (80, "日本語の名前")]
    {
        let mut world = full();
        world.holds[0].crm.edited_by = name.into();
        world.holds[0].notion.edited_by = name.repeat(3);
        let screen = opened((width, 30), world, "2").screen();
        let line = |head: &str| screen.lines().find(|line| line.contains(head)).map(str::to_owned).unwrap_or_default();
        assert!(line("in CRM by").trim_end().ends_with("11:49:20"), "{screen}");
        assert!(line("in Notion by").trim_end().ends_with("11-19 11:00") && !screen.contains('┊'), "{screen}");
    }
}

#[test]
fn a_wide_screen_gives_its_room_to_the_titles_of_conflicts() {
    let mut world = full();
    let title = "Website redesign Silverline Clinic, second phase";
    world.holds[0].title = title.into();
    let screen = opened((200, 60), world, "2").screen();
    assert!(screen.lines().nth(4).unwrap().contains(title), "{screen}");
}

#[test]
fn a_single_choice_shows_all_its_options_where_lines_are_free() {
    for size in SIZES {
        let mut world = full();
        let options: Vec<String> = (1..=12).map(|place| format!("Option{place}")).collect();
        (world.holds[0].kind, world.holds[0].options) = (Some(Kind::Status), options.clone());
        let screen = opened(size, world, "2 e").screen();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        holds_all(&screen, &options);
        holds_all(&screen, &["100 EUR"]);
        assert!(size.1 < 24 || screen.contains("merged from"), "{screen}");
    }
}

#[test]
fn no_time_under_a_graph_is_cut() {
    for count in 1..90 {
        let mut world = full();
        world.snapshot.quarter.truncate(count);
        world.snapshot.day.truncate(1 + count / 10);
        for width in [100, 150, 200] {
            let screen = opened((width, 60), world.clone(), "1").screen();
            let below = screen.lines().position(|line| line.starts_with(" to the other side")).unwrap();
            let end = if width == 100 { 100 } else { width / 2 - 2 };
            let axis: String = screen.lines().nth(below - 1).unwrap().chars().take(end.into()).collect();
            assert_eq!(axis.split_whitespace().last().map(str::len), Some(5), "{count} at {width}: {axis}\n{screen}");
            assert!(!axis.contains('…'), "{count} at {width}: {axis}\n{screen}");
        }
    }
}

#[test]
fn the_header_and_the_overview_count_other_holds_alike() {
    let mut world = full();
    world.snapshot.holds = world.snapshot.quarantined + 10;
    let rig = opened((120, 40), world, "1");
    holds_all(&rig.screen(), &["10 other holds ", "10 other holds wait for you"]);
    // One that a guard holds is told with the guard.
    let mut world = full();
    world.snapshot.holds = world.snapshot.quarantined + 1;
    let screen = opened((120, 40), world, "1").screen();
    assert!(screen.contains("is stopped by a guard") && !screen.contains("other hold waits"), "{screen}");
}

#[test]
fn two_sides_that_are_apart_by_orphans_say_so() {
    let apart = |crm: u64, notion: u64, orphans: u64| {
        let mut world = full();
        world.snapshot.pairs.truncate(1);
        let pair = &mut world.snapshot.pairs[0];
        (pair.ties, pair.creates) = (100, Sides { crm: false, notion: false });
        (pair.records, pair.orphans) = (Sides { crm, notion }, Sides { crm: orphans, notion: 0 });
        opened((120, 40), world, "9").screen()
    };
    for ((crm, notion, orphans), told) in [
        ((101, 100, 1), "+ 1 apart, an orphan that waits"),
        ((103, 101, 2), "+ 2 apart, orphans that wait"),
        ((103, 100, 1), "+ 3 apart, by its rules and orphans"),
        ((103, 100, 0), "+ 3 apart, by its rules"),
    ] {
        let screen = apart(crm, notion, orphans);
        assert!(screen.lines().any(|line| line.trim_end().ends_with(told)), "{told}:\n{screen}");
    }
}

#[test]
fn what_a_stranger_wrote_wears_the_gutter_where_it_goes_on_in_questions_and_notices() {
    let long =
        "a title that somebody has made so long that no box of this size can hold it on one line of its own".repeat(2);
    let mut world = full();
    for row in &mut world.holds {
        row.title = long.clone();
    }
    let rig = opened((80, 24), world, "2 c w");
    assert!(boxed(&rig).iter().any(|line| line.trim_start().starts_with("┊ ")), "{}", rig.screen());
    let mut world = full();
    world.says = Some(crosstie::control::Reply::Refused { why: format!("it said\n{long}") });
    let rig = opened((80, 24), world, "6 u y");
    let lines = boxed(&rig);
    assert!(lines[0].contains("it said") && lines[1].trim_start().starts_with("┊ "), "{}", rig.screen());
}

#[test]
fn what_is_no_news_looks_so_on_every_page_and_says_how_old_it_is() {
    for theme in [Theme::new(false, false), Theme::new(true, true)] {
        for size in SIZES {
            for page in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
                let drawn = |snapshot_at: i64, gone: bool| {
                    let mut world = full();
                    world.snapshot.at = at(snapshot_at);
                    let mut rig = Rig::themed(size, world, theme.clone());
                    rig.keys(page);
                    if gone {
                        rig.send(Msg::Gone("the engine has stopped".into()));
                    }
                    rig.model.toasts.clear();
                    rig
                };
                let body = |rig: &Rig| rig.screen().lines().skip(4).map(|line| format!("{line}\n")).collect::<String>();
                let fresh = drawn(-1, false);
                assert!(!body(&fresh).contains("OLD ") && !body(&fresh).contains("NOT LIVE"), "{}", fresh.screen());
                for (rig, word) in [(drawn(-200, false), "OLD 3 m"), (drawn(-1, true), "NOT LIVE")] {
                    let first = if size.0 >= 160 { 3 } else { 4 };
                    let shown: String = rig.screen().lines().skip(first).map(|line| format!("{line}\n")).collect();
                    assert!(shown.contains(word), "page {page} at {size:?} does not say {word}:\n{}", rig.screen());
                    let buffer = rig.buffer();
                    // Below what says so, nothing has a colour of its own.
                    let from = u16::try_from(first).unwrap() + 3;
                    for y in from..size.1 - 2 {
                        for x in 0..size.0 {
                            let cell = &buffer[(x, y)];
                            let dim = matches!(cell.fg, Color::Reset | Color::DarkGray) || cell.bg != Color::Reset;
                            assert!(dim, "page {page} at {size:?}: {:?} at {x},{y}\n{}", cell, rig.screen());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn why_nothing_comes_any_more_is_told_as_far_as_there_is_room_and_whole_on_the_overview() {
    let why = "the dashboard that the sync was in has ended: leave and start again, or start `crosstie run`";
    let mut world = full();
    let snapshot = &mut world.snapshot;
    (snapshot.conflicts, snapshot.holds, snapshot.orphans, snapshot.quarantined) = (0, 0, 0, 0);
    for (width, told) in [
        (60, "! NOT LIVE"),
        (80, "! NOT LIVE: the dashboard that the sync was in has ended"),
        (
            200,
            "! NOT LIVE: the dashboard that the sync was in has ended: leave and start again, or start `crosstie run`",
        ),
    ] {
        let mut rig = Rig::new((width, 24), world.clone());
        rig.keys("1");
        rig.send(Msg::Gone(why.into()));
        let screen = rig.screen();
        assert!(screen.lines().next().unwrap().contains(told), "{width}:\n{screen}");
        let words = screen.lines().skip(4).flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
        assert!(words.contains(why), "{width}:\n{screen}");
    }
}

#[test]
fn a_hold_that_no_side_ends_says_which_key_does() {
    for (why, says) in [
        ("deleted", "t unties the two, after a question"),
        ("refused", "t tries it again as it is"),
        ("parked", "t lets its writes go"),
        ("quarantined", "7 shows all that are set aside"),
        ("guard", "1 opens the overview, where o lets it happen once"),
        ("duplicates", "Remove the copies by hand"),
    ] {
        let mut world = full();
        (world.holds[0].why, world.holds[0].decidable) = (why.into(), false);
        for size in [(80, 24), (200, 60)] {
            holds_all(&opened(size, world.clone(), "2").screen(), &[says]);
        }
    }
}

#[test]
fn the_help_of_a_page_explains_the_signs_of_its_lists() {
    use crosstie::tui::model::PopupBody;
    let help = |page: &str| -> String {
        let rig = opened((120, 40), full(), &format!("{page} ?"));
        let Some(PopupBody::Help(help)) = rig.model.top() else { panic!("no help on {page}") };
        help.lines().into_iter().map(|(_, line)| format!("{line}\n")).collect()
    };
    for page in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        holds_all(&help(page), &["Signs on this page", "▸", "┊"]);
    }
    holds_all(
        &help("2"),
        &["  D ", "deleted: the record went away", "  < ", "you picked the CRM's value", "  * ", "it is marked"],
    );
    holds_all(&help("5"), &["  ? ", "its outcome is unknown"]);
    holds_all(&help("1"), &["  x ", "stands still until somebody mends it"]);
    assert!(!help("5").contains("you picked the CRM's value"));
    // A search finds them, and does not count them as actions.
    let rig = opened((120, 40), full(), "2 ? / w e n t space a w a y");
    holds_all(&rig.screen(), &["deleted: the record went away", "0 actions"]);
}
