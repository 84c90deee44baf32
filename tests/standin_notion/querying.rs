//! Queries: filters, sorts, cursors, caps, trash, search.

use std::collections::BTreeSet;

use crosstie::standin::notion::Config;
use serde_json::{Value as Json, json};

use crate::office::{Office, id, named, office, office_with, text, title};

fn rows(office: &mut Office, count: usize) -> Vec<String> {
    (0..count)
        .map(|i| {
            id(&office.create(&json!({ "Name": { "title": text(&format!("r{i:03}")) }, "Amount": { "number": i } })))
        })
        .collect()
}

#[test]
fn filters_find_what_their_operators_say() {
    let mut office = office();
    let ada = office.ada.clone();
    office.create(&json!({
        "Name": { "title": text("Big deal") }, "Amount": { "number": 100 }, "Stage": { "select": { "name": "Won" } },
        "Tags": { "multi_select": [{ "name": "x" }] }, "Active": { "checkbox": true }, "Owner": { "people": [{ "id": ada }] },
        "Due": { "date": { "start": "2026-06-27T18:01:15.377824+01:00" } }, "Site": { "url": "https://example.com" },
        "Progress": { "status": { "name": "Done" } }, "Papers": { "files": [{ "name": "f", "external": { "url": "https://e.com/f" } }] },
    }));
    office.create(&json!({ "Name": { "title": text("Small") }, "Amount": { "number": 1 } }));
    let hits = [
        json!({ "property": "Name", "title": { "contains": "big" } }),
        json!({ "property": "title", "title": { "equals": "Big deal" } }),
        json!({ "property": "Amount", "number": { "greater_than": 1 } }),
        json!({ "property": "Amount", "number": { "equals": 100 } }),
        json!({ "property": "Stage", "select": { "equals": "Won" } }),
        json!({ "property": "Stage", "select": { "is_not_empty": true } }),
        json!({ "property": "Stage", "select": { "equals": ["Won", "New"] } }),
        json!({ "property": "Progress", "status": { "does_not_equal": "Not started" } }),
        json!({ "property": "Tags", "multi_select": { "contains": "x" } }),
        json!({ "property": "Active", "checkbox": { "equals": true } }),
        json!({ "property": "Owner", "people": { "contains": ada } }),
        json!({ "property": "Papers", "files": { "is_not_empty": true } }),
        json!({ "property": "Site", "url": { "starts_with": "https" } }),
        json!({ "property": "Due", "date": { "equals": "2026-06-27T18:01:15.377824+01:00" } }),
        json!({ "property": "Due", "date": { "equals": "2026-06-27" } }),
        json!({ "property": "Due", "date": { "this_week": {} } }),
        json!({ "property": "Due", "date": { "on_or_before": "today" } }),
        json!({ "property": "Number", "unique_id": { "less_than": 2 } }),
        json!({ "and": [{ "property": "Active", "checkbox": { "equals": true } },
            { "or": [{ "property": "Amount", "number": { "equals": 100 } }, { "property": "Amount", "number": { "equals": 1 } }] }] }),
    ];
    for filter in hits {
        assert_eq!(office.titles(&json!({ "filter": filter })), ["Big deal"], "{filter}");
    }
    let none = json!({ "property": "Due", "date": { "after": "2026-06-27" } });
    assert!(office.titles(&json!({ "filter": none })).is_empty());
}

#[test]
fn a_filter_that_notion_would_refuse_is_refused() {
    let mut office = office();
    let leaf = json!({ "property": "Amount", "number": { "equals": 1 } });
    let bad = [
        json!({ "property": "Nope", "number": { "equals": 1 } }),
        json!({ "property": "Amount", "rich_text": { "equals": "1" } }),
        json!({ "property": "Amount", "number": { "like": 1 } }),
        json!({ "and": [{ "or": [{ "and": [leaf] }] }] }),
        json!({ "or": vec![leaf.clone(); 101] }),
        json!({}),
    ];
    for filter in bad {
        let (status, body) = office.query(&json!({ "filter": filter }));
        assert_eq!((status, body["code"].as_str()), (400, Some("validation_error")), "{filter}");
    }
}

#[test]
fn the_edit_filter_sees_the_floored_time_unless_told_otherwise() {
    for (exact, expected) in [(false, 0), (true, 1)] {
        let mut office = office_with(Config { exact_edit_filter: exact, ..Config::default() });
        office.create(&named("A")); // at 17:56:40
        let since =
            json!({ "timestamp": "last_edited_time", "last_edited_time": { "on_or_after": "2026-06-27T17:56:15Z" } });
        assert_eq!(office.titles(&json!({ "filter": since })).len(), expected, "exact: {exact}");
        let since =
            json!({ "timestamp": "last_edited_time", "last_edited_time": { "on_or_after": "2026-06-27T17:56:00Z" } });
        assert_eq!(office.titles(&json!({ "filter": since })), ["A"]);
    }
}

#[test]
fn sorts_order_and_empty_values_come_last() {
    let mut office = office();
    office.create(&json!({ "Name": { "title": text("b") }, "Amount": { "number": 2 } }));
    office.create(&json!({ "Name": { "title": text("none") } }));
    office.pass(60);
    office.create(&json!({ "Name": { "title": text("a") }, "Amount": { "number": 10 } }));
    let by = |sort: Json| json!({ "sorts": [sort] });
    assert_eq!(office.titles(&by(json!({ "property": "Amount", "direction": "ascending" }))), ["b", "a", "none"]);
    assert_eq!(office.titles(&by(json!({ "property": "Amount", "direction": "descending" }))), ["a", "b", "none"]);
    assert_eq!(office.titles(&by(json!({ "property": "Name", "direction": "ascending" }))), ["a", "b", "none"]);
    assert_eq!(office.titles(&by(json!({ "timestamp": "created_time", "direction": "descending" })))[0], "a");
    assert_eq!(office.query(&by(json!({ "property": "Amount" }))).0, 400);
}

