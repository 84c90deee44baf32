//! Relations: one-sided, two-sided, long, and into what is not shared.

use crosstie::standin::StandIn;
use crosstie::standin::log::{Actor, Kind};
use crosstie::standin::notion::Config;
use serde_json::{Value as Json, json};

use crate::office::{Office, id, named, office, office_with};

/// Adds a data source of contacts whose `Deals` is the far side of `Contacts` on deals.
pub fn contacts(office: &mut Office) -> String {
    let deals = office.deals.clone();
    let columns = json!({
        "Name": { "title": {} },
        "Deals": { "relation": { "data_source_id": deals, "dual_property": { "synced_property_name": "Contacts" } } },
    });
    office.notion.add_data_source("Contacts", &columns).unwrap()
}

pub fn relation(ids: &[&String]) -> Json {
    json!({ "relation": ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>() })
}

fn shown(page: &Json, name: &str) -> Vec<String> {
    page["properties"][name]["relation"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn editing_one_side_of_a_dual_relation_edits_the_other() {
    let mut office = office();
    let people = contacts(&mut office);
    let (_, schema) = office.get(&format!("/v1/data_sources/{}", office.deals.clone()));
    let far = &schema["properties"]["Contacts"]["relation"];
    assert_eq!((far["type"].as_str(), far["data_source_id"].as_str()), (Some("dual_property"), Some(people.as_str())));
    assert_eq!(far["dual_property"]["synced_property_name"], "Deals");

    let (deal, other) = (id(&office.create(&named("D"))), id(&office.create(&named("E"))));
    let contact = id(&office.create_in(&people, &json!({ "Deals": relation(&[&deal]) })));
    let (_, seen) = office.get(&format!("/v1/pages/{deal}"));
    assert_eq!(shown(&seen, "Contacts"), vec![contact.clone()]);
    // Moving the link from the contact's side takes it off one deal and puts it on another.
    office.write(&contact, &json!({ "Deals": relation(&[&other]) }));
    assert!(shown(&office.get(&format!("/v1/pages/{deal}")).1, "Contacts").is_empty());
    assert_eq!(shown(&office.get(&format!("/v1/pages/{other}")).1, "Contacts"), vec![contact.clone()]);
    // And from the far side.
    office.write(&other, &json!({ "Contacts": { "relation": [] } }));
    assert!(shown(&office.get(&format!("/v1/pages/{contact}")).1, "Deals").is_empty());
}

#[test]
fn the_log_tells_the_far_side_with_the_same_actor() {
    let mut office = office();
    let people = contacts(&mut office);
    let deal = id(&office.create(&named("D")));
    let contact = office
        .notion
        .person_create(office.now, "Ada Lovelace", &people, &[("Name", json!("Grace")), ("Deals", json!([deal]))])
        .unwrap();
    let far = office.notion.log().iter().find(|entry| entry.object == deal && entry.field == "Contacts").unwrap();
    assert_eq!(far.entity, office.deals);
    assert_eq!((&far.before, &far.after), (&Json::Null, &json!([contact])));
    assert_eq!((&far.actor, far.kind), (&Actor::Person("Ada Lovelace".into()), Kind::Edited));
}

#[test]
fn the_far_page_moves_its_timestamp_only_where_configured() {
    for counts in [false, true] {
        let mut office = office_with(Config { far_side_counts: counts, ..Config::default() });
        let people = contacts(&mut office);
        let deal = office.create(&named("D"));
        office.pass(600);
        office.create_in(&people, &json!({ "Deals": relation(&[&id(&deal)]) }));
        let (_, seen) = office.get(&format!("/v1/pages/{}", id(&deal)));
        assert_eq!(seen["last_edited_time"] != deal["last_edited_time"], counts);
    }
}

#[test]
fn a_page_shows_25_relations_and_the_property_endpoint_all() {
    let mut office = office();
    let people = contacts(&mut office);
    let deals: Vec<String> = (0..30).map(|_| id(&office.create(&json!({})))).collect();
    let all: Vec<&String> = deals.iter().collect();
    let contact = office.create_in(&people, &json!({ "Deals": relation(&all) }));
    let property = &contact["properties"]["Deals"];
    assert_eq!((property["relation"].as_array().unwrap().len(), property["has_more"].as_bool()), (25, Some(true)));

    let target = format!("/v1/pages/{}/properties/{}", id(&contact), property["id"].as_str().unwrap());
    let (_, list) = office.get(&target);
    let members = |list: &Json| -> Vec<String> {
        list["results"].as_array().unwrap().iter().map(|r| id(&r["relation"])).collect()
    };
    assert_eq!((members(&list), list["has_more"].as_bool()), (deals.clone(), Some(false)));
    assert_eq!(
        (list["type"].as_str(), list["property_item"]["type"].as_str()),
        (Some("property_item"), Some("relation"))
    );

    let (_, first) = office.get(&format!("{target}?page_size=20"));
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, rest) = office.get(&format!("{target}?page_size=20&start_cursor={cursor}"));
    assert_eq!([members(&first), members(&rest)].concat(), deals);
}

#[test]
fn property_items_are_lists_for_long_kinds_and_objects_for_the_rest() {
    let mut office = office();
    let ada = office.ada.clone();
    let page = office.create(&json!({ "Amount": { "number": 2 }, "Owner": { "people": [{ "id": ada }] } }));
    let mut item = |name: &str| {
        let property = page["properties"][name]["id"].as_str().unwrap();
        office.get(&format!("/v1/pages/{}/properties/{property}?page_size=100", id(&page))).1
    };
    let number = item("Amount");
    assert_eq!((number["object"].as_str(), &number["number"]), (Some("property_item"), &json!(2)));
    for empty in ["Name", "Notes"] {
        assert_eq!(item(empty)["results"], json!([]), "{empty}");
    }
    assert_eq!(item("Owner")["results"][0]["people"]["id"], ada);
    assert_eq!(item("Sum")["property_item"]["rollup"]["type"], "array");
}

#[test]
fn a_relation_takes_pages_of_its_data_source_only_and_100_at_most() {
    let mut office = office();
    let people = contacts(&mut office);
    let contact = id(&office.create_in(&people, &json!({})));
    let (status, _) = office.write(&contact, &json!({ "Deals": relation(&[&contact]) }));
    assert_eq!(status, 400);
    let nobody = "00000000-0000-4000-8000-000000000000".to_owned();
    assert_eq!(office.write(&contact, &json!({ "Deals": relation(&[&nobody]) })).0, 404);
    let deals: Vec<String> = (0..101).map(|_| id(&office.create(&json!({})))).collect();
    let all: Vec<&String> = deals.iter().collect();
    let (status, body) = office.write(&contact, &json!({ "Deals": relation(&all) }));
    assert_eq!(status, 400);
    assert!(body["message"].as_str().unwrap().contains("≤ `100`"));
    // A request's limit is not the property's: people may relate more.
    office.notion.person_edit(office.now, "Ada Lovelace", &contact, &[("Deals", json!(deals))]).unwrap();
    assert_eq!(office.notion.plain(&contact, "Deals").unwrap().as_array().unwrap().len(), 101);
}

#[test]
fn a_relation_into_what_is_not_shared_reads_as_empty_and_its_column_is_missing() {
    let mut office = office();
    let people = contacts(&mut office);
    let deal = id(&office.create(&named("D")));
    office.create_in(&people, &json!({ "Deals": relation(&[&deal]) }));
    office.notion.unshare(&people);
    let (_, page) = office.get(&format!("/v1/pages/{deal}"));
    assert_eq!(
        (&page["properties"]["Contacts"]["relation"], &page["properties"]["Contacts"]["has_more"]),
        (&json!([]), &json!(false))
    );
    let (_, schema) = office.get(&format!("/v1/data_sources/{}", office.deals.clone()));
    assert!(schema["properties"].get("Contacts").is_none());
    office.notion.share(&people);
    assert_eq!(shown(&office.get(&format!("/v1/pages/{deal}")).1, "Contacts").len(), 1);
}

#[test]
fn a_page_moved_away_leaves_its_relations_and_the_log_says_so() {
    let mut office = office();
    let people = contacts(&mut office);
    let deal = id(&office.create(&named("D")));
    let contact = id(&office.create_in(&people, &json!({ "Deals": relation(&[&deal]) })));
    let archive = office.notion.add_data_source("Archive", &json!({})).unwrap();
    let body = json!({ "parent": { "data_source_id": archive } });
    assert_eq!(office.post(&format!("/v1/pages/{deal}/move"), &body).0, 200);
    assert_eq!(office.notion.plain(&contact, "Deals"), Some(Json::Null));
    let told = |entry: &&crosstie::standin::log::Entry| entry.object == contact && entry.field == "Deals";
    assert_eq!(office.notion.log().iter().filter(told).count(), 2);
}
