//! The other process: so many pretend systems, each on its own socket.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};

use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{self, BitrixStandIn, Entity};
use crosstie::standin::notion::{self, NotionStandIn};
use crosstie::standin::serve::{self, bind};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

pub const CELLS: [&str; 6] = ["Name", "Notes", "Amount", "Due", "Stage", "Mail"];
pub const FIELDS: [&str; 5] = ["TITLE", "OPPORTUNITY", "COMMENTS", "STAGE_ID", "ASSIGNED_BY_ID"];

async fn listen<S: StandIn>(world: S) -> String {
    let listener = bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let world: Arc<Mutex<dyn StandIn>> = Arc::new(Mutex::new(world));
    tokio::spawn(serve::serve(world, listener, Arc::new(super::Wall), std::future::pending()));
    base
}

fn workspace(seed: u64, rows: usize) -> (NotionStandIn, String) {
    let mut world = NotionStandIn::new(notion::Config { seed, budget: 180, ..notion::Config::default() });
    world.add_person("Ada Lovelace", "ada@example.com");
    let columns = json!({
        "Name": { "title": {} }, "Notes": { "rich_text": {} }, "Amount": { "number": {} }, "Due": { "date": {} },
        "Stage": { "select": { "options": [{ "name": "New" }, { "name": "Won" }] } }, "Mail": { "email": {} },
    });
    let source = world.add_data_source("Deals", &columns).unwrap();
    for row in 0..rows {
        let set = [
            ("Name", json!(format!("Deal {row}"))),
            ("Notes", json!("Called twice, wants an offer by Friday.")),
            ("Amount", json!(1000 + row)),
            ("Due", json!("2026-07-01")),
            ("Stage", json!("New")),
            ("Mail", json!("someone@example.com")),
        ];
        world.person_create(Timestamp::now(), "Ada Lovelace", &source, &set).unwrap();
    }
    (world, source)
}

fn portal(seed: u64, rows: usize) -> BitrixStandIn {
    let mut world = BitrixStandIn::new(bitrix24::Config { seed, ..bitrix24::Config::default() });
    for row in 0..rows {
        let set = [
            ("TITLE", json!(format!("Deal {row}"))),
            ("OPPORTUNITY", json!((1000 + row).to_string())),
            ("COMMENTS", json!("Called twice, wants an offer by Friday.")),
        ];
        world.person_create(Timestamp::now(), "Anna Weber", Entity::Deal, &set).unwrap();
    }
    world
}

/// Serves them until its standard input ends; says first where they are.
pub fn serve(notion: u64, bitrix24: u64, rows: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let hello = runtime.block_on(async {
        let mut hello = Vec::new();
        for seed in 0..notion {
            let (world, source) = workspace(seed, rows);
            let token = world.token().to_owned();
            hello.push(json!({ "base": listen(world).await, "token": token, "source": source }));
        }
        for seed in 0..bitrix24 {
            let world = portal(seed, rows);
            let path = world.webhook_path();
            hello.push(json!({ "base": format!("{}{path}", listen(world).await) }));
        }
        hello
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", Json::from(hello)).unwrap();
    out.flush().unwrap();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
