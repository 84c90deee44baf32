//! The offline queue: what gets in, who sees it, how it is reserved and cleared.

use crosstie::seam::{Method, Request};
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value, json};

use crate::support::Portal;

const ANNA: &str = "Anna Weber";

/// The portal, called as its application.
struct App {
    portal: Portal,
    token: String,
}

impl App {
    fn new() -> Self {
        let mut portal = Portal::new();
        let token = portal.it.install_app(portal.now).access_token;
        Self { portal, token }
    }

    fn call(&mut self, method: &str, mut params: Value) -> (u16, Value) {
        params["auth"] = json!(self.token);
        self.portal.send(&Request::new(Method::Post, format!("/rest/{method}")).json(&params))
    }

    fn ok(&mut self, method: &str, params: Value) -> Value {
        let (status, mut body) = self.call(method, params);
        assert_eq!(status, 200, "{method}: {body}");
        body["result"].take()
    }

    fn bind(&mut self, event: &str, connector: &str) {
        let params = json!({"event": event, "event_type": "offline", "auth_connector": connector});
        assert_eq!(self.ok("event.bind", params), true);
    }

    /// The events that wait, with the ids of their objects, taken away.
    fn taken(&mut self, connector: &str) -> Vec<(String, String)> {
        let got = self.ok("event.offline.get", json!({"auth_connector": connector}));
        assert_eq!(got["process_id"], Value::Null);
        got["events"].as_array().unwrap().iter().map(told).collect()
    }
}

fn told(event: &Value) -> (String, String) {
    let id = event["EVENT_DATA"]["FIELDS"]["ID"].as_str().unwrap();
    (event["EVENT_NAME"].as_str().unwrap().to_owned(), id.to_owned())
}

fn event(name: &str, id: &str) -> (String, String) {
    (name.to_owned(), id.to_owned())
}

#[test]
fn a_queue_says_what_changed_and_not_how_often_and_only_from_its_binding_on() {
    let mut app = App::new();
    app.portal.make(2, json!({"title": "Before"}));
    app.bind("onCrmDealUpdate", "");
    app.bind("ONCRMDEALADD", "");
    app.bind("ONCRMDEALDELETE", "");
    let now = app.portal.now;
    app.portal.it.person_edit(now, ANNA, Entity::Deal, "1", &[("TITLE", json!("A"))]).unwrap();
    app.portal.wait(5);
    let now = app.portal.now;
    app.portal.it.person_edit(now, ANNA, Entity::Deal, "1", &[("TITLE", json!("B"))]).unwrap();
    app.portal.it.person_create(now, ANNA, Entity::Deal, &[("TITLE", json!("New"))]).unwrap();
    app.portal.it.person_create(now, ANNA, Entity::Contact, &[("NAME", json!("Nobody asked"))]).unwrap();
    let listed = app.ok("event.offline.list", json!({}));
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!((&listed[0]["PROCESS_ID"], &listed[0]["ERROR"]), (&json!(""), &json!("0")));
    assert_eq!(listed[0]["TIMESTAMP_X"], "2026-03-01T13:00:05+03:00", "the time of the last change");
    assert_eq!(app.taken(""), [event("ONCRMDEALUPDATE", "1"), event("ONCRMDEALADD", "2")]);
    assert_eq!(app.taken(""), []);
    app.portal.it.person_delete(now, ANNA, Entity::Deal, "2").unwrap();
    assert_eq!(app.taken(""), [event("ONCRMDEALDELETE", "2")]);
}

#[test]
fn another_pipeline_is_told_of_as_a_move_and_not_as_an_update() {
    let mut app = App::new();
    let pipeline = app.portal.it.add_pipeline("Second", &[("NEW", "New", 'P'), ("WON", "Won", 'S')]);
    app.bind("ONCRMDEALUPDATE", "");
    app.bind("ONCRMDEALMOVETOCATEGORY", "");
    let id = app.portal.make(2, json!({"title": "A"}));
    app.portal.ok("crm.item.update", json!({"entityTypeId": 2, "id": id, "fields": {"categoryId": pipeline}}));
    let got = app.ok("event.offline.get", json!({}));
    assert_eq!(got["events"].as_array().unwrap().len(), 1, "{got}");
    assert_eq!(got["events"][0]["EVENT_NAME"], "ONCRMDEALMOVETOCATEGORY");
    assert_eq!(got["events"][0]["EVENT_DATA"]["FIELDS"]["CATEGORY_ID"], pipeline.to_string());
}

