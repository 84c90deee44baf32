//! Every type of Bitrix24 field.

mod tasks;
mod unwritten;
mod written;

use crosstie::model::{Entity, FieldState, RecordId, Value};
use crosstie::remote::bitrix24::support::types;
use crosstie::remote::support::{Fidelity, Limit, TypeRow};
use crosstie::remote::{Fetched, Lane, System, WriteError};
use crosstie::seam::Response;
use crosstie::standin::bitrix24::{Entity as Of, UserFieldType};
use serde_json::{Value as Json, json};

use crate::portal::{Fate, Office, entity, known, links, number, set, text};
use crate::{every_row_has_its_test, is_one_of, reason};

const FIELD: &str = "UF_CRM_TESTED";

/// A record with a field of the type.
struct Held {
    office: Office,
    entity: Entity,
    id: String,
    name: &'static str,
    row: &'static TypeRow,
}

fn row(native: &str) -> &'static TypeRow {
    types().find(|row| row.native == native).unwrap()
}

/// A deal's or contact's own field.
async fn system(native: &str, of: Of, name: &'static str) -> Held {
    held(Office::new(), native, of, name).await
}

/// A user field of a deal.
async fn user_field(native: &str, of: UserFieldType, options: &[&str]) -> Held {
    let office = Office::new();
    office.portal().add_user_field(Of::Deal, FIELD, of, options);
    held(office, native, Of::Deal, FIELD).await
}

async fn held(office: Office, native: &str, of: Of, name: &'static str) -> Held {
    office.client.identity().await.unwrap();
    let id = office.person_makes(of, &[(if of == Of::Contact { "NAME" } else { "TITLE" }, json!("A record"))]);
    let (entity, row) = (entity(of.name(), &[name]), row(native));
    let schema = office.client.schema(&entity).await.unwrap();
    let info = &schema.fields[name];
    assert_eq!((info.kinds.as_slice(), info.writable), (row.kinds, row.is_writable()), "{native}");
    assert!(native.starts_with(&info.native_type) || info.native_type == "user" || !row.is_writable(), "{info:?}");
    Held { office, entity, id, name, row }
}

impl Held {
    async fn read(&self) -> Value {
        known(&self.office.read(&self.entity, &self.id).await, self.name).clone()
    }

    /// Writes, and what the answer shows, if it shows anything.
    async fn write(&self, value: &Value) -> Result<Option<Value>, WriteError> {
        let before = self.office.read(&self.entity, &self.id).await;
        let written =
            self.office.client.update(&self.entity, &before, &set(&[(self.name, value.clone())]), None).await?;
        // What lies outside the item itself does not come with the answer.
        Ok(written.and_then(|record| record.fields[self.name].known().cloned()))
    }

    /// Each value is written and comes back; then the field is emptied.
    async fn round_trips(&self, values: &[Value], emptied: Value) {
        assert!(self.row.clears.is_some());
        self.holds(values).await;
        let answered = self.write(&Value::Empty).await.unwrap();
        assert!(answered.is_none_or(|answered| answered == emptied));
        assert_eq!(self.read().await, emptied);
    }

    async fn holds(&self, values: &[Value]) {
        assert!(self.row.is_writable());
        for wanted in values {
            assert!(is_one_of(wanted, self.row.kinds), "{wanted:?}");
            let answered = self.write(wanted).await.unwrap();
            assert!(answered.as_ref().is_none_or(|answered| answered == wanted), "{answered:?} for {wanted:?}");
            assert_eq!(self.read().await, *wanted);
        }
    }

    /// Nothing can be written but what is there.
    async fn is_never_empty(&self) {
        assert!(self.row.clears.is_none());
        let before = self.read().await;
        assert!(self.refuses(&Value::Empty).await.contains("never empty"));
        assert_eq!(self.read().await, before);
    }

    /// It does not even leave.
    async fn refuses(&self, value: &Value) -> String {
        let before = self.office.read(&self.entity, &self.id).await;
        self.office.sent();
        let fields = set(&[(self.name, value.clone())]);
        let why = reason(self.office.client.update(&self.entity, &before, &fields, None).await);
        assert!(self.office.sent().iter().all(|method| !method.contains("update")), "it was sent");
        why
    }

    /// What a person put there is read as that, and nothing is written.
    async fn is_read(&self, values: &[(Json, Value)]) {
        assert!(matches!(self.row.fidelity, Fidelity::ReadOnly(_)) && self.row.clears.is_none());
        for (typed, wanted) in values {
            self.office.person_edits(Of::Deal, &self.id, &[(self.name, typed.clone())]);
            assert!(is_one_of(wanted, self.row.kinds), "{wanted:?}");
            assert_eq!(self.read().await, *wanted, "{typed}");
        }
        self.is_never_written().await;
    }

    async fn is_never_written(&self) {
        for value in [Value::Empty, text("a")] {
            let why = self.refuses(&value).await;
            assert!(why.contains(self.name) && why.contains(self.row.fidelity.why()), "{why}");
        }
    }

    /// What a person put there is not read, and told why.
    async fn is_explained(&self, typed: Json) {
        assert!(self.row.kinds.is_empty());
        self.office.person_edits(Of::Deal, &self.id, &[(self.name, typed)]);
        let record = self.office.read(&self.entity, &self.id).await;
        let FieldState::Unknown(why) = &record.fields[self.name] else { panic!("{record:?}") };
        assert_eq!(why, self.row.fidelity.why());
        self.is_never_written().await;
    }
}

fn choice(id: &str) -> Value {
    Value::Choice(id.to_owned())
}

fn choices(ids: &[&str]) -> Value {
    Value::choices(ids.iter().map(|id| (*id).to_owned()))
}

fn people(ids: &[&str]) -> Value {
    Value::people(ids.iter().map(|id| (*id).to_owned()))
}

/// The option ids of the field.
fn options(held: &Held) -> Vec<String> {
    held.office.portal().options(Of::Deal, FIELD).into_iter().map(|(id, _)| id).collect()
}

async fn text_of(held: Held) {
    held.round_trips(&[text("Ab\ncd"), text("ü😀"), text(&"x".repeat(20_000))], Value::Empty).await;
}

#[test]
fn every_type_of_bitrix24_is_proven() {
    every_row_has_its_test(
        "bitrix24",
        types(),
        concat!(include_str!("written.rs"), include_str!("unwritten.rs"), include_str!("tasks.rs")),
    );
}
