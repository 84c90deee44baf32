//! Tasks: another family of methods than the CRM's records, with other manners. What is written is called `TITLE`, what comes
//! back `title`; all scalars are texts; a missing task is an empty list with HTTP 200; errors have numbers in texts for codes.
//!
//! Chosen where the documentation is silent, the harder case for a client: an update sets a new modification time even when
//! nothing changed, an empty binding is `false`, and a binding to a record that is deleted stays.

mod door;
mod methods;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

pub(super) use methods::{call, methods};

use super::moment::{Clock, floor};
use super::offline::News;
use super::world::{Who, World};
use crate::standin::log::{Entry, Kind as Change};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Text,
    /// One of these: value and name.
    Choice(&'static [(&'static str, &'static str)]),
    User,
    Users,
    Moment,
    /// Records of the CRM, `D_1`.
    Bindings,
    /// What the portal keeps by itself.
    Own,
}

const YES_OR_NO: &[(&str, &str)] = &[("Y", "Yes"), ("N", "No")];
const STATUSES: &[(&str, &str)] =
    &[("2", "Pending"), ("3", "In Progress"), ("4", "Awaiting Control"), ("5", "Completed"), ("6", "Deferred")];

/// Name, title, type on the wire, what it holds.
const FIELDS: [(&str, &str, &str, Of); 23] = [
    ("ID", "ID", "integer", Of::Own),
    ("TITLE", "Title", "string", Of::Text),
    ("DESCRIPTION", "Description", "string", Of::Text),
    ("MARK", "Rating", "enum", Of::Choice(&[("N", "Negative"), ("P", "Positive")])),
    ("PRIORITY", "Priority", "enum", Of::Choice(&[("2", "High"), ("1", "Medium"), ("0", "Low")])),
    ("STATUS", "Status", "enum", Of::Choice(STATUSES)),
    ("TASK_CONTROL", "Accept work", "enum", Of::Choice(YES_OR_NO)),
    ("GROUP_ID", "Project", "integer", Of::Text),
    ("STAGE_ID", "Stage", "integer", Of::Own),
    ("CREATED_BY", "Creator", "integer", Of::User),
    ("CREATED_DATE", "", "datetime", Of::Own),
    ("RESPONSIBLE_ID", "Assignee", "integer", Of::User),
    ("ACCOMPLICES", "", "array", Of::Users),
    ("AUDITORS", "", "array", Of::Users),
    ("CHANGED_BY", "Changed by", "integer", Of::Own),
    ("CHANGED_DATE", "Change date", "datetime", Of::Own),
    ("CLOSED_BY", "Closed by", "integer", Of::Own),
    ("CLOSED_DATE", "Closing date", "datetime", Of::Own),
    ("DEADLINE", "Deadline", "datetime", Of::Moment),
    ("START_DATE_PLAN", "Planned start", "datetime", Of::Moment),
    ("END_DATE_PLAN", "Planned completion", "datetime", Of::Moment),
    ("XML_ID", "XML_ID", "string", Of::Text),
    ("UF_CRM_TASK", "CRM entities", "crm", Of::Bindings),
];

fn field(name: &str) -> Option<Of> {
    FIELDS.iter().find(|(of, ..)| *of == name).map(|(.., of)| *of)
}

/// One task.
#[derive(Debug, Clone, PartialEq)]
struct Task {
    id: u64,
    /// Plain values by upper-case name: texts, ids as texts, sorted lists; a moment in the server's zone.
    values: BTreeMap<String, Json>,
    created: Timestamp,
    changed: Timestamp,
    changed_by: u64,
    closed: Option<(Timestamp, u64)>,
}

