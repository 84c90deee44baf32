//! The client: requests, the schema it keeps, and [`System`] for the engine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::SignedDuration;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::dialect::NotionDialect;
use super::schema::{Column, Columns};
use super::{Token, VERSION, blocks, invalid, narrow, wire};
use crate::model::{Block, BodyPart, Entity, FieldName, Person, Placed, Record, RecordId, Schema, Value};
use crate::remote::connection::Connection;
use crate::remote::pace::Pace;
use crate::remote::{
    Capabilities, Changes, Fetched, Identity, Lane, Listing, Offer, Pulse, RemoteError, System, WriteError,
};
use crate::seam::{Method, Request, Transport, WallClock};

/// What may not stand in a path or a query as it is. `%` may: Notion returns property ids encoded, and wants them back
/// exactly so.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'&')
    .add(b'+')
    .add(b'=');

/// The most properties that an answer is narrowed to; with more, all are asked for. Arrays in requests hold 100.
const MOST_FILTERED: usize = 100;

/// One Notion workspace, as one integration sees it.
pub struct Notion {
    pub(super) connection: Connection,
    token: Token,
    /// The properties of every data source asked for so far, by its id without dashes.
    sources: Mutex<BTreeMap<String, Arc<Columns>>>,
    /// Our own user id, once it was asked for.
    us: Mutex<Option<String>>,
}

impl fmt::Debug for Notion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notion")
    }
}

impl Notion {
    /// A client over a transport to `https://api.notion.com` (or a stand-in).
    pub fn new(transport: Arc<dyn Transport>, pace: Arc<Pace>, clock: Arc<dyn WallClock>, token: Token) -> Self {
        Self::over(Connection::new(transport, pace, clock, Arc::new(NotionDialect)), token)
    }

    /// A client over a connection, which must speak [`NotionDialect`].
    pub fn over(connection: Connection, token: Token) -> Self {
        Self { connection, token, sources: Mutex::default(), us: Mutex::default() }
    }

    pub(super) fn request(&self, method: Method, target: impl Into<String>) -> Request {
        Request::new(method, target)
            .header("authorization", self.token.bearer())
            .header("notion-version", VERSION)
            .header("accept", "application/json")
    }

    /// The properties of an entity as last read; read now if they never were.
    pub(super) async fn columns(&self, entity: &Entity, lane: Lane) -> Result<Arc<Columns>, RemoteError> {
        let known = lock(&self.sources).get(&bare(&entity.name)).cloned();
        match known {
            Some(columns) => Ok(columns),
            None => self.fresh_columns(entity, lane).await,
        }
    }

    /// The properties of an entity, read now.
    pub(super) async fn fresh_columns(&self, entity: &Entity, lane: Lane) -> Result<Arc<Columns>, RemoteError> {
        let target = format!("/v1/data_sources/{}", segment(&entity.name));
        let response = self.connection.read(lane, self.request(Method::Get, target)).await?;
        Ok(self.keep(entity, Columns::read(&wire::read(&response.body, "a data source")?)?))
    }

    pub(super) fn keep(&self, entity: &Entity, columns: Columns) -> Arc<Columns> {
        let mut sources = lock(&self.sources);
        let key = bare(&entity.name);
        let columns = match sources.get(&key) {
            Some(older) => columns.succeeding(older),
            None => columns,
        };
        let columns = Arc::new(columns);
        sources.insert(key, Arc::clone(&columns));
        columns
    }

    pub(super) fn us(&self) -> Option<String> {
        lock(&self.us).clone()
    }

    pub(super) fn set_us(&self, user: &str) {
        *lock(&self.us) = Some(user.to_owned());
    }
}

/// The property that holds our marker.
pub(super) fn marker_column<'a>(entity: &Entity, columns: &'a Columns) -> Result<&'a Column, RemoteError> {
    let Some(name) = &entity.marker else {
        return Err(invalid("no property for our marker is named for this data source; name one in the pair"));
    };
    match columns.resolve(name) {
        Some(column) if column.kind == "rich_text" => Ok(column),
        Some(column) => Err(invalid(format!(
            "the property {name} for our marker is of type {:?}, but must be text; rename it in Notion or name another",
            column.kind
        ))),
        None => Err(invalid(format!("the data source has no property {name} for our marker; it must be added first"))),
    }
}

/// An id as one segment of a path, or a value of a query.
pub(super) fn segment(id: &str) -> String {
    utf8_percent_encode(id, UNSAFE).to_string()
}

