//! The Notion client against the pretend Notion, over a transport in memory and a clock that only sleeping moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bodies;
mod creating;
mod filters;
mod listing;
mod offers;
mod office;
mod reading;
mod schemas;
mod trouble;
mod writing;
