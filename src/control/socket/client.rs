//! The operator's side: a [`Desk`] that is somewhere else.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::SinkExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::codec::{FramedWrite, LinesCodec};
use tokio_util::task::AbortOnDropHandle;

use crate::control::{Command, Desk, DeskError, Query, Reply, Snapshot, Window};

use super::wire::{Answer, Ask, Hello, Incoming, Lines, NAME, Push, Request, line};
use super::{PATIENCE, VERSION};

/// Requests waiting to be written.
const REQUESTS: usize = 64;

/// Why there is no daemon to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no socket.
    #[error("no daemon listens on {}", .0.display())]
    NotThere(PathBuf),
    /// A daemon that is gone left its socket behind.
    #[error("{} is there, but no daemon answers: it was killed, perhaps; starting it again mends that", .0.display())]
    Refused(PathBuf),
    /// It belongs to somebody else.
    #[error("{} belongs to another user: run this as the user the daemon runs as", .0.display())]
    Denied(PathBuf),
    /// The two ends do not speak the same version.
    #[error(
        "the daemon (process {pid}) speaks version {theirs}, this program version {ours}: restart the daemon, or use its own binary"
    )]
    Version {
        /// Ours.
        ours: u32,
        /// The daemon's.
        theirs: u32,
        /// The daemon's process.
        pid: u32,
    },
    /// Whoever answers is no daemon of ours, or does not let us in.
    #[error("{} does not answer as a crosstie daemon does: {why}", .path.display())]
    Protocol {
        /// The socket.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The daemon does not let one more in.
    #[error("the daemon on {} does not let this in: {why}", .path.display())]
    TurnedAway {
        /// The socket.
        path: PathBuf,
        /// What it said.
        why: String,
    },
    /// The system refused.
    #[error("cannot connect to {}: {error}", .path.display())]
    Failed {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// A running daemon's Desk. Closes its connection when dropped.
pub struct SocketDesk {
    daemon: Hello,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    requests: mpsc::Sender<String>,
    next: AtomicU64,
    waiting: Arc<Waiting>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

/// Requests without an answer yet.
#[derive(Default)]
struct Waiting(Mutex<Desks>);

#[derive(Default)]
struct Desks {
    answers: BTreeMap<u64, oneshot::Sender<Answer>>,
    /// Why there will be no answers any more.
    gone: Option<DeskError>,
}

impl Waiting {
    fn locked(&self) -> MutexGuard<'_, Desks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, id: u64, answer: Answer) {
        // One that is not there was given up by its asker.
        if let Some(asker) = self.locked().answers.remove(&id) {
            let _ = asker.send(answer);
        }
    }

    fn end(&self, why: DeskError) {
        let mut desks = self.locked();
        desks.gone.get_or_insert(why);
        desks.answers.clear();
    }
}

/// Connects to a daemon and waits for its first snapshot.
///
/// # Errors
/// [`ConnectError`], each kind with what to do.
pub async fn connect(path: &Path) -> Result<SocketDesk, ConnectError> {
    let stream = UnixStream::connect(path).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ConnectError::NotThere(path.to_owned()),
        io::ErrorKind::ConnectionRefused => ConnectError::Refused(path.to_owned()),
        io::ErrorKind::PermissionDenied => ConnectError::Denied(path.to_owned()),
        _ => ConnectError::Failed { path: path.to_owned(), error },
    })?;
    let protocol = |why: String| ConnectError::Protocol { path: path.to_owned(), why };
    let (read, write) = stream.into_split();
    let mut lines = Lines::new(read);
    let mut write = FramedWrite::new(write, LinesCodec::new());
    let begin = async {
        let ours = line(&Hello::client()).map_err(protocol)?;
        // A daemon that refuses may have hung up by now; what it said first is worth more than that.
        let said = write.send(ours).await;
        let daemon: Hello = lines.expect().await.map_err(protocol)?;
        if daemon.hello != NAME {
            return Err(protocol(format!("it calls itself {:?}", daemon.hello)));
        }
        if daemon.version != VERSION {
            return Err(ConnectError::Version { ours: VERSION, theirs: daemon.version, pid: daemon.pid });
        }
        said.map_err(|error| protocol(error.to_string()))?;
        match lines.expect::<Push>().await.map_err(protocol)? {
            Push::Snapshot(first) => Ok((daemon, first)),
            Push::Error { text, .. } => Err(ConnectError::TurnedAway { path: path.to_owned(), why: text }),
            _ => Err(protocol("it did not begin with a snapshot".to_owned())),
        }
    };
    let (daemon, first) = match timeout(PATIENCE, begin).await {
        Ok(begun) => begun?,
        Err(_) => return Err(protocol(format!("it said nothing within {} seconds", PATIENCE.as_secs()))),
    };

    let (latest, snapshots) = watch::channel(Arc::from(first));
    let (requests, queue) = mpsc::channel(REQUESTS);
    let waiting = Arc::new(Waiting::default());
    let reader = tokio::spawn(read_all(lines, latest, Arc::clone(&waiting), daemon.pid));
    let writer = tokio::spawn(write_all(write, queue));
    let tasks = [AbortOnDropHandle::new(reader), AbortOnDropHandle::new(writer)];
    Ok(SocketDesk { daemon, snapshots, requests, next: AtomicU64::new(1), waiting, _tasks: tasks })
}

