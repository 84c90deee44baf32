//! Increments and sweeps.

use std::collections::BTreeSet;

use crosstie::model::{Editor, Presence, Value};
use crosstie::remote::{Fetched, Since, System};
use crosstie::seam::Method;
use crosstie::standin::notion::Config;
use serde_json::json;

use crate::office::{Office, fields, office, office_with, value};

async fn rows(office: &Office, count: usize, seconds_between: u64) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for n in 0..count {
        ids.insert(office.add(&office.deals, &[("Name", json!(format!("Deal {n}")))]));
        office.pass(seconds_between).await;
    }
    ids
}

#[tokio::test(start_paused = true)]
async fn a_second_edit_in_the_same_minute_keeps_its_timestamp_and_is_seen_by_the_next_increment() {
    let office = office();
    let page = office.add(&office.deals, &[("Name", json!("A"))]);
    let since = Since::At("2026-06-27T17:56:00Z".parse().unwrap());
    let first = office.list(&office.deals, since).await;
    office.pass(10).await;
    office.edit(&page, &[("Name", json!("B"))]);
    let second = office.list(&office.deals, since).await;
    assert_eq!((value(&first[0], "Name"), value(&second[0], "Name")), (Value::text("A"), Value::text("B")));
    assert_eq!(first[0].edited_at, second[0].edited_at, "Notion floors to the minute");
    assert!(!second[0].edited_by_us);
    let ada = office.client.people().await.unwrap().remove(0);
    assert_eq!(second[0].edited_by, Some(Editor { id: ada.id.into(), name: None }), "a record tells a user's id alone");
    let later = Since::At("2026-06-27T17:57:00Z".parse().unwrap());
    assert!(office.list(&office.deals, later).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_increment_is_oldest_edit_first_and_tells_the_servers_time() {
    let office = office();
    let first = office.add(&office.deals, &[("Name", json!("first"))]);
    office.pass(60).await;
    let second = office.add(&office.deals, &[("Name", json!("second"))]);
    office.pass(60).await;
    office.edit(&first, &[("Name", json!("first, edited"))]);
    let since = Since::At("2026-06-27T17:00:00Z".parse().unwrap());
    let changes = office.page(&office.deals, since, None).await.unwrap();
    assert_eq!(changes.records.iter().map(|record| record.id.0.clone()).collect::<Vec<_>>(), [second, first]);
    assert_eq!(changes.server_now.unwrap().to_string(), "2026-06-27T17:58:40Z");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_gives_every_page_once() {
    let office = office();
    let ids = rows(&office, 250, 1).await;
    let listed = office.list(&office.deals, Since::Ever).await;
    assert_eq!(listed.len(), 250);
    assert_eq!(listed.iter().map(|record| record.id.0.clone()).collect::<BTreeSet<_>>(), ids);
    assert_eq!(office.sent(Method::Post), 3);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_goes_on_past_the_servers_limit_of_rows() {
    // 350 rows, 20 a minute, of which one query gives 130 and says that it is incomplete.
    let office = office_with(Config { result_cap: 130, ..Config::default() });
    let ids = rows(&office, 350, 3).await;
    let listed = office.list(&office.deals, Since::Ever).await;
    assert_eq!(listed.len(), 350, "each once");
    assert_eq!(listed.iter().map(|record| record.id.0.clone()).collect::<BTreeSet<_>>(), ids);
    let since = Since::At("2026-06-27T17:00:00Z".parse().unwrap());
    let edited = office.list(&office.deals, since).await;
    assert_eq!(edited.iter().map(|record| record.id.0.clone()).collect::<BTreeSet<_>>(), ids);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_cannot_go_on_is_an_error_and_no_end() {
    let office = office_with(Config { result_cap: 130, ..Config::default() });
    rows(&office, 140, 0).await;
    let mut next = None;
    let error = loop {
        match office.page(&office.deals, Since::Ever, next).await {
            Ok(changes) => next = Some(changes.next.expect("the listing ended although rows are missing")),
            Err(error) => break error,
        }
    };
    assert!(error.message.contains("share one minute"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_notion_forgot_asks_for_a_new_listing() {
    let office = office();
    rows(&office, 120, 1).await;
    let first = office.page(&office.deals, Since::Ever, None).await.unwrap();
    office.notion(|notion, _| notion.expire_cursors());
    let error = office.page(&office.deals, Since::Ever, first.next).await.unwrap_err();
    assert_eq!(error.code, "stale_cursor");
    assert_eq!(office.list(&office.deals, Since::Ever).await.len(), 120);
}

#[tokio::test(start_paused = true)]
async fn trashed_moved_and_missing_are_different_answers() {
    let office = office();
    let name = |name: &str| fields(&[("Name", Value::text(name))]);
    let trashed = office.client.create(&office.deals, "1", &name("trashed")).await.unwrap();
    let moved = office.client.create(&office.deals, "2", &name("moved")).await.unwrap();
    let hidden = office.client.create(&office.deals, "3", &name("hidden")).await.unwrap();
    office.client.trash(&office.deals, &trashed.id).await.unwrap();
    let parent = json!({"parent": {"type": "data_source_id", "data_source_id": office.contacts.name}});
    office.ask(Method::Post, &format!("/v1/pages/{}/move", moved.id), &parent);
    office.notion(|notion, _| notion.unshare(hidden.id.as_str()));
    assert!(office.list(&office.deals, Since::Ever).await.is_empty());
    assert_eq!(office.get(&office.deals, trashed.id.as_str()).await.presence, Presence::Trashed);
    assert_eq!(office.get(&office.deals, moved.id.as_str()).await.presence, Presence::Moved);
    assert_eq!(office.fetch(&office.deals, hidden.id.as_str()).await, Fetched::Missing);
}
