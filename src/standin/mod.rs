//! A pretend Notion and a pretend Bitrix24, so that anyone can try, test and break crosstie offline.
//!
//! Each is one deterministic state machine: the same world, request and time give the same answer. `serve` puts one on
//! a real loopback socket; tests and the simulation call [`StandIn::handle`] directly. The stand-ins must never use a
//! codec of `remote` or a type of `model`: one misreading would hide on both ends.

pub mod bitrix24;
pub mod fault;
mod lag;
pub mod log;
pub mod notion;
pub mod office;
pub mod serve;

use jiff::Timestamp;

use crate::seam::{Request, Response};

/// A pretend remote system.
pub trait StandIn: Send + 'static {
    /// Answers one request at one moment. Paths under `/_admin/` are the back door (no token, no limits): the world,
    /// its log, and edits as a person.
    fn handle(&mut self, request: &Request, now: Timestamp) -> Response;

    /// How it can misbehave.
    fn faults(&self) -> &'static [fault::Fault];

    /// Switches a fault on (`NAME` or `NAME=VALUE`), or off again (`NAME=off`) where it lasts.
    ///
    /// # Errors
    /// What is wrong with the order, in words for whoever gave it; then nothing was switched.
    fn switch(&mut self, order: &str) -> Result<(), String>;

    /// Every change to the world so far, oldest first, by people and by the API.
    fn log(&self) -> &[log::Entry];
}
