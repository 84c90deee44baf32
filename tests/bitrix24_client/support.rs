//! A pretend portal behind an in-memory transport, in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use crosstie::model::{Entity, FieldName, Record, RecordId, Value};
use crosstie::remote::bitrix24::{Bitrix24, WebhookDialect};
use crosstie::remote::connection::Connection;
use crosstie::remote::pace::{Pace, Settings};
use crosstie::remote::{Changes, Fetched, Lane, Listing, Since, System};
use crosstie::seam::{Failure, Request, Response, Rng, Transport, WallClock};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{BitrixStandIn, Config};
use jiff::Timestamp;
use tokio::time::Instant;

/// A wall clock that follows tokio's paused one.
pub struct Clock(Instant);

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        "2026-03-01T10:00:00.5Z".parse::<Timestamp>().unwrap() + self.0.elapsed()
    }
}

pub struct Dice(pub u64);

impl Rng for Dice {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 16
    }
}

/// What happens to a request on its way.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It arrives, and its answer too.
    Fine,
    /// It arrives, and the answer is lost.
    LostAnswer,
    /// It does not arrive, and nobody knows.
    LostRequest,
    /// Somebody else answers.
    Instead(Response),
}

#[derive(Clone)]
pub struct Wire {
    portal: Arc<Mutex<BitrixStandIn>>,
    clock: Arc<Clock>,
    fates: Arc<Mutex<VecDeque<Fate>>>,
    sent: Arc<Mutex<Vec<String>>>,
    /// The application's token, where that calls and not the webhook.
    app: Option<String>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, mut request: Request) -> Result<Response, Failure> {
        let method = request.path().trim_start_matches('/').to_owned();
        self.sent.lock().unwrap().push(method.clone());
        let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Fine);
        tokio::time::sleep(Duration::from_millis(20)).await;
        if fate == Fate::LostRequest {
            return Err(Failure::Unknown("time-out".into()));
        }
        if let Fate::Instead(response) = fate {
            return Ok(response);
        }
        let response = {
            let mut portal = self.portal.lock().unwrap();
            request.target = match &self.app {
                None => format!("{}{method}", portal.webhook_path()),
                Some(token) => {
                    let mut params: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
                    params["auth"] = token.as_str().into();
                    request.body = params.to_string().into();
                    format!("/rest/{method}")
                }
            };
            portal.handle(&request, self.clock.now())
        };
        tokio::time::sleep(Duration::from_millis(20)).await;
        if fate == Fate::LostAnswer {
            return Err(Failure::Unknown("reset".into()));
        }
        Ok(response)
    }
}

/// A portal, its people's door, and our client.
pub struct Office {
    pub wire: Wire,
    pub client: Bitrix24,
}

impl Office {
    pub fn new() -> Self {
        Self::with(Config::default(), Settings::bucket(250, 500))
    }

    pub fn with(config: Config, settings: Settings) -> Self {
        let clock = Arc::new(Clock(Instant::now()));
        let wire = Wire {
            portal: Arc::new(Mutex::new(BitrixStandIn::new(config))),
            clock: Arc::clone(&clock),
            fates: Arc::default(),
            sent: Arc::default(),
            app: None,
        };
        let pace = Pace::new(settings, Box::new(Dice(1)));
        let client = Bitrix24::new(Connection::new(Arc::new(wire.clone()), pace, clock, Arc::new(WebhookDialect)));
        Self { wire, client }
    }

    /// The same portal, called by its application, whose own writes stay out of its queue.
    pub fn as_app(&self) -> Self {
        let token = self.portal().install_app(self.now()).access_token;
        let wire = Wire { app: Some(token), sent: Arc::default(), ..self.wire.clone() };
        let pace = Pace::new(Settings::bucket(250, 500), Box::new(Dice(1)));
        let (carrier, clock) = (Arc::new(wire.clone()), wire.clock.clone());
        let client = Bitrix24::new(Connection::new(carrier, pace, clock, Arc::new(WebhookDialect))).with_queue();
        Self { wire, client }
    }

    pub fn portal(&self) -> MutexGuard<'_, BitrixStandIn> {
        self.wire.portal.lock().unwrap()
    }

    pub fn now(&self) -> Timestamp {
        self.wire.clock.now()
    }

    /// Decides what happens to the next requests.
    pub fn fate(&self, fates: impl IntoIterator<Item = Fate>) {
        self.wire.fates.lock().unwrap().extend(fates);
    }

    /// The methods called since the last time this was asked.
    pub fn sent(&self) -> Vec<String> {
        std::mem::take(&mut *self.wire.sent.lock().unwrap())
    }

    /// A person makes an object.
    pub fn person_makes(
        &self,
        entity: crosstie::standin::bitrix24::Entity,
        set: &[(&str, serde_json::Value)],
    ) -> String {
        self.portal().person_create(self.now(), "Anna Weber", entity, set).unwrap()
    }

    /// A person changes an object.
    pub fn person_edits(
        &self,
        entity: crosstie::standin::bitrix24::Entity,
        id: &str,
        set: &[(&str, serde_json::Value)],
    ) {
        assert!(self.portal().person_edit(self.now(), "Anna Weber", entity, id, set).unwrap());
    }

    pub async fn read(&self, entity: &Entity, id: &str) -> Record {
        let mut got = self.client.get(entity, &[RecordId::from(id)], Lane::Write).await.unwrap();
        match got.pop() {
            Some((_, Fetched::Record(record))) => record,
            other => panic!("no record {id}: {other:?}"),
        }
    }

    /// A whole listing, and how many pages it had.
    pub async fn list_all(&self, entity: &Entity, since: Since) -> (Vec<Record>, usize) {
        let (mut records, mut next, mut pages) = (Vec::new(), None, 0);
        loop {
            let listing = Listing { entity, since, next, lane: Lane::Sweep, counts: false };
            let Changes { records: some, next: more, server_now, .. } = self.client.list(listing).await.unwrap();
            assert!(server_now.is_some());
            records.extend(some);
            pages += 1;
            next = more;
            if next.is_none() {
                return (records, pages);
            }
        }
    }
}

pub fn entity(name: &str, fields: &[&str]) -> Entity {
    Entity {
        name: name.into(),
        fields: fields.iter().map(|field| FieldName::from(*field)).collect(),
        marker: None,
        filter: None,
    }
}

pub fn set(fields: &[(&str, Value)]) -> BTreeMap<FieldName, Value> {
    fields.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect()
}

pub fn text(text: &str) -> Value {
    Value::text(text)
}

pub fn links(ids: &[&str]) -> Value {
    Value::links(ids.iter().map(|id| (*id).to_owned()))
}

pub fn number(text: &str) -> Value {
    Value::number(text.parse().unwrap())
}

/// The value of a field that was read.
pub fn known<'a>(record: &'a Record, name: &str) -> &'a Value {
    let state = record.fields.get(name).unwrap_or_else(|| panic!("{name} was not asked for"));
    state.known().unwrap_or_else(|| panic!("{name} is {state:?}"))
}
