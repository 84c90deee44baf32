//! The seeded simulation and its judge.
//!
//! `audit` says for every edit of a person what became of it; `pace` measures how fast work gets done within a budget.
//! Tests, the demo and the simulation may use this room; nothing that ships to an operator may depend on it. The auditor
//! must never ask the engine what is true: it reads the worlds' own logs, and takes of the engine only the claims that
//! the first rule of the design names, each checked.

pub mod audit;
pub mod pace;
