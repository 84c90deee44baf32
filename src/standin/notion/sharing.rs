//! What the integration may see: pages, data sources and databases that are taken away from it and given back.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use super::NotionStandIn;
use super::ids::uuid;
use super::objects::Parent;
use super::schema::Property;
use super::world::World;

/// Something was taken away from the integration, or given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// How many entries the log had then.
    pub seq: u64,
    /// The page, data source or database.
    pub id: String,
    /// Whether it was taken away.
    pub hidden: bool,
}

impl NotionStandIn {
    /// Takes a page, data source or database away from the integration; it then reads as missing: 404 by id, not in
    /// queries, and relations to it leave it out (to a whole data source: the reference; to a single page: inferred).
    pub fn unshare(&mut self, id: &str) {
        self.see(id, false);
    }

    /// Gives it back.
    pub fn share(&mut self, id: &str) {
        self.see(id, true);
    }

    fn see(&mut self, id: &str, may: bool) {
        let hidden = !may;
        let id = uuid(id).unwrap_or_else(|| id.to_owned());
        let seq = u64::try_from(self.world.log.len()).unwrap_or(u64::MAX);
        if hidden {
            self.world.unshared.insert(id.clone());
        } else {
            self.world.unshared.remove(&id);
        }
        self.world.sights.push(Sight { seq, id, hidden });
        self.world.look_again();
    }

    /// Everything that was taken away from the integration or given back so far, oldest first.
    pub fn sights(&self) -> &[Sight] {
        &self.world.sights
    }
}

impl World {
    /// What the integration sees of a relation: nothing of a data source that is not shared with it (the reference), and
    /// no page that is not (inferred).
    pub fn visible_relation<'a>(&self, column: &Property, value: Cow<'a, Json>) -> Cow<'a, Json> {
        if self.unshared.is_empty() {
            return value;
        }
        if column.config["data_source_id"].as_str().is_some_and(|target| !self.shared(target)) {
            return Cow::Owned(json!([]));
        }
        let all = value.as_array().into_iter().flatten();
        Cow::Owned(all.filter(|entry| entry["id"].as_str().is_none_or(|id| self.shared(id))).cloned().collect())
    }

    /// Whether the integration can see an object, by itself and by where it lies.
    pub fn shared(&self, id: &str) -> bool {
        if self.unshared.contains(id) {
            return false;
        }
        match self.pages.get(id).map(|p| &p.parent) {
            Some(Parent::Source(parent) | Parent::Page(parent)) => self.shared(parent),
            _ => self.sources.get(id).is_none_or(|s| !self.unshared.contains(&s.database)),
        }
    }
}
