//! The properties of a data source, and what happens when people change them.

use crosstie::model::{Kind, Value};
use crosstie::remote::{Lane, RemoteErrorKind, Since, System, WriteError};
use crosstie::seam::Method;
use serde_json::json;

use crate::office::{MARKER, Office, fields, office, value, why};

fn reshape(office: &Office, properties: serde_json::Value) {
    let target = format!("/v1/data_sources/{}", office.deals.name);
    office.ask(Method::Patch, &target, &json!({"properties": properties}));
}

#[tokio::test(start_paused = true)]
async fn the_schema_tells_what_can_be_mapped() {
    let office = office();
    let schema = office.client.schema(&office.deals).await.unwrap();
    assert_eq!(schema.title, "Deals");
    let field = |name: &str| &schema.fields[name];
    assert_eq!(field("Name").kinds, [Kind::Title, Kind::Text]);
    assert_eq!(field("Contacts").target.as_deref(), Some(office.contacts.name.as_str()));
    assert_eq!(field("Stage").options.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["New", "Won"]);
    assert!(field("Progress").options.iter().any(|o| o.label == "Done"));
    assert!(!field("Number").writable && !field("Sum").writable);
    assert_eq!(field("Sum").kinds, [Kind::Number]);
    assert_eq!(schema.fields.len(), office.deals.fields.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn a_property_that_was_renamed_is_still_read_written_and_found() {
    let office = office();
    let record = office.client.create(&office.deals, "1", &fields(&[("Notes", Value::text("a"))])).await.unwrap();
    reshape(&office, json!({"Notes": {"name": "Remarks"}}));
    assert_eq!(value(&office.get(&office.deals, record.id.as_str()).await, "Notes"), Value::text("a"));
    // The write by the old name is refused and the schema read anew; what was read before is old now, so that the write
    // under the new name is another one.
    let notes = fields(&[("Notes", Value::text("b"))]);
    let refused = office.client.update(&office.deals, &record, &notes, Some("2")).await.unwrap_err();
    assert!(matches!(&refused, WriteError::NotDone(e) if e.kind == RemoteErrorKind::Overtaken), "{refused:?}");
    let updated = office.client.update(&office.deals, &record, &notes, Some("2")).await.unwrap().unwrap();
    assert_eq!(value(&updated, "Notes"), Value::text("b"));
    assert_eq!(updated.marker.as_deref(), Some("2"));
    let found = office.client.find(&office.deals, &"Notes".into(), &Value::text("b"), Lane::Write).await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_property_that_was_deleted_is_unknown_and_never_empty() {
    let office = office();
    let record = office.client.create(&office.deals, "1", &fields(&[("Notes", Value::text("a"))])).await.unwrap();
    reshape(&office, json!({"Notes": null}));
    let read = office.get(&office.deals, record.id.as_str()).await;
    assert!(why(&read, "Notes").contains("no property \"Notes\""), "{}", why(&read, "Notes"));
    assert_eq!(value(&read, "Name"), Value::Empty, "the others were read");
    let listed = office.list(&office.deals, Since::Ever).await;
    assert!(why(&listed[0], "Notes").contains("no property \"Notes\""), "{}", why(&listed[0], "Notes"));
    let error =
        office.client.update(&office.deals, &record, &fields(&[("Notes", Value::Empty)]), None).await.unwrap_err();
    assert!(error.to_string().contains("no property named Notes"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_listing_notices_that_a_property_was_deleted() {
    let office = office();
    office.client.create(&office.deals, "1", &fields(&[("Notes", Value::text("a"))])).await.unwrap();
    reshape(&office, json!({"Notes": null}));
    let listed = office.list(&office.deals, Since::Ever).await;
    assert!(why(&listed[0], "Notes").contains("no property \"Notes\""), "{}", why(&listed[0], "Notes"));
}

#[tokio::test(start_paused = true)]
async fn the_marker_property_is_added_once() {
    let office = office();
    let mut entity = office.deals.clone();
    entity.marker = Some("Sync key".into());
    let error = office.client.create(&entity, "1", &fields(&[])).await.unwrap_err();
    assert!(error.to_string().contains("must be added first"), "{error}");
    office.client.add_marker(&entity).await.unwrap();
    office.client.add_marker(&entity).await.unwrap();
    assert_eq!(office.sent(Method::Patch), 1);
    let record = office.client.create(&entity, "1", &fields(&[])).await.unwrap();
    assert_eq!(record.marker.as_deref(), Some("1"));
    entity.marker = Some("Amount".into());
    let error = office.client.add_marker(&entity).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Invalid);
    assert!(error.message.contains("must be text"), "{error}");
    assert_ne!(MARKER, "Sync key");
}

#[tokio::test(start_paused = true)]
async fn a_data_source_that_is_not_shared_is_not_found() {
    let office = office();
    office.notion(|notion, _| notion.unshare(&office.deals.name));
    assert_eq!(office.client.schema(&office.deals).await.unwrap_err().kind, RemoteErrorKind::NotFound);
    assert_eq!(office.page(&office.deals, Since::Ever, None).await.unwrap_err().kind, RemoteErrorKind::NotFound);
}
