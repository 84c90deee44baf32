//! The portal as its people use it, and as a test builds it: no secret, no limits, no wire.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::BitrixStandIn;
use super::dictionary::{Person, Pipeline, Stage};
use super::draft::{Door, Drafted, draft};
use super::input::Input;
use super::schema::{Entity, Field, UserFieldType};
use super::world::{Item, Who, World};
use crate::standin::log::Actor;

/// Why the screen would not let a person do that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody of that name works here.
    #[error("there is no person named {0:?}")]
    NoSuchPerson(String),
    /// It is not there, or no longer.
    #[error("there is no {0} {1:?}")]
    NoSuchObject(&'static str, String),
    /// The entity has no such field that people can edit.
    #[error("there is no field {0:?}")]
    NoSuchField(String),
    /// The value does not fit the field.
    #[error("{field}: {reason}")]
    BadValue {
        /// The field's upper-case name.
        field: String,
        /// What is wrong with the value.
        reason: String,
    },
}

impl BitrixStandIn {
    /// A person changes fields of an object, given as plain values by upper-case name, null to clear. All or nothing;
    /// equal values change nothing, not even the modification time. Returns whether anything was saved.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was changed.
    pub fn person_edit(
        &mut self,
        now: Timestamp,
        who: &str,
        entity: Entity,
        id: &str,
        set: &[(&str, Json)],
    ) -> Result<bool, Refused> {
        let who = self.person(who)?;
        let now = self.tick(now);
        let item = self.object(entity, id)?;
        let made = self.drafted(entity, Some(&item), set)?;
        Ok(self.world.save(now, &who, entity, item.id, made.draft, false))
    }

    /// A person makes an object. Returns its id.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was made.
    pub fn person_create(
        &mut self,
        now: Timestamp,
        who: &str,
        entity: Entity,
        set: &[(&str, Json)],
    ) -> Result<String, Refused> {
        let who = self.person(who)?;
        let now = self.tick(now);
        let made = self.drafted(entity, None, set)?;
        Ok(self.world.create(now, &who, entity, made.draft).to_string())
    }

    /// A person deletes an object.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was deleted.
    pub fn person_delete(&mut self, now: Timestamp, who: &str, entity: Entity, id: &str) -> Result<(), Refused> {
        let who = self.person(who)?;
        let now = self.tick(now);
        let item = self.object(entity, id)?;
        self.world.remove(now, &who, entity, item.id);
        Ok(())
    }

    /// Adds a user of the portal. Returns the user id.
    pub fn add_person(&mut self, name: &str, email: &str) -> u64 {
        let id = self.world.people.iter().map(|person| person.id).max().unwrap_or(0) + 1;
        self.world.people.push(Person { id, name: name.into(), email: email.into(), active: true });
        id
    }

    /// Dismisses or takes back a user; false if there is none of that id.
    pub fn set_person_active(&mut self, id: u64, active: bool) -> bool {
        let person = self.world.people.iter_mut().find(|person| person.id == id);
        person.map(|person| person.active = active).is_some()
    }

    /// Adds a `UF_CRM_*` field. Options are for enumerations; [`Self::options`] tells their ids.
    pub fn add_user_field(&mut self, entity: Entity, name: &str, of: UserFieldType, options: &[&str]) {
        self.world.add_user_field(entity, name, of, options);
    }

    /// Somebody deletes a user field, and with it what every object held in it; no object counts as edited. Whether there
    /// was one.
    pub fn remove_user_field(&mut self, entity: Entity, name: &str) -> bool {
        self.world.remove_user_field(entity, name)
    }

    /// Adds a pipeline with stages (code without prefix, name, semantics `P`, `S` or `F`). Returns its id.
    pub fn add_pipeline(&mut self, name: &str, stages: &[(&str, &str, char)]) -> u64 {
        let id = self.world.pipelines.iter().map(|p| p.id).max().unwrap_or(0) + 1;
        let stage = |(code, name, semantics): &(&str, &str, char)| Stage {
            id: format!("C{id}:{code}"),
            name: (*name).into(),
            semantics: *semantics,
        };
        self.world.pipelines.push(Pipeline { id, name: name.into(), stages: stages.iter().map(stage).collect() });
        id
    }

    /// Adds a company, made by the integration user at the screen. Returns its id.
    pub fn add_company(&mut self, title: &str) -> String {
        let owner = self.world.people.first().map(|person| person.name.clone()).unwrap_or_default();
        let who = Who { actor: Actor::Person(owner), user: self.config.user_id };
        let mut made = super::world::Draft::default();
        made.values.insert("TITLE".into(), Json::from(title));
        self.world.create(self.latest, &who, Entity::Company, made).to_string()
    }

