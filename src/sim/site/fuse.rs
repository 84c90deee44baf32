//! When the process dies: at a moment, or at one exact step of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::seam::kv::Rows;
use crate::seam::{Batch, Kv, KvError};
use crate::store::MemoryKv;

/// A step at which the process can die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A request is about to leave.
    Leaving,
    /// A request was executed over there, and its answer is on its way.
    Answering,
    /// A write is about to leave.
    Writing,
    /// A write was executed over there, and its answer is on its way.
    Written,
    /// A commit is about to be applied.
    Applying,
    /// A commit was applied and not flushed.
    Flushing,
    /// A commit is durable, and nobody was told yet.
    Flushed,
}

impl Step {
    /// Every step.
    pub const ALL: [Step; 7] =
        [Step::Leaving, Step::Answering, Step::Writing, Step::Written, Step::Applying, Step::Flushing, Step::Flushed];
}

#[derive(Debug, Default)]
struct State {
    /// The step, and how many more of them pass.
    armed: Option<(Step, u64)>,
    burnt: bool,
}

/// The fuse of one life of the process.
#[derive(Debug, Default)]
pub struct Fuse {
    state: Mutex<State>,
    died: Notify,
}

impl Fuse {
    /// A new life.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The process will die at this step, after so many of its kind.
    pub fn arm(&self, step: Step, after: u64) {
        self.locked().armed = Some((step, after));
    }

    /// The process dies now.
    pub fn burn(&self) {
        self.locked().burnt = true;
        self.died.notify_one();
    }

    /// Whether it is dead.
    pub fn is_burnt(&self) -> bool {
        self.locked().burnt
    }

    /// Waits until it dies.
    pub async fn burnt(&self) {
        while !self.is_burnt() {
            self.died.notified().await;
        }
    }

    /// The process has come to a step; false if it dies there.
    pub fn passes(&self, step: Step) -> bool {
        let mut state = self.locked();
        match &mut state.armed {
            Some((armed, left)) if *armed == step && *left > 0 => *left -= 1,
            Some((armed, _)) if *armed == step => {
                state.armed = None;
                state.burnt = true;
            }
            _ => {}
        }
        let burnt = state.burnt;
        drop(state);
        if burnt {
            self.died.notify_one();
        }
        !burnt
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pretend disk of a process that can die in the midst of a commit.
pub struct FusedKv {
    kv: MemoryKv,
    fuse: Arc<Fuse>,
}

impl FusedKv {
    /// A disk under a fuse.
    pub fn new(kv: MemoryKv, fuse: Arc<Fuse>) -> Self {
        Self { kv, fuse }
    }

    fn passes(&self, step: Step) -> Result<(), KvError> {
        if self.fuse.passes(step) { Ok(()) } else { Err(KvError::Failed("the process has died".to_owned())) }
    }
}

impl Kv for FusedKv {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.kv.get(tree, key)
    }

    fn scan(&self, tree: &'static str, prefix: &[u8], from: Option<&[u8]>, limit: usize) -> Result<Rows, KvError> {
        self.kv.scan(tree, prefix, from, limit)
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), KvError> {
        self.passes(Step::Applying)?;
        self.kv.apply(batch)
    }

    fn flush(&mut self) -> Result<(), KvError> {
        self.passes(Step::Flushing)?;
        self.kv.flush()?;
        self.passes(Step::Flushed)
    }
}
