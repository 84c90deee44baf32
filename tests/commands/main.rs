//! The command line as a person or a script uses it: what it prints, where, and with which exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]

#[path = "../processes/support/mod.rs"]
mod support;

mod authorizing;
mod checking;
mod headless;
mod offline;
mod refused;
mod secrets;
mod simulating;
mod standins;
mod support_table;
