//! What people do to whole objects: merge them, take them out of the recycle bin, take an option out of a field.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::BitrixStandIn;
use super::employers;
use super::moment::floor;
use super::people::Refused;
use super::schema::{Entity, Kind};
use super::world::{Comm, Draft, Item, Link, Who, World};
use crate::standin::log::Kind as Change;

/// Days for which the recycle bin keeps an object.
const BIN_DAYS: i64 = 30;

/// A deleted object, and who was linked to it.
#[derive(Debug, Clone)]
pub(super) struct Binned {
    pub item: Item,
    pub at: Timestamp,
    /// The deals and leads whose contact it was, with the place it had there.
    pub holders: Vec<(Entity, u64, usize, Link)>,
    /// The objects whose company it was.
    pub members: Vec<(Entity, u64)>,
}

impl BitrixStandIn {
    /// A person merges two contacts, and one is left: deals of the loser point at the keeper (and keep their modification
    /// time, inferred), the loser's phones, e-mails and so on are added where the keeper has no equal one, the keeper's
    /// empty fields are filled, and the loser is deleted. The log tells each change as this person's.
    ///
    /// # Errors
    /// When the person or a contact does not exist, or both are the same.
    pub fn merge_contacts(&mut self, now: Timestamp, who: &str, keep: &str, lose: &str) -> Result<(), Refused> {
        let who = self.person(who)?;
        let now = self.tick(now);
        let (keep, lose) = (self.object(Entity::Contact, keep)?, self.object(Entity::Contact, lose)?);
        if keep.id == lose.id {
            let reason = "a contact cannot be merged with itself".into();
            return Err(Refused::BadValue { field: "ID".into(), reason });
        }
        self.world.merge(now, &who, &keep, &lose);
        Ok(())
    }

    /// A person takes an object out of the recycle bin, with its links to what is still there. Returns its id: a new one,
    /// unless [`super::Config::restore_keeps_id`]. The log tells a new object under a new id, a restored one under its
    /// own.
    ///
    /// # Errors
    /// When the person does not exist, or the object does not lie in the bin: it never was, was restored, or was deleted
    /// more than thirty days ago.
    pub fn person_restore(&mut self, now: Timestamp, who: &str, entity: Entity, id: &str) -> Result<String, Refused> {
        let who = self.person(who)?;
        let now = self.tick(now);
        let missing = || Refused::NoSuchObject(entity.name(), id.to_owned());
        let number: u64 = id.parse().map_err(|_| missing())?;
        let binned = self.world.bin.remove(&(entity, number)).ok_or_else(missing)?;
        if now.as_second() - binned.at.as_second() > BIN_DAYS * 86_400 {
            return Err(missing());
        }
        let keeps_id = self.config.restore_keeps_id;
        Ok(self.world.restore(now, &who, entity, binned, keeps_id).to_string())
    }

    /// A person takes an option out of an enumeration. Objects that held it lose it; the log tells that as this person's
    /// edits, but the objects keep their modification times (inferred). Writing the id afterwards is ignored in silence,
    /// as for every id that is no option.
    ///
    /// # Errors
    /// When there is no such person, field or option.
    pub fn delete_option(
        &mut self,
        now: Timestamp,
        who: &str,
        entity: Entity,
        field: &str,
        option: &str,
    ) -> Result<(), Refused> {
        let who = self.person(who)?;
        let now = self.tick(now);
        let of = self.world.field(entity, field).filter(|of| of.kind == Kind::Enumeration);
        let of = of.ok_or_else(|| Refused::NoSuchField(field.to_owned()))?;
        if !of.options.iter().any(|known| known.id.to_string() == option) {
            return Err(Refused::NoSuchObject("option", option.to_owned()));
        }
        self.world.take_option(now, &who, entity, field, option);
        Ok(())
    }
}

impl World {
    fn merge(&mut self, now: Timestamp, who: &Who, keep: &Item, lose: &Item) {
        let held = |item: &&Item| item.links.iter().any(|link| link.contact == lose.id);
        let of = |entity: Entity| self.all(entity).filter(held).map(move |item| (entity, item.clone()));
        let holders: Vec<(Entity, Item)> = [Entity::Deal, Entity::Lead].into_iter().flat_map(of).collect();
        for (entity, holder) in holders {
            let there = holder.links.iter().any(|link| link.contact == keep.id);
            let mut links = holder.links;
            for link in links.iter_mut().filter(|link| link.contact == lose.id && !there) {
                link.contact = keep.id;
            }
            links.retain(|link| link.contact != lose.id);
            self.relink(now, who, entity, holder.id, links);
        }
        let mut comms = keep.comms.clone();
        for comm in &lose.comms {
            if !comms.iter().any(|known| same(known, comm)) {
                comms.push(Comm { id: self.next_comm(), ..comm.clone() });
            }
        }
        let empty = |(name, _): &(&String, &Json)| !keep.values.contains_key(*name);
        let values: BTreeMap<String, Json> =
            lose.values.iter().filter(empty).map(|(name, value)| (name.clone(), value.clone())).collect();
        self.save(now, who, Entity::Contact, keep.id, Draft { values, links: None, comms: Some(comms) }, false);
        self.remove(now, who, Entity::Contact, lose.id);
    }

