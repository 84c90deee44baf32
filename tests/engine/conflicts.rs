//! Both sides changed: held, shown, decided.

use crosstie::control::{Command, List, Query, Reply, Resolution};
use crosstie::model::{Event, Happening, Side, Why};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, deal_hold};

/// A deal whose amount was changed on both sides between two looks: 100 in the CRM, 200 in Notion.
async fn quarrel() -> (Bench, String, String) {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    bench.edit_deal(&deal, "OPPORTUNITY", "100");
    bench.edit_notion(&page, "Amount", 200);
    let held = async || bench.hold(&deal_hold(&deal, "OPPORTUNITY")).await.is_some();
    // Both were edited in one moment, but are not read in one: the side read first must not win.
    bench.until("the amount is held", 60, held).await;
    (bench, deal, page)
}

async fn values(bench: &Bench, deal: &str, page: &str) -> (serde_json::Value, serde_json::Value) {
    (bench.deal_field(deal, "OPPORTUNITY"), bench.cell(page, "Amount"))
}

#[tokio::test(start_paused = true)]
async fn both_sides_edited_differently_is_held_and_other_fields_flow() {
    let (bench, deal, page) = quarrel().await;
    bench.edit_deal(&deal, "COMMENTS", "flows");
    bench.until("the note is in Notion", 60, async || bench.cell(&page, "Notes") == json!("flows")).await;
    assert_eq!(values(&bench, &deal, &page).await, (json!("100"), json!("200")));
    let hold = bench.hold(&deal_hold(&deal, "OPPORTUNITY")).await.unwrap();
    assert!(matches!(hold.why, Why::Conflict { base: Some(_), .. }), "{hold:?}");
}

