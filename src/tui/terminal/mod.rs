//! The terminal itself: its modes, its signals, what it sends and what it is sent. Only `run` comes here.
//!
//! What must never happen here: a question to the terminal (the answer may be seconds away, or never come), a write
//! that is not a whole frame, a way out that leaves a mode behind.

pub mod arrivals;
pub mod input;
pub mod session;
mod slim;
pub mod watch;
pub mod writer;
