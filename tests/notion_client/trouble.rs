//! Limits, conflicts, outages, and a token that is refused.

use crosstie::model::Value;
use crosstie::remote::{Lane, RemoteErrorKind, Since, System, WriteError};
use crosstie::seam::{Method, Response};
use crosstie::standin::notion::Config;
use serde_json::json;

use crate::office::{Fault, fields, office, office_with, value};

#[tokio::test(start_paused = true)]
async fn the_wait_that_notion_asks_for_is_kept() {
    // 17:56:40: the window ends in 20 seconds.
    let office = office_with(Config { budget: 4, ..Config::default() });
    let deal = office.add(&office.deals, &[("Name", json!("A"))]);
    for _ in 0..6 {
        assert_eq!(value(&office.get(&office.deals, &deal).await, "Name"), Value::text("A"));
    }
    let (requests, refused) = office.notion(|notion, _| (notion.counters().requests, notion.counters().rate_limited));
    assert_eq!((requests, refused), (8, 1), "one schema, six pages, and one refusal, not a hail of them");
    let sent = office.wire.sent.lock().unwrap();
    let waited = sent[5].at.duration_since(sent[4].at);
    assert!(waited.as_secs() >= 20, "{waited}");
    assert_eq!(office.client.pulse().throttled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_met_another_one_is_surely_not_done_and_no_matter_of_pace() {
    let office = office();
    office.client.schema(&office.deals).await.unwrap();
    let conflict = json!({"code": "conflict_error", "message": "Conflict occurred while saving. Please try again."});
    office.fault(Fault::Instead(Response::json(409, &conflict)));
    let (_, ceiling) = office.client.pulse().headroom.left_of().unwrap();
    office.client.reserve(Lane::Write, 1).await;
    let error = office.client.create(&office.deals, "1", &fields(&[("Name", Value::text("A"))])).await.unwrap_err();
    assert!(matches!(&error, WriteError::NotDone(e) if e.kind == RemoteErrorKind::Overtaken), "{error:?}");
    assert_eq!(office.sent(Method::Post), 1);
    let pulse = office.client.pulse();
    assert_eq!((pulse.throttled, pulse.headroom.left_of().unwrap().1), (0, ceiling));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_out_by_reads_and_leaves_writes_unknown() {
    let office = office();
    let deal = office.add(&office.deals, &[("Name", json!("A"))]);
    let before = office.get(&office.deals, &deal).await;
    let down = || Response::json(503, &json!({"code": "service_unavailable", "message": "Notion is unavailable."}));
    office.fault(Fault::Instead(down()));
    assert_eq!(value(&office.get(&office.deals, &deal).await, "Name"), Value::text("A"));
    office.fault(Fault::Instead(down()));
    let error = office.client.update(&office.deals, &before, &fields(&[("Name", Value::text("B"))]), None).await;
    assert!(matches!(error, Err(WriteError::Unknown(_))), "{error:?}");
    assert_eq!(office.sent(Method::Patch), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_unauthorized_and_shows_nowhere() {
    let office = office();
    let secret = office.notion(|notion, _| notion.token().to_owned());
    office.fault(Fault::Instead(Response::json(
        401,
        &json!({"object": "error", "status": 401, "code": "unauthorized", "message": "API token is invalid."}),
    )));
    let error = office.client.identity().await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Unauthorized);
    let shown = format!("{error:?} {:?} {:?}", office.client, office.client.pulse());
    assert!(!shown.contains(&secret));
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_that_cannot_be_read_leaves_a_write_unknown() {
    let office = office();
    office.client.schema(&office.deals).await.unwrap();
    office.fault(Fault::After(|_| Response::json(200, &json!({"object": "page"}))));
    let error = office.client.create(&office.deals, "1", &fields(&[("Name", Value::text("Jane"))])).await.unwrap_err();
    assert!(matches!(&error, WriteError::Unknown(why) if !why.contains("Jane")), "{error:?}");
    assert_eq!(office.client.probe(&office.deals, "1").await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_query_whose_narrowing_is_refused_again_and_again_asks_for_all_properties() {
    let office = office();
    let page = office.add(&office.deals, &[("Name", json!("A"))]);
    let refused = || {
        let message = "Could not find property with name or id: abc";
        let body = json!({"object": "error", "status": 400, "code": "validation_error", "message": message});
        Fault::Instead(Response::json(400, &body))
    };
    office.list(&office.deals, Since::Ever).await;
    office.fault(refused());
    office.fault(Fault::None);
    office.fault(refused());
    let listed = office.list(&office.deals, Since::Ever).await;
    assert_eq!(listed.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), [&page]);
    let queries = office.wire.sent.lock().unwrap();
    let queries: Vec<bool> = queries
        .iter()
        .filter(|sent| sent.target.contains("/query"))
        .map(|sent| sent.target.contains("filter_properties"))
        .collect();
    assert_eq!(queries, [true, true, true, false]);
}
