//! One thing looked at closely, for people: a record with all its fields, a pair with its mapping.

use crate::control::{MappedField, MappingView, RecordField, RecordView, Sides};
use crate::mapping::{Direction, FieldMap};
use crate::model::{HoldId, PairName, Side, TieId};
use crate::plan::Seen;

use super::core::Core;

/// A word of the configuration, as it is written there.
fn word(value: impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().map(str::to_owned).unwrap_or_default()
}

impl Core {
    /// Both ends of a tie.
    pub(super) fn record_view(&self, id: &TieId) -> Option<RecordView> {
        let pair = self.memory.pair(&id.pair)?;
        let tie = pair.ties.get(&id.crm)?;
        let map = pair.map.as_ref()?;
        let lookup = self.translator();
        let text =
            |field: &FieldMap, side: Side| match self.seen(field, side, pair.observation(side, tie.on(side))?, &lookup)
            {
                Seen::Known(value) | Seen::Unmapped(value, _) => Some(self.text(field, &value)),
                Seen::Unknown(..) => None,
            };
        let fields = map.fields.iter().map(|field| RecordField {
            label: field.spec.notion.0.clone(),
            base: tie.base.get(&field.spec.key).map(|base| self.text(field, &base.crm)),
            crm: text(field, Side::Crm),
            notion: text(field, Side::Notion),
            held: self.memory.holds.contains_key(&HoldId::field(id, &field.spec.key)),
        });
        let link = |side: Side| self.systems.get(side).link(pair.entity.get(side), tie.on(side));
        Some(RecordView {
            tie: id.clone(),
            title: self.tie_title(pair, &id.crm),
            ids: Sides { crm: tie.crm.clone(), notion: tie.notion.clone() },
            links: Sides { crm: link(Side::Crm), notion: link(Side::Notion) },
            fields: fields.collect(),
        })
    }

    /// What a pair maps, and by which rules.
    pub(super) fn mapping_view(&self, name: &PairName) -> Option<MappingView> {
        let pair = self.memory.pair(name)?;
        let spec = &pair.spec;
        let label = |key: &crate::model::FieldKey| self.label(name, key);
        let keys: Vec<String> = spec.match_by.iter().map(label).collect();
        let facts = [
            ("CRM entity", spec.crm.clone()),
            ("Notion data source", spec.data_source.clone()),
            ("matched by", keys.join(", then ")),
            ("creates", word(spec.create)),
            ("a deletion", word(spec.delete)),
            ("marker property", spec.marker.0.clone()),
            ("template of new pages", spec.template.as_ref().map_or_else(|| "none".to_owned(), |_| "yes".to_owned())),
        ];
        let fields = spec.fields.iter().map(|field| MappedField {
            crm: field.crm.0.clone(),
            notion: field.notion.0.clone(),
            direction: match field.direction {
                Direction::Both => "<->",
                Direction::CrmToNotion => "-->",
                Direction::NotionToCrm => "<--",
            }
            .to_owned(),
            kind: pair
                .map
                .as_ref()
                .and_then(|map| map.field(&field.key))
                .map(|field| word(field.kind).replace('_', " "))
                .unwrap_or_default(),
            policy: word(field.policy),
        });
        let filters = [("only CRM records with", &spec.filters.crm), ("only pages with", &spec.filters.notion)];
        let filters = filters.into_iter().filter_map(|(name, filter)| Some((name, filter.as_ref()?.to_string())));
        let facts = facts.into_iter().chain(filters).map(|(name, text)| (name.to_owned(), text));
        let facts = facts.chain(self.guards_told(name)).collect();
        Some(MappingView { pair: name.clone(), facts, fields: fields.collect() })
    }
}
