//! A pretend Bitrix24 portal, spoken to through an incoming webhook (`/rest/{user}/{secret}/{method}[.json]`) or as an
//! application (`/rest/{method}` with an access token).
//!
//! Here live the portal's data (`world`), two families of CRM methods over it (`items`, `legacy`), tasks, limits, `batch`, the
//! application's tokens (`oauth`) and queues (`offline`), what people and the portal do (`people`, `mergers`, `robots`), and the
//! back door (`admin`). For tests, the demo and the simulation; never imported by the engine and its client, nor they here.
//!
//! Chosen where the documentation is silent, always the harder case for a client: the older update methods set a new
//! modification time even when nothing changed; the link methods do not (switch [`Config::link_methods_touch_deal`]);
//! deleting or merging contacts and companies changes links to them without touching the deals; what comes out of the
//! recycle bin has a new id (switch [`Config::restore_keeps_id`]); a refused request does not fill the bucket. No REST 3.

mod accept;
mod admin;
mod answer;
mod batch;
mod calls;
mod comms;
mod dictionary;
mod draft;
mod employers;
mod faults;
mod filter;
mod input;
mod item;
mod items;
mod legacy;
mod limits;
mod links;
mod mergers;
mod moment;
mod oauth;
mod offline;
mod people;
mod reads;
mod robots;
mod schema;
mod shown;
mod system_fields;
mod tasks;
mod world;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

pub use admin::DOORS;
pub use calls::Outgoing;
pub use dictionary::{Person, Pipeline, Stage};
pub use faults::FAULTS;
pub use oauth::Granted;
pub use people::Refused;
pub use robots::Robot;
pub use schema::{Entity, UserFieldType};

use super::StandIn;
use super::fault::Fault;
use super::log::{Actor, Entry};
use crate::seam::{Request, Response};
use answer::{Answer, ApiError};
use calls::Calls;
use faults::{Trouble, gave_up};
use input::{Input, parameters};
use limits::{Bucket, Operating, OperatingTime};
use moment::{Clock, http_date};
use oauth::App;
use offline::Queues;
use shown::{Shelf, Shown};
use world::{Who, World};

/// How the portal is set up. The default is the enterprise plan in the zone +03:00.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The webhook's owner, who is the integration user.
    pub user_id: u64,
    /// What the webhook's secret is made from.
    pub seed: u64,
    /// Requests that leave the bucket each second.
    pub drain_per_second: u32,
    /// Requests that the bucket holds.
    pub bucket_room: u32,
    /// Seconds of operating time a method may use in ten minutes.
    pub operating_limit_s: u32,
    /// Operating time that a call is said to cost, in milliseconds.
    pub call_cost_ms: u32,
    /// The same for single methods, by lower-case name.
    pub method_cost_ms: BTreeMap<String, u32>,
    /// The server's zone, in minutes east of UTC.
    pub offset_minutes: i32,
    /// Whether the link methods (`crm.deal.contact.*`) set the deal's modification time.
    pub link_methods_touch_deal: bool,
    /// The bug of `crm.item.update`: empty values of companies, and empty lists of options, change nothing.
    pub item_update_keeps_cleared: bool,
    /// The same bug everywhere: no empty value changes anything.
    pub item_update_keeps_all: bool,
    /// The bug of `crm.item.list`: `utm*` named in `select` under `useOriginalUfNames` empties every item.
    pub utm_empties_items: bool,
    /// Whether what comes out of the recycle bin has its old id. Not documented; a new one is the harder case.
    pub restore_keeps_id: bool,
    /// When the objects that are made before the first request came into being.
    pub start: Timestamp,
}

impl Default for Config {
    fn default() -> Self {
        Self::enterprise()
    }
}

impl Config {
    /// The enterprise plan: 5 requests a second, 250 at once.
    pub fn enterprise() -> Self {
        Self {
            user_id: 1,
            seed: 0,
            drain_per_second: 5,
            bucket_room: 250,
            operating_limit_s: 480,
            call_cost_ms: 50,
            method_cost_ms: BTreeMap::new(),
            offset_minutes: 180,
            link_methods_touch_deal: false,
            item_update_keeps_cleared: true,
            item_update_keeps_all: false,
            utm_empties_items: false,
            restore_keeps_id: false,
            // 2026-01-01T00:00:00Z
            start: Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// Every other plan: 2 requests a second, 50 at once.
    pub fn standard() -> Self {
        Self { drain_per_second: 2, bucket_room: 50, ..Self::enterprise() }
    }
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests on webhook paths, refused ones included.
    pub requests: u64,
    /// Answers 503 `QUERY_LIMIT_EXCEEDED`.
    pub over_rate: u64,
    /// Calls refused with `OPERATION_TIME_LIMIT`: answers 429, and such errors inside a batch.
    pub over_time: u64,
    /// Pairs of tokens that the authorization server gave for a refresh token.
    pub refreshed: u64,
    /// Its refusals.
    pub ungranted: u64,
    /// Answers 302 to whoever asked under an old name.
    pub moved_on: u64,
}

/// The pretend portal.
pub struct BitrixStandIn {
    config: Config,
    secret: String,
    app: App,
    queues: Queues,
    calls: Calls,
    /// Whether the request that is being answered came from the application.
    as_app: bool,
    world: World,
    shelf: Shelf,
    bucket: Bucket,
    operating: OperatingTime,
    counters: Counters,
    /// See [`BitrixStandIn::refuse_next`].
    troubles: VecDeque<Trouble>,
    /// A scope that the webhook lacks.
    no_scope: Option<String>,
    latest: Timestamp,
    /// No moment of this world lies before another that it has answered for; see [`BitrixStandIn::tick`].
    clock: Timestamp,
}

/// The secret stays out.
impl fmt::Debug for BitrixStandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BitrixStandIn").field("config", &self.config).field("counters", &self.counters).finish()
    }
}

