//! A day in the CRM and a time in Notion are the same only where the pair names its time zone.

use crosstie::model::Why;
use serde_json::json;

use crate::harness::{Bench, Plan, deal_hold};

fn zoned() -> Plan {
    Plan {
        pairs: |pairs| {
            let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
            pairs.iter_mut().flat_map(|pair| &mut pair.fields).for_each(|field| field.zone = Some(zone.clone()));
        },
        ..Plan::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_at_the_edge_of_a_day_is_the_day_it_is_in_the_pairs_time_zone_and_nothing_comes_back() {
    let bench = Bench::settled(zoned()).await;
    let (deal, page) = bench.deal().await;
    for (time, day) in [
        // In UTC each is another day, and so it is where the portal stands.
        ("2026-03-31T23:30:00.000-04:00", "2026-03-31"),
        ("2026-04-01T00:00:00.000-04:00", "2026-04-01"),
        ("2026-12-31T23:59:00.000-05:00", "2026-12-31"),
    ] {
        bench.edit_notion(&page, "Deadline", time);
        bench.settle().await;
        assert_eq!(bench.deal_field(&deal, "UF_CRM_DEADLINE"), json!(day), "{time}");
        assert_eq!(bench.cell(&page, "Deadline").as_str().unwrap()[..16], time[..16], "it was written back");
    }
    bench.edit_deal(&deal, "UF_CRM_DEADLINE", "2026-07-04");
    bench.settle().await;
    let shown = bench.cell(&page, "Deadline");
    let moved: jiff::Timestamp = shown.as_str().unwrap().parse().unwrap();
    assert_eq!(moved, "2026-07-04T23:59:00-04:00".parse().unwrap(), "the time of day moves along");
    bench.settle().await;
    assert_eq!(bench.deal_field(&deal, "UF_CRM_DEADLINE"), json!("2026-07-04"));
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_time_zone_a_time_is_held_and_the_hold_says_how_to_name_one() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let before = bench.deal_field(&deal, "UF_CRM_DEADLINE");
    bench.edit_notion(&page, "Deadline", "2026-03-31T23:30:00.000-04:00");
    let id = deal_hold(&deal, "UF_CRM_DEADLINE");
    bench.until("it is held", 300, async || bench.hold(&id).await.is_some()).await;
    let why = bench.hold(&id).await.unwrap().why;
    assert!(matches!(&why, Why::Unmappable { reason, .. } if reason.contains("`time_zone`")), "{why:?}");
    assert_eq!(bench.deal_field(&deal, "UF_CRM_DEADLINE"), before);
}
