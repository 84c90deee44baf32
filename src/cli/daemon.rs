//! `run`: the engine without a screen, its Desk on a Unix socket.

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Duration, Instant};

use crate::config::Config;

use super::failure::Failure;
use super::live;
use super::manager::Manager;

/// The signals that a daemon hears.
pub struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// [`Failure`] when the system does not let it.
    pub fn new() -> Result<Self, Failure> {
        let hear = |kind| signal(kind).map_err(|error| Failure::running(format!("signals cannot be heard: {error}")));
        Ok(Self {
            term: hear(SignalKind::terminate())?,
            int: hear(SignalKind::interrupt())?,
            hup: hear(SignalKind::hangup())?,
        })
    }

    /// Once somebody who has asked us to end has no patience. Safe to be given up, and then counted anew.
    pub async fn hurry(&mut self) {
        let asked = Instant::now();
        while asked.elapsed() < SAME_WISH {
            self.end().await;
        }
    }

    /// The next one that ends us, by name. Safe to be given up and asked again.
    pub async fn end(&mut self) -> &'static str {
        loop {
            tokio::select! {
                biased;
                _ = self.term.recv() => return "SIGTERM",
                _ = self.int.recv() => return "SIGINT",
                // A daemon started from a shell outlives its terminal.
                _ = self.hup.recv() => {}
            }
        }
    }
}

/// Signals that come so soon after the first are the same wish, sent twice as some tools do.
const SAME_WISH: Duration = Duration::from_millis(500);

/// Runs until a signal or an operator ends it.
///
/// # Errors
/// [`Failure`]: the store, the socket, or an engine that stopped by itself.
pub async fn run(config: &Config, yes: bool) -> Result<ExitCode, Failure> {
    super::log::begin(&config.log)?;
    let mut config = config.clone();
    // Approving beforehand is the same as there being nothing to approve.
    config.timing.review &= !yes;
    let mut signals = Signals::new()?;
    let (begun, who) = live::begun(&config, signals.end()).await;
    // Nothing was sent yet, or what was is looked for at the next start.
    let Some(begun) = begun else { return Ok(ExitCode::SUCCESS) };
    let mut live = begun?;
    let mut manager = Manager::default();
    manager.ready(live.desk.clone());
    let who = match who {
        Some(who) => who,
        None => tokio::select! {
            biased;
            who = signals.end() => who,
            () = live.follow(|snapshot| manager.status(snapshot)) => "the engine",
        },
    };
    manager.stopping();
    live.end(who, signals.hurry()).await?;
    Ok(ExitCode::SUCCESS)
}
