//! A pretend Notion, version 2026-03-11 (2025-09-03 is accepted and then shows `archived` too).
//!
//! One deterministic workspace: users, databases, data sources, pages, blocks. `call` takes a request apart, `world` holds
//! what exists and is the one place where it changes and is logged, `render` shows it, `filter` and `query` find it,
//! `people`, `moving` and `reshaping` change it as a person would and `automations` as its own robots do, `faults` makes
//! it unreliable, `webhooks` tells what changed, `admin` is the back door, `recorded` fills it from recorded traffic.
//! Anyone may hold a [`NotionStandIn`]; it is asked through [`StandIn::handle`] or, as a person, through its methods.
//! It must never use a codec of `remote` or a type of `model`, read a clock, or draw chance that its seed does not give.
//! What is inferred and not recorded says so beside the line.

mod admin;
mod automations;
mod blocks;
mod call;
mod columns;
mod faults;
mod filter;
mod ids;
mod kept;
mod lists;
mod moving;
mod objects;
mod others;
mod pages;
mod people;
mod plain;
mod query;
mod recorded;
mod refusal;
mod render;
mod reshaping;
mod schema;
mod sharing;
mod sources;
mod text;
mod time;
mod webhooks;
mod world;
mod write;

use std::collections::VecDeque;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value as Json, json};

pub use admin::DOORS;
pub use automations::Automation;
pub use faults::{FAULTS, render_committed_503};
pub use moving::Moved;
pub use recorded::LoadError;
pub use refusal::Refused;
pub use reshaping::Renamed;
pub use sharing::Sight;
pub use webhooks::Calling;

use self::call::{Call, Version};
use self::faults::Trouble;
use self::ids::Ids;
use self::lists::Cursors;
use self::webhooks::Webhooks;
use self::world::World;
use super::StandIn;
use super::fault::Fault;
use super::log::Entry;
use crate::seam::{Method, Request, Response};

/// Seconds of the fixed window in which requests are counted.
const WINDOW: i64 = 60;

/// How a pretend workspace is set up.
#[derive(Clone)]
pub struct Config {
    /// Every id and token comes from it.
    pub seed: u64,
    /// The integration's token; made from the seed for `None`.
    pub token: Option<String>,
    /// Requests per fixed 60-second window: 600 on Business and Enterprise, 180 on other plans.
    pub budget: u32,
    /// Seconds by which the window is shifted from the whole minute.
    pub window_phase_secs: i64,
    /// The workspace's name, as the bot user shows it.
    pub workspace: String,
    /// Rows that one query gives before it ends as incomplete; Notion's is 10,000.
    pub result_cap: usize,
    /// Compare `last_edited_time` in filters and sorts as kept, not as shown. Which of both Notion does is not known.
    pub exact_edit_filter: bool,
    /// Whether the far page of an edited dual relation counts as edited. Not known; assume it may not.
    pub far_side_counts: bool,
    /// Seconds until search finds a new page.
    pub search_lag_secs: i64,
    /// When the workspace was made.
    pub born: Timestamp,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            token: None,
            budget: 600,
            window_phase_secs: 0,
            workspace: "Crosstie demo".into(),
            result_cap: 10_000,
            exact_edit_filter: false,
            far_side_counts: false,
            search_lag_secs: 10,
            born: Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

/// The token stays out.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("seed", &self.seed)
            .field("budget", &self.budget)
            .field("workspace", &self.workspace)
            .field("result_cap", &self.result_cap)
            .finish_non_exhaustive()
    }
}

/// What was asked of the API so far. The back door does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Requests with a valid token, the refused ones too.
    pub requests: u64,
    /// Requests answered 429.
    pub rate_limited: u64,
    /// Pages made through the API.
    pub pages_created: u64,
    /// Pages changed, trashed or restored through the API.
    pub pages_patched: u64,
}

