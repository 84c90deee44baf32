//! The place where it all happens: two worlds, the ways between, a disk, and a process that can die.

mod clock;
pub mod faults;
mod flawed;
mod fuse;
mod watch;
mod wire;

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

pub use clock::{HostClock, WorldClock};
pub use fuse::{Fuse, Step};
pub use wire::{Worlds, locked};

use self::faults::Faults;
use self::flawed::Flawed;
use self::fuse::FusedKv;
use self::watch::Watch;
use self::wire::Wire;
use super::Plant;
use super::chance::Dice;
use super::plant::Edge;
use crate::config::Timing;
use crate::control::{Mode, Sides};
use crate::engine::{self, EngineError, Running, Settings, World};
use crate::mapping::PairSpec;
use crate::model::Side;
use crate::remote::System;
use crate::remote::bitrix24::{Bitrix24, WebhookDialect};
use crate::remote::connection::Connection;
use crate::remote::notion::{Notion, Token};
use crate::remote::pace::{Pace, Settings as PaceSettings};
use crate::seam::{Kv, WallClock};
use crate::standin::office::Office;
use crate::store::{MemoryKv, Store};

/// How fast the engine may be.
#[derive(Debug, Clone, Copy)]
pub struct Budgets {
    /// The portal's bucket: room, and hundredths drained a second.
    pub crm: (u32, u32),
    /// Notion's requests a minute.
    pub notion: u32,
}

/// The place.
pub struct Site {
    /// Both worlds.
    pub worlds: Worlds,
    /// The host's clock.
    pub host: Arc<HostClock>,
    /// The pairs.
    pub pairs: Vec<PairSpec>,
    /// How often things are looked at.
    pub timing: Timing,
    /// Which bug is planted.
    pub plant: Option<Plant>,
    budgets: Budgets,
    seed: u64,
    lives: u64,
    kv: MemoryKv,
    /// The fuse of the present life.
    pub fuse: Arc<Fuse>,
    /// At which step the next life ends already, after how many of its kind.
    pub next_end: Option<(Step, u64)>,
    /// The engine, while it lives.
    pub running: Option<Running>,
}

impl Site {
    /// The worlds of an office under these faults, and no engine yet.
    pub fn new(seed: u64, office: &Office, plan: Plan, faults: Faults) -> Self {
        let clock = WorldClock::starting(plan.start);
        let kv = MemoryKv::new();
        let worlds = Worlds {
            crm: office.crm(),
            notion: office.notion(),
            clock: clock.clone(),
            faults: Arc::new(Mutex::new(faults)),
            watch: Arc::new(Mutex::new(Watch::new(kv.clone()))),
        };
        Self {
            worlds,
            host: HostClock::off_by(clock, plan.skew),
            pairs: plan.pairs,
            timing: plan.timing,
            plant: plan.plant,
            budgets: plan.budgets,
            seed,
            lives: 0,
            kv,
            fuse: Fuse::new(),
            next_end: None,
            running: None,
        }
    }

    /// What time it is in both worlds.
    pub fn now(&self) -> Timestamp {
        self.worlds.clock.now()
    }

    /// Starts an engine on the disk as it is.
    ///
    /// # Errors
    /// [`EngineError`] when the disk cannot be read: the process died while starting.
    pub async fn start(&mut self) -> Result<(), EngineError> {
        self.lives += 1;
        self.fuse = Fuse::new();
        if let Some((step, after)) = self.next_end.take() {
            self.fuse.arm(step, after);
        }
        let now = self.now();
        locked(&self.worlds.faults).started = (self.lives > 1).then_some(now);
        self.host.started();
        let clock: Arc<dyn WallClock> = self.host.clone();
        locked(&self.worlds.watch).begin(self.kv.clone());
        let (fuse, life) = (Arc::clone(&self.fuse), self.lives);
        let wire = |side: Side| {
            Arc::new(Wire { worlds: self.worlds.clone(), side, fuse: fuse.clone(), life, plant: self.plant })
        };
        let dice = |name: &str| Box::new(Dice::of(self.seed, &format!("{name} {}", self.lives)));
        let times = if self.plant.is_some_and(|plant| plant.is(Edge::TwiceTheBudget)) { 2 } else { 1 };
        let (room, drain) = self.budgets.crm;
        let pace = Pace::new(PaceSettings::bucket(room * times, drain * times), dice("crm pace"));
        let crm = Bitrix24::new(Connection::new(wire(Side::Crm), pace, clock.clone(), Arc::new(WebhookDialect)));
        let token = Token::new(locked(&self.worlds.notion).token());
        let pace = Pace::new(PaceSettings::per_minute(self.budgets.notion * times), dice("notion pace"));
        let notion = Notion::new(wire(Side::Notion), pace, clock.clone(), token);
        let systems: Sides<Arc<dyn System>> =
            Sides { crm: self.client(Arc::new(crm)), notion: self.client(Arc::new(notion)) };
        let store = Store::inline(Box::new(FusedKv::new(self.kv.clone(), Arc::clone(&self.fuse))));
        let settings = Settings {
            mode: Mode::Demo,
            pairs: self.pairs.clone(),
            timing: self.timing.clone(),
            workspace: String::new(),
            store_note: String::new(),
            look_only: false,
            resync: false,
        };
        let flaw = self.plant.and_then(Plant::flaw);
        self.running = Some(engine::start_flawed(settings, World { systems, store, clock }, flaw).await?);
        Ok(())
    }

    /// A client, with the mistake that is planted in it.
    fn client(&self, inner: Arc<dyn System>) -> Arc<dyn System> {
        match self.plant {
            Some(Plant::Edge(edge)) => {
                let lag = SignedDuration::try_from(self.timing.hot_lag).unwrap_or_default();
                let overlap = SignedDuration::try_from(self.timing.overlap).unwrap_or_default();
                let overlap = overlap.max(inner.capabilities().precision + lag);
                Arc::new(Flawed { inner, edge, overlap })
            }
            _ => inner,
        }
    }

    /// Whether the disk has an open intent: something is out.
    pub fn is_writing(&self) -> bool {
        self.kv.scan(crate::store::trees::INTENTS, &[], None, 1).is_ok_and(|rows| !rows.is_empty())
    }

    /// The process dies, if it has not yet: what was not flushed is forgotten, but for `kept` batches that had reached the
    /// disk anyhow. What it had sent arrives all the same.
    pub async fn die(&mut self, kept: usize) {
        self.fuse.burn();
        self.kv = self.kv.crash_keeping(kept);
        if let Some(running) = self.running.take() {
            running.task.abort();
            let _ = running.task.await;
        }
    }
}

/// How a site is set up.
pub struct Plan {
    /// When the engine first starts.
    pub start: Timestamp,
    /// How far the host's clock is off.
    pub skew: SignedDuration,
    /// The pairs.
    pub pairs: Vec<PairSpec>,
    /// How often things are looked at.
    pub timing: Timing,
    /// How fast we may be.
    pub budgets: Budgets,
    /// Which bug is planted.
    pub plant: Option<Plant>,
}
