//! Every data source covers its pages.

use std::collections::BTreeMap;

use crosstie::model::{Entity, FieldName, FieldState, Presence};
use crosstie::remote::notion::schema::{Columns, decoded};
use crosstie::remote::notion::{page, wire};
use serde_json::Value as Json;

use crate::recordings;

#[test]
fn every_recorded_schema_covers_its_recorded_pages() {
    let Some(recordings) = recordings::all() else { return };
    // A data source was recorded several times while its properties changed.
    let mut sources: BTreeMap<String, Vec<Columns>> = BTreeMap::new();
    for source in recordings.iter().flat_map(|recording| recording.objects("data_source")) {
        let source: wire::DataSource = wire::element(source, "a data source").unwrap();
        let columns = Columns::read(&source).unwrap();
        let schema = columns.schema();
        assert_eq!(schema.fields.len(), source.properties.len());
        for (name, field) in &schema.fields {
            let wire = &source.properties[name.as_str()];
            assert_eq!(field.native_type, wire["type"].as_str().unwrap());
            assert_eq!(field.id, decoded(wire["id"].as_str().unwrap()));
            let options = wire[&field.native_type]["options"].as_array().map_or(0, Vec::len);
            // A verification's three states are nowhere in a schema.
            let options = if field.native_type == "verification" { 3 } else { options };
            assert_eq!(field.options.len(), options, "{name}");
            // Where the related database is not shared, nobody tells which it is.
            let told = field.native_type == "relation" && wire["relation"]["data_source_id"].is_string();
            assert_eq!(field.target.is_some(), told, "{name}");
        }
        sources.entry(source.id).or_default().push(columns);
    }
    let (mut covered, mut between) = (0, 0);
    for json in recordings.iter().flat_map(|recording| recording.objects("page")) {
        let Some(source) = json["parent"]["data_source_id"].as_str() else { continue };
        let Some(versions) = sources.get(source) else { continue };
        let Some(properties) = json["properties"].as_object() else { continue };
        let id_of = |entry: &Json| decoded(entry["id"].as_str().unwrap());
        let fits = versions.iter().find(|columns| {
            properties.values().all(|entry| {
                columns.iter().any(|(_, column)| column.key() == id_of(entry) && entry["type"] == column.kind.as_str())
            })
        });
        // Its schema may have been another when it was recorded, and nobody recorded that.
        let Some(columns) = fits else {
            between += 1;
            continue;
        };
        covered += 1;
        // And the page reads as a record of exactly those fields.
        let fields: Vec<FieldName> = columns.iter().map(|(name, _)| name.clone()).collect();
        let entity = Entity { name: source.to_owned(), fields: fields.clone(), marker: None, filter: None };
        let wire: wire::Page = wire::element(json, "a page").unwrap();
        let record = page::read(&wire, &entity, columns, None).record;
        assert_eq!(record.fields.keys().cloned().collect::<Vec<_>>(), fields);
        let trashed = json["in_trash"] == true;
        assert_eq!(record.presence, if trashed { Presence::Trashed } else { Presence::Present });
        let absent =
            |state: &FieldState| matches!(state, FieldState::Unknown(why) if why.contains("left this property out"));
        let shown = record.fields.values().filter(|state| !absent(state)).count();
        assert_eq!(shown, properties.len(), "page {}", json["id"]);
    }
    println!(
        "{} data sources, {covered} pages of them, {between} pages of schemas that were not recorded",
        sources.len()
    );
    assert!(covered > 0 || between == 0, "no recorded schema covers a page of its data source");
}
