//! Webhooks: what the workspace tells whoever subscribed. The first call brings the verification token; when a person has
//! pasted that where Notion asks for it, every event is signed with it. Events carry no values; the first edit of a page is told within
//! seconds, further ones in the next minute together (since 2026-10-15); one that nobody takes comes up to eight times.
//!
//! The stand-in only says whom to call with what: who serves it carries the calls out, and says whether they were taken. How far
//! apart attempts are is not published: these are made up, the last a day after the first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use sha2::Sha256;

use super::NotionStandIn;
use super::ids::Ids;
use super::objects::Parent;
use super::world::World;
use crate::standin::log::{Actor, Entry, Kind};

/// How long after an edit it is told, and how long after that further ones are.
const SOON: SignedDuration = SignedDuration::from_secs(2);
const MERGED: SignedDuration = SignedDuration::from_secs(60);
/// How soon the first call is tried again until it is taken; Notion leaves that to a button.
const HANDSHAKE_AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// How long after an attempt the next one comes, in seconds.
const AGAIN: [i64; 7] = [60, 300, 900, 3_600, 10_800, 28_800, 41_940];

/// One call.
#[derive(Clone, PartialEq, Eq)]
pub struct Calling {
    /// What to name it by when it was taken, or not.
    pub number: u64,
    /// Whom to call.
    pub url: String,
    /// What is posted there.
    pub body: String,
    /// `X-Notion-Signature`.
    pub signature: String,
}

/// The token stays out.
impl fmt::Debug for Calling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calling").field("number", &self.number).field("url", &self.url).finish_non_exhaustive()
    }
}

struct Subscription {
    id: String,
    url: String,
    token: String,
    /// When the first call is due; none once it was taken.
    handshake: Option<Timestamp>,
    verified: bool,
}

/// What will be told of one page, and when.
struct Gathered {
    due: Timestamp,
    at: Timestamp,
    authors: BTreeSet<(String, String)>,
    properties: BTreeSet<String>,
}

struct Waiting {
    /// None while it is being called.
    due: Option<Timestamp>,
    attempt: usize,
    event: Json,
}

/// Who subscribed, and what waits to be told.
pub(super) struct Webhooks {
    ids: Ids,
    subscription: Option<Subscription>,
    /// How much of the log was looked at.
    told: usize,
    gathered: BTreeMap<(String, &'static str), Gathered>,
    /// When a page's edits were last told.
    lately: BTreeMap<String, Timestamp>,
    waiting: BTreeMap<u64, Waiting>,
    /// The first call has the number 0.
    last: u64,
    counted: u32,
    /// Every so manieth event is lost; 0 for none.
    pub lost: u32,
    pub doubled: bool,
    pub late_s: u32,
}

impl Webhooks {
    pub fn new(seed: u64) -> Self {
        Self {
            ids: Ids::new(seed ^ 0x00EB_4005),
            subscription: None,
            told: 0,
            gathered: BTreeMap::new(),
            lately: BTreeMap::new(),
            waiting: BTreeMap::new(),
            last: 0,
            counted: 0,
            lost: 0,
            doubled: false,
            late_s: 0,
        }
    }

    /// Looks what has changed.
    fn gather(&mut self, world: &World) {
        let from = std::mem::replace(&mut self.told, world.log.len());
        for entry in world.log.get(from..).unwrap_or_default() {
            let hidden = world.unshared.contains(&entry.object) || world.unshared.contains(&entry.entity);
            if !hidden && !entry.entity.is_empty() {
                self.note(world, entry);
            }
        }
    }

    fn note(&mut self, world: &World, entry: &Entry) {
        let page = &entry.object;
        let what = match entry.kind {
            Kind::Created => "created",
            // What a new page begins with is told with it.
            Kind::Edited if self.gathered.contains_key(&(page.clone(), "created")) => "created",
            Kind::Edited => "properties_updated",
            Kind::Deleted => "deleted",
            Kind::Restored => "undeleted",
        };
        let after = |at: Timestamp, by: SignedDuration| at.checked_add(by).unwrap_or(at);
        let late = SignedDuration::from_secs(self.late_s.into());
        let mut due = after(entry.at, SOON + late);
        if let Some(last) = self.lately.get(page).filter(|_| what == "properties_updated") {
            due = due.max(after(*last, MERGED + late));
        }
        let fresh = || Gathered { due, at: entry.at, authors: BTreeSet::new(), properties: BTreeSet::new() };
        let gathered = self.gathered.entry((page.clone(), what)).or_insert_with(fresh);
        gathered.at = entry.at;
        gathered.authors.insert(author(world, &entry.actor));
        if what == "properties_updated" {
            let schema = world.sources.get(&entry.entity).map(|source| &source.schema);
            let column = schema.and_then(|schema| schema.values().find(|column| column.name == entry.field));
            gathered.properties.extend(column.map(|column| column.id.clone()));
        }
    }

