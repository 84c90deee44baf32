//! Multifields: phones, e-mails, sites, messengers, each value with an id of its own.

use serde_json::{Value as Json, json};

use super::answer::ApiError;
use super::input::Input;
use super::world::{Comm, Item, World};

const TYPES: [&str; 4] = ["PHONE", "EMAIL", "WEB", "IM"];

/// The legacy `PHONE: [{ID, VALUE_TYPE, VALUE, TYPE_ID}]`; none when there is no value, for then the key is absent.
pub(super) fn legacy_json(item: &Item, type_id: &str) -> Option<Json> {
    let row = |comm: &Comm| {
        json!({
            "ID": comm.id.to_string(), "VALUE_TYPE": comm.value_type, "VALUE": comm.value, "TYPE_ID": comm.type_id,
        })
    };
    let rows: Vec<Json> = item.comms_of(type_id).map(row).collect();
    (!rows.is_empty()).then_some(Json::Array(rows))
}

/// The `fm: [{id, typeId, valueType, value}]` of `crm.item.*`.
pub(super) fn item_json(item: &Item) -> Json {
    let row =
        |comm: &Comm| json!({"id": comm.id, "typeId": comm.type_id, "valueType": comm.value_type, "value": comm.value});
    Json::Array(item.comms.iter().map(row).collect())
}

/// A legacy write of one multifield: an `ID` changes that value (or deletes it: `DELETE`, an empty or no `VALUE`), a row
/// without one appends, and whatever is not mentioned stays.
pub(super) fn apply_legacy(
    world: &mut World,
    comms: &mut Vec<Comm>,
    type_id: &str,
    input: &Input,
) -> Result<(), ApiError> {
    for (_, row) in input.entries() {
        let text = |key: &str| row.get(key).and_then(Input::text).unwrap_or_default();
        let deleted = text("DELETE") == "Y";
        let value = if deleted { String::new() } else { text("VALUE") };
        change(world, comms, row.get("ID").and_then(Input::id), type_id, &text("VALUE_TYPE"), value)?;
    }
    Ok(())
}

/// The map form of `fm`: a numeric key changes that value (an empty one deletes it), any other key adds.
pub(super) fn apply_item(world: &mut World, comms: &mut Vec<Comm>, input: &Input) -> Result<(), ApiError> {
    for (key, row) in input.entries() {
        let text = |key: &str| row.get(key).and_then(Input::text).unwrap_or_default();
        let id = key.parse().ok().filter(|id| comms.iter().any(|comm| comm.id == *id));
        // A list has keys 0, 1, 2, which are nobody's ids: its rows are added, like n0, n1, n2.
        let stray = key.parse::<u64>().is_ok_and(|n| n > 100) && id.is_none();
        if !stray {
            change(world, comms, id, &text("typeId"), &text("valueType"), text("value"))?;
        }
    }
    Ok(())
}

/// What a person does at the screen: changes the value that is shown first, adds one, or clears all of that type.
pub(super) fn apply_person(
    world: &mut World,
    comms: &mut Vec<Comm>,
    item: Option<&Item>,
    type_id: &str,
    value: &str,
) -> Result<(), ApiError> {
    if value.is_empty() {
        comms.retain(|comm| comm.type_id != type_id);
        return Ok(());
    }
    let first = item.and_then(|item| item.first_comm(type_id)).map(|comm| comm.id);
    change(world, comms, first, type_id, "", value.to_owned())
}

fn change(
    world: &mut World,
    comms: &mut Vec<Comm>,
    id: Option<u64>,
    type_id: &str,
    value_type: &str,
    value: String,
) -> Result<(), ApiError> {
    if !TYPES.contains(&type_id) && id.is_none() {
        return Ok(());
    }
    let known = id.and_then(|id| comms.iter().position(|comm| comm.id == id));
    let value = value.trim().to_owned();
    match known {
        Some(index) if value.is_empty() => drop(comms.remove(index)),
        Some(index) => {
            let kind = comms[index].type_id.clone();
            let kept = comms[index].value_type.clone();
            let value_type = if value_type.is_empty() { kept } else { checked_type(&kind, value_type) };
            check(&kind, &value_type, &value)?;
            comms[index].value_type = value_type;
            comms[index].value = value;
        }
        None if value.is_empty() || id.is_some() => {}
        None => {
            let value_type = checked_type(type_id, value_type);
            check(type_id, &value_type, &value)?;
            let id = world.next_comm();
            comms.push(Comm { id, type_id: type_id.to_owned(), value_type, value });
        }
    }
    Ok(())
}

/// A value type that the portal does not know becomes WORK.
fn checked_type(type_id: &str, value_type: &str) -> String {
    let known: &[&str] = match type_id {
        "PHONE" => &["WORK", "MOBILE", "FAX", "HOME", "PAGER", "MAILING", "OTHER"],
        "EMAIL" => &["WORK", "HOME", "MAILING", "OTHER"],
        _ => return if value_type.is_empty() { "WORK".into() } else { value_type.to_owned() },
    };
    if known.contains(&value_type) { value_type.to_owned() } else { "WORK".into() }
}

fn check(type_id: &str, value_type: &str, value: &str) -> Result<(), ApiError> {
    if type_id != "EMAIL" || is_email(value) {
        return Ok(());
    }
    let mut label = value_type.to_lowercase();
    label[..1].make_ascii_uppercase();
    Err(ApiError::bad("ERROR_CORE", format!("The field {label} e-mail contains an invalid address")))
}

fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.split_once('@') else { return false };
    let labels: Vec<&str> = domain.split('.').collect();
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !local.is_empty()
        && !local.chars().any(|c| c.is_whitespace() || "<>()[],;:\\\"".contains(c))
        && labels.len() > 1
        && labels.iter().all(|label| !label.is_empty() && label.chars().all(fine))
}
