//! What benches of the whole program begin with: two pretend systems with many records that the real engine has tied, and
//! the program as a process of its own, measured from outside.
#![allow(dead_code, reason = "each bench uses its part of it")]

pub mod place;
pub mod program;
