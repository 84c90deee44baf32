use crosstie::seam::{Method, Request};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{BitrixStandIn, Config};
use serde_json::json;

use crate::support::Portal;

#[test]
fn json_forms_and_queries_say_the_same() {
    let mut portal = Portal::new();
    let deal = portal.make(2, json!({"title": "Bridge & road"}));
    let base = portal.it.webhook_path();
    let query = format!("{base}crm.deal.list?filter%5BTITLE%5D=Bridge+%26+road&select[]=ID&select[]=TITLE");
    let expected = json!([{"ID": deal.to_string(), "TITLE": "Bridge & road"}]);
    let (_, by_query) = portal.send(&Request::new(Method::Get, query));
    assert_eq!(by_query["result"], expected);
    let mut form = Request::new(Method::Post, format!("{base}crm.deal.list.json"))
        .header("content-type", "application/x-www-form-urlencoded");
    form.body = "filter[TITLE]=Bridge%20%26%20road&select[0]=ID&select[1]=TITLE".into();
    let (_, by_form) = portal.send(&form);
    assert_eq!(by_form["result"], expected);
    let params = json!({"filter": {"TITLE": "Bridge & road"}, "select": ["ID", "TITLE"]});
    assert_eq!(portal.ok("crm.deal.list", params), expected);
}

#[test]
fn the_answer_tells_time_in_the_servers_offset_and_whole_seconds() {
    let mut portal = Portal::new();
    let request = Request::new(Method::Get, format!("{}server.time", portal.it.webhook_path()));
    let response = portal.it.handle(&request, portal.now);
    assert_eq!(response.get_header("date"), Some("Sun, 01 Mar 2026 10:00:00 GMT"));
    let body = crate::support::body(&response);
    assert_eq!(body["result"], "2026-03-01T13:00:00+03:00");
    assert_eq!(body["time"]["date_start"], "2026-03-01T13:00:00+03:00");
    assert_eq!(body["time"]["operating"], 0.05);
    assert_eq!(body["time"]["operating_reset_at"].as_i64(), Some(portal.now.as_second() + 600));
}

#[test]
fn a_wrong_secret_a_wrong_address_and_an_unknown_method_are_told_apart() {
    let mut portal = Portal::new();
    let (status, body) = portal.send(&Request::new(Method::Get, "/rest/1/wrong/profile"));
    assert_eq!((status, body["error"].as_str()), (403, Some("INVALID_CREDENTIALS")));
    let (status, body) = portal.send(&Request::new(Method::Get, "/rest/1/"));
    assert_eq!((status, body["error"].as_str()), (404, Some("ERROR_METHOD_NOT_FOUND")));
    let unknown = portal.refused("crm.deal.dance", json!({}));
    assert_eq!(unknown, (404, "ERROR_METHOD_NOT_FOUND".into(), "Method not found!".into()));
}

#[test]
fn the_secret_comes_from_the_seed_and_is_never_printed() {
    let portal = |seed| BitrixStandIn::new(Config { seed, ..Config::default() });
    assert_eq!(portal(7).webhook_path(), portal(7).webhook_path());
    assert_ne!(portal(7).webhook_path(), portal(8).webhook_path());
    let path = portal(7).webhook_path();
    let secret = path.split('/').nth(3).unwrap();
    assert_eq!(secret.len(), 16);
    assert!(!format!("{:?}", portal(7)).contains(secret));
}

#[test]
fn the_same_requests_at_the_same_times_give_the_same_world() {
    let run = || {
        let mut portal = Portal::new();
        portal.make(3, json!({"name": "Ada", "fm": {"n0": {"typeId": "EMAIL", "value": "ada@example.com"}}}));
        portal.make(2, json!({"title": "Loom", "contactIds": [1]}));
        portal.send(&Request::new(Method::Get, "/_admin/world")).1
    };
    assert_eq!(run(), run());
}

#[test]
fn dictionaries_and_people_can_be_read() {
    let mut portal = Portal::new();
    let sales = portal.it.add_pipeline("Sales", &[("NEW", "New", 'P'), ("WON", "Done", 'S')]);
    let categories = portal.ok("crm.category.list", json!({"entityTypeId": 2}));
    assert_eq!(categories["categories"][0]["isDefault"], "Y");
    assert_eq!(categories["categories"][1]["id"], sales);
    let stages = portal.ok("crm.status.list", json!({"filter": {"ENTITY_ID": "DEAL_STAGE"}}));
    let codes: Vec<_> = stages.as_array().unwrap().iter().map(|row| row["STATUS_ID"].as_str().unwrap()).collect();
    let expected = ["NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE", "WON", "LOSE"];
    assert_eq!(codes, expected);
    assert_eq!(stages[5]["SEMANTICS"], "S");
    let other = portal.ok("crm.status.list", json!({"filter": {"ENTITY_ID": "DEAL_STAGE_1"}}));
    assert_eq!(other[1]["STATUS_ID"], "C1:WON");
    let (_, currencies) = portal.call("crm.currency.list", json!({}));
    assert_eq!((&currencies["result"][0]["CURRENCY"], &currencies["total"]), (&json!("EUR"), &json!(0)));
    let users = portal.ok("user.get", json!({"FILTER": {"EMAIL": "anna@example.com", "ACTIVE": true}}));
    assert_eq!((&users[0]["ID"], &users[0]["ACTIVE"], &users[0]["NAME"]), (&json!("2"), &json!(true), &json!("Anna")));
    assert_eq!(portal.ok("user.current", json!({}))["ID"], "1");
    assert_eq!(portal.ok("profile", json!({}))["ADMIN"], true);
    assert_eq!(portal.ok("scope", json!({})), json!(["crm", "task", "user"]));
    let options = portal.ok("crm.deal.userfield.list", json!({"filter": {"FIELD_NAME": "UF_CRM_PRIORITY"}}));
    assert_eq!(options[0]["LIST"][0]["VALUE"], "Low");
    assert!(options[0]["LIST"][0]["ID"].is_string());
}

#[test]
fn every_method_that_is_listed_is_there() {
    let mut portal = Portal::new();
    let methods = portal.ok("methods", json!({}));
    for method in methods.as_array().unwrap() {
        let (_, body) = portal.call(method.as_str().unwrap(), json!({"entityTypeId": 2}));
        assert_ne!(body["error"], "ERROR_METHOD_NOT_FOUND", "{method}");
    }
}

#[test]
fn people_are_paged_by_id_as_the_fast_way_asks() {
    let mut portal = Portal::new();
    for n in 0..60 {
        portal.it.add_person(&format!("Guest {n}"), &format!("guest{n}@example.com"));
    }
    let ids = |portal: &mut Portal, above: u64| {
        let page = portal.ok("user.get", json!({"order": {"ID": "ASC"}, "filter": {">ID": above}, "start": -1}));
        let ids = page.as_array().unwrap().iter().map(|user| user["ID"].as_str().unwrap().parse::<u64>().unwrap());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(&mut portal, 0), (1..=50).collect::<Vec<_>>());
    assert_eq!(ids(&mut portal, 50), (51..=63).collect::<Vec<_>>());
}