/// A pretend Notion workspace with one integration.
pub struct NotionStandIn {
    /// No moment of this world lies before another that it has answered for; see [`NotionStandIn::tick`].
    clock: Timestamp,
    config: Config,
    token: String,
    world: World,
    cursors: Cursors,
    request_ids: Ids,
    counters: Counters,
    /// The window that is being counted, and the requests in it.
    window: (i64, u32),
    /// See [`NotionStandIn::set_short_pages`].
    short_pages: bool,
    /// See [`NotionStandIn::refuse_next`] and [`NotionStandIn::lose_next_answers`].
    troubles: VecDeque<Trouble>,
    webhooks: Webhooks,
}

/// The token and people's data stay out.
impl fmt::Debug for NotionStandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotionStandIn")
            .field("config", &self.config)
            .field("pages", &self.world.pages.len())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl NotionStandIn {
    /// An empty workspace: the bot and one page called `Crosstie`, shared with it.
    pub fn new(config: Config) -> Self {
        let mut ids = Ids::new(config.seed);
        let token = config.token.clone().unwrap_or_else(|| ids.token());
        let bot = ids.uuid();
        let mut world = World::new(bot.clone(), ids, config.seed, config.far_side_counts);
        let about = json!({
            "owner": { "type": "workspace", "workspace": true },
            "workspace_name": config.workspace,
            "workspace_id": world.ids.uuid(),
            "workspace_limits": { "max_file_upload_size_in_bytes": 5_242_880 },
        });
        let user =
            json!({ "object": "user", "id": bot, "name": "crosstie", "avatar_url": null, "type": "bot", "bot": about });
        world.users.insert(bot, user);
        let (cursors, request_ids) = (Cursors::new(config.seed ^ 0xC0FFEE), Ids::new(config.seed ^ 0x5EED));
        let (clock, counters) = (Timestamp::MIN, Counters::default());
        let (window, troubles) = ((i64::MIN, 0), VecDeque::new());
        let (short_pages, webhooks) = (false, Webhooks::new(config.seed));
        Self { clock, config, token, world, cursors, request_ids, counters, window, short_pages, troubles, webhooks }
    }

    /// The token that the API wants as `Authorization: Bearer …`.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The id of the integration's own user.
    pub fn bot(&self) -> &str {
        &self.world.bot
    }

    /// What was asked of the API so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Forgets all list cursors, as an expired session does: the next use of one answers 400.
    pub fn expire_cursors(&mut self) {
        self.cursors.expire();
    }

    /// Counts a request in its window, or refuses it.
    fn admit(&mut self, now: Timestamp) -> Result<(), Refused> {
        let second = now.as_second() - self.config.window_phase_secs;
        let window = second.div_euclid(WINDOW);
        if self.window.0 != window {
            self.window = (window, 0);
        }
        if self.window.1 < self.config.budget {
            self.window.1 += 1;
            return Ok(());
        }
        self.counters.rate_limited += 1;
        // Whole seconds to the end of the window, rounded up: between 1 and 60.
        let wait = WINDOW - second.rem_euclid(WINDOW);
        let additional =
            json!({ "rate_limit_reason": "public_api_request_rate_limit", "retry_after": wait.to_string() });
        let message = "You have been rate limited. Please try again in a few minutes.";
        Err(Refused {
            additional: Some(additional),
            retry_after: Some(wait),
            ..Refused::new(429, "rate_limited", message)
        })
    }

    /// The answer as JSON text, still without its request id.
    fn api(&mut self, request: &Request, now: Timestamp) -> Result<String, Refused> {
        let sent = request.get_header("authorization").and_then(|h| h.strip_prefix("Bearer "));
        if sent != Some(self.token.as_str()) {
            return Err(Refused::new(401, "unauthorized", "API token is invalid."));
        }
        self.counters.requests += 1;
        if let Some(Trouble::Refused(refused)) = self.troubles.front() {
            let refused = refused.clone();
            self.troubles.pop_front();
            return Err(refused);
        }
        self.admit(now)?;
        let call = Call::read(request, now)?;
        if call.version == Version::Newer
            && let Some(text) = self.shortcut(&call)
        {
            return text;
        }
        let mut body = self.route(&call)?;
        if call.version == Version::Older {
            render::with_archived(&mut body);
        }
        Ok(body.to_string())
    }

    /// The two requests that make up nearly all of a sync's traffic, whose pages need not be rendered anew each time.
    fn shortcut(&mut self, call: &Call<'_>) -> Option<Result<String, Refused>> {
        match (call.method, call.path.as_slice()) {
            (Method::Get, ["pages", id]) => Some(self.page_text(call, id).map(|text| text.to_string())),
            (Method::Post, ["data_sources", id, "query"]) => Some(self.query_text(call, id)),
            _ => None,
        }
    }

    fn route(&mut self, call: &Call<'_>) -> Result<Json, Refused> {
        use Method::{Delete, Get, Patch, Post};
        match (call.method, call.path.as_slice()) {
            (Get, ["users"]) => self.users(call, None),
            (Get, ["users", which]) => self.users(call, Some(which)),
            (Get, ["databases", id]) => self.database_get(id),
            (Post, ["databases"]) => self.database_post(call),
            (Patch, ["databases", id]) => self.database_patch(call, id),
            (Get, ["data_sources", id]) => self.source_get(id),
            (Post, ["data_sources"]) => self.source_post(call),
            (Patch, ["data_sources", id]) => self.source_patch(call, id),
            (Post, ["data_sources", id, "query"]) => self.query(call, id),
            (Get, ["data_sources", id, "templates"]) => self.templates(call, id),
            (Post, ["pages"]) => self.page_post(call),
            (Get, ["pages", id]) => self.page_get(call, id),
            (Patch, ["pages", id]) => self.page_patch(call, id),
            (Post, ["pages", id, "move"]) => self.page_move(call, id),
            (Get, ["pages", id, "properties", property]) => self.property_get(call, id, property),
            (Post, ["search"]) => self.search(call),
            (Get, ["blocks", id, "children"]) => self.children_get(call, id),
            (Patch, ["blocks", id, "children"]) => self.children_patch(call, id),
            (Get, ["blocks", id]) => self.block_get(id),
            (Patch, ["blocks", id]) => self.block_patch(call, id),
            (Delete, ["blocks", id]) => self.block_delete(call, id),
            _ => Err(Refused::url()),
        }
    }
}

