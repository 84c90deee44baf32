//! What the host's service manager is told, where it asks for it (`NOTIFY_SOCKET`, as systemd sets it): that we are ready,
//! how we do, that the engine still answers, that we are ending.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::select_ok;
use sd_notify::NotifyState;
use tokio::task::JoinHandle;

use crate::control::{Desk, Link, List, PairState, Query, Snapshot};
use crate::model::Side;

/// The Desks that are asked whether their engines still answer.
#[derive(Default, Clone)]
pub struct Watched(Arc<Mutex<BTreeMap<usize, Arc<dyn Desk>>>>);

impl Watched {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<dyn Desk>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more, by a number of its own.
    pub fn add(&self, at: usize, desk: Arc<dyn Desk>) {
        self.locked().insert(at, desk);
    }

    /// One less.
    pub fn remove(&self, at: usize) {
        self.locked().remove(&at);
    }

    /// Whether any of them answers in time, or there is none to answer for: to start all of them anew because one hangs would
    /// disturb the others.
    async fn answer(&self, limit: Duration) -> bool {
        let desks: Vec<_> = self.locked().values().cloned().collect();
        if desks.is_empty() {
            return true;
        }
        let asked = desks.into_iter().map(|desk| Box::pin(async move { desk.query(Query::all(List::Holds)).await }));
        matches!(tokio::time::timeout(limit, select_ok(asked)).await, Ok(Ok(_)))
    }
}

/// How we are told to the manager.
#[derive(Default)]
pub struct Manager {
    said: String,
    ready: bool,
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
        let watched = Watched::default();
        watched.add(0, desk);
        self.ready_for(&watched);
    }

    /// The same of several engines, once.
    pub fn ready_for(&mut self, watched: &Watched) {
        if std::mem::replace(&mut self.ready, true) {
            return;
        }
        tell(&[NotifyState::Ready]);
        if let Some(limit) = sd_notify::watchdog_enabled() {
            self.watched = Some(tokio::spawn(answer_for(watched.clone(), limit / 2)));
        }
    }

    /// One line on how we do, when it is another one.
    pub fn status(&mut self, snapshot: &Snapshot) {
        self.say(&sentence(snapshot));
    }

    /// One line, when it is another one.
    pub fn say(&mut self, now: &str) {
        if now != self.said {
            tell(&[NotifyState::Status(now)]);
            now.clone_into(&mut self.said);
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
async fn answer_for(watched: Watched, every: Duration) {
    loop {
        if watched.answer(every).await {
            tell(&[NotifyState::Watchdog]);
        }
        tokio::time::sleep(every).await;
    }
}

/// How a workspace does, in a line.
pub fn sentence(snapshot: &Snapshot) -> String {
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
