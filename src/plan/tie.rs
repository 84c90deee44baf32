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
    /// A record of it is out of the pair's filter: the tie stays as it is, and nothing is done, until that is back.
    Rest,
    /// It waits for a person.
    Hold(Why),
}

/// Decides about a tie by the presence of its records. `edited` tells whether the survivor holds anything that the two
/// never agreed on; deleting against an edit keeps and holds.
/// `vanishes` tells, for the CRM and for Notion, whether a deleted record is missing there; where deleted records stay
/// readable in a trash, a missing one only says that access was lost.
pub fn depart(crm: Presence, notion: Presence, edited: bool, policy: Delete, vanishes: (bool, bool)) -> Departure {
    let stays = |presence: Presence| matches!(presence, Presence::Present | Presence::Outside);
    match (stays(crm), stays(notion)) {
        (true, true) if crm != notion || crm == Presence::Outside => return Departure::Rest,
        // Whatever is out of the filter follows nobody into the trash.
        (false, true) if notion == Presence::Outside => return Departure::Untie { gone: Some(Side::Crm) },
        (true, false) if crm == Presence::Outside => return Departure::Untie { gone: Some(Side::Notion) },
        _ => {}
    }
    let gone = match (crm == Presence::Present, notion == Presence::Present) {
        (true, true) => return Departure::No,
        (false, false) => return Departure::Untie { gone: None },
        (false, true) => Side::Crm,
        (true, false) => Side::Notion,
    };
    if edited {
        return Departure::Hold(Why::DeletedAndEdited { gone });
    }
    let (presence, vanishes) = if gone == Side::Crm { (crm, vanishes.0) } else { (notion, vanishes.1) };
    let deleted = match presence {
        Presence::Trashed => true,
        Presence::Missing => vanishes,
        Presence::Present | Presence::Moved | Presence::Outside => false,
    };
    match policy {
        Delete::Propagate if deleted => Departure::Trash { side: gone.other() },
        _ => Departure::Untie { gone: Some(gone) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: (bool, bool) = (true, true);

    #[test]
    fn deleted_against_edited_is_held_and_against_unchanged_follows_the_policy() {
        let hold = Departure::Hold(Why::DeletedAndEdited { gone: Side::Crm });
        assert_eq!(depart(Presence::Missing, Presence::Present, true, Delete::Propagate, BOTH), hold);
        assert_eq!(
            depart(Presence::Missing, Presence::Present, false, Delete::Untie, BOTH),
            Departure::Untie { gone: Some(Side::Crm) }
        );
        assert_eq!(
            depart(Presence::Present, Presence::Trashed, false, Delete::Propagate, BOTH),
            Departure::Trash { side: Side::Crm }
        );
    }

    #[test]
    fn a_page_moved_away_deletes_nothing() {
        assert_eq!(
            depart(Presence::Present, Presence::Moved, false, Delete::Propagate, BOTH),
            Departure::Untie { gone: Some(Side::Notion) }
        );
    }

    #[test]
    fn a_record_out_of_the_filter_ends_nothing_and_follows_nobody() {
        use Presence::{Missing, Outside, Present, Trashed};
        for (crm, notion) in [(Outside, Present), (Present, Outside), (Outside, Outside)] {
            assert_eq!(depart(crm, notion, true, Delete::Propagate, BOTH), Departure::Rest);
        }
        let untied = |gone| Departure::Untie { gone: Some(gone) };
        assert_eq!(depart(Missing, Outside, false, Delete::Propagate, BOTH), untied(Side::Crm));
        assert_eq!(depart(Outside, Trashed, false, Delete::Propagate, BOTH), untied(Side::Notion));
    }

    #[test]
    fn access_lost_is_not_a_deletion() {
        assert_eq!(
            depart(Presence::Present, Presence::Missing, false, Delete::Propagate, (true, false)),
            Departure::Untie { gone: Some(Side::Notion) }
        );
    }
}
