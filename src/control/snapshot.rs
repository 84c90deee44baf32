//! Everything the header and the overview show, small enough to be sent whole several times a second.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{FieldKey, PairName, Side};

use super::JournalRow;
use super::sink::Sink;

/// The same thing for both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sides<T> {
    /// The CRM's.
    pub crm: T,
    /// Notion's.
    pub notion: T,
}

impl<T> Sides<T> {
    /// The one of a side.
    pub fn get(&self, side: Side) -> &T {
        match side {
            Side::Crm => &self.crm,
            Side::Notion => &self.notion,
        }
    }

    /// The one of a side, to change.
    pub fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Crm => &mut self.crm,
            Side::Notion => &mut self.notion,
        }
    }
}

/// What the program works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The built-in stand-ins with pretend people.
    Demo,
    /// A configured workspace and CRM.
    #[default]
    Live,
}

/// How a connection is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Link {
    /// No answer yet since start.
    #[default]
    Starting,
    /// It answers.
    Up,
    /// It answers with errors, or not at all, and is tried again by itself.
    Troubled {
        /// What it said.
        why: String,
    },
    /// It needs a person: a token refused, access lost.
    Down {
        /// What it said and what to do.
        why: String,
    },
}

/// Whether a connection lets its requests through. After several failures in a row that are the whole system's it does not:
/// then one request at a time tries it, after a pause that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Breaker {
    /// Requests go.
    #[default]
    Closed,
    /// Nothing leaves until then.
    Open {
        /// When one request tries it.
        until: Timestamp,
    },
    /// One request is trying.
    HalfOpen,
}

/// Requests that can leave now without waiting, by our own count.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case")]
pub enum Headroom {
    /// Not known yet.
    #[default]
    Unknown,
    /// So many a window; each comes back some time after its response.
    Window {
        /// Left now.
        left: u32,
        /// What one window holds at the ceiling learned so far.
        budget: u32,
        /// What one window holds by the plan; 0 if that is not known.
        #[serde(default)]
        most: u32,
        /// When the next one comes back, if any is out.
        next_release: Option<Timestamp>,
        /// Nothing leaves before this moment (`Retry-After`).
        gated_until: Option<Timestamp>,
    },
    /// A bucket that drains.
    Bucket {
        /// Room left now.
        room: u32,
        /// Room of the empty bucket at the ceiling learned so far.
        size: u32,
        /// Room of the empty bucket by the plan; 0 if that is not known.
        #[serde(default)]
        most: u32,
        /// Requests it drains a second, in hundredths.
        refill_hundredths: u32,
        /// Nothing leaves before this moment.
        gated_until: Option<Timestamp>,
        /// The method with the least operating time left, and its seconds.
        operating: Option<(String, u32)>,
    },
}

impl Headroom {
    /// Left now and the most there can be.
    pub fn left_of(&self) -> Option<(u32, u32)> {
        match self {
            Headroom::Unknown => None,
            Headroom::Window { left, budget, .. } => Some((*left, *budget)),
            Headroom::Bucket { room, size, .. } => Some((*room, *size)),
        }
    }

    /// What the plan allows at most, where the ceiling that was learned is lower.
    pub fn plan_allows(&self) -> Option<u32> {
        match self {
            Headroom::Unknown => None,
            Headroom::Window { budget, most, .. } => Some(*most).filter(|most| most > budget),
            Headroom::Bucket { size, most, .. } => Some(*most).filter(|most| most > size),
        }
    }

    /// The moment before which nothing leaves.
    pub fn gated_until(&self) -> Option<Timestamp> {
        match self {
            Headroom::Unknown => None,
            Headroom::Window { gated_until, .. } | Headroom::Bucket { gated_until, .. } => *gated_until,
        }
    }
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Connection {
    /// The system's name as people write it: `Notion`, `Bitrix24`.
    pub name: String,
    /// How it is.
    pub link: Link,
    /// Whether requests go.
    #[serde(default)]
    pub breaker: Breaker,
    /// When it last answered well.
    pub last_answer: Option<Timestamp>,
    /// Seconds between two looks when nothing is to be done; 0 if that was not said.
    #[serde(default)]
    pub every: u64,
    /// What can leave now.
    pub headroom: Headroom,
    /// Requests sent since start.
    pub requests: u64,
    /// Requests refused for their pace since start.
    pub throttled: u64,
    /// Records that are there, as far as is known.
    pub records: u64,
}

/// Planned operations not yet acknowledged plus open intents, of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueDepth {
    /// Planned, waiting for a permit, the quiet period or their turn.
    pub planned: u64,
    /// Sent, the answer still out.
    pub in_flight: u64,
    /// Outcome unknown, being probed.
    pub unknown: u64,
}