    /// Makes events of what is due.
    fn make(&mut self, world: &World, about: &Json, now: Timestamp) {
        let due: Vec<(String, &'static str)> =
            self.gathered.iter().filter(|(_, it)| it.due <= now).map(|(key, _)| key.clone()).collect();
        for key in due {
            let Some(gathered) = self.gathered.remove(&key) else { continue };
            let (page, what) = key;
            if what == "properties_updated" {
                self.lately.insert(page.clone(), now);
            }
            self.counted += 1;
            if self.lost > 0 && self.counted.is_multiple_of(self.lost) {
                continue;
            }
            let mut event = about.clone();
            event["id"] = json!(self.ids.uuid());
            event["timestamp"] = json!(gathered.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
            event["type"] = json!(format!("page.{what}"));
            let authors = gathered.authors.iter().map(|(id, kind)| json!({"id": id, "type": kind}));
            event["authors"] = authors.collect();
            event["entity"] = json!({"id": page, "type": "page"});
            event["data"] = json!({"parent": parent(world, &page)});
            if what == "properties_updated" {
                event["data"]["updated_properties"] = json!(gathered.properties);
            }
            for _ in 0..if self.doubled { 2 } else { 1 } {
                self.last += 1;
                self.waiting.insert(self.last, Waiting { due: Some(now), attempt: 1, event: event.clone() });
            }
        }
    }

    /// The calls that are due, each to be answered for by [`NotionStandIn::called`].
    fn due(&mut self, now: Timestamp) -> Vec<Calling> {
        let Some(subscription) = &mut self.subscription else { return Vec::new() };
        let calling = |number: u64, body: String| {
            let signature = signature(&subscription.token, &body);
            Calling { number, url: subscription.url.clone(), body, signature }
        };
        let mut calls = Vec::new();
        if subscription.handshake.is_some_and(|due| due <= now) {
            calls.push(calling(0, json!({"verification_token": subscription.token}).to_string()));
        }
        for (number, waiting) in &mut self.waiting {
            if waiting.due.is_some_and(|due| due <= now) {
                waiting.due = None;
                waiting.event["attempt_number"] = json!(waiting.attempt);
                calls.push(calling(*number, waiting.event.to_string()));
            }
        }
        if calls.iter().any(|call| call.number == 0) {
            // Until it is known what became of it.
            subscription.handshake = now.checked_add(HANDSHAKE_AGAIN).ok();
        }
        calls
    }
}

/// Who did it: the id of a user, and what that is.
fn author(world: &World, actor: &Actor) -> (String, String) {
    let is_it = |name: &str| world.users.iter().find(|(_, user)| user["name"] == name);
    match actor {
        Actor::Api => (world.bot.clone(), "bot".to_owned()),
        Actor::Person(name) => is_it(name).map_or_else(
            || (name.clone(), "person".to_owned()),
            |(id, user)| (id.clone(), user["type"].as_str().unwrap_or("person").to_owned()),
        ),
    }
}

fn parent(world: &World, page: &str) -> Json {
    match world.pages.get(page).map(|page| &page.parent) {
        Some(Parent::Source(source)) => {
            let database = world.sources.get(source).map(|source| source.database.clone());
            json!({"id": database, "type": "database", "data_source_id": source})
        }
        Some(Parent::Page(id)) => json!({"id": id, "type": "page"}),
        _ => json!({"type": "space"}),
    }
}

fn signature(token: &str, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(token.as_bytes()) else { return String::new() };
    mac.update(body.as_bytes());
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

impl NotionStandIn {
    /// Somebody creates a webhook subscription: the first call brings the verification token there. Takes the place of one
    /// that was there.
    pub fn subscribe(&mut self, now: Timestamp, url: &str) {
        let now = self.tick(now);
        let hooks = &mut self.webhooks;
        let token = format!("secret_{:016x}{:016x}{:016x}", hooks.ids.bits(), hooks.ids.bits(), hooks.ids.bits());
        let (id, url) = (hooks.ids.uuid(), url.to_owned());
        hooks.subscription = Some(Subscription { id, url, token, handshake: Some(now), verified: false });
        hooks.waiting.clear();
    }

    /// Somebody pastes a verification token and presses Verify: if it is the one that was sent, events are told from now on.
    pub fn verify(&mut self, token: &str) -> bool {
        let told = self.world.log.len();
        let Some(subscription) = &mut self.webhooks.subscription else { return false };
        if subscription.token == token {
            (subscription.verified, subscription.handshake) = (true, None);
            self.webhooks.told = told;
            return true;
        }
        false
    }

    /// Calls that are due now, oldest first: whoever serves the workspace carries them out, and says what became of each.
    pub fn calling(&mut self, now: Timestamp) -> Vec<Calling> {
        let now = self.tick(now);
        let Some(subscription) = &self.webhooks.subscription else { return Vec::new() };
        if subscription.verified {
            let about = json!({
                "workspace_id": self.world.users.get(&self.world.bot).map(|bot| bot["bot"]["workspace_id"].clone()),
                "workspace_name": self.config.workspace, "subscription_id": subscription.id,
                "integration_id": self.world.bot, "api_version": "2026-03-11",
            });
            self.webhooks.gather(&self.world);
            self.webhooks.make(&self.world, &about, now);
        }
        self.webhooks.due(now)
    }

    /// Whether a call was taken: answered with 200 to 299. One that was not comes again, up to eight times.
    pub fn called(&mut self, now: Timestamp, number: u64, taken: bool) {
        let now = self.tick(now);
        if number == 0 {
            if let Some(subscription) = self.webhooks.subscription.as_mut().filter(|_| taken) {
                subscription.handshake = None;
            }
            return;
        }
        let Some(waiting) = self.webhooks.waiting.get_mut(&number) else { return };
        match AGAIN.get(waiting.attempt - 1).filter(|_| !taken) {
            Some(again) => {
                waiting.due = now.checked_add(SignedDuration::from_secs(*again)).ok();
                waiting.attempt += 1;
            }
            None => drop(self.webhooks.waiting.remove(&number)),
        }
    }
}
