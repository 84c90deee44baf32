//! The engine's own Desk: questions and commands become messages to the control task.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};

use crate::control::{
    Command, Deliveries, Delivery, Desk, DeskError, Hint, Query, Reply, Sink, Snapshot, Step, Window,
};

use super::Claims;
use super::messages::{Msg, Permitted};

/// The Desk in process.
pub struct EngineDesk {
    pub(super) mail: mpsc::Sender<Msg>,
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) followed: watch::Receiver<Arc<Snapshot>>,
    /// The line of the journal that told of the start.
    pub(super) began: u64,
}

/// Takes word of changes to the engine: a webhook's receiver holds one.
#[derive(Clone)]
pub struct HintSender {
    mail: mpsc::Sender<Msg>,
}

impl HintSender {
    /// Hands a hint over; waits while the engine has more mail than it can hold. It is heard, not remembered: after a
    /// crash the listings see the change all the same.
    ///
    /// # Errors
    /// [`DeskError::Gone`] when the engine has stopped.
    pub async fn send(&self, hint: Hint) -> Result<(), DeskError> {
        self.mail.send(Msg::Hint(hint)).await.map_err(|_| gone())
    }
}

impl HintSender {
    /// Tells how the places do that notices go to: the journal and every snapshot say so.
    ///
    /// # Errors
    /// [`DeskError::Gone`] when the engine has stopped.
    pub async fn sinks(&self, sinks: Vec<Sink>) -> Result<(), DeskError> {
        self.mail.send(Msg::Sinks(sinks)).await.map_err(|_| gone())
    }
}

#[async_trait]
impl Deliveries for HintSender {
    async fn deliver(&self, delivery: Delivery) -> Result<(), DeskError> {
        self.mail.send(Msg::Delivery(delivery)).await.map_err(|_| gone())
    }
}

fn gone() -> DeskError {
    DeskError::Gone("it has ended, or its store failed; see its last journal lines".to_owned())
}

impl EngineDesk {
    /// A way in for hints.
    pub fn hints(&self) -> HintSender {
        HintSender { mail: self.mail.clone() }
    }

    /// Everything the engine claims, for an auditor.
    ///
    /// # Errors
    /// [`DeskError::Gone`] when the engine has stopped.
    pub async fn claims(&self) -> Result<Claims, DeskError> {
        self.claims_from(0).await
    }

    /// The same, with the journal from a line on; with [`u64::MAX`] without it.
    ///
    /// # Errors
    /// [`DeskError::Gone`] when the engine has stopped.
    pub async fn claims_from(&self, lines: u64) -> Result<Claims, DeskError> {
        let (answer, reply) = oneshot::channel();
        self.ask(Msg::Claims { lines, answer }, reply).await
    }

    /// The number of the line of the journal that told of this engine's start: whatever it did comes after it.
    pub fn began(&self) -> u64 {
        self.began
    }

    /// Every planned operation with what it would change.
    ///
    /// # Errors
    /// [`DeskError::Gone`] when the engine has stopped.
    pub async fn steps(&self) -> Result<Vec<Step>, DeskError> {
        let (answer, reply) = oneshot::channel();
        self.ask(Msg::Steps { answer }, reply).await
    }

    /// Planned operations that there is leave for, by pair, side and the record that names them.
    ///
    /// # Errors
    /// [`DeskError::Gone`] when the engine has stopped.
    pub async fn permitted(&self) -> Result<Vec<Permitted>, DeskError> {
        let (answer, reply) = oneshot::channel();
        self.ask(Msg::Permitted { answer }, reply).await
    }

    async fn ask<T>(&self, msg: Msg, reply: oneshot::Receiver<T>) -> Result<T, DeskError> {
        self.mail.send(msg).await.map_err(|_| gone())?;
        reply.await.map_err(|_| gone())
    }
}

#[async_trait]
impl Desk for EngineDesk {
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        let watching = self.snapshots.clone();
        // A full mailbox means that a snapshot comes soon anyway.
        let _ = self.mail.try_send(Msg::Look);
        watching
    }

    fn follow(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.followed.clone()
    }

    async fn query(&self, query: Query) -> Result<Window, DeskError> {
        let (answer, reply) = oneshot::channel();
        self.ask(Msg::Query { query, answer }, reply).await?
    }

    async fn command(&self, who: &str, command: Command) -> Result<Reply, DeskError> {
        let (answer, reply) = oneshot::channel();
        self.ask(Msg::Command { who: who.to_owned(), command, answer }, reply).await
    }
}
