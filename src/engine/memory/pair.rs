//! What is remembered of one pair, and how it is asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::control::{PairState, Sides};
use crate::mapping::{PairMap, PairSpec, Remembered};
use crate::model::packed::Finder;
use crate::model::{Entity, Observation, Orphan, RecordId, Side, Tie, Tombstone};

use super::Cursor;
use super::dirty::Dirty;
use super::kept::Kept;
use super::titles::Titles;

/// What is remembered of one pair.
pub struct PairMemory {
    /// As the operator wrote it.
    pub spec: PairSpec,
    /// Compiled against both schemas; `None` until they were read.
    pub map: Option<PairMap>,
    /// What both schemas looked like when they were last read.
    pub schemas: Remembered,
    /// What to read and write on each side.
    pub entity: Sides<Entity>,
    /// The last reading of every record.
    pub observations: Sides<Kept<Observation>>,
    /// Ties by CRM record.
    pub ties: Kept<Tie>,
    /// CRM record by tied page.
    pub crm_of_page: BTreeMap<RecordId, RecordId>,
    /// Ended ties.
    pub tombstones: BTreeMap<(RecordId, RecordId), Tombstone>,
    /// Untied records that wait for a person.
    pub orphans: BTreeMap<(Side, RecordId), Orphan>,
    /// How far each side was read.
    pub cursors: Sides<Cursor>,
    /// Ties whose plan is to be derived anew.
    pub dirty: Dirty,
    /// Whether the untied records are to be matched anew.
    pub rematch: bool,
    /// What the first matching would do, while it waits for an approval.
    pub review: Option<PairState>,
    /// What its ties are found by.
    pub titles: Titles,
}

impl PairMemory {
    /// The tie of a record of one side.
    pub fn tie_of(&self, side: Side, id: &RecordId) -> Option<&Tie> {
        match side {
            Side::Crm => self.ties.get(id),
            Side::Notion => self.crm_of_page.get(id).and_then(|crm| self.ties.get(crm)),
        }
    }

    /// Whether a record of one side is tied.
    pub fn is_tied(&self, side: Side, id: &RecordId) -> bool {
        match side {
            Side::Crm => self.ties.contains_key(id),
            Side::Notion => self.crm_of_page.contains_key(id),
        }
    }

    /// The CRM record of the tie of a record of one side.
    pub fn tied_crm(&self, side: Side, id: &RecordId) -> Option<&RecordId> {
        match side {
            Side::Crm => self.ties.id(id),
            Side::Notion => self.crm_of_page.get(id),
        }
    }

    /// The records of one side that are not tied.
    pub fn untied(&self, side: Side) -> impl Iterator<Item = &RecordId> {
        let (crm, notion) = match side {
            Side::Crm => (Some(self.ties.keys()), None),
            Side::Notion => (None, Some(self.crm_of_page.keys())),
        };
        // Both are in order, so nothing has to be looked for.
        let mut tied = crm.into_iter().flatten().chain(notion.into_iter().flatten()).peekable();
        self.observations.get(side).keys().filter(move |id| {
            while tied.next_if(|it| it < id).is_some() {}
            tied.peek() != Some(id)
        })
    }

    /// The records of one side that are tied, in the order of their ties.
    pub fn tied(&self, side: Side) -> impl Iterator<Item = RecordId> {
        self.ties.keys().filter_map(move |crm| match side {
            Side::Crm => Some(crm.clone()),
            Side::Notion => self.ties.page_of(crm),
        })
    }

    /// Gives the ties that are to be planned anew, in order; none is any more.
    pub(super) fn take_dirty(&mut self) -> Vec<RecordId> {
        let mentioned = self.dirty.take_mentioned();
        for crm in self.ties_mentioning(&mentioned) {
            self.dirty.insert(crm);
        }
        self.dirty.take(&self.ties)
    }

    /// The ties of which something mentions one of these records: the last reading of either end, or what was agreed on.
    fn ties_mentioning(&self, records: &BTreeSet<RecordId>) -> BTreeSet<RecordId> {
        let finders: Vec<Finder> = records.iter().map(|id| Finder::new(id.as_str())).collect();
        if finders.is_empty() {
            return BTreeSet::new();
        }
        let crm = self.observations.crm.mentioning(&finders).filter(|crm| self.ties.contains_key(*crm));
        let notion = self.observations.notion.mentioning(&finders).filter_map(|page| self.crm_of_page.get(page));
        crm.chain(notion).chain(self.ties.mentioning(&finders)).cloned().collect()
    }

    /// The last reading of a record.
    pub fn observation(&self, side: Side, id: &RecordId) -> Option<&Observation> {
        self.observations.get(side).get(id)
    }
}
