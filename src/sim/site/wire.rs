//! The way between the clients and the worlds: in memory, in virtual time, with whatever goes wrong on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::plant::{Edge, Plant};
use super::clock::WorldClock;
use super::faults::{Fate, Faults};
use super::fuse::{Fuse, Step};
use super::watch::{Watch, Writes, writes};
use crate::model::Side;
use crate::seam::{Failure, Request, Response, Transport, WallClock};
use crate::standin::StandIn;
use crate::standin::bitrix24::BitrixStandIn;
use crate::standin::notion::NotionStandIn;

/// When a client gives up, as ours does.
const TIME_OUT: Duration = Duration::from_secs(65);

/// Both worlds and what lies between.
#[derive(Clone)]
pub struct Worlds {
    /// The portal.
    pub crm: Arc<Mutex<BitrixStandIn>>,
    /// The workspace.
    pub notion: Arc<Mutex<NotionStandIn>>,
    /// The right time.
    pub clock: Arc<WorldClock>,
    /// What goes wrong.
    pub faults: Arc<Mutex<Faults>>,
    /// Whoever watches.
    pub watch: Arc<Mutex<Watch>>,
}

/// A lock that is taken whatever became of its last holder.
pub fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worlds {
    /// What a world answers at once.
    pub fn handle(&self, side: Side, mut request: Request) -> Response {
        let now = self.clock.now();
        match side {
            Side::Crm => {
                let mut portal = locked(&self.crm);
                request.target = format!("{}{}", portal.webhook_path(), request.target.trim_start_matches('/'));
                portal.handle(&request, now)
            }
            Side::Notion => locked(&self.notion).handle(&request, now),
        }
    }

    /// Requests that a world refused for their pace.
    pub fn refused_for_pace(&self, side: Side) -> u64 {
        match side {
            Side::Crm => locked(&self.crm).counters().over_rate,
            Side::Notion => locked(&self.notion).counters().rate_limited,
        }
    }
}

/// One of both ways, as long as one process lives.
pub struct Wire {
    /// Where it leads.
    pub worlds: Worlds,
    /// To which side.
    pub side: Side,
    /// The life of the process.
    pub fuse: Arc<Fuse>,
    /// Which life that is.
    pub life: u64,
    /// Which bug is planted.
    pub plant: Option<Plant>,
}

impl Wire {
    /// Carries a request to its world, and notes whether it came too fast by our own fault.
    fn deliver(&self, request: Request) -> Response {
        let before = self.worlds.refused_for_pace(self.side);
        let response = self.worlds.handle(self.side, request);
        if self.worlds.refused_for_pace(self.side) > before {
            let now = self.worlds.clock.now();
            locked(&self.worlds.faults).over_pace(self.side, now);
        }
        response
    }

    /// A dead process waits for ever.
    async fn step(&self, step: Step) {
        if !self.fuse.passes(step) {
            std::future::pending::<()>().await;
        }
    }

    fn late(&self, request: Request, pause: Duration) {
        let (worlds, side) = (self.worlds.clone(), self.side);
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let now = worlds.clock.now();
            locked(&worlds.faults).came_late(side, now);
            worlds.handle(side, request);
        });
    }
}

/// `Retry-After: 5` at most.
fn capped_wait(mut response: Response) -> Response {
    for (name, value) in &mut response.headers {
        if name == "retry-after" && value.parse::<u64>().is_ok_and(|seconds| seconds > 5) {
            *value = "5".to_owned();
        }
    }
    response
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        self.step(Step::Leaving).await;
        if writes(self.side, &request) != Writes::Nothing {
            self.step(Step::Writing).await;
        }
        let now: Timestamp = self.worlds.clock.now();
        let what = locked(&self.worlds.watch).leaves(self.side, &request, self.life, now);
        let answer = self.carry(request, what != Writes::Nothing).await;
        let mut watch = locked(&self.worlds.watch);
        match &answer {
            Err(Failure::NotSent(_)) => watch.stayed(self.side, &what),
            answer => {
                let now = self.worlds.clock.now();
                watch.answered(self.side, &what, self.life, answer.as_ref().ok(), now);
            }
        }
        drop(watch);
        let capped = self.plant.is_some_and(|plant| plant.is(Edge::RetryAfterCapped));
        if capped { answer.map(capped_wait) } else { answer }
    }
}

impl Wire {
    async fn carry(&self, request: Request, writes: bool) -> Result<Response, Failure> {
        let now: Timestamp = self.worlds.clock.now();
        let (fate, there, back) = locked(&self.worlds.faults).fate(self.side, &request, writes, now);
        match fate {
            Fate::NotSent => return Err(Failure::NotSent("no route to host".into())),
            Fate::LostRequest => {
                tokio::time::sleep(TIME_OUT).await;
                return Err(Failure::Unknown("no answer in 65 s".into()));
            }
            Fate::Late(pause, given_up) => {
                self.late(request, pause);
                tokio::time::sleep(given_up).await;
                return Err(Failure::Unknown("the connection was reset".into()));
            }
            Fate::Instead(response) => {
                tokio::time::sleep(there + back).await;
                return Ok(response);
            }
            Fate::Pass | Fate::LostAnswer(_) | Fate::Slow(_) | Fate::AnsweredBy(_) => tokio::time::sleep(there).await,
        }
        let response = self.deliver(request);
        self.step(Step::Answering).await;
        if writes {
            self.step(Step::Written).await;
        }
        match fate {
            Fate::LostAnswer(given_up) => {
                tokio::time::sleep(given_up).await;
                Err(Failure::Unknown("the connection was reset".into()))
            }
            Fate::AnsweredBy(instead) => {
                tokio::time::sleep(back).await;
                Ok(instead.over(&response))
            }
            Fate::Slow(pause) => {
                tokio::time::sleep(pause).await;
                Ok(response)
            }
            _ => {
                tokio::time::sleep(back).await;
                Ok(response)
            }
        }
    }
}
