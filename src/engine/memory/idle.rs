//! How long nothing ran, as far as the clock tells.
//!
//! Whether a process was not there for a month or its host's clock was set forward, nobody can see from here. Either way that
//! time is no reason to forget anything: what is remembered for so long is remembered for so long while something ran. Only
//! what is forgotten for good goes by this; everything that waits goes by the clock, and comes due at once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Shorter times make no difference to anything that is forgotten.
const WORTH: SignedDuration = SignedDuration::from_hours(1);
/// So many are kept apart; of more, the oldest become one.
const MOST: usize = 64;

/// Times in which nothing ran, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Idle(Vec<Gap>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Gap {
    until: Timestamp,
    lasted: SignedDuration,
}

impl Idle {
    /// Nothing ran from one moment to another; gives how long, if that is worth telling.
    pub fn note(&mut self, from: Timestamp, until: Timestamp) -> Option<SignedDuration> {
        let lasted = until.duration_since(from);
        if lasted < WORTH {
            return None;
        }
        self.0.push(Gap { until, lasted });
        if self.0.len() > MOST {
            let oldest = self.0.remove(0);
            if let Some(next) = self.0.first_mut() {
                next.lasted = next.lasted.saturating_add(oldest.lasted);
            }
        }
        Some(lasted)
    }

    /// The moment since which something ran for so long.
    pub fn ago(&self, now: Timestamp, long: SignedDuration) -> Timestamp {
        let then = now.checked_sub(long).unwrap_or(Timestamp::MIN);
        let gaps = self.0.iter().rev();
        gaps.fold(then, |then, gap| match then < gap.until {
            true => then.checked_sub(gap.lasted).unwrap_or(Timestamp::MIN),
            false => then,
        })
    }

    /// The moments in it, by our own clock.
    pub(super) fn moments(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.0.iter_mut().map(|gap| &mut gap.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    #[test]
    fn time_in_which_nothing_ran_makes_nothing_older() {
        let start: Timestamp = "2026-01-06T09:00:00Z".parse().unwrap_or_default();
        let mut idle = Idle::default();
        assert_eq!(idle.note(start, start + SignedDuration::from_mins(59)), None);
        assert_eq!(idle.ago(start + DAY, DAY), start, "no time was lost");
        // It ran for ten days, was away for a hundred, ran for five, was away for one, and runs for two.
        let (first, second) = (start + DAY * 10, start + DAY * 115);
        assert_eq!(idle.note(first, first + DAY * 100), Some(DAY * 100));
        assert_eq!(idle.note(second, second + DAY), Some(DAY));
        let now = start + DAY * 118;
        assert_eq!(idle.ago(now, DAY * 2), second + DAY);
        assert_eq!(idle.ago(now, DAY * 3), second - DAY);
        assert_eq!(idle.ago(now, DAY * 8), start + DAY * 9);
        assert_eq!(idle.ago(now, DAY * 17), start);
    }

    #[test]
    fn of_very_many_times_none_is_lost() {
        let start: Timestamp = "2026-01-06T09:00:00Z".parse().unwrap_or_default();
        let mut idle = Idle::default();
        for day in 0..400 {
            let end = start + DAY * (day + 1);
            idle.note(end - SignedDuration::from_hours(2), end);
        }
        assert_eq!(idle.0.len(), MOST);
        assert_eq!(idle.ago(start + DAY * 400, SignedDuration::from_hours(22 * 400)), start);
    }
}