#[test]
fn own_writes_stay_out_of_the_queue_of_their_connector_alone() {
    let mut app = App::new();
    app.bind("ONCRMDEALADD", "crosstie");
    app.bind("ONCRMDEALADD", "other");
    let deal = |title: &str| json!({"entityTypeId": 2, "fields": {"title": title}, "auth_connector": "crosstie"});
    app.ok("crm.item.add", deal("Own"));
    let batch = json!({"cmd": {"a": "crm.deal.add?fields[TITLE]=Own"}, "auth_connector": "crosstie"});
    app.ok("batch", batch);
    app.ok("crm.item.add", json!({"entityTypeId": 2, "fields": {"title": "Own, but without its name"}}));
    app.portal.ok("crm.item.add", deal("By a webhook, which has no connector"));
    let added = |ids: &[&str]| ids.iter().map(|id| event("ONCRMDEALADD", id)).collect::<Vec<_>>();
    assert_eq!(app.taken("crosstie"), added(&["3", "4"]));
    assert_eq!(app.taken("other"), added(&["1", "2", "3", "4"]));
    assert_eq!(app.taken(""), [], "nobody bound without a connector");
}

#[test]
fn reserved_rows_are_hidden_until_they_are_cleared_or_marked_and_can_be_read_again() {
    let mut app = App::new();
    app.bind("ONCRMDEALADD", "");
    for title in ["A", "B", "C"] {
        app.portal.make(2, json!({"title": title}));
    }
    let got = app.ok("event.offline.get", json!({"clear": 0, "limit": 2}));
    let process = got["process_id"].as_str().unwrap().to_owned();
    assert_eq!((process.len(), got["events"].as_array().unwrap().len()), (32, 2));
    let rest = app.ok("event.offline.get", json!({"clear": "0"}));
    assert_eq!(told(&rest["events"][0]), event("ONCRMDEALADD", "3"), "two callers get different rows");
    let again = app.ok("event.offline.get", json!({"clear": 0, "process_id": process}));
    assert_eq!(again["events"], got["events"]);
    let first = &got["events"][0];
    assert_eq!(app.ok("event.offline.clear", json!({"process_id": process, "id": [first["ID"]]})), true);
    let second = &got["events"][1];
    app.ok("event.offline.error", json!({"process_id": process, "message_id": [second["MESSAGE_ID"]]}));
    let left = app.ok("event.offline.get", json!({"clear": 0, "process_id": process}));
    assert_eq!(left["events"], json!([]));
    assert_eq!(app.taken(""), []);
    let failed = app.ok("event.offline.get", json!({"error": 1}));
    assert_eq!(failed["events"][0]["MESSAGE_ID"], second["MESSAGE_ID"]);
    assert_eq!(app.call("event.offline.get", json!({"limit": 0})).1["error"], "ERROR_ARGUMENT");
}

#[test]
fn a_change_of_what_is_reserved_makes_a_row_of_its_own() {
    let mut app = App::new();
    app.portal.make(2, json!({"title": "A"}));
    app.bind("ONCRMDEALUPDATE", "");
    let edit = |app: &mut App, title: &str| {
        let now = app.portal.now;
        app.portal.it.person_edit(now, ANNA, Entity::Deal, "1", &[("TITLE", json!(title))]).unwrap();
    };
    edit(&mut app, "B");
    let got = app.ok("event.offline.get", json!({"clear": 0}));
    edit(&mut app, "C");
    app.ok("event.offline.clear", json!({"process_id": got["process_id"]}));
    assert_eq!(app.taken(""), [event("ONCRMDEALUPDATE", "1")]);
}

#[test]
fn events_are_bound_once_by_the_application_alone_and_can_be_unbound() {
    let mut app = App::new();
    let offline = json!({"event": "ONCRMDEALADD", "event_type": "offline"});
    for method in ["event.bind", "event.get", "event.offline.get", "event.offline.list"] {
        let (status, code, _) = app.portal.refused(method, offline.clone());
        assert_eq!((status, code.as_str()), (403, "WRONG_AUTH_TYPE"), "{method}");
    }
    app.bind("ONCRMDEALADD", "");
    let code = |answer: (u16, Value)| answer.1["error"].as_str().map(str::to_owned);
    assert_eq!(code(app.call("event.bind", offline.clone())), Some("ERROR_CORE".into()));
    assert_eq!(
        code(app.call("event.bind", json!({"event": "ONNOTHING", "event_type": "offline"}))),
        Some("ERROR_EVENT_NOT_FOUND".into())
    );
    let bound = json!([{"event": "ONCRMDEALADD", "connector_id": "", "offline": 1}]);
    assert_eq!(app.ok("event.get", json!({})), bound);
    assert_eq!(app.ok("event.unbind", offline), json!({"count": 1}));
    app.portal.make(2, json!({"title": "A"}));
    assert_eq!(app.taken(""), []);
    assert_eq!(app.ok("feature.get", json!({"CODE": "rest_auth_connector"})), json!({"value": "Y"}));
}
