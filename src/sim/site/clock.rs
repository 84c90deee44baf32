//! Two clocks: the world's, which is right and follows tokio's paused one, and the engine's, which may be wrong.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::model::{Event, Happening};
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
        let mut life = 0;
        // Records with a write of the last life, whose window began in that.
        let mut doubted = BTreeSet::new();
        for event in journal {
            if event.what == Happening::System && event.note.ends_with("started") {
                // A process that died while it started may have told of it, or not.
                let told = |(at, skew): &(Timestamp, SignedDuration)| *at + *skew == event.at;
                let next = starts.iter().skip(life).position(told);
                life += next.unwrap_or(0);
                doubted.clear();
            }
            let record = (event.pair.clone(), event.side, event.crm.clone(), event.notion.clone());
            if event.what == Happening::Unknown && event.note.starts_with("sent before the last stop") {
                doubted.insert(record.clone());
            }
            let opened =
                if event.window.is_some() && doubted.contains(&record) { life.saturating_sub(1) } else { life };
            event.at = world_time(&starts, life, event.at, None);
            event.window = event.window.map(|(from, to)| {
                let to = world_time(&starts, life, to, None);
                (world_time(&starts, opened, from, Some(to)).min(to), to)
            });
        }
    }

    fn locked(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A moment that a process told, in the world's time; what it remembers of an earlier life it tells in that life's time.
/// It lies within that life, and not after `latest`.
fn world_time(
    starts: &[(Timestamp, SignedDuration)],
    life: usize,
    told: Timestamp,
    latest: Option<Timestamp>,
) -> Timestamp {
    let lives: Vec<(Timestamp, Timestamp, SignedDuration)> = (starts.iter().enumerate().take(life + 1).rev())
        .map(|(at, (began, skew))| (*began, starts.get(at + 1).map_or(Timestamp::MAX, |next| next.0), *skew))
        .collect();
    let within = |(began, ended, skew): &&(Timestamp, Timestamp, SignedDuration)| {
        let at = told - *skew;
        at >= *began && at <= *ended && latest.is_none_or(|latest| at <= latest)
    };
    let begun = |(began, _, skew): &&(Timestamp, Timestamp, SignedDuration)| told - *skew >= *began;
    let fits = lives.iter().find(within).or_else(|| lives.iter().find(begun)).or(lives.last());
    told - fits.map_or(SignedDuration::ZERO, |(.., skew)| *skew)
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
}
