//! crosstie keeps a Notion workspace and a CRM in step, both ways, field by field, and lets an operator decide where the
//! two disagree.
//!
//! The map of the house; ARCHITECTURE.md walks through it, and a test in `tests/house` keeps who may import whom:
//!
//! | room | what lives there |
//! |---|---|
//! | [`model`] | what exists: sides, values, records, ties, holds, intents, decisions, journal events |
//! | [`mapping`] | how a CRM field and a Notion property correspond; canonical forms |
//! | [`plan`] | three trees in, operations and holds out |
//! | [`seam`] | the traits at the edges: network, disk, wall clock, chance |
//! | [`config`] | one TOML file in, a configuration or every problem with its line out |
//! | [`store`] | what we remember, in sled, and its in-memory twin |
//! | [`remote`] | how we talk to each system, how fast, and what is tried again |
//! | [`control`] | what an operator can see and ask, in process and over a Unix socket |
//! | [`engine`] | the loop: observe, plan, write, verify |
//! | [`inlet`] | what comes in by HTTP: webhooks, health, metrics |
//! | [`notices`] | who is told what waits: Slack, a command |
//! | [`tui`] | the dashboard |
//! | [`standin`] | a pretend Notion, a pretend Bitrix24, and the people who work in them |
//! | [`sim`] | the seeded simulation, the auditor that accounts for every edit, and the measurement of our pace |
//! | [`cli`] | the command line, and the wiring |
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod config;
pub mod control;
pub mod engine;
pub mod inlet;
pub mod mapping;
pub mod model;
pub mod notices;
pub mod plan;
pub mod remote;
pub mod seam;
pub mod sim;
pub mod standin;
pub mod store;
pub mod tui;
