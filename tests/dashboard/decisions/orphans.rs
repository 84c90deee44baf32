//! Orphans are linked to a counterpart that was chosen with both records in view, given one, or ignored.

use crosstie::control::{Command, Reply};
use crosstie::model::{RecordRef, Shown, Side};
use crosstie::tui::model::{Msg, PopupBody};

use crate::fixture::{Rig, full, on};

#[test]
fn an_orphan_is_linked_to_the_chosen_counterpart() {
    let mut rig = on("3");
    rig.keys("l");
    assert!(rig.screen().contains("same e-mail"), "{}", rig.screen());
    rig.keys("down enter");
    assert!(rig.screen().contains("tied to another record already"), "{}", rig.screen());
    rig.keys("up enter");
    assert!(rig.told().is_empty());
    rig.keys("y");
    let shown = Some(Shown { crm: "digest of 31".into(), notion: "digest of orphan 1".into() });
    let link = Command::Link { pair: "contacts".into(), crm: "31".into(), notion: "page-1".into(), shown };
    assert_eq!(rig.told(), [link]);
}

/// An orphan and a suggested record: they agree in one field, differ in one, and each has one that the other lacks.
fn choosing(size: (u16, u16)) -> Rig {
    let field = |label: &str, text: &str| (label.to_owned(), text.to_owned());
    let mut world = full();
    world.orphans[0].fields = vec![field("E-mail", "ada@example.org"), field("City", "London"), field("Born", "1815")];
    world.candidates[0].fields =
        vec![field("Phone", "+44"), field("City", "Turin"), field("E-mail", "ada@example.org")];
    let mut rig = Rig::new(size, world);
    rig.keys("3 l");
    rig
}

#[test]
fn the_choice_of_a_counterpart_shows_what_both_records_hold_and_where_they_differ() {
    for size in [(80, 24), (200, 60)] {
        let rig = choosing(size);
        let screen = rig.screen();
        assert!(screen.contains("Which record of CRM is Orphan 1?"), "{screen}");
        let place = |text: &str| screen.find(text).unwrap_or_else(|| panic!("no {text:?} in\n{screen}"));
        // What tells for or against it comes before what only the suggested one has.
        let (same, differs, alone) =
            (place("= E-mail: ada@example.org"), place("~ City: Turin, here London"), place("   Phone: +44"));
        assert!(same < alone && differs < alone, "{screen}");
        if size.0 >= 100 {
            for own in ["Notion: ambiguous", " E-mail: ada@example.org", " City: London", " Born: 1815"] {
                assert!(screen.contains(own), "no {own:?} in\n{screen}");
            }
        }
    }
}

#[test]
fn before_two_records_become_one_thing_both_are_shown_whole_and_what_differs_is_named() {
    let mut rig = choosing((80, 24));
    rig.keys("enter");
    let screen = rig.screen();
    for text in [
        "Notion: Orphan 1",
        "E-mail: ada@example.org",
        "City: London",
        "Born: 1815",
        "CRM: Ada Lovelace",
        "Phone: +44",
        "City: Turin",
        "1 differ and will wait for you on Conflicts: City",
    ] {
        assert!(screen.contains(text), "no {text:?} in\n{screen}");
    }
    assert_eq!(screen.matches("E-mail: ada@example.org").count(), 2, "of both:\n{screen}");
    assert!(rig.told().is_empty());
}

#[test]
fn a_search_is_text_and_narrows_the_choice() {
    let mut rig = on("3");
    rig.keys("l T a k");
    let Some(PopupBody::Picker(picker)) = rig.model.top() else { panic!() };
    assert_eq!(picker.records.rows.len(), 1);
    assert_eq!(picker.records.rows[0].title, "Ada Taken");
    rig.send(Msg::Paste("y\ny".into()));
    assert!(rig.told().is_empty());
}

