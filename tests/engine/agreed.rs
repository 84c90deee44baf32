//! What both sides agree on is as old as the older of the two readings; yet what nobody has edited is no edit.

use std::time::Duration;

use crosstie::model::Side;
use crosstie::seam::Response;
use crosstie::standin::bitrix24::Entity;
use jiff::SignedDuration;
use serde_json::json;

use crate::harness::{Bench, Plan, deal_hold};
use crate::wire::{Call, Fate};

/// One side's deals can be listed only some minutes later than the other's.
fn late(bench: &Bench, side: Side) {
    let (source, until) = (bench.source("deals"), bench.now() + SignedDuration::from_secs(200));
    let oops = || Response::json(500, &json!({"object": "error", "error": "INTERNAL_SERVER_ERROR", "code": "oops"}));
    bench.faults(move |call| {
        let deals = if side == Side::Crm { call.body["entityTypeId"] == 2 } else { call.holds(&source) };
        let late = call.side == side && call.is_listing() && deals && call.at < until;
        if late { Fate::Instead(oops()) } else { Fate::Pass }
    });
}

#[tokio::test(start_paused = true)]
async fn after_the_first_contact_an_edit_crosses_whichever_side_was_read_first() {
    for (later, edited) in
        [(Side::Crm, Side::Crm), (Side::Crm, Side::Notion), (Side::Notion, Side::Crm), (Side::Notion, Side::Notion)]
    {
        let mut bench = Bench::new(Plan::default());
        late(&bench, later);
        bench.start().await;
        bench.pass(400).await;
        bench.settle().await;
        let (deal, page) = bench.deal().await;
        let crossed = |value: &str| {
            (bench.deal_field(&deal, "OPPORTUNITY"), bench.cell(&page, "Amount")) == (json!(value), json!(value))
        };
        match edited {
            Side::Crm => bench.edit_deal(&deal, "OPPORTUNITY", "4711"),
            Side::Notion => bench.edit_notion(&page, "Amount", 4711),
        }
        bench.until(&format!("{edited}'s edit crosses, with {later} read later"), 120, async || crossed("4711")).await;
        assert!(bench.claims().await.holds.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_column_that_is_mapped_later_makes_no_conflict_of_the_next_edit() {
    for later in Side::BOTH {
        let plan =
            Plan { pairs: |pairs| pairs[1].fields.retain(|it| it.key.as_str() != "OPPORTUNITY"), ..Plan::default() };
        let mut bench = Bench::settled(plan).await;
        bench.shut_down().await;
        bench.specs = crosstie::sim::pairs(&bench.facts);
        late(&bench, later);
        bench.start().await;
        bench.pass(400).await;
        bench.settle().await;
        let (deal, page) = bench.deal().await;
        bench.edit_deal(&deal, "OPPORTUNITY", "4711");
        bench.until("it crosses", 120, async || bench.cell(&page, "Amount") == json!("4711")).await;
        assert!(bench.hold(&deal_hold(&deal, "OPPORTUNITY")).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_edit_on_both_sides_is_agreed_on_soon_and_the_next_one_crosses() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    for round in 1..=3_u32 {
        let amount = 100 * round;
        bench.edit_notion(&page, "Amount", amount);
        bench.edit_deal(&deal, "OPPORTUNITY", amount.to_string());
        bench.settle().await;
        bench.edit_deal(&deal, "OPPORTUNITY", (amount + 1).to_string());
        let crossed = async || bench.cell(&page, "Amount") == json!((amount + 1).to_string());
        bench.until("the next edit crosses", 120, crossed).await;
        bench.settle().await;
    }
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_edit_taken_back_is_agreed_on_soon_and_the_next_one_crosses() {
    // Nobody looks at the CRM's record but by id: it does not change.
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let agreed: f64 = bench.cell(&page, "Amount").as_str().unwrap().parse().unwrap();
    // The write cannot leave, so that the edit is seen both ways and never crosses.
    bench.faults(|call| if call.side == Side::Crm && call.is_write() { Fate::NotSent } else { Fate::Pass });
    bench.edit_notion(&page, "Amount", 4711);
    bench.pass(25).await;
    bench.edit_notion(&page, "Amount", agreed);
    bench.pass(90).await;
    bench.no_faults();
    bench.settle().await;
    bench.edit_deal(&deal, "OPPORTUNITY", "12");
    bench.until("it crosses", 120, async || bench.cell(&page, "Amount") == json!("12")).await;
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn edits_that_meet_before_either_was_read_again_are_still_held() {
    // Notion is edited and back again; the CRM is edited before anybody has read it since.
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let agreed: f64 = bench.cell(&page, "Amount").as_str().unwrap().parse().unwrap();
    let crm_is_down = |call: &Call| if call.side == Side::Crm { Fate::NotSent } else { Fate::Pass };
    bench.faults(crm_is_down);
    bench.edit_notion(&page, "Amount", 4711);
    bench.pass(40).await;
    bench.edit_notion(&page, "Amount", agreed);
    bench.pass(40).await;
    bench.edit_crm(Entity::Deal, &deal, &[("OPPORTUNITY", json!("12"))]);
    bench.no_faults();
    let held = async || bench.hold(&deal_hold(&deal, "OPPORTUNITY")).await.is_some();
    bench.until("it is held", 1200, held).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(bench.deal_field(&deal, "OPPORTUNITY"), json!("12"));
    assert_eq!(bench.cell(&page, "Amount"), json!(agreed.to_string()));
}
