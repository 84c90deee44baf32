//! Our markers on pages that this store knows nothing of: a second host keeps the same pages in step, or the store was lost.

use std::collections::BTreeMap;

use crate::model::{MarkKind, PairName, RecordId, Side, TieId};
use crate::plan::Facts;

use super::super::memory::PairMemory;
use super::super::untied::source_key;
use super::{Core, HoldId, Limit, Question};

/// Pages with such a marker that are no reason to ask, while the store knows ties.
pub(super) const STRANGE: Limit = Limit { least: 10, percent: 0 };

impl Core {
    /// Whether pages carry so many markers that this store never wrote that nothing may be tied or created yet.
    pub(in crate::engine) fn meets_strange_markers(&mut self, name: &PairName, facts: &Facts) -> bool {
        let Some(pair) = self.memory.pair(name) else { return false };
        let strange = self.strange_markers(pair, facts);
        let ask = !strange.is_empty();
        if !ask && !self.guards.contains_key(name) {
            return false;
        }
        self.guards_of(name).strange = strange;
        ask
    }

    /// Those pages, with their markers, if they are so many.
    pub(in crate::engine) fn strange_markers(&self, pair: &PairMemory, facts: &Facts) -> BTreeMap<RecordId, String> {
        // A damaged store has lost what it knew, and says so elsewhere.
        let strange = if self.settings.resync { Default::default() } else { self.strange_pages(pair, facts) };
        let ask = pair.ties.is_empty() || STRANGE.is_over(strange.len(), pair.ties.len());
        if ask { strange } else { Default::default() }
    }

    fn strange_pages(&self, pair: &PairMemory, facts: &Facts) -> BTreeMap<RecordId, String> {
        let allowed = self.guards.get(&pair.spec.name).and_then(|guards| guards.allows());
        let marked = facts.notion.iter().filter_map(|(page, untied)| {
            let marker = untied.marker.as_deref().filter(|marker| !marker.is_empty())?;
            let crm = RecordId::from(marker);
            let tried = HoldId { pair: pair.spec.name.clone(), crm: Some(source_key(Side::Crm, &crm)), field: None };
            let is_ours = untied.survivor_of.is_some()
                || untied.parted_from.is_some()
                || facts.ties.contains_key(&crm)
                || pair.orphans.contains_key(&(Side::Notion, page.clone()))
                || pair.tombstones.range((crm.clone(), RecordId::from(""))..).next().is_some_and(|(it, _)| it.0 == crm)
                || self.memory.marks_on(&tried).any(|mark| matches!(mark.kind, MarkKind::Failed { .. }))
                || allowed.is_some_and(|allowed| allowed.pages.contains(page));
            (!is_ours).then(|| (page.clone(), marker.to_owned()))
        });
        marked.collect()
    }

    /// A tie was planned: does its page carry the marker of something else?
    pub(in crate::engine) fn note_marker(&mut self, id: &TieId) {
        let other = self.memory.pair(&id.pair).and_then(|pair| {
            let page = &pair.ties.get(&id.crm)?.notion;
            let marker = pair.observation(Side::Notion, page)?.marker.as_deref()?;
            (!marker.is_empty() && marker != id.crm.as_str()).then(|| page.clone())
        });
        if let Some(page) = other {
            self.guards_of(&id.pair).overwritten.insert(id.crm.clone(), page);
        } else {
            self.note_marked(id);
        }
    }

    /// A tie was planned whose page carries our marker, or none.
    pub(in crate::engine) fn note_marked(&mut self, id: &TieId) {
        if let Some(guards) = self.guards.get_mut(&id.pair) {
            guards.overwritten.remove(&id.crm);
        }
    }

    /// Whether pages whose markers an operator let be are still to be matched, or to get ours.
    pub(super) fn is_matching(&self, name: &PairName, allowed: &Question) -> bool {
        let (Some(pair), Some(guards)) = (self.memory.pair(name), self.guards.get(name)) else { return false };
        allowed.pages.iter().any(|page| {
            let is_open = Self::is_present(pair, Side::Notion, page)
                && pair.tie_of(Side::Notion, page).is_none()
                && !pair.orphans.contains_key(&(Side::Notion, page.clone()));
            is_open || guards.overwritten.values().any(|it| it == page)
        })
    }

    pub(super) fn count_markers(&mut self, name: &PairName, question: &mut Question) {
        let ties = self.memory.pair(name).map_or(0, |pair| pair.ties.len());
        let Some(guards) = self.guards.get(name) else { return };
        let allowed = |page: &RecordId| guards.allows().is_some_and(|allowed| allowed.pages.contains(page));
        if !guards.strange.keys().all(allowed) {
            question.pages.extend(guards.strange.keys().cloned());
            let knows = if ties == 0 { "and this store knows no ties at all" } else { "that this store never wrote" };
            question.what.push(format!(
                "stop any other crosstie that keeps these in step first: {} pages carry our markers {knows}",
                guards.strange.len()
            ));
        }
        let fresh = guards.overwritten.values();
        let fresh = fresh.filter(|page| !allowed(page));
        let fresh: Vec<RecordId> = fresh.cloned().collect();
        if STRANGE.is_over(fresh.len(), ties) {
            question.what.push(format!(
                "stop any other crosstie that writes these first: {} of {ties} tied pages carry the marker of another record",
                fresh.len()
            ));
            question.pages.extend(fresh);
        }
    }
}
