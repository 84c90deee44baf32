//! What the engine promises, kept between the real clients and the stand-ins, in virtual time and without a socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod conflicts;
mod crash;
mod first;
mod flow;
mod guards;
mod harness;
mod office;
mod presence;
mod relations;
mod trouble;
mod twins;
mod unknown;
mod wire;
