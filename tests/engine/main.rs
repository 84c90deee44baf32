//! What the engine promises, kept between the real clients and the stand-ins, in virtual time and without a socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod absence;
mod canary;
mod conflicts;
mod crash;
mod first;
mod flow;
mod guards;
mod harness;
mod merging;
mod office;
mod presence;
mod quarantine;
mod relations;
mod renaming;
mod trouble;
mod twins;
mod unknown;
mod wire;
