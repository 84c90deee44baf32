//! A question stands between a key and a command: it was on screen, long enough, and by default its answer is no.

use crosstie::control::{Command, Reply, Resolution};
use crosstie::model::Side;
use crosstie::tui::action::Action;
use crosstie::tui::keymap::{Code, Key, Keymap, PRESETS};
use crosstie::tui::model::{Effect, Msg, PopupBody};

use super::shown;
use crate::fixture::{Rig, full, on};

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
fn escape_never_quits() {
    let mut rig = on("2");
    rig.keys("esc esc esc esc");
    assert!(!rig.quit);
}
