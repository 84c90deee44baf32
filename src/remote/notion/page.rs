//! One page as a record.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::decode::{self, Reading};
use super::schema::{Column, Columns, decoded};
use super::{same_id, text, wire};
use crate::model::{Editor, Entity, FieldName, FieldState, Presence, Record, RecordId};

/// A page read as far as its own answer goes.
#[derive(Debug, Clone, PartialEq)]
pub struct PageReading {
    /// The record; every field of `cut` is Unknown in it as yet.
    pub record: Record,
    /// Fields that must be read through the property's own address: name, property, and what is cut.
    pub cut: Vec<(FieldName, Column, &'static str)>,
}

/// Reads a page of `entity`. `us` is our own user id, if we know it.
pub fn read(page: &wire::Page, entity: &Entity, columns: &Columns, us: Option<&str>) -> PageReading {
    let by_id: BTreeMap<String, &Json> = page
        .properties
        .values()
        .filter_map(|entry| Some((decoded(entry.get("id").and_then(Json::as_str)?), entry)))
        .collect();
    let mut fields = BTreeMap::new();
    let mut cut = Vec::new();
    let mut misfits = false;
    let mut baggage = Map::new();
    for name in &entity.fields {
        let Some(column) = columns.resolve(name) else {
            let why = format!(
                "Notion has no property {:?} that we may see (renamed, deleted, or its related data source is not shared \
                 with us)",
                name.as_str()
            );
            fields.insert(name.clone(), FieldState::Unknown(why));
            misfits = true;
            continue;
        };
        let entry = by_id.get(&column.key());
        misfits |= entry.is_none_or(|entry| retyped(entry, column).is_some());
        let state = match entry {
            None => FieldState::Unknown("Notion left this property out of its answer".to_owned()),
            // Its values were made anew when it was retyped, most of them empty: nobody's edits.
            Some(entry) if retyped(entry, column).is_some() => FieldState::Unknown(format!(
                "the property {:?} is of type {} in Notion now, and was {} when its data source was looked at; run \
                 `crosstie check`",
                column.name,
                retyped(entry, column).unwrap_or_default(),
                column.kind
            )),
            Some(entry) => match decode::property(entry) {
                Reading::Whole(state) => {
                    if let Some(elements) = entry.get(&column.kind).filter(|_| is_list(&column.kind)) {
                        baggage.insert(name.0.clone(), elements.clone());
                    }
                    state
                }
                Reading::Cut(what) => {
                    cut.push((name.clone(), column.clone(), what));
                    FieldState::Unknown(format!("Notion showed only a part of it: {what}"))
                }
            },
        };
        fields.insert(name.clone(), state);
    }
    let record = Record {
        id: RecordId(page.id.clone()),
        fields,
        presence: presence(page, entity),
        created_at: wire::stamp(page.created_time.as_deref()),
        edited_at: wire::stamp(page.last_edited_time.as_deref()),
        marker: entity.marker.as_ref().and_then(|name| marker(&by_id, columns.resolve(name)?)),
        misfits,
        edited_by_us: match (&page.last_edited_by, us) {
            (Some(editor), Some(us)) => same_id(&editor.id, us),
            _ => false,
        },
        edited_by: page
            .last_edited_by
            .as_ref()
            .map(|user| Editor { id: user.id.as_str().into(), name: user.name.as_deref().map(Into::into) }),
        baggage: Json::Object(baggage),
    };
    PageReading { record, cut }
}

/// The type of an entry, where it is not the column's.
fn retyped<'a>(entry: &'a Json, column: &Column) -> Option<&'a str> {
    entry.get("type").and_then(Json::as_str).filter(|kind| *kind != column.kind)
}

/// Puts what a property's own address gave in its place.
pub fn complete(record: &mut Record, name: &FieldName, column: &Column, elements: Vec<Json>) {
    record.fields.insert(name.clone(), decode::array(&column.kind, &elements));
    if let Json::Object(baggage) = &mut record.baggage
        && is_list(&column.kind)
    {
        baggage.insert(name.0.clone(), Json::Array(elements));
    }
}

/// The elements of an array-valued field of a record as Notion returned them, in their order.
pub fn elements<'a>(record: &'a Record, name: &FieldName) -> &'a [Json] {
    record.baggage.get(name.as_str()).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// Whether a write of this type carries kept elements through.
fn is_list(kind: &str) -> bool {
    matches!(kind, "people" | "relation" | "multi_select")
}

/// Where a page stands, seen from a data source.
pub fn presence(page: &wire::Page, entity: &Entity) -> Presence {
    if page.in_trash == Some(true) || page.archived == Some(true) {
        return Presence::Trashed;
    }
    let source = page.parent.as_ref().and_then(|parent| parent.data_source_id.as_deref());
    match source {
        Some(source) if same_id(source, &entity.name) => Presence::Present,
        _ => Presence::Moved,
    }
}

