//! A small pretend workspace, and the client that looks at it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use crosstie::model::{Entity, FieldName, FieldState, Record, RecordId, Value};
use crosstie::remote::notion::{Notion, Token};
use crosstie::remote::pace::{Pace, Settings};
use crosstie::remote::{Changes, Fetched, Lane, Listing, RemoteError, Since, System};
use crosstie::seam::{Failure, Method, Request, Response, Rng, Transport, WallClock};
use crosstie::standin::StandIn;
use crosstie::standin::notion::{Config, NotionStandIn};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

/// The middle of everything random.
struct Half;

impl Rng for Half {
    fn next_u64(&mut self) -> u64 {
        u64::MAX / 2
    }
}

/// Wall time that follows tokio's paused clock.
pub struct Clock {
    start: Timestamp,
    began: Instant,
}

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        let passed = self.began.elapsed();
        self.start + SignedDuration::try_from(passed).unwrap()
    }
}

/// What happens to one request on its way.
pub enum Fault {
    /// Answered by somebody else, and not executed.
    Instead(Response),
    /// Executed, and the answer is made from Notion's.
    After(fn(&Json) -> Response),
    /// Executed, and the answer is lost.
    Lost,
    /// Passes.
    None,
}

/// One request as it was sent.
pub struct Sent {
    pub method: Method,
    pub target: String,
    pub body: Json,
    pub at: Timestamp,
}

/// Carries requests to the pretend Notion.
pub struct Wire {
    pub notion: Mutex<NotionStandIn>,
    pub clock: Arc<Clock>,
    pub faults: Mutex<VecDeque<Fault>>,
    pub sent: Mutex<Vec<Sent>>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let now = self.clock.now();
        let body = serde_json::from_slice(&request.body).unwrap_or(Json::Null);
        self.sent.lock().unwrap().push(Sent { method: request.method, target: request.target.clone(), body, at: now });
        let fault = self.faults.lock().unwrap().pop_front().unwrap_or(Fault::None);
        if let Fault::Instead(response) = fault {
            return Ok(response);
        }
        let response = self.notion.lock().unwrap().handle(&request, now);
        match fault {
            Fault::After(make) => Ok(make(&serde_json::from_slice(&response.body).unwrap())),
            Fault::Lost => Err(Failure::Unknown("the connection was reset".into())),
            _ => Ok(response),
        }
    }
}

/// The workspace: people, contacts, deals; and our client.
pub struct Office {
    pub wire: Arc<Wire>,
    pub client: Notion,
    pub deals: Entity,
    pub contacts: Entity,
}

pub const MARKER: &str = "crosstie id";

pub fn office() -> Office {
    office_with(Config::default())
}

pub fn office_with(config: Config) -> Office {
    let mut notion = NotionStandIn::new(config);
    notion.add_person("Ada Lovelace", "Ada@Example.com");
    let contacts = notion
        .add_data_source("Contacts", &json!({"Name": {"title": {}}, "Email": {"email": {}}, MARKER: {"rich_text": {}}}))
        .unwrap();
    let columns = json!({
        "Name": {"title": {}},
        "Notes": {"rich_text": {}},
        "Amount": {"number": {"format": "euro"}},
        "Stage": {"select": {"options": [{"name": "New"}, {"name": "Won"}]}},
        "Tags": {"multi_select": {}},
        "Progress": {"status": {}},
        "Due": {"date": {}},
        "Owner": {"people": {}},
        "Active": {"checkbox": {}},
        "Site": {"url": {}},
        "Phone": {"phone_number": {}},
        "Contacts": {"relation": {"data_source_id": contacts, "type": "single_property", "single_property": {}}},
        "Sum": {"rollup": {"function": "sum"}},
        "Number": {"unique_id": {"prefix": "D"}},
        MARKER: {"rich_text": {}},
    });
    let deals = notion.add_data_source("Deals", &columns).unwrap();
    let token = notion.token().to_owned();
    // 40 seconds into a minute, as most moments are somewhere in one.
    let clock = Arc::new(Clock { start: "2026-06-27T17:56:40Z".parse().unwrap(), began: Instant::now() });
    let wire = Arc::new(Wire {
        notion: Mutex::new(notion),
        clock: Arc::clone(&clock),
        faults: Mutex::default(),
        sent: Mutex::default(),
    });
    let pace = Pace::new(Settings::per_minute(600), Box::new(Half));
    let client = Notion::new(Arc::clone(&wire) as Arc<dyn Transport>, pace, clock, Token::new(&token));
    let entity = |name: String, fields: &[&str]| Entity {
        name,
        fields: fields.iter().map(|name| FieldName::from(*name)).collect(),
        marker: Some(MARKER.into()),
        filter: None,
    };
    let names: Vec<&str> = columns.as_object().unwrap().keys().map(String::as_str).filter(|n| *n != MARKER).collect();
    let (deals, contacts) = (entity(deals, &names), entity(contacts, &["Name", "Email"]));
    Office { wire, client, deals, contacts }
}

