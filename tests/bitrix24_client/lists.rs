//! Increments, sweeps, reads by id, and looking things up.

use std::collections::BTreeSet;
use std::time::Duration;

use crosstie::model::{FieldState, RecordId, Value};
use crosstie::remote::pace::Settings;
use crosstie::remote::{Fetched, Lane, RemoteErrorKind, Since, System};
use crosstie::standin::bitrix24::{Config, Entity as Of};
use jiff::SignedDuration;
use serde_json::json;
use tokio::time::sleep;

use crate::support::{Office, entity, known, links, number, text};

#[tokio::test(start_paused = true)]
async fn a_sweep_over_many_pages_misses_nothing_and_repeats_nothing() {
    let office = Office::new();
    let made: BTreeSet<String> =
        (0..130).map(|number| office.person_makes(Of::Deal, &[("TITLE", json!(format!("Deal {number}")))])).collect();
    let (records, pages) = office.list_all(&entity("deal", &["TITLE"]), Since::Ever).await;
    assert_eq!(records.len(), 130);
    assert_eq!(records.iter().map(|record| record.id.0.clone()).collect::<BTreeSet<_>>(), made);
    assert_eq!(pages, 3);
}

#[tokio::test(start_paused = true)]
async fn an_increment_gives_what_was_edited_since_oldest_first() {
    let office = Office::new();
    let ids: Vec<String> =
        (0..5).map(|number| office.person_makes(Of::Deal, &[("TITLE", json!(format!("Deal {number}")))])).collect();
    sleep(Duration::from_secs(100)).await;
    let since = office.now() - SignedDuration::from_secs(10);
    for id in [&ids[3], &ids[1]] {
        office.person_edits(Of::Deal, id, &[("TITLE", json!(format!("Edited {id}")))]);
        sleep(Duration::from_secs(5)).await;
    }
    let (records, _) = office.list_all(&entity("deal", &["TITLE"]), Since::At(since)).await;
    let seen: Vec<_> = records.iter().map(|record| (record.id.0.as_str(), known(record, "TITLE").show())).collect();
    assert_eq!(
        seen,
        [(ids[3].as_str(), format!("Edited {}", ids[3])), (ids[1].as_str(), format!("Edited {}", ids[1]))]
    );
}

#[tokio::test(start_paused = true)]
async fn more_edits_in_one_second_than_a_page_holds_are_all_listed() {
    let office = Office::new();
    let since = office.now() - SignedDuration::from_secs(60);
    let mut made = BTreeSet::new();
    for (rows, wait) in [(30, 1), (120, 1), (1, 1), (70, 0)] {
        made.extend((0..rows).map(|_| office.person_makes(Of::Deal, &[("TITLE", json!("Same second"))])));
        sleep(Duration::from_secs(wait)).await;
    }
    let (records, pages) = office.list_all(&entity("deal", &["TITLE"]), Since::At(since)).await;
    assert_eq!(records.iter().map(|record| record.id.0.clone()).collect::<BTreeSet<_>>(), made);
    assert!(records.is_sorted_by_key(|record| record.edited_at));
    assert!(pages <= 14, "{pages} pages for 221 rows");
}

