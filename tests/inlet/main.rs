//! What comes in by HTTP: real sockets, real signatures, and in the end the whole program between both stand-ins.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "real sockets live in real time")]

mod application;
mod bounds;
mod crossing;
#[path = "../notices/listener.rs"]
mod listener;
mod monitors;
mod office;
mod parsers;
mod portal;
mod proofs;
#[path = "../processes/support/mod.rs"]
mod support;
mod workspace;
