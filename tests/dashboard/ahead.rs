//! Keys that come before the rows that they are about.

use crosstie::control::Reply;
use crosstie::tui::keymap::key::parse_sequence;
use crosstie::tui::keymap::{Code, Key};
use crosstie::tui::model::{Choice, Msg, Page, PopupBody, Waiting};

use crate::fixture::{Rig, full};

/// A dashboard whose engine has not answered since these keys were typed.
fn typed(before: &str, keys: &str) -> Rig {
    let mut rig = Rig::opened((120, 40), full(), before);
    rig.slow = true;
    parse_sequence(keys).unwrap().into_iter().for_each(|key| rig.send(Msg::Key(key)));
    rig
}

fn picker(rig: &Rig) -> Option<String> {
    match rig.model.top() {
        Some(PopupBody::Picker(picker)) => Some(picker.records.filter.text()),
        _ => None,
    }
}

#[test]
fn a_key_after_a_filter_is_about_the_row_that_the_filter_finds() {
    let mut rig = typed("4", "/ V e n u s enter l A d a");
    assert_eq!(picker(&rig), None);
    rig.shows(&["l A d a waits for its rows (esc drops it)"]);
    rig.answer();
    assert_eq!(picker(&rig).as_deref(), Some("Ada"));
    rig.shows(&["Project Venus"]);
    assert!(!rig.screen().contains("waits for"), "{}", rig.screen());
}

#[test]
fn a_pick_after_a_filter_is_none_for_the_row_that_was_there_before() {
    let mut rig = typed("2", "/ D e a l space 1 2 enter c");
    assert!(rig.model.staged.is_empty(), "the old row was picked for");
    rig.answer();
    let picks: Vec<_> =
        rig.model.staged.picks().map(|pick| (pick.item.row.title.clone(), pick.choice.clone())).collect();
    assert_eq!(picks, [("Deal 12".to_owned(), Choice::Force(crosstie::model::Side::Crm))]);
}

#[test]
fn keys_after_that_of_a_page_wait_for_its_first_rows() {
    let mut rig = typed("1", "2 j j");
    assert_eq!(rig.model.holds.at, 0);
    rig.answer();
    assert_eq!((rig.model.page, rig.model.holds.at), (Page::Conflicts, 2));
}

#[test]
fn keys_of_a_sequence_wait_together_and_a_column_waits_for_its_own_rows() {
    let mut rig = typed("2", "/ D e a l enter f n");
    rig.answer();
    assert_eq!(rig.model.staged.picks().count(), 1);
    let mut rig = typed("4", "/ M e r c enter right j j x");
    rig.answer();
    rig.settle();
    rig.shows(&["This edge will be taken away on both sides", "Grace Hopper"]);
}

#[test]
fn keys_wait_for_all_rows_that_are_being_marked() {
    let mut rig = typed("2", "* c");
    rig.answer();
    let all = full().holds.iter().filter(|row| row.decidable).count();
    assert_eq!(rig.model.staged.picks().count(), all);
}

#[test]
fn a_search_that_is_slow_does_not_keep_anybody_from_another_text_another_page_or_the_way_out() {
    let mut rig = typed("6", "/ a d a enter / b");
    assert!(rig.model.typing && rig.model.journal.filter.text() == "adab");
    rig = typed("6", "/ a d a enter 2");
    assert_eq!(rig.model.page, Page::Conflicts);
    rig = typed("6", "/ a d a enter q");
    assert!(rig.quit || !rig.model.popups.is_empty());
}

#[test]
fn escape_drops_keys_that_wait_and_says_so() {
    let mut rig = typed("4", "/ V e n u s enter l A esc");
    rig.shows(&["l A was dropped before its rows came"]);
    rig.answer();
    assert_eq!(picker(&rig), None);
    rig.shows(&["Project Venus"]);
}

#[test]
fn where_no_row_is_found_the_first_key_says_so_and_the_others_do_nothing() {
    let mut rig = typed("2", "/ n o b o d y enter c 4");
    rig.answer();
    assert!(rig.model.staged.is_empty());
    assert_eq!(rig.model.page, Page::Conflicts, "what followed was meant for what the first key would have led to");
    assert!(rig.model.ahead.is_empty());
    let mut rig = typed("4", "/ V e n u s enter l A d a");
    rig.fail();
    assert_eq!(picker(&rig), None);
    rig.shows(&["l A d a was dropped: its rows could not be had"]);
    assert_eq!(rig.model.page, Page::Relations);
}

