//! Many connections in one process: each has its own pace and its own breaker, and one that fails disturbs no other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crosstie::model::Entity;
use crosstie::remote::bitrix24::{Bitrix24, WebhookDialect};
use crosstie::remote::connection::Connection;
use crosstie::remote::notion::{Notion, Token};
use crosstie::remote::pace::{Pace, Settings};
use crosstie::remote::{Lane, Listing, Since, System};
use crosstie::seam::{Failure, Request, Response, Rng, Transport, WallClock};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{BitrixStandIn, Config as Portal, Entity as Of};
use crosstie::standin::notion::{Config as Workspace, NotionStandIn};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::Instant;

/// Of each system: one that fails, and others.
const MANY: u64 = 4;
/// Virtual seconds.
const LONG: u64 = 150;

struct Clock(Instant);

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        "2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::try_from(self.0.elapsed()).unwrap()
    }
}

struct Half;

impl Rng for Half {
    fn next_u64(&mut self) -> u64 {
        u64::MAX / 2
    }
}

/// What becomes of everything that one connection sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fails {
    Never,
    Refused,
    Broken,
    Throttled,
    Unreachable,
    Silent,
}

struct Wire {
    world: Mutex<Box<dyn StandIn>>,
    before: String,
    clock: Arc<Clock>,
    fails: Fails,
    /// From then on it does not, in milliseconds.
    mends: u128,
    /// When each request left, in milliseconds.
    left: Mutex<Vec<u128>>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, mut request: Request) -> Result<Response, Failure> {
        self.left.lock().unwrap().push(self.clock.0.elapsed().as_millis());
        tokio::time::sleep(Duration::from_millis(40)).await;
        let says = |status, code: &str, error: &str| {
            Response::json(status, &json!({ "object": "error", "code": code, "error": error }))
        };
        let fails = if self.clock.0.elapsed().as_millis() < self.mends { self.fails } else { Fails::Never };
        match fails {
            Fails::Never => {}
            Fails::Refused => return Ok(says(401, "unauthorized", "INVALID_CREDENTIALS")),
            Fails::Broken => return Ok(says(500, "internal_server_error", "INTERNAL_SERVER_ERROR")),
            Fails::Throttled => {
                return Ok(says(429, "rate_limited", "QUERY_LIMIT_EXCEEDED").header("retry-after", "100"));
            }
            Fails::Unreachable => return Err(Failure::NotSent("no route".into())),
            Fails::Silent => {
                tokio::time::sleep(Duration::from_secs(65)).await;
                return Err(Failure::Unknown("no answer in 65 s".into()));
            }
        }
        request.target = format!("{}{}", self.before, request.target.trim_start_matches('/'));
        if self.before.is_empty() {
            request.target.insert(0, '/');
        }
        Ok(self.world.lock().unwrap().handle(&request, self.clock.now()))
    }
}

struct One {
    wire: Arc<Wire>,
    system: Arc<dyn System>,
    entity: Entity,
}

fn entity(name: &str, field: &str) -> Entity {
    Entity { name: name.into(), fields: [field.into()].into(), marker: None, filter: None }
}

fn notion(seed: u64, clock: &Arc<Clock>, fails: (Fails, u128)) -> One {
    let mut world = NotionStandIn::new(Workspace { seed, ..Workspace::default() });
    world.add_person("Ada", "ada@example.com");
    let source = world.add_data_source("Deals", &json!({ "Name": { "title": {} } })).unwrap();
    world.person_create(clock.now(), "Ada", &source, &[("Name", json!("One"))]).unwrap();
    let token = Token::new(world.token());
    let wire = wire(Box::new(world), String::new(), clock, fails);
    let pace = Pace::new(Settings::per_minute(180), Box::new(Half));
    let system = Arc::new(Notion::new(wire.clone(), pace, clock.clone(), token));
    One { wire, system, entity: entity(&source, "Name") }
}

fn portal(seed: u64, clock: &Arc<Clock>, fails: (Fails, u128)) -> One {
    let mut world = BitrixStandIn::new(Portal { seed, ..Portal::default() });
    world.person_create(clock.now(), "Anna Weber", Of::Deal, &[("TITLE", json!("One"))]).unwrap();
    let path = world.webhook_path();
    let wire = wire(Box::new(world), path, clock, fails);
    let pace = Pace::new(Settings::bucket(50, 200), Box::new(Half));
    let connection = Connection::new(wire.clone(), pace, clock.clone(), Arc::new(WebhookDialect));
    One { wire, system: Arc::new(Bitrix24::new(connection)), entity: entity("deal", "TITLE") }
}

