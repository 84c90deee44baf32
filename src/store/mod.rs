//! What we remember: durably, checked, and in one piece.
//!
//! Whoever remembers something uses [`Store`]: a batch is one atomic write across trees, and [`Store::commit`] answers
//! when it would survive a power cut, not before. Values are sealed records ([`record`]) in a fixed handful of trees
//! ([`trees`]). Below lies one of two engines: [`SledKv`] on a disk and [`MemoryKv`] for tests and the simulation; a
//! third would have to pass `tests/store`. [`open()`] takes the lock, opens the files, mends what can be mended and
//! says what it did.
//!
//! The journal's older days lie in files beside the store ([`segments`]); [`Store::journal`] reads across both.
//!
//! [`Vault`] keeps secrets that the program was given, in a sealed file beside the store.
//!
//! The engine and the wiring call this room; it knows nothing of what the records mean. In here nothing may ever answer
//! that a write is done before it is on the disk, use a value whose checksum fails, or go on after the disk refused.
//!
//! How sled has to be used, and why, is told at the top of [`sled_kv`].

pub mod care;
pub mod check;
pub mod copy;
pub mod export;
pub mod handle;
pub mod lock;
pub mod memory;
pub mod open;
pub mod record;
pub mod resync;
pub mod segments;
pub mod sled_kv;
pub mod trees;
pub mod vault;

mod chunk;
mod core;
mod day;
mod exporting;
mod files;
mod image;
mod lines;
mod rebuild;
mod worker;

pub use care::{Imported, Inspection, compact, import, inspect};
pub use check::BrokenRow;
pub use copy::copy;
pub use export::ExportError;
pub use exporting::Exporting;
pub use handle::{Page, Store};
pub use lock::{Lock, LockError};
pub use memory::MemoryKv;
pub use open::{OpenError, Opened, Step, is_there, open, open_into};
pub use resync::Resync;
pub use segments::{Filing, Old, Segment, SegmentError, Segments};
pub use sled_kv::SledKv;
pub use vault::{KeySource, Vault};
