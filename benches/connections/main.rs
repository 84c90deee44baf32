//! Many workspaces in one process: what a connection takes, on one core.
//!
//! `taskset -c 0 cargo bench --bench connections -- --notion 100 --bitrix24 100 --seconds 60`. So many
//! connections of each kind, each with its transport, its pace and its health, to as many pretend systems on real sockets,
//! which run in a second process, on another core where there is one, and are not counted. Each Notion connection asks 180
//! times a minute, each Bitrix24 connection twice a second; an answer has ten rows, which are read into records. Prints one
//! line a figure with its limit, if it has one, and fails where one is broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "real time is what is measured")]

#[path = "../figures/mod.rs"]
mod figures;
mod worlds;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crosstie::model::{Entity, RecordId};
use crosstie::remote::bitrix24::{Bitrix24, WebhookDialect};
use crosstie::remote::connection::Connection;
use crosstie::remote::notion::{Notion, Token};
use crosstie::remote::pace::{Pace, Settings};
use crosstie::remote::transport::{HttpOptions, HttpTransport};
use crosstie::remote::{Lane, Listing, Since, System};
use crosstie::seam::{Rng, WallClock};
use figures::{Table, option};
use jiff::Timestamp;
use serde_json::Value as Json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: usize = 10;

pub struct Wall;

impl WallClock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

struct Half;

impl Rng for Half {
    fn next_u64(&mut self) -> u64 {
        u64::MAX / 2
    }
}

/// KiB resident now, and seconds of processor time so far.
fn used() -> (f64, f64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let resident = line.trim().trim_end_matches(" kB").parse().unwrap();
    (resident, time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

struct One {
    system: Arc<dyn System>,
    entity: Entity,
    every: Duration,
    answers: AtomicU64,
}

impl One {
    /// Asks, at its pace, until it is stopped.
    async fn run(self: Arc<Self>, offset: Duration) {
        tokio::time::sleep(offset).await;
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let listing =
                Listing { entity: &self.entity, since: Since::Ever, next: None, lane: Lane::Increment, counts: false };
            let told =
                self.system.list(listing).await.unwrap_or_else(|error| panic!("{}: {error:?}", self.entity.name));
            let ids: std::collections::BTreeSet<&RecordId> = told.records.iter().map(|record| &record.id).collect();
            assert_eq!(ids.len(), ROWS, "{}", self.entity.name);
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn entity(name: &str, fields: &[&str]) -> Entity {
    Entity {
        name: name.to_owned(),
        fields: fields.iter().map(|field| (*field).into()).collect(),
        marker: None,
        filter: None,
    }
}

fn connect(hello: &Json) -> One {
    let text = |key: &str| hello[key].as_str().unwrap().to_owned();
    let http = |base: &str| Arc::new(HttpTransport::new(base, HttpOptions::default()).unwrap());
    let clock = Arc::new(Wall);
    let (system, entity, every): (Arc<dyn System>, Entity, u64) = if hello["token"].is_string() {
        let pace = Pace::new(Settings::per_minute(180), Box::new(Half));
        let notion = Notion::new(http(&text("base")), pace, clock, Token::new(&text("token")));
        (Arc::new(notion), entity(&text("source"), &worlds::CELLS), 60_000 / 180)
    } else {
        let pace = Pace::new(Settings::bucket(50, 200), Box::new(Half));
        let connection = Connection::new(http(&text("base")), pace, clock, Arc::new(WebhookDialect));
        (Arc::new(Bitrix24::new(connection)), entity("deal", &worlds::FIELDS), 500)
    };
    One { system, entity, every: Duration::from_millis(every), answers: AtomicU64::new(0) }
}

fn main() -> ExitCode {
    let (notion, bitrix24) = (option("--notion", 100), option("--bitrix24", 100));
    if std::env::args().any(|arg| arg == "--serve") {
        worlds::serve(notion, bitrix24, ROWS);
        return ExitCode::SUCCESS;
    }
    let seconds = option("--seconds", 60);
    let me = std::env::current_exe().unwrap();
    // Not on the core that is measured.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut child = Command::new("taskset");
    child.args(["-c", "1"]).arg(&me).args(["--serve", "--notion", &notion.to_string()]);
    child.args(["--bitrix24", &bitrix24.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().expect("`taskset`, which is part of util-linux");
    let mut hello = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut hello).unwrap();
    let hello: Vec<Json> = serde_json::from_str(&hello).expect("the pretend systems");

    let mut table = Table(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (before, _) = used();
        let all: Vec<Arc<One>> = hello.iter().map(|hello| Arc::new(connect(hello))).collect();
        let count = all.len() as f64;
        for (number, one) in all.iter().enumerate() {
            let offset = one.every * u32::try_from(number).unwrap() / u32::try_from(all.len()).unwrap();
            tokio::spawn(one.clone().run(offset));
        }
        // Schemas are read and sockets are open.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let asked = |all: &[Arc<One>]| all.iter().map(|one| one.answers.load(Ordering::Relaxed)).collect::<Vec<_>>();
        let (first, (_, spent), began) = (asked(&all), used(), Instant::now());
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let (last, (after, now), wall) = (asked(&all), used(), began.elapsed().as_secs_f64());
        let answers: Vec<u64> = last.iter().zip(&first).map(|(last, first)| last - first).collect();
        let cpu = (now - spent) / wall * 100.0;
        table.row("cores that this process may use", cores as f64, None, "");
        table.row("connections", count, None, "");
        table.row("answers of ten rows, all together", answers.iter().sum::<u64>() as f64 / wall, None, "/s");
        for (kind, every) in [("Notion", 60_000 / 180), ("Bitrix24", 500)] {
            let every = Duration::from_millis(every);
            let theirs: Vec<f64> =
                all.iter().zip(&answers).filter(|(one, _)| one.every == every).map(|it| *it.1 as f64).collect();
            let Some(least) = theirs.iter().copied().reduce(f64::min) else { continue };
            let most = theirs.iter().copied().reduce(f64::max).unwrap_or_default();
            table.row(&format!("answers of the slowest {kind} connection"), least * 60.0 / wall, None, "/min");
            table.row(&format!("answers of the quickest {kind} connection"), most * 60.0 / wall, None, "/min");
        }
        let throttled: u64 = all.iter().map(|one| one.system.pulse().throttled).sum();
        table.row("answers that say too many requests", throttled as f64, Some(0.0), "");
        table.row("processor, all together", cpu, Some(100.0), "%");
        table.row("processor, a connection", cpu / count, None, "%");
        table.row("resident, all together", after / 1024.0, None, "MiB");
        table.row("resident, a connection", (after - before) / count, None, "KiB");
    });
    drop(child.stdin.take());
    let _ = child.wait();
    ExitCode::from(u8::from(!table.0))
}
