//! What people see on both screens: live records, their values, and which page belongs to which CRM record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;

use super::facts::{Facts, MARKER};
use crate::standin::bitrix24::{BitrixStandIn, Entity};
use crate::standin::notion::NotionStandIn;

/// Both worlds.
pub(super) struct View {
    pub crm: Arc<Mutex<BitrixStandIn>>,
    pub notion: Arc<Mutex<NotionStandIn>>,
    pub facts: Facts,
    /// Pages that somebody duplicated: nobody takes them for the original.
    pub copies: BTreeSet<String>,
}

impl View {
    pub(super) fn crm(&self) -> MutexGuard<'_, BitrixStandIn> {
        self.crm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notion(&self) -> MutexGuard<'_, NotionStandIn> {
        self.notion.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The data source that holds what the entity holds.
    pub(super) fn source(&self, entity: Entity) -> &str {
        if entity == Entity::Contact { &self.facts.contacts.data_source } else { &self.facts.deals.data_source }
    }

    pub(super) fn records(&self, entity: Entity) -> Vec<String> {
        self.crm().live_ids(entity)
    }

    pub(super) fn pages(&self, entity: Entity) -> Vec<String> {
        self.notion().live_pages(self.source(entity))
    }

    pub(super) fn record(&self, entity: Entity, id: &str) -> BTreeMap<String, Json> {
        self.crm().plain(entity, id).unwrap_or_default()
    }

    pub(super) fn cell(&self, page: &str, property: &str) -> Json {
        self.notion().plain(page, property).unwrap_or_default()
    }

    /// Records of the CRM that have a page: by the marker, or by the same e-mail address or title.
    pub(super) fn twins(&self, entity: Entity) -> Vec<(String, String)> {
        let property = if entity == Entity::Contact { "Email" } else { "Name" };
        let mut by_marker = BTreeMap::new();
        let mut by_key = BTreeMap::new();
        for page in self.pages(entity).into_iter().filter(|page| !self.copies.contains(page)) {
            if let Some(marker) = self.cell(&page, MARKER).as_str().filter(|marker| !marker.is_empty()) {
                by_marker.insert(marker.to_owned(), page);
            } else if let Some(key) = self.cell(&page, property).as_str() {
                by_key.insert(key.to_lowercase(), page);
            }
        }
        let field = if entity == Entity::Contact { "EMAIL" } else { "TITLE" };
        let twin = |id: String| {
            let key = self.record(entity, &id).get(field).and_then(Json::as_str).map(str::to_lowercase);
            let page = by_marker.get(&id).or_else(|| by_key.get(&key?))?.clone();
            Some((id, page))
        };
        self.records(entity).into_iter().filter_map(twin).collect()
    }
}

/// The members of a plain list, of users, contacts or pages.
pub(super) fn members(list: &Json) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}
