//! What systems tell by themselves: every delivery has its line in the journal, and the line says what became of it.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::control::{Change, Delivery, Place, Told};
use crosstie::model::{Happening, Side};
use crosstie::standin::bitrix24::Entity;
use jiff::Timestamp;
use serde_json::json;

use crate::harness::{BORIS, Bench, Plan};
use crate::wire::{Call, Fate};

/// Looks so seldom that nothing is found by looking.
fn seldom() -> Plan {
    let never = Duration::from_secs(24 * 3600);
    let timing = Timing { notion_poll: never, crm_poll: never, sweep_every: never, review: false, ..Timing::default() };
    Plan { timing, ..Plan::default() }
}

fn delivery(side: Side, told: Told) -> Delivery {
    Delivery { side, event: "thing.happened".into(), attempt: 1, told }
}

fn deal(id: &str, entity: &str) -> Delivery {
    let place = Place::Within(entity.into());
    delivery(Side::Crm, Told::Change(Change { record: id.into(), place, at: None, by_us: None, field_ids: None }))
}

fn page(id: &str, at: Option<Timestamp>, field_ids: Option<Vec<String>>) -> Delivery {
    let place = Place::Now(None);
    delivery(Side::Notion, Told::Change(Change { record: id.into(), place, at, by_us: Some(false), field_ids }))
}

async fn notes(bench: &Bench) -> Vec<String> {
    let heard = bench.journal(Happening::Heard).await;
    heard
        .into_iter()
        .map(|event| event.note.trim_start_matches("thing.happened").trim_start_matches(": ").to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_delivery_is_journalled_with_what_became_of_it() {
    let bench = Bench::settled(seldom()).await;
    let (id, its_page) = bench.deal().await;
    bench.deliver(deal(&id, "deal")).await;
    bench.deliver(deal(&id, "lead")).await;
    bench.deliver(deal("999999", "deal")).await;
    bench.deliver(page(&its_page, None, None)).await;
    let elsewhere = Change {
        record: "11111111-2222-4333-8444-555555555555".into(),
        place: Place::Now(Some("99999999-2222-4333-8444-555555555555".into())),
        at: None,
        by_us: None,
        field_ids: None,
    };
    bench.deliver(delivery(Side::Notion, Told::Change(elsewhere.clone()))).await;
    bench.deliver(delivery(Side::Notion, Told::Duplicate { record: Some(its_page.as_str().into()) })).await;
    bench.deliver(delivery(Side::Crm, Told::Refused { why: "wrong application token", count: 7 })).await;
    bench.deliver(delivery(Side::Notion, Told::Nothing)).await;
    bench.deliver(Delivery { attempt: 3, ..page(&its_page, None, None) }).await;
    bench.deliver(delivery(Side::Notion, Told::Rows { entity: bench.source("deals") })).await;
    let told = notes(&bench).await;
    let expected = [
        "accepted",
        "not ours",
        "unlinked: no record known by this id yet, looking for it",
        "accepted",
        "not ours",
        "a duplicate of an earlier delivery",
        "refused: wrong application token (7 since the last such line)",
        "accepted: nothing that is synced",
        ", attempt 3: accepted",
        "accepted: looking which records",
    ];
    assert_eq!(told, expected);
    let lines = bench.journal(Happening::Heard).await;
    assert_eq!((lines[0].pair.clone(), lines[0].crm.clone()), (Some("deals".into()), Some(id.as_str().into())));
    assert_eq!(lines[0].notion.as_ref().map(|id| id.as_str()), Some(its_page.as_str()), "its other end is named");
    assert_eq!((&lines[1].pair, &lines[4].pair), (&None, &None));
    bench.deliver(delivery(Side::Notion, Told::Secret)).await;
    let system = bench.journal(Happening::System).await;
    assert!(system.last().unwrap().note.contains("crosstie inlet token"), "{system:?}");
}

#[tokio::test(start_paused = true)]
async fn an_id_that_means_a_contact_and_a_deal_makes_only_the_named_one_be_read() {
    let bench = Bench::settled(seldom()).await;
    let contact = bench.ids(Entity::Contact)[0].clone();
    bench.edit_crm(Entity::Contact, &contact, &[("PHONE", json!("+49 30 111"))]);
    bench.deliver(deal(&contact, "deal")).await;
    bench.pass(60).await;
    let its_page = bench.page_of("contacts", &contact).await.unwrap();
    assert_ne!(bench.cell(&its_page, "Phone"), json!("+49 30 111"), "nobody told of the contact");
    bench.deliver(deal(&contact, "contact")).await;
    bench.until("the phone in Notion", 60, async || bench.cell(&its_page, "Phone") == json!("+49 30 111")).await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_inside_a_window_is_told_if_it_was_of_a_field_that_we_wrote() {
    for (fields, told) in [(vec!["unmapped"], false), (vec![], true)] {
        let bench = Bench::settled(Plan::default()).await;
        let (deal, page_id) = bench.deal().await;
        let (notion, edited, mut done) = (bench.wires.notion.clone(), page_id.clone(), false);
        let writes = |call: &Call| call.side == Side::Notion && call.is_update();
        bench.faults(move |call| {
            if writes(call) && !std::mem::replace(&mut done, true) {
                notion.lock().unwrap().person_edit(call.at, BORIS, &edited, &[("Amount", json!(77))]).unwrap();
            }
            Fate::Pass
        });
        bench.edit_deal(&deal, "OPPORTUNITY", "4711");
        bench.until("our write is there", 120, async || bench.cell(&page_id, "Amount") == json!("4711")).await;
        let at = bench.writes().into_iter().rfind(writes).unwrap().at;
        // The ids of properties, as Notion's events have them.
        let amount = bench.property("deals", "Amount")["id"].as_str().unwrap().to_owned();
        let mut ids: Vec<String> = fields.into_iter().map(str::to_owned).collect();
        if told {
            ids.push(amount);
        }
        bench.deliver(page(&page_id, Some(at), Some(ids))).await;
        bench.settle().await;
        assert_eq!(bench.journal(Happening::PossiblyOverwritten).await.len(), usize::from(told));
    }
}
