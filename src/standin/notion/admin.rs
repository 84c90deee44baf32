//! The back door under `/_admin/`: JSON, no token, no limits. For tests, the demo and foreign languages.
//! [`DOORS`] says which there are.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::call::pairs;
use super::faults::FAULTS;
use super::objects::Parent;
use super::refusal::Refused;
use super::render;
use super::{NotionStandIn, plain, text};
use crate::seam::{Method, Request, Response};

/// What can be asked of the back door, and what that does.
pub const DOORS: &[(&str, &str)] = &[
    ("GET world", "users, data sources with schema, pages with plain values, counters"),
    ("GET log?from=N", "`{\"entries\": […], \"next\": N}`: every change so far, by people and by the API"),
    ("GET faults", "what can be switched on"),
    ("POST fault {\"fault\": \"NAME=VALUE\"}", "switches it on, or off with `=off`"),
    ("POST edit {\"page\", \"set\": {NAME: plain or property JSON}, \"as\": person}", "`{}`"),
    ("POST create {\"data_source\", \"set\", \"as\"}", "`{\"page\"}`"),
    ("POST duplicate {\"page\", \"as\"}", "`{\"page\"}`"),
    ("POST trash, POST restore {\"page\", \"as\"}", "`{}`"),
    ("POST computed {\"page\", \"set\"}", "`{}`: formulas and rollups"),
    ("POST unshare, POST share {\"id\"}", "`{}`: what the integration can see"),
    ("POST expire_cursors", "`{}`"),
    ("POST short_pages {\"on\"}, POST result_cap {\"rows\"}", "`{}`: how queries end"),
    ("POST refuse {\"code\", \"times\"?, \"retry_after\"?}", "`{}`: the next requests are answered with that error"),
    ("POST webhook {\"url\"}", "`{}`: a subscription, whose first call brings the verification token there"),
    ("POST verify {\"token\"}", "`{\"verified\"}`: what the button Verify does; then events are told"),
    ("POST lose_answers {\"times\"?}", "`{}`: the next requests are done and answered 503"),
];

impl NotionStandIn {
    pub(super) fn admin(&mut self, request: &Request, door: &str, now: Timestamp) -> Response {
        match self.door(request, door, now) {
            Ok(body) => Response::json(200, &body),
            Err(refused) => Response::json(refused.status, &json!({ "error": refused.message })),
        }
    }

