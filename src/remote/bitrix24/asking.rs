//! Asking the portal: one method at a time, and records out of its answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::catalogue::{COMPANY_TITLE, Catalogue, FULL_NAME, Shape};
use super::decode::{entries, record, scalar, scalar_id, values};
use super::links;
use super::listing::PAGE;
use super::narrow::{Whose, all_of, resolved};
use super::{Bitrix24, Family};
use crate::model::{Entity, FieldState, Presence, Record};
use crate::remote::connection::{Turn, error, json as json_of, server_time};
use crate::remote::{Fetched, Lane, RemoteError, RemoteErrorKind, WriteError};
use crate::seam::{Method, Request, Response};

/// One page of items.
pub(super) struct Page {
    pub items: Vec<Json>,
    pub server_now: Option<jiff::Timestamp>,
    /// How many there are in all, if that was asked for.
    pub total: Option<u64>,
}

impl Bitrix24 {
    /// Reads one method's `result`.
    pub(super) async fn ask(&self, lane: Lane, method: &str, params: &Json) -> Result<Json, RemoteError> {
        let response = self.connection.read(lane, request(method, params)).await?;
        Ok(body(&response)?.result)
    }

    /// Reads all rows of a method that pages by offset, or that gives all at once.
    pub(super) async fn ask_pages(&self, lane: Lane, method: &str, params: Json) -> Result<Vec<Json>, RemoteError> {
        let mut rows = Vec::new();
        let mut start = 0;
        loop {
            let mut params = params.clone();
            params["start"] = json!(start);
            let body = body(&self.connection.read(lane, request(method, &params)).await?)?;
            rows.extend(values(body.result));
            match body.next.as_u64().filter(|next| *next > start) {
                Some(next) => start = next,
                None => return Ok(rows),
            }
        }
    }

    pub(super) async fn write(&self, turn: &mut Turn<'_>, method: &str, params: &Json) -> Result<Json, WriteError> {
        let connector = self.connector.filter(|_| self.queue_is_open.load(Ordering::Acquire));
        let request = match connector {
            Some(connector) => {
                let mut params = params.clone();
                params["auth_connector"] = json!(connector);
                request(method, &params)
            }
            None => request(method, params),
        };
        let response = self.connection.write(turn.take(), request).await?;
        // The connection has seen a `result`; what it holds is the caller's to judge.
        let body = body(&response).map_err(|unread| WriteError::Unknown(unread.message))?;
        Ok(body.result)
    }

    pub(super) async fn page(
        &self,
        turn: &mut Turn<'_>,
        family: Family,
        entity: &Entity,
        (filter, order, start): (Json, Json, i64),
    ) -> Result<Page, RemoteError> {
        let catalogue = self.catalogue(family, turn.beside()).await?;
        let asked = json!({
            "entityTypeId": family.type_id(), "select": select(entity, &catalogue), "filter": filter,
            "order": order, "start": start, "useOriginalUfNames": "Y",
        });
        let response = self.connection.read(turn.take(), request("crm.item.list", &asked)).await?;
        let mut body = body(&response)?;
        let total = body.counted(start);
        let server_now = server_now(&response);
        let items = member(&mut body.result, "items");
        if !items.is_array() && !items.is_object() {
            return Err(malformed("a list without items"));
        }
        Ok(Page { items: values(items), server_now, total })
    }

    /// One record by id; none if there is none for us.
    pub(super) async fn single(
        &self,
        lane: Lane,
        family: Family,
        entity: &Entity,
        id: u64,
    ) -> Result<Fetched, RemoteError> {
        let asked = json!({"entityTypeId": family.type_id(), "id": id, "useOriginalUfNames": "Y"});
        match self.ask(lane, "crm.item.get", &asked).await {
            Ok(mut result) => {
                let items = [member(&mut result, "item")];
                Ok(self
                    .records_fresh(lane.beside(), family, entity, &items)
                    .await?
                    .pop()
                    .map_or(Fetched::Missing, Fetched::Record))
            }
            Err(gone) if gone.kind == RemoteErrorKind::NotFound => Ok(Fetched::Missing),
            // No right to this one record (code empty or this) is access lost. A missing
            // scope is forbidden too, but says nothing of the record.
            Err(gone)
                if gone.kind == RemoteErrorKind::Forbidden && matches!(gone.code.as_str(), "" | "ACCESS_DENIED") =>
            {
                Ok(Fetched::Forbidden)
            }
            Err(other) => Err(other),
        }
    }

