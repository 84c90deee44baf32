//! Online events: forms that the portal sends to whoever bound a handler.

use std::collections::BTreeMap;

use crosstie::seam::{Method, Request};
use crosstie::standin::bitrix24::{Entity, Outgoing};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::support::Portal;

const HOOK: &str = "https://app.example/hook";
const ANNA: &str = "Anna Weber";

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

    fn call(&mut self, method: &str, mut params: Value) -> Value {
        params["auth"] = json!(self.token);
        self.portal.send(&Request::new(Method::Post, format!("/rest/{method}")).json(&params)).1
    }

    fn bind(&mut self, event: &str) {
        assert_eq!(self.call("event.bind", json!({"event": event, "handler": HOOK}))["result"], json!(true));
    }

    fn told(&mut self) -> Vec<BTreeMap<String, String>> {
        self.portal.it.outgoing(self.portal.now).iter().map(form).collect()
    }
}

fn form(call: &Outgoing) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = call.body.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(key, value)| (decode(key), decode(value))).collect()
}

#[test]
fn an_application_says_who_it_is_and_a_webhook_is_none() {
    let mut app = App::new();
    let info = app.call("app.info", json!({}));
    assert_eq!((&info["result"]["STATUS"], &info["result"]["INSTALLED"]), (&json!("L"), &json!(true)));
    let refused = app.portal.refused("app.info", json!({}));
    assert_eq!((refused.0, refused.1.as_str()), (400, "ACCESS_DENIED"));
}

#[test]
fn a_change_is_told_by_a_form_with_an_id_and_no_values_and_with_the_applications_token() {
    let mut app = App::new();
    app.bind("ONCRMDEALUPDATE");
    let now = app.portal.now;
    let deal = app.portal.it.person_create(now, ANNA, Entity::Deal, &[("TITLE", json!("Roof"))]).unwrap();
    app.portal.it.person_edit(now, ANNA, Entity::Deal, &deal, &[("TITLE", json!("Secret plan"))]).unwrap();
    let told = app.told();
    let token = app.portal.it.application_token().to_owned();
    assert_eq!(told.len(), 1, "only what was bound: {told:?}");
    for (key, value) in [
        ("event", "ONCRMDEALUPDATE"),
        ("event_handler_id", "1"),
        ("data[FIELDS][ID]", deal.as_str()),
        ("ts", "1772359200"),
        ("auth[domain]", "crosstie.bitrix24.com"),
        ("auth[application_token]", token.as_str()),
    ] {
        assert_eq!(told[0].get(key).map(String::as_str), Some(value), "{key}: {told:?}");
    }
    assert!(!told[0].keys().any(|key| key.contains("refresh_token") || key.contains("access_token")));
    assert!(!format!("{told:?}").contains("Secret plan"));
    assert!(app.told().is_empty(), "at most once");
    // What we change ourselves is told too: connectors are for the queue alone.
    let update = json!({"entityTypeId": 2, "id": deal, "fields": {"title": "Barn"}, "auth_connector": "x"});
    app.call("crm.item.update", update);
    assert_eq!(app.told().len(), 1);
}

#[test]
fn a_task_tells_of_itself_before_and_after() {
    let mut app = App::new();
    ["ONTASKADD", "ONTASKDELETE"].iter().for_each(|event| app.bind(event));
    let now = app.portal.now;
    let task = app.portal.it.person_create_task(now, ANNA, &[("TITLE", json!("Order"))]).unwrap();
    app.portal.it.person_delete_task(now, ANNA, &task).unwrap();
    let told = app.told();
    assert_eq!((told[0]["data[FIELDS_BEFORE]"].as_str(), &told[0]["data[FIELDS_AFTER][ID]"]), ("undefined", &task));
    assert_eq!((&told[1]["data[FIELDS_BEFORE][ID]"], told[1]["data[FIELDS_AFTER]"].as_str()), (&task, "undefined"));
}

#[test]
fn handlers_are_bound_once_listed_and_let_go() {
    let mut app = App::new();
    app.bind("ONCRMDEALADD");
    let again = app.call("event.bind", json!({"event": "ONCRMDEALADD", "handler": HOOK}));
    assert_eq!(again["error"], json!("ERROR_CORE"));
    let unknown = app.call("event.bind", json!({"event": "ONNOTHING", "handler": HOOK}));
    assert_eq!(unknown["error"], json!("ERROR_EVENT_NOT_FOUND"));
    let nowhere = app.call("event.bind", json!({"event": "ONCRMDEALADD", "handler": "somewhere"}));
    assert_eq!(nowhere["result"], json!(false));
    let offline = json!({"event": "ONCRMDEALADD", "event_type": "offline", "auth_connector": "x"});
    app.call("event.bind", offline);
    let rows = app.call("event.get", json!({}))["result"].as_array().unwrap().clone();
    assert_eq!(rows.iter().map(|row| row["offline"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(rows[1]["handler"], json!(HOOK));
    let gone = app.call("event.unbind", json!({"event": "ONCRMDEALADD", "handler": HOOK}));
    assert_eq!(gone["result"], json!({"count": 1}));
    app.portal.it.person_create(app.portal.now, ANNA, Entity::Deal, &[("TITLE", json!("Roof"))]).unwrap();
    assert!(app.told().is_empty());
}

#[test]
fn an_outgoing_webhook_has_a_token_of_its_own_and_hears_of_no_pipelines() {
    let mut app = App::new();
    app.portal.it.add_pipeline("Support", &[("OPEN", "Open", 'P')]);
    let door = json!({"handler": HOOK, "events": ["ONCRMDEALADD", "ONCRMDEALMOVETOCATEGORY"]});
    let request = Request::new(Method::Post, "/_admin/outgoing_webhook").json(&door);
    let token = app.portal.send(&request).1["application_token"].as_str().unwrap().to_owned();
    assert_ne!(token, app.portal.it.application_token());
    let now = app.portal.now;
    let deal = app.portal.it.person_create(now, ANNA, Entity::Deal, &[("TITLE", json!("Roof"))]).unwrap();
    app.portal.it.person_edit(now, ANNA, Entity::Deal, &deal, &[("CATEGORY_ID", json!("1"))]).unwrap();
    let told = app.told();
    assert_eq!(
        (told.len(), &told[0]["event"], &told[0]["auth[application_token]"]),
        (1, &"ONCRMDEALADD".to_owned(), &token)
    );
    assert_eq!(app.call("event.get", json!({}))["result"], json!([]), "an application does not see it");
}
