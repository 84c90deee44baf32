//! Records that come into being: in one save in the CRM, cell by cell in Notion, or on both sides at once.

use serde_json::{Value as Json, json};

use super::facts::DEADLINE;
use super::plan::{Plan, Planner};
use super::step::{Action, Page};
use super::words::{self, COLLEAGUES};
use crate::standin::bitrix24::Entity;

impl Planner<'_> {
    pub(super) fn new_project(&mut self, in_notion: bool) -> Plan {
        let (who, number) = (self.who(), self.number());
        let title = words::title(self.rng, number);
        let (amount, day, note) = (words::amount(self.rng), words::day(self.rng), words::note(self.rng, number));
        let (stage, status) = self.stage("LOSE");
        let mut plan = Plan::default();
        if !in_notion {
            let (companies, contacts) = (self.view.records(Entity::Company), self.view.records(Entity::Contact));
            let mut set = vec![
                ("TITLE", json!(title)),
                ("STAGE_ID", json!(stage)),
                ("OPPORTUNITY", json!(amount)),
                (DEADLINE, json!(day)),
                ("COMMENTS", json!(note)),
            ];
            set.extend(self.one(&companies).map(|company| ("COMPANY_ID", json!(company))));
            set.extend(self.one(&contacts).map(|contact| ("CONTACT_IDS", json!([contact]))));
            plan.then(0, who, Action::Make(Entity::Deal, set));
            return plan;
        }
        let page = self.blank(&mut plan, who, Entity::Deal, 0);
        let mut cells: Vec<(&'static str, Json)> =
            words::typed(self.rng, &title).into_iter().map(|part| ("Name", json!(part))).collect();
        let email = COLLEAGUES[self.rng.usize(..COLLEAGUES.len())].1;
        cells.extend([
            ("Status", json!(status)),
            ("Amount", json!(amount)),
            ("Responsible", json!([email])),
            ("Deadline", json!(day)),
            ("Notes", json!(note)),
        ]);
        for (at, (cell, value)) in self.pace(700, cells.len()).into_iter().zip(cells) {
            plan.then(at, who, Action::Type(page.clone(), cell, value));
        }
        plan
    }

    /// An empty page that later steps fill.
    fn blank(&mut self, plan: &mut Plan, who: &'static str, entity: Entity, at: i64) -> Page {
        *self.made += 1;
        plan.then(at, who, Action::Add(entity, *self.made));
        Page::Made(*self.made)
    }

    /// One new person: in the CRM, in Notion from a moment on, or both.
    pub(super) fn new_contact(&mut self, in_crm: bool, in_notion: Option<i64>) -> Plan {
        *self.people += 1;
        let outsider = words::outsider(self.rng, *self.people - 1);
        let mut plan = Plan::default();
        if in_crm {
            let who = self.who();
            let set = vec![
                ("NAME", json!(outsider.first)),
                ("LAST_NAME", json!(outsider.last)),
                ("EMAIL", json!(outsider.email)),
                ("PHONE", json!(outsider.phone)),
            ];
            plan.then(if in_notion.is_some() { 900 } else { 0 }, who, Action::Make(Entity::Contact, set));
        }
        if let Some(from) = in_notion {
            let who = self.who();
            let page = self.blank(&mut plan, who, Entity::Contact, from);
            let cells = [("Name", outsider.name()), ("Email", outsider.email), ("Phone", outsider.phone)];
            for (at, (cell, value)) in self.pace(from + 500, cells.len()).into_iter().zip(cells) {
                plan.then(at, who, Action::Type(page.clone(), cell, json!(value)));
            }
        }
        plan
    }

    pub(super) fn same_person(&mut self) -> Plan {
        // Notion begins before or after the CRM's form is saved.
        let from = if self.rng.bool() { 0 } else { 1400 };
        self.new_contact(true, Some(from))
    }
}
