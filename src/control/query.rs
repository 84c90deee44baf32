//! Windows into lists. Values come as text for people beside their digests for decisions; all text is as the systems
//! gave it, and whoever draws it sanitises it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Foreseen, MappingView, Order, OwnerRow, RecordView, RelationRow, Resolution, Wait};
use crate::model::{Event, HoldId, Kind, PairName, RecordId, RecordRef, Side, TieId, Value};

/// A list that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "list", rename_all = "snake_case")]
pub enum List {
    /// Holds: conflicts first, then the others, each oldest first.
    Holds,
    /// Those holds whose records were set aside after too many failures, oldest first.
    Quarantined,
    /// Orphans, oldest first.
    Orphans,
    /// Possible edges: every tie of a related pair with its related ties, one row an existing edge, by names.
    Relations,
    /// Records that others can be linked to, pair by pair, by title; what fits the filter's letters best first.
    Owners,
    /// Who has which role for one owner, one row an edge; a role that nobody has is one row without a target.
    Edges {
        /// The owner.
        owner: TieId,
    },
    /// Counterparts for an orphan: suggested first, then all that match the filter.
    Candidates {
        /// The orphan.
        of: RecordRef,
    },
    /// Records of one pair that are tied, for choosing one end of a relation; by title, or what fits the filter's letters best
    /// first.
    Tied {
        /// The pair.
        pair: PairName,
    },
    /// One tie with all its fields: one row, or none if it is no tie any more.
    Record {
        /// The tie. It goes by another name in a line, where [`Query::tie`] lies beside it.
        #[serde(rename = "record")]
        tie: TieId,
    },
    /// One pair's mapping: one row.
    Mapping {
        /// The pair.
        pair: PairName,
    },
    /// What a text that an operator typed for a held field would be read as: one row.
    Typed {
        /// The hold.
        hold: HoldId,
        /// The text.
        text: String,
    },
    /// What would become of these decisions, were they taken now: one row each, in their order. Nothing is done.
    Preview {
        /// The decisions; as many as a window has rows, at most.
        items: Vec<Resolution>,
    },
    /// The queue: in flight, unknown, planned.
    Queue,
    /// The journal, newest first.
    Journal,
}

/// Rows `offset .. offset + limit` of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// Which list.
    #[serde(flatten)]
    pub list: List,
    /// Only rows whose text contains this, ignoring case; empty for all.
    #[serde(default)]
    pub filter: String,
    /// The first row.
    pub offset: u64,
    /// How many rows at most; the Desk gives 500 at most.
    pub limit: u64,
    /// Of holds, orphans and owners: the row that the asker's cursor is on. If it is in the list, the rows around it come, wherever it
    /// stands by now, and `offset` counts for nothing: a cursor stays on its record however the list moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Near>,
    /// Of orphans: those too that were ignored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
    /// Of holds: any order; of orphans and the queue: all but [`Order::Record`]; of other lists: their own.
    #[serde(default, skip_serializing_if = "Order::is_own")]
    pub order: Order,
    /// Of the journal, only lines about this tie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie: Option<TieId>,
    /// Of the journal, only lines from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Of the journal, only lines from this number on, however far back that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Of the journal, only lines up to this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// Of the journal, only lines before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

impl Query {
    /// A list without a filter; whoever asks says how many rows.
    pub fn all(list: List) -> Self {
        Self {
            list,
            filter: String::new(),
            offset: 0,
            limit: 0,
            near: None,
            ignored: false,
            order: Order::Own,
            tie: None,
            since: None,
            from: None,
            to: None,
            before: None,
        }
    }

    /// The first row to give when the row that is asked for stands at this place, or is not there.
    pub fn first_for(&self, place: Option<usize>) -> u64 {
        let place = place.and_then(|place| u64::try_from(place).ok());
        place.map_or(self.offset, |place| place.saturating_sub(self.limit / 2))
    }
}

/// A row of a list that can be named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Near {
    /// Of [`List::Holds`] and [`List::Quarantined`].
    Hold(HoldId),
    /// Of [`List::Orphans`].
    Orphan(RecordRef),
    /// Of [`List::Owners`].
    Owner(TieId),
}

