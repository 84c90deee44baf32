//! An index that runs behind, short pages, a small cap, and answers that were lost on the way.

use std::collections::BTreeSet;

use crosstie::seam::{Method, Request};
use crosstie::standin::notion::{Config, render_committed_503};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::office::{Office, id, named, office, office_with};

const ADA: &str = "Ada Lovelace";

fn amounts(office: &mut Office) -> Vec<i64> {
    let (_, list) = office.query(&json!({}));
    let rows = list["results"].as_array().unwrap();
    rows.iter().map(|row| row["properties"]["Amount"]["number"].as_i64().unwrap()).collect()
}

#[test]
fn a_lagging_index_shows_old_pages_and_misses_new_ones_but_a_page_by_id_is_true() {
    let mut office = office();
    let old = id(&office.create(&json!({ "Amount": { "number": 1 } })));
    office.notion.set_index_lag(10..20);
    office.pass(300);
    let (_, written) = office.write(&old, &json!({ "Amount": { "number": 2 } }));
    let new = id(&office.create(&json!({ "Amount": { "number": 3 } })));
    office.pass(9);
    let (_, list) = office.query(&json!({}));
    assert_eq!(
        (list["results"].as_array().unwrap().len(), &list["results"][0]["properties"]["Amount"]["number"]),
        (1, &json!(1))
    );
    assert_ne!(list["results"][0]["last_edited_time"], written["last_edited_time"], "the old edit time too");
    let since =
        json!({ "timestamp": "last_edited_time", "last_edited_time": { "on_or_after": "2026-06-27T18:00:00Z" } });
    assert!(office.query(&json!({ "filter": since })).1["results"].as_array().unwrap().is_empty());
    assert_eq!(office.get(&format!("/v1/pages/{old}")).1["properties"]["Amount"]["number"], 2);
    assert_eq!(office.get(&format!("/v1/pages/{new}")).0, 200);
    office.pass(12);
    let mut seen = amounts(&mut office);
    seen.sort_unstable();
    assert_eq!(seen, [2, 3]);
    office.notion.person_trash(office.now, ADA, &old).unwrap();
    assert_eq!(amounts(&mut office).len(), 2, "what was trashed is still found");
    office.notion.set_index_lag(0..0);
    assert_eq!(amounts(&mut office), [3]);
}

#[test]
fn two_queries_seconds_apart_may_disagree_and_a_seed_repeats_itself() {
    let run = |seed| {
        let mut office = office_with(Config { seed, ..Config::default() });
        let page = id(&office.create(&json!({ "Amount": { "number": 0 } })));
        office.notion.set_index_lag(0..8);
        let mut seen = Vec::new();
        for round in 1..40 {
            office.now += SignedDuration::from_secs(3);
            office.write(&page, &json!({ "Amount": { "number": round } }));
            seen.push(amounts(&mut office)[0]);
        }
        seen
    };
    let seen = run(1);
    assert_eq!(seen, run(1));
    assert_ne!(seen, run(2));
    assert!(seen.windows(2).any(|two| two[1] < two[0]), "an index may even go back: {seen:?}");
    assert!(seen.iter().zip(1..).all(|(seen, round)| round - seen <= 3), "at most 8 seconds late: {seen:?}");
}

#[test]
fn a_page_moved_away_is_still_found_where_it_was_until_the_index_knows() {
    let mut office = office();
    let archive = office.notion.add_data_source("Archive", &json!({})).unwrap();
    let page = id(&office.create(&named("A")));
    office.notion.set_index_lag(5..6);
    office.pass(60);
    office.notion.person_move(office.now, ADA, &page, &archive).unwrap();
    let (_, list) = office.query(&json!({}));
    assert_eq!(list["results"][0]["parent"]["data_source_id"], office.deals);
    office.pass(6);
    assert!(office.titles(&json!({})).is_empty());
}

#[test]
fn short_pages_give_fewer_rows_even_none_and_a_scan_still_finds_each_once() {
    let mut office = office();
    for i in 0..30 {
        office.create(&json!({ "Amount": { "number": i } }));
    }
    office.notion.set_short_pages(true);
    let mut lengths = BTreeSet::new();
    for _ in 0..10 {
        let (mut seen, mut body) = (Vec::new(), json!({ "page_size": 10 }));
        for _ in 0..100 {
            let (status, list) = office.query(&body);
            assert_eq!(status, 200, "{list}");
            let rows = list["results"].as_array().unwrap();
            lengths.insert((rows.len(), list["has_more"] == true));
            seen.extend(rows.iter().map(|row| row["properties"]["Amount"]["number"].as_i64().unwrap()));
            body["start_cursor"] = list["next_cursor"].clone();
            if list["has_more"] == false {
                break;
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..30).collect::<Vec<_>>());
    }
    assert!(lengths.contains(&(0, true)) && lengths.iter().any(|(rows, more)| *more && (1..10).contains(rows)));
    let (_, first) = office.query(&json!({ "page_size": 10 }));
    office.notion.expire_cursors();
    let next = json!({ "page_size": 10, "start_cursor": first["next_cursor"] });
    assert_eq!(office.query(&next).1["code"], "validation_error");
}

