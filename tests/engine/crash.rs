//! The process dies at any moment and starts again on what had reached the disk.

use crosstie::model::{Happening, Side, Value};
use crosstie::seam::Response;
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan};
use crate::wire::{Clock, Fate};

#[tokio::test(start_paused = true)]
async fn after_a_crash_right_after_a_create_left_it_is_probed_and_not_doubled() {
    for millis in [0, 10, 30, 50, 2_000] {
        let mut bench = Bench::settled(Plan::default()).await;
        let pages = bench.pages("contacts").len();
        let ida = bench.add_crm(Entity::Contact, &[("NAME", json!("Ida")), ("EMAIL", json!("ida@hall.example"))]);
        while bench.creates().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
        bench.crash().await;
        bench.pass(30).await;
        bench.start().await;
        bench.until("it is tied", 1200, async || bench.page_of("contacts", &ida).await.is_some()).await;
        bench.settle().await;
        assert_eq!(bench.creates().len(), 1, "crash {millis} ms after the send");
        assert_eq!(bench.pages("contacts").len(), pages + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fills_at_any_flush_stops_the_engine_and_loses_and_doubles_nothing() {
    for flushes in [0, 1, 2, 4, 7, 11] {
        let mut bench = Bench::settled(Plan::default()).await;
        let (deal, page) = bench.deal().await;
        let pages = bench.pages("contacts").len();
        bench.edit_deal(&deal, "OPPORTUNITY", "4711");
        bench.edit_notion(&page, "Notes", "worked on");
        let ida = bench.add_crm(Entity::Contact, &[("NAME", json!("Ida")), ("EMAIL", json!("ida@hall.example"))]);
        let why = bench.fill_disk_after(flushes).await;
        assert!(why.contains("no space left on device") && why.contains("could not remember"), "{why}");
        assert!(why.contains("make room on its disk"), "it says no way back: {why}");
        // What was on its way when it stopped arrives; nothing else leaves.
        bench.pass(5).await;
        let sent = bench.writes().len();
        bench.pass(60).await;
        assert_eq!(bench.writes().len(), sent, "it went on without a store, after {flushes} flushes");
        bench.start().await;
        bench.until("it is tied", 1200, async || bench.page_of("contacts", &ida).await.is_some()).await;
        bench.settle().await;
        assert_eq!((bench.creates().len(), bench.pages("contacts").len()), (1, pages + 1), "{flushes} flushes");
        assert_eq!(bench.cell(&page, "Amount"), json!("4711"), "{flushes} flushes");
        assert_eq!(bench.deal_field(&deal, "COMMENTS"), json!("worked on"), "{flushes} flushes");
        assert!(bench.claims().await.holds.is_empty());
    }
}

/// What a mount that has become read-only answers is simulated by the store's twin in memory: nobody can make a real one
/// read-only under files that are open. `tests/processes` starts the program on a real one.
#[tokio::test(start_paused = true)]
async fn a_disk_that_becomes_read_only_stops_the_engine_and_it_goes_on_where_it_was() {
    for flushes in [0, 3, 6] {
        let mut bench = Bench::settled(Plan::default()).await;
        let (deal, page) = bench.deal().await;
        bench.edit_deal(&deal, "OPPORTUNITY", "4711");
        bench.edit_notion(&page, "Notes", "worked on");
        let why = bench.break_disk_after(flushes, "Read-only file system (os error 30)").await;
        assert!(why.contains("Read-only file system") && why.contains("could not remember"), "{why}");
        assert!(why.contains("mount it writable again") && why.contains("start again"), "it says no way back: {why}");
        bench.pass(5).await;
        let sent = bench.writes().len();
        bench.pass(60).await;
        assert_eq!(bench.writes().len(), sent, "it went on without a store, after {flushes} flushes");
        bench.start().await;
        bench.settle().await;
        assert_eq!(bench.cell(&page, "Amount"), json!("4711"), "{flushes} flushes");
        assert_eq!(bench.deal_field(&deal, "COMMENTS"), json!("worked on"), "{flushes} flushes");
        assert!(bench.claims().await.holds.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn crashes_at_many_moments_while_people_edit_lose_and_double_nothing() {
    for offset in 0..8_u64 {
        let mut bench = Bench::settled(Plan::default()).await;
        let (deal, page) = bench.deal().await;
        let contacts = bench.ids(Entity::Contact).len();
        for round in 0..6_u64 {
            bench.edit_deal(&deal, "OPPORTUNITY", format!("{}", 1000 + round));
            bench.edit_notion(&page, "Notes", format!("round {round}"));
            if round % 3 == 0 {
                let email = format!("new{round}@hall.example");
                bench.add_crm(Entity::Contact, &[("NAME", json!("New")), ("EMAIL", json!(email))]);
            }
            let pause = 3_000 + offset * 1_370 + round * 411;
            tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
            bench.crash().await;
            bench.pass(round % 2).await;
            bench.start().await;
        }
        bench.settle().await;
        bench.pass(700).await;
        bench.settle().await;
        assert_eq!(
            (bench.deal_field(&deal, "OPPORTUNITY"), bench.cell(&page, "Amount")),
            (json!("1005"), json!("1005"))
        );
        let notes = (bench.deal_field(&deal, "COMMENTS"), bench.cell(&page, "Notes"));
        assert_eq!(notes, (json!("round 5"), json!("round 5")), "offset {offset}");
        assert_eq!(bench.ids(Entity::Contact).len(), contacts + 2);
        assert_eq!(bench.pages("contacts").len(), contacts + 2, "offset {offset}");
        let claims = bench.claims().await;
        assert!(claims.holds.is_empty() && claims.intents.is_empty(), "{:#?} {:#?}", claims.holds, claims.intents);
    }
}

#[tokio::test(start_paused = true)]
async fn an_orderly_shutdown_finishes_what_is_in_flight_and_begins_nothing() {
    let mut bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.once(
        |call| call.side == Side::Notion && call.is_update(),
        Fate::SlowAnswer(std::time::Duration::from_secs(20)),
    );
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    while bench.writes().is_empty() {
        bench.pass(1).await;
    }
    bench.edit_deal(&deal, "COMMENTS", "later");
    bench.shut_down().await;
    assert_eq!(bench.writes().len(), 1);
    bench.start().await;
    assert!(bench.claims().await.intents.is_empty(), "the answer was not waited for");
    bench.settle().await;
    assert_eq!((bench.cell(&page, "Amount"), bench.cell(&page, "Notes")), (json!("4711"), json!("later")));
    assert_eq!(bench.writes().iter().filter(|call| call.holds("4711")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_orderly_shutdown_drops_a_write_that_waits_for_its_turn_and_the_next_start_does_it() {
    let mut bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let before = bench.cell(&page, "Amount");
    let busy = Response::json(429, &json!({"object": "error", "code": "rate_limited", "message": "later"}));
    bench.once(|call| call.side == Side::Notion && call.is_update(), Fate::Instead(busy.header("retry-after", "500")));
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("it was told to wait", 60, async || !bench.writes().is_empty()).await;
    bench.pass(5).await;
    let told = bench.now();
    bench.shut_down().await;
    assert!(bench.now().duration_since(told).as_secs() < 2, "it waited out a Retry-After");
    assert_eq!((bench.writes().len(), bench.cell(&page, "Amount")), (1, before));
    bench.start().await;
    assert!(bench.claims().await.intents.is_empty(), "a write that was never done is doubted");
    bench.settle().await;
    assert_eq!(bench.cell(&page, "Amount"), json!("4711"));
    assert_eq!(bench.writes().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_while_nothing_ran_is_told_with_what_it_was() {
    let mut bench = Bench::settled(Plan::default()).await;
    let told = async |bench: &Bench| {
        let mut lines = bench.journal(Happening::System).await;
        lines.retain(|line| line.note.contains("set back"));
        lines
    };
    bench.crash().await;
    bench.start().await;
    assert!(told(&bench).await.is_empty(), "it was not");
    bench.crash().await;
    let (was, now) = (bench.now(), bench.now() - jiff::SignedDuration::from_hours(2));
    bench.wires.clock = Clock::starting(now);
    bench.start().await;
    let [line] = told(&bench).await.try_into().unwrap();
    let (Some(Value::DateTime(before)), Some(Value::DateTime(after))) = (line.before, line.after) else { panic!() };
    assert!(before <= was && before > now && after == now, "{before} {after}");
    bench.crash().await;
    bench.start().await;
    assert_eq!(told(&bench).await.len(), 1, "once");
}
