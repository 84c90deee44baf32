//! The way between the clients and the stand-ins: in memory, in virtual time, with whatever faults a test asks for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crosstie::model::Side;
use crosstie::seam::{Failure, Method, Request, Response, Rng, Transport, WallClock};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::BitrixStandIn;
use crosstie::standin::notion::NotionStandIn;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::time::Instant;

/// What one half of a round trip takes.
const HALF: Duration = Duration::from_millis(20);

/// A wall clock that follows tokio's paused one.
pub struct Clock {
    began: Instant,
    start: Timestamp,
    leapt: Mutex<SignedDuration>,
}

impl Clock {
    pub fn starting(start: Timestamp) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), start, leapt: Mutex::default() })
    }

    /// Somebody sets it ahead.
    pub fn leap(&self, by: SignedDuration) {
        *self.leapt.lock().unwrap() += by;
    }
}

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        self.start + *self.leapt.lock().unwrap() + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }
}

/// The clock of the host that the sync runs on, which may be ahead.
pub struct HostClock {
    pub world: Arc<Clock>,
    pub ahead: Arc<Mutex<SignedDuration>>,
}

impl WallClock for HostClock {
    fn now(&self) -> Timestamp {
        self.world.now() + *self.ahead.lock().unwrap()
    }
}

/// Always the middle.
pub struct Half;

impl Rng for Half {
    fn next_u64(&mut self) -> u64 {
        u64::MAX / 2
    }
}

/// One request as it was sent.
#[derive(Debug, Clone)]
pub struct Call {
    pub side: Side,
    pub method: Method,
    /// Notion's path, or the CRM's method with a slash before it.
    pub path: String,
    pub body: Arc<Json>,
    pub at: Timestamp,
}

impl Call {
    /// Whether it would change the other side's world.
    pub fn is_write(&self) -> bool {
        match self.side {
            Side::Crm => [".add", ".update", ".delete", ".set"].iter().any(|verb| self.path.ends_with(verb)),
            Side::Notion => self.method == Method::Patch || self.is_create(),
        }
    }

    /// Whether it would make a record.
    pub fn is_create(&self) -> bool {
        match self.side {
            Side::Crm => self.path.ends_with(".add"),
            Side::Notion => self.method == Method::Post && self.path == "/v1/pages",
        }
    }

    /// Whether it would change a record that is there.
    pub fn is_update(&self) -> bool {
        self.is_write() && !self.is_create()
    }

    /// Whether it is a query for everything, or for everything edited since some moment.
    pub fn is_listing(&self) -> bool {
        match self.side {
            Side::Crm => matches!(self.path.as_str(), "/crm.item.list" | "/tasks.task.list"),
            Side::Notion => self.path.ends_with("/query") && self.body["sorts"].is_array(),
        }
    }

    /// Whether it reads a record by its id, alone or in a batch.
    pub fn reads(&self, id: &str) -> bool {
        match self.side {
            Side::Crm if self.path == "/batch" => {
                self.body["cmd"].as_object().is_some_and(|commands| commands.contains_key(&format!("k{id}")))
            }
            Side::Crm if self.path == "/tasks.task.get" => self.body["taskId"].as_u64() == id.parse().ok(),
            Side::Crm => self.path == "/crm.item.get" && self.body["id"].as_u64() == id.parse().ok(),
            Side::Notion => self.method == Method::Get && self.path == format!("/v1/pages/{id}"),
        }
    }

    /// Whether a text stands anywhere in what is sent.
    pub fn holds(&self, text: &str) -> bool {
        self.path.contains(text) || self.body.to_string().contains(text)
    }
}

/// What happens to a request on its way.
#[derive(Debug, Clone)]
pub enum Fate {
    /// It arrives, and its answer too.
    Pass,
    /// It is executed, and the answer is lost.
    LostAnswer,
    /// It never arrives, and nobody can tell.
    LostRequest,
    /// It surely never left.
    NotSent,
    /// Its sender gives up at once, and it is executed later all the same.
    LateAndLost(Duration),
    /// It arrives in time, and its answer late.
    SlowAnswer(Duration),
    /// Somebody else answers; nothing is executed.
    Instead(Response),
    /// Nothing is executed, and the task that sent it breaks.
    Breaks,
}

/// Decides about every request.
pub type Faults = Box<dyn FnMut(&Call) -> Fate + Send>;

/// Everything that both wires share.
#[derive(Clone)]
pub struct Wires {
    pub crm: Arc<Mutex<BitrixStandIn>>,
    pub notion: Arc<Mutex<NotionStandIn>>,
    pub clock: Arc<Clock>,
    pub faults: Arc<Mutex<Faults>>,
    pub calls: Arc<Mutex<Vec<Call>>>,
}

/// One of them. A wire that was cut carries nothing any more: its process died.
pub struct Wire {
    pub shared: Wires,
    pub side: Side,
    pub cut: Arc<Mutex<bool>>,
}

impl Wire {
    fn handle(&self, mut request: Request) -> Response {
        let now = self.shared.clock.now();
        match self.side {
            Side::Crm => {
                let mut portal = self.shared.crm.lock().unwrap();
                request.target = format!("{}{}", portal.webhook_path(), request.target.trim_start_matches('/'));
                portal.handle(&request, now)
            }
            Side::Notion => self.shared.notion.lock().unwrap().handle(&request, now),
        }
    }

    async fn dead(&self) {
        if *self.cut.lock().unwrap() {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        self.dead().await;
        let call = Call {
            side: self.side,
            method: request.method,
            path: request.path().to_owned(),
            body: Arc::new(serde_json::from_slice(&request.body).unwrap_or(Json::Null)),
            at: self.shared.clock.now(),
        };
        let fate = (self.shared.faults.lock().unwrap())(&call);
        self.shared.calls.lock().unwrap().push(call);
        // What has left arrives, even if its sender dies meanwhile.
        match fate {
            Fate::Breaks => panic!("as the test wants"),
            Fate::NotSent => return Err(Failure::NotSent("no route".into())),
            Fate::LostRequest => {
                tokio::time::sleep(Duration::from_secs(65)).await;
                return Err(Failure::Unknown("no answer in 65 s".into()));
            }
            Fate::Instead(response) => {
                tokio::time::sleep(HALF).await;
                return Ok(response);
            }
            Fate::LateAndLost(pause) => {
                let late = Wire { shared: self.shared.clone(), side: self.side, cut: Arc::default() };
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    late.handle(request);
                });
                return Err(Failure::Unknown("the connection was reset".into()));
            }
            _ => tokio::time::sleep(HALF).await,
        }
        let response = self.handle(request);
        let back = if let Fate::SlowAnswer(pause) = fate { pause } else { HALF };
        tokio::time::sleep(back).await;
        self.dead().await;
        if matches!(fate, Fate::LostAnswer) {
            return Err(Failure::Unknown("the connection was reset".into()));
        }
        Ok(response)
    }
}
