//! Properties and options that were renamed: what is remembered under the old names gets the new ones, and nobody has edited
//! anything.

use std::collections::BTreeMap;

use crate::mapping::remembered::with_new_names;
use crate::mapping::{FieldMap, PairMap, Renamed};
use crate::model::{
    FieldName, FieldState, Happening, HoldId, Kind, Observation, PairName, RecordRef, Side, TieId, Value,
};

use super::core::{Core, Held};
use super::memory::Txn;

impl Core {
    /// Takes what has been renamed or changed in a pair's schemas since they were last read.
    pub(super) fn take_renamed(&mut self, txn: &mut Txn, name: &PairName, map: &PairMap, renamed: Renamed) {
        for (old, new) in &renamed.properties {
            self.tell(txn, name, format!("the property {old} of pair {name} is called {new} now"));
        }
        for (key, names) in &renamed.options {
            let names: Vec<String> = names.iter().map(|(old, new)| format!("{old} is {new} now")).collect();
            self.tell(txn, name, format!("options of {key} in pair {name} were renamed: {}", names.join(", ")));
        }
        if !renamed.properties.is_empty() || !renamed.options.is_empty() {
            self.rename_observed(txn, name, map, &renamed);
        }
        if !renamed.options.is_empty() {
            self.rename_agreed(txn, name, &renamed);
        }
        self.renamed_perhaps.retain(|(at, _), _| at.pair != *name);
        self.read_returned_anew(txn, name, map, &renamed.returned);
        if !renamed.changed.is_empty() || renamed.reshaped {
            self.release_failures(txn, name, &renamed);
        }
    }

    fn tell(&mut self, txn: &mut Txn, name: &PairName, note: String) {
        let mut event = self.system_event(Happening::System, note);
        event.pair = Some(name.clone());
        txn.events.push(event);
    }

    fn rename_observed(&mut self, txn: &mut Txn, name: &PairName, map: &PairMap, renamed: &Renamed) {
        let Some(pair) = self.memory.pair(name) else { return };
        let mut moved: Vec<(RecordRef, Observation)> = Vec::new();
        for (id, before) in pair.observations.notion.iter() {
            let mut observation = Observation::clone(&before);
            rename_fields(&mut observation, &renamed.properties);
            for (key, names) in &renamed.options {
                let Some(field) = map.field(key) else { continue };
                let name = field.name_on(Side::Notion);
                let read = observation.fields.get_mut(name).and_then(|state| match state {
                    FieldState::Known(value) => Some(value),
                    FieldState::Unknown(_) => None,
                });
                let last = observation.unread.get_mut(name).and_then(|unread| unread.last.as_mut());
                for value in read.into_iter().chain(last.map(|(value, _)| value)) {
                    if let Some(new) = with_new_names(value, names) {
                        *value = new;
                    }
                }
                // It was read with the new name before that was known: nobody has edited it since it came.
                let at = RecordRef { pair: pair.spec.name.clone(), side: Side::Notion, id: id.clone() };
                if let Some((old, came)) = self.renamed_perhaps.get(&(at, name.clone()))
                    && with_new_names(old, names).as_ref() == observation.known(name)
                {
                    match came {
                        Some(came) => drop(observation.changed_between.insert(name.clone(), *came)),
                        None => drop(observation.changed_between.remove(name)),
                    }
                }
            }
            if observation != *before {
                moved.push((RecordRef { pair: name.clone(), side: Side::Notion, id: id.clone() }, observation));
            }
        }
        for (at, observation) in moved {
            self.memory.put_observation(txn, &at, observation);
        }
    }

    /// What fields held that show an option now which the schema did not: it may be an old one with a new name.
    pub(super) fn perhaps_renamed(
        &self,
        at: &RecordRef,
        before: Option<&Observation>,
        after: &Observation,
    ) -> Vec<((RecordRef, FieldName), Held)> {
        let map = self.memory.pair(&at.pair).and_then(|pair| pair.map.as_ref()).filter(|_| at.side == Side::Notion);
        let (Some(map), Some(before)) = (map, before) else { return Vec::new() };
        let fields = map.fields.iter().filter(|field| shows_unknown_option(field, after));
        let held = fields.filter_map(|field| {
            let name = field.name_on(Side::Notion);
            let old = before.known(name).filter(|old| after.known(name) != Some(*old))?;
            Some(((at.clone(), name.clone()), (old.clone(), before.changed_between.get(name).copied())))
        });
        held.collect()
    }

