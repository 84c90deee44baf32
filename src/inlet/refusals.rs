//! Calls that nobody believed: each counts, and one a minute is told, with how many there were.

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
}
