//! Databases, data sources and their columns.

use crosstie::standin::StandIn;
use serde_json::{Value as Json, json};

use crate::office::{Office, id, named, office, text};

fn reshape(office: &mut Office, properties: &Json) -> (u16, Json) {
    let target = format!("/v1/data_sources/{}", office.deals);
    office.patch(&target, &json!({ "properties": properties }))
}

#[test]
fn a_column_keeps_its_id_when_renamed_and_gets_a_new_one_when_made_again() {
    let mut office = office();
    let (_, source) =
        reshape(&mut office, &json!({ "Salary": { "type": "number", "number": { "format": "number" } } }));
    let first = source["properties"]["Salary"]["id"].as_str().unwrap().to_owned();
    let page = office.create(&json!({ "Salary": { "number": 3 } }));
    let (_, source) = reshape(&mut office, &json!({ &first: { "name": "Pay" } }));
    assert_eq!(source["properties"]["Pay"]["id"], first);
    let (_, seen) = office.get(&format!("/v1/pages/{}", id(&page)));
    assert_eq!(seen["properties"]["Pay"]["number"], 3);
    reshape(&mut office, &json!({ "Pay": null }));
    let (_, source) = reshape(&mut office, &json!({ "Pay": { "number": {} } }));
    assert_ne!(source["properties"]["Pay"]["id"], first);
    assert_eq!(office.notion.plain(&id(&page), "Pay"), Some(Json::Null));
}

#[test]
fn options_are_replaced_whole_and_rows_follow_without_a_new_timestamp() {
    let mut office = office();
    let won = office.create(&json!({ "Stage": { "select": { "name": "Won" } } }));
    let new = office.create(&json!({ "Stage": { "select": { "name": "New" } } }));
    let won_id = won["properties"]["Stage"]["select"]["id"].clone();
    office.pass(600);
    let (_, source) = reshape(
        &mut office,
        &json!({ "Stage": { "select": { "options": [{ "id": won_id, "name": "Closed" }, { "name": "Open" }] } } }),
    );
    let names: Vec<&str> = source["properties"]["Stage"]["select"]["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Closed", "Open"]);
    let (_, seen) = office.get(&format!("/v1/pages/{}", id(&won)));
    assert_eq!(
        (seen["properties"]["Stage"]["select"]["name"].as_str(), &seen["last_edited_time"]),
        (Some("Closed"), &won["last_edited_time"])
    );
    assert_eq!(office.notion.plain(&id(&new), "Stage"), Some(Json::Null), "its option was left out");
    let logged: Vec<(&Json, &Json)> =
        office.notion.log().iter().rev().take(2).map(|entry| (&entry.before, &entry.after)).collect();
    assert!(logged.contains(&(&json!("Won"), &json!("Closed"))) && logged.contains(&(&json!("New"), &Json::Null)));
}

#[test]
fn a_refused_change_of_columns_changes_nothing() {
    let mut office = office();
    let target = format!("/v1/data_sources/{}", office.deals);
    let before = office.get(&target).1["properties"].clone();
    let bad = [
        json!({ "Fine": { "number": {} }, "Name": null }),
        json!({ "Fine": { "number": {} }, "Stage": { "select": { "options": [{ "name": "a" }, { "name": "A" }] } } }),
        json!({ "Fine": { "number": {} }, "Second": { "title": {} } }),
        json!({ "Fine": { "number": {} }, "Notes": { "name": "Amount" } }),
    ];
    for change in bad {
        assert_eq!(reshape(&mut office, &change).0, 400, "{change}");
        assert_eq!(office.get(&target).1["properties"], before, "{change}");
    }
}

#[test]
fn a_retyped_column_reads_its_old_text_again() {
    let mut office = office();
    let page = id(&office.create(&json!({ "Notes": { "rich_text": text("42") } })));
    reshape(&mut office, &json!({ "Notes": { "type": "number", "number": {} } }));
    assert_eq!(office.notion.plain(&page, "Notes"), Some(json!("42")));
    assert_eq!(office.get(&format!("/v1/pages/{page}")).1["properties"]["Notes"]["number"], 42);
}