    /// Items by id, in one request; those that could not be read are left out.
    pub(super) async fn several(&self, lane: Lane, family: Family, ids: &[u64]) -> Result<Vec<Json>, RemoteError> {
        let get = |id: &u64| format!("crm.item.get?entityTypeId={}&id={id}&useOriginalUfNames=Y", family.type_id());
        let commands: Map<String, Json> = ids.iter().map(|id| (format!("k{id}"), Json::String(get(id)))).collect();
        let mut result = self.ask(lane, "batch", &json!({"halt": 0, "cmd": commands})).await?;
        let mut answers = member(&mut result, "result");
        // A map without entries comes as a list.
        let items = ids.iter().map(|id| member(&mut member(&mut answers, &format!("k{id}")), "item"));
        Ok(items.filter(Json::is_object).collect())
    }

    /// Records with the names of companies as known in this listing, others asked for.
    pub(super) async fn records(
        &self,
        lane: Lane,
        family: Family,
        entity: &Entity,
        items: &[Json],
    ) -> Result<Vec<Record>, RemoteError> {
        let catalogue = self.catalogue(family, lane).await?;
        let names = self.company_names(lane, entity, items).await?;
        let me = self.memory().me.clone();
        items.iter().map(|item| record(item, entity, &catalogue, me.as_deref(), &names)).collect()
    }

    /// The same, with nothing remembered of companies.
    pub(super) async fn records_fresh(
        &self,
        lane: Lane,
        family: Family,
        entity: &Entity,
        items: &[Json],
    ) -> Result<Vec<Record>, RemoteError> {
        let ids: Vec<String> = items.iter().filter_map(|item| scalar_id(&item["companyId"])).collect();
        self.memory().companies.retain(|id, _| !ids.contains(id));
        self.records(lane, family, entity, items).await
    }

    async fn company_names(
        &self,
        lane: Lane,
        entity: &Entity,
        items: &[Json],
    ) -> Result<BTreeMap<String, String>, RemoteError> {
        if !entity.fields.iter().any(|name| name.as_str() == COMPANY_TITLE) {
            return Ok(BTreeMap::new());
        }
        let mut known = self.memory().companies.clone();
        let ids: BTreeSet<u64> = items
            .iter()
            .filter_map(|item| scalar_id(&item["companyId"]))
            .filter(|id| !known.contains_key(id))
            .filter_map(|id| id.parse().ok())
            .collect();
        for some in ids.into_iter().collect::<Vec<_>>().chunks(PAGE) {
            let asked = json!({
                "entityTypeId": Family::Company.type_id(), "select": ["id", "title"], "filter": {"@id": some},
                "order": {"id": "ASC"}, "start": -1,
            });
            let result = self.ask(lane, "crm.item.list", &asked).await?;
            for (_, row) in entries(&result["items"]) {
                if let Some(id) = scalar(&row["id"]) {
                    known.insert(id, scalar(&row["title"]).unwrap_or_default());
                }
            }
        }
        self.memory().companies.extend(known.clone());
        Ok(known)
    }

    /// Tells which of the records that were read by id are out of the pair's filter.
    pub(super) async fn mark_outside(
        &self,
        turn: &mut Turn<'_>,
        family: Family,
        entity: &Entity,
        found: &mut BTreeMap<String, Record>,
    ) -> Result<(), RemoteError> {
        if entity.filter.is_none() || found.is_empty() {
            return Ok(());
        }
        let ours = resolved(entity, &*self.catalogue(family, turn.beside()).await?, Whose::Items)?;
        let ids: Vec<String> = found.keys().cloned().collect();
        for some in ids.chunks(PAGE) {
            let asked = json!({
                "entityTypeId": family.type_id(), "select": ["id"], "order": {"id": "ASC"}, "start": -1,
                "filter": all_of(ours.clone(), &json!({"@id": some})), "useOriginalUfNames": "Y",
            });
            let result = self.ask(turn.beside(), "crm.item.list", &asked).await?;
            let inside: BTreeSet<String> =
                entries(&result["items"]).into_iter().filter_map(|(_, row)| scalar(&row["id"])).collect();
            for id in some.iter().filter(|id| !inside.contains(*id)) {
                if let Some(record) = found.get_mut(id) {
                    record.presence = Presence::Outside;
                }
            }
        }
        Ok(())
    }

