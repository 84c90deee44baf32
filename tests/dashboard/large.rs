//! What a large screen shows besides, how often it asks for that, and how little travels for it.

use crosstie::control::List;
use crosstie::tui::model::{Effect, Model, Msg};
use crosstie::tui::theme::Theme;

use crate::fixture::{Rig, full, holds_all};
use crate::looks::opened;

fn asked(rig: &Rig, of: fn(&List) -> bool) -> usize {
    let count = |effect: &&Effect| matches!(effect, Effect::Query { query, .. } if of(&query.list));
    rig.effects.iter().filter(count).count()
}

#[test]
fn a_large_screen_shows_the_whole_conflict_without_a_key() {
    let rig = opened((200, 60), full(), "2 j");
    holds_all(
        &rig.screen(),
        &[
            "base ",
            "CRM (seen",
            "Notion (seen",
            "The record's other fields",
            "https://portal.example/crm/deal/details/2/",
            "https://www.notion.so/page9",
            "What happened to it",
            "wrote",
        ],
    );
    assert!(!rig.model.expanded);
    for size in [(120, 40), (200, 39), (149, 60)] {
        let rig = opened(size, full(), "2 j");
        assert!(!rig.screen().contains("other fields") && asked(&rig, |list| matches!(list, List::Record { .. })) == 0);
    }
}

#[test]
fn a_cursor_that_is_on_its_way_asks_for_no_record() {
    let mut rig = opened((200, 60), full(), "2");
    let record = |rig: &Rig| asked(rig, |list| matches!(list, List::Record { .. }));
    assert_eq!(record(&rig), 1);
    for key in crosstie::tui::keymap::key::parse_sequence("j j j j j j j j").unwrap() {
        rig.ms += 30;
        rig.send(Msg::Key(key));
    }
    assert_eq!(record(&rig), 1, "it moved on before anything was asked");
    assert!(crosstie::tui::update::is_hurried(&rig.model), "it is looked at again soon");
    rig.settle();
    assert_eq!(record(&rig), 2);
    holds_all(&rig.screen(), &["https://portal.example/crm/deal/details/9/"]);
    rig.model.toasts.clear();
    rig.settle();
    assert!(!crosstie::tui::update::is_hurried(&rig.model), "nothing is waited for any more");
}

#[test]
fn a_record_that_is_looked_at_stays_on_screen_while_it_is_asked_for_again() {
    let mut rig = opened((200, 60), full(), "2");
    rig.world.holds[5].crm.text = "another".into();
    rig.world.snapshot.version += 1;
    let snapshot = std::sync::Arc::new(rig.world.snapshot.clone());
    // Without answers: what is there has to be what was there.
    let mut model: Model = rig.model.clone();
    crosstie::tui::update::update(&mut model, Msg::Snapshot(snapshot));
    rig.model = model;
    holds_all(&rig.screen(), &["https://www.notion.so/page9"]);
    rig.world.closeup.links.notion = Some("https://www.notion.so/moved".into());
    (0..6).for_each(|_| rig.settle());
    holds_all(&rig.screen(), &["https://www.notion.so/moved"]);
}

#[test]
fn a_link_is_shown_whole_however_narrow_the_screen_is() {
    for size in [(60, 30), (80, 30), (200, 60)] {
        let mut world = full();
        let link = format!("https://www.notion.so/{}", "0123456789abcdef-".repeat(12));
        world.closeup.links.notion = Some(link.clone());
        let rig = opened(size, world, "2 enter");
        let screen = rig.screen();
        let lines: Vec<&str> = screen.lines().skip_while(|line| !line.contains("  Notion https")).take(6).collect();
        let left = if size.0 >= 150 { usize::from(size.0) / 2 } else { usize::from(size.0) };
        let shown: String = lines
            .iter()
            .map(|line| line.chars().take(left).collect::<String>().replace("  Notion ", "").replace('┊', ""))
            .map(|line| line.trim().to_owned())
            .collect();
        assert!(shown.starts_with(&link), "{link} at {size:?} is {shown}\n{screen}");
    }
}

