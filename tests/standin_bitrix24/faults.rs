//! Every fault that is listed can be switched on by its own words, and is felt.

use crosstie::seam::{Method, Request};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{Entity, FAULTS};
use serde_json::{Value, json};

use crate::support::Portal;

const ANNA: &str = "Anna Weber";

/// Switches a fault on by the back door, as anybody does who reproduces a report.
fn switch(portal: &mut Portal, order: &str) -> (u16, Value) {
    portal.send(&Request::new(Method::Post, "/_admin/fault").json(&json!({"fault": order})))
}

fn on(portal: &mut Portal, order: &str) {
    let (status, said) = switch(portal, order);
    assert_eq!(status, 200, "{order}: {said}");
}

fn app(portal: &mut Portal, token: &str, method: &str, mut params: Value) -> (u16, Value) {
    params["auth"] = json!(token);
    portal.send(&Request::new(Method::Post, format!("/rest/{method}")).json(&params))
}

/// The events that an application is told while a person makes and changes a deal.
fn told(portal: &mut Portal) -> Vec<String> {
    let token = portal.it.install_app(portal.now).access_token;
    for event in ["ONCRMDEALADD", "ONCRMDEALUPDATE"] {
        let handler = json!({"event": event, "handler": "https://app.example/hook"});
        assert_eq!(app(portal, &token, "event.bind", handler).1["result"], json!(true));
    }
    let deal = portal.it.person_create(portal.now, ANNA, Entity::Deal, &[("TITLE", json!("Roof"))]).unwrap();
    portal.it.person_edit(portal.now, ANNA, Entity::Deal, &deal, &[("TITLE", json!("Barn"))]).unwrap();
    let event = |call: crosstie::standin::bitrix24::Outgoing| {
        call.body.split('&').next().unwrap().trim_start_matches("event=").to_owned()
    };
    portal.it.outgoing(portal.now).into_iter().map(event).collect()
}