fn marker(by_id: &BTreeMap<String, &Json>, column: &Column) -> Option<String> {
    let pieces = by_id.get(&column.key())?.get("rich_text")?.as_array()?;
    text::plain(pieces).filter(|text| !text.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{complete, elements, read};
    use crate::model::{Editor, Entity, FieldState, Presence, Value};
    use crate::remote::notion::{schema::Columns, wire};

    const SOURCE: &str = "ad31590d-7f82-4f47-ae0e-f5b435227b35";

    fn entity() -> Entity {
        Entity {
            name: SOURCE.replace('-', ""),
            fields: vec!["Name".into(), "Contacts".into(), "Gone".into()],
            marker: Some("crosstie".into()),
            filter: None,
        }
    }

    fn columns() -> Columns {
        let source: wire::DataSource = serde_json::from_value(json!({"id": SOURCE, "properties": {
            "Name": {"id": "title", "type": "title", "title": {}},
            "Contacts": {"id": "%3FB%3AW", "type": "relation", "relation": {"data_source_id": "x"}},
            "crosstie": {"id": "k", "type": "rich_text", "rich_text": {}}
        }}))
        .unwrap();
        Columns::read(&source).unwrap()
    }

    fn page(change: impl FnOnce(&mut Json)) -> wire::Page {
        let mut page = json!({
            "object": "page", "id": "p1", "created_time": "2026-06-27T17:01:00.000Z",
            "last_edited_time": "2026-06-27T17:05:00.000Z", "last_edited_by": {"object": "user", "id": "bot"},
            "parent": {"type": "data_source_id", "data_source_id": SOURCE, "database_id": "d"},
            "in_trash": false, "is_archived": false,
            "properties": {
                "Title now": {"id": "title", "type": "title", "title": [{"plain_text": "Deal"}]},
                "Contacts": {"id": "?B:W", "type": "relation", "relation": [{"id": "b"}, {"id": "a"}], "has_more": false},
                "crosstie": {"id": "k", "type": "rich_text", "rich_text": [{"plain_text": "412"}]}
            }
        });
        change(&mut page);
        serde_json::from_value(page).unwrap()
    }

    #[test]
    fn properties_are_found_by_id_not_by_name() {
        let reading = read(&page(|_| {}), &entity(), &columns(), Some("BOT"));
        let record = reading.record;
        assert_eq!(record.fields["Name"], FieldState::Known(Value::text("Deal")));
        assert_eq!(record.fields["Contacts"], FieldState::Known(Value::links(["a".into(), "b".into()])));
        assert!(matches!(&record.fields["Gone"], FieldState::Unknown(why) if why.contains("no property")));
        assert_eq!(record.marker.as_deref(), Some("412"));
        assert_eq!(record.presence, Presence::Present);
        assert!(record.edited_by_us);
        assert_eq!(record.edited_by, Some(Editor { id: "bot".into(), name: None }));
        let named = page(|page| page["last_edited_by"]["name"] = json!("Ada"));
        let editor = read(&named, &entity(), &columns(), None).record.edited_by.unwrap();
        assert_eq!(editor.name.as_deref(), Some("Ada"), "where the answer has the name");
        assert_eq!(elements(&record, &"Contacts".into()), [json!({"id": "b"}), json!({"id": "a"})]);
        assert_eq!(record.edited_at.unwrap().to_string(), "2026-06-27T17:05:00Z");
    }

    #[test]
    fn trashed_and_moved_pages_say_so() {
        let of = |page: wire::Page| read(&page, &entity(), &columns(), None).record.presence;
        assert_eq!(of(page(|page| page["in_trash"] = json!(true))), Presence::Trashed);
        assert_eq!(of(page(|page| page["parent"]["data_source_id"] = json!("other"))), Presence::Moved);
        assert_eq!(of(page(|page| page["parent"] = json!({"type": "page_id", "page_id": "x"}))), Presence::Moved);
    }

    #[test]
    fn a_cut_relation_is_unknown_until_it_is_completed() {
        let cut = page(|page| page["properties"]["Contacts"]["has_more"] = json!(true));
        let mut reading = read(&cut, &entity(), &columns(), None);
        let (name, column, _) = reading.cut.remove(0);
        assert!(reading.record.fields[&name].known().is_none());
        assert!(elements(&reading.record, &name).is_empty());
        complete(&mut reading.record, &name, &column, vec![json!({"id": "z"}), json!({"id": "a"})]);
        assert_eq!(reading.record.fields[&name], FieldState::Known(Value::links(["a".into(), "z".into()])));
        assert_eq!(elements(&reading.record, &name).len(), 2);
    }

    #[test]
    fn a_property_that_was_retyped_meanwhile_is_unknown_and_named() {
        let retyped = page(|page| {
            page["properties"]["Contacts"] = json!({"id": "?B:W", "type": "number", "number": null});
        });
        let record = read(&retyped, &entity(), &columns(), None).record;
        let FieldState::Unknown(why) = &record.fields["Contacts"] else { panic!("{record:?}") };
        assert!(why.contains("\"Contacts\"") && why.contains("number") && why.contains("relation"), "{why}");
    }

    #[test]
    fn a_property_left_out_of_the_answer_is_unknown() {
        let without = page(|page| {
            page["properties"].as_object_mut().unwrap().remove("Contacts");
        });
        let record = read(&without, &entity(), &columns(), None).record;
        assert!(matches!(&record.fields["Contacts"], FieldState::Unknown(why) if why.contains("left")));
    }
}
