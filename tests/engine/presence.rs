//! Records that go away, and what their counterparts do.

use crosstie::mapping::Delete;
use crosstie::model::{HoldId, OrphanWhy, Side, Why};
use crosstie::seam::Response;
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, deal_tie};
use crate::wire::Fate;

fn propagating() -> Plan {
    Plan { pairs: |pairs| pairs.iter_mut().for_each(|pair| pair.delete = Delete::Propagate), ..Plan::default() }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_unties_leaves_a_tombstone_and_the_survivor_is_not_recreated() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.delete_crm(Entity::Deal, &deal);
    bench.until("the tie ended", 3900, async || bench.page_of("deals", &deal).await.is_none()).await;
    bench.pass(3700).await;
    let claims = bench.claims().await;
    assert_eq!(claims.tombstones.len(), 1);
    assert_eq!(claims.orphans.len(), 1);
    assert_eq!(claims.orphans[0].record.id.as_str(), page);
    assert_eq!(claims.orphans[0].why, OrphanWhy::Survivor { gone: deal.as_str().into() });
    assert!(bench.creates().is_empty());
    let (live, snapshot) = (bench.ids(Entity::Deal).len() + bench.ids(Entity::Contact).len(), bench.snapshot());
    assert_eq!(snapshot.sides.crm.records, live as u64, "what is gone is remembered and not counted");
    assert_eq!(bench.wires.notion.lock().unwrap().in_trash(&page), Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_page_taken_out_of_the_trash_is_tied_again() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.trash_page(&page);
    bench.until("the tie ended", 3900, async || bench.page_of("deals", &deal).await.is_none()).await;
    let now = bench.now();
    bench.wires.notion.lock().unwrap().person_restore(now, crate::harness::BORIS, &page).unwrap();
    bench.until("they are tied", 120, async || bench.page_of("deals", &deal).await.as_ref() == Some(&page)).await;
    bench.settle().await;
    assert!(bench.creates().is_empty() && bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_back_after_its_record_was_deleted_too_brings_nothing_back() {
    let mut plan = Plan::default();
    plan.timing.sweep_every = std::time::Duration::from_secs(300);
    let bench = Bench::settled(plan).await;
    let (deal, page) = bench.deal().await;
    let deals = bench.ids(Entity::Deal).len();
    bench.trash_page(&page);
    bench.until("the tie ended", 900, async || bench.page_of("deals", &deal).await.is_none()).await;
    bench.delete_crm(Entity::Deal, &deal);
    bench.pass(1200).await;
    let now = bench.now();
    bench.wires.notion.lock().unwrap().person_restore(now, crate::harness::BORIS, &page).unwrap();
    bench.pass(1200).await;
    assert_eq!(bench.ids(Entity::Deal).len(), deals - 1, "a deleted deal was made again");
    let orphans = bench.claims().await.orphans;
    assert!(
        matches!(&orphans[..], [it] if it.why == OrphanWhy::Survivor { gone: deal.as_str().into() }),
        "{orphans:?}"
    );
    assert!(bench.creates().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_against_an_edit_is_held_and_deletes_nothing() {
    let bench = Bench::settled(propagating()).await;
    let (deal, page) = bench.deal().await;
    // The CRM does not take the edit before the page is gone.
    bench.trash_page(&page);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    let held = async || matches!(bench.hold(&HoldId::tie(&deal_tie(&deal))).await, Some(hold) if matches!(hold.why, Why::DeletedAndEdited { .. }));
    bench.until("the tie is held", 3900, held).await;
    bench.pass(600).await;
    assert!(bench.ids(Entity::Deal).contains(&deal));
}

#[tokio::test(start_paused = true)]
async fn a_record_edited_back_to_what_was_agreed_while_its_counterpart_went_away_is_held_and_not_deleted() {
    for gone in Side::BOTH {
        let bench = Bench::settled(propagating()).await;
        let (deal, page) = bench.deal().await;
        let agreed = bench.deal_field(&deal, "OPPORTUNITY");
        match gone {
            Side::Crm => bench.delete_crm(Entity::Deal, &deal),
            Side::Notion => bench.trash_page(&page),
        }
        // Somebody works on what is left, and decides for what was there.
        for amount in [json!(4711), json!(agreed.as_str().unwrap().parse::<f64>().unwrap())] {
            match gone {
                Side::Crm => bench.edit_notion(&page, "Amount", amount),
                Side::Notion => bench.edit_deal(&deal, "OPPORTUNITY", amount),
            }
            bench.pass(40).await;
        }
        assert_eq!(
            if gone == Side::Crm { bench.cell(&page, "Amount") } else { bench.deal_field(&deal, "OPPORTUNITY") },
            agreed
        );
        bench.pass(2 * 3600).await;
        let hold = bench.hold(&HoldId::tie(&deal_tie(&deal))).await;
        let hold = hold.unwrap_or_else(|| panic!("{gone} is gone, and nothing is held"));
        assert_eq!(hold.why, Why::DeletedAndEdited { gone });
        match gone {
            Side::Crm => assert_eq!(bench.wires.notion.lock().unwrap().in_trash(&page), Some(false)),
            Side::Notion => assert!(bench.ids(Entity::Deal).contains(&deal)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_propagated_where_the_pair_says_so() {
    let bench = Bench::settled(propagating()).await;
    let (deal, page) = bench.deal().await;
    bench.delete_crm(Entity::Deal, &deal);
    let trashed = async || bench.wires.notion.lock().unwrap().in_trash(&page) == Some(true);
    bench.until("the page is in the trash", 3900, trashed).await;
    let untied = async || bench.page_of("deals", &deal).await.is_none();
    bench.until("the tie ended", 120, untied).await;
    bench.settle().await;
    let claims = bench.claims().await;
    assert!(claims.orphans.is_empty(), "{:?}", claims.orphans);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_never_agreed_on_is_not_trashed_with_its_record() {
    let mut bench = Bench::new(propagating());
    let deal = bench.ids(Entity::Deal)[0].clone();
    let title = bench.deal_field(&deal, "TITLE");
    let page = bench.pages("deals").into_iter().find(|page| bench.cell(page, "Name") == title).unwrap();
    bench.edit_notion(&page, "Amount", 31337);
    bench.start().await;
    bench.until("they are tied", 60, async || bench.page_of("deals", &deal).await.is_some()).await;
    bench.settle().await;
    bench.delete_crm(Entity::Deal, &deal);
    bench.pass(3900).await;
    assert_eq!(bench.wires.notion.lock().unwrap().in_trash(&page), Some(false), "31337 is nowhere else");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_no_longer_shared_deletes_nothing() {
    let bench = Bench::settled(propagating()).await;
    let (deal, page) = bench.deal().await;
    bench.wires.notion.lock().unwrap().unshare(&page);
    bench.pass(3900).await;
    assert!(bench.ids(Entity::Deal).contains(&deal), "access lost is not a deletion");
}

#[tokio::test(start_paused = true)]
async fn a_new_record_like_a_survivor_does_not_get_a_second_page() {
    let bench = Bench::settled(Plan::default()).await;
    let contact = bench.ids(Entity::Contact)[0].clone();
    let page = bench.page_of("contacts", &contact).await.unwrap();
    let email = bench.held(Entity::Contact, &contact, "EMAIL");
    bench.delete_crm(Entity::Contact, &contact);
    bench.until("the tie ended", 3900, async || bench.page_of("contacts", &contact).await.is_none()).await;
    let pages = bench.pages("contacts").len();
    let again = bench.add_crm(Entity::Contact, &[("NAME", json!("Again")), ("EMAIL", email)]);
    bench.pass(600).await;
    assert_eq!(bench.pages("contacts").len(), pages);
    let tied = bench.page_of("contacts", &again).await;
    let orphaned = bench.claims().await.orphans.iter().any(|orphan| orphan.record.id.as_str() == again);
    assert!(tied == Some(page) || orphaned);
}

#[tokio::test(start_paused = true)]
async fn a_survivor_that_may_not_be_deleted_is_tried_again_after_a_pause_and_then_set_aside() {
    let bench = Bench::settled(propagating()).await;
    let (deal, page) = bench.deal().await;
    let refused = json!({ "error": "ACCESS_DENIED", "error_description": "Access denied" });
    bench.faults(move |call| {
        if call.path.ends_with(".delete") { Fate::Instead(Response::json(400, &refused)) } else { Fate::Pass }
    });
    bench.trash_page(&page);
    bench.pass(3 * 3600).await;
    let tries = bench.calls().iter().filter(|call| call.path.ends_with(".delete")).count();
    assert_eq!(tries, 3, "at once, after five minutes, after an hour");
    assert!(bench.ids(Entity::Deal).contains(&deal));
    assert!(bench.claims().await.holds.iter().any(|hold| matches!(hold.why, Why::Quarantined { .. })));
}