fn is_felt(fault: &str) {
    let mut portal = Portal::new();
    let p = &mut portal;
    match fault {
        "index-lag" => {
            on(p, "index-lag=10..20");
            let id = p.make(2, json!({"title": "Roof"}));
            assert!(p.found(2, json!({})).is_empty());
            on(p, "index-lag=off");
            assert_eq!(p.found(2, json!({})), [id]);
        }
        "refuse" => {
            on(p, "refuse=QUERY_LIMIT_EXCEEDED*2");
            let status = |p: &mut Portal| p.call("profile", json!({})).0;
            assert_eq!([status(p), status(p), status(p)], [503, 503, 200]);
        }
        "lose-answers" => {
            on(p, "lose-answers=1");
            let target = format!("{}crm.item.add", p.it.webhook_path());
            let request = Request::new(Method::Post, target);
            let request = request.json(&json!({"entityTypeId": 2, "fields": {"title": "Roof"}}));
            let lost = p.it.handle(&request, p.now);
            assert!(lost.status == 504 && lost.body.starts_with(b"<html>"), "{lost:?}");
            assert_eq!(p.found(2, json!({})).len(), 1, "it was done");
        }
        "token-life" => {
            on(p, "token-life=10");
            let token = p.it.install_app(p.now).access_token;
            assert_eq!(app(p, &token, "profile", json!({})).0, 200);
            p.wait(11);
            assert_eq!(app(p, &token, "profile", json!({})).1["error"], json!("expired_token"));
        }
        "no-queues" => {
            on(p, "no-queues");
            let token = p.it.install_app(p.now).access_token;
            let feature = app(p, &token, "feature.get", json!({"CODE": "rest_auth_connector"}));
            assert_eq!(feature.1["result"]["value"], json!("N"));
            let write = json!({"entityTypeId": 2, "fields": {"title": "Roof"}, "auth_connector": "x"});
            assert_eq!(app(p, &token, "crm.item.add", write).1["error"], json!("ACCESS_DENIED"));
            assert!(p.found(2, json!({})).is_empty());
        }
        "no-scope" => {
            on(p, "no-scope=task");
            let asked = |p: &mut Portal, method: &str| p.call(method, json!({})).1["error"].clone();
            assert_eq!(asked(p, "tasks.task.getFields"), json!("insufficient_scope"));
            assert_eq!(asked(p, "crm.currency.list"), Value::Null);
            on(p, "no-scope=off");
            assert_eq!(asked(p, "tasks.task.getFields"), Value::Null);
        }
        "not-installed" => {
            on(p, "not-installed");
            assert!(told(p).is_empty());
            let token = p.it.install_app(p.now).access_token;
            assert_eq!(app(p, &token, "app.info", json!({})).1["result"]["INSTALLED"], json!(false));
        }
        "events-lost" => {
            on(p, "events-lost=2");
            assert_eq!(told(p), ["ONCRMDEALADD"]);
        }
        "events-doubled" => {
            on(p, "events-doubled");
            assert_eq!(told(p), ["ONCRMDEALADD", "ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALUPDATE"]);
        }
        "events-late" => {
            on(p, "events-late=30");
            assert!(told(p).is_empty());
            p.wait(31);
            assert_eq!(p.it.outgoing(p.now).len(), 2);
        }
        "operating-limit" => {
            on(p, "operating-limit=0");
            assert_eq!(p.call("crm.status.list", json!({})).0, 200, "the call that crosses the line finishes");
            assert_eq!(p.call("crm.status.list", json!({})).0, 429);
        }
        "call-cost" => {
            on(p, "call-cost=300000");
            let (_, body) = p.call("crm.status.list", json!({}));
            assert_eq!(body["time"]["operating"], json!(300.0));
        }
        "phone-form" => {
            on(p, "phone-form");
            let set = [("NAME", json!("Ada")), ("PHONE", json!("+49 (30) 123"))];
            let id = p.it.person_create(p.now, ANNA, Entity::Contact, &set).unwrap();
            assert_eq!(p.it.plain(Entity::Contact, &id).unwrap()["PHONE"], json!("+4930123"));
        }
        "required" => {
            on(p, "required=WON:COMMENTS");
            let id = p.make(2, json!({"title": "Roof"}));
            let won = json!({"entityTypeId": 2, "id": id, "fields": {"stageId": "WON"}});
            assert_eq!(p.call("crm.item.update", won).0, 400);
        }
        "item-update-clears" => {
            let id = p.make(4, json!({"title": "Acme", "comments": "a"}));
            let clear = json!({"entityTypeId": 4, "id": id, "fields": {"comments": ""}});
            p.ok("crm.item.update", clear.clone());
            assert_eq!(p.item(4, id)["comments"], json!("a"));
            on(p, "item-update-clears");
            p.ok("crm.item.update", clear);
            assert_ne!(p.item(4, id)["comments"], json!("a"));
        }
        "item-update-keeps" => {
            let id = p.make(2, json!({"title": "Roof", "comments": "a"}));
            let clear = json!({"entityTypeId": 2, "id": id, "fields": {"comments": ""}});
            on(p, "item-update-keeps");
            p.ok("crm.item.update", clear.clone());
            assert_eq!(p.item(2, id)["comments"], json!("a"));
            on(p, "item-update-keeps=off");
            p.ok("crm.item.update", clear);
            assert_ne!(p.item(2, id)["comments"], json!("a"));
        }
        "filter-ignores" => {
            p.make(2, json!({"title": "Roof"}));
            let other = json!({"title": "Cellar"});
            assert!(p.found(2, other.clone()).is_empty());
            on(p, "filter-ignores=TITLE");
            assert_eq!(p.found(2, other.clone()).len(), 1, "as if nobody had asked for it");
            on(p, "filter-ignores=off");
            assert!(p.found(2, other).is_empty());
        }
        "utm-empties-items" => {
            p.make(2, json!({"title": "Roof", "utmSource": "ads"}));
            let asked = json!({"entityTypeId": 2, "select": ["id", "utmSource"], "useOriginalUfNames": "Y"});
            assert_eq!(p.ok("crm.item.list", asked.clone())["items"][0]["utmSource"], json!("ads"));
            on(p, "utm-empties-items");
            assert_eq!(p.ok("crm.item.list", asked)["items"][0], json!([]));
        }
        "link-methods-touch-deal" => {
            on(p, "link-methods-touch-deal");
            let (deal, contact) = (p.make(2, json!({"title": "Roof"})), p.make(3, json!({"name": "Ada"})));
            let before = p.item(2, deal)["updatedTime"].clone();
            p.wait(60);
            p.ok("crm.deal.contact.add", json!({"id": deal, "fields": {"CONTACT_ID": contact}}));
            assert_ne!(p.item(2, deal)["updatedTime"], before);
        }
        "restore-keeps-id" => {
            on(p, "restore-keeps-id");
            let id = p.make(2, json!({"title": "Roof"})).to_string();
            p.it.person_delete(p.now, ANNA, Entity::Deal, &id).unwrap();
            assert_eq!(p.it.person_restore(p.now, ANNA, Entity::Deal, &id).unwrap(), id);
        }
        other => panic!("nobody has felt `{other}` yet"),
    }
}

#[test]
fn every_fault_of_the_list_can_be_switched_on_and_is_felt() {
    assert!(FAULTS.len() > 10);
    FAULTS.iter().for_each(|fault| is_felt(fault.name));
}

#[test]
fn an_order_that_makes_no_sense_is_answered_with_what_there_is_and_switches_nothing() {
    let mut portal = Portal::new();
    for (order, words) in [
        ("gremlins", "token-life=SECONDS"),
        ("index-lag=soon", "10..20"),
        ("refuse=NONSENSE", "OVERLOAD_LIMIT"),
        ("phone-form=maybe", "off"),
        ("required=WON", "WON:COMMENTS"),
        ("call-cost", "needs a value"),
    ] {
        let (status, said) = switch(&mut portal, order);
        assert!(status == 400 && said["error_description"].as_str().unwrap().contains(words), "{order}: {said}");
    }
    let (_, listed) = portal.send(&Request::new(Method::Get, "/_admin/faults"));
    assert_eq!(listed.as_array().unwrap().len(), FAULTS.len());
    assert_eq!(portal.it.faults(), FAULTS);
    assert_eq!(portal.call("profile", json!({})).0, 200);
}
