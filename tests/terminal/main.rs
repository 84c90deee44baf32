//! The real program in a real pseudo-terminal: what an operator sees, what their keys do to both systems, and what is
//! left of their terminal afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "what is waited for is another process: its time cannot be paused")]

mod daemon;
mod ends;
mod given_back;
#[path = "../notices/listener.rs"]
mod listener;
mod pages;
mod pieces;
mod screen;
mod stalled;
mod stops;
mod typing;
mod worlds;
