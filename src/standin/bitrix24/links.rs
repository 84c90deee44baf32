//! `crm.deal.contact.*`: the table between deals and contacts.

use serde_json::{Value as Json, json};

use super::Call;
use super::answer::{Answer, ApiError};
use super::input::Input;
use super::legacy::find;
use super::schema::Entity;
use super::world::{Draft, Item, Link, World};

/// Answers one of the methods.
pub(super) fn call(call: &mut Call<'_>, verb: &str, params: &Input) -> Result<Answer, ApiError> {
    let deal = find(call.world, Entity::Deal, params)?;
    match verb {
        "items.get" => Ok(Answer::of(get(&deal))),
        "items.set" => {
            let items = params.get_any(&["items", "ITEMS"]).filter(|items| items.is_map());
            let items = items.ok_or_else(|| ApiError::bad("", "Parameter 'items' must be array."))?;
            let rows: Vec<&Input> = items.entries().iter().map(|(_, row)| row).collect();
            let links = read(call.world, &rows)?;
            store(call, &deal, links);
            Ok(Answer::of(json!(true)))
        }
        "items.delete" => {
            store(call, &deal, Vec::new());
            Ok(Answer::of(json!(true)))
        }
        "add" => {
            let row = fields(params)?;
            let mut links = deal.links.clone();
            let added = read(call.world, &[row])?;
            let Some(mut link) = added.first().copied() else { return Ok(Answer::of(json!(false))) };
            if links.iter().any(|old| old.contact == link.contact) {
                return Ok(Answer::of(json!(false)));
            }
            if row.get("SORT").is_none() {
                link.sort = links.iter().map(|old| old.sort).max().unwrap_or(0) + 10;
            }
            let at = if is_primary(row) { 0 } else { links.len() };
            links.insert(at, link);
            store(call, &deal, links);
            Ok(Answer::of(json!(true)))
        }
        "delete" => {
            let contact = contact_id(fields(params)?)?;
            let mut links = deal.links.clone();
            links.retain(|link| link.contact != contact);
            let found = links.len() < deal.links.len();
            store(call, &deal, links);
            Ok(Answer::of(json!(found)))
        }
        _ => Err(ApiError::no_method()),
    }
}

fn fields(params: &Input) -> Result<&Input, ApiError> {
    let fields = params.get_any(&["fields", "FIELDS"]).filter(|fields| fields.is_map());
    fields.ok_or_else(|| ApiError::bad("", "Parameter 'fields' must be array."))
}

fn get(deal: &Item) -> Json {
    let primary = deal.links.first().map(|link| link.contact);
    let mut links = deal.links.clone();
    links.sort_by_key(|link| link.sort);
    let row = |link: &Link| {
        let primary = if primary == Some(link.contact) { "Y" } else { "N" };
        json!({"CONTACT_ID": link.contact, "SORT": link.sort, "ROLE_ID": 0, "IS_PRIMARY": primary})
    };
    Json::Array(links.iter().map(row).collect())
}

fn is_primary(row: &Input) -> bool {
    row.get("IS_PRIMARY").and_then(Input::text).is_some_and(|text| text == "Y")
}

fn contact_id(row: &Input) -> Result<u64, ApiError> {
    let id = row.get("CONTACT_ID").and_then(Input::id);
    id.ok_or_else(|| ApiError::bad("", "The element 'CONTACT_ID' is not defined or invalid."))
}

/// Rows as links, the primary one first: the first that says so, else the first row. Unknown contacts are left out.
fn read(world: &World, rows: &[&Input]) -> Result<Vec<Link>, ApiError> {
    let mut links: Vec<Link> = Vec::new();
    let mut primary = None;
    for (index, row) in rows.iter().enumerate() {
        let contact = contact_id(row)?;
        if world.item(Entity::Contact, contact).is_none() || links.iter().any(|link| link.contact == contact) {
            continue;
        }
        if primary.is_none() && is_primary(row) {
            primary = Some(links.len());
        }
        let sort = row.get("SORT").and_then(Input::int).unwrap_or((index as i64 + 1) * 10);
        links.push(Link { contact, sort });
    }
    if let Some(index) = primary {
        let first = links.remove(index);
        links.insert(0, first);
    }
    Ok(links)
}

/// It is not documented whether these methods touch the deal's modification time, so a switch says it.
fn store(call: &mut Call<'_>, deal: &Item, links: Vec<Link>) {
    if call.config.link_methods_touch_deal {
        let draft = Draft { links: Some(links), ..Draft::default() };
        call.world.save(call.now, &call.who, Entity::Deal, deal.id, draft, false);
    } else {
        call.world.relink(call.now, &call.who, Entity::Deal, deal.id, links);
    }
}
