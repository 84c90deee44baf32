//! What is refused, and in which words.

use serde_json::{Value as Json, json};

use crate::office::{id, named, office, text};

/// A write that must be refused; returns the message, having checked that the page did not change.
fn refused(properties: &Json) -> String {
    let mut office = office();
    let page = office.create(&named("A"));
    office.pass(3600);
    let (status, body) = office.write(&id(&page), properties);
    assert_eq!((status, body["code"].as_str()), (400, Some("validation_error")), "{properties}: {body}");
    let (_, after) = office.get(&format!("/v1/pages/{}", id(&page)));
    assert_eq!(after["properties"], page["properties"]);
    assert_eq!(after["last_edited_time"], page["last_edited_time"]);
    body["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_text_over_2000_utf16_units_is_refused_in_the_recorded_words() {
    let message = refused(&json!({ "Notes": { "rich_text": text(&"x".repeat(2088)) } }));
    assert_eq!(
        message,
        "body failed validation: body.properties.Notes.rich_text[0].text.content.length should be ≤ `2000`, instead \
         was `2088`."
    );
    // One emoji of this kind is two units.
    assert!(refused(&json!({ "Notes": { "rich_text": text(&"🔥".repeat(1001)) } })).contains("`2002`"));
    let mut office = office();
    let page = office.create(&json!({ "Notes": { "rich_text": text(&"🔥".repeat(1000)) } }));
    assert_eq!(page["properties"]["Notes"]["rich_text"][0]["plain_text"].as_str().unwrap().chars().count(), 1000);
}

#[test]
fn an_array_over_100_is_refused() {
    let runs: Vec<Json> = (0..101).map(|_| json!({ "text": { "content": "x" } })).collect();
    assert!(refused(&json!({ "Notes": { "rich_text": runs } })).contains("rich_text.length should be ≤ `100`"));
    let tags: Vec<Json> = (0..101).map(|i| json!({ "name": format!("t{i}") })).collect();
    assert!(refused(&json!({ "Tags": { "multi_select": tags } })).contains("≤ `100`, instead was `101`"));
}

#[test]
fn empty_and_overlong_contact_texts_are_refused() {
    for (name, kind, limit) in [("Site", "url", 2000), ("Mail", "email", 200), ("Phone", "phone_number", 200)] {
        let empty = refused(&json!({ name: { kind: "" } }));
        assert!(empty.contains(&format!("body.properties.{name}.{kind}.length")), "{empty}");
        let long = refused(&json!({ name: { kind: "x".repeat(limit + 1) } }));
        assert!(long.contains(&format!("≤ `{limit}`")), "{long}");
    }
}

#[test]
fn computed_properties_cannot_be_written() {
    let computed = [
        ("Score", json!({ "formula": { "type": "number", "number": 1 } })),
        ("Sum", json!({ "rollup": {} })),
        ("Made", json!({ "created_time": "2026-01-01T00:00:00.000Z" })),
        ("Changed", json!({ "last_edited_time": "2026-01-01T00:00:00.000Z" })),
        ("Maker", json!({ "created_by": {} })),
        ("Changer", json!({ "last_edited_by": {} })),
        ("Number", json!({ "unique_id": { "number": 5 } })),
    ];
    for (name, value) in computed {
        assert!(refused(&json!({ name: value })).contains("cannot be updated"), "{name}");
    }
}

#[test]
fn an_unknown_property_or_a_wrong_kind_refuses_the_whole_write() {
    let both = json!({ "Amount": { "number": 5 }, "Nope": { "number": 5 } });
    assert_eq!(refused(&both), "Nope is not a property that exists.");
    assert_eq!(refused(&json!({ "Amount": { "rich_text": [] } })), "Amount is expected to be number.");
    assert!(refused(&json!({ "Amount": { "number": "5" } })).contains("should be a number"));
    assert!(refused(&json!({ "Due": { "date": { "start": "soon" } } })).contains("ISO 8601"));
}

#[test]
fn an_unknown_status_and_a_comma_in_an_option_are_refused() {
    assert!(refused(&json!({ "Progress": { "status": { "name": "Blocked" } } })).contains("does not exist"));
    assert!(refused(&json!({ "Stage": { "select": { "name": "a, b" } } })).contains("commas not allowed"));
}

#[test]
fn what_does_not_exist_and_what_is_not_shared_answer_alike() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    let (status, body) = office.get("/v1/pages/00000000-0000-0000-0000-000000000000");
    assert_eq!((status, body["code"].as_str()), (404, Some("object_not_found")));
    assert_eq!(body["additional_data"]["integration_id"], office.notion.bot());
    let source = office.deals.clone();
    office.notion.unshare(&source);
    for target in [format!("/v1/pages/{page}"), format!("/v1/data_sources/{source}")] {
        let (status, body) = office.get(&target);
        assert_eq!((status, body["code"].as_str()), (404, Some("object_not_found")), "{target}");
    }
    assert_eq!(office.query(&json!({})).0, 404);
    office.notion.share(&source);
    assert_eq!(office.get(&format!("/v1/pages/{page}")).0, 200);
}

#[test]
fn an_id_that_is_no_uuid_is_refused_in_the_recorded_words() {
    let (status, body) = office().get("/v1/pages/12345678-1234-1234-1234-123456789abc");
    assert_eq!(status, 400);
    assert_eq!(
        body["message"],
        "path failed validation: path.page_id should be a valid uuid, instead was \
         `\"12345678-1234-1234-1234-123456789abc\"`."
    );
}

#[test]
fn broken_json_and_unknown_query_keys_are_refused() {
    let mut office = office();
    let request = crosstie::seam::Request {
        body: bytes::Bytes::from_static(b"{nope"),
        ..crosstie::seam::Request::new(crosstie::seam::Method::Post, "/v1/search")
            .header("authorization", format!("Bearer {}", office.notion.token()))
            .header("notion-version", "2026-03-11")
    };
    let body: Json = serde_json::from_slice(&office.raw(&request).body).unwrap();
    assert_eq!(body["code"], "invalid_json");
    let (status, body) = office.query(&json!({ "limit": 5 }));
    assert_eq!(status, 400);
    assert!(body["message"].as_str().unwrap().contains("body.limit should be not present"));
}