impl NotionStandIn {
    /// The world's own time: what happens later is never stamped earlier, though its callers read their clocks before they
    /// waited for their turn. Whoever audits the log relies on that.
    fn tick(&mut self, now: Timestamp) -> Timestamp {
        self.clock = self.clock.max(now);
        self.world.run_automations(self.clock);
        self.clock
    }
}

impl StandIn for NotionStandIn {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        let now = self.tick(now);
        let date = time::http_date(now);
        if let Some(door) = request.target.strip_prefix("/_admin/") {
            return self.admin(request, door, now).header("date", date);
        }
        let request_id = self.request_ids.uuid();
        let asked = self.counters.requests;
        let response = match self.api(request, now) {
            // The list of templates is the one answer that does not name its request.
            Ok(body) if request.path().ends_with("/templates") => Response::json_text(200, body),
            Ok(body) => answered(body, &request_id),
            Err(refused) => refused.response(&request_id),
        };
        let lost = self.counters.requests > asked && matches!(self.troubles.front(), Some(Trouble::Saved));
        let response =
            if lost && self.troubles.pop_front().is_some() { render_committed_503(&response) } else { response };
        response.header("x-notion-request-id", request_id).header("date", date)
    }

    fn faults(&self) -> &'static [Fault] {
        FAULTS
    }

    fn switch(&mut self, order: &str) -> Result<(), String> {
        self.switched(order)
    }

    fn log(&self) -> &[Entry] {
        &self.world.log
    }
}

/// A successful answer: its text, which is an object, with the request id added.
fn answered(mut body: String, request_id: &str) -> Response {
    body.truncate(body.len().saturating_sub(1));
    body.push_str(",\"request_id\":\"");
    body.push_str(request_id);
    body.push_str("\"}");
    let headers = vec![("content-type".into(), "application/json; charset=utf-8".into())];
    Response { status: 200, headers, body: body.into() }
}
