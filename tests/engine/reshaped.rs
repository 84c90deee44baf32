//! Properties and fields that are deleted or get another type: their values are nobody's edits, the field is held once for
//! its pair, with what to do about it, and the rest flows. When it fits again it is compared anew, and never written blindly.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::control::{Command, Reply};
use crosstie::model::{Hold, HoldId, Why};
use crosstie::standin::bitrix24::{Entity, UserFieldType};
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan, calm, deal_hold};

const DEADLINE: &str = "UF_CRM_DEADLINE";

/// Deals with a note on both sides, whose schemas are looked at every so often.
async fn noted(canary_every: Duration) -> (Bench, String, String) {
    let timing = Timing { canary_every, ..calm() };
    let bench = Bench::settled(Plan { office: (3, 6, 6, 0), timing, ..Plan::default() }).await;
    let (deal, page) = bench.deal().await;
    bench.edit_deal(&deal, "COMMENTS", "agreed on");
    bench.until("the note flows", 120, async || bench.cell(&page, "Notes") == json!("agreed on")).await;
    bench.settle().await;
    bench.forget_calls();
    (bench, deal, page)
}

fn of_pair(field: &str) -> HoldId {
    HoldId::pair_field(&"deals".into(), &field.into())
}

/// The hold on a field of the pair, once it is there; it says all of these words.
async fn held(bench: &Bench, field: &str, words: &[&str]) -> Hold {
    let id = of_pair(field);
    bench.until("the field is held", 900, async || bench.hold(&id).await.is_some()).await;
    let hold = bench.hold(&id).await.unwrap();
    let Why::Misfit { what, mend } = &hold.why else { panic!("{hold:?}") };
    for word in words {
        assert!(format!("{what}; {mend}").contains(word), "{word}: {what}; {mend}");
    }
    hold
}

async fn released(bench: &Bench, field: &str) {
    let id = of_pair(field);
    bench.until("the field goes on", 900, async || bench.hold(&id).await.is_none()).await;
    bench.settle().await;
}

