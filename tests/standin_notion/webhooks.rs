//! Webhooks as the workspace sends them: a token first, then signed events, merged, and again where nobody takes them.

use crosstie::standin::notion::Calling;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};

use crate::office::{Office, id, office};

const ADA: &str = "Ada Lovelace";
const URL: &str = "https://sync.example/api/webhooks/notion";

impl Office {
    fn calls(&mut self) -> Vec<Calling> {
        self.notion.calling(self.now)
    }

    fn answer(&mut self, calls: &[Calling], taken: bool) {
        for call in calls {
            self.notion.called(self.now, call.number, taken);
        }
    }

    /// What is told now, all of it taken: names of events and bodies.
    fn told(&mut self) -> Vec<(String, Json)> {
        let calls = self.calls();
        self.answer(&calls, true);
        let read = |call: &Calling| serde_json::from_str::<Json>(&call.body).unwrap();
        calls.iter().map(read).map(|body| (body["type"].as_str().unwrap_or("").to_owned(), body)).collect()
    }
}

fn subscribed() -> (Office, String) {
    let mut office = office();
    office.notion.subscribe(office.now, URL);
    let first = office.calls();
    let body: Json = serde_json::from_str(&first[0].body).unwrap();
    let token = body["verification_token"].as_str().unwrap().to_owned();
    office.answer(&first, true);
    assert!(office.notion.verify(&token));
    (office, token)
}

/// How many events of a new page come soon, and how many later, after a fault was switched on.
pub fn events_after(order: &str) -> (usize, usize) {
    let (mut office, _) = subscribed();
    crosstie::standin::StandIn::switch(&mut office.notion, order).unwrap();
    office.create(&json!({ "Amount": { "number": 2 } }));
    office.pass(3);
    let soon = office.told().len();
    office.pass(30);
    (soon, office.told().len())
}

#[test]
fn the_first_call_brings_a_token_until_it_is_taken_and_nothing_is_told_before_it_is_verified() {
    let mut office = office();
    office.notion.person_create(office.now, ADA, &office.deals.clone(), &[("Name", json!("Roof"))]).unwrap();
    assert!(office.calls().is_empty(), "nobody has subscribed");
    office.notion.subscribe(office.now, URL);
    let first = office.calls();
    assert_eq!((first.len(), first[0].url.as_str()), (1, URL));
    office.answer(&first, false);
    assert!(office.calls().is_empty());
    office.pass(6);
    let again = office.calls();
    assert_eq!(again[0].body, first[0].body);
    office.answer(&again, true);
    office.pass(600);
    office.notion.person_create(office.now, ADA, &office.deals.clone(), &[("Name", json!("Door"))]).unwrap();
    office.pass(60);
    assert!(office.calls().is_empty(), "not verified yet");
    let body: Json = serde_json::from_str(&first[0].body).unwrap();
    assert!(!office.notion.verify("secret_wrong"));
    assert!(office.notion.verify(body["verification_token"].as_str().unwrap()));
    assert!(office.calls().is_empty(), "what came before is not told");
    let debug = format!("{first:?}");
    assert!(!debug.contains("secret_"), "{debug}");
}

#[test]
fn an_event_is_signed_names_its_page_source_properties_and_authors_and_holds_no_value() {
    let (mut office, token) = subscribed();
    let deals = office.deals.clone();
    let page = office.notion.person_create(office.now, ADA, &deals, &[("Name", json!("Roof"))]).unwrap();
    assert!(office.told().is_empty(), "it takes a moment");
    office.pass(3);
    let [(kind, created)] = &office.told()[..] else { panic!("one event") };
    assert_eq!((kind.as_str(), &created["entity"]["id"]), ("page.created", &json!(page)));
    assert!(!created.to_string().contains("Roof"));
    office.notion.person_edit(office.now, ADA, &page, &[("Amount", json!(7)), ("Stage", json!("Won"))]).unwrap();
    office.pass(3);
    let calls = office.calls();
    office.answer(&calls, true);
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(calls[0].body.as_bytes());
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(calls[0].signature, format!("sha256={digits}"));
    let event: Json = serde_json::from_str(&calls[0].body).unwrap();
    assert_eq!((event["type"].as_str(), event["attempt_number"].as_u64()), (Some("page.properties_updated"), Some(1)));
    assert_eq!(event["authors"], json!([{"id": office.ada, "type": "person"}]));
    assert_eq!(event["data"]["parent"]["data_source_id"], json!(deals));
    let (_, source) = office.get(&format!("/v1/data_sources/{deals}"));
    let mut ids =
        [&source["properties"]["Amount"]["id"], &source["properties"]["Stage"]["id"]].map(|id| id.as_str().unwrap());
    ids.sort_unstable();
    assert_eq!(event["data"]["updated_properties"], json!(ids));
    assert_eq!(event["timestamp"], json!("2026-06-27T17:56:43.250Z"));
    // What the integration writes is told too, as the bot's.
    office.pass(120);
    office.write(&page, &json!({ "Amount": { "number": 8 } }));
    office.pass(3);
    assert_eq!(office.told()[0].1["authors"], json!([{"id": office.notion.bot(), "type": "bot"}]));
    // And what it may not see is not.
    office.pass(120);
    office.notion.unshare(&page);
    office.notion.person_edit(office.now, ADA, &page, &[("Amount", json!(9))]).unwrap();
    office.pass(120);
    assert!(office.told().is_empty());
}

#[test]
fn the_first_edit_is_told_at_once_and_those_of_the_next_minute_together() {
    let (mut office, _) = subscribed();
    let page = id(&office.create(&json!({ "Amount": { "number": 1 } })));
    office.pass(3);
    assert_eq!(office.told().len(), 1);
    for amount in 2..=5 {
        office.notion.person_edit(office.now, ADA, &page, &[("Amount", json!(amount))]).unwrap();
        office.pass(10);
        let told = office.told();
        assert_eq!(told.len(), usize::from(amount == 2), "{amount}: {told:?}");
    }
    office.pass(60);
    let told = office.told();
    assert_eq!(told.len(), 1, "{told:?}");
    office.notion.person_trash(office.now, ADA, &page).unwrap();
    office.pass(3);
    office.notion.person_restore(office.now, ADA, &page).unwrap();
    office.pass(3);
    let kinds: Vec<String> = office.told().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["page.deleted", "page.undeleted"]);
}

#[test]
fn what_nobody_takes_comes_eight_times_under_one_id_within_a_day() {
    let (mut office, _) = subscribed();
    office.create(&json!({ "Amount": { "number": 1 } }));
    let begun = office.now;
    let (mut attempts, mut ids) = (Vec::new(), std::collections::BTreeSet::new());
    for _ in 0..30 * 60 {
        office.pass(60);
        let calls = office.calls();
        office.answer(&calls, false);
        for call in calls {
            let event: Json = serde_json::from_str(&call.body).unwrap();
            attempts.push(event["attempt_number"].as_u64().unwrap());
            ids.insert(event["id"].to_string());
            assert!(office.now.duration_since(begun).as_hours() <= 24);
        }
    }
    assert_eq!((attempts, ids.len()), ((1..=8).collect(), 1));
}
