//! Decoding and encoding on JSON shaped as in the documentation's samples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::Family;
use super::catalogue::{Catalogue, Field, Shape, catalogue};
use super::comms::{join, split};
use super::decode::{day, record, value};
use super::encode::writing;
use super::listing::{ITEMS, PAGE, Position};
use crate::model::{Entity, FieldName, FieldState, Value};
use crate::remote::{RemoteErrorKind, Since};

/// `crm.item.fields` with the given (key, type, rest) entries.
fn fields(rows: &[(&str, &str, Json)]) -> Json {
    let row = |(key, of, rest): &(&str, &str, Json)| {
        let mut meta = json!({
            "type": of, "isRequired": false, "isReadOnly": false, "isImmutable": false, "isMultiple": false,
            "isDynamic": key.starts_with("UF_"), "title": key,
        });
        for (name, value) in rest.as_object().unwrap() {
            meta[name] = value.clone();
        }
        ((*key).to_owned(), meta)
    };
    Json::Object(rows.iter().map(row).collect())
}

fn deal() -> Catalogue {
    let mut found = catalogue(
        Family::Deal,
        &fields(&[
            ("id", "integer", json!({"isReadOnly": true, "upperName": "ID"})),
            ("title", "string", json!({"upperName": "TITLE"})),
            ("createdTime", "datetime", json!({"isReadOnly": true, "upperName": "CREATED_TIME"})),
            ("assignedById", "user", json!({"upperName": "ASSIGNED_BY_ID"})),
            ("opportunity", "double", json!({"upperName": "OPPORTUNITY"})),
            ("companyId", "crm_company", json!({"upperName": "COMPANY_ID", "settings": {"parentEntityTypeId": 4}})),
            ("mycompanyId", "crm_company", json!({"settings": {"isMyCompany": true}})),
            ("contactIds", "crm_contact", json!({"isMultiple": true, "upperName": "CONTACT_IDS"})),
            ("contacts", "crm_contact", json!({"isMultiple": true, "upperName": "CONTACTS"})),
            ("observers", "user", json!({"isMultiple": true, "upperName": "OBSERVERS"})),
            ("closedate", "date", json!({"upperName": "CLOSEDATE"})),
            ("sourceDescription", "text", json!({})),
            ("UF_CRM_1747309879", "money", json!({})),
            ("UF_CRM_3_TAGS", "enumeration", json!({"isMultiple": true, "items": [{"ID": "44", "VALUE": "A"}]})),
            ("UF_CRM_FLAG", "boolean", json!({})),
            ("UF_CRM_LINES", "string", json!({"isMultiple": true})),
            ("UF_CRM_FILE", "file", json!({})),
        ]),
    );
    found.currency = Some("EUR".into());
    found
}

fn contact() -> Catalogue {
    catalogue(
        Family::Contact,
        &fields(&[
            ("id", "integer", json!({"isReadOnly": true})),
            ("name", "string", json!({"upperName": "NAME"})),
            ("lastName", "string", json!({"upperName": "LAST_NAME"})),
            ("fm", "crm_multifield", json!({"isMultiple": true, "upperName": "FM"})),
        ]),
    )
}

fn decoded(catalogue: &Catalogue, item: Json, names: &[&str]) -> BTreeMap<FieldName, FieldState> {
    let names = names.iter().map(|name| FieldName::from(*name)).collect();
    let entity = Entity { name: "deal".into(), fields: names, marker: None, filter: None };
    record(&item, &entity, catalogue, None, &BTreeMap::new()).unwrap().fields
}

fn one(catalogue: &Catalogue, name: &str, json: Json) -> Result<Value, &'static str> {
    value(&catalogue.fields[name], &json)
}

#[test]
fn names_are_the_upper_case_ones_people_know() {
    let names: Vec<String> = deal().fields.keys().cloned().collect();
    assert_eq!(
        names,
        [
            "ASSIGNED_BY_ID",
            "CLOSEDATE",
            "COMPANY_ID",
            "COMPANY_ID.TITLE",
            "CONTACTS",
            "CONTACT_IDS",
            "DATE_CREATE",
            "ID",
            "MYCOMPANY_ID",
            "OBSERVERS",
            "OPPORTUNITY",
            "SOURCE_DESCRIPTION",
            "TITLE",
            "UF_CRM_1747309879",
            "UF_CRM_3_TAGS",
            "UF_CRM_FILE",
            "UF_CRM_FLAG",
            "UF_CRM_LINES",
        ]
    );
    let catalogue = contact();
    let names: Vec<&str> = catalogue.fields.keys().map(String::as_str).collect();
    assert_eq!(names, ["EMAIL", "FULL_NAME", "ID", "IM", "LAST_NAME", "NAME", "PHONE", "WEB"]);
}