impl SocketDesk {
    /// What the daemon said of itself.
    pub fn daemon(&self) -> &Hello {
        &self.daemon
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, DeskError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let text = line(&Request { id, ask }).map_err(DeskError::Protocol)?;
        let (asker, answer) = oneshot::channel();
        {
            let mut desks = self.waiting.locked();
            if let Some(gone) = &desks.gone {
                return Err(gone.clone());
            }
            desks.answers.insert(id, asker);
        }
        let forget = Forget { waiting: &self.waiting, id };
        // If it cannot be sent, the reader finds the end of the connection too, and says why.
        let sent = self.requests.send(text).await.is_ok();
        let answer = if sent { answer.await.ok() } else { None };
        drop(forget);
        match answer {
            Some(Answer::Gone(why)) => Err(DeskError::Gone(why)),
            Some(Answer::Protocol(why)) => Err(DeskError::Protocol(why)),
            Some(answer) => Ok(answer),
            None => Err(self.waiting.locked().gone.clone().unwrap_or_else(|| lost(self.daemon.pid, ""))),
        }
    }
}

/// Forgets a request whose asker stopped waiting.
struct Forget<'a> {
    waiting: &'a Waiting,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.waiting.locked().answers.remove(&self.id);
    }
}

fn lost(pid: u32, why: &str) -> DeskError {
    DeskError::Gone(format!(
        "the connection to the daemon (process {pid}) ended{why}. If a command was on its way, look in the journal \
         whether it was carried out; see the daemon's log, start it again if it stopped, and connect anew"
    ))
}

/// Hands out what comes in, until the daemon is gone. Then the sender of snapshots is dropped, which tells the watchers.
async fn read_all(
    mut lines: Lines<OwnedReadHalf>,
    latest: watch::Sender<Arc<Snapshot>>,
    waiting: Arc<Waiting>,
    pid: u32,
) {
    let mut latest = Some(latest);
    let why = loop {
        let push = match lines.next().await {
            Incoming::Line(line) => serde_json::from_str(&line).map_err(|error| error.to_string()),
            Incoming::Bad(why) => Err(why),
            Incoming::End => break lost(pid, ""),
        };
        match push {
            Ok(Push::Snapshot(snapshot)) => {
                if let Some(latest) = &latest {
                    latest.send_replace(Arc::from(snapshot));
                }
            }
            Ok(Push::Ended) => latest = None,
            Ok(Push::Answer { id, answer }) => waiting.answer(id, answer),
            Ok(Push::Error { id: Some(id), text }) => waiting.answer(id, Answer::Protocol(text)),
            Ok(Push::Error { id: None, text }) => tracing::warn!(text, "the daemon did not understand a line"),
            Err(why) => break lost(pid, &format!(": it sent a line that makes no sense ({why})")),
        }
    };
    waiting.end(why);
}

async fn write_all(mut write: FramedWrite<OwnedWriteHalf, LinesCodec>, mut queue: mpsc::Receiver<String>) {
    while let Some(text) = queue.recv().await {
        if write.send(text).await.is_err() {
            return;
        }
    }
}

#[async_trait]
impl Desk for SocketDesk {
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    async fn query(&self, query: Query) -> Result<Window, DeskError> {
        match self.ask(Ask::Query(query)).await? {
            Answer::Window(window) => Ok(window),
            _ => Err(DeskError::Protocol("the daemon answered a query with something else".to_owned())),
        }
    }

    async fn command(&self, who: &str, command: Command) -> Result<Reply, DeskError> {
        match self.ask(Ask::Command { who: who.to_owned(), command }).await? {
            Answer::Reply(reply) => Ok(reply),
            _ => Err(DeskError::Protocol("the daemon answered a command with something else".to_owned())),
        }
    }
}
