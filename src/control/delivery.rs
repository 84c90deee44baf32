//! What a system told us by itself, call by call, as the journal has it.

use async_trait::async_trait;
use jiff::Timestamp;

use super::DeskError;
use crate::model::{RecordId, Side};

/// The longest name of an event that is kept.
const LONGEST_NAME: usize = 64;

/// One call from outside, or one row of a queue over there. It carries no values: it only makes us look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whose it is, or claims to be.
    pub side: Side,
    /// The event's name in its system, harmless to print; empty where it has none.
    pub event: String,
    /// Which attempt of its sender this is, from 1.
    pub attempt: u32,
    /// What it tells.
    pub told: Told,
}

/// What a delivery tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A record was changed.
    Change(Change),
    /// Records came into an entity or left it, nobody says which.
    Rows {
        /// The entity: a data source id.
        entity: String,
    },
    /// It is genuine, and nothing that we look at is changed by it.
    Nothing,
    /// It came before.
    Duplicate {
        /// The record it is about.
        record: Option<RecordId>,
    },
    /// It was not believed.
    Refused {
        /// Why, in a few words.
        why: &'static str,
        /// How many were refused since that was last told, this one included.
        count: u64,
    },
    /// The secret came that its calls are signed with from now on.
    Secret,
}

/// One changed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The record, by its id there.
    pub record: RecordId,
    /// Where it is.
    pub place: Place,
    /// When it was changed, by that system's own clock and exactly; `None` where only a rounded time is known.
    pub at: Option<Timestamp>,
    /// As [`super::Hint::by_us`].
    pub by_us: Option<bool>,
    /// The ids of the fields that changed ([`crate::model::FieldInfo::id`]); `None` where that is not told.
    pub field_ids: Option<Vec<String>>,
}

/// Where a record is said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Its id means something within this entity alone (`deal`).
    Within(String),
    /// Its id names it wherever it lies; now that is here, if it is told (a data source id).
    Now(Option<String>),
}

/// A name of an event as it came from outside, made harmless: letters, digits, dots, dashes and underscores.
pub fn event_name(told: &str) -> String {
    told.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).take(LONGEST_NAME).collect()
}

/// Whoever takes deliveries: the engine.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Hands a delivery over; waits while more have come than can be held. It is heard and journalled, and a listing sees
    /// the change all the same if it is lost.
    ///
    /// # Errors
    /// [`DeskError::Gone`] when the engine has stopped.
    async fn deliver(&self, delivery: Delivery) -> Result<(), DeskError>;
}
