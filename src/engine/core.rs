//! The control task's mind: memory, the derived plans, and what is under way. Only the control task touches it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use crate::config::Timing;
use crate::control::{Leave, PairState, Sides};
use crate::model::{
    Event, FieldKey, FieldName, Happening, HoldId, Observation, PairName, RecordId, RecordRef, Side, TieId, Value,
    Verdict, Why,
};
use crate::plan::Interval;
use crate::remote::{RemoteError, System};
use crate::seam::WallClock;

use super::figures::Figures;
use super::flaw::Flaw;
use super::memory::{Memory, PairMemory};
use super::messages::Msg;
use super::settings::Settings;
use super::translate::{Directory, Translator};

/// One planned operation: derived, never stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpKey {
    /// The pair.
    pub pair: PairName,
    /// The side to be written.
    pub side: Side,
    /// What for.
    pub target: Target,
}

/// What an operation is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Fields of a tie's record, by the tie's CRM record.
    Update(RecordId),
    /// A counterpart for this record of the other side.
    Create(RecordId),
    /// A tie's surviving record follows into the trash, by the tie's CRM record.
    Trash(RecordId),
    /// More of the body of a tie's record, by the tie's CRM record.
    Body(RecordId),
}

/// When a planned operation may go, and what it would write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// When it was first planned, by our clock.
    pub since: Timestamp,
    /// When it may go: after the quiet period, or a retry's pause.
    pub due: Timestamp,
    /// The fields, for the screen.
    pub fields: Vec<FieldKey>,
}

/// A write that was acknowledged lately: a listing that still shows what was before it is not believed.
#[derive(Debug, Clone)]
pub struct RecentWrite {
    /// When it was acknowledged.
    pub at: Timestamp,
    /// What was there before, native.
    pub before: BTreeMap<FieldName, Value>,
}

/// A value, and in which interval it had come.
pub(super) type Held = (Value, Option<Interval>);

