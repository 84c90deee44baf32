//! The portal's data. Every change to an object passes through `create`, `save` or `remove` here, and nowhere else:
//! so the log is complete by construction.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::dictionary::{self, Person, Pipeline};
use super::employers;
pub(super) use super::item::{Comm, Draft, Item, Link, Who};
use super::mergers::Binned;
use super::moment::{Clock, floor};
use super::offline::News;
use super::robots::{Job, Required, Robot};
use super::schema::{Entity, EnumOption, Field, Kind, UserFieldType, user_field};
use super::system_fields::system_fields;
use super::tasks::Tasks;
use crate::standin::lag::{Lag, Seen};
use crate::standin::log::{Entry, Kind as Change};

/// The portal.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub clock: Clock,
    pub people: Vec<Person>,
    pub pipelines: Vec<Pipeline>,
    pub fields: BTreeMap<Entity, Vec<Field>>,
    pub items: BTreeMap<Entity, BTreeMap<u64, Item>>,
    pub tasks: Tasks,
    pub log: Vec<Entry>,
    /// What lists see late.
    pub lag: Lag<(Entity, u64), Item>,
    /// The recycle bin.
    pub bin: BTreeMap<(Entity, u64), Binned>,
    pub robots: Vec<Robot>,
    /// What robots will do, by time and by the order in which they woke.
    pub jobs: BTreeMap<(Timestamp, u64), Job>,
    pub jobs_drawn: u64,
    pub required: Vec<Required>,
    /// Whether phone numbers are kept in one form.
    pub phone_form: bool,
    /// Fields of deals that the API's user has no right to edit.
    pub locked: BTreeSet<String>,
    /// A field that filters pass over in silence, by its upper-case name.
    pub unfiltered: Option<String>,
    /// What was saved, made or deleted since somebody last asked, kept while somebody wants to know.
    pub news: Vec<News>,
    pub news_wanted: bool,
    last_id: BTreeMap<Entity, u64>,
    last_comm: u64,
    last_field: u64,
    last_option: u64,
}

impl World {
    /// An empty portal with the default pipeline and no people.
    pub(super) fn new(clock: Clock, seed: u64) -> Self {
        Self {
            clock,
            people: Vec::new(),
            pipelines: vec![dictionary::general()],
            fields: Entity::ALL.into_iter().map(|entity| (entity, system_fields(entity))).collect(),
            items: Entity::ALL.into_iter().map(|entity| (entity, BTreeMap::new())).collect(),
            tasks: Tasks::default(),
            log: Vec::new(),
            lag: Lag::new(seed ^ 0xB17),
            bin: BTreeMap::new(),
            robots: Vec::new(),
            jobs: BTreeMap::new(),
            jobs_drawn: 0,
            required: Vec::new(),
            phone_form: false,
            locked: BTreeSet::new(),
            unfiltered: None,
            news: Vec::new(),
            news_wanted: false,
            last_id: BTreeMap::new(),
            last_comm: 100,
            last_field: 200,
            last_option: 40,
        }
    }

    /// Adds a user field; objects that are already there hold nothing (or N) in it. Option ids rise from 42.
    pub(super) fn add_user_field(&mut self, entity: Entity, name: &str, of: UserFieldType, options: &[&str]) {
        self.last_field += 1;
        let mut made = Vec::new();
        for option in options {
            self.last_option += 2;
            made.push(EnumOption { id: self.last_option, value: (*option).to_owned() });
        }
        let field = user_field(self.last_field, name, of, made);
        if field.kind == Kind::Boolean {
            for item in self.items.entry(entity).or_default().values_mut() {
                item.values.insert(name.to_owned(), json!("N"));
            }
        }
        self.fields.entry(entity).or_default().push(field);
    }

    /// Takes a user field away, with what objects held in it. Whether there was one.
    pub(super) fn remove_user_field(&mut self, entity: Entity, name: &str) -> bool {
        let Some(fields) = self.fields.get_mut(&entity) else { return false };
        let before = fields.len();
        fields.retain(|field| field.name != name || !field.is_user_field());
        let removed = fields.len() < before;
        if removed {
            for item in self.items.entry(entity).or_default().values_mut() {
                item.values.remove(name);
            }
        }
        removed
    }

    /// The fields of an entity.
    pub(super) fn fields(&self, entity: Entity) -> &[Field] {
        self.fields.get(&entity).map(Vec::as_slice).unwrap_or_default()
    }

