//! Databases and data sources: their endpoints. How columns change lies in `columns`.

use serde_json::{Map, Value as Json, json};

use super::NotionStandIn;
use super::call::Call;
use super::objects::Who;
use super::refusal::Refused;
use super::render;
use super::text;

impl NotionStandIn {
    /// `GET` and `POST /v1/databases`.
    pub(super) fn database_get(&self, id: &str) -> Result<Json, Refused> {
        let id = self.world.path_id("database_id", id)?;
        if !self.world.databases.contains_key(&id) || !self.world.shared(&id) {
            return Err(Refused::not_found("database", &id, &self.world.bot));
        }
        Ok(render::database(&self.world, &id))
    }

    pub(super) fn database_post(&mut self, call: &Call<'_>) -> Result<Json, Refused> {
        call.only(&["parent", "title", "description", "is_inline", "initial_data_source", "icon", "cover"])?;
        let parent = match call.body["parent"]["page_id"].as_str() {
            Some(page) => {
                let page = self.world.path_id("page_id", page)?;
                self.visible(&page)?;
                json!({ "type": "page_id", "page_id": page })
            }
            None if call.body["parent"]["workspace"] == true => json!({ "type": "workspace", "workspace": true }),
            None => return Err(Refused::body("body.parent.page_id", "defined", "undefined")),
        };
        let title = rich_or_empty("body.title", &call.body["title"])?;
        let description = rich_or_empty("body.description", &call.body["description"])?;
        let database = self.world.add_database(&title, parent, call.now);
        let none = Map::new();
        let columns = call.body["initial_data_source"]["properties"].as_object().unwrap_or(&none);
        let made = self.world.add_source(&database, title, columns, &Who::Bot, call.now);
        if let Err(refused) = made {
            self.world.databases.remove(&database);
            return Err(refused);
        }
        if let Some(held) = self.world.databases.get_mut(&database) {
            held.is_inline = call.body["is_inline"].as_bool().unwrap_or(false);
            held.icon = call.body["icon"].clone();
            held.cover = call.body["cover"].clone();
            held.description = description;
        }
        Ok(render::database(&self.world, &database))
    }

    /// `PATCH /v1/databases/{id}`: the container; columns are the data sources'.
    pub(super) fn database_patch(&mut self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        call.only(&["title", "description", "icon", "cover", "is_inline", "in_trash", "archived"])?;
        let id = self.world.path_id("database_id", id)?;
        if !self.world.databases.contains_key(&id) || !self.world.shared(&id) {
            return Err(Refused::not_found("database", &id, &self.world.bot));
        }
        let text =
            |name: &str| call.body.get(name).map(|given| text::write(&format!("body.{name}"), given, true)).transpose();
        let (title, description, trash) = (text("title")?, text("description")?, call.trash());
        if let Some(held) = self.world.databases.get_mut(&id) {
            held.title = title.unwrap_or_else(|| held.title.clone());
            held.description = description.unwrap_or_else(|| held.description.clone());
            held.icon = call.body.get("icon").unwrap_or(&held.icon).clone();
            held.cover = call.body.get("cover").unwrap_or(&held.cover).clone();
            held.is_inline = call.body["is_inline"].as_bool().unwrap_or(held.is_inline);
            held.in_trash = trash.unwrap_or(held.in_trash);
            held.edited = call.now;
        }
        Ok(render::database(&self.world, &id))
    }

    /// `GET /v1/data_sources/{id}/templates`: a list in a form of its own. Nobody makes templates here.
    pub(super) fn templates(&self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        self.visible_source(id)?;
        call.page_size()?;
        Ok(json!({ "templates": [], "has_more": false, "next_cursor": null }))
    }

    /// `GET /v1/data_sources/{id}`.
    pub(super) fn source_get(&self, id: &str) -> Result<Json, Refused> {
        let id = self.visible_source(id)?;
        Ok(render::source(&self.world, &id))
    }

    /// `POST /v1/data_sources`.
    pub(super) fn source_post(&mut self, call: &Call<'_>) -> Result<Json, Refused> {
        call.only(&["parent", "properties", "title", "icon"])?;
        let Some(database) = call.body["parent"]["database_id"].as_str() else {
            return Err(Refused::body("body.parent.database_id", "defined", "undefined"));
        };
        let database = self.world.path_id("database_id", database)?;
        if !self.world.databases.contains_key(&database) {
            return Err(Refused::not_found("database", &database, &self.world.bot));
        }
        let Some(columns) = call.body["properties"].as_object() else {
            return Err(Refused::body("body.properties", "defined", "undefined"));
        };
        let title = rich_or_empty("body.title", &call.body["title"])?;
        let id = self.world.add_source(&database, title, columns, &Who::Bot, call.now)?;
        Ok(render::source(&self.world, &id))
    }

    /// `PATCH /v1/data_sources/{id}`.
    pub(super) fn source_patch(&mut self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        call.only(&["properties", "title", "description", "icon", "cover", "in_trash", "archived"])?;
        let id = self.visible_source(id)?;
        let title = call.body.get("title").map(|t| text::write("body.title", t, true)).transpose()?;
        let description = call.body.get("description").map(|t| text::write("body.description", t, true)).transpose()?;
        if let Some(columns) = call.body["properties"].as_object() {
            self.world.change_columns(&id, columns, &Who::Bot, call.now)?;
        }
        let (bot, trash) = (self.world.bot.clone(), call.trash());
        if let Some(held) = self.world.sources.get_mut(&id) {
            held.title = title.unwrap_or_else(|| held.title.clone());
            held.description = description.unwrap_or_else(|| held.description.clone());
            held.icon = call.body.get("icon").unwrap_or(&held.icon).clone();
            held.cover = call.body.get("cover").unwrap_or(&held.cover).clone();
            held.in_trash = trash.unwrap_or(held.in_trash);
            (held.edited, held.edited_by) = (call.now, bot);
        }
        Ok(render::source(&self.world, &id))
    }

    /// The dashed id of a data source that the integration can see.
    pub(super) fn visible_source(&self, id: &str) -> Result<String, Refused> {
        let id = self.world.path_id("data_source_id", id)?;
        if self.world.sources.contains_key(&id) && self.world.shared(&id) {
            return Ok(id);
        }
        Err(Refused::not_found("data_source", &id, &self.world.bot))
    }
}

fn rich_or_empty(path: &str, given: &Json) -> Result<Json, Refused> {
    if given.is_null() { Ok(json!([])) } else { text::write(path, given, true) }
}
