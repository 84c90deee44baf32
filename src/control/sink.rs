//! How somewhere that notices go does.

use serde::{Deserialize, Serialize};

/// Somewhere that notices go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sink {
    /// `slack` or `command`.
    pub name: String,
    /// Notices that it took since start.
    pub sent: u64,
    /// Notices that it did not take.
    pub dropped: u64,
    /// What is wrong with it; empty if nothing is.
    pub trouble: String,
    /// Nothing goes there any more until a person has mended it and starts anew.
    pub off: bool,
}

impl Sink {
    /// How many notices it did not take, to follow what else is said of it; empty if it took all of them.
    pub fn not_taken(&self) -> String {
        if self.dropped > 0 { format!("; {} did not go out", self.dropped) } else { String::new() }
    }
}
