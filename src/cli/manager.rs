//! What the host's service manager is told, where it asks for it (`NOTIFY_SOCKET`, as systemd sets it): that we are ready,
//! how we do, that the engine still answers, that we are ending.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinHandle;

use crate::control::{Desk, Link, List, PairState, Query, Snapshot};
use crate::model::Side;

/// How we are told to the manager.
#[derive(Default)]
pub struct Manager {
    said: String,
    watched: Option<JoinHandle<()>>,
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

impl Manager {
    /// Everything listens. From now on the manager hears of the engine, as often as it wants to, for as long as it answers.
    pub fn ready(&mut self, desk: Arc<dyn Desk>) {
        tell(&[NotifyState::Ready]);
        if let Some(limit) = sd_notify::watchdog_enabled() {
            self.watched = Some(tokio::spawn(answer_for(desk, limit / 2)));
        }
    }

    /// One line on how we do, when it is another one.
    pub fn status(&mut self, snapshot: &Snapshot) {
        let now = sentence(snapshot);
        if now != self.said {
            tell(&[NotifyState::Status(&now)]);
            self.said = now;
        }
    }

    /// No new work is begun.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping, NotifyState::Status("finishing what is in flight")]);
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if let Some(watched) = &self.watched {
            watched.abort();
        }
    }
}

/// An engine that does not answer is not answered for.
async fn answer_for(desk: Arc<dyn Desk>, every: Duration) {
    loop {
        if let Ok(Ok(_)) = tokio::time::timeout(every, desk.query(Query::all(List::Holds))).await {
            tell(&[NotifyState::Watchdog]);
        }
        tokio::time::sleep(every).await;
    }
}

fn sentence(snapshot: &Snapshot) -> String {
    let down: Vec<String> = Side::BOTH
        .into_iter()
        .map(|side| snapshot.sides.get(side))
        .filter(|connection| matches!(connection.link, Link::Down { .. } | Link::Troubled { .. }))
        .map(|connection| format!("{} does not answer", connection.name))
        .collect();
    let stopped = snapshot.pairs.iter().filter(|pair| {
        matches!(pair.state, PairState::Review { .. } | PairState::Guarded { .. } | PairState::Stopped { .. })
    });
    let mut parts = down;
    for (count, what) in [
        (u64::try_from(stopped.count()).unwrap_or(0), "pairs wait"),
        (snapshot.conflicts, "conflicts"),
        (snapshot.holds, "other holds"),
        (snapshot.orphans, "orphans"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    if parts.is_empty() { "in step".to_owned() } else { parts.join(", ") }
}
