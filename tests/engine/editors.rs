//! Who edited a record last, on each side, is remembered with what was seen of it, and told.

use crosstie::control::{HoldRow, List, Rows};
use crosstie::model::{Editor, Happening, Observation, Side};
use crosstie::store::{record, trees};
use serde_json::json;

use crate::harness::{ANNA, BORIS, Bench, Plan, deal_hold};

async fn row(bench: &Bench, deal: &str) -> HoldRow {
    let Rows::Holds(rows) = bench.list(List::Holds).await else { panic!("no holds") };
    rows.into_iter().find(|row| row.id == deal_hold(deal, "OPPORTUNITY")).unwrap()
}

/// Anna changed a deal's amount in the CRM, Boris in Notion.
async fn quarrel() -> (Bench, String, String) {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    bench.edit_deal(&deal, "OPPORTUNITY", "100");
    bench.edit_notion(&page, "Amount", 200);
    let held = async || bench.hold(&deal_hold(&deal, "OPPORTUNITY")).await.is_some();
    bench.until("the amount is held", 60, held).await;
    (bench, deal, page)
}

#[tokio::test(start_paused = true)]
async fn a_conflict_tells_who_edited_each_record_last_and_when_and_still_does_after_a_restart() {
    let (mut bench, deal, _) = quarrel().await;
    let before = row(&bench, &deal).await;
    assert_eq!((before.crm.edited_by.as_str(), before.notion.edited_by.as_str()), (ANNA, BORIS));
    assert!(before.crm.edited_at.is_some() && before.notion.edited_at.is_some(), "{before:?}");
    bench.crash().await;
    // It lies in the store with what was seen.
    let rows = bench.rows(trees::OBSERVATIONS);
    let seen = rows.iter().map(|(_, bytes)| record::open::<Observation>(bytes).unwrap());
    let editors: Vec<Editor> = seen.filter_map(|seen| seen.edited_by).collect();
    assert_eq!(editors.len(), rows.len(), "of every record");
    let boris = bench.wires.notion.lock().unwrap().people().into_iter().find(|(_, name)| name == BORIS).unwrap().0;
    assert!(editors.contains(&Editor { id: boris.into(), name: None }), "{editors:?}");
    bench.start().await;
    let same = async || {
        let after = row(&bench, &deal).await;
        (&after.crm, &after.notion) == (&before.crm, &before.notion)
    };
    bench.until("the same is told", 60, same).await;
}

#[tokio::test(start_paused = true)]
async fn the_journal_tells_the_last_editor_of_what_was_seen() {
    let (bench, deal, _) = quarrel().await;
    let seen = bench.journal(Happening::Seen).await;
    let who = |side: Side| {
        let mut own = seen.iter().filter(|event| event.crm.as_ref().is_some_and(|id| id.as_str() == deal));
        own.find(|event| event.side == Some(side) && event.field.is_some()).unwrap().who.clone()
    };
    assert_eq!((who(Side::Crm), who(Side::Notion)), (ANNA.to_owned(), BORIS.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_we_wrote_ourselves_was_last_edited_by_crosstie_and_nobody_else() {
    let (bench, deal, page) = quarrel().await;
    bench.edit_deal(&deal, "COMMENTS", "from the CRM");
    bench.until("it is in Notion", 60, async || bench.cell(&page, "Notes") == json!("from the CRM")).await;
    bench.edit_notion(&page, "Notes", "from Notion");
    bench.until("it is in the CRM", 120, async || bench.deal_field(&deal, "COMMENTS") == json!("from Notion")).await;
    bench.settle().await;
    let told = row(&bench, &deal).await;
    assert_eq!((told.crm.edited_by.as_str(), told.notion.edited_by.as_str()), ("crosstie", BORIS));
    bench.edit_deal(&deal, "COMMENTS", "and again");
    bench.until("it is in Notion", 60, async || bench.cell(&page, "Notes") == json!("and again")).await;
    bench.settle().await;
    let told = row(&bench, &deal).await;
    assert_eq!((told.crm.edited_by.as_str(), told.notion.edited_by.as_str()), (ANNA, "crosstie"));
}
