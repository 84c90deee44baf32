//! Both stand-ins, the real clients and the real engine between them, a store that can crash, and virtual time.

mod looks;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crosstie::config::Timing;
use crosstie::control::{
    Command, Deliveries, Delivery, Desk, Hint, List, Mode, PairState, Query, Reply, Rows, Sides, Snapshot, Window,
};
use crosstie::engine::{self, Claims, Running, Settings, World};
use crosstie::mapping::PairSpec;
use crosstie::model::{Event, FieldKey, Happening, Hold, HoldId, RecordId, Shown, Side, TieId, Value};
use crosstie::remote::System;
use crosstie::remote::bitrix24::{Bitrix24, WebhookDialect};
use crosstie::remote::connection::Connection;
use crosstie::remote::notion::{Notion, Token};
use crosstie::remote::pace::{Pace, Settings as PaceSettings};
use crosstie::seam::{Batch, Kv as _, WallClock};
use crosstie::sim::pairs;
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::Entity;
use crosstie::standin::log::{Actor, Entry};
use crosstie::standin::office::{self, Facts, Office};
use crosstie::store::{MemoryKv, Segments, Store, record, trees};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub use crate::plan::{Plan, calm};
use crate::wire::{Call, Clock, Fate, Half, HostClock, Wire, Wires};

pub const ANNA: &str = "Anna Weber";
pub const BORIS: &str = "Boris Klein";

/// The bench.
pub struct Bench {
    pub wires: Wires,
    /// How far the host's clock is ahead of the world's.
    pub ahead: Arc<Mutex<SignedDuration>>,
    pub specs: Vec<PairSpec>,
    pub facts: Facts,
    /// From the next start on.
    pub timing: Timing,
    kv: MemoryKv,
    /// Where older days of the journal lie, if they leave the store.
    files: Option<tempfile::TempDir>,
    running: Option<Running>,
    cut: Arc<Mutex<bool>>,
    /// The journal as far as a test has asked this process for it.
    told: Mutex<Vec<Event>>,
}

impl Bench {
    /// Furnished worlds and no engine yet.
    pub fn new(plan: Plan) -> Self {
        let (contacts, deals, on_both, only_notion) = plan.office;
        let office = office::Options {
            crm_per_minute: 0,
            notion_per_minute: 0,
            contacts,
            deals,
            on_both,
            only_notion,
            ..office::Options::default()
        };
        Self::furnished(&Office::new(11, office).unwrap(), plan)
    }

    /// The worlds of an office, and no engine yet.
    pub fn furnished(office: &Office, plan: Plan) -> Self {
        let mut specs = pairs(office.facts());
        (plan.pairs)(&mut specs);
        let wires = Wires {
            crm: office.crm(),
            notion: office.notion(),
            // Long after the office was furnished, and not at the full minute.
            clock: Clock::starting("2026-01-06T09:00:07.3Z".parse().unwrap()),
            faults: Arc::new(Mutex::new(Box::new(|_| Fate::Pass))),
            calls: Arc::default(),
        };
        let (facts, timing) = (office.facts().clone(), plan.timing);
        Self {
            wires,
            ahead: Arc::default(),
            specs,
            facts,
            timing,
            kv: MemoryKv::new(),
            files: None,
            running: None,
            cut: Arc::default(),
            told: Mutex::default(),
        }
    }

    /// Furnished worlds and an engine that has tied what belongs together and created what was missing.
    pub async fn settled(plan: Plan) -> Self {
        let mut bench = Self::new(plan);
        bench.start().await;
        bench.until("everything is tied and written", 600, async || bench.is_quiet().await).await;
        // Nothing that was seen to change in the last minutes is hot any more.
        bench.pass(300).await;
        bench.forget_calls();
        bench
    }

    /// From the next start on, older days of the journal lie in files of this folder.
    pub fn file_days(&mut self) -> &Path {
        self.files.insert(tempfile::tempdir().unwrap()).path()
    }

    /// Where they lie.
    pub fn filed(&self) -> &Path {
        self.files.as_ref().unwrap().path()
    }

    /// A tree of the store, as it lies there.
    pub fn rows(&self, tree: &'static str) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.kv.scan(tree, b"", None, usize::MAX).unwrap()
    }

