//! Puts watcher and sinks together, beside the engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::mail::{Put, Slot, mailbox};
use super::{Hook, Memory, Notice, Seen, Slack, Watcher};
use crate::control::{Desk, HoldRow, List, Query, Rows, Sink, Snapshot};

/// Notices that wait for one sink. Where more come the oldest are left out, and counted.
const QUEUE: usize = 100;
/// Between two looks: what is told need not be told within the second.
const LOOK: Duration = Duration::from_secs(2);
/// Holds of a kind that are looked at; beyond that the summary counts.
const HOLDS: u64 = 500;

/// Where notices go, and what was told.
pub struct Settings {
    /// Derives them.
    pub watcher: Watcher,
    /// Where what was told is kept.
    pub memory: PathBuf,
    /// Slack, if it is told.
    pub slack: Option<Slack>,
    /// A command, if there is one.
    pub command: Option<Hook>,
}

/// How the sinks do; every change is seen by whoever watches.
type Boards = watch::Sender<Vec<Sink>>;

/// What a sink says of itself.
#[derive(Clone)]
pub(super) struct Board {
    name: &'static str,
    boards: Arc<Boards>,
}

impl Board {
    fn change(&self, change: impl FnOnce(&mut Sink)) {
        self.boards.send_modify(|sinks| {
            if let Some(sink) = sinks.iter_mut().find(|sink| sink.name == self.name) {
                change(sink);
            }
        });
    }

    pub fn sent(&self, count: u64) {
        self.change(|sink| {
            sink.sent += count;
            sink.trouble.clear();
        });
    }

    pub fn waiting(&self, why: String) {
        self.change(|sink| sink.trouble = why);
    }

    pub fn dropped(&self, count: u64, why: String) {
        self.change(|sink| {
            sink.dropped += count;
            sink.trouble = why;
        });
    }

    /// Whatever is wrong with the sink says why.
    fn left_out(&self) {
        self.change(|sink| {
            sink.dropped += 1;
            if sink.trouble.is_empty() {
                sink.trouble = "too much to tell at once; the oldest of it was left out".to_owned();
            }
        });
    }

    pub fn off(&self, count: u64, why: String) {
        self.change(|sink| {
            sink.dropped += count;
            sink.trouble = why;
            sink.off = true;
        });
    }
}

/// How long notices that wait may take to go out at the end.
const PARTING: Duration = Duration::from_secs(3);

/// Everything that runs for notices.
pub struct Running {
    /// How the sinks do.
    pub sinks: watch::Receiver<Vec<Sink>>,
    watcher: AbortOnDropHandle<()>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Ends it, when what waits has gone out or had its time.
    pub async fn end(mut self) {
        // Its mailboxes go with it, and the sinks end when these are empty.
        self.watcher.abort();
        let _ = (&mut self.watcher).await;
        let out = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(PARTING, out).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

/// A sink's mailbox.
struct Mailbox {
    board: Board,
    slot: Slot,
}

impl Mailbox {
    /// Never waits.
    fn put(&self, notice: Notice) {
        match self.slot.put(notice) {
            Put::Waits => {}
            Put::OldestWent => self.board.left_out(),
            // It is off, and has said so.
            Put::Shut => self.board.change(|sink| sink.dropped += 1),
        }
    }
}

/// Starts it.
pub fn spawn(settings: Settings, desk: Arc<dyn Desk>) -> Running {
    let mut tasks = JoinSet::new();
    let names = [settings.slack.as_ref().map(|_| "slack"), settings.command.as_ref().map(|_| "command")];
    let named = |name: &str| Sink { name: name.to_owned(), ..Sink::default() };
    let (boards, sinks) = watch::channel(names.into_iter().flatten().map(named).collect());
    let boards = Arc::new(boards);
    let mut mailboxes = Vec::new();
    let mut open = |name: &'static str| {
        let (slot, mail) = mailbox(QUEUE);
        let board = Board { name, boards: boards.clone() };
        mailboxes.push(Mailbox { board: board.clone(), slot });
        (mail, board)
    };
    if let Some(slack) = settings.slack {
        let (mail, board) = open("slack");
        tasks.spawn(slack.run(mail, board));
    }
    if let Some(command) = settings.command {
        let (mail, board) = open("command");
        tasks.spawn(command.run(mail, board));
    }
    let watcher = tokio::spawn(watched(settings.watcher, settings.memory, desk, mailboxes));
    Running { sinks, watcher: AbortOnDropHandle::new(watcher), tasks }
}

async fn watched(mut watcher: Watcher, path: PathBuf, desk: Arc<dyn Desk>, mailboxes: Vec<Mailbox>) {
    let mut snapshots = desk.follow();
    let mut kept: Option<Memory> = None;
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        // Of what an engine that has gone does not tell, nothing has ended.
        if let Some((holds, partial)) = holds(&*desk, &snapshot).await {
            for mut notice in watcher.look(&Seen { snapshot: &snapshot, holds: &holds, partial }) {
                if !snapshot.workspace.is_empty() {
                    // Several workspaces may tell one channel.
                    notice.text = format!("{}: {}", snapshot.workspace, notice.text);
                }
                mailboxes.iter().for_each(|mailbox| mailbox.put(notice.clone()));
            }
        }
        if kept.as_ref() != Some(watcher.memory()) {
            match watcher.memory().save(&path) {
                Ok(()) => kept = Some(watcher.memory().clone()),
                Err(error) => {
                    tracing::warn!("what was told cannot be kept, and is told again after a restart: {error}")
                }
            }
        }
        tokio::time::sleep(LOOK).await;
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}

/// The holds that notices can be about, and whether there are more; `None` if nobody tells. Lists are oldest first, and what is
/// new is told: so the end of each is looked at, of the conflicts, of the other holds that stand behind them, and of those set
/// aside.
async fn holds(desk: &dyn Desk, snapshot: &Snapshot) -> Option<(Vec<HoldRow>, bool)> {
    let (conflicts, others) = (snapshot.conflicts, snapshot.holds);
    let parts = [
        (List::Holds, 0, conflicts),
        (List::Holds, conflicts, others),
        // Among the others, unless those are too many.
        (List::Quarantined, 0, if others > HOLDS { snapshot.quarantined } else { 0 }),
    ];
    let mut found = Vec::new();
    for (list, first, count) in parts {
        if count == 0 {
            continue;
        }
        let offset = first + count.saturating_sub(HOLDS);
        let query = Query { offset, limit: HOLDS, ..Query::all(list) };
        let Rows::Holds(rows) = desk.query(query).await.ok()?.rows else { return None };
        found.extend(rows);
    }
    Some((found, conflicts.max(others) > HOLDS))
}
