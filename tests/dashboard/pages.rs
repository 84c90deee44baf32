//! What each page shows.

use crosstie::control::{Link, Mode, Snapshot};
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
    for page in ["1", "2", "3", "4", "5", "6"] {
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
fn the_overview_says_what_to_do_and_shows_the_figures() {
    for screen in screens("1") {
        holds_all(
            &screen,
            &[
                "41 conflicts wait for you: press 2",
                "3 orphans wait for you: press 3",
                "12/50, +2.00/s",
                "0/171, gated until 12:00:42",
                "CRM seen",
                "Notion written",
                "CRM queue",
                "p50 340 ms, p95 910 ms",
                "contacts",
                "deals",
                "approve? 100 sure",
                "stopped by a guard",
                "Deal 1",
                "? help",
                "q quit",
                "2..6 pages",
            ],
        );
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
    for screen in screens("4") {
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
        let all: String = help.lines.iter().map(|(_, line)| format!("{line}\n")).collect();
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
