//! What is told to the engine, and what must happen before.

use crosstie::control::{Command, Query, Reply, Resolution};
use crosstie::model::{HoldId, RecordRef, Shown, Side, TieId};
use crosstie::tui::action::Action;
use crosstie::tui::keymap::{Key, Keymap, PRESETS};
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
    let link = Command::Link { pair: "contacts".into(), crm: "31".into(), notion: "page-1".into() };
    assert_eq!(rig.told(), [link]);
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
    assert_eq!(rig.told(), [Command::CreateCounterpart { record }]);
    let mut rig = on("3");
    rig.keys("j +");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("cannot be created"), "{}", rig.screen());
}

#[test]
fn marked_orphans_are_ignored_together() {
    let mut rig = on("3");
    rig.keys("space space i y");
    assert_eq!(rig.told().len(), 2);
    assert!(rig.told().iter().all(|command| matches!(command, Command::IgnoreOrphan { .. })));
}

#[test]
fn an_edge_is_taken_away_only_after_a_question() {
    let mut rig = on("4");
    rig.keys("x");
    assert!(rig.told().is_empty() && rig.screen().contains("both records stay"), "{}", rig.screen());
    rig.keys("y");
    let tie = |pair: &str, id: &str| TieId { pair: pair.into(), crm: id.into() };
    let (owner, target) = (tie("deals", "1"), tie("contacts", "9"));
    assert_eq!(rig.told(), [Command::Relate { owner, field: "CONTACTS".into(), target, linked: false }]);
}

#[test]
fn a_new_edge_goes_from_an_owner_to_a_target_of_the_related_pair() {
    let mut rig = on("4");
    rig.keys("+ down enter");
    let Some(PopupBody::Picker(picker)) = rig.model.top() else { panic!() };
    assert_eq!(picker.sources[picker.source].0, "contacts", "known from the edges of this field");
    rig.keys("enter y");
    let tie = |pair: &str, id: &str| TieId { pair: pair.into(), crm: id.into() };
    let (owner, target) = (tie("deals", "2"), tie("contacts", "31"));
    assert_eq!(rig.told(), [Command::Relate { owner, field: "CONTACTS".into(), target, linked: true }]);
}

#[test]
fn a_review_is_approved_and_a_guard_overridden_with_what_was_shown() {
    let mut rig = on("1");
    rig.keys("k a");
    assert!(rig.screen().contains("Start keeping deals in step"), "the first that waits:\n{}", rig.screen());
    assert!(rig.screen().contains("100 records were matched"), "{}", rig.screen());
    rig.keys("y j o y");
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
