//! Elements of relations whose record has no tie for the time being.
//!
//! They have no name in common dialect, so both sides seem to agree without them. But whoever took such an element out on
//! one side, or put it in, has edited it: what both sides had agreed on is kept apart, and counts again as soon as the same
//! two records are tied again. With another counterpart it is another element.

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
        let tied = |crm: &str| pair.tie_of(Side::Crm, &RecordId::from(crm));
        // It lost its counterpart since, and has got another one.
        let anew = |crm: &str| {
            let first = (RecordId::from(crm), RecordId::from(""));
            let mut stones = pair.tombstones.range(first..).take_while(|((of, _), _)| of.as_str() == crm);
            stones.any(|(_, stone)| stone.since >= base.at)
        };
        let back = base.apart.iter().filter(|(crm, page)| tied(crm).is_some_and(|tie| tie.notion.as_str() == **page));
        let back: BTreeSet<String> = back.map(|(crm, _)| crm.clone()).collect();
        let form = |value: &Value| {
            let elements = value.elements().unwrap_or_default();
            let left = elements.into_iter().filter(|crm| tied(crm).is_some() && !anew(crm));
            Value::links(left.chain(back.iter().cloned()))
        };
        (form(&base.crm), form(&base.notion))
    }

    /// What a new base keeps apart of the old one.
    pub(super) fn kept_apart(&self, field: &FieldMap, before: Option<&Base>) -> BTreeMap<String, String> {
        let (Some(pair), Some(before)) = (self.related(field), before) else { return BTreeMap::new() };
        let agreed = before.crm.elements().unwrap_or_default();
        let agreed = agreed.into_iter().filter_map(|crm| {
            let first = (RecordId::from(crm.as_str()), RecordId::from(""));
            let stones = pair.tombstones.range(first..).take_while(|((of, _), _)| of.as_str() == crm);
            let last = stones.filter(|(_, stone)| stone.since >= before.at).max_by_key(|(_, stone)| stone.since);
            last.map(|((_, page), _)| (crm.clone(), page.to_string()))
        });
        let still = before.apart.iter().map(|(crm, page)| (crm.clone(), page.clone()));
        let untied = |(crm, page): &(String, String)| {
            pair.tie_of(Side::Crm, &RecordId::from(crm.as_str())).is_none()
                && pair.tombstones.contains_key(&(RecordId::from(crm.as_str()), RecordId::from(page.as_str())))
        };
        still.chain(agreed).filter(untied).collect()
    }
}
