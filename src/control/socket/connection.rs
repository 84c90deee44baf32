//! One client's connection, on the daemon's side.
//!
//! Three tasks: this one reads; one carries out the client's commands, in their order; one writes. All queues are
//! short, so a client that does not read stops being read, and nobody else notices. A command that was read is carried
//! out even if its client is gone by then.

use std::sync::Arc;

use futures_util::SinkExt;
use serde::Serialize;
use tokio::io::AsyncWrite;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::codec::{FramedWrite, LinesCodec};
use tokio_util::sync::CancellationToken;

use crate::control::{Command, Desk, Snapshot, operator};

use super::wire::{Answer, Ask, Hello, Incoming, Lines, NAME, Push, Request, line};
use super::{CLIENTS, PATIENCE, STALLED, VERSION};

/// Answers waiting to be written.
const ANSWERS: usize = 64;
/// Commands read and not yet carried out.
const COMMANDS: usize = 16;
/// Queries under way.
const QUERIES: usize = 16;

struct Order {
    id: u64,
    who: String,
    command: Command,
}

/// Serves one client until it leaves, or until `shutdown`.
pub(super) async fn run(stream: UnixStream, uid: u32, hello: Hello, desk: Arc<dyn Desk>, shutdown: CancellationToken) {
    let (read, write) = stream.into_split();
    let mut lines = Lines::new(read);
    let mut write = FramedWrite::new(write, LinesCodec::new());
    let snapshots = desk.snapshots();
    let greeted = tokio::select! {
        biased;
        () = shutdown.cancelled() => return,
        greeted = timeout(PATIENCE, greet(&mut lines, &mut write, hello)) => greeted,
    };
    let Ok(Ok(theirs)) = greeted else { return };

    let (answers, queue) = mpsc::channel(ANSWERS);
    let (commands, orders) = mpsc::channel(COMMANDS);
    let mut writer = tokio::spawn(write_all(write, queue, snapshots, theirs.pid));
    let mut clerk = tokio::spawn(carry_out(orders, Arc::clone(&desk), answers.clone()));
    let mut queries = JoinSet::new();
    let mut written = false;
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            _ = &mut writer => {
                written = true;
                break;
            }
            Some(_) = queries.join_next() => {}
            incoming = lines.next(), if queries.len() < QUERIES => {
                let refusal = match incoming {
                    Incoming::End => break,
                    Incoming::Bad(text) => Push::Error { id: None, text },
                    Incoming::Line(line) => match understand(&line) {
                        Ok(Request { id, ask: Ask::Query(query) }) => {
                            let (desk, answers) = (Arc::clone(&desk), answers.clone());
                            queries.spawn(async move {
                                let answer = desk.query(query).await.map_or_else(Answer::from, Answer::Window);
                                // The client may be gone.
                                let _ = answers.send(Push::Answer { id, answer }).await;
                            });
                            continue;
                        }
                        Ok(Request { id, ask: Ask::Command { who, command } }) => {
                            let order = Order { id, who: operator::name(&who, uid, theirs.from.as_deref()), command };
                            tokio::select! {
                                biased;
                                sent = commands.send(order) => if sent.is_err() { break },
                                () = shutdown.cancelled() => break,
                            }
                            continue;
                        }
                        Err(refusal) => refusal,
                    },
                };
                tokio::select! {
                    biased;
                    _ = answers.send(refusal) => {}
                    () = shutdown.cancelled() => break,
                }
            }
        }
    }
    // What is under way is finished and told, as far as the client listens; a stalled one is not waited for.
    drop((commands, answers));
    let finish = async {
        while queries.join_next().await.is_some() {}
        let _ = (&mut clerk).await;
        if !written {
            let _ = (&mut writer).await;
        }
    };
    if timeout(PATIENCE, finish).await.is_err() {
        writer.abort();
    }
}

