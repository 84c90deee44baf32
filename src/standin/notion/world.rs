//! What exists in the pretend workspace, and the one place where it changes: every change is logged here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::automations::{Armed, Job};
use super::ids::{Ids, same_property, uuid};
use super::kept::Kept;
use super::moving::Moved;
use super::objects::{Database, Page, Parent, Source, Who};
use super::refusal::Refused;
use super::reshaping::Renamed;
use super::schema::{Property, Schema, default_status, find, title_column};
use super::sharing::Sight;
use super::write::{self, Around};
use super::{plain, text};
use crate::standin::lag::Lag;
use crate::standin::log::{Actor, Entry, Kind};

#[derive(Debug)]
pub(super) struct World {
    /// The integration's own user.
    pub bot: String,
    /// User objects as responses show them, by id.
    pub users: BTreeMap<String, Json>,
    pub databases: BTreeMap<String, Database>,
    pub sources: Kept<Source>,
    /// By id; ids are drawn from a hash, so this order is not the order of creation.
    pub pages: Kept<Page>,
    /// The pages of each data source.
    pub rows: BTreeMap<String, BTreeSet<String>>,
    /// Block objects by id, with the ids of the blocks of each parent in order.
    pub blocks: BTreeMap<String, Json>,
    pub children: BTreeMap<String, Vec<String>>,
    /// Pages and data sources that the integration was not given access to.
    pub unshared: BTreeSet<String>,
    /// Every change of that, oldest first.
    pub sights: Vec<Sight>,
    pub log: Vec<Entry>,
    pub ids: Ids,
    /// Whether the far page of a dual relation counts as edited. Not established for Notion; see the reference.
    pub far_side_counts: bool,
    /// What queries see late.
    pub lag: Lag<String, Page>,
    pub automations: Vec<Armed>,
    /// What automations will do, by time and by the order in which it was set off.
    pub jobs: BTreeMap<(Timestamp, u64), Job>,
    pub jobs_drawn: u64,
    pub moves: Vec<Moved>,
    pub option_renames: Vec<Renamed>,
    pub property_renames: Vec<Renamed>,
    /// Rises with what changes how pages look that nobody touched: sharing, and moves.
    around: u64,
}

impl World {
    pub fn new(bot: String, ids: Ids, seed: u64, far_side_counts: bool) -> Self {
        Self {
            bot,
            users: BTreeMap::new(),
            databases: BTreeMap::new(),
            sources: Kept::default(),
            pages: Kept::default(),
            rows: BTreeMap::new(),
            blocks: BTreeMap::new(),
            children: BTreeMap::new(),
            unshared: BTreeSet::new(),
            sights: Vec::new(),
            log: Vec::new(),
            ids,
            far_side_counts,
            lag: Lag::new(seed ^ 0x1A6),
            automations: Vec::new(),
            jobs: BTreeMap::new(),
            jobs_drawn: 0,
            moves: Vec::new(),
            option_renames: Vec::new(),
            property_renames: Vec::new(),
            around: 0,
        }
    }

    /// A number that rises whenever a page may look different though nobody touched it.
    pub fn around(&self) -> u64 {
        self.around + self.sources.revision()
    }

    /// Pages may look different from now on.
    pub fn look_again(&mut self) {
        self.around += 1;
    }

    /// Keeps a page for the lagging index, just before it changes; one that is not there yet will be missing.
    pub fn remember(&mut self, page: &str, at: Timestamp) {
        if self.lag.on() {
            self.lag.remember(page.to_owned(), at, self.pages.get(page));
        }
    }

    pub fn user_of(&self, who: &Who) -> String {
        match who {
            Who::Bot => self.bot.clone(),
            Who::Person(id) => id.clone(),
        }
    }

    pub fn actor(&self, who: &Who) -> Actor {
        match who {
            Who::Bot => Actor::Api,
            Who::Person(id) => {
                let name = self.users.get(id).and_then(|u| u["name"].as_str()).unwrap_or(id);
                Actor::Person(name.to_owned())
            }
        }
    }

