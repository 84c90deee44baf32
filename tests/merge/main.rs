//! Laws of the three-way merge and of matching.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fields;
mod matching;
mod trees;
mod world;
