//! Edges between records, whole pairs, and what comes too late for either.

use crosstie::control::{Command, Reply};
use crosstie::model::TieId;
use crosstie::tui::keymap::Key;
use crosstie::tui::model::{Effect, Msg, Page, PopupBody};

use crate::fixture::{Rig, full, on};

#[test]
fn an_edge_is_taken_away_only_after_a_question() {
    let mut rig = on("4");
    rig.keys("right down x");
    assert!(rig.told().is_empty() && rig.screen().contains("both records stay"), "{}", rig.screen());
    rig.keys("y");
    let tie = |pair: &str, id: &str| TieId { pair: pair.into(), crm: id.into() };
    let (owner, target) = (tie("deals", "1"), tie("contacts", "9"));
    let shown = rig.world.relations[1].shown.clone();
    assert!(shown.is_some(), "it is bound to the links that were shown");
    let field = "CONTACTS".into();
    assert_eq!(rig.told(), [Command::Relate { owner, field, target, linked: false, instead_of: None, shown }]);
}

#[test]
fn a_new_edge_goes_from_an_owner_to_a_target_of_the_related_pair() {
    let mut rig = on("4");
    rig.keys("+ down enter");
    let Some(PopupBody::Picker(picker)) = rig.model.top() else { panic!() };
    assert_eq!(picker.sources[picker.source].0, "contacts", "known from the roles");
    rig.keys("enter");
    assert!(rig.screen().contains("As what is Ada Lovelace linked to Project Venus?"), "{}", rig.screen());
    rig.keys("down enter y");
    let tie = |pair: &str, id: &str| TieId { pair: pair.into(), crm: id.into() };
    let (owner, target) = (tie("deals", "2"), tie("contacts", "31"));
    let (field, shown) = ("CONTACTS".into(), rig.world.relations[5].shown.clone());
    assert_eq!(rig.told(), [Command::Relate { owner, field, target, linked: true, instead_of: None, shown }]);
}

#[test]
fn a_word_that_came_too_late_brings_the_cursor_back_to_what_it_was_about() {
    use crosstie::tui::update::update;
    for (keys, page) in [("3 i", Page::Orphans), ("4 right down x", Page::Relations)] {
        let mut rig = on(keys.split(' ').next().unwrap());
        rig.keys(keys);
        let effects = update(&mut rig.model, Msg::Key(Key::char('y')));
        let Some(Effect::Command { tag, .. }) = effects.first() else { panic!("{effects:?}") };
        rig.keys("j j");
        let note = "changed since you looked: the record was edited".to_owned();
        let reply = Reply::Changed { ids: Vec::new(), note };
        rig.send(Msg::Reply { tag: *tag, result: Ok(reply) });
        let at = if page == Page::Orphans { rig.model.orphans.at } else { rig.model.relations.at };
        assert_eq!((rig.model.page, at), (page, u64::from(page == Page::Relations)), "{keys}: it is shown again");
    }
}

#[test]
fn a_review_is_approved_and_a_guard_overridden_with_what_was_shown() {
    let mut rig = on("1");
    rig.keys("k a");
    assert!(rig.screen().contains("Start keeping deals in step"), "the first that waits:\n{}", rig.screen());
    assert!(rig.screen().contains("100 records were matched"), "{}", rig.screen());
    rig.keys("y");
    assert!(rig.told().is_empty() && rig.screen().contains("type 111 first"), "{}", rig.screen());
    rig.keys("1 1 1 y");
    assert_eq!(rig.told().len(), 1, "100 are tied, and 11 have no counterpart yet");
    rig.keys("j o y");
    assert!(rig.told().len() == 1 && rig.screen().contains("type 412 first"), "{}", rig.screen());
    rig.keys("4 1 2 y");
    let over = Command::Override { pair: "projects".into(), plan: "p1".into() };
    assert_eq!(rig.told(), [Command::Approve { pair: "deals".into() }, over]);
}

#[test]
fn approving_and_letting_happen_go_to_the_pair_that_waits_for_it() {
    for (pair, keys, meant) in [("projects", "a", "deals"), ("contacts", "o", "projects"), ("deals", "o", "projects")] {
        let mut rig = Rig::new((120, 40), full());
        rig.model.pair = Some(pair.into());
        rig.keys(keys);
        assert_eq!(rig.model.pair.as_ref().map(|name| name.as_str()), Some(meant), "`{keys}` on {pair}");
        assert!(rig.told().is_empty(), "it is asked about first");
        let Some(PopupBody::Confirm(confirm)) = rig.model.top() else { panic!("{}", rig.screen()) };
        let count = confirm.demand.as_ref().map(|demand| demand.wanted.clone()).unwrap_or_default();
        count.chars().for_each(|digit| rig.keys(&digit.to_string()));
        rig.keys("y");
        match &rig.told()[..] {
            [Command::Approve { pair } | Command::Override { pair, .. }] => assert_eq!(pair.as_str(), meant),
            told => panic!("{told:?}"),
        }
    }
}

#[test]
fn a_question_about_a_pair_is_withdrawn_when_its_counts_move() {
    let mut rig = on("1");
    rig.keys("a");
    let state = &mut rig.world.snapshot.pairs[1].state;
    let crosstie::control::PairState::Review { sure, .. } = state else { panic!() };
    *sure += 1;
    rig.refresh();
    assert!(rig.model.popups.is_empty() && rig.screen().contains("changed since you looked"), "{}", rig.screen());
    rig.keys("y");
    assert!(rig.told().is_empty());
}
