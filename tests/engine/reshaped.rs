//! Properties that are deleted or get another type: their values are nobody's edits, the field is held with its name, and
//! the rest flows until the schemas are looked at.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::model::{Happening, Why};
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan, deal_hold};

/// Deals with a note on both sides, whose schemas are looked at every so often.
async fn noted(canary_every: Duration) -> (Bench, String, String) {
    let timing = Timing { review: false, canary_every, ..Timing::default() };
    let bench = Bench::settled(Plan { office: (3, 6, 6, 0), timing, ..Plan::default() }).await;
    let (deal, page) = bench.deal().await;
    bench.edit_deal(&deal, "COMMENTS", "agreed on");
    bench.until("the note flows", 120, async || bench.cell(&page, "Notes") == json!("agreed on")).await;
    bench.settle().await;
    bench.forget_calls();
    (bench, deal, page)
}

async fn is_held_and_named(change: Json, words: &[&str]) {
    let (bench, deal, page) = noted(Duration::from_secs(24 * 3600)).await;
    bench.reshape("deals", &change);
    bench.edit_deal(&deal, "COMMENTS", "another note");
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("the amount flows", 300, async || bench.cell(&page, "Amount") == json!("4711")).await;
    let id = deal_hold(&deal, "COMMENTS");
    bench.until("the note is held", 600, async || bench.hold(&id).await.is_some()).await;
    let hold = bench.hold(&id).await.unwrap();
    let Why::Unreadable { reason, .. } = &hold.why else { panic!("{hold:?}") };
    for word in words {
        assert!(reason.contains(word), "{word}: {reason}");
    }
    bench.settle().await;
    assert_eq!(bench.deal_field(&deal, "COMMENTS"), json!("another note"), "what became of the property is no edit");
    assert_eq!(bench.writes().len(), 1, "only the amount: {:#?}", bench.writes());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_property_holds_its_field_and_names_it() {
    is_held_and_named(json!({ "Notes": null }), &["\"Notes\"", "deleted"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_retyped_property_holds_its_field_and_names_it() {
    is_held_and_named(json!({ "Notes": { "number": {} } }), &["\"Notes\"", "number", "rich_text"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_schemas_stops_the_pair_and_says_which_property_no_longer_fits() {
    for (change, said) in [
        (json!({ "Notes": null }), "has no property `Notes`"),
        (json!({ "Notes": { "checkbox": {} } }), "`Notes` is checkbox"),
    ] {
        let (bench, deal, _) = noted(Duration::from_secs(300)).await;
        let stopped = async || {
            let journal = bench.journal(Happening::System).await;
            journal.iter().any(|event| event.note.contains("is stopped") && event.note.contains(said))
        };
        bench.reshape("deals", &change);
        bench.until("the pair is stopped", 600, stopped).await;
        bench.edit_deal(&deal, "OPPORTUNITY", "4711");
        bench.pass(1200).await;
        assert!(bench.writes().is_empty(), "{:#?}", bench.writes());
        assert_eq!(bench.deal_field(&deal, "COMMENTS"), json!("agreed on"));
    }
}
