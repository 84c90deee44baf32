//! The pretend Notion filled from a folder of recorded traffic serves what was recorded. The folder is named by the
//! environment variable `CROSSTIE_RECORDED`; without it the first two tests say so and check nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use crosstie::seam::{Method, Request};
use crosstie::standin::StandIn;
use crosstie::standin::notion::{Config, LoadError, NotionStandIn};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

fn ask(notion: &mut NotionStandIn, method: Method, target: &str, body: Option<&Json>) -> (u16, Json) {
    let now: Timestamp = "2026-11-20T09:00:30Z".parse().unwrap();
    let request = Request::new(method, target)
        .header("authorization", format!("Bearer {}", notion.token()))
        .header("notion-version", "2026-03-11");
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    let response = notion.handle(&request, now);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

/// Every row in a recorded response, the newest version of each.
fn rows(value: &Json, found: &mut BTreeMap<String, Json>) {
    match value {
        Json::Array(all) => all.iter().for_each(|one| rows(one, found)),
        Json::Object(fields) => {
            if value["object"] == "page" && value["parent"]["data_source_id"].is_string() {
                let id = value["id"].as_str().unwrap().to_owned();
                let time = |page: &Json| page["last_edited_time"].as_str().unwrap().to_owned();
                if found.get(&id).is_none_or(|held| time(held) <= time(value)) {
                    found.insert(id, value.clone());
                }
            }
            fields.values().for_each(|one| rows(one, found));
        }
        _ => {}
    }
}

/// The recordings of a folder that were answered 200, in file order.
fn recordings(dir: &Path) -> Vec<Json> {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    let read = |file| serde_json::from_str::<Json>(&std::fs::read_to_string(file).unwrap()).unwrap();
    files.into_iter().map(read).filter(|recording| recording["status"] == 200).collect()
}

/// The same JSON with people by their ids: how much more of them is shown differs from answer to answer.
fn by_id_alone(value: &Json) -> Json {
    match value {
        Json::Array(all) => all.iter().map(by_id_alone).collect(),
        Json::Object(_) if value["object"] == "user" => json!({"object": "user", "id": value["id"]}),
        Json::Object(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), by_id_alone(value))).collect())
        }
        other => other.clone(),
    }
}

