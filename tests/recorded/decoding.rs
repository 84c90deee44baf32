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
            // A page that we may only know of has neither.
            for stamp in [&page.created_time, &page.last_edited_time].into_iter().flatten() {
                assert!(wire::stamp(Some(stamp)).is_some(), "{name}: {stamp:?}");
            }
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
            let has_more = list["has_more"] == true;
            let is_cut = list["request_status"]["type"] == "incomplete";
            let list: wire::List = wire::element(list, "a list").unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(list.next(None).unwrap().is_some(), has_more, "{name}");
            assert_eq!(list.is_cut(), is_cut, "{name}");
        }
        for item in recording.objects("property_item") {
            *seen.entry("property_item").or_default() += 1;
            judge(item, &recording.name);
        }
    }
    println!("decoded: {seen:?}");
    assert!(!seen.is_empty(), "no recording holds anything that we read");
}

#[test]
fn every_recorded_refusal_is_classified_by_its_code() {
    let Some(recordings) = recordings::all() else { return };
    let mut seen = 0;
    for recording in recordings.iter().filter(|recording| recording.status >= 400) {
        seen += 1;
        let answer = NotionDialect.classify(&Response::json(recording.status, &recording.response));
        let code = recording.response["code"].as_str().unwrap_or_default();
        let error = match (recording.status, answer) {
            // It was saved, whatever else went wrong.
            (503, Answer::Good) if recording.response["additional_data"]["committed_resource_id"].is_string() => {
                continue;
            }
            (_, Answer::Good) => panic!("{}: a refusal is taken for an answer", recording.name),
            // What is too fast says how long to wait, and no more.
            (429 | 529 | 503, Answer::Throttled { .. }) => continue,
            (status, Answer::Throttled { .. }) => panic!("{}: {status} is not too fast", recording.name),
            (_, Answer::Blocked { .. }) => panic!("{}: Notion shuts nobody out so", recording.name),
            (status, Answer::Transient(error)) => {
                assert!(status >= 500, "{}: only their trouble passes by itself: {error:?}", recording.name);
                error
            }
            (status, Answer::Failed(error)) => {
                let kind = match status {
                    401 => Some(RemoteErrorKind::Unauthorized),
                    403 => Some(RemoteErrorKind::Forbidden),
                    404 => Some(RemoteErrorKind::NotFound),
                    409 => Some(RemoteErrorKind::Overtaken),
                    400 | 413 if code != "missing_version" => Some(RemoteErrorKind::Invalid),
                    _ => None,
                };
                assert!(kind.is_none_or(|kind| kind == error.kind), "{}: {error:?}", recording.name);
                error
            }
        };
        // A block is told by its reason, and not by its code.
        let reason = recording.response["additional_data"]["rate_limit_reason"].as_str();
        assert!(error.code == code || Some(error.code.as_str()) == reason, "{}: {error:?}", recording.name);
        assert!(error.message.contains(' '), "{}: said in words: {error:?}", recording.name);
        if let Some(said) = recording.response["message"].as_str().and_then(|said| said.lines().next()) {
            let said = said.trim_end_matches('.');
            assert!(error.message.contains(said), "{}: {error:?}", recording.name);
        }
    }
    println!("{seen} refusals");
}

#[test]
fn every_property_of_every_recorded_page_is_a_value_or_an_explained_unknown() {
    let Some(recordings) = recordings::all() else { return };
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for recording in &recordings {
        for page in recording.objects("page") {
            for entry in page["properties"].as_object().into_iter().flat_map(|map| map.values()) {
                let count = counts.entry(entry["type"].as_str().unwrap_or("none").to_owned()).or_default();
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

/// 0 for a value, 1 for an explained unknown, 2 for one that must be read through its own address. What is no value must be
/// explained, in words that an operator can read.
fn judge(entry: &Json, name: &str) -> usize {
    let kind = entry["type"].as_str().unwrap_or("none");
    let explained =
        |why: &str| assert!(why.split_whitespace().count() >= 4, "{name}: {why:?} explains nothing: {entry}");
    let column = Column { name: String::new(), id: String::new(), kind: kind.to_owned(), config: Json::Null };
    // An element of a list of property items holds one element and not an array.
    if entry["object"] == "property_item" && ["title", "rich_text", "people", "relation"].contains(&kind) {
        let elements: Vec<Json> = match &entry[kind] {
            Json::Array(elements) => elements.clone(),
            element => vec![element.clone()],
        };
        return match decode::array(kind, &elements) {
            FieldState::Known(_) => 0,
            FieldState::Unknown(why) => {
                explained(&why);
                1
            }
        };
    }
    match decode::property(entry) {
        Reading::Whole(FieldState::Known(_)) => {
            assert!(!column.kinds().is_empty(), "{name}: a value for a type that the schema calls opaque: {entry}");
            0
        }
        Reading::Whole(FieldState::Unknown(why)) => {
            explained(&why);
            1
        }
        Reading::Cut(_) => {
            let many = entry[kind].as_array().is_some_and(|elements| elements.len() >= 25);
            assert!(entry["has_more"] == true || many, "{name}: {entry}");
            2
        }
    }
}