/// Tells one client more than there is room for that it is one.
pub(super) async fn turn_away(stream: UnixStream, hello: Hello) {
    let (read, write) = stream.into_split();
    let (mut lines, mut write) = (Lines::new(read), FramedWrite::new(write, LinesCodec::new()));
    let text =
        format!("{CLIENTS} clients are connected already, and there is room for no more: close a dashboard first");
    let told = async {
        greet(&mut lines, &mut write, hello).await?;
        send(&mut write, &Push::Error { id: None, text }).await
    };
    // Whoever does not listen need not know.
    let _ = timeout(PATIENCE, told).await;
}

/// Says hello and hears it.
async fn greet<R, W>(lines: &mut Lines<R>, write: &mut FramedWrite<W, LinesCodec>, ours: Hello) -> Result<Hello, String>
where
    R: tokio::io::AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    send(write, &ours).await?;
    let text = match lines.expect::<Hello>().await {
        Ok(theirs) if theirs.hello == NAME && theirs.version == VERSION => return Ok(theirs),
        Ok(theirs) if theirs.hello == NAME => {
            format!("this daemon speaks version {VERSION} of the protocol, you speak {}", theirs.version)
        }
        Ok(_) => format!("the first line must be a hello of {NAME}"),
        Err(why) => format!("the first line must be a hello of {NAME}: {why}"),
    };
    send(write, &Push::Error { id: None, text: text.clone() }).await?;
    Err(text)
}

/// Reads a request; or what to answer instead, under its number if it has one.
fn understand(line: &str) -> Result<Request, Push> {
    serde_json::from_str(line).map_err(|error| {
        let id = serde_json::from_str::<serde_json::Value>(line).ok();
        let id = id.and_then(|value| value.get("id").and_then(serde_json::Value::as_u64));
        Push::Error { id, text: format!("not a request: {error}") }
    })
}

/// Carries out commands one after the other, in the order they came.
async fn carry_out(mut orders: mpsc::Receiver<Order>, desk: Arc<dyn Desk>, answers: mpsc::Sender<Push>) {
    while let Some(Order { id, who, command }) = orders.recv().await {
        let answer = desk.command(&who, command).await.map_or_else(Answer::from, Answer::Reply);
        // The client may be gone; the commands behind this one are carried out all the same.
        let _ = answers.send(Push::Answer { id, answer }).await;
    }
}

/// Writes answers as they come and, when there are none, the newest snapshot. Ends when nobody can send answers any
/// more, or the client does not take them.
async fn write_all<W: AsyncWrite + Unpin>(
    mut write: FramedWrite<W, LinesCodec>,
    mut answers: mpsc::Receiver<Push>,
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    pid: u32,
) {
    snapshots.mark_changed();
    let mut ended = false;
    loop {
        let next = tokio::select! {
            biased;
            answer = answers.recv() => match answer {
                Some(answer) => answer,
                None => return,
            },
            changed = snapshots.changed(), if !ended => match changed {
                Ok(()) => {
                    let latest = Arc::clone(&snapshots.borrow_and_update());
                    Push::Snapshot(Box::new(Snapshot::clone(&latest)))
                }
                Err(_) => {
                    ended = true;
                    Push::Ended
                }
            },
        };
        match timeout(STALLED, send(&mut write, &next)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                let limit = STALLED.as_secs();
                tracing::warn!(pid, "a client that took nothing for {limit} s is let go; it may connect again");
                return;
            }
        }
    }
}

/// Writes one line; one that is too long is replaced by saying so.
async fn send<W: AsyncWrite + Unpin, T: Serialize + Lined>(
    write: &mut FramedWrite<W, LinesCodec>,
    value: &T,
) -> Result<(), String> {
    let text = match line(value) {
        Ok(text) => text,
        Err(why) => line(&value.instead(why))?,
    };
    write.send(text).await.map_err(|error| error.to_string())
}

/// What is said instead of a line that is too long.
trait Lined {
    fn instead(&self, why: String) -> Push;
}

impl Lined for Hello {
    fn instead(&self, why: String) -> Push {
        Push::Error { id: None, text: why }
    }
}

impl Lined for Push {
    fn instead(&self, why: String) -> Push {
        match self {
            Push::Answer { id, .. } => Push::Answer { id: *id, answer: Answer::Protocol(why) },
            _ => Push::Error { id: None, text: why },
        }
    }
}
