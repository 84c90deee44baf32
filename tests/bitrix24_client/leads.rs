//! Leads are an entity as deals, contacts and companies are; and what a batch leaves out.

use crosstie::model::{Kind, RecordId, Value};
use crosstie::remote::{Fetched, Lane, Since, System};
use crosstie::seam::Response;
use crosstie::standin::bitrix24::{Entity as Of, UserFieldType};
use serde_json::{Value as Json, json};

use crate::support::{Fate, Office, entity, known, links, number, set, text};

const FIELDS: [&str; 9] =
    ["TITLE", "STATUS_ID", "FULL_NAME", "PHONE", "EMAIL", "OPPORTUNITY", "COMPANY_ID", "CONTACT_IDS", "UF_CRM_TOPICS"];

fn office() -> (Office, Vec<String>) {
    let office = Office::new();
    office.portal().add_user_field(
        Of::Lead,
        "UF_CRM_TOPICS",
        UserFieldType::EnumerationMultiple,
        &["Roof", "Wall", "Door"],
    );
    let topics = office.portal().options(Of::Lead, "UF_CRM_TOPICS").into_iter().map(|(id, _)| id).collect();
    (office, topics)
}

#[tokio::test(start_paused = true)]
async fn a_leads_schema_calls_its_stage_by_the_name_that_people_know() {
    let (office, _) = office();
    let schema = office.client.schema(&entity("lead", &[])).await.unwrap();
    assert_eq!(schema.title, "Leads");
    let kind = |name: &str| schema.fields.get(name).unwrap_or_else(|| panic!("no {name}")).kinds[0];
    assert_eq!((kind("STATUS_ID"), kind("FULL_NAME"), kind("PHONE")), (Kind::Status, Kind::Title, Kind::Phone));
    assert_eq!((kind("CONTACT_IDS"), kind("COMPANY_ID")), (Kind::Relation, Kind::Relation));
    assert!(!schema.fields.contains_key("STAGE_ID") && !schema.fields["STATUS_SEMANTIC_ID"].writable);
    let stages: Vec<_> = schema.fields["STATUS_ID"].options.iter().map(|o| (o.id.as_str(), o.label.as_str())).collect();
    assert_eq!(stages[0], ("NEW", "Unassigned"));
    assert!(stages.contains(&("JUNK", "Junk lead")) && stages.len() == 5, "{stages:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lead_is_made_read_listed_found_changed_and_thrown_away() {
    let (office, topics) = office();
    let company = office.portal().add_company("Byron & Co");
    let ada = office.person_makes(Of::Contact, &[("NAME", json!("Ada"))]);
    let lead = entity("lead", &FIELDS);
    let given = set(&[
        ("TITLE", text("New roof")),
        ("STATUS_ID", Value::Choice("IN_PROCESS".into())),
        ("FULL_NAME", text("Ada King Byron")),
        ("PHONE", text("+49 30 1234567")),
        ("EMAIL", text("ada@example.com")),
        ("OPPORTUNITY", number("1200.50")),
        ("COMPANY_ID", links(&[&company])),
        ("CONTACT_IDS", links(&[&ada])),
        ("UF_CRM_TOPICS", Value::choices([topics[0].clone(), topics[2].clone()])),
    ]);
    let made = office.client.create(&lead, "page-1", &given).await.unwrap();
    for (name, value) in &given {
        assert_eq!(known(&made, name.as_str()), value);
    }
    let (listed, _) = office.list_all(&lead, Since::Ever).await;
    assert_eq!(listed.iter().map(|record| &record.fields).collect::<Vec<_>>(), [&made.fields]);
    let probed = office.client.probe(&lead, "page-1").await.unwrap();
    assert_eq!(probed.iter().map(|record| &record.id).collect::<Vec<_>>(), [&made.id]);
    for (name, value) in [("EMAIL", "ADA@example.com"), ("FULL_NAME", "Ada King Byron"), ("TITLE", "New roof")] {
        let found = office.client.find(&lead, &name.into(), &text(value), Lane::Probe).await.unwrap();
        assert_eq!(found.len(), 1, "{name}");
    }

    let before = office.read(&lead, made.id.as_str()).await;
    let moved = set(&[("STATUS_ID", Value::Choice("JUNK".into())), ("PHONE", Value::Empty)]);
    let after = office.client.update(&lead, &before, &moved, None).await.unwrap().unwrap();
    assert_eq!((known(&after, "STATUS_ID"), known(&after, "PHONE")), (&Value::Choice("JUNK".into()), &Value::Empty));

    // A list that is emptied goes by the older method, whole, which answers without the record.
    office.sent();
    let emptied = set(&[("UF_CRM_TOPICS", Value::Empty), ("STATUS_ID", Value::Choice("PROCESSED".into()))]);
    assert_eq!(office.client.update(&lead, &after, &emptied, None).await.unwrap(), None);
    assert_eq!(office.sent(), ["crm.lead.update"]);
    let now = office.read(&lead, made.id.as_str()).await;
    assert_eq!(known(&now, "UF_CRM_TOPICS"), &Value::Empty);
    assert_eq!(known(&now, "STATUS_ID"), &Value::Choice("PROCESSED".into()));
    let refused = office.client.update(&lead, &now, &set(&[("STATUS_ID", Value::Empty)]), None).await;
    assert!(refused.is_err(), "a lead is always at a stage");

    office.client.trash(&lead, &made.id).await.unwrap();
    assert_eq!(office.portal().live_ids(Of::Lead), Vec::<String>::new());
}

/// What a batch answered, in the portal's words.
fn batch(parts: &Json) -> Fate {
    Fate::Instead(Response::json(200, &json!({"result": parts, "time": {}})))
}

#[tokio::test(start_paused = true)]
async fn whatever_a_batch_leaves_out_is_read_by_itself_and_nothing_is_taken_for_missing() {
    let (office, _) = office();
    let ids: Vec<RecordId> =
        ["a", "b", "c"].map(|title| office.person_makes(Of::Lead, &[("TITLE", json!(title))]).into()).to_vec();
    let lead = entity("lead", &["TITLE"]);
    office.client.schema(&lead).await.unwrap();
    let item = |id: &RecordId| json!({"item": {"id": id.as_str().parse::<u64>().unwrap(), "title": "by batch"}});
    let refusal = json!({"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked"});
    for (parts, by_batch) in [
        // A command that failed stands in `result_error`.
        (json!({"result": {"k1": item(&ids[0]), "k2": item(&ids[1])}, "result_error": {"k3": refusal}}), 2),
        // One that was not executed stands nowhere.
        (json!({"result": {"k2": item(&ids[1])}, "result_error": []}), 1),
        // A map without entries is a list.
        (json!({"result": [], "result_error": [], "result_total": [], "result_next": [], "result_time": []}), 0),
        (json!([]), 0),
    ] {
        office.sent();
        office.fate([batch(&parts)]);
        let got = office.client.get(&lead, &ids, Lane::Sweep).await.unwrap();
        let titles = got.iter().map(|(_, fetched)| match fetched {
            Fetched::Record(record) => known(record, "TITLE").clone(),
            other => panic!("{other:?} for {parts}"),
        });
        assert_eq!(titles.filter(|title| *title == text("by batch")).count(), by_batch, "{parts}");
        assert_eq!(office.sent().iter().filter(|method| *method == "crm.item.get").count(), 3 - by_batch, "{parts}");
    }
}
