//! Records that look alike while one of them is just getting its counterpart.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::model::Side;
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, calm};
use crate::wire::Fate;

#[tokio::test(start_paused = true)]
async fn a_page_just_made_for_one_contact_is_not_tied_to_another_with_the_same_address() {
    let bench = Bench::settled(Plan::default()).await;
    bench.once(|call| call.side == Side::Notion && call.is_create(), Fate::SlowAnswer(Duration::from_secs(40)));
    let first = bench.add_crm(Entity::Contact, &[("NAME", json!("Ida")), ("EMAIL", json!("office@hall.example"))]);
    bench.until("the page is made", 60, async || bench.creates().len() == 1).await;
    bench.pass(1).await;
    let second = bench.add_crm(Entity::Contact, &[("NAME", json!("Otto")), ("EMAIL", json!("office@hall.example"))]);
    bench.settle().await;
    bench.pass(120).await;
    let page = bench.page_of("contacts", &first).await.expect("the page belongs to the first");
    assert_eq!(bench.cell(&page, "Name"), json!("Ida"));
    assert_ne!(bench.page_of("contacts", &second).await, Some(page));
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_creation_is_still_unanswered_gets_no_second_record_in_the_crm() {
    let timing = Timing { quiet_new_page: Duration::from_secs(6), ..calm() };
    let bench = Bench::settled(Plan { timing, ..Plan::default() }).await;
    bench.once(|call| call.side == Side::Notion && call.is_create(), Fate::SlowAnswer(Duration::from_secs(55)));
    let contacts = bench.ids(Entity::Contact).len();
    bench.add_crm(Entity::Contact, &[("NAME", json!("Ida")), ("EMAIL", json!("ida@hall.example"))]);
    bench.pass(180).await;
    bench.settle().await;
    assert_eq!(bench.ids(Entity::Contact).len(), contacts + 1);
    assert_eq!(bench.creates().len(), 1, "{:#?}", bench.creates());
}

#[tokio::test(start_paused = true)]
async fn a_record_seen_in_the_crm_before_its_creation_is_answered_gets_no_second_page() {
    let bench = Bench::settled(Plan::default()).await;
    let pages = bench.pages("contacts").len();
    bench.once(|call| call.side == Side::Crm && call.is_create(), Fate::SlowAnswer(Duration::from_secs(12)));
    let page = bench.add_page("contacts", &[("Name", json!("Nora Quist")), ("Email", json!("nora@quist.example"))]);
    bench.pass(180).await;
    bench.settle().await;
    assert_eq!(bench.pages("contacts").len(), pages + 1, "a page was made for the record that was made for a page");
    assert!(bench.record_of("contacts", &page).await.is_some());
}
