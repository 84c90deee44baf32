//! The back door, and the log that an auditor trusts.

use crosstie::seam::{Method, Request};
use crosstie::standin::StandIn;
use crosstie::standin::log::{Actor, Kind};
use crosstie::standin::notion::Config;
use serde_json::{Value as Json, json};

use crate::office::{Office, id, named, office, office_with};

fn knock(office: &mut Office, method: Method, door: &str, body: &Json) -> (u16, Json) {
    let request = Request::new(method, format!("/_admin/{door}"));
    let request = if body.is_null() { request } else { request.json(body) };
    let response = office.raw(&request);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

#[test]
fn the_log_holds_each_change_of_a_field_once_and_no_other() {
    let mut office = office();
    let page = id(&office.create(&json!({ "Name": named("A")["Name"], "Amount": { "number": 0.5 } })));
    office.pass(30);
    office.write(&page, &json!({ "Amount": { "number": 0.5 }, "Active": { "checkbox": false } }));
    office.notion.person_edit(office.now, "Ada Lovelace", &page, &[("Amount", json!("7"))]).unwrap();
    office.notion.person_trash(office.now, "Ada Lovelace", &page).unwrap();
    office.notion.person_restore(office.now, "Ada Lovelace", &page).unwrap();
    let ada = Actor::Person("Ada Lovelace".into());
    let told: Vec<_> =
        office.notion.log().iter().map(|e| (e.actor.clone(), e.kind, e.field.as_str(), e.after.clone())).collect();
    let expected = [
        (Actor::Api, Kind::Created, "", Json::Null),
        (Actor::Api, Kind::Edited, "Amount", json!("0.5")),
        (Actor::Api, Kind::Edited, "Name", json!("A")),
        (Actor::Api, Kind::Edited, "Progress", json!("Not started")),
        (ada.clone(), Kind::Edited, "Amount", json!("7")),
        (ada.clone(), Kind::Deleted, "", Json::Null),
        (ada, Kind::Restored, "", Json::Null),
    ];
    assert_eq!(told, expected);
    let last = &office.notion.log()[6];
    assert_eq!((last.seq, &last.entity, &last.object, last.at), (6, &office.deals, &page, office.now));
    assert_eq!(office.notion.log()[4].before, json!("0.5"));
}

#[test]
fn people_act_through_the_back_door_without_token_or_limit() {
    let mut office = office_with(Config { budget: 0, ..Config::default() });
    let deals = office.deals.clone();
    let set = json!({ "Name": "From the app", "Owner": ["Ada Lovelace"], "Stage": { "select": { "name": "Hot" } } });
    let (status, made) =
        knock(&mut office, Method::Post, "create", &json!({ "data_source": deals, "set": set, "as": "Ada Lovelace" }));
    assert_eq!(status, 200, "{made}");
    let page = made["page"].as_str().unwrap().to_owned();
    assert_eq!(office.notion.plain(&page, "Stage"), Some(json!("Hot")));
    assert_eq!(office.notion.plain(&page, "Owner"), Some(json!([office.ada])));
    let edit = json!({ "page": page, "set": { "Due": "2026-07-01", "Tags": ["b", "a"] }, "as": "Ada Lovelace" });
    assert_eq!(knock(&mut office, Method::Post, "edit", &edit).0, 200);
    assert_eq!(office.notion.plain(&page, "Tags"), Some(json!(["a", "b"])));
    let (_, copy) = knock(&mut office, Method::Post, "duplicate", &json!({ "page": page, "as": "Ada Lovelace" }));
    let copy = copy["page"].as_str().unwrap().to_owned();
    for name in ["Name", "Due", "Tags", "Owner", "Stage"] {
        assert_eq!(office.notion.plain(&copy, name), office.notion.plain(&page, name), "{name}");
    }
    assert_ne!(office.notion.plain(&copy, "Number"), office.notion.plain(&page, "Number"));
    assert_eq!(knock(&mut office, Method::Post, "trash", &json!({ "page": copy, "as": "Ada Lovelace" })).0, 200);
    assert_eq!(office.notion.in_trash(&copy), Some(true));
    let (status, _) =
        knock(&mut office, Method::Post, "edit", &json!({ "page": copy, "set": {}, "as": "Ada Lovelace" }));
    assert_eq!(status, 400, "it is in the trash");
    assert_eq!(knock(&mut office, Method::Post, "restore", &json!({ "page": copy, "as": "Ada Lovelace" })).0, 200);
    let (status, refused) = knock(&mut office, Method::Post, "edit", &json!({ "page": page, "set": {}, "as": "Bob" }));
    assert_eq!((status, refused["error"].as_str()), (400, Some("Nobody here is called Bob. There are: Ada Lovelace.")));
    assert_eq!(office.notion.counters().requests, 0);
}

#[test]
fn the_world_and_the_log_can_be_read_whole() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    office.write(&page, &json!({ "Amount": { "number": 2 } }));
    let (_, world) = knock(&mut office, Method::Get, "world", &Json::Null);
    assert_eq!(world["pages"][0]["values"]["Amount"], "2");
    assert_eq!((&world["counters"]["pages_created"], &world["counters"]["pages_patched"]), (&json!(1), &json!(1)));
    assert_eq!(world["data_sources"][0]["schema"]["Amount"]["type"], "number");
    assert_eq!(world["users"].as_array().unwrap().len(), 2);
    assert!(!world.to_string().contains(office.notion.token()));
    let (_, log) = knock(&mut office, Method::Get, "log?from=3", &Json::Null);
    assert_eq!((log["entries"].as_array().unwrap().len(), &log["next"]), (1, &json!(4)));
    assert_eq!((&log["entries"][0]["field"], &log["entries"][0]["actor"]), (&json!("Amount"), &json!("api")));
    assert_eq!(knock(&mut office, Method::Get, "cellar", &Json::Null).0, 404);
}

