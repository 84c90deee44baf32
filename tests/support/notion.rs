//! Every type of Notion property.

use crosstie::model::{Entity, Kind, Value};
use crosstie::remote::notion::support::{self, TYPES};
use crosstie::remote::support::{Fidelity, Limit, TypeRow};
use crosstie::remote::{Since, System};
use crosstie::seam::Method;
use serde_json::{Value as Json, json};

use crate::office::{Office, fields, office, value, why};
use crate::{every_row_has_its_test, is_one_of, reason};

/// A data source with one property of the type, and a page in it.
struct Held {
    office: Office,
    entity: Entity,
    page: String,
    row: &'static TypeRow,
}

/// The data source of a property `P` with this definition.
async fn held(kind: &str, definition: impl FnOnce(&Office) -> Json) -> Held {
    let office = office();
    office.client.identity().await.unwrap();
    let is_title = kind == "title";
    let mut columns = json!({ "P": { "type": kind, kind: definition(&office) } });
    if !is_title {
        columns["Name"] = json!({ "title": {} });
    }
    let source = office.notion(|notion, _| notion.add_data_source("Everything", &columns)).unwrap();
    let entity = Entity { name: source, fields: vec!["P".into()], marker: None };
    let page = office.add(&entity, &[(if is_title { "P" } else { "Name" }, json!("A page"))]);
    let row = support::of(kind).unwrap();
    let schema = office.client.schema(&entity).await.unwrap();
    let info = &schema.fields["P"];
    assert_eq!((info.native_type.as_str(), info.writable), (kind, row.is_writable()));
    if kind != "rollup" {
        assert_eq!(info.kinds, row.kinds);
    }
    Held { office, entity, page, row }
}

async fn plain(kind: &str) -> Held {
    held(kind, |_| json!({})).await
}

impl Held {
    async fn read(&self) -> Value {
        value(&self.office.get(&self.entity, &self.page).await, "P")
    }

    async fn write(&self, value: &Value) -> Result<Value, crosstie::remote::WriteError> {
        let before = self.office.get(&self.entity, &self.page).await;
        let written = self.office.client.update(&self.entity, &before, &fields(&[("P", value.clone())]), None).await?;
        Ok(crate::office::value(&written.unwrap(), "P"))
    }

    /// Each value is written, comes back with the answer, by id and in a listing; then it is emptied.
    async fn round_trips(&self, values: &[Value], emptied: Value) {
        assert!(self.row.is_writable() && self.row.clears.is_some());
        for wanted in values {
            assert!(is_one_of(wanted, self.row.kinds), "{wanted:?}");
            assert_eq!(self.write(wanted).await.unwrap(), *wanted);
            assert_eq!(self.read().await, *wanted);
            let listed = self.office.list(&self.entity, Since::Ever).await;
            assert_eq!(value(&listed[0], "P"), *wanted);
        }
        assert_eq!(self.write(&Value::Empty).await.unwrap(), emptied);
        assert_eq!(self.read().await, emptied);
    }

    /// It does not even leave.
    async fn refuses(&self, value: &Value) -> String {
        let sent = self.office.sent(Method::Patch);
        let why = reason(self.write(value).await);
        assert_eq!(self.office.sent(Method::Patch), sent, "it was sent");
        why
    }

    /// Each of Notion's values is read as that, and nothing is written.
    async fn is_read(&self, values: &[(Json, Value)]) {
        assert!(matches!(self.row.fidelity, Fidelity::ReadOnly(_)) && self.row.clears.is_none());
        for (shown, wanted) in values {
            self.office.notion(|notion, _| notion.set_computed(&self.page, "P", shown.clone())).unwrap();
            assert!(is_one_of(wanted, self.row.kinds), "{wanted:?}");
            assert_eq!(self.read().await, *wanted, "{shown}");
        }
        self.is_never_written().await;
    }

    async fn is_never_written(&self) {
        let before = self.office.get(&self.entity, &self.page).await;
        let sent = self.office.sent(Method::Patch);
        for value in [Value::Empty, Value::text("a")] {
            let write = fields(&[("P", value)]);
            let mut blank = before.clone();
            blank.fields.clear();
            let why = reason(self.office.client.update(&self.entity, &blank, &write, None).await);
            assert!(why.contains("\"P\"") && why.contains(self.row.fidelity.why()), "{why}");
        }
        assert_eq!(self.office.sent(Method::Patch), sent);
    }

    async fn is_explained(&self) {
        assert!(self.row.kinds.is_empty());
        let why = why(&self.office.get(&self.entity, &self.page).await, "P");
        assert!(why.contains(self.row.native) && why.contains(self.row.fidelity.why()), "{why}");
        self.is_never_written().await;
    }
}