#[tokio::test(start_paused = true)]
async fn a_record_comes_with_every_kind_of_value() {
    let office = Office::new();
    let company = office.portal().add_company("Acme");
    let contact = office.person_makes(Of::Contact, &[("NAME", json!("Ada")), ("LAST_NAME", json!("Byron"))]);
    let options = office.portal().options(Of::Deal, "UF_CRM_SERVICES");
    let priority = office.portal().options(Of::Deal, "UF_CRM_PRIORITY")[1].0.clone();
    let id = office.person_makes(
        Of::Deal,
        &[
            ("TITLE", json!("Roof")),
            ("OPPORTUNITY", json!("1234.50")),
            ("STAGE_ID", json!("WON")),
            ("ASSIGNED_BY_ID", json!(["2"])),
            ("COMPANY_ID", json!([company])),
            ("CONTACT_IDS", json!([contact])),
            ("CLOSEDATE", json!("2026-04-30")),
            ("UF_CRM_ONSITE", json!("Y")),
            ("UF_CRM_NEXT_CALL", json!("2026-03-05T12:00:00+03:00")),
            ("UF_CRM_PRIORITY", json!(priority)),
            ("UF_CRM_SERVICES", json!([options[0].0, options[2].0])),
            ("UF_CRM_BUDGET", json!("99.90|EUR")),
        ],
    );
    let names = [
        "TITLE",
        "OPPORTUNITY",
        "STAGE_ID",
        "ASSIGNED_BY_ID",
        "COMPANY_ID",
        "COMPANY_ID.TITLE",
        "CONTACT_IDS",
        "CLOSEDATE",
        "UF_CRM_ONSITE",
        "UF_CRM_NEXT_CALL",
        "UF_CRM_PRIORITY",
        "UF_CRM_SERVICES",
        "UF_CRM_BUDGET",
        "UF_CRM_DOCS",
        "COMMENTS",
    ];
    office.client.identity().await.unwrap();
    let record = office.read(&entity("deal", &names), &id).await;
    let wanted = [
        ("TITLE", text("Roof")),
        ("OPPORTUNITY", number("1234.5")),
        ("STAGE_ID", Value::Choice("WON".into())),
        ("ASSIGNED_BY_ID", Value::people(["2".to_owned()])),
        ("COMPANY_ID", links(&[&company])),
        ("COMPANY_ID.TITLE", text("Acme")),
        ("CONTACT_IDS", links(&[&contact])),
        ("CLOSEDATE", Value::Date("2026-04-30".parse().unwrap())),
        ("UF_CRM_ONSITE", Value::Flag(true)),
        ("UF_CRM_NEXT_CALL", Value::DateTime("2026-03-05T09:00:00Z".parse().unwrap())),
        ("UF_CRM_PRIORITY", Value::Choice(priority)),
        ("UF_CRM_SERVICES", Value::choices([options[0].0.clone(), options[2].0.clone()])),
        ("UF_CRM_BUDGET", number("99.9")),
        ("UF_CRM_DOCS", Value::Empty),
        ("COMMENTS", Value::Empty),
    ];
    for (name, value) in wanted {
        assert_eq!(known(&record, name), &value, "{name}");
    }
    assert!(!record.edited_by_us, "Anna made it");
    assert_eq!(record.edited_by.as_ref().map(|editor| &*editor.id), Some("2"));
    assert_eq!(record.marker, None);
    assert_eq!(record.edited_at.unwrap().to_string(), "2026-03-01T10:00:00Z");
    // The same by a sweep.
    let (listed, _) = office.list_all(&entity("deal", &names), Since::Ever).await;
    assert_eq!(listed[0].fields, record.fields);
}

