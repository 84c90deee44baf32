//! What people do in the app, and what a test sets up: the same things that the back door offers, as methods.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::NotionStandIn;
use super::ids::uuid;
use super::objects::{Parent, Who};
use super::plain;
use super::refusal::Refused;
use super::schema::{Property, find};
use super::text;

impl NotionStandIn {
    /// Adds a member of the workspace and returns the user's id.
    pub fn add_person(&mut self, name: &str, email: &str) -> String {
        let id = self.world.ids.uuid();
        let user = json!({
            "object": "user", "id": id, "name": name, "avatar_url": null, "type": "person",
            "person": { "email": email, "email_verified": true },
        });
        self.world.users.insert(id.clone(), user);
        id
    }

    /// Adds a database with one data source, on the top level of the workspace, and returns the data source's id.
    /// `properties` is what Notion's create request takes: `{"Name": {"title": {}}, "Stage": {"select": {…}}}`.
    ///
    /// # Errors
    /// What Notion would refuse in that request.
    pub fn add_data_source(&mut self, title: &str, properties: &Json) -> Result<String, Refused> {
        let born = self.config.born;
        let none = Map::new();
        let columns = properties.as_object().unwrap_or(&none);
        let title = text::rich(title);
        let database = self.world.add_database(&title, json!({ "type": "workspace", "workspace": true }), born);
        self.world.add_source(&database, title, columns, &Who::Bot, born)
    }

    /// All data sources: id and title, by id.
    pub fn data_sources(&self) -> Vec<(String, String)> {
        self.world.sources.iter().map(|(id, source)| (id.clone(), text::plain(&source.title))).collect()
    }

    /// All people: id and name, by id.
    pub fn people(&self) -> Vec<(String, String)> {
        let people = self.world.users.iter().filter(|(_, user)| user["type"] == "person");
        people.map(|(id, user)| (id.clone(), user["name"].as_str().unwrap_or_default().to_owned())).collect()
    }

    /// The ids of a data source's pages that are not in the trash, by id (not by age).
    pub fn live_pages(&self, data_source: &str) -> Vec<String> {
        let rows = self.world.rows.get(data_source).into_iter().flatten();
        rows.filter(|id| self.world.pages.get(*id).is_some_and(|page| !page.in_trash)).cloned().collect()
    }

    /// Whether a page lies in the trash; `None` for a page that does not exist.
    pub fn in_trash(&self, page: &str) -> Option<bool> {
        self.world.pages.get(page).map(|page| page.in_trash)
    }

    /// The plain value of a page's property, by the property's name or id: what the log calls plain, null for empty.
    /// `None` where the page or the property does not exist.
    pub fn plain(&self, page: &str, property: &str) -> Option<Json> {
        let page = self.world.pages.get(page)?;
        let schema = self.world.schema_of(&page.parent);
        let column = find(&schema, property)?;
        Some(plain::of(&column.kind, &self.world.value(page, column)))
    }

    /// Sets what Notion would have computed: a formula, a rollup, a verification. Logged as nothing, and no timestamp
    /// moves: Notion's computed values change that way.
    ///
    /// # Errors
    /// When the page or the property does not exist.
    pub fn set_computed(&mut self, page: &str, property: &str, value: Json) -> Result<(), Refused> {
        let schema = self.world.schema_of(&self.world.page(page)?.parent);
        let id = find(&schema, property).ok_or_else(|| no_such(property))?.id.clone();
        drop(schema);
        if let Some(page) = self.world.pages.get_mut(page) {
            page.values.insert(id, value);
        }
        Ok(())
    }

    /// A person edits cells of a page: plain values as the log has them, or property JSON as the API takes it. People
    /// may be named by id, name or e-mail address. The API's limits on sizes do not bind people.
    ///
    /// # Errors
    /// When the person, page or property does not exist, the page lies in the trash, or the value does not fit.
    pub fn person_edit(&mut self, now: Timestamp, who: &str, page: &str, set: &[(&str, Json)]) -> Result<(), Refused> {
        let now = self.tick(now);
        let (who, page) = (self.person(who)?, known(page)?);
        let held = self.world.page(&page)?;
        if held.in_trash {
            return Err(Refused::invalid(format!("Page {page} is in the trash; restore it first.")));
        }
        let sets = self.cells(&held.parent.clone(), set)?;
        self.world.write(&page, &sets, &who, now, false)
    }

