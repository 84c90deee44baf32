//! Blocks: what pages say below their properties, and what one request may add to them.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::NotionStandIn;
use super::call::Call;
use super::lists;
use super::objects::Who;
use super::refusal::Refused;
use super::render;
use super::text::{self, ARRAY_LIMIT};
use super::time::page_time;

/// Levels of blocks inside blocks that one request may hold.
const NESTING: usize = 2;
/// Blocks that one request may hold, and its bytes.
const PAYLOAD: (usize, usize) = (1_000, 500_000);
/// Blocks that others can stand in.
const HOLDERS: [&str; 16] = [
    "paragraph",
    "heading_1",
    "heading_2",
    "heading_3",
    "bulleted_list_item",
    "numbered_list_item",
    "to_do",
    "toggle",
    "quote",
    "callout",
    "template",
    "column",
    "column_list",
    "table",
    "synced_block",
    "child_page",
];

/// A block's type, also where a request leaves it out.
fn kind_of(block: &Json) -> String {
    let named = block["type"].as_str().map(str::to_owned);
    let first = || block.as_object()?.keys().find(|name| !matches!(name.as_str(), "object" | "type")).cloned();
    named.or_else(first).unwrap_or_else(|| "paragraph".to_owned())
}

/// Refuses what Notion does not take in one request. The words about payloads are inferred; those about an array's
/// length, a text's length and something that must not be there have the recorded form.
pub(super) fn checked(children: &[Json]) -> Result<(), Refused> {
    let mut blocks = 0;
    check("body.children", children, 0, &mut blocks)?;
    if blocks > PAYLOAD.0 {
        return Err(Refused::invalid(format!("The request has {blocks} blocks; {} are the most.", PAYLOAD.0)));
    }
    let bytes: usize = children.iter().map(|block| block.to_string().len()).sum();
    if bytes > PAYLOAD.1 {
        return Err(Refused::invalid(format!("The request has {bytes} bytes; {} are the most.", PAYLOAD.1)));
    }
    Ok(())
}

fn check(path: &str, children: &[Json], depth: usize, blocks: &mut usize) -> Result<(), Refused> {
    if children.len() > ARRAY_LIMIT {
        return Err(Refused::too_long(path, ARRAY_LIMIT, children.len()));
    }
    *blocks += children.len();
    for (at, block) in children.iter().enumerate() {
        let kind = kind_of(block);
        let path = format!("{path}[{at}].{kind}");
        let Some(content) = block[kind.as_str()].as_object() else {
            return Err(Refused::body(&path, "defined", "undefined"));
        };
        if let Some(rich) = content.get("rich_text") {
            text::write(&format!("{path}.rich_text"), rich, true)?;
        }
        if kind == "code" && !content.get("language").is_some_and(Json::is_string) {
            return Err(Refused::body(&format!("{path}.language"), "defined", "undefined"));
        }
        let Some(nested) = content.get("children") else { continue };
        let Some(inside) = nested.as_array() else {
            return Err(Refused::body(&format!("{path}.children"), "an array", &text::kind_of(nested)));
        };
        if !inside.is_empty() && (depth >= NESTING || !HOLDERS.contains(&kind.as_str())) {
            return Err(Refused::body(&format!("{path}.children"), "not present", &nested.to_string()));
        }
        check(&format!("{path}.children"), inside, depth + 1, blocks)?;
    }
    Ok(())
}

impl NotionStandIn {
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
    /// not always move it). After a block, the answer shows the blocks behind it too (recorded).
    pub(super) fn children_patch(&mut self, call: &Call<'_>, id: &str) -> Result<Json, Refused> {
        call.only(&["children", "position", "after"])?;
        let id = self.block_parent(id)?;
        if self.lies_in_trash(&id) {
            return Err(Refused::invalid(
                "Can't edit block that is archived. You must unarchive the block before editing.",
            ));
        }
        let Some(children) = call.body["children"].as_array() else {
            return Err(Refused::body("body.children", "defined", "undefined"));
        };
        checked(children)?;
        if let Some(block) = self.world.blocks.get(&id)
            && !HOLDERS.contains(&block["type"].as_str().unwrap_or_default())
        {
            return Err(Refused::invalid("Block does not support children."));
        }
        let place = &call.body["position"];
        let held = self.world.children.get(&id).map_or(0, Vec::len);
        let after = place["after_block"]["id"].as_str().or(call.body["after"].as_str());
        let at = match after {
            Some(block) => {
                let block = self.world.path_id("after_block", block)?;
                let found = self.world.children.get(&id).and_then(|all| all.iter().position(|b| *b == block));
                found.map(|at| at + 1).ok_or_else(|| Refused::not_found("block", &block, &self.world.bot))?
            }
            None if place["type"] == "start" => 0,
            None => held,
        };
        let mut shown = self.append(&id, children, Some(at), &Who::Bot, call.now);
        if after.is_some() {
            let all = self.world.children.get(&id).map(Vec::as_slice).unwrap_or_default();
            shown = all.iter().skip(at).cloned().collect();
        }
        let shown = shown.iter().filter_map(|b| self.world.blocks.get(b)).filter(|b| b["in_trash"] != true);
        let shown = shown.take(lists::PAGE).cloned().collect();
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

    /// Whether a block, or the page it stands in, lies in the trash.
    fn lies_in_trash(&self, id: &str) -> bool {
        match (self.world.blocks.get(id), self.world.pages.get(id)) {
            (Some(block), _) => {
                let parent = &block["parent"];
                let above = parent["block_id"].as_str().or(parent["page_id"].as_str());
                block["in_trash"] == true || above.is_some_and(|above| self.lies_in_trash(above))
            }
            (None, Some(page)) => page.in_trash,
            (None, None) => false,
        }
    }

    /// A person writes a paragraph at the end of a page.
    ///
    /// # Errors
    /// When the person or page does not exist.
    pub fn person_write(&mut self, now: Timestamp, who: &str, page: &str, text: &str) -> Result<(), Refused> {
        let now = self.tick(now);
        let (who, page) = (self.person(who)?, self.world.path_id("page_id", page)?);
        self.world.page(&page)?;
        let paragraph =
            json!({ "type": "paragraph", "paragraph": { "rich_text": text::rich(text), "color": "default" } });
        self.append(&page, &[paragraph], None, &who, now);
        Ok(())
    }

    /// Adds blocks under a page or block, at a place among its children or at their end.
    pub(super) fn append(
        &mut self,
        parent: &str,
        given: &[Json],
        at: Option<usize>,
        who: &Who,
        now: Timestamp,
    ) -> Vec<String> {
        let is_page = self.world.pages.contains_key(parent);
        let author = json!({ "object": "user", "id": self.world.user_of(who) });
        let mut made = Vec::new();
        for child in given {
            let id = self.world.ids.uuid();
            let kind = kind_of(child);
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
                "created_by": author,
                "last_edited_by": author,
                "has_children": !nested.is_empty(),
                "in_trash": false,
                "type": kind,
                kind.as_str(): content,
            });
            self.world.blocks.insert(id.clone(), block);
            self.append(&id, &nested, None, who, now);
            made.push(id);
        }
        if !made.is_empty() {
            let siblings = self.world.children.entry(parent.to_owned()).or_default();
            let at = at.unwrap_or(siblings.len()).min(siblings.len());
            siblings.splice(at..at, made.iter().cloned());
            if let Some(block) = self.world.blocks.get_mut(parent) {
                block["has_children"] = json!(true);
            }
        }
        made
    }
}