#[test]
fn without_a_sort_the_order_is_steady_but_not_that_of_creation() {
    let mut office = office();
    rows(&mut office, 30);
    let (once, twice) = (office.titles(&json!({})), office.titles(&json!({})));
    assert_eq!(once, twice);
    let mut sorted = once.clone();
    sorted.sort();
    assert_ne!(once, sorted);
}

#[test]
fn cursors_are_opaque_bound_to_their_query_and_can_expire() {
    let mut office = office();
    rows(&mut office, 25);
    let ask = json!({ "page_size": 10, "sorts": [{ "property": "Amount", "direction": "ascending" }] });
    let mut seen = Vec::new();
    let mut body = ask.clone();
    loop {
        let (_, list) = office.query(&body);
        seen.extend(list["results"].as_array().unwrap().iter().map(title));
        let Some(cursor) = list["next_cursor"].as_str() else {
            assert_eq!(list["has_more"], false);
            break;
        };
        let parts: Vec<&str> = cursor.split(':').collect();
        assert_eq!((parts.len(), parts[0], parts[1].len(), parts[2].len()), (3, "s", 36, 36));
        body["start_cursor"] = json!(cursor);
    }
    let all: Vec<String> = (0..25).map(|i| format!("r{i:03}")).collect();
    assert_eq!(seen, all);
    let (_, again) = office.query(&body);
    assert_eq!(title(&again["results"][0]), "r020", "the same cursor gives the same page");
    let other = json!({ "page_size": 10, "start_cursor": body["start_cursor"] });
    assert_eq!(office.query(&other).0, 400);
    office.notion.expire_cursors();
    let (status, refused) = office.query(&body);
    assert_eq!((status, refused["code"].as_str()), (400, Some("validation_error")));
    assert!(refused["message"].as_str().unwrap().starts_with("The start_cursor provided is invalid"));
}

#[test]
fn a_row_edited_during_an_ascending_scan_comes_twice_and_none_is_lost() {
    let mut office = office();
    let ids = rows(&mut office, 6);
    office.pass(60);
    let mut body = json!({ "page_size": 4, "sorts": [{ "timestamp": "last_edited_time", "direction": "ascending" }] });
    let (_, first) = office.query(&body);
    let moved = id(&first["results"][0]);
    office.write(&moved, &json!({ "Amount": { "number": 99 } }));
    body["start_cursor"] = first["next_cursor"].clone();
    let (_, rest) = office.query(&body);
    let mut seen: Vec<String> =
        first["results"].as_array().unwrap().iter().chain(rest["results"].as_array().unwrap()).map(id).collect();
    assert_eq!(seen.len(), 7);
    assert_eq!(seen.last(), Some(&moved));
    seen.sort();
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), ids.into_iter().collect());
}

#[test]
fn a_query_ends_at_the_cap_as_incomplete_and_without_more() {
    let mut office = office_with(Config { result_cap: 5, ..Config::default() });
    rows(&mut office, 6);
    let (_, first) = office.query(&json!({ "page_size": 3 }));
    assert_eq!((first["has_more"].as_bool(), first.get("request_status")), (Some(true), None));
    let (_, rest) = office.query(&json!({ "page_size": 3, "start_cursor": first["next_cursor"] }));
    assert_eq!((rest["results"].as_array().unwrap().len(), rest["has_more"].as_bool()), (2, Some(false)));
    let status = json!({ "type": "incomplete", "incomplete_reason": "query_result_limit_reached" });
    assert_eq!((&rest["request_status"], &rest["next_cursor"]), (&status, &Json::Null));
    let five = json!({ "filter": { "property": "Amount", "number": { "less_than": 5 } } });
    assert!(office.query(&five).1.get("request_status").is_none(), "exactly the cap is complete");
}

#[test]
fn page_sizes_over_100_are_refused() {
    let mut office = office();
    let (status, body) = office.query(&json!({ "page_size": 101 }));
    assert_eq!(status, 400);
    assert!(body["message"].as_str().unwrap().contains("body.page_size should be ≤ `100`"));
}

#[test]
fn trashed_rows_are_hidden_from_queries_and_found_when_asked_for() {
    let mut office = office();
    let page = id(&office.create(&named("gone")));
    office.create(&named("here"));
    office.notion.person_trash(office.now, "Ada Lovelace", &page).unwrap();
    assert_eq!(office.titles(&json!({})), ["here"]);
    assert_eq!(office.titles(&json!({ "in_trash": true })), ["gone"]);
    assert_eq!(office.notion.live_pages(&office.deals.clone()).len(), 1);
    office.notion.person_restore(office.now, "Ada Lovelace", &page).unwrap();
    assert_eq!(office.titles(&json!({})).len(), 2);
}

#[test]
fn search_knows_titles_and_is_late() {
    let mut office = office();
    office.create(&named("Fresh bread"));
    let ask = json!({ "query": "bread" });
    assert_eq!(office.post("/v1/search", &ask).1["results"], json!([]));
    office.pass(60);
    let (_, found) = office.post("/v1/search", &ask);
    assert_eq!(
        (title(&found["results"][0]), found["type"].as_str()),
        ("Fresh bread".into(), Some("page_or_data_source"))
    );
    let sources = json!({ "query": "deal", "filter": { "property": "object", "value": "data_source" } });
    assert_eq!(office.post("/v1/search", &sources).1["results"][0]["id"], office.deals);
}
