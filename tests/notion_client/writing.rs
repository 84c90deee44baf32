//! Changing what is there.

use crosstie::model::{Presence, Value};
use crosstie::remote::{Lane, RemoteErrorKind, System, WriteError};
use crosstie::seam::{Method, Response};
use jiff::Timestamp;
use serde_json::json;

use crate::office::{Fault, fields, office, texts, value};

#[tokio::test(start_paused = true)]
async fn an_update_sends_only_the_given_properties() {
    let office = office();
    let deal = office.add(&office.deals, &[("Name", json!("A")), ("Notes", json!("n")), ("Amount", json!("5"))]);
    let before = office.get(&office.deals, &deal).await;
    let updated = office.client.update(&office.deals, &before, &fields(&[("Notes", Value::Empty)]), None).await;
    let updated = updated.unwrap().unwrap();
    assert_eq!(value(&updated, "Notes"), Value::Empty);
    assert_eq!(value(&updated, "Amount"), value(&before, "Amount"));
    assert_eq!(office.last(Method::Patch), json!({"properties": {"Notes": {"rich_text": []}}}));
}

#[tokio::test(start_paused = true)]
async fn a_date_time_comes_back_without_its_seconds() {
    let office = office();
    let sent: Timestamp = "2026-07-01T10:20:30Z".parse().unwrap();
    let written = fields(&[("Due", Value::DateTime(sent))]);
    let record = office.client.create(&office.deals, "1", &written).await.unwrap();
    assert_eq!(value(&record, "Due"), Value::DateTime("2026-07-01T10:20:00Z".parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn options_keep_their_order_and_new_ones_follow() {
    let office = office();
    let deal = office.add(&office.deals, &[("Tags", json!(["z", "m", "a"]))]);
    let before = office.get(&office.deals, &deal).await;
    let wanted = Value::choices(texts(["a", "b", "z"]));
    office.client.update(&office.deals, &before, &fields(&[("Tags", wanted)]), None).await.unwrap();
    let sent = office.last(Method::Patch)["properties"]["Tags"]["multi_select"].clone();
    let sent: Vec<&str> = sent.as_array().unwrap().iter().map(|option| option["name"].as_str().unwrap()).collect();
    // What the page held is in Notion's order, whatever that is; the new one comes last.
    let kept: Vec<&str> = before.baggage["Tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| option["name"].as_str().unwrap())
        .filter(|name| *name != "m")
        .collect();
    assert_eq!(kept, ["z", "a"]);
    assert_eq!(sent, ["z", "a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_related_page_that_is_missing_is_a_bad_value_and_not_a_missing_record() {
    let office = office();
    let deal = office.add(&office.deals, &[("Name", json!("A"))]);
    let before = office.get(&office.deals, &deal).await;
    let nowhere = Value::links(texts(["38c9ce7b-60a4-41a6-b314-f47eef8f5f8c"]));
    let error = office.client.update(&office.deals, &before, &fields(&[("Contacts", nowhere)]), None).await;
    let Err(WriteError::NotDone(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.kind, RemoteErrorKind::Invalid, "{error}");
    office.notion(|notion, _| notion.unshare(&deal));
    let error = office.client.update(&office.deals, &before, &fields(&[("Name", Value::text("B"))]), None).await;
    let Err(WriteError::NotDone(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.kind, RemoteErrorKind::NotFound, "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_update_that_was_saved_but_answered_503_is_read_back() {
    let office = office();
    let deal = office.add(&office.deals, &[("Name", json!("A"))]);
    let before = office.get(&office.deals, &deal).await;
    office.fault(Fault::After(|page| {
        let body = json!({
            "object": "error", "status": 503, "code": "service_unavailable", "message": "The change was saved.",
            "additional_data": {"committed_resource_id": page["id"]}
        });
        Response::json(503, &body)
    }));
    let updated = office.client.update(&office.deals, &before, &fields(&[("Name", Value::text("B"))]), None).await;
    assert_eq!(value(&updated.unwrap().unwrap(), "Name"), Value::text("B"));
    assert_eq!(office.sent(Method::Patch), 1);
}

#[tokio::test(start_paused = true)]
async fn a_trashed_page_is_in_the_trash() {
    let office = office();
    let deal = office.add(&office.deals, &[("Name", json!("A"))]);
    office.client.trash(&office.deals, &deal.as_str().into()).await.unwrap();
    assert_eq!(office.notion(|notion, _| notion.in_trash(&deal)), Some(true));
    let before = office.get(&office.deals, &deal).await;
    assert_eq!(before.presence, Presence::Trashed);
    // Once more does no harm, and a write to it says that it is gone and not that the value is bad.
    office.client.trash(&office.deals, &before.id).await.unwrap();
    let error = office.client.update(&office.deals, &before, &fields(&[("Name", Value::text("B"))]), None).await;
    let Err(WriteError::NotDone(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.kind, RemoteErrorKind::NotFound, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_not_sent_gives_its_permit_back() {
    let office = office();
    let deal = office.add(&office.deals, &[("Name", json!("A"))]);
    let before = office.get(&office.deals, &deal).await;
    let free = || office.client.pulse().headroom;
    let at_first = free();
    office.client.reserve(Lane::Write, 1).await;
    assert_ne!(free(), at_first);
    let wrong = fields(&[("Amount", Value::text("no number"))]);
    office.client.update(&office.deals, &before, &wrong, None).await.unwrap_err();
    assert_eq!(office.sent(Method::Patch), 0);
    assert_eq!(free(), at_first);
}