#[test]
fn a_database_is_a_container_and_has_no_properties() {
    let mut office = office();
    let body = json!({
        "parent": { "type": "workspace", "workspace": true }, "title": text("Items"),
        "initial_data_source": { "properties": { "Title": { "title": {} }, "Price": { "number": {} } } },
    });
    let (status, made) = office.post("/v1/databases", &body);
    assert_eq!((status, made["data_sources"][0]["name"].as_str()), (200, Some("Items")));
    assert!(made.get("properties").is_none());
    assert_eq!(made["created_time"], "2026-06-27T17:56:40.250+00:00");
    let database = id(&made);
    let second = json!({ "parent": { "type": "database_id", "database_id": database }, "properties": {}, "title": text("People") });
    let (_, source) = office.post("/v1/data_sources", &second);
    assert_eq!(source["properties"]["Name"]["type"], "title");
    assert_eq!(source["created_time"], "2026-06-27T17:56:00.000Z");
    let (_, seen) = office.get(&format!("/v1/databases/{database}"));
    assert_eq!(seen["data_sources"].as_array().unwrap().len(), 2);
    let page = json!({ "parent": { "database_id": database }, "properties": {} });
    assert_eq!(office.post("/v1/pages", &page).0, 400, "which of its two data sources?");
}

#[test]
fn a_page_can_be_moved_to_another_data_source() {
    let mut office = office();
    let archive = office
        .notion
        .add_data_source("Archive", &json!({ "Title": { "title": {} }, "Amount": { "number": {} } }))
        .unwrap();
    let page = office.create(&json!({ "Name": named("Old")["Name"], "Amount": { "number": 4 } }));
    let body = json!({ "parent": { "data_source_id": archive } });
    let (status, moved) = office.post(&format!("/v1/pages/{}/move", id(&page)), &body);
    assert_eq!((status, moved["parent"]["data_source_id"].as_str()), (200, Some(archive.as_str())));
    assert_eq!(moved["properties"]["Amount"]["number"], 4);
    assert_eq!(office.notion.plain(&id(&page), "Title"), Some(json!("Old")));
    assert!(office.titles(&json!({})).is_empty());
}

#[test]
fn a_database_that_is_refused_leaves_nothing_behind() {
    let mut office = office();
    let before = office.notion.data_sources();
    let body = json!({
        "parent": { "type": "workspace", "workspace": true }, "title": text("Items"),
        "initial_data_source": { "properties": { "Other": { "relation": { "data_source_id": "nowhere" } } } },
    });
    assert_eq!(office.post("/v1/databases", &body).0, 400);
    assert_eq!(office.notion.data_sources(), before);
}

#[test]
fn new_status_options_go_to_their_group_and_a_removed_one_falls_back_to_the_default() {
    let mut office = office();
    let page = id(&office.create(&json!({ "Progress": { "status": { "name": "Done" } } })));
    let options = json!([{ "name": "Not started" }, { "name": "Shipped", "group": "Complete" }]);
    let (_, source) = reshape(&mut office, &json!({ "Progress": { "status": { "options": options } } }));
    let status = &source["properties"]["Progress"]["status"];
    assert_eq!(status["groups"][2]["option_ids"], json!([status["options"][1]["id"]]));
    assert_eq!(office.notion.plain(&page, "Progress"), Some(json!("Not started")));
    assert_eq!(office.write(&page, &json!({ "Progress": { "status": { "name": "Shipped" } } })).0, 200);
}

#[test]
fn a_database_is_renamed_described_and_trashed_without_touching_its_columns() {
    let mut office = office();
    let (_, source) = office.get(&format!("/v1/data_sources/{}", office.deals));
    let target = format!("/v1/databases/{}", source["parent"]["database_id"].as_str().unwrap());
    office.pass(60);
    let rich = |text: &str| json!([{ "text": { "content": text } }]);
    let (status, shown) = office.patch(&target, &json!({ "title": rich("Sales"), "description": rich("All of them") }));
    assert_eq!((status, &shown["title"][0]["plain_text"]), (200, &json!("Sales")), "{shown}");
    assert_eq!(shown["description"][0]["plain_text"], "All of them");
    let (_, shown) = office.patch(&target, &json!({ "in_trash": true }));
    assert_eq!((&shown["in_trash"], &shown["title"][0]["plain_text"]), (&json!(true), &json!("Sales")));
    assert_eq!(office.get(&format!("/v1/data_sources/{}", office.deals)).1["properties"], source["properties"]);
    assert_eq!(office.patch(&target, &json!({ "properties": {} })).0, 400, "columns are the data source's");
}

#[test]
fn the_list_of_templates_has_its_own_form_and_names_no_request() {
    let mut office = office();
    let (status, list) = office.get(&format!("/v1/data_sources/{}/templates?page_size=10", office.deals));
    assert_eq!((status, list), (200, json!({ "templates": [], "has_more": false, "next_cursor": null })));
    let (status, error) = office.get("/v1/data_sources/0b5b0d1c-8f4e-4a8e-9f52-2d3f0c5f7a11/templates");
    assert_eq!((status, error["code"].as_str()), (404, Some("object_not_found")));
}
