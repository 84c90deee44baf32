//! Connections and records that make trouble.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::control::Hint;
use crosstie::model::{Side, Why};
use crosstie::seam::Response;
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, calm, deal_hold};
use crate::wire::{Call, Fate};

fn notion_error(status: u16, code: &str, message: &str) -> Response {
    let body = json!({ "object": "error", "status": status, "code": code, "message": message, "request_id": "r" });
    Response::json(status, &body)
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_is_refused_is_not_asked_for_again_before_a_poll() {
    let mut bench = Bench::new(Plan::default());
    bench.faults(|call| {
        let refused = call.side == Side::Notion && call.is_listing();
        if refused { Fate::Instead(notion_error(400, "validation_error", "not today")) } else { Fate::Pass }
    });
    bench.start().await;
    bench.pass(300).await;
    let asked = bench.calls().iter().filter(|call| call.side == Side::Notion && call.is_listing()).count();
    assert!(asked <= 2 * 21, "{asked} requests in five minutes");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_always_fails_ends_no_increments_and_is_tried_ever_more_rarely() {
    let timing = Timing { sweep_every: Duration::from_secs(300), ..calm() };
    let bench = Bench::settled(Plan { timing, ..Plan::default() }).await;
    let (deal, page) = bench.deal().await;
    let is_sweep = |call: &Call| call.side == Side::Notion && call.is_listing() && call.body.get("filter").is_none();
    bench.faults(move |call| {
        if is_sweep(call) { Fate::Instead(notion_error(400, "validation_error", "not this page")) } else { Fate::Pass }
    });
    bench.pass(3600).await;
    let tries = bench.calls().iter().filter(|call| is_sweep(call)).count();
    assert!((2 * 4..=2 * 2 * 12).contains(&tries), "{tries} tries in an hour");
    bench.edit_notion(&page, "Amount", 250);
    bench.until("it is in the CRM", 120, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("250")).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_may_not_be_read_is_told_once_and_keeps_no_cursor_back() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, _) = bench.deal().await;
    let denied = json!({ "error": "ACCESS_DENIED", "error_description": "Access denied" });
    bench.faults(move |call| {
        let read = call.side == Side::Crm && call.path == "/crm.item.get";
        if read { Fate::Instead(Response::json(400, &denied)) } else { Fate::Pass }
    });
    for _ in 0..3 {
        let hint = Hint {
            side: Side::Crm,
            record: deal.as_str().into(),
            pair: Some("deals".into()),
            at: None,
            by_us: None,
            fields: None,
        };
        bench.hint(hint).await;
        bench.pass(2).await;
    }
    let told = bench.journal(crosstie::model::Happening::System).await;
    let told: Vec<_> = told
        .into_iter()
        .filter(|event| event.pair == Some("deals".into()) && event.crm.as_ref().is_some_and(|id| id.as_str() == deal))
        .collect();
    let told: Vec<_> = told.into_iter().filter(|event| event.note.contains("cannot be read")).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_breaks_is_waited_for_by_nothing() {
    let mut bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    for fits in [
        |call: &Call| call.side == Side::Notion && call.is_update(),
        |call: &Call| call.side == Side::Crm && call.is_listing(),
        |call: &Call| call.side == Side::Notion && call.path.starts_with("/v1/pages/") && !call.is_write(),
    ] {
        bench.once(fits, Fate::Breaks);
        let amount = format!("{}", bench.now().as_second());
        bench.edit_deal(&deal, "OPPORTUNITY", amount.as_str());
        bench.until("it arrives", 200, async || bench.cell(&page, "Amount") == json!(amount)).await;
    }
    bench.settle().await;
    bench.once(|call| call.side == Side::Notion && call.is_update(), Fate::Breaks);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("it is sent", 60, async || bench.writes().last().is_some_and(|call| call.holds("4711"))).await;
    bench.shut_down().await;
}

#[tokio::test(start_paused = true)]
async fn a_gate_with_retry_after_delays_and_loses_nothing() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let refused = notion_error(429, "rate_limited", "slow down").header("retry-after", "45");
    bench.once(|call| call.side == Side::Notion && call.is_update(), Fate::Instead(refused));
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("it is sent", 60, async || !bench.writes().is_empty()).await;
    let (first, before) = (bench.writes()[0].at, bench.calls().len());
    bench.until("it arrives", 120, async || bench.cell(&page, "Amount") == json!("4711")).await;
    let early: Vec<Call> = bench.calls().into_iter().skip(before).collect();
    let early = early.iter().filter(|call| call.side == Side::Notion && call.at.duration_since(first).as_secs() < 45);
    assert_eq!(early.count(), 0, "the gate was not kept");
    assert_eq!(bench.writes().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_write_is_planned_anew_and_overwrites_no_edit_made_meanwhile() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let refused = notion_error(429, "rate_limited", "slow down").header("retry-after", "45");
    bench.once(|call| call.side == Side::Notion && call.is_update(), Fate::Instead(refused));
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("it is sent", 60, async || !bench.writes().is_empty()).await;
    bench.pass(2).await;
    bench.edit_notion(&page, "Amount", 250);
    bench.settle().await;
    assert_eq!(bench.cell(&page, "Amount"), json!("250"), "somebody's edit was overwritten");
    assert!(bench.hold(&deal_hold(&deal, "OPPORTUNITY")).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_met_another_save_is_tried_again_after_a_fresh_read_and_counts_against_no_record() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let mut left = 6;
    bench.faults(move |call| {
        let meets = call.side == Side::Notion && call.is_update() && left > 0;
        left -= i32::from(meets);
        if meets { Fate::Instead(notion_error(409, "conflict_error", "Conflict occurred")) } else { Fate::Pass }
    });
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("it arrives", 120, async || bench.cell(&page, "Amount") == json!("4711")).await;
    let sent: Vec<Call> = bench.writes();
    assert_eq!(sent.len(), 7);
    for two in sent.windows(2) {
        let read = |call: &Call| call.reads(&page) && two[0].at < call.at && call.at < two[1].at;
        assert!(bench.calls().iter().any(read), "a try without a fresh read");
    }
    bench.settle().await;
    assert!(bench.claims().await.holds.is_empty());
    assert_eq!(bench.snapshot().sides.notion.throttled, 0);
}

#[tokio::test(start_paused = true)]
async fn writes_that_nobody_answers_go_one_by_one_while_reads_work() {
    let bench = Bench::settled(Plan { office: (20, 0, 20, 0), ..Plan::default() }).await;
    bench.faults(|call| {
        let down = call.side == Side::Notion && call.is_write();
        if down { Fate::Instead(notion_error(503, "service_unavailable", "not now")) } else { Fate::Pass }
    });
    let contacts = bench.ids(Entity::Contact);
    for (at, contact) in contacts.iter().enumerate() {
        bench.edit_crm(Entity::Contact, contact, &[("NAME", json!(format!("Renamed {at}")))]);
    }
    bench.pass(60).await;
    let tries = bench.writes().len();
    // Four left together, and then one after 1, 2, 4, … seconds.
    assert!((5..=10).contains(&tries), "{tries} writes in a minute of outage");
    bench.no_faults();
    bench.settle().await;
    for (at, contact) in contacts.iter().enumerate() {
        let page = bench.page_of("contacts", contact).await.unwrap();
        assert!(bench.cell(&page, "Name").as_str().unwrap().contains(&format!("Renamed {at}")));
    }
    let lines: Vec<String> =
        bench.journal(crosstie::model::Happening::Connection).await.into_iter().map(|event| event.note).collect();
    assert_eq!(lines.len(), 2, "told once, and once that it is over: {lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_surely_never_left_is_sent_again() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.once(|call| call.side == Side::Notion && call.is_update(), Fate::NotSent);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("it arrives", 40, async || bench.cell(&page, "Amount") == json!("4711")).await;
    assert!(bench.journal(crosstie::model::Happening::Unknown).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_pre_read_that_fails_writes_nothing_and_loses_nothing() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let path = format!("/v1/pages/{page}");
    bench.faults(move |call| {
        let pre_read = call.side == Side::Notion && call.path == path && !call.is_write();
        if pre_read { Fate::Instead(notion_error(500, "internal_server_error", "oops")) } else { Fate::Pass }
    });
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.pass(200).await;
    assert!(bench.writes().is_empty());
    bench.no_faults();
    bench.until("it arrives", 120, async || bench.cell(&page, "Amount") == json!("4711")).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_value_holds_its_field_only_and_is_not_sent_again_until_it_changes() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.faults(|call| {
        let bad = call.side == Side::Notion && call.is_update() && call.holds("4711");
        if bad { Fate::Instead(notion_error(400, "validation_error", "no such amount")) } else { Fate::Pass }
    });
    let set = [("OPPORTUNITY", json!("4711")), ("COMMENTS", json!("good")), ("UF_CRM_DEADLINE", json!("2026-08-01"))];
    bench.edit_crm(Entity::Deal, &deal, &set);
    let id = deal_hold(&deal, "OPPORTUNITY");
    bench.until("the amount is held", 120, async || bench.hold(&id).await.is_some()).await;
    let good =
        async || bench.cell(&page, "Notes") == json!("good") && bench.cell(&page, "Deadline") == json!("2026-08-01");
    bench.until("the others arrive", 60, good).await;
    let hold = bench.hold(&id).await.unwrap();
    assert!(
        matches!(&hold.why, Why::Refused { side: Side::Notion, reason, .. } if reason.contains("no such amount")),
        "{hold:?}"
    );
    let sent = bench.writes().len();
    bench.pass(7200).await;
    assert_eq!(bench.writes().len(), sent, "a refused value was sent again");
    bench.edit_deal(&deal, "OPPORTUNITY", "4712");
    bench.until("another value arrives", 60, async || bench.cell(&page, "Amount") == json!("4712")).await;
    assert_eq!(bench.hold(&id).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_the_portal_does_not_take_is_held_and_the_rest_flows() {
    let bench = Bench::settled(Plan::default()).await;
    let contact = bench.ids(Entity::Contact)[0].clone();
    let page = bench.page_of("contacts", &contact).await.unwrap();
    bench.edit_notion(&page, "Email", "not an address");
    bench.edit_notion(&page, "Phone", "+49 30 1234567");
    let phone = async || bench.held(Entity::Contact, &contact, "PHONE").as_str().is_some_and(|it| it.ends_with("4567"));
    bench.until("the phone arrives", 300, phone).await;
    bench.settle().await;
    let holds = bench.claims().await.holds;
    assert_eq!(holds.len(), 1, "{holds:#?}");
    assert_eq!(holds[0].id.field.as_ref().unwrap().as_str(), "EMAIL");
    let sent = bench.writes().len();
    bench.pass(7200).await;
    assert_eq!(bench.writes().len(), sent);
    assert_eq!(bench.cell(&page, "Email"), json!("not an address"));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_looked_for_does_not_keep_the_others_back() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.faults(|call| {
        let find = call.side == Side::Notion && call.path.ends_with("/query") && call.holds("ida@hall.example");
        if find { Fate::Instead(notion_error(400, "validation_error", "not that filter")) } else { Fate::Pass }
    });
    bench.add_crm(Entity::Contact, &[("NAME", json!("Ida")), ("EMAIL", json!("ida@hall.example"))]);
    bench.pass(60).await;
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("the deal flows", 60, async || bench.cell(&page, "Amount") == json!("4711")).await;
    bench.forget_calls();
    bench.pass(3600).await;
    let asked = bench.calls().iter().filter(|call| call.holds("ida@hall.example")).count();
    assert!(asked <= 20, "{asked} requests in an hour for one record");
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_was_refused_is_tried_again_when_its_record_changes() {
    let bench = Bench::settled(Plan::default()).await;
    bench.faults(|call| {
        let bad = call.side == Side::Notion && call.is_create() && call.holds("Bad");
        if bad { Fate::Instead(notion_error(400, "validation_error", "no such name")) } else { Fate::Pass }
    });
    let ida = bench.add_crm(Entity::Contact, &[("NAME", json!("Bad")), ("EMAIL", json!("ida@hall.example"))]);
    bench.pass(2 * 3600).await;
    assert_eq!(bench.creates().len(), 3, "at once, after five minutes, after an hour");
    let set_aside = |hold: &crosstie::model::Hold| matches!(hold.why, Why::Quarantined { .. });
    assert!(bench.claims().await.holds.iter().any(set_aside));
    bench.edit_crm(Entity::Contact, &ida, &[("NAME", json!("Ida"))]);
    bench.until("it is tied", 120, async || bench.page_of("contacts", &ida).await.is_some()).await;
    assert!(bench.claims().await.holds.is_empty());
}
