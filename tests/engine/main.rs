//! What the engine promises, kept between the real clients and the stand-ins, in virtual time and without a socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod altered;
mod conflicts;
mod crash;
mod first;
mod flow;
mod guard;
mod harness;
mod late;
mod office;
mod overwritten;
mod presence;
mod relations;
mod retention;
mod trouble;
mod twins;
mod undo;
mod unknown;
mod wire;
