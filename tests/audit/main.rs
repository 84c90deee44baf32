//! The auditor's promises: every outcome is given where its rule holds, and not where the rule is broken by a hair.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod claimed;
mod crossing;
mod office;
mod support;
mod twice;
mod values;
