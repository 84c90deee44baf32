//! What people do in both worlds, and what stands there.

use crosstie::seam::{Method, Request, WallClock};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::Entity;
use serde_json::Value as Json;

use crate::harness::{ANNA, BORIS, Bench};

impl Bench {
    pub fn ids(&self, entity: Entity) -> Vec<String> {
        self.wires.crm.lock().unwrap().live_ids(entity)
    }

    /// Somebody changes the columns of a pair's data source, as Notion's API takes it.
    pub fn reshape(&self, pair: &str, properties: &Json) {
        let mut notion = self.wires.notion.lock().unwrap();
        let request = Request::new(Method::Patch, format!("/v1/data_sources/{}", self.source(pair)))
            .header("authorization", format!("Bearer {}", notion.token()))
            .header("notion-version", "2026-03-11")
            .json(&serde_json::json!({ "properties": properties }));
        let response = notion.handle(&request, self.wires.clock.now());
        assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
    }

    /// One property of a pair's data source, as Notion's API shows it.
    pub fn property(&self, pair: &str, name: &str) -> Json {
        let mut notion = self.wires.notion.lock().unwrap();
        let request = Request::new(Method::Get, format!("/v1/data_sources/{}", self.source(pair)))
            .header("authorization", format!("Bearer {}", notion.token()))
            .header("notion-version", "2026-03-11");
        let response = notion.handle(&request, self.wires.clock.now());
        let source: Json = serde_json::from_slice(&response.body).unwrap();
        source["properties"][name].clone()
    }

    pub fn pages(&self, pair: &str) -> Vec<String> {
        let source = self.source(pair);
        self.wires.notion.lock().unwrap().live_pages(&source)
    }

    pub fn source(&self, pair: &str) -> String {
        self.specs.iter().find(|spec| spec.name.as_str() == pair).unwrap().data_source.clone()
    }

    pub fn edit_crm(&self, entity: Entity, id: &str, set: &[(&str, Json)]) {
        let saved = self.wires.crm.lock().unwrap().person_edit(self.now(), ANNA, entity, id, set).unwrap();
        assert!(saved, "the edit changed nothing");
    }

    pub fn edit_deal(&self, id: &str, field: &str, value: impl Into<Json>) {
        self.edit_crm(Entity::Deal, id, &[(field, value.into())]);
    }

    pub fn edit_notion(&self, page: &str, property: &str, value: impl Into<Json>) {
        let set = [(property, value.into())];
        self.wires.notion.lock().unwrap().person_edit(self.now(), BORIS, page, &set).unwrap();
    }

    pub fn add_crm(&self, entity: Entity, set: &[(&str, Json)]) -> String {
        self.wires.crm.lock().unwrap().person_create(self.now(), ANNA, entity, set).unwrap()
    }

    pub fn add_page(&self, pair: &str, set: &[(&str, Json)]) -> String {
        let source = self.source(pair);
        self.wires.notion.lock().unwrap().person_create(self.now(), BORIS, &source, set).unwrap()
    }

    pub fn delete_crm(&self, entity: Entity, id: &str) {
        self.wires.crm.lock().unwrap().person_delete(self.now(), ANNA, entity, id).unwrap();
    }

    pub fn trash_page(&self, page: &str) {
        self.wires.notion.lock().unwrap().person_trash(self.now(), BORIS, page).unwrap();
    }

    /// A deal's plain value; null for none.
    pub fn held(&self, entity: Entity, id: &str, field: &str) -> Json {
        let crm = self.wires.crm.lock().unwrap();
        crm.plain(entity, id).unwrap_or_default().get(field).cloned().unwrap_or_default()
    }

    pub fn deal_field(&self, id: &str, field: &str) -> Json {
        self.held(Entity::Deal, id, field)
    }

    /// A cell's plain value; null for none.
    pub fn cell(&self, page: &str, property: &str) -> Json {
        self.wires.notion.lock().unwrap().plain(page, property).unwrap_or_default()
    }
}