#[tokio::test(start_paused = true)]
async fn forcing_a_side_writes_its_value_and_spends_the_decision() {
    for side in Side::BOTH {
        let (bench, deal, page) = quarrel().await;
        let id = deal_hold(&deal, "OPPORTUNITY");
        let shown = bench.shown(&id).await;
        bench.done(Command::Resolve { items: vec![Resolution::Force { id: id.clone(), shown, side }] }).await;
        let wanted = if side == Side::Crm { json!("100") } else { json!("200") };
        let both = (wanted.clone(), wanted.clone());
        bench.until("both hold the winner", 60, async || values(&bench, &deal, &page).await == both).await;
        bench.settle().await;
        assert_eq!(bench.hold(&id).await, None);
        assert_eq!(bench.journal(Happening::Settled).await.len(), 1);
        // The decision is spent: the next edit of the loser goes its way.
        bench.edit_notion(&page, "Amount", 999);
        bench.until("it flows", 60, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("999")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_set_by_the_operator_is_written_on_both_sides() {
    let (bench, deal, page) = quarrel().await;
    let id = deal_hold(&deal, "OPPORTUNITY");
    let shown = bench.shown(&id).await;
    let text = "150".to_owned();
    bench.done(Command::Resolve { items: vec![Resolution::Set { id: id.clone(), shown, text }] }).await;
    let both = (json!("150"), json!("150"));
    bench.until("both hold it", 60, async || values(&bench, &deal, &page).await == both).await;
    bench.settle().await;
    assert_eq!(bench.hold(&id).await, None);
    assert_eq!(bench.writes().iter().filter(|call| call.holds("150")).count(), 2);
    // One story: what was held, decided and written on both sides, and our own value as it was read back.
    let held = bench.journal(Happening::Held).await.remove(0);
    let field = |event: &Event| event.field == held.field && event.crm == held.crm && event.seq >= held.seq;
    for what in [Happening::Held, Happening::Decided, Happening::Wrote, Happening::Seen, Happening::Settled] {
        let apart = bench.journal(what).await.into_iter().find(|event| field(event) && event.edit != held.edit);
        assert_eq!(apart, None);
    }
    assert!(held.edit.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_decision_about_values_that_moved_is_answered_changed_and_does_nothing() {
    let (bench, deal, page) = quarrel().await;
    let id = deal_hold(&deal, "OPPORTUNITY");
    let shown = bench.shown(&id).await;
    bench.edit_notion(&page, "Amount", 300);
    let moved = async || bench.shown(&id).await != shown;
    bench.until("the hold shows the new value", 60, moved).await;
    let stale = Resolution::Force { id: id.clone(), shown: shown.clone(), side: Side::Crm };
    let reply = bench.command(Command::Resolve { items: vec![stale] }).await;
    assert!(matches!(&reply, Reply::Changed { ids, .. } if *ids == [id]), "{reply:?}");
    bench.settle().await;
    assert_eq!(values(&bench, &deal, &page).await, (json!("100"), json!("300")));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_moves_before_a_decision_is_carried_out_is_not_overwritten() {
    let (bench, deal, page) = quarrel().await;
    let id = deal_hold(&deal, "OPPORTUNITY");
    let shown = bench.shown(&id).await;
    // After the last look at the page, and before the pre-read of the write.
    bench.edit_notion(&page, "Amount", 300);
    let force = Resolution::Force { id: id.clone(), shown, side: Side::Crm };
    bench.done(Command::Resolve { items: vec![force] }).await;
    bench.settle().await;
    assert_eq!(values(&bench, &deal, &page).await, (json!("100"), json!("300")));
    assert!(bench.hold(&id).await.is_some());
    assert_eq!(bench.journal(Happening::Lapsed).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn kept_as_it_is_means_nothing_is_written_until_a_value_moves() {
    let (bench, deal, page) = quarrel().await;
    let id = deal_hold(&deal, "OPPORTUNITY");
    let shown = bench.shown(&id).await;
    bench.done(Command::Resolve { items: vec![Resolution::Keep { id: id.clone(), shown }] }).await;
    bench.settle().await;
    assert_eq!(values(&bench, &deal, &page).await, (json!("100"), json!("200")));
    assert_eq!(bench.hold(&id).await, None);
    bench.edit_notion(&page, "Amount", 300);
    bench.until("it is shown again", 60, async || bench.hold(&id).await.is_some()).await;
    assert_eq!(bench.deal_field(&deal, "OPPORTUNITY"), json!("100"));
}

#[tokio::test(start_paused = true)]
async fn a_filter_of_very_many_holds_lets_others_have_their_answers_and_knows_what_came_and_went() {
    let bench = Bench::settled(Plan { office: (1, 180, 1, 0), ..Plan::prompt() }).await;
    let mut pages = Vec::new();
    for deal in bench.ids(Entity::Deal) {
        let page = bench.page_of("deals", &deal).await.unwrap();
        bench.edit_deal(&deal, "OPPORTUNITY", "100");
        bench.edit_notion(&page, "Amount", 200);
        pages.push((deal, page));
    }
    bench.until("all are held", 600, async || bench.snapshot().conflicts == 180).await;
    let filtered = |filter: &str| Query { limit: 5, filter: filter.into(), ..Query::all(List::Holds) };
    let found = async |filter: &str| bench.query(filtered(filter)).await.total;
    let (first, others) = bench.answered_meanwhile(&filtered("Conflict")).await;
    assert_eq!(first.total, 180);
    assert!(others >= 2, "{others} others were answered while all were judged");
    let (again, others) = bench.answered_meanwhile(&filtered("Conflict")).await;
    assert_eq!((again, others), (first, 0), "and not again at once");
    // Two filters at the same time, of which neither undoes the other's work.
    let (amounts, zebras) = tokio::join!(bench.query(filtered("amount")), bench.query(filtered("zebra")));
    assert_eq!((amounts.total, zebras.total), (180, 0));

    // Whoever asked went before all were judged: what was found so far is not believed later.
    let zebu = filtered("zebu");
    tokio::select! { biased; _ = bench.query(zebu.clone()) => panic!("at once"), _ = bench.query(Query::all(List::Queue)) => {} }
    let (_, judged) = pages.iter().max().unwrap();
    bench.edit_notion(judged, "Name", "Zebu");
    bench.settle().await;
    bench.pass(6).await;
    assert_eq!(found("zebu").await, 1);

    let [(deal, page), (other, of_other), ..] = &pages[..] else { panic!() };
    bench.edit_deal(deal, "COMMENTS", "one");
    bench.edit_notion(page, "Notes", "two");
    bench.edit_notion(of_other, "Name", "Zebra crossing");
    let held = async || bench.hold(&deal_hold(deal, "COMMENTS")).await.is_some();
    bench.until("one more is held", 60, held).await;
    assert_eq!(found("conflict").await, 181);
    bench.until("a new name is found", 60, async || found("zebra").await == 1).await;
    let id = deal_hold(other, "OPPORTUNITY");
    let shown = bench.shown(&id).await;
    bench.done(Command::Resolve { items: vec![Resolution::Force { id, shown, side: Side::Crm }] }).await;
    bench.settle().await;
    assert_eq!((found("zebra").await, found("conflict").await), (0, 180));
}
