//! A third tool that keeps putting its own value where we write ours.

use crosstie::control::Command;
use crosstie::mapping::Direction;
use crosstie::model::{Side, Why};
use crosstie::seam::{Method, Request, Response};
use crosstie::standin::StandIn;
use serde_json::json;

use crate::harness::{Bench, Plan, deal_hold};
use crate::wire::Fate;

/// Amounts go to Notion and not back, so that whatever stands there is written over.
fn one_way() -> Plan {
    Plan {
        pairs: |pairs| {
            for field in pairs.iter_mut().flat_map(|pair| &mut pair.fields) {
                if field.key.as_str() == "OPPORTUNITY" {
                    field.direction = Direction::CrmToNotion;
                }
            }
        },
        ..Plan::default()
    }
}

async fn arrives(bench: &Bench, page: &str, amount: &str) {
    bench.until("our amount is there", 60, async || bench.cell(page, "Amount") == json!(amount)).await;
}

fn sent(bench: &Bench, amount: &str) -> usize {
    bench.writes().iter().filter(|call| call.holds(amount)).count()
}

#[tokio::test(start_paused = true)]
async fn a_value_that_a_third_tool_keeps_rewriting_is_written_three_times_and_then_held() {
    let bench = Bench::settled(one_way()).await;
    let (deal, page) = bench.deal().await;
    let id = deal_hold(&deal, "OPPORTUNITY");
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    for _ in 0..3 {
        arrives(&bench, &page, "4711").await;
        bench.edit_notion(&page, "Amount", 1);
    }
    bench.until("it is held", 60, async || bench.hold(&id).await.is_some()).await;
    assert!(matches!(bench.hold(&id).await.unwrap().why, Why::Fighting { .. }));
    bench.pass(7200).await;
    assert_eq!((sent(&bench, "4711"), bench.cell(&page, "Amount")), (3, json!("1")));
}

#[tokio::test(start_paused = true)]
async fn another_try_on_one_record_forgets_no_fight_on_another() {
    let bench = Bench::settled(one_way()).await;
    let deals = bench.ids(crosstie::standin::bitrix24::Entity::Deal);
    let (one, other) = (deals[0].clone(), deals[1].clone());
    let page = bench.page_of("deals", &one).await.unwrap();
    let other_page = bench.page_of("deals", &other).await.unwrap();
    bench.edit_deal(&one, "OPPORTUNITY", "4711");
    bench.edit_deal(&other, "OPPORTUNITY", "815");
    for _ in 0..2 {
        arrives(&bench, &page, "4711").await;
        arrives(&bench, &other_page, "815").await;
        bench.edit_notion(&page, "Amount", 1);
        bench.edit_notion(&other_page, "Amount", 1);
    }
    arrives(&bench, &page, "4711").await;
    arrives(&bench, &other_page, "815").await;
    bench.edit_notion(&page, "Amount", 1);
    let id = deal_hold(&one, "OPPORTUNITY");
    bench.until("it is held", 60, async || bench.hold(&id).await.is_some()).await;
    bench.done(Command::Retry { id }).await;
    arrives(&bench, &page, "4711").await;
    bench.edit_notion(&other_page, "Amount", 1);
    let id = deal_hold(&other, "OPPORTUNITY");
    bench.until("the other is held", 60, async || bench.hold(&id).await.is_some()).await;
    assert_eq!(sent(&bench, "815"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_the_side_makes_another_of_each_time_is_sent_three_times_and_then_held() {
    let bench = Bench::settled(one_way()).await;
    let (deal, page) = bench.deal().await;
    let id = deal_hold(&deal, "OPPORTUNITY");
    let notion = bench.wires.notion.clone();
    let mut next = 0;
    bench.faults(move |call| {
        if call.side != Side::Notion || !call.holds("4711") {
            return Fate::Pass;
        }
        // A robot over there: the page it answers with holds yet another amount.
        next += 1;
        let request = Request::new(Method::Get, format!("/v1/pages/{page}"))
            .header("authorization", format!("Bearer {}", notion.lock().unwrap().token()))
            .header("notion-version", "2026-03-11");
        let answer = notion.lock().unwrap().handle(&request, call.at);
        let mut shown: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        shown["properties"]["Amount"]["number"] = json!(next);
        Fate::Instead(Response::json(200, &shown))
    });
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("it is held", 600, async || bench.hold(&id).await.is_some()).await;
    assert!(matches!(bench.hold(&id).await.unwrap().why, Why::Fighting { .. }));
    bench.pass(7200).await;
    assert_eq!(sent(&bench, "4711"), 3);
}
