//! What waits for a person.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Base, FieldKey, PairName, RecordId, Side, TieId, Value};

/// What is held: a field of a tie, a whole tie, a pair, or a field of a whole pair.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HoldId {
    /// The pair.
    pub pair: PairName,
    /// The CRM record of the tie; `None` for the pair.
    pub crm: Option<RecordId>,
    /// The field; `None` for the tie or the pair as a whole.
    pub field: Option<FieldKey>,
}

impl HoldId {
    /// The hold on one field of a tie.
    pub fn field(tie: &TieId, field: &FieldKey) -> Self {
        Self { pair: tie.pair.clone(), crm: Some(tie.crm.clone()), field: Some(field.clone()) }
    }

    /// The hold on a whole tie.
    pub fn tie(tie: &TieId) -> Self {
        Self { pair: tie.pair.clone(), crm: Some(tie.crm.clone()), field: None }
    }

    /// The hold on one field of a pair.
    pub fn pair_field(pair: &PairName, field: &FieldKey) -> Self {
        Self { pair: pair.clone(), crm: None, field: Some(field.clone()) }
    }

    /// The tie, unless the pair as a whole is held.
    pub fn tie_id(&self) -> Option<TieId> {
        self.crm.as_ref().map(|crm| TieId { pair: self.pair.clone(), crm: crm.clone() })
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pair)?;
        if let Some(crm) = &self.crm {
            write!(f, "/{crm}")?;
        }
        if let Some(field) = &self.field {
            write!(f, "/{field}")?;
        }
        Ok(())
    }
}

/// Why something is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// Both sides changed the field to different values. Common dialect; `base` is `None` on first contact.
    Conflict {
        /// What they last agreed on.
        base: Option<Value>,
        /// What the CRM holds.
        crm: Value,
        /// What Notion holds.
        notion: Value,
    },
    /// A side did not take a value: it kept the old one or answered with an error.
    Refused {
        /// The side that refused.
        side: Side,
        /// What we sent, common dialect.
        sent: Value,
        /// What it said, or that it kept its old value.
        reason: String,
    },
    /// A side's value has no form on the other side.
    Unmappable {
        /// The side that holds the value.
        side: Side,
        /// The value, native dialect.
        value: Value,
        /// What is missing and how to mend it.
        reason: String,
    },
    /// A field could not be read for several cycles while the other side changed.
    Unreadable {
        /// The side that could not be read.
        side: Side,
        /// Why not.
        reason: String,
    },
    /// A field of the pair no longer fits the schemas: it is neither read nor written, and the rest goes on.
    Misfit {
        /// What no longer fits.
        what: String,
        /// What to do about it.
        mend: String,
    },
    /// One record went away while the other was edited.
    DeletedAndEdited {
        /// The side whose record went away.
        gone: Side,
    },
    /// A value we wrote was reverted and rewritten: something else writes this field.
    Fighting {
        /// The side on which it was reverted.
        side: Side,
    },
    /// Too much would change at once; the pair waits for a confirmation of this very plan.
    MassChange {
        /// What would happen, with counts.
        what: String,
        /// The hash of the plan that a confirmation is bound to.
        plan: String,
        /// How many records, fields and pages it is about; 0 in a hold of a version that did not count them.
        #[serde(default)]
        count: u64,
    },
    /// A write failed again and again for a reason that lies in the record.
    Quarantined {
        /// The side written to.
        side: Side,
        /// The error.
        reason: String,
        /// What that means, as its side's table of errors has it; empty in what was set aside before that was kept.
        #[serde(default)]
        means: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// More than one record carries our marker.
    DuplicateSet {
        /// The side with the duplicates.
        side: Side,
        /// All of them, oldest first; the first is the tied one.
        records: Vec<RecordId>,
    },
    /// An operator holds the record's writes back.
    Parked {
        /// Who.
        who: String,
    },
    /// An operator took a write back: the two sides differ on purpose until somebody decides.
    Undone {
        /// The side whose value was restored.
        side: Side,
        /// The restored value, common dialect.
        value: Value,
        /// The line of the journal that was undone.
        event: u64,
        /// Who.
        who: String,
    },
}

