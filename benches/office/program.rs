//! The real program on the store, with both pretend systems on real sockets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crosstie::control::{Desk, List, PairState, Query, socket};
use crosstie::seam::WallClock;
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::Entity;
use crosstie::standin::serve::{bind, serve};
use jiff::Timestamp;
use serde_json::json;
use tokio::runtime::Runtime;

use super::place::Place;

const PATIENCE: Duration = Duration::from_secs(300);
/// The program itself.
pub const CROSSTIE: &str = env!("CARGO_BIN_EXE_crosstie");

struct Wall;

impl WallClock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

pub struct Program {
    home: PathBuf,
    webhook: String,
    token: String,
    _runtime: Runtime,
}

fn listen<S: StandIn>(runtime: &Runtime, world: &Arc<Mutex<S>>) -> String {
    let listener = runtime.block_on(bind("127.0.0.1:0")).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(serve(world.clone(), listener, Arc::new(Wall), std::future::pending()));
    base
}

impl Program {
    pub fn new(home: &Path, place: &Place) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let crm = listen(&runtime, &place.crm);
        let notion = listen(&runtime, &place.notion);
        let webhook = format!("{crm}{}", place.crm.lock().unwrap().webhook_path());
        let token = place.notion.lock().unwrap().token().to_owned();
        fs::write(home.join("crosstie.toml"), place.configuration(&notion)).unwrap();
        Self { home: home.to_owned(), webhook, token, _runtime: runtime }
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env_clear().current_dir(&self.home).stdin(Stdio::null());
        command.env("HOME", &self.home).env("USER", "bench").env("PATH", std::env::var("PATH").unwrap());
        command.env("CROSSTIE_NOTION_TOKEN", &self.token).env("CROSSTIE_BITRIX24_WEBHOOK", &self.webhook);
        let log = fs::OpenOptions::new().create(true).append(true).open(self.home.join("log")).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        command
    }

    pub fn start(&self) -> Daemon {
        self.launch(CROSSTIE, &["run"])
    }

    /// In a session of its own, without a terminal.
    pub fn start_detached(&self) -> Daemon {
        self.launch("setsid", &[CROSSTIE, "run"])
    }

    fn launch(&self, program: &str, args: &[&str]) -> Daemon {
        let began = Instant::now();
        Daemon { child: self.command(program, args).spawn().unwrap(), began, log: self.home.join("log") }
    }

    /// Runs a command to its end; gives its seconds, and the most that it took.
    pub fn run(&self, args: &[&str]) -> (f64, f64) {
        let began = Instant::now();
        let mut child = self.command(CROSSTIE, args).spawn().unwrap();
        let mut most = 0.0_f64;
        loop {
            most = most.max(memory(child.id()).1);
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{args:?}: {}", fs::read_to_string(self.home.join("log")).unwrap());
                return (began.elapsed().as_secs_f64(), most);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A question that was answered.
pub struct Asked {
    /// How many rows there are.
    pub rows: u64,
    /// Milliseconds.
    pub took: f64,
    /// The longest that somebody else's question waited meanwhile, in milliseconds.
    pub waited: f64,
}

pub struct Searches {
    pub first: Asked,
    pub slowest: f64,
    pub journal: Asked,
    pub again: f64,
}

/// Asks, and has somebody else ask something simple again and again until that is answered.
async fn asked(desk: &impl Desk, other: &impl Desk, query: Query) -> Asked {
    let is_answered = std::cell::Cell::new(false);
    let began = Instant::now();
    let question = async {
        let window = desk.query(query).await.unwrap();
        is_answered.set(true);
        (window.total, milliseconds(began))
    };
    let others = async {
        let mut waited = 0.0_f64;
        while !is_answered.get() {
            let asked = Instant::now();
            other.query(Query { limit: 1, ..Query::all(List::Queue) }).await.unwrap();
            waited = waited.max(milliseconds(asked));
        }
        waited
    };
    let ((rows, took), waited) = tokio::join!(question, others);
    Asked { rows, took, waited }
}

pub struct Daemon {
    child: Child,
    began: Instant,
    log: PathBuf,
}

impl Daemon {
    /// Seconds from the start of the process until every pair runs and both its sides were looked at.
    pub fn first_cycle(&mut self, state: &Path) -> f64 {
        self.until(state, |snapshot| {
            snapshot.pairs.iter().all(|pair| pair.state == PairState::Running && pair.last_cycle.is_some())
        });
        self.began.elapsed().as_secs_f64()
    }

    /// How long searches among the names of one pair take, as an operator who links sees it: the first one, for which the names
    /// are prepared, and the slowest of those that follow, as letters are typed; then one in the journal, which looks through
    /// many lines, and the same again.
    pub fn searches(&self, state: &Path) -> Searches {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let desk = socket::connect(&state.join("desk.sock")).await.unwrap();
            let other = socket::connect(&state.join("desk.sock")).await.unwrap();
            let tied = |filter: &str| {
                let query = Query::all(List::Tied { pair: "contacts".into() });
                Query { filter: filter.to_owned(), limit: 60, ..query }
            };
            let first = asked(&desk, &other, tied("")).await;
            let mut slowest = 0.0_f64;
            for filter in ["a", "an", "ann", "anna", "anna w", "weber", "zq", "e", "mail", ""] {
                slowest = slowest.max(asked(&desk, &other, tied(filter)).await.took);
            }
            let line = Query { filter: "weber".to_owned(), limit: 60, ..Query::all(List::Journal) };
            let journal = asked(&desk, &other, line.clone()).await;
            Searches { first, slowest, journal, again: asked(&desk, &other, line).await.took }
        })
    }

    /// Seconds until a new contact of the CRM has its page in Notion, and how many milliseconds somebody's question waited meanwhile at most:
    /// it has to be told from everybody that is there, and whatever is related to it is looked for.
    pub fn newcomer(&self, state: &Path, place: &Place) -> (f64, f64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let desk = socket::connect(&state.join("desk.sock")).await.unwrap();
            let there = || place.notion.lock().unwrap().live_pages(&place.facts.contacts.data_source).len();
            let (before, began, mut waited) = (there(), Instant::now(), 0.0_f64);
            let fields = [("NAME", json!("Zoe")), ("LAST_NAME", json!("Quist")), ("EMAIL", json!("zoe@quist.example"))];
            let created =
                place.crm.lock().unwrap().person_create(Timestamp::now(), "Anna Weber", Entity::Contact, &fields);
            created.unwrap();
            let (mut looked, mut settled) = (began, None);
            // A while longer: what follows from its page is done then too.
            while settled.is_none_or(|settled: Instant| settled.elapsed() < Duration::from_secs(3)) {
                let asked = Instant::now();
                desk.query(Query { limit: 1, ..Query::all(List::Queue) }).await.unwrap();
                waited = waited.max(milliseconds(asked));
                if settled.is_none() && looked.elapsed() > Duration::from_millis(100) {
                    looked = Instant::now();
                    settled = (there() > before).then_some(looked);
                }
                assert!(began.elapsed() < PATIENCE, "no page");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            (settled.unwrap().duration_since(began).as_secs_f64(), waited)
        })
    }

    /// Seconds of processor time of all its threads so far.
    pub fn processor(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Behind the name in brackets, which may hold anything; in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }

    fn until(&mut self, state: &Path, is_so: impl Fn(&crosstie::control::Snapshot) -> bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let path = state.join("desk.sock");
            let desk = loop {
                if let Ok(desk) = socket::connect(&path).await {
                    break desk;
                }
                self.check();
                tokio::time::sleep(Duration::from_millis(5)).await;
            };
            let mut snapshots = desk.snapshots();
            while !is_so(&snapshots.borrow_and_update().clone()) {
                self.check();
                let _ = tokio::time::timeout(Duration::from_secs(1), snapshots.changed()).await;
            }
        });
    }

    fn check(&mut self) {
        let log = || fs::read_to_string(&self.log).unwrap_or_default();
        assert!(self.child.try_wait().unwrap().is_none(), "it ended: {}", log());
        assert!(self.began.elapsed() < PATIENCE, "it takes too long: {}", log());
    }

    /// Resident now, and at most so far, in MiB.
    pub fn memory(&self) -> (f64, f64) {
        memory(self.child.id())
    }

    pub fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

fn memory(pid: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let figure = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0.0) / 1024.0
    };
    (figure("VmRSS:"), figure("VmHWM:"))
}

/// MiB of all files of a directory.
pub fn size(path: &Path) -> f64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let each = entries.map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) => data.len() as f64 / f64::from(1 << 20),
        Err(_) => 0.0,
    });
    each.sum()
}
