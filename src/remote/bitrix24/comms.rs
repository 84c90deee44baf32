//! Multifields and full names: one text of ours, several values of theirs. Pure.

use serde_json::{Value as Json, json};

use super::decode::entries;

/// One entry of `fm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comm {
    pub id: String,
    pub type_id: String,
    pub value_type: String,
    pub value: String,
}

/// The entries of an item, if its `fm` came at all.
pub(super) fn comms(item: &Json) -> Option<Vec<Comm>> {
    let fm = item.get("fm").filter(|fm| !fm.is_null())?;
    let row = |(_, row): (String, &Json)| {
        let text = |key: &str| match &row[key] {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Some(Comm {
            id: text("id")?,
            type_id: text("typeId")?,
            value_type: text("valueType").unwrap_or_default(),
            value: text("value").filter(|value| !value.is_empty())?,
        })
    };
    Some(entries(fm).into_iter().filter_map(row).collect())
}

/// The one that stands for the field: the first work entry, else the first.
pub(super) fn chosen<'a>(comms: &'a [Comm], type_id: &str) -> Option<&'a Comm> {
    let mut of_type = comms.iter().filter(|comm| comm.type_id == type_id);
    let first = of_type.clone().next();
    of_type.find(|comm| comm.value_type == "WORK").or(first)
}

/// What is to become of a multifield.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// This entry gets another value and keeps its type.
    Replace(Comm),
    /// A new entry, for work where its type knows that.
    Add { type_id: &'static str, value: String },
    /// This entry goes.
    Delete(Comm),
}

/// The change that makes the field read `wanted` (`None`: empty), if one is needed. Other entries are not touched: what
/// the update does not mention stays.
pub(super) fn change(comms: &[Comm], type_id: &'static str, wanted: Option<&str>) -> Option<Change> {
    match (chosen(comms, type_id), wanted) {
        (Some(comm), Some(wanted)) if comm.value == wanted => None,
        (Some(comm), Some(wanted)) => Some(Change::Replace(Comm { value: wanted.to_owned(), ..comm.clone() })),
        (Some(comm), None) => Some(Change::Delete(comm.clone())),
        (None, Some(wanted)) => Some(Change::Add { type_id, value: wanted.to_owned() }),
        (None, None) => None,
    }
}

impl Change {
    /// Key and row in the map form of `fm`: an id changes, `n…` adds, an empty value deletes.
    pub fn item_row(&self, number: usize) -> (String, Json) {
        match self {
            Change::Replace(comm) => {
                (comm.id.clone(), json!({"typeId": comm.type_id, "valueType": comm.value_type, "value": comm.value}))
            }
            Change::Delete(comm) => {
                (comm.id.clone(), json!({"typeId": comm.type_id, "valueType": comm.value_type, "value": ""}))
            }
            Change::Add { type_id, value } => {
                (format!("n{number}"), json!({"typeId": type_id, "valueType": added_type(type_id), "value": value}))
            }
        }
    }

    /// Field and row of the older methods.
    pub fn legacy_row(&self) -> (&str, Json) {
        match self {
            Change::Replace(comm) => {
                (&comm.type_id, json!({"ID": comm.id, "VALUE": comm.value, "VALUE_TYPE": comm.value_type}))
            }
            Change::Delete(comm) => (&comm.type_id, json!({"ID": comm.id, "DELETE": "Y"})),
            Change::Add { type_id, value } => (type_id, json!({"VALUE": value, "VALUE_TYPE": added_type(type_id)})),
        }
    }
}

/// The value type of a new entry. Messengers have their own names in place of work and home.
fn added_type(type_id: &str) -> &'static str {
    if type_id == "IM" { "OTHER" } else { "WORK" }
}

/// First and last name as one text.
pub(super) fn join(name: &str, last_name: &str) -> String {
    [name.trim(), last_name.trim()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// First and last name for a full name. Whichever half of the split before still stands is kept: nobody but the CRM
/// knows where a name of three words divides. Else the last word is the last name.
pub(super) fn split(full: &str, before: Option<(&str, &str)>) -> (String, String) {
    let full = full.trim();
    if let Some((name, last_name)) = before {
        let (name, last_name) = (name.trim(), last_name.trim());
        if join(name, last_name) == full {
            return (name.to_owned(), last_name.to_owned());
        }
        let rest = |rest: Option<&str>| {
            let divided = rest.filter(|rest| rest.ends_with(' ') || rest.starts_with(' '));
            divided.map(|rest| rest.trim().to_owned())
        };
        if !last_name.is_empty()
            && let Some(name) = rest(full.strip_suffix(last_name))
        {
            return (name, last_name.to_owned());
        }
        if !name.is_empty()
            && let Some(last_name) = rest(full.strip_prefix(name))
        {
            return (name.to_owned(), last_name);
        }
    }
    let (name, last_name) = full.rsplit_once(' ').unwrap_or((full, ""));
    (name.trim().to_owned(), last_name.to_owned())
}

/// Every way to divide a full name, for looking it up.
pub(super) fn splits(full: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = full.split_whitespace().collect();
    (0..=words.len()).map(|at| (words[..at].join(" "), words[at..].join(" "))).collect()
}

/// A filter for a full name, wherever it is divided.
pub(super) fn by_any_split(full: &str) -> Json {
    let mut any = serde_json::Map::new();
    any.insert("logic".into(), json!("OR"));
    for (number, (name, last_name)) in splits(full).into_iter().enumerate() {
        any.insert(number.to_string(), json!({"=name": name, "=lastName": last_name}));
    }
    json!({"0": any})
}
