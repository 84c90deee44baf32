//! Everything the client reads.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::client::{Notion, marker_column, only_mapped, segment};
use super::dialect::is_about_schema;
use super::listing::{self, PAGE_SIZE, Place};
use super::schema::{Column, Columns};
use super::wire::{self, List, Page, User};
use super::{blocks, filter, invalid, malformed, narrow, page, same_id};
use crate::model::{Account, Block, Entity, FieldName, FieldState, Person, Placed, Presence, Record, RecordId, Value};
use crate::remote::connection::{Turn, server_time};
use crate::remote::{Changes, Fetched, Identity, Lane, Listing, RemoteError, RemoteErrorKind};
use crate::seam::{Method, Response};

/// How many records a search by value gives at most.
const FOUND: usize = 100;

impl Notion {
    pub(super) async fn read_identity(&self) -> Result<Identity, RemoteError> {
        let response = self.connection.read(Lane::Probe, self.request(Method::Get, "/v1/users/me")).await?;
        let user: User = wire::read(&response.body, "a user")?;
        self.set_us(&user.id);
        let workspace = user.bot.and_then(|bot| bot.workspace_name);
        let name = match (user.name, workspace) {
            (Some(name), Some(workspace)) => format!("{name} in {workspace}"),
            (Some(name), None) | (None, Some(name)) => name,
            (None, None) => user.id.clone(),
        };
        Ok(Identity { user: user.id, name })
    }

    pub(super) async fn read_people(&self) -> Result<Vec<Person>, RemoteError> {
        let users = self.read_all(Lane::Increment, &format!("/v1/users?page_size={PAGE_SIZE}")).await?;
        let us = self.us();
        let mut people = Vec::new();
        for user in users {
            let user: User = wire::taken(user, "a user")?;
            let is_us = || us.as_ref().is_some_and(|us| same_id(us, &user.id));
            // Of bots only our own says where it belongs.
            let account = match (user.kind.as_deref(), &user.bot) {
                (Some("person"), _) => Account::Person,
                (Some("bot"), Some(bot)) if bot.workspace_name.is_some() || is_us() => Account::Ours,
                (Some("bot"), _) => Account::Program,
                _ => continue,
            };
            let email = user.person.and_then(|person| person.email).map(|email| email.trim().to_lowercase());
            people.push(Person {
                name: user.name.unwrap_or_else(|| user.id.clone()),
                id: user.id,
                email: email.filter(|email| !email.is_empty()),
                account,
            });
        }
        people.sort_by_key(|person| person.account);
        Ok(people)
    }

    pub(super) async fn read_list(&self, listing: Listing<'_>) -> Result<Changes, RemoteError> {
        let place = Place::read(listing.next.as_deref())?;
        let body = place.query(listing.since);
        let mut turn = self.connection.turn(listing.lane);
        let (columns, response) =
            self.query(listing.entity, &mut turn, |_| Ok(body.clone()), true).await.map_err(listing::explain)?;
        let (pages, next) = place.advance(wire::read(&response.body, "a list")?, listing.since)?;
        let mut records = Vec::with_capacity(pages.len());
        for page in &pages {
            records.push(self.record(page, listing.entity, &columns, listing.lane).await);
        }
        Ok(Changes { records, next: next.map(|place| place.write()), server_now: server_time(&response), total: None })
    }

    pub(super) async fn read_page(&self, entity: &Entity, id: &str, lane: Lane) -> Result<Fetched, RemoteError> {
        let mut turn = self.connection.turn(lane);
        let mut columns = self.columns(entity, turn.beside()).await?;
        let target = format!("/v1/pages/{}", segment(id));
        let narrow = format!("{target}{}", only_mapped(entity, &columns));
        let page = match self.get_page(&narrow, turn.take()).await {
            // The page was moved to where there are other properties, or ours changed: it tells when asked for all.
            Err(error) if is_about_schema(&error) => {
                let page = self.get_page(&target, turn.take()).await?;
                if page.as_ref().is_some_and(|page| page::presence(page, entity) != Presence::Moved) {
                    columns = self.fresh_columns(entity, turn.beside()).await?;
                }
                page
            }
            other => other?,
        };
        match page {
            Some(page) => {
                let mut record = self.record(&page, entity, &columns, turn.beside()).await;
                if record.presence == Presence::Present && !self.is_inside(entity, &record, turn.beside()).await? {
                    record.presence = Presence::Outside;
                }
                Ok(Fetched::Record(record))
            }
            None => Ok(Fetched::Missing),
        }
    }

