//! Many rows at once: rules, ranges, filters, and how few keys a hundred conflicts take.

use crosstie::control::Resolution;
use crosstie::model::Side;
use crosstie::tui::model::Msg;

use super::{committed, hundred};
use crate::fixture::{Rig, hold};

#[test]
fn a_rule_is_about_one_field_in_all_marked_rows() {
    let mut rig = Rig::new((100, 30), hundred());
    rig.keys("2 *");
    assert_eq!(rig.model.holds.marks.len(), 100);
    rig.keys("m n");
    assert!(
        rig.screen().contains("60 staged: 60 Notion") || rig.screen().contains("40 marked rows"),
        "{}",
        rig.screen()
    );
    assert_eq!((rig.model.staged.len(), rig.model.holds.marks.len()), (60, 40));
    let of_field = |pick: &crosstie::tui::model::Pick| pick.item.row.label == "stage";
    assert!(rig.model.staged.picks().all(of_field));
}

#[test]
fn a_rule_keeps_pairs_apart_that_call_a_field_the_same() {
    let mut world = hundred();
    for row in &mut world.holds[..10] {
        row.id.pair = "projects".into();
    }
    for row in &mut world.holds[10..20] {
        row.id.field = Some("OTHER_STAGE".into());
    }
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 * m n");
    assert_eq!(rig.model.staged.len(), 10, "the other fifty are of another pair or another field called `stage`");
}

#[test]
fn more_than_twenty_at_once_want_their_count_typed() {
    let mut rig = Rig::new((100, 30), hundred());
    rig.keys("2 * m c w y");
    assert!(rig.told().is_empty() && rig.screen().contains("type 60 first"), "{}", rig.screen());
    rig.keys("6 1 y");
    assert!(rig.told().is_empty(), "another count is no yes");
    rig.keys("backspace 0 y");
    assert_eq!(committed(&rig).len(), 60);
}

/// 60 the same way by rule, 30 by looking, 10 by editing. Typed text does not count, and neither does the count.
#[test]
fn a_hundred_mixed_conflicts_take_at_most_120_keystrokes() {
    let mut rig = Rig::new((100, 30), hundred());
    let mut strokes = 0;
    let mut press = |rig: &mut Rig, keys: &str| {
        strokes += keys.split(' ').count();
        rig.keys(keys);
    };
    press(&mut rig, "2 *");
    press(&mut rig, "m c");
    press(&mut rig, "U");
    for n in 0..30 {
        press(&mut rig, if n % 3 == 0 { "o" } else { "c" });
    }
    for n in 0..10 {
        press(&mut rig, "e");
        rig.send(Msg::Paste(format!(" and {n}")));
        press(&mut rig, "ctrl-o");
    }
    press(&mut rig, "w");
    rig.keys("1 0 0");
    press(&mut rig, "y");
    let items = committed(&rig);
    assert_eq!(items.len(), 100);
    let count = |is: fn(&Resolution) -> bool| items.iter().filter(|item| is(item)).count();
    assert_eq!(count(|it| matches!(it, Resolution::Set { .. })), 10);
    assert_eq!(count(|it| matches!(it, Resolution::Force { side: Side::Notion, .. })), 10);
    assert_eq!(count(|it| matches!(it, Resolution::Force { side: Side::Crm, .. })), 80);
    let ids: std::collections::BTreeSet<_> = items.iter().map(Resolution::id).collect();
    assert_eq!(ids.len(), 100, "each of them once");
    assert!(strokes <= 120, "{strokes} keystrokes");
    assert_eq!(strokes, 57, "the README tells this figure");
}

#[test]
fn a_range_and_all_that_a_filter_shows_are_marked_by_record() {
    let mut rig = Rig::new((80, 24), hundred());
    rig.keys("2 j v j j v");
    let marks: Vec<String> = rig.model.holds.marks.values().map(|item| item.row.title.clone()).collect();
    assert_eq!(marks, ["Deal 1", "Deal 2", "Deal 3"]);
    rig.keys("U / n o t e s enter *");
    assert_eq!(rig.model.holds.marks.len(), 40);
    rig.world.holds.rotate_left(50);
    rig.refresh();
    assert!(rig.model.holds.marks.values().all(|item| item.row.label == "notes"), "marks follow records");
}

#[test]
fn matches_are_gone_through_with_and_without_the_filter() {
    let mut rig = Rig::new((80, 24), hundred());
    rig.keys("2 / 9 9 enter");
    assert_eq!(rig.model.holds.total, Some(1));
    rig.keys("esc / n o t e s enter n");
    assert_eq!(rig.model.holds.current().unwrap().row.title, "Deal 60", "from Deal 99 round the end");
    rig.keys("N N");
    assert_eq!(rig.model.holds.current().unwrap().row.title, "Deal 98");
    rig.keys("esc g g n");
    assert_eq!(rig.model.holds.total, Some(40), "nothing near the cursor has it: the filter comes back");
    rig.keys("esc G g g / 1 7 enter esc g g n");
    assert_eq!(
        rig.model.holds.current().unwrap().row.title,
        "Deal 17",
        "the last filter's text is sought among the rows"
    );
}

#[test]
fn the_cursor_stays_on_its_record_however_far_it_moves() {
    let mut world = hundred();
    world.holds = (0..5_000).map(|n| hold(&n.to_string(), "F", "a", "b")).collect();
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 j j");
    let id = rig.model.holds.current().unwrap().row.id.clone();
    rig.world.holds.rotate_left(2_000);
    rig.refresh();
    assert_eq!((rig.model.holds.at, rig.model.holds.current().unwrap().row.id.clone()), (3_002, id));
}
