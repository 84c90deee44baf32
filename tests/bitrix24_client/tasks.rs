//! Tasks: read, found, made, changed and bound.

use crosstie::model::{Entity, Kind, RecordId, Value};
use crosstie::remote::{Fetched, Lane, RemoteErrorKind, Since, System, WriteError};
use crosstie::seam::Response;
use serde_json::json;

use crate::support::{Fate, Office, entity, known, links, set, text};

const DEALS: &str = "UF_CRM_TASK.DEAL";

fn task(fields: &[&str]) -> Entity {
    entity("task", fields)
}

impl Office {
    fn anna_gives(&self, set: &[(&str, serde_json::Value)]) -> String {
        self.portal().person_create_task(self.now(), "Anna Weber", set).unwrap()
    }

    fn held(&self, id: &str, field: &str) -> serde_json::Value {
        self.portal().plain_task(id).unwrap().get(field).cloned().unwrap_or_default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_tasks_schema_tells_kinds_options_and_what_it_can_be_bound_to() {
    let office = Office::new();
    let schema = office.client.schema(&task(&[])).await.unwrap();
    let field = |name: &str| schema.fields.get(name).unwrap_or_else(|| panic!("no {name}"));
    for (name, kind, writable) in [
        ("TITLE", Kind::Title, true),
        ("DESCRIPTION", Kind::Text, true),
        ("STATUS", Kind::Status, true),
        ("PRIORITY", Kind::Status, true),
        ("RESPONSIBLE_ID", Kind::People, true),
        ("AUDITORS", Kind::People, true),
        ("CREATED_BY", Kind::People, false),
        ("DEADLINE", Kind::DateTime, true),
        ("START_DATE_PLAN", Kind::DateTime, false),
        ("CHANGED_DATE", Kind::DateTime, false),
        (DEALS, Kind::Relation, true),
    ] {
        assert_eq!((field(name).kinds.first(), field(name).writable), (Some(&kind), writable), "{name}");
    }
    let options: Vec<_> = field("STATUS").options.iter().map(|it| (it.id.as_str(), it.label.as_str())).collect();
    assert_eq!(options[..2], [("2", "Pending"), ("3", "In Progress")]);
    let targets =
        ["DEAL", "CONTACT", "COMPANY", "LEAD"].map(|kind| field(&format!("UF_CRM_TASK.{kind}")).target.clone());
    assert_eq!(targets, ["deal", "contact", "company", "lead"].map(|it| Some(it.to_owned())));
    assert!(field(DEALS).multiple && field("AUDITORS").multiple && !field("RESPONSIBLE_ID").multiple);
    assert!(field("GROUP_ID").kinds.is_empty(), "what is not mapped is explained");
}

#[tokio::test(start_paused = true)]
async fn a_task_is_made_with_its_marker_and_its_bindings_and_somebody_is_responsible() {
    let office = Office::new();
    let tasks = task(&["TITLE", "STATUS", "RESPONSIBLE_ID", "DEADLINE", DEALS]);
    let given = set(&[
        ("TITLE", text("Roof")),
        ("STATUS", Value::Choice("3".into())),
        ("DEADLINE", Value::DateTime("2026-04-01T12:00:00Z".parse().unwrap())),
        (DEALS, links(&["7"])),
    ]);
    let made = office.client.create(&tasks, "the-page", &given).await.unwrap();
    assert_eq!(made.marker.as_deref(), Some("the-page"));
    assert!(made.edited_by_us && made.created_at.is_some() && !made.misfits);
    assert_eq!(made.edited_by.as_ref().map(|editor| &*editor.id), Some("1"));
    assert_eq!((known(&made, "TITLE"), known(&made, DEALS)), (&text("Roof"), &links(&["7"])), "read back: {made:?}");
    assert_eq!(known(&made, "RESPONSIBLE_ID"), &Value::people(["1".to_owned()]));
    let id = made.id.as_str();
    assert_eq!((office.held(id, "UF_CRM_TASK"), office.held(id, "STATUS")), (json!(["D_7"]), json!("3")));
    assert_eq!(office.held(id, "XML_ID"), json!("crosstie:the-page"));
    let sent = office.sent();
    assert_eq!(sent.iter().filter(|method| *method == "tasks.task.add").count(), 1, "{sent:?}");
    // Without bindings the answer itself holds what was written.
    let before = office.read(&tasks, id).await;
    office.sent();
    let changed = set(&[("STATUS", Value::Choice("5".into()))]);
    let done = office.client.update(&tasks, &before, &changed, None).await.unwrap().unwrap();
    assert_eq!(known(&done, "STATUS"), &Value::Choice("5".into()));
    assert!(!done.fields.contains_key(DEALS), "not asked for, and not unknown");
    assert_eq!(office.sent(), ["tasks.task.update"]);
}

#[tokio::test(start_paused = true)]
async fn bindings_of_one_kind_are_written_and_all_others_stay() {
    let office = Office::new();
    let bound = json!(["C_5", "D_1", "T88_3", "D_2", "CO_2"]);
    let id = office.anna_gives(&[("TITLE", json!("Roof")), ("UF_CRM_TASK", bound)]);
    let tasks = task(&[DEALS, "UF_CRM_TASK.CONTACT"]);
    let before = office.read(&tasks, &id).await;
    assert_eq!(known(&before, DEALS), &links(&["1", "2"]));
    assert_eq!(known(&before, "UF_CRM_TASK.CONTACT"), &links(&["5"]));
    let write = set(&[(DEALS, links(&["2", "9"])), ("UF_CRM_TASK.CONTACT", Value::Empty)]);
    let done = office.client.update(&tasks, &before, &write, None).await.unwrap().unwrap();
    assert_eq!((known(&done, DEALS), known(&done, "UF_CRM_TASK.CONTACT")), (&links(&["2", "9"]), &Value::Empty));
    assert_eq!(office.held(&id, "UF_CRM_TASK"), json!(["T88_3", "D_2", "CO_2", "D_9"]));
    // Who did not read them cannot write them: the others would be lost.
    let blind = office.read(&task(&["TITLE"]), &id).await;
    let refused = office.client.update(&tasks, &blind, &set(&[(DEALS, links(&["1"]))]), None).await.unwrap_err();
    assert!(matches!(refused, WriteError::NotDone(ref why) if why.message.contains("not read before")), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn tasks_are_listed_whole_and_by_what_changed_and_none_twice() {
    let office = Office::new();
    for number in 0..130 {
        office.anna_gives(&[("TITLE", json!(format!("Task {number}")))]);
    }
    let tasks = task(&["TITLE"]);
    let (all, pages) = office.list_all(&tasks, Since::Ever).await;
    assert_eq!((all.len(), pages), (130, 3));
    // All of them were made within one second, so that a page is full of rows of the same moment.
    let (mut since, _) = office.list_all(&tasks, Since::At("2026-03-01T10:00:00Z".parse().unwrap())).await;
    since.sort_by_key(|record| record.id.as_str().parse::<u64>().unwrap());
    since.dedup_by_key(|record| record.id.clone());
    assert_eq!(since.len(), 130);
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let now = office.now();
    office.portal().person_edit_task(now, "Anna Weber", "7", &[("TITLE", json!("Seven"))]).unwrap();
    let (changed, _) = office.list_all(&tasks, Since::At("2026-03-01T10:00:30Z".parse().unwrap())).await;
    assert_eq!(changed.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["7"]);
    assert_eq!(known(&changed[0], "TITLE"), &text("Seven"));
}

#[tokio::test(start_paused = true)]
async fn several_tasks_are_read_by_one_request_and_a_missing_one_is_missing() {
    let office = Office::new();
    let ids: Vec<RecordId> = (0..3).map(|_| RecordId(office.anna_gives(&[("TITLE", json!("Roof"))]))).collect();
    let tasks = task(&["TITLE", DEALS]);
    office.client.schema(&tasks).await.unwrap();
    office.sent();
    let asked: Vec<RecordId> = ids.iter().cloned().chain(["99".into(), "no number".into()]).collect();
    let got = office.client.get(&tasks, &asked, Lane::Hot).await.unwrap();
    assert_eq!(office.sent(), ["batch"]);
    assert!(got[..3].iter().all(|(_, it)| matches!(it, Fetched::Record(record) if known(record, DEALS).is_empty())));
    assert!(got[3..].iter().all(|(_, it)| *it == Fetched::Missing), "{got:?}");
    let alone = office.client.get(&tasks, &["99".into()], Lane::Hot).await.unwrap();
    assert_eq!(alone[0].1, Fetched::Missing);
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_was_lost_is_found_by_its_marker_among_many() {
    let office = Office::new();
    let tasks = task(&["TITLE"]);
    office.client.identity().await.unwrap();
    office.client.schema(&tasks).await.unwrap();
    office.fate([Fate::LostAnswer]);
    let lost = office.client.create(&tasks, "the-page", &set(&[("TITLE", text("Roof"))])).await.unwrap_err();
    assert!(matches!(lost, WriteError::Unknown(_)), "{lost:?}");
    for number in 0..70 {
        office.client.create(&tasks, &format!("page-{number}"), &set(&[("TITLE", text("Roof"))])).await.unwrap();
    }
    let foreign = [("TITLE", json!("Roof")), ("XML_ID", json!("the-page"))];
    office.anna_gives(&foreign);
    let found = office.client.probe(&tasks, "the-page").await.unwrap();
    assert_eq!(found.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["1"]);
    assert!(office.client.probe(&tasks, "another").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_task_is_looked_for_by_its_exact_title() {
    let office = Office::new();
    for title in ["100 % wool", "100 much wool", "100 % WOOL"] {
        office.anna_gives(&[("TITLE", json!(title))]);
    }
    let tasks = task(&["STATUS"]);
    let found = office.client.find(&tasks, &"TITLE".into(), &text("100 % wool"), Lane::Write).await.unwrap();
    assert_eq!(found.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["1"]);
    assert!(!found[0].fields.contains_key("TITLE"), "it was not asked for");
    let refused = office.client.find(&tasks, &"STATUS".into(), &Value::Choice("2".into()), Lane::Probe).await;
    assert_eq!(refused.unwrap_err().kind, RemoteErrorKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn what_the_portal_refuses_is_told_in_its_words_and_a_deleted_task_is_gone() {
    let office = Office::new();
    let id = office.anna_gives(&[("TITLE", json!("Roof"))]);
    let tasks = task(&["TITLE", "STATUS", "RESPONSIBLE_ID"]);
    let before = office.read(&tasks, &id).await;
    let wrong = set(&[("STATUS", Value::Choice("9".into()))]);
    let refused = office.client.update(&tasks, &before, &wrong, None).await.unwrap_err();
    assert!(matches!(refused, WriteError::NotDone(ref why) if why.message.contains("Invalid status")), "{refused:?}");
    for name in ["TITLE", "STATUS", "RESPONSIBLE_ID"] {
        let refused = office.client.update(&tasks, &before, &set(&[(name, Value::Empty)]), None).await.unwrap_err();
        assert!(matches!(refused, WriteError::NotDone(ref why) if why.message.contains("never empty")), "{refused:?}");
    }
    office.client.trash(&tasks, &RecordId(id.clone())).await.unwrap();
    let gone = office.client.get(&tasks, &[RecordId(id)], Lane::Write).await.unwrap();
    assert_eq!(gone[0].1, Fetched::Missing);
}

#[tokio::test(start_paused = true)]
async fn the_queue_tells_of_tasks_and_our_own_writes_stay_out_of_it() {
    let office = Office::new().as_app();
    office.client.open_queue().await.unwrap();
    let tasks = task(&["TITLE"]);
    office.client.create(&tasks, "the-page", &set(&[("TITLE", text("Ours"))])).await.unwrap();
    assert!(office.client.take_queue().await.unwrap().is_empty());
    let id = office.anna_gives(&[("TITLE", json!("Roof"))]);
    let now = office.now();
    office.portal().person_delete_task(now, "Anna Weber", &id).unwrap();
    let told: Vec<String> = crate::queue::told(&office.client.take_queue().await.unwrap());
    assert_eq!(told, [format!("ONTASKADD task {id}"), format!("ONTASKDELETE task {id}")]);
}

/// An answer to a batch of the three tasks: the first is there, the second was refused, of the third nothing is said.
fn torn(first: &str) -> Fate {
    let refused =
        json!({"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked due to operation time limit."});
    let result = json!({
        "result": {"k1": {"task": {"id": first, "title": "One", "changedDate": "2026-01-01T10:00:00+03:00"}}},
        "result_error": {"k2": refused}, "result_total": [], "result_next": [], "result_time": [],
    });
    Fate::Instead(Response::json(200, &json!({"result": result, "time": {}})))
}

#[tokio::test(start_paused = true)]
async fn a_task_of_which_a_batch_says_nothing_is_read_by_itself_and_one_that_was_refused_fails_no_other() {
    let office = Office::new();
    let ids: Vec<String> = ["One", "Two", "Three"].map(|title| office.anna_gives(&[("TITLE", json!(title))])).to_vec();
    assert_eq!(ids, ["1", "2", "3"]);
    let tasks = task(&["TITLE"]);
    office.client.schema(&tasks).await.unwrap();
    office.sent();
    office.fate([torn("1")]);
    let wanted: Vec<RecordId> = ids.iter().map(|id| RecordId(id.clone())).collect();
    let began = tokio::time::Instant::now();
    let fetched = office.client.get(&tasks, &wanted, Lane::Hot).await.unwrap();
    let titles: Vec<_> = fetched
        .iter()
        .map(|(_, fetched)| match fetched {
            Fetched::Record(record) => known(record, "TITLE").clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(titles, [text("One"), text("Two"), text("Three")]);
    assert_eq!(office.sent(), ["batch", "tasks.task.get", "tasks.task.get"]);
    // The method was out of time inside the batch: it waits for its next basket, alone or in a batch.
    assert!(began.elapsed() >= std::time::Duration::from_secs(60), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_batch_waits_for_the_method_that_it_calls() {
    let office = Office::new();
    let ids: Vec<RecordId> =
        ["One", "Two"].map(|title| RecordId(office.anna_gives(&[("TITLE", json!(title))]))).to_vec();
    let tasks = task(&["TITLE"]);
    office.client.schema(&tasks).await.unwrap();
    let refused =
        json!({"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked due to operation time limit."});
    office.fate([Fate::Instead(Response::json(429, &refused))]);
    office.sent();
    let began = tokio::time::Instant::now();
    office.client.get(&tasks, &ids[..1], Lane::Hot).await.unwrap();
    let once = began.elapsed();
    assert!(once >= std::time::Duration::from_secs(60), "{once:?}");
    office.fate([torn("1")]);
    let began = tokio::time::Instant::now();
    office.client.get(&tasks, &ids, Lane::Hot).await.unwrap();
    assert!(began.elapsed() >= std::time::Duration::from_secs(60), "the single read after the batch waits too");
    assert_eq!(office.sent(), ["tasks.task.get", "tasks.task.get", "batch", "tasks.task.get"]);
}
