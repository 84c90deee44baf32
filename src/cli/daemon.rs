//! `run`: the engine without a screen, its Desk on a Unix socket.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::control::{Desk, JournalRow, List, PairState, Query, Rows, Snapshot, Window, socket};
use crate::model::{Happening, PairName};

use super::failure::Failure;
use super::manager::Manager;
use super::{inlet, notices, wiring};

/// How long writes on their way are waited for at the end. A service manager kills after 30 s, and a client's own time-out
/// is longer than that.
const DRAINING: Duration = Duration::from_secs(25);
/// How long callers may take for their last answers.
const PARTING: Duration = Duration::from_secs(3);
/// Lines of the journal that are logged at once; a Desk gives no more.
const LOGGED: u64 = 500;

/// Runs until a signal or an operator ends it.
///
/// # Errors
/// [`Failure`]: the store, the socket, or an engine that stopped by itself.
pub async fn run(config: &Config, yes: bool) -> Result<ExitCode, Failure> {
    super::log::begin(&config.log)?;
    let mut config = config.clone();
    // Approving beforehand is the same as there being nothing to approve.
    config.timing.review &= !yes;
    let signals = |kind| signal(kind).map_err(|error| Failure::running(format!("signals cannot be heard: {error}")));
    let (mut term, mut int, mut hup) =
        (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?, signals(SignalKind::hangup())?);
    let notices = notices::prepare(&config)?;
    let started = wiring::start(&config, false).await?;
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
    let inlet = match inlet::open(&config, &started, closing.clone()).await {
        Ok(inlet) => inlet,
        Err(failure) => {
            closing.cancel();
            let _ = served.await;
            started.end("start").await?;
            return Err(failure);
        }
    };
    let notices = notices.map(|settings| notices::start(settings, &started));
    tracing::info!(socket = %path.display(), pid = std::process::id(), "crosstie {} runs", env!("CARGO_PKG_VERSION"));

    let mut manager = Manager::default();
    manager.ready(desk.clone());
    let mut snapshots = desk.follow();
    // The journal of earlier days was logged then.
    let before = snapshots.borrow().latest.first().map_or(0, |row| row.event.seq);
    let mut log = Log { seq: before, ..Log::default() };
    let who = loop {
        tokio::select! {
            biased;
            _ = term.recv() => break "SIGTERM",
            _ = int.recv() => break "SIGINT",
            // A daemon started from a shell outlives its terminal.
            _ = hup.recv() => {}
            changed = snapshots.changed() => match changed {
                Ok(()) => {
                    let snapshot = snapshots.borrow_and_update().clone();
                    manager.status(&snapshot);
                    log.tell(&*desk, &snapshot).await;
                }
                // The engine ended by itself: its store failed, or an operator said so.
                Err(_) => break "the engine",
            },
        }
    };
    tracing::info!(by = who, "finishing what is in flight");
    manager.stopping();
    let ended = tokio::select! {
        biased;
        ended = started.end(who) => ended,
        _ = term.recv() => Err(at_once()),
        _ = int.recv() => Err(at_once()),
        // Its intent is durable, and a start takes every such write for unknown: nothing is lost by not waiting.
        () = tokio::time::sleep(DRAINING) => {
            tracing::warn!("writes on their way are not waited for any longer; they are looked for at the next start");
            Ok(())
        }
    };
    closing.cancel();
    let parting = async {
        let _ = served.await;
        if let Some(inlet) = inlet {
            inlet.end().await;
        }
        if let Some(notices) = notices {
            notices.end().await;
        }
    };
    // Whoever does not take its last answer is not waited for.
    let _ = tokio::time::timeout(PARTING, parting).await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

fn at_once() -> Failure {
    Failure::running(
        "stopped at once by a second signal; writes on their way are looked for at the next start".to_owned(),
    )
}

/// What the log has told so far.
#[derive(Default)]
struct Log {
    /// The last line of the journal.
    seq: u64,
    /// Pairs that wait for somebody, or stand still, and why.
    waiting: BTreeMap<PairName, String>,
}

impl Log {
    /// New lines of the journal and what waits for a person, without anybody's values: a log is read by more people than a
    /// CRM. Reasons are given where they are the systems' own, not a record's.
    async fn tell(&mut self, desk: &dyn Desk, snapshot: &Snapshot) {
        let newest = snapshot.latest.first().map_or(self.seq, |row| row.event.seq);
        let mut wanted = newest.saturating_sub(self.seq);
        while wanted > 0 {
            let query = Query { limit: wanted, ..Query::all(List::Journal) };
            let Ok(Window { rows: Rows::Journal(rows), .. }) = desk.query(query).await else { break };
            // Lines that came since the snapshot stand on top, and push the oldest of those asked for out of the window.
            let top = rows.first().map_or(newest, |row| row.event.seq);
            if top.saturating_sub(self.seq) > wanted {
                wanted = top.saturating_sub(self.seq);
                if wanted <= LOGGED {
                    continue;
                }
            }
            for row in rows.iter().rev().filter(|row| row.event.seq > self.seq) {
                line(row, row.event.edit);
            }
            self.seq = self.seq.max(top);
            break;
        }
        self.seq = self.seq.max(newest);
        for pair in &snapshot.pairs {
            let why = match &pair.state {
                PairState::Review { .. } => {
                    "waits for an approval of its first matching: open the dashboard, or run --yes".to_owned()
                }
                PairState::Guarded { what, .. } => format!("waits for a confirmation: {what}"),
                PairState::Stopped { why } => format!("stands still: {why}"),
                PairState::Listing | PairState::Running => String::new(),
            };
            if self.waiting.get(&pair.name) != Some(&why) {
                if !why.is_empty() {
                    tracing::warn!(pair = %pair.name, "{why}");
                }
                self.waiting.insert(pair.name.clone(), why);
            }
        }
    }
}

/// `edit` is the line of the journal that saw the edit this one is about; `journal show` tells its story by it.
fn line(row: &JournalRow, edit: Option<u64>) {
    let event = &row.event;
    let pair = event.pair.as_ref().map_or("", |pair| pair.as_str());
    let side = event.side.map_or("", |side| side.as_str());
    let crm = event.crm.as_ref().map_or("", |id| id.as_str());
    let what = format!("{:?}", event.what).to_lowercase();
    match event.what {
        Happening::Connection if event.note != "answers again" => {
            tracing::warn!(seq = event.seq, side, "{what}: {}", event.note);
        }
        Happening::Connection | Happening::System | Happening::Heard => {
            tracing::info!(seq = event.seq, side, "{what}: {}", event.note)
        }
        Happening::Quarantined | Happening::Refused | Happening::Unknown | Happening::PossiblyOverwritten => {
            tracing::warn!(seq = event.seq, edit, pair, side, crm, field = %row.label, "{what}; the journal tells why");
        }
        _ => tracing::info!(seq = event.seq, edit, pair, side, crm, field = %row.label, "{what}"),
    }
}
