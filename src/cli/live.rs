//! One workspace of a daemon: its engine, socket, inlet and notices, begun together and ended together.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::control::{Desk, Snapshot, socket};

use super::failure::Failure;
use super::logged::Log;
use super::wiring::{self, Started};
use super::{inlet, notices};

/// How long writes on their way are waited for at the end. A service manager kills after 30 s, and a client's own time-out
/// is longer than that.
pub const DRAINING: Duration = Duration::from_secs(25);
/// How long callers may take for their last answers.
pub const PARTING: Duration = Duration::from_secs(3);

/// A workspace that runs.
pub struct Live {
    /// Its Desk.
    pub desk: Arc<dyn Desk>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    log: Log,
    started: Started,
    served: JoinHandle<()>,
    inlet: Option<inlet::Running>,
    notices: Option<notices::Running>,
    closing: CancellationToken,
}

impl Live {
    /// Begins everything that the configuration names; what began before something failed is ended again.
    ///
    /// # Errors
    /// [`Failure`]: a secret, the store, the socket, the inlet's address.
    async fn begin(config: &Config) -> Result<Self, Failure> {
        let path = wiring::socket(config)?;
        let notices = notices::prepare(config)?;
        let started = wiring::start(config, false, |told| tracing::warn!("{told}")).await?;
        let desk: Arc<dyn Desk> = started.running.desk.clone();
        let closing = CancellationToken::new();
        let served = match socket::serve(&path, desk.clone(), closing.clone()).await {
            Ok(served) => served,
            Err(error) => {
                started.end("start").await?;
                return Err(Failure::running(error.to_string()));
            }
        };
        let inlet = match inlet::open(config, &started, closing.clone()).await {
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
        let snapshots = started.running.desk.follow();
        let log = Log::after(started.running.desk.began().saturating_sub(1));
        Ok(Self { desk, snapshots, log, started, served, inlet, notices, closing })
    }

    /// Logs what happens, and shows each snapshot, until the engine ends by itself: its store failed, or an operator said so.
    pub async fn follow(&mut self, mut show: impl FnMut(&Snapshot)) {
        while self.snapshots.changed().await.is_ok() {
            let snapshot = self.snapshots.borrow_and_update().clone();
            show(&snapshot);
            self.log.tell(&*self.desk, &snapshot).await;
        }
    }

    /// Ends it: no new work, and what is in flight has [`DRAINING`], or until `hurry`.
    ///
    /// # Errors
    /// [`Failure`]: the store failed, the engine did, or there was no time.
    pub async fn end(self, who: &str, hurry: impl Future<Output = ()>) -> Result<(), Failure> {
        tracing::info!(by = who, "finishing what is in flight");
        let Self { started, served, inlet, notices, closing, .. } = self;
        let ended = drained(started, who, hurry, |told| tracing::warn!("{told}")).await;
        closing.cancel();
        let inlet = async {
            if let Some(inlet) = inlet {
                inlet.end().await;
            }
        };
        let notices = async {
            if let Some(notices) = notices {
                notices.end().await;
            }
        };
        // At the same time: whoever is slow to leave takes nothing of the others' time.
        let parting = async { tokio::join!(served, inlet, notices) };
        // Whoever does not take its last answer is not waited for.
        let _ = tokio::time::timeout(PARTING, parting).await;
        if ended.is_ok() {
            tracing::info!("ended");
        }
        ended
    }
}

/// Ends an engine: what is in flight has [`DRAINING`], or until `hurry`. That it was not waited for longer is told.
///
/// # Errors
/// [`Failure`]: the store failed, the engine did, or there was no time.
pub async fn drained(
    started: Started,
    who: &str,
    hurry: impl Future<Output = ()>,
    told: fn(&str),
) -> Result<(), Failure> {
    tokio::select! {
        biased;
        ended = started.end(who) => ended,
        () = hurry => Err(at_once()),
        // Its intent is durable, and a start takes every such write for unknown: nothing is lost by not waiting.
        () = tokio::time::sleep(DRAINING) => {
            told("writes on their way are not waited for any longer; they are looked for at the next start");
            Ok(())
        }
    }
}

/// How long a start that is nearly done may take when it is not wanted any more.
const NEARLY: Duration = Duration::from_secs(2);

/// Begins a workspace on a thread that may block, as its store and its secrets do, unless `stop` says first who wants it to
/// end; with that, if they said so.
pub async fn begun<W>(config: &Config, stop: impl Future<Output = W>) -> (Option<Result<Live, Failure>>, Option<W>) {
    let (config, here) = (config.clone(), tokio::runtime::Handle::current());
    let mut starting = tokio::task::spawn_blocking(move || here.block_on(Live::begin(&config)));
    let broken = |_| Err(Failure::running("the start failed; this is a bug in crosstie, please report it".to_owned()));
    tokio::select! {
        biased;
        who = stop => {
            tracing::info!("the start is given up");
            let done = tokio::time::timeout(NEARLY, &mut starting).await;
            (done.ok().map(|begun| begun.unwrap_or_else(broken)), Some(who))
        }
        begun = &mut starting => (Some(begun.unwrap_or_else(broken)), None),
    }
}

/// A second signal came.
pub fn at_once() -> Failure {
    Failure::running(
        "stopped at once by a second signal; writes on their way are looked for at the next start".to_owned(),
    )
}
