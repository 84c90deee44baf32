//! Two people at cross purposes: the same field of the same thing, on both sides, within a second.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::facts::STAGES;
use super::habits::Habit;
use super::plan::{Plan, Planner};
use super::step::{Action, Page};
use super::words;
use crate::standin::bitrix24::Entity;

impl Planner<'_> {
    pub(super) fn conflict(&mut self, notion_first: bool) -> Option<Plan> {
        let of_contacts = self.rng.u8(..5) == 0;
        let entity = if of_contacts { Entity::Contact } else { Entity::Deal };
        let twins = self.view.twins(entity);
        if twins.is_empty() {
            return None;
        }
        let (record, page) = twins[self.rng.usize(..twins.len())].clone();
        let kinds = [Habit::Title, Habit::Amount, Habit::Stage, Habit::Notes, Habit::Deadline];
        let kind = if of_contacts { Habit::Phone } else { kinds[self.rng.usize(..kinds.len())] };
        let mut seen = BTreeSet::new();
        let mut values = Vec::new();
        let held = self.view.record(entity, &record);
        let text = |field: &str| held.get(field).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (field, cell) = match kind {
            Habit::Phone => ("PHONE", "Phone"),
            Habit::Stage => ("STAGE_ID", "Status"),
            other => self.plain_field(other, "").map(|(field, cell, _)| (field, cell))?,
        };
        seen.insert(text(field));
        seen.insert(self.view.cell(&page, cell).as_str().unwrap_or_default().to_owned());
        // Two values that nobody has yet, within a few tries: there are hundreds of each kind but seven stages.
        for _ in 0..40 {
            let value = match kind {
                Habit::Phone => words::phone(self.rng),
                Habit::Stage => self.stage(&text(field)).0.to_owned(),
                other => {
                    let (_, _, saves) = self.plain_field(other, &text("TITLE"))?;
                    saves.last().and_then(Json::as_str).unwrap_or_default().to_owned()
                }
            };
            let shown = STAGES.iter().find(|(code, _)| *code == value).map(|(_, name)| (*name).to_owned());
            if !seen.contains(shown.as_ref().unwrap_or(&value)) && seen.insert(value.clone()) {
                values.push((value.clone(), shown.unwrap_or(value)));
            }
            if values.len() == 2 {
                break;
            }
        }
        let [(in_crm, _), (_, in_notion)] = values.as_slice() else { return None };
        let (crm_who, notion_who) = (self.who(), self.who());
        let gap = self.rng.i64(120..700);
        let (crm_at, notion_at) = if notion_first { (gap, 0) } else { (0, gap) };
        let mut plan = Plan { crm: Some(record.clone()), page: Some(page.clone()), ..Plan::default() };
        plan.then(crm_at, crm_who, Action::Save(entity, record, vec![(field, json!(in_crm))]));
        plan.then(notion_at, notion_who, Action::Type(Page::Known(page), cell, json!(in_notion)));
        Some(plan)
    }
}
