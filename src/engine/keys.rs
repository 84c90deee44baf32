//! Match keys: what untied records have in common with others, as far as it tells which belong together.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapping::FieldMap;
use crate::model::packed::{Names, ObservationBytes, ValueBytes};
use crate::model::{Observation, RecordId, Side, Value};
use crate::plan::Facts;

use super::core::Core;
use super::memory::PairMemory;

/// Where the match keys of a pair lie in records of one side. Nearly all of them have the same table of names.
#[derive(Default)]
struct KeyPlaces {
    of: Option<u32>,
    places: Vec<Option<usize>>,
}

impl KeyPlaces {
    /// As [`Core::match_keys`], without making the record. `None` where its short form does not tell them.
    fn keys(
        &mut self,
        core: &Core,
        pair: &PairMemory,
        side: Side,
        (table, names, short): (u32, &Names, ObservationBytes<'_>),
    ) -> Option<Vec<Value>> {
        let fields = || pair.spec.match_by.iter().map(|key| pair.map.as_ref()?.field(key));
        if self.of != Some(table) {
            self.of = Some(table);
            let place = |field: &FieldMap| names.iter().position(|name| name == field.name_on(side).as_str());
            self.places = fields().map(|field| field.and_then(place)).collect();
        }
        let mut native = vec![None; self.places.len()];
        short.fields(names.len(), |at, field| {
            for (place, native) in self.places.iter().zip(&mut native) {
                if *place == Some(at) {
                    *native = field.known;
                }
            }
        })?;
        let key = |(field, native): (Option<&FieldMap>, Option<ValueBytes<'_>>)| match (field, native) {
            (Some(field), Some(native)) => Some(core.match_key(field, side, &native.value()?).unwrap_or_default()),
            _ => Some(Value::Empty),
        };
        fields().zip(native).map(key).collect()
    }
}

impl Core {
    /// Adds what is tied, as far as an untied record has a key or a marker in common with it: nothing else is asked of it.
    pub(super) fn add_tied(&self, pair: &PairMemory, twins: &BTreeSet<(Side, RecordId)>, facts: &mut Facts) {
        let marked = facts.notion.values().filter_map(|untied| untied.marker.as_deref());
        let marked = marked.filter_map(|crm| Some((pair.ties.id(crm)?.clone(), pair.ties.page_of(crm)?)));
        facts.ties = marked.collect();
        let mut wanted: Vec<BTreeSet<&Value>> = vec![BTreeSet::new(); pair.spec.match_by.len()];
        for untied in facts.crm.values().chain(facts.notion.values()) {
            for (wanted, key) in wanted.iter_mut().zip(&untied.keys).filter(|(_, key)| !key.is_empty()) {
                wanted.insert(key);
            }
        }
        if wanted.iter().all(BTreeSet::is_empty) {
            return;
        }
        let mut found = Vec::new();
        for side in Side::BOTH {
            let observations = pair.observations.get(side);
            let mut places = KeyPlaces::default();
            for (id, table, names, short) in observations.present_in_short() {
                let keys = match places.keys(self, pair, side, (table, names, short)) {
                    Some(keys) => keys,
                    // Something of it cannot be told in short.
                    None => match observations.read(id) {
                        Some(observation) => self.match_keys(pair, side, &observation),
                        None => continue,
                    },
                };
                let shares = wanted.iter().zip(&keys).any(|(wanted, key)| wanted.contains(key));
                if shares && pair.is_tied(side, id) && !twins.contains(&(side, id.clone())) {
                    found.push(((side, id.clone()), keys));
                }
            }
        }
        facts.tied_keys = BTreeMap::from_iter(found);
    }

    /// A record's match keys, best first; `Empty` where it has none.
    pub(super) fn match_keys(&self, pair: &PairMemory, side: Side, observation: &Observation) -> Vec<Value> {
        let keyed = pair.spec.match_by.iter().map(|key| pair.map.as_ref()?.field(key));
        let native = |field: &FieldMap| observation.known(field.name_on(side));
        keyed
            .map(|field| field.and_then(|field| self.match_key(field, side, native(field)?)).unwrap_or_default())
            .collect()
    }

    fn match_key(&self, field: &FieldMap, side: Side, native: &Value) -> Option<Value> {
        field.match_key(&field.to_common(side, native, &self.translator()).ok()?).map(Value::Text)
    }
}
