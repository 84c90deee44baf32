//! Values as they are written and read back.

use serde_json::{Value as Json, json};

use crate::office::{id, named, office, text, title};

#[test]
fn every_writable_kind_comes_back_in_the_recorded_form() {
    let mut office = office();
    let ada = office.ada.clone();
    let page = office.create(&json!({
        "Name": { "title": text("Ada") },
        "Notes": { "rich_text": [
            { "text": { "content": "bold", "link": { "url": "https://example.com" } }, "annotations": { "bold": true } },
        ] },
        "Amount": { "number": 17 },
        "Stage": { "select": { "name": "Won" } },
        "Tags": { "multi_select": [{ "name": "b" }, { "name": "a" }] },
        "Due": { "date": { "start": "2026-07-25" } },
        "Owner": { "people": [{ "id": ada }] },
        "Papers": { "files": [{ "name": "image", "external": { "url": "https://some-site.com/image.png" } }] },
        "Active": { "checkbox": true },
        "Site": { "url": "https://example.com" },
        "Mail": { "email": "a@example.com" },
        "Phone": { "phone_number": "+49 30 1" },
    }));
    let p = &page["properties"];
    let run = json!({
        "type": "text", "text": { "content": "bold", "link": { "url": "https://example.com" } },
        "annotations": { "bold": true, "italic": false, "strikethrough": false, "underline": false, "code": false,
            "color": "default" },
        "plain_text": "bold", "href": "https://example.com",
    });
    assert_eq!(p["Notes"]["rich_text"], json!([run]));
    assert_eq!(p["Amount"]["number"].to_string(), "17");
    assert_eq!((&p["Stage"]["select"]["name"], &p["Stage"]["select"]["color"]), (&json!("Won"), &json!("green")));
    let tags: Vec<&str> =
        p["Tags"]["multi_select"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(tags, ["b", "a"], "in the order written");
    assert_eq!(p["Due"]["date"], json!({ "start": "2026-07-25", "end": null, "time_zone": null }));
    assert_eq!(p["Owner"]["people"][0]["person"]["email"], "ada@example.com");
    let file = json!({ "name": "image", "type": "external", "external": { "url": "https://some-site.com/image.png" } });
    assert_eq!(p["Papers"]["files"], json!([file]));
    assert_eq!(p["Active"]["checkbox"], true);
    assert_eq!((&p["Site"]["url"], &p["Mail"]["email"]), (&json!("https://example.com"), &json!("a@example.com")));
    assert_eq!(p["Phone"]["phone_number"], "+49 30 1");
    assert_eq!(p["Progress"]["status"]["name"], "Not started", "a status that nobody chose is the default");
    assert_eq!(p["Number"]["unique_id"], json!({ "prefix": "D", "number": 1 }));
    assert_eq!(p["Made"]["created_time"], "2026-06-27T17:56:00.000Z");
    assert_eq!(p["Name"]["id"], "title");
    assert_eq!(page["parent"]["data_source_id"], office.deals);
}

#[test]
fn empty_values_clear() {
    let mut office = office();
    let page = office.create(&json!({ "Amount": { "number": 5 }, "Stage": { "select": { "name": "Won" } },
        "Site": { "url": "https://example.com" }, "Due": { "date": { "start": "2026-07-25" } },
        "Name": { "title": text("x") } }));
    let (_, page) = office.write(
        &id(&page),
        &json!({ "Amount": { "number": null }, "Stage": { "select": null }, "Site": { "url": null },
            "Due": { "date": null }, "Name": { "title": [] } }),
    );
    for (name, kind) in [("Amount", "number"), ("Stage", "select"), ("Site", "url"), ("Due", "date")] {
        assert_eq!(page["properties"][name][kind], Json::Null, "{name}");
    }
    assert_eq!(page["properties"]["Name"]["title"], json!([]));
}

#[test]
fn date_times_lose_their_seconds_and_their_zone_becomes_an_offset() {
    let mut office = office();
    let page = office.create(&json!({
        "Due": { "date": { "start": "2026-07-25T16:57:28.513237Z", "time_zone": "UTC" } },
    }));
    let kept = json!({ "start": "2026-07-25T16:57:00.000+00:00", "end": null, "time_zone": null });
    assert_eq!(page["properties"]["Due"]["date"], kept);
    let sent = json!({ "start": "2026-06-27T17:57:32", "end": "2026-12-27T17:57:32", "time_zone": "Europe/London" });
    let (_, page) = office.write(&id(&page), &json!({ "Due": { "date": sent } }));
    assert_eq!(page["properties"]["Due"]["date"]["start"], "2026-06-27T17:57:00.000+01:00");
    assert_eq!(page["properties"]["Due"]["date"]["end"], "2026-12-27T17:57:00.000+00:00");
}

#[test]
fn a_number_is_a_double() {
    let mut office = office();
    let page = office.create(&json!({ "Amount": { "number": 9_007_199_254_740_993_u64 } }));
    assert_eq!(page["properties"]["Amount"]["number"], json!(9_007_199_254_740_992_u64));
    let (_, page) = office.write(&id(&page), &json!({ "Amount": { "number": 0.1 } }));
    assert_eq!(page["properties"]["Amount"]["number"].to_string(), "0.1");
    let (_, page) = office.write(&id(&page), &json!({ "Amount": { "number": 17.0 } }));
    assert_eq!(page["properties"]["Amount"]["number"].to_string(), "17");
}

#[test]
fn an_unknown_option_is_made_and_stays_in_the_schema() {
    let mut office = office();
    let page = office.create(&json!({ "Stage": { "select": { "name": "Lost", "color": "red" } } }));
    let (_, source) = office.get(&format!("/v1/data_sources/{}", office.deals.clone()));
    let options = source["properties"]["Stage"]["select"]["options"].as_array().unwrap().clone();
    let names: Vec<&str> = options.iter().map(|o| o["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["New", "Won", "Lost"]);
    assert_eq!(page["properties"]["Stage"]["select"]["id"], options[2]["id"]);
    let (_, page) = office.write(&id(&page), &json!({ "Stage": { "select": { "id": options[0]["id"] } } }));
    assert_eq!(page["properties"]["Stage"]["select"]["name"], "New");
}

#[test]
fn properties_can_be_written_by_id_and_others_keep_their_value() {
    let mut office = office();
    let page = office.create(&json!({ "Amount": { "number": 5 }, "Site": { "url": "https://example.com" } }));
    let amount = page["properties"]["Amount"]["id"].as_str().unwrap().to_owned();
    let (_, page) = office.write(&id(&page), &json!({ amount: { "number": 6 } }));
    assert_eq!(page["properties"]["Amount"]["number"], 6);
    assert_eq!(page["properties"]["Site"]["url"], "https://example.com");
}

#[test]
fn a_second_write_in_the_same_minute_keeps_its_timestamp() {
    let mut office = office();
    let page = office.create(&named("A"));
    assert_eq!(page["last_edited_time"], "2026-06-27T17:56:00.000Z");
    office.pass(15);
    let (_, page) = office.write(&id(&page), &named("B"));
    assert_eq!(page["last_edited_time"], "2026-06-27T17:56:00.000Z");
    office.pass(5);
    let (_, page) = office.write(&id(&page), &named("B"));
    assert_eq!(page["last_edited_time"], "2026-06-27T17:57:00.000Z", "a write that changes nothing moves it too");
    assert_eq!(page["created_time"], "2026-06-27T17:56:00.000Z");
}

#[test]
fn the_api_edits_as_the_bot_and_people_as_themselves() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    office.notion.person_edit(office.now, "ada@example.com", &page, &[("Amount", json!("12.5"))]).unwrap();
    let target = format!("/v1/pages/{page}");
    let (_, seen) = office.get(&target);
    assert_eq!(seen["last_edited_by"]["id"], office.ada);
    assert_eq!(
        (seen["created_by"]["id"].as_str(), &seen["properties"]["Amount"]["number"]),
        (Some(office.notion.bot()), &json!(12.5))
    );
    let (_, seen) = office.write(&page, &named("B"));
    assert_eq!((seen["last_edited_by"]["id"].as_str(), title(&seen)), (Some(office.notion.bot()), "B".to_owned()));
}

#[test]
fn trashed_pages_can_be_read_but_not_edited_until_restored() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    let target = format!("/v1/pages/{page}");
    let (status, block) = office.ask(crosstie::seam::Method::Delete, &format!("/v1/blocks/{page}"), None);
    assert_eq!((status, block["type"].as_str(), &block["in_trash"]), (200, Some("child_page"), &json!(true)));
    assert_eq!(office.get(&target).1["in_trash"], true);
    assert_eq!(office.write(&page, &named("B")).0, 400);
    let (_, seen) = office.patch(&target, &json!({ "in_trash": false, "properties": named("C") }));
    assert_eq!((&seen["in_trash"], title(&seen)), (&json!(false), "C".to_owned()));
}

#[test]
fn filter_properties_shrinks_a_page_to_what_was_asked() {
    let mut office = office();
    let page = office.create(&named("A"));
    let amount = page["properties"]["Amount"]["id"].as_str().unwrap().to_owned();
    let target = format!("/v1/pages/{}?filter_properties=title&filter_properties[]={amount}", id(&page));
    let (_, seen) = office.get(&target);
    let names: Vec<&String> = seen["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["Amount", "Name"]);
}

#[test]
fn a_page_takes_blocks_and_gives_them_back() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    let target = format!("/v1/blocks/{page}/children");
    let one = |text_: &str| json!({ "type": "paragraph", "paragraph": { "rich_text": text(text_) } });
    let (_, made) = office.patch(&target, &json!({ "children": [one("first"), one("last")] }));
    let first = made["results"][0]["id"].clone();
    let between =
        json!({ "children": [one("between")], "position": { "type": "after_block", "after_block": { "id": first } } });
    assert_eq!(office.patch(&target, &between).0, 200);
    let (_, all) = office.get(&target);
    let texts: Vec<&Json> =
        all["results"].as_array().unwrap().iter().map(|b| &b["paragraph"]["rich_text"][0]["plain_text"]).collect();
    assert_eq!(texts, ["first", "between", "last"]);
}

#[test]
fn a_block_is_said_anew_and_keeps_its_type_and_what_was_not_sent() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    let todo = json!({ "to_do": { "rich_text": [{ "text": { "content": "call" } }], "checked": false } });
    let (_, made) = office.patch(&format!("/v1/blocks/{page}/children"), &json!({ "children": [todo] }));
    let target = format!("/v1/blocks/{}", made["results"][0]["id"].as_str().unwrap());
    office.pass(60);
    let (status, ticked) = office.patch(&target, &json!({ "to_do": { "checked": true } }));
    assert_eq!(
        (status, &ticked["to_do"]["checked"], &ticked["to_do"]["rich_text"][0]["plain_text"]),
        (200, &json!(true), &json!("call")),
        "{ticked}"
    );
    assert_ne!(ticked["last_edited_time"], made["results"][0]["last_edited_time"]);
    let said = json!({ "to_do": { "rich_text": [{ "text": { "content": "write" } }] } });
    office.patch(&target, &said);
    assert_eq!(office.get(&target).1["to_do"]["rich_text"][0]["plain_text"], "write");
    assert_eq!(office.patch(&target, &json!({ "paragraph": { "rich_text": [] } })).0, 400, "the type stays");
    assert_eq!(office.patch(&target, &json!({ "in_trash": true })).1["in_trash"], true);
    let (_, left) = office.get(&format!("/v1/blocks/{page}/children"));
    assert_eq!(left["results"], json!([]));
}
