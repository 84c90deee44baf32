//! `demo --headless`: people edit for a while and go home, the sync drains, and every edit is accounted for.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::control::{Desk, Snapshot};
use crate::seam::WallClock;
use crate::sim::audit::{Case, Outcomes, Report, audit};

use super::demo::{Demo, Options};
use super::failure::{Failure, code};
use super::world::SystemClock;

/// Edits a minute and side of a busy office.
const BUSY: u32 = 120;

/// How long the sync may take at most to finish what people left.
const DRAIN: Duration = Duration::from_secs(180);

/// Runs `demo --headless` and prints its report.
///
/// # Errors
/// [`Failure`] when the demo cannot start or its engine stops.
pub async fn command(options: &Options, lasting: Duration, json: bool) -> Result<ExitCode, Failure> {
    let (report, figures) = run(options, lasting).await?;
    for trouble in &report.troubles {
        super::warn(&format!("{:?} {:?}: {}", trouble.side, trouble.kind, trouble.text));
    }
    super::say(&if json { figures.to_string() } else { format!("{figures:#}") });
    Ok(ExitCode::from(if report.is_clean() { code::OK } else { code::BROKEN_PROMISE }))
}

/// Runs the demo without a screen: the auditor's report, and the figures to print.
///
/// # Errors
/// [`Failure`] when it cannot start or its engine stops.
pub async fn run(options: &Options, lasting: Duration) -> Result<(Report, serde_json::Value), Failure> {
    let demo = Demo::start(options, BUSY, 0).await?;
    tokio::time::sleep(lasting).await;
    demo.people_stop();
    let stopped = SystemClock.now();
    let drain_began = Instant::now();
    let mut snapshots = demo.running.desk.snapshots();
    while !drained(&snapshots.borrow_and_update(), stopped) && drain_began.elapsed() < DRAIN {
        // Nothing may change for a while; the worlds are looked at all the same.
        let _ = tokio::time::timeout(Duration::from_secs(1), snapshots.changed()).await;
    }
    let drain = drain_began.elapsed();
    let claims = demo.running.desk.claims().await.map_err(|error| Failure::running(error.to_string()))?;
    let snapshot = snapshots.borrow().clone();
    let broken = || Failure::running("a pretend world failed; this is a bug in crosstie, please report it".to_owned());
    let (report, crm, notion) = {
        let crm = demo.crm.lock().map_err(|_| broken())?;
        let notion = demo.notion.lock().map_err(|_| broken())?;
        let case = Case {
            pairs: &demo.pairs,
            crm: &crm,
            notion: &notion,
            claims: &claims,
            began: demo.began,
            index_lag: Default::default(),
            remember_gone: jiff::SignedDuration::MAX,
            leaps: &[],
            downs: &[],
        };
        (audit(&case), crm.counters(), notion.counters())
    };
    let figures = json!({
        "seed": options.seed,
        "edits": {
            "crm": outcomes(&report.edits.crm)?,
            "notion": outcomes(&report.edits.notion)?,
        },
        "duplicates": report.duplicates,
        "loops": report.loops,
        "requests": { "crm": crm.requests, "notion": notion.requests },
        "throttled": { "crm": crm.over_rate + crm.over_time, "notion": notion.rate_limited },
        "latency_ms": { "p50": report.latency_ms.p50, "p95": report.latency_ms.p95, "edits": report.latency_ms.crossed },
        "windows_ms": { "p50": snapshot.windows.p50, "p95": snapshot.windows.p95, "writes": snapshot.windows.count },
        "open": { "conflicts": snapshot.conflicts, "holds": snapshot.holds, "orphans": snapshot.orphans },
        "edit_seconds": lasting.as_secs_f64(),
        "drain_seconds": (drain.as_secs_f64() * 10.0).round() / 10.0,
    });
    demo.stop().await;
    Ok((report, figures))
}

/// How many edits were made, and how they ended.
fn outcomes(outcomes: &Outcomes) -> Result<serde_json::Value, Failure> {
    let mut value = serde_json::to_value(outcomes)
        .map_err(|error| Failure::running(format!("the report cannot be written as JSON: {error}")))?;
    value["made"] = outcomes.total().into();
    Ok(value)
}

/// Nothing is planned, out, unknown or hot, and both sides of every pair were listed completely since people stopped.
fn drained(snapshot: &Snapshot, stopped: jiff::Timestamp) -> bool {
    snapshot.queue.crm.total() == 0
        && snapshot.queue.notion.total() == 0
        && snapshot.hot == 0
        && snapshot.pairs.iter().all(|pair| pair.last_sweep.is_some_and(|swept| swept > stopped))
}