fn text(text: &str) -> Value {
    Value::text(text)
}

fn number(text: &str) -> Value {
    Value::number(text.parse().unwrap())
}

fn at(text: &str) -> Value {
    Value::DateTime(text.parse().unwrap())
}

fn day(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

fn choice(name: &str) -> Value {
    Value::Choice(name.to_owned())
}

fn choices(names: &[&str]) -> Value {
    Value::choices(names.iter().map(|name| (*name).to_owned()))
}

/// Ada's user id and Grace's.
async fn people(office: &Office) -> [String; 2] {
    office.notion(|notion, _| notion.add_person("Grace Hopper", "grace@example.com"));
    let all = office.client.people().await.unwrap();
    let of = |email: &str| all.iter().find(|person| person.email.as_deref() == Some(email)).unwrap().id.clone();
    [of("ada@example.com"), of("grace@example.com")]
}

/// Text up to the limit of a run and of a write, and one unit more.
async fn text_fits(held: &Held) {
    let [Limit::Runs(runs, units)] = held.row.limits else { panic!("{:?}", held.row.limits) };
    // A character of two units lies across the end of the first run.
    let torn = format!("{}😀{}", "a".repeat(units - 1), "b".repeat(*units));
    let most = "é".repeat(runs * units);
    held.round_trips(&[text("Ab\ncd"), text(" spaced "), text(&torn), text(&most)], Value::Empty).await;
    assert!(held.refuses(&text(&format!("{most}x"))).await.contains("too long"));
}

/// A text that is there already keeps its formatting when it is written again, alone or beside another field.
async fn formatting_stays(held: &Held, kind: &str) {
    let bold = json!({kind: [
        {"type": "text", "text": {"content": "Bo"}, "annotations": {"bold": true}},
        {"type": "text", "text": {"content": "ld"}},
    ]});
    held.office.edit(&held.page, &[("P", bold)]);
    assert_eq!(held.read().await, text("Bold"), "runs are one text");
    assert_eq!(held.write(&text("Bold")).await.unwrap(), text("Bold"));
    let page = held.office.ask(Method::Get, &format!("/v1/pages/{}", held.page), &Json::Null);
    assert_eq!(page["properties"]["P"][kind][0]["annotations"]["bold"], json!(true), "{page}");
    assert_eq!(held.write(&text("Bolder")).await.unwrap(), text("Bolder"));
}

#[tokio::test(start_paused = true)]
async fn notion_title_round_trips() {
    let held = plain("title").await;
    text_fits(&held).await;
    formatting_stays(&held, "title").await;
}

#[tokio::test(start_paused = true)]
async fn notion_rich_text_round_trips() {
    let held = plain("rich_text").await;
    text_fits(&held).await;
    formatting_stays(&held, "rich_text").await;
}

#[tokio::test(start_paused = true)]
async fn notion_number_round_trips() {
    let held = plain("number").await;
    let values = ["0", "-0.1", "1234.56", "999999999999999", "0.000001"].map(number);
    held.round_trips(&values, Value::Empty).await;
    assert_eq!(held.row.limits, [Limit::Double]);
    assert!(held.refuses(&number("9007199254740993")).await.contains("15"));
}

#[tokio::test(start_paused = true)]
async fn notion_select_round_trips() {
    let held = held("select", |_| json!({"options": [{"name": "New"}, {"name": "Won"}]})).await;
    held.round_trips(&[choice("Won"), choice("New")], Value::Empty).await;
    option_names_fit(&held, choice).await;
}

/// An option's name up to its limit, and what does not fit.
async fn option_names_fit(held: &Held, make: impl Fn(&str) -> Value) {
    let Some(Limit::OptionUnits(units)) = held.row.limits.last() else { panic!("{:?}", held.row.limits) };
    assert!(held.refuses(&make("a, b")).await.contains("commas"));
    assert!(held.refuses(&make(&"x".repeat(units + 1))).await.contains(&format!("takes {units}")));
    assert!(held.write(&make(&"x".repeat(*units))).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn notion_multi_select_round_trips() {
    let held = held("multi_select", |_| json!({"options": [{"name": "Red"}, {"name": "Blue"}]})).await;
    held.round_trips(&[choices(&["Red"]), choices(&["Blue", "Red"])], Value::Empty).await;
    option_names_fit(&held, |name| choices(&[name])).await;
    elements_fit(&held, (0..101).map(|n| format!("o{n}")).collect(), Value::choices).await;
}

/// As many elements as one write can carry, and one more.
async fn elements_fit(held: &Held, ids: Vec<String>, make: impl Fn(Vec<String>) -> Value) {
    let Some(Limit::Elements(most)) = held.row.limits.first() else { panic!("{:?}", held.row.limits) };
    assert_eq!(ids.len(), most + 1);
    let why = held.refuses(&make(ids.clone())).await;
    assert!(why.contains(&format!("{} elements", most + 1)), "{why}");
    let fits = make(ids[1..].to_vec());
    assert_eq!(held.write(&fits).await.unwrap(), fits);
    assert_eq!(held.read().await, fits, "more than 25 are read whole");
}

#[tokio::test(start_paused = true)]
async fn notion_status_round_trips() {
    let held = plain("status").await;
    let schema = held.office.client.schema(&held.entity).await.unwrap();
    let default = schema.fields["P"].empty_is.clone().unwrap();
    assert_eq!(default, choice("Not started"));
    held.round_trips(&[choice("Done"), choice("In progress")], default).await;
    // Unlike a select's, a status that is not there is refused by Notion itself, and none is made.
    assert!(reason(held.write(&choice("Somewhere else")).await).contains("does not exist"));
    let after = held.office.client.schema(&held.entity).await.unwrap();
    assert_eq!(after.fields["P"].options, schema.fields["P"].options);
    assert!(held.refuses(&choice("a, b")).await.contains("commas"));
}

#[tokio::test(start_paused = true)]
async fn notion_date_round_trips() {
    let held = plain("date").await;
    let values = [day("2026-05-01"), at("2026-05-01T10:30:00Z"), day("0001-01-01")];
    held.round_trips(&values, Value::Empty).await;
    assert_eq!(held.write(&at("2026-05-01T10:30:59Z")).await.unwrap(), at("2026-05-01T10:30:00Z"), "seconds go");
    assert!(held.refuses(&at("-000005-01-01T00:00:00Z")).await.contains("year"));
    held.office.edit(&held.page, &[("P", json!("2026-05-01/2026-05-02"))]);
    let before = held.office.get(&held.entity, &held.page).await;
    assert!(why(&before, "P").contains("end date"));
    assert!(held.office.client.update(&held.entity, &before, &fields(&[("P", Value::Empty)]), None).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn notion_people_round_trips() {
    let held = plain("people").await;
    let ids = people(&held.office).await;
    held.round_trips(&[Value::people([ids[0].clone()]), Value::people(ids)], Value::Empty).await;
    let more = held.office.notion(|notion, _| {
        let add = |n| notion.add_person(&format!("Person {n}"), &format!("p{n}@example.com"));
        (0..101).map(add).collect::<Vec<_>>()
    });
    elements_fit(&held, more, Value::people).await;
}

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
async fn notion_checkbox_round_trips() {
    plain("checkbox")
        .await
        .round_trips(&[Value::Flag(true), Value::Flag(false), Value::Flag(true)], Value::Flag(false))
        .await;
}

/// A short text up to its limit, and one unit more.
async fn address_fits(held: &Held, values: &[Value]) {
    let [Limit::Units(units)] = held.row.limits else { panic!("{:?}", held.row.limits) };
    let most = "x".repeat(*units);
    held.round_trips(&[values, &[text(&most)]].concat(), Value::Empty).await;
    assert!(held.refuses(&text(&format!("{most}x"))).await.contains(&format!("takes {units}")));
}

#[tokio::test(start_paused = true)]
async fn notion_url_round_trips() {
    address_fits(&plain("url").await, &[text("https://a.example/ä?b=c#d")]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_email_round_trips() {
    address_fits(&plain("email").await, &[text("Ada@Example.com")]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_phone_number_round_trips() {
    address_fits(&plain("phone_number").await, &[text("+49 (0)30 1234-5")]).await;
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
async fn notion_relation_round_trips() {
    let held = held(
        "relation",
        |office| json!({"data_source_id": office.contacts.name, "type": "single_property", "single_property": {}}),
    )
    .await;
    let add = |n| held.office.add(&held.office.contacts, &[("Name", json!(format!("Contact {n}")))]);
    let pages: Vec<String> = (0..101).map(add).collect();
    held.round_trips(&[Value::links([pages[1].clone()]), Value::links(pages[..2].to_vec())], Value::Empty).await;
    elements_fit(&held, pages, Value::links).await;
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

#[test]
fn every_type_of_notion_is_proven() {
    every_row_has_its_test("notion", TYPES.iter(), include_str!("notion.rs"));
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
        let entity = Entity { name: source.clone(), fields: vec!["P".into()], marker: None };
        let page = office.add(&entity, &[("Name", json!("A")), ("P", shown)]);
        assert_eq!(office.client.schema(&entity).await.unwrap().fields["P"].kinds.len(), 1);
        let listed = office.list(&entity, Since::Ever).await;
        assert_eq!(listed.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), [page.as_str()]);
        read.push(value(&listed[0], "P"));
    }
    assert_eq!(read, [number("5"), Value::Flag(true)]);
}
