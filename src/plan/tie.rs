//! What becomes of a tie when one of its records goes away.

use crate::mapping::Delete;
use crate::model::{Presence, Side, Why};

/// What is to be done about a tie as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departure {
    /// Both are there: its fields are merged.
    No,
    /// The tie ends with a tombstone; `gone` is `None` when both went away.
    Untie {
        /// The side whose record went away.
        gone: Option<Side>,
    },
    /// The survivor follows into its system's trash.
    Trash {
        /// The survivor's side.
        side: Side,
    },
    /// It waits for a person.
    Hold(Why),
}

/// Decides about a tie by the presence of its records. `edited` tells whether the survivor holds anything that the two
/// never agreed on; deleting against an edit keeps and holds.
pub fn depart(crm: Presence, notion: Presence, edited: bool, policy: Delete) -> Departure {
    let gone = match (crm == Presence::Present, notion == Presence::Present) {
        (true, true) => return Departure::No,
        (false, false) => return Departure::Untie { gone: None },
        (false, true) => Side::Crm,
        (true, false) => Side::Notion,
    };
    if edited {
        return Departure::Hold(Why::DeletedAndEdited { gone });
    }
    let presence = if gone == Side::Crm { crm } else { notion };
    match policy {
        // A page that was moved to another data source was not deleted, so nothing is deleted for it.
        Delete::Propagate if presence != Presence::Moved => Departure::Trash { side: gone.other() },
        _ => Departure::Untie { gone: Some(gone) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_against_edited_is_held_and_against_unchanged_follows_the_policy() {
        let hold = Departure::Hold(Why::DeletedAndEdited { gone: Side::Crm });
        assert_eq!(depart(Presence::Missing, Presence::Present, true, Delete::Propagate), hold);
        assert_eq!(
            depart(Presence::Missing, Presence::Present, false, Delete::Untie),
            Departure::Untie { gone: Some(Side::Crm) }
        );
        assert_eq!(
            depart(Presence::Present, Presence::Trashed, false, Delete::Propagate),
            Departure::Trash { side: Side::Crm }
        );
    }

    #[test]
    fn a_page_moved_away_deletes_nothing() {
        assert_eq!(
            depart(Presence::Present, Presence::Moved, false, Delete::Propagate),
            Departure::Untie { gone: Some(Side::Notion) }
        );
    }
}
