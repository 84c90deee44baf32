//! What the dashboard promises, over a fake engine: decisions, pages, hostile text, the loop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod decisions;
mod fixture;
mod hostile;
mod looping;
mod pages;
mod random;
mod staging;