    fn restore(&mut self, now: Timestamp, who: &Who, entity: Entity, binned: Binned, keeps_id: bool) -> u64 {
        let was = binned.item;
        let mut item = was.clone();
        item.links.retain(|link| self.item(Entity::Contact, link.contact).is_some());
        let companies = employers::all(&item).into_iter().filter_map(|id| id.parse().ok());
        for gone in companies.filter(|id| self.item(Entity::Company, *id).is_none()) {
            employers::leave(&mut item, gone);
        }
        let id = self.revive(now, who, entity, was, item, keeps_id);
        for (of, holder, place, link) in binned.holders {
            let Some(mut links) = self.item(of, holder).map(|holder| holder.links.clone()) else { continue };
            links.insert(place.min(links.len()), Link { contact: id, ..link });
            self.relink(now, who, of, holder, links);
        }
        for (entity, member) in binned.members {
            self.rejoin(now, who, entity, member, id);
        }
        id
    }

    /// Puts an object back that was deleted, under its old id or a new one, which is returned.
    fn revive(&mut self, now: Timestamp, who: &Who, entity: Entity, was: Item, item: Item, keeps_id: bool) -> u64 {
        let mut item = Item { updated: floor(now), updated_by: who.user, ..item };
        if keeps_id {
            let id = item.id;
            self.remember(now, entity, id);
            self.note(now, who, Change::Restored, entity, id, "", Json::Null, Json::Null);
            self.put(now, who, entity, &was, item);
            return id;
        }
        item.id = self.next_id(entity);
        let id = item.id;
        self.appear(now, who, entity, item);
        id
    }

    /// Makes a company somebody's company again, without that one being saved.
    fn rejoin(&mut self, now: Timestamp, who: &Who, entity: Entity, id: u64, company: u64) {
        let Some(old) = self.item(entity, id).cloned() else { return };
        let mut new = old.clone();
        if entity == Entity::Contact || employers::all(&new).is_empty() {
            employers::rejoin(&mut new, company);
        }
        self.put(now, who, entity, &old, new);
    }

    /// Takes an option out of a field and out of what holds it, which is not saved by that.
    fn take_option(&mut self, now: Timestamp, who: &Who, entity: Entity, field: &str, option: &str) {
        let fields = self.fields.entry(entity).or_default();
        if let Some(of) = fields.iter_mut().find(|of| of.name == field) {
            of.options.retain(|known| known.id.to_string() != option);
        }
        let holders: Vec<Item> = self.all(entity).filter(|item| item.values.contains_key(field)).cloned().collect();
        for old in holders {
            let mut new = old.clone();
            let left = match new.values.get(field) {
                Some(Json::Array(several)) => several.iter().filter(|id| *id != option).cloned().collect(),
                Some(one) if one == option => json!([]),
                _ => continue,
            };
            if left == json!([]) {
                new.values.remove(field);
            } else {
                new.values.insert(field.to_owned(), left);
            }
            self.put(now, who, entity, &old, new);
        }
    }

    /// Everything that points at an object that is about to be deleted.
    pub(super) fn binned(&self, now: Timestamp, entity: Entity, item: &Item) -> Binned {
        let mut binned = Binned { item: item.clone(), at: now, holders: Vec::new(), members: Vec::new() };
        let own = item.id.to_string();
        match entity {
            Entity::Contact => {
                for of in [Entity::Deal, Entity::Lead] {
                    for holder in self.all(of) {
                        let place = holder.links.iter().position(|link| link.contact == item.id);
                        binned.holders.extend(place.map(|place| (of, holder.id, place, holder.links[place])));
                    }
                }
            }
            Entity::Company => {
                for of in Entity::ALL {
                    let members = self.all(of).filter(|member| employers::all(member).contains(&own));
                    binned.members.extend(members.map(|member| (of, member.id)));
                }
            }
            Entity::Deal | Entity::Lead => {}
        }
        binned
    }
}

/// Whether two values of multifields mean the same: phones by their digits, the rest without regard to case.
fn same(a: &Comm, b: &Comm) -> bool {
    let key = |comm: &Comm| match comm.type_id.as_str() {
        "PHONE" => comm.value.chars().filter(char::is_ascii_digit).collect(),
        _ => comm.value.to_lowercase(),
    };
    a.type_id == b.type_id && key(a) == key(b)
}
