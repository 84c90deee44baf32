//! Pages that people move between data sources, and what is not shared.

use crosstie::standin::StandIn;
use crosstie::standin::log::{Actor, Entry, Kind};
use serde_json::{Value as Json, json};

use crate::office::{Office, id, named, office};

const ADA: &str = "Ada Lovelace";

fn archive(office: &mut Office) -> String {
    let columns = json!({
        "Title": { "title": {} }, "Amount": { "number": {} },
        "Stage": { "select": { "options": [{ "name": "Won" }] } },
    });
    office.notion.add_data_source("Archive", &columns).unwrap()
}

fn told(office: &Office, data_source: &str, page: &str) -> Vec<(Kind, String, Json)> {
    let of = |entry: &&Entry| entry.entity == data_source && entry.object == page;
    office.notion.log().iter().filter(of).map(|e| (e.kind, e.field.clone(), e.after.clone())).collect()
}

#[test]
fn a_moved_page_has_another_parent_and_leaves_the_queries_and_comes_back_with_what_it_had() {
    let mut office = office();
    let (deals, archive) = (office.deals.clone(), archive(&mut office));
    let set = json!({
        "Name": named("Old")["Name"], "Amount": { "number": 4 }, "Stage": { "select": { "name": "Won" } },
        "Tags": { "multi_select": [{ "name": "x" }] },
    });
    let page = id(&office.create(&set));
    let before = told(&office, &deals, &page);
    office.pass(120);
    office.notion.person_move(office.now, ADA, &page, &archive).unwrap();
    let (_, seen) = office.get(&format!("/v1/pages/{page}"));
    assert_eq!(seen["parent"]["data_source_id"], archive);
    assert_eq!(seen["last_edited_time"], "2026-06-27T17:58:00.000Z");
    assert!(office.titles(&json!({})).is_empty());
    assert_eq!(office.notion.plain(&page, "Title"), Some(json!("Old")));
    assert_eq!(office.notion.plain(&page, "Stage"), Some(json!("Won")), "an option of the same name");
    assert_eq!(office.notion.plain(&page, "Tags"), None);
    assert_eq!(told(&office, &deals, &page), before, "leaving edits nothing");
    let arrived = told(&office, &archive, &page);
    assert_eq!(arrived[0], (Kind::Created, String::new(), Json::Null));
    assert!(arrived.contains(&(Kind::Edited, "Amount".into(), json!("4"))));

    office.notion.person_edit(office.now, ADA, &page, &[("Amount", json!("5"))]).unwrap();
    office.notion.person_move(office.now, ADA, &page, &deals).unwrap();
    assert_eq!(office.titles(&json!({})), ["Old"]);
    assert_eq!(office.notion.plain(&page, "Tags"), Some(json!(["x"])), "it waited");
    let since = &told(&office, &deals, &page)[before.len()..];
    assert_eq!(since, [(Kind::Edited, "Amount".to_owned(), json!("5"))], "only what was edited meanwhile");

    let moves = office.notion.moves();
    assert_eq!((moves.len(), &moves[0].page, &moves[0].by), (2, &page, &Actor::Person(ADA.into())));
    assert_eq!((&moves[0].from, &moves[0].to), (&Some(deals.clone()), &Some(archive.clone())));
    assert_eq!((&moves[1].from, &moves[1].to), (&Some(archive), &Some(deals)));
}

#[test]
fn a_relation_leaves_with_its_page_and_comes_back_with_it() {
    let mut office = office();
    let (deals, archive) = (office.deals.clone(), archive(&mut office));
    let columns = json!({
        "Name": { "title": {} },
        "Deals": { "relation": { "data_source_id": deals, "dual_property": { "synced_property_name": "Contacts" } } },
    });
    let people = office.notion.add_data_source("Contacts", &columns).unwrap();
    let deal = id(&office.create(&named("D")));
    let contact = office.notion.person_create(office.now, ADA, &people, &[("Deals", json!([deal]))]).unwrap();
    office.notion.person_move(office.now, ADA, &deal, &archive).unwrap();
    assert_eq!(office.notion.plain(&contact, "Deals"), Some(Json::Null));
    office.notion.person_move(office.now, ADA, &deal, &deals).unwrap();
    assert_eq!(office.notion.plain(&contact, "Deals"), Some(json!([deal])));
    assert_eq!(office.notion.plain(&deal, "Contacts"), Some(json!([contact])));
    let far: Vec<Json> =
        told(&office, &people, &contact).into_iter().filter(|(_, f, _)| f == "Deals").map(|e| e.2).collect();
    assert_eq!(far, [json!([deal]), Json::Null, json!([deal])]);
}

#[test]
fn a_page_taken_away_is_missing_by_id_in_queries_and_in_relations() {
    let mut office = office();
    let deals = office.deals.clone();
    let columns = json!({ "Name": { "title": {} }, "Deals": { "relation": { "data_source_id": deals } } });
    let people = office.notion.add_data_source("Contacts", &columns).unwrap();
    let (kept, gone) = (id(&office.create(&named("kept"))), id(&office.create(&named("gone"))));
    let contact = office.notion.person_create(office.now, ADA, &people, &[("Deals", json!([gone, kept]))]).unwrap();
    let target = format!("/v1/pages/{contact}");
    let related = |office: &mut Office| office.get(&target).1["properties"]["Deals"]["relation"].clone();
    assert_eq!(related(&mut office).as_array().unwrap().len(), 2);
    office.notion.unshare(&gone.replace('-', ""));
    let (status, refused) = office.get(&format!("/v1/pages/{gone}"));
    assert_eq!((status, refused["code"].as_str()), (404, Some("object_not_found")));
    assert_eq!(office.titles(&json!({})), ["kept"]);
    assert_eq!(related(&mut office), json!([{ "id": kept }]));
    assert!(!office.notion.is_shared(&gone) && office.notion.is_shared(&kept));
    office.notion.unshare(&deals);
    assert_eq!(related(&mut office), json!([]));
    assert_eq!(office.query(&json!({})).0, 404);
    assert_eq!(office.get(&format!("/v1/pages/{kept}")).0, 404);
    office.notion.share(&deals);
    office.notion.share(&gone);
    assert_eq!(related(&mut office).as_array().unwrap().len(), 2);
    assert_eq!(office.get(&format!("/v1/pages/{gone}")).0, 200);
    assert_eq!(office.notion.log().iter().filter(|e| e.kind == Kind::Deleted).count(), 0);
}