    /// Gives a deal product rows of that sum, or takes them away. From the next save on the portal computes
    /// `OPPORTUNITY` unless `IS_MANUAL_OPPORTUNITY` is `Y`. False if there is no such deal.
    pub fn set_product_sum(&mut self, deal: &str, sum: Option<Decimal>) -> bool {
        deal.parse().is_ok_and(|id| self.world.set_products(id, sum))
    }

    /// The users, the integration user first.
    pub fn people(&self) -> &[Person] {
        &self.world.people
    }

    /// The pipelines and their stages.
    pub fn pipelines(&self) -> &[Pipeline] {
        &self.world.pipelines
    }

    /// The options of an enumeration: id and label, in order.
    pub fn options(&self, entity: Entity, field: &str) -> Vec<(String, String)> {
        let options = self.world.field(entity, field).map(|field| field.options.as_slice()).unwrap_or_default();
        options.iter().map(|option| (option.id.to_string(), option.value.clone())).collect()
    }

    /// The ids of all live objects, in the order in which they were made.
    pub fn live_ids(&self, entity: Entity) -> Vec<String> {
        self.world.all(entity).map(|item| item.id.to_string()).collect()
    }

    /// The plain values of a live object by upper-case name: as in the log, plus the read-only fields. Fields without a
    /// value are not there.
    pub fn plain(&self, entity: Entity, id: &str) -> Option<BTreeMap<String, Json>> {
        let item = self.world.item(entity, id.parse().ok()?)?;
        let all = self.world.fields(entity).iter().map(|field| (field.name.clone(), self.world.plain(item, field)));
        Some(all.filter(|(_, value)| !value.is_null()).collect())
    }

    pub(super) fn person(&self, name: &str) -> Result<Who, Refused> {
        let person = self.world.people.iter().find(|person| person.name == name);
        let person = person.ok_or_else(|| Refused::NoSuchPerson(name.to_owned()))?;
        Ok(Who { actor: Actor::Person(person.name.clone()), user: person.id })
    }

    pub(super) fn object(&self, entity: Entity, id: &str) -> Result<Item, Refused> {
        let item = id.parse().ok().and_then(|id| self.world.item(entity, id));
        item.cloned().ok_or_else(|| Refused::NoSuchObject(entity.name(), id.to_owned()))
    }

    fn drafted(&mut self, entity: Entity, item: Option<&Item>, set: &[(&str, Json)]) -> Result<Drafted, Refused> {
        let inputs: Vec<(Field, Input)> = set
            .iter()
            .map(|(name, value)| {
                let field = self.world.field(entity, name).filter(|field| !field.read_only);
                let field = field.ok_or_else(|| Refused::NoSuchField((*name).to_owned()))?;
                Ok((field.clone(), Input::from(value)))
            })
            .collect::<Result<_, Refused>>()?;
        let sent: Vec<(Field, &Input)> = inputs.iter().map(|(field, input)| (field.clone(), input)).collect();
        let bad = |field: &str, reason: &str| Refused::BadValue { field: field.to_owned(), reason: reason.to_owned() };
        let names = set.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let made = draft(&mut self.world, Door::Person, entity, item, &sent, None)
            .map_err(|error| bad(&names, &error.text))?;
        match made.dropped.first() {
            Some((field, reason)) => Err(bad(field, reason)),
            None => Ok(made),
        }
    }
}

/// User fields of every type on deals and contacts.
pub(super) fn default_user_fields(world: &mut World) {
    use UserFieldType as Of;
    type Row = (UserFieldType, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);
    let fields: [Row; 9] = [
        (Of::String, "PROJECT_CODE", "NICKNAME", &[], &[]),
        (Of::Double, "EFFORT", "RATING", &[], &[]),
        (Of::Boolean, "ONSITE", "VIP", &[], &[]),
        (Of::Date, "KICKOFF", "MET_ON", &[], &[]),
        (Of::DateTime, "NEXT_CALL", "LAST_TALK", &[], &[]),
        (Of::Enumeration, "PRIORITY", "SEGMENT", &["Low", "Normal", "High"], &["Small", "Middle", "Large"]),
        (
            Of::EnumerationMultiple,
            "SERVICES",
            "TOPICS",
            &["Design", "Development", "Support"],
            &["News", "Events", "Offers"],
        ),
        (Of::Money, "BUDGET", "CREDIT", &[], &[]),
        (Of::Url, "DOCS", "HOMEPAGE", &[], &[]),
    ];
    for (of, deal, contact, deal_options, contact_options) in fields {
        world.add_user_field(Entity::Deal, &format!("UF_CRM_{deal}"), of, deal_options);
        world.add_user_field(Entity::Contact, &format!("UF_CRM_{contact}"), of, contact_options);
    }
}
