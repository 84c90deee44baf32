//! Execution time per method, as Bitrix24 meters it: 480 s in ten one-minute baskets by default, checked before each
//! call (`time.operating`, `time.operating_reset_at` in every answer).

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
struct Usage {
    used: Duration,
    reset: Instant,
}

/// What each method has used.
#[derive(Debug)]
pub(super) struct OperatingTime {
    limit: Option<Duration>,
    methods: BTreeMap<String, Usage>,
}

impl OperatingTime {
    pub fn new(limit: Option<Duration>) -> Self {
        Self { limit, methods: BTreeMap::new() }
    }

    /// What an answer said. Without a reset time nothing was accounted.
    pub fn note(&mut self, method: &str, used: Duration, reset_in: Option<Duration>, now: Instant) {
        match reset_in {
            Some(reset_in) => {
                self.methods.insert(method.to_owned(), Usage { used, reset: now + reset_in.min(WHOLE) });
            }
            None => {
                self.methods.remove(method);
            }
        }
    }

    /// The method was refused: it waits for its next basket (or for what the server said).
    pub fn block(&mut self, method: &str, retry_after: Option<Duration>, now: Instant) {
        let Some(limit) = self.limit else { return };
        let known = self.methods.get(method).map(|usage| usage.reset).filter(|reset| *reset > now);
        let reset = retry_after.map(|wait| now + wait).max(known).unwrap_or(now + BASKET);
        self.methods.insert(method.to_owned(), Usage { used: limit, reset });
    }

    /// Until when this method must wait, if it must.
    pub fn blocked_until(&self, method: &str, now: Instant) -> Option<Instant> {
        let limit = self.limit?;
        let usage = self.methods.get(method)?;
        (usage.reset > now && usage.used >= limit - limit / 20).then_some(usage.reset)
    }

    /// The method with the least time left, and its whole seconds.
    pub fn tightest(&self, now: Instant) -> Option<(String, u32)> {
        let limit = self.limit?;
        self.methods
            .iter()
            .filter(|(_, usage)| usage.reset > now)
            .map(|(method, usage)| (limit.saturating_sub(usage.used), method))
            .min()
            .map(|(left, method)| (method.clone(), u32::try_from(left.as_secs()).unwrap_or(u32::MAX)))
    }
}

/// One basket: how long a refused method waits when nothing else is known.
const BASKET: Duration = Duration::from_secs(60);
/// All baskets: no reset lies further ahead.
const WHOLE: Duration = Duration::from_secs(600);
