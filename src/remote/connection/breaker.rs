//! The breaker of one connection: while a system is down, one request at a time tries it, and everything else waits.
//!
//! *Closed*: requests go. After [`ENOUGH`] global failures in a row (no connection, no answer in time, their trouble, a refused
//! token) it is *open*: nothing leaves until a moment comes. Then it is *half open*: the first read that waits is the trial. It
//! answers: closed. It fails: open again, for longer. An answer that says no to one record is an answer.
//!
//! Whoever waits here holds no permit and no slot. What the engine does about writes that are not answered is beside this:
//! reads may be answered, and writes not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Failures in a row before nothing leaves any more. A read is tried three times, which one bad answer must survive.
const ENOUGH: u32 = 5;
/// The shortest and the longest time between two trials.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Requests go.
    Closed,
    /// Nothing leaves until then.
    Open(Instant),
    /// One request tries.
    HalfOpen,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Failures in a row.
    failures: u32,
    /// Trials that failed since it was closed.
    trials: u32,
}

/// The breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    changed: Notify,
}

/// Leave to send one request. Dropped without a verdict, it says nothing of the system, and a trial is the next one's.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    trial: bool,
}

impl Breaker {
    pub fn new() -> Self {
        Self { state: Mutex::new(State { phase: Phase::Closed, failures: 0, trials: 0 }), changed: Notify::new() }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it is now.
    pub fn phase(&self) -> Phase {
        self.locked().phase
    }

    /// Waits until a request may leave.
    pub async fn pass(&self) -> Pass<'_> {
        loop {
            let changed = self.changed.notified();
            let until = {
                let mut state = self.locked();
                match state.phase {
                    Phase::Closed => return Pass { breaker: self, trial: false },
                    Phase::Open(until) if until <= Instant::now() => {
                        state.phase = Phase::HalfOpen;
                        return Pass { breaker: self, trial: true };
                    }
                    Phase::Open(until) => Some(until),
                    Phase::HalfOpen => None,
                }
            };
            match until {
                Some(until) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = sleep_until(until) => {}
                },
                None => changed.await,
            }
        }
    }
}

impl Pass<'_> {
    /// Whether it is still good: the breaker may have opened since.
    pub fn holds(&self) -> bool {
        self.trial || self.breaker.phase() == Phase::Closed
    }

    /// The system answered, whatever it said.
    pub fn well(mut self) {
        self.trial = false;
        let mut state = self.breaker.locked();
        let was = std::mem::replace(&mut *state, State { phase: Phase::Closed, failures: 0, trials: 0 }).phase;
        drop(state);
        if was != Phase::Closed {
            self.breaker.changed.notify_waiters();
        }
    }

    /// It failed, as so many failures; `jitter` is a random time below another one.
    pub fn failed(mut self, weight: u32, jitter: impl Fn(Duration) -> Duration) {
        let trial = std::mem::take(&mut self.trial);
        let mut state = self.breaker.locked();
        state.failures = state.failures.saturating_add(weight);
        let opens = match state.phase {
            Phase::Closed => state.failures >= ENOUGH,
            Phase::HalfOpen => trial,
            // Somebody who left before it was opened.
            Phase::Open(_) => false,
        };
        if !opens {
            return;
        }
        let pause = PAUSES.0.saturating_mul(1 << state.trials.min(6)).min(PAUSES.1);
        state.trials = state.trials.saturating_add(1);
        state.phase = Phase::Open(Instant::now() + pause + jitter(pause / 4));
        drop(state);
        self.breaker.changed.notify_waiters();
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.trial {
            self.breaker.locked().phase = Phase::Open(Instant::now());
            self.breaker.changed.notify_waiters();
        }
    }
}