#[test]
fn health_uses_the_width_of_a_large_screen() {
    let screen = opened((200, 60), full(), "9").screen();
    let beside = |line: &str| line.contains("contacts") && line.contains("deals");
    assert!(screen.lines().any(beside), "two pairs side by side:\n{screen}");
    holds_all(&screen, &["requests left", "0 of 171, gated until 12:00:42", "5, 1 of them unknown", "projects"]);
    // However many there are, the one under the cursor is on screen.
    let mut world = full();
    let pair = world.snapshot.pairs[0].clone();
    world.snapshot.pairs = (0..40)
        .map(|n| crosstie::control::PairStatus { name: format!("pair-{n}").as_str().into(), ..pair.clone() })
        .collect();
    for (keys, here) in
        [("9 G", "pair-39"), ("9 g g", "pair-0"), ("9 g g j j j j j j j j j j j j j j j j j", "pair-17")]
    {
        let mut rig = Rig::new((200, 60), world.clone());
        rig.keys(keys);
        assert!(rig.screen().split_whitespace().any(|word| word == here), "{here}:\n{}", rig.screen());
    }
}

/// Records of which nothing is alike: a dozen fields, a story with a line for every moment.
fn eventful(rig: &mut Rig, n: u32) {
    let text = |by: u32| {
        format!(
            "{by} {}",
            "the quick brown fox jumps over lazy dogs"
                .split(' ')
                .cycle()
                .skip((by % 8) as usize)
                .take(7)
                .collect::<Vec<_>>()
                .join(" ")
        )
    };
    let field = |at: u32| crosstie::control::RecordField {
        label: format!("field {at}"),
        base: None,
        crm: Some(text(n * 31 + at)),
        notion: Some(text(n * 17 + at)),
        held: at.is_multiple_of(3),
    };
    rig.world.closeup.fields = (0..12).map(field).collect();
    for (at, row) in (0_u32..).zip(&mut rig.world.journal).take(50) {
        row.event.at = crate::fixture::at(-i64::from(n * 977 + at * 61));
        (row.label, row.before, row.after) = (format!("field {at}"), Some(text(n * 7 + at)), Some(text(n * 13 + at)));
    }
}

#[test]
fn a_cursor_on_a_large_screen_sends_little_although_whole_records_come_and_go() {
    let mut rig = opened((200, 60), full(), "2");
    let mut screen = crosstie::tui::terminal::writer::Screen::new((200, 60)).unwrap();
    eventful(&mut rig, 1);
    rig.keys("j");
    screen.frame(&rig.model).unwrap();
    let mut sent = Vec::new();
    for n in 2..6 {
        eventful(&mut rig, n);
        for key in crosstie::tui::keymap::key::parse_sequence("j").unwrap() {
            rig.send(Msg::Key(key));
        }
        let left = screen.frame(&rig.model).unwrap().unwrap_or_default().len();
        rig.settle();
        let came = screen.frame(&rig.model).unwrap().unwrap_or_default().len();
        sent.push((left, came));
    }
    assert!(sent.iter().all(|(left, came)| *left <= 3_072 && *came <= 3_072), "{sent:?}");
    holds_all(&rig.screen(), &["The record's other fields", "What happened to it"]);
}

#[test]
fn no_whole_frame_of_a_large_screen_is_larger_than_a_slow_line_can_bear() {
    use crosstie::tui::theme::Name;
    let mut sizes = Vec::new();
    for name in [Name::Ansi, Name::Vivid] {
        for page in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
            let mut world = full();
            world.holds.extend(
                (0..60).map(|n| crate::fixture::hold(&format!("9{n}"), "NOTES", "wants it by Friday", "by Monday")),
            );
            let mut rig = Rig::themed((200, 60), world, Theme::named(name, true, false));
            eventful(&mut rig, 3);
            rig.keys(page);
            rig.keys("j");
            let mut screen = crosstie::tui::terminal::writer::Screen::new((200, 60)).unwrap();
            sizes.push((name, page, screen.frame(&rig.model).unwrap().unwrap_or_default().len()));
        }
    }
    assert!(sizes.iter().all(|(.., bytes)| *bytes <= 16_384), "{sizes:?}");
}
