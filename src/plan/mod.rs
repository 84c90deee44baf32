//! Three trees in, operations and holds out.
//!
//! A plan is a pure function of what the two sides were seen to hold, what they last agreed on, policy, and standing
//! decisions and marks. It is derived whenever something it depends on moved and is never stored. `field` merges one
//! field, `tie` a whole record with its presence, `matching` says what untied records are, `body` how a page's
//! body goes on. Nothing in here reads a clock,
//! writes, or remembers; values are in common dialect throughout.

pub mod body;
pub mod field;
pub mod matching;
pub mod tie;

pub use field::{FieldCase, FieldPlan, FieldWrite, Interval, Seen, Settled, merge};
pub use matching::{Facts, Fate, Matching, Untied, match_untied};
pub use tie::{Departure, depart};
