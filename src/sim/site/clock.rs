//! Two clocks: the world's, which is right and follows tokio's paused one, and the engine's, which may be wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::model::{Event, Happening, Value};
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
    settings: Mutex<Settings>,
}

#[derive(Debug, Clone, Default)]
struct Settings {
    skew: SignedDuration,
    /// Processes that started, and how far the clock was off then.
    starts: Vec<(Timestamp, SignedDuration)>,
}

impl HostClock {
    /// Off by this much from the start.
    pub fn off_by(world: Arc<WorldClock>, skew: SignedDuration) -> Arc<Self> {
        Arc::new(Self { world, settings: Mutex::new(Settings { skew, ..Settings::default() }) })
    }

    /// Somebody sets it while no process runs.
    pub fn set(&self, skew: SignedDuration) {
        self.locked().skew = skew;
    }

    /// A process starts.
    pub fn started(&self) {
        let now = self.world.now();
        let mut settings = self.locked();
        let life = (now, settings.skew);
        // One that ended the moment it began cannot be told from the next one, and told nothing by itself.
        if settings.starts.last() != Some(&life) {
            settings.starts.push(life);
        }
    }

    /// When a process started by a clock further ahead than the last one's, and by how much.
    pub fn leaps(&self) -> Vec<(Timestamp, SignedDuration)> {
        let starts = self.locked().starts.clone();
        let pairs = starts.iter().zip(starts.iter().skip(1));
        pairs.filter(|(last, next)| next.1 > last.1).map(|(last, next)| (next.0, next.1 - last.1)).collect()
    }

    /// Puts the moments of a journal into the world's time.
    pub fn correct(&self, journal: &mut [Event]) {
        let starts = self.locked().starts.clone();
        let (mut at, mut lives, mut moved) = (0, Vec::new(), SignedDuration::ZERO);
        for event in journal {
            if let (Happening::System, Some(Value::DateTime(latest)), Some(Value::DateTime(now))) =
                (event.what, &event.before, &event.after)
            {
                moved = latest.duration_since(*now);
            }
            if event.what == Happening::System && event.note.ends_with("started") {
                // A process that died while it started may have told of it, or not.
                let told = |(at, skew): &(Timestamp, SignedDuration)| *at + *skew == event.at;
                at += starts.iter().skip(at).position(told).unwrap_or(0);
                let skew = starts.get(at).map_or(SignedDuration::ZERO, |start| start.1);
                lives.push(Life { began: event.at, skew, moved: std::mem::take(&mut moved) });
            }
            event.at -= lives.last().map_or(SignedDuration::ZERO, |life| life.skew);
            event.window = event.window.map(|(from, to)| {
                let to = world_time(&lives, to);
                (world_time(&lives, from).min(to), to)
            });
        }
    }

    fn locked(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One process, as its journal tells of it.
struct Life {
    /// When it started, by its own clock.
    began: Timestamp,
    /// How far that was off.
    skew: SignedDuration,
    /// By how much it moved back what it remembered, for its clock was behind that.
    moved: SignedDuration,
}

/// A moment that the last of these processes told, in the world's time. What it remembers from an earlier one it tells by that
/// one's clock, moved back where its own had been set back.
fn world_time(lives: &[Life], mut told: Timestamp) -> Timestamp {
    for life in lives.iter().rev() {
        if told >= life.began {
            return told - life.skew;
        }
        told += life.moved;
    }
    told - lives.first().map_or(SignedDuration::ZERO, |life| life.skew)
}

impl WallClock for HostClock {
    fn now(&self) -> Timestamp {
        let skew = self.locked().skew;
        self.world.now().checked_add(skew).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Event;

    #[tokio::test(start_paused = true)]
    async fn a_life_that_ended_the_moment_it_began_does_not_hide_the_next_one() {
        let world = WorldClock::starting("2026-01-06T09:00:00Z".parse().unwrap());
        let host = HostClock::off_by(world.clone(), SignedDuration::ZERO);
        host.started();
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        host.set(SignedDuration::from_mins(-49));
        host.started();
        host.started();
        let told = |what, note: &str| -> Event {
            let event = serde_json::json!({ "seq": 1, "at": host.now(), "what": what, "note": note });
            serde_json::from_value(event).unwrap()
        };
        let mut journal = vec![told("system", "crosstie started")];
        tokio::time::sleep(Duration::from_secs(10)).await;
        journal.push(told("seen", ""));
        host.correct(&mut journal);
        assert_eq!(journal[1].at, world.now());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_from_before_the_clock_was_set_is_told_in_the_world_s_time() {
        for set in [-120, 120] {
            let world = WorldClock::starting("2026-01-06T09:00:00Z".parse().unwrap());
            let host = HostClock::off_by(world.clone(), SignedDuration::from_secs(7));
            let told = |at: Timestamp, what, note: &str, window: Option<(Timestamp, Timestamp)>| -> Event {
                let event = serde_json::json!({ "seq": 1, "at": at, "what": what, "note": note, "window": window });
                serde_json::from_value(event).unwrap()
            };
            host.started();
            let mut journal = vec![told(host.now(), "system", "crosstie started", None)];
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            let (opened, remembered) = (world.now(), host.now());
            tokio::time::sleep(Duration::from_secs(20)).await;
            let last = host.now();
            journal.push(told(last, "seen", "", None));
            tokio::time::sleep(Duration::from_secs(5)).await;
            host.set(SignedDuration::from_mins(set));
            host.started();
            // As the engine moves what it remembers.
            let moved = last.duration_since(host.now()).max(SignedDuration::ZERO);
            let mut set_back = told(host.now(), "system", "", None);
            if !moved.is_zero() {
                set_back.before = Some(Value::DateTime(last));
                set_back.after = Some(Value::DateTime(host.now()));
            }
            journal.push(set_back);
            journal.push(told(host.now(), "system", "crosstie started", None));
            tokio::time::sleep(Duration::from_secs(60)).await;
            journal.push(told(host.now(), "wrote", "", Some((remembered - moved, host.now()))));
            host.correct(&mut journal);
            assert_eq!(journal[4].window, Some((opened, world.now())), "set by {set} minutes");
        }
    }
}
