//! Conflicts and other holds are decided by what they are and by what was shown of them, one or many.

use crosstie::control::{Command, Reply, Resolution};
use crosstie::model::Side;
use crosstie::tui::model::Msg;

use super::shown;
use crate::fixture::{Rig, full, hold, on};

#[test]
fn a_row_that_moved_is_not_decided_by_its_old_place() {
    let mut rig = on("2");
    rig.keys("j j");
    let meant = rig.model.holds.current().unwrap().row.id.clone();
    rig.world.holds.insert(0, hold("900", "NEW", "a", "b"));
    rig.world.holds.insert(0, hold("901", "NEW", "a", "b"));
    rig.refresh();
    rig.keys("f n w y");
    let Command::Resolve { items } = rig.told()[0].clone() else { panic!() };
    assert_eq!(items.iter().map(Resolution::id).collect::<Vec<_>>(), [&meant]);
}

#[test]
fn half_a_sequence_is_forgotten_when_its_record_goes_away() {
    let mut rig = on("2");
    rig.keys("f");
    let gone = rig.world.holds.remove(0).id;
    rig.refresh();
    rig.keys("c");
    // Alone the same letter takes the CRM's value, so it is told apart by what is staged.
    assert!(
        rig.model.staged.picks().all(|pick| pick.item.row.id != gone),
        "the c was not meant for the record that went"
    );
}

#[test]
fn marked_rows_are_decided_together_and_marks_survive_a_refresh() {
    let mut rig = on("2");
    rig.keys("space space");
    rig.world.holds[1].crm.digest = "newer".into();
    rig.world.holds.swap(0, 5);
    rig.refresh();
    assert_eq!(rig.model.holds.marks.len(), 2);
    rig.keys("f c w");
    assert!(rig.screen().contains("2 fields"), "{}", rig.screen());
    rig.keys("y");
    let Command::Resolve { items } = rig.told()[0].clone() else { panic!() };
    assert_eq!(items.len(), 2);
    assert!(items.iter().any(|item| item.shown().crm == "newer"), "the question shows, and binds, the newest row");
    assert!(rig.model.holds.marks.is_empty(), "what was decided is marked no more");
}

#[test]
fn a_whole_record_is_decided_with_every_field_on_the_question() {
    let mut rig = on("2");
    rig.keys("a n w");
    let screen = rig.screen();
    assert!(screen.contains("2 fields") && screen.contains("Deal 1 / name"), "{screen}");
    rig.keys("y");
    let Command::Resolve { items } = rig.told()[0].clone() else { panic!() };
    let fields: Vec<_> = items.iter().map(|item| item.id().field.clone().unwrap().0).collect();
    assert_eq!(fields, ["BUDGET", "NAME"]);
    assert!(items.iter().all(|item| matches!(item, Resolution::Force { side: Side::Notion, .. })));
}

#[test]
fn a_record_whose_title_cannot_be_searched_is_decided_by_what_is_on_screen() {
    let mut world = full();
    for row in &mut world.holds {
        row.title = format!("tab\there {}", row.title);
    }
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 a c");
    assert!(rig.screen().contains("there may be more"), "{}", rig.screen());
    rig.keys("w");
    assert!(rig.screen().contains("2 fields"), "{}", rig.screen());
}

#[test]
fn an_edited_value_of_several_lines_is_asked_about_and_written() {
    let mut rig = on("2");
    rig.keys("e");
    rig.send(Msg::Paste(" or\nthereabouts".into()));
    rig.keys("! ctrl-o");
    rig.keys("w");
    assert!(rig.told().is_empty() && rig.screen().contains("thereabouts!"), "{}", rig.screen());
    rig.keys("y");
    let text = "100 EUR or\nthereabouts!".to_owned();
    let item = Resolution::Set { id: rig.world.holds[0].id.clone(), shown: shown("100 EUR", "150 EUR"), text };
    assert_eq!(rig.told(), [Command::Resolve { items: vec![item] }]);
}

#[test]
fn an_editor_that_was_left_keeps_its_text() {
    let mut rig = on("2");
    rig.keys("e x y esc e ctrl-o w y");
    let Command::Resolve { items } = rig.told()[0].clone() else { panic!() };
    assert!(matches!(&items[0], Resolution::Set { text, .. } if text == "100 EURxy"), "{items:?}");
}

#[test]
fn what_changed_since_it_was_seen_is_said_and_shown_anew_under_the_cursor() {
    let mut rig = on("2");
    rig.keys("j");
    let id = rig.model.holds.current().unwrap().row.id.clone();
    rig.world.says = Some(Reply::Changed { ids: vec![id.clone()], note: "changed since you looked".into() });
    rig.keys("f c w");
    rig.world.holds[1].notion.text = "a newer text".into();
    rig.world.holds.swap(1, 4);
    rig.keys("y");
    let screen = rig.screen();
    assert!(screen.contains("changed since you looked") && screen.contains("a newer text"), "{screen}");
    assert_eq!(rig.model.holds.current().unwrap().row.id, id);
    assert_eq!(rig.told().len(), 1, "nothing is repeated by itself");
}

#[test]
fn what_cannot_be_decided_says_why() {
    let mut rig = on("2");
    rig.keys("G f c");
    assert!(
        rig.model.popups.is_empty() && rig.screen().contains("here is nothing to choose from: t tries again"),
        "{}",
        rig.screen()
    );
    rig.keys("t");
    assert_eq!(rig.told(), [Command::Retry { id: rig.world.holds.last().unwrap().id.clone() }]);
}

#[test]
fn what_was_refused_is_tried_again_for_all_marked_rows() {
    let mut world = full();
    for row in &mut world.holds[..3] {
        (row.why, row.decidable) = ("refused".into(), false);
    }
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 space space j space t");
    let told = rig.told();
    assert_eq!(told.len(), 2, "the third mark is a conflict, which needs a decision: {told:?}");
    assert!(told.iter().all(|command| matches!(command, Command::Retry { .. })));
}

#[test]
fn trying_more_than_twenty_again_wants_the_count_typed() {
    let mut world = full();
    for row in &mut world.holds[..21] {
        (row.why, row.decidable) = ("refused".into(), false);
    }
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 * t y");
    assert!(rig.told().is_empty() && rig.screen().contains("type 23 first"), "{}", rig.screen());
    rig.keys("2 3 y");
    assert_eq!(rig.told().len(), 23, "the conflicts among the marked ones need a decision");
}

#[test]
fn untying_several_asks_for_the_count_of_all_that_happens() {
    let mut world = full();
    for (place, why) in ["deleted", "deleted", "refused"].into_iter().enumerate() {
        (world.holds[place].why, world.holds[place].decidable) = (why.into(), false);
    }
    let mut rig = Rig::new((120, 40), world);
    rig.keys("2 space space space t");
    assert!(rig.screen().contains("1 other hold is only tried again"), "{}", rig.screen());
    rig.keys("2 y");
    assert!(rig.told().is_empty(), "another count is no yes");
    rig.keys("backspace 3 y");
    assert_eq!(rig.told().len(), 3);
}