#[test]
fn lists_without_a_canonical_kind_are_opaque_and_unknown() {
    let catalogue = deal();
    for name in ["UF_CRM_FILE", "CONTACTS", "MYCOMPANY_ID"] {
        assert_eq!(catalogue.fields[name].shape, Shape::Opaque, "{name}");
        assert!(catalogue.fields[name].row.row.kinds.is_empty() && catalogue.fields[name].read_only);
        assert!(one(&catalogue, name, json!(["a", "b"])).is_err());
    }
}

#[test]
fn all_of_phps_ways_to_say_nothing_are_empty() {
    let catalogue = deal();
    for nothing in [json!(null), json!(""), json!([]), json!({}), json!(false)] {
        for name in ["TITLE", "CLOSEDATE", "UF_CRM_1747309879", "UF_CRM_3_TAGS", "COMPANY_ID", "CONTACT_IDS"] {
            assert_eq!(one(&catalogue, name, nothing.clone()), Ok(Value::Empty), "{name} {nothing}");
        }
        assert_eq!(one(&catalogue, "UF_CRM_FLAG", nothing.clone()), Ok(Value::Flag(false)), "{nothing}");
        assert_eq!(one(&catalogue, "OPPORTUNITY", nothing), Ok(Value::Number(0.into())));
    }
    assert_eq!(one(&catalogue, "COMPANY_ID", json!(0)), Ok(Value::Empty));
    assert_eq!(one(&catalogue, "COMPANY_ID", json!("0")), Ok(Value::Empty));
}

#[test]
fn numbers_and_texts_of_numbers_are_the_same() {
    let catalogue = deal();
    let number = |text: &str| Ok(Value::number(text.parse().unwrap()));
    assert_eq!(one(&catalogue, "OPPORTUNITY", json!("1000000.00")), number("1000000"));
    assert_eq!(one(&catalogue, "OPPORTUNITY", json!(10000)), number("10000"));
    assert_eq!(one(&catalogue, "OPPORTUNITY", json!(1e21)), number("1000000000000000000000"));
    assert_eq!(one(&catalogue, "UF_CRM_1747309879", json!("1000.50|USD")), number("1000.5"));
    assert!(one(&catalogue, "OPPORTUNITY", json!("a lot")).is_err());
    let links = Value::links(["1".to_owned(), "23".to_owned()]);
    assert_eq!(one(&catalogue, "CONTACT_IDS", json!([23, 1])), Ok(links.clone()));
    assert_eq!(one(&catalogue, "CONTACT_IDS", json!({"0": "23", "2": 1})), Ok(links));
    assert_eq!(one(&catalogue, "ASSIGNED_BY_ID", json!(6)), Ok(Value::people(["6".to_owned()])));
    assert_eq!(one(&catalogue, "UF_CRM_3_TAGS", json!([44, "45"])), Ok(Value::choices(["44".into(), "45".into()])));
}

#[test]
fn a_date_is_the_day_that_was_meant_whatever_the_offset() {
    for (shown, meant) in [
        ("2024-08-30T02:00:00+02:00", "2024-08-30"),
        ("2024-08-30T03:00:00+03:00", "2024-08-30"),
        ("2024-08-29T19:00:00-05:00", "2024-08-30"),
        ("2024-08-30T00:00:00+00:00", "2024-08-30"),
        ("2024-08-30T00:00:00+03:00", "2024-08-30"),
        ("2024-08-30", "2024-08-30"),
    ] {
        assert_eq!(day(shown), Some(meant.parse().unwrap()), "{shown}");
    }
    assert_eq!(day("soon"), None);
}

