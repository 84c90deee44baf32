//! What people do to the columns of a data source while a sync runs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::NotionStandIn;
use super::people::{known, no_such};
use super::refusal::Refused;
use super::schema::{Property, find, option_name};
use crate::standin::log::Actor;

/// A name that changed: an option's or a property's. Pages show it at once and keep their timestamps, and the log has no
/// entry, for nobody edited a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// The log's length when it happened: entries from this number on came later and use the new name.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// The data source.
    pub data_source: String,
    /// The property's id, which never changes.
    pub property_id: String,
    /// The property's name just before.
    pub property: String,
    /// The old name.
    pub from: String,
    /// The new name.
    pub to: String,
}

impl NotionStandIn {
    /// A person gives a property another name; its id stays. [`Self::property_renames`] tells of it.
    ///
    /// # Errors
    /// When the person, data source or property does not exist, or the name is taken.
    pub fn rename_property(
        &mut self,
        now: Timestamp,
        who: &str,
        data_source: &str,
        property: &str,
        to: &str,
    ) -> Result<(), Refused> {
        let (column, renamed) = self.renaming(now, who, data_source, property, to)?;
        let change = Map::from_iter([(column.id.clone(), json!({ "name": to }))]);
        let who = self.person(who)?;
        self.world.change_columns(&renamed.data_source, &change, &who, renamed.at)?;
        self.world.property_renames.push(Renamed { from: column.name, ..renamed });
        Ok(())
    }

    /// A person gives an option of a select, status or multi-select another name; its id stays, and every page that
    /// holds it shows the new name. No page counts as edited: [`Self::option_renames`] tells of it, the log does not.
    ///
    /// # Errors
    /// When the person, data source, property or option does not exist, or the name is taken or not allowed.
    pub fn rename_option(
        &mut self,
        now: Timestamp,
        who: &str,
        data_source: &str,
        property: &str,
        from: &str,
        to: &str,
    ) -> Result<(), Refused> {
        let (mut column, renamed) = self.renaming(now, who, data_source, property, to)?;
        option_name("name", to)?;
        let options = column.config["options"].as_array_mut().ok_or_else(|| no_such_option(from))?;
        let taken =
            |o: &Json| o["name"] != from && o["name"].as_str().is_some_and(|n| n.to_lowercase() == to.to_lowercase());
        if options.iter().any(taken) {
            return Err(Refused::invalid(format!("Select options must have unique names: \"{to}\" appears twice.")));
        }
        let option = options.iter_mut().find(|option| option["name"] == from).ok_or_else(|| no_such_option(from))?;
        option["name"] = json!(to);
        let user = self.world.user_of(&self.person(who)?);
        if let Some(source) = self.world.sources.get_mut(&renamed.data_source) {
            source.schema.insert(column.id.clone(), column);
            (source.edited, source.edited_by) = (renamed.at, user);
        }
        self.world.settle_rows(&renamed.data_source, &BTreeSet::new(), &BTreeMap::new());
        self.world.option_renames.push(Renamed { from: from.to_owned(), ..renamed });
        Ok(())
    }

    /// A person adds a property, given as Notion's create request takes it: `{"number": {}}`.
    ///
    /// # Errors
    /// When the person or data source does not exist, the name is taken, or Notion would refuse the definition.
    pub fn add_property(
        &mut self,
        now: Timestamp,
        who: &str,
        data_source: &str,
        name: &str,
        definition: &Json,
    ) -> Result<(), Refused> {
        let now = self.tick(now);
        let (who, source) = (self.person(who)?, known(data_source)?);
        if find(&self.world.source(&source)?.schema, name).is_some() {
            return Err(Refused::invalid(format!("A property named {name} exists already.")));
        }
        let change = Map::from_iter([(name.to_owned(), definition.clone())]);
        self.world.change_columns(&source, &change, &who, now)
    }

    /// A person deletes an option. Pages that held it lose it, a status falls back to the default one; the log tells
    /// that as this person's edits, but the pages keep their timestamps (inferred).
    ///
    /// # Errors
    /// When the person, data source, property or option does not exist.
    pub fn delete_option(
        &mut self,
        now: Timestamp,
        who: &str,
        data_source: &str,
        property: &str,
        option: &str,
    ) -> Result<(), Refused> {
        let now = self.tick(now);
        let (who, source) = (self.person(who)?, known(data_source)?);
        let column = find(&self.world.source(&source)?.schema, property).ok_or_else(|| no_such(property))?.clone();
        let options = column.config["options"].as_array().ok_or_else(|| no_such_option(option))?;
        let kept: Vec<&Json> = options.iter().filter(|o| o["name"] != option).collect();
        if kept.len() == options.len() {
            return Err(no_such_option(option));
        }
        let change = json!({ column.kind.as_str(): { "options": kept } });
        self.world.change_columns(&source, &Map::from_iter([(column.id.clone(), change)]), &who, now)
    }

    /// Every option that got another name, oldest first.
    pub fn option_renames(&self) -> &[Renamed] {
        &self.world.option_renames
    }

    /// Every property that got another name, oldest first.
    pub fn property_renames(&self) -> &[Renamed] {
        &self.world.property_renames
    }

    /// The column, and most of what will be told of a new name.
    fn renaming(
        &mut self,
        now: Timestamp,
        who: &str,
        data_source: &str,
        property: &str,
        to: &str,
    ) -> Result<(Property, Renamed), Refused> {
        let at = self.tick(now);
        let (who, data_source) = (self.person(who)?, known(data_source)?);
        let column = find(&self.world.source(&data_source)?.schema, property).ok_or_else(|| no_such(property))?.clone();
        let renamed = Renamed {
            seq: u64::try_from(self.world.log.len()).unwrap_or(u64::MAX),
            at,
            by: self.world.actor(&who),
            data_source,
            property_id: column.id.clone(),
            property: column.name.clone(),
            from: String::new(),
            to: to.to_owned(),
        };
        Ok((column, renamed))
    }
}

fn no_such_option(option: &str) -> Refused {
    Refused::invalid(format!("{option} is not an option that exists."))
}
