//! The companies of a contact: the primary one under `COMPANY_ID`, the others behind it under `COMPANY_IDS`, which shows all.

use serde_json::{Value as Json, json};

use super::input::Input;
use super::schema::Entity;
use super::world::{Draft, Item, World};

const PRIMARY: &str = "COMPANY_ID";
const OTHERS: &str = "COMPANY_IDS";

/// The ids of all, the primary one first.
pub(super) fn all(item: &Item) -> Vec<String> {
    let of = |name: &str| item.values.get(name).and_then(Json::as_array).into_iter().flatten();
    of(PRIMARY).chain(of(OTHERS)).filter_map(Json::as_str).map(str::to_owned).collect()
}

/// Makes these the companies of an object that has its values in `put`; null for none.
fn keep(ids: &[String], mut put: impl FnMut(&str, Json)) {
    let others = ids.get(1..).unwrap_or_default();
    put(PRIMARY, ids.first().map_or(Json::Null, |id| json!([id])));
    put(OTHERS, if others.is_empty() { Json::Null } else { json!(others) });
}

/// Takes what was sent for either field: whoever writes the primary one alone takes the others away. Companies that there are
/// none of are left out; gives false if there were such.
pub(super) fn draft(world: &World, item: Option<&Item>, sent: &Input, by_person: bool, draft: &mut Draft) -> bool {
    let sent: Vec<String> = sent.texts().into_iter().filter(|id| !matches!(id.trim(), "" | "0")).collect();
    let is_there = |id: &&String| id.trim().parse().is_ok_and(|id| world.item(Entity::Company, id).is_some());
    let mut ids: Vec<String> = Vec::new();
    for id in sent.iter().filter(is_there) {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    // The same companies named by a person in another order are no edit.
    let held = item.map(all).unwrap_or_default();
    let same = held.len() == ids.len() && held.iter().all(|id| ids.contains(id));
    if !(by_person && same) {
        keep(&ids, |name, value| drop(draft.values.insert(name.to_owned(), value)));
    }
    sent.iter().all(|id| is_there(&id))
}

/// Takes a company out of an object that may have it; the next one is then the primary one.
pub(super) fn leave(item: &mut Item, company: u64) {
    let mut ids = all(item);
    ids.retain(|id| *id != company.to_string());
    set(item, &ids);
}

/// Makes a company one of an object's again, behind those that it has.
pub(super) fn rejoin(item: &mut Item, company: u64) {
    let mut ids = all(item);
    ids.push(company.to_string());
    set(item, &ids);
}

fn set(item: &mut Item, ids: &[String]) {
    keep(ids, |name, value| match value {
        Json::Null => drop(item.values.remove(name)),
        value => drop(item.values.insert(name.to_owned(), value)),
    });
}
