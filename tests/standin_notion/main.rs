//! The promises of the pretend Notion, asked through its one door, `handle`, as a client would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod blocks;
mod door;
mod doors_behind;
mod errors;
mod faults;
mod moving;
mod office;
mod querying;
mod relations;
mod reshaped;
mod schemas;
mod socket;
mod unreliable;
mod webhooks;
mod writing;
