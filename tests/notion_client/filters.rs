//! The pair's own filter in queries and reads by id.

use crosstie::model::{Entity, Presence, Value};
use crosstie::remote::{Lane, RemoteErrorKind, Since, System};
use crosstie::seam::Method;
use serde_json::json;

use crate::office::{Office, office};

fn won(office: &Office) -> Entity {
    let filter = json!({"or": [
        {"property": "Stage", "select": {"equals": "Won"}},
        {"and": [{"property": "Active", "checkbox": {"equals": true}}, {"property": "Amount", "number": {"is_not_empty": true}}]},
    ]});
    Entity { filter: Some(filter), ..office.deals.clone() }
}

#[tokio::test(start_paused = true)]
async fn a_listing_shows_what_passes_the_pairs_filter_and_a_read_by_id_tells_what_does_not() {
    let office = office();
    let deals = won(&office);
    let inside = office.add(&deals, &[("Name", json!("A")), ("Stage", json!("Won"))]);
    let outside = office.add(&deals, &[("Name", json!("B")), ("Stage", json!("New"))]);
    office.pass(60).await;
    let later = office.add(&deals, &[("Name", json!("C")), ("Active", json!(true)), ("Amount", json!(7))]);
    for since in [Since::Ever, Since::At("2026-06-27T17:00:00Z".parse().unwrap())] {
        let listed = office.list(&deals, since).await;
        assert_eq!(listed.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), [&inside, &later]);
    }
    for (id, presence) in [(&inside, Presence::Present), (&outside, Presence::Outside), (&later, Presence::Present)] {
        assert_eq!(office.get(&deals, id).await.presence, presence);
        assert_eq!(office.get(&office.deals, id).await.presence, Presence::Present, "without the filter");
    }
    office.notion(|notion, now| notion.person_trash(now, "Ada Lovelace", &outside)).unwrap();
    assert_eq!(office.get(&deals, &outside).await.presence, Presence::Trashed, "trashed is trashed");
}

#[tokio::test(start_paused = true)]
async fn a_search_by_value_stays_in_the_filter_and_a_search_by_marker_does_not() {
    let office = office();
    let deals = won(&office);
    let inside = office.add(&deals, &[("Name", json!("Twin")), ("Stage", json!("Won"))]);
    let outside = office.add(&deals, &[("Name", json!("Twin")), ("crosstie id", json!("77"))]);
    let name = "Name".into();
    let found = office.client.find(&deals, &name, &Value::text("Twin"), Lane::Probe).await.unwrap();
    assert_eq!(found.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), [&inside]);
    let probed = office.client.probe(&deals, "77").await.unwrap();
    assert_eq!(probed.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), [&outside], "what we made is ours anywhere");
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_notion_would_refuse_is_told_with_the_schema_and_never_asked_with() {
    let office = office();
    let filter = Some(json!({"property": "Stgae", "select": {"equals": "Won"}}));
    let deals = Entity { filter, ..office.deals.clone() };
    let refused = office.client.schema(&deals).await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Invalid);
    assert!(refused.message.contains("`notion_filter`") && refused.message.contains("Stgae"), "{refused}");
    assert!(office.page(&deals, Since::Ever, None).await.is_err());
    assert_eq!(office.sent(Method::Post), 0);
}
