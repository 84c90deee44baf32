//! What is done with many rows at once, and what is heard of it: marks, ranges, searches, long questions, tallies.

use crosstie::control::Command;
use crosstie::model::Side;
use crosstie::tui::model::{Choice, Page, PopupBody};

use crate::fixture::{Rig, World, full};

fn on(page: &str, world: World) -> Rig {
    let mut rig = Rig::new((120, 40), world);
    rig.keys(page);
    rig
}

fn undone(rig: &Rig) -> Vec<u64> {
    let seq = |command| match command {
        Command::Undo { event, both: false } => event,
        other => panic!("{other:?}"),
    };
    rig.told().into_iter().map(seq).collect()
}

#[test]
fn marked_lines_of_the_journal_are_taken_back_by_one_question_that_lists_them_all() {
    let mut world = full();
    (world.journal[1].undoable, world.journal[1].not_undoable) = (false, "somebody has touched it since".to_owned());
    world.journal[2].event.what = crosstie::model::Happening::Decided;
    world.journal[2].undoable = false;
    let mut rig = on("6", world);
    rig.keys("space v j j v");
    assert_eq!(rig.model.journal.marks.len(), 4);
    rig.keys("u");
    let screen = rig.screen();
    for told in [
        "2 lines are taken back",
        "Deal 1 / title",
        "Deal 4 / title",
        "Notion: new -> old",
        "1 line is not taken back",
        "somebody has touched it since",
        "1 marked line tells of no write",
        "Yes, undo 2",
    ] {
        assert!(screen.contains(told) || screen.replace('\u{2192}', "->").contains(told), "{told}\n{screen}");
    }
    assert!(rig.told().is_empty());
    rig.keys("y");
    assert_eq!(undone(&rig), [4, 1], "the newest first");
    assert!(rig.model.journal.marks.is_empty());
}

#[test]
fn more_than_twenty_lines_are_taken_back_after_their_count_was_typed() {
    let mut rig = on("6", full());
    rig.keys("/ D e a l space 1 enter *");
    let count = rig.model.journal.marks.len();
    assert!(count > 20 && rig.model.journal.total == Some(count as u64), "{count}");
    rig.keys("u y");
    assert!(rig.told().is_empty() && rig.screen().contains(&format!("type {count} first")), "{}", rig.screen());
    for digit in count.to_string().chars() {
        rig.keys(&digit.to_string());
    }
    rig.keys("y");
    assert_eq!(undone(&rig).len(), count);
    assert!(rig.model.journal.marks.is_empty());
}

#[test]
fn marks_follow_their_line_and_a_span_of_time_takes_none_away() {
    let mut rig = on("6", full());
    rig.keys("j space");
    let seq = *rig.model.journal.marks.keys().next().unwrap();
    let newer = rig.world.journal[5].clone();
    rig.world.journal.insert(0, newer);
    rig.refresh();
    rig.world.journal.truncate(1);
    rig.refresh();
    assert_eq!(rig.model.journal.marks.keys().copied().collect::<Vec<_>>(), [seq]);
    rig.keys("U");
    assert!(rig.model.journal.marks.is_empty());
}

#[test]
fn many_refusals_of_one_question_are_one_thing_to_read() {
    let mut rig = on("6", full());
    rig.keys("v j j v u");
    let refused = |n: u32| crosstie::control::Reply::Refused { why: format!("reason {n}") };
    rig.world.says = Some(refused(1));
    rig.keys("y");
    assert_eq!(rig.model.popups.len(), 1);
    // What comes after the first is told below it.
    for n in [2, 3] {
        let tag = 1_000 + u64::from(n);
        let waiting = crosstie::tui::model::Waiting::Command {
            about: Vec::new(),
            items: Vec::new(),
            then: Vec::new(),
            before: 0,
            records: Vec::new(),
            edge: None,
        };
        rig.model.waiting.insert(tag, waiting);
        rig.send(crosstie::tui::model::Msg::Reply { tag, result: Ok(refused(n)) });
    }
    assert_eq!(rig.model.popups.len(), 1);
    let screen = rig.screen();
    assert!((1..=3).all(|n| screen.contains(&format!("reason {n}"))), "{screen}");
}

#[test]
fn a_pick_within_a_range_that_was_begun_is_for_the_whole_range() {
    let mut rig = on("2", full());
    rig.keys("v j j c");
    assert_eq!(rig.model.staged.len(), 3, "{}", rig.screen());
    assert!(rig.model.staged.picks().all(|pick| pick.choice == Choice::Force(Side::Crm)));
    assert!(rig.model.holds.anchor.is_none() && rig.model.holds.marks.is_empty());
    assert_eq!(rig.model.holds.at, 3, "and it goes on behind it");
    rig.keys("g g v j x");
    assert_eq!(rig.model.staged.len(), 1);
    // The journal knows it too.
    let mut rig = on("6", full());
    rig.keys("v j j u y");
    assert_eq!(undone(&rig), [3, 2, 1]);
}
