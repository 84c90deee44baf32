//! Both pretend systems as processes, and their back doors: what a person sees and does there.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::program::{Home, Running};

/// Somebody who works in both systems of the pretend office.
pub const PERSON: &str = "Anna Weber";

pub struct Worlds {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    pub notion: StandIn,
    pub crm: StandIn,
    /// Who edits in Notion: of a recorded workspace other people are members.
    member: String,
}

pub struct StandIn {
    /// What it said when it began: base URL, token, …
    pub hello: Json,
    process: Running,
}

impl StandIn {
    fn open(home: &Home, name: &str, args: &[&str]) -> Self {
        let args = [&["standin", name, "--listen", "127.0.0.1:0"], args].concat();
        let (process, line) = home.serve(name, &args);
        Self { hello: serde_json::from_str(&line).unwrap(), process }
    }

    pub fn said(&self, key: &str) -> &str {
        self.hello[key].as_str().unwrap_or_else(|| panic!("the stand-in said no {key}"))
    }
}

impl Worlds {
    /// Starts both stand-ins, and tells the home where the secrets are.
    pub fn open(home: &mut Home, notion: &[&str], crm: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut worlds = Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            notion: StandIn::open(home, "notion", notion),
            crm: StandIn::open(home, "bitrix24", crm),
            member: PERSON.to_owned(),
        };
        let users = worlds.notion_world()["users"].as_array().unwrap().clone();
        let mut people = users.iter().filter(|user| user["type"] == "person");
        if !people.clone().any(|user| user["name"] == PERSON) {
            worlds.member = people.next().expect("a member of the workspace")["name"].as_str().unwrap().to_owned();
        }
        home.env.insert("CROSSTIE_NOTION_TOKEN".into(), worlds.notion.said("token").into());
        home.env.insert("CROSSTIE_BITRIX24_WEBHOOK".into(), worlds.crm.said("webhook").into());
        home.secrets = [&worlds.notion, &worlds.crm].map(|standin| standin.said("token").to_owned()).to_vec();
        worlds
    }

    pub fn notion_world(&self) -> Json {
        self.get(&self.notion, "world")
    }

    pub fn crm_world(&self) -> Json {
        self.get(&self.crm, "world")
    }

    pub fn notion_log(&self, from: usize) -> Vec<Json> {
        self.log(&self.notion, from)
    }

    pub fn crm_log(&self, from: usize) -> Vec<Json> {
        self.log(&self.crm, from)
    }

    fn log(&self, standin: &StandIn, from: usize) -> Vec<Json> {
        self.get(standin, &format!("log?from={from}"))["entries"].as_array().unwrap().clone()
    }

    /// How many changes the sync made on both sides so far.
    pub fn changes_by_the_sync(&self) -> usize {
        let logs = [self.notion_log(0), self.crm_log(0)];
        logs.iter().flatten().filter(|entry| entry["actor"] == "api").count()
    }

    pub fn edit_page(&self, page: &str, set: &Json) {
        self.post(&self.notion, "edit", &json!({ "page": page, "set": set, "as": self.member }));
    }

    pub fn edit_record(&self, entity: &str, id: &str, set: &Json) {
        self.post(&self.crm, "edit", &json!({ "entity": entity, "id": id, "set": set, "as": PERSON }));
    }

    pub fn create_page(&self, data_source: &str, set: &Json) -> String {
        let made =
            self.post(&self.notion, "create", &json!({ "data_source": data_source, "set": set, "as": self.member }));
        made["page"].as_str().unwrap().to_owned()
    }

    pub fn create_record(&self, entity: &str, set: &Json) -> String {
        let made = self.post(&self.crm, "create", &json!({ "entity": entity, "set": set, "as": PERSON }));
        made["id"].as_str().unwrap().to_owned()
    }

    /// A door of the pretend portal that leads to nothing in particular.
    pub fn crm_door(&self, door: &str, body: &Json) -> Json {
        self.post(&self.crm, door, body)
    }

    /// The same of the pretend Notion.
    pub fn notion_door(&self, door: &str, body: &Json) -> Json {
        self.post(&self.notion, door, body)
    }

    /// Asks Notion's API past the program.
    pub fn ask_notion(&self, method: &str, target: &str, body: &Json) -> Json {
        let request = self.http.request(method.parse().unwrap(), format!("{}{target}", self.notion.said("base_url")));
        let request = request.header("notion-version", "2026-03-11").bearer_auth(self.notion.said("token")).json(body);
        self.answer(request)
    }

    fn get(&self, standin: &StandIn, door: &str) -> Json {
        let request = self.http.get(format!("{}/_admin/{door}", standin.said("base_url")));
        self.answer(request)
    }

    fn post(&self, standin: &StandIn, door: &str, body: &Json) -> Json {
        let request = self.http.post(format!("{}/_admin/{door}", standin.said("base_url"))).json(body);
        self.answer(request)
    }

    fn answer(&self, request: reqwest::RequestBuilder) -> Json {
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let (status, text) = (response.status(), response.text().await.unwrap());
            assert!(status.is_success(), "the back door answers {status}: {text}");
            serde_json::from_str(&text).unwrap()
        })
    }
}

/// The live pages of a data source: their values by id.
pub fn pages(world: &Json, data_source: &str) -> BTreeMap<String, Json> {
    let pages = world["pages"].as_array().unwrap().iter();
    pages
        .filter(|page| page["data_source"] == data_source && page["in_trash"] == false)
        .map(|page| (page["id"].as_str().unwrap().to_owned(), page["values"].clone()))
        .collect()
}

/// The live records of a CRM entity: their values by id.
pub fn records(world: &Json, entity: &str) -> BTreeMap<String, Json> {
    world["items"][entity].as_object().unwrap().clone().into_iter().collect()
}