#[test]
fn a_field_that_did_not_come_is_unknown_and_never_empty() {
    let found = decoded(&deal(), json!({"id": 7, "title": null}), &["TITLE", "CLOSEDATE", "COMPANY_ID.TITLE"]);
    assert_eq!(found["TITLE"], FieldState::Known(Value::Empty));
    for name in ["CLOSEDATE", "COMPANY_ID.TITLE"] {
        assert!(matches!(found[name], FieldState::Unknown(_)), "{name}");
    }
    let found = decoded(&contact(), json!({"id": 7, "name": "Ada"}), &["EMAIL", "FULL_NAME"]);
    assert!(found.values().all(|state| matches!(state, FieldState::Unknown(_))), "{found:?}");
    let found =
        decoded(&contact(), json!({"id": 7, "name": "Ada", "lastName": null, "fm": []}), &["EMAIL", "FULL_NAME"]);
    assert_eq!(found["EMAIL"], FieldState::Known(Value::Empty));
    assert_eq!(found["FULL_NAME"], FieldState::Known(Value::text("Ada")));
}

#[test]
fn only_our_own_external_key_is_a_marker() {
    let entity = Entity { name: "deal".into(), fields: Vec::new(), marker: None, filter: None };
    let read = |item: Json| record(&item, &entity, &deal(), Some("1"), &BTreeMap::new()).unwrap();
    let ours = json!({"id": 7, "originatorId": "crosstie", "originId": "page", "updatedBy": 1,
        "createdTime": "2024-07-23T10:45:54+02:00"});
    let found = read(ours);
    assert_eq!((found.marker.as_deref(), found.edited_by_us), (Some("page"), true));
    assert_eq!(found.created_at.unwrap().to_string(), "2024-07-23T08:45:54Z");
    let theirs = json!({"id": "7", "originatorId": "1c", "originId": "page", "updatedBy": "6"});
    let found = read(theirs);
    assert_eq!((found.marker, found.edited_by_us), (None, false));
    let empty = record(&json!([]), &entity, &deal(), None, &BTreeMap::new()).unwrap_err();
    assert_eq!(empty.kind, RemoteErrorKind::Malformed);
}

fn set(name: &str, value: Value) -> BTreeMap<FieldName, Value> {
    [(FieldName::from(name), value)].into()
}

#[test]
fn an_amount_travels_as_exact_text_and_is_marked_as_made_by_hand() {
    let amount = Value::number("0.1".parse().unwrap());
    let written = writing(&set("OPPORTUNITY", amount), None, &deal(), None).unwrap();
    assert_eq!(written.item_fields(), json!({"opportunity": "0.1", "isManualOpportunity": "Y"}));
    assert_eq!(written.legacy_fields(), json!({"OPPORTUNITY": "0.1", "IS_MANUAL_OPPORTUNITY": "Y"}));
}

#[test]
fn only_what_the_item_method_may_ignore_goes_by_the_older_one() {
    let older = |name: &str, value: Value, of_company| {
        writing(&set(name, value), None, &deal(), Some(&json!({}))).unwrap().needs_older_method(of_company)
    };
    assert!(!older("TITLE", Value::Empty, false));
    assert!(older("TITLE", Value::Empty, true));
    assert!(!older("TITLE", Value::text("x"), true));
    assert!(older("UF_CRM_3_TAGS", Value::Empty, false));
    assert!(!older("UF_CRM_3_TAGS", Value::choices(["44".into()]), false));
    assert!(!older("COMPANY_ID", Value::Empty, false));
}

#[test]
fn an_entry_is_changed_added_or_deleted_by_its_id() {
    let baggage = json!({"fm": [
        {"id": 101, "typeId": "PHONE", "valueType": "MOBILE", "value": "+1"},
        {"id": 102, "typeId": "EMAIL", "valueType": "WORK", "value": "a@example.com"},
    ]});
    let written = |name: &str, value: Value| writing(&set(name, value), None, &contact(), Some(&baggage)).unwrap();
    let changed = written("EMAIL", Value::text("b@example.com"));
    let row = json!({"typeId": "EMAIL", "valueType": "WORK", "value": "b@example.com"});
    assert_eq!(changed.item_fields(), json!({"fm": {"102": row}}));
    let deleted = written("PHONE", Value::Empty);
    assert_eq!(deleted.item_fields()["fm"]["101"]["value"], "");
    assert_eq!(deleted.legacy_fields(), json!({"PHONE": [{"ID": "101", "DELETE": "Y"}]}));
    let added = written("WEB", Value::text("https://example.com"));
    assert_eq!(added.item_fields()["fm"]["n0"]["typeId"], "WEB");
    assert!(written("EMAIL", Value::text("a@example.com")).is_empty(), "it reads so already");
    let unread = writing(&set("EMAIL", Value::text("b@example.com")), None, &contact(), Some(&json!({}))).unwrap_err();
    assert_eq!(unread.kind, RemoteErrorKind::Invalid, "without ids a repeated write would double the entry");
}

