//! Whatever is typed, in whatever order, on however small a screen, and whatever the engine answers, however late.

mod checks;
mod steps;
mod turns;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use crosstie::tui::model::Msg;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::checks::{Reached, Run};
use self::steps::{Says, steps, world};
use crate::fixture::{Rig, full};

/// How many such evenings: as many as a few seconds hold.
const CASES: u32 = 200;

#[test]
fn nothing_is_decided_without_a_question_that_was_on_screen_and_armed() {
    let reached = Reached::default();
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    // The same evenings every time: how much they meet is asserted below.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let ran = runner.run(&prop::collection::vec(steps(), 1..120), |steps| {
        let rig = Rig::new((80, 24), world());
        let mut run = Run { rig, out: Vec::new(), confirmed: Vec::new(), tags: BTreeSet::new(), reached: &reached };
        for step in steps {
            run.step(step)?;
        }
        run.rig.buffer();
        // Whatever is still out comes at last, and nothing stays waited for.
        while !run.out.is_empty() {
            run.answer(0, Says::Well)?;
            run.rig.ms += 1_000;
            prop_assert!(run.tags.len() < 100_000, "it asks for ever");
        }
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
    let got = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    let met = [&reached.told, &reached.demanded, &reached.several, &reached.sent_again, &reached.without_question];
    let met = met.map(got);
    assert!(met.iter().all(|met| *met >= 3), "too little was met to prove anything: {met:?}");
    assert!(got(&reached.waited) >= 3, "keys waited for their rows {} times", got(&reached.waited));
    assert!(got(&reached.notices) >= 3, "keys met {} notices that were just opened", got(&reached.notices));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

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