/// The rows that were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Rows in the whole (filtered) list.
    pub total: u64,
    /// The first row's place.
    pub offset: u64,
    /// The rows.
    pub rows: Rows,
    /// The order that they are in.
    #[serde(default, skip_serializing_if = "Order::is_own")]
    pub order: Order,
    /// Of the journal: which part of it was looked through, where that may not be all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<Looked>,
}

impl Window {
    /// Rows of a list that was looked through as a whole.
    pub fn of(total: u64, offset: u64, rows: Rows) -> Self {
        Self { total, offset, rows, order: Order::Own, looked: None }
    }
}

/// A part of the journal that was looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// The oldest line of it.
    pub from_line: u64,
    /// When that was written.
    pub from: Timestamp,
    /// When the newest line of it was written.
    pub until: Option<Timestamp>,
    /// There is nothing older that could be meant.
    pub whole: bool,
}

/// Rows of one list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "rows", rename_all = "snake_case")]
pub enum Rows {
    /// Of [`List::Holds`] and [`List::Quarantined`].
    Holds(Vec<HoldRow>),
    /// Of [`List::Orphans`].
    Orphans(Vec<OrphanRow>),
    /// Of [`List::Owners`].
    Owners(Vec<OwnerRow>),
    /// Of [`List::Relations`] and [`List::Edges`].
    Relations(Vec<RelationRow>),
    /// Of [`List::Candidates`] and [`List::Tied`].
    Candidates(Vec<Candidate>),
    /// Of [`List::Record`].
    Records(Vec<RecordView>),
    /// Of [`List::Mapping`].
    Mappings(Vec<MappingView>),
    /// Of [`List::Typed`].
    Typed(Vec<TypedView>),
    /// Of [`List::Preview`].
    Previews(Vec<Foreseen>),
    /// Of [`List::Queue`].
    Queue(Vec<QueueRow>),
    /// Of [`List::Journal`].
    Journal(Vec<JournalRow>),
}

impl Rows {
    /// How many.
    pub fn len(&self) -> u64 {
        let count = match self {
            Rows::Holds(rows) => rows.len(),
            Rows::Orphans(rows) => rows.len(),
            Rows::Owners(rows) => rows.len(),
            Rows::Relations(rows) => rows.len(),
            Rows::Candidates(rows) => rows.len(),
            Rows::Records(rows) => rows.len(),
            Rows::Mappings(rows) => rows.len(),
            Rows::Typed(rows) => rows.len(),
            Rows::Previews(rows) => rows.len(),
            Rows::Queue(rows) => rows.len(),
            Rows::Journal(rows) => rows.len(),
        };
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A value as a person reads it, and what a decision about it is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SideValue {
    /// The text; empty for an empty value.
    pub text: String,
    /// [`Value::digest`] of the common form.
    pub digest: String,
    /// When that side's value was first seen, by our clock.
    pub seen_at: Option<Timestamp>,
    /// Who edited the record on that side last, by name: not necessarily who changed this value. Empty where nobody knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub edited_by: String,
    /// When that was, by that side's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
}

/// One hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRow {
    /// What is held.
    pub id: HoldId,
    /// The record's title.
    pub title: String,
    /// The field's label (the Notion property's name); empty for a whole record or pair.
    pub label: String,
    /// The kind of its values, which tells how an edited value is read; `None` for a whole record or pair.
    pub kind: Option<Kind>,
    /// One word: `conflict`, `refused`, `unmappable`, `unreadable`, `misfit`, `deleted`, `fighting`, `guard`, `quarantined`,
    /// `duplicates`, `parked`, `undone`.
    pub why: String,
    /// One sentence: what happened and what can be done.
    pub detail: String,
    /// Of what is set aside, what the error means; empty where nobody has kept that.
    #[serde(default)]
    pub means: String,
    /// What they last agreed on; `None` on first contact.
    pub base: Option<SideValue>,
    /// The CRM's value.
    pub crm: SideValue,
    /// Notion's value.
    pub notion: SideValue,
    /// The options a select can take, to choose a merged value from.
    pub options: Vec<String>,
    /// Since when.
    pub since: Timestamp,
    /// Whether force and set apply: it is a field, and its values are known.
    pub decidable: bool,
    /// A decision was made and waits for its write.
    pub decided: Option<String>,
}

/// One orphan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrphanRow {
    /// The record.
    pub record: RecordRef,
    /// Its title.
    pub title: String,
    /// One word: `survivor`, `ambiguous`, `copy`, `incomplete`, `creation off`, `taken apart`, `ignored`.
    pub why: String,
    /// One sentence.
    pub detail: String,
    /// Its mapped fields, label and text.
    pub fields: Vec<(String, String)>,
    /// Since when.
    pub since: Timestamp,
    /// How many counterparts are suggested.
    pub suggestions: u64,
    /// Nobody has counted them: there are too many records to compare it with all of them for a list.
    #[serde(default)]
    pub uncounted: bool,
    /// The best of them.
    #[serde(default)]
    pub best: Option<Candidate>,
    /// Whether its counterpart could be created.
    pub creatable: bool,
    /// Who said that it is nobody's business, since when it is shown only where those are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
    /// What a decision about it is bound to: the digest of what is shown of the record; empty from an engine that makes none.
    #[serde(default)]
    pub digest: String,
}

