//! Mappings and schemas that change: one field is compared anew, and what only got another name changes nothing.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::mapping::Direction;
use crosstie::model::{Happening, Why};
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan, calm, deal_hold};

fn watchful() -> Plan {
    let timing = Timing { canary_every: Duration::from_secs(300), ..calm() };
    Plan { office: (3, 6, 6, 0), timing, ..Plan::default() }
}

async fn told(bench: &Bench, what: &str) -> usize {
    bench.journal(Happening::System).await.iter().filter(|event| event.note.contains(what)).count()
}

#[tokio::test(start_paused = true)]
async fn a_changed_mapping_compares_its_field_anew_and_leaves_the_others() {
    let mut bench = Bench::settled(watchful()).await;
    let deals = bench.ids(Entity::Deal);
    let (same, different) = (deals[0].clone(), deals[1].clone());
    let (same_page, different_page) =
        (bench.page_of("deals", &same).await.unwrap(), bench.page_of("deals", &different).await.unwrap());
    bench.shut_down().await;
    bench.reshape("deals", &json!({ "Remarks": { "rich_text": {} } }));
    for (deal, page, remark) in [(&same, &same_page, "told"), (&different, &different_page, "another")] {
        bench.edit_deal(deal, "COMMENTS", "told");
        bench.edit_notion(page, "Remarks", json!(remark));
    }
    // An edit of another field is an edit still: only that field is compared anew.
    bench.edit_deal(&different, "OPPORTUNITY", "4711");
    for field in bench.specs.iter_mut().flat_map(|pair| &mut pair.fields).filter(|it| it.key.as_str() == "COMMENTS") {
        field.notion = "Remarks".into();
    }
    bench.forget_calls();
    bench.start().await;
    bench.until("the amount flows", 120, async || bench.cell(&different_page, "Amount") == json!("4711")).await;
    bench.settle().await;
    let hold = bench.hold(&deal_hold(&different, "COMMENTS")).await.expect("the two differ");
    assert!(matches!(hold.why, Why::Conflict { base: None, .. }), "{hold:?}");
    assert_eq!(bench.hold(&deal_hold(&same, "COMMENTS")).await, None);
    let wrote = |page: &String| bench.writes().iter().filter(|call| call.holds(page)).count();
    assert_eq!((wrote(&same_page), wrote(&different_page)), (0, 1), "only the amount");
}

#[tokio::test(start_paused = true)]
async fn a_changed_mapping_writes_nothing_where_the_field_goes_one_way_or_a_side_is_empty() {
    for direction in [Direction::Both, Direction::CrmToNotion, Direction::NotionToCrm] {
        let mut bench = Bench::settled(watchful()).await;
        let deals = bench.ids(Entity::Deal);
        let remarks = [("told", "another"), ("told", ""), ("", "another")];
        for deal in &deals {
            bench.edit_deal(deal, "COMMENTS", "what both sides agree on");
        }
        bench.settle().await;
        let mut pages = Vec::new();
        for deal in &deals {
            pages.push(bench.page_of("deals", deal).await.unwrap());
        }
        bench.shut_down().await;
        bench.reshape("deals", &json!({ "Remarks": { "rich_text": {} } }));
        for ((deal, page), (told, remark)) in deals.iter().zip(&pages).zip(remarks) {
            bench.edit_deal(deal, "COMMENTS", told);
            if !remark.is_empty() {
                bench.edit_notion(page, "Remarks", json!(remark));
            }
        }
        for field in bench.specs.iter_mut().flat_map(|pair| &mut pair.fields).filter(|it| it.key.as_str() == "COMMENTS")
        {
            field.notion = "Remarks".into();
            field.direction = direction;
        }
        bench.forget_calls();
        bench.start().await;
        bench.settle().await;
        assert!(bench.writes().is_empty(), "{direction:?}: {:#?}", bench.writes());
        for deal in &deals[..remarks.len()] {
            let hold = bench.hold(&deal_hold(deal, "COMMENTS")).await.expect("the two differ");
            assert!(matches!(hold.why, Why::Conflict { base: None, .. }), "{direction:?}: {hold:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_renamed_property_is_followed_by_its_id_and_an_added_one_changes_nothing() {
    let mut bench = Bench::settled(watchful()).await;
    let (deal, page) = bench.deal().await;
    bench.reshape("deals", &json!({ "Amount": { "name": "Deal size" }, "Colour": { "rich_text": {} } }));
    bench.until("it is noticed", 400, async || told(&bench, "is called Deal size now").await == 1).await;
    bench.settle().await;
    assert!(bench.writes().is_empty() && bench.claims().await.holds.is_empty());
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("it flows", 60, async || bench.cell(&page, "Deal size") == json!("4711")).await;
    bench.crash().await;
    bench.reshape("deals", &json!({ "Deal size": { "name": "Sum" } }));
    bench.start().await;
    bench.until("it is noticed after a restart", 60, async || told(&bench, "is called Sum now").await == 1).await;
    bench.settle().await;
    let sent = bench.writes().len();
    bench.edit_notion(&page, "Sum", 17);
    bench.until("it flows back", 60, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("17")).await;
    bench.settle().await;
    assert_eq!(bench.writes().len(), sent + 1);
    assert!(bench.claims().await.holds.is_empty());
}

/// The options of a deal's status with one of them renamed, and one more.
fn renamed(bench: &Bench, old: &str, new: &str) -> Json {
    let mut options = bench.property("deals", "Status")["status"]["options"].clone();
    for option in options.as_array_mut().unwrap() {
        if option["name"] == old {
            option["name"] = json!(new);
        }
    }
    options.as_array_mut().unwrap().push(json!({ "name": "Somewhere else" }));
    json!({ "Status": { "status": { "options": options } } })
}

#[tokio::test(start_paused = true)]
async fn a_renamed_option_is_nobodys_edit() {
    let mut bench = Bench::settled(watchful()).await;
    let (deal, page) = bench.deal().await;
    let old = bench.cell(&page, "Status").as_str().unwrap().to_owned();
    let code = bench.deal_field(&deal, "STAGE_ID");
    bench.reshape("deals", &renamed(&bench, &old, "Quite another name"));
    assert_eq!(bench.cell(&page, "Status"), json!("Quite another name"));
    // A page with the new name is read before the schema is.
    bench.edit_notion(&page, "Notes", json!("worked on"));
    bench.until("the note flows", 120, async || bench.deal_field(&deal, "COMMENTS") == json!("worked on")).await;
    bench.until("it is noticed", 400, async || told(&bench, "Quite another name now").await == 1).await;
    bench.pass(4000).await;
    bench.settle().await;
    assert_eq!(bench.deal_field(&deal, "STAGE_ID"), code);
    assert_eq!(bench.writes().len(), 1, "{:#?}", bench.writes());
    assert!(bench.claims().await.holds.is_empty(), "{:#?}", bench.claims().await.holds);
    bench.crash().await;
    bench.start().await;
    bench.settle().await;
    assert_eq!(bench.writes().len(), 1);
    // The option still is what it was: it goes both ways.
    let stages = bench.specs[1].fields.iter().find(|it| it.key.as_str() == "STAGE_ID").unwrap().values.clone();
    let (other_code, other) = stages.iter().find(|(_, name)| **name != old).unwrap();
    bench.edit_notion(&page, "Status", json!(other));
    bench.until("there", 60, async || bench.deal_field(&deal, "STAGE_ID") == json!(other_code)).await;
    bench.settle().await;
    bench.edit_deal(&deal, "STAGE_ID", code);
    bench.until("and back", 60, async || bench.cell(&page, "Status") == json!("Quite another name")).await;
}
