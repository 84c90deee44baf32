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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::super::Txn;
    use super::*;
    use crate::control::Sides;
    use crate::mapping::{Create, Delete, Direction, FieldSpec, Filters, PairSpec, Policy};
    use crate::model::{Base, FieldKey, Observation, Presence, Tie, TieId, Tombstone, Value};
    use crate::store::{MemoryKv, Store};

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn pair(name: &str, fields: Vec<FieldSpec>) -> PairSpec {
        PairSpec {
            name: name.into(),
            crm: name.to_owned(),
            data_source: name.to_owned(),
            marker: "CRM ID".into(),
            match_by: Vec::new(),
            create: Create::Both,
            delete: Delete::Untie,
            template: None,
            filters: Filters::default(),
            fields,
        }
    }

    /// Deals that are related to contacts; nothing is to be planned anew.
    async fn office() -> Memory {
        let contacts = FieldSpec {
            key: "CONTACT_IDS".into(),
            crm: "CONTACT_IDS".into(),
            notion: "Contacts".into(),
            direction: Direction::Both,
            policy: Policy::Hold,
            values: BTreeMap::new(),
            relation: Some("contacts".into()),
            create_options: false,
            fallback: None,
            unmatched: false,
            zone: None,
        };
        let specs = [pair("contacts", Vec::new()), pair("deals", vec![contacts])];
        let entities =
            specs.each_ref().map(|spec| Sides { crm: spec.entity(Side::Crm), notion: spec.entity(Side::Notion) });
        let store = Store::inline(Box::new(MemoryKv::new()));
        let mut memory = Memory::load(&store, &specs, &entities, None).await.unwrap();
        specs.iter().for_each(|spec| drop(memory.take_dirty(&spec.name)));
        memory
    }

    fn tie(pair: &str, crm: &str, notion: &str, base: BTreeMap<FieldKey, Base>) -> Tie {
        Tie { pair: pair.into(), crm: crm.into(), notion: notion.into(), base, since: AT }
    }

    /// A tie of deals whose sides agreed on a link.
    fn linked(crm: &str, contact: &str, page: &str) -> Tie {
        let links = |id: &str| Value::links([id.to_owned()]);
        let (mapping, pages, late) = (String::new(), BTreeMap::new(), BTreeMap::new());
        let base = Base { notion: links(page), crm: links(contact), at: AT, mapping, pages, late };
        tie("deals", crm, &format!("deal-{crm}"), BTreeMap::from([("CONTACT_IDS".into(), base)]))
    }

    fn seen(presence: Presence) -> Observation {
        Observation {
            fields: BTreeMap::new(),
            presence,
            created_at: None,
            edited_at: None,
            edited_by: None,
            marker: None,
            seen_at: AT,
            settled_since: AT,
            returned_at: None,
            unread: BTreeMap::new(),
            changed_between: BTreeMap::new(),
        }
    }

    #[tokio::test]
    async fn what_only_the_agreed_values_name_is_planned_anew_when_that_record_is_tied_or_untied() {
        let (mut memory, mut txn) = (office().await, Txn::default());
        for (deal, contact, page) in [("1", "41", "page-41"), ("2", "42", "page-42"), ("3", "52", "page-41")] {
            memory.put_tie(&mut txn, linked(deal, contact, page));
        }
        assert_eq!(memory.take_dirty(&"deals".into()), ["1".into(), "2".into(), "3".into()]);
        let contact = tie("contacts", "41", "page-41", BTreeMap::new());
        let id = TieId { pair: contact.pair.clone(), crm: contact.crm.clone() };
        memory.put_tie(&mut txn, contact);
        assert_eq!(memory.take_dirty(&"deals".into()), ["1".into(), "3".into()], "by either end");
        memory.remove_tie(&mut txn, &id);
        assert_eq!(memory.take_dirty(&"deals".into()), ["1".into(), "3".into()], "by either end");
        assert_eq!(memory.take_dirty(&"deals".into()), []);
    }

    #[tokio::test]
    async fn a_record_that_comes_back_touches_what_names_the_other_end_of_a_tie_that_has_ended() {
        let (mut memory, mut txn) = (office().await, Txn::default());
        let stones = [("41", "page-41"), ("42", "page-42")];
        for (crm, notion) in stones {
            let (crm, notion) = (crm.into(), notion.into());
            let stone = Tombstone { pair: "contacts".into(), crm, notion, gone: Some(Side::Notion), since: AT };
            memory.put_tombstone(&mut txn, stone);
        }
        let back = |side, id: &str| RecordRef { pair: "contacts".into(), side, id: id.into() };
        for (deal, contact, page) in [("1", "41", "another"), ("2", "another", "page-42"), ("3", "43", "page-43")] {
            memory.put_tie(&mut txn, linked(deal, contact, page));
        }
        for at in [back(Side::Notion, "page-41"), back(Side::Crm, "42")] {
            memory.put_observation(&mut txn, &at, seen(Presence::Missing));
        }
        memory.take_dirty(&"deals".into());
        memory.put_observation(&mut txn, &back(Side::Notion, "page-41"), seen(Presence::Present));
        assert_eq!(memory.take_dirty(&"deals".into()), ["1".into()], "its CRM record is named");
        memory.put_observation(&mut txn, &back(Side::Crm, "42"), seen(Presence::Present));
        assert_eq!(memory.take_dirty(&"deals".into()), ["2".into()], "its page is named");
    }
}
