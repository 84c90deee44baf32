//! What is told to the engine, and what must happen before.

use crosstie::control::{Command, Query, Reply, Resolution};
use crosstie::model::{HoldId, RecordRef, Shown, Side, TieId};
use crosstie::tui::action::Action;
use crosstie::tui::keymap::{Code, Key, Keymap, PRESETS};
use crosstie::tui::model::{Effect, Msg, Page, PopupBody};

use crate::fixture::{Rig, full, hold};

fn on(page: &str) -> Rig {
    let mut rig = Rig::new((80, 24), full());
    rig.keys(page);
    rig
}

fn shown(crm: &str, notion: &str) -> Shown {
    Shown { crm: format!("digest of {crm}"), notion: format!("digest of {notion}") }
}

#[test]
fn force_carries_the_digests_that_were_shown() {
    let mut rig = on("2");
    rig.keys("f c");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("1 staged: 1 CRM"), "{}", rig.screen());
    rig.keys("w");
    assert!(rig.told().is_empty(), "a question comes first");
    assert!(rig.screen().contains("Notion (will be overwritten): 150 EUR"), "{}", rig.screen());
    rig.keys("y");
    let item =
        Resolution::Force { id: rig.world.holds[0].id.clone(), shown: shown("100 EUR", "150 EUR"), side: Side::Crm };
    assert_eq!(rig.told(), [Command::Resolve { items: vec![item] }]);
    assert!(rig.screen().contains("on its way"));
}

#[test]
fn a_question_answers_no_by_default() {
    for answer in ["enter", "esc", "n", "q"] {
        let mut rig = on("2");
        rig.keys("f n w");
        assert!(matches!(rig.model.top(), Some(PopupBody::Confirm(_))));
        rig.keys(answer);
        assert!(rig.told().is_empty() && rig.model.popups.is_empty() && !rig.quit, "{answer}");
        assert_eq!(rig.model.staged.len(), 1, "what was picked stays picked");
    }
    let mut rig = on("2");
    rig.keys("f n w tab enter");
    assert_eq!(rig.told().len(), 1, "the other button was chosen on purpose");
}

#[test]
fn keys_typed_before_the_question_was_on_screen_do_not_answer_it() {
    let mut rig = on("2");
    for key in "fcwyy".chars() {
        rig.send(Msg::Key(Key::char(key)));
    }
    assert!(rig.told().is_empty() && rig.model.popups.len() == 1);
    let popup = Some(rig.model.popups[0].serial);
    rig.send(Msg::Drawn { popup });
    rig.ms += 299;
    rig.send(Msg::Key(Key::char('y')));
    assert!(rig.told().is_empty(), "it was on screen for too short a time to be read");
    rig.ms += 1;
    rig.send(Msg::Key(Key::char('y')));
    assert_eq!(rig.told().len(), 1);
}

#[test]
fn a_frame_with_another_popup_does_not_arm_the_question() {
    let mut rig = on("2");
    rig.send(Msg::Key(Key::char('f')));
    rig.send(Msg::Key(Key::char('c')));
    rig.send(Msg::Key(Key::char('w')));
    rig.send(Msg::Drawn { popup: None });
    rig.send(Msg::Drawn { popup: Some(9_999) });
    rig.ms += 5_000;
    rig.send(Msg::Key(Key::char('y')));
    assert!(rig.told().is_empty());
}

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
fn an_open_question_stays_about_what_it_shows_when_rows_move() {
    let mut rig = on("2");
    rig.keys("f c w");
    let meant = rig.world.holds[0].clone();
    rig.world.holds.remove(0);
    rig.world.holds[0].crm.digest = "other".into();
    rig.refresh();
    rig.keys("y");
    let Command::Resolve { items } = rig.told()[0].clone() else { panic!() };
    assert_eq!((items[0].id(), items[0].shown()), (&meant.id, &shown("100 EUR", "150 EUR")));
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
fn a_refusal_is_shown_whole() {
    let mut rig = on("2");
    rig.world.says =
        Some(Reply::Refused { why: "The token cannot write.\nShare the page with the integration.".into() });
    rig.keys("f c w y");
    let screen = rig.screen();
    assert!(screen.contains("The token cannot write.") && screen.contains("Share the page"), "{screen}");
    rig.keys("esc");
    assert!(rig.model.popups.is_empty());
}

#[test]
fn a_notice_that_comes_while_somebody_types_is_not_closed_by_what_they_typed() {
    use crosstie::control::DeskError;
    use crosstie::tui::update::update;
    for key in [Key::char('q'), Key::plain(Code::Enter), Key::plain(Code::Esc), Key::char('?')] {
        let mut rig = on("2");
        rig.keys("c w");
        // The answer to what is committed is late, and the operator opens the editor of the next field meanwhile.
        let effects = update(&mut rig.model, Msg::Key(Key::char('y')));
        let Some(Effect::Command { tag, .. }) = effects.first() else { panic!("{effects:?}") };
        rig.keys("e");
        update(&mut rig.model, Msg::Reply { tag: *tag, result: Err(DeskError::Gone("socket closed".into())) });
        assert!(matches!(rig.model.top(), Some(PopupBody::Notice(_))));
        rig.send(Msg::Key(key));
        assert!(matches!(rig.model.top(), Some(PopupBody::Notice(_))), "{key:?} closed it before it was on screen");
        rig.settle();
        rig.send(Msg::Key(key));
        assert!(matches!(rig.model.top(), Some(PopupBody::Edit(_))), "{key:?} closes it once it can have been read");
    }
}

#[test]
fn a_question_that_a_notice_lay_over_is_not_answered_by_what_was_typed_for_the_notice() {
    use crosstie::control::DeskError;
    use crosstie::tui::update::update;
    let mut rig = on("2");
    rig.keys("c w");
    let effects = update(&mut rig.model, Msg::Key(Key::char('y')));
    let Some(Effect::Command { tag, .. }) = effects.first() else { panic!("{effects:?}") };
    rig.keys("3 i");
    update(&mut rig.model, Msg::Reply { tag: *tag, result: Err(DeskError::Gone("socket closed".into())) });
    rig.settle();
    rig.send(Msg::Key(Key::char('q')));
    rig.send(Msg::Key(Key::char('y')));
    assert!(rig.told().is_empty() && matches!(rig.model.top(), Some(PopupBody::Confirm(_))));
    rig.settle();
    rig.send(Msg::Key(Key::char('y')));
    assert_eq!(rig.told().len(), 1);
}

#[test]
fn what_cannot_be_decided_says_why() {
    let mut rig = on("2");
    rig.keys("G f c");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("no values to choose from"), "{}", rig.screen());
    rig.keys("t");
    assert_eq!(rig.told(), [Command::Retry { id: rig.world.holds[41].id.clone() }]);
}

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

