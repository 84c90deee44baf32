//! A Desk that shows what a test wants.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use crosstie::control::{
    Command, Desk, DeskError, HoldRow, List, PairState, PairStatus, Query, Reply, Rows, SideValue, Sides, Snapshot,
    Window,
};
use crosstie::model::{HoldId, PairName};
use jiff::Timestamp;
use tokio::sync::watch;

pub fn at(time: &str) -> Timestamp {
    format!("2026-11-{time}Z").parse().unwrap()
}

pub fn pair(name: &str) -> PairStatus {
    PairStatus {
        name: PairName::from(name),
        state: PairState::Running,
        ties: 1,
        last_cycle: None,
        last_sweep: None,
        drift: 0,
        paused: None,
        sweeping: Sides::default(),
        records: Sides::default(),
        held: 0,
        orphans: Sides::default(),
        roles: Vec::new(),
        creates: Sides::default(),
        shape: 0,
    }
}

pub fn snapshot(time: &str) -> Snapshot {
    Snapshot { at: at(time), pairs: vec![pair("deals")], ..Snapshot::default() }
}

/// A field of a record that is held; a whole record where the field is empty. Its values are what no notice may tell.
pub fn hold(crm: &str, field: &str, why: &str, title: &str) -> HoldRow {
    let value = SideValue { text: "a value that nobody may read".into(), ..SideValue::default() };
    HoldRow {
        id: HoldId { pair: "deals".into(), crm: Some(crm.into()), field: (!field.is_empty()).then(|| field.into()) },
        title: title.to_owned(),
        label: field.to_owned(),
        kind: None,
        why: why.to_owned(),
        detail: String::new(),
        means: String::new(),
        base: Some(value.clone()),
        crm: value.clone(),
        notion: value,
        options: Vec::new(),
        since: at("29T08:00:00"),
        decidable: true,
        decided: None,
    }
}

pub struct Shown {
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    pub holds: Mutex<Vec<HoldRow>>,
    /// The engine has gone, and whoever asks it something hears so.
    pub gone: AtomicBool,
}

impl Shown {
    pub fn new(snapshot: Snapshot) -> Arc<Self> {
        Arc::new(Self {
            snapshots: watch::channel(Arc::new(snapshot)).0,
            holds: Mutex::default(),
            gone: AtomicBool::new(false),
        })
    }

    /// Shows these conflicts from now on.
    pub fn conflicts(&self, time: &str, holds: Vec<HoldRow>) {
        self.shows(snapshot(time), holds);
    }

    /// Shows this, with these holds, from now on.
    pub fn shows(&self, snapshot: Snapshot, holds: Vec<HoldRow>) {
        let count = |are: fn(&HoldRow) -> bool| u64::try_from(holds.iter().filter(|it| are(it)).count()).unwrap();
        let snapshot = Snapshot {
            conflicts: count(|it| it.why == "conflict"),
            holds: count(|it| it.why != "conflict"),
            quarantined: count(|it| it.why == "quarantined"),
            ..snapshot
        };
        *self.holds.lock().unwrap() = holds;
        self.snapshots.send_replace(Arc::new(snapshot));
    }
}

#[async_trait]
impl Desk for Shown {
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.subscribe()
    }

    async fn query(&self, query: Query) -> Result<Window, DeskError> {
        if self.gone.load(Ordering::SeqCst) {
            return Err(DeskError::Gone("the engine has ended".into()));
        }
        let quarantined = query.list == List::Quarantined;
        let holds = self.holds.lock().unwrap().clone();
        let mut rows: Vec<_> = holds.into_iter().filter(|it| !quarantined || it.why == "quarantined").collect();
        // As the engine does: conflicts first, each in the order they came.
        rows.sort_by_key(|it| it.why != "conflict");
        let (total, offset) = (u64::try_from(rows.len()).unwrap(), query.offset);
        let (skip, take) = (usize::try_from(offset).unwrap(), usize::try_from(query.limit.min(500)).unwrap());
        let rows = rows.into_iter().skip(skip).take(take).collect();
        Ok(Window::of(total, offset, Rows::Holds(rows)))
    }

    async fn command(&self, _who: &str, _command: Command) -> Result<Reply, DeskError> {
        Err(DeskError::Gone("nobody decides here".into()))
    }
}