#[test]
fn the_cap_can_be_made_small_at_any_time() {
    let mut office = office();
    for i in 0..6 {
        office.create(&json!({ "Amount": { "number": i } }));
    }
    office.notion.set_result_cap(5);
    let (_, list) = office.query(&json!({}));
    assert_eq!((list["results"].as_array().unwrap().len(), list["has_more"].as_bool()), (5, Some(false)));
    assert_eq!(list["request_status"]["type"], "incomplete");
}

#[test]
fn a_503_after_a_commit_names_what_was_made_and_a_refusal_stays_one() {
    let mut office = office();
    let send = |office: &mut Office, source: &str| {
        let body = json!({ "parent": { "data_source_id": source }, "properties": named("A") });
        let request = Request::new(Method::Post, "/v1/pages")
            .json(&body)
            .header("authorization", format!("Bearer {}", office.notion.token()))
            .header("notion-version", "2026-03-11");
        office.raw(&request)
    };
    let deals = office.deals.clone();
    let made = send(&mut office, &deals);
    let page: Json = serde_json::from_slice(&made.body).unwrap();
    let lost = render_committed_503(&made);
    let body: Json = serde_json::from_slice(&lost.body).unwrap();
    assert_eq!((lost.status, body["code"].as_str()), (503, Some("service_unavailable")));
    assert_eq!(body["additional_data"]["committed_resource_id"], page["id"]);
    assert_eq!(lost.get_header("x-notion-request-id"), body["request_id"].as_str());
    assert_eq!(office.get(&format!("/v1/pages/{}", id(&page))).0, 200, "it is there");
    let refused = send(&mut office, "00000000-0000-4000-8000-000000000000");
    assert_eq!(refused.status, 404);
    assert_eq!(render_committed_503(&refused), refused);
}

#[test]
fn ordered_refusals_come_once_each_in_order_and_the_request_is_not_done() {
    let mut office = office();
    let page = id(&office.create(&json!({ "Amount": { "number": 1 } })));
    office.notion.refuse_next(2, "rate_limited", Some(7)).unwrap();
    office.notion.refuse_next(1, "conflict_error", None).unwrap();
    let unknown = office.notion.refuse_next(1, "no_such_error", None).unwrap_err();
    assert!(unknown.message.contains("conflict_error"), "{unknown}");
    let asked = office.notion.counters().requests;
    for _ in 0..2 {
        let (status, body) = office.write(&page, &json!({ "Amount": { "number": 2 } }));
        assert_eq!((status, body["code"].as_str()), (429, Some("rate_limited")));
        assert_eq!(body["additional_data"]["retry_after"], "7");
    }
    let (status, body) = office.write(&page, &json!({ "Amount": { "number": 2 } }));
    assert_eq!((status, body["code"].as_str()), (409, Some("conflict_error")));
    assert_eq!(amounts(&mut office), [1]);
    assert_eq!(office.notion.counters().requests - asked, 4);
}

#[test]
fn a_lost_answer_was_done_and_names_what_was_saved() {
    let mut office = office();
    office.notion.lose_next_answers(1);
    let parent = json!({ "type": "data_source_id", "data_source_id": office.deals });
    let create = json!({ "parent": parent, "properties": { "Amount": { "number": 4 } } });
    let (status, body) = office.post("/v1/pages", &create);
    assert_eq!((status, body["code"].as_str()), (503, Some("service_unavailable")));
    let saved = body["additional_data"]["committed_resource_id"].as_str().unwrap();
    assert_eq!(office.get(&format!("/v1/pages/{saved}")).1["properties"]["Amount"]["number"], 4);
}

#[test]
fn a_request_without_a_valid_token_uses_up_no_ordered_trouble() {
    let mut office = office();
    office.notion.lose_next_answers(1);
    office.notion.refuse_next(1, "service_overload", None).unwrap();
    let stranger = Request::new(Method::Get, "/v1/users/me").header("authorization", "Bearer ntn_wrong");
    assert_eq!(office.raw(&stranger).status, 401);
    let page = office.post("/v1/pages", &json!({ "parent": { "data_source_id": office.deals } }));
    assert_eq!(page.0, 503, "{}", page.1);
    assert_eq!(office.get("/v1/users/me").0, 529);
    assert_eq!(office.get("/v1/users/me").0, 200);
}
