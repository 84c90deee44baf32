//! The two limits: a leaky bucket for requests, and baskets of operating time for each method.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

const NANO: i128 = 1_000_000_000;
/// A basket is one minute; ten of them count.
const BASKET_S: i64 = 60;
const MEMORY_S: i64 = 600;

/// The leaky bucket: every request adds one, `drain` leave it each second, above `room` it refuses.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    drain: i128,
    room: i128,
    level: i128,
    at: Option<Timestamp>,
}

impl Bucket {
    /// An empty bucket.
    pub(super) fn new(drain: u32, room: u32) -> Self {
        Self { drain: i128::from(drain), room: i128::from(room) * NANO, level: 0, at: None }
    }

    /// Takes one request, unless that would go above the room. A refused request adds nothing.
    pub(super) fn take(&mut self, now: Timestamp) -> bool {
        if let Some(before) = self.at {
            let elapsed = (now.as_nanosecond() - before.as_nanosecond()).max(0);
            self.level = (self.level - elapsed * self.drain).max(0);
        }
        self.at = Some(self.at.map_or(now, |before| before.max(now)));
        if self.level + NANO > self.room {
            return false;
        }
        self.level += NANO;
        true
    }
}

#[derive(Debug, Clone, Copy)]
struct Basket {
    /// Unix second of the minute's first call.
    first: i64,
    ms: u64,
}

/// What the `time` block says of operating time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Operating {
    /// Milliseconds counted now.
    pub ms: u64,
    /// Unix second at which the oldest basket drops.
    pub reset_at: i64,
}

/// Operating time by method.
#[derive(Debug, Clone)]
pub(super) struct OperatingTime {
    limit_ms: u64,
    baskets: BTreeMap<String, VecDeque<Basket>>,
}

impl OperatingTime {
    /// Nothing used yet.
    pub(super) fn new(limit_s: u32) -> Self {
        Self { limit_ms: u64::from(limit_s) * 1000, baskets: BTreeMap::new() }
    }

    /// Whether the method may run: it is refused when it is already above the limit. The call that crosses it finishes.
    pub(super) fn allows(&mut self, method: &str, now: Timestamp) -> bool {
        let Some(baskets) = self.baskets.get_mut(method) else { return true };
        while baskets.front().is_some_and(|basket| basket.first + MEMORY_S <= now.as_second()) {
            baskets.pop_front();
        }
        baskets.iter().map(|basket| basket.ms).sum::<u64>() <= self.limit_ms
    }

    /// Books a call and tells what is used.
    pub(super) fn book(&mut self, method: &str, now: Timestamp, ms: u64) -> Operating {
        let second = now.as_second();
        let baskets = self.baskets.entry(method.to_owned()).or_default();
        match baskets.back_mut() {
            Some(last) if last.first.div_euclid(BASKET_S) >= second.div_euclid(BASKET_S) => last.ms += ms,
            _ => baskets.push_back(Basket { first: second, ms }),
        }
        let oldest = baskets.front().map_or(second, |basket| basket.first);
        Operating { ms: baskets.iter().map(|basket| basket.ms).sum(), reset_at: oldest + MEMORY_S }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_request_does_not_fill_the_bucket_further() {
        let start = Timestamp::UNIX_EPOCH;
        let mut bucket = Bucket::new(2, 3);
        assert!((0..3).all(|_| bucket.take(start)));
        assert!((0..100).all(|_| !bucket.take(start)));
        assert!(bucket.take(Timestamp::from_millisecond(500).unwrap()));
        assert!(!bucket.take(Timestamp::from_millisecond(501).unwrap()));
    }
}
