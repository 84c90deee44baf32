//! Writes that fail for a reason in their record, in the mapping, or in everybody.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::control::{Command, List, QueueState, Rows, Wait};
use crosstie::model::{Happening, HoldId, Side, Why};
use crosstie::seam::Response;
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, calm, deal_hold, deal_tie};
use crate::wire::Fate;

fn notion_error(status: u16, code: &str, message: &str) -> Response {
    let body = json!({ "object": "error", "status": status, "code": code, "message": message, "request_id": "r" });
    Response::json(status, &body)
}

fn set_aside(bench: &crosstie::engine::Claims) -> usize {
    bench.holds.iter().filter(|hold| matches!(hold.why, Why::Quarantined { .. })).count()
}

/// Nobody may write this page.
fn lock(bench: &Bench, page: &str) {
    let path = format!("/v1/pages/{page}");
    bench.faults(move |call| {
        let locked = call.side == Side::Notion && call.is_update() && call.path == path;
        if locked { Fate::Instead(notion_error(403, "restricted_resource", "this page is locked")) } else { Fate::Pass }
    });
}

#[tokio::test(start_paused = true)]
async fn a_record_that_may_not_be_written_is_set_aside_after_three_tries_and_tried_again_when_it_changes() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    lock(&bench, &page);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.pass(3 * 3600).await;
    assert_eq!(bench.writes().len(), 3, "at once, after five minutes, after an hour");
    assert_eq!(set_aside(&bench.claims().await), 1);
    bench.no_faults();
    bench.edit_deal(&deal, "OPPORTUNITY", "4712");
    bench.until("it arrives", 120, async || bench.cell(&page, "Amount") == json!("4712")).await;
    assert!(bench.hold(&HoldId::tie(&deal_tie(&deal))).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_refused_for_want_of_another_is_tried_again_once_that_is_there_and_once_a_change() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.faults(|call| {
        let refused = call.side == Side::Crm && call.is_write() && call.holds("moved on");
        let why =
            json!({ "error": "CRM_FIELD_ERROR_REQUIRED", "error_description": "the amount is required for that" });
        if refused { Fate::Instead(Response::json(400, &why)) } else { Fate::Pass }
    });
    let tries = || bench.writes().iter().filter(|call| call.holds("moved on")).count();
    bench.edit_notion(&page, "Notes", json!("moved on"));
    let id = deal_hold(&deal, "COMMENTS");
    let held = async || bench.hold(&id).await.is_some_and(|hold| matches!(hold.why, Why::Refused { .. }));
    bench.until("it is held", 120, held).await;
    bench.pass(7200).await;
    assert_eq!(tries(), 1, "not resent while nothing has changed");
    // Still refused after another change: once more, and no oftener.
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.pass(7200).await;
    assert_eq!(tries(), 2);
    assert!(held().await);
    bench.no_faults();
    bench.edit_notion(&page, "Amount", 4712);
    bench.until("it is taken", 120, async || bench.deal_field(&deal, "COMMENTS") == json!("moved on")).await;
    bench.settle().await;
    assert_eq!(bench.hold(&id).await, None);
}

