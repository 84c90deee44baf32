//! The engine's own time: the wall clock's at the start, and from then on never in jumps.
//!
//! How long ago a request was sent decides whether its record may be written again. A wall clock that somebody sets, or
//! that a time server corrects, would make that time longer or shorter than it was. So the engine counts by the steady
//! clock and only leans towards the wall clock, so slowly that no wait becomes noticeably shorter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::seam::WallClock;

/// Of the time that has passed, the part by which the engine's time may lean: one in twenty. The pause after an unknown
/// write, 65 s, then stays longer than the 60 s that the write may take to arrive.
const LEAN: i32 = 20;

/// What a time server corrects all the time is nothing to tell of; this much at once is.
const JUMP: SignedDuration = SignedDuration::from_mins(1);

/// A clock without jumps.
pub struct SteadyClock {
    wall: Arc<dyn WallClock>,
    last: Mutex<Last>,
}

/// What was shown last.
struct Last {
    passed: Instant,
    shown: Timestamp,
    /// How far the wall clock was ahead of that.
    ahead: SignedDuration,
    /// By how much it has jumped since somebody asked.
    jumped: SignedDuration,
}

impl SteadyClock {
    /// It shows what the wall clock shows now.
    pub fn following(wall: Arc<dyn WallClock>) -> Arc<Self> {
        let (ahead, jumped) = (SignedDuration::ZERO, SignedDuration::ZERO);
        let last = Mutex::new(Last { passed: Instant::now(), shown: wall.now(), ahead, jumped });
        Arc::new(Self { wall, last })
    }

    /// By how much the wall clock has jumped, forward or back, since this was asked last: it was set, or the machine slept.
    pub fn jump(&self) -> Option<SignedDuration> {
        let jumped = std::mem::take(&mut self.locked().jumped);
        (jumped.abs() >= JUMP).then_some(jumped)
    }

    fn locked(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WallClock for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut last = self.locked();
        let now = Instant::now();
        let passed =
            SignedDuration::try_from(now.saturating_duration_since(last.passed)).unwrap_or(SignedDuration::ZERO);
        let most = passed / LEAN;
        let steady = last.shown.checked_add(passed).unwrap_or(Timestamp::MAX);
        let off = self.wall.now().duration_since(steady);
        let leant = off.clamp(-most, most);
        let shown = steady.checked_add(leant).unwrap_or(steady);
        let jumped = off.saturating_sub(last.ahead);
        if jumped.abs() >= JUMP {
            last.jumped = last.jumped.saturating_add(jumped);
        }
        (last.passed, last.shown, last.ahead) = (now, shown, off.saturating_sub(leant));
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
            assert_eq!(clock.jump(), Some(SignedDuration::from_secs(jump)), "what it did is known");
            assert_eq!(clock.jump(), None, "and told once, although it is still away from the wall clock");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_a_time_server_corrects_bit_by_bit_has_not_jumped() {
        let wall = Arc::new(Wall(Instant::now(), Mutex::default()));
        let clock = SteadyClock::following(wall.clone());
        for minute in 1..=30 {
            *wall.1.lock().unwrap() = SignedDuration::from_secs(minute * 20);
            tokio::time::sleep(Duration::from_secs(60)).await;
            clock.now();
        }
        assert_eq!(clock.jump(), None);
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
