//! Under which keys things lie in the store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{HoldId, MarkKind, RecordId, RecordRef};

use super::Idle;

pub(super) const COUNTERS: &[u8] = b"counters";
/// Before the name of a pair.
pub(super) const SCHEMAS: &str = "schemas";

#[derive(Serialize, Deserialize)]
pub(super) struct Counters {
    pub(super) event: u64,
    pub(super) intent: u64,
    pub(super) decision: u64,
    #[serde(default)]
    pub(super) overwritten: u64,
    /// The oldest line of the journal that is kept, and what all of them take.
    #[serde(default)]
    pub(super) first: u64,
    #[serde(default)]
    pub(super) bytes: u64,
    /// The last line that was written before the clock was set back.
    #[serde(default)]
    pub(super) set_back: u64,
    /// How long nothing ran.
    #[serde(default)]
    pub(super) idle: Idle,
    /// When this was written: nothing that is remembered is later.
    #[serde(default)]
    pub(super) latest: Option<Timestamp>,
}

/// The name under which one mark of a kind is kept.
pub fn mark_kind(kind: &MarkKind) -> &'static str {
    match kind {
        MarkKind::Refused { .. } => "refused",
        MarkKind::Failed { .. } => "failed",
        MarkKind::Fighting { .. } => "fighting",
        MarkKind::Parked { .. } => "parked",
        MarkKind::DuplicateSet { .. } => "duplicates",
        MarkKind::Undone { .. } => "undone",
        MarkKind::Watched { .. } => "watched",
        MarkKind::Assumed { .. } => "assumed",
        MarkKind::Body { .. } => "body",
    }
}

/// Ids never hold a NUL, so parts joined by one stay apart and sort by part.
pub(super) fn key(parts: &[&str]) -> Vec<u8> {
    parts.join("\0").into_bytes()
}

pub(super) fn record_key(at: &RecordRef) -> Vec<u8> {
    key(&[at.pair.as_str(), at.side.as_str(), at.id.as_str()])
}

pub(super) fn hold_key(id: &HoldId) -> Vec<u8> {
    let crm = id.crm.as_ref().map_or("", RecordId::as_str);
    key(&[id.pair.as_str(), crm, id.field.as_ref().map_or("", |field| field.as_str())])
}

pub(super) fn mark_key(id: &HoldId, kind: &str) -> Vec<u8> {
    let mut row = hold_key(id);
    row.push(0);
    row.extend_from_slice(kind.as_bytes());
    row
}
