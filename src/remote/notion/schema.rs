//! The properties of one data source, and how a field name finds its property.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{malformed, rollup, support, text, wire};
use crate::model::{FieldInfo, FieldName, Kind, OptionInfo, Schema, Value};
use crate::remote::RemoteError;
use crate::remote::support::TypeRow;

/// One property of a data source.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name now.
    pub name: String,
    /// Its id exactly as Notion returned it: percent-encoded, and so it is sent in paths.
    pub id: String,
    /// Its type: `rich_text`, `status`.
    pub kind: String,
    /// What the type's own object says: options, the related data source.
    pub config: Json,
}

impl Column {
    /// The id in the form in which ids are compared. Notion returns some decoded and some not (the relation of a
    /// rollup came as `v_]<`, its own property as `v_%5D%3C`).
    pub fn key(&self) -> String {
        decoded(&self.id)
    }

    /// Whether Notion lets us write it and we know how.
    pub fn is_writable(&self) -> bool {
        support::of(&self.kind).is_some_and(TypeRow::is_writable)
    }

    /// The canonical kinds that it can hold, best first.
    pub fn kinds(&self) -> Vec<Kind> {
        match self.kind.as_str() {
            "rollup" => rollup::kinds(&self.config),
            kind => support::of(kind).map_or_else(Vec::new, |row| row.kinds.to_vec()),
        }
    }

    fn info(&self) -> FieldInfo {
        let named = |name: &str| OptionInfo { id: name.to_owned(), label: name.to_owned(), stable: None };
        let configured = self.config.get("options").and_then(Json::as_array).into_iter().flatten();
        let options = configured.filter_map(|option| {
            let stable = option.get("id").and_then(Json::as_str).map(str::to_owned);
            Some(OptionInfo { stable, ..named(option.get("name").and_then(Json::as_str)?) })
        });
        FieldInfo {
            id: self.key(),
            label: self.name.clone(),
            native_type: self.kind.clone(),
            kinds: self.kinds(),
            writable: self.is_writable(),
            multiple: matches!(self.kind.as_str(), "people" | "relation" | "multi_select" | "rollup"),
            options: match self.kind.as_str() {
                "verification" => ["verified", "unverified", "expired"].map(named).to_vec(),
                _ => options.collect(),
            },
            empty_is: match self.kind.as_str() {
                "checkbox" => Some(Value::Flag(false)),
                "status" => self.default_option().map(Value::Choice),
                _ => None,
            },
            target: match self.kind.as_str() {
                "relation" => self.config.get("data_source_id").and_then(Json::as_str).map(str::to_owned),
                _ => None,
            },
            far_end: self
                .config
                .pointer("/dual_property/synced_property_name")
                .and_then(Json::as_str)
                .map(FieldName::from),
            within: None,
        }
    }

    /// What Notion makes of a status that is emptied: the first option of the first group that has any.
    fn default_option(&self) -> Option<String> {
        let list = |key: &str| self.config.get(key).and_then(Json::as_array).into_iter().flatten();
        let first = list("groups").find_map(|group| group.get("option_ids")?.get(0)?.as_str())?;
        let option = list("options").find(|option| option.get("id").and_then(Json::as_str) == Some(first))?;
        option.get("name").and_then(Json::as_str).map(str::to_owned)
    }
}

#[derive(Deserialize)]
struct WireColumn {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The properties of one data source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// The data source's title.
    pub title: String,
    by_name: BTreeMap<FieldName, Column>,
    /// The id that a name had before the property was renamed: a mapping names it by the old name until the operator
    /// changes it, and the id is what stays.
    former: BTreeMap<FieldName, String>,
}

impl Columns {
    /// Reads the properties of a data source.
    ///
    /// # Errors
    /// Malformed, when a property has no id or type.
    pub fn read(source: &wire::DataSource) -> Result<Self, RemoteError> {
        let mut by_name = BTreeMap::new();
        for (name, property) in &source.properties {
            let wire = WireColumn::deserialize(property)
                .map_err(|_| malformed(format!("the property {name:?} of the data source has no id or type")))?;
            let config = property.get(&wire.kind).cloned().unwrap_or_default();
            let column = Column { name: name.clone(), id: wire.id, kind: wire.kind, config };
            by_name.insert(FieldName(name.clone()), column);
        }
        let title = text::plain(&source.title).unwrap_or_default();
        Ok(Self { title, by_name, former: BTreeMap::new() })
    }

