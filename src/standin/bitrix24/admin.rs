//! The back door over HTTP, under `/_admin/`: JSON, no secret, no limits.
//! [`DOORS`] says which there are.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::answer::ApiError;
use super::faults::FAULTS;
use super::input::parse_form;
use super::people::Refused;
use super::schema::Entity;
use super::{BitrixStandIn, refusal};
use crate::seam::{Method, Request, Response};

/// What can be asked of the back door, and what that does.
pub const DOORS: &[(&str, &str)] = &[
    ("GET world", "users, stages, fields, objects and tasks with plain values, counters"),
    ("GET log?from=N", "`{\"entries\": […]}`: every change so far, by people and by the API"),
    ("GET faults", "what can be switched on"),
    ("POST fault {\"fault\": \"NAME=VALUE\"}", "switches it on, or off with `=off`"),
    ("POST create {\"entity\", \"set\": {NAME: plain}, \"as\": person}", "`{\"id\"}`"),
    ("POST edit {\"entity\", \"id\", \"set\", \"as\"}", "`{\"saved\"}`"),
    ("POST delete {\"entity\", \"id\", \"as\"}", "`{\"deleted\"}`"),
    ("POST remove_field {\"entity\", \"field\"}", "deletes a user field"),
    (
        "POST install {\"handler\"?}",
        "the application's id and secret, its application token, and its tokens, which `handler` is sent too",
    ),
    ("POST authorize", "`{\"code\"}`, to be exchanged within 30 seconds"),
    ("POST expire_tokens", "no access token is valid any longer"),
    ("POST revoke", "no token of the application is good for anything any longer"),
    ("POST rename {\"old\", \"new\"}", "under the host `old` the portal answers 302 to the address `new`"),
    (
        "POST outgoing_webhook {\"handler\", \"events\": [NAME]}",
        "`{\"application_token\"}`: those events are told there",
    ),
    ("POST refuse {\"code\", \"times\"?}", "the next requests are answered with that error"),
];

impl BitrixStandIn {
    pub(super) fn admin(&mut self, request: &Request, now: Timestamp) -> Response {
        let path = request.path().trim_start_matches("/_admin/").to_owned();
        let done = match (request.method, path.as_str()) {
            (Method::Get, "world") => Ok(self.admin_world()),
            (Method::Get, "log") => Ok(self.admin_log(request)),
            (Method::Get, "faults") => {
                let all = FAULTS.iter().map(|fault| json!({"fault": fault.written(), "what": fault.what}));
                Ok(all.collect())
            }
            (Method::Post, "fault") => {
                let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
                let switched = self.switched(body["fault"].as_str().unwrap_or_default());
                switched.map(|()| json!({})).map_err(|why| ApiError::bad("REFUSED", why))
            }
            (Method::Post, "remove_field" | "outgoing_webhook") => {
                self.admin_set_up(&path, &serde_json::from_slice(&request.body).unwrap_or_default())
            }
            (Method::Post, "edit" | "create" | "delete") => {
                let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
                self.admin_change(&path, &body, now)
            }
            (Method::Post, "install") => {
                let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
                let mut granted = match body["handler"].as_str() {
                    Some(url) => json!(self.install_app_at(now, url)),
                    None => json!(self.install_app(now)),
                };
                let (id, secret) = self.app_credentials();
                (granted["client_id"], granted["client_secret"]) = (json!(id), json!(secret));
                granted["application_token"] = json!(self.application_token());
                Ok(granted)
            }
            (Method::Post, "authorize") => Ok(json!({"code": self.authorize_app(now)})),
            (Method::Post, "expire_tokens") => {
                self.expire_access_tokens(now);
                Ok(json!({}))
            }
            (Method::Post, "revoke") => {
                self.revoke_app();
                Ok(json!({}))
            }
            (Method::Post, "rename") => {
                let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
                match (body["old"].as_str(), body["new"].as_str()) {
                    (Some(old), Some(new)) => {
                        self.rename(old, new);
                        Ok(json!({}))
                    }
                    _ => Err(ApiError::bad("REFUSED", "\"old\" is a host and \"new\" an address")),
                }
            }
            (Method::Post, "refuse") => self.admin_refuse(&serde_json::from_slice(&request.body).unwrap_or_default()),
            _ => Err(ApiError::new(404, "NOT_FOUND", "The back door has no such room")),
        };
        match done {
            Ok(body) => Response::json(200, &body),
            Err(error) => refusal(&error),
        }
    }

    fn admin_log(&self, request: &Request) -> Json {
        let query = parse_form(request.target.split_once('?').map(|(_, query)| query).unwrap_or_default());
        let from = query.get("from").and_then(|from| from.int()).and_then(|from| usize::try_from(from).ok());
        let entries: Vec<_> = self.world.log.iter().skip(from.unwrap_or(0)).collect();
        json!({"entries": entries})
    }

