//! Picks are local, taken back and again, and gone when what they were about moves.

use crosstie::control::Resolution;
use crosstie::model::Side;

use super::{committed, hundred};
use crate::fixture::{Rig, full, hold, on};

#[test]
fn a_pick_is_local_advances_and_is_taken_back_and_again() {
    let mut rig = on("2");
    rig.keys("c o b");
    assert!(rig.screen().contains("3 staged: 1 CRM, 1 Notion, 1 base"), "{}", rig.screen());
    assert_eq!(rig.model.holds.at, 3, "each pick goes on to the next");
    rig.keys("u u");
    assert!(rig.screen().contains("1 staged: 1 CRM"), "{}", rig.screen());
    rig.keys("ctrl-r");
    assert!(rig.screen().contains("2 staged: 1 CRM, 1 Notion"), "{}", rig.screen());
    assert!(rig.told().is_empty());
    rig.keys("w y");
    assert_eq!(committed(&rig).len(), 2);
    assert!(rig.model.staged.is_empty() && !rig.model.staged.can(false), "what was committed is no pick any more");
}

#[test]
fn the_base_wins_over_both_and_needs_to_be_there() {
    let mut world = full();
    world.holds[1].base = None;
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 b b");
    assert!(rig.screen().contains("there is no base"), "{}", rig.screen());
    assert_eq!(rig.model.staged.len(), 1);
    rig.keys("w");
    assert!(rig.screen().contains("base (both sides get it): what it was"), "{}", rig.screen());
    rig.keys("y");
    assert!(matches!(&committed(&rig)[..], [Resolution::Base { .. }]));
}

#[test]
fn a_pick_whose_value_moved_is_shown_again_and_no_longer_picked() {
    let mut rig = on("2");
    rig.keys("c c c");
    rig.world.holds[1].notion.digest = "moved".into();
    rig.world.holds[1].notion.text = "a newer text".into();
    rig.refresh();
    assert_eq!(rig.model.staged.len(), 2);
    assert!(rig.screen().contains("changed since you looked: Deal 2 / budget"), "{}", rig.screen());
    let row = rig.screen().lines().find(|line| line.contains("Deal 2")).map(str::to_owned).unwrap();
    assert!(row.contains('!'), "{row}");
}

#[test]
fn a_pick_whose_conflict_is_gone_is_told_as_settled_and_not_as_shown_again() {
    let mut rig = on("2");
    rig.world.holds.truncate(3);
    rig.refresh();
    rig.keys("c c");
    rig.world.holds.remove(0);
    rig.refresh();
    assert_eq!(rig.model.staged.len(), 1);
    let screen = rig.screen();
    assert!(screen.contains("settled by somebody else or by itself") && !screen.contains("shown again"), "{screen}");
}

#[test]
fn one_pick_is_taken_out_and_the_others_stay() {
    let mut rig = on("2");
    rig.keys("c c c k k x");
    assert_eq!(rig.model.staged.len(), 2);
    assert!(rig.model.staged.get(&rig.world.holds[1].id).is_none(), "the one under the cursor");
    rig.keys("x");
    assert!(rig.screen().contains("nothing is picked for this row"), "{}", rig.screen());
    rig.keys("u");
    assert_eq!(rig.model.staged.len(), 3, "the last step was to take it out");
    rig.keys("g g space space x");
    assert_eq!(rig.model.staged.len(), 1, "those of all marked rows");
}

#[test]
fn what_another_operator_decided_meanwhile_is_no_longer_picked() {
    let mut rig = on("2");
    rig.keys("c o");
    rig.world.holds[0].decided = Some("Notion forced by berta".into());
    rig.refresh();
    assert_eq!(rig.model.staged.len(), 1);
    rig.keys("w y");
    assert!(matches!(&committed(&rig)[..], [Resolution::Force { side: Side::Notion, .. }]));
}

#[test]
fn the_row_before_that_waits_for_a_pick_has_a_key_too() {
    let mut rig = Rig::new((80, 24), hundred());
    rig.keys("2 j j j c c S");
    assert_eq!(rig.model.holds.current().unwrap().row.title, "Deal 2", "over the two that are picked");
    rig.keys("S S S");
    let last = rig.model.holds.rows.last().unwrap().row.id.clone();
    assert_eq!(rig.model.holds.current().unwrap().row.id, last, "round the beginning, to the last that is here");
    let mut world = hundred();
    world.holds = (0..5_000).map(|n| hold(&n.to_string(), "F", "a", "b")).collect();
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 G c");
    let at = rig.model.holds.at;
    let first = rig.model.holds.offset;
    for _ in 0..(at - first + 20) {
        rig.keys("S");
    }
    assert!(rig.model.holds.at < first, "rows that were not here are asked for");
    assert!(rig.model.holds.current().is_some());
}

#[test]
fn leaving_with_picks_asks_and_ctrl_c_does_not() {
    let mut rig = on("2");
    rig.keys("c q");
    assert!(!rig.quit && rig.screen().contains("not committed"), "{}", rig.screen());
    rig.keys("n");
    assert!(!rig.quit && rig.model.staged.len() == 1);
    rig.keys("q y");
    assert!(rig.quit && rig.told().is_empty());
    let mut rig = on("2");
    rig.keys("c ctrl-c");
    assert!(rig.quit);
}