#[test]
fn where_the_rows_of_a_filter_cannot_be_had_nothing_is_done_to_those_before_it() {
    let mut rig = typed("2", "/ D e a l space 1 2 enter c");
    rig.fail();
    assert!(rig.model.staged.is_empty());
    rig.shows(&["c was dropped: its rows could not be had"]);
}

#[test]
fn a_key_for_the_record_that_is_returned_to_is_none_for_the_next_one() {
    let mut rig = Rig::opened((120, 40), full(), "2 j / D e a l space 1 2");
    rig.slow = true;
    rig.send(Msg::Key(Key::plain(Code::Esc)));
    rig.send(Msg::Key(Key::char('c')));
    // It goes while the operator goes back to it.
    rig.world.holds.remove(1);
    rig.answer();
    assert!(rig.model.staged.is_empty());
    assert!(rig.model.spoken.iter().any(|spoken| spoken.text.contains("the record that it is about has left")));
}

#[test]
fn text_that_is_pasted_behind_a_key_that_waits_goes_where_that_key_leads() {
    let mut rig = typed("4", "/ V e n u s enter l");
    rig.send(Msg::Paste("Ada".into()));
    rig.shows(&["l (pasted text) waits for its rows"]);
    rig.answer();
    assert_eq!(picker(&rig).as_deref(), Some("Ada"));
}

#[test]
fn keys_of_another_alphabet_behind_one_that_is_refused_do_nothing_either() {
    let mut rig = typed("2", "/ n o b o d y enter");
    // The second stands in the place of `c`.
    for key in ['j', '\u{441}', '4'] {
        rig.send(Msg::Key(Key::char(key)));
    }
    rig.answer();
    assert_eq!(rig.model.page, Page::Conflicts);
}

#[test]
fn keys_that_wait_are_no_answer_to_a_question_that_comes_meanwhile() {
    // A question about an edge is on its way when the page is filtered anew.
    let mut rig = typed("4 right j j", "x left / M e r c enter l y");
    rig.answer();
    rig.settle();
    rig.shows(&["This edge will be taken away on both sides"]);
    assert!(rig.told().is_empty(), "{:?}", rig.told());
    // What was refused is told meanwhile, and stays until somebody has read it.
    let mut rig = typed("4", "/ M e r c enter l q");
    let (items, then, records) = (Vec::new(), Vec::new(), Vec::new());
    let command = Waiting::Command { about: Vec::new(), items, then, before: 0, records, edge: None };
    rig.model.waiting.insert(9_999, command);
    rig.send(Msg::Reply { tag: 9_999, result: Ok(Reply::Refused { why: "for a reason".into() }) });
    rig.settle();
    rig.shows(&["That cannot be done", "for a reason"]);
    rig.answer();
    rig.shows(&["That cannot be done", "for a reason"]);
}

#[test]
fn a_filter_takes_no_record_away_and_says_no_such_thing() {
    for keys in ["2 j / D e a l space 1 2 enter", "4 j / M e r c enter", "3 j / O r p h a n space 1 enter"] {
        let rig = Rig::opened((120, 40), full(), keys);
        assert!(!rig.screen().contains("has left this list"), "{}", rig.screen());
    }
}

#[test]
fn nothing_is_sent_while_the_engine_is_not_there_and_what_was_picked_stays() {
    let mut rig = Rig::opened((120, 40), full(), "2 c w");
    rig.model.returns = true;
    rig.send(Msg::Gone("it does not answer".into()));
    rig.keys("y");
    rig.shows(&["is looked for: nothing was sent", "Yes, commit it"]);
    assert!(rig.told().is_empty() && !rig.model.staged.is_empty());
    rig.keys("esc w");
    assert!(rig.model.popups.is_empty() && !rig.model.staged.is_empty());
    rig.send(Msg::Back);
    rig.keys("w y");
    assert_eq!(rig.told().len(), 1);
}
