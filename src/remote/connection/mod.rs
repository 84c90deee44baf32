//! One connection to one remote system: transport, pace, and the ONE layer that retries.
//!
//! A [`Dialect`] says, purely, what a response means; [`Connection::read`] repeats what is safe to repeat,
//! [`Connection::write`] sends once and repeats only what was surely not executed. Systems build their requests and
//! read their responses on top of it; nothing above it may retry, nothing below it may. While a system is down its `breaker`
//! lets one request at a time try it.

mod breaker;
mod dialect;
mod health;
#[cfg(test)]
mod tests;
mod turn;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use self::breaker::{Breaker, Pass, Phase};
pub use self::dialect::{Answer, Dialect, LONGEST, Operating, error, json, retry_after, server_time};
use self::health::{Health, RetryBudget};
pub use self::turn::Turn;
use super::pace::{Pace, Permit};
use super::{Lane, Pulse, RemoteError, RemoteErrorKind, WriteError};
use crate::control;
use crate::seam::{Failure, Request, Response, Transport, WallClock};

/// How long and how often to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How often a read is sent at most, throttled answers not counted.
    pub read_attempts: u32,
    /// How often a write that was surely not executed is sent at most.
    pub write_attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    pub backoff: Duration,
    /// When a request gives up waiting for permits, gates and repetitions.
    pub deadline: Duration,
    /// The same for a write: what was read before it grows old, and it had better be planned anew.
    pub write_deadline: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            read_attempts: 3,
            write_attempts: 5,
            backoff: Duration::from_secs(1),
            deadline: Duration::from_secs(600),
            write_deadline: Duration::from_secs(5),
        }
    }
}

/// A connection; clones share everything.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Arc<dyn Transport>,
    pace: Arc<Pace>,
    clock: Arc<dyn WallClock>,
    dialect: Arc<dyn Dialect>,
    patience: Patience,
    health: Mutex<Health>,
    breaker: Breaker,
    /// Nothing waits any more.
    closing: CancellationToken,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// One sending and what came of it; the permit is settled already.
enum Outcome {
    Good(Response),
    Throttled,
    Failed(RemoteError),
    Transient(RemoteError),
    NotSent(RemoteError),
    Unknown(RemoteError),
    /// Surely not executed, and nothing is to be waited for.
    NotTaken(RemoteError),
}

impl Connection {
    /// A connection with the default patience.
    pub fn new(
        transport: Arc<dyn Transport>,
        pace: Arc<Pace>,
        clock: Arc<dyn WallClock>,
        dialect: Arc<dyn Dialect>,
    ) -> Self {
        Self::with_patience(transport, pace, clock, dialect, Patience::default())
    }

    /// A connection with a patience of its own.
    pub fn with_patience(
        transport: Arc<dyn Transport>,
        pace: Arc<Pace>,
        clock: Arc<dyn WallClock>,
        dialect: Arc<dyn Dialect>,
        patience: Patience,
    ) -> Self {
        let health = Mutex::new(Health::new(Instant::now()));
        Self {
            inner: Arc::new(Inner {
                transport,
                pace,
                clock,
                dialect,
                patience,
                health,
                breaker: Breaker::new(),
                closing: CancellationToken::new(),
            }),
        }
    }