/// Everything the control task knows.
pub struct Core {
    /// The mistake that the simulation wants made.
    pub(super) flaw: Option<Flaw>,
    pub(super) settings: Settings,
    /// What may be written, if not everything that is planned.
    pub(super) leave: Option<Leave>,
    pub(super) timing: Timing,
    pub(super) systems: Sides<Arc<dyn System>>,
    pub(super) clock: Arc<dyn WallClock>,
    /// The same, which knows when the host's clock was set.
    pub(super) steady: Arc<super::clock::SteadyClock>,
    pub(super) memory: Memory,
    pub(super) directory: Directory,
    pub(super) figures: Figures,
    pub(super) mail: mpsc::Sender<Msg>,
    /// Planned operations.
    pub(super) planned: BTreeMap<OpKey, Planned>,
    /// Since when a field waits to be written: its deferral is bounded.
    pub(super) waiting: BTreeMap<(TieId, Side, FieldKey), Timestamp>,
    /// Operations whose task is under way, and since when.
    pub(super) under_way: BTreeMap<OpKey, Timestamp>,
    /// Records with a write on the wire.
    pub(super) sending: BTreeSet<RecordRef>,
    /// Intents whose probe is under way.
    pub(super) probing: BTreeSet<u64>,
    /// Records to be read again by id, and from when on.
    pub(super) hot: BTreeMap<RecordRef, Timestamp>,
    /// Records whose read by id is under way.
    pub(super) reading: BTreeSet<RecordRef>,
    /// Records that a read by id did not find, and since when.
    pub(super) absent_since: BTreeMap<RecordRef, Timestamp>,
    /// Records that a complete listing did not show and that were not read by id yet.
    pub(super) suspects: BTreeSet<RecordRef>,
    /// How far each system's clock is ahead of ours, as far as its answers tell.
    pub(super) ahead: Sides<SignedDuration>,
    /// Ties that wait for word of a record.
    pub(super) awaited: BTreeMap<RecordRef, BTreeSet<TieId>>,
    /// What fields of Notion held before they showed an option that no schema has shown yet, and when that had come.
    pub(super) renamed_perhaps: BTreeMap<(RecordRef, FieldName), Held>,
    /// Ties whose sides agreed, but for what the side that was seen longer ago has done since.
    pub(super) unconfirmed: BTreeSet<TieId>,
    /// Records that a query showed and was not believed: until they were read by id, no cursor moves past them.
    pub(super) doubted: BTreeSet<RecordRef>,
    /// Records that could not be read by id, each told once.
    pub(super) unreadable: BTreeSet<RecordRef>,
    /// What would change too much at once, by pair.
    pub(super) guards: super::guards::Guards,
    /// Where the canary of each pair is.
    pub(super) canaries: BTreeMap<PairName, super::canary::Canary>,
    /// Records whose writes were forbidden since one was taken.
    pub(super) forbidden: Sides<BTreeSet<HoldId>>,
    /// Ties that ended lately because a record went away.
    pub(super) departed: Vec<(Timestamp, PairName)>,
    pub(super) recent_writes: BTreeMap<RecordRef, RecentWrite>,
    /// Records whose last write was answered without a record: a reading by id is to tell whether the side took it.
    pub(super) assumed: BTreeSet<RecordRef>,
    /// Word of changes, and the windows of our writes that they may lie in.
    pub(super) hints: super::hints::Hints,
    /// How far the graphs of the last day are filled from before the start.
    pub(super) refill: Option<super::refill::Refill>,
    /// Where a span of the journal that was asked for began, and with which line.
    pub(super) span: Option<(Timestamp, u64)>,
    /// Names that somebody searches.
    pub(super) names: BTreeMap<(PairName, Side), super::names::Names>,
    /// Filters of the holds that somebody uses.
    pub(super) sifted: Vec<super::sifting::Sifted>,
    /// Where notices go, as whoever sends them told us.
    pub(super) sinks: Vec<crate::control::Sink>,
    /// What we wrote lately, to notice when something else keeps rewriting it.
    pub(super) fights: super::fighting::Fights,
    /// Ties whose last update was refused as a whole: their fields are then written one by one.
    pub(super) one_by_one: BTreeSet<(TieId, Side)>,
    /// Creations that were refused as a whole: they are sent with title and keys only.
    pub(super) bare_creates: BTreeSet<(PairName, Side, RecordId)>,
    /// The listings of each pair and side.
    pub(super) listings: BTreeMap<(PairName, Side), super::listing::ListingState>,
    /// Why a pair cannot run, and when its schema is asked for again.
    pub(super) stopped: BTreeMap<PairName, String>,
    /// When each pair's schema is next asked for; `None` while that is under way.
    pub(super) schema_due: BTreeMap<PairName, Option<Timestamp>>,
    /// Nothing is written on a side before this moment, after a failure that was not the record's.
    pub(super) paused_until: Sides<Option<Timestamp>>,
    /// Operations that somebody else's save has overtaken: not before this moment.
    pub(super) put_off: BTreeMap<OpKey, Timestamp>,
    /// Operations that an operator does not want to wait: neither for quiet nor for another try. Forgotten when nothing is
    /// planned for them any more.
    pub(super) hastened: BTreeSet<OpKey>,
    /// Such failures in a row.
    pub(super) failures: Sides<u32>,
    /// Writes in a row whose outcome nobody knows.
    pub(super) unanswered: Sides<u32>,
    /// The last trouble of each side, as its tasks told it.
    pub(super) trouble: Sides<Option<RemoteError>>,
    /// The newest lines of the journal, newest first.
    pub(super) last_rows: super::snapshot::Rows,
    pub(super) draining: bool,
    /// When old things are next looked for to be forgotten.
    pub(super) tidy: super::retention::Tidy,
    pub(super) lag: SignedDuration,
    /// How many planned versions of the snapshot there were.
    pub(super) version: u64,
    pub(super) started: Timestamp,
}

