//! What the dashboard says: its messages again, its keys at the foot, its name in the terminal; and the words in the editor.

use crosstie::control::Mode;
use crosstie::tui::keymap::{Keymap, PRESETS};
use crosstie::tui::model::{PopupBody, Tone};
use crosstie::tui::terminal::writer::Screen;

use crate::fixture::{Rig, full, on};

fn editor(rig: &Rig) -> String {
    match rig.model.top() {
        Some(PopupBody::Edit(edit)) => edit.text(),
        _ => panic!("no editor:\n{}", rig.screen()),
    }
}

#[test]
fn the_editor_begins_with_either_side_and_takes_the_other_ones_text_in_at_the_caret() {
    let mut rig = Rig::new((120, 40), full());
    rig.keys("2 e");
    assert_eq!(editor(&rig), "100 EUR");
    rig.keys("home alt-N");
    assert_eq!(editor(&rig), "150 EUR100 EUR", "at the caret, and the rest stays");
    rig.keys("f8");
    assert_eq!(editor(&rig), "150 EUR150 EUR100 EUR");
    rig.keys("alt-n");
    assert_eq!(editor(&rig), "150 EUR", "it can take the place of all of it too");
    rig.keys("esc E");
    assert_eq!(editor(&rig), "150 EUR", "what is Notion's own is no draft");
    rig.keys("space alt-C");
    assert_eq!(editor(&rig), "150 EUR 100 EUR");
    let screen = rig.screen();
    for text in ["f7, f8 insert it at the caret", "f3 CRM's text", "f7 insert CRM's", "f8 insert Notion's"] {
        assert!(screen.contains(text), "`{text}` is missing:\n{screen}");
    }
    rig.keys("ctrl-o");
    assert!(rig.screen().contains("1 staged: 1 edited"), "{}", rig.screen());
    assert!(rig.told().is_empty(), "nothing leaves by it");
}

#[test]
fn messages_can_be_read_again_with_their_time_the_newest_first() {
    let mut rig = Rig::new((120, 40), full());
    rig.keys("M");
    assert!(rig.screen().contains("Nothing has been said yet"), "{}", rig.screen());
    rig.keys("esc 2 U U p p");
    rig.ms += 60_000;
    rig.send(crosstie::tui::model::Msg::Tick { now: crate::fixture::at(60), ms: rig.ms });
    assert!(rig.model.toasts.is_empty(), "they have gone by themselves");
    rig.keys("M");
    let screen = rig.screen();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("`{text}` is missing:\n{screen}"));
    assert!(at("the display follows again") < at("the display stands still"), "{screen}");
    assert!(at("the display stands still") < at("unmark all: nothing is marked (2 times)"), "{screen}");
    assert!(screen.contains("12:00:00") && screen.contains("Messages, the newest first"), "{screen}");
    // What could not be done is among them.
    let mut rig = Rig::new((120, 40), full());
    rig.world.says = Some(crosstie::control::Reply::Refused { why: "its pair is \u{1b}[2Jgone".into() });
    rig.keys("6 u y esc M");
    assert!(rig.screen().contains("x That cannot be done: its pair is ^[[2Jgone"), "{}", rig.screen());
}

#[test]
fn no_more_messages_are_remembered_than_somebody_would_read() {
    let mut rig = Rig::new((80, 24), full());
    for n in 0..500 {
        rig.model.toast(crosstie::tui::model::Tone::Plain, format!("message {n}"));
    }
    let (first, last) = (rig.model.spoken.front().unwrap(), rig.model.spoken.back().unwrap());
    assert_eq!((rig.model.spoken.len(), first.text.as_str(), last.text.as_str()), (200, "message 300", "message 499"));
}

#[test]
fn the_foot_tells_how_rows_are_marked_where_there_is_room() {
    for (size, page, shown) in [
        ((200, 60), "2", &["space mark", "v range", "* mark all", "m c rule: CRM"][..]),
        ((120, 40), "2", &["space mark", "v range"][..]),
        ((120, 40), "3", &["space mark", "v range"][..]),
        ((120, 40), "6", &["space mark", "v range", "* mark all"][..]),
    ] {
        let mut rig = Rig::new(size, full());
        rig.keys(page);
        let foot = rig.screen().lines().last().unwrap().to_owned();
        assert!(shown.iter().all(|text| foot.contains(text)), "page {page} at {size:?}: {foot}");
    }
    let mut rig = Rig::new((200, 60), full());
    rig.keys("5");
    assert!(!rig.screen().lines().last().unwrap().contains("mark"), "nothing is marked there");
}

#[test]
fn the_terminal_is_named_after_the_workspace_and_no_control_gets_into_its_name() {
    let titled = |rig: &Rig, screen: &mut Screen| {
        let bytes = String::from_utf8(screen.frame(&rig.model).unwrap().unwrap_or_default()).unwrap();
        let (_, rest) = bytes.split_once("\u{1b}]2;")?;
        rest.split_once('\u{7}').map(|(title, _)| title.to_owned())
    };
    let mut rig = Rig::new((80, 24), full());
    let mut screen = Screen::new((80, 24)).unwrap();
    assert_eq!(titled(&rig, &mut screen).as_deref(), Some("demo - crosstie"));
    rig.keys("2");
    assert_eq!(titled(&rig, &mut screen), None, "it is told once");
    screen.repaint().unwrap();
    assert_eq!(
        titled(&rig, &mut screen).as_deref(),
        Some("demo - crosstie"),
        "and again to a terminal that others had"
    );
    (rig.world.snapshot.mode, rig.world.snapshot.workspace) = (Mode::Live, "acme".into());
    rig.refresh();
    assert_eq!(titled(&rig, &mut screen).as_deref(), Some("acme - crosstie"));
    rig.world.snapshot.workspace = format!("\u{1b}]0;x\u{7}\n{}", "w".repeat(500));
    rig.refresh();
    let title = titled(&rig, &mut screen).unwrap();
    assert!(title.starts_with("^[]0;x^G w") && title.chars().count() <= 60, "{title}");
    assert!(!title.chars().any(char::is_control), "{title:?}");
}

#[test]
fn every_preset_has_keys_for_all_of_it() {
    use crosstie::tui::action::Action;
    for (name, _) in PRESETS {
        let keymap = Keymap::preset(name).unwrap();
        for action in
            [Action::Messages, Action::Order, Action::EditNotions, Action::EditInsertCrm, Action::EditInsertNotion]
        {
            assert!(!keymap.keys_of(action).is_empty(), "{name}: {}", action.spec().id);
        }
    }
}

#[test]
fn a_message_that_is_cut_says_where_the_whole_of_it_is() {
    let mut rig = on("2");
    rig.model.toast(Tone::Warn, "first what happened, at some length, and then, at last, what is to be done about it");
    rig.shows(&["M tells all"]);
    rig.keys("M");
    rig.shows(&["what is to be done about it"]);
    let mut rig = on("2");
    rig.model.toast(Tone::Warn, "a short one");
    assert!(!rig.screen().contains("tells all"), "{}", rig.screen());
}
