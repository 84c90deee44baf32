//! What the pretend Bitrix24 promises to be like.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod batch;
mod calls;
mod faults;
mod items;
mod legacy;
mod limits;
mod lists;
mod oauth;
mod office;
mod offline;
mod people;
mod robots;
mod support;
mod tasks;
mod wire;
