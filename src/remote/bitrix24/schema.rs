//! Asks the portal what its fields are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::catalogue::{Catalogue, Shape, catalogue, options};
use super::decode::{entries, scalar};
use super::{Bitrix24, Family, links};
use crate::model::{FieldInfo, FieldName, OptionInfo, Schema, Value};
use crate::remote::{Lane, RemoteError};

/// Dictionaries by their id, with their rows in order.
type Dictionaries = BTreeMap<String, Vec<OptionInfo>>;

impl Bitrix24 {
    /// What is known of an entity's fields, asked for if need be.
    pub(super) async fn catalogue(&self, family: Family, lane: Lane) -> Result<Arc<Catalogue>, RemoteError> {
        let known = self.memory().catalogues.get(family.name()).cloned();
        match known {
            Some(known) => Ok(known),
            None => self.ask_catalogue(family, lane).await,
        }
    }

    /// The fields, fresh.
    pub(super) async fn ask_catalogue(&self, family: Family, lane: Lane) -> Result<Arc<Catalogue>, RemoteError> {
        let asked = json!({"entityTypeId": family.type_id(), "useOriginalUfNames": "Y"});
        let result = self.ask(lane, "crm.item.fields", &asked).await?;
        let mut found = catalogue(family, &result["fields"]);
        let shapes: BTreeSet<_> = found.fields.values().map(|field| field.wire_type.as_str()).collect();
        let (has_money, has_lists) = (shapes.contains("money"), shapes.contains("enumeration"));
        if has_money {
            let rows = self.ask(lane, "crm.currency.list", &json!({})).await?;
            let base = entries(&rows).into_iter().find(|(_, row)| row["BASE"].as_str() == Some("Y"));
            found.currency = base.and_then(|(_, row)| scalar(&row["CURRENCY"]));
        }
        let bare = |found: &Catalogue| {
            found.fields.values().any(|field| field.shape == Shape::Enumeration && field.options.is_empty())
        };
        if has_lists && bare(&found) {
            // Not every build tells options with the fields.
            let method = format!("crm.{}.userfield.list", family.name());
            for row in self.ask_pages(lane, &method, json!({})).await? {
                let name = row["FIELD_NAME"].as_str().unwrap_or_default();
                if let Some(field) = found.fields.get_mut(name).filter(|field| field.options.is_empty()) {
                    field.options = options(&row["LIST"]);
                }
            }
        }
        let found = Arc::new(found);
        self.memory().catalogues.insert(family.name(), Arc::clone(&found));
        Ok(found)
    }

    /// The whole schema, fresh.
    pub(super) async fn ask_schema(&self, family: Family) -> Result<Schema, RemoteError> {
        let lane = Lane::Probe;
        let catalogue = self.ask_catalogue(family, lane).await?;
        let rows = self.ask_pages(lane, "crm.status.list", json!({"order": {"SORT": "ASC"}})).await?;
        let mut dictionaries = dictionaries(&rows);
        if family == Family::Deal {
            let result = self.ask(lane, "crm.category.list", &json!({"entityTypeId": family.type_id()})).await?;
            let pipelines = pipelines(&result["categories"]);
            let stages = stages(&pipelines, &dictionaries);
            dictionaries.insert("DEAL_STAGE".into(), stages);
            dictionaries.insert("crm_category".into(), pipelines);
        }
        if catalogue.fields.values().any(|field| field.wire_type == "crm_currency") {
            let rows = self.ask(lane, "crm.currency.list", &json!({})).await?;
            dictionaries.insert("crm_currency".into(), currencies(&rows));
        }
        Ok(described(family.title(), &catalogue, &dictionaries))
    }
}

fn currencies(rows: &Json) -> Vec<OptionInfo> {
    let row = |(_, row): (String, &Json)| {
        let id = scalar(&row["CURRENCY"])?;
        Some(OptionInfo { label: scalar(&row["FULL_NAME"]).unwrap_or_else(|| id.clone()), id, stable: None })
    };
    entries(rows).into_iter().filter_map(row).collect()
}

