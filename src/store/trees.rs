//! The names of the trees. A fixed handful: many trees and dropped trees leak space in sled 0.34 (its issue 1484), so
//! whatever is to be told apart inside a tree is told apart by key prefixes.

/// What each side was last seen to hold, one row a record.
pub const OBSERVATIONS: &str = "observations";
/// Ties with their bases.
pub const TIES: &str = "ties";
/// Ties that ended because a record went away.
pub const TOMBSTONES: &str = "tombstones";
/// What waits for a person.
pub const HOLDS: &str = "holds";
/// Standing marks: `keep` and `ignore`.
pub const MARKS: &str = "marks";
/// Decisions of operators that are not spent yet.
pub const DECISIONS: &str = "decisions";
/// Untied records without a counterpart.
pub const ORPHANS: &str = "orphans";
/// Writes about to be sent, or with an unknown outcome.
pub const INTENTS: &str = "intents";
/// How far each side was read.
pub const CURSORS: &str = "cursors";
/// The recent days of the journal.
pub const JOURNAL: &str = "journal";
/// Facts about the store itself.
pub const META: &str = "meta";
/// Rows that failed their check, moved aside byte for byte. The only tree whose values are not sealed records.
pub const QUARANTINE: &str = "quarantine";

/// Every tree.
pub const ALL: [&str; 12] =
    [OBSERVATIONS, TIES, TOMBSTONES, HOLDS, MARKS, DECISIONS, ORPHANS, INTENTS, CURSORS, JOURNAL, META, QUARANTINE];

/// The tree of this name, as the name everybody else uses.
pub fn named(name: &str) -> Option<&'static str> {
    ALL.into_iter().find(|tree| *tree == name)
}
