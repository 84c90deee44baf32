//! The three callers, each in a runtime of its own whose time jumps from timer to timer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use super::server::{Server, Trips, read, write};
use super::{Options, Policy, Run, Work};
use crate::remote::Lane;
use crate::remote::connection::{Connection, retry_after};
use crate::remote::notion::dialect::NotionDialect;
use crate::remote::pace::{Pace, Settings};
use crate::seam::{Request, Transport, WallClock};

/// Does the work once.
///
/// # Errors
/// When the runtime cannot be built.
pub(super) fn run(options: &Options, trips: Trips, policy: Policy, work: Work, budget: u32) -> std::io::Result<Run> {
    // A thread of its own: whoever calls may stand in a runtime already, which a second one must not be nested in.
    let outcome = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
            Ok(runtime.block_on(one(options, trips, policy, work, budget)))
        });
        thread.join()
    });
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

async fn one(options: &Options, trips: Trips, policy: Policy, work: Work, budget: u32) -> Run {
    let server = Arc::new(Server::open(trips, budget));
    let job = Job { operations: options.operations, next: AtomicU32::new(0), work };
    match policy {
        Policy::Ours => ours(options, trips, &server, &job, budget).await,
        Policy::FixedQueue => fixed_queue(options, &server, &job).await,
        Policy::Sequential => sequential(&server, &job).await,
        Policy::Limit => {}
    }
    let (finish, throttled, arrivals) = server.read_book();
    Run { finish, throttled, arrivals }
}

/// What is left to do, for all senders of one caller.
struct Job {
    operations: u32,
    next: AtomicU32,
    work: Work,
}

impl Job {
    fn next(&self) -> Option<u32> {
        let record = self.next.fetch_add(1, Ordering::Relaxed);
        (record < self.operations).then_some(record)
    }

    /// The requests of one record, each after the other's answer.
    fn requests(&self, record: u32) -> Vec<Request> {
        match self.work {
            Work::Creates => vec![write(record)],
            Work::Updates => vec![read(record), write(record)],
        }
    }
}

/// Our own connection with as many writers as may be out: permits, pre-read, write.
async fn ours(options: &Options, trips: Trips, server: &Arc<Server>, job: &Job, budget: u32) {
    let settings = Settings { in_flight: options.in_flight, ..Settings::per_minute(budget) };
    let pace = Pace::new(settings, Box::new(trips.jitter()));
    let clock = Arc::new(Clock(Instant::now()));
    let connection = Connection::new(Arc::clone(server) as _, pace, clock, Arc::new(NotionDialect));
    let writers = (0..options.in_flight).map(|_| async {
        while let Some(record) = job.next() {
            connection.reserve(Lane::Write, job.work.requests()).await;
            // Nothing is lost on the way here: what fails was refused, and is asked again.
            while job.work == Work::Updates && connection.read(Lane::Write, read(record)).await.is_err() {}
            while connection.write(Lane::Write, write(record)).await.is_err() {}
        }
    });
    join_all(writers).await;
}

/// Hands out one turn every third of a second.
struct Turns {
    next: Mutex<Instant>,
    gate: Mutex<Instant>,
}

impl Turns {
    async fn take(&self) {
        let mut next = self.next.lock().await;
        let mut at = (*next).max(Instant::now());
        loop {
            sleep_until(at).await;
            let gate = *self.gate.lock().await;
            if gate <= at {
                break;
            }
            at = gate;
        }
        *next = at + Duration::from_secs(1) / 3;
    }
}

async fn fixed_queue(options: &Options, server: &Arc<Server>, job: &Job) {
    let turns = Turns { next: Mutex::new(Instant::now()), gate: Mutex::new(Instant::now()) };
    let senders = (0..options.in_flight).map(|_| async {
        while let Some(record) = job.next() {
            for request in job.requests(record) {
                loop {
                    turns.take().await;
                    let Ok(response) = server.send(request.clone()).await else { continue };
                    let Some(wait) = retry_after(&response) else { break };
                    let until = Instant::now() + wait;
                    let mut gate = turns.gate.lock().await;
                    *gate = (*gate).max(until);
                }
            }
        }
    });
    join_all(senders).await;
}

async fn sequential(server: &Arc<Server>, job: &Job) {
    while let Some(record) = job.next() {
        for request in job.requests(record) {
            let mut wait = Duration::from_secs(1);
            while server.send(request.clone()).await.is_ok_and(|response| response.status == 429) {
                sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(60));
            }
        }
    }
}

/// A wall clock that begins in 1970 and follows the runtime's time.
struct Clock(Instant);

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.0.elapsed()
    }
}
