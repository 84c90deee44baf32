//! What the schemas of a pair looked like when they were last read: names change and ids stay. With it a property that was
//! renamed is followed, and an option that was renamed is no edit of everybody who has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::choices::fold;
use super::{Aside, Direction, FieldMap, FieldSpec, PairMap, PairSpec};
use crate::model::{FieldKey, FieldName, Schema, Value};

/// Of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Remembered {
    /// By field mapping.
    pub fields: BTreeMap<FieldKey, RememberedField>,
    /// The marker property.
    pub marker: Option<RememberedProperty>,
    /// The fields by which untied records are matched; `None` in what was remembered before they were.
    #[serde(default)]
    pub match_by: Option<Vec<FieldKey>>,
}

/// A Notion property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedProperty {
    /// The name that the configuration gives it.
    pub configured: FieldName,
    /// The name that it has, under which its readings are kept.
    pub name: FieldName,
    /// Its id, which stays.
    pub id: String,
}

/// Of one field mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedField {
    /// The property.
    pub property: RememberedProperty,
    /// Everything that decides whether a write is taken: types, options, values map.
    pub digest: String,
    /// Which way it goes; `None` in what was remembered before that was.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Notion's options: the name by the id that stays.
    pub options: BTreeMap<String, String>,
    /// Which CRM option was which option of Notion.
    pub paired: BTreeMap<String, Paired>,
    /// How often it no longer fitted the schemas, so that what was agreed on before no longer counts.
    #[serde(default)]
    pub lost: u32,
    /// It is set aside now.
    #[serde(default)]
    pub aside: bool,
}

/// A CRM option's counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paired {
    /// The Notion option's id that stays.
    pub option: String,
    /// The name that `values` gave it then; `None` where the labels were equal.
    pub configured: Option<String>,
}

/// What moved between two readings of the schemas while ids stayed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renamed {
    /// Properties: old name and new name.
    pub properties: Vec<(FieldName, FieldName)>,
    /// Options of a field: new name by old name.
    pub options: BTreeMap<FieldKey, BTreeMap<String, String>>,
    /// Fields of which anything changed that decides whether a write is taken, or which way it goes.
    pub changed: Vec<FieldKey>,
    /// Fields that had been set aside, and fit again.
    pub returned: Vec<FieldKey>,
    /// Fields came or went, or others tell untied records apart: a record that was refused is another one now.
    pub reshaped: bool,
}

impl Remembered {
    /// What is to be remembered of a compiled pair. `configured` is the pair as the operator wrote it, `before` what was
    /// remembered until now: of what is set aside, that stays.
    pub fn of(map: &PairMap, configured: &PairSpec, notion: &Schema, before: &Remembered) -> Self {
        let property = |configured: &FieldName, name: &FieldName| {
            let id = notion.fields.get(name)?.id.clone();
            Some(RememberedProperty { configured: configured.clone(), name: name.clone(), id })
        };
        let field = |field: &FieldMap| {
            let written = configured.fields.iter().find(|it| it.key == field.spec.key)?;
            let known = RememberedField {
                property: property(&written.notion, &field.spec.notion)?,
                digest: digest(field),
                direction: Some(field.spec.direction),
                options: stable_options(field).map(|(id, name)| (id.clone(), name.clone())).collect(),
                paired: paired(field),
                lost: before.lost(&field.spec.key),
                aside: false,
            };
            Some((field.spec.key.clone(), known))
        };
        let aside = |aside: &Aside| {
            let mut known = before.fields.get(&aside.key)?.clone();
            if !known.aside {
                known.aside = true;
                known.lost += u32::from(!aside.hidden);
            }
            Some((aside.key.clone(), known))
        };
        Self {
            fields: map.fields.iter().filter_map(field).chain(map.aside.iter().filter_map(aside)).collect(),
            marker: property(&configured.marker, &map.spec.marker),
            match_by: Some(configured.match_by.clone()),
        }
    }

