//! The Notion codec against recorded traffic of the real API: all of it decodes, every property becomes a value or an
//! explained unknown, and what we would write has a shape that the API accepted.
//!
//! The folder of recordings is named by `CROSSTIE_RECORDED`, the folder of Notion's OpenAPI files by
//! `CROSSTIE_OPENAPI`. Without the first one each test says that it is skipped, and checks nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod decoding;
mod encoding;
mod openapi;
mod recordings;
mod requests;
mod schemas;
mod served;
mod shape;
mod wire;
