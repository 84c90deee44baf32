//! What the Bitrix24 client promises, against the pretend portal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod filters;
mod leads;
mod links;
mod lists;
mod offers;
mod online;
mod outcomes;
mod portal;
mod queue;
mod socket;
mod support;
mod tasks;
mod writes;