impl QueueDepth {
    /// All of them.
    pub fn total(self) -> u64 {
        self.planned + self.in_flight + self.unknown
    }
}

/// How a pair is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PairState {
    /// The first complete listing is not there yet.
    #[default]
    Listing,
    /// The first matching is done and nothing is written before an operator approves these counts.
    Review {
        /// Matched by a unique key.
        sure: u64,
        /// Matched by several, or sharing a match.
        ambiguous: u64,
        /// CRM records without a match.
        crm_only: u64,
        /// Pages without a match.
        notion_only: u64,
        /// Pages that carry the markers of another crosstie, where they are so many that a guard will ask.
        #[serde(default)]
        marked: u64,
    },
    /// In step or getting there.
    Running,
    /// A guard waits for a confirmation of this plan.
    Guarded {
        /// What would happen.
        what: String,
        /// The plan's hash.
        plan: String,
        /// How many records, fields and pages it is about; 0 where that is not known.
        #[serde(default)]
        count: u64,
    },
    /// Stopped by its schema, access or an operator.
    Stopped {
        /// Why, and what to do.
        why: String,
    },
}

impl PairState {
    /// The counts of a first matching, in words.
    pub fn counts(&self) -> Option<String> {
        let PairState::Review { sure, ambiguous, crm_only, notion_only, marked } = self else { return None };
        let marked = match marked {
            0 => String::new(),
            marked => format!("; {marked} pages carry another crosstie's markers: stop that one first"),
        };
        Some(format!("{sure} sure, {ambiguous} ambiguous, {crm_only} CRM only, {notion_only} Notion only{marked}"))
    }
}

/// One pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairStatus {
    /// Its name.
    pub name: PairName,
    /// How it is.
    pub state: PairState,
    /// Records that are tied.
    pub ties: u64,
    /// When both sides were last observed.
    pub last_cycle: Option<Timestamp>,
    /// When a complete listing of both sides last ended.
    pub last_sweep: Option<Timestamp>,
    /// Changes that the last sweep found and the increments had missed.
    pub drift: u64,
    /// Who paused it and since when, if somebody did: nothing is written meanwhile.
    #[serde(default)]
    pub paused: Option<String>,
    /// A complete listing that is under way, per side.
    #[serde(default)]
    pub sweeping: Sides<Option<Progress>>,
    /// Records that are there, as far as is known, per side.
    #[serde(default)]
    pub records: Sides<u64>,
    /// Fields of this pair that are held.
    #[serde(default)]
    pub held: u64,
    /// Untied records of this pair that wait for a person, per side.
    #[serde(default)]
    pub orphans: Sides<u64>,
    /// The roles that records of other pairs can have for one of this pair, in the order of the configuration.
    #[serde(default)]
    pub roles: Vec<LinkRole>,
    /// Whether an untied record of a side gets its counterpart by itself.
    #[serde(default)]
    pub creates: Sides<bool>,
    /// Another number means that the mapping fits the schemas in another way than before.
    #[serde(default)]
    pub shape: u64,
}

/// A role that a record can have for another one: a mapped relation, such as a project's contacts or its decision maker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRole {
    /// The relation's field.
    pub field: FieldKey,
    /// Its label (the Notion property's name).
    pub label: String,
    /// The pair of the records that can have it.
    pub leads: PairName,
    /// Whether there is room for one record only.
    pub single: bool,
    /// The role out of which a system chooses this one: whoever has this one has that one too, and while anybody has that one,
    /// somebody has this one.
    pub within: Option<FieldKey>,
    /// The only side where it can be changed, if it goes one way.
    pub only_in: Option<Side>,
}

