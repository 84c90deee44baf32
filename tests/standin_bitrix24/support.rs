//! A portal with a clock, and short ways to call it.

use crosstie::seam::{Method, Request, Response};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{BitrixStandIn, Config};
use jiff::Timestamp;
use serde_json::{Value, json};

pub struct Portal {
    pub it: BitrixStandIn,
    pub now: Timestamp,
}

impl Portal {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        Self { it: BitrixStandIn::new(config), now: "2026-03-01T10:00:00.500Z".parse().unwrap() }
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now = Timestamp::from_nanosecond(self.now.as_nanosecond() + i128::from(seconds) * 1_000_000_000).unwrap();
    }

    pub fn send(&mut self, request: &Request) -> (u16, Value) {
        let response = self.it.handle(request, self.now);
        (response.status, body(&response))
    }

    pub fn call(&mut self, method: &str, params: Value) -> (u16, Value) {
        let target = format!("{}{method}", self.it.webhook_path());
        self.send(&Request::new(Method::Post, target).json(&params))
    }

    /// The result of a call that must succeed.
    pub fn ok(&mut self, method: &str, params: Value) -> Value {
        let (status, mut body) = self.call(method, params);
        assert_eq!(status, 200, "{method}: {body}");
        body["result"].take()
    }

    /// Status and code of a call that must be refused.
    pub fn refused(&mut self, method: &str, params: Value) -> (u16, String, String) {
        let (status, body) = self.call(method, params);
        let text = |key: &str| body[key].as_str().unwrap_or_else(|| panic!("{method} was not refused: {body}")).into();
        (status, text("error"), text("error_description"))
    }

    /// A new object through `crm.item.add`, by its id.
    pub fn make(&mut self, type_id: u32, fields: Value) -> i64 {
        let made = self.ok("crm.item.add", json!({"entityTypeId": type_id, "fields": fields}));
        made["item"]["id"].as_i64().unwrap()
    }

    /// One object through `crm.item.get`.
    pub fn item(&mut self, type_id: u32, id: i64) -> Value {
        let params = json!({"entityTypeId": type_id, "id": id, "useOriginalUfNames": "Y"});
        self.ok("crm.item.get", params)["item"].take()
    }

    /// The ids that a filter of `crm.item.list` finds.
    pub fn found(&mut self, type_id: u32, filter: Value) -> Vec<i64> {
        let params = json!({"entityTypeId": type_id, "filter": filter, "useOriginalUfNames": "Y", "select": ["id"]});
        let rows = self.ok("crm.item.list", params);
        rows["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }
}

pub fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}
