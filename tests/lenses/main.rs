//! Translation between the dialects: what is written reads back as what was meant, and nothing foreign is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aside;
mod compile;
mod examples;
mod laws;
mod proposing;
mod renaming;
mod table;
mod world;
