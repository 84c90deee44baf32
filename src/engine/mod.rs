//! The loop: observe, plan, write, verify.
//!
//! One control task (`run`, woken by what is `due`) owns the memory and the store and makes every decision; I/O tasks only carry requests out and
//! observations back, as messages. So there are no locks around decisions. The rooms: `memory` what is remembered,
//! `canary`, `renaming`, `listing`, `lister`, `reading`, `missing`, `vanished`, `hints` and `deliveries` how a side is seen, `planning`, `resting`, `agreed`, `elements`, `guards` and
//! `untied` what is derived from it, `dispatch`, `writer`, `outcome`, `assumed`, `windows`, `recall`, `failures`, `fighting`, `unknown` and `late` how it is
//! written, `undo` how a write is taken back, `bodies` how a new page gets its template, `retention` and `forgetting` what is remembered no longer, `jumps` what a host's clock did, `figures` and `refill` what the graphs show, `views`, `seeking`, `history`, `sifting`, `choosing`, `names`, `orphans`, `waiting`, `outline`,
//! `preview`, `relating` and `commands` what an operator sees and does, `desk` the door for them, `story`
//! which lines of the journal tell of one edit.
//!
//! Nothing outside may happen before the transaction that tells of it is committed, and nothing in here may know a
//! system by its name.

mod agreed;
mod aside;
mod assumed;
mod bodies;
mod canary;
mod choosing;
mod clock;
mod closeup;
mod commands;
mod core;
mod deliveries;
mod desk;
mod dispatch;
mod due;
mod elements;
mod failures;
mod fighting;
mod figures;
mod flaw;
mod forgetting;
mod guards;
mod hints;
mod history;
mod jumps;
mod keys;
mod late;
mod likeness;
mod lister;
mod listing;
mod memory;
mod merged;
mod messages;
mod missing;
mod names;
mod orphans;
mod outcome;
mod outline;
mod outside;
mod parting;
mod pausing;
mod planning;
mod preview;
mod reading;
mod recall;
mod refill;
mod relating;
mod renaming;
mod resting;
mod retention;
mod run;
mod seeking;
mod settings;
mod sifting;
mod sinks;
mod snapshot;
mod story;
mod translate;
mod trouble;
mod undo;
mod unknown;
mod untied;
mod vanished;
mod views;
mod waiting;
mod windows;
mod writer;

pub use crate::control::Hint;
pub use desk::{EngineDesk, HintSender};
pub(crate) use flaw::Flaw;
pub use memory::Early;
pub(crate) use run::start_flawed;
pub use run::{EngineError, Running, start, start_with};
pub use settings::{Settings, World};
pub use story::Edits;

use crate::model::{Decision, Event, Hold, Intent, Orphan, Tie, Tombstone};

/// Everything the engine claims, for an auditor who compares it with what the worlds themselves remember.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// The whole journal, oldest first.
    pub journal: Vec<Event>,
    /// Open holds.
    pub holds: Vec<Hold>,
    /// Orphans.
    pub orphans: Vec<Orphan>,
    /// Ties.
    pub ties: Vec<Tie>,
    /// Ended ties.
    pub tombstones: Vec<Tombstone>,
    /// Open intents.
    pub intents: Vec<Intent>,
    /// Standing decisions.
    pub decisions: Vec<Decision>,
}
