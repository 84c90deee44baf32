//! Tokens, versions, limits, headers.

use crosstie::seam::{Method, Request};
use crosstie::standin::notion::Config;
use serde_json::{Value as Json, json};

use crate::office::{id, named, office, office_with};

#[test]
fn a_wrong_token_is_unauthorized_and_counts_for_nothing() {
    let mut office = office();
    let request = Request::new(Method::Get, "/v1/users/me")
        .header("authorization", "Bearer ntn_wrong")
        .header("notion-version", "2026-03-11");
    let response = office.raw(&request);
    let body: Json = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((response.status, body["code"].as_str()), (401, Some("unauthorized")));
    assert_eq!(office.notion.counters().requests, 0);
}

#[test]
fn a_missing_version_and_an_unknown_path_are_told() {
    let mut office = office();
    let token = format!("Bearer {}", office.notion.token());
    let response = office.raw(&Request::new(Method::Get, "/v1/users/me").header("authorization", token));
    let body: Json = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((response.status, body["code"].as_str()), (400, Some("missing_version")));
    let (status, body) = office.get("/v1/invalid");
    assert_eq!((status, body["message"].as_str()), (400, Some("Invalid request URL.")));
    office.version = "2022-06-28";
    let target = format!("/v1/data_sources/{}", office.deals);
    assert_eq!(office.get(&target).1["code"], "invalid_request_url");
}

#[test]
fn every_answer_carries_its_request_id_and_the_date() {
    let mut office = office();
    for target in ["/v1/users/me", "/v1/invalid"] {
        let request = Request::new(Method::Get, target)
            .header("authorization", format!("Bearer {}", office.notion.token()))
            .header("notion-version", "2026-03-11");
        let response = office.raw(&request);
        let body: Json = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(response.get_header("x-notion-request-id"), body["request_id"].as_str());
        assert_eq!(response.get_header("date"), Some("Sat, 27 Jun 2026 17:56:40 GMT"));
    }
}

#[test]
fn the_budget_is_a_fixed_window_with_the_wait_told_twice() {
    let mut office = office_with(Config { budget: 3, ..Config::default() });
    for _ in 0..3 {
        assert_eq!(office.get("/v1/users/me").0, 200);
    }
    let request = Request::new(Method::Get, "/v1/users/me")
        .header("authorization", format!("Bearer {}", office.notion.token()))
        .header("notion-version", "2026-03-11");
    let response = office.raw(&request);
    let body: Json = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((response.status, body["code"].as_str()), (429, Some("rate_limited")));
    // 17:56:40 is 20 seconds before the window's end.
    assert_eq!(response.get_header("retry-after"), Some("20"));
    assert_eq!(body["additional_data"]["retry_after"], "20");
    assert_eq!(body["additional_data"]["rate_limit_reason"], "public_api_request_rate_limit");
    office.pass(19);
    assert_eq!(office.get("/v1/users/me").0, 429);
    office.pass(1);
    assert_eq!(office.get("/v1/users/me").0, 200);
    assert_eq!((office.notion.counters().requests, office.notion.counters().rate_limited), (6, 2));
}

#[test]
fn only_the_older_version_shows_archived() {
    let mut office = office();
    let page = office.create(&named("A"));
    assert!(page.get("archived").is_none());
    let target = format!("/v1/pages/{}", id(&page));
    assert_eq!(office.patch(&target, &json!({ "archived": true })).0, 400);
    office.version = "2025-09-03";
    let (_, page) = office.get(&target);
    assert_eq!((&page["archived"], &page["in_trash"]), (&json!(false), &json!(false)));
    let (_, page) = office.patch(&target, &json!({ "archived": true }));
    assert_eq!((&page["archived"], &page["in_trash"]), (&json!(true), &json!(true)));
    let (_, list) = office.query(&json!({ "in_trash": true }));
    assert_eq!(list["results"][0]["archived"], true);
}

#[test]
fn users_are_listed_and_the_bot_knows_itself() {
    let mut office = office();
    let (_, me) = office.get("/v1/users/me");
    assert_eq!((me["type"].as_str(), me["id"].as_str()), (Some("bot"), Some(office.notion.bot())));
    let (_, first) = office.get("/v1/users?page_size=1");
    assert_eq!((first["has_more"].as_bool(), first["type"].as_str()), (Some(true), Some("user")));
    let (_, rest) =
        office.get(&format!("/v1/users?page_size=1&start_cursor={}", first["next_cursor"].as_str().unwrap()));
    let all = [first["results"][0].clone(), rest["results"][0].clone()];
    let ada = all.iter().find(|u| u["type"] == "person").unwrap();
    assert_eq!((ada["person"]["email"].as_str(), rest["has_more"].as_bool()), (Some("ada@example.com"), Some(false)));
    let ada = office.ada.clone();
    assert_eq!(office.get(&format!("/v1/users/{ada}")).1["name"], "Ada Lovelace");
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let bodies = |seed| {
        let mut office = office_with(Config { seed, ..Config::default() });
        let page = office.create(&named("A"));
        (page, office.query(&json!({})).1, office.notion.token().to_owned())
    };
    assert_eq!(bodies(3), bodies(3));
    assert_ne!(bodies(3), bodies(4));
}
