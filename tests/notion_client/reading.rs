//! What an answer cuts or hides.

use crosstie::model::{Account, FieldState, Value};
use crosstie::remote::{Since, System};
use crosstie::seam::{Method, Response};
use serde_json::json;

use crate::office::{Fault, Office, fields, office, value, why};

/// A deal with so many contacts, in an order that is not the sorted one.
fn related(office: &Office, count: usize) -> (String, Vec<String>) {
    let mut contacts: Vec<String> =
        (0..count).map(|n| office.add(&office.contacts, &[("Name", json!(format!("Contact {n}")))])).collect();
    contacts.sort();
    contacts.reverse();
    let deal = office.add(&office.deals, &[("Name", json!("Deal")), ("Contacts", json!(contacts))]);
    (deal, contacts)
}

#[tokio::test(start_paused = true)]
async fn a_relation_of_more_than_25_is_read_whole_and_keeps_its_order_when_written() {
    let office = office();
    let (deal, mut contacts) = related(&office, 40);
    let record = office.get(&office.deals, &deal).await;
    assert_eq!(value(&record, "Contacts"), Value::links(contacts.clone()));
    assert_eq!(value(&office.list(&office.deals, Since::Ever).await[0], "Contacts"), Value::links(contacts.clone()));

    let gone = contacts.remove(3);
    let added = office.add(&office.contacts, &[("Name", json!("new"))]);
    let wanted = Value::links(contacts.iter().cloned().chain([added.clone()]));
    let updated = office.client.update(&office.deals, &record, &fields(&[("Contacts", wanted.clone())]), None).await;
    assert_eq!(value(&updated.unwrap().unwrap(), "Contacts"), wanted, "the answer of a write is completed too");
    let sent: Vec<String> = office.last(Method::Patch)["properties"]["Contacts"]["relation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|element| element["id"].as_str().unwrap().to_owned())
        .collect();
    contacts.push(added);
    assert_eq!(sent, contacts, "kept ones in their order, the new one behind them");
    assert!(!sent.contains(&gone));
}

#[tokio::test(start_paused = true)]
async fn a_relation_of_more_than_100_goes_through_several_pages_of_its_property() {
    let office = office();
    let (deal, contacts) = related(&office, 230);
    let record = office.get(&office.deals, &deal).await;
    assert_eq!(value(&record, "Contacts"), Value::links(contacts));
    // One write cannot carry it.
    let error = office
        .client
        .update(&office.deals, &record, &fields(&[("Contacts", value(&record, "Contacts"))]), None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("230 elements"), "{error}");
    assert_eq!(office.sent(Method::Patch), 0);
}

#[tokio::test(start_paused = true)]
async fn a_relation_whose_rest_cannot_be_read_is_unknown_and_not_written() {
    let office = office();
    let (deal, contacts) = related(&office, 30);
    office.client.schema(&office.deals).await.unwrap();
    office.fault(Fault::None);
    let refused = json!({"code": "restricted_resource", "message": "no access"});
    office.fault(Fault::Instead(Response::json(403, &refused)));
    let record = office.get(&office.deals, &deal).await;
    assert!(why(&record, "Contacts").contains("no access"));
    assert_eq!(value(&record, "Name"), Value::text("Deal"), "the other fields were read");
    let wanted = fields(&[("Contacts", Value::links([contacts[0].clone()]))]);
    let error = office.client.update(&office.deals, &record, &wanted, None).await.unwrap_err();
    assert!(error.to_string().contains("not read whole"), "{error}");
    assert_eq!(office.sent(Method::Patch), 0, "29 contacts were not thrown away");
}

#[tokio::test(start_paused = true)]
async fn a_text_of_many_mentions_is_read_through_its_own_address() {
    let office = office();
    let ada = office.client.people().await.unwrap().remove(0).id;
    let mention = json!({"type": "mention", "mention": {"type": "user", "user": {"id": ada}}});
    let text = json!({"type": "text", "text": {"content": " and "}});
    let pieces: Vec<_> = (0..60).map(|n| if n % 2 == 0 { mention.clone() } else { text.clone() }).collect();
    let deal = office.add(&office.deals, &[("Notes", json!({"rich_text": pieces}))]);
    let record = office.get(&office.deals, &deal).await;
    let Value::Text(read) = value(&record, "Notes") else { panic!("no text") };
    assert_eq!(read.matches(" and ").count(), 30);
    assert!(office.wire.sent.lock().unwrap().last().unwrap().target.contains("/properties/"));
}

#[tokio::test(start_paused = true)]
async fn a_date_with_an_end_is_unknown_and_says_why() {
    let office = office();
    let range = json!({"date": {"start": "2026-07-01", "end": "2026-07-03"}});
    let deal = office.add(&office.deals, &[("Name", json!("A")), ("Due", range)]);
    let record = office.get(&office.deals, &deal).await;
    assert!(why(&record, "Due").contains("end date"));
    assert_eq!(value(&record, "Number"), Value::text("D-1"));
}

#[tokio::test(start_paused = true)]
async fn answers_carry_only_the_mapped_properties() {
    let office = office();
    let deal = office.add(&office.deals, &[("Name", json!("A")), ("Notes", json!("secret"))]);
    let mut narrow = office.deals.clone();
    narrow.fields = vec!["Name".into()];
    let record = office.get(&narrow, &deal).await;
    assert_eq!(record.fields.into_iter().collect::<Vec<_>>(), [("Name".into(), FieldState::Known(Value::text("A")))]);
    let sent = office.wire.sent.lock().unwrap();
    let target = &sent.last().unwrap().target;
    assert_eq!(target.matches("filter_properties=").count(), 2, "the title and our marker: {target}");
}

#[tokio::test(start_paused = true)]
async fn people_are_persons_with_lower_case_addresses_and_the_identity_is_the_bot() {
    let office = office();
    let people = office.client.people().await.unwrap();
    let people: Vec<_> =
        people.iter().map(|person| (person.name.as_str(), person.email.as_deref(), person.account)).collect();
    let wanted = [("Ada Lovelace", Some("ada@example.com"), Account::Person), ("crosstie", None, Account::Ours)];
    assert_eq!(people, wanted, "programs edit records too, so they are named; persons come first");
    let us = office.client.identity().await.unwrap();
    assert_eq!(us.user, office.notion(|notion, _| notion.bot().to_owned()));
    assert_eq!(us.name, "crosstie in Crosstie demo");
}

#[tokio::test(start_paused = true)]
async fn a_workspace_of_many_people_is_read_to_the_end() {
    let office = office();
    for n in 0..130 {
        office.notion(|notion, _| notion.add_person(&format!("Person {n}"), &format!("p{n}@example.com")));
    }
    let mut people = office.client.people().await.unwrap();
    people.retain(|person| person.account == Account::Person);
    assert_eq!(people.len(), 131);
}