    /// Whether a page passes the pair's filter. Only Notion can say, and it knows no filter by id: so it is asked for what
    /// passes among the pages made in the same minute.
    async fn is_inside(&self, entity: &Entity, record: &Record, lane: Lane) -> Result<bool, RemoteError> {
        let (Some(_), Some(made)) = (&entity.filter, record.created_at) else { return Ok(true) };
        let minute = SignedDuration::from_mins(1);
        // Whether Notion compares the stamp as it keeps it or as it shows it, floored, is not known.
        let (from, to) = (made.to_string(), made.checked_add(minute).unwrap_or(made).to_string());
        let made = json!([
            {"timestamp": "created_time", "created_time": {"on_or_after": from}},
            {"timestamp": "created_time", "created_time": {"before": to}},
        ]);
        let (mut turn, mut cursor) = (self.connection.turn(lane), None::<String>);
        loop {
            let mut body = json!({"filter": {"and": made}, "page_size": PAGE_SIZE});
            if let Some(cursor) = &cursor {
                body["start_cursor"] = json!(cursor);
            }
            let (_, response) = self.query(entity, &mut turn, |_| Ok(body.clone()), true).await?;
            let list: List<Page> = wire::read(&response.body, "a list")?;
            if list.results.iter().any(|page| page.id == record.id.as_str()) {
                return Ok(true);
            }
            cursor = list.next(cursor.as_deref())?;
            if cursor.is_none() {
                return Ok(false);
            }
        }
    }

