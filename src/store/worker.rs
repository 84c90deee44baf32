//! The one thread that owns the engine.
//!
//! Group commit: whatever is queued when the disk is free becomes one transaction and one flush, and all are answered
//! together. A read that comes between two commits is answered after the first is durable, so nobody ever sees what a
//! power cut could take back.

use std::sync::mpsc::{Receiver, RecvError, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::seam::{Batch, KvError};

use super::core::Core;

/// Batches in one group.
const GROUP: usize = 256;
/// Bytes in one group, about.
const GROUP_BYTES: usize = 4 << 20;

pub(super) type Answer = oneshot::Sender<Result<(), KvError>>;

pub(super) enum Request {
    Commit(Batch, Answer),
    /// Anything else, which answers by itself.
    Ask(Box<dyn FnOnce(&mut Core) + Send>),
    Close(Answer),
}

/// Starts the thread.
pub(super) fn start(core: Core) -> std::io::Result<(Sender<Request>, JoinHandle<()>)> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || run(core, &receiver))?;
    Ok((sender, thread))
}

#[derive(Default)]
struct Group {
    batch: Batch,
    bytes: usize,
    waiting: Vec<Answer>,
}

impl Group {
    fn add(&mut self, batch: Batch, answer: Answer) {
        self.bytes +=
            batch.ops.iter().map(|(_, key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum::<usize>();
        self.batch.ops.extend(batch.ops);
        self.waiting.push(answer);
    }

    fn full(&self) -> bool {
        self.waiting.len() >= GROUP || self.bytes >= GROUP_BYTES
    }

    /// Makes all of it durable and answers all. An answer nobody waits for any more is no failure.
    fn settle(&mut self, core: &mut Core) {
        if self.waiting.is_empty() {
            return;
        }
        let group = std::mem::take(self);
        let answer = core.commit(&group.batch);
        for waiting in group.waiting {
            let _ = waiting.send(answer.clone());
        }
    }
}

fn run(mut core: Core, requests: &Receiver<Request>) {
    let mut group = Group::default();
    loop {
        let next = if group.waiting.is_empty() {
            requests.recv().map_err(|RecvError| TryRecvError::Disconnected)
        } else if group.full() {
            Err(TryRecvError::Empty)
        } else {
            requests.try_recv()
        };
        match next {
            Ok(Request::Commit(batch, answer)) => group.add(batch, answer),
            Ok(Request::Ask(work)) => {
                group.settle(&mut core);
                work(&mut core);
            }
            Ok(Request::Close(answer)) => {
                group.settle(&mut core);
                let _ = answer.send(core.close());
                return;
            }
            Err(TryRecvError::Empty) => group.settle(&mut core),
            Err(TryRecvError::Disconnected) => {
                group.settle(&mut core);
                // Nobody is left to be told; what was answered is durable already.
                let _ = core.close();
                return;
            }
        }
    }
}
