//! Creates, updates, clears, multifields and links.

use crosstie::model::{FieldState, Value};
use crosstie::remote::pace::Settings;
use crosstie::remote::{RemoteErrorKind, System, WriteError};
use crosstie::standin::bitrix24::{Config, Entity as Of};
use serde_json::{Value as Json, json};

use crate::support::{Office, entity, known, links, number, set, text};

/// The plain value of one field as the portal holds it.
fn held(office: &Office, of: Of, id: &str, field: &str) -> Json {
    office.portal().plain(of, id).unwrap().remove(field).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_created_deal_carries_its_marker_and_comes_back_whole() {
    let office = Office::new();
    office.client.identity().await.unwrap();
    let contact = office.person_makes(Of::Contact, &[("NAME", json!("Ada"))]);
    let deal = entity("deal", &["TITLE", "OPPORTUNITY", "STAGE_ID", "CONTACT_IDS", "CLOSEDATE", "COMMENTS"]);
    let fields = set(&[
        ("TITLE", text("Roof")),
        ("OPPORTUNITY", number("1000.25")),
        ("STAGE_ID", Value::Choice("EXECUTING".into())),
        ("CONTACT_IDS", links(&[&contact])),
        ("CLOSEDATE", Value::Date("2026-05-01".parse().unwrap())),
        ("COMMENTS", Value::Empty),
    ]);
    let made = office.client.create(&deal, "page-1", &fields).await.unwrap();
    for (name, value) in &fields {
        assert_eq!(known(&made, name.as_str()), value, "{name}");
    }
    assert_eq!(made.marker.as_deref(), Some("page-1"));
    assert!(made.edited_by_us && made.created_at.is_some());
    let probed = office.client.probe(&deal, "page-1").await.unwrap();
    assert_eq!(probed, [office.read(&deal, made.id.as_str()).await]);
    assert_eq!(probed[0].fields, made.fields);
    assert!(office.client.probe(&deal, "PAGE-1").await.unwrap().is_empty(), "a marker is compared exactly");
}

#[tokio::test(start_paused = true)]
async fn a_created_contact_has_its_mail_phone_and_both_names() {
    let office = Office::new();
    let contact = entity("contact", &["FULL_NAME", "EMAIL", "PHONE", "WEB"]);
    let fields = set(&[
        ("FULL_NAME", text("Ada Maria Byron")),
        ("EMAIL", text("ada@example.com")),
        ("PHONE", text("+49 30 1234")),
    ]);
    let made = office.client.create(&contact, "page-1", &fields).await.unwrap();
    assert_eq!(known(&made, "FULL_NAME"), &text("Ada Maria Byron"));
    assert_eq!(known(&made, "EMAIL"), &text("ada@example.com"));
    assert_eq!(known(&made, "WEB"), &Value::Empty);
    assert_eq!(held(&office, Of::Contact, made.id.as_str(), "NAME"), "Ada Maria");
    assert_eq!(held(&office, Of::Contact, made.id.as_str(), "LAST_NAME"), "Byron");
}

#[tokio::test(start_paused = true)]
async fn an_update_writes_what_it_was_given_and_nothing_else() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE", "OPPORTUNITY", "COMMENTS", "STAGE_ID"]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("Roof")), ("COMMENTS", json!("old"))]);
    let before = office.read(&deal, &id).await;
    // Somebody edits another field between our read and our write.
    office.person_edits(Of::Deal, &id, &[("COMMENTS", json!("new"))]);
    let fields = set(&[("TITLE", text("Tower")), ("OPPORTUNITY", number("7"))]);
    let after = office.client.update(&deal, &before, &fields, None).await.unwrap().unwrap();
    assert_eq!(known(&after, "TITLE"), &text("Tower"));
    assert_eq!(known(&after, "OPPORTUNITY"), &number("7"));
    assert_eq!(known(&after, "COMMENTS"), &text("new"));
    assert_eq!(after.marker, None);
    assert_eq!(held(&office, Of::Deal, &id, "IS_MANUAL_OPPORTUNITY"), "Y");
    let marked = office.client.update(&deal, &after, &set(&[]), Some("page-9")).await.unwrap().unwrap();
    assert_eq!(marked.marker.as_deref(), Some("page-9"));
}

