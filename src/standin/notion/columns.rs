//! How databases and data sources come into being, and how their columns change: all of a change or nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::ids::same_property;
use super::objects::{Database, Source, Who};
use super::plain;
use super::refusal::Refused;
use super::schema::{self, Property, chosen, find, kind_asked, title_column};
use super::text::{self, kind_of};
use super::world::World;

impl World {
    pub(super) fn add_database(&mut self, title: &Json, parent: Json, at: Timestamp) -> String {
        let id = self.ids.uuid();
        let made = Database {
            title: title.clone(),
            description: json!([]),
            parent,
            is_inline: false,
            in_trash: false,
            icon: Json::Null,
            cover: Json::Null,
            created: at,
            edited: at,
            sources: Vec::new(),
        };
        self.databases.insert(id.clone(), made);
        id
    }

    /// Makes a data source in a database. Without a title column it gets one called `Name`.
    pub(super) fn add_source(
        &mut self,
        database: &str,
        title: Json,
        columns: &Map<String, Json>,
        who: &Who,
        at: Timestamp,
    ) -> Result<String, Refused> {
        let id = self.ids.uuid();
        let user = self.user_of(who);
        let has_title = columns.values().any(|c| c.as_object().and_then(kind_asked) == Some("title"));
        let mut held = Source {
            title,
            description: json!([]),
            database: database.to_owned(),
            schema: schema::Schema::new(),
            icon: Json::Null,
            cover: Json::Null,
            in_trash: false,
            is_inline: false,
            created: at,
            edited: at,
            created_by: user.clone(),
            edited_by: user,
            next_number: 1,
        };
        if !has_title {
            held.schema.insert("title".into(), title_column("Name"));
        }
        self.sources.insert(id.clone(), held);
        if let Err(refused) = self.change_columns(&id, columns, who, at) {
            self.sources.remove(&id);
            return Err(refused);
        }
        if let Some(database) = self.databases.get_mut(database) {
            database.sources.push(id.clone());
        }
        Ok(id)
    }

    /// Adds, renames, retypes, reconfigures and removes columns; all of it or nothing.
    pub(super) fn change_columns(
        &mut self,
        source: &str,
        changes: &Map<String, Json>,
        who: &Who,
        at: Timestamp,
    ) -> Result<(), Refused> {
        let before = (self.sources.clone(), self.ids.clone());
        let done = self.reshape(source, who, at, |world| {
            let mut retyped = BTreeSet::new();
            for (key, change) in changes {
                world.change_column(source, key, change, &mut retyped)?;
            }
            world.settle_rows(source, &retyped, &before.0);
            Ok(())
        });
        if done.is_err() {
            self.sources.restore(before.0);
            self.ids = before.1;
            return done;
        }
        let user = self.user_of(who);
        if let Some(held) = self.sources.get_mut(source) {
            (held.edited, held.edited_by) = (at, user);
        }
        Ok(())
    }

    fn change_column(
        &mut self,
        source: &str,
        key: &str,
        change: &Json,
        retyped: &mut BTreeSet<String>,
    ) -> Result<(), Refused> {
        let columns = self.source(source)?.schema.clone();
        let Some(known) = find(&columns, key) else {
            if change.is_null() {
                return Err(Refused::invalid(format!("{key} is not a property that exists.")));
            }
            return self.add_column(source, key, change);
        };
        let mut column = known.clone();
        let path = format!("body.properties.{}", column.name);
        if change.is_null() {
            if column.kind == "title" {
                return Err(Refused::invalid("The title property cannot be removed."));
            }
            self.unlink(&column);
            if let Some(held) = self.sources.get_mut(source) {
                held.schema.remove(&column.id);
            }
            return Ok(());
        }
        let fields = change.as_object().ok_or_else(|| Refused::body(&path, "an object or `null`", &kind_of(change)))?;
        if let Some(name) = fields.get("name").and_then(Json::as_str) {
            if columns.values().any(|c| c.name == name && c.id != column.id) {
                return Err(Refused::invalid(format!("A property named {name} exists already.")));
            }
            column.name = name.to_owned();
        }
        if let Some(kind) = kind_asked(fields) {
            let given = fields.get(kind).unwrap_or(&Json::Null);
            let same = kind == column.kind;
            if !same && (kind == "title" || column.kind == "title") {
                return Err(Refused::invalid("The type of the title property cannot be changed."));
            }
            if !same || kind != "relation" {
                let now = same.then_some(&column.config);
                column.config = schema::config(&path, kind, given, now, &mut self.ids)?;
            }
            if !same {
                self.unlink(&column);
                column.kind = kind.to_owned();
                retyped.insert(column.id.clone());
            }
        }
        self.rename_far(&column);
        if let Some(held) = self.sources.get_mut(source) {
            held.schema.insert(column.id.clone(), column);
        }
        Ok(())
    }

    fn add_column(&mut self, source: &str, name: &str, definition: &Json) -> Result<(), Refused> {
        let columns = self.source(source)?.schema.clone();
        let mut column = schema::define(name, definition, &columns, &mut self.ids)?;
        if column.kind == "title" && columns.values().any(|c| c.kind == "title") {
            return Err(Refused::invalid("A data source has exactly one title property."));
        }
        if column.kind == "relation" {
            self.link(source, &mut column)?;
        }
        if let Some(held) = self.sources.get_mut(source) {
            held.schema.insert(column.id.clone(), column);
        }
        Ok(())
    }

