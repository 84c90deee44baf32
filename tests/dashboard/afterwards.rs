//! What is checked before it is staged, what is heard of it afterwards, and how it is taken back.

use std::sync::Arc;

use crosstie::control::{Command, HoldRow, JournalRow, RELATED, Reply};
use crosstie::model::{Happening, HoldId, Kind, Side};
use crosstie::tui::model::{Msg, Page, PopupBody};

use crate::fixture::{Rig, full, hold, on};

#[test]
fn a_text_that_cannot_be_read_stays_in_the_editor_which_says_why() {
    let mut rig = on("2");
    rig.keys("e ctrl-a ctrl-k");
    rig.send(Msg::Paste("?lots".into()));
    rig.keys("ctrl-o");
    assert!(rig.screen().contains("`lots` is no value of this field"), "{}", rig.screen());
    assert!(matches!(rig.model.top(), Some(PopupBody::Edit(edit)) if edit.text() == "?lots"));
    assert!(rig.model.staged.is_empty());
    rig.keys("ctrl-a ctrl-k 7 ctrl-o");
    assert!(rig.model.popups.is_empty() && rig.model.staged.len() == 1, "{}", rig.screen());
}

#[test]
fn links_are_not_typed_and_the_dashboard_says_where_they_are_made() {
    let mut world = full();
    world.holds[0].kind = Some(Kind::Relation);
    let mut rig = Rig::new((120, 40), world);
    rig.keys("2 e");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("Relations page"), "{}", rig.screen());
}

#[test]
fn what_was_deleted_on_one_side_and_edited_on_the_other_is_untied_after_a_question() {
    let mut world = full();
    world.holds[0] = crosstie::control::HoldRow {
        why: "deleted".into(),
        decidable: false,
        id: HoldId { field: None, ..world.holds[0].id.clone() },
        ..hold("1", "BUDGET", "", "")
    };
    let id = world.holds[0].id.clone();
    let mut rig = Rig::new((120, 40), world);
    rig.keys("2 t");
    assert!(rig.told().is_empty() && rig.screen().contains("Yes, untie"), "{}", rig.screen());
    rig.keys("n t y");
    assert!(rig.told().is_empty() && rig.screen().contains("type 1 first"), "{}", rig.screen());
    rig.keys("1 y");
    assert_eq!(rig.told(), [Command::Retry { id }]);
}

fn line(row: &JournalRow, what: Happening, undoable: bool) -> JournalRow {
    let mut row = row.clone();
    (row.event.what, row.undoable) = (what, undoable);
    row
}

#[test]
fn any_line_about_a_decided_field_takes_its_write_back() {
    let mut world = full();
    let write = world.journal[3].clone();
    world.journal.truncate(4);
    for (place, what) in [Happening::Released, Happening::Settled, Happening::Decided].into_iter().enumerate() {
        world.journal[place] = line(&world.journal[place], what, false);
    }
    let mut rig = Rig::new((120, 40), world);
    for keys in ["6", "j", "j", "j"] {
        rig.keys(keys);
        rig.keys("u");
        let asked = format!("The write of line {} is taken back", write.event.seq);
        assert!(rig.screen().contains(&asked), "{}", rig.screen());
        rig.keys("n");
    }
    rig.keys("u y");
    assert_eq!(rig.told(), [Command::Undo { event: write.event.seq, both: false }]);
}

#[test]
fn a_link_is_taken_back_from_its_line_after_a_question_that_says_what_stays() {
    let mut world = full();
    let mut tied = line(&world.journal[0], Happening::Tied, true);
    (tied.event.field, tied.event.side) = (None, None);
    let seq = tied.event.seq;
    world.journal[0] = tied;
    let mut rig = Rig::new((120, 40), world);
    rig.keys("6 u");
    assert!(rig.told().is_empty() && rig.screen().contains("Nothing is written or deleted"), "{}", rig.screen());
    rig.keys("y");
    assert_eq!(rig.told(), [Command::Undo { event: seq, both: false }]);
}

