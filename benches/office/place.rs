//! Both pretend systems with so many records, and a store that the real engine made of them, in virtual time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crosstie::config::Timing;
use crosstie::control::{Command, Desk, Mode, PairState, Sides};
use crosstie::engine::{self, Settings, World};
use crosstie::mapping::PairSpec;
use crosstie::remote::System;
use crosstie::remote::bitrix24::{Bitrix24, WebhookDialect};
use crosstie::remote::connection::Connection;
use crosstie::remote::notion::{Notion, Token};
use crosstie::remote::pace::{Pace, Settings as PaceSettings};
use crosstie::seam::{Failure, Request, Response, Rng, Transport, WallClock};
use crosstie::sim::pairs;
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{self, BitrixStandIn, Entity};
use crosstie::standin::notion::{self, NotionStandIn};
use crosstie::standin::office::{self, Facts, Office};
use crosstie::store::{MemoryKv, Store};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::Instant;

const PERSON: &str = "Anna Weber";

/// Both worlds.
pub struct Place {
    pub crm: Arc<Mutex<BitrixStandIn>>,
    pub notion: Arc<Mutex<NotionStandIn>>,
    pub facts: Facts,
    pub specs: Vec<PairSpec>,
}

impl Place {
    /// So many contacts and deals, each on both sides, made a while before `now`.
    pub fn furnished(ties: usize, start: Timestamp) -> Self {
        let options = office::Options {
            crm_per_minute: 0,
            notion_per_minute: 0,
            contacts: ties / 2,
            deals: ties - ties / 2,
            on_both: ties,
            only_notion: 0,
            start,
            bitrix: bitrix24::Config {
                drain_per_second: 1_000_000,
                bucket_room: 1_000_000_000,
                call_cost_ms: 0,
                ..bitrix24::Config::default()
            },
            workspace: notion::Config { budget: u32::MAX, ..notion::Config::default() },
            ..office::Options::default()
        };
        let office = Office::new(11, options).unwrap();
        let specs = pairs(office.facts());
        let place = Self { crm: office.crm(), notion: office.notion(), facts: office.facts().clone(), specs };
        place.mark();
        place
    }

    /// A configuration of these pairs, with the rest as it comes.
    pub fn configuration(&self, notion: &str) -> String {
        let mut text = format!(
            "state_dir = \"state\"\n\n[crm]\nsystem = \"bitrix24\"\n\
             webhook = {{ env = \"CROSSTIE_BITRIX24_WEBHOOK\" }}\nplan = \"enterprise\"\n\n[notion]\n\
             token = {{ env = \"CROSSTIE_NOTION_TOKEN\" }}\nplan = \"business\"\nbase_url = \"{notion}\"\n\n\
             [timing]\nreview = false\n"
        );
        for table in [&self.facts.contacts, &self.facts.deals] {
            let _ = write!(
                text,
                "\n[[pair]]\nname = \"{}\"\ncrm = \"{}\"\ndata_source = \"{}\"\nmatch_by = [\"{}\"]\n\
                 create = \"both\"\n",
                table.name, table.crm, table.data_source, table.match_by
            );
            for field in table.fields {
                let _ = write!(text, "\n[[pair.field]]\ncrm = \"{}\"\nnotion = \"{}\"\n", field.crm, field.notion);
                if field.crm_only {
                    text.push_str("direction = \"crm-to-notion\"\n");
                }
                if let Some(pair) = field.relation {
                    let _ = writeln!(text, "relation = \"{pair}\"");
                }
                if field.crm == "STAGE_ID" {
                    let stages: Vec<String> =
                        self.facts.stages.iter().map(|(code, name)| format!("{code} = \"{name}\"")).collect();
                    let _ = writeln!(text, "values = {{ {} }}", stages.join(", "));
                }
            }
        }
        text
    }

    /// Every page gets the marker of its record, as if it had been tied long ago.
    fn mark(&self) {
        let (crm, mut notion) = (self.crm.lock().unwrap(), self.notion.lock().unwrap());
        let tables = [
            (&self.facts.contacts, Entity::Contact, "EMAIL", "Email"),
            (&self.facts.deals, Entity::Deal, "TITLE", "Name"),
        ];
        for (table, entity, field, property) in tables {
            let ids = crm.live_ids(entity).into_iter();
            let named: BTreeMap<String, String> =
                ids.map(|id| (crm.plain(entity, &id).unwrap()[field].as_str().unwrap().to_owned(), id)).collect();
            for page in notion.live_pages(&table.data_source) {
                let name = notion.plain(&page, property).unwrap();
                let marker = json!(named[name.as_str().unwrap()]);
                notion.person_edit(Timestamp::MIN, PERSON, &page, &[(table.marker, marker)]).unwrap();
            }
        }
    }
}

struct Clock {
    began: Instant,
    start: Timestamp,
}

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        self.start + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }
}

struct Half;

impl Rng for Half {
    fn next_u64(&mut self) -> u64 {
        u64::MAX / 2
    }
}

struct Wire<S> {
    world: Arc<Mutex<S>>,
    before: String,
    clock: Arc<Clock>,
}

#[async_trait]
impl<S: StandIn> Transport for Wire<S> {
    async fn send(&self, mut request: Request) -> Result<Response, Failure> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if !self.before.is_empty() {
            request.target = format!("{}{}", self.before, request.target.trim_start_matches('/'));
        }
        Ok(self.world.lock().unwrap().handle(&request, self.clock.now()))
    }
}

/// Lets the real engine tie everything, from `start` on, and gives what it remembers.
pub fn tied(place: &Place, start: Timestamp) -> MemoryKv {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(Clock { began: Instant::now(), start });
        let path = place.crm.lock().unwrap().webhook_path();
        let wire = Wire { world: place.crm.clone(), before: path, clock: clock.clone() };
        let pace = Pace::new(PaceSettings::bucket(250, 500), Box::new(Half));
        let crm = Bitrix24::new(Connection::new(Arc::new(wire), pace, clock.clone(), Arc::new(WebhookDialect)));
        let token = Token::new(place.notion.lock().unwrap().token());
        let wire = Wire { world: place.notion.clone(), before: String::new(), clock: clock.clone() };
        let pace = Pace::new(PaceSettings::per_minute(600), Box::new(Half));
        let notion = Notion::new(Arc::new(wire), pace, clock.clone(), token);
        let systems: Sides<Arc<dyn System>> = Sides { crm: Arc::new(crm), notion: Arc::new(notion) };
        let kv = MemoryKv::new();
        let settings = Settings {
            mode: Mode::Demo,
            pairs: place.specs.clone(),
            timing: Timing { review: false, ..Timing::default() },
            workspace: String::new(),
            store_note: String::new(),
            look_only: false,
            resync: true,
        };
        let store = Store::inline(Box::new(kv.clone()));
        let running = engine::start(settings, World { systems, store, clock: clock.clone() }).await.unwrap();
        loop {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let snapshot = running.desk.snapshots().borrow().clone();
            if snapshot.pairs.iter().all(|pair| pair.state == PairState::Running && pair.ties > 0) {
                break;
            }
        }
        running.desk.command("bench", Command::Shutdown).await.unwrap();
        running.task.await.unwrap().unwrap();
        kv
    })
}
