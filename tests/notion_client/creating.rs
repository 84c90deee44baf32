//! Creating, and finding out whether it happened.

use crosstie::model::{Presence, Value};
use crosstie::remote::{Lane, RemoteErrorKind, System, WriteError};
use crosstie::seam::{Method, Response};
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::json;

use crate::office::{Fault, fields, office, texts, value};

#[tokio::test(start_paused = true)]
async fn a_created_page_comes_back_as_it_was_written_with_its_marker() {
    let office = office();
    let us = office.client.identity().await.unwrap();
    let ada = office.client.people().await.unwrap().remove(0);
    let contact = office.add(&office.contacts, &[("Name", json!("Grace"))]);
    let written = fields(&[
        ("Name", Value::text("Engine")),
        ("Notes", Value::text("line\nline 😀")),
        ("Amount", Value::Number(Decimal::new(123_456, 2))),
        ("Stage", Value::Choice("Won".into())),
        ("Tags", Value::choices(texts(["b", "a"]))),
        ("Progress", Value::Choice("In progress".into())),
        ("Due", Value::Date(date(2026, 7, 1))),
        ("Owner", Value::people([ada.id])),
        ("Active", Value::Flag(true)),
        ("Site", Value::text("https://example.com/")),
        ("Phone", Value::text("+44 1")),
        ("Contacts", Value::links([contact])),
    ]);
    let record = office.client.create(&office.deals, "412", &written).await.unwrap();
    for (name, sent) in &written {
        assert_eq!(value(&record, name.as_str()), *sent, "{name}");
    }
    assert_eq!(record.marker.as_deref(), Some("412"));
    assert_eq!(record.presence, Presence::Present);
    assert!(record.edited_by_us, "{us:?}");
    assert_eq!(record.edited_at.unwrap().to_string(), "2026-06-27T17:56:00Z");
    assert_eq!(office.get(&office.deals, record.id.as_str()).await, record);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_saved_but_answered_503_is_read_back_and_not_repeated() {
    let office = office();
    office.client.schema(&office.deals).await.unwrap();
    office.fault(Fault::After(|page| {
        let body = json!({
            "object": "error", "status": 503, "code": "service_unavailable", "message": "The change was saved.",
            "additional_data": {"committed_resource_id": page["id"]}
        });
        Response::json(503, &body)
    }));
    let record = office.client.create(&office.deals, "1", &fields(&[("Name", Value::text("A"))])).await.unwrap();
    assert_eq!(value(&record, "Name"), Value::text("A"));
    assert_eq!(office.sent(Method::Post), 1);
    assert_eq!(office.notion(|notion, _| notion.live_pages(&office.deals.name)).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_is_lost_is_unknown_and_found_by_its_marker() {
    let office = office();
    office.client.schema(&office.deals).await.unwrap();
    for fault in [Fault::Lost, Fault::Instead(Response::json(502, &json!({"code": "bad_gateway", "message": "no"})))] {
        office.fault(fault);
        let error = office.client.create(&office.deals, "7", &fields(&[("Name", Value::text("A"))])).await.unwrap_err();
        assert!(matches!(error, WriteError::Unknown(_)), "{error:?}");
    }
    // The first was executed, the second was not, and only the probe can tell.
    let found = office.client.probe(&office.deals, "7").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].marker.as_deref(), Some("7"));
    assert!(office.client.probe(&office.deals, "8").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_probe_finds_copies_oldest_first_and_no_trashed_page() {
    let office = office();
    let name = fields(&[("Name", Value::text("A"))]);
    let first = office.client.create(&office.deals, "7", &name).await.unwrap();
    office.pass(60).await;
    let copy = office.notion(|notion, now| notion.person_duplicate(now, "Ada Lovelace", first.id.as_str())).unwrap();
    office.pass(60).await;
    let third = office.client.create(&office.deals, "7", &name).await.unwrap();
    office.client.trash(&office.deals, &third.id).await.unwrap();
    let found = office.client.probe(&office.deals, "7").await.unwrap();
    assert_eq!(found.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), [first.id.as_str(), &copy]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_no_filter_finds_yet_is_found_among_the_newest() {
    let office = office();
    let record = office.client.create(&office.deals, "7", &fields(&[("Name", Value::text("A"))])).await.unwrap();
    office.client.create(&office.deals, "8", &fields(&[("Name", Value::text("B"))])).await.unwrap();
    let nothing = json!({"object": "list", "results": [], "has_more": false, "next_cursor": null});
    office.fault(Fault::Instead(Response::json(200, &nothing)));
    let found = office.client.probe(&office.deals, "7").await.unwrap();
    assert_eq!(found.iter().map(|found| &found.id).collect::<Vec<_>>(), [&record.id]);
}

#[tokio::test(start_paused = true)]
async fn a_search_goes_on_past_pages_that_only_nearly_match() {
    let office = office();
    for n in 0..110 {
        office.add(&office.deals, &[("Name", json!(format!("Deal {n}"))), ("Tags", json!(["a", "b"]))]);
    }
    office.pass(60).await;
    let exact = office.add(&office.deals, &[("Tags", json!(["a"]))]);
    let wanted = Value::choices(texts(["a"]));
    let found = office.client.find(&office.deals, &"Tags".into(), &wanted, Lane::Write).await.unwrap();
    assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), [exact]);
    let both = Value::choices(texts(["a", "b"]));
    let asked = office.sent(Method::Post);
    assert_eq!(office.client.find(&office.deals, &"Tags".into(), &both, Lane::Write).await.unwrap().len(), 100);
    assert_eq!(office.sent(Method::Post), asked + 1, "enough is enough");
}

#[tokio::test(start_paused = true)]
async fn a_status_that_does_not_exist_is_a_definite_no_and_creates_nothing() {
    let office = office();
    let wrong = fields(&[("Name", Value::text("A")), ("Progress", Value::Choice("Nowhere".into()))]);
    let error = office.client.create(&office.deals, "1", &wrong).await.unwrap_err();
    let WriteError::NotDone(error) = error else { panic!("{error:?}") };
    assert_eq!(error.kind, RemoteErrorKind::Invalid);
    assert!(error.message.contains("Nowhere"), "{error}");
    assert!(office.notion(|notion, _| notion.live_pages(&office.deals.name)).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_text_of_many_pieces_comes_back_whole() {
    let office = office();
    let long = "Ümläut 😀 ".repeat(9_000);
    let record = office
        .client
        .create(&office.deals, "1", &fields(&[("Name", Value::text("A")), ("Notes", Value::text(&long))]))
        .await
        .unwrap();
    assert_eq!(value(&record, "Notes"), Value::text(&long));
    let too_long = fields(&[("Notes", Value::text("a".repeat(200_001)))]);
    let error = office.client.create(&office.deals, "2", &too_long).await.unwrap_err();
    assert!(matches!(&error, WriteError::NotDone(error) if error.kind == RemoteErrorKind::Invalid), "{error:?}");
    assert_eq!(office.sent(Method::Post), 1, "what cannot be written is not sent");
}

#[tokio::test(start_paused = true)]
async fn pages_are_found_by_exactly_the_value_of_a_field() {
    let office = office();
    let grace = office.add(&office.contacts, &[("Name", json!("Grace")), ("Email", json!("grace@example.com"))]);
    office.pass(60).await;
    let other = office.add(&office.contacts, &[("Name", json!("Grace H")), ("Email", json!("grace@example.com"))]);
    office.add(&office.contacts, &[("Name", json!("grace")), ("Email", json!("GRACE@example.com"))]);
    let find = async |field: &str, value: Value| {
        let found = office.client.find(&office.contacts, &field.into(), &value, Lane::Write).await.unwrap();
        found.into_iter().map(|record| record.id.0).collect::<Vec<_>>()
    };
    assert_eq!(find("Email", Value::text("grace@example.com")).await, [grace.clone(), other]);
    assert_eq!(find("Name", Value::text("Grace")).await, [grace]);
    assert!(find("Name", Value::text("Nobody")).await.is_empty());
    // A row that went into the trash while the query was answered is not live.
    office.fault(Fault::After(|list| {
        let mut list = list.clone();
        list["results"][0]["in_trash"] = json!(true);
        Response::json(200, &list)
    }));
    assert!(find("Name", Value::text("Grace")).await.is_empty());
    assert_eq!(find("Email", Value::Empty).await.len(), 0);
}
