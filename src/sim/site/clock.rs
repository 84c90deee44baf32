//! Two clocks: the world's, which is right and follows tokio's paused one, and the engine's, which may be wrong.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::seam::WallClock;

/// What time it is in both worlds.
#[derive(Debug)]
pub struct WorldClock {
    began: Instant,
    start: Timestamp,
}

impl WorldClock {
    /// It is `start` now, and time goes as tokio's clock does.
    pub fn starting(start: Timestamp) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), start })
    }
}

impl WallClock for WorldClock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(passed).unwrap_or(Timestamp::MAX)
    }
}

/// The sync host's clock: off by some seconds, and by others after somebody has set it.
#[derive(Debug)]
pub struct HostClock {
    world: Arc<WorldClock>,
    /// From when on it was off by how much, by the world's clock; ascending, never empty.
    settings: Mutex<Vec<(Timestamp, SignedDuration)>>,
}

impl HostClock {
    /// Off by this much from the start.
    pub fn off_by(world: Arc<WorldClock>, skew: SignedDuration) -> Arc<Self> {
        Arc::new(Self { world, settings: Mutex::new(vec![(Timestamp::MIN, skew)]) })
    }

    /// Somebody sets it.
    pub fn set(&self, skew: SignedDuration) {
        let now = self.world.now();
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).push((now, skew));
    }

    /// Translates moments that the engine told, in the order in which it told them, to the world's time.
    pub fn reader(&self) -> Reader {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Reader { settings, at: 0 }
    }
}

impl WallClock for HostClock {
    fn now(&self) -> Timestamp {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let skew = settings.last().map_or(SignedDuration::ZERO, |(_, skew)| *skew);
        self.world.now().checked_add(skew).unwrap_or(Timestamp::MAX)
    }
}

/// Reads the host's times back.
#[derive(Debug)]
pub struct Reader {
    settings: Vec<(Timestamp, SignedDuration)>,
    at: usize,
}

impl Reader {
    /// The world's time of a moment that was told now or later than the last one asked for.
    pub fn next(&mut self, told: Timestamp) -> Timestamp {
        while let Some((from, skew)) = self.settings.get(self.at + 1)
            && told.checked_sub(*skew).is_ok_and(|true_time| true_time >= *from)
            && !self.fits_here(told)
        {
            self.at += 1;
        }
        self.of(told)
    }

    /// The world's time of a moment of about the time that was asked for last.
    pub fn of(&self, told: Timestamp) -> Timestamp {
        let skew = self.settings.get(self.at).map_or(SignedDuration::ZERO, |(_, skew)| *skew);
        told.checked_sub(skew).unwrap_or(told)
    }

    /// Whether the present setting explains that moment.
    fn fits_here(&self, told: Timestamp) -> bool {
        let until = self.settings.get(self.at + 1).map_or(Timestamp::MAX, |(until, _)| *until);
        self.of(told) < until
    }
}