#[test]
fn pasted_text_is_never_a_command() {
    for page in ["1", "2", "3", "4", "5", "6"] {
        let mut rig = on(page);
        rig.send(Msg::Paste("fcyq\n".into()));
        assert!(rig.told().is_empty() && !rig.quit && rig.model.popups.is_empty());
        assert!(rig.screen().contains("pasted text is taken in text fields only"));
    }
    let mut rig = on("2");
    rig.keys("f c w");
    rig.send(Msg::Paste("y".into()));
    assert!(rig.told().is_empty());
}

#[test]
fn a_filter_is_asked_of_the_engine_and_escape_clears_it() {
    let mut rig = on("2");
    rig.keys("/ n a m e enter");
    assert_eq!(rig.model.holds.rows.len(), 1);
    assert!(rig.screen().contains("/name"), "{}", rig.screen());
    rig.keys("esc");
    assert_eq!(rig.model.holds.total, Some(42));
}

#[test]
fn no_more_rows_are_asked_for_than_a_window() {
    let mut rig = Rig::new((200, 60), full());
    rig.keys("6 G ctrl-u g g 2 G");
    let limits = rig.effects.iter().filter_map(|effect| match effect {
        Effect::Query { query: Query { limit, .. }, .. } => Some(*limit),
        _ => None,
    });
    assert!(limits.max().unwrap() <= 500);
    assert_eq!(rig.model.page, Page::Conflicts);
    assert_eq!(rig.model.in_flight(), 0);
}

#[test]
fn a_lost_answer_does_not_ask_for_ever_and_says_so() {
    let mut rig = Rig::new((80, 24), full());
    let tag = {
        let effects = crosstie::tui::update::update(&mut rig.model, Msg::Key(Key::char('2')));
        let Some(Effect::Query { tag, .. }) = effects.first() else { panic!("{effects:?}") };
        *tag
    };
    let gone = crosstie::control::DeskError::Gone("socket closed".into());
    let more = crosstie::tui::update::update(&mut rig.model, Msg::Answer { tag, result: Err(gone) });
    assert_eq!(more, [], "it asks again when something changes");
    assert!(rig.screen().contains("cannot be shown"), "{}", rig.screen());
    let id: Option<HoldId> = rig.model.holds.on.clone();
    assert_eq!(id, None);
}

#[test]
fn every_preset_leads_from_the_first_screen_to_a_decision() {
    for (preset, _) in PRESETS {
        let mut rig = Rig::new((80, 24), full());
        let keymap = Keymap::preset(preset).unwrap();
        let path =
            [Action::PageConflicts, Action::ForceNotion, Action::Commit, Action::ConfirmSwitch, Action::ConfirmPress];
        let keys = path.map(|action| keymap.keys_of(action)[0].clone());
        rig.model.keymap = std::sync::Arc::new(keymap);
        for keys in keys {
            rig.keys(&keys);
        }
        assert_eq!(rig.told().len(), 1, "{preset}");
    }
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
    assert!(rig.told().is_empty() && rig.screen().contains("type 22 first"), "{}", rig.screen());
    rig.keys("2 2 y");
    assert_eq!(rig.told().len(), 22, "the conflicts among the marked ones need a decision");
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

#[test]
fn ctrl_c_always_leaves() {
    for keys in ["", "2 f", "2 f c", "2 f c w", "2 e", "2 /", "3 l", "?"] {
        let mut rig = Rig::new((80, 24), full());
        if !keys.is_empty() {
            rig.keys(keys);
        }
        rig.send(Msg::Key(Key::HARD_EXIT));
        assert!(rig.quit, "{keys}");
    }
}

#[test]
fn commands_work_on_a_russian_keyboard_and_text_stays_russian() {
    let mut rig = on("2");
    rig.keys("о а т ц");
    assert!(matches!(rig.model.top(), Some(PopupBody::Confirm(_))));
    rig.keys("н");
    assert_eq!(rig.told().len(), 1);
    rig.keys("/ о");
    assert_eq!(rig.model.holds.filter.text(), "о");
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
fn escape_never_quits() {
    let mut rig = on("2");
    rig.keys("esc esc esc esc");
    assert!(!rig.quit);
}