fn wire(world: Box<dyn StandIn>, before: String, clock: &Arc<Clock>, fails: (Fails, u128)) -> Arc<Wire> {
    let (fails, mends) = fails;
    Arc::new(Wire { world: Mutex::new(world), before, clock: clock.clone(), fails, mends, left: Mutex::default() })
}

/// What a connection did: when its requests left, whether it knows of trouble, and answers that were good.
type Did = (Vec<u128>, bool, usize);

/// All of them ask as fast as their connections let them, again at once after a failure; one of each system fails, up to a moment.
async fn all(fails: Fails, mends: u128) -> Vec<Did> {
    let clock = Arc::new(Clock(Instant::now()));
    let of = |number: u64| (if number == 0 { fails } else { Fails::Never }, mends);
    let ones = (0..MANY).flat_map(|number| [notion(number, &clock, of(number)), portal(number, &clock, of(number))]);
    let ones: Vec<Arc<One>> = ones.map(Arc::new).collect();
    let good: Vec<Arc<Mutex<usize>>> = ones.iter().map(|_| Arc::default()).collect();
    let ask = |(one, good): (&Arc<One>, &Arc<Mutex<usize>>)| {
        let (one, good) = (one.clone(), good.clone());
        tokio::spawn(async move {
            loop {
                let listing = Listing {
                    entity: &one.entity,
                    since: Since::Ever,
                    next: None,
                    lane: Lane::Increment,
                    counts: false,
                };
                if let Ok(told) = one.system.list(listing).await {
                    assert_eq!(told.records.len(), 1);
                    *good.lock().unwrap() += 1;
                }
            }
        })
    };
    let tasks: Vec<_> = ones.iter().zip(&good).map(ask).collect();
    tokio::time::sleep(Duration::from_secs(LONG)).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    let did = |(one, good): (&Arc<One>, &Arc<Mutex<usize>>)| {
        let left = one.wire.left.lock().unwrap().clone();
        let pulse = one.system.pulse();
        (left, pulse.trouble.is_some() || pulse.throttled > 0, *good.lock().unwrap())
    };
    ones.iter().zip(&good).map(did).collect()
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_fails_in_any_way_delays_no_other_by_a_millisecond() {
    let calm = all(Fails::Never, 0).await;
    for (left, trouble, good) in &calm {
        assert!(!trouble && *good >= 290, "{good} good answers of {} requests", left.len());
    }
    for fails in [Fails::Refused, Fails::Broken, Fails::Throttled, Fails::Unreachable, Fails::Silent] {
        let told = all(fails, u128::MAX).await;
        for (number, (calm, told)) in calm.iter().zip(&told).enumerate().skip(2) {
            assert_eq!(calm, told, "{fails:?} disturbed connection {number}");
        }
        for (left, trouble, good) in &told[..2] {
            assert_eq!(*good, 0, "{fails:?}");
            assert!(*trouble, "{fails:?}: the one that fails knows nothing of it: {left:?}");
            // Five in a row, and then a trial after one, two, four, … seconds.
            assert!(!left.is_empty() && left.len() <= 5 + 8, "{fails:?}: {left:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_down_is_in_use_again_with_its_first_good_answer_and_by_itself() {
    let calm = all(Fails::Never, 0).await;
    for fails in [Fails::Refused, Fails::Broken, Fails::Unreachable] {
        let told = all(fails, 50_000).await;
        for (number, (calm, told)) in calm.iter().zip(&told).enumerate().skip(2) {
            assert_eq!(calm, told, "{fails:?} disturbed connection {number}");
        }
        for (left, trouble, good) in &told[..2] {
            let down = left.iter().filter(|at| **at < 50_000).count();
            assert!(down <= 5 + 7, "{fails:?}: {left:?}");
            let again = left.iter().find(|at| **at >= 50_000).unwrap();
            assert!(*again <= 100_000, "{fails:?}: tried again only at {again} ms");
            assert!(*good >= 90 && !trouble, "{fails:?}: {good} good answers since");
        }
    }
}
