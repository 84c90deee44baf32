//! Every type of Notion property.

mod unwritten;
mod written;

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
    let entity = Entity { name: source, fields: vec!["P".into()], marker: None, filter: None };
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

#[test]
fn every_type_of_notion_is_proven() {
    every_row_has_its_test("notion", TYPES.iter(), concat!(include_str!("written.rs"), include_str!("unwritten.rs")));
}
