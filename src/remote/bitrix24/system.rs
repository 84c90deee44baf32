//! [`System`] on top of the pure parts: which method is called with what, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::asking::{malformed, member};
use super::catalogue::Shape;
use super::comms::by_any_split;
use super::decode::{entries, scalar};
use super::encode::{self, Writing, for_filter, invalid, writing};
use super::listing::{ITEMS, PAGE, Position, start_of};
use super::narrow::{Whose, all_of, resolved};
use super::{Bitrix24, Family, ORIGINATOR, tasks};
use crate::model::{Account, Entity, FieldName, FieldState, Person, Presence, Record, RecordId, Schema, Value};
use crate::remote::connection::{Turn, error};
use crate::remote::system::{
    Capabilities, Changes, Fetched, Identity, Lane, Listing, Offer, Pulse, RemoteError, RemoteErrorKind, System,
    WriteError,
};

/// `find` gives no more than this.
const MOST_FOUND: usize = 100;

#[async_trait]
impl System for Bitrix24 {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "Bitrix24",
            precision: SignedDuration::from_secs(1),
            saves_while_typing: false,
            get_batch: PAGE,
            body: None,
            deleted_vanish: true,
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
        // `profile` needs no scope, unlike `user.current`.
        let me = self.ask(Lane::Probe, "profile", &json!({})).await?;
        let user = scalar(&me["ID"]).ok_or_else(|| malformed("a profile without an id"))?;
        self.memory().me = Some(user.clone());
        Ok(Identity { user, name: person_name(&me) })
    }

    async fn offers(&self) -> Result<Vec<Offer>, RemoteError> {
        let mut found = Vec::new();
        for family in Family::ALL {
            found.push(offer(family.name(), family.title(), self.ask_catalogue(family, Lane::Probe).await)?);
        }
        found.push(offer(tasks::NAME, tasks::TITLE, self.ask_task_catalogue(Lane::Probe).await)?);
        Ok(found)
    }

    fn contradictions(&self, filter: &Json) -> Vec<(String, Json)> {
        super::narrow::contradictions(filter)
    }

    fn explain(&self, code: &str) -> &'static str {
        super::errors::of(code).map_or("", |row| row.means)
    }

    async fn schema(&self, entity: &Entity) -> Result<Schema, RemoteError> {
        if tasks::is_meant(entity) {
            return self.task_schema(entity).await;
        }
        let family = family(entity)?;
        let mut schema = self.ask_schema(family).await?;
        if entity.filter.is_some() {
            resolved(entity, &*self.catalogue(family, Lane::Probe).await?, Whose::Items)?;
        }
        // The portal puts the webhook's owner in charge of whatever has nobody: for us that is nobody.
        let known = self.memory().me.clone();
        let me = match known {
            Some(me) => me,
            None => self.identity().await?.user,
        };
        if let Some(responsible) = schema.fields.get_mut("ASSIGNED_BY_ID") {
            responsible.empty_is = Some(Value::people([me]));
        }
        Ok(schema)
    }

    async fn people(&self) -> Result<Vec<Person>, RemoteError> {
        let rows = self.ask_pages(Lane::Probe, "user.get", json!({"sort": "ID", "order": "ASC"})).await?;
        let me = self.memory().me.clone();
        let person = |row: &Json| {
            let id = scalar(&row["ID"])?;
            let email = row["EMAIL"].as_str().map(|email| email.trim().to_lowercase());
            Some(Person {
                account: if me.as_ref() == Some(&id) { Account::Ours } else { Account::Person },
                id,
                name: person_name(row),
                email: email.filter(|email| !email.is_empty()),
            })
        };
        // Of two with one address the first counts: whoever was dismissed comes last.
        let dismissed = |row: &&Json| row["ACTIVE"] == json!(false) || row["ACTIVE"].as_str() == Some("N");
        let (gone, active): (Vec<&Json>, Vec<&Json>) = rows.iter().partition(dismissed);
        Ok(active.into_iter().chain(gone).filter_map(person).collect())
    }

    async fn list(&self, listing: Listing<'_>) -> Result<Changes, RemoteError> {
        let position = match &listing.next {
            None => {
                self.memory().companies.clear();
                Position::first(listing.since)
            }
            Some(token) => Position::parse(token).ok_or_else(|| malformed("a continuation that is not ours"))?,
        };
        if tasks::is_meant(listing.entity) {
            return self.list_tasks(&listing, position).await;
        }
        let family = family(listing.entity)?;
        let mut turn = self.connection.turn(listing.lane);
        let catalogue = self.catalogue(family, turn.beside()).await?;
        let ours = resolved(listing.entity, &catalogue, Whose::Items)?;
        let (filter, order) = (all_of(ours, &position.filter(&ITEMS)), position.order(&ITEMS));
        let page = self.page(&mut turn, family, listing.entity, (filter, order, start_of(&listing))).await?;
        let items: Vec<&Json> = page.items.iter().collect();
        let next = position.after(&items, &ITEMS).map(|next| next.token());
        let records = self.records(listing.lane, family, listing.entity, &page.items).await?;
        Ok(Changes { records, next, server_now: page.server_now, total: page.total })
    }

    async fn get(
        &self,
        entity: &Entity,
        ids: &[RecordId],
        lane: Lane,
    ) -> Result<Vec<(RecordId, Fetched)>, RemoteError> {
        if tasks::is_meant(entity) {
            return self.get_tasks(entity, ids, lane).await;
        }
        let mut turn = self.connection.turn(lane);
        let family = family(entity)?;
        let mut found: BTreeMap<String, Record> = BTreeMap::new();
        let mut forbidden: BTreeSet<RecordId> = BTreeSet::new();
        let numbers: Vec<u64> = ids.iter().filter_map(|id| id.as_str().parse().ok()).collect();
        // One by one inside a batch, and not by a list: a list may come from an index that lags behind.
        for some in numbers.chunks(PAGE).filter(|some| some.len() > 1) {
            let items = self.several(turn.take(), family, some).await?;
            let records = self.records_fresh(turn.beside(), family, entity, &items).await?;
            found.extend(records.into_iter().map(|record| (record.id.0.clone(), record)));
        }
        for id in ids {
            if let Some(number) = id.as_str().parse::<u64>().ok().filter(|_| !found.contains_key(id.as_str())) {
                // A batch leaves out what we may not see; only a read of its own says why.
                match self.single(turn.take(), family, entity, number).await? {
                    Fetched::Record(record) => drop(found.insert(id.0.clone(), record)),
                    Fetched::Forbidden => drop(forbidden.insert(id.clone())),
                    Fetched::Missing => {}
                }
            }
        }
        self.mark_outside(&mut turn, family, entity, &mut found).await?;
        let fetched = |id: &RecordId| match found.get(id.as_str()) {
            Some(record) => Fetched::Record(record.clone()),
            None if forbidden.contains(id) => Fetched::Forbidden,
            None => Fetched::Missing,
        };
        Ok(ids.iter().map(|id| (id.clone(), fetched(id))).collect())
    }

    async fn probe(&self, entity: &Entity, marker: &str) -> Result<Vec<Record>, RemoteError> {
        if tasks::is_meant(entity) {
            return self.probe_tasks(entity, marker).await;
        }
        let (family, lane) = (family(entity)?, Lane::Probe);
        let filter = json!({"=originatorId": ORIGINATOR, "=originId": marker});
        let page = self.page(&mut self.connection.turn(lane), family, entity, (filter, json!({"id": "ASC"}), -1)).await;
        let mut records = match page {
            Ok(page) => self.records(lane, family, entity, &page.items).await?,
            Err(refused) if refused.kind == RemoteErrorKind::Invalid => {
                // Whether these fields can be filtered by is not documented; in the older lists they can.
                let asked = json!({
                    "filter": {"=ORIGINATOR_ID": ORIGINATOR, "=ORIGIN_ID": marker},
                    "select": ["ID"], "order": {"ID": "ASC"}, "start": -1,
                });
                let rows = self.ask(lane, &format!("crm.{}.list", family.name()), &asked).await?;
                let ids: Vec<RecordId> =
                    entries(&rows).into_iter().filter_map(|(_, row)| scalar(&row["ID"])).map(RecordId).collect();
                let anywhere = Entity { filter: None, ..entity.clone() };
                present(self.get(&anywhere, &ids, lane).await?)
            }
            Err(other) => return Err(other),
        };
        // The database compares without regard to case.
        records.retain(|record| record.marker.as_deref() == Some(marker));
        records.sort_by_key(age);
        Ok(records)
    }

    async fn find(
        &self,
        entity: &Entity,
        name: &FieldName,
        value: &Value,
        lane: Lane,
    ) -> Result<Vec<Record>, RemoteError> {
        if tasks::is_meant(entity) {
            return self.find_tasks(entity, name, value, lane).await;
        }
        let mut turn = self.connection.turn(lane);
        let family = family(entity)?;
        let catalogue = self.catalogue(family, turn.beside()).await?;
        let field = catalogue.fields.get(name.as_str()).ok_or_else(|| invalid(name, "the portal has no such field"))?;
        let wanted = match (field.shape, value) {
            (_, Value::Empty) => return Err(invalid(name, "nothing is looked for")),
            (Shape::Comm(type_id @ ("EMAIL" | "PHONE")), Value::Text(text)) => {
                return self.find_by_comm(entity, family, type_id, text, &mut turn).await;
            }
            (Shape::FullName, Value::Text(text)) => by_any_split(text),
            (
                Shape::Comm(_)
                | Shape::CompanyTitle
                | Shape::Opaque
                | Shape::Binding(_)
                | Shape::FullName
                | Shape::Address
                | Shape::Several,
                _,
            ) => {
                return Err(invalid(name, "it cannot be looked for"));
            }
            _ => {
                let wanted = for_filter(name, field, value)?;
                json!({format!("={}", field.key): wanted})
            }
        };
        let ours = resolved(entity, &catalogue, Whose::Items)?;
        // The field may not be a mapped one; it is read along to compare exactly.
        let mut reading = entity.clone();
        if !reading.fields.contains(name) {
            reading.fields.push(name.clone());
        }
        let mut found = Vec::new();
        let mut above = 0;
        while found.len() < MOST_FOUND {
            let mut filter = wanted.clone();
            filter[">id"] = json!(above);
            let filter = all_of(ours.clone(), &filter);
            let page = self.page(&mut turn, family, &reading, (filter, json!({"id": "ASC"}), -1)).await?;
            let last = page.items.last().and_then(|item| scalar(&item["id"])?.parse::<u64>().ok());
            let mut records = self.records(turn.beside(), family, &reading, &page.items).await?;
            records.retain(|record| record.fields.get(name).and_then(|state| state.known()) == Some(value));
            if !entity.fields.contains(name) {
                records.iter_mut().for_each(|record| drop(record.fields.remove(name)));
            }
            found.append(&mut records);
            match last {
                Some(last) if page.items.len() >= PAGE => above = last,
                _ => break,
            }
        }
        found.truncate(MOST_FOUND);
        Ok(found)
    }

    async fn create(
        &self,
        entity: &Entity,
        marker: &str,
        fields: &BTreeMap<FieldName, Value>,
    ) -> Result<Record, WriteError> {
        if tasks::is_meant(entity) {
            return self.create_task(entity, marker, fields).await;
        }
        let mut turn = self.connection.turn(Lane::Write);
        let family = family(entity).map_err(WriteError::NotDone)?;
        let catalogue = self.catalogue(family, turn.beside()).await.map_err(WriteError::NotDone)?;
        let given: BTreeMap<_, _> = fields.iter().filter(|(_, value)| !value.is_empty()).collect();
        let given = given.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut writing = writing(&given, Some(marker), &catalogue, None).map_err(WriteError::NotDone)?;
        writing.follow_stage(Some(""));
        let asked = json!({
            "entityTypeId": family.type_id(), "fields": writing.item_fields(), "useOriginalUfNames": "Y",
        });
        let item = member(&mut self.write(&mut turn, "crm.item.add", &asked).await?, "item");
        self.written(family, entity, &catalogue, item, writing.has_comms()).await
    }

    async fn update(
        &self,
        entity: &Entity,
        before: &Record,
        fields: &BTreeMap<FieldName, Value>,
        marker: Option<&str>,
    ) -> Result<Option<Record>, WriteError> {
        if tasks::is_meant(entity) {
            return self.update_task(entity, before, fields, marker).await;
        }
        let mut turn = self.connection.turn(Lane::Write);
        let family = family(entity).map_err(WriteError::NotDone)?;
        let catalogue = self.catalogue(family, turn.beside()).await.map_err(WriteError::NotDone)?;
        let mut writing = writing(fields, marker, &catalogue, Some(&before.baggage)).map_err(WriteError::NotDone)?;
        writing.follow_stage(match before.fields.get("STAGE_ID").and_then(FieldState::known) {
            Some(Value::Choice(stage)) => Some(stage),
            _ => None,
        });
        if writing.is_empty() {
            // It reads so already: nothing would be saved, and nothing is sent.
            return Ok(Some(before.clone()));
        }
        let id = before.id.as_str();
        let by_item = |writing: &Writing| {
            let fields = writing.item_fields();
            json!({"entityTypeId": family.type_id(), "id": id, "fields": fields, "useOriginalUfNames": "Y"})
        };
        if writing.needs_older_method(family == Family::Company) {
            let moving = writing.take_move();
            if let Some(moving) = &moving {
                self.write(&mut turn, "crm.item.update", &by_item(moving)).await?;
            }
            let asked = json!({"id": id, "fields": writing.legacy_fields()});
            let done = self.write(&mut turn, &format!("crm.{}.update", family.name()), &asked).await;
            return match done {
                Ok(_) => Ok(None),
                // A part of it is done.
                Err(WriteError::NotDone(error)) if moving.is_some() => Err(WriteError::Unknown(format!(
                    "the record went to another pipeline, and the rest was refused: {}",
                    error.message
                ))),
                Err(error) => Err(error),
            };
        }
        let asked = by_item(&writing);
        let item = member(&mut self.write(&mut turn, "crm.item.update", &asked).await?, "item");
        let done = self.written(family, entity, &catalogue, item, writing.has_comms()).await?;
        let kept = still_there(fields, before, &done);
        if kept.is_empty() {
            return Ok(Some(done));
        }
        // The method takes no for an answer, but not nothing; the older one does.
        let emptied = encode::writing(&kept, None, &catalogue, Some(&before.baggage)).map_err(WriteError::NotDone)?;
        let asked = json!({"id": id, "fields": emptied.legacy_fields()});
        match self.write(&mut turn, &format!("crm.{}.update", family.name()), &asked).await {
            // That answers without the record.
            Ok(_) => Ok(None),
            Err(WriteError::NotDone(_)) => Ok(Some(done)),
            Err(unknown) => Err(unknown),
        }
    }

    async fn trash(&self, entity: &Entity, id: &RecordId) -> Result<(), WriteError> {
        if tasks::is_meant(entity) {
            return self.trash_task(id).await;
        }
        let mut turn = self.connection.turn(Lane::Write);
        let family = family(entity).map_err(WriteError::NotDone)?;
        let asked = json!({"entityTypeId": family.type_id(), "id": id.as_str()});
        self.write(&mut turn, "crm.item.delete", &asked).await?;
        Ok(())
    }

    fn link(&self, entity: &Entity, id: &RecordId) -> Option<String> {
        let (home, family) = (self.home.as_ref()?, Family::parse(&entity.name)?);
        Some(format!("{home}/crm/{}/details/{id}/", family.name()))
    }

    async fn add_marker(&self, _entity: &Entity) -> Result<(), RemoteError> {
        // ORIGINATOR_ID and ORIGIN_ID are there on every portal.
        Ok(())
    }
}

