//! Users, search and blocks: the parts that a sync only touches at its edges.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::NotionStandIn;
use super::call::Call;
use super::lists::{self, page_size};
use super::objects::Who;
use super::refusal::Refused;
use super::render;
use super::text::{self, ARRAY_LIMIT};
use super::time::page_time;

impl NotionStandIn {
    /// `GET /v1/users`, `/v1/users/me` and `/v1/users/{id}`.
    pub(super) fn users(&mut self, call: &Call<'_>, which: Option<&str>) -> Result<Json, Refused> {
        let id = match which {
            None => {
                let all = self.world.users.values().cloned().collect();
                let size = call.page_size()?;
                return lists::page(&mut self.cursors, "user", "/users", all, size, call.param("start_cursor"));
            }
            Some("me") => self.world.bot.clone(),
            Some(id) => self.world.path_id("user_id", id)?,
        };
        self.world.users.get(&id).cloned().ok_or_else(|| Refused::not_found("user", &id, &self.world.bot))
    }

    /// `POST /v1/search`: titles only, and late: a page made a moment ago is not found (recorded).
    pub(super) fn search(&mut self, call: &Call<'_>) -> Result<Json, Refused> {
        call.only(&["query", "sort", "filter", "start_cursor", "page_size"])?;
        let size = page_size("body.page_size", call.body.get("page_size"))?;
        let wanted = call.body["query"].as_str().unwrap_or_default().to_lowercase();
        let kind = match call.body["filter"]["value"].as_str() {
            None | Some("page" | "data_source") => call.body["filter"]["value"].as_str(),
            Some(other) => {
                let should = "`\"page\"` or `\"data_source\"`";
                return Err(Refused::body("body.filter.value", should, &format!("\"{other}\"")));
            }
        };
        let trashed = call.body["filter"]["in_trash"].as_bool();
        let indexed = call.now - SignedDuration::from_secs(self.config.search_lag_secs);
        let world = &self.world;
        let mut hits: Vec<(Timestamp, String, Json)> = Vec::new();
        for (id, source) in world.sources.iter().filter(|_| kind != Some("page")) {
            let title = text::plain(&source.title).to_lowercase();
            if title.contains(&wanted) && world.shared(id) && trashed.is_none_or(|t| t == source.in_trash) {
                hits.push((source.edited, id.clone(), render::source(world, id)));
            }
        }
        for (id, page) in world.pages.iter().filter(|_| kind != Some("data_source")) {
            let known = page.created <= indexed && page.in_trash == trashed.unwrap_or(false);
            if known && world.title(page).to_lowercase().contains(&wanted) && world.shared(id) {
                hits.push((page.edited, id.clone(), render::page(world, id, page, None)));
            }
        }
        let ascending = call.body["sort"]["direction"] == "ascending";
        hits.sort_by(|a, b| if ascending { a.0.cmp(&b.0) } else { b.0.cmp(&a.0) }.then_with(|| a.1.cmp(&b.1)));
        let all = hits.into_iter().map(|(_, _, shown)| shown).collect();
        let question = json!(["/search", call.body["query"], call.body["filter"], call.body["sort"]]).to_string();
        let cursor = call.body["start_cursor"].as_str();
        lists::page(&mut self.cursors, "page_or_data_source", &question, all, size, cursor)
    }

    /// `GET /v1/blocks/{id}/children`.
    pub(super) fn children_get(&mut self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        let id = self.block_parent(id)?;
        let all = self.world.children.get(&id).into_iter().flatten().filter_map(|b| self.world.blocks.get(b));
        let all = all.filter(|block| block["in_trash"] != true).cloned().collect();
        let size = call.page_size()?;
        let question = format!("/blocks/{id}/children");
        lists::page(&mut self.cursors, "block", &question, all, size, call.param("start_cursor"))
    }

    /// `PATCH /v1/blocks/{id}/children`. The page's `last_edited_time` stays (reported: block edits through the API do
    /// not always move it).
    pub(super) fn children_patch(&mut self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        call.only(&["children", "position", "after"])?;
        let id = self.block_parent(id)?;
        let Some(children) = call.body["children"].as_array() else {
            return Err(Refused::body("body.children", "defined", "undefined"));
        };
        if children.len() > ARRAY_LIMIT {
            return Err(Refused::too_long("body.children", ARRAY_LIMIT, children.len()));
        }
        let place = &call.body["position"];
        let held = self.world.children.get(&id).map_or(0, Vec::len);
        let after = place["after_block"]["id"].as_str().or(call.body["after"].as_str());
        let at = match after {
            Some(block) => {
                let found = self.world.children.get(&id).and_then(|all| all.iter().position(|b| b == block));
                found.map(|at| at + 1).ok_or_else(|| Refused::not_found("block", block, &self.world.bot))?
            }
            None if place["type"] == "start" => 0,
            None => held,
        };
        let made = self.append(&id, children, Some(at), call.now);
        let shown = made.iter().filter_map(|b| self.world.blocks.get(b)).cloned().collect();
        Ok(lists::envelope("block", shown, None))
    }

