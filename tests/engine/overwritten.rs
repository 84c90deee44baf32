//! Word of changes makes us look sooner, and an edit inside the window of a write of ours is told.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::control::Hint;
use crosstie::model::{Event, Happening, Side, Value};
use crosstie::standin::bitrix24::Entity;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::harness::{BORIS, Bench, Plan};
use crate::wire::{Call, Fate};

/// Looks so seldom that nothing is found by looking.
fn seldom() -> Plan {
    let never = Duration::from_secs(24 * 3600);
    let timing = Timing { notion_poll: never, sweep_every: never, review: false, ..Timing::default() };
    Plan { timing, ..Plan::prompt() }
}

fn page_hint(page: &str, at: Option<Timestamp>) -> Hint {
    Hint { side: Side::Notion, record: page.into(), pair: None, at, by_us: Some(false), fields: None }
}

fn writes_page(call: &Call) -> bool {
    call.side == Side::Notion && call.is_update()
}

/// Boris edits the page's amount just when our write of it leaves; tells when that was.
async fn crossed(bench: &Bench, fate: Fate) -> (String, String, Timestamp) {
    let (deal, page) = bench.deal().await;
    let (notion, edited, mut fate) = (bench.wires.notion.clone(), page.clone(), Some(fate));
    bench.faults(move |call| {
        if !writes_page(call) || fate.is_none() {
            return Fate::Pass;
        }
        let set = [("Amount", json!(77))];
        notion.lock().unwrap().person_edit(call.at, BORIS, &edited, &set).unwrap();
        fate.take().unwrap()
    });
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("our write is there", 120, async || bench.cell(&page, "Amount") == json!("4711")).await;
    let at = bench.writes().into_iter().rfind(writes_page).unwrap().at;
    (deal, page, at)
}

async fn told(bench: &Bench) -> Vec<Event> {
    bench.journal(Happening::PossiblyOverwritten).await
}

#[tokio::test(start_paused = true)]
async fn an_edit_inside_a_window_is_told_once_however_often_it_is_hinted_at() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page, at) = crossed(&bench, Fate::Pass).await;
    bench.pass(120).await;
    assert!(told(&bench).await.is_empty(), "nothing has told of it yet");
    for _ in 0..3 {
        bench.hint(page_hint(&page, Some(at))).await;
        bench.settle().await;
    }
    let told = told(&bench).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    let event = &told[0];
    assert_eq!((event.side, event.field.as_ref().unwrap().as_str()), (Some(Side::Notion), "OPPORTUNITY"));
    assert_eq!(event.crm.as_ref().unwrap().as_str(), deal);
    assert_eq!(event.after, Some(Value::number(4711.into())));
    assert_eq!(event.before, None, "no reading ever showed it");
    let (opened, closed) = event.window.unwrap();
    assert!(opened <= at && at <= closed, "{event:?}");
    assert!(event.note.contains("history"), "{}", event.note);
    assert_eq!(bench.snapshot().possibly_overwritten, 1);
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_comes_before_the_answer_is_kept_until_the_window_is_closed() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (_, page, at) = crossed(&bench, Fate::SlowAnswer(Duration::from_secs(20))).await;
    bench.hint(page_hint(&page, Some(at))).await;
    bench.pass(5).await;
    assert!(told(&bench).await.is_empty(), "the answer is still out");
    bench.settle().await;
    assert_eq!(told(&bench).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_comes_after_a_restart_still_finds_the_window() {
    let mut bench = Bench::settled(Plan::prompt()).await;
    let (_, page, at) = crossed(&bench, Fate::Pass).await;
    bench.settle().await;
    bench.crash().await;
    bench.start().await;
    bench.settle().await;
    bench.hint(page_hint(&page, Some(at))).await;
    bench.settle().await;
    assert_eq!(told(&bench).await.len(), 1);
    bench.crash().await;
    bench.start().await;
    bench.settle().await;
    bench.hint(page_hint(&page, Some(at))).await;
    bench.settle().await;
    assert_eq!(told(&bench).await.len(), 1, "told twice");
    assert_eq!(bench.snapshot().possibly_overwritten, 1);
}

#[tokio::test(start_paused = true)]
async fn edits_of_ours_of_other_fields_and_of_other_times_are_no_overwriting() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (_, page, at) = crossed(&bench, Fate::Pass).await;
    bench.settle().await;
    let hint = page_hint(&page, Some(at));
    bench.hint(Hint { by_us: Some(true), ..hint.clone() }).await;
    bench.hint(Hint { by_us: None, ..hint.clone() }).await;
    bench.hint(Hint { fields: Some(vec!["Notes".into()]), ..hint.clone() }).await;
    bench.hint(Hint { at: None, ..hint.clone() }).await;
    for away in [-60, 60] {
        bench.hint(Hint { at: Some(at + SignedDuration::from_secs(away)), ..hint.clone() }).await;
    }
    bench.settle().await;
    assert!(told(&bench).await.is_empty());
    bench.hint(Hint { fields: Some(vec!["Notes".into(), "Amount".into()]), ..hint }).await;
    bench.settle().await;
    assert_eq!(told(&bench).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_later_edit_that_stands_is_no_overwriting() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page, at) = crossed(&bench, Fate::Pass).await;
    bench.edit_notion(&page, "Amount", 99);
    bench.until("it is in the CRM", 300, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("99")).await;
    bench.hint(page_hint(&page, Some(at))).await;
    bench.settle().await;
    assert!(told(&bench).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_later_write_of_ours_is_no_later_edit() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page, at) = crossed(&bench, Fate::Pass).await;
    bench.settle().await;
    bench.edit_deal(&deal, "OPPORTUNITY", "4712");
    bench.until("it is on the page", 300, async || bench.cell(&page, "Amount") == json!("4712")).await;
    bench.settle().await;
    bench.hint(page_hint(&page, Some(at))).await;
    bench.settle().await;
    let told = told(&bench).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0].after, Some(Value::number(4711.into())), "the write whose window it is");
}