    /// One page, or `None` if there is none for us.
    async fn get_page(&self, target: &str, lane: Lane) -> Result<Option<Page>, RemoteError> {
        match self.connection.read(lane, self.request(Method::Get, target)).await {
            Ok(response) => wire::read(&response.body, "a page").map(Some),
            Err(error) if error.kind == RemoteErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pages that carry the marker: by the marker itself, and among the newest pages of the data source, because a page
    /// that was just made need not be found by its properties yet.
    pub(super) async fn read_marked(&self, entity: &Entity, marker: &str) -> Result<Vec<Record>, RemoteError> {
        let mut turn = self.connection.turn(Lane::Probe);
        let wanted = Value::text(marker);
        let mut found = self
            .read_matching(
                entity,
                &mut turn,
                |columns| filter::holds(marker_column(entity, columns)?, &wanted),
                |record| record.marker.as_deref() == Some(marker),
                false,
            )
            .await?;
        let newest = json!({
            "sorts": [{"timestamp": "created_time", "direction": "descending"}],
            "page_size": PAGE_SIZE
        });
        let (columns, response) = self.query(entity, &mut turn, |_| Ok(newest.clone()), false).await?;
        let list: List<Page> = wire::read(&response.body, "a list")?;
        for page in list.results.iter().filter(|page| page.is_page()) {
            let record = self.record(page, entity, &columns, turn.beside()).await;
            let is_new = !found.iter().any(|known| known.id == record.id);
            if is_new && record.marker.as_deref() == Some(marker) && record.presence == Presence::Present {
                found.push(record);
            }
        }
        found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(found)
    }

    /// Pages whose field holds exactly this value.
    pub(super) async fn read_holding(
        &self,
        entity: &Entity,
        field: &FieldName,
        value: &Value,
        lane: Lane,
    ) -> Result<Vec<Record>, RemoteError> {
        let mut turn = self.connection.turn(lane);
        // The field looked for must be in the answer, mapped or not.
        let mut wider = entity.clone();
        if !wider.fields.contains(field) {
            wider.fields.push(field.clone());
        }
        let mut found = self
            .read_matching(
                &wider,
                &mut turn,
                |columns| {
                    let column = columns.resolve(field);
                    filter::holds(
                        column.ok_or_else(|| invalid(format!("Notion has no property named {field}")))?,
                        value,
                    )
                },
                |record| record.fields.get(field).and_then(FieldState::known) == Some(value),
                true,
            )
            .await?;
        found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        if !entity.fields.contains(field) {
            for record in &mut found {
                record.fields.remove(field);
            }
        }
        Ok(found)
    }

    /// The oldest [`FOUND`] live pages that pass a filter there and `keep` here, `inside` the pair's own filter or anywhere.
    async fn read_matching(
        &self,
        entity: &Entity,
        turn: &mut Turn<'_>,
        filter: impl Fn(&Columns) -> Result<Json, RemoteError> + Sync,
        keep: impl Fn(&Record) -> bool + Sync,
        inside: bool,
    ) -> Result<Vec<Record>, RemoteError> {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let (columns, response) = {
                let body = |columns: &Columns| {
                    let mut body = json!({
                        "filter": filter(columns)?,
                        "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
                        "page_size": PAGE_SIZE
                    });
                    if let Some(cursor) = &cursor {
                        body["start_cursor"] = json!(cursor);
                    }
                    Ok(body)
                };
                self.query(entity, turn, body, inside).await?
            };
            let list: List<Page> = wire::read(&response.body, "a list")?;
            for page in list.results.iter().filter(|page| page.is_page()) {
                let record = self.record(page, entity, &columns, turn.beside()).await;
                if record.presence == Presence::Present && keep(&record) {
                    found.push(record);
                }
            }
            cursor = list.next(cursor.as_deref())?;
            if cursor.is_none() || found.len() >= FOUND {
                found.truncate(FOUND);
                return Ok(found);
            }
        }
    }

    /// One query, `inside` the pair's own filter or of all pages. A refusal that is about a property makes us read the schema anew and ask once more.
    async fn query(
        &self,
        entity: &Entity,
        turn: &mut Turn<'_>,
        body: impl Fn(&Columns) -> Result<Json, RemoteError> + Sync,
        inside: bool,
    ) -> Result<(Arc<Columns>, Response), RemoteError> {
        let mut columns = self.columns(entity, turn.beside()).await?;
        let mut attempt = 0;
        loop {
            // Should the properties that the answer is narrowed to be what is refused, all of them are asked for.
            let narrow = if attempt < 2 { only_mapped(entity, &columns) } else { String::new() };
            let target = format!("/v1/data_sources/{}/query{narrow}", segment(&entity.name));
            let mut asked = body(&columns)?;
            if inside {
                narrow::within(entity, &columns, &mut asked)?;
            }
            let request = self.request(Method::Post, target).json(&asked);
            match self.connection.read(turn.take(), request).await {
                Ok(response) => return Ok((columns, response)),
                Err(error) if attempt < 2 && is_about_schema(&error) => {
                    attempt += 1;
                    columns = self.fresh_columns(entity, turn.beside()).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A page as a record, with every property that its answer cut read through the property's own address.
    pub(super) async fn record(&self, wire: &Page, entity: &Entity, columns: &Columns, lane: Lane) -> Record {
        let us = self.us();
        let page::PageReading { mut record, cut } = page::read(wire, entity, columns, us.as_deref());
        for (name, column, what) in cut {
            match self.read_property(&wire.id, &column, lane).await {
                Ok(elements) => page::complete(&mut record, &name, &column, elements),
                Err(error) => {
                    let why = format!("{what}: the page showed only a part, and reading the rest failed: {error}");
                    record.fields.insert(name, FieldState::Unknown(why));
                }
            }
        }
        record
    }

    /// Every element of an array-valued property.
    async fn read_property(&self, page: &str, column: &Column, lane: Lane) -> Result<Vec<Json>, RemoteError> {
        let target = format!("/v1/pages/{}/properties/{}?page_size={PAGE_SIZE}", segment(page), segment(&column.id));
        let items = self.read_all(lane, &target).await?;
        items
            .iter()
            .map(|item| item.get(&column.kind).cloned())
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| malformed("an element of a property is not of the property's type"))
    }

    /// The blocks of a page, and those inside them wherever a template has some.
    pub(super) async fn read_blocks(
        &self,
        page: &RecordId,
        wanted: &[Block],
        lane: Lane,
    ) -> Result<Vec<Placed>, RemoteError> {
        let mut turn = self.connection.turn(lane);
        self.read_children(page.as_str(), wanted, &mut turn).await
    }

    async fn read_children(
        &self,
        parent: &str,
        wanted: &[Block],
        turn: &mut Turn<'_>,
    ) -> Result<Vec<Placed>, RemoteError> {
        let target = format!("/v1/blocks/{}/children?page_size={PAGE_SIZE}", segment(parent));
        let (mut children, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let target = match &cursor {
                None => target.clone(),
                Some(cursor) => format!("{target}&start_cursor={}", segment(cursor)),
            };
            let response = self.connection.read(turn.take(), self.request(Method::Get, target)).await?;
            let list: List = wire::read(&response.body, "a list of blocks")?;
            children.extend(list.results.iter().filter_map(blocks::placed));
            cursor = list.next(cursor.as_deref())?;
            if cursor.is_none() {
                break;
            }
        }
        let mut placed = Vec::with_capacity(children.len());
        let mut ours = true;
        for (at, (mut child, holds)) in children.into_iter().enumerate() {
            let want = wanted.get(at).filter(|want| ours && want.is(&child));
            ours = want.is_some();
            if let Some(want) = want.filter(|want| holds && !want.children.is_empty()) {
                child.children = Box::pin(self.read_children(&child.id, &want.children, turn)).await?;
            }
            placed.push(child);
        }
        Ok(placed)
    }

    /// Every element of a list that is read with GET. `target` has a query already.
    async fn read_all(&self, lane: Lane, target: &str) -> Result<Vec<Json>, RemoteError> {
        let mut elements = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let target = match &cursor {
                None => target.to_owned(),
                Some(cursor) => format!("{target}&start_cursor={}", segment(cursor)),
            };
            let response = self.connection.read(lane, self.request(Method::Get, target)).await?;
            let mut list: List = wire::read(&response.body, "a list")?;
            elements.append(&mut list.results);
            cursor = list.next(cursor.as_deref())?;
            if cursor.is_none() {
                return Ok(elements);
            }
        }
    }
}
