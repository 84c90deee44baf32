//! Everything recorded decodes.

use std::collections::BTreeMap;

use crosstie::model::FieldState;
use crosstie::remote::RemoteErrorKind;
use crosstie::remote::connection::{Answer, Dialect};
use crosstie::remote::notion::decode::{self, Reading};
use crosstie::remote::notion::dialect::NotionDialect;
use crosstie::remote::notion::schema::{Column, Columns};
use crosstie::remote::notion::wire;
use crosstie::seam::Response;
use serde_json::Value as Json;

use crate::recordings;

#[test]
fn every_recorded_answer_decodes() {
    let Some(recordings) = recordings::all() else { return };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for recording in &recordings {
        let name = &recording.name;
        let fine = |problem: Option<crosstie::remote::RemoteError>| assert_eq!(problem, None, "{name}");
        for page in recording.objects("page") {
            *seen.entry("page").or_default() += 1;
            let page: wire::Page = wire::element(page, "a page").unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(wire::stamp(page.created_time.as_deref()).is_some(), "{name}: {:?}", page.created_time);
            assert!(wire::stamp(page.last_edited_time.as_deref()).is_some(), "{name}: {:?}", page.last_edited_time);
        }
        for source in recording.objects("data_source") {
            *seen.entry("data_source").or_default() += 1;
            let source: wire::DataSource = wire::element(source, "a data source").unwrap();
            fine(Columns::read(&source).err());
        }
        for user in recording.objects("user") {
            *seen.entry("user").or_default() += 1;
            fine(wire::element::<wire::User>(user, "a user").err());
        }
        for list in recording.objects("list") {
            *seen.entry("list").or_default() += 1;
            let list: wire::List = wire::element(list, "a list").unwrap_or_else(|error| panic!("{name}: {error}"));
            let next = list.next(None).unwrap();
            assert_eq!(next.is_some(), recording.response["has_more"] == true, "{name}");
            assert!(!list.is_cut(), "{name}");
        }
        for item in recording.objects("property_item") {
            *seen.entry("property_item").or_default() += 1;
            judge(item, &recording.name);
        }
    }
    println!("decoded: {seen:?}");
    for kind in ["page", "data_source", "user", "list", "property_item"] {
        assert!(seen.contains_key(kind), "no recording holds a {kind}");
    }
}

#[test]
fn every_recorded_refusal_is_classified_by_its_code() {
    let Some(recordings) = recordings::all() else { return };
    let mut seen = 0;
    for recording in recordings.iter().filter(|recording| recording.status >= 400) {
        seen += 1;
        let answer = NotionDialect.classify(&Response::json(recording.status, &recording.response));
        let Answer::Failed(error) = answer else { panic!("{}: {answer:?}", recording.name) };
        let kind = match recording.status {
            400 => RemoteErrorKind::Invalid,
            401 => RemoteErrorKind::Unauthorized,
            404 => RemoteErrorKind::NotFound,
            status => panic!("{}: a status that no recording had: {status}", recording.name),
        };
        assert_eq!((error.kind, Some(error.code.as_str())), (kind, recording.response["code"].as_str()));
        assert_eq!(Some(error.message.as_str()), recording.response["message"].as_str());
    }
    assert!(seen > 0, "no recording holds a refusal");
}

#[test]
fn every_property_of_every_recorded_page_is_a_value_or_an_explained_unknown() {
    let Some(recordings) = recordings::all() else { return };
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for recording in &recordings {
        for page in recording.objects("page") {
            for entry in page["properties"].as_object().unwrap().values() {
                let count = counts.entry(entry["type"].as_str().unwrap().to_owned()).or_default();
                count[judge(entry, &recording.name)] += 1;
            }
        }
    }
    println!("{:18} {:>6} {:>8} {:>4}", "type", "values", "unknown", "cut");
    for (kind, [known, unknown, cut]) in &counts {
        println!("{kind:18} {known:>6} {unknown:>8} {cut:>4}");
    }
    assert!(counts.values().map(|[known, ..]| known).sum::<usize>() > 0);
}

/// 0 for a value, 1 for an explained unknown, 2 for one that must be read through its own address. Anything that is not
/// excused is a failure.
fn judge(entry: &Json, name: &str) -> usize {
    let kind = entry["type"].as_str().unwrap();
    let column = Column { name: String::new(), id: String::new(), kind: kind.to_owned(), config: Json::Null };
    // An element of a list of property items holds one element and not an array.
    if entry["object"] == "property_item" && ["title", "rich_text", "people", "relation"].contains(&kind) {
        let element = entry[kind].clone();
        assert!(decode::array(kind, &[element]).known().is_some(), "{name}: {entry}");
        return 0;
    }
    match decode::property(entry) {
        Reading::Whole(FieldState::Known(_)) => {
            assert!(!column.kinds().is_empty(), "{name}: a value for a type that the schema calls opaque: {entry}");
            0
        }
        Reading::Whole(FieldState::Unknown(why)) if column.kinds().is_empty() => {
            assert!(why.contains(kind), "{name}: the explanation does not name the type {kind}: {why}");
            1
        }
        Reading::Whole(FieldState::Unknown(why)) => {
            assert!(kind == "date" && why.contains("end date"), "{name}: {why}: {entry}");
            assert!(entry["date"]["end"].is_string());
            1
        }
        Reading::Cut(_) => {
            assert!(entry["has_more"] == true || entry[kind].as_array().unwrap().len() >= 25, "{name}: {entry}");
            2
        }
    }
}
