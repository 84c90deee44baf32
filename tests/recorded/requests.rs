//! Whole requests, as the client sends them to the pretend Notion, judged by Notion's own description.

use std::collections::BTreeMap;

use crosstie::model::{Entity, FieldName, Value};
use crosstie::remote::{Lane, Listing, Since, System};
use crosstie::seam::{Method, WallClock};
use crosstie::standin::notion::{Config, NotionStandIn};
use serde_json::{Value as Json, json};

use crate::openapi::Judge;
use crate::wire::{Still, client};

#[tokio::test(start_paused = true)]
async fn every_body_that_the_client_sends_is_allowed_by_the_openapi() {
    let judge = |file, path, method| Judge::of(file, path, method);
    let (Some(creates), Some(updates), Some(queries), Some(schemas)) = (
        judge("post-page.yaml", "/v1/pages", "post"),
        judge("patch-page.yaml", "/v1/pages/{page_id}", "patch"),
        judge("query-a-data-source.yaml", "/v1/data_sources/{data_source_id}/query", "post"),
        judge("update-a-data-source.yaml", "/v1/data_sources/{data_source_id}", "patch"),
    ) else {
        eprintln!("skipped: CROSSTIE_OPENAPI is not set");
        return;
    };
    let mut notion = NotionStandIn::new(Config::default());
    let columns =
        json!({"Name": {"title": {}}, "Stage": {"status": {}}, "Due": {"date": {}}, "Tags": {"multi_select": {}}});
    let source = notion.add_data_source("Deals", &columns).unwrap();
    let (client, wire) = client(notion);
    let fields: Vec<FieldName> = ["Name", "Stage", "Due", "Tags"].map(FieldName::from).into();
    let entity = Entity { name: source, fields, marker: Some("crosstie".into()) };

    client.add_marker(&entity).await.unwrap();
    let values = BTreeMap::from([
        ("Name".into(), Value::text("A")),
        ("Stage".into(), Value::Choice("Done".into())),
        ("Due".into(), Value::DateTime(Still.now())),
        ("Tags".into(), Value::choices(["a".to_owned(), "b".to_owned()])),
    ]);
    let record = client.create(&entity, "412", &values).await.unwrap();
    let emptied = ["Due", "Tags"].map(|name| (FieldName::from(name), Value::Empty));
    client.update(&entity, &record, &BTreeMap::from(emptied), Some("413")).await.unwrap();
    client.probe(&entity, "413").await.unwrap();
    client.find(&entity, &"Stage".into(), &Value::Choice("Done".into()), Lane::Write).await.unwrap();
    for since in [Since::Ever, Since::At(Still.now())] {
        client.list(Listing { entity: &entity, since, next: None, lane: Lane::Sweep }).await.unwrap();
    }
    client.trash(&entity, &record.id).await.unwrap();

    let mut judged: BTreeMap<&str, usize> = BTreeMap::new();
    for request in wire.sent.lock().unwrap().iter() {
        assert_eq!(request.get_header("notion-version"), Some("2026-03-11"));
        assert!(request.get_header("authorization").unwrap().starts_with("Bearer "));
        if request.method == Method::Get {
            assert!(request.body.is_empty());
            continue;
        }
        assert_eq!(request.get_header("content-type"), Some("application/json"));
        let body: Json = serde_json::from_slice(&request.body).unwrap();
        let path = request.path();
        let (name, judge) = match request.method {
            Method::Post if path.ends_with("/query") => ("query", &queries),
            Method::Post if path == "/v1/pages" => ("create", &creates),
            Method::Patch if path.starts_with("/v1/pages/") => ("update", &updates),
            Method::Patch if path.starts_with("/v1/data_sources/") => ("schema", &schemas),
            _ => panic!("nobody judges {request:?}"),
        };
        judge.accepts(&body);
        *judged.entry(name).or_default() += 1;
    }
    assert_eq!(judged, BTreeMap::from([("create", 1), ("query", 5), ("schema", 1), ("update", 2)]));
}
