//! The engine's own time: the wall clock's at the start, and from then on never in jumps.
//!
//! How long ago a request was sent decides whether its record may be written again. A wall clock that somebody sets, or
//! that a time server corrects, would make that time longer or shorter than it was. So the engine counts by the steady
//! clock and only leans towards the wall clock, so slowly that no wait becomes noticeably shorter.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::seam::WallClock;

/// Of the time that has passed, the part by which the engine's time may lean: one in twenty. The pause after an unknown
/// write, 65 s, then stays longer than the 60 s that the write may take to arrive.
const LEAN: i32 = 20;

/// A clock without jumps.
pub struct SteadyClock {
    wall: Arc<dyn WallClock>,
    last: Mutex<(Instant, Timestamp)>,
}

impl SteadyClock {
    /// It shows what the wall clock shows now.
    pub fn following(wall: Arc<dyn WallClock>) -> Arc<Self> {
        let last = Mutex::new((Instant::now(), wall.now()));
        Arc::new(Self { wall, last })
    }
}

impl WallClock for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let passed = SignedDuration::try_from(now.saturating_duration_since(last.0)).unwrap_or(SignedDuration::ZERO);
        let most = passed / LEAN;
        let steady = last.1.checked_add(passed).unwrap_or(Timestamp::MAX);
        let off = self.wall.now().duration_since(steady);
        let shown = steady.checked_add(off.clamp(-most, most)).unwrap_or(steady);
        *last = (now, shown);
        shown
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Wall(Instant, Mutex<SignedDuration>);

    impl WallClock for Wall {
        fn now(&self) -> Timestamp {
            let passed = SignedDuration::try_from(self.0.elapsed()).unwrap();
            Timestamp::UNIX_EPOCH + passed + *self.1.lock().unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_jumps_makes_no_wait_noticeably_shorter_or_longer() {
        for jump in [90, -90, 86_400] {
            let wall = Arc::new(Wall(Instant::now(), Mutex::default()));
            let clock = SteadyClock::following(wall.clone());
            let before = clock.now();
            *wall.1.lock().unwrap() = SignedDuration::from_secs(jump);
            for _ in 0..650 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                clock.now();
            }
            let seen = clock.now().duration_since(before).as_secs_f64();
            assert!((61.0..=69.0).contains(&seen), "65 s were taken for {seen} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn in_time_it_shows_what_the_wall_clock_shows() {
        let wall = Arc::new(Wall(Instant::now(), Mutex::default()));
        let clock = SteadyClock::following(wall.clone());
        *wall.1.lock().unwrap() = SignedDuration::from_secs(60);
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_secs(60)).await;
            clock.now();
        }
        assert_eq!(clock.now(), wall.now());
    }
}
