//! In which order the rows of a list come.

use serde::{Deserialize, Serialize};

/// An order of rows. A list that does not know one comes in its own: [`super::Window::order`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The list's own, as [`super::List`] says.
    #[default]
    Own,
    /// What has waited longest first.
    Oldest,
    /// What came last first.
    Newest,
    /// Pair by pair, in the order of the configuration; of each what has waited longest first.
    Pair,
    /// Pair by pair, and of each by the record's title, without case and accents.
    Record,
}

impl Order {
    /// Whether it is the list's own.
    pub fn is_own(&self) -> bool {
        *self == Order::Own
    }

    /// In a word or two, for a heading; empty for a list's own.
    pub fn words(self) -> &'static str {
        match self {
            Order::Own => "",
            Order::Oldest => "oldest first",
            Order::Newest => "newest first",
            Order::Pair => "by pair",
            Order::Record => "by pair and record",
        }
    }
}
