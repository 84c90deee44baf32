//! Every fault that is listed can be switched on by its own words, and is felt.

use crosstie::seam::{Method, Request};
use crosstie::standin::StandIn;
use crosstie::standin::notion::FAULTS;
use serde_json::{Value as Json, json};

use crate::office::{Office, id, named, office};
use crate::relations::{contacts, relation};
use crate::webhooks::events_after;

/// Switches a fault on by the back door, as anybody does who reproduces a report.
fn switch(office: &mut Office, order: &str) -> (u16, Json) {
    let request = Request::new(Method::Post, "/_admin/fault").json(&json!({ "fault": order }));
    let response = office.raw(&request);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

fn on(office: &mut Office, order: &str) {
    let (status, said) = switch(office, order);
    assert_eq!(status, 200, "{order}: {said}");
}

fn rows(office: &mut Office, body: &Json) -> usize {
    office.query(body).1["results"].as_array().unwrap().len()
}

fn is_felt(fault: &str) {
    let mut office = office();
    match fault {
        "index-lag" => {
            on(&mut office, "index-lag=10..20");
            office.create(&named("A"));
            assert_eq!(rows(&mut office, &json!({})), 0);
            on(&mut office, "index-lag=off");
            assert_eq!(rows(&mut office, &json!({})), 1);
        }
        "short-pages" => {
            (0..20).for_each(|_| drop(office.create(&named("A"))));
            on(&mut office, "short-pages");
            let short = (0..20).any(|_| {
                let (_, list) = office.query(&json!({ "page_size": 10 }));
                list["results"].as_array().unwrap().len() < 10 && list["has_more"] == true
            });
            assert!(short);
            on(&mut office, "short-pages=off");
            assert!((0..20).all(|_| rows(&mut office, &json!({ "page_size": 10 })) == 10));
        }
        "result-cap" => {
            (0..5).for_each(|_| drop(office.create(&named("A"))));
            on(&mut office, "result-cap=2");
            let (_, list) = office.query(&json!({}));
            assert_eq!(
                (list["results"].as_array().unwrap().len(), &list["request_status"]["type"]),
                (2, &json!("incomplete"))
            );
        }
        "refuse" => {
            on(&mut office, "refuse=rate_limited*2/7");
            let token = format!("Bearer {}", office.notion.token());
            for expected in [Some("7"), Some("7"), None] {
                let request = Request::new(Method::Get, "/v1/users/me")
                    .header("authorization", token.clone())
                    .header("notion-version", office.version);
                let response = office.raw(&request);
                assert_eq!(
                    (response.status == 429, response.get_header("retry-after")),
                    (expected.is_some(), expected)
                );
            }
        }
        "lose-answers" => {
            on(&mut office, "lose-answers=1");
            let parent = json!({ "type": "data_source_id", "data_source_id": office.deals });
            let (status, lost) = office.post("/v1/pages", &json!({ "parent": parent, "properties": named("A") }));
            assert_eq!(status, 503, "{lost}");
            assert_eq!(office.titles(&json!({})), ["A"], "it was done");
        }
        "unshare" => {
            let page = id(&office.create(&named("A")));
            on(&mut office, &format!("unshare={page}"));
            assert_eq!(office.get(&format!("/v1/pages/{page}")).0, 404);
            on(&mut office, "unshare=Deals");
            assert_eq!(office.query(&json!({})).0, 404);
        }
        "exact-edit-filter" => {
            office.create(&named("A"));
            let since = json!({ "timestamp": "last_edited_time", "last_edited_time": { "on_or_after": "2026-06-27T17:56:15Z" } });
            assert_eq!(rows(&mut office, &json!({ "filter": since })), 0);
            on(&mut office, "exact-edit-filter");
            assert_eq!(rows(&mut office, &json!({ "filter": since })), 1);
        }
        "far-side-counts" => {
            on(&mut office, "far-side-counts");
            let people = contacts(&mut office);
            let deal = office.create(&named("D"));
            office.pass(600);
            office.create_in(&people, &json!({ "Deals": relation(&[&id(&deal)]) }));
            let (_, seen) = office.get(&format!("/v1/pages/{}", id(&deal)));
            assert_ne!(seen["last_edited_time"], deal["last_edited_time"]);
        }
        "events-lost" => assert_eq!(events_after("events-lost=1"), (0, 0)),
        "events-doubled" => assert_eq!(events_after("events-doubled"), (2, 0)),
        "events-late" => assert_eq!(events_after("events-late=20"), (0, 1)),
        other => panic!("nobody has felt `{other}` yet"),
    }
}

#[test]
fn every_fault_of_the_list_can_be_switched_on_and_is_felt() {
    assert!(FAULTS.len() > 5);
    FAULTS.iter().for_each(|fault| is_felt(fault.name));
}

#[test]
fn an_order_that_makes_no_sense_is_answered_with_what_there_is_and_switches_nothing() {
    let mut office = office();
    for (order, words) in [
        ("gremlins", "index-lag=FROM..TO"),
        ("index-lag", "needs a value"),
        ("index-lag=20..10", "10..20"),
        ("short-pages=perhaps", "off"),
        ("result-cap=many", "whole number"),
        ("refuse=nonsense", "rate_limited"),
        ("refuse=rate_limited*x", "CODE*TIMES"),
    ] {
        let (status, said) = switch(&mut office, order);
        assert!(status == 400 && said["error"].as_str().unwrap().contains(words), "{order}: {status} {said}");
        assert!(office.notion.switch(order).unwrap_err().contains(words), "{order}");
    }
    assert_eq!(office.query(&json!({})).0, 200);
    let listed: Json = serde_json::from_slice(&office.raw(&Request::new(Method::Get, "/_admin/faults")).body).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), FAULTS.len());
    assert_eq!(office.notion.faults(), FAULTS);
}