#[test]
fn creating_a_counterpart_says_that_it_cannot_be_undone() {
    let mut rig = on("3");
    rig.keys("+");
    assert!(rig.screen().contains("cannot be undone"), "{}", rig.screen());
    rig.keys("y");
    assert!(rig.told().is_empty() && rig.screen().contains("type 1 first"), "{}", rig.screen());
    rig.keys("1 y");
    let record = RecordRef { pair: "contacts".into(), side: Side::Notion, id: "page-1".into() };
    assert_eq!(rig.told(), [Command::CreateCounterpart { record, shown: Some("digest of orphan 1".into()) }]);
    let mut rig = on("3");
    rig.keys("j +");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("cannot be created"), "{}", rig.screen());
}

#[test]
fn marked_orphans_are_ignored_together() {
    let mut rig = on("3");
    rig.keys("space space i y");
    assert_eq!(rig.told().len(), 2);
    let bound = |command: &Command| matches!(command, Command::IgnoreOrphan { shown: Some(_), .. });
    assert!(rig.told().iter().all(bound), "{:?}", rig.told());
}

#[test]
fn an_orphan_that_was_edited_since_it_was_shown_is_shown_again_and_nothing_is_done() {
    for keys in ["j j i", "j j l enter", "j j +"] {
        let mut rig = on("3");
        let count = if keys.ends_with('+') { " 1" } else { "" };
        rig.keys(keys);
        let note = "changed since you looked: the record was edited; nothing was done, look again".to_owned();
        rig.world.says = Some(Reply::Changed { ids: Vec::new(), note });
        rig.world.orphans[2].title = "Edited meanwhile".into();
        rig.world.orphans.swap(0, 2);
        rig.keys(format!("{count} y").trim_start());
        let screen = rig.screen();
        assert!(screen.contains("changed since you looked") && screen.contains("Edited meanwhile"), "{screen}");
        assert_eq!(rig.model.orphans.current().unwrap().title, "Edited meanwhile", "{keys}");
        assert_eq!(rig.told().len(), 1, "nothing is repeated by itself");
    }
}

#[test]
fn an_orphan_that_was_ignored_by_mistake_is_found_and_taken_back_by_a_key() {
    let mut rig = on("3");
    assert!(!rig.screen().contains("Orphan 4"), "{}", rig.screen());
    rig.keys("u");
    assert!(rig.told().is_empty() && rig.screen().contains("show them first"), "{}", rig.screen());
    rig.keys("I");
    assert!(rig.screen().contains("record + ignored") && rig.screen().contains("Orphan 4"), "{}", rig.screen());
    rig.keys("u");
    assert!(rig.told().is_empty() && rig.screen().contains("not ignored"), "{}", rig.screen());
    rig.keys("G");
    assert!(
        rig.screen().contains("ignored by boris") && rig.screen().contains("u takes that back"),
        "{}",
        rig.screen()
    );
    rig.keys("i");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("ignored already"), "{}", rig.screen());
    rig.keys("u");
    let record = RecordRef { pair: "contacts".into(), side: Side::Notion, id: "page-4".into() };
    assert_eq!(rig.told(), [Command::UnignoreOrphan { record }]);
    rig.keys("I");
    assert!(!rig.screen().contains("Orphan 4"), "{}", rig.screen());
}

#[test]
fn of_marked_rows_each_is_ignored_or_taken_back_as_it_stands() {
    let mut rig = on("3");
    rig.keys("I * i y");
    assert_eq!(rig.told().len(), 3);
    assert!(rig.told().iter().all(|command| matches!(command, Command::IgnoreOrphan { .. })));
    let mut rig = on("3");
    rig.keys("I * u");
    assert!(matches!(rig.told().as_slice(), [Command::UnignoreOrphan { .. }]), "{:?}", rig.told());
    // What is no longer shown is no longer marked.
    let mut rig = on("3");
    rig.keys("I * I");
    assert_eq!(rig.model.orphans.marks.len(), 3);
}
