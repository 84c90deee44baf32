//! What we would write has a shape that the API accepted, or that its own description allows.

use std::collections::{BTreeMap, BTreeSet};

use crosstie::model::{FieldState, Value};
use crosstie::remote::Since;
use crosstie::remote::notion::decode::{self, Reading};
use crosstie::remote::notion::listing::Place;
use crosstie::remote::notion::schema::Column;
use crosstie::remote::notion::{encode, filter, narrow};
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use crate::openapi::Judge;
use crate::recordings::{self, Recording};
use crate::shape;

const WRITABLE: [&str; 13] = [
    "title",
    "rich_text",
    "number",
    "checkbox",
    "date",
    "select",
    "status",
    "multi_select",
    "email",
    "phone_number",
    "url",
    "people",
    "relation",
];

fn column(kind: &str) -> Column {
    Column { name: "P".into(), id: "p".into(), kind: kind.into(), config: Json::Null }
}

/// Per type, the shapes of property bodies that the API answered with 200.
fn accepted(recordings: &[Recording]) -> BTreeMap<String, Vec<BTreeSet<String>>> {
    let mut accepted: BTreeMap<String, Vec<BTreeSet<String>>> = BTreeMap::new();
    let pages = |recording: &&Recording| {
        recording.status == 200
            && (recording.path == "/v1/pages" || recording.path.starts_with("/v1/pages/"))
            && (recording.method == "POST" || recording.method == "PATCH")
    };
    for recording in recordings.iter().filter(pages) {
        for body in recording.request["properties"].as_object().into_iter().flat_map(|map| map.values()) {
            // `type` is optional in a request: the type's own key says it too.
            if let Some(kind) = recordings::kind_of(body) {
                let mut typed = body.clone();
                typed["type"] = json!(kind);
                accepted.entry(kind).or_default().push(shape::paths(&typed));
            }
        }
    }
    accepted
}

fn patch_judge() -> Option<Judge> {
    let judge = Judge::of("patch-page.yaml", "/v1/pages/{page_id}", "patch");
    if judge.is_none() {
        eprintln!("CROSSTIE_OPENAPI is not set: only shapes that were recorded are judged");
    }
    judge
}

#[test]
fn a_recorded_value_written_back_has_an_accepted_shape() {
    let Some(recordings) = recordings::all() else { return };
    let accepted = accepted(&recordings);
    let judge = patch_judge();
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let entries = recordings.iter().flat_map(|recording| {
        let pages = recording.objects("page").into_iter();
        let of_pages = pages.filter_map(|page| page["properties"].as_object()).flat_map(|map| map.values());
        of_pages.chain(recording.objects("property_item"))
    });
    let (mut values, mut refused) = (0, 0);
    for entry in entries {
        let Some(kind) = entry["type"].as_str() else { continue };
        let column = column(kind);
        let Reading::Whole(FieldState::Known(value)) = decode::property(entry) else { continue };
        if !column.is_writable() {
            assert!(encode::property(&column, &value, &[]).is_err(), "{kind} is read-only");
            continue;
        }
        let before = entry[kind].as_array().map_or(&[][..], Vec::as_slice);
        values += 1;
        let body = match encode::property(&column, &value, before) {
            Ok(body) => body,
            // More than one write may carry, for instance: said in words, and never cut.
            Err(error) => {
                assert!(error.message.contains(' '), "{kind}: {error:?}");
                refused += 1;
                continue;
            }
        };
        // Written back unchanged, it reads as the same value.
        let mut again = body.clone();
        again["type"] = json!(kind);
        assert_eq!(decode::property(&again), Reading::Whole(FieldState::Known(value)), "{body}");

        let paths = shape::paths(&body);
        let recorded = accepted.get(kind).is_some_and(|shapes| shapes.iter().any(|shape| paths.is_subset(shape)));
        let allowed = judge.as_ref().map(|judge| judge.accepts(&json!({"properties": {"P": body}})));
        let count = counts.entry(kind.to_owned()).or_default();
        count[0] += usize::from(recorded);
        count[1] += usize::from(!recorded && allowed.is_some());
        count[2] += usize::from(!recorded && allowed.is_none());
    }
    println!("{:14} {:>8} {:>8} {:>8}", "type", "recorded", "OpenAPI", "unjudged");
    for (kind, [recorded, allowed, unjudged]) in &counts {
        println!("{kind:14} {recorded:>8} {allowed:>8} {unjudged:>8}");
    }
    println!("{values} values, {refused} of them refused in words");
    assert!(refused < values, "nothing that was recorded could be written back");
}