/// `?filter_properties=…` for the mapped properties and the marker, so that answers stay small.
pub(super) fn only_mapped(entity: &Entity, columns: &Columns) -> String {
    let names = entity.fields.iter().chain(&entity.marker);
    let ids: Vec<String> = names
        .filter_map(|name| columns.resolve(name))
        .map(|column| format!("filter_properties={}", segment(&column.id)))
        .collect();
    if ids.is_empty() || ids.len() > MOST_FILTERED { String::new() } else { format!("?{}", ids.join("&")) }
}

/// An id (or a text with ids in it) without dashes and in lower case.
pub(super) fn bare(id: &str) -> String {
    id.replace('-', "").to_lowercase()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl System for Notion {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "Notion",
            precision: SignedDuration::from_mins(1),
            saves_while_typing: true,
            get_batch: 1,
            deleted_vanish: false,
            body: Some(blocks::LIMITS),
        }
    }

    fn pulse(&self) -> Pulse {
        self.connection.pulse()
    }

    async fn reserve(&self, lane: Lane, requests: u32) {
        self.connection.reserve(lane, requests).await;
    }

    fn release(&self, lane: Lane, requests: u32) {
        self.connection.release(lane, requests);
    }

    fn stop_waiting(&self) {
        self.connection.stop_waiting();
    }

    async fn identity(&self) -> Result<Identity, RemoteError> {
        self.read_identity().await
    }

    async fn offers(&self) -> Result<Vec<Offer>, RemoteError> {
        self.read_sources().await
    }

    fn contradictions(&self, filter: &serde_json::Value) -> Vec<(String, serde_json::Value)> {
        narrow::contradictions(filter)
    }

    fn explain(&self, code: &str) -> &'static str {
        super::errors::of(code).map_or("", |row| row.means)
    }

    async fn schema(&self, entity: &Entity) -> Result<Schema, RemoteError> {
        let columns = self.fresh_columns(entity, Lane::Probe).await?;
        if let Some(filter) = &entity.filter {
            narrow::resolved(filter, &columns)?;
        }
        Ok(columns.schema())
    }

    async fn people(&self) -> Result<Vec<Person>, RemoteError> {
        self.read_people().await
    }

    async fn list(&self, listing: Listing<'_>) -> Result<Changes, RemoteError> {
        self.read_list(listing).await
    }

    async fn get(
        &self,
        entity: &Entity,
        ids: &[RecordId],
        lane: Lane,
    ) -> Result<Vec<(RecordId, Fetched)>, RemoteError> {
        let mut fetched = Vec::with_capacity(ids.len());
        for id in ids {
            fetched.push((id.clone(), self.read_page(entity, id.as_str(), lane).await?));
        }
        Ok(fetched)
    }

    async fn probe(&self, entity: &Entity, marker: &str) -> Result<Vec<Record>, RemoteError> {
        self.read_marked(entity, marker).await
    }

    async fn find(
        &self,
        entity: &Entity,
        field: &FieldName,
        value: &Value,
        lane: Lane,
    ) -> Result<Vec<Record>, RemoteError> {
        self.read_holding(entity, field, value, lane).await
    }

    async fn create(
        &self,
        entity: &Entity,
        marker: &str,
        fields: &BTreeMap<FieldName, Value>,
    ) -> Result<Record, WriteError> {
        self.write_new(entity, marker, fields).await
    }

    async fn update(
        &self,
        entity: &Entity,
        before: &Record,
        fields: &BTreeMap<FieldName, Value>,
        marker: Option<&str>,
    ) -> Result<Option<Record>, WriteError> {
        self.write_changes(entity, before, fields, marker).await.map(Some)
    }

    async fn trash(&self, _entity: &Entity, id: &RecordId) -> Result<(), WriteError> {
        self.write_trash(id).await
    }

    fn body_form(&self, body: &[Block]) -> Vec<Block> {
        blocks::form(body)
    }

    async fn read_body(&self, id: &RecordId, wanted: &[Block], lane: Lane) -> Result<Vec<Placed>, RemoteError> {
        self.read_blocks(id, wanted, lane).await
    }

    async fn append_body(&self, id: &RecordId, part: &BodyPart) -> Result<(), WriteError> {
        self.write_blocks(id, part).await
    }

    fn link(&self, _entity: &Entity, id: &RecordId) -> Option<String> {
        Some(format!("https://www.notion.so/{}", bare(id.as_str())))
    }

    async fn add_marker(&self, entity: &Entity) -> Result<(), RemoteError> {
        self.write_marker_property(entity).await
    }
}
