//! Queries whose index runs behind: what they show late is not believed, moves nothing back and costs nobody an edit.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use crosstie::control::Hint;
use crosstie::mapping::Delete;
use crosstie::model::{Happening, Side, Value};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{BORIS, Bench, Plan};
use crate::wire::Fate;

fn lag(bench: &Bench, seconds: Range<u32>) {
    bench.wires.crm.lock().unwrap().set_index_lag(seconds.clone());
    bench.wires.notion.lock().unwrap().set_index_lag(seconds);
}

/// Word of a change, so that the record is read by id at once.
async fn look(bench: &Bench, side: Side, id: &str) {
    let hint = Hint { side, record: id.into(), pair: None, at: None, by_us: None, fields: None };
    bench.hint(hint).await;
}

/// Every value that was seen to come, by side, record and field, in the order of the journal.
async fn seen(bench: &Bench) -> BTreeMap<(Side, String, String), Vec<Value>> {
    let mut all: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for event in bench.journal(Happening::Seen).await {
        let (Some(side), Some(field), Some(after)) = (event.side, event.field, event.after) else { continue };
        let id = if side == Side::Crm { event.crm.unwrap() } else { event.notion.unwrap() };
        all.entry((side, id.0, field.0)).or_default().push(after);
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_query_that_shows_less_than_is_known_moves_nothing_back() {
    for side in Side::BOTH {
        let bench = Bench::settled(Plan::prompt()).await;
        let (deal, page) = bench.deal().await;
        lag(&bench, 40..50);
        // Two edits within one minute, so that Notion's stamp is the same before and after the second.
        for amount in [100, 200] {
            let (at, other) = match side {
                Side::Crm => {
                    bench.edit_deal(&deal, "OPPORTUNITY", amount.to_string());
                    (&deal, Side::Notion)
                }
                Side::Notion => {
                    bench.edit_notion(&page, "Amount", amount);
                    (&page, Side::Crm)
                }
            };
            look(&bench, side, at).await;
            let crossed = async || match other {
                Side::Notion => bench.cell(&page, "Amount") == json!(amount.to_string()),
                Side::Crm => bench.deal_field(&deal, "OPPORTUNITY") == json!(amount.to_string()),
            };
            bench.until("it crosses long before any query shows it", 15, crossed).await;
        }
        bench.forget_calls();
        bench.pass(45).await;
        let listings = bench.calls().into_iter().filter(|call| call.side == side && call.is_listing()).count();
        assert!(listings >= 2, "queries that showed the past were asked: {listings}");
        bench.settle().await;
        assert!(bench.writes().is_empty(), "{side}: {:#?}", bench.writes());
        let now = (bench.deal_field(&deal, "OPPORTUNITY"), bench.cell(&page, "Amount"));
        assert_eq!(now, (json!("200"), json!("200")), "{side}");
        let id = if side == Side::Crm { &deal } else { &page };
        let came = seen(&bench).await.remove(&(side, id.clone(), "OPPORTUNITY".to_owned())).unwrap();
        assert_eq!(came, [100, 200].map(|it: i64| Value::number(it.into())), "{side}");
        assert!(bench.claims().await.holds.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn queries_that_lag_and_contradict_each_other_cost_no_edit() {
    for most in [8, 25, 60] {
        let bench = Bench::settled(Plan::prompt()).await;
        let (deal, page) = bench.deal().await;
        lag(&bench, 0..most);
        for round in 1..=12_u64 {
            bench.edit_deal(&deal, "OPPORTUNITY", (1000 + round).to_string());
            bench.edit_notion(&page, "Notes", format!("round {round}"));
            bench.pass(3 + 7 * (round % 4)).await;
        }
        bench.settle().await;
        bench.pass(180).await;
        bench.settle().await;
        let amounts = (bench.deal_field(&deal, "OPPORTUNITY"), bench.cell(&page, "Amount"));
        assert_eq!(amounts, (json!("1012"), json!("1012")), "a lag of up to {most} s");
        let notes = (bench.deal_field(&deal, "COMMENTS"), bench.cell(&page, "Notes"));
        assert_eq!(notes, (json!("round 12"), json!("round 12")), "a lag of up to {most} s");
        let claims = bench.claims().await;
        assert!(claims.holds.is_empty() && claims.intents.is_empty(), "a lag of up to {most} s: {:#?}", claims.holds);
        for (place, came) in seen(&bench).await {
            let mut once: Vec<&Value> = Vec::new();
            for value in &came {
                assert!(!once.contains(&value), "{place:?} went back, with a lag of up to {most} s: {came:?}");
                once.push(value);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_a_query_shows_late_is_created_once() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (contacts, pages) = (bench.ids(Entity::Contact).len(), bench.pages("contacts").len());
    lag(&bench, 20..40);
    let ida = bench.add_crm(Entity::Contact, &[("NAME", json!("Ida")), ("EMAIL", json!("ida@hall.example"))]);
    let nora = bench.add_page("contacts", &[("Name", json!("Nora Quist")), ("Email", json!("nora@quist.example"))]);
    let both =
        async || bench.page_of("contacts", &ida).await.is_some() && bench.record_of("contacts", &nora).await.is_some();
    bench.until("both have their counterparts", 600, both).await;
    bench.pass(300).await;
    bench.settle().await;
    assert_eq!(bench.creates().len(), 2, "{:#?}", bench.creates());
    assert_eq!((bench.ids(Entity::Contact).len(), bench.pages("contacts").len()), (contacts + 2, pages + 2));
    let claims = bench.claims().await;
    assert!(claims.holds.is_empty() && claims.orphans.is_empty(), "{:?} {:?}", claims.holds, claims.orphans);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_by_id_is_not_back_because_a_late_query_still_shows_it() {
    for side in Side::BOTH {
        let mut plan = Plan::prompt();
        plan.timing.sweep_every = Duration::from_secs(60);
        plan.pairs = |pairs| pairs.iter_mut().for_each(|pair| pair.delete = Delete::Untie);
        let bench = Bench::settled(plan).await;
        let (deal, page) = bench.deal().await;
        lag(&bench, 100..110);
        let id = if side == Side::Crm { &deal } else { &page };
        match side {
            Side::Crm => bench.edit_deal(&deal, "OPPORTUNITY", "4711"),
            Side::Notion => bench.edit_notion(&page, "Amount", 4711),
        }
        look(&bench, side, id).await;
        bench.pass(2).await;
        match side {
            Side::Crm => bench.delete_crm(Entity::Deal, &deal),
            Side::Notion => {
                let now = bench.now();
                bench.wires.notion.lock().unwrap().person_trash(now, BORIS, &page).unwrap();
            }
        }
        look(&bench, side, id).await;
        bench.until("it is gone", 300, async || !bench.journal(Happening::Gone).await.is_empty()).await;
        bench.pass(600).await;
        let back = bench.journal(Happening::Returned).await;
        assert!(back.is_empty(), "{side}: {back:#?}");
        assert_eq!(bench.journal(Happening::Gone).await.len(), 1, "{side}");
        assert_eq!(bench.journal(Happening::Tied).await.iter().filter(|it| it.note == "both are back").count(), 0);
        assert_eq!(bench.page_of("deals", &deal).await, None, "{side}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_query_showed_and_nobody_believed_yet_is_not_passed_over_by_a_stop() {
    let mut bench = Bench::settled(Plan::prompt()).await;
    // Not the deal that is looked at after every start.
    let deal = bench.ids(Entity::Deal)[1].clone();
    let page = bench.page_of("deals", &deal).await.unwrap();
    bench.edit_notion(&page, "Amount", 100);
    bench.until("it crosses", 60, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("100")).await;
    // The same minute, so that the stamp cannot tell which of the two is the older; and reads by id hang.
    let path = format!("/v1/pages/{page}");
    let hang = Fate::SlowAnswer(Duration::from_secs(3600));
    bench.faults(move |call| if call.path == path { hang.clone() } else { Fate::Pass });
    bench.edit_notion(&page, "Amount", 200);
    assert_eq!(bench.now().as_second() / 60, (bench.now().as_second() + 5) / 60, "not the end of a minute");
    // Longer than any overlap of the increments.
    bench.pass(600).await;
    bench.crash().await;
    bench.no_faults();
    bench.start().await;
    let crossed = async || bench.deal_field(&deal, "OPPORTUNITY") == json!("200");
    bench.until("it crosses, long before a complete listing finds it", 120, crossed).await;
    assert!(bench.claims().await.holds.is_empty());
}
