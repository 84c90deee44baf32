//! What is done with many rows at once, and what is heard of it: marks, ranges, searches, long questions, tallies.

use crosstie::control::Command;
use crosstie::model::Side;
use crosstie::tui::model::{Choice, Page, PopupBody};

use crate::fixture::{Rig, World, full};

fn on(page: &str, world: World) -> Rig {
    Rig::opened((120, 40), world, page)
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

#[test]
fn a_search_belongs_to_its_page() {
    let mut rig = on("2", full());
    rig.keys("/ n o t e s enter");
    for page in ["3", "4", "5", "6", "7"] {
        rig.keys(page);
        let before = (rig.screen(), rig.model.journal.at, rig.model.orphans.at);
        for key in ["n", "N"] {
            rig.keys(key);
            assert!(rig.screen().contains("no search on this page: / begins one"), "{page}: {}", rig.screen());
        }
        assert_eq!((rig.model.journal.at, rig.model.orphans.at), (before.1, before.2));
        let filters = [&rig.model.orphans.filter, &rig.model.owners.filter, &rig.model.journal.filter];
        assert!(filters.iter().all(|filter| filter.is_empty()), "{page}");
    }
    // Where a search was, it stays.
    rig.keys("2 esc n");
    assert!(!rig.screen().contains("no search on this page"), "{}", rig.screen());
}

#[test]
fn escape_while_a_filter_is_typed_leaves_the_cursor_on_its_record() {
    for page in ["2", "6"] {
        for typed in ["z z z", "3", "D e a l", "3 backspace"] {
            let mut rig = on(page, full());
            rig.keys("j j j j j");
            let on = |rig: &Rig| match rig.model.page {
                Page::Journal => rig.model.journal.current().map(|row| row.title.clone()),
                _ => rig.model.holds.current().map(|item| item.row.title.clone()),
            };
            let before = on(&rig);
            assert!(before.is_some());
            rig.keys(&format!("/ {typed} esc"));
            rig.settle();
            assert_eq!(on(&rig), before, "page {page}, {typed}");
        }
    }
}

/// The journal gets a line about a field that was decided.
fn happens(rig: &mut Rig, seq: u64, id: &crosstie::model::HoldId, what: crosstie::model::Happening) {
    let mut row = rig.world.journal[0].clone();
    (row.event.seq, row.event.side, row.event.what) = (seq, Some(Side::Notion), what);
    (row.event.pair, row.event.crm, row.event.field) = (Some(id.pair.clone()), id.crm.clone(), id.field.clone());
    row.title = format!("Line {seq}");
    rig.world.journal.insert(0, row.clone());
    rig.world.snapshot.latest.insert(0, row);
}

#[test]
fn when_all_of_a_commit_is_done_it_is_told_once_what_became_of_it() {
    use crosstie::model::Happening as H;
    let mut rig = on("2", full());
    rig.keys("c c c c c w y");
    let ids: Vec<_> = rig.world.holds[..5].iter().map(|row| row.id.clone()).collect();
    for (seq, (id, what)) in (1_000..).zip(ids.iter().zip([H::Wrote, H::Refused, H::Wrote, H::Wrote, H::Quarantined])) {
        assert!(!rig.screen().contains("of 5 fields"));
        happens(&mut rig, seq, id, what);
        rig.refresh();
    }
    assert!(rig.screen().contains("written: 3 of 5 fields; 2 refused (see Conflicts)"), "{}", rig.screen());
    assert!(!rig.screen().contains("more)"), "what is superseded waits behind nothing: {}", rig.screen());
    assert!(rig.model.expected.is_empty());
}

#[test]
fn a_commit_of_more_lines_than_a_snapshot_tells_is_told_whole() {
    use crosstie::model::Happening as H;
    let mut rig = on("2", full());
    rig.keys("* c w 4 1 y");
    let ids: Vec<_> = rig.world.holds[..41].iter().map(|row| row.id.clone()).collect();
    for (seq, id) in (1_000..).step_by(2).zip(&ids) {
        happens(&mut rig, seq, id, H::Decided);
        happens(&mut rig, seq + 1, id, H::Wrote);
    }
    rig.world.snapshot.latest.truncate(50);
    rig.refresh();
    assert!(rig.screen().contains("written: 41 of 41 fields"), "{}", rig.screen());
    assert!(rig.model.expected.is_empty());
}

#[test]
fn long_questions_are_read_with_every_key_that_goes_through_a_list() {
    let mut rig = on("2", full());
    rig.keys("* c w");
    let top = |rig: &Rig| match rig.model.top() {
        Some(PopupBody::Confirm(confirm)) => confirm.top,
        other => panic!("{other:?}"),
    };
    let left = |rig: &Rig| {
        let screen = rig.screen();
        let at = screen.find(" more lines: j").unwrap_or_else(|| panic!("{screen}"));
        screen[..at].rsplit(' ').next().unwrap().parse::<u16>().unwrap()
    };
    let all = left(&rig);
    for (down, up) in [("pagedown", "pageup"), ("space", "ctrl-u"), ("ctrl-d", "g"), ("space", "home")] {
        rig.keys(down);
        assert!(top(&rig) > 5 && left(&rig) == all - top(&rig), "{down}");
        rig.keys(up);
        assert_eq!((top(&rig), left(&rig)), (0, all), "{up}");
    }
    for end in ["G", "end"] {
        rig.keys(end);
        assert!(!rig.screen().contains("more lines") && rig.screen().contains("Afterwards the journal"), "{end}");
        assert_eq!(top(&rig), all);
        // Nothing that is not there is scrolled through.
        rig.keys("j k");
        assert_eq!(left(&rig), 1, "{}", rig.screen());
        rig.keys("g");
    }
    assert!(rig.told().is_empty());
}

#[test]
fn help_and_notices_are_read_with_the_same_keys() {
    let mut rig = on("2", full());
    rig.keys("? G");
    assert!(rig.screen().contains("prints this list") && !rig.screen().contains("more lines"), "{}", rig.screen());
    rig.keys("k");
    assert!(rig.screen().contains("1 more lines: j"), "{}", rig.screen());
    rig.keys("g G home end pageup");
    let Some(PopupBody::Help(help)) = rig.model.top() else { panic!() };
    assert!(help.top > 0);
    rig.keys("esc 6 v j j v u");
    rig.world.says = Some(crosstie::control::Reply::Refused { why: "because\n".repeat(200) + "the end" });
    rig.keys("y end");
    assert!(rig.screen().contains("the end"), "{}", rig.screen());
    rig.keys("home");
    assert!(!rig.screen().contains("the end"), "{}", rig.screen());
}
