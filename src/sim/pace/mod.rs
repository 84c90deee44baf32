//! How long the same work takes at three paces, beside the limit that nobody can beat.
//!
//! [`compare`] lets [`Pace`](crate::remote::pace::Pace) behind a real [`Connection`](crate::remote::connection::Connection),
//! a fixed queue, and a sequential caller with back-off do the same work against the same server in virtual time.
//! `server` is that server, `policies` the three callers, `limit` a sender who knows everything beforehand. Nothing in
//! here may look at what the server alone knows (its phase, the next latency) on a caller's behalf, except `limit`.

mod limit;
mod policies;
mod server;

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serialize;

use self::server::Trips;

/// The window in which requests are counted.
const SPAN: Duration = Duration::from_secs(60);

/// What the limit means, in one sentence.
pub const LIMIT: &str = "a sender who knows every latency beforehand, under the same cap, sending each request at the \
first moment at which no 60 s, wherever they begin, would see more arrivals than the budget";

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Decides every latency, the server's phase and the jitter.
    pub seed: u64,
    /// How many records are created, and how many updated.
    pub operations: u32,
    /// The budgets, in requests a minute.
    pub budgets: Vec<u32>,
    /// How many requests may be out at once, for every caller alike.
    pub in_flight: u32,
    /// How long a write takes from sending to answer, in milliseconds.
    pub write_ms: RangeInclusive<u64>,
    /// How long a read takes from sending to answer, in milliseconds.
    pub read_ms: RangeInclusive<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            operations: 1_000,
            budgets: vec![180, 600],
            in_flight: 6,
            write_ms: 250..=700,
            read_ms: 80..=250,
        }
    }
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// See [`LIMIT`].
    Limit,
    /// Our connection and its pace: permits first, then the pre-read, then the write.
    Ours,
    /// One request every third of a second, whatever the budget; a 429 stops the queue for its `Retry-After`.
    FixedQueue,
    /// One request after the other; after a 429 it waits 1, 2, 4 … s, 60 at most, and tries again.
    Sequential,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// One write a record.
    Creates,
    /// A read and, after its answer, a write a record.
    Updates,
}

impl Work {
    /// Requests a record.
    pub fn requests(self) -> u32 {
        match self {
            Work::Creates => 1,
            Work::Updates => 2,
        }
    }
}

/// How one policy did one work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Who.
    pub policy: Policy,
    /// What.
    pub work: Work,
    /// At how many requests a minute.
    pub budget: u32,
    /// From the first request to the last answer, in milliseconds of virtual time.
    pub finish_ms: u64,
    /// The finish over that of the limit.
    pub ratio: f64,
    /// Answers that said "too fast".
    pub throttled: u64,
    /// Requests that arrived, the refused ones too.
    pub requests: u64,
    /// The most arrivals that any 60 s saw, the refused ones too.
    pub peak: u64,
}

/// Everything compared, with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// As in [`Options::seed`].
    pub seed: u64,
    /// As in [`Options::operations`].
    pub operations: u32,
    /// As in [`Options::in_flight`].
    pub in_flight: u32,
    /// The shortest and the longest write.
    pub write_ms: (u64, u64),
    /// The shortest and the longest read.
    pub read_ms: (u64, u64),
    /// How long after the start the server's next window began; only the server knew.
    pub phase_ms: u64,
    /// What [`Policy::Limit`] means.
    pub limit: &'static str,
    /// Work by work and budget by budget, the limit first.
    pub rows: Vec<Row>,
}

/// What one run came to.
struct Run {
    finish: Duration,
    throttled: u64,
    /// When each request arrived at the server, in any order.
    arrivals: Vec<Duration>,
}

/// Does everything once by every policy. The same options give the same comparison.
///
/// # Errors
/// When the system gives no timer to run virtual time on.
pub fn compare(options: &Options) -> std::io::Result<Comparison> {
    let trips = Trips::new(options);
    let mut rows = Vec::new();
    for work in [Work::Creates, Work::Updates] {
        for budget in options.budgets.iter().copied() {
            let limit = limit::run(options, trips, work, budget);
            let best = limit.finish;
            rows.push(limit.row(Policy::Limit, work, budget, best));
            for policy in [Policy::Ours, Policy::FixedQueue, Policy::Sequential] {
                let run = policies::run(options, trips, policy, work, budget)?;
                rows.push(run.row(policy, work, budget, best));
            }
        }
    }
    Ok(Comparison {
        seed: options.seed,
        operations: options.operations,
        in_flight: options.in_flight,
        write_ms: options.write_ms.clone().into_inner(),
        read_ms: options.read_ms.clone().into_inner(),
        phase_ms: millis(trips.phase()),
        limit: LIMIT,
        rows,
    })
}

impl Run {
    fn row(mut self, policy: Policy, work: Work, budget: u32, best: Duration) -> Row {
        self.arrivals.sort_unstable();
        Row {
            policy,
            work,
            budget,
            finish_ms: millis(self.finish),
            ratio: (self.finish.as_secs_f64() / best.as_secs_f64() * 10_000.0).round() / 10_000.0,
            throttled: self.throttled,
            requests: self.arrivals.len() as u64,
            peak: peak(&self.arrivals),
        }
    }
}

/// The most of these sorted moments that lie in 60 s, wherever those begin; their end does not belong to them.
fn peak(arrivals: &[Duration]) -> u64 {
    let mut first = 0;
    let mut most = 0;
    for (last, at) in arrivals.iter().enumerate() {
        while *at - arrivals[first] >= SPAN {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most as u64
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn sixty_seconds_do_not_hold_their_own_end() {
        let at = |ms: &[u64]| ms.iter().map(|ms| Duration::from_millis(*ms)).collect::<Vec<_>>();
        assert_eq!(peak(&at(&[0, 60_000])), 1);
        assert_eq!(peak(&at(&[0, 59_999, 60_000])), 2);
        assert_eq!(peak(&at(&[0, 1, 59_999, 60_000, 130_000])), 3);
        assert_eq!(peak(&[]), 0);
    }
}