#[test]
fn an_operator_hears_when_what_they_decided_was_written() {
    let mut rig = on("2");
    rig.keys("c c w y");
    let ids: Vec<HoldId> = rig.world.holds[..2].iter().map(|row| row.id.clone()).collect();
    let heard = ["written: Written 1000 / title; 1 on their way", "written: 2 of 2 fields"];
    for ((seq, id), heard) in (1_000_u64..).zip(&ids).zip(heard) {
        let mut row = rig.world.journal[0].clone();
        (row.event.seq, row.event.side) = (seq, Some(Side::Notion));
        (row.event.pair, row.event.crm, row.event.field) = (Some(id.pair.clone()), id.crm.clone(), id.field.clone());
        row.title = format!("Written {seq}");
        rig.world.snapshot.latest.insert(0, row);
        rig.refresh();
        assert!(rig.screen().contains(heard), "{}", rig.screen());
    }
    assert!(rig.model.expected.is_empty());
    // What is refused after all is awaited no longer, and nobody hears that it was written.
    rig.keys("c w y");
    let id = rig.model.expected[0].left.first().unwrap().clone();
    let mut row = line(&rig.world.journal[0], Happening::Refused, false);
    (row.event.seq, row.event.pair, row.event.crm, row.event.field) = (2_000, Some(id.pair), id.crm, id.field);
    row.title = "Not taken".to_owned();
    rig.world.snapshot.latest.insert(0, row);
    rig.refresh();
    assert!(rig.model.expected.is_empty() && !rig.screen().contains("written: Not taken"), "{}", rig.screen());
}

#[test]
fn an_operator_hears_when_a_link_was_written_and_waits_for_none_where_nothing_is() {
    for (note, written) in [(RELATED[1], true), ("they are not linked", false)] {
        let mut rig = Rig::new((120, 40), full());
        rig.world.says = Some(Reply::Done { note: note.into() });
        rig.keys("4 right j j x y");
        let told = rig.told();
        let [Command::Relate { owner, field, linked: false, .. }] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(!rig.model.expected.is_empty(), written, "{note}");
        let mut row = line(&rig.world.journal[0], Happening::Wrote, true);
        (row.event.seq, row.event.pair, row.event.crm) = (2_000, Some(owner.pair.clone()), Some(owner.crm.clone()));
        (row.event.field, row.title, row.label) = (Some(field.clone()), "Mercury".into(), "Contacts".into());
        rig.world.snapshot.latest.insert(0, row);
        rig.refresh();
        assert_eq!(rig.screen().contains("written: Mercury / Contacts"), written, "{}", rig.screen());
    }
}

#[test]
fn an_operation_is_held_back_after_a_question() {
    let mut rig = on("5");
    rig.keys("b");
    assert!(rig.model.popups.is_empty(), "what was sent is not held back");
    rig.world.queue[0].state = crosstie::control::QueueState::Quiet;
    rig.refresh();
    rig.keys("b");
    assert!(rig.told().is_empty() && rig.screen().contains("Yes, hold it back"), "{}", rig.screen());
    rig.keys("y");
    assert!(matches!(&rig.told()[..], [Command::Park { .. }]), "{:?}", rig.told());
}

#[test]
fn what_is_held_back_is_let_go_by_a_key_where_it_is_shown() {
    let mut world = full();
    let parked = HoldRow {
        id: HoldId { field: None, ..world.holds[0].id.clone() },
        why: "parked".into(),
        detail: "held back by boris: nothing of it is written until somebody tries again here".into(),
        decidable: false,
        ..world.holds[0].clone()
    };
    world.holds = vec![parked.clone()];
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2");
    assert!(rig.screen().contains("held back by boris"), "{}", rig.screen());
    rig.keys("c");
    assert!(rig.model.staged.is_empty() && rig.told().is_empty(), "it is no conflict");
    rig.keys("t");
    assert_eq!(rig.told(), [Command::Retry { id: parked.id }]);
}

#[test]
fn enter_in_a_palette_nobody_typed_into_does_not_leave() {
    for page in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        let mut rig = on(page);
        rig.keys(": enter");
        assert!(!rig.quit, "on page {page}");
    }
}

#[test]
fn a_new_filter_of_the_journal_begins_at_the_newest_line() {
    let mut rig = on("6");
    rig.keys("j j j j / D enter");
    assert_eq!((rig.model.page, rig.model.journal.at), (Page::Journal, 0));
    // News come in above it, and who stands at the top goes on to see the newest.
    let snapshot = Arc::new(rig.world.snapshot.clone());
    rig.send(Msg::Snapshot(snapshot));
    assert_eq!(rig.model.journal.at, 0);
}
