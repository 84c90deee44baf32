//! What exists: sides, values, records, ties, holds, intents, decisions and the journal's events.
//!
//! Pure data with the few laws that belong to it. Everything may import this room; it imports nothing of the house and
//! knows no runtime, network, disk, screen or clock.

pub mod body;
pub mod decision;
pub mod hold;
pub mod ids;
pub mod intent;
pub mod journal;
pub mod orphan;
pub mod packed;
pub mod record;
pub mod schema;
pub mod secret;
pub mod tie;
pub mod value;

pub use body::{Block, BlockKind, BodyLimits, BodyPart, Placed, Span};
pub use decision::{Decision, Shown, Verdict};
pub use hold::{Hold, HoldId, Mark, MarkKind, Why};
pub use ids::{FieldKey, FieldName, PairName, RecordId, RecordRef, Side, TieId};
pub use intent::{Intent, IntentState, Purpose};
pub use journal::{Event, Happening};
pub use orphan::{Orphan, OrphanWhy};
pub use record::{Editor, FieldState, Observation, Presence, Record, Unread};
pub use schema::{Account, Entity, FieldInfo, Kind, OptionInfo, Person, Schema};
pub use secret::Revealed;
pub use tie::{Base, Tie, Tombstone};
pub use value::Value;
