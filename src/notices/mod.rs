//! Tells people elsewhere what waits for them: a message in Slack, a command of the operator's own.
//!
//! [`Watcher`] derives notices from snapshots and lists, as a dashboard does: what stands now and was not told yet. It is
//! pure; `memory` keeps what was told over restarts, so that nothing is told twice. `slack` and `command` carry notices
//! out, each at its own pace and from a bounded queue of its own (`mail`); [`spawn`] puts them together.
//!
//! Only the wiring calls this room, and it reaches the engine through its Desk alone. What must never happen here: the
//! engine waiting for somebody's Slack; a value of a record, or a secret, in a notice; a text from outside that Slack takes
//! for its own marks; the same thing told again and again.

mod command;
mod mail;
mod memory;
mod notice;
mod service;
mod slack;
mod watch;

pub use command::Hook;
pub use memory::Memory;
pub use notice::{Notice, Topic};
pub use service::{Running, Settings, spawn};
pub use slack::{Slack, Verdict, escaped, verdict};
pub use watch::{Seen, Watcher};
