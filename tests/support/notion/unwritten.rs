//! Every type of Notion property that is only read, or not even that.

use super::*;

#[tokio::test(start_paused = true)]
async fn notion_files_is_read_and_never_written() {
    let held = plain("files").await;
    let external = json!({"name": "b", "type": "external", "external": {"url": "https://b.example/b.pdf"}});
    let hosted = |signature: &str| json!({"name": "a.pdf", "type": "file", "file": {"url": format!("https://s3.example/a?{signature}")}});
    let told = text("a.pdf\nhttps://b.example/b.pdf");
    let values = [
        (json!([]), Value::Empty),
        (json!([hosted("1"), external.clone()]), told.clone()),
        (json!([hosted("2"), external]), told),
    ];
    held.is_read(&values).await;
}

#[tokio::test(start_paused = true)]
async fn notion_formula_is_read_and_never_written() {
    let held = held("formula", |_| json!({"expression": "1"})).await;
    let result = |kind: &str, value: Json| json!({"type": kind, kind: value});
    let values = [
        (result("string", json!("a")), text("a")),
        (result("string", Json::Null), Value::Empty),
        (result("number", json!(0.5)), number("0.5")),
        (result("boolean", json!(true)), Value::Flag(true)),
        (result("date", json!({"start": "2026-05-01"})), day("2026-05-01")),
        (result("date", json!({"start": "2026-05-01T10:00:00.000+02:00"})), at("2026-05-01T08:00:00Z")),
    ];
    held.is_read(&values).await;
    let unsupported = result("unsupported", json!({}));
    held.office.notion(|notion, _| notion.set_computed(&held.page, "P", unsupported)).unwrap();
    assert!(why(&held.office.get(&held.entity, &held.page).await, "P").contains("unsupported"));
}

#[tokio::test(start_paused = true)]
async fn notion_rollup_is_read_and_never_written() {
    let held = held("rollup", |_| json!({"function": "show_original"})).await;
    let array = |elements: Json| json!({"type": "array", "array": elements, "function": "show_original"});
    let select = |name: &str| json!({"type": "select", "select": {"id": name, "name": name, "color": "red"}});
    let values = [
        (array(json!([])), Value::Empty),
        (array(json!([{"type": "number", "number": 3}])), number("3")),
        (
            array(json!([{"type": "url", "url": "https://a.example"}, {"type": "url", "url": null}])),
            text("https://a.example"),
        ),
        (array(json!([{"type": "number", "number": 3}, {"type": "number", "number": 4}])), text("3, 4")),
        (array(json!([select("b"), select("a")])), choices(&["a", "b"])),
        (json!({"type": "number", "number": 7, "function": "sum"}), number("7")),
        (json!({"type": "date", "date": {"start": "2026-05-01"}, "function": "latest_date"}), day("2026-05-01")),
    ];
    held.is_read(&values).await;
    let kinds = async |function: &str| {
        let held = self::held("rollup", |_| json!({"function": function})).await;
        held.office.client.schema(&held.entity).await.unwrap().fields["P"].kinds.clone()
    };
    assert_eq!(kinds("sum").await, [Kind::Number]);
    assert_eq!(kinds("latest_date").await, [Kind::DateTime]);
    assert_eq!(kinds("show_original").await, held.row.kinds);
}

