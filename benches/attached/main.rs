//! What it costs a daemon that somebody watches it: nothing that an edit would feel.
//!
//! `cargo bench --bench attached -- --edits 100 --rounds 3`; with `--only "never reads"` that company alone. A daemon runs under
//! `setsid` on pretend systems on real sockets. People make bursts of edits in the CRM, one with nobody there and one in company,
//! in turn, as often as there are rounds: beside a dashboard, two of them, two on a journal that they search, one whose terminal
//! goes amid the burst, one that comes and goes, a client that never reads. Printed are the edits a second that reach Notion and
//! the daemon's processor time, each of the middle one of its bursts; company in which that is a fifth slower than with nobody
//! there breaks the limit. Two bursts share a full allowance of requests, so that it is the engine that is measured and not its
//! pace: each round rests for a minute.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "real time is what is measured")]

#[path = "../figures/mod.rs"]
mod figures;
#[path = "../office/mod.rs"]
mod office;
mod watchers;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crosstie::seam::Kv as _;
use crosstie::standin::bitrix24::Entity;
use crosstie::store;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use figures::{Table, option};
use office::place::{self, Place};
use office::program::{Daemon, Program};
use watchers::Dashboard;

const PERSON: &str = "Anna Weber";
/// A burst may take so much longer with company than without, in percent.
const LONGER: f64 = 120.0;
/// What an idle daemon may use of one core, in percent.
const IDLE: f64 = 2.0;
/// Longer than any request counts.
const ALLOWANCE: Duration = Duration::from_secs(65);
/// How long whoever has come has been there when a burst begins.
const SETTLED: Duration = Duration::from_secs(1);

/// What happens when half of a burst is there.
type Amid = Box<dyn FnOnce() + Send>;

struct Burst<'a> {
    place: &'a Place,
    deals: Vec<String>,
    round: usize,
}

