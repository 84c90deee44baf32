//! Whom a script asks: the running daemon, or an engine of our own that looks at both sides and writes to neither.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::control::{Command, Desk, DeskError, PairState, Query, Reply, Rows, Snapshot};

use super::failure::Failure;
use super::wiring::{self, Started};

/// How long an engine of our own may take to have looked at both sides.
const LOOKING: Duration = Duration::from_secs(30);
/// How long a snapshot may take that is newer than the question; one is taken every second at least.
const FRESH: Duration = Duration::from_secs(3);
/// Rows asked for at a time.
const WINDOW: u64 = 500;

/// A Desk, and what has to be ended with it.
pub struct Asked {
    /// The Desk.
    pub desk: Arc<dyn Desk>,
    /// Whether it is a daemon's.
    pub daemon: bool,
    /// Whose engine it is, in words.
    pub source: String,
    own: Option<Started>,
    /// The snapshot that was there when somebody asked.
    version: u64,
}

impl Asked {
    /// Attaches to the daemon, or opens the store if none runs.
    ///
    /// # Errors
    /// [`Failure`]: the configuration, the store or the daemon.
    pub async fn of(config: &Config) -> Result<Self, Failure> {
        let socket = wiring::socket(config)?;
        if let Some(asked) = Self::attached(&socket).await? {
            return Ok(asked);
        }
        let started = match wiring::start(config, true, super::warn).await {
            Ok(started) => started,
            // A daemon that began meanwhile has it.
            Err(failure) if failure.is_in_use() => return Self::attached(&socket).await?.ok_or(failure),
            Err(failure) => return Err(failure),
        };
        let (desk, source) = (started.running.desk.clone(), "an engine that only looked; no daemon runs".to_owned());
        Ok(Self { desk, daemon: false, source, own: Some(started), version: 0 })
    }

    async fn attached(socket: &Path) -> Result<Option<Self>, Failure> {
        let Some(desk) = super::dashboard::reach(socket).await? else { return Ok(None) };
        let source = match (desk.daemon().inside, desk.daemon().pid) {
            (false, _) => "the running daemon".to_owned(),
            (true, pid) => format!("the sync inside a dashboard (process {pid}), which ends with it"),
        };
        Ok(Some(Self::of_daemon(Arc::new(desk), source)))
    }

    fn of_daemon(desk: Arc<dyn Desk>, source: String) -> Self {
        let version = desk.snapshots().borrow().version;
        Self { desk, daemon: true, source, own: None, version }
    }

    /// As [`Asked::of`], and waits until an engine of our own has looked at both sides.
    ///
    /// # Errors
    /// As [`Asked::of`].
    pub async fn looked(config: &Config) -> Result<Self, Failure> {
        let asked = Self::of(config).await?;
        if asked.own.is_some() {
            let mut snapshots = asked.desk.snapshots();
            let looked = tokio::time::timeout(LOOKING, async {
                while !snapshots.borrow_and_update().pairs.iter().all(|pair| pair.state != PairState::Listing) {
                    if snapshots.changed().await.is_err() {
                        break;
                    }
                }
            });
            // Whatever was seen until then is the answer.
            let _ = looked.await;
        }
        Ok(asked)
    }

    /// A snapshot that was taken after somebody asked: the first one that a daemon hands over may be older than that, and
    /// know nothing of what was decided a moment ago. By their versions: the host's clock is none that they can be told by.
    pub async fn snapshot(&self) -> Arc<Snapshot> {
        self.newest().await.0
    }

    /// As [`Asked::snapshot`], and whether there was such a one. A daemon that tells nothing for so long is told of as it was
    /// last.
    pub async fn newest(&self) -> (Arc<Snapshot>, bool) {
        let mut snapshots = self.desk.snapshots();
        let is_new = |snapshot: &Snapshot| !self.daemon || snapshot.version > self.version;
        let fresh = tokio::time::timeout(FRESH, async {
            while !is_new(&snapshots.borrow_and_update()) && snapshots.changed().await.is_ok() {}
        });
        let _ = fresh.await;
        let snapshot = snapshots.borrow().clone();
        let is_new = is_new(&snapshot);
        (snapshot, is_new)
    }

    /// All rows of a list, or the first `limit` of them, and how many there are. A search of the journal, of which a Desk looks
    /// through a part at a time, goes on to its beginning.
    ///
    /// # Errors
    /// [`Failure`] when the engine has gone, or answers with other rows.
    pub async fn rows<T>(
        &self,
        query: Query,
        limit: Option<u64>,
        pick: fn(Rows) -> Option<Vec<T>>,
    ) -> Result<(u64, Vec<T>), Failure> {
        Self::rows_of(&*self.desk, query, limit, pick).await
    }

