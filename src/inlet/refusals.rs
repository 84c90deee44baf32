//! Floods: of calls that nobody believed, where one a minute is told, with how many there were; and of secrets, which
//! anybody can send until one has stood its test.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How often refusals are told.
const APART: Duration = Duration::from_secs(60);

/// What was told of refusals.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    told: Option<Instant>,
    since: u64,
}

impl Refusals {
    /// One more; how many there were since the last that was told, if this is to be told.
    pub fn count(&mut self, now: Instant) -> Option<u64> {
        self.since += 1;
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < APART) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.since))
    }
}

/// Secrets that were taken lately.
#[derive(Debug, Default)]
pub(super) struct Learned(VecDeque<Instant>);

impl Learned {
    /// Secrets that are taken within a minute: each is written to the disk and told to an operator.
    const MOST: usize = 5;

    /// Whether one more is taken.
    pub fn another(&mut self, now: Instant) -> bool {
        self.0.retain(|at| now.saturating_duration_since(*at) < APART);
        let more = self.0.len() < Self::MOST;
        if more {
            self.0.push_back(now);
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_told_once_a_minute_with_its_size() {
        let (mut refusals, mut told) = (Refusals::default(), Vec::new());
        for _ in 0..130 {
            told.extend(refusals.count(Instant::now()));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(told, [1, 60, 60]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_five_secrets_are_taken_within_a_minute() {
        let mut learned = Learned::default();
        let mut taken = Vec::new();
        for second in 0..120 {
            if learned.another(Instant::now()) {
                taken.push(second);
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(taken, [0, 1, 2, 3, 4, 60, 61, 62, 63, 64]);
    }
}
