//! Tasks (`tasks.task.*`), which are no records of the CRM: other methods, other names, and no field for another program's
//! key but `XML_ID`. What [`crate::remote::System`] asks of tasks is asked here.
//!
//! `fields` knows what a task holds; everything is asked through the same connection as the CRM. Facts that shaped it: a
//! missing task and one that is not for us are the same empty answer with HTTP 200; the bindings to the CRM come only to whoever
//! names them, and with no answer to a write; only a few fields can be filtered by, `XML_ID` not among them.

pub(super) mod fields;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::Bitrix24;
use super::asking::{body, malformed, member, request, server_now};
use super::catalogue::Catalogue;
use super::decode::{scalar, values};
use super::encode::{invalid, writing};
use super::listing::{Keys, PAGE, Position, start_of};
use super::narrow::{Whose, all_of, resolved};
use super::schema::described;
use crate::model::{Entity, FieldName, FieldState, Presence, Record, RecordId, Schema, Value};
use crate::remote::connection::Turn;
use crate::remote::system::Identity;
use crate::remote::{Changes, Fetched, Lane, Listing, RemoteError, System, WriteError};

/// What a configuration calls them.
pub(super) const NAME: &str = "task";
/// What people call them.
pub(super) const TITLE: &str = "Tasks";
/// Pages of our own newest tasks that are looked through for a marker.
const PROBED: usize = 10;
/// `find` gives no more than this.
const MOST_FOUND: usize = 100;

/// How tasks are filtered, ordered and shown.
const KEYS: Keys = Keys { id: "ID", time: "CHANGED_DATE", row_time: "changedDate" };

/// Whether an entity are the portal's tasks.
pub(super) fn is_meant(entity: &Entity) -> bool {
    entity.name == NAME
}

impl Bitrix24 {
    async fn task_catalogue(&self, lane: Lane) -> Result<Arc<Catalogue>, RemoteError> {
        let known = self.memory().catalogues.get(NAME).cloned();
        match known {
            Some(known) => Ok(known),
            None => self.ask_task_catalogue(lane).await,
        }
    }

    pub(super) async fn ask_task_catalogue(&self, lane: Lane) -> Result<Arc<Catalogue>, RemoteError> {
        let result = self.ask(lane, "tasks.task.getFields", &json!({})).await?;
        let found = Arc::new(fields::catalogue(&result["fields"]));
        self.memory().catalogues.insert(NAME, Arc::clone(&found));
        Ok(found)
    }

    /// The fields of a task, fresh.
    pub(super) async fn task_schema(&self, entity: &Entity) -> Result<Schema, RemoteError> {
        let catalogue = self.ask_task_catalogue(Lane::Probe).await?;
        resolved(entity, &catalogue, Whose::Tasks)?;
        Ok(described(TITLE, &catalogue, &BTreeMap::new()))
    }

    pub(super) async fn list_tasks(&self, listing: &Listing<'_>, position: Position) -> Result<Changes, RemoteError> {
        let mut turn = self.connection.turn(listing.lane);
        let ours = resolved(listing.entity, &*self.task_catalogue(turn.beside()).await?, Whose::Tasks)?;
        let (filter, order) = (all_of(ours, &position.filter(&KEYS)), position.order(&KEYS));
        let (tasks, server_now, total) =
            self.task_page(&mut turn, listing.entity, filter, order, start_of(listing)).await?;
        let rows: Vec<&Json> = tasks.iter().collect();
        let next = position.after(&rows, &KEYS).map(|next| next.token());
        let records = self.task_records(turn.beside(), listing.entity, &tasks).await?;
        Ok(Changes { records, next, server_now, total })
    }

    async fn task_page(
        &self,
        turn: &mut Turn<'_>,
        entity: &Entity,
        filter: Json,
        order: Json,
        start: i64,
    ) -> Result<(Vec<Json>, Option<Timestamp>, Option<u64>), RemoteError> {
        let catalogue = self.task_catalogue(turn.beside()).await?;
        let select = fields::select(entity, &catalogue);
        let asked = json!({"select": select, "filter": filter, "order": order, "start": start});
        let response = self.connection.read(turn.take(), request("tasks.task.list", &asked)).await?;
        let body = body(&response)?;
        let total = body.counted(start);
        let mut result = body.result;
        let tasks = member(&mut result, "tasks");
        if !tasks.is_array() && !tasks.is_object() {
            return Err(malformed("a list without tasks"));
        }
        Ok((values(tasks), server_now(&response), total))
    }

    async fn task_records(&self, lane: Lane, entity: &Entity, tasks: &[Json]) -> Result<Vec<Record>, RemoteError> {
        let catalogue = self.task_catalogue(lane).await?;
        let me = self.memory().me.clone();
        tasks.iter().map(|task| fields::record(task, entity, &catalogue, me.as_deref())).collect()
    }

