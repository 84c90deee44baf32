//! Users and search: the parts that a sync only touches at its edges.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::NotionStandIn;
use super::call::Call;
use super::lists::{self, page_size};
use super::refusal::Refused;
use super::render;
use super::text;

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
}
