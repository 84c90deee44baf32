//! What a system's types can hold and what becomes of it: the shape of the table that each system keeps beside its codec.
//!
//! The codec itself asks the table which kinds a type has, whether it can be written and emptied, and how much fits, so
//! that the table cannot say anything else. `crosstie support` prints it.

use std::fmt;

use crate::model::Kind;

/// One type of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeRow {
    /// The system's own name of the type, and after a colon which of its fields or forms: `crm_status: STAGE_ID`.
    pub native: &'static str,
    /// What is read, in words; why not, for a type that is not.
    pub reads: &'static str,
    /// The canonical kinds that it can hold, best first; none for a type that is not read.
    pub kinds: &'static [Kind],
    /// What is sent; `None` for a type that we do not write.
    pub writes: Option<&'static str>,
    /// What is sent to empty it; `None` where it cannot be emptied.
    pub clears: Option<&'static str>,
    /// What is refused before a request leaves.
    pub limits: &'static [Limit],
    /// What is lost.
    pub fidelity: Fidelity,
}

impl TypeRow {
    /// Whether we write it.
    pub fn is_writable(&self) -> bool {
        self.writes.is_some()
    }
}

/// What becomes of a value on its way in and out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// What is written is read back the same.
    Lossless,
    /// Something is lost, and what.
    Lossy(&'static str),
    /// It is read and never written, and why.
    ReadOnly(&'static str),
    /// It is neither read nor written, and why.
    Unsupported(&'static str),
}

impl Fidelity {
    /// `lossless`, `lossy`, `read-only` or `not supported`.
    pub fn word(self) -> &'static str {
        match self {
            Fidelity::Lossless => "lossless",
            Fidelity::Lossy(_) => "lossy",
            Fidelity::ReadOnly(_) => "read-only",
            Fidelity::Unsupported(_) => "not supported",
        }
    }

    /// What is lost, or why it cannot be written or read; empty for what is lossless.
    pub fn why(self) -> &'static str {
        match self {
            Fidelity::Lossless => "",
            Fidelity::Lossy(why) | Fidelity::ReadOnly(why) | Fidelity::Unsupported(why) => why,
        }
    }
}

impl fmt::Display for Fidelity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why() {
            "" => f.write_str(self.word()),
            why => write!(f, "{}: {why}", self.word()),
        }
    }
}

/// How much of something fits. A value beyond it is refused with the reason and never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Text in at most so many runs of so many UTF-16 units each; a character is never broken between two.
    Runs(usize, usize),
    /// UTF-16 units of a text.
    Units(usize),
    /// Elements of a list.
    Elements(usize),
    /// UTF-16 units of an option's name, which has no comma.
    OptionUnits(usize),
    /// Significant digits: what a double holds.
    Double,
    /// Whole numbers only.
    Whole,
    /// Years 0 to 9999.
    Years,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Runs(runs, units) => write!(f, "{} characters ({runs} runs of {units})", runs * units),
            Limit::Units(units) => write!(f, "{units} characters"),
            Limit::Elements(count) => write!(f, "{count} elements a write"),
            Limit::OptionUnits(units) => write!(f, "{units} characters an option, no commas"),
            Limit::Double => f.write_str("about 15 digits"),
            Limit::Whole => f.write_str("whole numbers"),
            Limit::Years => f.write_str("years 0 to 9999"),
        }
    }
}
