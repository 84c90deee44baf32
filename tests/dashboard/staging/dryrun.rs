//! A dry run comes before anything is written, and one that has moved stops nothing else.

use crosstie::control::{Command, Reply};
use crosstie::tui::model::{Msg, PopupBody};

use super::{committed, hundred};
use crate::fixture::{Rig, full, on};

#[test]
fn one_that_has_moved_is_shown_again_and_the_rest_of_what_was_confirmed_goes_on() {
    let mut rig = on("2");
    rig.keys("c c c");
    let id = rig.world.holds[1].id.clone();
    rig.world.says = Some(Reply::Changed { ids: vec![id.clone()], note: "changed since you looked".into() });
    rig.keys("w y");
    assert_eq!(rig.model.holds.current().unwrap().row.id, id);
    let told = rig.told();
    assert_eq!(told.len(), 2, "all three, and then the other two without being asked again");
    let Command::Resolve { items } = &told[1] else { panic!("{told:?}") };
    assert!(items.len() == 2 && items.iter().all(|item| *item.id() != id), "{items:?}");
    assert!(rig.model.staged.is_empty());
    // An engine that says of all of them that they moved, or does not say which, is not asked again.
    for (moved, left) in [(2, 0), (0, 2)] {
        let mut rig = on("2");
        rig.keys("c c");
        let ids: Vec<_> = rig.world.holds[..moved].iter().map(|row| row.id.clone()).collect();
        rig.world.says = Some(Reply::Changed { ids, note: "changed since you looked".into() });
        rig.keys("w y");
        assert_eq!((rig.told().len(), rig.model.staged.len()), (1, left));
    }
}

#[test]
fn what_the_engine_would_refuse_is_shown_first_with_the_reason_and_stops_nothing_else() {
    let mut rig = Rig::new((100, 40), hundred());
    let id = rig.world.holds[7].id.clone();
    rig.world.refuses.insert(id.clone(), "the field goes one way only; Notion cannot be written".into());
    rig.keys("2 * m c w");
    let screen = rig.screen();
    let told = screen.find("1 cannot be written, and stays picked").unwrap();
    let (heading, why) = (screen.find("Deal 7 / stage").unwrap(), screen.find("goes one way only").unwrap());
    let others = screen.find("CRM (wins)").unwrap();
    assert!(told < heading && heading < why && why < others && screen.contains("59 fields: 59 CRM"), "{screen}");
    rig.keys("5 9 y");
    assert_eq!(committed(&rig).len(), 59, "{:?}", rig.told());
    assert!(committed(&rig).iter().all(|item| *item.id() != id));
    let left: Vec<_> = rig.model.staged.picks().map(|pick| pick.item.row.id.clone()).collect();
    assert_eq!(left, [id], "it stays picked");
}

#[test]
fn a_dry_run_of_what_the_engine_refuses_altogether_offers_nothing_to_commit() {
    let mut rig = on("2");
    rig.world.refuses.insert(rig.world.holds[0].id.clone(), "no such option in Notion".into());
    rig.keys("c w");
    let screen = rig.screen();
    assert!(matches!(rig.model.top(), Some(PopupBody::Notice(_))) && screen.contains("no such option"), "{screen}");
    rig.keys("y esc");
    assert!(rig.told().is_empty() && rig.model.staged.len() == 1);
}

#[test]
fn a_dry_run_says_what_is_written_where_and_what_it_waits_for() {
    let mut rig = Rig::new((100, 40), full());
    rig.world.waits = "until deals is resumed, paused by berta".into();
    rig.keys("2 c e ctrl-o w");
    let screen = rig.screen();
    assert!(screen.contains("Notion (will be overwritten): 150 EUR"), "{screen}");
    assert!(screen.contains("CRM (stays): 200 EUR"), "the text that was not edited is the CRM's already: {screen}");
    assert!(screen.contains("it waits until deals is resumed, paused by berta"), "{screen}");
}

#[test]
fn a_dry_run_takes_no_answer_before_the_engine_has_said_everything() {
    use crosstie::control::DeskError;
    use crosstie::tui::model::Effect;
    use crosstie::tui::update::update;
    let mut rig = Rig::new((100, 40), hundred());
    rig.keys("2 c c");
    let effects = update(&mut rig.model, Msg::Key(crosstie::tui::keymap::Key::char('w')));
    let Some(Effect::Query { tag, query }) = effects.first().cloned() else { panic!("{effects:?}") };
    rig.settle();
    rig.keys("y tab enter");
    assert!(rig.told().is_empty() && rig.screen().contains("asking the engine"), "{}", rig.screen());
    let answer = rig.world.answer(&query);
    update(&mut rig.model, Msg::Answer { tag, result: Ok(answer), took: 0 });
    rig.send(Msg::Key(crosstie::tui::keymap::Key::char('y')));
    assert!(rig.told().is_empty(), "what it says was not on screen yet");
    rig.settle();
    rig.keys("y");
    assert_eq!(committed(&rig).len(), 2);
    // An engine that cannot be asked beforehand is told all the same, and the operator knows.
    rig.keys("c");
    let effects = update(&mut rig.model, Msg::Key(crosstie::tui::keymap::Key::char('w')));
    let Some(Effect::Query { tag, .. }) = effects.first().cloned() else { panic!("{effects:?}") };
    let error = DeskError::Protocol("unknown variant `preview`".into());
    update(&mut rig.model, Msg::Answer { tag, result: Err(error), took: 0 });
    rig.settle();
    assert!(rig.screen().contains("did not say beforehand"), "{}", rig.screen());
    rig.keys("y");
    assert_eq!(committed(&rig).len(), 3);
}

#[test]
fn a_pick_that_moved_is_found_by_the_dry_run_and_shown_again() {
    let mut rig = on("2");
    rig.keys("c c c");
    rig.world.holds[1].notion.digest = "moved".into();
    rig.keys("w");
    let screen = rig.screen();
    assert!(screen.contains("1 changed since you looked") && screen.contains("2 fields: 2 CRM"), "{screen}");
    rig.keys("y");
    assert_eq!(committed(&rig).len(), 2);
    assert!(rig.model.staged.is_empty() && rig.model.moved == [rig.world.holds[1].id.clone()]);
}