/// The same JSON without what differs between two worlds: ids and the colours of options that were made.
fn shape(value: &Json) -> Json {
    match value {
        Json::Array(all) => all.iter().map(shape).collect(),
        Json::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "color"));
            Json::Object(kept.map(|(name, value)| (name.clone(), shape(value))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn recorded_requests_are_answered_as_they_were() {
    let Some(dir) = std::env::var_os("CROSSTIE_RECORDED") else {
        eprintln!("skipped: CROSSTIE_RECORDED names no folder of recorded traffic");
        return;
    };
    let dir = Path::new(&dir);
    let mut notion = NotionStandIn::from_recorded(dir, Config { budget: u32::MAX, ..Config::default() }).unwrap();
    let mut replayed = 0;
    for recording in recordings(dir) {
        let (path, body) = (recording["path"].as_str().unwrap(), &recording["request"]);
        let (method, response) =
            (Method::parse(recording["method"].as_str().unwrap()).unwrap(), &recording["response"]);
        let home = body["parent"]["data_source_id"].as_str().or_else(|| path.split('/').nth(3)).unwrap_or_default();
        let (status, source) = ask(&mut notion, Method::Get, &format!("/v1/data_sources/{home}"), None);
        if status != 200 || source["in_trash"] == true {
            continue;
        }
        if path.ends_with("/query") {
            let mut body = body.clone();
            body.as_object_mut().unwrap().remove("start_cursor");
            let (status, list) = ask(&mut notion, method, path, Some(&body));
            assert_eq!(status, 200, "{body}: {list}");
            replayed += 1;
            // Whether a list was cut is told only where it was, and this world is smaller.
            let keys = |list: &Json| {
                list.as_object().unwrap().keys().filter(|key| *key != "request_status").cloned().collect::<Vec<_>>()
            };
            assert_eq!(keys(&list), keys(response), "{path}");
        }
        if path == "/v1/pages" {
            let (status, page) = ask(&mut notion, method, path, Some(body));
            // A relation may point to a page that was not recorded.
            assert!(status == 200 || page["message"].as_str().unwrap().starts_with("Could not find page"), "{page}");
            for name in body["properties"].as_object().unwrap().keys().filter(|_| status == 200) {
                let (seen, was) = (&page["properties"][name], &response["properties"][name]);
                assert_eq!(shape(seen), shape(was), "{name} in {body}");
            }
            let keys = |page: &Json| {
                page.as_object().unwrap().keys().filter(|k| *k != "archived").cloned().collect::<Vec<_>>()
            };
            if status == 200 {
                assert_eq!(keys(&page), keys(response));
                replayed += 1;
            }
        }
    }
    println!("{replayed} queries and creates were asked again");
}

#[test]
fn recorded_pages_read_back_as_they_were_recorded() {
    let Some(dir) = std::env::var_os("CROSSTIE_RECORDED") else {
        eprintln!("skipped: CROSSTIE_RECORDED names no folder of recorded traffic");
        return;
    };
    let dir = Path::new(&dir);
    let mut recorded = BTreeMap::new();
    for recording in recordings(dir) {
        rows(&recording["response"], &mut recorded);
    }
    assert!(!recorded.is_empty(), "no rows recorded in {}", dir.display());
    let mut notion = NotionStandIn::from_recorded(dir, Config::default()).unwrap();
    let mut compared = 0;
    for (id, page) in &recorded {
        let (status, seen) = ask(&mut notion, Method::Get, &format!("/v1/pages/{id}"), None);
        assert_eq!(status, 200, "{seen}");
        for name in ["created_time", "last_edited_time", "created_by", "last_edited_by", "in_trash", "url"] {
            assert_eq!(by_id_alone(&seen[name]), by_id_alone(&page[name]), "{name} of {id}");
        }
        // By id: a column may have been renamed after the page was recorded.
        let by_id: BTreeMap<&str, &Json> =
            seen["properties"].as_object().unwrap().values().map(|p| (p["id"].as_str().unwrap(), p)).collect();
        for (name, property) in page["properties"].as_object().unwrap() {
            let seen = by_id.get(property["id"].as_str().unwrap());
            // A column that was retyped after the page was recorded shows the newer type.
            if seen.is_some_and(|seen| seen["type"] == property["type"]) {
                assert_eq!(seen.map(|seen| by_id_alone(seen)), Some(by_id_alone(property)), "{name} of {id}");
                compared += 1;
            } else {
                assert!(seen.is_some(), "{name} of {id} is missing");
            }
        }
        let source = page["parent"]["data_source_id"].as_str().unwrap();
        let (status, list) =
            ask(&mut notion, Method::Post, &format!("/v1/data_sources/{source}/query"), Some(&json!({})));
        let listed = list["results"].as_array().unwrap().iter().any(|row| row["id"] == id.as_str());
        assert_eq!((status, listed), (200, page["in_trash"] != true), "{id} in its data source");
        let body = json!({ "parent": { "data_source_id": source }, "properties": {} });
        let (_, home) = ask(&mut notion, Method::Get, &format!("/v1/data_sources/{source}"), None);
        let expected = if home["in_trash"] == true { 400 } else { 200 };
        assert_eq!(ask(&mut notion, Method::Post, "/v1/pages", Some(&body)).0, expected, "a new row beside {id}");
    }
    assert!(compared > 0);
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

#[test]
fn a_data_source_that_is_only_referenced_gets_the_columns_of_its_pages() {
    let page = |time: &str, number: i64| {
        json!({ "method": "GET", "path": "/v1/pages/x", "status": 200, "response": {
            "object": "page", "id": "38c9ce7b-60a4-815d-90b5-c144b3c74468",
            "created_time": "2026-06-27T17:01:00.000Z", "last_edited_time": time, "in_trash": false,
            "parent": { "type": "data_source_id", "data_source_id": "346163d1-db37-4bbd-ac08-a6e8d2f07091",
                "database_id": "918f8fcf-abb7-4522-84cf-9abdbfb258b9" },
            "properties": { "Title": { "id": "title", "type": "title", "title": [] },
                "Price": { "id": "Y%7Dh_", "type": "number", "number": number } },
        } })
        .to_string()
    };
    let dir =
        folder(&[("a.json", &page("2026-06-27T17:09:00.000Z", 9)), ("b.json", &page("2026-06-27T17:05:00.000Z", 5))]);
    let mut notion = NotionStandIn::from_recorded(dir.path(), Config::default()).unwrap();
    let (_, source) = ask(&mut notion, Method::Get, "/v1/data_sources/346163d1-db37-4bbd-ac08-a6e8d2f07091", None);
    assert_eq!(
        (&source["properties"]["Price"]["id"], &source["properties"]["Price"]["type"]),
        (&json!("Y%7Dh_"), &json!("number"))
    );
    let target = "/v1/pages/38c9ce7b60a4815d90b5c144b3c74468";
    assert_eq!(ask(&mut notion, Method::Get, target, None).1["properties"]["Price"]["number"], 9, "the newest version");
    let (_, seen) =
        ask(&mut notion, Method::Patch, target, Some(&json!({ "properties": { "Y%7Dh_": { "number": 10 } } })));
    assert_eq!(seen["properties"]["Price"]["number"], 10);
}

#[test]
fn a_relation_over_25_is_whole_where_the_property_endpoint_was_recorded() {
    let id = |i: usize| format!("38c9ce7b-60a4-815d-90b5-{i:012}");
    let shown: Vec<Json> = (0..25).map(|i| json!({ "id": id(i) })).collect();
    let column = json!({ "id": "QJ%7D%5E", "type": "relation", "relation": shown, "has_more": true });
    let page = json!({ "method": "GET", "path": "/v1/pages/x", "status": 200, "response": {
        "object": "page", "id": id(99), "created_time": "2026-06-27T17:01:00.000Z",
        "last_edited_time": "2026-06-27T17:01:00.000Z", "in_trash": false,
        "parent": { "type": "data_source_id", "data_source_id": "346163d1-db37-4bbd-ac08-a6e8d2f07091",
            "database_id": "918f8fcf-abb7-4522-84cf-9abdbfb258b9" },
        "properties": { "Items": column },
    } })
    .to_string();
    let items: Vec<Json> = (0..30).map(|i| json!({ "object": "property_item", "relation": { "id": id(i) } })).collect();
    let list = json!({ "method": "GET", "path": format!("/v1/pages/{}/properties/QJ%7D%5E?page_size=100", id(99)),
        "status": 200, "response": { "object": "list", "results": items, "property_item": { "type": "relation" } } })
    .to_string();
    let target = format!("/v1/pages/{}/properties/QJ%7D%5E", id(99));
    for (files, known) in [(vec![("a.json", page.as_str())], 25), (vec![("a.json", &page), ("b.json", &list)], 30)] {
        let mut notion = NotionStandIn::from_recorded(folder(&files).path(), Config::default()).unwrap();
        let (_, seen) = ask(&mut notion, Method::Get, &format!("/v1/pages/{}", id(99)), None);
        assert_eq!(seen["properties"]["Items"], column);
        let (_, all) = ask(&mut notion, Method::Get, &target, None);
        assert_eq!(all["results"].as_array().unwrap().len(), known);
    }
}

#[test]
fn a_folder_that_cannot_be_served_says_why() {
    let load = |dir: &Path| NotionStandIn::from_recorded(dir, Config::default()).unwrap_err();
    assert!(matches!(load(Path::new("/nowhere/at/all")), LoadError::Unreadable { .. }));
    assert!(matches!(load(folder(&[("a.json", "{")]).path()), LoadError::NotARecording { .. }));
    assert!(matches!(load(folder(&[("a.json", "{}")]).path()), LoadError::NotARecording { .. }));
    let empty = load(folder(&[]).path());
    assert!(empty.to_string().contains("nothing to serve"), "{empty}");
}
