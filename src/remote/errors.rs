//! What a system's errors mean for whoever runs the sync: the shape of the table that each system keeps beside its dialect.
//!
//! The dialect itself asks the table what an error is and what an operator can do about it, so that what the journal, a hold and
//! `check` say is what the table says. `crosstie support` prints it.

use super::RemoteErrorKind;

/// What we take an error for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A definite no.
    Failed(RemoteErrorKind),
    /// Too fast: the whole connection waits, and the request goes again.
    TooFast,
    /// One method's operating time is used up: it waits, and the request goes again.
    MethodSpent,
    /// The system has shut us out by hand: the whole connection waits long, and only a person can end that sooner.
    Blocked,
    /// Their trouble: a read goes again, a write is probed.
    Transient,
    /// Done, whatever else went wrong.
    Done,
}

impl Class {
    /// What crosstie does, in words.
    pub fn then(self) -> &'static str {
        use RemoteErrorKind::{
            Forbidden, Invalid, Malformed, NotFound, Overtaken, Throttled, Unauthorized, Unavailable,
        };
        match self {
            Class::Failed(Unauthorized) => "nothing is written until a read succeeds again; it keeps asking",
            Class::Failed(Forbidden) => "what it is about is held with this reason; the rest goes on",
            Class::Failed(NotFound) => "a second read decides; many at once stop the pair and ask",
            Class::Failed(Invalid) => "what it is about is held with this reason, and not sent again until it changes",
            Class::Failed(Overtaken) => "surely not done: the record is read and planned anew",
            Class::Failed(Throttled | Unavailable | Malformed) => "it is tried again later",
            Class::TooFast => "the connection waits as long as told, and it goes again",
            Class::MethodSpent => "this method waits for its next minutes, the others go on",
            Class::Blocked => "the connection pauses for a quarter of an hour each time",
            Class::Transient => "a read goes again; a write is looked for, never repeated blindly",
            Class::Done => "what was saved is read; nothing is sent again",
        }
    }
}

/// One error of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorRow {
    /// The HTTP statuses it comes with, for people.
    pub status: &'static str,
    /// The system's own code; after a comma which case of it.
    pub code: &'static str,
    /// What it means.
    pub means: &'static str,
    /// What we take it for.
    pub class: Class,
    /// What an operator does about it; empty where nothing is to be done.
    pub mend: &'static str,
}

/// A message with what an operator does about it.
pub fn advised(message: &str, row: Option<&ErrorRow>) -> String {
    match row.map_or("", |row| row.mend) {
        "" => message.to_owned(),
        mend => format!("{}; {mend}", message.trim_end_matches('.')),
    }
}
