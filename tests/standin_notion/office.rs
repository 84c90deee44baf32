//! A small pretend workspace to ask.

use crosstie::seam::{Method, Request, Response};
use crosstie::standin::StandIn;
use crosstie::standin::notion::{Config, NotionStandIn};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

/// A workspace with one person and one data source of deals, at a time that only moves when told.
pub struct Office {
    pub notion: NotionStandIn,
    pub now: Timestamp,
    pub version: &'static str,
    pub ada: String,
    pub deals: String,
}

pub fn office() -> Office {
    office_with(Config::default())
}

pub fn office_with(config: Config) -> Office {
    let mut notion = NotionStandIn::new(config);
    let ada = notion.add_person("Ada Lovelace", "ada@example.com");
    let columns = json!({
        "Name": { "title": {} },
        "Notes": { "rich_text": {} },
        "Amount": { "number": { "format": "euro" } },
        "Stage": { "select": { "options": [{ "name": "New" }, { "name": "Won", "color": "green" }] } },
        "Tags": { "multi_select": {} },
        "Progress": { "status": {} },
        "Due": { "date": {} },
        "Owner": { "people": {} },
        "Papers": { "files": {} },
        "Active": { "checkbox": {} },
        "Site": { "url": {} },
        "Mail": { "email": {} },
        "Phone": { "phone_number": {} },
        "Score": { "formula": { "expression": "1" } },
        "Sum": { "rollup": { "function": "sum" } },
        "Made": { "created_time": {} },
        "Changed": { "last_edited_time": {} },
        "Maker": { "created_by": {} },
        "Changer": { "last_edited_by": {} },
        "Number": { "unique_id": { "prefix": "D" } },
    });
    let deals = notion.add_data_source("Deals", &columns).unwrap();
    Office { notion, now: "2026-06-27T17:56:40.250Z".parse().unwrap(), version: "2026-03-11", ada, deals }
}

impl Office {
    pub fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub fn raw(&mut self, request: &Request) -> Response {
        self.notion.handle(request, self.now)
    }

    pub fn ask(&mut self, method: Method, target: &str, body: Option<&Json>) -> (u16, Json) {
        let token = format!("Bearer {}", self.notion.token());
        let request =
            Request::new(method, target).header("authorization", token).header("notion-version", self.version);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = self.raw(&request);
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    pub fn get(&mut self, target: &str) -> (u16, Json) {
        self.ask(Method::Get, target, None)
    }

    pub fn post(&mut self, target: &str, body: &Json) -> (u16, Json) {
        self.ask(Method::Post, target, Some(body))
    }

    pub fn patch(&mut self, target: &str, body: &Json) -> (u16, Json) {
        self.ask(Method::Patch, target, Some(body))
    }

    /// Makes a page through the API and returns it.
    pub fn create(&mut self, properties: &Json) -> Json {
        let source = self.deals.clone();
        self.create_in(&source, properties)
    }

    pub fn create_in(&mut self, source: &str, properties: &Json) -> Json {
        let parent = json!({ "type": "data_source_id", "data_source_id": source });
        let (status, page) = self.post("/v1/pages", &json!({ "parent": parent, "properties": properties }));
        assert_eq!(status, 200, "{page}");
        page
    }

    /// Writes properties through the API.
    pub fn write(&mut self, page: &str, properties: &Json) -> (u16, Json) {
        self.patch(&format!("/v1/pages/{page}"), &json!({ "properties": properties }))
    }

    pub fn query(&mut self, body: &Json) -> (u16, Json) {
        let target = format!("/v1/data_sources/{}/query", self.deals);
        self.post(&target, body)
    }

    /// The titles of the rows that a query answers with, in order.
    pub fn titles(&mut self, body: &Json) -> Vec<String> {
        let (status, list) = self.query(body);
        assert_eq!(status, 200, "{list}");
        list["results"].as_array().unwrap().iter().map(title).collect()
    }
}

pub fn id(page: &Json) -> String {
    page["id"].as_str().unwrap().to_owned()
}

pub fn title(page: &Json) -> String {
    page["properties"]["Name"]["title"].as_array().unwrap().iter().map(|r| r["plain_text"].as_str().unwrap()).collect()
}

pub fn text(content: &str) -> Json {
    json!([{ "text": { "content": content } }])
}

pub fn named(name: &str) -> Json {
    json!({ "Name": { "title": text(name) } })
}
