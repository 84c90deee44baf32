//! Records that are not found, how often that must be so, and how long what is gone is remembered.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::control::Command;
use crosstie::mapping::Create;
use crosstie::model::{Happening, Side};
use crosstie::standin::bitrix24::Entity;

use crate::harness::{BORIS, Bench, Plan, calm};
use crate::wire::Call;

fn brisk() -> Plan {
    let seconds = Duration::from_secs;
    let timing = Timing { sweep_every: seconds(300), remember_gone: seconds(3600), ..calm() };
    Plan { timing, ..Plan::default() }
}

/// Reads of one page by id, as they were sent.
fn reads(bench: &Bench, page: &str) -> Vec<Call> {
    bench.calls_that(|call| call.side == Side::Notion && call.reads(page))
}

#[tokio::test(start_paused = true)]
async fn a_record_is_missing_only_after_two_reads_a_cycle_apart() {
    let bench = Bench::settled(brisk()).await;
    let (_, page) = bench.deal().await;
    bench.pass(20).await;
    bench.forget_calls();
    bench.wires.notion.lock().unwrap().unshare(&page);
    bench.until("it is gone", 900, async || !bench.journal(Happening::Gone).await.is_empty()).await;
    let reads = reads(&bench, &page);
    let (first, last) = (reads.first().unwrap().at, reads.last().unwrap().at);
    assert!(reads.len() >= 2 && last.duration_since(first).as_secs() >= 15, "{reads:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_found_again_before_the_second_read_was_never_missing() {
    let bench = Bench::settled(brisk()).await;
    let (deal, page) = bench.deal().await;
    bench.pass(20).await;
    bench.forget_calls();
    for _ in 0..3 {
        bench.wires.notion.lock().unwrap().unshare(&page);
        let before = reads(&bench, &page).len();
        bench.until("it was not found once", 900, async || reads(&bench, &page).len() > before).await;
        bench.pass(2).await;
        bench.wires.notion.lock().unwrap().share(&page);
        bench.pass(60).await;
    }
    assert!(bench.journal(Happening::Gone).await.is_empty());
    assert_eq!(bench.page_of("deals", &deal).await, Some(page));
}

#[tokio::test(start_paused = true)]
async fn what_a_listing_missed_before_the_process_died_is_looked_for_at_once_by_the_next() {
    let seconds = Duration::from_secs;
    let timing = Timing { sweep_every: seconds(3600), ..calm() };
    let mut bench = Bench::settled(Plan { timing, ..Plan::default() }).await;
    // Not the first one, which the canary reads at every start.
    let deal = bench.ids(Entity::Deal).pop().unwrap();
    let page = bench.page_of("deals", &deal).await.unwrap();
    bench.pass(20).await;
    bench.forget_calls();
    bench.wires.notion.lock().unwrap().unshare(&page);
    bench.until("it was not found once", 2 * 3600, async || !reads(&bench, &page).is_empty()).await;
    assert!(bench.journal(Happening::Gone).await.is_empty(), "one read is not enough");
    bench.crash().await;
    bench.start().await;
    bench.until("it is gone", 300, async || !bench.journal(Happening::Gone).await.is_empty()).await;
    // The next listing misses nothing, so whoever starts after it has nothing to list before its time.
    let swept =
        |bench: &Bench| bench.snapshot().pairs.iter().find(|pair| pair.name.as_str() == "deals").unwrap().last_sweep;
    bench.pass(2 * 3600 + 600).await;
    let last = swept(&bench);
    bench.crash().await;
    bench.start().await;
    bench.pass(300).await;
    assert_eq!(swept(&bench), last);
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_lives_as_long_as_a_survivor_does_and_then_expires() {
    let mut bench = Bench::settled(brisk()).await;
    let (deal, page) = bench.deal().await;
    let records = |bench: &Bench| {
        let sides = bench.snapshot().sides.clone();
        sides.crm.records + sides.notion.records
    };
    let before = records(&bench);
    bench.delete_crm(Entity::Deal, &deal);
    bench.until("the tie ended", 900, async || bench.page_of("deals", &deal).await.is_none()).await;
    bench.pass(3 * 3600).await;
    assert_eq!(bench.claims().await.tombstones.len(), 1, "the page is still there");
    bench.crash().await;
    bench.start().await;
    bench.pass(600).await;
    assert!(bench.creates().is_empty(), "creation asks the tombstone");
    bench.trash_page(&page);
    bench.pass(1800).await;
    assert_eq!(bench.claims().await.tombstones.len(), 1, "not yet");
    bench.until("it has expired", 3600, async || bench.claims().await.tombstones.is_empty()).await;
    bench.pass(600).await;
    assert_eq!(records(&bench), before - 2, "both readings are forgotten");
    bench.crash().await;
    bench.start().await;
    bench.pass(60).await;
    assert_eq!(records(&bench), before - 2, "and stay so");
}

#[tokio::test(start_paused = true)]
async fn of_several_counterparts_that_come_back_at_once_the_last_one_is_tied_again() {
    let plan = Plan { pairs: |pairs| pairs.iter_mut().for_each(|pair| pair.create = Create::None), ..brisk() };
    let mut bench = Bench::settled(plan).await;
    let (contact, first) = {
        let ties = bench.claims().await.ties;
        let tie = ties.iter().find(|tie| tie.pair.as_str() == "contacts").unwrap();
        (tie.crm.to_string(), tie.notion.to_string())
    };
    let name = bench.cell(&first, "Name");
    bench.trash_page(&first);
    bench.until("its tie ended", 3900, async || bench.page_of("contacts", &contact).await.is_none()).await;
    let second = bench.add_page("contacts", &[("Name", name)]);
    bench.settle().await;
    let (crm, notion) = (contact.as_str().into(), second.as_str().into());
    bench.done(Command::Link { pair: "contacts".into(), crm, notion, shown: None }).await;
    bench.settle().await;
    bench.trash_page(&second);
    bench.until("its tie ended", 3900, async || bench.page_of("contacts", &contact).await.is_none()).await;
    bench.shut_down().await;
    for page in [&first, &second] {
        let now = bench.now();
        bench.wires.notion.lock().unwrap().person_restore(now, BORIS, page).unwrap();
    }
    bench.start().await;
    bench.until("it is tied", 600, async || bench.page_of("contacts", &contact).await.is_some()).await;
    bench.settle().await;
    let claims = bench.claims().await;
    let tied: Vec<_> =
        claims.ties.iter().filter(|tie| [&first, &second].iter().any(|it| tie.notion.as_str() == **it)).collect();
    assert_eq!(tied.len(), 1, "{tied:#?}");
    assert_eq!((tied[0].crm.as_str(), tied[0].notion.as_str()), (&*contact, &*second));
    assert_eq!(bench.record_of("contacts", &first).await, None);
    let waits = claims.orphans.iter().any(|orphan| orphan.record.id.as_str() == first);
    assert!(waits, "the other one is nobody's: {:#?}", claims.orphans);
}
