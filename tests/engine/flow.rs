//! What people change arrives, and nothing else is written.

use crosstie::model::{Happening, Side};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan};
use crate::wire::Fate;

#[tokio::test(start_paused = true)]
async fn an_edit_in_the_crm_arrives_in_notion_and_is_the_only_write() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    let before = bench.now();
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("the amount is in Notion", 60, async || bench.cell(&page, "Amount") == json!("4711")).await;
    bench.pass(600).await;
    let edits = bench.api_edits(before);
    assert_eq!(edits.len(), 1, "{edits:#?}");
    assert_eq!((edits[0].object.as_str(), edits[0].field.as_str()), (page.as_str(), "Amount"));
    assert_eq!(bench.writes().len(), 1, "an echo was written back: {:#?}", bench.writes());
}

#[tokio::test(start_paused = true)]
async fn an_edit_in_notion_arrives_in_the_crm_and_is_the_only_write() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    let before = bench.now();
    bench.edit_notion(&page, "Deadline", "2026-07-01");
    let there = async || bench.deal_field(&deal, "UF_CRM_DEADLINE") == json!("2026-07-01");
    bench.until("the deadline is in the CRM", 60, there).await;
    bench.pass(600).await;
    let edits = bench.api_edits(before);
    assert_eq!(edits.len(), 1, "{edits:#?}");
    assert_eq!((edits[0].object.as_str(), edits[0].field.as_str()), (deal.as_str(), "UF_CRM_DEADLINE"));
    assert_eq!(bench.writes().len(), 1, "an echo was written back: {:#?}", bench.writes());
}

#[tokio::test(start_paused = true)]
async fn an_idle_pair_costs_one_request_a_poll_and_data_source() {
    let bench = Bench::settled(Plan::prompt()).await;
    let per_side = |side: Side| bench.calls().iter().filter(|call| call.side == side).count();
    bench.pass(1800).await;
    assert!(bench.writes().is_empty());
    // Two entities each; half an hour has 180 polls of ten seconds and 120 of fifteen. Schemas and people come hourly.
    let hourly = |side: Side| {
        let calls = bench.calls();
        calls.iter().filter(|call| call.side == side && !call.is_listing()).count()
    };
    assert!(hourly(Side::Crm) <= 12 && hourly(Side::Notion) <= 12, "{:#?}", bench.calls());
    assert!(per_side(Side::Crm) <= 2 * 180 + 16, "{}", per_side(Side::Crm));
    assert!(per_side(Side::Notion) <= 2 * 120 + 16, "{}", per_side(Side::Notion));
}

#[tokio::test(start_paused = true)]
async fn a_second_edit_in_the_same_minute_is_not_lost() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    // Ten seconds into a minute, so that both edits and a listing between them have one stamp.
    let past = bench.now().as_second().rem_euclid(60);
    bench.pass(u64::try_from(70 - past).unwrap()).await;
    bench.edit_notion(&page, "Amount", 100);
    bench.until("the first is in the CRM", 40, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("100")).await;
    bench.edit_notion(&page, "Amount", 200);
    bench.until("the second is too", 120, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("200")).await;
}

#[tokio::test(start_paused = true)]
async fn half_typed_text_waits_for_quiet_and_never_reaches_the_crm() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    let before = bench.now();
    for typed in ["Ship", "Ship the n", "Ship the new sh", "Ship the new shop"] {
        bench.edit_notion(&page, "Name", typed);
        bench.pass(16).await;
    }
    bench
        .until("the title is in the CRM", 120, async || bench.deal_field(&deal, "TITLE") == json!("Ship the new shop"))
        .await;
    let titles: Vec<_> =
        bench.api_edits(before).into_iter().filter(|entry| entry.object == deal && entry.field == "TITLE").collect();
    assert_eq!(titles.len(), 1, "{titles:#?}");
}

#[tokio::test(start_paused = true)]
async fn typing_without_end_is_written_after_the_longest_deferral() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    for word in 0..28 {
        bench.edit_notion(&page, "Name", format!("Words without end {word}"));
        bench.pass(15).await;
    }
    let title = bench.deal_field(&deal, "TITLE");
    assert!(title.as_str().unwrap().starts_with("Words without end"), "{title}");
}

#[tokio::test(start_paused = true)]
async fn a_person_added_on_both_sides_is_tied_and_not_created() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (contacts, pages) = (bench.ids(Entity::Contact).len(), bench.pages("contacts").len());
    let page = bench.add_page("contacts", &[("Name", json!("Nora Quist")), ("Email", json!("nora@quist.example"))]);
    let contact = bench.add_crm(
        Entity::Contact,
        &[("NAME", json!("Nora")), ("LAST_NAME", json!("Quist")), ("EMAIL", json!("Nora@Quist.example"))],
    );
    bench.until("they are tied", 120, async || bench.page_of("contacts", &contact).await.as_ref() == Some(&page)).await;
    bench.settle().await;
    assert_eq!(bench.ids(Entity::Contact).len(), contacts + 1);
    assert_eq!(bench.pages("contacts").len(), pages + 1);
    assert!(bench.creates().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_edit_costs_two_requests_on_the_side_that_is_written() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    // A first write wakes the canary; what comes after it is the steady state.
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.settle().await;
    let spent = |side: Side| bench.calls().iter().filter(|call| call.side == side && !call.is_listing()).count();
    bench.forget_calls();
    bench.edit_deal(&deal, "OPPORTUNITY", "4712");
    bench.until("Notion shows it", 60, async || bench.cell(&page, "Amount") == "4712").await;
    assert_eq!(spent(Side::Notion), 2, "{:#?}", bench.calls());
    bench.settle().await;
    bench.forget_calls();
    bench.edit_notion(&page, "Amount", "4713");
    bench.until("the CRM shows it", 60, async || bench.deal_field(&deal, "OPPORTUNITY") == "4713").await;
    assert!(spent(Side::Crm) <= 2, "{:#?}", bench.calls());
}

#[tokio::test(start_paused = true)]
async fn what_a_listing_showed_while_its_record_was_being_written_is_read_before_the_write_ends() {
    let mut plan = Plan::prompt();
    plan.timing.overlap = std::time::Duration::ZERO;
    plan.timing.hot_lag = std::time::Duration::ZERO;
    let bench = Bench::settled(plan).await;
    let (deal, page) = bench.deal().await;
    bench.once(|call| call.side == Side::Crm && call.is_write(), Fate::LostRequest);
    bench.edit_notion(&page, "Notes", "worked on");
    bench.until("the write is out", 120, async || bench.writes().len() == 1).await;
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    let seen = async || {
        let seen = bench.journal(Happening::Seen).await;
        seen.iter().any(|event| event.field.as_ref().is_some_and(|key| key.as_str() == "OPPORTUNITY"))
    };
    bench.until("it is seen", 45, seen).await;
    bench.until("it flows", 300, async || bench.cell(&page, "Amount") == json!("4711")).await;
    bench.until("and so does the other", 300, async || bench.deal_field(&deal, "COMMENTS") == json!("worked on")).await;
}