#[tokio::test(start_paused = true)]
async fn a_written_amount_is_not_computed_away_by_product_rows() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE", "OPPORTUNITY"]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("Roof"))]);
    office.portal().set_product_sum(&id, Some("500".parse().unwrap()));
    let before = office.read(&deal, &id).await;
    let after = office.client.update(&deal, &before, &set(&[("OPPORTUNITY", number("42"))]), None).await.unwrap();
    assert_eq!(known(&after.unwrap(), "OPPORTUNITY"), &number("42"));
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_value_can_be_written_and_cleared() {
    let office = Office::new();
    let company = office.portal().add_company("Acme");
    let contact = office.person_makes(Of::Contact, &[("NAME", json!("Ada"))]);
    let services = office.portal().options(Of::Deal, "UF_CRM_SERVICES");
    let priority = office.portal().options(Of::Deal, "UF_CRM_PRIORITY")[2].0.clone();
    let values = [
        ("COMMENTS", text("Hello\nthere")),
        ("SOURCE_ID", Value::Choice("WEB".into())),
        ("OPPORTUNITY", number("0.01")),
        ("COMPANY_ID", links(&[&company])),
        ("CONTACT_IDS", links(&[&contact])),
        ("CLOSEDATE", Value::Date("2026-05-01".parse().unwrap())),
        ("UF_CRM_PROJECT_CODE", text("P-1")),
        ("UF_CRM_EFFORT", number("12.25")),
        ("UF_CRM_ONSITE", Value::Flag(true)),
        ("UF_CRM_KICKOFF", Value::Date("2026-05-02".parse().unwrap())),
        ("UF_CRM_NEXT_CALL", Value::DateTime("2026-05-03T08:30:00Z".parse().unwrap())),
        ("UF_CRM_PRIORITY", Value::Choice(priority)),
        ("UF_CRM_SERVICES", Value::choices([services[0].0.clone(), services[1].0.clone()])),
        ("UF_CRM_BUDGET", number("10")),
        ("UF_CRM_DOCS", text("https://example.com/")),
    ];
    let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
    let deal = entity("deal", &names);
    let schema = office.client.schema(&deal).await.unwrap();
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("Roof"))]);
    let before = office.read(&deal, &id).await;
    let after = office.client.update(&deal, &before, &set(&values), None).await.unwrap().unwrap();
    for (name, value) in &values {
        assert_eq!(known(&after, name), value, "{name}");
    }
    for (name, value) in &values {
        let before = office.read(&deal, &id).await;
        assert_eq!(known(&before, name), value, "{name} before it is cleared");
        let after = office.client.update(&deal, &before, &set(&[(name, Value::Empty)]), None).await.unwrap();
        let empty = schema.fields[*name].empty_is.clone().unwrap_or_default();
        if let Some(after) = &after {
            assert_eq!(known(after, name), &empty, "{name} as returned");
        }
        assert_eq!(known(&office.read(&deal, &id).await, name), &empty, "{name} as read again");
        assert_eq!(after.is_none(), *name == "UF_CRM_SERVICES", "only lists of options go by the older method: {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_companys_field_is_really_cleared() {
    let office = Office::new();
    let company = entity("company", &["TITLE", "COMMENTS", "EMAIL"]);
    let id = office.portal().add_company("Acme");
    office.person_edits(Of::Company, &id, &[("COMMENTS", json!("old")), ("EMAIL", json!("info@acme.com"))]);
    let before = office.read(&company, &id).await;
    let fields = set(&[("COMMENTS", Value::Empty), ("TITLE", text("Apex")), ("EMAIL", text("hello@apex.com"))]);
    assert_eq!(office.client.update(&company, &before, &fields, None).await.unwrap(), None);
    let after = office.read(&company, &id).await;
    for (name, value) in &fields {
        assert_eq!(known(&after, name.as_str()), value, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_multifield_changes_its_own_entry_and_no_other() {
    let office = Office::new();
    let contact = entity("contact", &["NAME", "EMAIL", "PHONE"]);
    let fm = |rows: Json| json!({"entityTypeId": 3, "fields": {"name": "Ada", "fm": rows}});
    let rows = fm(json!({
        "n0": {"typeId": "EMAIL", "valueType": "HOME", "value": "home@example.com"},
        "n1": {"typeId": "EMAIL", "valueType": "WORK", "value": "work@example.com"},
        "n2": {"typeId": "PHONE", "valueType": "MOBILE", "value": "+49170"},
    }));
    let id = by_hand(&office, "crm.item.add", rows)["item"]["id"].to_string();
    let before = office.read(&contact, &id).await;
    assert_eq!(known(&before, "EMAIL"), &text("work@example.com"), "work comes first");

    let fields = set(&[("EMAIL", text("new@example.com"))]);
    let after = office.client.update(&contact, &before, &fields, None).await.unwrap().unwrap();
    assert_eq!(known(&after, "EMAIL"), &text("new@example.com"));
    assert_eq!(known(&after, "PHONE"), &text("+49170"));
    let entries = after.baggage["fm"].to_string();
    assert!(entries.contains("home@example.com") && !entries.contains("work@example.com"), "{entries}");
    let count = |record: &crosstie::model::Record| record.baggage["fm"].as_array().unwrap().len();
    assert_eq!(count(&after), 3);

    // Written again from the same reading: the same entry, not another one.
    let again = office.client.update(&contact, &before, &fields, None).await.unwrap().unwrap();
    assert_eq!(count(&again), 3);

    let cleared = set(&[("EMAIL", Value::Empty)]);
    let after = office.client.update(&contact, &again, &cleared, None).await.unwrap().unwrap();
    assert_eq!(known(&after, "EMAIL"), &text("home@example.com"), "the other entry was not ours to delete");
    assert_eq!(count(&after), 2);
    let after = office.client.update(&contact, &after, &cleared, None).await.unwrap().unwrap();
    assert_eq!(known(&after, "EMAIL"), &Value::Empty);
    assert_eq!(known(&after, "PHONE"), &text("+49170"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_multifields_does_not_empty_them() {
    let office = Office::new();
    let contact = entity("contact", &["NAME", "EMAIL", "COMPANY_ID", "COMPANY_ID.TITLE"]);
    let company = office.portal().add_company("Acme");
    let id = office.person_makes(Of::Contact, &[("NAME", json!("Ada")), ("EMAIL", json!("ada@example.com"))]);
    let before = office.read(&contact, &id).await;
    let after = office.client.update(&contact, &before, &set(&[("NAME", text("Eva"))]), None).await.unwrap().unwrap();
    assert_eq!(known(&after, "NAME"), &text("Eva"));
    assert!(!after.fields.contains_key("EMAIL"), "not asked for, so not told: {:?}", after.fields.get("EMAIL"));
    assert_eq!(known(&office.read(&contact, &id).await, "EMAIL"), &text("ada@example.com"));
    let moved = set(&[("COMPANY_ID", links(&[&company]))]);
    let after = office.client.update(&contact, &after, &moved, None).await.unwrap().unwrap();
    assert_eq!(known(&after, "COMPANY_ID"), &links(&[&company]));
    assert!(!after.fields.contains_key("COMPANY_ID.TITLE"), "its name was not read with it");
    assert_eq!(known(&office.read(&contact, &id).await, "COMPANY_ID.TITLE"), &text("Acme"));
}

#[tokio::test(start_paused = true)]
async fn a_bad_mail_address_is_refused_and_nothing_is_written() {
    let office = Office::new();
    let contact = entity("contact", &["NAME", "EMAIL"]);
    let id = office.person_makes(Of::Contact, &[("NAME", json!("Ada"))]);
    let before = office.read(&contact, &id).await;
    let fields = set(&[("NAME", text("Eva")), ("EMAIL", text("no address"))]);
    let refused = office.client.update(&contact, &before, &fields, None).await.unwrap_err();
    let WriteError::NotDone(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.kind, RemoteErrorKind::Invalid);
    assert!(refused.message.contains("invalid address"), "{refused}");
    assert_eq!(held(&office, Of::Contact, &id, "NAME"), "Ada");
}

#[tokio::test(start_paused = true)]
async fn a_full_name_keeps_the_split_that_stands() {
    let office = Office::new();
    let contact = entity("contact", &["FULL_NAME"]);
    let id = office.person_makes(Of::Contact, &[("NAME", json!("Anna")), ("LAST_NAME", json!("von der Heide"))]);
    for (full, name, last_name) in [
        ("Anna von der Heide", "Anna", "von der Heide"),
        ("Anna Maria von der Heide", "Anna Maria", "von der Heide"),
        ("Anna Maria Klein", "Anna Maria", "Klein"),
        ("Eva Braun Meyer", "Eva Braun", "Meyer"),
        ("Cher", "Cher", ""),
    ] {
        let before = office.read(&contact, &id).await;
        let after = office.client.update(&contact, &before, &set(&[("FULL_NAME", text(full))]), None).await.unwrap();
        assert_eq!(known(&after.unwrap(), "FULL_NAME"), &text(full));
        assert_eq!(held(&office, Of::Contact, &id, "NAME"), name, "{full}");
        assert_eq!(held(&office, Of::Contact, &id, "LAST_NAME").as_str().unwrap_or_default(), last_name, "{full}");
    }
}

#[tokio::test(start_paused = true)]
async fn linked_contacts_keep_their_order_and_the_primary_one() {
    let office = Office::new();
    let deal = entity("deal", &["CONTACT_IDS"]);
    let people: Vec<String> =
        (0..4).map(|number| office.person_makes(Of::Contact, &[("NAME", json!(format!("C{number}")))])).collect();
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D")), ("CONTACT_IDS", json!([people[2], people[0]]))]);
    let before = office.read(&deal, &id).await;
    let wanted = links(&[&people[0], &people[2], &people[3]]);
    let after = office.client.update(&deal, &before, &set(&[("CONTACT_IDS", wanted.clone())]), None).await.unwrap();
    assert_eq!(known(&after.unwrap(), "CONTACT_IDS"), &wanted);
    let params = json!({"entityTypeId": 2, "id": id, "select": ["contactIds"]});
    let order = by_hand(&office, "crm.item.get", params)["item"]["contactIds"].clone();
    assert_eq!(order, json!([&people[2], &people[0], &people[3]].map(|id| id.parse::<u64>().unwrap())));
}

#[tokio::test(start_paused = true)]
async fn an_amount_of_money_keeps_its_currency() {
    let office = Office::new();
    let deal = entity("deal", &["UF_CRM_BUDGET"]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D")), ("UF_CRM_BUDGET", json!("10|USD"))]);
    let before = office.read(&deal, &id).await;
    office.client.update(&deal, &before, &set(&[("UF_CRM_BUDGET", number("12.5"))]), None).await.unwrap();
    assert_eq!(held(&office, Of::Deal, &id, "UF_CRM_BUDGET"), "12.5|USD");
    let made = office.client.create(&deal, "p", &set(&[("UF_CRM_BUDGET", number("3"))])).await.unwrap();
    assert_eq!(held(&office, Of::Deal, made.id.as_str(), "UF_CRM_BUDGET"), "3|EUR", "the portal's base currency");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_refused_before_it_leaves() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE"]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D"))]);
    let before = office.read(&deal, &id).await;
    office.sent();
    for (name, value) in [
        ("DATE_MODIFY", Value::DateTime("2026-05-03T08:30:00Z".parse().unwrap())),
        ("COMPANY_ID.TITLE", text("Acme")),
        ("UF_CRM_GONE", text("x")),
        ("OPPORTUNITY", text("many")),
        ("COMPANY_ID", links(&["1", "2"])),
    ] {
        let refused = office.client.update(&deal, &before, &set(&[(name, value)]), None).await.unwrap_err();
        assert!(
            matches!(&refused, WriteError::NotDone(e) if e.kind == RemoteErrorKind::Invalid),
            "{name}: {refused:?}"
        );
    }
    assert!(office.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_option_is_seen_in_what_comes_back() {
    let office = Office::new();
    let deal = entity("deal", &["UF_CRM_PRIORITY"]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D"))]);
    let before = office.read(&deal, &id).await;
    let fields = set(&[("UF_CRM_PRIORITY", Value::Choice("424242".into()))]);
    let after = office.client.update(&deal, &before, &fields, None).await.unwrap().unwrap();
    assert_eq!(after.fields.get("UF_CRM_PRIORITY"), Some(&FieldState::Known(Value::Empty)));
}

#[tokio::test(start_paused = true)]
async fn a_trashed_record_is_gone_and_trashing_it_again_says_so() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE"]);
    let made = office.client.create(&deal, "page-1", &set(&[("TITLE", text("D"))])).await.unwrap();
    office.client.trash(&deal, &made.id).await.unwrap();
    assert!(office.client.probe(&deal, "page-1").await.unwrap().is_empty());
    let again = office.client.trash(&deal, &made.id).await.unwrap_err();
    assert!(matches!(&again, WriteError::NotDone(e) if e.kind == RemoteErrorKind::NotFound), "{again:?}");
}

/// A call that our client does not make.
pub fn by_hand(office: &Office, method: &str, params: Json) -> Json {
    use crosstie::seam::{Method, Request};
    use crosstie::standin::StandIn;
    let now = office.now();
    let mut portal = office.portal();
    let request = Request::new(Method::Post, format!("{}{method}", portal.webhook_path())).json(&params);
    let response = portal.handle(&request, now);
    let mut body: Json = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(response.status, 200, "{body}");
    body["result"].take()
}

#[tokio::test(start_paused = true)]
async fn a_stage_of_another_pipeline_takes_the_deal_there_and_an_emptied_list_goes_along() {
    let office = Office::new();
    let pipeline = office.portal().add_pipeline("Support", &[("NEW", "Open", 'P'), ("DONE", "Solved", 'S')]);
    let (new, done) = (format!("C{pipeline}:NEW"), format!("C{pipeline}:DONE"));
    let stage = |code: &str| Value::Choice(code.to_owned());
    let deal = entity("deal", &["TITLE", "STAGE_ID", "CATEGORY_ID", "UF_CRM_SERVICES"]);
    let services: Vec<String> =
        office.portal().options(Of::Deal, "UF_CRM_SERVICES").into_iter().map(|(id, _)| id).collect();
    let given = [("TITLE", text("Roof")), ("UF_CRM_SERVICES", Value::choices(services[..1].to_vec()))];
    let mut record = office.client.create(&deal, "page-1", &set(&given)).await.unwrap();
    office.sent();
    for (to, category) in [(&*done, "1"), (&*new, "1"), ("WON", "0")] {
        let moved = set(&[("STAGE_ID", stage(to))]);
        record = office.client.update(&deal, &record, &moved, None).await.unwrap().unwrap();
        assert_eq!((known(&record, "STAGE_ID"), known(&record, "CATEGORY_ID")), (&stage(to), &stage(category)));
    }
    assert_eq!(office.sent(), ["crm.item.update"; 3]);
    // The pipeline alone: the portal chooses its first stage.
    record = office.client.update(&deal, &record, &set(&[("CATEGORY_ID", stage("1"))]), None).await.unwrap().unwrap();
    assert_eq!(known(&record, "STAGE_ID"), &stage(&new));
    // The older method, which can empty a list, passes over the pipeline in silence.
    office.sent();
    let both = set(&[("STAGE_ID", stage("EXECUTING")), ("UF_CRM_SERVICES", Value::Empty), ("TITLE", text("Door"))]);
    assert_eq!(office.client.update(&deal, &record, &both, None).await.unwrap(), None);
    assert_eq!(office.sent(), ["crm.item.update", "crm.deal.update"]);
    let now = office.read(&deal, record.id.as_str()).await;
    let shown = ["STAGE_ID", "CATEGORY_ID", "UF_CRM_SERVICES", "TITLE"].map(|name| known(&now, name).clone());
    assert_eq!(shown, [stage("EXECUTING"), stage("0"), Value::Empty, text("Door")]);
    // A new deal begins where its stage is.
    let begun = office.client.create(&deal, "page-2", &set(&[("STAGE_ID", stage(&done))])).await.unwrap();
    assert_eq!((known(&begun, "STAGE_ID"), known(&begun, "CATEGORY_ID")), (&stage(&done), &stage("1")));
}

#[tokio::test(start_paused = true)]
async fn the_primary_contact_stays_who_it_is_though_links_stand_in_another_order() {
    let office = Office::new();
    let deal = entity("deal", &["CONTACT_IDS"]);
    let people: Vec<String> =
        (0..3).map(|number| office.person_makes(Of::Contact, &[("NAME", json!(format!("C{number}")))])).collect();
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D"))]);
    let items = json!([{"CONTACT_ID": people[0]}, {"CONTACT_ID": people[1], "IS_PRIMARY": "Y"}]);
    by_hand(&office, "crm.deal.contact.items.set", json!({"id": id, "items": items}));
    let shown = |office: &Office| {
        let item = by_hand(office, "crm.item.get", json!({"entityTypeId": 2, "id": id}))["item"].clone();
        let ids: Vec<String> = item["contactIds"].as_array().unwrap().iter().map(ToString::to_string).collect();
        (item["contactId"].to_string(), ids)
    };
    assert_eq!(shown(&office), (people[1].clone(), people[..2].to_vec()), "the order is not who is the primary one");
    let before = office.read(&deal, &id).await;
    let all = links(&[&people[0], &people[1], &people[2]]);
    office.client.update(&deal, &before, &set(&[("CONTACT_IDS", all)]), None).await.unwrap();
    assert_eq!(shown(&office).0, people[1]);
    assert_eq!(shown(&office).1.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn another_primary_contact_takes_no_other_link_away() {
    let office = Office::new();
    let deal = entity("deal", &["CONTACT_ID"]);
    let people: Vec<String> =
        (0..4).map(|number| office.person_makes(Of::Contact, &[("NAME", json!(format!("C{number}")))])).collect();
    let id = office
        .person_makes(Of::Deal, &[("TITLE", json!("D")), ("CONTACT_IDS", json!([people[0], people[1], people[2]]))]);
    let linked = || held(&office, Of::Deal, &id, "CONTACT_IDS");
    for (value, primary, all) in [
        (links(&[&people[3]]), &people[3], json!([people[1], people[2], people[3]])),
        (links(&[&people[2]]), &people[2], json!([people[1], people[2]])),
        (Value::Empty, &people[1], json!([people[1]])),
    ] {
        let before = office.read(&deal, &id).await;
        let after = office.client.update(&deal, &before, &set(&[("CONTACT_ID", value)]), None).await.unwrap();
        assert_eq!(known(&after.unwrap(), "CONTACT_ID"), &links(&[primary]));
        assert_eq!(linked(), all);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_newer_method_does_not_empty_the_older_one_does_and_once() {
    let office = Office::with(Config { item_update_keeps_all: true, ..Config::default() }, Settings::bucket(250, 500));
    let deal = entity("deal", &["TITLE", "COMMENTS", "UTM_SOURCE"]);
    let id = office
        .person_makes(Of::Deal, &[("TITLE", json!("D")), ("COMMENTS", json!("old")), ("UTM_SOURCE", json!("ads"))]);
    let before = office.read(&deal, &id).await;
    office.sent();
    let given = set(&[("TITLE", text("New")), ("COMMENTS", Value::Empty)]);
    office.client.update(&deal, &before, &given, None).await.unwrap();
    let writes = || office.sent().into_iter().filter(|method| method.ends_with(".update")).collect::<Vec<_>>();
    assert_eq!(writes(), ["crm.item.update", "crm.deal.update"]);
    assert_eq!(
        (held(&office, Of::Deal, &id, "TITLE"), held(&office, Of::Deal, &id, "UTM_SOURCE")),
        ("New".into(), "ads".into())
    );
    assert!(held(&office, Of::Deal, &id, "COMMENTS").is_null());
    // Where it does empty, nothing more is asked.
    let office = Office::new();
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D")), ("COMMENTS", json!("old"))]);
    let before = office.read(&deal, &id).await;
    office.sent();
    office.client.update(&deal, &before, &set(&[("COMMENTS", Value::Empty)]), None).await.unwrap();
    assert_eq!(office.sent().into_iter().filter(|method| method.ends_with(".update")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn fields_that_empty_every_item_when_they_are_named_are_never_named() {
    let office = Office::with(Config { utm_empties_items: true, ..Config::default() }, Settings::bucket(250, 500));
    let deal = entity("deal", &["TITLE", "UTM_SOURCE", "UF_CRM_BUDGET"]);
    office.person_makes(
        Of::Deal,
        &[("TITLE", json!("D")), ("UTM_SOURCE", json!("ads")), ("UF_CRM_BUDGET", json!("1|EUR"))],
    );
    let (records, _) = office.list_all(&deal, crosstie::remote::Since::Ever).await;
    assert_eq!(known(&records[0], "UTM_SOURCE"), &text("ads"));
    assert_eq!(known(&records[0], "UF_CRM_BUDGET"), &number("1"));
}