#[test]
fn a_name_is_split_where_it_was_split_before() {
    for (full, before, wanted) in [
        ("Ada Byron", None, ("Ada", "Byron")),
        ("Ada Maria Byron", None, ("Ada Maria", "Byron")),
        ("Cher", None, ("Cher", "")),
        ("", Some(("Ada", "Byron")), ("", "")),
        ("Ada  Byron", Some(("Ada", "Byron")), ("Ada", "Byron")),
        ("Anna von Berg", Some(("Anna", "von Berg")), ("Anna", "von Berg")),
        ("Eva von Berg", Some(("Anna", "von Berg")), ("Eva", "von Berg")),
        ("Anna von Tal", Some(("Anna", "von Berg")), ("Anna", "von Tal")),
        ("Annabel Berg", Some(("Anna", "Tal")), ("Annabel", "Berg")),
        ("Eva Strandberg", Some(("Anna", "berg")), ("Eva", "Strandberg")),
    ] {
        let (name, last_name) = split(full, before);
        assert_eq!((name.as_str(), last_name.as_str()), wanted, "{full} after {before:?}");
        if !full.contains("  ") {
            assert_eq!(join(&name, &last_name), full);
        }
    }
}

#[test]
fn positions_survive_their_tokens_and_end() {
    let stamped =
        |id: usize, second: usize| json!({"id": id, "updatedTime": format!("2026-03-01T13:00:{second:02}+03:00")});
    let page = |second: fn(usize) -> usize| (0..PAGE).map(|n| stamped(n + 1, second(n))).collect::<Vec<_>>();
    let after = |position: &Position, items: &[Json]| {
        let next = position.after(&items.iter().collect::<Vec<_>>(), &ITEMS);
        assert_eq!(next.as_ref().map(Position::token).and_then(|token| Position::parse(&token)), next);
        next
    };
    let first = Position::first(Since::At("2026-03-01T10:00:00.9Z".parse().unwrap()));
    assert_eq!(first.filter(&ITEMS), json!({">=updatedTime": "2026-03-01T10:00:00+00:00"}));
    assert_eq!(after(&first, &page(|n| n)), Some(Position::From("2026-03-01T13:00:49+03:00".into())));
    let same = "2026-03-01T13:00:07+03:00".to_owned();
    let within = after(&first, &page(|_| 7)).unwrap();
    assert_eq!(within, Position::Within(same.clone(), 0), "rows of one second lie in no order to rely on");
    let further = after(&within, &page(|_| 7)).unwrap();
    assert_eq!(further.filter(&ITEMS), json!({">=updatedTime": same, "<=updatedTime": same, ">id": 50}));
    assert_eq!(after(&further, &[]), Some(Position::After(same)));
    assert_eq!(after(&first, &page(|n| n)[..49]), None);
    assert_eq!(after(&Position::first(Since::Ever), &page(|n| n)), Some(Position::Above(50)));
    assert_eq!(Position::parse("x 1"), None);
}

#[test]
fn a_virtual_field_has_no_key_to_be_asked_for() {
    let of_fields: Vec<Field> = contact().fields.into_values().filter(|field| field.key.is_empty()).collect();
    assert_eq!(of_fields.len(), 5);
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[0-9|T:.+-]{0,26}|\\PC{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("VALUE|VALUE_TYPE|ID|typeId|value|[0-9]|n0", inner, 0..4)
                .prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn no_item_of_another_shape_breaks_the_reading(values in prop::collection::vec(any_json(), 24), fields_said in any_json()) {
        let _ = catalogue(Family::Deal, &fields_said);
        for known in [deal(), contact()] {
            let names: Vec<FieldName> = known.fields.keys().map(|name| name.as_str().into()).collect();
            let keys = known.fields.values().map(|field| field.key.clone());
            let mut item: Json = keys.zip(values.iter().cloned()).collect::<serde_json::Map<_, _>>().into();
            item["fm"] = values[23].clone();
            for id in [json!(7), values[22].clone()] {
                item["id"] = id;
                let entity = Entity { name: "deal".into(), fields: names.clone(), marker: None, filter: None };
                if let Ok(record) = record(&item, &entity, &known, Some("1"), &BTreeMap::new()) {
                    prop_assert_eq!(record.fields.len(), names.len());
                }
            }
            for field in known.fields.values() {
                let _ = value(field, &values[0]);
            }
        }
    }
}