    /// A person adds a page to a data source; returns its id.
    ///
    /// # Errors
    /// When the person, data source or property does not exist, or a value does not fit.
    pub fn person_create(
        &mut self,
        now: Timestamp,
        who: &str,
        data_source: &str,
        set: &[(&str, Json)],
    ) -> Result<String, Refused> {
        let now = self.tick(now);
        let (who, source) = (self.person(who)?, known(data_source)?);
        self.world.source(&source)?;
        let parent = Parent::Source(source);
        let sets = self.cells(&parent, set)?;
        self.world.create(parent, &sets, &who, now, false)
    }

    /// A person duplicates a page with everything in it, a sync's marker too; returns the copy's id. Only a
    /// `unique_id` is new.
    ///
    /// # Errors
    /// When the person or page does not exist.
    pub fn person_duplicate(&mut self, now: Timestamp, who: &str, page: &str) -> Result<String, Refused> {
        let now = self.tick(now);
        let (who, page) = (self.person(who)?, known(page)?);
        let original = self.world.page(&page)?.clone();
        let schema = self.world.schema_of(&original.parent).into_owned();
        let copy = self.world.create(original.parent, &Map::new(), &who, now, false)?;
        for column in schema.values().filter(|column| column.kind != "unique_id") {
            let Some(value) = original.values.get(&column.id).cloned() else { continue };
            if !plain::read_only(&column.kind) {
                self.world.set(&copy, column, value, &who, now);
            } else if let Some(page) = self.world.pages.get_mut(&copy) {
                page.values.insert(column.id.clone(), value);
            }
        }
        if let Some(page) = self.world.pages.get_mut(&copy) {
            (page.icon, page.cover) = (original.icon, original.cover);
        }
        self.world.run_automations(now);
        Ok(copy)
    }

    /// A person puts a page into the trash.
    ///
    /// # Errors
    /// When the person or page does not exist.
    pub fn person_trash(&mut self, now: Timestamp, who: &str, page: &str) -> Result<(), Refused> {
        let now = self.tick(now);
        let (who, page) = (self.person(who)?, known(page)?);
        self.world.trash(&page, true, &who, now)
    }

    /// A person takes a page out of the trash.
    ///
    /// # Errors
    /// When the person or page does not exist.
    pub fn person_restore(&mut self, now: Timestamp, who: &str, page: &str) -> Result<(), Refused> {
        let now = self.tick(now);
        let (who, page) = (self.person(who)?, known(page)?);
        self.world.trash(&page, false, &who, now)
    }

    fn find_person(&self, who: &str) -> Option<&String> {
        let fits = |user: &Json| user["name"] == who || user["person"]["email"] == who || user["id"] == who;
        self.world.users.iter().find(|(_, user)| user["type"] == "person" && fits(user)).map(|(id, _)| id)
    }

    pub(super) fn person(&self, who: &str) -> Result<Who, Refused> {
        self.find_person(who).cloned().map(Who::Person).ok_or_else(|| {
            let names: Vec<String> = self.people().into_iter().map(|(_, name)| name).collect();
            Refused::invalid(format!("Nobody here is called {who}. There are: {}.", names.join(", ")))
        })
    }

    fn cells(&self, parent: &Parent, set: &[(&str, Json)]) -> Result<Map<String, Json>, Refused> {
        let schema = self.world.schema_of(parent);
        let cell = |(key, given): &(&str, Json)| {
            let column = find(&schema, key).ok_or_else(|| no_such(key))?;
            Ok((column.name.clone(), plain::to_write(&column.kind, &self.named(column, given))))
        };
        set.iter().map(cell).collect()
    }

    /// People given by name or e-mail address, as ids.
    fn named(&self, column: &Property, given: &Json) -> Json {
        let id =
            |one: &Json| one.as_str().and_then(|who| self.find_person(who)).map_or_else(|| one.clone(), |id| json!(id));
        match given {
            Json::Array(all) if column.kind == "people" => all.iter().map(id).collect(),
            Json::String(_) if column.kind == "people" => id(given),
            other => other.clone(),
        }
    }
}

pub(super) fn no_such(property: &str) -> Refused {
    Refused::invalid(format!("{property} is not a property that exists."))
}

pub(super) fn known(id: &str) -> Result<String, Refused> {
    uuid(id).ok_or_else(|| Refused::invalid(format!("{id:?} is not an id.")))
}
