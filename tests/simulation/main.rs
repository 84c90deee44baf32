//! The simulation: a seed replays to the byte, keeps every promise, and finds bugs that are planted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use crosstie::sim::{Plant, Run, Summary, about, run, shrink};

/// As long as the mistakes and faults of a run need to show; `crosstie simulate` runs many seeds for longer.
fn short(seed: u64) -> Run {
    Run {
        seed,
        lasting: Duration::from_secs(1800),
        until: None,
        plant: None,
        left_out: Default::default(),
        trace: false,
    }
}

#[test]
fn the_same_seed_gives_the_same_worlds_journal_and_memory() {
    let (one, two) = (run(&short(3)).unwrap(), run(&short(3)).unwrap());
    assert_eq!(one, two);
    assert_ne!(one.hash, run(&short(4)).unwrap().hash);
}

#[test]
fn whatever_happens_every_promise_is_kept() {
    let verdicts: Vec<_> = (100..106).map(|seed| run(&short(seed)).unwrap()).collect();
    let summary = Summary::of(&verdicts);
    assert!(summary.violations.is_empty(), "{:#?}", summary.violations);
    assert_eq!(summary.wedges, 0);
    assert!(summary.exposed.1 > 100, "only {} edits", summary.exposed.1);
    assert!(summary.deaths > 0 && summary.faults.len() > 5 && summary.mischief.len() > 5, "{summary:?}");
}

#[test]
fn a_planted_bug_is_found_and_its_run_made_smaller() {
    let plant = Plant::named("refused-as-base").unwrap();
    let bug = Run { plant: Some(plant), ..short(plant.seed()) };
    let shrunk = shrink(&bug).unwrap().expect("the bug is found at its seed");
    assert!(shrunk.run.until.is_some_and(|until| until < bug.lasting), "{:?}", shrunk.run);
    let violation = &shrunk.verdict.violations[0];
    let lines = about(shrunk.verdict.trace.as_ref().unwrap(), &violation.text);
    assert!(!lines.is_empty(), "nothing in the trace is about {}", violation.text);
    assert!(shrink(&Run { plant: None, ..bug }).unwrap().is_none(), "without the bug there is nothing to find");
}

#[test]
fn what_is_left_out_does_not_happen_and_changes_nothing_else() {
    let whole = run(&Run { trace: true, ..short(5) }).unwrap();
    let faults = whole.figures.faults.clone();
    let left_out = faults.keys().map(|name| (*name).to_owned()).collect();
    let without = run(&Run { left_out, ..short(5) }).unwrap();
    let still: Vec<_> = without.figures.faults.keys().filter(|name| faults.contains_key(*name)).collect();
    assert!(!faults.is_empty() && still.is_empty(), "{faults:?} {still:?}");
    assert_eq!(whole.figures.mischief, without.figures.mischief);
}