    /// As [`Asked::rows`], of any Desk.
    ///
    /// # Errors
    /// As [`Asked::rows`].
    pub async fn rows_of<T>(
        desk: &dyn Desk,
        mut query: Query,
        limit: Option<u64>,
        pick: fn(Rows) -> Option<Vec<T>>,
    ) -> Result<(u64, Vec<T>), Failure> {
        let mut left = limit.unwrap_or(u64::MAX);
        let mut found: Vec<T> = Vec::new();
        let mut counted = 0;
        loop {
            query.limit = WINDOW.min(left);
            let window = desk.query(query.clone()).await.map_err(gone)?;
            let rows = pick(window.rows).ok_or_else(|| {
                Failure::running("the engine answered with another list than was asked for".to_owned())
            })?;
            let so_many = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            found.extend(rows);
            (left, query.offset) = (left.saturating_sub(so_many), query.offset.saturating_add(so_many));
            if so_many > 0 && left > 0 && query.offset < window.total {
                continue;
            }
            counted += window.total;
            match window.looked {
                Some(looked) if !looked.whole => {
                    (query.before, query.offset) = (Some(looked.from_line), query.offset.saturating_sub(window.total));
                }
                _ => return Ok((counted, found)),
            }
        }
    }

    /// Gives a command, in the operator's name.
    ///
    /// # Errors
    /// [`Failure`] when the engine has gone.
    pub async fn command(&self, command: Command) -> Result<Reply, Failure> {
        self.desk.command(&wiring::operator(), command).await.map_err(gone)
    }

    /// Ends an engine of our own.
    ///
    /// # Errors
    /// [`Failure`] when its store failed.
    pub async fn end(self) -> Result<(), Failure> {
        match self.own {
            Some(started) => started.end(&wiring::operator()).await,
            None => Ok(()),
        }
    }
}

fn gone(error: DeskError) -> Failure {
    Failure::running(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use async_trait::async_trait;
    use jiff::SignedDuration;
    use tokio::sync::watch;

    use super::*;
    use crate::control::{JournalRow, List, Looked, Window};

    /// A daemon that shows what a test wants.
    struct Shown(watch::Receiver<Arc<Snapshot>>);

    #[async_trait]
    impl Desk for Shown {
        fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
            self.0.clone()
        }
        async fn query(&self, _query: Query) -> Result<Window, DeskError> {
            Err(DeskError::Gone("nothing is listed here".into()))
        }
        async fn command(&self, _who: &str, _command: Command) -> Result<Reply, DeskError> {
            Err(DeskError::Gone("nobody decides here".into()))
        }
    }

    /// A daemon whose journal has so many lines, all of which fit, and which looks through this many for one answer.
    struct Searched(u64, u64);

    #[async_trait]
    impl Desk for Searched {
        fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
            watch::channel(Arc::default()).1
        }
        #[allow(clippy::cast_possible_truncation)]
        async fn query(&self, query: Query) -> Result<Window, DeskError> {
            let at = wiring::clock().now();
            let newest = query.before.map_or(self.0, |before| before - 1);
            let oldest = (newest + 1).saturating_sub(self.1).max(1);
            let row = |seq: u64| JournalRow {
                event: serde_json::from_value(serde_json::json!({"seq": seq, "at": at, "what": "seen"})).unwrap(),
                title: String::new(),
                label: String::new(),
                before: None,
                after: None,
                undoable: false,
                not_undoable: String::new(),
            };
            let fitting = (oldest..=newest).rev().skip(query.offset as usize).take(query.limit as usize);
            let rows = Rows::Journal(fitting.map(row).collect());
            let looked = Looked { from_line: oldest, from: at, until: None, whole: oldest == 1 };
            Ok(Window { looked: Some(looked), ..Window::of(newest + 1 - oldest, query.offset, rows) })
        }
        async fn command(&self, _who: &str, _command: Command) -> Result<Reply, DeskError> {
            Err(DeskError::Gone("nobody decides here".into()))
        }
    }

    #[tokio::test]
    async fn a_search_of_the_journal_finds_the_oldest_line_and_counts_all_of_them() {
        let pick = |rows| if let Rows::Journal(rows) = rows { Some(rows) } else { None };
        for (lines, part, limit, shown) in
            [(2500, 1200, None, 2500), (2500, 1200, Some(1300), 1300), (2500, 1200, Some(3), 3), (7, 20, None, 7)]
        {
            let query = Query { filter: "x".to_owned(), ..Query::all(List::Journal) };
            let (total, rows) = Asked::rows_of(&Searched(lines, part), query, limit, pick).await.unwrap();
            let found: Vec<u64> = rows.iter().map(|row| row.event.seq).collect();
            assert_eq!((total, found), (lines, (lines - shown + 1..=lines).rev().collect()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_as_new_as_the_question_whatever_the_clocks_say() {
        for hours in [-24, 24] {
            // The engine's clock leans towards the host's, which was set, for a long time.
            let at = wiring::clock().now() + SignedDuration::from_hours(hours);
            let shows = |version: u64| Arc::new(Snapshot { version, at, ..Snapshot::default() });
            let (publish, snapshots) = watch::channel(shows(7));
            let asked = Asked::of_daemon(Arc::new(Shown(snapshots)), String::new());
            let began = tokio::time::Instant::now();
            let next = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                publish.send_replace(shows(8));
            };
            let ((snapshot, is_new), ()) = tokio::join!(asked.newest(), next);
            assert_eq!((snapshot.version, is_new), (8, true), "one that was there before the question");
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
            assert!(asked.newest().await.1);
        }
        let (_publish, snapshots) = watch::channel(Arc::new(Snapshot { version: 7, ..Snapshot::default() }));
        assert!(!Asked::of_daemon(Arc::new(Shown(snapshots)), String::new()).newest().await.1, "it tells nothing new");
    }
}