async fn is_held_while_the_rest_flows(canary_every: Duration, change: Json, words: &[&str]) {
    let (bench, deal, page) = noted(canary_every).await;
    bench.reshape("deals", &change);
    bench.edit_deal(&deal, "COMMENTS", "another note");
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("the amount flows", 300, async || bench.cell(&page, "Amount") == json!("4711")).await;
    held(&bench, "COMMENTS", words).await;
    bench.edit_notion(&page, "Amount", json!("4712"));
    let back = async || bench.deal_field(&deal, "OPPORTUNITY").as_str().is_some_and(|it| it.starts_with("4712"));
    bench.until("the amount flows the other way", 300, back).await;
    bench.settle().await;
    assert_eq!(bench.deal_field(&deal, "COMMENTS"), json!("another note"), "what became of the property is no edit");
    assert_eq!(bench.writes().len(), 2, "only the amount: {:#?}", bench.writes());
    assert_eq!(bench.hold(&deal_hold(&deal, "COMMENTS")).await, None, "it is held once, and not with every deal");
    // What can be decided about it is said to whoever tries.
    let Reply::Done { note } = bench.command(Command::Retry { id: of_pair("COMMENTS") }).await else { panic!() };
    assert!(note.contains("schemas"), "{note}");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_property_holds_its_field_and_the_rest_of_the_pair_goes_on() {
    for canary_every in [24 * 3600, 120] {
        let words = ["no property `Notes`", "add the property"];
        is_held_while_the_rest_flows(Duration::from_secs(canary_every), json!({ "Notes": null }), &words).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_retyped_property_holds_its_field_and_the_rest_of_the_pair_goes_on() {
    for canary_every in [24 * 3600, 120] {
        let change = json!({ "Notes": { "checkbox": {} } });
        is_held_while_the_rest_flows(
            Duration::from_secs(canary_every),
            change,
            &["`Notes` is checkbox", "set `direction"],
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_property_that_comes_back_is_compared_anew_and_nothing_is_emptied() {
    // Under its old name as another property; or as itself, whose values went when its type changed.
    for (away, back) in [
        (json!({ "Notes": null }), json!({ "Notes": { "rich_text": {} } })),
        (json!({ "Notes": { "checkbox": {} } }), json!({ "Notes": { "rich_text": {} } })),
    ] {
        let (bench, deal, page) = noted(Duration::from_secs(300)).await;
        let other = bench.ids(Entity::Deal)[1].clone();
        let other_page = bench.page_of("deals", &other).await.unwrap();
        bench.reshape("deals", &away);
        held(&bench, "COMMENTS", &["`Notes`"]).await;
        // Both sides have moved on before anybody looks again: on one deal to the same, on the other to different texts.
        bench.edit_deal(&deal, "COMMENTS", "told meanwhile");
        bench.edit_deal(&other, "COMMENTS", "one text");
        bench.settle().await;
        bench.reshape("deals", &back);
        bench.edit_notion(&page, "Notes", json!("told meanwhile"));
        bench.edit_notion(&other_page, "Notes", json!("another text"));
        bench.forget_calls();
        released(&bench, "COMMENTS").await;
        let conflict = bench.hold(&deal_hold(&other, "COMMENTS")).await.expect("the two differ");
        assert!(matches!(conflict.why, Why::Conflict { base: None, .. }), "{conflict:?}");
        assert_eq!(bench.hold(&deal_hold(&deal, "COMMENTS")).await, None, "the two agree");
        assert!(bench.writes().is_empty(), "{:#?}", bench.writes());
        assert_eq!(bench.deal_field(&deal, "COMMENTS"), json!("told meanwhile"));
        assert_eq!(bench.deal_field(&other, "COMMENTS"), json!("one text"));
        // And it goes on, both ways.
        bench.edit_deal(&deal, "COMMENTS", "from the CRM again");
        let there = async || bench.cell(&page, "Notes") == json!("from the CRM again");
        bench.until("it flows to Notion", 300, there).await;
        bench.edit_notion(&page, "Notes", json!("from Notion again"));
        let back = async || bench.deal_field(&deal, "COMMENTS") == json!("from Notion again");
        bench.until("it flows to the CRM", 300, back).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_property_that_comes_back_empty_empties_nothing() {
    let (bench, deal, page) = noted(Duration::from_secs(300)).await;
    bench.reshape("deals", &json!({ "Notes": { "checkbox": {} } }));
    held(&bench, "COMMENTS", &["`Notes`"]).await;
    bench.reshape("deals", &json!({ "Notes": { "rich_text": {} } }));
    released(&bench, "COMMENTS").await;
    assert_eq!((bench.cell(&page, "Notes"), bench.deal_field(&deal, "COMMENTS")), (json!(null), json!("agreed on")));
    assert!(bench.writes().is_empty(), "{:#?}", bench.writes());
    let hold = bench.hold(&deal_hold(&deal, "COMMENTS")).await.expect("somebody has to say which of the two is wanted");
    assert!(matches!(hold.why, Why::Conflict { base: None, .. }), "{hold:?}");
}

#[tokio::test(start_paused = true)]
async fn a_user_field_that_is_deleted_in_the_crm_holds_its_field_and_the_rest_goes_on() {
    for canary_every in [24 * 3600, 300] {
        let (bench, deal, page) = noted(Duration::from_secs(canary_every)).await;
        bench.edit_deal(&deal, DEADLINE, "2026-08-01");
        bench.until("the date flows", 300, async || bench.cell(&page, "Deadline") == json!("2026-08-01")).await;
        bench.settle().await;
        bench.forget_calls();
        assert!(bench.wires.crm.lock().unwrap().remove_user_field(Entity::Deal, DEADLINE));
        bench.edit_deal(&deal, "OPPORTUNITY", "4711");
        bench.until("the amount flows", 300, async || bench.cell(&page, "Amount") == json!("4711")).await;
        held(&bench, DEADLINE, &["no field `UF_CRM_DEADLINE`"]).await;
        bench.edit_notion(&page, "Deadline", json!("2026-09-09"));
        bench.edit_notion(&page, "Notes", json!("a note"));
        bench.until("the note flows", 300, async || bench.deal_field(&deal, "COMMENTS") == json!("a note")).await;
        bench.settle().await;
        assert_eq!(bench.cell(&page, "Deadline"), json!("2026-09-09"), "what became of the field is no edit");
        assert_eq!(bench.writes().len(), 2, "the amount and the note: {:#?}", bench.writes());

        // It is made anew, under the same name and empty.
        bench.wires.crm.lock().unwrap().add_user_field(Entity::Deal, DEADLINE, UserFieldType::Date, &[]);
        released(&bench, DEADLINE).await;
        assert_eq!(bench.cell(&page, "Deadline"), json!("2026-09-09"));
        assert_eq!(bench.writes().len(), 2, "nothing is written blindly: {:#?}", bench.writes());
        let hold = bench.hold(&deal_hold(&deal, DEADLINE)).await.expect("the two differ");
        assert!(matches!(hold.why, Why::Conflict { base: None, .. }), "{hold:?}");
        bench.edit_deal(&deal, DEADLINE, "2026-09-09");
        bench.until("the two agree", 300, async || bench.hold(&deal_hold(&deal, DEADLINE)).await.is_none()).await;
        bench.edit_deal(&deal, DEADLINE, "2026-10-10");
        bench.until("it flows again", 300, async || bench.cell(&page, "Deadline") == json!("2026-10-10")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_field_stays_set_aside_over_a_restart_and_new_records_are_made_without_it() {
    let (mut bench, deal, page) = noted(Duration::from_secs(300)).await;
    bench.reshape("deals", &json!({ "Notes": null }));
    held(&bench, "COMMENTS", &["`Notes`"]).await;
    bench.shut_down().await;
    bench.edit_deal(&deal, "COMMENTS", "while nobody ran");
    bench.start().await;
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("the amount flows", 300, async || bench.cell(&page, "Amount") == json!("4711")).await;
    assert!(bench.hold(&of_pair("COMMENTS")).await.is_some());
    let barn = bench.add_crm(Entity::Deal, &[("TITLE", json!("A barn")), ("COMMENTS", json!("a note"))]);
    bench.until("it gets its page", 300, async || bench.page_of("deals", &barn).await.is_some()).await;
    let barn_page = bench.page_of("deals", &barn).await.unwrap();
    bench.settle().await;
    bench.reshape("deals", &json!({ "Notes": { "rich_text": {} } }));
    released(&bench, "COMMENTS").await;
    // On first contact an empty field is filled; what once agreed is compared.
    bench.until("the note is filled in", 300, async || bench.cell(&barn_page, "Notes") == json!("a note")).await;
    assert!(bench.hold(&deal_hold(&deal, "COMMENTS")).await.is_some());
    assert_eq!(bench.deal_field(&deal, "COMMENTS"), json!("while nobody ran"));
}

#[tokio::test(start_paused = true)]
async fn while_the_key_is_set_aside_nothing_new_is_matched_or_made_and_ties_go_on() {
    let plan = Plan {
        office: (3, 3, 3, 0),
        timing: Timing { canary_every: Duration::from_secs(300), ..calm() },
        pairs: |pairs| {
            for pair in pairs.iter_mut().filter(|pair| pair.name.as_str() == "deals") {
                pair.match_by = vec![DEADLINE.into(), "TITLE".into()];
            }
        },
    };
    let bench = Bench::settled(plan).await;
    let (deal, page) = bench.deal().await;
    assert!(bench.wires.crm.lock().unwrap().remove_user_field(Entity::Deal, DEADLINE));
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    held(&bench, DEADLINE, &["no field"]).await;
    let barn = bench.add_crm(Entity::Deal, &[("TITLE", json!("A barn"))]);
    bench.until("the amount flows", 300, async || bench.cell(&page, "Amount") == json!("4711")).await;
    bench.pass(600).await;
    assert_eq!(bench.page_of("deals", &barn).await, None);
    assert!(bench.creates().is_empty(), "{:#?}", bench.creates());
    bench.wires.crm.lock().unwrap().add_user_field(Entity::Deal, DEADLINE, UserFieldType::Date, &[]);
    released(&bench, DEADLINE).await;
    bench.until("it gets its page", 600, async || bench.page_of("deals", &barn).await.is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_goes_while_a_field_is_set_aside_takes_no_unseen_edit_with_it() {
    let plan = Plan {
        office: (3, 6, 6, 0),
        timing: Timing { canary_every: Duration::from_secs(300), ..calm() },
        pairs: |pairs| pairs.iter_mut().for_each(|pair| pair.delete = crosstie::mapping::Delete::Propagate),
    };
    let bench = Bench::settled(plan).await;
    let (deal, page) = bench.deal().await;
    bench.reshape("deals", &json!({ "Notes": null }));
    held(&bench, "COMMENTS", &["`Notes`"]).await;
    bench.edit_deal(&deal, "COMMENTS", "nobody has seen this");
    bench.settle().await;
    bench.trash_page(&page);
    let id = HoldId { field: None, ..deal_hold(&deal, "COMMENTS") };
    bench.until("the deal is held", 900, async || bench.hold(&id).await.is_some()).await;
    bench.settle().await;
    assert!(bench.ids(Entity::Deal).contains(&deal), "it stays until somebody has looked");
}
