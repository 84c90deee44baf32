//! Offline events: `event.*`, for the application alone. Online ones are in `calls`.
//!
//! A queue says which object changed, not how often: another change refreshes the row that waits. One that comes while its row is
//! reserved makes a row of its own; a portal may refresh the reserved one instead, which is not documented. What a call with
//! an `auth_connector` changes stays out of that connector's own queue, and of no other.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::BitrixStandIn;
use super::answer::{Answer, ApiError};
use super::filter::page;
use super::input::Input;
use super::moment::Clock;
use super::schema::Entity;

/// Rows that `event.offline.get` gives where nothing else was asked for.
const LIMIT: i64 = 50;

/// A change that the world tells of.
#[derive(Debug, Clone)]
pub(super) struct News {
    pub at: Timestamp,
    /// The event's name.
    pub event: String,
    /// The object's id.
    pub id: u64,
    /// The event's data.
    pub data: Json,
}

/// One row of a queue.
#[derive(Debug)]
struct Row {
    id: u64,
    at: Timestamp,
    event: String,
    object: u64,
    data: Json,
    connector: String,
    message: String,
    /// Who reserved it; empty for nobody.
    process: String,
    error: bool,
}

/// What is bound, and what waits.
#[derive(Debug)]
pub(super) struct Queues {
    bound: BTreeSet<(String, String)>,
    rows: Vec<Row>,
    last: u64,
    random: fastrand::Rng,
    /// The portal's plan has none.
    pub denied: bool,
}

impl Queues {
    pub fn new(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed ^ 0x0FF1);
        Self { bound: BTreeSet::new(), rows: Vec::new(), last: 0, random, denied: false }
    }

    /// Puts news into every queue that wants them, but not into that of the connector through which they came to be.
    fn take(&mut self, news: &[News], by: &str) {
        for News { at, event, id, data } in news {
            let (at, id) = (*at, *id);
            let wanted = self.bound.iter().filter(|(of, to)| of == event && (to.is_empty() || to != by));
            let queues: Vec<String> = wanted.map(|(_, to)| to.clone()).collect();
            for connector in queues {
                let waits = |row: &&mut Row| {
                    (&row.event, row.object, &row.connector) == (event, id, &connector)
                        && row.process.is_empty()
                        && !row.error
                };
                if let Some(row) = self.rows.iter_mut().find(waits) {
                    (row.at, row.data) = (at, data.clone());
                    continue;
                }
                self.last += 1;
                let (message, event) = (hex(&mut self.random), event.clone());
                let (process, data) = (String::new(), data.clone());
                self.rows.push(Row {
                    id: self.last,
                    at,
                    event,
                    object: id,
                    data,
                    connector,
                    message,
                    process,
                    error: false,
                });
            }
        }
    }

    pub fn wants_news(&self) -> bool {
        !self.bound.is_empty()
    }

    /// What is bound, as `event.get` shows it.
    pub fn rows(&self) -> impl Iterator<Item = Json> {
        self.bound.iter().map(|(event, to)| json!({"event": event, "connector_id": to, "offline": 1}))
    }

    fn call(&mut self, method: &str, params: &Input, clock: Clock) -> Result<Answer, ApiError> {
        let text = |key: &str| params.get(key).and_then(Input::text).unwrap_or_default();
        let (event, connector) = (text("event").to_uppercase(), text("auth_connector"));
        let offline = text("event_type") == "offline";
        Ok(match method {
            "event.bind" if !events().contains(&event) => {
                return Err(ApiError::bad("ERROR_EVENT_NOT_FOUND", "Event not found"));
            }
            "event.bind" => {
                if !self.bound.insert((event, connector)) {
                    return Err(ApiError::bad("ERROR_CORE", "Unable to set event handler: Handler already binded"));
                }
                Answer::of(json!(true))
            }
            "event.unbind" => {
                let held = self.bound.len();
                self.bound.retain(|(of, to)| !(offline && *of == event && (connector.is_empty() || *to == connector)));
                Answer::of(json!({"count": held - self.bound.len()}))
            }
            "event.offline.get" => Answer::of(self.get(params, &connector, clock)?),
            "event.offline.list" => self.list(params, &connector, clock),
            "event.offline.clear" | "event.offline.error" => {
                let process = text("process_id");
                if process.is_empty() {
                    return Err(ApiError::missing("process_id"));
                }
                let of = |key: &str| params.get(key).map(Input::texts);
                let (ids, messages) = (of("id"), of("message_id"));
                let named = |row: &Row| match (&ids, &messages) {
                    (Some(ids), _) => ids.contains(&row.id.to_string()),
                    (None, Some(messages)) => messages.contains(&row.message),
                    (None, None) => true,
                };
                if method.ends_with("clear") {
                    self.rows.retain(|row| !(row.process == process && named(row)));
                } else {
                    for row in self.rows.iter_mut().filter(|row| row.process == process && named(row)) {
                        (row.error, row.process) = (true, String::new());
                    }
                }
                Answer::of(json!(true))
            }
            _ => return Err(ApiError::no_method()),
        })
    }

    /// Takes rows away, or reserves them with `clear=0`; with a `process_id`, those that it had reserved.
    fn get(&mut self, params: &Input, connector: &str, clock: Clock) -> Result<Json, ApiError> {
        let limit = params.get("limit").and_then(Input::int).unwrap_or(LIMIT);
        let Some(limit) = usize::try_from(limit).ok().filter(|limit| *limit > 0) else {
            return Err(ApiError::bad("ERROR_ARGUMENT", "The limit must be above zero"));
        };
        let yes = |key: &str, otherwise: bool| {
            params.get(key).and_then(Input::text).map_or(otherwise, |t| !matches!(t.as_str(), "" | "0" | "N" | "false"))
        };
        let (clear, error) = (yes("clear", true), yes("error", false));
        let asked = params.get("process_id").and_then(Input::text).unwrap_or_default();
        let fits = |row: &Row| {
            row.connector == connector && row.process == asked && row.error == error && filtered(params, row)
        };
        let mut found: Vec<(Timestamp, u64)> =
            self.rows.iter().filter(|row| fits(row)).map(|row| (row.at, row.id)).collect();
        found.sort_unstable();
        if down(params, "TIMESTAMP_X") || down(params, "ID") {
            found.reverse();
        }
        found.truncate(limit);
        let ids: Vec<u64> = found.into_iter().map(|(_, id)| id).collect();
        let rows = ids.iter().filter_map(|id| self.rows.iter().find(|row| row.id == *id));
        let events: Vec<Json> = rows.map(|row| row.show(clock)).collect();
        let process = match clear {
            true => {
                self.rows.retain(|row| !ids.contains(&row.id));
                Json::Null
            }
            false => {
                let process = if asked.is_empty() { hex(&mut self.random) } else { asked };
                for row in self.rows.iter_mut().filter(|row| ids.contains(&row.id)) {
                    row.process.clone_from(&process);
                }
                json!(process)
            }
        };
        Ok(json!({"process_id": process, "events": events}))
    }

    fn list(&self, params: &Input, connector: &str, clock: Clock) -> Answer {
        let mut rows: Vec<&Row> =
            self.rows.iter().filter(|row| row.connector == connector && filtered(params, row)).collect();
        rows.sort_by_key(|row| row.id);
        if down(params, "ID") {
            rows.reverse();
        }
        let page = page(rows, params);
        let show = |row: &Row| {
            let mut shown = row.show(clock);
            (shown["PROCESS_ID"], shown["ERROR"]) = (json!(row.process), json!(if row.error { "1" } else { "0" }));
            shown
        };
        Answer { result: page.rows.into_iter().map(show).collect(), total: Some(page.total), next: page.next }
    }
}

