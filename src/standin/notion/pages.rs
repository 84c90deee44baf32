//! Pages: reading, making, changing, moving, and one property at a time.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::NotionStandIn;
use super::blocks;
use super::call::Call;
use super::ids::decoded;
use super::lists;
use super::objects::{Parent, Who};
use super::refusal::Refused;
use super::render;
use super::schema::find;

impl NotionStandIn {
    /// Refuses a page that does not exist or was not shared: Notion answers both alike.
    pub(super) fn visible(&self, page: &str) -> Result<(), Refused> {
        self.world.page(page)?;
        if self.world.shared(page) { Ok(()) } else { Err(Refused::not_found("page", page, &self.world.bot)) }
    }

    pub(super) fn show(&self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        let page = self.world.page(id)?;
        let only = call.filter_properties(&self.world.schema_of(&page.parent))?;
        Ok(render::page(&self.world, id, page, only.as_deref()))
    }

    /// The same answer as text, from what was rendered before where nothing has changed.
    pub(super) fn page_text(&self, call: &Call<'_>, id: &str) -> Result<Arc<str>, Refused> {
        let id = self.world.path_id("page_id", id)?;
        self.visible(&id)?;
        let page = self.world.page(&id)?;
        let only = call.filter_properties(&self.world.schema_of(&page.parent))?;
        Ok(render::page_text(&self.world, &id, page, only.as_deref()))
    }

    /// `GET /v1/pages/{id}`; trashed pages too.
    pub(super) fn page_get(&self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        let id = self.world.path_id("page_id", id)?;
        self.visible(&id)?;
        self.show(call, &id)
    }

    pub(super) fn parent(&self, given: &Json) -> Result<Parent, Refused> {
        if let Some(source) = given["data_source_id"].as_str() {
            return Ok(Parent::Source(self.visible_source(source)?));
        }
        if let Some(database) = given["database_id"].as_str() {
            let id = self.world.path_id("database_id", database)?;
            let sources = self.world.databases.get(&id).map(|d| d.sources.as_slice()).unwrap_or_default();
            return match sources {
                [only] => Ok(Parent::Source(self.visible_source(only)?)),
                [] => Err(Refused::not_found("database", &id, &self.world.bot)),
                _ => {
                    Err(Refused::invalid("Databases with multiple data sources are not supported in this API version."))
                }
            };
        }
        match given["page_id"].as_str() {
            Some(page) => {
                let page = self.world.path_id("page_id", page)?;
                self.visible(&page)?;
                Ok(Parent::Page(page))
            }
            None if given["workspace"] == true => Ok(Parent::Workspace),
            None => Err(Refused::body("body.parent.data_source_id", "defined", "undefined")),
        }
    }

    /// `POST /v1/pages`.
    pub(super) fn page_post(&mut self, call: &Call<'_>) -> Result<Json, Refused> {
        call.only(&["parent", "properties", "icon", "cover", "children", "template", "position", "allow_async"])?;
        let parent = self.parent(&call.body["parent"])?;
        if let Parent::Source(source) = &parent
            && self.world.source(source)?.in_trash
        {
            return Err(Refused::invalid("Can't create a page in a data source that is in the trash."));
        }
        let template = call.body["template"]["type"].as_str().unwrap_or("none");
        if template != "none" {
            return Err(Refused::invalid(format!("The stand-in has no page templates, and was asked for {template}.")));
        }
        let none = Map::new();
        let sets = call.body["properties"].as_object().unwrap_or(&none);
        let children = call.body["children"].as_array().cloned().unwrap_or_default();
        blocks::checked(&children)?;
        let id = self.world.create(parent, sets, &Who::Bot, call.now, true)?;
        if let Some(page) = self.world.pages.get_mut(&id) {
            page.icon = call.body["icon"].clone();
            page.cover = call.body["cover"].clone();
        }
        self.append(&id, &children, None, &Who::Bot, call.now);
        self.counters.pages_created += 1;
        self.show(call, &id)
    }