    pub fn page(&self, id: &str) -> Result<&Page, Refused> {
        self.pages.get(id).ok_or_else(|| Refused::not_found("page", id, &self.bot))
    }

    pub fn source(&self, id: &str) -> Result<&Source, Refused> {
        self.sources.get(id).ok_or_else(|| Refused::not_found("data_source", id, &self.bot))
    }

    /// The columns of a page: its data source's, or the title alone.
    pub fn schema_of(&self, parent: &Parent) -> Cow<'_, Schema> {
        match parent {
            Parent::Source(id) => self.sources.get(id).map(|s| Cow::Borrowed(&s.schema)).unwrap_or_default(),
            _ => Cow::Owned(BTreeMap::from([("title".to_owned(), title_column("title"))])),
        }
    }

    /// The entity that the log names for a page: its data source, or nothing.
    fn entity(&self, page: &str) -> String {
        match self.pages.get(page).map(|p| &p.parent) {
            Some(Parent::Source(id)) => id.clone(),
            _ => String::new(),
        }
    }

    pub fn push(&mut self, at: Timestamp, who: &Who, kind: Kind, page: &str, field: (&str, Json, Json)) {
        let seq = u64::try_from(self.log.len()).unwrap_or(u64::MAX);
        let (name, before, after) = field;
        let (actor, entity) = (self.actor(who), self.entity(page));
        let (object, field) = (page.to_owned(), name.to_owned());
        self.log.push(Entry { seq, at, actor, kind, entity, object, field, before, after });
    }

    /// Checks every write before anything changes, against a copy of the columns that may gain options.
    fn check(
        &mut self,
        schema: &mut Schema,
        before: &BTreeMap<String, Json>,
        sets: &Map<String, Json>,
        limits: bool,
    ) -> Result<Vec<(String, Json)>, Refused> {
        let mut ids = self.ids.clone();
        let user = |id: &str| self.users.get(id).cloned();
        let home = |id: &str| match self.pages.get(id).map(|p| &p.parent) {
            Some(Parent::Source(source)) if !self.unshared.contains(source) || !limits => Some(source.clone()),
            _ => None,
        };
        let around = Around { user: &user, home: &home, bot: &self.bot, limits };
        let mut kept = Vec::new();
        for (key, given) in sets {
            let Some(id) = find(schema, key).map(|p| p.id.clone()) else {
                return Err(Refused::invalid(format!("{key} is not a property that exists.")));
            };
            if let Some(property) = schema.get_mut(&id) {
                let empty = plain::empty(&property.kind);
                let now = before.get(&id).unwrap_or(&empty);
                let value = write::value(property, given, now, &around, &mut ids)?;
                kept.push((id, value));
            }
        }
        self.ids = ids;
        Ok(kept)
    }

    /// Keeps options that a write has added.
    fn keep_schema(&mut self, parent: &Parent, schema: Schema, who: &Who, at: Timestamp) {
        let user = self.user_of(who);
        if let Parent::Source(id) = parent
            && self.sources.get(id).is_some_and(|source| source.schema != schema)
            && let Some(source) = self.sources.get_mut(id)
        {
            source.schema = schema;
            (source.edited, source.edited_by) = (at, user);
        }
    }

    /// Writes properties of one page. A write that changes nothing still moves `last_edited_time` (inferred: the
    /// recordings show no counter-example, and the reference does not settle it).
    pub fn write(
        &mut self,
        page: &str,
        sets: &Map<String, Json>,
        who: &Who,
        at: Timestamp,
        limits: bool,
    ) -> Result<(), Refused> {
        let (parent, before) = {
            let page = self.page(page)?;
            (page.parent.clone(), page.values.clone())
        };
        let mut schema = self.schema_of(&parent).into_owned();
        let kept = self.check(&mut schema, &before, sets, limits)?;
        self.keep_schema(&parent, schema.clone(), who, at);
        self.remember(page, at);
        for (id, value) in kept {
            if let Some(property) = schema.get(&id) {
                self.set(page, property, value, who, at);
            }
        }
        self.touch(page, who, at);
        self.run_automations(at);
        Ok(())
    }

    /// Makes a page.
    pub fn create(
        &mut self,
        parent: Parent,
        sets: &Map<String, Json>,
        who: &Who,
        at: Timestamp,
        limits: bool,
    ) -> Result<String, Refused> {
        let mut schema = self.schema_of(&parent).into_owned();
        let mut kept = self.check(&mut schema, &BTreeMap::new(), sets, limits)?;
        self.keep_schema(&parent, schema.clone(), who, at);
        let id = self.ids.uuid();
        let user = self.user_of(who);
        let mut values = BTreeMap::new();
        if let Parent::Source(source) = &parent {
            self.rows.entry(source.clone()).or_default().insert(id.clone());
            if let Some(source) = self.sources.get_quietly(source) {
                let number = source.next_number;
                source.next_number += 1;
                for column in schema.values().filter(|c| c.kind == "unique_id") {
                    values.insert(column.id.clone(), json!({ "prefix": column.config["prefix"], "number": number }));
                }
            }
        }
        let page = Page {
            parent,
            values,
            in_trash: false,
            is_archived: false,
            is_locked: false,
            icon: Json::Null,
            cover: Json::Null,
            created: at,
            edited: at,
            created_by: user.clone(),
            edited_by: user,
            url: None,
            cut: BTreeSet::new(),
            left: BTreeMap::new(),
            shown: Default::default(),
        };
        self.remember(&id, at);
        self.pages.insert(id.clone(), page);
        self.push(at, who, Kind::Created, &id, ("", Json::Null, Json::Null));
        for column in schema.values().filter(|c| c.kind == "status") {
            if !kept.iter().any(|(set, _)| *set == column.id) {
                kept.push((column.id.clone(), default_status(&column.config)));
            }
        }
        for (property, value) in kept {
            if let Some(property) = schema.get(&property) {
                self.set(&id, property, value, who, at);
            }
        }
        self.run_automations(at);
        Ok(id)
    }

    /// Sets one value and, for a dual relation, the other side's; logs what a person would see change.
    pub fn set(&mut self, page: &str, property: &Property, value: Json, who: &Who, at: Timestamp) {
        let empty = plain::empty(&property.kind);
        let Some(held) = self.pages.get_mut(page) else { return };
        held.cut.remove(&property.id);
        let before = held.values.insert(property.id.clone(), value.clone()).unwrap_or(empty);
        let shown = (plain::of(&property.kind, &before), plain::of(&property.kind, &value));
        if shown.0 == shown.1 {
            return;
        }
        self.set_off(page, property, &shown.1, who, at);
        self.push(at, who, Kind::Edited, page, (&property.name, shown.0, shown.1));
        if property.kind == "relation" {
            self.mirror(page, property, &before, &value, who, at);
        }
    }

    /// The far side of a dual relation.
    pub fn mirror(&mut self, page: &str, property: &Property, before: &Json, after: &Json, who: &Who, at: Timestamp) {
        let Some(far_id) = property.config["dual_property"]["synced_property_id"].as_str() else { return };
        let Some(far) = property.config["data_source_id"]
            .as_str()
            .and_then(|source| self.sources.get(source))
            .and_then(|source| source.schema.values().find(|p| same_property(&p.id, far_id)))
            .cloned()
        else {
            return;
        };
        let members = |list: &Json| -> BTreeSet<String> {
            list.as_array().into_iter().flatten().filter_map(|e| e["id"].as_str().map(str::to_owned)).collect()
        };
        let (before, after) = (members(before), members(after));
        let own = json!({ "id": page });
        for other in before.symmetric_difference(&after) {
            self.remember(other, at);
            let Some(held) = self.pages.get_mut(other) else { continue };
            let list = held.values.entry(far.id.clone()).or_insert_with(|| json!([]));
            let was = plain::of("relation", list);
            if let Some(list) = list.as_array_mut() {
                list.retain(|entry| *entry != own);
                if after.contains(other) {
                    list.push(own.clone());
                }
            }
            let is = plain::of("relation", list);
            if was != is {
                self.push(at, who, Kind::Edited, other, (&far.name, was, is));
                if self.far_side_counts {
                    self.touch(other, who, at);
                }
            }
        }
    }

    /// Marks a page as edited now.
    pub fn touch(&mut self, page: &str, who: &Who, at: Timestamp) {
        let user = self.user_of(who);
        if let Some(page) = self.pages.get_mut(page) {
            (page.edited, page.edited_by) = (at, user);
        }
    }

    /// Puts a page into the trash, or takes it out. Recorded: trashing moves `last_edited_time`.
    pub fn trash(&mut self, page: &str, into: bool, who: &Who, at: Timestamp) -> Result<(), Refused> {
        let was = self.page(page)?.in_trash;
        self.remember(page, at);
        if was != into {
            let kind = if into { Kind::Deleted } else { Kind::Restored };
            self.push(at, who, kind, page, ("", Json::Null, Json::Null));
        }
        if let Some(page) = self.pages.get_mut(page) {
            page.in_trash = into;
        }
        self.touch(page, who, at);
        Ok(())
    }

    /// Runs a change of a data source's columns and logs what it changed in the rows, whose timestamps stay
    /// (inferred: renaming an option changes what rows show without touching them).
    pub fn reshape<T>(
        &mut self,
        source: &str,
        who: &Who,
        at: Timestamp,
        change: impl FnOnce(&mut Self) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let before = self.shown_rows(source);
        let out = change(self)?;
        let mut after = self.shown_rows(source);
        for (key, (name, was)) in before {
            let (name, is) = after.remove(&key).unwrap_or((name, Json::Null));
            if was != is {
                self.push(at, who, Kind::Edited, &key.0, (&name, was, is));
            }
        }
        Ok(out)
    }

    /// What people see in all rows: by page and property id, the column's name and the plain value.
    fn shown_rows(&self, source: &str) -> BTreeMap<(String, String), (String, Json)> {
        let mut all = BTreeMap::new();
        let Some(schema) = self.sources.get(source).map(|s| &s.schema) else { return all };
        for row in self.rows.get(source).into_iter().flatten() {
            for property in schema.values() {
                if let Some(value) = self.pages.get(row).and_then(|p| p.values.get(&property.id)) {
                    let shown = plain::of(&property.kind, value);
                    all.insert((row.clone(), property.id.clone()), (property.name.clone(), shown));
                }
            }
        }
        all
    }

    /// The stored value of a property, or what an unset one shows. Times and authors come from the page itself.
    pub fn value<'a>(&self, page: &'a Page, property: &Property) -> Cow<'a, Json> {
        let author = |id: &str| self.users.get(id).cloned().unwrap_or_else(|| json!({ "object": "user", "id": id }));
        let made = match property.kind.as_str() {
            "created_time" => json!(super::time::page_time(page.created)),
            "last_edited_time" => json!(super::time::page_time(page.edited)),
            "created_by" => author(&page.created_by),
            "last_edited_by" => author(&page.edited_by),
            kind => match page.values.get(&property.id) {
                Some(held) => return Cow::Borrowed(held),
                None => plain::empty(kind),
            },
        };
        Cow::Owned(made)
    }

    /// The text of a page's title.
    pub fn title(&self, page: &Page) -> String {
        page.values.get("title").map(text::plain).unwrap_or_default()
    }

    /// The id in a path, as a dashed UUID.
    pub fn path_id(&self, name: &str, given: &str) -> Result<String, Refused> {
        uuid(given).ok_or_else(|| {
            Refused::invalid(format!(
                "path failed validation: path.{name} should be a valid uuid, instead was `\"{given}\"`."
            ))
        })
    }
}
