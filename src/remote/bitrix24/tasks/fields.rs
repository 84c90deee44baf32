//! The fields of a task, and a task as a record. Pure.
//!
//! Fields are asked for and written by upper-case names (`RESPONSIBLE_ID`) and come back in camel case (`responsibleId`).
//! Bindings to records of the CRM are one list (`UF_CRM_TASK`: `D_7`, `CO_3`), of which each kind is a field here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::model::{Entity, FieldName, FieldState, OptionInfo, Presence, Record, RecordId};
use crate::remote::bitrix24::catalogue::{Catalogue, Field, Shape};
use crate::remote::bitrix24::decode::{editor, entries, moment, scalar, value};
use crate::remote::bitrix24::support::{self, Row};
use crate::remote::connection::error;
use crate::remote::{RemoteError, RemoteErrorKind};

/// The one list of all bindings.
pub(in crate::remote::bitrix24) const BINDINGS: &str = "UF_CRM_TASK";
/// Its name in answers.
pub(in crate::remote::bitrix24) const BOUND: &str = "ufCrmTask";
/// Each kind of binding: our name of the field, the prefix of its elements, the entity, the label.
const KINDS: [(&str, &str, &str, &str); 4] = [
    ("UF_CRM_TASK.DEAL", "D", "deal", "CRM: deals"),
    ("UF_CRM_TASK.CONTACT", "C", "contact", "CRM: contacts"),
    ("UF_CRM_TASK.COMPANY", "CO", "company", "CRM: companies"),
    ("UF_CRM_TASK.LEAD", "L", "lead", "CRM: leads"),
];
/// A task has no place for another program's key but this one, which others may use too: so ours is told by its beginning.
pub(super) const MARKED: &str = "crosstie:";
/// What every reading asks for.
const ALWAYS: [&str; 5] = ["ID", "CREATED_DATE", "CHANGED_DATE", "CHANGED_BY", "XML_ID"];

/// What `tasks.task.getFields` said, with a field for each kind of binding.
pub(in crate::remote::bitrix24) fn catalogue(fields: &Json) -> Catalogue {
    let mut all = BTreeMap::new();
    for (name, meta) in entries(fields).into_iter().filter(|(_, meta)| meta.is_object()) {
        let wire_type = meta["type"].as_str().unwrap_or_default();
        if name == BINDINGS {
            all.extend(KINDS.map(|(name, prefix, target, label)| {
                let row = support::named("crm: UF_CRM_TASK of a task");
                let field = field((BOUND.to_owned(), label), wire_type, row, meta);
                let field = Field { shape: Shape::Binding(prefix), target: Some(target), multiple: true, ..field };
                (name.to_owned(), field)
            }));
            continue;
        }
        let row = row(&name, wire_type);
        let label = meta["title"].as_str().filter(|title| !title.is_empty()).unwrap_or(&name);
        let mut field = field((camel(&name), label), wire_type, row, meta);
        field.multiple = matches!(name.as_str(), "ACCOMPLICES" | "AUDITORS");
        field.read_only |= row.row.native == "datetime" && name != "DEADLINE";
        all.insert(name, field);
    }
    Catalogue { fields: all, currency: None }
}

fn field((key, label): (String, &str), wire_type: &str, row: &'static Row, meta: &Json) -> Field {
    let option = |(id, label): (String, &Json)| Some(OptionInfo { id, label: scalar(label)?, stable: None });
    Field {
        key,
        label: label.to_owned(),
        wire_type: wire_type.to_owned(),
        shape: row.shape,
        row,
        target: None,
        multiple: false,
        read_only: !row.row.is_writable(),
        dictionary: None,
        options: entries(&meta["values"]).into_iter().filter_map(option).collect(),
    }
}

/// The row of the table that describes a field. Of a user field the portal does not tell whether it holds several values.
fn row(name: &str, wire_type: &str) -> &'static Row {
    support::named(match (name, wire_type) {
        ("TITLE", _) => "string: TITLE of a task",
        ("DESCRIPTION", _) => "string: DESCRIPTION of a task",
        ("STATUS" | "PRIORITY", _) => "enum: STATUS, PRIORITY of a task",
        ("RESPONSIBLE_ID", _) => "integer: RESPONSIBLE_ID of a task",
        ("CREATED_BY" | "CHANGED_BY" | "CLOSED_BY" | "STATUS_CHANGED_BY", _) => "integer: CREATED_BY of a task",
        ("ACCOMPLICES" | "AUDITORS", _) => "array: ACCOMPLICES, AUDITORS of a task",
        ("START_DATE_PLAN" | "END_DATE_PLAN", _) => "datetime: START_DATE_PLAN, END_DATE_PLAN of a task",
        (name, "datetime") if !name.starts_with("UF_") => "datetime",
        _ => support::OTHER,
    })
}

/// `RESPONSIBLE_ID` → `responsibleId`.
fn camel(name: &str) -> String {
    let mut out = String::new();
    for (index, word) in name.to_lowercase().split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if index > 0 => out.extend(first.to_uppercase().chain(letters)),
            Some(first) => out.extend(std::iter::once(first).chain(letters)),
            None => {}
        }
    }
    out
}