    /// `GET /v1/blocks/{id}`.
    pub(super) fn block_get(&self, id: &str) -> Result<Json, Refused> {
        let id = self.block_parent(id)?;
        match self.world.blocks.get(&id) {
            Some(block) => Ok(block.clone()),
            None => self.page_block(&id),
        }
    }

    /// `PATCH /v1/blocks/{id}`: what a block says, or whether it lies in the trash. Its type stays.
    pub(super) fn block_patch(&mut self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        let id = self.block_parent(id)?;
        let Some(held) = self.world.blocks.get(&id) else {
            return Err(Refused::invalid("The stand-in updates pages through their own endpoint."));
        };
        let kind = held["type"].as_str().unwrap_or_default().to_owned();
        call.only(&["in_trash", "archived", "type", &kind])?;
        let rich = call.body[kind.as_str()].get("rich_text");
        let rich = rich.map(|rich| text::write(&format!("body.{kind}.rich_text"), rich, true)).transpose()?;
        let bot = json!({ "object": "user", "id": self.world.bot });
        let Some(block) = self.world.blocks.get_mut(&id) else { return self.block_get(&id) };
        for (name, value) in call.body[kind.as_str()].as_object().into_iter().flatten() {
            block[kind.as_str()][name.as_str()] = value.clone();
        }
        if let Some(rich) = rich {
            block[kind.as_str()]["rich_text"] = rich;
        }
        if let Some(into) = call.trash() {
            block["in_trash"] = json!(into);
        }
        block["last_edited_time"] = json!(page_time(call.now));
        block["last_edited_by"] = bot;
        Ok(block.clone())
    }

    /// `DELETE /v1/blocks/{id}`: a page goes into the trash, as a `child_page` block; so does a block.
    pub(super) fn block_delete(&mut self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        let id = self.block_parent(id)?;
        if let Some(block) = self.world.blocks.get_mut(&id) {
            block["in_trash"] = json!(true);
            return Ok(block.clone());
        }
        self.world.trash(&id, true, &Who::Bot, call.now)?;
        self.counters.pages_patched += 1;
        self.page_block(&id)
    }

    fn page_block(&self, id: &str) -> Result<Json, Refused> {
        let page = self.world.page(id)?;
        let shown = render::page(&self.world, id, page, None);
        Ok(json!({
            "object": "block",
            "id": id,
            "parent": shown["parent"],
            "created_time": shown["created_time"],
            "last_edited_time": shown["last_edited_time"],
            "created_by": shown["created_by"],
            "last_edited_by": shown["last_edited_by"],
            "has_children": self.world.children.contains_key(id),
            "in_trash": page.in_trash,
            "type": "child_page",
            "child_page": { "title": self.world.title(page) },
        }))
    }

    /// The id of a block, or of a page, which is a block too.
    fn block_parent(&self, id: &str) -> Result<String, Refused> {
        let id = self.world.path_id("block_id", id)?;
        let known = self.world.blocks.contains_key(&id) || self.world.pages.contains_key(&id);
        if known && self.world.shared(&id) { Ok(id) } else { Err(Refused::not_found("block", &id, &self.world.bot)) }
    }

    /// Adds blocks under a page or block, at a place among its children or at their end.
    pub(super) fn append(&mut self, parent: &str, given: &[Json], at: Option<usize>, now: Timestamp) -> Vec<String> {
        let is_page = self.world.pages.contains_key(parent);
        let bot = json!({ "object": "user", "id": self.world.bot });
        let mut made = Vec::new();
        for child in given {
            let id = self.world.ids.uuid();
            let kind = child["type"].as_str().map(str::to_owned).or_else(|| {
                child.as_object().and_then(|f| f.keys().find(|k| !matches!(k.as_str(), "object" | "type")).cloned())
            });
            let kind = kind.unwrap_or_else(|| "paragraph".to_owned());
            let mut content = child[kind.as_str()].clone();
            let nested = content.as_object_mut().and_then(|c| c.remove("children"));
            if let Some(rich) = content.get("rich_text")
                && let Ok(kept) = text::write("body.children", rich, false)
            {
                content["rich_text"] = kept;
            }
            let key = if is_page { "page_id" } else { "block_id" };
            let nested = nested.and_then(|n| n.as_array().cloned()).unwrap_or_default();
            let block = json!({
                "object": "block",
                "id": id,
                "parent": { "type": key, key: parent },
                "created_time": page_time(now),
                "last_edited_time": page_time(now),
                "created_by": bot,
                "last_edited_by": bot,
                "has_children": !nested.is_empty(),
                "in_trash": false,
                "type": kind,
                kind.as_str(): content,
            });
            self.world.blocks.insert(id.clone(), block);
            self.append(&id, &nested, None, now);
            made.push(id);
        }
        if !made.is_empty() {
            let siblings = self.world.children.entry(parent.to_owned()).or_default();
            let at = at.unwrap_or(siblings.len()).min(siblings.len());
            siblings.splice(at..at, made.iter().cloned());
        }
        made
    }
}
