//! Everything the client writes. A write is sent once.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::client::{Notion, bare, marker_column, segment};
use super::dialect::is_about_schema;
use super::schema::Columns;
use super::wire::{self, ErrorBody, List, Page};
use super::{blocks, encode, invalid, page};
use crate::model::{BodyPart, Entity, FieldName, FieldState, Record, RecordId, Value};
use crate::remote::{Fetched, Lane, RemoteError, RemoteErrorKind, WriteError};
use crate::seam::{Method, Response};

impl Notion {
    pub(super) async fn write_new(
        &self,
        entity: &Entity,
        marker: &str,
        fields: &BTreeMap<FieldName, Value>,
    ) -> Result<Record, WriteError> {
        self.write_page(entity, Method::Post, "/v1/pages", &entity.name, |columns| {
            let properties = properties(entity, columns, fields, None, Some(marker))?;
            Ok(json!({
                "parent": {"type": "data_source_id", "data_source_id": entity.name},
                "properties": properties
            }))
        })
        .await
    }

    pub(super) async fn write_changes(
        &self,
        entity: &Entity,
        before: &Record,
        fields: &BTreeMap<FieldName, Value>,
        marker: Option<&str>,
    ) -> Result<Record, WriteError> {
        let target = format!("/v1/pages/{}", segment(before.id.as_str()));
        self.write_page(entity, Method::Patch, &target, before.id.as_str(), |columns| {
            Ok(json!({"properties": properties(entity, columns, fields, Some(before), marker)?}))
        })
        .await
    }

    pub(super) async fn write_trash(&self, id: &RecordId) -> Result<(), WriteError> {
        let target = format!("/v1/pages/{}", segment(id.as_str()));
        let request = self.request(Method::Patch, target).json(&json!({"in_trash": true}));
        let mut turn = self.connection.turn(Lane::Write);
        let response = match self.connection.write(turn.take(), request).await {
            Err(WriteError::NotDone(error)) if is_in_trash(&error) => return Ok(()),
            other => other?,
        };
        if committed(&response).is_some() {
            return Ok(());
        }
        let page: Page = wire::read(&response.body, "a page").map_err(unclear)?;
        match page.in_trash.or(page.archived) {
            Some(true) => Ok(()),
            _ => Err(WriteError::Unknown("Notion answered well, but the page is not in the trash".to_owned())),
        }
    }

    pub(super) async fn write_blocks(&self, page: &RecordId, part: &BodyPart) -> Result<(), WriteError> {
        let into = part.parent.as_deref().unwrap_or(page.as_str());
        let target = format!("/v1/blocks/{}/children", segment(into));
        let request = self.request(Method::Patch, target).json(&blocks::append(part));
        let mut turn = self.connection.turn(Lane::Write);
        let response = match self.connection.write(turn.take(), request).await {
            // One of the blocks that it goes into or after is gone: what is there now is compared anew.
            Err(WriteError::NotDone(error))
                if error.kind == RemoteErrorKind::NotFound && !bare(&error.message).contains(&bare(page.as_str())) =>
            {
                return Err(WriteError::NotDone(RemoteError { kind: RemoteErrorKind::Overtaken, ..error }));
            }
            other => other.map_err(|error| about(error, page.as_str()))?,
        };
        // After a block, the answer shows what was there behind it too.
        let list: List = wire::read(&response.body, "a list of blocks").map_err(unclear)?;
        let made: Vec<_> = list.results.iter().filter_map(blocks::placed).map(|(placed, _)| placed).collect();
        let partial = made.iter().all(|placed| placed.kind.is_none());
        let same = part.blocks.iter().zip(&made).all(|(sent, made)| partial || sent.is(made));
        if same && made.len() >= part.blocks.len() {
            return Ok(());
        }
        Err(WriteError::Unknown("Notion answered well, but shows other blocks than were sent".to_owned()))
    }

    pub(super) async fn write_marker_property(&self, entity: &Entity) -> Result<(), RemoteError> {
        let columns = self.fresh_columns(entity, Lane::Probe).await?;
        let Some(name) = &entity.marker else {
            return marker_column(entity, &columns).map(drop);
        };
        if columns.resolve(name).is_some() {
            return marker_column(entity, &columns).map(drop);
        }
        let target = format!("/v1/data_sources/{}", segment(&entity.name));
        let mut added = Map::new();
        added.insert(name.0.clone(), json!({"type": "rich_text", "rich_text": {}}));
        let request = self.request(Method::Patch, target).json(&json!({"properties": added}));
        // Adding a property that is there already changes nothing, so that this may be repeated like a read.
        let response = self.connection.read(Lane::Probe, request).await?;
        let columns = self.keep(entity, Columns::read(&wire::read(&response.body, "a data source")?)?);
        marker_column(entity, &columns).map(drop)
    }

