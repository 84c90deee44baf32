//! The server of the comparison: a fixed window at a phase that only it knows, and a network with latencies.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Options, SPAN};
use crate::seam::{Failure, Method, Request, Response, Rng, Transport};

/// One way to the server and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trip {
    /// From sending to arrival.
    pub up: Duration,
    /// From arrival to the answer.
    pub down: Duration,
}

/// Every latency there will be, whoever asks and in whichever order: each follows from the seed, the record, the kind
/// of request and how often it was sent before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trips {
    seed: u64,
    write: (u64, u64),
    read: (u64, u64),
}

impl Trips {
    pub fn new(options: &Options) -> Self {
        let bounds = |range: &RangeInclusive<u64>| (*range.start(), *range.end());
        Self { seed: options.seed, write: bounds(&options.write_ms), read: bounds(&options.read_ms) }
    }

    /// The way of one request. It arrives after a tenth to two fifths of it.
    pub fn of(&self, reads: bool, record: u32, attempt: u32) -> Trip {
        let mut dice =
            Dice(self.seed.rotate_left(32) ^ (u64::from(record) << 24) ^ (u64::from(attempt) << 1) ^ u64::from(reads));
        let (least, most) = if reads { self.read } else { self.write };
        let whole = least + dice.below(most.saturating_sub(least) + 1);
        let up = whole * (10 + dice.below(31)) / 100;
        Trip { up: Duration::from_millis(up), down: Duration::from_millis(whole - up) }
    }

    /// How long after the start the server's next window begins.
    pub fn phase(&self) -> Duration {
        let span = u64::try_from(SPAN.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(Dice(!self.seed).below(span))
    }

    /// The generator for a caller's own chance.
    pub fn jitter(&self) -> Dice {
        Dice(self.seed ^ 0xa5a5_a5a5)
    }
}

/// A small seeded generator (SplitMix64): good enough from any seed, however regular.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice(u64);

impl Rng for Dice {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The request that reads a record.
pub(super) fn read(record: u32) -> Request {
    Request::new(Method::Get, format!("/v1/pages/{record}"))
}

/// The request that creates or changes a record.
pub(super) fn write(record: u32) -> Request {
    Request::new(Method::Patch, format!("/v1/pages/{record}"))
}

/// The server.
pub(super) struct Server {
    trips: Trips,
    budget: u32,
    started: Instant,
    book: Mutex<Book>,
}

/// What it has seen.
#[derive(Default)]
struct Book {
    /// The window that is open, and how many requests it let in.
    window: (u128, u32),
    arrivals: Vec<Duration>,
    throttled: u64,
    /// How often each record was read (`true`) or written before.
    sent: BTreeMap<(bool, u32), u32>,
}

impl Server {
    /// A server that opens now.
    pub fn open(trips: Trips, budget: u32) -> Self {
        Self { trips, budget, started: Instant::now(), book: Mutex::default() }
    }

    /// How long it is open, how many it refused, and when each request came.
    pub fn read_book(&self) -> (Duration, u64, Vec<Duration>) {
        let book = self.book();
        (self.started.elapsed(), book.throttled, book.arrivals.clone())
    }

    fn trip(&self, request: &Request) -> Trip {
        let record = request.path().rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or_default();
        let reads = request.method == Method::Get;
        let mut book = self.book();
        let sent = book.sent.entry((reads, record)).or_default();
        let trip = self.trips.of(reads, record, *sent);
        *sent += 1;
        trip
    }

    /// Lets a request in, or says for how long nobody gets in.
    fn admit(&self) -> Result<(), Duration> {
        let now = self.started.elapsed();
        // As if a window had begun one span before the first one that begins after the start.
        let since = now + SPAN - self.trips.phase();
        let window = since.as_millis() / SPAN.as_millis();
        let mut book = self.book();
        book.arrivals.push(now);
        if book.window.0 != window {
            book.window = (window, 0);
        }
        if book.window.1 < self.budget {
            book.window.1 += 1;
            return Ok(());
        }
        book.throttled += 1;
        let gone = Duration::from_millis(u64::try_from(since.as_millis() % SPAN.as_millis()).unwrap_or_default());
        Err(SPAN - gone)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let trip = self.trip(&request);
        sleep(trip.up).await;
        match self.admit() {
            Ok(()) => {
                sleep(trip.down).await;
                Ok(Response::json(200, &json!({ "object": "page" })))
            }
            Err(wait) => {
                // The doorman does no work: only the way back takes time. Whole seconds, rounded up.
                sleep(trip.up).await;
                let seconds = wait.as_millis().div_ceil(1_000).to_string();
                let body = json!({
                    "object": "error", "status": 429, "code": "rate_limited", "message": "You have been rate limited.",
                    "additional_data": {
                        "rate_limit_reason": "public_api_request_rate_limit", "retry_after": seconds.as_str(),
                    },
                });
                Ok(Response::json(429, &body).header("retry-after", seconds))
            }
        }
    }
}
