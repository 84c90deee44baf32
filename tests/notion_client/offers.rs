//! Which data sources a pair could be made of.

use crosstie::remote::{Offer, System};
use crosstie::seam::Method;
use crosstie::standin::StandIn;
use serde_json::json;

use crate::office::{Office, office};

/// Title and place of every data source that is offered.
async fn offered(office: &Office) -> Vec<(String, String)> {
    let offers: Vec<Offer> = office.client.offers().await.unwrap();
    assert!(offers.iter().all(|offer| offer.refused.is_none()));
    offers.into_iter().map(|offer| (offer.title, offer.place)).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(title, place)| ((*title).to_owned(), (*place).to_owned())).collect()
}

fn titled(text: &str) -> serde_json::Value {
    json!([{ "type": "text", "text": { "content": text } }])
}

/// One more data source in the database of the deals.
fn beside_the_deals(office: &Office, title: &str) -> String {
    let deals = office.ask(Method::Get, &format!("/v1/data_sources/{}", office.deals.name), &json!(null));
    let body = json!({ "parent": { "database_id": deals["parent"]["database_id"] }, "title": titled(title),
        "properties": { "Name": { "title": {} } } });
    office.ask(Method::Post, "/v1/data_sources", &body)["id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn data_sources_of_one_database_are_told_with_its_name_and_others_alone() {
    let office = office();
    assert_eq!(offered(&office).await, pairs(&[("Contacts", ""), ("Deals", "")]));
    beside_the_deals(&office, "Old deals");
    let deals = ("Deals", "Deals");
    assert_eq!(offered(&office).await, pairs(&[("Contacts", ""), deals, ("Old deals", "Deals")]));
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_the_trash_or_is_not_shared_is_not_offered() {
    let office = office();
    let target = format!("/v1/data_sources/{}", office.contacts.name);
    office.ask(Method::Patch, &target, &json!({ "in_trash": true }));
    assert_eq!(offered(&office).await, pairs(&[("Deals", "")]));
    let deals = office.deals.name.clone();
    office.notion(|notion, _| notion.switch(&format!("unshare={deals}"))).unwrap();
    assert_eq!(offered(&office).await, pairs(&[]));
}

#[tokio::test(start_paused = true)]
async fn a_list_of_more_than_one_page_is_read_to_its_end() {
    let office = office();
    for number in 0..120 {
        office.notion(|notion, _| notion.add_data_source(&format!("Source {number}"), &json!({}))).unwrap();
    }
    let found = offered(&office).await;
    assert_eq!(found.len(), 122);
    let last = office.last(Method::Post);
    assert_eq!(last["filter"], json!({ "property": "object", "value": "data_source" }));
    assert!(last["start_cursor"].is_string(), "{last}");
}