impl Task {
    fn text(&self, name: &str) -> &str {
        self.values.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    /// The plain value of a field; null for none.
    fn plain(&self, name: &str, clock: Clock) -> Json {
        match name {
            "ID" => json!(self.id.to_string()),
            "STAGE_ID" => json!("0"),
            "CREATED_DATE" => json!(clock.show(self.created)),
            "CHANGED_DATE" => json!(clock.show(self.changed)),
            "CHANGED_BY" => json!(self.changed_by.to_string()),
            "CLOSED_DATE" => self.closed.map_or(Json::Null, |(at, _)| json!(clock.show(at))),
            "CLOSED_BY" => self.closed.map_or(Json::Null, |(_, by)| json!(by.to_string())),
            name => self.values.get(name).cloned().unwrap_or(Json::Null),
        }
    }
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Tasks {
    all: BTreeMap<u64, Task>,
    last: u64,
}

impl World {
    /// Makes a task of values that were checked.
    fn create_task(&mut self, now: Timestamp, who: &Who, set: BTreeMap<String, Json>) -> u64 {
        self.tasks.last += 1;
        let (id, second) = (self.tasks.last, floor(now));
        let me = json!(who.user.to_string());
        let mut values = BTreeMap::from([
            ("STATUS".to_owned(), json!("2")),
            ("PRIORITY".to_owned(), json!("1")),
            ("GROUP_ID".to_owned(), json!("0")),
            ("CREATED_BY".to_owned(), me),
        ]);
        values.extend(set);
        values.retain(|_, value| !value.is_null());
        let mut task = Task { id, values, created: second, changed: second, changed_by: who.user, closed: None };
        close(&mut task, second, who.user);
        self.note_task(now, who, Change::Created, id, "", Json::Null, Json::Null);
        for (name, value) in task.values.clone() {
            self.note_task(now, who, Change::Edited, id, &name, Json::Null, value);
        }
        self.tasks.all.insert(id, task);
        self.tell_task(now, id, "ADD", ["undefined".into(), json!({"ID": id.to_string()})]);
        id
    }

    /// Changes a task. Without `touch` nothing happens when nothing would change. Whether it was saved.
    fn save_task(&mut self, now: Timestamp, who: &Who, id: u64, set: BTreeMap<String, Json>, touch: bool) -> bool {
        let Some(old) = self.tasks.all.get(&id).cloned() else { return false };
        let mut new = old.clone();
        new.values.extend(set);
        new.values.retain(|_, value| !value.is_null());
        if new == old && !touch {
            return false;
        }
        (new.changed, new.changed_by) = (floor(now), who.user);
        close(&mut new, floor(now), who.user);
        let names: BTreeSet<&String> = old.values.keys().chain(new.values.keys()).collect();
        for name in names {
            let plain = |task: &Task| task.values.get(name).cloned().unwrap_or(Json::Null);
            if plain(&old) != plain(&new) {
                self.note_task(now, who, Change::Edited, id, name, plain(&old), plain(&new));
            }
        }
        self.tasks.all.insert(id, new);
        let known = || json!({"ID": id.to_string()});
        self.tell_task(now, id, "UPDATE", [known(), known()]);
        true
    }

    fn remove_task(&mut self, now: Timestamp, who: &Who, id: u64) -> bool {
        if self.tasks.all.remove(&id).is_none() {
            return false;
        }
        self.note_task(now, who, Change::Deleted, id, "", Json::Null, Json::Null);
        self.tell_task(now, id, "DELETE", [json!({"ID": id.to_string()}), "undefined".into()]);
        true
    }

    fn tell_task(&mut self, at: Timestamp, id: u64, what: &'static str, [before, after]: [Json; 2]) {
        if self.news_wanted {
            let data = json!({
                "FIELDS_BEFORE": before, "FIELDS_AFTER": after, "IS_ACCESSIBLE_BEFORE": "undefined",
                "IS_ACCESSIBLE_AFTER": "undefined",
            });
            self.news.push(News { at, event: format!("ONTASK{what}"), id, data });
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn note_task(&mut self, at: Timestamp, who: &Who, kind: Change, id: u64, field: &str, before: Json, after: Json) {
        let (entity, object, field) = ("task".to_owned(), id.to_string(), field.to_owned());
        let seq = self.log.len() as u64;
        self.log.push(Entry { seq, at, actor: who.actor.clone(), kind, entity, object, field, before, after });
    }
}

/// A task that is completed is closed by whoever did that; one that is taken up again is open.
fn close(task: &mut Task, now: Timestamp, by: u64) {
    match (task.text("STATUS") == "5", task.closed) {
        (true, None) => task.closed = Some((now, by)),
        (false, Some(_)) => task.closed = None,
        _ => {}
    }
}
