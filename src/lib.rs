//! crosstie keeps a Notion workspace and a CRM in step, both ways, field by field.
pub mod cli;
pub mod config;
pub mod control;
pub mod engine;
pub mod mapping;
pub mod model;
pub mod plan;
pub mod remote;
pub mod seam;
pub mod sim;
pub mod standin;
pub mod store;
pub mod tui;
