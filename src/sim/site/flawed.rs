//! A system whose client makes a mistake.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::super::plant::Edge;
use crate::model::{Block, BodyPart, Entity, FieldName, FieldState, Person, Placed, Record, RecordId, Schema, Value};
use crate::remote::{
    Capabilities, Changes, Fetched, Identity, Lane, Listing, Offer, Pulse, RemoteError, Since, System, WriteError,
};

/// How many elements of a relation a client with that mistake reads.
const CUT: usize = 2;

/// A client that makes a mistake.
pub struct Flawed {
    /// The client.
    pub inner: Arc<dyn System>,
    /// The mistake.
    pub edge: Edge,
    /// How far increments reach back.
    pub overlap: SignedDuration,
}

impl Flawed {
    fn cut(&self, mut record: Record) -> Record {
        if self.edge == Edge::TruncatedRelation {
            for state in record.fields.values_mut() {
                if let FieldState::Known(Value::Links(links)) = state {
                    *links = links.iter().take(CUT).cloned().collect();
                }
            }
        }
        record
    }
}

#[async_trait]
impl System for Flawed {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn pulse(&self) -> Pulse {
        self.inner.pulse()
    }

    fn stop_waiting(&self) {
        self.inner.stop_waiting();
    }

    async fn reserve(&self, lane: Lane, requests: u32) {
        self.inner.reserve(lane, requests).await;
    }

    fn release(&self, lane: Lane, requests: u32) {
        self.inner.release(lane, requests);
    }

    async fn identity(&self) -> Result<Identity, RemoteError> {
        self.inner.identity().await
    }

    async fn offers(&self) -> Result<Vec<Offer>, RemoteError> {
        self.inner.offers().await
    }

    async fn schema(&self, entity: &Entity) -> Result<Schema, RemoteError> {
        self.inner.schema(entity).await
    }

    async fn people(&self) -> Result<Vec<Person>, RemoteError> {
        self.inner.people().await
    }

    async fn list(&self, mut listing: Listing<'_>) -> Result<Changes, RemoteError> {
        if let (Edge::StrictCursor, Since::At(at)) = (self.edge, listing.since) {
            // After the cursor's own minute or second, and not a moment before.
            let precision = self.inner.capabilities().precision;
            listing.since = Since::At(at.checked_add(self.overlap + precision).unwrap_or(at));
        }
        let mut changes = self.inner.list(listing).await?;
        changes.records = changes.records.into_iter().map(|record| self.cut(record)).collect();
        Ok(changes)
    }

    async fn get(
        &self,
        entity: &Entity,
        ids: &[RecordId],
        lane: Lane,
    ) -> Result<Vec<(RecordId, Fetched)>, RemoteError> {
        let found = self.inner.get(entity, ids, lane).await?;
        let cut = |(id, fetched)| match fetched {
            Fetched::Record(record) => (id, Fetched::Record(self.cut(record))),
            other => (id, other),
        };
        Ok(found.into_iter().map(cut).collect())
    }

    async fn probe(&self, entity: &Entity, marker: &str) -> Result<Vec<Record>, RemoteError> {
        self.inner.probe(entity, marker).await
    }

    async fn find(
        &self,
        entity: &Entity,
        field: &FieldName,
        value: &Value,
        lane: Lane,
    ) -> Result<Vec<Record>, RemoteError> {
        self.inner.find(entity, field, value, lane).await
    }

    async fn create(
        &self,
        entity: &Entity,
        marker: &str,
        fields: &BTreeMap<FieldName, Value>,
    ) -> Result<Record, WriteError> {
        let marker = if self.edge == Edge::UnmarkedCreate { "" } else { marker };
        self.inner.create(entity, marker, fields).await
    }

    async fn update(
        &self,
        entity: &Entity,
        before: &Record,
        fields: &BTreeMap<FieldName, Value>,
        marker: Option<&str>,
    ) -> Result<Option<Record>, WriteError> {
        self.inner.update(entity, before, fields, marker).await
    }

    async fn trash(&self, entity: &Entity, id: &RecordId) -> Result<(), WriteError> {
        self.inner.trash(entity, id).await
    }

    fn body_form(&self, body: &[Block]) -> Vec<Block> {
        self.inner.body_form(body)
    }

    async fn read_body(&self, id: &RecordId, wanted: &[Block], lane: Lane) -> Result<Vec<Placed>, RemoteError> {
        self.inner.read_body(id, wanted, lane).await
    }

    async fn append_body(&self, id: &RecordId, part: &BodyPart) -> Result<(), WriteError> {
        self.inner.append_body(id, part).await
    }

    async fn add_marker(&self, entity: &Entity) -> Result<(), RemoteError> {
        self.inner.add_marker(entity).await
    }
}