    /// The pair with the names that its properties have now: one that the configuration names as it was called before is
    /// found by its id.
    pub fn follow(&self, configured: &PairSpec, notion: &Schema) -> PairSpec {
        let mut spec = configured.clone();
        let current = |name: &FieldName, known: Option<&RememberedProperty>| {
            let known = known.filter(|known| known.configured == *name && !notion.fields.contains_key(name))?;
            notion.fields.iter().find(|(_, info)| info.id == known.id).map(|(name, _)| name.clone())
        };
        for field in &mut spec.fields {
            let known = self.fields.get(&field.key).map(|field| &field.property);
            field.notion = current(&field.notion, known).unwrap_or_else(|| field.notion.clone());
        }
        spec.marker = current(&spec.marker, self.marker.as_ref()).unwrap_or(spec.marker);
        spec
    }

    /// Whether a field was kept in step before under the property that it names.
    pub(super) fn knows(&self, field: &FieldSpec) -> bool {
        let known = self.fields.get(&field.key).map(|known| &known.property);
        known.is_some_and(|known| known.configured == field.notion || known.name == field.notion)
    }

    /// How often a field was lost.
    pub(super) fn lost(&self, key: &FieldKey) -> u32 {
        self.fields.get(key).map_or(0, |known| known.lost)
    }

    /// What a field's options corresponded to, for its compilation.
    pub(super) fn paired(&self, key: &FieldKey) -> Option<&BTreeMap<String, Paired>> {
        self.fields.get(key).map(|field| &field.paired)
    }

    /// What has been renamed since `self` was remembered, or changed otherwise.
    pub fn renamed(&self, now: &Remembered) -> Renamed {
        let moved = self.match_by.is_some() && self.match_by != now.match_by;
        let mut renamed =
            Renamed { reshaped: moved || !self.fields.keys().eq(now.fields.keys()), ..Renamed::default() };
        for (key, new) in &now.fields {
            let Some(old) = self.fields.get(key) else { continue };
            if old.aside != new.aside {
                renamed.reshaped = true;
                if old.aside {
                    renamed.returned.push(key.clone());
                }
            }
            if old.property.id == new.property.id {
                if old.property.name != new.property.name {
                    renamed.properties.push((old.property.name.clone(), new.property.name.clone()));
                }
                let options: BTreeMap<String, String> = old
                    .options
                    .iter()
                    .filter_map(|(id, name)| Some((name.clone(), new.options.get(id)?.clone())))
                    .filter(|(old, new)| old != new)
                    .collect();
                if !options.is_empty() {
                    renamed.options.insert(key.clone(), options);
                }
            }
            let turned = old.direction.is_some() && old.direction != new.direction;
            if turned || old.digest != new.digest {
                renamed.changed.push(key.clone());
            }
        }
        renamed
    }
}

/// A value with the new names of its options.
pub fn with_new_names(value: &Value, names: &BTreeMap<String, String>) -> Option<Value> {
    let new = |name: &String| names.get(name).unwrap_or(name).clone();
    let moved = match value {
        Value::Choice(name) => Value::Choice(new(name)),
        Value::Choices(all) => Value::choices(all.iter().map(new)),
        _ => return None,
    };
    (moved != *value).then_some(moved)
}

fn stable_options(field: &FieldMap) -> impl Iterator<Item = (&String, &String)> {
    field.notion.options.iter().filter_map(|option| Some((option.stable.as_ref()?, &option.id)))
}

fn digest(field: &FieldMap) -> String {
    let json =
        serde_json::to_vec(&(&field.hash, &field.crm, &field.notion, field.spec.create_options)).unwrap_or_default();
    crate::model::value::hex16(&Sha256::digest(json))
}

/// The name that `values` gives a CRM option.
pub(super) fn configured<'a>(spec: &'a FieldSpec, id: &str, label: &str) -> Option<&'a String> {
    let by_label = || spec.values.iter().find(|(key, _)| fold(key) == fold(label)).map(|(_, name)| name);
    spec.values.get(id).or_else(by_label)
}

fn paired(field: &FieldMap) -> BTreeMap<String, Paired> {
    let ids: BTreeMap<&String, &String> = stable_options(field).map(|(id, name)| (name, id)).collect();
    let one = |(crm, name): (&String, &String)| {
        let label =
            field.crm.options.iter().find(|option| option.id == *crm).map_or("", |option| option.label.as_str());
        let configured = configured(&field.spec, crm, label).cloned();
        Some((crm.clone(), Paired { option: (*ids.get(name)?).clone(), configured }))
    };
    field.choices.names().filter_map(one).collect()
}
