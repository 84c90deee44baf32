//! What the elements of a relation stood for when both sides agreed on it.
//!
//! In common dialect an element is named by its CRM record, but what both sides agreed on is a record *and* the page that
//! stood for it. While the two are not tied, the element has no name in common dialect, and both sides seem to agree without
//! it; whoever took it out on one side meanwhile, or put it in, has edited it: that counts again as soon as the same two are
//! tied again. With another counterpart it is another element, on which nobody has agreed yet.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapping::FieldMap;
use crate::model::{Base, RecordId, Side, Value};

use super::core::Core;
use super::memory::PairMemory;

impl Core {
    fn related(&self, field: &FieldMap) -> Option<&PairMemory> {
        self.memory.pair(field.spec.relation.as_ref()?)
    }

    /// What both sides agreed on, as far as it can be compared now: in common dialect by the ties that there are.
    pub(super) fn comparable(&self, field: &FieldMap, base: &Base) -> (Value, Value) {
        let Some(pair) = self.related(field) else { return (base.crm.clone(), base.notion.clone()) };
        let page_of = |crm: &str| pair.tie_of(Side::Crm, &RecordId::from(crm)).map(|tie| tie.notion.as_str());
        let same = |crm: &str| page_of(crm).is_some_and(|page| base.pages.get(crm).is_none_or(|stood| stood == page));
        let form = |value: &Value| {
            let elements = value.elements().unwrap_or_default().into_iter();
            Value::links(elements.chain(base.pages.keys().cloned()).filter(|crm| same(crm)))
        };
        (form(&base.crm), form(&base.notion))
    }

    /// Which pages stand for the elements of a new base, as the page that holds the relation was seen; and for those agreed
    /// on before whose record has no tie now.
    pub(super) fn pages_of(
        &self,
        field: &FieldMap,
        agreed: &Value,
        seen: Option<&Value>,
        before: Option<&Base>,
    ) -> BTreeMap<String, String> {
        let Some(pair) = self.related(field) else { return BTreeMap::new() };
        let shown = seen.and_then(Value::elements).unwrap_or_default();
        let tied = |crm: &str| pair.tie_of(Side::Crm, &RecordId::from(crm)).map(|tie| tie.notion.to_string());
        let stone = |crm: &str, page: &str| pair.tombstones.contains_key(&(RecordId::from(crm), RecordId::from(page)));
        let known = |crm: &str| before.and_then(|before| before.pages.get(crm)).cloned();
        let elements: BTreeSet<String> = agreed.elements().unwrap_or_default();
        let apart = before.into_iter().flat_map(|before| &before.pages);
        let apart = apart.filter(|(crm, page)| !elements.contains(*crm) && tied(crm).is_none() && stone(crm, page));
        let mut pages: BTreeMap<String, String> = apart.map(|(crm, page)| (crm.clone(), page.clone())).collect();
        for crm in &elements {
            let shown_for = || shown.iter().find(|page| stone(crm, page)).cloned();
            let page = tied(crm).filter(|page| shown.contains(page)).or_else(|| known(crm)).or_else(shown_for);
            // Nobody saw what it stood for: it is compared with nothing.
            pages.insert(crm.clone(), page.unwrap_or_default());
        }
        pages
    }
}
