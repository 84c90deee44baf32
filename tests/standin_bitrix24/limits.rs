use crosstie::seam::{Method, Request};
use crosstie::standin::bitrix24::{Config, Entity};
use serde_json::json;

use crate::support::Portal;

#[test]
fn the_default_plan_lets_250_at_once_and_then_5_a_second() {
    let mut portal = Portal::new();
    for _ in 0..250 {
        portal.ok("scope", json!({}));
    }
    let refused = portal.refused("scope", json!({}));
    assert_eq!(refused, (503, "QUERY_LIMIT_EXCEEDED".into(), "Too many requests".into()));
    portal.wait(1);
    for _ in 0..5 {
        portal.ok("scope", json!({}));
    }
    portal.refused("scope", json!({}));
    let counters = portal.it.counters();
    assert_eq!((counters.requests, counters.over_rate), (257, 2));
}

#[test]
fn the_standard_plan_lets_50_at_once_and_then_2_a_second() {
    let mut portal = Portal::with(Config::standard());
    for _ in 0..50 {
        portal.ok("scope", json!({}));
    }
    portal.refused("scope", json!({}));
    portal.wait(1);
    portal.ok("scope", json!({}));
    portal.ok("scope", json!({}));
    portal.refused("scope", json!({}));
}

#[test]
fn a_method_over_its_operating_time_is_blocked_alone_until_its_oldest_minute_drops() {
    let config = Config { operating_limit_s: 1, call_cost_ms: 600, ..Config::default() };
    let mut portal = Portal::with(config);
    portal.ok("scope", json!({}));
    portal.wait(60);
    let (_, last) = portal.call("scope", json!({}));
    assert_eq!(last["time"]["operating"], 1.2);
    let reset = last["time"]["operating_reset_at"].as_i64().unwrap();
    let blocked = portal.refused("scope", json!({}));
    assert_eq!(blocked, (429, "OPERATION_TIME_LIMIT".into(), "Method is blocked due to operation time limit.".into()));
    portal.ok("profile", json!({}));
    let wait = reset - portal.now.as_second();
    portal.wait(wait - 1);
    portal.refused("scope", json!({}));
    portal.wait(1);
    portal.ok("scope", json!({}));
    assert_eq!(portal.it.counters().over_time, 2);
}

#[test]
fn inside_a_batch_a_blocked_method_is_an_error_of_its_command_and_the_batch_is_not_metered() {
    let mut config = Config { operating_limit_s: 1, ..Config::default() };
    config.method_cost_ms.insert("scope".into(), 2000);
    let mut portal = Portal::with(config);
    let (status, answer) = portal.call("batch", json!({"cmd": {"a": "scope", "b": "scope", "c": "profile"}}));
    assert_eq!(status, 200);
    assert_eq!(answer["result"]["result_error"]["b"]["error"], "OPERATION_TIME_LIMIT");
    assert!(answer["result"]["result"]["c"].is_object());
    assert_eq!(answer["result"]["result_time"]["a"]["operating"], 2.0);
    assert_eq!(answer["time"]["operating"], 0);
    assert_eq!(portal.it.counters().over_time, 1);
}

#[test]
fn the_back_door_needs_no_secret_and_has_no_limits() {
    let mut portal = Portal::with(Config { bucket_room: 1, ..Config::default() });
    portal.it.add_company("Acme");
    portal.ok("scope", json!({}));
    portal.refused("scope", json!({}));
    for _ in 0..10 {
        let (status, world) = portal.send(&Request::new(Method::Get, "/_admin/world"));
        assert_eq!(status, 200);
        assert_eq!(world["counters"], json!({"requests": 2, "over_rate": 1, "over_time": 0}));
        assert_eq!(world["items"]["company"]["1"]["TITLE"], "Acme");
    }
    assert_eq!(portal.it.live_ids(Entity::Company), ["1"]);
}

#[test]
fn ordered_refusals_come_in_order_and_the_request_is_not_done() {
    let mut portal = Portal::new();
    let order = |portal: &mut Portal, body| portal.send(&Request::new(Method::Post, "/_admin/refuse").json(&body)).0;
    assert_eq!(order(&mut portal, json!({"code": "QUERY_LIMIT_EXCEEDED", "times": 2})), 200);
    assert_eq!(order(&mut portal, json!({"code": "OVERLOAD_LIMIT"})), 200);
    assert_eq!(order(&mut portal, json!({"code": "TIRED"})), 400);
    assert_eq!(order(&mut portal, json!({"code": "OVERLOAD_LIMIT", "times": -1})), 400);
    let mut told = Vec::new();
    for _ in 0..3 {
        let (status, code, _) = portal.refused("crm.deal.add", json!({"fields": {"TITLE": "A"}}));
        told.push((status, code));
    }
    let expected = [(503, "QUERY_LIMIT_EXCEEDED"), (503, "QUERY_LIMIT_EXCEEDED"), (503, "OVERLOAD_LIMIT")];
    assert_eq!(told, expected.map(|(status, code)| (status, code.to_owned())));
    assert!(portal.it.live_ids(Entity::Deal).is_empty());
    assert_eq!(portal.ok("crm.deal.add", json!({"fields": {"TITLE": "A"}})), 1);
    let counters = portal.it.counters();
    assert_eq!((counters.requests, counters.over_rate), (4, 0));
}
