//! `run`: the engine without a screen, its Desk on a Unix socket.

use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::control::{Desk, Mode, Snapshot, socket};

use super::failure::Failure;
use super::wiring;

/// Runs until a signal or an operator ends it.
///
/// # Errors
/// [`Failure`]: the store, the socket, or an engine that stopped by itself.
pub async fn run(config: &Config, yes: bool) -> Result<ExitCode, Failure> {
    log_to_stderr();
    let mut config = config.clone();
    // Approving beforehand is the same as there being nothing to approve.
    config.timing.review &= !yes;
    let signals = |kind| signal(kind).map_err(|error| Failure::running(format!("signals cannot be heard: {error}")));
    let (mut term, mut int, mut hup) =
        (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?, signals(SignalKind::hangup())?);
    let started = wiring::start(&config, Mode::Live).await?;
    let desk = started.running.desk.clone();
    let path = wiring::socket(&config)?;
    let closing = CancellationToken::new();
    let served = match socket::serve(&path, desk.clone(), closing.clone()).await {
        Ok(served) => served,
        Err(error) => {
            started.end("start").await?;
            return Err(Failure::running(error.to_string()));
        }
    };
    tracing::info!(socket = %path.display(), pid = std::process::id(), "crosstie {} runs", env!("CARGO_PKG_VERSION"));

    let mut snapshots = desk.snapshots();
    let mut told = 0;
    let who = loop {
        tokio::select! {
            biased;
            _ = term.recv() => break "SIGTERM",
            _ = int.recv() => break "SIGINT",
            // A daemon started from a shell outlives its terminal.
            _ = hup.recv() => {}
            changed = snapshots.changed() => match changed {
                Ok(()) => told = tell(&snapshots.borrow_and_update(), told),
                // The engine ended by itself: its store failed, or an operator said so.
                Err(_) => break "the engine",
            },
        }
    };
    tracing::info!(by = who, "finishing what is in flight");
    let ended = started.end(who).await;
    closing.cancel();
    let _ = served.await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// New lines of the journal, without anybody's values: a log is read by more people than a CRM.
fn tell(snapshot: &Arc<Snapshot>, told: u64) -> u64 {
    for row in snapshot.latest.iter().rev().filter(|row| row.event.seq > told) {
        let event = &row.event;
        let pair = event.pair.as_ref().map_or("", |pair| pair.as_str());
        let side = event.side.map_or("", |side| side.as_str());
        let crm = event.crm.as_ref().map_or("", |id| id.as_str());
        let what = format!("{:?}", event.what);
        tracing::info!(seq = event.seq, pair, side, crm, field = %row.label, "{what}");
    }
    snapshot.latest.first().map_or(told, |row| row.event.seq.max(told))
}

fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("CROSSTIE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second subscriber in one process is a test's affair; the first goes on.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
