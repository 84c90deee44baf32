//! What somebody told us about a change, before we looked ourselves.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{FieldName, PairName, RecordId, Side};

/// Word of a change on one side: a webhook, an event queue, a history. It only makes us look, and look sooner: its values,
/// if it had any, are nobody's business. Hints may come late, twice, in any order, about records that are none of ours, or
/// never.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The side it changed on.
    pub side: Side,
    /// The record, by its id there.
    pub record: RecordId,
    /// The pair, where that is known; otherwise every pair is asked for the record.
    pub pair: Option<PairName>,
    /// When it was changed, by that system's own clock and exactly; `None` where only a rounded time is known.
    pub at: Option<Timestamp>,
    /// Whether it was the account that we write with: `Some(true)` only if nobody else was among its authors,
    /// `Some(false)` only if somebody else surely was.
    pub by_us: Option<bool>,
    /// The fields that changed, by native name; `None` where that is not told.
    pub fields: Option<Vec<FieldName>>,
}
