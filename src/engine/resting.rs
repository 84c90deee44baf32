//! Ties that rest: both sides hold what they last agreed on, and nothing else is known about them.
//!
//! Nearly all ties do, nearly always, and a start looks at every one. So this asks the short forms of the three records, and
//! makes none of them. It may miss a tie that rests, which is then planned like any other and found to rest; it must never
//! take one for resting whose plan would say or change anything.

use std::collections::BTreeMap;

use crate::mapping::FieldMap;
use crate::model::packed::{AgreedField, Names, ObservationBytes, Plain, SeenField, TieBytes, ValueBytes, WordBytes};
use crate::model::{HoldId, Kind, Presence, Side, TieId};

use crate::plan::{Departure, FieldPlan};

use super::core::{Core, OpKey, Target};
use super::memory::PairMemory;
use super::renaming::is_unknown_option;

/// Up to so many ties of a pair, tests compare what is found here with the planning itself.
const CHECKED: usize = 1000;

/// Where the fields of a pair lie in its records. Nearly all records of a pair have the same tables of names.
#[derive(Default)]
pub struct Places {
    /// The tables of the tie and both observations.
    of: Option<[u32; 3]>,
    /// The places of every mapped field there; `None` where one is missing, or was agreed on under another mapping.
    fields: Option<Vec<[usize; 3]>>,
    alike: Alike,
}

/// Native values that were found to be what was agreed on, by field and side: options and people come again and again.
#[derive(Default)]
struct Alike(BTreeMap<(usize, Side), BTreeMap<Vec<u8>, Vec<u8>>>);

/// So many of a field, at most.
const ALIKE: usize = 64;

impl Alike {
    fn has(&self, place: (usize, Side), seen: ValueBytes<'_>, agreed: ValueBytes<'_>) -> bool {
        self.0.get(&place).and_then(|known| known.get(seen.bytes())).is_some_and(|known| known == agreed.bytes())
    }

    fn keep(&mut self, place: (usize, Side), seen: ValueBytes<'_>, agreed: ValueBytes<'_>) {
        let known = self.0.entry(place).or_default();
        if known.len() < ALIKE {
            known.insert(seen.bytes().to_vec(), agreed.bytes().to_vec());
        }
    }
}

impl Places {
    fn find(&mut self, pair: &PairMemory, tables: [u32; 3], names: [&Names; 3]) -> Option<(&[[usize; 3]], &mut Alike)> {
        if self.of != Some(tables) {
            self.of = Some(tables);
            let place = |names: &Names, name: &str| names.iter().position(|it| it == name);
            let [tie, crm, notion] = names;
            // Behind the pair's name, every field and the hash of its mapping.
            let agreed = |field: &FieldMap| {
                let at = (0..tie.len() / 2).find(|at| tie.get(1 + 2 * at) == Some(field.spec.key.as_str()))?;
                (tie.get(2 + 2 * at) == Some(field.hash.as_str())).then_some(at)
            };
            let fields = pair.map.iter().flat_map(|map| &map.fields).map(|field| {
                let seen = (place(crm, field.spec.crm.as_str())?, place(notion, field.spec.notion.as_str())?);
                Some([agreed(field)?, seen.0, seen.1])
            });
            self.fields = fields.collect();
        }
        Some((self.fields.as_deref()?, &mut self.alike))
    }
}

impl Core {
    /// Whether a tie's plan says nothing and would change nothing.
    pub(super) fn rests(&self, id: &TieId, places: &mut Places) -> bool {
        // A mistake may lie anywhere in the planning.
        let rests =
            self.flaw.is_none() && !self.is_spoken_of(id) && self.holds_what_was_agreed(id, places).unwrap_or(false);
        debug_assert!(!rests || self.plan_is_nothing(id), "{id} does not rest");
        rests
    }

    /// Whether the planning itself says so; tests ask that where it does not take forever.
    fn plan_is_nothing(&self, id: &TieId) -> bool {
        let few = self.memory.pair(&id.pair).is_none_or(|pair| pair.ties.len() < CHECKED);
        !few || self.derive(id).is_some_and(|plan| {
            let nothing = |field: &FieldPlan| *field == FieldPlan { unread: field.unread, ..FieldPlan::default() };
            plan.fields.iter().all(|(_, field)| nothing(field))
                && (plan.departure == Departure::No && !plan.unmarked && !plan.unknown_option)
                && (plan.moved.is_empty() && plan.awaits.is_empty())
        })
    }

    /// Whether anybody has something to say about a tie or one of its fields: a hold, a mark, a decision, a write that waits.
    fn is_spoken_of(&self, id: &TieId) -> bool {
        let memory = &self.memory;
        let first = || HoldId::tie(id);
        let is_own = |hold: &HoldId| hold.pair == id.pair && hold.crm.as_ref() == Some(&id.crm);
        !memory.holds.is_empty() && memory.holds.range(first()..).next().is_some_and(|(hold, _)| is_own(hold))
            || !memory.marks.is_empty()
                && memory.marks.range((first(), "")..).next().is_some_and(|((hold, _), _)| is_own(hold))
            || memory.decisions.values().any(|decision| decision.hold.as_ref().is_some_and(is_own))
            || !self.waiting.is_empty()
                && self.waiting.range((id.clone(), Side::Crm, "".into())..).next().is_some_and(|(it, _)| it.0 == *id)
    }

