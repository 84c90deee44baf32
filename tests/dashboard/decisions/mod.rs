//! What is told to the engine, and what must happen before.

mod asked;
mod edges;
mod holds;
mod orphans;
mod questions;

use crosstie::model::Shown;

/// The digests of two values of the fake engine.
fn shown(crm: &str, notion: &str) -> Shown {
    Shown { crm: format!("digest of {crm}"), notion: format!("digest of {notion}") }
}
