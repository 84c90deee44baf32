//! The simulation: a seed replays to the byte, keeps every promise, and finds bugs that are planted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use crosstie::sim::{Plant, Run, Summary, about, run, shrink};

fn hour(seed: u64) -> Run {
    Run {
        seed,
        lasting: Duration::from_secs(3600),
        until: None,
        plant: None,
        left_out: Default::default(),
        trace: false,
    }
}

#[test]
fn the_same_seed_gives_the_same_worlds_journal_and_memory() {
    for seed in [3, 11] {
        let (one, two) = (run(&hour(seed)).unwrap(), run(&hour(seed)).unwrap());
        assert_eq!(one, two);
        assert_ne!(one.hash, run(&hour(seed + 1)).unwrap().hash);
    }
}

#[test]
fn whatever_happens_every_promise_is_kept() {
    let verdicts: Vec<_> = (100..112).map(|seed| run(&hour(seed)).unwrap()).collect();
    let summary = Summary::of(&verdicts);
    assert!(summary.violations.is_empty(), "{:#?}", summary.violations);
    assert_eq!(summary.wedges, 0);
    assert!(summary.exposed.1 > 300, "only {} edits", summary.exposed.1);
    assert!(summary.deaths > 0 && summary.faults.len() > 5 && summary.mischief.len() > 5, "{summary:?}");
}

#[test]
fn a_planted_bug_is_found_and_its_run_made_smaller() {
    let plant = Plant::named("no-pre-read").unwrap();
    let six = Duration::from_secs(6 * 3600);
    let bug = Run { plant: Some(plant), lasting: six, ..hour(plant.seed()) };
    let shrunk = shrink(&bug).unwrap().expect("the bug is found at its seed");
    assert!(shrunk.run.until.is_some_and(|until| until < six), "{:?}", shrunk.run);
    let violation = &shrunk.verdict.violations[0];
    let lines = about(shrunk.verdict.trace.as_ref().unwrap(), &violation.text);
    assert!(!lines.is_empty(), "nothing in the trace is about {}", violation.text);
    assert!(shrink(&Run { plant: None, ..bug }).unwrap().is_none(), "without the bug there is nothing to find");
}

#[test]
fn what_is_left_out_does_not_happen_and_changes_nothing_else() {
    let whole = run(&Run { trace: true, ..hour(5) }).unwrap();
    let faults = whole.figures.faults.clone();
    let left_out = faults.keys().map(|name| (*name).to_owned()).collect();
    let without = run(&Run { left_out, ..hour(5) }).unwrap();
    assert!(!faults.is_empty() && without.figures.faults.is_empty(), "{faults:?} {:?}", without.figures.faults);
    assert_eq!(whole.figures.mischief, without.figures.mischief);
}