    /// Completes a new relation, and makes the far column of a dual one.
    fn link(&mut self, source: &str, column: &mut Property) -> Result<(), Refused> {
        let path = format!("body.properties.{}.relation", column.name);
        let Some(target) = column.config["data_source_id"].as_str().and_then(super::ids::uuid) else {
            return Err(Refused::body(&format!("{path}.data_source_id"), "defined", "undefined"));
        };
        let database = self.source(&target)?.database.clone();
        let dual = column.config["type"] == "dual_property" || column.config["dual_property"].is_object();
        if !dual {
            column.config = json!({
                "database_id": database, "data_source_id": target, "type": "single_property", "single_property": {},
            });
            return Ok(());
        }
        let own = self.source(source)?;
        let (own_title, own_database) = (text::plain(&own.title), own.database.clone());
        let far_name = match column.config["dual_property"]["synced_property_name"].as_str() {
            Some(name) => name.to_owned(),
            None => format!("Related to {own_title} ({})", column.name),
        };
        let mut taken = self.source(&target)?.schema.clone();
        taken.insert(column.id.clone(), column.clone());
        let mut far = schema::define(&far_name, &json!({ "relation": {} }), &taken, &mut self.ids)?;
        if taken.values().any(|c| c.name == far.name) {
            return Err(Refused::invalid(format!("A property named {far_name} exists already.")));
        }
        let config = |database: &str, source: &str, name: &str, id: &str| {
            json!({
                "database_id": database, "data_source_id": source, "type": "dual_property",
                "dual_property": { "synced_property_name": name, "synced_property_id": id },
            })
        };
        far.config = config(&own_database, source, &column.name, &column.id);
        column.config = config(&database, &target, &far.name, &far.id);
        if let Some(held) = self.sources.get_mut(&target) {
            held.schema.insert(far.id.clone(), far);
        }
        Ok(())
    }

    /// The far column of a dual relation.
    fn far(&mut self, column: &Property) -> Option<&mut Property> {
        let id = column.config["dual_property"]["synced_property_id"].as_str()?.to_owned();
        let target = column.config["data_source_id"].as_str()?;
        self.sources.get_mut(target)?.schema.values_mut().find(|c| same_property(&c.id, &id))
    }

    /// A dual relation that loses one side goes on as a single one on the other (inferred).
    fn unlink(&mut self, column: &Property) {
        if let Some(far) = self.far(column) {
            far.config["type"] = json!("single_property");
            far.config["single_property"] = json!({});
            if let Some(fields) = far.config.as_object_mut() {
                fields.remove("dual_property");
            }
        }
    }

    fn rename_far(&mut self, column: &Property) {
        if let Some(far) = self.far(column) {
            far.config["dual_property"]["synced_property_name"] = json!(column.name);
        }
    }

    /// Makes the rows fit their columns: values of removed columns go, options follow their definitions, retyped
    /// values are read again from their text, new `unique_id` columns are numbered.
    pub(super) fn settle_rows(&mut self, source: &str, retyped: &BTreeSet<String>, before: &BTreeMap<String, Source>) {
        let Some(columns) = self.sources.get(source).map(|s| s.schema.clone()) else { return };
        let mut rows: Vec<String> = self.rows.get(source).into_iter().flatten().cloned().collect();
        rows.sort_by_key(|row| self.pages.get(row).map(|p| (p.created, row.clone())));
        for row in rows {
            let Some(page) = self.pages.get_mut(&row) else { continue };
            page.values.retain(|id, _| columns.contains_key(id));
            for column in columns.values() {
                if retyped.contains(&column.id)
                    && let Some(value) = page.values.remove(&column.id)
                {
                    let was = before.get(source).and_then(|s| s.schema.get(&column.id));
                    let shown = was.map_or(Json::Null, |was| plain::of(&was.kind, &value));
                    if let Some(value) = reread(column, &shown) {
                        page.values.insert(column.id.clone(), value);
                    }
                }
                match column.kind.as_str() {
                    "unique_id" => {
                        let prefix = column.config["prefix"].clone();
                        let held = page.values.entry(column.id.clone()).or_insert_with(|| json!({ "number": null }));
                        held["prefix"] = prefix;
                        if held["number"].is_null()
                            && let Some(source) = self.sources.get_mut(source)
                        {
                            held["number"] = json!(source.next_number);
                            source.next_number += 1;
                        }
                    }
                    "select" | "status" | "multi_select" => {
                        if let Some(value) = page.values.get_mut(&column.id) {
                            *value = follow(column, value);
                            if column.kind == "status" && value.is_null() {
                                *value = schema::default_status(&column.config);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// A retyped value, where its text can be read as the new kind without adding options.
fn reread(column: &Property, shown: &Json) -> Option<Json> {
    let text = match shown {
        Json::String(text) => text.clone(),
        Json::Null => return None,
        other => other.to_string(),
    };
    match column.kind.as_str() {
        "rich_text" => Some(text::rich(&text)),
        "number" => text.parse::<f64>().ok().map(super::write::javascript),
        "url" | "email" | "phone_number" => Some(json!(text)),
        "date" => super::time::canonical_date(&text, None)
            .ok()
            .map(|start| json!({ "start": start, "end": null, "time_zone": null })),
        "select" | "status" => {
            let all = column.config["options"].as_array()?;
            all.iter().find(|option| option["name"] == text).map(chosen)
        }
        _ => None,
    }
}

/// Chosen options as their column now defines them; removed ones go.
pub(super) fn follow(column: &Property, value: &Json) -> Json {
    let now = |value: &Json| {
        let all = column.config["options"].as_array()?;
        all.iter().find(|option| option["id"] == value["id"]).map(chosen)
    };
    match value.as_array() {
        Some(list) => list.iter().filter_map(now).collect(),
        None => now(value).unwrap_or(Json::Null),
    }
}
