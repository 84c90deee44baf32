//! Writes whose answer is lost: probed, adopted or planned anew, never blindly repeated.

use std::time::Duration;

use crosstie::mapping::Policy;
use crosstie::model::{Happening, IntentState, Side, Value, Why};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan};
use crate::wire::{Call, Fate};

fn makes_page(call: &Call) -> bool {
    call.side == Side::Notion && call.is_create()
}

fn contact(bench: &Bench, name: &str, email: &str) -> String {
    bench.add_crm(Entity::Contact, &[("NAME", json!(name)), ("EMAIL", json!(email))])
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_is_lost_is_adopted_by_its_marker() {
    let bench = Bench::settled(Plan::default()).await;
    let pages = bench.pages("contacts").len();
    bench.once(makes_page, Fate::LostAnswer);
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it is tied", 120, async || bench.page_of("contacts", &ida).await.is_some()).await;
    bench.settle().await;
    assert_eq!(bench.creates().len(), 1);
    assert_eq!(bench.pages("contacts").len(), pages + 1);
    assert_eq!(bench.journal(Happening::Adopted).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_creation_answer_is_lost_is_adopted_in_the_crm_too() {
    let bench = Bench::settled(Plan::default()).await;
    let contacts = bench.ids(Entity::Contact).len();
    bench.once(|call| call.side == Side::Crm && call.is_create(), Fate::LostAnswer);
    let page = bench.add_page("contacts", &[("Name", json!("Nora Quist")), ("Email", json!("nora@quist.example"))]);
    bench.until("it is tied", 300, async || bench.record_of("contacts", &page).await.is_some()).await;
    bench.settle().await;
    assert_eq!(bench.creates().len(), 1);
    assert_eq!(bench.ids(Entity::Contact).len(), contacts + 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_never_happened_is_sent_again_at_the_end_of_the_schedule_and_not_before() {
    let bench = Bench::settled(Plan::default()).await;
    let pages = bench.pages("contacts").len();
    bench.once(makes_page, Fate::LostRequest);
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it is tied", 1200, async || bench.page_of("contacts", &ida).await.is_some()).await;
    let sent: Vec<_> = bench.creates().iter().map(|call| call.at).collect();
    assert_eq!(sent.len(), 2);
    // Ten minutes from when nobody knew any more: it may have left as late as that.
    let waited = sent[1].duration_since(sent[0]).as_secs();
    assert!((665..705).contains(&waited), "{waited}");
    assert_eq!(bench.pages("contacts").len(), pages + 1);
}

#[tokio::test(start_paused = true)]
async fn looks_that_an_outage_prevented_are_not_made_up_for_in_one_burst() {
    let bench = Bench::settled(Plan::default()).await;
    let down =
        |status| crosstie::seam::Response::json(status, &json!({ "code": "service_unavailable", "message": "" }));
    let mut sent = false;
    bench.faults(move |call| match call.side {
        Side::Crm => Fate::Pass,
        Side::Notion if !sent && !makes_page(call) => Fate::Pass,
        Side::Notion if !sent => {
            sent = true;
            Fate::LostRequest
        }
        Side::Notion => Fate::Instead(down(503)),
    });
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.pass(1800).await;
    assert_eq!(bench.creates().len(), 1);
    bench.no_faults();
    let healed = bench.now();
    bench.until("it is tied", 1200, async || bench.page_of("contacts", &ida).await.is_some()).await;
    let waited = bench.creates()[1].at.duration_since(healed).as_secs();
    assert!((590..720).contains(&waited), "sent again {waited} s after the outage");
}

#[tokio::test(start_paused = true)]
async fn a_create_is_not_sent_again_right_after_a_start() {
    let mut bench = Bench::settled(Plan::default()).await;
    bench.once(makes_page, Fate::LostRequest);
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it is sent", 120, async || !bench.creates().is_empty()).await;
    // All looks but the last were made.
    bench.pass(640).await;
    bench.crash().await;
    bench.pass(300).await;
    bench.start().await;
    let started = bench.now();
    bench.until("it is tied", 600, async || bench.page_of("contacts", &ida).await.is_some()).await;
    let waited = bench.creates()[1].at.duration_since(started).as_secs();
    assert!((65..110).contains(&waited), "sent again {waited} s after the start");
}

#[tokio::test(start_paused = true)]
async fn refusals_use_up_no_resends_of_a_create() {
    let bench = Bench::settled(Plan::default()).await;
    let locked = json!({ "code": "restricted_resource", "message": "locked" });
    let mut refusals = 2;
    bench.faults(move |call| {
        if !makes_page(call) {
            return Fate::Pass;
        }
        refusals -= 1;
        if refusals < 0 { Fate::LostRequest } else { Fate::Instead(crosstie::seam::Response::json(403, &locked)) }
    });
    contact(&bench, "Ida", "ida@hall.example");
    bench.pass(5 * 3600).await;
    assert_eq!(bench.creates().len(), 2 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_create_is_sent_again_twice_at_most_and_then_set_aside() {
    let bench = Bench::settled(Plan::default()).await;
    bench.faults(|call| if makes_page(call) { Fate::LostRequest } else { Fate::Pass });
    contact(&bench, "Ida", "ida@hall.example");
    bench.pass(3 * 3600).await;
    assert_eq!(bench.creates().len(), 3);
    let holds = bench.claims().await.holds;
    assert!(holds.iter().any(|hold| matches!(hold.why, Why::Quarantined { .. })), "{holds:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_create_that_arrives_late_is_found_by_a_later_probe() {
    let bench = Bench::settled(Plan::default()).await;
    let pages = bench.pages("contacts").len();
    bench.once(makes_page, Fate::LateAndLost(Duration::from_secs(50)));
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it is tied", 700, async || bench.page_of("contacts", &ida).await.is_some()).await;
    bench.settle().await;
    assert_eq!(bench.creates().len(), 1);
    assert_eq!(bench.pages("contacts").len(), pages + 1);
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_answer_is_lost_is_read_again_and_not_sent_twice() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.once(|call| call.side == Side::Notion && call.is_update(), Fate::LostAnswer);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench
        .until("it is unknown", 60, async || {
            bench.claims().await.intents.iter().any(|it| matches!(it.state, IntentState::Unknown { .. }))
        })
        .await;
    bench.edit_deal(&deal, "COMMENTS", "meanwhile");
    bench.until("all is known", 200, async || bench.claims().await.intents.is_empty()).await;
    bench.settle().await;
    let amounts = bench.writes().into_iter().filter(|call| call.holds("4711")).count();
    assert_eq!(amounts, 1, "{:#?}", bench.writes());
    assert_eq!((bench.cell(&page, "Amount"), bench.cell(&page, "Notes")), (json!("4711"), json!("meanwhile")));
    let writes = bench.writes();
    let gap = writes[1].at.duration_since(writes[0].at).as_secs();
    assert!(gap >= 65, "the record was written {gap} s after the unknown write");
}

#[tokio::test(start_paused = true)]
async fn an_update_that_was_lost_on_its_way_is_planned_anew_after_the_settle_time() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.once(|call| call.side == Side::Crm && call.is_update(), Fate::LostRequest);
    bench.edit_notion(&page, "Amount", 815);
    bench.until("it is in the CRM", 300, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("815")).await;
    bench.settle().await;
    assert_eq!(bench.writes().len(), 2);
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_edit_made_while_a_write_is_unknown_is_merged_and_not_overwritten() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.once(|call| call.side == Side::Notion && call.is_update(), Fate::LostAnswer);
    bench.edit_deal(&deal, "OPPORTUNITY", "100");
    bench.until("it is executed", 60, async || bench.cell(&page, "Amount") == json!("100")).await;
    bench.edit_notion(&page, "Amount", 250);
    bench.settle().await;
    bench.settle().await;
    let (crm, notion) = (bench.deal_field(&deal, "OPPORTUNITY"), bench.cell(&page, "Amount"));
    assert_eq!(notion, json!("250"), "somebody's edit after ours was overwritten");
    let held = bench.hold(&crate::harness::deal_hold(&deal, "OPPORTUNITY")).await;
    assert!(crm == json!("250") || held.is_some(), "{crm}");
}

#[tokio::test(start_paused = true)]
async fn after_a_start_an_update_that_nobody_knows_of_waits_its_full_time_from_the_start() {
    // Its answer was on its way when the process died, or it was known to be unknown by then; and however long it was down.
    for (fate, alive, down) in [(Fate::LostAnswer, 0, 0), (Fate::LostAnswer, 30, 0), (Fate::LostRequest, 10, 20)] {
        for down in [down, 3600] {
            let mut bench = Bench::settled(Plan::default()).await;
            let (deal, page) = bench.deal().await;
            bench.once(|call| call.side == Side::Notion && call.is_update(), fate.clone());
            bench.edit_deal(&deal, "OPPORTUNITY", "4711");
            while bench.writes().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            bench.pass(alive).await;
            bench.crash().await;
            bench.pass(down).await;
            bench.edit_deal(&deal, "COMMENTS", "meanwhile");
            bench.forget_calls();
            bench.start().await;
            let started = bench.now();
            bench.settle().await;
            let writes = bench.writes();
            let waited = writes[0].at.duration_since(started).as_secs();
            assert!((65..100).contains(&waited), "{fate:?}: the record was written {waited} s after the start");
            assert_eq!((bench.cell(&page, "Amount"), bench.cell(&page, "Notes")), (json!("4711"), json!("meanwhile")));
            let amounts = writes.iter().filter(|call| call.holds("4711")).count();
            assert_eq!(amounts, usize::from(matches!(fate, Fate::LostRequest)), "{writes:#?}");
            let claims = bench.claims().await;
            assert!(claims.holds.is_empty() && claims.intents.is_empty(), "{:#?}", claims.holds);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_lost_to_a_write_which_nobody_can_look_up_is_in_the_journal() {
    let plan = Plan {
        pairs: |specs| {
            let fields = specs.iter_mut().flat_map(|spec| &mut spec.fields);
            fields.filter(|field| field.key.as_str() == "OPPORTUNITY").for_each(|field| field.policy = Policy::Crm);
        },
        ..Plan::default()
    };
    let bench = Bench::settled(plan).await;
    let (deal, page) = bench.deal().await;
    bench.once(|call| call.side == Side::Notion && call.is_update(), Fate::LostAnswer);
    bench.edit_notion(&page, "Amount", 815);
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("the CRM's value is written", 300, async || bench.cell(&page, "Amount") == json!("4711")).await;
    // Nobody may look whether it was done.
    bench.wires.notion.lock().unwrap().unshare(&page);
    bench.until("it is not known any more", 7200, async || bench.claims().await.intents.is_empty()).await;
    bench.wires.notion.lock().unwrap().share(&page);
    bench.settle().await;
    let settled = bench.journal(Happening::Settled).await;
    let lost = settled.iter().filter(|event| event.before == Some(Value::number(815.into()))).count();
    assert!(lost > 0, "815 was written over, and nothing says so: {settled:#?}");
}
