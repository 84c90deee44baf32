//! Fields that were decided here, by the commit they left with, until each of them has come to an end.

use std::collections::BTreeSet;

use crate::control::JournalRow;
use crate::model::{Happening, HoldId};

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Awaited {
    /// How many fields it was about.
    pub of: usize,
    /// Those that have come to no end yet.
    pub left: BTreeSet<HoldId>,
    /// How many were written.
    pub written: usize,
    /// How many needed no write: both sides had come to agree.
    pub agreed: usize,
    /// How many a side refused.
    pub refused: usize,
    /// How many were held again, or lapsed because somebody touched them.
    pub held: usize,
}

/// A message of this kind takes the place of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Topic {
    /// Of no kind: each stands for itself.
    #[default]
    Other,
    /// What a key did, or why it did nothing.
    Key,
    /// What the engine said to a command, and what it has written since.
    Reply,
}

impl Awaited {
    /// A commit of these.
    pub fn new(left: BTreeSet<HoldId>) -> Self {
        Self { of: left.len(), left, ..Self::default() }
    }

    /// Takes a line of the journal in; tells whether a field of this commit has come to its end with it.
    pub fn take(&mut self, row: &JournalRow) -> bool {
        use Happening as H;
        let count = match row.event.what {
            H::Wrote => &mut self.written,
            H::Agreed => &mut self.agreed,
            H::Refused | H::Quarantined => &mut self.refused,
            H::Held | H::Lapsed => &mut self.held,
            _ => return false,
        };
        let ended = hold_of(row).is_some_and(|id| self.left.remove(&id));
        *count += usize::from(ended);
        ended
    }

    /// What became of all of it, in one line.
    pub fn tally(&self) -> String {
        let mut out = format!("written: {} of {} fields", self.written, self.of);
        if self.agreed > 0 {
            out.push_str(&format!("; {} agreed already", self.agreed));
        }
        let back: Vec<String> = [(self.refused, "refused"), (self.held, "held again")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if back.is_empty() {
            out.push_str("; u in the journal takes them back");
        } else {
            out.push_str(&format!("; {} (see Conflicts)", back.join(", ")));
        }
        out
    }

    /// Whether something of it waits for the operator again.
    pub fn is_back(&self) -> bool {
        self.refused + self.held > 0
    }
}

fn hold_of(row: &JournalRow) -> Option<HoldId> {
    let event = &row.event;
    Some(HoldId { pair: event.pair.clone()?, crm: Some(event.crm.clone()?), field: Some(event.field.clone()?) })
}