    /// Bases hold the names of options in common dialect, which is Notion's.
    fn rename_agreed(&mut self, txn: &mut Txn, name: &PairName, renamed: &Renamed) {
        let Some(pair) = self.memory.pair(name) else { return };
        let mut moved = Vec::new();
        for tie in pair.ties.values() {
            let mut tie = tie.own();
            let mut is_moved = false;
            for (key, names) in &renamed.options {
                let Some(base) = tie.base.get_mut(key) else { continue };
                for value in [&mut base.crm, &mut base.notion] {
                    if let Some(new) = with_new_names(value, names) {
                        *value = new;
                        is_moved = true;
                    }
                }
            }
            if is_moved {
                moved.push(tie);
            }
        }
        for tie in moved {
            self.memory.put_tie(txn, tie);
        }
    }

    /// What was refused or set aside under another schema or mapping is tried again.
    fn release_failures(&mut self, txn: &mut Txn, name: &PairName, renamed: &Renamed) {
        let of_pair = self.memory.marks.keys().filter(|(hold, _)| hold.pair == *name);
        let released: Vec<(HoldId, &'static str)> = of_pair
            .filter(|(hold, kind)| match hold.field.as_ref() {
                Some(key) => *kind == "refused" && renamed.changed.contains(key),
                None => *kind == "failed",
            })
            .cloned()
            .collect();
        for (hold, kind) in released {
            self.memory.remove_mark(txn, &hold, kind);
            // A tie's hold follows when it is planned anew; a source without a tie has nothing that is.
            if kind == "failed" && hold.tie_id().is_none_or(|id| self.ends(&id).is_none()) {
                self.set_hold(txn, hold, None);
            }
        }
    }

    /// Whether a page shows an option that came after the schemas were read: an old one may have a new name.
    pub(super) fn has_unknown_option(&self, id: &TieId, field: &FieldMap, notion: &Observation) -> bool {
        if !shows_unknown_option(field, notion) {
            return false;
        }
        let came = notion.changed_between.get(field.name_on(Side::Notion)).map(|(_, came)| *came);
        came.zip(self.schemas_as_of(&id.pair)).is_some_and(|(came, read)| read <= came)
    }
}

/// Whether Notion shows an option of this field that its schema did not.
fn shows_unknown_option(field: &FieldMap, notion: &Observation) -> bool {
    notion.known(field.name_on(Side::Notion)).is_some_and(|value| is_unknown_option(field, value))
}

/// Whether a value of Notion is an option of this field that its schema did not show.
pub(super) fn is_unknown_option(field: &FieldMap, value: &Value) -> bool {
    if !matches!(field.notion_kind, Kind::Select | Kind::Status | Kind::MultiSelect) {
        return false;
    }
    let named = match value {
        Value::Choice(name) => vec![name],
        Value::Choices(names) => names.iter().collect(),
        _ => return false,
    };
    let options = &field.notion.options;
    let is_known = |name: &&String| options.iter().any(|option| option.id == **name || option.stable.is_none());
    !named.iter().all(is_known)
}

fn rename_fields(observation: &mut Observation, names: &[(FieldName, FieldName)]) {
    fn moved<T>(of: &mut BTreeMap<FieldName, T>, names: &[(FieldName, FieldName)]) {
        // All at once: two properties may have changed names with each other.
        let taken: Vec<(&FieldName, T)> =
            names.iter().filter_map(|(old, new)| of.remove(old).map(|value| (new, value))).collect();
        of.extend(taken.into_iter().map(|(new, value)| (new.clone(), value)));
    }
    moved(&mut observation.fields, names);
    moved(&mut observation.unread, names);
    moved(&mut observation.changed_between, names);
}