#[tokio::test(start_paused = true)]
async fn another_input_has_all_its_tries_before_it() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    lock(&bench, &page);
    for (amount, tries) in [("4711", 3), ("4712", 6)] {
        bench.edit_deal(&deal, "OPPORTUNITY", amount);
        bench.pass(3 * 3600).await;
        assert_eq!((bench.writes().len(), set_aside(&bench.claims().await)), (tries, 1), "{amount}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_to_one_side_says_nothing_of_the_other() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    lock(&bench, &page);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.edit_notion(&page, "Notes", "from Notion");
    bench
        .until("the other way it flows", 300, async || bench.deal_field(&deal, "COMMENTS") == json!("from Notion"))
        .await;
    bench.pass(3 * 3600).await;
    let tries = bench.writes().iter().filter(|call| call.side == Side::Notion).count();
    assert!(tries <= 5, "{tries} tries");
    assert_eq!(set_aside(&bench.claims().await), 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_neither_side_lets_us_write_is_set_aside_after_as_many_tries_and_not_tried_without_end() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let path = format!("/v1/pages/{page}");
    bench.faults(move |call| match call.side {
        Side::Notion if call.is_update() && call.path == path => {
            Fate::Instead(notion_error(403, "restricted_resource", "this page is locked"))
        }
        Side::Crm if call.is_update() => {
            Fate::Instead(Response::json(403, &json!({"error": "ACCESS_DENIED", "error_description": "not yours"})))
        }
        _ => Fate::Pass,
    });
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.edit_notion(&page, "Notes", "from Notion");
    bench.pass(6 * 3600).await;
    let tries = bench.writes().len();
    assert!((2..=4).contains(&tries), "{tries} tries");
    assert_eq!(set_aside(&bench.claims().await), 1);
    bench.no_faults();
    bench.done(Command::Retry { id: HoldId::tie(&deal_tie(&deal)) }).await;
    let in_step = async || {
        bench.deal_field(&deal, "COMMENTS") == json!("from Notion") && bench.cell(&page, "Amount") == json!("4711")
    };
    bench.until("both flow again", 300, in_step).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_forbidden_everywhere_is_no_records_fault() {
    let bench = Bench::settled(Plan { office: (8, 0, 8, 0), ..Plan::default() }).await;
    bench.faults(|call| {
        let refused = call.side == Side::Notion && call.is_write();
        if refused { Fate::Instead(notion_error(403, "restricted_resource", "no update rights")) } else { Fate::Pass }
    });
    let contacts = bench.ids(Entity::Contact);
    for (at, contact) in contacts.iter().enumerate() {
        bench.edit_crm(Entity::Contact, contact, &[("NAME", json!(format!("Renamed {at}")))]);
    }
    bench.pass(4 * 3600).await;
    assert_eq!(set_aside(&bench.claims().await), 0);
    let tries = bench.writes().len();
    assert!((9..=8 * 50).contains(&tries), "{tries} tries: neither given up nor in a hurry");
    bench.no_faults();
    bench.pass(400).await;
    bench.settle().await;
    for (at, contact) in contacts.iter().enumerate() {
        let page = bench.page_of("contacts", contact).await.unwrap();
        assert!(bench.cell(&page, "Name").as_str().unwrap().contains(&format!("Renamed {at}")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_and_throttling_count_against_no_record() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    for (status, code) in [(401, "unauthorized"), (429, "rate_limited"), (503, "service_unavailable")] {
        bench.faults(move |call| {
            if call.side == Side::Notion { Fate::Instead(notion_error(status, code, "not now")) } else { Fate::Pass }
        });
        bench.edit_deal(&deal, "OPPORTUNITY", format!("{status}"));
        bench.pass(2 * 3600).await;
        bench.no_faults();
        bench.until("it arrives", 600, async || bench.cell(&page, "Amount") == json!(status.to_string())).await;
        assert!(bench.journal(Happening::Quarantined).await.is_empty());
    }
    bench.settle().await;
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_error_on_many_records_stops_the_pair_and_all_of_them_can_be_tried_again() {
    let mut bench = Bench::settled(Plan { office: (30, 0, 30, 0), ..Plan::prompt() }).await;
    let contacts = bench.ids(Entity::Contact);
    bench.faults(move |call| {
        let bad = call.side == Side::Notion && call.is_update();
        let message = format!("Name is expected to be rich_text, not \"{}\".", call.at);
        if bad { Fate::Instead(notion_error(400, "validation_error", &message)) } else { Fate::Pass }
    });
    for (at, contact) in contacts.iter().enumerate() {
        bench.edit_crm(Entity::Contact, contact, &[("NAME", json!(format!("Renamed {at}")))]);
        bench.pass(20).await;
    }
    let (what, _) = bench.guarded("contacts", 60).await;
    assert!(what.contains("21 records failed") && what.contains("mapping error"), "{what}");
    let sent = bench.writes().len();
    // The client looks at the schema once more after such an error, and sends once again.
    assert!(sent <= 2 * 22, "{sent}");
    bench.pass(4000).await;
    assert_eq!(bench.writes().len(), sent, "the pair is stopped");
    bench.crash().await;
    bench.start().await;
    bench.pass(4000).await;
    bench.guarded("contacts", 60).await;
    assert_eq!(bench.writes().len(), sent, "the pair is stopped after a restart too");
    bench.no_faults();
    bench.done(Command::Retry { id: HoldId { pair: "contacts".into(), crm: None, field: None } }).await;
    bench.until("nothing is held", 120, async || bench.claims().await.holds.is_empty()).await;
    bench.settle().await;
    let page = bench.page_of("contacts", &contacts[29]).await.unwrap();
    assert!(bench.cell(&page, "Name").as_str().unwrap().contains("Renamed 29"));
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_tried_again_when_the_schema_has_changed() {
    let timing = Timing { canary_every: Duration::from_secs(300), ..calm() };
    let mut bench = Bench::settled(Plan { timing, ..Plan::default() }).await;
    let (deal, page) = bench.deal().await;
    bench.faults(|call| {
        let bad = call.side == Side::Notion && call.is_update() && call.holds("4711");
        if bad { Fate::Instead(notion_error(400, "validation_error", "no such amount")) } else { Fate::Pass }
    });
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    let id = deal_hold(&deal, "OPPORTUNITY");
    bench.until("the amount is held", 120, async || bench.hold(&id).await.is_some()).await;
    bench.no_faults();
    bench.crash().await;
    bench.start().await;
    bench.pass(700).await;
    assert!(bench.hold(&id).await.is_some(), "the same again would be refused again, also after a restart");
    bench.reshape("deals", &json!({ "Amount": { "number": { "format": "euro" } } }));
    bench.reshape("deals", &json!({ "Amount": { "name": "Sum" } }));
    bench.until("it is tried again", 700, async || bench.cell(&page, "Sum") == json!("4711")).await;
    bench.settle().await;
    assert_eq!(bench.hold(&id).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_queue_tells_what_each_operation_waits_for_and_what_was_said_to_its_last_try() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    lock(&bench, &page);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.pass(120).await;
    let row = async || match &bench.list(List::Queue).await {
        Rows::Queue(rows) => rows.first().cloned().expect("nothing is planned"),
        other => panic!("{other:?}"),
    };
    let waiting = || bench.snapshot().waits.clone();
    // It has failed once, and nobody is typing.
    let failed = row().await;
    assert_eq!((failed.waits, failed.attempts, failed.state), (Wait::Retry, 1, QueueState::Quiet), "{failed:?}");
    let pause = failed.due.expect("it is tried again").duration_since(bench.now()).as_secs();
    assert!((60..=300).contains(&pause), "again in {pause} s");
    assert!(failed.said.contains("this page is locked"), "{}", failed.said);
    assert!(waiting().contains(&("another try".to_owned(), 1)), "{:?}", waiting());
    // A pair that somebody paused is what it waits for first of all.
    bench.done(Command::Pause { pair: "deals".into() }).await;
    let paused = row().await;
    assert_eq!((paused.waits, paused.due, paused.attempts), (Wait::Paused, None, 1));
    assert!(paused.said.contains("by anna since"), "{}", paused.said);
    bench.pass(1).await;
    assert!(waiting().contains(&("a paused pair".to_owned(), 1)), "{:?}", waiting());
    bench.done(Command::Resume { pair: "deals".into() }).await;
    // Set aside: no moment at which it goes on, the tries, the last error.
    bench.pass(3 * 3600).await;
    let aside = row().await;
    assert_eq!((aside.waits, aside.due, aside.attempts), (Wait::SetAside, None, 3), "{aside:?}");
    assert!(aside.said.contains("this page is locked"), "{}", aside.said);
    // Held back by somebody is another thing.
    bench.edit_deal(&deal, "OPPORTUNITY", "4712");
    bench.until("it is tried with the new value", 600, async || row().await.waits == Wait::Retry).await;
    bench.done(Command::Park { pair: "deals".into(), side: Side::Notion, record: page.as_str().into() }).await;
    bench.edit_deal(&deal, "OPPORTUNITY", "4713");
    let held = async || matches!(&bench.list(List::Queue).await, Rows::Queue(rows) if rows.first().is_some_and(|row| row.waits == Wait::HeldBack && row.due.is_none() && row.said == "by anna"));
    bench.until("it is held back", 600, held).await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_side_that_asked_us_to_wait_says_so_and_until_when() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, _) = bench.deal().await;
    let busy = Response::json(429, &json!({"object": "error", "code": "rate_limited", "message": "later"}));
    let busy = Fate::Instead(busy.header("retry-after", "500"));
    bench.once(|call| call.side == Side::Notion && call.is_update(), busy);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("it was told to wait", 60, async || !bench.writes().is_empty()).await;
    bench.pass(5).await;
    let until = bench.snapshot().sides.notion.headroom.gated_until().expect("nothing leaves");
    assert!(until.duration_since(bench.now()).as_secs() > 450);
    let sent = bench.writes().len();
    let other = bench.ids(Entity::Deal)[1].clone();
    bench.edit_deal(&other, "OPPORTUNITY", "4712");
    let waits = async || match bench.list(List::Queue).await {
        Rows::Queue(rows) => rows.into_iter().map(|row| (row.record, row.waits, row.due, row.said)).collect::<Vec<_>>(),
        rows => panic!("{rows:?}"),
    };
    let both = async || waits().await.iter().filter(|(_, waits, ..)| *waits == Wait::Side).count() == 2;
    bench.until("both say what they wait for", 120, both).await;
    for (record, _, due, said) in waits().await {
        assert_eq!(due, Some(until), "{record}");
        assert!(said.contains("asked us to send nothing"), "{record}: {said}");
    }
    assert_eq!(bench.writes().len(), sent);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_side_in_trouble_says_so_and_until_when() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, _) = bench.deal().await;
    bench.faults(|call| {
        let refused = call.side == Side::Notion && call.is_write();
        if refused { Fate::Instead(notion_error(503, "service_unavailable", "out of order")) } else { Fate::Pass }
    });
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    let said = async || match &bench.list(List::Queue).await {
        Rows::Queue(rows) => {
            rows.iter().any(|row| row.waits == Wait::Side && row.due.is_some_and(|due| due > bench.now()))
        }
        other => panic!("{other:?}"),
    };
    bench.until("its side is what it waits for", 600, said).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_set_aside_carries_what_its_sides_table_says_of_the_error() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    lock(&bench, &page);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.pass(3 * 3600).await;
    let Rows::Holds(rows) = bench.list(List::Quarantined).await else { panic!() };
    let table = crosstie::remote::notion::errors::of("restricted_resource").unwrap().means;
    assert_eq!(rows.iter().map(|row| row.means.as_str()).collect::<Vec<_>>(), [table]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_record_that_somebody_holds_back_is_not_tried_again() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    lock(&bench, &page);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.pass(120).await;
    let record = page.as_str().into();
    bench.done(Command::Park { pair: "deals".into(), side: Side::Notion, record }).await;
    bench.forget_calls();
    bench.no_faults();
    bench.pass(3 * 3600).await;
    assert!(bench.writes().is_empty(), "{:#?}", bench.writes());
    bench.done(Command::Retry { id: HoldId::tie(&deal_tie(&deal)) }).await;
    bench.until("it flows again", 300, async || bench.cell(&page, "Amount") == json!("4711")).await;
}