    /// Sends one page write. Refused over a schema that we knew wrongly, it is to be planned anew: by now its pre-read is
    /// older than a column that somebody has just changed. `subject` is the id of the page or data source that is written.
    async fn write_page(
        &self,
        entity: &Entity,
        method: Method,
        target: &str,
        subject: &str,
        body: impl Fn(&Columns) -> Result<Json, RemoteError> + Sync,
    ) -> Result<Record, WriteError> {
        let mut turn = self.connection.turn(Lane::Write);
        let columns = self.columns(entity, turn.beside()).await.map_err(WriteError::NotDone)?;
        let sent = body(&columns).map_err(WriteError::NotDone)?;
        let request = self.request(method, target).json(&sent);
        let response = match self.connection.write(turn.take(), request).await {
            Ok(response) => response,
            Err(WriteError::NotDone(error)) if is_about_schema(&error) => {
                // The refusal stays the answer where the schema cannot be read, or would have us send the same again.
                let fresh = self.fresh_columns(entity, turn.beside()).await;
                let again = fresh.ok().map(|fresh| body(&fresh)).transpose().map_err(WriteError::NotDone)?;
                let kind =
                    if again.is_some_and(|again| again != sent) { RemoteErrorKind::Overtaken } else { error.kind };
                return Err(WriteError::NotDone(RemoteError { kind, ..error }));
            }
            Err(error) => return Err(about(error, subject)),
        };
        if let Some(id) = committed(&response) {
            return match self.read_page(entity, &id, Lane::Probe).await {
                Ok(Fetched::Record(record)) => Ok(record),
                Ok(Fetched::Missing | Fetched::Forbidden) => {
                    Err(WriteError::Saved { id: RecordId(id), why: "Notion does not find it yet".to_owned() })
                }
                Err(error) => Err(WriteError::Saved { id: RecordId(id), why: error.message }),
            };
        }
        let page: Page = wire::read(&response.body, "a page").map_err(unclear)?;
        Ok(self.record(&page, entity, &columns, Lane::Hot).await)
    }
}

/// The property bodies of a write, by the properties' names of now.
fn properties(
    entity: &Entity,
    columns: &Columns,
    fields: &BTreeMap<FieldName, Value>,
    before: Option<&Record>,
    marker: Option<&str>,
) -> Result<Map<String, Json>, RemoteError> {
    let mut bodies = Map::new();
    for (name, value) in fields {
        let column =
            columns.resolve(name).ok_or_else(|| invalid(format!("Notion has no property named {name} any more")))?;
        if let Some(FieldState::Unknown(why)) = before.and_then(|before| before.fields.get(name)) {
            return Err(invalid(format!("the property {name} was not read whole, so it is not written: {why}")));
        }
        // Written again, a text that is there already would lose its formatting and nothing else.
        let there = before.and_then(|before| before.fields.get(name)?.known());
        if matches!(column.kind.as_str(), "title" | "rich_text") && there == Some(value) {
            continue;
        }
        let kept = before.map_or(&[][..], |before| page::elements(before, name));
        bodies.insert(column.name.clone(), encode::property(column, value, kept)?);
    }
    if let Some(marker) = marker {
        let column = marker_column(entity, columns)?;
        bodies.insert(column.name.clone(), encode::property(column, &Value::text(marker), &[])?);
    }
    Ok(bodies)
}

/// The page that a write did save although it answered 503.
fn committed(response: &Response) -> Option<String> {
    if (200..300).contains(&response.status) {
        return None;
    }
    ErrorBody::read(&response.body)?.committed().map(str::to_owned)
}

/// What a refusal of a write is really about. Notion answers 404 too when an element of a relation is missing: only what
/// was to be written can be missing itself, and everything else is a value that Notion does not take. And it answers 400
/// when the page lies in the trash, which is no fault of the value.
fn about(error: WriteError, subject: &str) -> WriteError {
    let WriteError::NotDone(error) = error else { return error };
    let is_other = error.kind == RemoteErrorKind::NotFound && !bare(&error.message).contains(&bare(subject));
    let kind = match error.kind {
        _ if is_other => RemoteErrorKind::Invalid,
        _ if is_in_trash(&error) => RemoteErrorKind::NotFound,
        kind => kind,
    };
    WriteError::NotDone(RemoteError { kind, ..error })
}

/// "Can't edit block that is archived. You must unarchive the block before editing."
fn is_in_trash(error: &RemoteError) -> bool {
    let words = |words: &str| error.message.contains(words);
    error.kind == RemoteErrorKind::Invalid && words("edit") && (words("is archived") || words("in trash"))
}

/// Notion answered well and we cannot read what: it was executed, but with what result is to be found out.
fn unclear(error: RemoteError) -> WriteError {
    WriteError::Unknown(error.message)
}
