//! Looks for the engine again after the connection to it was lost: at once, and then ever more seldom.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep};

use crate::control::Desk;

/// Connects to the engine anew; or why that cannot be, empty if simply nobody is there.
pub type Again = Arc<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Desk>, String>> + Send + Sync>;

/// The first and the longest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// An engine that was there for so long is looked for at once when it goes.
const CALM: Duration = Duration::from_secs(30);

/// Whoever looks.
pub(super) struct Seeker {
    again: Option<Again>,
    looks: JoinSet<Result<Arc<dyn Desk>, String>>,
    tries: u32,
    since: Instant,
}

impl Seeker {
    /// For an engine that is there now.
    pub fn new(again: Option<Again>) -> Self {
        Self { again, looks: JoinSet::new(), tries: 0, since: Instant::now() }
    }

    /// It has gone; `true` if it is looked for.
    pub fn lost(&mut self) -> bool {
        if self.since.elapsed() > CALM {
            self.tries = 0;
        }
        self.look()
    }

    /// Looks once more, after a pause.
    pub fn look(&mut self) -> bool {
        let Some(again) = self.again.clone() else { return false };
        let pause = PAUSES.0.saturating_mul(1 << self.tries.min(8)).min(PAUSES.1);
        self.tries = self.tries.saturating_add(1);
        self.looks.spawn(async move {
            sleep(pause).await;
            again().await
        });
        true
    }

    /// Whether a look is under way.
    pub fn looks(&self) -> bool {
        !self.looks.is_empty()
    }

    /// What the look that is under way found. Safe to be given up and asked again.
    pub async fn found(&mut self) -> Option<Result<Result<Arc<dyn Desk>, String>, JoinError>> {
        let found = self.looks.join_next().await;
        if matches!(found, Some(Ok(Ok(_)))) {
            self.since = Instant::now();
        }
        found
    }
}
