//! How long the stand-ins take to answer what a sync asks most: the simulation spends its time in them.
//!
//! `cargo bench --bench standin`. Forty rows in each world; the quickest of many batches, in microseconds:
//! whatever else the machine does can only slow one down.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::hint::black_box;
use std::io::Write as _;

use crosstie::seam::{Method, Request};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{self, BitrixStandIn, Entity};
use crosstie::standin::notion::{self, NotionStandIn};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

const ROWS: usize = 40;
const BATCHES: usize = 60;
const CALLS: u32 = 60;

fn start() -> Timestamp {
    "2026-06-27T10:00:00Z".parse().unwrap()
}

/// The time at which row `i` was made: one every five minutes.
fn made(i: usize) -> Timestamp {
    start() + SignedDuration::from_mins(5 * i64::try_from(i).unwrap())
}

fn notion() -> (NotionStandIn, String) {
    let mut world = NotionStandIn::new(notion::Config { budget: u32::MAX, ..notion::Config::default() });
    let ada = world.add_person("Ada Lovelace", "ada@example.com");
    let columns = json!({
        "Name": { "title": {} }, "Notes": { "rich_text": {} }, "Amount": { "number": {} }, "Due": { "date": {} },
        "Stage": { "select": { "options": [{ "name": "New" }, { "name": "Won" }] } }, "Owner": { "people": {} },
        "Progress": { "status": {} }, "Tags": { "multi_select": {} }, "Mail": { "email": {} },
        "Phone": { "phone_number": {} }, "Active": { "checkbox": {} }, "CRM id": { "rich_text": {} },
    });
    let deals = world.add_data_source("Deals", &columns).unwrap();
    for i in 0..ROWS {
        let set = [
            ("Name", json!(format!("Deal {i}"))),
            ("Notes", json!("Called twice, wants an offer by Friday.")),
            ("Amount", json!(1000 + i)),
            ("Due", json!("2026-07-01")),
            ("Stage", json!("New")),
            ("Owner", json!([ada])),
            ("Tags", json!(["a", "b"])),
            ("Mail", json!("someone@example.com")),
            ("Phone", json!("+49 30 1234567")),
            ("Active", json!(true)),
            ("CRM id", json!(i.to_string())),
        ];
        world.person_create(made(i), "Ada Lovelace", &deals, &set).unwrap();
    }
    (world, deals)
}

fn portal() -> BitrixStandIn {
    let config = bitrix24::Config {
        drain_per_second: 1_000_000,
        bucket_room: 1_000_000_000,
        call_cost_ms: 0,
        ..bitrix24::Config::default()
    };
    let mut world = BitrixStandIn::new(config);
    let high = world.options(Entity::Deal, "UF_CRM_PRIORITY")[2].0.clone();
    for i in 0..ROWS {
        let contact =
            [("NAME", json!("Grace")), ("LAST_NAME", json!(format!("Hopper {i}"))), ("PHONE", json!("+49 30 1"))];
        let contact = world.person_create(made(i), "Anna Weber", Entity::Contact, &contact).unwrap();
        let set = [
            ("TITLE", json!(format!("Deal {i}"))),
            ("OPPORTUNITY", json!((1000 + i).to_string())),
            ("COMMENTS", json!("Called twice, wants an offer by Friday.")),
            ("UF_CRM_PRIORITY", json!(high)),
            ("CONTACT_IDS", json!([contact])),
        ];
        world.person_create(made(i), "Anna Weber", Entity::Deal, &set).unwrap();
    }
    world
}

