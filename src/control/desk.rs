//! The one door between the engine and whoever watches or decides.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::{Command, Query, Reply, Snapshot, Window};

/// Why the Desk could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// The engine or the daemon has gone; nothing was changed by this call.
    #[error("the engine has stopped: {0}")]
    Gone(String),
    /// The two ends do not speak the same version.
    #[error(
        "the daemon speaks version {theirs}, this program version {ours}: restart the daemon, or use its own binary"
    )]
    Version {
        /// Our protocol version.
        ours: u32,
        /// The daemon's.
        theirs: u32,
    },
    /// The request or answer could not be understood.
    #[error("protocol error: {0}")]
    Protocol(String),
}

/// What an operator can see and ask.
#[async_trait]
pub trait Desk: Send + Sync {
    /// The latest snapshot and every later one; the newest wins and nothing queues up.
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>>;

    /// The same for a part of the program itself, such as its log: nothing is published for it that would not be published
    /// anyway.
    fn follow(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots()
    }

    /// A window of a list.
    ///
    /// # Errors
    /// [`DeskError`] when there is no engine to ask.
    async fn query(&self, query: Query) -> Result<Window, DeskError>;

    /// Carries out a command, durably before it answers. `who` names the operator.
    ///
    /// # Errors
    /// [`DeskError`] when there is no engine to ask; a command that is refused is a [`Reply`].
    async fn command(&self, who: &str, command: Command) -> Result<Reply, DeskError>;
}