impl Why {
    /// Whether this is a conflict: a hold on a field that both sides changed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Why::Conflict { .. })
    }
}

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What is held.
    pub id: HoldId,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
    /// Since when, by our clock; kept while the reason stays of one kind.
    pub since: Timestamp,
    /// The edit whose story it belongs to, as the journal names it: it goes on when the hold ends, however long that takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<u64>,
}

/// A durable statement of the engine that planning must respect: why a write is not to be repeated. It lapses when its
/// input, the value we would send, changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// What it is about.
    pub id: HoldId,
    /// What happened.
    #[serde(flatten)]
    pub kind: MarkKind,
    /// When, by our clock.
    pub at: Timestamp,
}

/// What is said of a value that a side did not take without saying so.
const SILENT: [&str; 2] = ["kept its old value and said nothing", "created the record without it"];

impl MarkKind {
    /// Whether a side answered with an error: then nothing was saved, and its reason may lie in another field of the record.
    pub fn is_error_of(&self, on: Side) -> bool {
        let says = |reason: &str| !SILENT.iter().any(|silent| reason.ends_with(silent));
        matches!(self, Self::Refused { side, reason, .. } if *side == on && says(reason))
    }
}

/// What the engine remembers against repeating itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub enum MarkKind {
    /// A side kept its old value or refused the new one.
    Refused {
        /// The side that refused.
        side: Side,
        /// What we sent, common dialect: while we would send the same again, the field is held.
        sent: Value,
        /// What it said.
        reason: String,
    },
    /// A write of the record failed for a reason that lies in the record.
    Failed {
        /// The side written to.
        side: Side,
        /// What it said.
        reason: String,
        /// What that means, as its side's table of errors has it.
        #[serde(default)]
        means: String,
        /// How often so far.
        attempts: u32,
        /// Not before this moment; `None` after the last attempt: the record is quarantined until it changes.
        retry_at: Option<Timestamp>,
        /// Writes to the other side failed too, before that one. Both count as tries of the record, and both wait.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        both: bool,
    },
    /// Something else rewrites this field.
    Fighting {
        /// The side on which our value was reverted.
        side: Side,
    },
    /// Several records of one side carry the same marker.
    DuplicateSet {
        /// That side.
        side: Side,
        /// Oldest first.
        records: Vec<RecordId>,
    },
    /// A side said that it took a value and showed no record: the base is the value sent, until a reading by id tells
    /// whether it kept the old one after all.
    Assumed {
        /// That side.
        side: Side,
        /// What we sent, common dialect.
        sent: Value,
        /// What it held before, native dialect.
        before: Value,
        /// What we sent, native dialect.
        native: Value,
        /// What both sides had agreed on before.
        base: Option<Base>,
    },
    /// Every look for an unknown create has ended without finding it: should its marker turn up all the same, it is ours.
    Watched {
        /// The side it was sent to.
        side: Side,
        /// The record it was made for, which is its marker.
        source: RecordId,
        /// Until when it can still turn up.
        until: Timestamp,
        /// How often it was sent and not found.
        #[serde(default)]
        sent: u32,
    },
    /// A record that was made gets its template as its body. It stands until all of it is there, or it is left alone.
    Body {
        /// The side of the record.
        side: Side,
        /// How many blocks that side has taken, as far as it has said so.
        done: usize,
        /// How often in a row it was refused, or showed less than it had taken.
        tries: u32,
        /// Not before this moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before: Option<Timestamp>,
    },
    /// An operator holds the record's writes back, until somebody lets them go.
    Parked {
        /// Who.
        who: String,
    },
    /// An operator took a write back. It stands until somebody decides about the field, or both sides hold the same.
    Undone {
        /// The side that was written.
        side: Side,
        /// The line of the journal that is undone.
        event: u64,
        /// Who.
        who: String,
        /// What the operator saw there, common dialect; whatever else is found there is not overwritten.
        from: Value,
        /// What is to be there again, common dialect.
        to: Value,
        /// Whether the other side gets it too; the field is then not held.
        both: bool,
        /// The sides that are still to be written.
        left: BTreeSet<Side>,
    },
}
