//! The canary, and what looking costs while nothing happens.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::model::Side;
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, calm};
use crate::wire::{Call, Fate};

#[tokio::test(start_paused = true)]
async fn while_nothing_happens_a_poll_is_one_request_a_data_source() {
    let bench = Bench::settled(Plan::prompt()).await;
    bench.forget_calls();
    bench.pass(600).await;
    let calls = bench.calls();
    for (side, polls) in [(Side::Notion, 600 / 15), (Side::Crm, 600 / 10)] {
        let theirs: Vec<&Call> = calls.iter().filter(|call| call.side == side).collect();
        assert!(
            theirs.len() <= 2 * (polls + 1),
            "{} requests in {polls} polls of two pairs: {theirs:#?}",
            theirs.len()
        );
    }
}

/// Canaries that were sent: schemas of the contacts.
fn canaries(bench: &Bench) -> Vec<Call> {
    let path = format!("/v1/data_sources/{}", bench.source("contacts"));
    bench.calls_that(|call| call.path == path)
}

#[tokio::test(start_paused = true)]
async fn the_first_write_after_a_quiet_hour_waits_for_a_canary() {
    let bench = Bench::settled(Plan::default()).await;
    bench.pass(5000).await;
    bench.forget_calls();
    let contact = bench.ids(Entity::Contact)[0].clone();
    let page = bench.page_of("contacts", &contact).await.unwrap();
    let source = bench.source("contacts");
    bench.faults(move |call| {
        let schema = call.path == format!("/v1/data_sources/{source}");
        if schema { Fate::SlowAnswer(Duration::from_secs(9)) } else { Fate::Pass }
    });
    bench.edit_crm(Entity::Contact, &contact, &[("NAME", json!("Renamed"))]);
    bench.until("it is written", 60, async || !bench.writes().is_empty()).await;
    let (canary, write) = (canaries(&bench)[0].at, bench.writes()[0].at);
    assert!(write.duration_since(canary).as_secs() >= 9, "{canary} {write}");
    let known = "/v1/pages/";
    let read = bench.calls().into_iter().find(|call| call.path.starts_with(known) && !call.is_write()).unwrap();
    assert!(canary < read.at && read.at < write, "a known record is read too");
    bench.forget_calls();
    bench.edit_crm(Entity::Contact, &contact, &[("NAME", json!("Renamed again"))]);
    bench.until("it arrives", 60, async || bench.cell(&page, "Name").to_string().contains("again")).await;
    assert!(canaries(&bench).is_empty(), "and the next one does not");
}

#[tokio::test(start_paused = true)]
async fn known_records_that_are_not_found_are_access_lost() {
    let timing = Timing { canary_every: Duration::from_secs(300), ..calm() };
    let bench = Bench::settled(Plan { office: (6, 0, 6, 0), timing, ..Plan::default() }).await;
    let pages = bench.pages("contacts");
    for page in &pages {
        bench.wires.notion.lock().unwrap().unshare(page);
    }
    let (what, _) = bench.guarded("contacts", 400).await;
    assert!(what.contains("known records") && what.contains("access may be lost"), "{what}");
    for contact in bench.ids(Entity::Contact) {
        bench.edit_crm(Entity::Contact, &contact, &[("NAME", json!("Renamed"))]);
    }
    bench.pass(3_700).await;
    assert!(bench.writes().is_empty());
    assert_eq!(bench.claims().await.ties.len(), 6, "nothing is taken for deleted");
    for page in &pages {
        bench.wires.notion.lock().unwrap().share(page);
    }
    bench.until("the hold ends", 300, async || bench.claims().await.holds.is_empty()).await;
    bench.settle().await;
    assert!(pages.iter().all(|page| bench.cell(page, "Name").to_string().contains("Renamed")));
}