    fn door(&mut self, request: &Request, door: &str, now: Timestamp) -> Result<Json, Refused> {
        let (door, query) = door.split_once('?').unwrap_or((door, ""));
        let body: Json = if request.body.is_empty() {
            json!({})
        } else {
            serde_json::from_slice(&request.body).map_err(|e| Refused::invalid(format!("The body is no JSON: {e}")))?
        };
        let word = |name: &str| {
            body[name].as_str().ok_or_else(|| Refused::invalid(format!("The body needs \"{name}\", a string.")))
        };
        let none = Map::new();
        let set: Vec<(&str, Json)> =
            body["set"].as_object().unwrap_or(&none).iter().map(|(name, v)| (name.as_str(), v.clone())).collect();
        match (request.method, door) {
            (Method::Get, "world") => Ok(self.whole()),
            (Method::Get, "log") => {
                let pairs = pairs(query);
                let from = pairs.iter().find(|(name, _)| name == "from").map_or(Ok(0), |(_, n)| n.parse::<usize>());
                let from = from.map_err(|_| Refused::invalid("\"from\" is a number of an entry."))?;
                let entries = self.world.log.get(from..).unwrap_or_default();
                Ok(json!({ "entries": entries, "next": self.world.log.len() }))
            }
            (Method::Get, "faults") => {
                let all = FAULTS.iter().map(|fault| json!({ "fault": fault.written(), "what": fault.what }));
                Ok(all.collect())
            }
            (Method::Post, "fault") => {
                self.switched(word("fault")?).map_err(Refused::invalid)?;
                Ok(json!({}))
            }
            (Method::Post, "edit") => {
                self.person_edit(now, word("as")?, word("page")?, &set)?;
                Ok(json!({}))
            }
            (Method::Post, "create") => {
                let page = self.person_create(now, word("as")?, word("data_source")?, &set)?;
                Ok(json!({ "page": page }))
            }
            (Method::Post, "duplicate") => {
                let page = self.person_duplicate(now, word("as")?, word("page")?)?;
                Ok(json!({ "page": page }))
            }
            (Method::Post, "trash") => {
                self.person_trash(now, word("as")?, word("page")?)?;
                Ok(json!({}))
            }
            (Method::Post, "restore") => {
                self.person_restore(now, word("as")?, word("page")?)?;
                Ok(json!({}))
            }
            (Method::Post, "computed") => {
                for (name, value) in set {
                    self.set_computed(word("page")?, name, value)?;
                }
                Ok(json!({}))
            }
            (Method::Post, "unshare") => {
                self.unshare(word("id")?);
                Ok(json!({}))
            }
            (Method::Post, "share") => {
                self.share(word("id")?);
                Ok(json!({}))
            }
            (Method::Post, "expire_cursors") => {
                self.expire_cursors();
                Ok(json!({}))
            }
            (Method::Post, "short_pages") => {
                self.set_short_pages(body["on"].as_bool().unwrap_or(true));
                Ok(json!({}))
            }
            (Method::Post, "result_cap") => {
                self.set_result_cap(count(&body, "rows")?);
                Ok(json!({}))
            }
            (Method::Post, "refuse") => {
                self.refuse_next(count(&body, "times")?, word("code")?, body["retry_after"].as_i64())?;
                Ok(json!({}))
            }
            (Method::Post, "webhook") => {
                self.subscribe(now, word("url")?);
                Ok(json!({}))
            }
            (Method::Post, "verify") => Ok(json!({ "verified": self.verify(word("token")?) })),
            (Method::Post, "lose_answers") => {
                self.lose_next_answers(count(&body, "times")?);
                Ok(json!({}))
            }
            _ => Err(Refused::new(
                404,
                "no_such_door",
                format!("The back door has no {} {door}.", request.method.as_str()),
            )),
        }
    }

    fn whole(&self) -> Json {
        let world = &self.world;
        let name = |id: &str| world.users.get(id).and_then(|u| u["name"].as_str()).unwrap_or(id).to_owned();
        let sources: Vec<Json> = world
            .sources
            .iter()
            .map(|(id, source)| {
                json!({
                    "id": id,
                    "title": text::plain(&source.title),
                    "database": source.database,
                    "in_trash": source.in_trash,
                    "schema": super::schema::shown(source.schema.values()),
                })
            })
            .collect();
        let pages: Vec<Json> = world
            .pages
            .iter()
            .map(|(id, page)| {
                let schema = world.schema_of(&page.parent);
                let values: Map<String, Json> =
                    schema.values().map(|c| (c.name.clone(), plain::of(&c.kind, &world.value(page, c)))).collect();
                let source = match &page.parent {
                    Parent::Source(source) => Some(source),
                    _ => None,
                };
                json!({
                    "id": id,
                    "data_source": source,
                    "in_trash": page.in_trash,
                    "created_by": name(&page.created_by),
                    "last_edited_by": name(&page.edited_by),
                    "created": page.created,
                    "last_edited": page.edited,
                    "url": render::page(world, id, page, Some(&[]))["url"],
                    "values": values,
                })
            })
            .collect();
        json!({
            "bot": world.bot,
            "users": world.users.values().collect::<Vec<_>>(),
            "data_sources": sources,
            "pages": pages,
            "counters": self.counters,
        })
    }
}

/// A count in a body; 1 where there is none.
fn count(body: &Json, name: &str) -> Result<usize, Refused> {
    match &body[name] {
        Json::Null => Ok(1),
        given => given
            .as_u64()
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| Refused::invalid(format!("{name:?} is a whole number."))),
    }
}
