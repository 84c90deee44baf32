//! A pair's own filter: what leaves it is out of the filter, and never a deletion.

use std::time::Duration;

use crosstie::control::Hint;
use crosstie::mapping::{Create, Delete};
use crosstie::model::{Happening, Side};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan};

fn filtered(pairs: fn(&mut Vec<crosstie::mapping::PairSpec>)) -> Plan {
    let mut plan = Plan { pairs, ..Plan::default() };
    plan.timing.sweep_every = Duration::from_secs(300);
    plan
}

#[tokio::test(start_paused = true)]
async fn a_page_that_leaves_the_filter_is_no_deletion_and_its_tie_rests_until_it_is_back() {
    let bench = Bench::settled(filtered(|pairs| {
        for pair in pairs.iter_mut().filter(|pair| pair.crm == "deal") {
            pair.delete = Delete::Propagate;
            pair.filters.notion = Some(json!({"property": "Amount", "number": {"less_than": 1_000_000}}));
        }
    }))
    .await;
    let (deal, page) = bench.deal().await;
    let deals = bench.ids(Entity::Deal);
    let (amount, name) = (bench.cell(&page, "Amount"), bench.cell(&page, "Name"));
    bench.edit_notion(&page, "Amount", 2_000_000);
    let left = async || bench.journal(Happening::Gone).await.iter().any(|event| event.note.contains("filter"));
    bench.until("it is known to be out of the filter", 900, left).await;
    bench.edit_deal(&deal, "TITLE", "Said while it was out");
    bench.pass(900).await;
    assert_eq!(bench.page_of("deals", &deal).await.as_ref(), Some(&page), "the tie ended");
    assert_eq!((bench.ids(Entity::Deal), bench.cell(&page, "Name")), (deals, name), "something was written or deleted");
    let claims = bench.claims().await;
    assert!(claims.tombstones.is_empty() && claims.orphans.is_empty() && claims.holds.is_empty(), "{claims:?}");
    bench.edit_notion(&page, "Amount", amount.as_str().unwrap().parse::<f64>().unwrap());
    let crossed = async || bench.cell(&page, "Name") == json!("Said while it was out");
    bench.until("what was said meanwhile crosses", 900, crossed).await;
    assert!(bench.creates().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_never_in_the_filter_gets_no_counterpart_even_if_a_call_names_it() {
    let bench = Bench::settled(filtered(|pairs| {
        for pair in pairs.iter_mut().filter(|pair| pair.crm == "deal") {
            pair.create = Create::Both;
            pair.filters.crm = Some(json!({"!CATEGORY_ID": 1, "<OPPORTUNITY": 1_000_000}));
            pair.filters.notion = Some(json!({"property": "Amount", "number": {"less_than": 1_000_000}}));
        }
    }))
    .await;
    let (deals, pages) = (bench.ids(Entity::Deal).len(), bench.pages("deals").len());
    let large = json!("2000000");
    let deal = bench.add_crm(Entity::Deal, &[("TITLE", json!("Large")), ("OPPORTUNITY", large)]);
    let page = bench.add_page("deals", &[("Name", json!("Large too")), ("Amount", json!(2_000_000))]);
    for (side, id) in [(Side::Crm, deal.as_str()), (Side::Notion, page.as_str())] {
        let pair = Some("deals".into());
        bench.hint(Hint { side, record: id.into(), pair, at: None, by_us: None, fields: None }).await;
    }
    bench.pass(1800).await;
    assert_eq!((bench.ids(Entity::Deal).len(), bench.pages("deals").len()), (deals + 1, pages + 1));
    // One that comes into the filter is made on the other side.
    bench.edit_deal(&deal, "OPPORTUNITY", "500");
    bench.until("it has a page", 900, async || bench.page_of("deals", &deal).await.is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn a_deal_that_leaves_the_filter_is_read_no_more_and_its_page_stays() {
    let bench = Bench::settled(filtered(|pairs| {
        for pair in pairs.iter_mut().filter(|pair| pair.crm == "deal") {
            pair.delete = Delete::Propagate;
            pair.filters.crm = Some(json!({"<OPPORTUNITY": 1_000_000}));
        }
    }))
    .await;
    let (deal, page) = bench.deal().await;
    bench.edit_deal(&deal, "OPPORTUNITY", "2000000");
    let left = async || bench.journal(Happening::Gone).await.iter().any(|event| event.note.contains("filter"));
    bench.until("it is known to be out of the filter", 900, left).await;
    bench.pass(900).await;
    assert_eq!(bench.page_of("deals", &deal).await.as_ref(), Some(&page));
    assert_eq!(bench.wires.notion.lock().unwrap().in_trash(&page), Some(false));
    assert_ne!(bench.cell(&page, "Amount"), json!("2000000"));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_deleted_while_it_is_out_of_the_filter_is_missed_within_a_sweep() {
    for side in Side::BOTH {
        let bench = Bench::settled(filtered(|pairs| {
            for pair in pairs.iter_mut().filter(|pair| pair.crm == "deal") {
                pair.filters.crm = Some(json!({"<OPPORTUNITY": 1_000_000}));
                pair.filters.notion = Some(json!({"property": "Amount", "number": {"less_than": 1_000_000}}));
            }
        }))
        .await;
        let (deal, page) = bench.deal().await;
        match side {
            Side::Crm => bench.edit_deal(&deal, "OPPORTUNITY", "2000000"),
            Side::Notion => bench.edit_notion(&page, "Amount", 2_000_000),
        }
        let left = async || bench.journal(Happening::Gone).await.iter().any(|event| event.note.contains("filter"));
        bench.until("it is known to be out of the filter", 900, left).await;
        // While it is there, nothing ends, and it is asked for once a sweep.
        bench.forget_calls();
        bench.pass(1_500).await;
        assert_eq!(bench.page_of("deals", &deal).await.as_ref(), Some(&page));
        let asked = bench.calls().iter().filter(|call| !call.is_listing() && call.side == side).count();
        assert!((4..=12).contains(&asked), "{side}: {asked} requests in five sweeps");
        match side {
            Side::Crm => bench.delete_crm(Entity::Deal, &deal),
            Side::Notion => bench.trash_page(&page),
        }
        bench.until("the tie ended", 900, async || bench.page_of("deals", &deal).await.is_none()).await;
        let claims = bench.claims().await;
        assert_eq!(
            (claims.tombstones.len(), claims.orphans.len()),
            (1, 1),
            "{side}: the other one stays, as an orphan"
        );
        let told = bench.journal(Happening::Gone).await;
        assert!(told.iter().any(|event| event.side == Some(side) && !event.note.contains("filter")), "{told:?}");
    }
}