#[tokio::test(start_paused = true)]
async fn notion_created_time_is_read_and_never_written() {
    let held = plain("created_time").await;
    assert_eq!(held.read().await, at("2026-06-27T17:56:00Z"));
    held.is_read(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_created_by_is_read_and_never_written() {
    let held = plain("created_by").await;
    let [ada, _] = people(&held.office).await;
    assert_eq!(held.read().await, Value::people([ada]));
    held.is_read(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_last_edited_time_is_read_and_never_written() {
    let held = plain("last_edited_time").await;
    held.office.pass(600).await;
    held.office.edit(&held.page, &[("Name", json!("Another"))]);
    assert_eq!(held.read().await, at("2026-06-27T18:06:00Z"));
    held.is_read(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_last_edited_by_is_read_and_never_written() {
    let held = plain("last_edited_by").await;
    let [_, grace] = people(&held.office).await;
    held.office.notion(|n, now| n.person_edit(now, "Grace Hopper", &held.page, &[("Name", json!("B"))])).unwrap();
    assert_eq!(held.read().await, Value::people([grace]));
    held.is_read(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_unique_id_is_read_and_never_written() {
    let held = held("unique_id", |_| json!({"prefix": "DEAL"})).await;
    assert_eq!(held.read().await, text("DEAL-1"));
    held.is_read(&[(json!({"prefix": null, "number": 7}), text("7"))]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_verification_is_read_and_never_written() {
    let held = plain("verification").await;
    assert_eq!(held.read().await, choice("unverified"));
    let state = |state: &str| json!({"state": state, "date": null, "verified_by": null});
    let values =
        [(state("verified"), choice("verified")), (state("expired"), choice("expired")), (Json::Null, Value::Empty)];
    held.is_read(&values).await;
    let schema = held.office.client.schema(&held.entity).await.unwrap();
    let options: Vec<&str> = schema.fields["P"].options.iter().map(|option| option.id.as_str()).collect();
    assert_eq!(options, ["verified", "unverified", "expired"]);
}

#[tokio::test(start_paused = true)]
async fn notion_place_is_read_and_never_written() {
    let held = plain("place").await;
    let place = |name: Json, address: Json| json!({"lat": 52.5, "lon": 13.4, "name": name, "address": address});
    let values = [
        (Json::Null, Value::Empty),
        (place(json!("Here"), json!("Street 1")), text("Street 1")),
        (place(json!("Here"), Json::Null), text("Here")),
        (place(Json::Null, Json::Null), text("52.5, 13.4")),
    ];
    held.is_read(&values).await;
}

#[tokio::test(start_paused = true)]
async fn notion_button_is_explained_and_never_written() {
    plain("button").await.is_explained().await;
}

#[tokio::test(start_paused = true)]
async fn notion_location_is_explained_and_never_written() {
    plain("location").await.is_explained().await;
}

#[tokio::test(start_paused = true)]
async fn notion_last_visited_time_is_explained_and_never_written() {
    plain("last_visited_time").await.is_explained().await;
}

#[tokio::test(start_paused = true)]
async fn data_sources_of_one_database_have_each_their_own_properties() {
    let office = office();
    office.client.identity().await.unwrap();
    let first = office.notion(|n, _| n.add_data_source("First", &json!({"Name": {"title": {}}, "P": {"number": {}}})));
    let first = first.unwrap();
    let of = office.ask(Method::Get, &format!("/v1/data_sources/{first}"), &Json::Null);
    let database = of["parent"]["database_id"].as_str().unwrap();
    let asked = json!({
        "parent": {"type": "database_id", "database_id": database},
        "title": [{"text": {"content": "Second"}}],
        "properties": {"Name": {"title": {}}, "P": {"checkbox": {}}},
    });
    let second = office.ask(Method::Post, "/v1/data_sources", &asked)["id"].as_str().unwrap().to_owned();
    let mut read = Vec::new();
    for (source, shown) in [(&first, json!("5")), (&second, json!(true))] {
        let entity = Entity { name: source.clone(), fields: vec!["P".into()], marker: None, filter: None };
        let page = office.add(&entity, &[("Name", json!("A")), ("P", shown)]);
        assert_eq!(office.client.schema(&entity).await.unwrap().fields["P"].kinds.len(), 1);
        let listed = office.list(&entity, Since::Ever).await;
        assert_eq!(listed.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), [page.as_str()]);
        read.push(value(&listed[0], "P"));
    }
    assert_eq!(read, [number("5"), Value::Flag(true)]);
}