#[tokio::test(start_paused = true)]
async fn days_are_the_same_days_on_both_sides_of_greenwich() {
    for offset_minutes in [-660, -300, 0, 180, 780] {
        let office = Office::with(Config { offset_minutes, ..Config::default() }, Settings::bucket(250, 500));
        let day = json!("2026-04-30");
        let id = office.person_makes(Of::Deal, &[("CLOSEDATE", day.clone()), ("UF_CRM_KICKOFF", day)]);
        let record = office.read(&entity("deal", &["CLOSEDATE", "UF_CRM_KICKOFF"]), &id).await;
        for name in ["CLOSEDATE", "UF_CRM_KICKOFF"] {
            assert_eq!(known(&record, name), &Value::Date("2026-04-30".parse().unwrap()), "{name} at {offset_minutes}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_renamed_company_shows_in_the_next_read_and_the_next_listing() {
    let office = Office::new();
    let company = office.portal().add_company("Acme");
    let id = office.person_makes(Of::Contact, &[("NAME", json!("Ada")), ("COMPANY_ID", json!([company]))]);
    let contact = entity("contact", &["NAME", "COMPANY_ID.TITLE"]);
    let (listed, _) = office.list_all(&contact, Since::Ever).await;
    assert_eq!(known(&listed[0], "COMPANY_ID.TITLE"), &text("Acme"));
    office.person_edits(Of::Company, &company, &[("TITLE", json!("Apex"))]);
    assert_eq!(known(&office.read(&contact, &id).await, "COMPANY_ID.TITLE"), &text("Apex"));
    let (listed, _) = office.list_all(&contact, Since::Ever).await;
    assert_eq!(known(&listed[0], "COMPANY_ID.TITLE"), &text("Apex"));
}

#[tokio::test(start_paused = true)]
async fn reads_by_id_keep_the_order_asked_for_and_tell_the_missing() {
    let office = Office::new();
    let ids: Vec<String> = (0..60).map(|_| office.person_makes(Of::Deal, &[("TITLE", json!("D"))])).collect();
    office.portal().person_delete(office.now(), "Anna Weber", Of::Deal, &ids[7]).unwrap();
    let mut asked: Vec<RecordId> = ids.iter().rev().map(|id| RecordId::from(id.as_str())).collect();
    asked.extend([RecordId::from("99999"), RecordId::from("no number")]);
    office.client.schema(&entity("deal", &[])).await.unwrap();
    office.sent();
    let got = office.client.get(&entity("deal", &["TITLE"]), &asked, Lane::Hot).await.unwrap();
    assert_eq!(got.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), asked);
    let missing: Vec<&str> =
        got.iter().filter(|(_, what)| *what == Fetched::Missing).map(|(id, _)| id.as_str()).collect();
    assert_eq!(missing, [ids[7].as_str(), "99999", "no number"]);
    assert_eq!(office.sent().len(), 4, "two lists of fifty, and one read for each that was not in them");
}

#[tokio::test(start_paused = true)]
async fn an_unmapped_name_is_unknown_and_never_empty() {
    let office = Office::new();
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D"))]);
    let record = office.read(&entity("deal", &["TITLE", "UF_CRM_GONE"]), &id).await;
    assert!(matches!(record.fields.get("UF_CRM_GONE"), Some(FieldState::Unknown(_))));
}

#[tokio::test(start_paused = true)]
async fn contacts_are_found_by_mail_phone_and_full_name() {
    let office = Office::new();
    let contact = entity("contact", &["FULL_NAME", "EMAIL", "PHONE"]);
    let ada = office.person_makes(
        Of::Contact,
        &[
            ("NAME", json!("Ada Maria")),
            ("LAST_NAME", json!("Byron")),
            ("EMAIL", json!("Ada@Example.com")),
            ("PHONE", json!("+49 30 1234")),
        ],
    );
    office.person_makes(Of::Contact, &[("NAME", json!("Ada")), ("LAST_NAME", json!("Byron"))]);
    for (name, value) in
        [("EMAIL", "ada@example.com"), ("PHONE", "+49301234"), ("FULL_NAME", "Ada Maria Byron"), ("NAME", "Ada Maria")]
    {
        let found = office.client.find(&contact, &name.into(), &text(value), Lane::Write).await.unwrap();
        let ids: Vec<&str> = found.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, [ada.as_str()], "{name}");
        assert_eq!(found[0].fields.len(), 3, "only mapped fields come back");
    }
    let none = office.client.find(&contact, &"EMAIL".into(), &text("nobody@example.com"), Lane::Write).await.unwrap();
    assert!(none.is_empty());
}

#[tokio::test(start_paused = true)]
async fn deals_are_found_by_exact_value_oldest_first_and_by_the_hundred() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE", "OPPORTUNITY", "UF_CRM_ONSITE", "CLOSEDATE"]);
    let upper = office.person_makes(Of::Deal, &[("TITLE", json!("ROOF"))]);
    let lower = office.person_makes(
        Of::Deal,
        &[("TITLE", json!("roof")), ("OPPORTUNITY", json!("10.50")), ("UF_CRM_ONSITE", json!("Y"))],
    );
    let find = async |name: &str, value: Value| {
        let found = office.client.find(&deal, &name.into(), &value, Lane::Write).await.unwrap();
        found.into_iter().map(|record| record.id.0).collect::<Vec<_>>()
    };
    assert_eq!(find("TITLE", text("roof")).await, [lower.as_str()]);
    assert_eq!(find("TITLE", text("ROOF")).await, [upper]);
    assert_eq!(find("OPPORTUNITY", number("10.5")).await, [lower.as_str()]);
    assert_eq!(find("UF_CRM_ONSITE", Value::Flag(true)).await, [lower]);
    let many: Vec<String> = (0..120).map(|_| office.person_makes(Of::Deal, &[("TITLE", json!("Same"))])).collect();
    assert_eq!(find("TITLE", text("Same")).await, many[..100]);
    let refused = office.client.find(&deal, &"UF_CRM_GONE".into(), &text("x"), Lane::Write).await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Invalid);
}