pub fn fields(fields: &[(&str, Value)]) -> BTreeMap<FieldName, Value> {
    fields.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect()
}

pub fn texts<const N: usize>(texts: [&str; N]) -> [String; N] {
    texts.map(str::to_owned)
}

/// The value of a field that was read.
pub fn value(record: &Record, name: &str) -> Value {
    match &record.fields[name] {
        FieldState::Known(value) => value.clone(),
        FieldState::Unknown(why) => panic!("{name} is unknown: {why}"),
    }
}

/// Why a field was not read.
pub fn why(record: &Record, name: &str) -> String {
    match &record.fields[name] {
        FieldState::Known(value) => panic!("{name} was read: {value:?}"),
        FieldState::Unknown(why) => why.clone(),
    }
}

impl Office {
    pub fn now(&self) -> Timestamp {
        self.wire.clock.now()
    }

    pub async fn pass(&self, seconds: u64) {
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    }

    pub fn notion<T>(&self, act: impl FnOnce(&mut NotionStandIn, Timestamp) -> T) -> T {
        act(&mut self.wire.notion.lock().unwrap(), self.now())
    }

    pub fn fault(&self, fault: Fault) {
        self.wire.faults.lock().unwrap().push_back(fault);
    }

    /// How many requests of that method were sent so far.
    pub fn sent(&self, method: Method) -> usize {
        self.wire.sent.lock().unwrap().iter().filter(|sent| sent.method == method).count()
    }

    /// The body of the last request of that method.
    pub fn last(&self, method: Method) -> Json {
        self.wire.sent.lock().unwrap().iter().rev().find(|sent| sent.method == method).unwrap().body.clone()
    }

    /// A person edits cells.
    pub fn edit(&self, page: &str, set: &[(&str, Json)]) {
        self.notion(|notion, now| notion.person_edit(now, "Ada Lovelace", page, set)).unwrap();
    }

    /// A person adds a row.
    pub fn add(&self, entity: &Entity, set: &[(&str, Json)]) -> String {
        self.notion(|notion, now| notion.person_create(now, "Ada Lovelace", &entity.name, set)).unwrap()
    }

    /// Asks the API past the client.
    pub fn ask(&self, method: Method, target: &str, body: &Json) -> Json {
        self.notion(|notion, now| {
            let request = Request::new(method, target)
                .header("authorization", format!("Bearer {}", notion.token()))
                .header("notion-version", "2026-03-11")
                .json(body);
            let response = notion.handle(&request, now);
            assert_eq!(response.status, 200, "{:?}", response.body);
            serde_json::from_slice(&response.body).unwrap()
        })
    }

    pub async fn get(&self, entity: &Entity, id: &str) -> Record {
        match self.fetch(entity, id).await {
            Fetched::Record(record) => record,
            Fetched::Missing | Fetched::Forbidden => panic!("{id} is missing"),
        }
    }

    pub async fn fetch(&self, entity: &Entity, id: &str) -> Fetched {
        let mut fetched = self.client.get(entity, &[RecordId::from(id)], Lane::Hot).await.unwrap();
        assert_eq!(fetched.len(), 1);
        fetched.remove(0).1
    }

    pub async fn page(&self, entity: &Entity, since: Since, next: Option<String>) -> Result<Changes, RemoteError> {
        self.client.list(Listing { entity, since, next, lane: Lane::Sweep, counts: false }).await
    }

    /// A whole listing.
    pub async fn list(&self, entity: &Entity, since: Since) -> Vec<Record> {
        let (mut records, mut next) = (Vec::new(), None);
        loop {
            let changes = self.page(entity, since, next).await.unwrap();
            records.extend(changes.records);
            next = changes.next;
            if next.is_none() {
                return records;
            }
        }
    }
}