    /// An operation begins: its requests ask the turn for their lanes.
    pub fn turn(&self, lane: Lane) -> Turn<'_> {
        Turn::new(self, lane)
    }

    /// Sends a request that changes nothing, and repeats it where that can help. In the write lane the first sending uses
    /// one reserved permit, whatever becomes of it.
    ///
    /// # Errors
    /// [`RemoteError`]: a definite answer, or the last of the attempts.
    pub async fn read(&self, lane: Lane, request: Request) -> Result<Response, RemoteError> {
        let patience = self.inner.patience;
        let deadline = Instant::now() + patience.deadline;
        let mut attempt = 1;
        let mut first = true;
        loop {
            let outcome = self.send(lane, std::mem::take(&mut first), &request, deadline).await?;
            let (last, cost) = match outcome {
                Outcome::Good(response) => return Ok(response),
                Outcome::Failed(error) => return Err(error),
                Outcome::Throttled => continue,
                Outcome::NotTaken(_) if attempt < patience.read_attempts => {
                    attempt += 1;
                    continue;
                }
                Outcome::NotTaken(error) => return Err(error),
                Outcome::Transient(error) | Outcome::NotSent(error) => (error, RetryBudget::PLAIN),
                Outcome::Unknown(error) => (error, RetryBudget::UNKNOWN),
            };
            // A system that is down is tried again by whoever comes next, and not by one read for long.
            let open = self.inner.breaker.phase() != Phase::Closed;
            if open || attempt >= patience.read_attempts || !self.pause(attempt, cost, deadline).await {
                return Err(last);
            }
            attempt += 1;
        }
    }

    /// Sends a request that changes something, once. Repeated only where it was surely not executed, and only for a few
    /// seconds: what was read before it is old then.
    ///
    /// # Errors
    /// [`WriteError::NotDone`] where that is sure, else [`WriteError::Unknown`].
    pub async fn write(&self, lane: Lane, request: Request) -> Result<Response, WriteError> {
        let patience = self.inner.patience;
        let deadline = Instant::now() + patience.write_deadline;
        let mut attempt = 1;
        loop {
            // A write is no trial: its outcome would be one more to be looked for.
            let rests = self.inner.breaker.phase() != Phase::Closed;
            if rests || self.inner.pace.is_closed_at(deadline) {
                if attempt == 1 {
                    drop(self.reserved(lane));
                }
                return Err(WriteError::NotDone(if rests { self.rests() } else { too_fast() }));
            }
            let outcome = self.send(lane, attempt == 1, &request, deadline).await.map_err(WriteError::NotDone)?;
            let (last, at_once) = match outcome {
                Outcome::Good(response) => return Ok(response),
                Outcome::Failed(error) => return Err(WriteError::NotDone(error)),
                Outcome::Transient(error) | Outcome::Unknown(error) => return Err(WriteError::Unknown(error.message)),
                Outcome::Throttled => (too_fast(), true),
                Outcome::NotTaken(error) => (error, true),
                Outcome::NotSent(error) => (error, false),
            };
            let again = attempt < patience.write_attempts
                && (at_once || self.pause(attempt, RetryBudget::PLAIN, deadline).await);
            if !again {
                return Err(WriteError::NotDone(last));
            }
            attempt += 1;
        }
    }

    /// See [`super::System::reserve`].
    pub async fn reserve(&self, lane: Lane, requests: u32) {
        tokio::select! {
            biased;
            () = self.inner.pace.reserve(lane, requests) => {}
            // Whatever was to be sent with these permits finds none and fails.
            () = self.inner.closing.cancelled() => {}
        }
    }

    /// See [`super::System::release`].
    pub fn release(&self, lane: Lane, requests: u32) {
        self.inner.pace.release(lane, requests);
    }

    /// See [`super::System::stop_waiting`].
    pub fn stop_waiting(&self) {
        self.inner.closing.cancel();
    }

    /// How the connection does.
    pub fn pulse(&self) -> Pulse {
        let headroom = self.inner.pace.headroom(self.now());
        let (requests, throttled) = self.inner.pace.counts();
        let health = self.health();
        let breaker = match self.inner.breaker.phase() {
            Phase::Closed => control::Breaker::Closed,
            Phase::HalfOpen => control::Breaker::HalfOpen,
            Phase::Open(until) => {
                let left = SignedDuration::try_from(until.saturating_duration_since(Instant::now()));
                let until = self.now().checked_add(left.unwrap_or_default()).unwrap_or(Timestamp::MAX);
                // Whole seconds: the same moment must look the same whenever it is asked for.
                control::Breaker::Open { until: until.round(Unit::Second).unwrap_or(until) }
            }
        };
        let (last_answer, trouble) = (health.last_answer, health.trouble.clone());
        Pulse { headroom, requests, throttled, last_answer, trouble, breaker }
    }

    /// Our own clock's now.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The system's own time in its last answer, where it told; some time ago by now.
    pub fn server_now(&self) -> Option<Timestamp> {
        self.health().server_now
    }

    async fn send(
        &self,
        lane: Lane,
        first: bool,
        request: &Request,
        deadline: Instant,
    ) -> Result<Outcome, RemoteError> {
        let method = self.inner.dialect.method_of(request);
        let pace = &self.inner.pace;
        // Whoever gives up before the permit is taken leaves it reserved for nobody.
        let mut reserved = if first { self.reserved(lane) } else { None };
        let ends = || error(RemoteErrorKind::Throttled, "", "the program ends, and the request was not sent");
        let mut first = first;
        let (pass, permit) = loop {
            let pass = tokio::select! {
                biased;
                pass = timeout_at(deadline, self.inner.breaker.pass()) => pass.map_err(|_| self.rests())?,
                () = self.inner.closing.cancelled() => return Err(ends()),
            };
            let acquire = async {
                if first {
                    pace.acquire(lane, method.as_deref()).await
                } else {
                    pace.acquire_again(lane, method.as_deref()).await
                }
            };
            let permit = tokio::select! {
                biased;
                permit = timeout_at(deadline, acquire) => permit,
                () = self.inner.closing.cancelled() => return Err(ends()),
            };
            let permit = permit.map_err(|_| {
                let error = too_fast();
                // What made us wait is the trouble, and not that we wait.
                self.health().trouble.get_or_insert_with(|| error.clone());
                error
            })?;
            // The reservation became the permit that was just granted: dropped, it would give the same one back again.
            if let Some(reserved) = reserved.take() {
                std::mem::forget(reserved);
            }
            if pass.holds() {
                break (pass, permit);
            }
            // The system went down while this waited for its permit.
            permit.unsent();
            first = false;
        };
        let outcome = match self.inner.transport.send(request.clone()).await {
            Ok(response) => self.judge(permit, request, response),
            Err(failure) => {
                let error = error(RemoteErrorKind::Unavailable, "", failure.to_string());
                self.health().trouble = Some(error.clone());
                match failure {
                    Failure::NotSent(_) => {
                        permit.unsent();
                        Outcome::NotSent(error)
                    }
                    Failure::Unknown(_) => {
                        permit.answered();
                        Outcome::Unknown(error)
                    }
                    Failure::NotTaken(_) => {
                        permit.answered();
                        Outcome::NotTaken(error)
                    }
                }
            }
        };
        self.note(pass, &outcome);
        Ok(outcome)
    }

    /// What an outcome says of the whole system.
    fn note(&self, pass: Pass<'_>, outcome: &Outcome) {
        let jitter = |most| self.inner.pace.jitter(most);
        match outcome {
            Outcome::Failed(error) if error.kind == RemoteErrorKind::Unauthorized => pass.failed(1, jitter),
            Outcome::Good(_) | Outcome::Failed(_) | Outcome::Throttled | Outcome::NotTaken(_) => pass.well(),
            Outcome::Transient(_) | Outcome::NotSent(_) => pass.failed(1, jitter),
            // Each of these took a minute.
            Outcome::Unknown(_) => pass.failed(2, jitter),
        }
    }

    /// Why nothing leaves while the breaker is not closed: what went wrong last.
    fn rests(&self) -> RemoteError {
        let why = || {
            error(RemoteErrorKind::Unavailable, "", "the system does not answer, and is tried by one request at a time")
        };
        self.health().trouble.clone().unwrap_or_else(why)
    }

    /// The permit that was reserved for a request which was not sent yet.
    fn reserved(&self, lane: Lane) -> Option<Reserved<'_>> {
        (lane == Lane::Write).then(|| Reserved(&self.inner.pace))
    }

    fn judge(&self, permit: Permit, request: &Request, response: Response) -> Outcome {
        let now = self.now();
        let told = server_time(&response);
        let (answer, operating) = self.inner.dialect.both(request, &response);
        for operating in operating {
            let reset_in = operating.reset_at.map(|at| {
                let ahead = at.duration_since(told.unwrap_or(now));
                Duration::try_from(ahead).unwrap_or(Duration::ZERO)
            });
            self.inner.pace.note_operating(&operating.method, operating.used, reset_in);
        }
        for method in self.inner.dialect.spent_inside(request, &response) {
            self.inner.pace.note_spent(&method);
        }
        match &answer {
            Answer::Throttled { retry_after, method } => permit.throttled(*retry_after, method.as_deref()),
            Answer::Blocked { pause, .. } => permit.throttled(Some(*pause), None),
            _ => permit.answered(),
        }
        let mut health = self.health();
        health.server_now = told.or(health.server_now);
        match answer {
            Answer::Good => {
                health.well(now, Instant::now());
                Outcome::Good(response)
            }
            Answer::Throttled { .. } => Outcome::Throttled,
            Answer::Blocked { error, .. } => {
                health.trouble = Some(error.clone());
                Outcome::Failed(error)
            }
            Answer::Failed(error) => {
                // "No such record" and "not that value" are answers of a system that is well.
                if matches!(
                    error.kind,
                    RemoteErrorKind::NotFound | RemoteErrorKind::Invalid | RemoteErrorKind::Overtaken
                ) {
                    health.well(now, Instant::now());
                } else {
                    health.trouble = Some(error.clone());
                }
                Outcome::Failed(error)
            }
            Answer::Transient(error) => {
                health.trouble = Some(error.clone());
                Outcome::Transient(error)
            }
        }
    }

    /// Waits before another attempt; `false` if there is to be none.
    async fn pause(&self, attempt: u32, cost: u32, deadline: Instant) -> bool {
        let base = self.inner.patience.backoff * 2u32.saturating_pow(attempt.saturating_sub(1));
        let until = Instant::now() + base / 2 + self.inner.pace.jitter(base);
        if until >= deadline || !self.health().retries.spend(cost, Instant::now()) {
            return false;
        }
        tokio::select! {
            biased;
            () = self.inner.closing.cancelled() => false,
            () = sleep_until(until) => true,
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.inner.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reserved permit that was not taken yet; dropped, it is given back.
struct Reserved<'a>(&'a Pace);

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.0.release(Lane::Write, 1);
    }
}

fn too_fast() -> RemoteError {
    error(RemoteErrorKind::Throttled, "", "no permit to send within the time a request may wait")
}
