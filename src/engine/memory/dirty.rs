//! Which ties of a pair are to be planned anew.

use std::collections::BTreeSet;

use crate::model::{RecordId, Tie};

use super::kept::Kept;

/// Records whose ties are looked for by what mentions them. Of more than that it is as quick to plan all ties.
const MENTIONED: usize = 16;

/// Ties by CRM record. That all of them are is said in one word. When a tie that others may be related to comes or goes, those are
/// that mention one of its records; they are looked for when they are planned, all at once.
#[derive(Debug, Default)]
pub struct Dirty {
    /// All but `not`.
    all: bool,
    not: BTreeSet<RecordId>,
    /// These in any case.
    some: BTreeSet<RecordId>,
    /// And those that mention one of these records, of whichever side.
    mentioned: BTreeSet<RecordId>,
}

impl Dirty {
    /// One is.
    pub fn insert(&mut self, id: RecordId) {
        self.not.remove(&id);
        self.some.insert(id);
    }

    /// One is not.
    pub fn remove(&mut self, id: &RecordId) {
        self.some.remove(id);
        if self.all {
            self.not.insert(id.clone());
        }
    }

    /// All of them are.
    pub fn insert_all(&mut self) {
        self.all = true;
        self.not.clear();
        self.mentioned.clear();
    }

    /// Those are that mention one of these records; all of them if that were too many to look for.
    pub fn insert_mentioning(&mut self, records: impl IntoIterator<Item = RecordId>) {
        if self.all && self.not.is_empty() {
            return;
        }
        self.mentioned.extend(records);
        if self.mentioned.len() > MENTIONED {
            self.insert_all();
        }
    }

    /// Whether ties are still to be looked for.
    pub fn is_mentioning(&self) -> bool {
        !self.mentioned.is_empty()
    }

    /// Gives the records whose ties are still to be looked for; they are no more.
    pub(in crate::engine) fn take_mentioned(&mut self) -> BTreeSet<RecordId> {
        std::mem::take(&mut self.mentioned)
    }

    /// Gives them in order, and none is any more; those that were to be looked for were found before.
    pub(super) fn take(&mut self, ties: &Kept<Tie>) -> Vec<RecordId> {
        let Self { all, not, mut some, mentioned } = std::mem::take(self);
        debug_assert!(mentioned.is_empty(), "ties that mention {mentioned:?} were not looked for");
        if !all {
            return some.into_iter().collect();
        }
        let mut ids = Vec::with_capacity(ties.len() + some.len());
        // Both are in order.
        for id in ties.keys() {
            while some.first().is_some_and(|first| first < id) {
                ids.extend(some.pop_first());
            }
            if some.first() == Some(id) {
                some.pop_first();
            } else if not.contains(id) {
                continue;
            }
            ids.push(id.clone());
        }
        ids.extend(some);
        ids
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::model::packed::pack;

    fn ties(ids: &BTreeSet<u8>) -> Kept<Tie> {
        let mut ties = Kept::default();
        for id in ids {
            let (crm, since) = (RecordId(id.to_string()), Timestamp::UNIX_EPOCH);
            let tie = Tie { pair: "p".into(), crm: crm.clone(), notion: "n".into(), base: BTreeMap::new(), since };
            let short = pack(&tie);
            ties.insert(crm, tie, &short);
        }
        ties
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_a_set_of_all_names_would_hold_and_at_most_those_that_are_mentioned_too(
            tied in proptest::collection::btree_set(0..20_u8, 0..12),
            said in proptest::collection::vec((0..4_u8, 0..20_u8), 0..20),
        ) {
            let ties = ties(&tied);
            let (mut dirty, mut names, mut mentioned) = (Dirty::default(), BTreeSet::new(), BTreeSet::new());
            for (what, id) in said {
                let id = RecordId(id.to_string());
                match what {
                    0 => {
                        dirty.insert(id.clone());
                        names.insert(id);
                    }
                    1 => {
                        dirty.remove(&id);
                        names.remove(&id);
                    }
                    2 => {
                        dirty.insert_all();
                        names.extend(ties.keys().cloned());
                    }
                    _ => {
                        dirty.insert_mentioning([id.clone()]);
                        names.extend(ties.id(&id).cloned());
                        mentioned.insert(id);
                    }
                }
            }
            // Each tie here mentions the record of its own name and no other.
            let found: Vec<RecordId> = dirty.take_mentioned().iter().filter_map(|id| ties.id(id).cloned()).collect();
            found.into_iter().for_each(|id| dirty.insert(id));
            let is_few = mentioned.len() <= MENTIONED;
            let taken = dirty.take(&ties);
            prop_assert!(taken.is_sorted());
            prop_assert!(names.iter().all(|id| taken.contains(id)), "{names:?} of {taken:?}");
            prop_assert!(!is_few || taken.iter().all(|id| names.contains(id) || mentioned.contains(id)), "{taken:?}");
            prop_assert!(dirty.take(&ties).is_empty());
        }
    }
}
