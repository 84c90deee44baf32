//! The real program as processes: a daemon between two pretend systems, killed, ended and asked from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]

mod agreement;
mod begun;
mod cared;
mod daemon;
mod damaged;
mod killed;
#[path = "../notices/listener.rs"]
mod listener;
mod logged;
mod managed;
mod notified;
mod planned;
mod remembered;
mod scripts;
mod shapes;
mod support;
mod together;
