//! `demo --headless`: people edit for a while and go home, the sync drains, and every edit is accounted for.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::control::{Desk, Snapshot};
use crate::seam::WallClock;

use super::demo::{Demo, Options};
use super::failure::Failure;
use super::world::SystemClock;

/// How long the sync may take at most to finish what people left.
const DRAIN: Duration = Duration::from_secs(180);

/// Runs `demo --headless` and prints its report.
///
/// # Errors
/// [`Failure`] when the demo cannot start or its engine stops.
pub async fn command(options: &Options, lasting: Duration, json: bool) -> Result<ExitCode, Failure> {
    let report = run(options, lasting).await?;
    super::say(&if json { report.to_string() } else { format!("{report:#}") });
    Ok(ExitCode::SUCCESS)
}

/// Runs the demo without a screen and tells what became of every edit.
///
/// # Errors
/// [`Failure`] when it cannot start or its engine stops.
pub async fn run(options: &Options, lasting: Duration) -> Result<serde_json::Value, Failure> {
    let demo = Demo::start(options).await?;
    let gone = |error: crate::control::DeskError| Failure::running(error.to_string());
    tokio::time::sleep(lasting).await;
    demo.people_stop();
    let stopped = SystemClock.now();
    let drain_began = Instant::now();
    let mut snapshots = demo.running.desk.snapshots();
    loop {
        let done = drained(&snapshots.borrow_and_update(), stopped);
        if done || drain_began.elapsed() > DRAIN {
            break;
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), snapshots.changed()).await;
    }
    let drain = drain_began.elapsed();
    let claims = demo.running.desk.claims().await.map_err(gone)?;
    let snapshot = snapshots.borrow().clone();
    let report = json!({"events": claims.journal.len(), "holds": claims.holds.len(), "orphans": claims.orphans.len(),
        "ties": claims.ties.len(), "queue": [snapshot.queue.crm.total(), snapshot.queue.notion.total()], "hot": snapshot.hot,
        "requests": [snapshot.sides.crm.requests, snapshot.sides.notion.requests],
        "throttled": [snapshot.sides.crm.throttled, snapshot.sides.notion.throttled], "drain_s": drain.as_secs_f64(), "pairs": snapshot.pairs, "links": [snapshot.sides.crm.link, snapshot.sides.notion.link]});
    if let Ok(path) = std::env::var("CROSSTIE_DUMP") {
        let text: Vec<String> = claims.journal.iter().map(|e| serde_json::to_string(e).unwrap_or_default()).collect();
        let _ = std::fs::write(path, text.join("\n"));
    }
    demo.stop().await;
    Ok(report)
}

/// Nothing is planned, out, unknown or hot, and both sides of every pair were listed completely since people stopped.
fn drained(snapshot: &Snapshot, stopped: jiff::Timestamp) -> bool {
    snapshot.queue.crm.total() == 0
        && snapshot.queue.notion.total() == 0
        && snapshot.hot == 0
        && snapshot.pairs.iter().all(|pair| pair.last_sweep.is_some_and(|swept| swept > stopped))
}