/// What a method gets.
struct Call<'a> {
    world: &'a mut World,
    config: &'a Config,
    now: Timestamp,
    who: Who,
}

impl BitrixStandIn {
    /// A portal with the default pipeline, dictionaries and user fields, the integration user, Anna Weber and Boris
    /// Klein, and no objects.
    pub fn new(config: Config) -> Self {
        let mut random = fastrand::Rng::with_seed(config.seed);
        let secret = std::iter::repeat_with(|| random.alphanumeric().to_ascii_lowercase()).take(16).collect();
        let mut world = World::new(Clock::new(config.offset_minutes), config.seed);
        let people = [
            ("Crosstie Integration", "integration@example.com"),
            ("Anna Weber", "anna@example.com"),
            ("Boris Klein", "boris@example.com"),
        ];
        for (id, (name, email)) in (config.user_id..).zip(people) {
            world.people.push(Person { id, name: name.into(), email: email.into(), active: true });
        }
        people::default_user_fields(&mut world);
        Self {
            bucket: Bucket::new(config.drain_per_second, config.bucket_room),
            operating: OperatingTime::new(config.operating_limit_s),
            counters: Counters::default(),
            troubles: VecDeque::new(),
            no_scope: None,
            latest: config.start,
            clock: Timestamp::MIN,
            secret,
            app: App::new(config.seed, config.user_id),
            queues: Queues::new(config.seed),
            calls: Calls::default(),
            as_app: false,
            world,
            shelf: Shelf::default(),
            config,
        }
    }

