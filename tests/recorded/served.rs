//! The pretend Notion serves what was recorded, and the client reads all of it.

use std::collections::BTreeMap;
use std::path::Path;

use crosstie::model::{Entity, FieldState, Presence};
use crosstie::remote::{Lane, Listing, Since, System};
use crosstie::standin::notion::{Config, NotionStandIn};

use crate::recordings;
use crate::wire::client;

#[tokio::test(start_paused = true)]
async fn every_recorded_data_source_is_listed_and_every_field_read_or_explained() {
    if recordings::all().is_none() {
        return;
    }
    let folder = std::env::var_os("CROSSTIE_RECORDED").unwrap();
    let config = Config { budget: 10_000, ..Config::default() };
    let notion = NotionStandIn::from_recorded(Path::new(&folder), config).unwrap();
    let sources = notion.data_sources();
    let live: BTreeMap<String, Vec<String>> =
        sources.iter().map(|(id, _)| (id.clone(), notion.live_pages(id))).collect();
    let (client, _) = client(notion);
    let mut counts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    let mut pages = 0;
    for (id, title) in &sources {
        let mut entity = Entity { name: id.replace('-', ""), fields: Vec::new(), marker: None, filter: None };
        let schema = client.schema(&entity).await.unwrap();
        assert_eq!(schema.title, *title);
        entity.fields = schema.fields.keys().cloned().collect();
        let (mut records, mut next) = (Vec::new(), None);
        loop {
            let listing =
                Listing { entity: &entity, since: Since::Ever, next: next.take(), lane: Lane::Sweep, counts: false };
            let changes = client.list(listing).await.unwrap();
            records.extend(changes.records);
            next = changes.next;
            if next.is_none() {
                break;
            }
        }
        let mut listed: Vec<String> = records.iter().map(|record| record.id.0.clone()).collect();
        listed.sort();
        assert_eq!(listed, live[id]);
        for record in &records {
            pages += 1;
            assert_eq!(record.presence, Presence::Present);
            for (name, state) in &record.fields {
                let field = &schema.fields[name];
                let count = counts.entry(field.native_type.clone()).or_default();
                match state {
                    FieldState::Known(_) => count[0] += 1,
                    FieldState::Unknown(why) => {
                        let explained = why.split_whitespace().count() >= 4;
                        assert!(explained, "{title}, {name}, of type {}: {why:?}", field.native_type);
                        count[1] += 1;
                    }
                }
            }
        }
    }
    println!("{} data sources, {pages} pages", sources.len());
    for (kind, [known, unknown]) in &counts {
        println!("{kind:18} {known:>6} values {unknown:>6} unknown");
    }
    assert!(pages > 0);
}