impl Burst<'_> {
    /// Until every edit of a burst is in Notion; `amid` is done when half of them are.
    fn run(&mut self, daemon: &Daemon, amid: impl FnOnce() + Send + 'static) -> Figures {
        self.round += 1;
        let before = daemon.processor();
        let value = |at: usize| format!("round {}, edit {at}", self.round);
        {
            let mut crm = self.place.crm.lock().unwrap();
            for (at, deal) in self.deals.iter().enumerate() {
                crm.person_edit(Timestamp::now(), PERSON, Entity::Deal, deal, &[("COMMENTS", json!(value(at)))])
                    .unwrap();
            }
        }
        // Counted from the first arrival: how long a poll is away is chance.
        let (mut began, mut amid, mut under_way) = (None, Some(amid), None);
        loop {
            let there = self.arrived();
            if there > 0 && began.is_none() {
                began = Some((Instant::now(), there));
            }
            if there * 2 > self.deals.len()
                && let Some(amid) = amid.take()
            {
                // Whoever goes may take a while; nothing of the burst waits for it.
                under_way = Some(std::thread::spawn(amid));
            }
            if let Some((began, first)) = began
                && there == self.deals.len()
            {
                let rate = (there - first) as f64 / began.elapsed().as_secs_f64();
                let processor = daemon.processor() - before;
                under_way.into_iter().for_each(|amid| amid.join().unwrap());
                return Figures { rate, processor };
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many edits of this round are in Notion.
    fn arrived(&self) -> usize {
        let notion = self.place.notion.lock().unwrap();
        let start = format!("round {},", self.round);
        let pages = notion.live_pages(&self.place.facts.deals.data_source);
        let notes = pages.iter().filter_map(|page| notion.plain(page, "Notes"));
        notes.filter(|note| note.as_str().is_some_and(|note| note.starts_with(&start))).count()
    }
}

/// What a burst took.
struct Figures {
    /// Edits a second.
    rate: f64,
    /// Seconds of the daemon's processor time.
    processor: f64,
}

/// The middle one by its rate.
fn middle(mut bursts: Vec<Figures>) -> Figures {
    bursts.sort_by(|one, two| one.rate.total_cmp(&two.rate));
    bursts.swap_remove(bursts.len() / 2)
}

/// Percent of one core over ten seconds in which nothing happens.
fn idle(daemon: &Daemon) -> f64 {
    let before = daemon.processor();
    std::thread::sleep(Duration::from_secs(10));
    (daemon.processor() - before) * 10.0
}

fn main() -> ExitCode {
    let (edits, rounds): (usize, usize) = (option("--edits", 100), option("--rounds", 3));
    let mut table = Table(true);
    let now = Timestamp::now();
    let place = Place::furnished(4 * edits, now - SignedDuration::from_hours(24));
    let remembered = place::tied(&place, now - SignedDuration::from_mins(20));
    let home = tempfile::tempdir().unwrap();
    let home: &Path = home.path();
    let mut kv = store::open(&home.join("state"), Timestamp::now()).unwrap().kv;
    for tree in store::trees::ALL {
        let mut batch = crosstie::seam::Batch::new();
        let rows = remembered.scan(tree, b"", None, usize::MAX).unwrap();
        rows.into_iter().for_each(|(key, value)| batch.put(tree, key, value));
        kv.apply(&batch).unwrap();
    }
    kv.flush().unwrap();
    drop(kv);

    let program = Program::new(home, &place);
    let mut daemon = program.start_detached();
    daemon.first_cycle(&home.join("state"));
    let deals = place.crm.lock().unwrap().live_ids(Entity::Deal).into_iter().take(edits).collect();
    let mut burst = Burst { place: &place, deals, round: 0 };
    // The first one finds everything cold.
    burst.run(&daemon, || ());
    std::thread::sleep(ALLOWANCE);
    table.row("idle, nobody there", idle(&daemon), Some(IDLE), "%");

    let only = figures::text("--only").unwrap_or_default();
    let mut measure = |table: &mut Table, what: &str, company: &mut dyn FnMut() -> Amid| {
        if !what.contains(&only) {
            return;
        }
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for round in 0..rounds.max(1) {
            std::thread::sleep(ALLOWANCE);
            // Neither is always the one that comes first.
            for is_alone in [round % 2 == 0, round % 2 != 0] {
                let amid = if is_alone { Box::new(|| ()) } else { company() };
                std::thread::sleep(SETTLED);
                let figures = burst.run(&daemon, amid);
                if is_alone { &mut alone } else { &mut beside }.push(figures);
            }
        }
        let (alone, beside) = (middle(alone), middle(beside));
        table.row(&format!("{what}: edits"), beside.rate, None, "/s");
        table.row("    edits with nobody there", alone.rate, None, "/s");
        table.row("    processor for all of them", beside.processor, None, "s");
        table.row("    processor with nobody there", alone.processor, None, "s");
        table.row("    time beside nobody there", alone.rate / beside.rate * 100.0, Some(LONGER), "%");
    };
    measure(&mut table, "one dashboard", &mut || {
        let dashboard = Dashboard::open(home);
        Box::new(move || dashboard.leave())
    });
    measure(&mut table, "two dashboards", &mut || {
        let both = (Dashboard::open(home), Dashboard::open(home));
        Box::new(move || drop(both))
    });
    measure(&mut table, "two dashboards, searching the journal", &mut || {
        let open = || {
            let mut dashboard = Dashboard::open(home);
            dashboard.keys("6");
            dashboard.keys("/");
            dashboard.keys("round\r");
            dashboard
        };
        let both = (open(), open());
        Box::new(move || drop(both))
    });
    measure(&mut table, "one whose terminal goes", &mut || {
        let mut dashboard = Dashboard::open(home);
        Box::new(move || {
            dashboard.vanish();
            // It ends by itself, some time during the rest of the burst.
            std::mem::forget(dashboard);
        })
    });
    measure(&mut table, "one that comes and goes", &mut || {
        Dashboard::open(home).leave();
        let home = home.to_owned();
        Box::new(move || Dashboard::open(&home).leave())
    });
    measure(&mut table, "a client that never reads", &mut || {
        let stream = watchers::stalled(home);
        Box::new(move || drop(stream))
    });
    let dashboard = Dashboard::open(home);
    std::thread::sleep(Duration::from_secs(5));
    table.row("idle, a dashboard there", idle(&daemon), Some(IDLE), "%");
    dashboard.leave();
    daemon.end();
    ExitCode::from(u8::from(!table.0))
}