/// A configured duration as the wall clock counts it.
pub(super) fn signed(duration: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// A moment later, or the end of time.
pub(super) fn after(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl Core {
    /// Whether the simulation wants this mistake made.
    pub(super) fn errs(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(super) fn translator(&self) -> Translator<'_> {
        Translator { memory: &self.memory, directory: &self.directory }
    }

    /// An event about a record, with its tie's other end where there is one.
    pub(super) fn event(&self, what: Happening, at: &RecordRef, note: impl Into<String>) -> Event {
        let tie = self.memory.pair(&at.pair).and_then(|pair| pair.tie_of(at.side, &at.id));
        let end = |side: Side| {
            if at.side == side { Some(at.id.clone()) } else { tie.map(|tie| tie.on(side).clone()) }
        };
        Event {
            seq: 0,
            at: Timestamp::UNIX_EPOCH,
            what,
            pair: Some(at.pair.clone()),
            side: Some(at.side),
            crm: end(Side::Crm),
            notion: end(Side::Notion),
            field: None,
            before: None,
            after: None,
            window: None,
            who: String::new(),
            note: note.into(),
            edit: None,
        }
    }

    /// An event about a tie as a whole.
    pub(super) fn tie_event(&self, what: Happening, id: &TieId, note: impl Into<String>) -> Event {
        let at = RecordRef { pair: id.pair.clone(), side: Side::Crm, id: id.crm.clone() };
        Event { side: None, ..self.event(what, &at, note) }
    }

    /// An event about a hold.
    pub(super) fn hold_event(&self, what: Happening, id: &HoldId, note: impl Into<String>) -> Event {
        let mut event = match id.tie_id() {
            Some(tie) => self.tie_event(what, &tie, note),
            None => Event { crm: None, ..self.tie_event(what, &TieId { pair: id.pair.clone(), crm: "".into() }, note) },
        };
        event.field = id.field.clone();
        event
    }

    /// How long a record must stay missing before it is believed: one cycle of that side, a second at least.
    pub(super) fn confirm_after(&self, side: Side) -> SignedDuration {
        signed(self.poll(side)).max(SignedDuration::from_secs(1))
    }

    pub(super) fn poll(&self, side: Side) -> std::time::Duration {
        match side {
            Side::Crm => self.timing.crm_poll,
            Side::Notion => self.timing.notion_poll,
        }
    }

    /// The names of the pairs, in the order of the configuration.
    pub(super) fn pair_names(&self) -> Vec<PairName> {
        self.memory.order.clone()
    }

    /// How a pair is.
    pub(super) fn pair_state(&self, name: &PairName) -> PairState {
        if let Some(why) = self.stopped.get(name) {
            return PairState::Stopped { why: why.clone() };
        }
        let Some(pair) = self.memory.pair(name).filter(|pair| self.has_looked(pair)) else { return PairState::Listing };
        let guard = HoldId { pair: name.clone(), crm: None, field: None };
        if let Some(Why::MassChange { what, plan, count }) = self.memory.holds.get(&guard).map(|hold| &hold.why) {
            return PairState::Guarded { what: what.clone(), plan: plan.clone(), count: *count };
        }
        if self.waits_for_approval(name) {
            return pair.review.clone().unwrap_or(PairState::Listing);
        }
        PairState::Running
    }

    /// Whether both sides of a pair were looked at and nobody has approved its first matching.
    pub(super) fn waits_for_approval(&self, name: &PairName) -> bool {
        self.timing.review
            && !self.stopped.contains_key(name)
            && self.memory.pair(name).is_some_and(|pair| self.has_looked(pair))
            && !self.approved(name)
    }

    /// Both sides were listed completely once, and answered since the start.
    fn has_looked(&self, pair: &PairMemory) -> bool {
        let looked = |side: Side| {
            let listing = self.listings.get(&(pair.spec.name.clone(), side));
            pair.cursors.get(side).swept.is_some() && listing.is_some_and(|listing| listing.looked)
        };
        pair.map.is_some() && looked(Side::Crm) && looked(Side::Notion)
    }

    /// Whether the first matching of a pair was approved.
    pub(super) fn approved(&self, name: &PairName) -> bool {
        self.memory
            .decisions
            .values()
            .any(|decision| matches!(&decision.verdict, Verdict::Approve { pair } if pair == name))
    }

    /// Whether a pair's plans are derived and carried out.
    pub(super) fn is_running(&self, name: &PairName) -> bool {
        !self.stopped.contains_key(name)
            && self.memory.pair(name).is_some_and(|pair| self.has_looked(pair))
            && (!self.timing.review || self.approved(name))
    }

    /// Whether a pair may be written to: a guard stops it until a person has looked.
    pub(super) fn may_write(&self, name: &PairName) -> bool {
        let guard = HoldId { pair: name.clone(), crm: None, field: None };
        self.is_running(name)
            && !self.memory.holds.contains_key(&guard)
            && !self.is_unfinished(name)
            && self.paused(name).is_none()
            && self.canary_passed(name)
    }

    /// A record's title as people know it, or its id.
    pub(super) fn title(&self, pair: &PairMemory, side: Side, id: &RecordId) -> String {
        pair.title(side, id).unwrap_or_else(|| id.0.clone())
    }

    /// The title of a tie, from whichever side has one.
    pub(super) fn tie_title(&self, pair: &PairMemory, crm: &RecordId) -> String {
        let of_page = || pair.title(Side::Notion, &pair.ties.page_of(crm)?);
        pair.title(Side::Crm, crm).or_else(of_page).unwrap_or_else(|| crm.0.clone())
    }

    /// Whether an intent is open for this record: then it is neither planned nor written.
    pub(super) fn has_open_intent(&self, at: &RecordRef) -> bool {
        use crate::model::Purpose;
        self.memory.intents.values().any(|intent| {
            intent.pair == at.pair
                && match &intent.purpose {
                    Purpose::Create { source } => intent.side == at.side.other() && *source == at.id,
                    Purpose::Update { record } | Purpose::Trash { record } | Purpose::Body { record, .. } => {
                        intent.side == at.side && *record == at.id
                    }
                }
        })
    }
}

/// The title of a record as a side shows it, if it has one.
pub(super) fn title_of(pair: &PairMemory, side: Side, observation: &Observation) -> Option<String> {
    let map = pair.map.as_ref()?;
    let field = map.field(map.title.as_ref()?)?;
    let text = observation.known(field.name_on(side))?.show();
    (!text.is_empty()).then_some(text)
}
