//! The command line as a person or a script uses it: what it prints, where, and with which exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../processes/support/mod.rs"]
mod support;

mod checking;
mod headless;
mod offline;
mod refused;
