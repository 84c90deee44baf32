//! The real binary as a person starts it: processes with a home of their own, pretend systems with their back doors,
//! and configurations written from what those print. Nothing here outlives the test, however it ends.
#![allow(dead_code, reason = "three test programs share this, and none uses all of it")]

pub mod configuration;
pub mod program;
pub mod worlds;