/// How far a complete listing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Records read so far.
    pub read: u64,
    /// Records that there are: as many as at the last one, or as its system tells. `None` where nobody knows.
    pub of: Option<u64>,
    /// It is no more than a guess: what the other side holds.
    #[serde(default)]
    pub about: bool,
    /// When it began.
    pub since: Timestamp,
}

impl Progress {
    /// When it will have ended at the pace so far, where that can be told.
    pub fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        let of = self.of.filter(|of| self.read > 0 && *of > self.read)?;
        let took = now.as_millisecond() - self.since.as_millisecond();
        let left = i128::from(took) * i128::from(of - self.read) / i128::from(self.read);
        Timestamp::from_millisecond(now.as_millisecond().checked_add(i64::try_from(left).ok()?)?).ok()
    }
}

/// One step of throughput and queue; series are oldest first and without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Field changes seen in it, per side.
    pub seen: Sides<u32>,
    /// Fields written, per side.
    pub written: Sides<u32>,
    /// Queue depth at its end, per side.
    pub queue: Sides<u32>,
}

/// Seconds that one sample of [`Snapshot::quarter`] stands for, and one of [`Snapshot::day`].
pub const STEPS: (u32, u32) = (10, 900);

/// How long the windows of our writes were, from pre-read to acknowledgement, or how long changes took, from being seen
/// to being acknowledged on the other side; in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WindowFigures {
    /// How many were measured.
    pub count: u64,
    /// Half of them were shorter.
    pub p50: u64,
    /// Nineteen of twenty were shorter.
    pub p95: u64,
}

/// What the whole program looks like right now.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Counts up with every change of anything shown.
    pub version: u64,
    /// When it was taken, by the engine's clock.
    pub at: Timestamp,
    /// When the engine started.
    pub started: Timestamp,
    /// Demo or live.
    pub mode: Mode,
    /// What the workspace is called; empty where nobody named it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workspace: String,
    /// Both connections.
    pub sides: Sides<Connection>,
    /// Both queues.
    pub queue: Sides<QueueDepth>,
    /// Fields that both sides changed and nobody decided.
    pub conflicts: u64,
    /// All other holds.
    pub holds: u64,
    /// Untied records that wait for a person.
    pub orphans: u64,
    /// Ties over all pairs.
    pub ties: u64,
    /// Edges between contacts and projects that both sides agree on.
    pub relations: u64,
    /// Fields written since start, per side.
    pub written: Sides<u64>,
    /// Fields seen changed since start, per side.
    pub seen: Sides<u64>,
    /// The last 240 seconds, second by second.
    pub series: Vec<Sample>,
    /// The last 15 minutes, in steps of 10 s.
    #[serde(default)]
    pub quarter: Vec<Sample>,
    /// The last 24 hours, in steps of 15 minutes.
    #[serde(default)]
    pub day: Vec<Sample>,
    /// The windows of our writes.
    pub windows: WindowFigures,
    /// When what may go now will have gone, per side, at the pace of the last minutes.
    #[serde(default)]
    pub drained: Sides<Option<Timestamp>>,
    /// How long changes took from being planned, at once when they are seen, to being acknowledged on the other side.
    #[serde(default)]
    pub latency: WindowFigures,
    /// What waits and for what: `quiet period`, `a free request`; what holds wait for is the kind of the hold.
    #[serde(default)]
    pub waits: Vec<(String, u64)>,
    /// Records that failed too often and are set aside; they are among the holds.
    #[serde(default)]
    pub quarantined: u64,
    /// Fields that somebody may have edited inside such a window, ever: the journal lists them.
    #[serde(default)]
    pub possibly_overwritten: u64,
    /// The pairs, in the order of the configuration.
    pub pairs: Vec<PairStatus>,
    /// The newest journal lines, newest first, 50 at most.
    pub latest: Vec<JournalRow>,
    /// Records read but not yet known to be settled (the hot set), over both sides.
    pub hot: u64,
    /// Where notices go.
    #[serde(default)]
    pub sinks: Vec<Sink>,
    /// How the store was opened, if it was not opened plainly; how it is, if it is not well.
    pub store_note: String,
}

impl Snapshot {
    /// Holds that are neither conflicts nor records that are set aside: each of those is told by itself.
    pub fn other_holds(&self) -> u64 {
        self.holds.saturating_sub(self.quarantined)
    }
}