#[test]
fn every_writable_type_filled_and_empty_is_allowed_by_the_openapi() {
    if recordings::all().is_none() {
        return;
    }
    let Some(judge) = patch_judge() else { return };
    let uuid = |n: usize| format!("38c9ce7b-60a4-81a6-b314-{n:012}");
    let values = |kind: &str| -> Vec<Value> {
        match kind {
            "title" | "rich_text" => vec![Value::text("a"), Value::text("😀".repeat(3_000))],
            "number" => vec![Value::Number(Decimal::TEN), Value::Number(Decimal::new(-125, 2))],
            "checkbox" => vec![Value::Flag(true), Value::Flag(false)],
            "date" => vec![Value::Date(date(2026, 2, 3)), Value::DateTime("2026-02-03T04:05:06Z".parse().unwrap())],
            "select" | "status" => vec![Value::Choice("Won".into())],
            "multi_select" => vec![Value::choices((0..100).map(|n| n.to_string()))],
            "email" => vec![Value::text("a@b.example")],
            "phone_number" => vec![Value::text("+49 30 1")],
            "url" => vec![Value::text("https://a.example")],
            "people" => vec![Value::people((0..100).map(uuid))],
            "relation" => vec![Value::links((0..100).map(uuid))],
            kind => panic!("no values for {kind}"),
        }
    };
    for kind in WRITABLE {
        assert!(column(kind).is_writable());
        for value in values(kind).into_iter().chain([Value::Empty]) {
            let body = encode::property(&column(kind), &value, &[]).unwrap();
            judge.accepts(&json!({"properties": {"P": body}}));
        }
    }
    let group = [json!({"object": "group", "id": uuid(1)})];
    let body = encode::property(&column("people"), &Value::people([uuid(1), uuid(2)]), &group).unwrap();
    judge.accepts(&json!({"properties": {"P": body}}));
    // The judge can say no.
    assert!(judge.refuses(&json!({"properties": {"P": {"checkbox": "yes"}}})));
    assert!(judge.refuses(
        &json!({"properties": {"P": {"relation": (0..101).map(|n| json!({"id": uuid(n)})).collect::<Vec<_>>()}}})
    ));
}

#[test]
fn queries_are_allowed_by_the_openapi() {
    if recordings::all().is_none() {
        return;
    }
    let Some(judge) = Judge::of("query-a-data-source.yaml", "/v1/data_sources/{data_source_id}/query", "post") else {
        eprintln!("CROSSTIE_OPENAPI is not set: queries are not judged");
        return;
    };
    judge.accepts(&Place::default().query(Since::Ever));
    judge.accepts(&Place::default().query(Since::At("2026-02-03T04:05:00Z".parse().unwrap())));
    let id = "38c9ce7b-60a4-81a6-b314-f47eef8f5f8c".to_owned();
    let filled = [
        ("title", Value::text("a")),
        ("rich_text", Value::text("a")),
        ("email", Value::text("a")),
        ("phone_number", Value::text("a")),
        ("url", Value::text("a")),
        ("number", Value::Number(Decimal::TEN)),
        ("checkbox", Value::Flag(true)),
        ("date", Value::Date(date(2026, 2, 3))),
        ("select", Value::Choice("a".into())),
        ("status", Value::Choice("a".into())),
        ("multi_select", Value::choices(["a".into()])),
        ("people", Value::people([id.clone()])),
        ("relation", Value::links([id])),
    ];
    for (kind, value) in filled {
        for value in [value, Value::Empty] {
            judge.accepts(&json!({"filter": filter::holds(&column(kind), &value).unwrap(), "page_size": 100}));
        }
    }
    // A pair's own filter, as deep as it may be, beside the stamp of an increment.
    let stamp = Place::default().query(Since::At("2026-02-03T04:05:00Z".parse().unwrap()))["filter"].clone();
    let (kind, done) =
        (json!({"property": "K", "select": {"equals": "a"}}), json!({"property": "D", "checkbox": {"equals": true}}));
    for filter in [
        kind.clone(),
        json!({"and": [kind, {"or": [kind, done]}]}),
        json!({"or": [kind, {"and": [kind, done]}, {"or": [kind, done]}]}),
    ] {
        judge.accepts(&json!({"filter": narrow::all_of(filter, std::slice::from_ref(&stamp)), "page_size": 100}));
    }
    assert!(judge.refuses(&json!({"filter": {"property": "P", "checkbox": {"equals": "yes"}}})));
}