    /// `None` where something is missing.
    fn holds_what_was_agreed(&self, id: &TieId, places: &mut Places) -> Option<bool> {
        let pair = self.memory.pair(&id.pair)?;
        let map = pair.map.as_ref()?;
        let (tie_table, tie_names, tie) = pair.ties.short(&id.crm)?;
        let page = TieBytes(tie).page_bytes()?.text()?;
        let (crm_table, crm_names, crm) = pair.observations.crm.short(&id.crm)?;
        let (notion_table, notion_names, notion) = pair.observations.notion.short(page.as_str()?)?;
        let (crm, notion) = (ObservationBytes(crm), ObservationBytes(notion));
        if crm.presence()? != Presence::Present || notion.presence()? != Presence::Present {
            return Some(false);
        }
        let names = [tie_names, crm_names, notion_names];
        let (places, alike) = places.find(pair, [tie_table, crm_table, notion_table], names)?;
        let mut agreed = Vec::with_capacity(tie_names.len() / 2);
        TieBytes(tie).fields(tie_names.len() / 2, |_, field| agreed.push(field))?;
        let (mut in_crm, mut in_notion) = (Vec::with_capacity(crm_names.len()), Vec::with_capacity(notion_names.len()));
        crm.fields(crm_names.len(), |_, field| in_crm.push(field))?;
        let marker = notion.fields(notion_names.len(), |_, field| in_notion.push(field))?;
        if marker?.text()?.as_str()? != id.crm.as_str() {
            return Some(false);
        }
        for (number, (field, [at, crm, notion])) in map.fields.iter().zip(places).enumerate() {
            let (agreed, crm, notion) = (agreed.get(*at)?, in_crm.get(*crm)?, in_notion.get(*notion)?);
            if !self.field_rests((number, field), agreed, crm, notion, alike)? {
                return Some(false);
            }
        }
        Some(true)
    }

    fn field_rests(
        &self,
        (number, field): (usize, &FieldMap),
        agreed: &AgreedField<'_>,
        crm: &SeenField<'_>,
        notion: &SeenField<'_>,
        alike: &mut Alike,
    ) -> Option<bool> {
        if [crm, notion].into_iter().any(|seen| seen.moved.is_some_and(|came| came > agreed.at)) {
            return Some(false);
        }
        if field.kind == Kind::People && !self.directory.is_known() {
            return Some(false);
        }
        if field.spec.relation.is_some() {
            if self.links_rest(field, agreed, crm, notion)? {
                return Some(true);
            }
            let base = agreed.base()?;
            // What was agreed on has to mean the same still. While its other end does not answer, planning says nothing of it.
            if self.comparable(field, &base) != (base.crm, base.notion) {
                return Some(false);
            }
        }
        let (in_crm, in_notion) = (crm.known?, notion.known?);
        for (side, seen, agreed) in [(Side::Crm, in_crm, agreed.crm), (Side::Notion, in_notion, agreed.notion)] {
            if alike.has((number, side), seen, agreed) {
                continue;
            }
            if !self.is_still(field, side, seen, agreed)? {
                return Some(false);
            }
            if matches!(seen.plain(), Plain::Choice | Plain::Other) && field.spec.relation.is_none() {
                alike.keep((number, side), seen, agreed);
            }
        }
        Some(true)
    }

    /// Whether a relation is what was agreed on, element by element tied to the very page that it stood for. That is told with one
    /// look at each tie; where it is not so, it may rest all the same.
    fn links_rest(
        &self,
        field: &FieldMap,
        agreed: &AgreedField<'_>,
        crm: &SeenField<'_>,
        notion: &SeenField<'_>,
    ) -> Option<bool> {
        if Side::BOTH.into_iter().any(|side| field.kind_on(side) != Kind::Relation) {
            return Some(false);
        }
        let ties = &self.memory.pair(field.spec.relation.as_ref()?)?.ties;
        let tied = |crm: WordBytes<'_>, page: WordBytes<'_>| {
            crm.text().is_some_and(|crm| crm.as_str().is_some_and(|crm| ties.joins(crm, page)))
        };
        Some(agreed.shows_the_same(crm.known?, notion.known?, tied).unwrap_or(false))
    }

    /// Whether a side's value is what was agreed on.
    fn is_still(&self, field: &FieldMap, side: Side, seen: ValueBytes<'_>, agreed: ValueBytes<'_>) -> Option<bool> {
        let is_select = matches!(field.notion_kind, Kind::Select | Kind::Status | Kind::MultiSelect);
        if side == Side::Notion && is_select && is_unknown_option(field, &seen.value()?) {
            return Some(false);
        }
        if field.is_common(side, seen.plain()) {
            // What lies there in another way may be the same; planning tells.
            return Some(seen == agreed);
        }
        let common = field.to_common(side, &seen.value()?, &self.translator()).ok()?;
        Some(common == agreed.value()?)
    }

    /// What planning leaves behind for a tie that rests.
    pub(super) fn note_resting(&mut self, id: &TieId) {
        self.note_staying(id);
        self.note_moved(id, Vec::new());
        self.note_marked(id);
        for side in Side::BOTH {
            if !self.planned.is_empty() || !self.hastened.is_empty() {
                let key = OpKey { pair: id.pair.clone(), side, target: Target::Update(id.crm.clone()) };
                self.planned.remove(&key);
                self.hastened.remove(&key);
            }
            if !self.one_by_one.is_empty() {
                self.one_by_one.remove(&(id.clone(), side));
            }
        }
    }
}
