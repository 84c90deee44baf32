//! Which data sources there are, for whoever sets up a pair.

use std::collections::BTreeMap;

use serde_json::json;

use super::client::{Notion, segment};
use super::listing::PAGE_SIZE;
use super::wire::{self, DataSource, Database, List};
use super::{same_id, text};
use crate::remote::{Lane, Offer, RemoteError, RemoteErrorKind};
use crate::seam::Method;

impl Notion {
    /// Every data source that the search knows, and those that lie beside one of them; by database and title. The search
    /// is late and promises no completeness: what was shared a moment ago can be missing.
    pub(super) async fn read_sources(&self) -> Result<Vec<Offer>, RemoteError> {
        let (mut found, mut trashed): (Vec<DataSource>, Vec<String>) = (Vec::new(), Vec::new());
        let mut cursor: Option<String> = None;
        loop {
            let mut body =
                json!({ "filter": { "property": "object", "value": "data_source" }, "page_size": PAGE_SIZE });
            if let Some(cursor) = &cursor {
                body["start_cursor"] = json!(cursor);
            }
            let request = self.request(Method::Post, "/v1/search").json(&body);
            let response = self.connection.read(Lane::Probe, request).await?;
            let list: List<DataSource> = wire::read(&response.body, "a list of data sources")?;
            cursor = list.next(cursor.as_deref())?;
            for source in list.results.into_iter().filter(is_one) {
                match source.in_trash {
                    Some(true) => trashed.push(source.id),
                    _ => found.push(source),
                }
            }
            if cursor.is_none() {
                break;
            }
        }
        let mut by_database: BTreeMap<String, Vec<DataSource>> = BTreeMap::new();
        for source in found {
            let database = source.parent.as_ref().and_then(|parent| parent.database_id.clone()).unwrap_or_default();
            by_database.entry(database).or_default().push(source);
        }
        let mut offers = Vec::new();
        for (database, sources) in by_database {
            offers.extend(self.sources_of(&database, sources).await?);
        }
        offers.retain(|offer| !trashed.iter().any(|trashed| same_id(trashed, &offer.name)));
        offers.sort_by(|a, b| (&a.place, &a.title, &a.name).cmp(&(&b.place, &b.title, &b.name)));
        offers.dedup_by(|a, b| same_id(&a.name, &b.name));
        Ok(offers)
    }

    /// The data sources of one database, among them those that the search did not give.
    async fn sources_of(&self, database: &str, found: Vec<DataSource>) -> Result<Vec<Offer>, RemoteError> {
        let offer =
            |name: String, title: String, place: &str| Offer { name, title, place: place.to_owned(), refused: None };
        let mut offers: Vec<Offer> = Vec::new();
        for source in found {
            offers.push(offer(source.id, text::plain(&source.title).unwrap_or_default(), ""));
        }
        if database.is_empty() {
            return Ok(offers);
        }
        let request = self.request(Method::Get, format!("/v1/databases/{}", segment(database)));
        let held: Database = match self.connection.read(Lane::Probe, request).await {
            Ok(response) => wire::read(&response.body, "a database")?,
            // The database itself need not be shared.
            Err(error) if matches!(error.kind, RemoteErrorKind::NotFound | RemoteErrorKind::Forbidden) => {
                return Ok(offers);
            }
            Err(error) => return Err(error),
        };
        for source in held.data_sources {
            if !offers.iter().any(|known| same_id(&known.name, &source.id)) {
                offers.push(offer(source.id, source.name.unwrap_or_default(), ""));
            }
        }
        let title = text::plain(&held.title).unwrap_or_default();
        for one in &mut offers {
            if one.title.is_empty() {
                one.title.clone_from(&title);
            }
        }
        // Alone in its database it needs nothing to be told by.
        if offers.len() > 1 {
            offers.iter_mut().for_each(|one| one.place.clone_from(&title));
        }
        Ok(offers)
    }
}

fn is_one(source: &DataSource) -> bool {
    source.object.as_deref().is_none_or(|object| object == "data_source")
}