    /// `PATCH /v1/pages/{id}`.
    pub(super) fn page_patch(&mut self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        call.only(&["properties", "icon", "cover", "in_trash", "archived", "is_locked", "is_archived"])?;
        let id = self.world.path_id("page_id", id)?;
        self.visible(&id)?;
        let trash = call.trash();
        let in_trash = self.world.page(&id)?.in_trash;
        if in_trash && trash != Some(false) {
            return Err(Refused::invalid(
                "Can't edit block that is archived. You must unarchive the block before editing.",
            ));
        }
        // Properties are checked before anything changes; a refusal leaves the page as it was.
        let none = Map::new();
        let sets = call.body["properties"].as_object().unwrap_or(&none);
        self.world.write(&id, sets, &Who::Bot, call.now, true)?;
        if let Some(page) = self.world.pages.get_mut(&id) {
            page.icon = call.body.get("icon").unwrap_or(&page.icon).clone();
            page.cover = call.body.get("cover").unwrap_or(&page.cover).clone();
            page.is_locked = call.body["is_locked"].as_bool().unwrap_or(page.is_locked);
            page.is_archived = call.body["is_archived"].as_bool().unwrap_or(page.is_archived);
        }
        if let Some(into) = trash {
            self.world.trash(&id, into, &Who::Bot, call.now)?;
        }
        self.counters.pages_patched += 1;
        self.show(call, &id)
    }

    /// `GET /v1/pages/{id}/properties/{property_id}`: a list for what can be long, one object for the rest.
    pub(super) fn property_get(&mut self, call: &Call<'_>, id: &str, property: &str) -> Result<Json, Refused> {
        let id = self.world.path_id("page_id", id)?;
        self.visible(&id)?;
        let page = self.world.page(&id)?;
        let schema = self.world.schema_of(&page.parent);
        // The id stands in the path as responses show it, so one decoding gives the raw id.
        let wanted = decoded(property);
        let column = schema.values().find(|c| decoded(&c.id) == wanted).or_else(|| find(&schema, &wanted));
        let Some(column) = column else {
            return Err(Refused::not_found("property", property, &self.world.bot));
        };
        let (kind, value) = (column.kind.as_str(), self.world.value(page, column));
        if !matches!(kind, "title" | "rich_text" | "people" | "relation" | "rollup") {
            return Ok(json!({ "object": "property_item", "type": kind, "id": column.id, kind: value }));
        }
        let members = match (kind, value["type"].as_str()) {
            ("relation", _) => {
                self.world.visible_relation(column, value.clone()).as_array().cloned().unwrap_or_default()
            }
            ("rollup", Some("array")) => value["array"].as_array().cloned().unwrap_or_default(),
            ("rollup", _) => Vec::new(),
            _ => value.as_array().cloned().unwrap_or_default(),
        };
        let items: Vec<Json> = members
            .into_iter()
            .map(|member| {
                if kind == "rollup" {
                    return member;
                }
                json!({ "object": "property_item", "type": kind, "id": column.id, kind: member })
            })
            .collect();
        let question = format!("/pages/{id}/properties/{wanted}");
        let size = call.page_size()?;
        let mut body =
            lists::page(&mut self.cursors, "property_item", &question, items, size, call.param("start_cursor"))?;
        let mut item = json!({ "id": column.id, "type": kind, "next_url": null, kind: {} });
        if let Some(next) = body["next_cursor"].as_str() {
            let here = format!("https://api.notion.com/v1/pages/{id}/properties/{}", column.id);
            item["next_url"] = json!(format!("{here}?start_cursor={next}"));
        }
        if kind == "rollup" {
            item["rollup"] = value.into_owned();
            if body["has_more"] == true {
                item["rollup"]["type"] = json!("incomplete");
            }
        }
        body["property_item"] = item;
        Ok(body)
    }
}