    pub(super) async fn get_tasks(
        &self,
        entity: &Entity,
        ids: &[RecordId],
        lane: Lane,
    ) -> Result<Vec<(RecordId, Fetched)>, RemoteError> {
        let mut turn = self.connection.turn(lane);
        let catalogue = self.task_catalogue(turn.beside()).await?;
        let select = fields::select(entity, &catalogue);
        let numbers: Vec<u64> = ids.iter().filter_map(|id| id.as_str().parse().ok()).collect();
        let mut found: BTreeMap<String, Record> = BTreeMap::new();
        let mut tasks: Vec<Json> = Vec::new();
        let mut singly: Vec<u64> = Vec::new();
        for some in numbers.chunks(PAGE) {
            if let [one] = some {
                singly.push(*one);
                continue;
            }
            let command = |id: &u64| (format!("k{id}"), Json::String(fields::get_command(*id, &select)));
            let commands: Map<String, Json> = some.iter().map(command).collect();
            let mut result = self.ask(turn.take(), "batch", &json!({"halt": 0, "cmd": commands})).await?;
            let mut answers = member(&mut result, "result");
            for id in some {
                // An empty answer says that the task is not there. No answer says that it was not asked for, or was refused
                // for a reason of its own: then a read of its own tells.
                match answers.get_mut(format!("k{id}")).map(Json::take) {
                    Some(mut answer) => tasks.push(member(&mut answer, "task")),
                    None => singly.push(*id),
                }
            }
        }
        for id in singly {
            let mut result = self.ask(turn.take(), "tasks.task.get", &fields::get_params(id, &select)).await?;
            tasks.push(member(&mut result, "task"));
        }
        tasks.retain(Json::is_object);
        for record in self.task_records(turn.beside(), entity, &tasks).await? {
            found.insert(record.id.0.clone(), record);
        }
        self.mark_tasks_outside(&mut turn, entity, &mut found).await?;
        let fetched = |id: &RecordId| found.get(id.as_str()).map_or(Fetched::Missing, |it| Fetched::Record(it.clone()));
        Ok(ids.iter().map(|id| (id.clone(), fetched(id))).collect())
    }

    /// Tells which of the tasks that were read by id are out of the pair's filter.
    async fn mark_tasks_outside(
        &self,
        turn: &mut Turn<'_>,
        entity: &Entity,
        found: &mut BTreeMap<String, Record>,
    ) -> Result<(), RemoteError> {
        if entity.filter.is_none() {
            return Ok(());
        }
        let catalogue = self.task_catalogue(turn.beside()).await?;
        let ids: Vec<String> = found.keys().cloned().collect();
        for some in ids.chunks(PAGE) {
            let filter = all_of(resolved(entity, &catalogue, Whose::Tasks)?, &json!({"ID": some}));
            let asked = json!({"select": ["ID"], "filter": filter, "order": {"ID": "asc"}, "start": -1});
            let result = self.ask(turn.beside(), "tasks.task.list", &asked).await?;
            let rows = super::decode::entries(&result["tasks"]);
            let inside: BTreeSet<String> = rows.into_iter().filter_map(|(_, row)| scalar(&row["id"])).collect();
            for id in some.iter().filter(|id| !inside.contains(*id)) {
                if let Some(record) = found.get_mut(id) {
                    record.presence = Presence::Outside;
                }
            }
        }
        Ok(())
    }

    /// Tasks with this marker among the newest that our account made: nothing else can be asked for.
    pub(super) async fn probe_tasks(&self, entity: &Entity, marker: &str) -> Result<Vec<Record>, RemoteError> {
        let me = self.task_author().await?;
        let mut turn = self.connection.turn(Lane::Probe);
        let mut found = Vec::new();
        let mut below = None;
        for _ in 0..PROBED {
            let mut filter = json!({"CREATED_BY": me});
            if let Some(below) = below {
                filter["<ID"] = json!(below);
            }
            let (tasks, ..) = self.task_page(&mut turn, entity, filter, json!({"ID": "desc"}), -1).await?;
            below = tasks.last().and_then(|task| scalar(&task["id"])?.parse::<u64>().ok());
            let full = tasks.len() >= PAGE;
            let ours: Vec<Json> =
                tasks.into_iter().filter(|task| fields::marker(task).as_deref() == Some(marker)).collect();
            found.extend(self.task_records(turn.beside(), entity, &ours).await?);
            if !full || below.is_none() {
                break;
            }
        }
        found.sort_by_key(|record| record.id.as_str().parse::<u64>().unwrap_or(u64::MAX));
        Ok(found)
    }

