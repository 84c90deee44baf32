//! What is to be planned anew because something else has changed.

use crate::model::{Hold, HoldId, Mark, MarkKind, PairName, RecordId, RecordRef, Side, Why};

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
    pub(super) fn touch_mentioning(&mut self, name: &PairName, records: impl IntoIterator<Item = RecordId> + Clone) {
        self.related_to(name).for_each(|pair| pair.dirty.insert_mentioning(records.clone()));
    }

    fn related_to<'m>(&'m mut self, name: &'m PairName) -> impl Iterator<Item = &'m mut PairMemory> {
        let is_related =
            move |pair: &&mut PairMemory| pair.spec.fields.iter().any(|it| it.relation.as_ref() == Some(name));
        self.pairs.values_mut().filter(is_related)
    }

    /// A record, and the other ends of its tie and of those that have ended.
    pub(super) fn counterparts(&self, at: &RecordRef) -> Vec<RecordId> {
        let Some(pair) = self.pairs.get(&at.pair) else { return Vec::new() };
        let now = match at.side {
            Side::Crm => pair.ties.page_of(&at.id),
            Side::Notion => pair.crm_of_page.get(&at.id).cloned(),
        };
        let before = pair.tombstones.keys().filter_map(|(crm, page)| match at.side {
            Side::Crm => (*crm == at.id).then_some(page),
            Side::Notion => (*page == at.id).then_some(crm),
        });
        [at.id.clone()].into_iter().chain(now).chain(before.cloned()).collect()
    }

    /// Gives the ties of a pair that are to be planned anew, in order; none is any more.
    pub(in crate::engine) fn take_dirty(&mut self, name: &PairName) -> Vec<RecordId> {
        let named = self.named_elsewhere(name);
        let Some(pair) = self.pairs.get_mut(name) else { return Vec::new() };
        named.into_iter().for_each(|crm| pair.dirty.insert(crm));
        pair.take_dirty()
    }

    /// While ties are to be looked for by what mentions a record, those for which something else may name it than their readings and
    /// what was agreed on: what an operator decided or undid and was not written yet, and what is held for what it is related to.
    fn named_elsewhere(&self, name: &PairName) -> Vec<RecordId> {
        if !self.pairs.get(name).is_some_and(|pair| pair.dirty.is_mentioning()) {
            return Vec::new();
        }
        let waits = |hold: &&Hold| matches!(hold.why, Why::Unmappable { .. } | Why::Unreadable { .. });
        let undone = |mark: &&Mark| matches!(mark.kind, MarkKind::Undone { .. });
        let held = self.holds.values().filter(waits).map(|hold| &hold.id);
        let decided = self.decisions.values().filter_map(|decision| decision.hold.as_ref());
        let undone = self.marks.values().filter(undone).map(|mark| &mark.id);
        let all = held.chain(decided).chain(undone).filter(|id| id.pair == *name);
        all.filter_map(|id| id.crm.clone()).collect()
    }
}
