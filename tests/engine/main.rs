//! What the engine promises, kept between the real clients and the stand-ins, in virtual time and without a socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod absence;
mod agreed;
mod altered;
mod bodies;
mod canary;
mod conflicts;
mod crash;
mod deliveries;
mod fighting;
mod filters;
mod first;
mod flow;
mod guards;
mod harness;
mod lagging;
mod late;
mod merging;
mod moving;
mod office;
mod operator;
mod overwritten;
mod presence;
mod quarantine;
mod relations;
mod renaming;
mod reshaped;
mod retention;
mod tasks;
mod trouble;
mod twins;
mod undo;
mod unknown;
mod unshared;
mod wire;
