//! The command line: one file a command, and the wiring that puts the parts together.

pub mod demo;
pub mod failure;
pub mod headless;
pub mod wiring;
pub mod world;
