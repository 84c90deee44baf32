//! Notices: what is told and what not, and how it goes out to a real listener and a real process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "real sockets and processes live in real time")]

mod desk;
mod listener;
mod sinks;
mod troubled;
mod watching;