/// Since when so many of the youngest rows were edited.
fn since(rows: usize) -> String {
    (made(ROWS - rows) - SignedDuration::from_secs(1)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The time of one call, in microseconds.
#[allow(clippy::disallowed_methods)] // A benchmark measures real time.
fn quickest(world: &mut dyn StandIn, request: &Request) -> f64 {
    let now = made(ROWS) + SignedDuration::from_hours(1);
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let before = std::time::Instant::now();
            for _ in 0..CALLS {
                let response = world.handle(black_box(request), now);
                assert_eq!(response.status, 200, "{:?}", response.body);
                black_box(response);
            }
            before.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[0]
}

fn main() {
    let mut out = std::io::stdout();
    let mut tell = |name: &str, time: f64| writeln!(out, "{name:<48} {time:8.1} µs").unwrap();

    let (mut world, deals) = notion();
    let token = format!("Bearer {}", world.token());
    let signed =
        |request: Request| request.header("authorization", token.clone()).header("notion-version", "2026-03-11");
    let query = |rows: usize, only: &str| {
        let body = json!({
            "filter": { "timestamp": "last_edited_time", "last_edited_time": { "on_or_after": since(rows) } },
            "sorts": [{ "timestamp": "last_edited_time", "direction": "ascending" }], "page_size": 100,
        });
        signed(Request::new(Method::Post, format!("/v1/data_sources/{deals}/query{only}")).json(&body))
    };
    let page = world.live_pages(&deals)[0].clone();
    let get = signed(Request::new(Method::Get, format!("/v1/pages/{page}")));
    let shown: Json = serde_json::from_slice(&world.handle(&get, made(ROWS)).body).unwrap();
    let ids: Vec<String> = shown["properties"].as_object().unwrap().values().map(|p| p["id"].to_string()).collect();
    let mapped: Vec<String> = ids
        .iter()
        .take(8)
        .map(|id| format!("filter_properties={}", id.trim_matches('"').replace('%', "%25")))
        .collect();
    let mapped = format!("?{}", mapped.join("&"));
    tell("Notion query, no rows", quickest(&mut world, &query(0, "")));
    tell("Notion query, no rows, 8 columns", quickest(&mut world, &query(0, &mapped)));
    tell("Notion query, 5 rows", quickest(&mut world, &query(5, "")));
    tell("Notion query, 5 rows, 8 columns", quickest(&mut world, &query(5, &mapped)));
    tell("Notion query, 40 rows, 8 columns", quickest(&mut world, &query(40, &mapped)));
    tell("Notion page", quickest(&mut world, &get));
    tell(
        "Notion page, 8 columns",
        quickest(&mut world, &signed(Request::new(Method::Get, format!("/v1/pages/{page}{mapped}")))),
    );

    let mut world = portal();
    let path = world.webhook_path();
    let call = |method: &str, params: Json| Request::new(Method::Post, format!("{path}{method}")).json(&params);
    let list = |rows: usize| {
        let select = [
            "id",
            "title",
            "opportunity",
            "comments",
            "stageId",
            "contactIds",
            "UF_CRM_PRIORITY",
            "originId",
            "updatedTime",
            "createdTime",
            "updatedBy",
            "createdBy",
        ];
        call(
            "crm.item.list",
            json!({
                "entityTypeId": 2, "filter": { ">=updatedTime": since(rows) }, "select": select, "start": -1,
                "order": { "updatedTime": "ASC", "id": "ASC" }, "useOriginalUfNames": "Y",
            }),
        )
    };
    tell("crm.item.list, no rows", quickest(&mut world, &list(0)));
    tell("crm.item.list, 5 rows", quickest(&mut world, &list(5)));
    tell("crm.item.list, 40 rows", quickest(&mut world, &list(40)));
    let get = |id: usize| format!("crm.item.get?entityTypeId=2&id={id}&useOriginalUfNames=Y");
    tell(
        "crm.item.get",
        quickest(&mut world, &call("crm.item.get", json!({"entityTypeId": 2, "id": 1, "useOriginalUfNames": "Y"}))),
    );
    let batch = |count: usize| call("batch", json!({"halt": 0, "cmd": (1..=count).map(get).collect::<Vec<_>>()}));
    tell("batch of 1 get", quickest(&mut world, &batch(1)));
    tell("batch of 5 gets", quickest(&mut world, &batch(5)));
}
