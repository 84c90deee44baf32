//! What is to be planned anew because something else has changed.

use crate::model::{HoldId, PairName, RecordId, RecordRef, Side};

use super::{Memory, PairMemory};

impl Memory {
    /// What depends on a record is to be planned anew: its tie, or the matching.
    pub fn touch(&mut self, at: &RecordRef) {
        let Some(pair) = self.pairs.get_mut(&at.pair) else { return };
        match pair.tied_crm(at.side, &at.id).cloned() {
            Some(crm) => {
                pair.dirty.insert(crm);
            }
            None => pair.rematch = true,
        }
    }

    /// What is held, or marked, has changed.
    pub(super) fn touch_hold(&mut self, id: &HoldId) {
        if let (Some(pair), Some(crm)) = (self.pairs.get_mut(&id.pair), &id.crm) {
            pair.dirty.insert(crm.clone());
            pair.rematch = true;
        }
    }

    /// Whether a pair's records can be believed has changed: what is related to any of them means something else now.
    pub(in crate::engine) fn touch_related(&mut self, name: &PairName) {
        self.related_to(name).for_each(|pair| pair.dirty.insert_all());
    }

    /// A tie of these records came or went, or one of them did: what is related to them means something else now.
    pub(super) fn touch_mentioning(&mut self, name: &PairName, records: [Option<RecordId>; 2]) {
        let records: Vec<RecordId> = records.into_iter().flatten().collect();
        self.related_to(name).for_each(|pair| pair.dirty.insert_mentioning(records.iter().cloned()));
    }

    fn related_to<'m>(&'m mut self, name: &'m PairName) -> impl Iterator<Item = &'m mut PairMemory> {
        let is_related =
            move |pair: &&mut PairMemory| pair.spec.fields.iter().any(|it| it.relation.as_ref() == Some(name));
        self.pairs.values_mut().filter(is_related)
    }

    /// The other end of a record's tie.
    pub(super) fn counterpart(&self, at: &RecordRef) -> Option<RecordId> {
        let pair = self.pairs.get(&at.pair)?;
        match at.side {
            Side::Crm => pair.ties.page_of(&at.id),
            Side::Notion => pair.crm_of_page.get(&at.id).cloned(),
        }
    }
}
