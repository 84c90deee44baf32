//! Deliveries that wait for the engine: one queue for all doors, so that they stay in their order, and a share for each, so that
//! one system cannot take the places of another.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::control::Delivery;

/// What waits, with its place among those of its door.
pub(super) struct Waiting {
    pub delivery: Delivery,
    _place: OwnedSemaphorePermit,
}

/// A door's end of the queue.
pub(super) struct Queue {
    all: mpsc::Sender<Waiting>,
    share: Arc<Semaphore>,
}

impl Queue {
    /// One more door. A quarter of the places is left to the others.
    pub fn new(all: mpsc::Sender<Waiting>, places: usize) -> Self {
        Self { all, share: Arc::new(Semaphore::new((places - places / 4).max(1))) }
    }

    /// Puts a delivery in, or says that there is no room. Never waits.
    pub fn put(&self, delivery: Delivery) -> Result<(), Full> {
        let place = Arc::clone(&self.share).try_acquire_owned().map_err(|_| Full)?;
        self.all.try_send(Waiting { delivery, _place: place }).map_err(|_| Full)
    }
}

/// There is no room, or nobody works it off any more.
#[derive(Debug)]
pub(super) struct Full;
