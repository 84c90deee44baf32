//! One write, from whichever door, as a draft of changes.

use super::accept::{Accepted, accept, contacts, settle_stage, settle_title};
use super::answer::ApiError;
use super::comms;
use super::employers;
use super::input::Input;
use super::schema::{Entity, Field, Kind};
use super::world::{Comm, Draft, Item, World};

/// Through which door a write comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// `crm.item.*`. With `keeps_cleared`, empty values of companies and empty lists of options change nothing; with
    /// `keeps_all`, no empty value does.
    Item { keeps_cleared: bool, keeps_all: bool },
    /// `crm.deal.*` and its kind.
    Legacy,
    /// A person at the screen: one plain value for a multifield, and nothing is dropped in silence.
    Person,
}

/// A draft, and what was not taken into it.
#[derive(Debug, Default)]
pub(super) struct Drafted {
    pub draft: Draft,
    /// Whether any known, writable field was named.
    pub any: bool,
    /// Fields whose value was dropped, with the reason.
    pub dropped: Vec<(String, &'static str)>,
}

/// Builds the draft for `item` (none for a new one) from fields and what was sent for them. `fm` is the map form of all
/// multifields, which only `crm.item.*` has.
pub(super) fn draft(
    world: &mut World,
    door: Door,
    entity: Entity,
    item: Option<&Item>,
    sent: &[(Field, &Input)],
    fm: Option<&Input>,
) -> Result<Drafted, ApiError> {
    let mut out = Drafted::default();
    let mut comms: Vec<Comm> = item.map(|item| item.comms.clone()).unwrap_or_default();
    for (field, input) in sent {
        out.any |= !field.read_only;
        match field.kind {
            Kind::Comm if door == Door::Person => {
                let value = input.texts().into_iter().next().unwrap_or_default();
                comms::apply_person(world, &mut comms, item, &field.name, value.trim())?;
            }
            Kind::Comm => comms::apply_legacy(world, &mut comms, &field.name, input)?,
            Kind::Contact | Kind::Contacts => {
                let links = contacts(world, input);
                if links.len() < input.texts().iter().filter(|id| *id != "0").count() {
                    out.dropped.push((field.name.clone(), "there is no such contact"));
                }
                // The same people named by a person in another order is no edit.
                let same = |old: &Item| {
                    old.links.len() == links.len()
                        && old.links.iter().all(|link| links.iter().any(|l| l.contact == link.contact))
                };
                if !(door == Door::Person && item.is_some_and(same)) {
                    out.draft.links = Some(kept_sorts(item, links));
                }
            }
            Kind::Company | Kind::Companies if entity == Entity::Contact => {
                if !employers::draft(world, item, input, door == Door::Person, &mut out.draft) {
                    out.dropped.push((field.name.clone(), "there is no such company"));
                }
            }
            _ => {
                if keeps(door, entity, item, field, input) {
                    continue;
                }
                if entity == Entity::Deal
                    && door != Door::Person
                    && item.is_some()
                    && world.locked.contains(&field.name)
                {
                    out.dropped.push((field.name.clone(), "the API's user has no right to edit it"));
                    continue;
                }
                match accept(world, field, input)? {
                    Accepted::Set(value) => drop(out.draft.values.insert(field.name.clone(), value)),
                    Accepted::Dropped(reason) => out.dropped.push((field.name.clone(), reason)),
                }
            }
        }
    }
    if let Some(fm) = fm {
        out.any = true;
        comms::apply_item(world, &mut comms, fm)?;
    }
    if item.map(|item| &item.comms) != Some(&comms) {
        out.draft.comms = Some(comms);
    }
    if entity == Entity::Deal {
        let may_move = item.is_none() || door != Door::Legacy;
        settle_stage(world, item, &mut out.draft, may_move).map_err(|label| {
            let code = if door == Door::Legacy { "ERROR_CORE" } else { "CRM_FIELD_ERROR_VALUE_NOT_VALID" };
            ApiError::bad(code, format!("Invalid value of the field \"{label}\""))
        })?;
    }
    if let Some(item) = item.filter(|_| entity == Entity::Deal) {
        world.check_required(door, item, &out.draft)?;
    }
    if let Some(item) = item {
        settle_title(entity, item.id, &mut out.draft);
    }
    Ok(out)
}

/// The known bug of `crm.item.update`: it takes no for an answer but not nothing.
fn keeps(door: Door, entity: Entity, item: Option<&Item>, field: &Field, input: &Input) -> bool {
    let several = field.is_user_field() && field.multiple;
    let (cleared, all) = match door {
        Door::Item { keeps_cleared, keeps_all } => (keeps_cleared, keeps_all),
        Door::Legacy | Door::Person => (false, false),
    };
    let nothing = input.texts().iter().all(String::is_empty);
    item.is_some()
        && ((cleared && input.texts().is_empty() && (entity == Entity::Company || several)) || (all && nothing))
}

/// Linking the same people in the same order again changes nothing, whatever their sorts are.
fn kept_sorts(item: Option<&Item>, links: Vec<super::world::Link>) -> Vec<super::world::Link> {
    let ids = |links: &[super::world::Link]| links.iter().map(|link| link.contact).collect::<Vec<_>>();
    match item {
        Some(item) if ids(&item.links) == ids(&links) => item.links.clone(),
        _ => links,
    }
}