    /// While no engine runs: so many lines are in the journal, one a step up to now, each changed as a test wants it.
    pub fn fill_journal(&self, lines: u64, step: SignedDuration, change: impl Fn(&mut Event)) {
        let mut kv = self.kv.clone();
        let now = self.now();
        let (mut batch, mut bytes) = (Batch::new(), 0);
        for seq in 1..=lines {
            let mut event = Event {
                seq,
                at: now - step * i32::try_from(lines - seq).unwrap(),
                what: Happening::Seen,
                pair: Some("deals".into()),
                side: Some(Side::Crm),
                crm: None,
                notion: None,
                field: None,
                before: None,
                after: None,
                window: None,
                who: String::new(),
                note: String::new(),
                edit: None,
            };
            change(&mut event);
            record::put(&mut batch, trees::JOURNAL, seq.to_be_bytes(), &event).unwrap();
            bytes += batch.ops.last().unwrap().2.as_ref().unwrap().len();
        }
        let counters = kv.get(trees::META, b"counters").unwrap();
        let mut counters: serde_json::Value = match counters {
            Some(counters) => record::open(&counters).unwrap(),
            None => serde_json::json!({"intent": 1, "decision": 1}),
        };
        (counters["event"], counters["first"], counters["bytes"]) = (lines.into(), 1.into(), bytes.into());
        record::put(&mut batch, trees::META, b"counters".to_vec(), &counters).unwrap();
        kv.apply(&batch).unwrap();
        kv.flush().unwrap();
    }

    /// Writes rows past the engine, which does not run.
    pub fn write_rows(&mut self, batch: &Batch) {
        self.kv.apply(batch).unwrap();
        self.kv.flush().unwrap();
    }

    /// Lines of the journal in the store itself, by number.
    pub fn stored_lines(&self) -> Vec<u64> {
        self.rows(trees::JOURNAL)
            .iter()
            .map(|(key, _)| u64::from_be_bytes(key.as_slice().try_into().unwrap()))
            .collect()
    }

    /// Starts an engine on the store as it is.
    pub async fn start(&mut self) {
        self.cut = Arc::default();
        self.told.lock().unwrap().clear();
        let wire = |side: Side| Arc::new(Wire { shared: self.wires.clone(), side, cut: self.cut.clone() });
        let clock = HostClock { world: self.wires.clock.clone(), ahead: self.ahead.clone() };
        let clock: Arc<dyn WallClock> = Arc::new(clock);
        let crm_pace = Pace::new(PaceSettings::bucket(250, 500), Box::new(Half));
        let crm = Bitrix24::new(Connection::new(wire(Side::Crm), crm_pace, clock.clone(), Arc::new(WebhookDialect)));
        let token = Token::new(self.wires.notion.lock().unwrap().token());
        let notion_pace = Pace::new(PaceSettings::per_minute(600), Box::new(Half));
        let notion = Notion::new(wire(Side::Notion), notion_pace, clock.clone(), token);
        let systems: Sides<Arc<dyn System>> = Sides { crm: Arc::new(crm), notion: Arc::new(notion) };
        let kv = Box::new(self.kv.clone());
        let store = match &self.files {
            Some(dir) => Store::inline_with(kv, Segments::open(dir.path()).unwrap()),
            None => Store::inline(kv),
        };
        let settings = Settings {
            mode: Mode::Demo,
            pairs: self.specs.clone(),
            timing: self.timing.clone(),
            workspace: String::new(),
            store_note: String::new(),
            look_only: false,
            resync: false,
        };
        self.running = Some(engine::start(settings, World { systems, store, clock }).await.unwrap());
    }

    /// The process dies: what was not flushed is forgotten, and nothing it had out reaches it any more.
    pub async fn crash(&mut self) {
        *self.cut.lock().unwrap() = true;
        self.kv = self.kv.crash();
        let running = self.running.take().unwrap();
        running.task.abort();
        let _ = running.task.await;
    }

    /// The disk takes so many more flushes and is full then. Waits for the engine to stop for that, and gives back what it
    /// says; the store is left as the disk has it, with room again.
    pub async fn fill_disk_after(&mut self, flushes: u64) -> String {
        self.break_disk_after(flushes, "no space left on device").await
    }