fn dictionaries(rows: &[Json]) -> Dictionaries {
    let mut found = Dictionaries::new();
    for row in rows {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        found.entry(text("ENTITY_ID")).or_default().push(OptionInfo {
            id: text("STATUS_ID"),
            label: text("NAME"),
            stable: None,
        });
    }
    found
}

fn pipelines(rows: &Json) -> Vec<OptionInfo> {
    let row = |(_, row): (String, &Json)| {
        Some(OptionInfo { id: scalar(&row["id"])?, label: row["name"].as_str()?.to_owned(), stable: None })
    };
    entries(rows).into_iter().filter_map(row).collect()
}

/// The stages of all pipelines. A name that several pipelines have is told with its pipeline's, except in the default
/// one: options are matched by name on the other side.
fn stages(pipelines: &[OptionInfo], dictionaries: &Dictionaries) -> Vec<OptionInfo> {
    let mut found: Vec<OptionInfo> = dictionaries.get("DEAL_STAGE").cloned().unwrap_or_default();
    for pipeline in pipelines.iter().filter(|pipeline| pipeline.id != "0") {
        for stage in dictionaries.get(&format!("DEAL_STAGE_{}", pipeline.id)).into_iter().flatten() {
            let taken = found.iter().any(|other| other.label == stage.label);
            let label = if taken { format!("{}: {}", pipeline.label, stage.label) } else { stage.label.clone() };
            found.push(OptionInfo { id: stage.id.clone(), label, stable: None });
        }
    }
    found
}

/// What holds our key in records and tasks, as the older methods and as `crm.item.*` and `tasks.task.*` call it.
const OURS: [&str; 6] = ["ORIGIN_ID", "ORIGINATOR_ID", "XML_ID", "originId", "originatorId", "xmlId"];

pub(super) fn described(title: &str, catalogue: &Catalogue, dictionaries: &Dictionaries) -> Schema {
    let field = |(name, field): (&String, &super::catalogue::Field)| {
        let dictionary = match field.wire_type.as_str() {
            _ if name == "STAGE_ID" => Some("DEAL_STAGE"),
            own @ ("crm_category" | "crm_currency") => Some(own),
            _ => field.dictionary.as_deref(),
        };
        let from_dictionary = || dictionary.and_then(|of| dictionaries.get(of)).cloned().unwrap_or_default();
        let info = FieldInfo {
            id: name.clone(),
            label: field.label.clone(),
            native_type: field.wire_type.clone(),
            writable: !field.read_only,
            multiple: field.multiple,
            options: if field.options.is_empty() { from_dictionary() } else { field.options.clone() },
            empty_is: match field.shape {
                Shape::Amount => Some(Value::Number(0.into())),
                Shape::Flag => Some(Value::Flag(false)),
                _ => None,
            },
            target: field.target.map(str::to_owned),
            far_end: None,
            within: links::of(name, catalogue).and_then(|links| links.chosen_from(name)),
            kinds: field.row.row.kinds.to_vec(),
        };
        (FieldName(name.clone()), info)
    };
    Schema {
        title: title.to_owned(),
        fields: catalogue.fields.iter().map(field).collect(),
        ours: OURS.into_iter().map(FieldName::from).collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn stages_of_other_pipelines_are_told_apart_by_name() {
        let row = |of: &str, code: &str, name: &str| json!({"ENTITY_ID": of, "STATUS_ID": code, "NAME": name});
        let rows = [
            row("DEAL_STAGE", "NEW", "New"),
            row("DEAL_STAGE", "WON", "Won"),
            row("DEAL_STAGE_5", "C5:NEW", "New"),
            row("DEAL_STAGE_5", "C5:DONE", "Done"),
        ];
        let categories = json!([{"id": 0, "name": "General"}, {"id": 5, "name": "Support"}]);
        let found = stages(&pipelines(&categories), &dictionaries(&rows));
        let told: Vec<_> = found.iter().map(|stage| (stage.id.as_str(), stage.label.as_str())).collect();
        assert_eq!(told, [("NEW", "New"), ("WON", "Won"), ("C5:NEW", "Support: New"), ("C5:DONE", "Done")]);
    }
}
