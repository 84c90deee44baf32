//! What an operator can tell the engine to do.

use serde::{Deserialize, Serialize};

use crate::model::{HoldId, PairName, RecordId, RecordRef, Shown, Side, TieId};

/// A decision about one held field, bound to what was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "resolve", rename_all = "snake_case")]
pub enum Resolution {
    /// This side's value wins.
    Force {
        /// The hold.
        id: HoldId,
        /// What the operator saw.
        shown: Shown,
        /// The winner.
        side: Side,
    },
    /// Both get this value, typed by the operator and read in the field's kind.
    Set {
        /// The hold.
        id: HoldId,
        /// What the operator saw.
        shown: Shown,
        /// The text: a number, `yes`/`no`, `2026-11-20`, an option's name, options or e-mail addresses separated by commas.
        text: String,
    },
    /// What they last agreed on wins over both.
    Base {
        /// The hold.
        id: HoldId,
        /// What the operator saw.
        shown: Shown,
    },
    /// Leave both as they are until one moves.
    Keep {
        /// The hold.
        id: HoldId,
        /// What the operator saw.
        shown: Shown,
    },
}

impl Resolution {
    /// The hold it is about.
    pub fn id(&self) -> &HoldId {
        match self {
            Resolution::Force { id, .. }
            | Resolution::Set { id, .. }
            | Resolution::Base { id, .. }
            | Resolution::Keep { id, .. } => id,
        }
    }

    /// What the operator saw.
    pub fn shown(&self) -> &Shown {
        match self {
            Resolution::Force { shown, .. }
            | Resolution::Set { shown, .. }
            | Resolution::Base { shown, .. }
            | Resolution::Keep { shown, .. } => shown,
        }
    }
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Decides held fields, all or none.
    Resolve {
        /// The decisions.
        items: Vec<Resolution>,
    },
    /// Ties an orphan to a record of the other side; their fields then merge as on first contact.
    Link {
        /// The pair.
        pair: PairName,
        /// The CRM record.
        crm: RecordId,
        /// The page.
        notion: RecordId,
        /// What the operator saw of both: [`super::OrphanRow::digest`] and [`super::Candidate::digest`]. Without it the link is
        /// made whatever they hold by now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<Shown>,
    },
    /// Creates the counterpart of an orphan. Cannot be undone by us: deleting is left to people.
    CreateCounterpart {
        /// The orphan.
        record: RecordRef,
        /// What the operator saw of it: [`super::OrphanRow::digest`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<String>,
    },
    /// Shows an orphan no more.
    IgnoreOrphan {
        /// The orphan.
        record: RecordRef,
        /// What the operator saw of it: [`super::OrphanRow::digest`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<String>,
    },
    /// Takes that back: it is looked at again like any other untied record.
    UnignoreOrphan {
        /// The record.
        record: RecordRef,
    },
    /// Adds or removes an edge between two ties, on both sides.
    Relate {
        /// The tie that owns the relation.
        owner: TieId,
        /// The relation's field.
        field: crate::model::FieldKey,
        /// The other end.
        target: TieId,
        /// Whether the edge is to be there.
        linked: bool,
        /// Whose place it takes, where there is room for one: refused if anybody else has it by then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead_of: Option<TieId>,
        /// What the operator saw of the owner's edges: [`super::RelationRow::shown`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<Shown>,
    },
    /// Approves the counts of a pair's first matching.
    Approve {
        /// The pair.
        pair: PairName,
    },
    /// Lets a guarded plan happen once.
    Override {
        /// The pair.
        pair: PairName,
        /// The hash that was shown.
        plan: String,
    },
    /// Stops the writes of a pair until it is resumed; both sides are still observed.
    Pause {
        /// The pair.
        pair: PairName,
    },
    /// Lets a paused pair be written again.
    Resume {
        /// The pair.
        pair: PairName,
    },
    /// Ends the waiting of an operation that is planned and not sent: the quiet period, or the pause before another try.
    Hasten {
        /// The pair.
        pair: PairName,
        /// The side to be written.
        side: Side,
        /// The record, as [`super::QueueRow::record`] names it.
        record: RecordId,
    },
    /// Holds the writes of one record back until they are let go by [`Command::Retry`] or [`Command::Hasten`].
    Park {
        /// The pair.
        pair: PairName,
        /// The side to be written.
        side: Side,
        /// The record, as [`super::QueueRow::record`] names it.
        record: RecordId,
    },
    /// Tries a refused or quarantined field or record again.
    Retry {
        /// The hold.
        id: HoldId,
    },
    /// Takes one of our writes back: the written side gets its before-image again if it still shows what we wrote, and the
    /// field is held until somebody decides. It goes the way of every write; refused when the field has moved since.
    Undo {
        /// The line of the journal that tells of the write ([`crate::model::Happening::Wrote`]).
        event: u64,
        /// Whether the other side gets that value too: then somebody's own edit there is taken back, and nothing is held.
        both: bool,
    },
    /// Observes both sides of every pair now.
    Refresh,
    /// Ends the engine in an orderly way: finishes what is in flight, then stops.
    Shutdown,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// It is durable and under way. The text tells what will happen.
    Done {
        /// One sentence.
        note: String,
    },
    /// Something moved since the operator looked; nothing was done.
    Changed {
        /// The holds whose values moved; empty where it is about something else, which the command names.
        ids: Vec<HoldId>,
        /// One sentence: `changed since you looked`.
        note: String,
    },
    /// It cannot be done; nothing was done.
    Refused {
        /// What, why, and what to do.
        why: String,
    },
}

/// What a command about an edge is answered with where something is written for it: it was made, or taken away.
pub const RELATED: [&str; 2] = ["the link is written on both sides next", "the link is removed on both sides next"];
