//! Every type of a task's field.

use crosstie::model::{Entity, RecordId, Value};
use crosstie::remote::support::{Fidelity, TypeRow};
use crosstie::remote::{Fetched, Lane, System, WriteError};
use serde_json::{Value as Json, json};

use super::{choice, links, people, row, set, text};
use crate::portal::{Office, entity, known};
use crate::{is_one_of, reason};

/// A task with a field of the type.
struct Held {
    office: Office,
    entity: Entity,
    id: String,
    name: &'static str,
    row: &'static TypeRow,
}

async fn held(native: &str, name: &'static str) -> Held {
    let office = Office::new();
    office.client.identity().await.unwrap();
    let id = office.portal().person_create_task(office.now(), "Anna Weber", &[("TITLE", json!("A task"))]).unwrap();
    let (entity, row) = (entity("task", &[name]), row(native));
    let schema = office.client.schema(&entity).await.unwrap();
    let info = &schema.fields[name];
    assert_eq!((info.kinds.as_slice(), info.writable), (row.kinds, row.is_writable()), "{native}");
    assert!(native.starts_with(&info.native_type), "{info:?}");
    Held { office, entity, id, name, row }
}

impl Held {
    async fn record(&self) -> crosstie::model::Record {
        let id = [RecordId(self.id.clone())];
        let mut got = self.office.client.get(&self.entity, &id, Lane::Write).await.unwrap();
        let Some((_, Fetched::Record(record))) = got.pop() else { panic!("{got:?}") };
        record
    }

    async fn write(&self, value: &Value) -> Result<Option<Value>, WriteError> {
        let before = self.record().await;
        let fields = set(&[(self.name, value.clone())]);
        let written = self.office.client.update(&self.entity, &before, &fields, None).await?;
        Ok(written.map(|record| known(&record, self.name).clone()))
    }

    /// Each value is written, comes back with the answer and with the next reading; then the field is emptied, if it can be.
    async fn round_trips(&self, values: &[Value]) {
        assert!(self.row.is_writable());
        let empty = self.row.clears.map(|_| Value::Empty);
        for wanted in values.iter().chain(empty.as_ref()) {
            assert!(is_one_of(wanted, self.row.kinds), "{wanted:?}");
            assert_eq!(self.write(wanted).await.unwrap().as_ref(), Some(wanted));
            assert_eq!(known(&self.record().await, self.name), wanted);
        }
        if empty.is_none() {
            let before = known(&self.record().await, self.name).clone();
            assert!(self.refuses(&Value::Empty).await.contains("never empty"));
            assert_eq!(known(&self.record().await, self.name), &before);
        }
    }

    async fn refuses(&self, value: &Value) -> String {
        let before = self.record().await;
        self.office.sent();
        let fields = set(&[(self.name, value.clone())]);
        let why = reason(self.office.client.update(&self.entity, &before, &fields, None).await);
        assert!(self.office.sent().iter().all(|method| !method.contains("update")), "it was sent");
        why
    }

    async fn is_read(&self, wanted: &Value) {
        assert!(matches!(self.row.fidelity, Fidelity::ReadOnly(_)) && is_one_of(wanted, self.row.kinds));
        assert_eq!(known(&self.record().await, self.name), wanted);
        for value in [Value::Empty, text("a")] {
            let why = self.refuses(&value).await;
            assert!(why.contains(self.name) && why.contains(self.row.fidelity.why()), "{why}");
        }
    }

    fn person_edits(&self, set: &[(&str, Json)]) {
        let now = self.office.now();
        assert!(self.office.portal().person_edit_task(now, "Anna Weber", &self.id, set).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn bitrix24_string_title_of_a_task_round_trips() {
    held("string: TITLE of a task", "TITLE").await.round_trips(&[text("Roof"), text("ü😀, part 2")]).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_string_description_of_a_task_round_trips() {
    let held = held("string: DESCRIPTION of a task", "DESCRIPTION").await;
    held.round_trips(&[text("Ab\ncd"), text("[B]ü😀[/B]"), text(&"x".repeat(20_000))]).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_enum_status_priority_of_a_task_round_trips() {
    let native = "enum: STATUS, PRIORITY of a task";
    held(native, "STATUS").await.round_trips(&["3", "4", "5", "6", "2"].map(choice)).await;
    held(native, "PRIORITY").await.round_trips(&["2", "0", "1"].map(choice)).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_integer_responsible_id_of_a_task_round_trips() {
    held("integer: RESPONSIBLE_ID of a task", "RESPONSIBLE_ID")
        .await
        .round_trips(&[people(&["3"]), people(&["2"])])
        .await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_integer_created_by_of_a_task_is_read_and_never_written() {
    held("integer: CREATED_BY of a task", "CREATED_BY").await.is_read(&people(&["2"])).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_array_accomplices_auditors_of_a_task_round_trips() {
    for name in ["ACCOMPLICES", "AUDITORS"] {
        let held = held("array: ACCOMPLICES, AUDITORS of a task", name).await;
        held.round_trips(&[people(&["3"]), people(&["1", "2"])]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn bitrix24_datetime_start_date_plan_end_date_plan_of_a_task_is_read_and_never_written() {
    for name in ["START_DATE_PLAN", "END_DATE_PLAN"] {
        let held = held("datetime: START_DATE_PLAN, END_DATE_PLAN of a task", name).await;
        held.person_edits(&[(name, json!("2026-04-01T12:00:00+00:00"))]);
        held.is_read(&Value::DateTime("2026-04-01T12:00:00Z".parse().unwrap())).await;
    }
}

/// A task's deadline is of the same type as a record's own times.
#[tokio::test(start_paused = true)]
async fn a_tasks_deadline_round_trips_as_a_datetime() {
    let at = |text: &str| Value::DateTime(text.parse().unwrap());
    let held = held("datetime", "DEADLINE").await;
    held.round_trips(&[at("2026-04-01T12:00:00Z"), at("2026-12-31T23:59:59Z")]).await;
}

#[tokio::test(start_paused = true)]
async fn bitrix24_crm_uf_crm_task_of_a_task_round_trips() {
    for (name, prefix) in [
        ("UF_CRM_TASK.DEAL", "D"),
        ("UF_CRM_TASK.CONTACT", "C"),
        ("UF_CRM_TASK.COMPANY", "CO"),
        ("UF_CRM_TASK.LEAD", "L"),
    ] {
        let held = held("crm: UF_CRM_TASK of a task", name).await;
        held.person_edits(&[("UF_CRM_TASK", json!(["T88_3"]))]);
        held.round_trips(&[links(&["7"]), links(&["7", "12"])]).await;
        assert_eq!(held.office.portal().plain_task(&held.id).unwrap()["UF_CRM_TASK"], json!(["T88_3"]), "others stay");
        held.write(&links(&["9"])).await.unwrap();
        let bound = held.office.portal().plain_task(&held.id).unwrap()["UF_CRM_TASK"].clone();
        assert_eq!(bound, json!(["T88_3", format!("{prefix}_9")]));
    }
}
