//! How fast work gets done within a budget, in virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod many;

use std::process::Command;
use std::sync::LazyLock;

use crosstie::sim::pace::{Comparison, Options, Policy, Row, Work, compare};

/// The default comparison under several seeds, and so at several phases.
static SEEDS: LazyLock<Vec<Comparison>> =
    LazyLock::new(|| (1..=6).map(|seed| compare(&Options { seed, ..Options::default() }).unwrap()).collect());

fn of(comparison: &Comparison, policy: Policy) -> impl Iterator<Item = &Row> {
    comparison.rows.iter().filter(move |row| row.policy == policy)
}

#[test]
fn our_pace_is_close_to_the_limit_and_never_refused() {
    for comparison in &*SEEDS {
        let seed = comparison.seed;
        assert_eq!(of(comparison, Policy::Ours).count(), 4);
        for row in of(comparison, Policy::Ours) {
            let most = if row.work == Work::Creates { 1.05 } else { 1.10 };
            assert!((1.0..=most).contains(&row.ratio), "seed {seed}: {row:?}");
            assert_eq!(row.throttled, 0, "seed {seed}: {row:?}");
            assert_eq!(row.requests, u64::from(comparison.operations * row.work.requests()), "seed {seed}");
            // By the server's own book, and so at every phase that its window could have had.
            assert!(row.peak <= u64::from(row.budget), "seed {seed}: {row:?}");
        }
    }
}

#[test]
fn our_pace_keeps_within_the_budget_when_answers_are_slow_and_uneven() {
    for seed in 1..=6 {
        let options = Options {
            seed,
            operations: 400,
            budgets: vec![60],
            in_flight: 20,
            write_ms: 50..=20_000,
            read_ms: 20..=9_000,
        };
        for row in of(&compare(&options).unwrap(), Policy::Ours) {
            assert!(row.throttled == 0 && row.peak <= 60, "seed {seed}: {row:?}");
        }
    }
}

#[test]
fn the_limit_spends_the_whole_budget_and_nobody_without_a_refusal_beats_it() {
    for comparison in &*SEEDS {
        let seed = comparison.seed;
        for row in of(comparison, Policy::Limit) {
            assert_eq!((row.peak, row.ratio), (u64::from(row.budget), 1.0), "seed {seed}: {row:?}");
        }
        for row in &comparison.rows {
            // Who is refused may have sent more in 60 s than the limit allows itself.
            assert!(row.ratio >= 1.0 || row.throttled > 0, "seed {seed}: {row:?}");
        }
    }
}

#[test]
fn too_fast_a_caller_is_refused_and_slowed() {
    let comparison = compare(&Options { budgets: vec![60], operations: 200, ..Options::default() }).unwrap();
    for policy in [Policy::FixedQueue, Policy::Sequential] {
        for row in of(&comparison, policy) {
            assert!(row.throttled > 0 && row.peak > 60, "{row:?}");
            assert_eq!(row.requests, u64::from(200 * row.work.requests()) + row.throttled, "{row:?}");
        }
    }
}

#[test]
fn the_command_prints_the_same_comparison_for_the_same_seed() {
    let run = Command::new(env!("CARGO_BIN_EXE_crosstie")).args(["simulate", "pace", "--json"]).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let printed: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(printed, serde_json::to_value(&SEEDS[0]).unwrap());
    assert_eq!((&printed["in_flight"], &printed["write_ms"][1]), (&6.into(), &700.into()));
}
