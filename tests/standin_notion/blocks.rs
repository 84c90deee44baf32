//! What one request may add to a page, and what the answers show.

use crosstie::seam::Method;
use serde_json::{Value as Json, json};

use crate::office::{Office, id, named, office, text};

fn item(content: &str, children: Vec<Json>) -> Json {
    json!({ "type": "bulleted_list_item", "bulleted_list_item": { "rich_text": text(content), "children": children } })
}

fn append(office: &mut Office, to: &str, children: Vec<Json>) -> (u16, Json) {
    office.patch(&format!("/v1/blocks/{to}/children"), &json!({ "children": children }))
}

fn refused(office: &mut Office, to: &str, children: Vec<Json>, part: &str) {
    let (status, body) = append(office, to, children);
    assert_eq!((status, &body["code"]), (400, &json!("validation_error")), "{body}");
    assert!(body["message"].as_str().unwrap().contains(part), "{part}: {}", body["message"]);
    assert_eq!(office.get(&format!("/v1/blocks/{to}/children")).1["results"], json!([]), "nothing of it is kept");
}

#[test]
fn what_is_beyond_a_limit_is_refused_whole() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    let many = |count: usize| (0..count).map(|_| item("x", vec![])).collect::<Vec<_>>();
    refused(&mut office, &page, many(101), "body.children.length should be ≤ `100`, instead was `101`");
    let inside = "body.children[0].bulleted_list_item.children.length should be ≤ `100`";
    refused(&mut office, &page, vec![item("x", many(101))], inside);
    let deep = item("1", vec![item("2", vec![item("3", vec![item("4", vec![])])])]);
    let path =
        "body.children[0].bulleted_list_item.children[0].bulleted_list_item.children[0].bulleted_list_item.children";
    refused(&mut office, &page, vec![deep], &format!("{path} should be not present"));
    let long = item(&"x".repeat(2_001), vec![]);
    let path = "body.children[0].bulleted_list_item.rich_text[0].text.content.length should be ≤ `2000`";
    refused(&mut office, &page, vec![long], path);
    refused(&mut office, &page, (0..11).map(|_| item("x", many(100))).collect(), "1111 blocks");
    let wide = |_| json!({ "type": "quote", "quote": { "rich_text": vec![text(&"x".repeat(2_000))[0].clone(); 30] } });
    refused(&mut office, &page, (0..10).map(wide).collect(), "bytes");
    refused(&mut office, &page, vec![json!({ "type": "quote" })], "body.children[0].quote should be defined");
    let code = json!({ "type": "code", "code": { "rich_text": text("x") } });
    refused(&mut office, &page, vec![code], "language should be defined");
    let heading = json!({ "type": "divider", "divider": { "children": [item("x", vec![])] } });
    refused(&mut office, &page, vec![heading], "children should be not present");
    let three = item("1", vec![item("2", vec![item("3", vec![])])]);
    assert_eq!(append(&mut office, &page, vec![three]).0, 200, "two levels inside the first are taken");
}

#[test]
fn a_block_that_gets_others_inside_says_so_and_what_cannot_hold_any_refuses() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    let divider = json!({ "type": "divider", "divider": {} });
    let (_, made) = append(&mut office, &page, vec![item("x", vec![]), divider]);
    let made: Vec<String> = made["results"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(append(&mut office, &made[0], vec![item("inside", vec![])]).0, 200);
    let (_, all) = office.get(&format!("/v1/blocks/{page}/children"));
    assert_eq!((&all["results"][0]["has_children"], &all["results"][1]["has_children"]), (&json!(true), &json!(false)));
    assert_eq!(append(&mut office, &made[1], vec![item("inside", vec![])]).0, 400);
}

#[test]
fn after_a_block_the_answer_shows_what_stands_behind_it_too() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    let (_, made) = append(&mut office, &page, vec![item("first", vec![]), item("last", vec![])]);
    let place = json!({ "type": "after_block", "after_block": { "id": made["results"][0]["id"] } });
    let body = json!({ "children": [item("between", vec![])], "position": place });
    let (_, made) = office.patch(&format!("/v1/blocks/{page}/children"), &body);
    let shown = made["results"].as_array().unwrap().iter();
    let shown: Vec<&Json> = shown.map(|it| &it["bulleted_list_item"]["rich_text"][0]["plain_text"]).collect();
    assert_eq!(shown, ["between", "last"]);
}

#[test]
fn nothing_is_added_to_a_page_in_the_trash() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    let (_, made) = append(&mut office, &page, vec![item("x", vec![])]);
    let inside = id(&made["results"][0]);
    office.ask(Method::Delete, &format!("/v1/blocks/{page}"), None);
    for to in [page, inside] {
        let (status, body) = append(&mut office, &to, vec![item("y", vec![])]);
        assert_eq!(status, 400);
        assert!(body["message"].as_str().unwrap().contains("is archived"), "{body}");
    }
}

#[test]
fn a_person_writes_at_the_end_of_a_page_and_under_the_own_name() {
    let mut office = office();
    let page = id(&office.create(&named("A")));
    append(&mut office, &page, vec![item("x", vec![])]);
    let (now, ada) = (office.now, office.ada.clone());
    office.notion.person_write(now, &ada, &page, "mine").unwrap();
    let (_, all) = office.get(&format!("/v1/blocks/{page}/children"));
    assert_eq!(all["results"][1]["paragraph"]["rich_text"][0]["plain_text"], "mine");
    assert_eq!(all["results"][1]["created_by"]["id"], json!(ada));
}
