//! Contacts and companies of a record: one is the primary one, and all of them are written as one list, that one first. Pure.
//!
//! `CONTACT_ID` alone would take every other link away, so it is never sent. Who becomes the primary one:
//! - Where all are written, whoever was it stays it while linked; then whoever follows in the CRM's own order; newcomers come last.
//! - Where the primary one is written, that one. Whoever was it goes, unless all are mapped by a field of their own, which says who
//!   is linked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::catalogue::Catalogue;
use super::decode::{entries, scalar_id};
use super::encode::invalid;
use crate::model::{Entity, FieldName, Value};
use crate::remote::RemoteError;

/// One kind of links, by the names of both method families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Links {
    /// The field of the primary one.
    one: (&'static str, &'static str),
    /// The field of all.
    pub all: (&'static str, &'static str),
}

const KINDS: [Links; 2] = [
    Links { one: ("CONTACT_ID", "contactId"), all: ("CONTACT_IDS", "contactIds") },
    Links { one: ("COMPANY_ID", "companyId"), all: ("COMPANY_IDS", "companyIds") },
];

/// The links that a field is about, where an entity can have several of them.
pub(super) fn of(name: &str, catalogue: &Catalogue) -> Option<Links> {
    let about = |it: &Links| [it.one.0, it.all.0].contains(&name) && catalogue.fields.contains_key(it.all.0);
    KINDS.into_iter().find(about)
}

impl Links {
    /// All of them, for the field of the primary one.
    pub fn chosen_from(self, name: &str) -> Option<FieldName> {
        (name == self.one.0).then(|| FieldName::from(self.all.0))
    }

    /// What both fields are called in `crm.item.*`. They are told apart, and written together.
    pub fn keys(self) -> [&'static str; 2] {
        [self.one.1, self.all.1]
    }

    /// All ids, the primary one first, so that the record has what `fields` say. `baggage` is the one of the record as just read;
    /// `None` for a new record.
    ///
    /// # Errors
    /// A value of another kind, links that were not read, or nobody as the primary one of some.
    pub fn list(self, fields: &BTreeMap<FieldName, Value>, baggage: Option<&Json>) -> Result<Json, RemoteError> {
        let given = |(name, _): (&'static str, &str)| fields.get_key_value(&FieldName::from(name));
        let (one, all) = (given(self.one), given(self.all));
        let set = |found: Option<(&FieldName, &Value)>| match found {
            None => Ok(None),
            Some((_, Value::Empty)) => Ok(Some(BTreeSet::new())),
            Some((_, Value::Links(ids))) => Ok(Some(ids.clone())),
            Some((name, _)) => Err(invalid(name, "the value does not fit its type")),
        };
        let (first, wanted) = (set(one)?, set(all)?);
        let known = baggage.filter(|baggage| baggage.get(self.all.1).is_some());
        if let (Some((name, _)), None, Some(_), None) = (one, all, baggage, known) {
            return Err(invalid(name, "the others that are linked were not read before the write"));
        }
        let before = baggage.map(|baggage| self.linked(baggage)).unwrap_or_default();
        let was = baggage.and_then(|baggage| scalar_id(&baggage[self.one.1]));
        let mut order: Vec<String> = match &wanted {
            Some(wanted) => {
                let kept: Vec<String> = before.into_iter().filter(|id| wanted.contains(id)).collect();
                let new: Vec<String> = wanted.iter().filter(|id| !kept.contains(id)).cloned().collect();
                kept.into_iter().chain(new).collect()
            }
            None => before,
        };
        if let (Some(first), Some((name, _))) = (first, one) {
            let others_say = wanted.is_some() || baggage.is_some_and(|baggage| baggage[self.all.0] == true);
            let mut first = first.into_iter();
            match (first.next(), first.next()) {
                (Some(first), None) => {
                    order.retain(|id| *id != first && (others_say || Some(id) != was.as_ref()));
                    order.insert(0, first);
                }
                (None, _) if others_say && !order.is_empty() => {
                    return Err(invalid(
                        name,
                        "whoever has some has a primary one; choose another, or take them all away",
                    ));
                }
                (None, _) => order.retain(|id| Some(id) != was.as_ref()),
                _ => return Err(invalid(name, "it holds one, and there are several")),
            }
        }
        Ok(order.iter().map(|id| id.parse::<u64>().map_or_else(|_| json!(id), |id| json!(id))).collect())
    }

    /// Everybody whom a record was read with, the primary one first: the portal's own order is another matter.
    fn linked(self, baggage: &Json) -> Vec<String> {
        let primary = scalar_id(&baggage[self.one.1]);
        let all = entries(&baggage[self.all.1]).into_iter().filter_map(|(_, id)| scalar_id(id));
        let mut order: Vec<String> = all.collect();
        if let Some(at) = order.iter().position(|id| Some(id) == primary.as_ref()) {
            order[..=at].rotate_right(1);
        }
        order
    }
}

/// Puts aside what a later write of links needs: who they are, and whether all of them are mapped by a field of their own.
pub(super) fn keep(kept: &mut Map<String, Json>, item: &Json, entity: &Entity) {
    let mapped = |name: &str| entity.fields.iter().any(|field| field.as_str() == name);
    for links in KINDS.into_iter().filter(|it| mapped(it.one.0) || mapped(it.all.0)) {
        for key in links.keys() {
            kept.extend(item.get(key).map(|value| (key.to_owned(), value.clone())));
        }
        if mapped(links.all.0) {
            kept.insert(links.all.0.to_owned(), json!(true));
        }
    }
}