#[tokio::test(start_paused = true)]
async fn of_several_edits_only_the_last_can_be_the_one_that_stands() {
    for first in [false, true] {
        let bench = Bench::settled(Plan::prompt()).await;
        let (deal, page, at) = crossed(&bench, Fate::Pass).await;
        bench.pass(5).await;
        let later = bench.now();
        bench.edit_notion(&page, "Amount", 99);
        bench.until("it is in the CRM", 300, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("99")).await;
        bench.settle().await;
        // Word comes in any order.
        let (one, other) = if first { (at, later) } else { (later, at) };
        bench.hint(page_hint(&page, Some(one))).await;
        bench.settle().await;
        assert!(told(&bench).await.is_empty(), "one of them stands");
        bench.hint(page_hint(&page, Some(other))).await;
        bench.settle().await;
        assert_eq!(told(&bench).await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_edits_what_was_seen_to_stand_overwrites_nothing_of_ours() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page, at) = crossed(&bench, Fate::Pass).await;
    bench.edit_notion(&page, "Amount", 99);
    bench.until("it is in the CRM", 300, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("99")).await;
    bench.hint(page_hint(&page, Some(at))).await;
    bench.settle().await;
    let later = bench.now();
    bench.edit_notion(&page, "Amount", 100);
    bench.until("it is in the CRM", 300, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("100")).await;
    bench.hint(page_hint(&page, Some(later))).await;
    bench.settle().await;
    assert!(told(&bench).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_link_that_may_have_been_taken_out_while_nobody_knew_is_told_when_it_is_put_in_again() {
    // Word of it comes, or only the page's own stamp tells.
    for word in [true, false] {
        let bench = Bench::settled(Plan::prompt()).await;
        let (deal, page) = bench.deal().await;
        let before = bench.cell(&page, "Contacts");
        let linked = bench.held(Entity::Deal, &deal, "CONTACT_IDS");
        let mut more: Vec<String> = serde_json::from_value(linked).unwrap_or_default();
        let added = bench.ids(Entity::Contact).into_iter().find(|id| !more.contains(id)).unwrap();
        more.push(added);
        bench.once(writes_page, Fate::LostAnswer);
        bench.edit_crm(Entity::Deal, &deal, &[("CONTACT_IDS", json!(more))]);
        bench.until("it is linked on the page", 120, async || bench.cell(&page, "Contacts") != before).await;
        bench.pass(5).await;
        bench.edit_notion(&page, "Contacts", if before.is_null() { json!([]) } else { before.clone() });
        if word {
            let taken_out = Hint { fields: Some(vec!["Contacts".into()]), ..page_hint(&page, Some(bench.now())) };
            bench.hint(taken_out).await;
        }
        bench.settle().await;
        assert_ne!(bench.cell(&page, "Contacts"), before, "it was put in again");
        let told = told(&bench).await;
        assert_eq!(told.len(), 1, "{word}: {told:#?}");
        assert_eq!(told[0].field.as_ref().unwrap().as_str(), "CONTACT_IDS");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_reading_showed_while_a_write_was_on_its_way_is_told_with_its_value() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    let late = Fate::LateAndLost(Duration::from_secs(40));
    bench.once(|call| call.side == Side::Crm && call.is_update(), late);
    bench.edit_notion(&page, "Amount", 815);
    bench.until("it has left", 120, async || !bench.writes().is_empty()).await;
    bench.pass(2).await;
    bench.edit_deal(&deal, "OPPORTUNITY", "333");
    bench.until("it is overwritten", 60, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("815")).await;
    bench.settle().await;
    let told = told(&bench).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0].before, Some(Value::number(333.into())));
    assert_eq!((told[0].side, told[0].after.clone()), (Some(Side::Crm), Some(Value::number(815.into()))));
}

#[tokio::test(start_paused = true)]
async fn a_hint_about_a_known_record_makes_it_read_at_once() {
    let bench = Bench::settled(seldom()).await;
    let (deal, page) = bench.deal().await;
    bench.edit_notion(&page, "Amount", 12);
    bench.pass(600).await;
    assert_ne!(bench.deal_field(&deal, "OPPORTUNITY"), json!("12"), "nobody told of it");
    bench.hint(page_hint(&page, None)).await;
    bench.until("it is in the CRM", 30, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("12")).await;
}

#[tokio::test(start_paused = true)]
async fn a_hint_about_an_unknown_record_makes_the_next_increment_due() {
    let bench = Bench::settled(seldom()).await;
    let page = bench.add_page("contacts", &[("Name", json!("Nora Quist")), ("Email", json!("nora@quist.example"))]);
    bench.pass(600).await;
    bench.hint(page_hint("00000000-0000-4000-8000-00000000dead", None)).await;
    bench.until("it is tied", 300, async || bench.record_of("contacts", &page).await.is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn many_hints_about_strangers_do_not_eat_the_budget() {
    let bench = Bench::settled(Plan::prompt()).await;
    let listings =
        |bench: &Bench| bench.calls().iter().filter(|call| call.side == Side::Notion && call.is_listing()).count();
    let before = listings(&bench);
    for _ in 0..300 {
        bench.hint(page_hint("00000000-0000-4000-8000-00000000dead", None)).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let asked = listings(&bench) - before;
    // Two pairs, a minute, every five seconds at most.
    assert!((8..=26).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_hint_about_a_contact_makes_the_deals_that_show_it_read_too() {
    let bench = Bench::settled(seldom()).await;
    let (deal, page) = bench.deal().await;
    let contact = bench.ids(Entity::Contact)[0].clone();
    let contact_page = bench.page_of("contacts", &contact).await.unwrap();
    bench.edit_notion(&page, "Contacts", json!([contact_page]));
    bench.hint(page_hint(&page, None)).await;
    bench
        .until("the two are linked", 120, async || {
            bench.held(Entity::Deal, &deal, "CONTACT_IDS").to_string().contains(&contact)
        })
        .await;
    bench.pass(300).await;
    bench.edit_notion(&page, "Amount", 31);
    bench.hint(page_hint(&contact_page, None)).await;
    bench.until("the deal was read", 30, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("31")).await;
}