    /// The field of that upper-case name.
    pub(super) fn field(&self, entity: Entity, name: &str) -> Option<&Field> {
        self.fields(entity).iter().find(|field| field.name == name)
    }

    /// A live object.
    pub(super) fn item(&self, entity: Entity, id: u64) -> Option<&Item> {
        self.items.get(&entity)?.get(&id)
    }

    /// All live objects of an entity, by id.
    pub(super) fn all(&self, entity: Entity) -> impl Iterator<Item = &Item> {
        self.items.get(&entity).into_iter().flat_map(BTreeMap::values)
    }

    /// All objects of an entity as lists see them now, in no order.
    pub(super) fn listed(&self, entity: Entity, now: Timestamp) -> Vec<&Item> {
        let seen = |id: u64, item| match self.lag.seen(&(entity, id), now) {
            Seen::Now => item,
            Seen::Then(then) => Some(then),
            Seen::Absent => None,
        };
        let gone = self.lag.changed().filter(|(of, id)| *of == entity && self.item(*of, *id).is_none());
        let live = self.all(entity).filter_map(|item| seen(item.id, Some(item)));
        live.chain(gone.filter_map(|(_, id)| seen(*id, None))).collect()
    }

    /// Keeps an object for the lagging index, just before it changes; one that is not there yet will be missing.
    pub(super) fn remember(&mut self, now: Timestamp, entity: Entity, id: u64) {
        if self.lag.on() {
            let held = self.items.get(&entity).and_then(|items| items.get(&id));
            self.lag.remember((entity, id), now, held);
        }
    }