impl Bitrix24 {
    async fn find_by_comm(
        &self,
        entity: &Entity,
        family: Family,
        type_id: &str,
        value: &str,
        turn: &mut Turn<'_>,
    ) -> Result<Vec<Record>, RemoteError> {
        let group = family.name().to_uppercase();
        let asked = json!({"type": type_id, "values": [value], "entity_type": group});
        let found = self.ask(turn.take(), "crm.duplicate.findbycomm", &asked).await?;
        let mut ids: Vec<u64> = entries(&found[&group]).iter().filter_map(|(_, id)| scalar(id)?.parse().ok()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(MOST_FOUND);
        let ids: Vec<RecordId> = ids.into_iter().map(|id| RecordId(id.to_string())).collect();
        Ok(present(self.get(entity, &ids, turn.beside()).await?))
    }
}

fn family(entity: &Entity) -> Result<Family, RemoteError> {
    Family::parse(&entity.name).ok_or_else(|| {
        let text = format!("there is no entity {:?}; there are deal, contact, company, lead and task", entity.name);
        error(RemoteErrorKind::Invalid, "", text)
    })
}

/// Fields that were to be emptied, and that the answer shows as they were.
fn still_there(fields: &BTreeMap<FieldName, Value>, before: &Record, done: &Record) -> BTreeMap<FieldName, Value> {
    let known = |record: &Record, name: &FieldName| record.fields.get(name).and_then(FieldState::known).cloned();
    let kept = |name: &FieldName| {
        let shown = known(done, name);
        shown.as_ref().is_some_and(|value| !value.is_empty()) && shown == known(before, name)
    };
    let emptied = fields.iter().filter(|(name, value)| value.is_empty() && kept(name));
    emptied.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn present(fetched: Vec<(RecordId, Fetched)>) -> Vec<Record> {
    let record = |(_, fetched)| match fetched {
        Fetched::Record(record) => (record.presence == Presence::Present).then_some(record),
        Fetched::Missing | Fetched::Forbidden => None,
    };
    fetched.into_iter().filter_map(record).collect()
}

/// Oldest first: ids count up.
fn age(record: &Record) -> u64 {
    record.id.as_str().parse().unwrap_or(u64::MAX)
}

fn person_name(row: &Json) -> String {
    super::comms::join(row["NAME"].as_str().unwrap_or_default(), row["LAST_NAME"].as_str().unwrap_or_default())
}

/// An entity as something to make a pair of. That its fields are not told to us is said of it alone.
fn offer<T>(name: &str, title: &str, told: Result<T, RemoteError>) -> Result<Offer, RemoteError> {
    use RemoteErrorKind::{Forbidden, Invalid, NotFound};
    let refused = match told {
        Ok(_) => None,
        Err(error) if matches!(error.kind, Forbidden | NotFound | Invalid) => Some(error.to_string()),
        Err(error) => return Err(error),
    };
    Ok(Offer { name: name.to_owned(), title: title.to_owned(), place: String::new(), refused })
}