/// The names to ask for.
pub(super) fn select(entity: &Entity, catalogue: &Catalogue) -> Vec<String> {
    let mut names: BTreeSet<&str> = ALWAYS.into();
    for (name, field) in entity.fields.iter().filter_map(|name| Some((name, catalogue.fields.get(name.as_str())?))) {
        names.insert(if matches!(field.shape, Shape::Binding(_)) { BINDINGS } else { name.as_str() });
    }
    names.into_iter().map(str::to_owned).collect()
}

/// A task as a record.
///
/// # Errors
/// [`RemoteErrorKind::Malformed`] for a task without an id.
pub(super) fn record(
    task: &Json,
    entity: &Entity,
    catalogue: &Catalogue,
    me: Option<&str>,
) -> Result<Record, RemoteError> {
    let id = scalar(&task["id"]).ok_or_else(|| error(RemoteErrorKind::Malformed, "", "a task without an id"))?;
    let stamp = |key: &str| task[key].as_str().and_then(moment);
    let fields = entity.fields.iter().map(|name| (name.clone(), state(task, name, catalogue)));
    let mut baggage = Map::new();
    if let Some(bound) = task.get(BOUND) {
        baggage.insert(BOUND.to_owned(), bound.clone());
    }
    Ok(Record {
        id: RecordId(id),
        fields: fields.collect(),
        presence: Presence::Present,
        created_at: stamp("createdDate"),
        edited_at: stamp("changedDate"),
        marker: marker(task),
        misfits: entity.fields.iter().any(|name| !catalogue.fields.contains_key(name.as_str())),
        edited_by_us: me.is_some() && scalar(&task["changedBy"]).as_deref() == me,
        edited_by: editor(&task["changedBy"]),
        baggage: Json::Object(baggage),
    })
}

/// The page that a task was made for.
pub(super) fn marker(task: &Json) -> Option<String> {
    task["xmlId"].as_str()?.strip_prefix(MARKED).map(str::to_owned)
}

fn state(task: &Json, name: &FieldName, catalogue: &Catalogue) -> FieldState {
    let Some(field) = catalogue.fields.get(name.as_str()) else {
        return FieldState::Unknown(format!("a task of this portal has no field {name}"));
    };
    let read = task.get(&field.key).ok_or("the answer does not hold it").and_then(|json| value(field, json));
    read.map_or_else(|why| FieldState::Unknown(why.to_owned()), FieldState::Known)
}

/// The list of all bindings, where those of one kind become `ids`: whoever was bound keeps the place, newcomers follow, and
/// other kinds stay.
pub(in crate::remote::bitrix24) fn bind(bound: &[String], prefix: &str, ids: &BTreeSet<String>) -> Vec<String> {
    let id = |element: &str| {
        let (kind, id) = element.split_once('_')?;
        (kind == prefix).then(|| id.to_owned())
    };
    let mut list: Vec<String> =
        bound.iter().filter(|element| id(element).is_none_or(|id| ids.contains(&id))).cloned().collect();
    let known: BTreeSet<String> = list.iter().filter_map(|element| id(element)).collect();
    list.extend(ids.difference(&known).map(|id| format!("{prefix}_{id}")));
    list
}

/// The bindings that a record was read with.
pub(in crate::remote::bitrix24) fn bound(baggage: &Json) -> Option<Vec<String>> {
    let list = baggage.get(BOUND)?;
    Some(entries(list).into_iter().filter_map(|(_, element)| scalar(element)).collect())
}

/// What a batch is told to read one task.
pub(super) fn get_command(id: u64, select: &[String]) -> String {
    let names = select.iter().map(|name| format!("&select[]={name}"));
    format!("tasks.task.get?taskId={id}{}", names.collect::<String>())
}

/// What reads one task.
pub(super) fn get_params(id: u64, select: &[String]) -> Json {
    json!({"taskId": id, "select": select})
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn bindings_of_one_kind_change_and_all_others_keep_their_place() {
        let before = ["C_7", "D_1", "CO_1", "D_2", "T88_3"].map(str::to_owned);
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(bind(&before, "D", &ids(&["2", "9"])), ["C_7", "CO_1", "D_2", "T88_3", "D_9"]);
        assert_eq!(bind(&before, "C", &ids(&[])), ["D_1", "CO_1", "D_2", "T88_3"], "CO is no C");
        assert_eq!(bind(&[], "L", &ids(&["4"])), ["L_4"]);
    }

    #[test]
    fn names_come_back_in_camel_case() {
        for (name, key) in [("ID", "id"), ("RESPONSIBLE_ID", "responsibleId"), ("UF_CRM_TASK", BOUND)] {
            assert_eq!(camel(name), key);
        }
    }

    #[test]
    fn a_marker_is_ours_by_its_beginning() {
        assert_eq!(marker(&json!({"xmlId": "crosstie:page"})).as_deref(), Some("page"));
        for foreign in [json!({"xmlId": "outlook-7"}), json!({"xmlId": null}), json!({})] {
            assert_eq!(marker(&foreign), None);
        }
    }
}
