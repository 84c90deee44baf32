//! What the dashboard promises, over a fake engine: decisions, pages, hostile text, the loop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "the frames' writer is a real thread, whose time cannot be paused")]

mod afterwards;
mod ahead;
mod asking;
mod bulk;
mod decisions;
mod fixture;
mod frames;
mod golden;
mod hostile;
mod large;
mod linker;
mod looks;
mod looping;
mod orders;
mod pages;
mod random;
mod scenes;
mod staging;
mod words;
