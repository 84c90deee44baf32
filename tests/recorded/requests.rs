//! Whole requests, as the client sends them to the pretend Notion, judged by Notion's own description.

use std::collections::BTreeMap;

use crosstie::mapping::Template;
use crosstie::model::{Entity, FieldName, RecordId, Value};
use crosstie::plan::body::{Step, go_on};
use crosstie::remote::notion::Notion;
use crosstie::remote::{Lane, Listing, Since, System};
use crosstie::seam::{Method, WallClock};
use crosstie::standin::notion::{Config, NotionStandIn};
use serde_json::{Value as Json, json};

use crate::openapi::Judge;
use crate::wire::{Still, client};

#[tokio::test(start_paused = true)]
async fn every_body_that_the_client_sends_is_allowed_by_the_openapi() {
    let judge = |file, path, method| Judge::of(file, path, method);
    let (Some(creates), Some(updates), Some(queries), Some(schemas), Some(appends)) = (
        judge("post-page.yaml", "/v1/pages", "post"),
        judge("patch-page.yaml", "/v1/pages/{page_id}", "patch"),
        judge("query-a-data-source.yaml", "/v1/data_sources/{data_source_id}/query", "post"),
        judge("update-a-data-source.yaml", "/v1/data_sources/{data_source_id}", "patch"),
        judge("patch-block-children.yaml", "/v1/blocks/{block_id}/children", "patch"),
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
    let entity = Entity { name: source, fields, marker: Some("crosstie".into()), filter: None };

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
        client.list(Listing { entity: &entity, since, next: None, lane: Lane::Sweep, counts: false }).await.unwrap();
    }
    fill(&client, &record.id).await;
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
            Method::Patch if path.starts_with("/v1/blocks/") => ("append", &appends),
            Method::Patch if path.starts_with("/v1/pages/") => ("update", &updates),
            Method::Patch if path.starts_with("/v1/data_sources/") => ("schema", &schemas),
            _ => panic!("nobody judges {request:?}"),
        };
        judge.accepts(&body);
        *judged.entry(name).or_default() += 1;
    }
    assert_eq!(judged, BTreeMap::from([("append", 3), ("create", 1), ("query", 5), ("schema", 1), ("update", 2)]));
}

/// Gives a page every kind of block, deeper than one request may go.
async fn fill(client: &Notion, page: &RecordId) {
    let languages = ["py", "C#", "plain text", "webassembly", "nobody's", ""];
    let code: String = languages.iter().map(|name| format!("```{name}\nx\n```\n\n")).collect();
    let text = "# a\n## b\n### c\n\np **b** *i* ~~s~~ `c` [l](https://example.com/)\n\n> q\n>\n> r\n\n---\n\n- [ ] t\n- [x] u\n\n";
    let list = "- 1\n  1. 2\n     - 3\n       - 4\n         - 5\n           - 6\n             - 7\n";
    let wanted = client.body_form(&Template::parse("t.md", &format!("{text}{code}{list}")).blocks);
    let limits = client.capabilities().body.unwrap();
    loop {
        let there = client.read_body(page, &wanted, Lane::Probe).await.unwrap();
        match go_on(&wanted, &there, &limits).step {
            Step::Append(part) => client.append_body(page, &part).await.unwrap(),
            Step::Complete => break,
            Step::Foreign => panic!("it does not know its own blocks: {there:#?}"),
        }
    }
}
