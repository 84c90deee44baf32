//! The dashboard. It sees the engine through [`crate::control::Desk`] alone and cannot tell an engine in this process
//! from a daemon behind a socket.
//!
//! | room | what lives there |
//! |---|---|
//! | `action` | the registry of everything an operator can do |
//! | `keymap` | which key does what |
//! | `model` | everything the dashboard knows; where text of strangers is sanitised |
//! | `update` | `update(&mut Model, Msg) -> Vec<Effect>`: pure, and the only writer of the model |
//! | `signs` | what the signs of the lists mean: for the pages and the help |
//! | `pages`, `popup`, `widgets`, `view` | draw a model into a buffer and nothing else |
//! | `terminal` | modes, signals, torn escape sequences, one write a frame |
//! | `run`, `again` | the loop that joins them; how the engine is found again |
//!
//! What must never happen here: a decision that was not on screen as a question, a decision by row number, text of a
//! record that reaches the terminal as it is, a clock read below `run`.

pub mod action;
mod again;
pub mod keymap;
pub mod layout;
pub mod model;
pub mod pages;
pub mod popup;
pub mod run;
mod signs;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;

pub use again::Again;
pub use keymap::{Keymap, KeymapError, listing, markdown};
pub use run::{Exit, Options, TuiError, run};
