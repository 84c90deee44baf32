//! What an operator can see and ask. Types and the [`Desk`] trait, and the Unix socket that carries them.
//!
//! The dashboard and the commands know only this room: the engine implements [`Desk`] in process, the socket client
//! implements it for a running daemon, and neither can be told from the other. Lists are windows: nobody ever asks for
//! all rows. Nothing here decides anything.

pub mod closeup;
pub mod command;
pub mod delivery;
pub mod desk;
pub mod hint;
pub mod linking;
pub mod operator;
pub mod order;
pub mod outline;
pub mod preview;
pub mod query;
pub mod sink;
pub mod snapshot;
pub mod socket;
pub mod waiting;

pub use closeup::{MappedField, MappingView, RecordField, RecordView};
pub use command::{Command, RELATED, Reply, Resolution};
pub use delivery::{Change, Deliveries, Delivery, Place, Told, event_name};
pub use desk::{Desk, DeskError};
pub use hint::Hint;
pub use linking::{OwnerRow, RelationRow};
pub use order::Order;
pub use outline::{Leave, Step};
pub use preview::{Fate, Foreseen, Foretold};
pub use query::{
    Candidate, HoldRow, JournalRow, List, Looked, Near, OrphanRow, Query, QueueRow, QueueState, Rows, SideValue,
    TypedView, Window,
};
pub use sink::Sink;
pub use snapshot::{
    Breaker, Connection, Headroom, Link, LinkRole, Mode, PairState, PairStatus, Progress, QueueDepth, STEPS, Sample,
    Sides, Snapshot, WindowFigures,
};
pub use waiting::Wait;