    /// The record that a write answered with. Answers to writes hold no multifields: if some were written, the record
    /// is read back; else they are left out, as not asked for.
    pub(super) async fn written(
        &self,
        family: Family,
        entity: &Entity,
        catalogue: &Catalogue,
        item: Json,
        wrote_comms: bool,
    ) -> Result<Record, WriteError> {
        let me = self.memory().me.clone();
        // Names of companies that an earlier listing read may be old by now: none is told here.
        let done = record(&item, entity, catalogue, me.as_deref(), &BTreeMap::new());
        let mut done = done.map_err(|unread| WriteError::Unknown(unread.message))?;
        if wrote_comms
            && item.get("fm").is_none()
            && let Ok(number) = done.id.as_str().parse()
            // The write is done, whatever becomes of this read.
            && let Ok(Fetched::Record(read_back)) = self.single(Lane::Probe, family, entity, number).await
        {
            return Ok(read_back);
        }
        // What an answer to a write never holds was not asked for. Unknown would say that it could not be read.
        done.fields.retain(|name, state| {
            let beside = catalogue.fields.get(name.as_str()).is_some_and(|field| field.is_read_beside());
            !(beside && matches!(state, FieldState::Unknown(_)))
        });
        Ok(done)
    }
}

pub(super) fn request(method: &str, params: &Json) -> Request {
    Request::new(Method::Post, format!("/{method}")).header("accept", "application/json").json(params)
}

/// What time it was over there.
pub(super) fn server_now(response: &Response) -> Option<jiff::Timestamp> {
    let told = || json_of::<Json>(response).ok()?["time"]["date_finish"].as_str()?.parse().ok();
    server_time(response).or_else(told)
}

/// What counts in an answer for whoever asked.
#[derive(Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    pub result: Json,
    #[serde(default)]
    next: Json,
    #[serde(default)]
    total: Json,
}

impl Body {
    /// How many rows there are in all: told where they were counted, and a nought everywhere else.
    pub(super) fn counted(&self, start: i64) -> Option<u64> {
        let told = || self.total.as_u64().or_else(|| self.total.as_str()?.parse().ok());
        if start < 0 { None } else { told() }
    }
}

pub(super) fn body(response: &Response) -> Result<Body, RemoteError> {
    json_of(response)
}

/// The fields to ask for. Multifields cannot be named: they come with everything.
fn select(entity: &Entity, catalogue: &Catalogue) -> Vec<String> {
    let mut keys: BTreeSet<&str> = ["id", "createdTime", "updatedTime", "updatedBy", "originatorId", "originId"].into();
    for name in &entity.fields {
        if let Some(links) = links::of(name.as_str(), catalogue) {
            keys.extend(
                links.keys().into_iter().filter(|key| catalogue.fields.values().any(|field| field.key == **key)),
            );
        }
        match (name.as_str(), catalogue.fields.get(name.as_str())) {
            (FULL_NAME, Some(_)) => keys.extend(["name", "lastName"]),
            (COMPANY_TITLE, Some(_)) => drop(keys.insert("companyId")),
            (_, Some(field)) if matches!(field.shape, Shape::Comm(_)) => drop(keys.insert("*")),
            // Named together with user fields under their own names, they empty every item (b24-rest-docs#368).
            (_, Some(field)) if field.key.starts_with("utm") => drop(keys.insert("*")),
            (_, Some(field)) => drop(keys.insert(&field.key)),
            _ => {}
        }
    }
    keys.into_iter().filter(|key| !key.is_empty()).map(str::to_owned).collect()
}

/// What stands under a key; null where nothing does, for PHP writes an empty map as a list.
pub(super) fn member(json: &mut Json, key: &str) -> Json {
    json.get_mut(key).map(Json::take).unwrap_or_default()
}

pub(super) fn malformed(what: &str) -> RemoteError {
    error(RemoteErrorKind::Malformed, "", format!("Bitrix24 answered {what}"))
}
