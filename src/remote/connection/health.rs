//! How a connection does, and how many repetitions it may still afford.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::remote::RemoteError;

/// What is known of the connection.
#[derive(Debug)]
pub(super) struct Health {
    pub last_answer: Option<Timestamp>,
    pub trouble: Option<RemoteError>,
    pub server_now: Option<Timestamp>,
    pub retries: RetryBudget,
}

impl Health {
    pub fn new(now: Instant) -> Self {
        Self { last_answer: None, trouble: None, server_now: None, retries: RetryBudget::new(now) }
    }

    /// It answered well.
    pub fn well(&mut self, wall: Timestamp, now: Instant) {
        self.last_answer = Some(wall);
        self.trouble = None;
        self.retries.earn(now);
    }
}

/// Repetitions that all requests of a connection share, so that an outage does not multiply its requests: a tenth of
/// the good answers, and one in five seconds in any case.
#[derive(Debug)]
pub(super) struct RetryBudget {
    /// In hundredths of a token.
    tokens: u64,
    at: Instant,
}

impl RetryBudget {
    /// What a repetition costs.
    pub const PLAIN: u32 = 1;
    /// What a repetition after an unknown outcome costs: the first request may still be at work over there.
    pub const UNKNOWN: u32 = 2;
    const MOST: u64 = 2_000;
    const PER_SECOND: u64 = 20;
    const PER_GOOD_ANSWER: u64 = 10;

    pub fn new(now: Instant) -> Self {
        Self { tokens: Self::MOST, at: now }
    }

    pub fn earn(&mut self, now: Instant) {
        self.refill(now);
        self.tokens = (self.tokens + Self::PER_GOOD_ANSWER).min(Self::MOST);
    }

    /// Takes the price of one repetition, if it can be paid.
    pub fn spend(&mut self, cost: u32, now: Instant) -> bool {
        self.refill(now);
        let price = u64::from(cost) * 100;
        let paid = self.tokens >= price;
        if paid {
            self.tokens -= price;
        }
        paid
    }

    fn refill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs();
        self.at += Duration::from_secs(seconds);
        self.tokens = (self.tokens + seconds.saturating_mul(Self::PER_SECOND)).min(Self::MOST);
    }
}