    /// The same, with another reason.
    pub async fn break_disk_after(&mut self, flushes: u64, why: &str) -> String {
        self.kv.fail_after(flushes, why);
        let running = self.running.take().unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(3_600), running.task).await.unwrap().unwrap();
        self.kv = self.kv.crash();
        ended.unwrap_err().to_string()
    }

    /// Ends the engine in good order and waits for it.
    pub async fn shut_down(&mut self) {
        self.command(Command::Shutdown).await;
        let running = self.running.take().unwrap();
        tokio::time::timeout(Duration::from_secs(900), running.task).await.unwrap().unwrap().unwrap();
    }

    /// Everything that was remembered is lost.
    pub fn forget_everything(&mut self) {
        self.kv = MemoryKv::new();
    }

    fn desk(&self) -> &dyn Desk {
        &*self.running.as_ref().unwrap().desk
    }

    pub fn now(&self) -> Timestamp {
        self.wires.clock.now()
    }

    /// Virtual seconds pass.
    pub async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Waits until something is so, for at most so many virtual seconds. Looks again after a hundredth of what was waited for
    /// already, and never sooner than a quarter of a second: each look costs the engine a turn.
    pub async fn until(&self, what: &str, seconds: u64, is_so: impl AsyncFn() -> bool) {
        let began = tokio::time::Instant::now();
        while began.elapsed() < Duration::from_secs(seconds) {
            if is_so().await {
                return;
            }
            tokio::time::sleep((began.elapsed() / 100).max(Duration::from_millis(250))).await;
        }
        let claims = self.claims_from(0).await;
        let journal: Vec<String> = claims.journal.iter().rev().take(25).map(line).collect();
        panic!(
            "not within {seconds} s: {what}\nholds {:#?}\norphans {:?}\nintents {:#?}\njournal, newest first:\n{}",
            claims.holds,
            claims.orphans,
            claims.intents,
            journal.join("\n")
        );
    }

    /// Whether both sides were looked at and nothing is planned or out.
    pub async fn is_quiet(&self) -> bool {
        let snapshot = self.follow().borrow().clone();
        snapshot.pairs.iter().all(|pair| pair.state == PairState::Running)
            && snapshot.queue.crm.total() == 0
            && snapshot.queue.notion.total() == 0
            && self.claims().await.intents.is_empty()
    }

    pub async fn settle(&self) {
        self.pass(20).await;
        self.until("nothing is planned or out", 1200, async || self.is_quiet().await).await;
        self.pass(20).await;
        self.until("nothing is planned or out", 1200, async || self.is_quiet().await).await;
    }

    pub fn state(&self, pair: &str) -> PairState {
        let snapshot = self.follow().borrow().clone();
        snapshot.pairs.iter().find(|it| it.name.as_str() == pair).unwrap().state.clone()
    }

    /// Waits until a guard holds the pair; gives what it says and the hash of the plan.
    pub async fn guarded(&self, pair: &str, seconds: u64) -> (String, String) {
        let (what, plan, _) = self.counted(pair, seconds).await;
        (what, plan)
    }

    /// The same, with how many things it is about.
    pub async fn counted(&self, pair: &str, seconds: u64) -> (String, String, u64) {
        // It may be held for a second only: so every snapshot is looked at, and not one now and then.
        let mut snapshots = self.follow();
        let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
        loop {
            if let PairState::Guarded { what, plan, count } = self.state(pair) {
                return (what, plan, count);
            }
            if !matches!(tokio::time::timeout_at(until, snapshots.changed()).await, Ok(Ok(()))) {
                let never = async || false;
                self.until("the pair is guarded", 0, never).await;
            }
        }
    }

    /// Everything the engine claims, with its journal from a line on.
    pub async fn claims_from(&self, line: u64) -> Claims {
        self.running.as_ref().unwrap().desk.claims_from(line).await.unwrap()
    }

    /// Everything the engine claims but for its journal.
    pub async fn claims(&self) -> Claims {
        self.claims_from(u64::MAX).await
    }

    /// The whole journal, as it lies in the store and its files.
    pub async fn lines(&self) -> Vec<Event> {
        self.claims_from(0).await.journal
    }

    /// Its lines of a kind. What this process was asked for before is not read again.
    pub async fn journal(&self, what: Happening) -> Vec<Event> {
        let next = self.told.lock().unwrap().last().map_or(0, |event| event.seq + 1);
        let news = self.claims_from(next).await.journal;
        let mut told = self.told.lock().unwrap();
        told.extend(news);
        told.iter().filter(|event| event.what == what).cloned().collect()
    }

    pub async fn command(&self, command: Command) -> Reply {
        self.desk().command("anna", command).await.unwrap()
    }

    /// Somebody tells the engine of a change.
    pub async fn hint(&self, hint: Hint) {
        self.running.as_ref().unwrap().desk.hints().send(hint).await.unwrap();
    }

    /// A system tells the engine of a change by itself.
    pub async fn deliver(&self, delivery: Delivery) {
        self.running.as_ref().unwrap().desk.hints().deliver(delivery).await.unwrap();
    }

    /// The line of the journal that told of this start.
    pub fn began(&self) -> u64 {
        self.running.as_ref().unwrap().desk.began()
    }
}

/// The next bench of the same test shares its runtime: an engine that lived on would go on working beside it.
impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.task.abort();
        }
    }
}

fn line(event: &Event) -> String {
    let value = |value: &Option<Value>| value.as_ref().map(Value::show).unwrap_or_default();
    format!(
        "{} {:?} {:?} crm={:?} notion={:?} {:?} {:?} -> {:?} {}",
        event.at,
        event.what,
        event.side,
        event.crm.as_ref().map(RecordId::as_str),
        event.notion.as_ref().map(RecordId::as_str),
        event.field.as_ref().map(FieldKey::as_str),
        value(&event.before),
        value(&event.after),
        event.note
    )
}

/// The hold on a field of a deal.
pub fn deal_hold(deal: &str, field: &str) -> HoldId {
    HoldId::field(&deal_tie(deal), &field.into())
}

pub fn deal_tie(deal: &str) -> TieId {
    TieId { pair: "deals".into(), crm: deal.into() }
}