    /// The pipeline of that id.
    pub(super) fn pipeline(&self, id: u64) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.id == id)
    }

    /// `P`, `S` or `F`.
    pub(super) fn semantics(&self, stage: &str) -> char {
        let all = self.pipelines.iter().flat_map(|pipeline| &pipeline.stages);
        all.into_iter().find(|s| s.id == stage).map_or('P', |s| s.semantics)
    }

    /// A fresh multifield id.
    pub(super) fn next_comm(&mut self) -> u64 {
        self.last_comm += 1;
        self.last_comm
    }

    /// The plain value of one field, system fields included; null for none.
    pub(super) fn plain(&self, item: &Item, field: &Field) -> Json {
        let yes = |b: bool| json!(if b { "Y" } else { "N" });
        match field.name.as_str() {
            "ID" => json!(item.id.to_string()),
            "CREATED_BY_ID" => json!([item.created_by.to_string()]),
            "MODIFY_BY_ID" => json!([item.updated_by.to_string()]),
            "MOVED_BY_ID" => json!([item.moved_by.to_string()]),
            // The reference knows no activities here: the creation counts as the last one.
            "LAST_ACTIVITY_BY" => json!([item.created_by.to_string()]),
            "DATE_CREATE" | "LAST_ACTIVITY_TIME" => json!(self.clock.show(item.created)),
            "DATE_MODIFY" => json!(self.clock.show(item.updated)),
            "MOVED_TIME" => json!(self.clock.show(item.moved)),
            "STAGE_SEMANTIC_ID" => json!(self.semantics(item.text("STAGE_ID")).to_string()),
            "STATUS_SEMANTIC_ID" => json!(match item.text("STATUS_ID") {
                "CONVERTED" => "S",
                "JUNK" => "F",
                _ => "P",
            }),
            "CLOSED" => yes(self.semantics(item.text("STAGE_ID")) != 'P'),
            "HAS_PHONE" => yes(item.first_comm("PHONE").is_some()),
            "HAS_EMAIL" => yes(item.first_comm("EMAIL").is_some()),
            "CONTACT_ID" => item.links.first().map_or(Json::Null, |link| json!([link.contact.to_string()])),
            "CONTACT_IDS" if item.links.is_empty() => Json::Null,
            "CONTACT_IDS" => {
                json!(item.links.iter().map(|link| link.contact.to_string()).collect::<BTreeSet<_>>())
            }
            "COMPANY_IDS" => match employers::all(item) {
                all if all.is_empty() => Json::Null,
                all => json!(all.into_iter().collect::<BTreeSet<_>>()),
            },
            name if field.kind == Kind::Comm => item.first_comm(name).map_or(Json::Null, |comm| json!(comm.value)),
            name => item.values.get(name).cloned().unwrap_or(Json::Null),
        }
    }

    /// What the log watches: everything that can be written, by name.
    fn watched(&self, entity: Entity, item: &Item) -> BTreeMap<String, Json> {
        // The primary contact and company are a part of what all of them say.
        let part = |f: &Field| f.kind == Kind::Contact || (f.kind == Kind::Company && entity == Entity::Contact);
        let fields = self.fields(entity).iter().filter(|f| !f.read_only && !part(f));
        let plain = fields.map(|f| (f.name.clone(), self.plain(item, f)));
        plain.filter(|(_, value)| !value.is_null()).collect()
    }

    /// Makes an object, with the portal's defaults where the draft says nothing.
    pub(super) fn create(&mut self, now: Timestamp, who: &Who, entity: Entity, mut draft: Draft) -> u64 {
        let id = self.next_id(entity);
        let second = floor(now);
        let defaults = self.defaults(now, who, entity, id);
        draft.values.retain(|_, value| !value.is_null());
        let mut values = defaults;
        values.append(&mut draft.values);
        let mut comms = draft.comms.unwrap_or_default();
        self.in_form(&mut comms);
        let item = Item {
            id,
            created: second,
            updated: second,
            moved: second,
            created_by: who.user,
            updated_by: who.user,
            moved_by: who.user,
            values,
            links: draft.links.unwrap_or_default(),
            comms,
            products: None,
        };
        self.appear(now, who, entity, item);
        id
    }

    /// Stores and logs an object that is new.
    pub(super) fn appear(&mut self, now: Timestamp, who: &Who, entity: Entity, item: Item) {
        let (id, stage) = (item.id, item.text("STAGE_ID").to_owned());
        self.remember(now, entity, id);
        self.note(now, who, Change::Created, entity, id, "", Json::Null, Json::Null);
        for (field, value) in self.watched(entity, &item) {
            self.note(now, who, Change::Edited, entity, id, &field, Json::Null, value);
        }
        self.items.entry(entity).or_default().insert(id, item);
        self.tell(now, entity, id, "ADD", json!({"ID": id.to_string()}));
        if entity == Entity::Deal {
            self.entered(now, who, id, &stage);
        }
    }

    /// The id of the next object.
    pub(super) fn next_id(&mut self, entity: Entity) -> u64 {
        let last = self.last_id.entry(entity).or_default();
        *last += 1;
        *last
    }

    fn defaults(&self, now: Timestamp, who: &Who, entity: Entity, id: u64) -> BTreeMap<String, Json> {
        let mut values = BTreeMap::new();
        let mut put = |name: &str, value: Json| values.insert(name.to_owned(), value);
        put("OPENED", json!("Y"));
        put("ASSIGNED_BY_ID", json!([who.user.to_string()]));
        match entity {
            Entity::Deal => {
                put("TITLE", json!(format!("Deal #{id}")));
                put("CATEGORY_ID", json!("0"));
                put("STAGE_ID", json!("NEW"));
                put("OPPORTUNITY", json!("0"));
                put("CURRENCY_ID", json!("EUR"));
                put("IS_MANUAL_OPPORTUNITY", json!("N"));
                put("BEGINDATE", json!(self.clock.day_of(now)));
                put("CLOSEDATE", json!(self.clock.day_after(now, 7)));
            }
            Entity::Contact => {
                put("EXPORT", json!("N"));
            }
            Entity::Company => {
                put("TITLE", json!(format!("Company #{id}")));
                put("CURRENCY_ID", json!("EUR"));
                put("REVENUE", json!("0"));
            }
            Entity::Lead => {
                put("TITLE", json!(format!("Lead #{id}")));
                put("STATUS_ID", json!("NEW"));
                put("OPPORTUNITY", json!("0"));
                put("CURRENCY_ID", json!("EUR"));
                put("IS_MANUAL_OPPORTUNITY", json!("N"));
            }
        }
        for field in self.fields(entity).iter().filter(|field| field.kind == Kind::Boolean) {
            put(&field.name, json!("N"));
        }
        values
    }

    /// Changes an object. Nothing happens when nothing would change, unless `touch` asks for a new modification time.
    /// Returns whether it was saved.
    pub(super) fn save(
        &mut self,
        now: Timestamp,
        who: &Who,
        entity: Entity,
        id: u64,
        draft: Draft,
        touch: bool,
    ) -> bool {
        let Some(old) = self.item(entity, id).cloned() else { return false };
        let spoken = draft.comms.is_some();
        let mut new = old.with(draft);
        if spoken {
            self.in_form(&mut new.comms);
        }
        // With product rows and without the manual flag the amount is the portal's, whatever was written.
        if let Some(sum) = new.products
            && new.text("IS_MANUAL_OPPORTUNITY") != "Y"
        {
            new.values.insert("OPPORTUNITY".into(), json!(sum.normalize().to_string()));
        }
        if new == old && !touch {
            return false;
        }
        if new.text("STAGE_ID") != old.text("STAGE_ID") {
            (new.moved, new.moved_by) = (floor(now), who.user);
        }
        (new.updated, new.updated_by) = (floor(now), who.user);
        let entered = (new.text("STAGE_ID") != old.text("STAGE_ID")).then(|| new.text("STAGE_ID").to_owned());
        // A deal that goes to another pipeline tells of that alone.
        let (what, fields) = match new.text("CATEGORY_ID") {
            category if category != old.text("CATEGORY_ID") => {
                let fields = json!({"ID": id.to_string(), "CATEGORY_ID": category, "STAGE_ID": new.text("STAGE_ID")});
                ("MOVETOCATEGORY", fields)
            }
            _ => ("UPDATE", json!({"ID": id.to_string()})),
        };
        self.put(now, who, entity, &old, new);
        self.tell(now, entity, id, what, fields);
        if let Some(stage) = entered {
            self.entered(now, who, id, &stage);
        }
        true
    }

    /// Changes who is linked without anybody having saved the object.
    pub(super) fn relink(&mut self, now: Timestamp, who: &Who, entity: Entity, id: u64, links: Vec<Link>) {
        let Some(old) = self.item(entity, id).cloned() else { return };
        let new = Item { links, ..old.clone() };
        self.put(now, who, entity, &old, new);
    }

    /// Sets the sum of a deal's product rows; it counts from the next save on.
    pub(super) fn set_products(&mut self, deal: u64, sum: Option<Decimal>) -> bool {
        let item = self.items.get_mut(&Entity::Deal).and_then(|deals| deals.get_mut(&deal));
        item.map(|item| item.products = sum).is_some()
    }

    /// Puts an object into the recycle bin. Links to it vanish; what held them is not saved by that.
    pub(super) fn remove(&mut self, now: Timestamp, who: &Who, entity: Entity, id: u64) -> bool {
        let Some(binned) = self.item(entity, id).map(|item| self.binned(now, entity, item)) else { return false };
        self.bin.insert((entity, id), binned);
        self.remember(now, entity, id);
        if self.items.get_mut(&entity).and_then(|items| items.remove(&id)).is_none() {
            return false;
        }
        self.note(now, who, Change::Deleted, entity, id, "", Json::Null, Json::Null);
        self.tell(now, entity, id, "DELETE", json!({"ID": id.to_string()}));
        let gone = id.to_string();
        for holder in Entity::ALL {
            let affected: Vec<Item> = self
                .all(holder)
                .filter(|item| match entity {
                    Entity::Contact => item.links.iter().any(|link| link.contact == id),
                    Entity::Company => employers::all(item).contains(&gone),
                    Entity::Deal | Entity::Lead => false,
                })
                .cloned()
                .collect();
            for old in affected {
                let mut new = old.clone();
                if entity == Entity::Contact {
                    new.links.retain(|link| link.contact != id);
                } else {
                    employers::leave(&mut new, id);
                }
                self.put(now, who, holder, &old, new);
            }
        }
        true
    }

    /// Stores an object's new state and logs the difference.
    pub(super) fn put(&mut self, now: Timestamp, who: &Who, entity: Entity, old: &Item, new: Item) {
        let before = self.watched(entity, old);
        let after = self.watched(entity, &new);
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (was, is) = (before.get(name), after.get(name));
            if was != is {
                let plain = |value: Option<&Json>| value.cloned().unwrap_or(Json::Null);
                self.note(now, who, Change::Edited, entity, new.id, name, plain(was), plain(is));
            }
        }
        self.remember(now, entity, new.id);
        self.items.entry(entity).or_default().insert(new.id, new);
    }

    fn tell(&mut self, at: Timestamp, entity: Entity, id: u64, what: &'static str, fields: Json) {
        if self.news_wanted {
            let event = format!("ONCRM{}{what}", entity.name().to_uppercase());
            self.news.push(News { at, event, id, data: json!({"FIELDS": fields}) });
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn note(
        &mut self,
        at: Timestamp,
        who: &Who,
        kind: Change,
        entity: Entity,
        id: u64,
        field: &str,
        before: Json,
        after: Json,
    ) {
        let (entity, object, field) = (entity.name().to_owned(), id.to_string(), field.to_owned());
        let seq = self.log.len() as u64;
        self.log.push(Entry { seq, at, actor: who.actor.clone(), kind, entity, object, field, before, after });
    }
}