    fn admin_set_up(&mut self, what: &str, body: &Json) -> Result<Json, ApiError> {
        let text = |key: &str| body[key].as_str().ok_or_else(|| ApiError::missing(key));
        if what == "remove_field" {
            let entity = Entity::parse(text("entity")?).ok_or_else(|| ApiError::bad("", "There is no such entity"))?;
            return match self.remove_user_field(entity, text("field")?) {
                true => Ok(json!({})),
                false => Err(ApiError::bad("REFUSED", "There is no such user field")),
            };
        }
        let events: Vec<&str> = body["events"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let token = self.add_outgoing_webhook(text("handler")?, &events);
        Ok(json!({"application_token": token}))
    }

    fn admin_refuse(&mut self, body: &Json) -> Result<Json, ApiError> {
        let times = match &body["times"] {
            Json::Null => Some(1),
            given => given.as_u64().and_then(|times| usize::try_from(times).ok()),
        };
        let times = times.ok_or_else(|| ApiError::bad("REFUSED", "\"times\" is a whole number"))?;
        match self.refuse_next(times, body["code"].as_str().unwrap_or_default()) {
            true => Ok(json!({})),
            false => Err(ApiError::bad("REFUSED", "\"code\" is no error that can be ordered")),
        }
    }

    fn admin_change(&mut self, what: &str, body: &Json, now: Timestamp) -> Result<Json, ApiError> {
        let refused = |refused: Refused| ApiError::bad("REFUSED", refused.to_string());
        let text = |key: &str| match &body[key] {
            Json::String(text) => Ok(text.clone()),
            Json::Number(number) => Ok(number.to_string()),
            _ => Err(ApiError::missing(key)),
        };
        let (of, who) = (text("entity")?, text("as")?);
        let empty = Map::new();
        let set = body["set"].as_object().unwrap_or(&empty);
        let set: Vec<(&str, Json)> = set.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if of == "task" {
            return match what {
                "edit" => Ok(json!({"saved": self.person_edit_task(now, &who, &text("id")?, &set).map_err(refused)?})),
                "create" => Ok(json!({"id": self.person_create_task(now, &who, &set).map_err(refused)?})),
                _ => {
                    self.person_delete_task(now, &who, &text("id")?).map_err(refused)?;
                    Ok(json!({"deleted": true}))
                }
            };
        }
        let entity = Entity::parse(&of).ok_or_else(|| ApiError::bad("", "There is no such entity"))?;
        match what {
            "edit" => {
                let saved = self.person_edit(now, &who, entity, &text("id")?, &set).map_err(refused)?;
                Ok(json!({"saved": saved}))
            }
            "create" => {
                let id = self.person_create(now, &who, entity, &set).map_err(refused)?;
                Ok(json!({"id": id}))
            }
            _ => {
                self.person_delete(now, &who, entity, &text("id")?).map_err(refused)?;
                Ok(json!({"deleted": true}))
            }
        }
    }

    fn admin_world(&self) -> Json {
        let users = self.people().iter().map(|person| {
            json!({
                "id": person.id.to_string(), "name": person.name, "email": person.email, "active": person.active,
                "integration": person.id == self.config.user_id,
            })
        });
        let pipelines = self.pipelines().iter().map(|pipeline| {
            let stages = pipeline
                .stages
                .iter()
                .map(|stage| json!({"id": stage.id, "name": stage.name, "semantics": stage.semantics.to_string()}));
            json!({"id": pipeline.id.to_string(), "name": pipeline.name, "stages": stages.collect::<Vec<_>>()})
        });
        let (mut fields, mut items) = (Map::new(), Map::new());
        for entity in Entity::ALL {
            let all = self.world.fields(entity).iter().map(|field| (field.name.clone(), field.describe(false)));
            fields.insert(entity.name().into(), Json::Object(all.collect()));
            let live = self.live_ids(entity).into_iter().map(|id| {
                let plain = self.plain(entity, &id);
                (id, json!(plain))
            });
            items.insert(entity.name().into(), Json::Object(live.collect()));
        }
        let tasks = self.live_tasks().into_iter().map(|id| (id.clone(), json!(self.plain_task(&id))));
        items.insert("task".into(), Json::Object(tasks.collect()));
        let counters = self.counters();
        json!({
            "users": users.collect::<Vec<_>>(), "stages": pipelines.collect::<Vec<_>>(), "fields": fields,
            "items": items,
            "counters": {
                "requests": counters.requests, "over_rate": counters.over_rate, "over_time": counters.over_time,
            },
        })
    }
}
