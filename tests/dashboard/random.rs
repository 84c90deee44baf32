//! Whatever is typed, in whatever order, on however small a screen.

use crosstie::control::Command;
use crosstie::tui::keymap::{Code, Key};
use crosstie::tui::model::{Effect, Msg, PopupBody};
use crosstie::tui::update::update;
use proptest::prelude::*;

use crate::fixture::{Rig, at, full};

#[derive(Debug, Clone)]
enum Step {
    Key(Key),
    Paste(String),
    Size(u16, u16),
    Wait(u64),
    Draw,
    News,
    Shuffle(usize),
}

fn steps() -> impl Strategy<Value = Step> {
    let keys = prop::sample::select(
        "fcnkyeaxltioqjkG1234456789/ rzUJ?wvubsN*:pLm=+"
            .chars()
            .map(Key::char)
            .chain([
                Key::plain(Code::Enter),
                Key::plain(Code::Esc),
                Key::plain(Code::Tab),
                Key::plain(Code::Down),
                Key::plain(Code::Left),
                Key::plain(Code::Right),
                Key { ctrl: true, ..Key::char('o') },
            ])
            .collect::<Vec<_>>(),
    );
    prop_oneof![
        12 => keys.prop_map(Step::Key),
        1 => "[a-z\n\u{1b}]{0,5}".prop_map(Step::Paste),
        1 => (0_u16..4, 0_u16..4).prop_map(|(w, h)| Step::Size(w, h)),
        2 => prop::sample::select(vec![(80, 24), (60, 16), (100, 30), (200, 60)]).prop_map(|(w, h)| Step::Size(w, h)),
        3 => (0_u64..600).prop_map(Step::Wait),
        6 => Just(Step::Draw),
        2 => Just(Step::News),
        1 => (0_usize..40).prop_map(Step::Shuffle),
    ]
}

/// What does not change either system may be told without a question.
fn is_harmless(command: &Command) -> bool {
    matches!(command, Command::Refresh | Command::Retry { .. } | Command::UnignoreOrphan { .. })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_decided_without_a_question_that_was_on_screen_and_armed(
        steps in prop::collection::vec(steps(), 1..120)
    ) {
        let mut rig = Rig::new((80, 24), full());
        for step in steps {
            let msg = match step {
                Step::Key(key) => Msg::Key(key),
                Step::Paste(text) => Msg::Paste(text),
                Step::Size(width, height) => Msg::Resize(width, height),
                Step::Wait(ms) => {
                    rig.ms += ms;
                    Msg::Tick { now: at(0), ms: rig.ms }
                }
                Step::Draw => {
                    rig.buffer();
                    Msg::Drawn { popup: rig.model.popups.last().map(|popup| popup.serial) }
                }
                Step::News => {
                    rig.world.snapshot.version += 1;
                    Msg::Snapshot(std::sync::Arc::new(rig.world.snapshot.clone()))
                }
                Step::Shuffle(by) => {
                    rig.world.holds.rotate_left(by);
                    rig.world.snapshot.version += 1;
                    Msg::Snapshot(std::sync::Arc::new(rig.world.snapshot.clone()))
                }
            };
            let mut effects = update(&mut rig.model, Msg::Tick { now: at(0), ms: rig.ms });
            let before = rig.model.popups.last().cloned();
            let is_key = matches!(msg, Msg::Key(_));
            let moves = matches!(msg, Msg::Key(_) | Msg::Answer { .. } | Msg::Reply { .. });
            let on = rig.model.holds.on.clone();
            effects.extend(update(&mut rig.model, msg));
            while let Some(effect) = (!effects.is_empty()).then(|| effects.remove(0)) {
                match effect {
                    Effect::Query { tag, query } => {
                        let result = Ok(rig.world.answer(&query));
                        effects.extend(update(&mut rig.model, Msg::Answer { tag, result }));
                    }
                    Effect::Command { tag, command } => {
                        prop_assert!(!rig.model.read_only || command == Command::Refresh, "read-only: {:?}", command);
                        if !is_harmless(&command) {
                            prop_assert!(is_key, "only a key answers");
                            let Some(popup) = &before else { panic!("{command:?} without a question") };
                            let PopupBody::Confirm(confirm) = &popup.body else { panic!("{command:?} without a question") };
                            prop_assert!(popup.drawn.is_some_and(|drawn| rig.ms >= drawn + 300));
                            prop_assert!(confirm.commands.contains(&command), "it does what it said");
                            let met = confirm.demand.as_ref().is_none_or(|demand| demand.is_met());
                            prop_assert!(met, "the count was typed");
                            let items = if let Command::Resolve { items } = &command { items.len() } else { 1 };
                            prop_assert!(items <= 20 || confirm.demand.is_some(), "much wants its count typed");
                        }
                        let reply = rig.world.tell("anna", command);
                        effects.extend(update(&mut rig.model, Msg::Reply { tag, result: Ok(reply) }));
                    }
                    Effect::Quit | Effect::Redraw | Effect::Copy(_) | Effect::Suspend => {}
                }
            }
            rig.buffer();
            let holds = &rig.model.holds;
            if let Some(current) = holds.current() {
                prop_assert_eq!(holds.on.as_ref(), Some(&current.row.id));
            }
            // News alone never move the cursor off its record, unless that is gone.
            if !moves && let Some(id) = &on {
                let there = rig.world.holds.iter().any(|row| row.id == *id);
                prop_assert!(!there || holds.on.as_ref().is_none_or(|now| now == id), "{:?} is not {:?}", holds.on, id);
            }
            prop_assert!(holds.at == 0 || holds.at < holds.total.unwrap_or(0));
            prop_assert!(rig.model.waiting.is_empty());
        }
    }

    #[test]
    fn no_size_breaks_any_page(width in 0_u16..260, height in 0_u16..80, page in "[1-9]", extra in "(enter|f|e|\\?|l|c w|:|v)?") {
        let mut rig = Rig::new((80, 24), full());
        rig.keys(&page);
        if !extra.is_empty() {
            rig.keys(&extra);
        }
        rig.send(Msg::Resize(width, height));
        prop_assert_eq!(rig.buffer().area.width, width);
    }
}
