//! Who we are, what there is, who works there.

use crosstie::model::{Kind, Value};
use crosstie::remote::{Lane, RemoteErrorKind, System};
use crosstie::seam::Response;
use crosstie::standin::bitrix24::Entity as Of;
use serde_json::json;

use crate::support::{Fate, Office, entity};

#[tokio::test(start_paused = true)]
async fn the_webhooks_owner_is_who_we_are() {
    let office = Office::new();
    let me = office.client.identity().await.unwrap();
    assert_eq!((me.user.as_str(), me.name.as_str()), ("1", "Crosstie Integration"));
    let people = office.client.people().await.unwrap();
    let anna = people.iter().find(|person| person.name == "Anna Weber").unwrap();
    assert_eq!(anna.email.as_deref(), Some("anna@example.com"));
    assert_eq!(people.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn more_people_than_a_page_are_all_known() {
    let office = Office::new();
    for number in 0..120 {
        office.portal().add_person(&format!("Person {number}"), &format!("P{number}@Example.com"));
    }
    let people = office.client.people().await.unwrap();
    assert_eq!(people.len(), 123);
    assert_eq!(people[122].email.as_deref(), Some("p119@example.com"));
}

#[tokio::test(start_paused = true)]
async fn a_deals_schema_tells_kinds_options_and_targets() {
    let office = Office::new();
    office.portal().add_pipeline("Support", &[("NEW", "New", 'P'), ("DONE", "Done", 'S')]);
    let schema = office.client.schema(&entity("deal", &[])).await.unwrap();
    let field = |name: &str| schema.fields.get(name).unwrap_or_else(|| panic!("no {name}"));
    for (name, kind) in [
        ("TITLE", Kind::Title),
        ("COMMENTS", Kind::Text),
        ("OPPORTUNITY", Kind::Number),
        ("CLOSEDATE", Kind::Date),
        ("DATE_MODIFY", Kind::DateTime),
        ("STAGE_ID", Kind::Status),
        ("SOURCE_ID", Kind::Select),
        ("ASSIGNED_BY_ID", Kind::People),
        ("COMPANY_ID", Kind::Relation),
        ("CONTACT_IDS", Kind::Relation),
        ("COMPANY_ID.TITLE", Kind::Text),
        ("OPENED", Kind::Checkbox),
        ("UF_CRM_PROJECT_CODE", Kind::Text),
        ("UF_CRM_EFFORT", Kind::Number),
        ("UF_CRM_ONSITE", Kind::Checkbox),
        ("UF_CRM_KICKOFF", Kind::Date),
        ("UF_CRM_NEXT_CALL", Kind::DateTime),
        ("UF_CRM_PRIORITY", Kind::Select),
        ("UF_CRM_SERVICES", Kind::MultiSelect),
        ("UF_CRM_BUDGET", Kind::Number),
        ("UF_CRM_DOCS", Kind::Url),
    ] {
        assert_eq!(field(name).kinds.first(), Some(&kind), "{name}");
    }
    let stages: Vec<_> = field("STAGE_ID").options.iter().map(|o| (o.id.as_str(), o.label.as_str())).collect();
    assert!(stages.contains(&("WON", "Won")) && stages.contains(&("C1:NEW", "Support: New")), "{stages:?}");
    assert!(stages.contains(&("C1:DONE", "Done")), "{stages:?}");
    let sources: Vec<_> = field("SOURCE_ID").options.iter().map(|o| o.id.as_str()).collect();
    assert!(sources.contains(&"WEB"), "{sources:?}");
    let options: Vec<_> = field("UF_CRM_PRIORITY").options.iter().map(|o| (o.id.clone(), o.label.clone())).collect();
    assert_eq!(options, office.portal().options(Of::Deal, "UF_CRM_PRIORITY"));
    assert_eq!(field("CONTACT_IDS").target.as_deref(), Some("contact"));
    assert!(field("CONTACT_IDS").multiple && !field("COMPANY_ID").multiple);
    for ours in ["ORIGIN_ID", "ORIGINATOR_ID", "XML_ID", "originId", "originatorId", "xmlId"] {
        assert!(schema.ours.contains(ours), "{ours} is nobody's to map");
    }
    assert!(!field("IS_MANUAL_OPPORTUNITY").writable, "we say that with every amount");
    assert_eq!(field("OPPORTUNITY").empty_is, Some(Value::Number(0.into())));
    assert_eq!(field("UF_CRM_ONSITE").empty_is, Some(Value::Flag(false)));
    assert!(!field("DATE_MODIFY").writable && !field("COMPANY_ID.TITLE").writable && field("TITLE").writable);
    assert!(!schema.fields.contains_key("EMAIL"), "a deal has no e-mail");
}

#[tokio::test(start_paused = true)]
async fn a_contacts_schema_has_its_phone_and_full_name() {
    let office = Office::new();
    let schema = office.client.schema(&entity("contact", &[])).await.unwrap();
    let best = |name: &str| schema.fields[name].kinds[0];
    assert_eq!((best("EMAIL"), best("PHONE"), best("FULL_NAME")), (Kind::Email, Kind::Phone, Kind::Title));
    assert!(schema.fields["FULL_NAME"].writable);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_entity_and_a_wrong_secret_are_told_apart() {
    let office = Office::new();
    let unknown = office.client.schema(&entity("invoice", &[])).await.unwrap_err();
    assert_eq!(unknown.kind, RemoteErrorKind::Invalid);
    let refused = crosstie::seam::Response::json(
        403,
        &serde_json::json!({"error": "INVALID_CREDENTIALS", "error_description": "Invalid request credentials"}),
    );
    office.fate([crate::support::Fate::Instead(refused)]);
    let refused = office.client.identity().await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Unauthorized);
    assert_eq!(office.client.pulse().trouble.map(|trouble| trouble.kind), Some(RemoteErrorKind::Unauthorized));
    office.client.reserve(Lane::Write, 2).await;
    office.client.release(Lane::Write, 2);
    office.client.identity().await.unwrap();
    assert_eq!(office.client.pulse().trouble, None);
}

#[tokio::test(start_paused = true)]
async fn of_two_accounts_with_one_address_whoever_still_works_there_comes_first() {
    let office = Office::new();
    let row = |id: u64, active: serde_json::Value| json!({"ID": id.to_string(), "ACTIVE": active, "NAME": "Anna", "LAST_NAME": "Weber", "EMAIL": "anna@example.com"});
    let rows = [row(1, json!(false)), row(2, json!("N")), row(3, json!(true))];
    office.fate([Fate::Instead(Response::json(200, &json!({"result": rows, "total": 3})))]);
    let people = office.client.people().await.unwrap();
    assert_eq!(people.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["3", "1", "2"]);
}
