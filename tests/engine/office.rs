//! A whole pretend office at work while answers are lost, requests come late and the process dies; then the auditor
//! accounts for every edit from the worlds' own logs. `CROSSTIE_SEEDS=20..60` tries other seeds, and so does
//! `crosstie simulate`.

use std::time::Duration;

use crosstie::seam::Response;
use crosstie::sim::audit::{Case, Report, audit};
use crosstie::sim::brisk;
use crosstie::standin::StandIn;
use crosstie::standin::office::{Office, Options};
use serde_json::json;

use crate::harness::{Bench, Plan};
use crate::wire::Fate;

/// How people work, and what goes wrong meanwhile.
struct Day {
    seed: u64,
    /// Edits a minute and side.
    rate: u32,
    /// In ten thousand requests.
    trouble: u32,
    /// Seconds between two crashes.
    crashes: Option<u64>,
}

async fn work(day: &Day) -> Report {
    let options = Options { crm_per_minute: day.rate, notion_per_minute: day.rate, ..Options::default() };
    let mut office = Office::new(day.seed, options).unwrap();
    let mut bench = Bench::furnished(&office, Plan { timing: brisk(), ..Plan::default() });
    let began = bench.now();
    bench.start().await;
    let (mut chance, trouble) = (fastrand::Rng::with_seed(day.seed), day.trouble);
    bench.faults(move |_| {
        if chance.u32(..10_000) >= trouble {
            return Fate::Pass;
        }
        match chance.u32(..6) {
            0 => Fate::LostAnswer,
            1 => Fate::LostRequest,
            2 => Fate::NotSent,
            3 => Fate::LateAndLost(Duration::from_millis(chance.u64(..50_000))),
            4 => Fate::SlowAnswer(Duration::from_millis(chance.u64(..20_000))),
            _ => Fate::Instead(Response::json(
                500,
                &json!({"object": "error", "status": 500, "code": "internal_server_error",
                "message": "Unexpected error occurred.", "error": "INTERNAL_SERVER_ERROR", "error_description": "x"}),
            )),
        }
    });
    for step in 1..=1200_u64 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        office.act(bench.now());
        if day.crashes.is_some_and(|every| step % (every * 20) == 0) {
            bench.crash().await;
            bench.start().await;
        }
    }
    office.stop();
    bench.no_faults();
    // Long enough for every probe of a create that never happened, and for retries.
    for _ in 0..3 {
        bench.settle().await;
        bench.pass(60).await;
    }
    let claims = bench.claims_from(0).await;
    let crm = bench.wires.crm.lock().unwrap();
    let notion = bench.wires.notion.lock().unwrap();
    let report = audit(&Case {
        pairs: &bench.specs,
        crm: &crm,
        notion: &notion,
        claims: &claims,
        began,
        index_lag: Default::default(),
        remember_gone: jiff::SignedDuration::MAX,
        leaps: &[],
        downs: &[],
    });
    if !report.is_clean() {
        let told = crm.log().iter().chain(notion.log()).map(|entry| (entry.at, serde_json::to_string(entry).unwrap()));
        let told = told.chain(claims.journal.iter().map(|event| (event.at, serde_json::to_string(event).unwrap())));
        let mut lines: Vec<String> = told.map(|(at, line)| format!("{at} {line}")).collect();
        lines.sort();
        let path = std::env::temp_dir().join(format!("crosstie-day-{}-{}.txt", day.seed, day.trouble));
        std::fs::write(&path, lines.join("\n")).unwrap();
        eprintln!("seed {}: both worlds' logs and the journal are in {}", day.seed, path.display());
    }
    report
}

fn seeds(default: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("CROSSTIE_SEEDS") else { return default };
    let (from, to) = text.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}

async fn days(seeds: std::ops::Range<u64>, day: impl Fn(u64) -> Day) {
    let mut bad = Vec::new();
    for seed in seeds {
        let report = work(&day(seed)).await;
        assert!(report.total() >= 100, "seed {seed}: only {} edits", report.total());
        bad.extend(report.troubles.iter().map(|it| format!("seed {seed}: {:?} {}", it.kind, it.text)));
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn on_a_good_day_every_edit_is_accounted_for() {
    days(seeds(1..2), |seed| Day { seed, rate: 120, trouble: 0, crashes: None }).await;
}

#[tokio::test(start_paused = true)]
async fn lost_and_late_answers_lose_no_edit_and_double_nothing() {
    days(seeds(1..2), |seed| Day { seed, rate: 120, trouble: 300, crashes: None }).await;
}

#[tokio::test(start_paused = true)]
async fn crashes_amid_lost_and_late_answers_lose_no_edit_and_double_nothing() {
    days(seeds(1..2), |seed| Day { seed, rate: 120, trouble: 200, crashes: Some(7) }).await;
}