    pub(super) async fn find_tasks(
        &self,
        entity: &Entity,
        name: &FieldName,
        value: &Value,
        lane: Lane,
    ) -> Result<Vec<Record>, RemoteError> {
        let (Value::Text(title), "TITLE") = (value, name.as_str()) else {
            return Err(invalid(name, "a task is looked for by its title alone"));
        };
        let mut turn = self.connection.turn(lane);
        let mut reading = entity.clone();
        if !reading.fields.contains(name) {
            reading.fields.push(name.clone());
        }
        let (mut found, mut above) = (Vec::new(), 0);
        while found.len() < MOST_FOUND {
            // `%` and `_` in it find more than is meant; what is found is compared below.
            let ours = resolved(entity, &*self.task_catalogue(turn.beside()).await?, Whose::Tasks)?;
            let mut filter = Json::Object(ours);
            filter["TITLE"] = json!(title);
            filter[">ID"] = json!(above);
            let (tasks, ..) = self.task_page(&mut turn, &reading, filter, json!({"ID": "asc"}), -1).await?;
            let last = tasks.last().and_then(|task| scalar(&task["id"])?.parse::<u64>().ok());
            let mut records = self.task_records(turn.beside(), &reading, &tasks).await?;
            records.retain(|record| record.fields.get(name).and_then(FieldState::known) == Some(value));
            if !entity.fields.contains(name) {
                records.iter_mut().for_each(|record| drop(record.fields.remove(name)));
            }
            found.append(&mut records);
            match last {
                Some(last) if tasks.len() >= PAGE => above = last,
                _ => break,
            }
        }
        found.truncate(MOST_FOUND);
        Ok(found)
    }

    /// Our own account, in whose name tasks are made.
    async fn task_author(&self) -> Result<String, RemoteError> {
        let known = self.memory().me.clone();
        match known {
            Some(me) => Ok(me),
            None => self.identity().await.map(|Identity { user, .. }| user),
        }
    }

    pub(super) async fn create_task(
        &self,
        entity: &Entity,
        marker: &str,
        given: &BTreeMap<FieldName, Value>,
    ) -> Result<Record, WriteError> {
        let mut turn = self.connection.turn(Lane::Write);
        let catalogue = self.task_catalogue(turn.beside()).await.map_err(WriteError::NotDone)?;
        let given: BTreeMap<FieldName, Value> = given
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let writing = writing(&given, None, &catalogue, None).map_err(WriteError::NotDone)?;
        let mut fields = writing.legacy_fields();
        fields["XML_ID"] = json!(format!("{}{marker}", fields::MARKED));
        if fields.get("RESPONSIBLE_ID").is_none() {
            // Somebody is always responsible.
            fields["RESPONSIBLE_ID"] = json!(self.task_author().await.map_err(WriteError::NotDone)?);
        }
        let done = self.write(&mut turn, "tasks.task.add", &json!({"fields": fields})).await?;
        match self.written_task(entity, &catalogue, &given, done).await? {
            Some(record) => Ok(record),
            None => Err(WriteError::Unknown("Bitrix24 answered well, and shows no task".to_owned())),
        }
    }

    pub(super) async fn update_task(
        &self,
        entity: &Entity,
        before: &Record,
        given: &BTreeMap<FieldName, Value>,
        marker: Option<&str>,
    ) -> Result<Option<Record>, WriteError> {
        let mut turn = self.connection.turn(Lane::Write);
        let catalogue = self.task_catalogue(turn.beside()).await.map_err(WriteError::NotDone)?;
        let writing = writing(given, None, &catalogue, Some(&before.baggage)).map_err(WriteError::NotDone)?;
        let mut fields = writing.legacy_fields();
        if let Some(marker) = marker {
            fields["XML_ID"] = json!(format!("{}{marker}", fields::MARKED));
        }
        let asked = json!({"taskId": before.id.as_str(), "fields": fields});
        let done = self.write(&mut turn, "tasks.task.update", &asked).await?;
        self.written_task(entity, &catalogue, given, done).await
    }

    pub(super) async fn trash_task(&self, id: &RecordId) -> Result<(), WriteError> {
        let mut turn = self.connection.turn(Lane::Write);
        self.write(&mut turn, "tasks.task.delete", &json!({"taskId": id.as_str()})).await?;
        Ok(())
    }

    /// The task that a write answered with. Where it does not hold what was written, as no answer holds bindings, it is read
    /// back; what else it does not hold was not asked for.
    async fn written_task(
        &self,
        entity: &Entity,
        catalogue: &Catalogue,
        given: &BTreeMap<FieldName, Value>,
        mut done: Json,
    ) -> Result<Option<Record>, WriteError> {
        let task = member(&mut done, "task");
        let Some(id) = scalar(&task["id"]) else { return Ok(None) };
        let key = |name: &FieldName| catalogue.fields.get(name.as_str()).map(|field| field.key.as_str());
        let is_shown = |name: &FieldName| key(name).is_some_and(|key| task.get(key).is_some());
        if !given.keys().all(is_shown)
            && let Ok(mut read_back) = self.get_tasks(entity, &[RecordId(id)], Lane::Probe).await
            && let Some((_, Fetched::Record(record))) = read_back.pop()
        {
            return Ok(Some(record));
        }
        let me = self.memory().me.clone();
        let record = fields::record(&task, entity, catalogue, me.as_deref());
        let mut record = record.map_err(|unread| WriteError::Unknown(unread.message))?;
        record.fields.retain(|name, _| is_shown(name));
        Ok(Some(record))
    }
}
