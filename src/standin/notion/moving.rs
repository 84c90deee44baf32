//! Pages that go from one data source to another, and come back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::NotionStandIn;
use super::call::Call;
use super::columns::follow;
use super::objects::{Parent, Who};
use super::plain;
use super::refusal::Refused;
use super::schema::{Property, Schema, chosen};
use super::world::World;
use crate::standin::log::{Actor, Kind};

/// A page that went from one place to another. The log has no entry for the departure itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The log's length when it happened: entries from this number on came later or tell of it.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// The page.
    pub page: String,
    /// The data source that it left; `None` for another kind of place.
    pub from: Option<String>,
    /// The data source in which it lies now.
    pub to: Option<String>,
}

impl NotionStandIn {
    /// `POST /v1/pages/{id}/move`.
    pub(super) fn page_move(&mut self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        call.only(&["parent"])?;
        let id = self.world.path_id("page_id", id)?;
        self.visible(&id)?;
        let parent = self.parent(&call.body["parent"])?;
        self.world.relocate(&id, parent, &Who::Bot, call.now)?;
        self.show(call, &id)
    }

    /// A person moves a page to another data source. Values go along where a column of the same name and kind is there
    /// (options by name, relations into the same data source). What finds no column waits: when the page comes back, it
    /// has it again, relations too (inferred). A page that left is gone from the far side of two-sided relations; the
    /// log tells that there. In a data source where it is new, the log tells it as created. A move within the same data
    /// source changes nothing.
    ///
    /// # Errors
    /// When the person, page or data source does not exist, or the page lies in the trash.
    pub fn person_move(&mut self, now: Timestamp, who: &str, page: &str, data_source: &str) -> Result<(), Refused> {
        let now = self.tick(now);
        let (who, page, source) = (self.person(who)?, super::people::known(page)?, super::people::known(data_source)?);
        self.world.source(&source)?;
        if self.world.page(&page)?.in_trash {
            return Err(Refused::invalid(format!("Page {page} is in the trash; restore it first.")));
        }
        self.world.relocate(&page, Parent::Source(source), &who, now)
    }

    /// Every move of a page so far, oldest first.
    pub fn moves(&self) -> &[Moved] {
        &self.world.moves
    }
}

impl World {
    /// Moves a page; the documentation is with [`NotionStandIn::person_move`].
    fn relocate(&mut self, id: &str, parent: Parent, who: &Who, at: Timestamp) -> Result<(), Refused> {
        let old = self.page(id)?.clone();
        if old.parent == parent {
            return Ok(());
        }
        self.remember(id, at);
        let seq = u64::try_from(self.log.len()).unwrap_or(u64::MAX);
        let (from, to) = (self.schema_of(&old.parent).into_owned(), self.schema_of(&parent).into_owned());
        for column in from.values().filter(|column| column.kind == "relation") {
            let before = old.values.get(&column.id).cloned().unwrap_or_else(|| json!([]));
            self.mirror(id, column, &before, &json!([]), who, at);
        }
        let named = |parent: &Parent| match parent {
            Parent::Source(source) => Some(source.clone()),
            _ => None,
        };
        let (left, gone_to) = (named(&old.parent), named(&parent));
        let was_here = gone_to.as_ref().and_then(|source| old.left.get(source)).map(|held| self.held(&to, held));
        let mut values = was_here.clone().unwrap_or_default();
        for column in to.values() {
            if let Some(value) = carried(&from, column, &old.values) {
                values.insert(column.id.clone(), value);
            }
        }
        if let Some(rows) = left.as_ref().and_then(|source| self.rows.get_mut(source)) {
            rows.remove(id);
        }
        if let Some(source) = &gone_to {
            self.rows.entry(source.clone()).or_default().insert(id.to_owned());
            self.number(source, &to, &mut values);
        }
        if let Some(page) = self.pages.get_mut(id) {
            if let Some(source) = &left {
                page.left.insert(source.clone(), old.values);
            }
            (page.values, page.parent) = (values.clone(), parent);
        }
        if gone_to.is_some() {
            self.tell_arrival(id, &to, was_here.as_ref(), &values, who, at);
        }
        self.look_again();
        self.touch(id, who, at);
        let by = self.actor(who);
        self.moves.push(Moved { seq, at, by, page: id.to_owned(), from: left, to: gone_to });
        Ok(())
    }

    /// What a page had here when it left: options as they are now, relations to pages that still are.
    fn held(&self, schema: &Schema, values: &BTreeMap<String, Json>) -> BTreeMap<String, Json> {
        let mut held = BTreeMap::new();
        for (id, value) in values {
            let Some(column) = schema.get(id) else { continue };
            let mut value = match column.kind.as_str() {
                "select" | "status" | "multi_select" => follow(column, value),
                _ => value.clone(),
            };
            if let ("relation", Some(list)) = (column.kind.as_str(), value.as_array_mut()) {
                list.retain(|entry| entry["id"].as_str().is_some_and(|id| self.pages.contains_key(id)));
            }
            held.insert(id.clone(), value);
        }
        held
    }

    /// Gives a page the data source's next number, where it has none from an earlier stay.
    fn number(&mut self, source: &str, schema: &Schema, values: &mut BTreeMap<String, Json>) {
        let Some(source) = self.sources.get_quietly(source) else { return };
        for column in schema.values().filter(|column| column.kind == "unique_id") {
            values.entry(column.id.clone()).or_insert_with(|| {
                source.next_number += 1;
                json!({ "prefix": column.config["prefix"], "number": source.next_number - 1 })
            });
        }
    }

    fn tell_arrival(
        &mut self,
        page: &str,
        schema: &Schema,
        before: Option<&BTreeMap<String, Json>>,
        after: &BTreeMap<String, Json>,
        who: &Who,
        at: Timestamp,
    ) {
        if before.is_none() {
            self.push(at, who, Kind::Created, page, ("", Json::Null, Json::Null));
        }
        for column in schema.values().filter(|column| !plain::read_only(&column.kind)) {
            let shown = |values: Option<&BTreeMap<String, Json>>| {
                values.and_then(|values| values.get(&column.id)).map_or(Json::Null, |v| plain::of(&column.kind, v))
            };
            let (was, is) = (shown(before), shown(Some(after)));
            if was != is {
                self.push(at, who, Kind::Edited, page, (&column.name, was, is));
            }
            if let (true, Some(value)) = (column.kind == "relation", after.get(&column.id)) {
                self.mirror(page, column, &json!([]), value, who, at);
            }
        }
    }
}

/// What a column of the new place gets from the old one; `None` where nothing there fits.
fn carried(from: &Schema, to: &Property, values: &BTreeMap<String, Json>) -> Option<Json> {
    let kind = to.kind.as_str();
    let fits = |column: &&Property| column.kind == kind && (column.name == to.name || kind == "title");
    let column = from.values().find(fits)?;
    let value = values.get(&column.id).filter(|_| kind != "unique_id")?;
    let here = |value: &Json| {
        let options = to.config["options"].as_array()?;
        options.iter().find(|option| option["name"] == value["name"]).map(chosen)
    };
    match kind {
        "select" | "status" => here(value),
        "multi_select" => Some(value.as_array()?.iter().filter_map(here).collect()),
        "relation" if column.config["data_source_id"] != to.config["data_source_id"] => None,
        _ => Some(value.clone()),
    }
}
