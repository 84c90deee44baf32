//! What the elements of a relation stood for when both sides agreed on it.
//!
//! In common dialect an element is named by its CRM record, but what both sides agreed on is a record *and* the page that
//! stood for it. While the two are not tied, the element has no name in common dialect, and both sides seem to agree without
//! it; whoever took it out on one side meanwhile, or put it in, has edited it: that counts again as soon as the same two are
//! tied again. With another counterpart it is another element, on which nobody has agreed yet.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::mapping::{FieldMap, Lookup};
use crate::model::{Base, HoldId, Mark, MarkKind, Observation, RecordId, RecordRef, Side, Tie, Value};

use super::core::Core;
use super::memory::PairMemory;

impl Core {
    fn related(&self, field: &FieldMap) -> Option<&PairMemory> {
        self.memory.pair(field.spec.relation.as_ref()?)
    }

    /// What both sides agreed on, as far as it can be compared now: in common dialect by the ties that there are.
    pub(super) fn comparable(&self, field: &FieldMap, base: &Base) -> (Value, Value) {
        let Some(pair) = self.related(field) else { return (base.crm.clone(), base.notion.clone()) };
        let stands = |crm: &str, page: RecordId| base.pages.get(crm).is_none_or(|stood| *stood == page.0);
        let same = |crm: &str| pair.ties.page_of(crm).is_some_and(|page| stands(crm, page));
        let form = |value: &Value| {
            let elements = value.elements().unwrap_or_default().into_iter();
            Value::links(elements.chain(base.pages.keys().cloned()).filter(|crm| same(crm)))
        };
        (form(&base.crm), form(&base.notion))
    }

    /// Which pages stand for the elements of a new base, as the page that holds the relation was seen, or else by the ties
    /// that there were when it was agreed; and for those agreed on before whose record has no tie now.
    pub(super) fn pages_of(
        &self,
        field: &FieldMap,
        (agreed, at): (&Value, Timestamp),
        seen: Option<&Value>,
        before: Option<&Base>,
    ) -> BTreeMap<String, String> {
        let Some(pair) = self.related(field) else { return BTreeMap::new() };
        let shown = seen.and_then(Value::elements).unwrap_or_default();
        let tie = |crm: &str| pair.tie_of(Side::Crm, &RecordId::from(crm));
        let tied = |crm: &str| tie(crm).map(|tie| tie.notion.to_string());
        let stone = |crm: &str, page: &str| pair.tombstones.contains_key(&(RecordId::from(crm), RecordId::from(page)));
        let known = |crm: &str| before.and_then(|before| before.pages.get(crm)).cloned();
        let elements: BTreeSet<String> = agreed.elements().unwrap_or_default();
        let apart = before.into_iter().flat_map(|before| &before.pages);
        let apart = apart.filter(|(crm, page)| !elements.contains(*crm) && tied(crm).is_none() && stone(crm, page));
        let mut pages: BTreeMap<String, String> = apart.map(|(crm, page)| (crm.clone(), page.clone())).collect();
        for crm in &elements {
            let shown_for = || shown.iter().find(|page| stone(crm, page)).cloned();
            let hidden = || known(crm).filter(|page| self.is_hidden(pair, Side::Notion, page));
            let then = || tie(crm).filter(|tie| tie.since <= at).map(|tie| tie.notion.to_string());
            let page = tied(crm).filter(|page| shown.contains(page)).or_else(hidden).or_else(then);
            let page = page.or_else(|| known(crm)).or_else(shown_for);
            // Nobody saw what it stood for: it is compared with nothing.
            pages.insert(crm.clone(), page.unwrap_or_default());
        }
        pages
    }

    /// The tie of a record whose sets show elements again that it had been seen without, though both sides had agreed on them:
    /// somebody put them back.
    pub(super) fn put_back(&self, at: &RecordRef, before: &Observation, after: &Observation) -> Option<Tie> {
        let pair = self.memory.pair(&at.pair)?;
        let mut tie = pair.tie_of(at.side, &at.id)?.clone();
        let sets = pair.map.iter().flat_map(|map| &map.fields).filter(|it| it.crm.multiple && it.notion.multiple);
        let mut found = false;
        for field in sets {
            let name = field.name_on(at.side);
            // A side that did not take our removal has put nothing back.
            let hold = HoldId::field(&tie.id(), &field.spec.key);
            let refused = |mark: &Mark| matches!(mark.kind, MarkKind::Refused { side, .. } if side == at.side);
            if self.memory.marks_on(&hold).any(refused) {
                continue;
            }
            // The answer of a write of ours is a reading too.
            let base = tie.base.get_mut(&field.spec.key).filter(|base| base.at < after.seen_at);
            let (Some(base), Some(old), Some(new)) = (base, before.last_known(name), after.known(name)) else {
                continue;
            };
            if old == new {
                continue;
            }
            let (old, new) = (self.common(field, at.side, old).elements(), self.common(field, at.side, new).elements());
            let (Some(old), Some(new), Some(agreed)) = (old, new, self.comparable(field, base).0.elements()) else {
                continue;
            };
            let back =
                new.difference(&old).filter(|it| agreed.contains(*it) && !self.was_hidden(field, at.side, it, base.at));
            let back: BTreeSet<String> = back.cloned().collect();
            found |= !back.is_empty();
            if !back.is_empty() {
                base.late.entry(at.side).or_default().extend(back);
            }
        }
        found.then_some(tie)
    }

    /// Whether an element's record was out of sight on a side since a moment, or is: then it is shown again by itself.
    pub(super) fn was_hidden(&self, field: &FieldMap, side: Side, element: &str, since: Timestamp) -> bool {
        let Some(pair) = self.related(field) else { return false };
        let id = self.translator().record_of(&pair.spec.name, side, element).map(RecordId);
        let seen = id.and_then(|id| pair.observation(side, &id));
        seen.is_some_and(|it| !it.is_readable() || it.returned_at.is_some_and(|returned| returned >= since))
    }
}
