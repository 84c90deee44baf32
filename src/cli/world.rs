//! The world as it is: the system's clock, and chance from one seed.

use jiff::Timestamp;

use crate::seam::{Rng, WallClock};

/// The system's clock: the one place that reads it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one home of the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// How long this process has been running, by a clock that nobody can set; for telling how fast something was.
#[allow(clippy::disallowed_methods, reason = "the one home of the real stop-watch")]
pub fn running_for() -> std::time::Duration {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(std::time::Instant::now).elapsed()
}

/// How long this process has kept processors busy.
pub fn cpu_time() -> std::time::Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    std::time::Duration::try_from(spent).unwrap_or_default()
}

/// The generator that is handed down.
#[derive(Debug)]
pub struct Chance(fastrand::Rng);

impl Chance {
    /// The same seed gives the same numbers.
    pub fn seeded(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }
}

impl Rng for Chance {
    fn next_u64(&mut self) -> u64 {
        self.0.u64(..)
    }
}