#[test]
fn computed_values_change_without_a_timestamp() {
    let mut office = office();
    let page = office.create(&named("A"));
    office.pass(600);
    let value = json!({ "type": "number", "number": 3 });
    office.notion.set_computed(&id(&page), "Score", value.clone()).unwrap();
    let (_, seen) = office.get(&format!("/v1/pages/{}", id(&page)));
    assert_eq!(
        (&seen["properties"]["Score"]["formula"], &seen["last_edited_time"]),
        (&value, &page["last_edited_time"])
    );
    let filter = json!({ "property": "Score", "formula": { "number": { "equals": 3 } } });
    assert_eq!(office.titles(&json!({ "filter": filter })), ["A"]);
}

#[test]
fn troubles_are_ordered_through_the_back_door() {
    let mut office = office();
    for i in 0..5 {
        office.create(&json!({ "Amount": { "number": i } }));
    }
    let order = json!({ "code": "rate_limited", "times": 2, "retry_after": 3 });
    assert_eq!(knock(&mut office, Method::Post, "refuse", &order).0, 200);
    assert_eq!(
        (office.get("/v1/users/me").0, office.get("/v1/users/me").0, office.get("/v1/users/me").0),
        (429, 429, 200)
    );
    assert_eq!(knock(&mut office, Method::Post, "refuse", &json!({ "code": "tired" })).0, 400);
    assert_eq!(knock(&mut office, Method::Post, "refuse", &json!({ "code": "rate_limited", "times": "2" })).0, 400);
    assert_eq!(knock(&mut office, Method::Post, "lose_answers", &json!({})).0, 200);
    let page = office.post("/v1/pages", &json!({ "parent": { "data_source_id": office.deals } }));
    assert_eq!(page.0, 503);
    assert_eq!(knock(&mut office, Method::Post, "result_cap", &json!({ "rows": 4 })).0, 200);
    let (_, list) = office.query(&json!({}));
    assert_eq!((list["results"].as_array().unwrap().len(), &list["has_more"]), (4, &json!(false)));
    assert_eq!(list["request_status"]["type"], "incomplete");
    assert_eq!(knock(&mut office, Method::Post, "short_pages", &json!({ "on": true })).0, 200);
    let sizes: Vec<usize> =
        (0..40).map(|_| office.query(&json!({ "page_size": 3 })).1["results"].as_array().unwrap().len()).collect();
    assert!(sizes.iter().any(|size| *size < 3), "{sizes:?}");
}