    /// The webhook's path, with its secret and a slash at the end: `/rest/1/0123456789abcdef/`.
    pub fn webhook_path(&self) -> String {
        format!("/rest/{}/{}/", self.config.user_id, self.secret)
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn rest(&mut self, request: &Request, now: Timestamp) -> Response {
        self.counters.requests += 1;
        let trouble = self.troubles.pop_front();
        if let Some(Trouble::Refused(refused)) = &trouble {
            return refusal(refused);
        }
        if !self.bucket.take(now) {
            self.counters.over_rate += 1;
            return refusal(&ApiError::new(503, "QUERY_LIMIT_EXCEEDED", "Too many requests"));
        }
        let done = self.called(request, now);
        if trouble.is_some() {
            return gave_up();
        }
        match done {
            Ok(body) => Response::json_text(200, body),
            Err(error) => refusal(&error),
        }
    }

    /// The answer as JSON text.
    fn called(&mut self, request: &Request, now: Timestamp) -> Result<String, ApiError> {
        // The address that an application is given ends with a slash; clients add a second one.
        let rest = request.path().strip_prefix("/rest/").unwrap_or_default().trim_start_matches('/');
        let mut parts = rest.splitn(3, '/');
        let (params, method) = match (parts.next(), parts.next(), parts.next()) {
            (Some(user), Some(secret), Some(method)) => {
                if user != self.config.user_id.to_string() || secret != self.secret {
                    return Err(ApiError::new(403, "INVALID_CREDENTIALS", "Invalid request credentials"));
                }
                self.as_app = false;
                (parameters(request)?, method)
            }
            (Some(method), None | Some(""), None) if !method.bytes().all(|b| b.is_ascii_digit()) => {
                let params = parameters(request)?;
                self.app.admit(&params, now)?;
                self.as_app = true;
                (params, method)
            }
            _ => return Err(ApiError::no_method()),
        };
        let method = method.to_lowercase();
        let method = method.strip_suffix(".json").unwrap_or(&method);
        let connector = params.get("auth_connector").and_then(Input::text).filter(|_| self.as_app);
        if self.queues.denied && connector.is_some() {
            return Err(ApiError::new(403, "ACCESS_DENIED", "The plan of this portal has no connectors"));
        }
        let (answer, operating) = if method == "batch" {
            // The batch itself is not metered; its commands are.
            (Shown::of(&batch::run(self, &params, now)?), None)
        } else {
            let operating = self.meter(method, now)?;
            (self.shown(method, &params, now)?, Some(operating))
        };
        self.collect_news(&connector.unwrap_or_default());
        let time = self.time_block(method, operating, now);
        Ok(answer.enveloped(&time))
    }

    /// The authorization server, whose requests fill no bucket.
    fn tokens(&mut self, request: &Request, now: Timestamp) -> Response {
        let params = parameters(request);
        let refresh =
            |params: &Input| params.get("grant_type").and_then(Input::text).is_some_and(|it| it == "refresh_token");
        let by_refresh = params.as_ref().is_ok_and(refresh);
        match params.and_then(|params| self.app.token(&params, now)) {
            Ok(granted) => {
                self.counters.refreshed += u64::from(by_refresh);
                Response::json(200, &json!(granted))
            }
            Err(error) => {
                self.counters.ungranted += 1;
                refusal(&error)
            }
        }
    }

    /// One call, unless its method has used up its operating time.
    fn metered(&mut self, method: &str, params: &Input, now: Timestamp) -> Result<(Answer, Operating), ApiError> {
        let operating = self.meter(method, now)?;
        self.answer(method, params, now).map(|answer| (answer, operating))
    }

    /// Books the operating time of one call, or refuses it; as it does where the scope is missing.
    fn meter(&mut self, method: &str, now: Timestamp) -> Result<Operating, ApiError> {
        if self.no_scope.is_some() && self.no_scope.as_deref() == faults::scope_of(method) {
            let text = "The request requires higher privileges than provided by the webhook token";
            return Err(ApiError::new(403, "insufficient_scope", text));
        }
        if !self.operating.allows(method, now) {
            self.counters.over_time += 1;
            let text = "Method is blocked due to operation time limit.";
            return Err(ApiError::new(429, "OPERATION_TIME_LIMIT", text));
        }
        let cost = u64::from(self.cost(method));
        Ok(self.operating.book(method, now, cost))
    }

    /// What a method answers to one call.
    fn answer(&mut self, method: &str, params: &Input, now: Timestamp) -> Result<Answer, ApiError> {
        if let Some(answer) = self.event_method(method, params) {
            return answer;
        }
        let who = Who { actor: Actor::Api, user: self.config.user_id };
        let mut call = Call { world: &mut self.world, config: &self.config, now, who };
        dispatch(&mut call, method, params)
    }

    fn cost(&self, method: &str) -> u32 {
        self.config.method_cost_ms.get(method).copied().unwrap_or(self.config.call_cost_ms)
    }

    fn time_block(&self, method: &str, operating: Option<Operating>, now: Timestamp) -> Time {
        let cost = if operating.is_some() { f64::from(self.cost(method)) / 1000.0 } else { 0.0 };
        let start = now.as_millisecond() as f64 / 1000.0;
        let shown = self.world.clock.show(now);
        Time {
            date_finish: shown.clone(),
            date_start: shown,
            duration: cost,
            finish: start + cost,
            operating: operating.as_ref().map_or(json!(0), |operating| json!(operating.ms as f64 / 1000.0)),
            operating_reset_at: operating.map(|operating| operating.reset_at),
            processing: cost,
            start,
        }
    }
}

/// What every answer tells of its times.
#[derive(Debug, serde::Serialize)]
struct Time {
    date_finish: String,
    date_start: String,
    duration: f64,
    finish: f64,
    operating: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    operating_reset_at: Option<i64>,
    processing: f64,
    start: f64,
}

impl BitrixStandIn {
    /// The world's own time: what happens later is never stamped earlier, though its callers read their clocks before they
    /// waited for their turn. Whoever audits the log relies on that.
    fn tick(&mut self, now: Timestamp) -> Timestamp {
        self.clock = self.clock.max(now);
        self.latest = self.latest.max(now);
        self.world.run_robots(self.clock);
        self.collect_news("");
        self.clock
    }
}

impl StandIn for BitrixStandIn {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        let now = self.tick(now);
        let response = if request.path().starts_with("/_admin/") {
            self.admin(request, now)
        } else if request.path().starts_with("/rest/") {
            match self.app.forwarded(request) {
                Some(answer) => {
                    self.counters.moved_on += 1;
                    answer
                }
                None => self.rest(request, now),
            }
        } else if request.path().starts_with("/oauth/token") {
            self.tokens(request, now)
        } else {
            refusal(&ApiError::no_method())
        };
        response.header("date", http_date(now))
    }

    fn faults(&self) -> &'static [Fault] {
        FAULTS
    }

    fn switch(&mut self, order: &str) -> Result<(), String> {
        self.switched(order)
    }

    fn log(&self) -> &[Entry] {
        &self.world.log
    }
}

fn refusal(error: &ApiError) -> Response {
    Response::json(error.status, &error.body())
}

fn dispatch(call: &mut Call<'_>, method: &str, params: &Input) -> Result<Answer, ApiError> {
    if let Some(verb) = method.strip_prefix("crm.item.") {
        return items::call(call, verb, params);
    }
    if let Some(verb) = method.strip_prefix("tasks.task.") {
        return tasks::call(call, verb, params);
    }
    if let Some(verb) = method.strip_prefix("crm.deal.contact.") {
        return links::call(call, verb, params);
    }
    for entity in Entity::ALL {
        let family = method.strip_prefix("crm.").and_then(|rest| rest.strip_prefix(entity.name()));
        if let Some(verb) = family.and_then(|rest| rest.strip_prefix('.')) {
            return legacy::call(call, entity, verb, params);
        }
    }
    reads::call(call, method, params)
}
