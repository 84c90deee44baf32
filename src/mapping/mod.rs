//! How a CRM field and a Notion property correspond, and the canonical forms in which they are compared.
//!
//! Pure: no clock, no network, no disk. `spec` is what the operator wrote; `compile` checks it against both schemas and
//! makes a [`PairMap`]; a [`FieldMap`] translates values between a side's native dialect and the common one, and says
//! when two of them are the same. `fit` is the table of which kinds go together and what is lost where.
//! `template` turns Markdown into the blocks of a page, and `propose` finds what could correspond.
//!
//! Planning, remotes, the engine and the configuration call this room. Everybody who compares values compares what
//! comes out of here, and nobody else translates. What must never happen here: a value guessed. Whatever has no form on
//! the other side is [`Unmapped`], with how to mend it; elements without a counterpart are carried, never dropped.

mod choices;
mod compile;
mod convert;
mod days;
mod field;
pub mod fit;
mod limits;
mod links;
pub mod near;
mod parse;
mod people;
pub mod propose;
pub mod remembered;
pub mod spec;
pub mod template;

pub use compile::{Aside, PairMap, Problem};
pub use field::FieldMap;
pub use remembered::{Remembered, Renamed};
pub use spec::{Create, Delete, Direction, FieldSpec, Filters, PairSpec, Policy};
pub use template::Template;

use crate::model::{PairName, Side};

/// What translation must look up: people by e-mail, related records by tie.
pub trait Lookup {
    /// The e-mail address of a side's user, in lower case; `None` if the user is unknown or has none we may see.
    fn email_of(&self, side: Side, user: &str) -> Option<String>;
    /// The side's user with this lower-case e-mail address.
    fn user_of(&self, side: Side, email: &str) -> Option<String>;
    /// The CRM id of the tie that a side's record belongs to; `None` if it is untied.
    fn crm_of(&self, pair: &PairName, side: Side, record: &str) -> Option<String>;
    /// The side's record of the tie with this CRM id; `None` if there is no such tie.
    fn record_of(&self, pair: &PairName, side: Side, crm: &str) -> Option<String>;
}

/// A value that has no form on the other side. The reason says what is missing and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unmapped {
    /// What is missing and how to mend it, in one or two sentences.
    pub reason: String,
}

impl Unmapped {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}
