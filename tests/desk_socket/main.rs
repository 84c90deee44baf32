//! A daemon's Desk looks the same through its socket, and no client can harm another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod asked;
mod clients;
mod frames;
mod lines;
mod places;
mod shape;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use crosstie::control::socket::serve;
use crosstie::control::{Candidate, Command, Desk, DeskError, List, Query, Reply, Rows, Snapshot, Window};
use crosstie::model::RecordId;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A Desk that answers a query with a window that tells what was asked, and notes commands.
struct Fake {
    latest: watch::Sender<Arc<Snapshot>>,
    commands: Mutex<Vec<(String, Command)>>,
    queries: Mutex<Vec<Query>>,
    /// Queries for `wait` take one of these first.
    gate: Semaphore,
    shutdown: CancellationToken,
}

#[async_trait]
impl Desk for Fake {
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.latest.subscribe()
    }

    async fn query(&self, query: Query) -> Result<Window, DeskError> {
        self.queries.lock().unwrap().push(query.clone());
        match query.filter.as_str() {
            "wait" => self.gate.acquire().await.unwrap().forget(),
            "gone" => return Err(DeskError::Gone("the engine took a rest".to_owned())),
            _ => {}
        }
        let row = Candidate {
            id: RecordId::from("1"),
            title: query.filter.repeat(usize::try_from(query.limit).unwrap()),
            reason: String::new(),
            fields: Vec::new(),
            taken: false,
            score: 0,
            digest: String::new(),
        };
        Ok(Window::of(1, query.offset, Rows::Candidates(vec![row])))
    }

    async fn command(&self, who: &str, command: Command) -> Result<Reply, DeskError> {
        self.commands.lock().unwrap().push((who.to_owned(), command.clone()));
        if command == Command::Shutdown {
            self.shutdown.cancel();
        }
        Ok(Reply::Done { note: format!("{command:?} for {who}") })
    }
}

/// A daemon with a [`Fake`] in a directory of its own.
struct Daemon {
    fake: Arc<Fake>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl Daemon {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/crosstie.sock");
        let (fake, shutdown) = fake();
        let task = serve(&path, Arc::clone(&fake) as Arc<dyn Desk>, shutdown.clone()).await.unwrap();
        Self { fake, shutdown, task, path, _dir: dir }
    }

    fn push(&self, version: u64) {
        self.fake.latest.send_replace(Arc::new(Snapshot { version, ..Snapshot::default() }));
    }
}

fn fake() -> (Arc<Fake>, CancellationToken) {
    let shutdown = CancellationToken::new();
    let fake = Fake {
        latest: watch::Sender::new(Arc::new(Snapshot { version: 1, ..Snapshot::default() })),
        commands: Mutex::default(),
        queries: Mutex::default(),
        gate: Semaphore::new(0),
        shutdown: shutdown.clone(),
    };
    (Arc::new(fake), shutdown)
}

fn ask(filter: &str, limit: u64) -> Query {
    Query { filter: filter.to_owned(), offset: 7, limit, ..Query::all(List::Holds) }
}

fn title(window: &Window) -> &str {
    match &window.rows {
        Rows::Candidates(rows) => &rows[0].title,
        other => panic!("{other:?}"),
    }
}

/// A client that speaks the protocol by hand.
struct Raw {
    read: Lines<BufReader<OwnedReadHalf>>,
    write: OwnedWriteHalf,
}

impl Raw {
    /// Connects and says this first.
    async fn connect(path: &Path, hello: &str) -> Self {
        let (read, write) = UnixStream::connect(path).await.unwrap().into_split();
        let mut raw = Self { read: BufReader::new(read).lines(), write };
        raw.say(hello.as_bytes()).await;
        raw
    }

    async fn greeted(path: &Path) -> Self {
        let mut raw = Self::connect(path, r#"{"hello":"crosstie","version":4,"pid":1}"#).await;
        assert_eq!(raw.hear().await.unwrap()["hello"], "crosstie");
        raw
    }

    async fn say(&mut self, line: &[u8]) {
        self.write.write_all(&[line, b"\n"].concat()).await.unwrap();
    }

    async fn hear(&mut self) -> Option<serde_json::Value> {
        let line = self.read.next_line().await.unwrap()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    /// The next line that is no snapshot.
    async fn answer(&mut self) -> serde_json::Value {
        loop {
            let line = self.hear().await.unwrap();
            if line.get("snapshot").is_none() {
                return line;
            }
        }
    }
}
