//! How a CRM field and a Notion property correspond, and the canonical forms in which they are compared.
//!
//! Pure: no clock, no network, no disk. `spec` is what the operator wrote; `compile` checks it against both schemas;
//! `convert` translates values between a side's native dialect and the common one. Everybody who compares values
//! compares what comes out of here, and nobody else translates.

pub mod spec;

pub use spec::{Create, Delete, Direction, FieldSpec, PairSpec, Policy};
