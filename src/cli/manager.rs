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
            self.watched = Some(tokio::spawn(answer_for(watched.clone(), limit, || tell(&[NotifyState::Watchdog]))));
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

/// An engine that does not answer is not answered for. One that takes a third of the limit to answer is, and in time: a third
/// passes between two questions.
async fn answer_for(watched: Watched, limit: Duration, ping: impl Fn()) {
    let every = limit / 3;
    loop {
        if watched.answer(every).await {
            ping();
            tokio::time::sleep(every).await;
        } else {
            // One that has gone says so at once.
            tokio::time::sleep(every / 10).await;
        }
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
    for (count, [one, several]) in [
        (u64::try_from(stopped.count()).unwrap_or(0), ["pair waits", "pairs wait"]),
        (snapshot.conflicts, ["conflict", "conflicts"]),
        (snapshot.other_holds(), ["other hold", "other holds"]),
        (snapshot.quarantined, ["quarantined record", "quarantined records"]),
        (snapshot.orphans, ["orphan", "orphans"]),
    ] {
        if count > 0 {
            parts.push(format!("{count} {}", if count == 1 { one } else { several }));
        }
    }
    if parts.is_empty() { "in step".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use async_trait::async_trait;
    use tokio::sync::watch;
    use tokio::time::Instant;

    use super::*;
    use crate::control::{Command, DeskError, Reply, Rows, Window};

    /// Answers after a while.
    struct Slow(Mutex<Duration>);

    #[async_trait]
    impl Desk for Slow {
        fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
            watch::channel(Arc::default()).1
        }
        async fn query(&self, query: Query) -> Result<Window, DeskError> {
            let pause = *self.0.lock().unwrap();
            tokio::time::sleep(pause).await;
            Ok(Window::of(0, query.offset, Rows::Holds(Vec::new())))
        }
        async fn command(&self, _who: &str, _command: Command) -> Result<Reply, DeskError> {
            Err(DeskError::Gone("nobody commands here".into()))
        }
    }

    const LIMIT: Duration = Duration::from_secs(120);
    const HANGS: Duration = Duration::from_secs(1_000_000);

    fn pinged(watched: &Watched) -> (Arc<Mutex<Vec<Instant>>>, JoinHandle<()>) {
        let pings = Arc::new(Mutex::new(vec![Instant::now()]));
        let told = pings.clone();
        let task = tokio::spawn(answer_for(watched.clone(), LIMIT, move || told.lock().unwrap().push(Instant::now())));
        (pings, task)
    }

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_hears_of_a_slow_engine_in_time_and_of_one_that_hangs_never() {
        let desk = Arc::new(Slow(Mutex::new(LIMIT / 3 - Duration::from_secs(1))));
        let watched = Watched::default();
        watched.add(0, desk.clone());
        let (pings, task) = pinged(&watched);
        tokio::time::sleep(LIMIT * 10).await;
        let heard = pings.lock().unwrap().clone();
        assert!(heard.len() > 10, "{heard:?}");
        for pair in heard.windows(2) {
            assert!(pair[1] - pair[0] < LIMIT * 3 / 4, "{:?} of {LIMIT:?}", pair[1] - pair[0]);
        }
        *desk.0.lock().unwrap() = HANGS;
        tokio::time::sleep(LIMIT).await;
        let before = pings.lock().unwrap().len();
        tokio::time::sleep(LIMIT * 10).await;
        assert_eq!(pings.lock().unwrap().len(), before, "it falls silent");
        // And is heard of again at once.
        *desk.0.lock().unwrap() = Duration::ZERO;
        tokio::time::sleep(LIMIT / 2).await;
        assert!(pings.lock().unwrap().len() > before);
        task.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn one_workspace_that_hangs_has_the_others_not_started_anew() {
        let watched = Watched::default();
        for (at, pause) in [HANGS, Duration::ZERO].into_iter().enumerate() {
            watched.add(at, Arc::new(Slow(Mutex::new(pause))));
        }
        let (pings, task) = pinged(&watched);
        tokio::time::sleep(LIMIT * 3).await;
        assert!(pings.lock().unwrap().len() >= 9);
        watched.remove(1);
        tokio::time::sleep(LIMIT).await;
        let before = pings.lock().unwrap().len();
        tokio::time::sleep(LIMIT * 3).await;
        assert_eq!(pings.lock().unwrap().len(), before, "all that is left hangs");
        task.abort();
    }
}