impl Row {
    fn show(&self, clock: Clock) -> Json {
        json!({
            "ID": self.id.to_string(), "TIMESTAMP_X": clock.show(self.at), "EVENT_NAME": self.event,
            "EVENT_DATA": self.data, "EVENT_ADDITIONAL": [], "MESSAGE_ID": self.message,
        })
    }
}

fn filtered(params: &Input, row: &Row) -> bool {
    let empty = Input::empty();
    let filter = params.get_any(&["filter", "FILTER"]).unwrap_or(&empty);
    let columns = [("ID", row.id.to_string()), ("EVENT_NAME", row.event.clone()), ("MESSAGE_ID", row.message.clone())];
    columns.iter().all(|(name, value)| filter.get(name).is_none_or(|wanted| wanted.texts().contains(value)))
}

fn down(params: &Input, by: &str) -> bool {
    let order = params.get_any(&["order", "ORDER"]).and_then(|order| order.get(by)).and_then(Input::text);
    order.is_some_and(|order| order.eq_ignore_ascii_case("desc"))
}

fn hex(random: &mut fastrand::Rng) -> String {
    format!("{:032x}", random.u128(..))
}

/// The events that can be bound.
pub(super) fn events() -> Vec<String> {
    let of =
        |entity: Entity| ["ADD", "UPDATE", "DELETE"].map(|what| format!("ONCRM{}{what}", entity.name().to_uppercase()));
    Entity::ALL
        .into_iter()
        .flat_map(of)
        .chain(["ONCRMDEALMOVETOCATEGORY", "ONTASKADD", "ONTASKUPDATE", "ONTASKDELETE"].map(str::to_owned))
        .collect()
}

impl BitrixStandIn {
    /// Puts what the world tells of into the queues. `by` is the connector of the call that changed it.
    pub(super) fn collect_news(&mut self, by: &str) {
        let news = std::mem::take(&mut self.world.news);
        if news.is_empty() {
            return;
        }
        self.queues.take(&news, by);
        self.calls.take(&news, &self.app.teller());
    }

    /// The methods around events; `None` for any other.
    pub(super) fn event_method(&mut self, method: &str, params: &Input) -> Option<Result<Answer, ApiError>> {
        match method {
            "events" => Some(Ok(Answer::of(json!(events())))),
            "app.info" => Some(if self.as_app {
                Ok(Answer::of(self.app.info()))
            } else {
                Err(ApiError::bad("ACCESS_DENIED", "Access denied! Application context required"))
            }),
            "feature.get" => {
                let code = params.get_any(&["CODE", "code"]).and_then(Input::text).unwrap_or_default();
                let known = ["rest_offline_extended", "rest_auth_connector"].contains(&code.as_str());
                let known = known && !self.queues.denied;
                Some(Ok(Answer::of(json!({"value": if known { "Y" } else { "N" }}))))
            }
            _ if !method.starts_with("event.") => None,
            _ if !self.as_app => {
                let text = "Current authorization type is denied for this method";
                Some(Err(ApiError::new(403, "WRONG_AUTH_TYPE", text)))
            }
            _ => {
                let online = self.bound_online(method, params);
                let answer = online.unwrap_or_else(|| self.queues.call(method, params, self.world.clock));
                self.want_news();
                Some(answer)
            }
        }
    }
}