    /// These properties, remembering the names that `older` knew their ids by.
    pub fn succeeding(mut self, older: &Columns) -> Self {
        self.former = older.former.clone();
        self.former.extend(older.by_name.iter().map(|(name, column)| (name.clone(), column.key())));
        self
    }

    /// The property of that name, now or before it was renamed.
    pub fn resolve(&self, name: &FieldName) -> Option<&Column> {
        self.by_name.get(name).or_else(|| {
            let id = self.former.get(name)?;
            self.by_name.values().find(|column| column.key() == *id)
        })
    }

    /// Every property by its name.
    pub fn iter(&self) -> impl Iterator<Item = (&FieldName, &Column)> {
        self.by_name.iter()
    }

    /// The schema as the engine knows it.
    pub fn schema(&self) -> Schema {
        Schema {
            title: self.title.clone(),
            fields: self.by_name.iter().map(|(name, column)| (name.clone(), column.info())).collect(),
            ours: BTreeSet::new(),
        }
    }
}

/// A property id with its percent-encoding undone.
pub fn decoded(id: &str) -> String {
    percent_decode_str(id).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::Columns;
    use crate::model::{FieldName, Kind, Value};
    use crate::remote::notion::wire;

    fn columns(properties: serde_json::Value) -> Columns {
        let source: wire::DataSource = serde_json::from_value(json!({
            "object": "data_source", "id": "d", "title": [{"plain_text": "Deals"}], "properties": properties
        }))
        .unwrap();
        Columns::read(&source).unwrap()
    }

    #[test]
    fn a_schema_tells_kinds_options_and_targets() {
        let schema = columns(json!({
            "Name": {"id": "title", "type": "title", "title": {}},
            "Stage": {"id": "U%60%3BC", "type": "status", "status": {"options": [{"id": "1", "name": "Won"}], "groups": []}},
            "Contacts": {"id": "a", "type": "relation", "relation": {"data_source_id": "ds2", "type": "dual_property",
                "dual_property": {"synced_property_id": "x", "synced_property_name": "Deals"}}},
            "Done": {"id": "b", "type": "checkbox", "checkbox": {}},
            "Sum": {"id": "c", "type": "rollup", "rollup": {"function": "sum"}},
            "Number": {"id": "d", "type": "unique_id", "unique_id": {"prefix": "D"}},
            "New": {"id": "e", "type": "hologram", "hologram": {}}
        }))
        .schema();
        let field = |name: &str| schema.fields[&FieldName::from(name)].clone();
        assert_eq!(schema.title, "Deals");
        assert_eq!(field("Name").kinds, [Kind::Title, Kind::Text]);
        assert_eq!(field("Stage").id, "U`;C");
        assert_eq!(field("Stage").options[0].id, "Won");
        assert_eq!(field("Contacts").target.as_deref(), Some("ds2"));
        assert_eq!((field("Contacts").far_end, field("Done").far_end), (Some("Deals".into()), None));
        assert!(field("Contacts").multiple);
        assert_eq!(field("Done").empty_is, Some(Value::Flag(false)));
        assert!(field("Sum").kinds == [Kind::Number] && !field("Sum").writable);
        assert_eq!((field("Number").kinds, field("Number").writable), (vec![Kind::Text], false));
        assert!(field("New").kinds.is_empty() && !field("New").writable);
        assert_eq!(field("New").native_type, "hologram");
    }

    #[test]
    fn a_renamed_property_is_found_by_the_id_that_its_old_name_had() {
        let before = columns(json!({"Stage": {"id": "U%60%3BC", "type": "status", "status": {}}}));
        let after = columns(json!({"Phase": {"id": "U`;C", "type": "status", "status": {}}})).succeeding(&before);
        assert_eq!(after.resolve(&"Stage".into()).unwrap().name, "Phase");
        assert_eq!(after.resolve(&"Phase".into()).unwrap().name, "Phase");
        assert!(after.resolve(&"Other".into()).is_none());
        let recreated = columns(json!({"Stage": {"id": "new", "type": "status", "status": {}}})).succeeding(&after);
        assert_eq!(recreated.resolve(&"Stage".into()).unwrap().id, "new");
    }
}