/// How a typed text is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedView {
    /// The value as it will be shown; empty for the empty value, or if it cannot be read.
    pub reads: String,
    /// Why it cannot be read in the field's kind, and what is expected; empty if it can.
    pub wrong: String,
}

/// A record that could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its id, on the other side of the orphan; for [`List::Tied`] the CRM's.
    pub id: RecordId,
    /// Its title.
    pub title: String,
    /// Why it is suggested (`same e-mail`); empty for a search hit.
    pub reason: String,
    /// Its mapped fields, label and text.
    pub fields: Vec<(String, String)>,
    /// Already tied to another record: cannot be linked.
    pub taken: bool,
    /// How well it fits, from 0 to 100; 0 for a search hit.
    #[serde(default)]
    pub score: u32,
    /// What a decision about it is bound to, as [`OrphanRow::digest`].
    #[serde(default)]
    pub digest: String,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueState {
    /// Sent, the answer still out.
    InFlight,
    /// Outcome unknown, being probed.
    Unknown,
    /// It may go: it waits for a permit.
    Ready,
    /// It may not go yet; [`QueueRow::waits`] says why.
    Quiet,
}

/// One operation of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRow {
    /// The pair.
    pub pair: PairName,
    /// The side to be written.
    pub side: Side,
    /// `create` or `update`.
    pub op: String,
    /// The record: for a create the source, for an update the record itself.
    pub record: RecordId,
    /// The title.
    pub title: String,
    /// The fields, by label.
    pub fields: Vec<String>,
    /// How far.
    pub state: QueueState,
    /// When it was planned or sent.
    pub since: Timestamp,
    /// When it moves on by itself, where that is known.
    pub due: Option<Timestamp>,
    /// How often it was tried or probed.
    pub attempts: u32,
    /// What it waits for.
    #[serde(default)]
    pub waits: Wait,
    /// What is known of why: what a side said to the last try, who paused it, what a guard found. Empty where nothing is.
    #[serde(default)]
    pub said: String,
}

/// One line of the journal, with names for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalRow {
    /// The event.
    pub event: Event,
    /// The record's title when it was journalled, or its id.
    pub title: String,
    /// The field's label.
    pub label: String,
    /// The value before, as a person reads it: related records by title. `None` where the event has none.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
    /// Whether this line is a write that could be undone right now.
    #[serde(default)]
    pub undoable: bool,
    /// Why it could not, if it is a write; empty for other lines.
    #[serde(default)]
    pub not_undoable: String,
}

impl SideValue {
    /// A value, shown with this text.
    pub fn of(value: &Value, text: String, seen_at: Option<Timestamp>) -> Self {
        Self { text, digest: value.digest(), seen_at, ..Self::default() }
    }
}
