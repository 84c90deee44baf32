//! From a habit to the steps that it takes, seen from what is on the screens now.

use fastrand::Rng;
use serde_json::{Value as Json, json};

use super::facts::{DEADLINE, STAGES};
use super::habits::Habit;
use super::step::{Action, Page, Step};
use super::view::{View, members};
use super::words::{self, COLLEAGUES};
use crate::standin::bitrix24::Entity;

/// With fewer projects on a side than this, nobody deletes one.
const FEWEST: usize = 8;

/// Steps with their distance from now, in milliseconds; and what they are about.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub steps: Vec<(i64, Step)>,
    /// The CRM record, where there is one already.
    pub crm: Option<String>,
    /// The page, where there is one already.
    pub page: Option<String>,
}

impl Plan {
    pub(super) fn then(&mut self, after_ms: i64, who: &'static str, action: Action) {
        self.steps.push((after_ms, Step { who, action }));
    }

    /// How many steps are done on that side.
    pub(super) fn cost(&self, in_notion: bool) -> u32 {
        self.steps.iter().filter(|(_, step)| step.in_notion() == in_notion).count() as u32
    }
}

/// Somebody who is about to do something.
pub(super) struct Planner<'a> {
    pub view: &'a View,
    pub rng: &'a mut Rng,
    /// People named so far.
    pub people: &'a mut usize,
    /// Projects, titles and remarks named so far.
    pub projects: &'a mut usize,
    /// Pages that steps were told to make so far.
    pub made: &'a mut u64,
}

impl Planner<'_> {
    /// What a habit comes to; nothing where there is nobody and nothing to do it to.
    pub(super) fn plan(&mut self, habit: Habit, in_notion: bool) -> Plan {
        let planned = match (habit, in_notion) {
            (Habit::NewProject, _) => Some(self.new_project(in_notion)),
            (Habit::NewContact, false) => Some(self.new_contact(true, None)),
            (Habit::NewContact, true) => Some(self.new_contact(false, Some(0))),
            (Habit::SamePerson, _) => Some(self.same_person()),
            (Habit::Conflict, _) => self.conflict(in_notion),
            (Habit::Duplicate, _) => self.duplicate(),
            (Habit::Delete, _) => self.delete(in_notion),
            (Habit::Link | Habit::Unlink, _) => self.link(habit == Habit::Link, in_notion),
            (Habit::Phone | Habit::ContactName, _) => self.contact_cell(habit, in_notion),
            (_, false) => self.deal_field(habit),
            (_, true) => self.project_cell(habit),
        };
        planned.unwrap_or_default()
    }

    pub(super) fn who(&mut self) -> &'static str {
        COLLEAGUES[self.rng.usize(..COLLEAGUES.len())].0
    }

    pub(super) fn one(&mut self, of: &[String]) -> Option<String> {
        if of.is_empty() { None } else { Some(of[self.rng.usize(..of.len())].clone()) }
    }

    pub(super) fn number(&mut self) -> usize {
        *self.projects += 1;
        *self.projects - 1
    }

    /// The moments at which somebody who types is saved.
    pub(super) fn pace(&mut self, from: i64, saves: usize) -> Vec<i64> {
        let mut at = from;
        (0..saves)
            .map(|_| {
                let now = at;
                at += self.rng.i64(350..1600);
                now
            })
            .collect()
    }

    /// One field of a deal, whole or in saves that follow each other.
    fn deal_field(&mut self, habit: Habit) -> Option<Plan> {
        let deals = self.view.records(Entity::Deal);
        let deal = self.one(&deals)?;
        let held = self.view.record(Entity::Deal, &deal);
        let text = |field: &str| held.get(field).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (field, values): (&'static str, Vec<Json>) = match habit {
            Habit::Company => {
                let companies = self.view.records(Entity::Company);
                let now = held.get("COMPANY_ID").map(members).unwrap_or_default();
                let others: Vec<String> = companies.into_iter().filter(|id| !now.contains(id)).collect();
                ("COMPANY_ID", vec![json!(self.one(&others)?)])
            }
            Habit::Responsible => {
                let now = held.get("ASSIGNED_BY_ID").map(members).unwrap_or_default();
                let users: Vec<String> = self.colleagues().into_iter().filter(|id| !now.contains(id)).collect();
                ("ASSIGNED_BY_ID", vec![json!(self.one(&users)?)])
            }
            Habit::Stage => ("STAGE_ID", vec![json!(self.stage(&text("STAGE_ID")).0)]),
            other => {
                let (crm, _, values) = self.plain_field(other, &text("TITLE"))?;
                (crm, values)
            }
        };
        let who = self.who();
        let mut plan = Plan { crm: Some(deal.clone()), ..Plan::default() };
        for (at, value) in self.pace(0, values.len()).into_iter().zip(values) {
            plan.then(at, who, Action::Save(Entity::Deal, deal.clone(), vec![(field, value)]));
        }
        Some(plan)
    }

    /// One cell of a project's page.
    fn project_cell(&mut self, habit: Habit) -> Option<Plan> {
        let pages = self.view.pages(Entity::Deal);
        let page = self.one(&pages)?;
        let (cell, values): (&'static str, Vec<Json>) = match habit {
            Habit::Responsible => {
                let now = members(&self.view.cell(&page, "Responsible"));
                let people = self.view.notion().people();
                let others: Vec<String> = people.into_iter().map(|(id, _)| id).filter(|id| !now.contains(id)).collect();
                ("Responsible", vec![json!([self.one(&others)?])])
            }
            Habit::Stage => {
                let now = self.view.cell(&page, "Status");
                let now = STAGES.iter().find(|(_, name)| now == *name).map_or("", |(code, _)| code);
                ("Status", vec![json!(self.stage(now).1)])
            }
            other => {
                let title = self.view.cell(&page, "Name");
                let (_, cell, values) = self.plain_field(other, title.as_str().unwrap_or("Project"))?;
                (cell, values)
            }
        };
        let who = self.who();
        let mut plan = Plan { page: Some(page.clone()), ..Plan::default() };
        for (at, value) in self.pace(0, values.len()).into_iter().zip(values) {
            plan.then(at, who, Action::Type(Page::Known(page.clone()), cell, value));
        }
        Some(plan)
    }

    /// Fields that look alike on both sides: the CRM's name, Notion's name, and what is saved one after the other.
    pub(super) fn plain_field(&mut self, habit: Habit, title: &str) -> Option<(&'static str, &'static str, Vec<Json>)> {
        let number = self.number();
        let typed = |rng: &mut Rng, text: &str| words::typed(rng, text).into_iter().map(Json::from).collect();
        Some(match habit {
            Habit::Title => {
                let title = words::retitle(self.rng, title, number);
                ("TITLE", "Name", typed(self.rng, &title))
            }
            Habit::Notes => {
                let note = words::note(self.rng, number);
                ("COMMENTS", "Notes", typed(self.rng, &note))
            }
            Habit::Amount => ("OPPORTUNITY", "Amount", vec![json!(words::amount(self.rng))]),
            Habit::Deadline => (DEADLINE, "Deadline", vec![json!(words::day(self.rng))]),
            _ => return None,
        })
    }

    fn colleagues(&self) -> Vec<String> {
        let known = |email: &str| COLLEAGUES.iter().any(|(_, known)| *known == email);
        let crm = self.view.crm();
        crm.people().iter().filter(|person| known(&person.email)).map(|person| person.id.to_string()).collect()
    }

    /// Another stage than this one.
    pub(super) fn stage(&mut self, now: &str) -> (&'static str, &'static str) {
        let others: Vec<_> = STAGES.iter().filter(|(code, _)| *code != now).collect();
        *others[self.rng.usize(..others.len())]
    }

    fn contact_cell(&mut self, habit: Habit, in_notion: bool) -> Option<Plan> {
        let who = self.who();
        let phone = habit == Habit::Phone;
        let value = if phone { words::phone(self.rng) } else { words::family_name(self.rng) };
        let mut plan = Plan::default();
        if in_notion {
            let pages = self.view.pages(Entity::Contact);
            let page = self.one(&pages)?;
            let name = self.view.cell(&page, "Name");
            let first = name.as_str().unwrap_or_default().split(' ').next().unwrap_or_default();
            let (cell, value) = if phone { ("Phone", value) } else { ("Name", format!("{first} {value}")) };
            plan.then(0, who, Action::Type(Page::Known(page.clone()), cell, json!(value.trim())));
            plan.page = Some(page);
        } else {
            let contacts = self.view.records(Entity::Contact);
            let contact = self.one(&contacts)?;
            let field = if phone { "PHONE" } else { "LAST_NAME" };
            plan.then(0, who, Action::Save(Entity::Contact, contact.clone(), vec![(field, json!(value))]));
            plan.crm = Some(contact);
        }
        Some(plan)
    }

    fn link(&mut self, add: bool, in_notion: bool) -> Option<Plan> {
        let who = self.who();
        let linked = |view: &View, project: &String| match in_notion {
            true => members(&view.cell(project, "Contacts")),
            false => view.record(Entity::Deal, project).get("CONTACT_IDS").map(members).unwrap_or_default(),
        };
        let mut projects = if in_notion { self.view.pages(Entity::Deal) } else { self.view.records(Entity::Deal) };
        if !add {
            projects.retain(|project| !linked(self.view, project).is_empty());
        }
        let project = self.one(&projects)?;
        let there = linked(self.view, &project);
        let contacts = match (add, in_notion) {
            (false, _) => there,
            (true, true) => self.view.pages(Entity::Contact).into_iter().filter(|id| !there.contains(id)).collect(),
            (true, false) => self.view.records(Entity::Contact).into_iter().filter(|id| !there.contains(id)).collect(),
        };
        let contact = self.one(&contacts)?;
        let mut plan = Plan::default();
        if in_notion {
            plan.page = Some(project.clone());
            plan.then(0, who, Action::Relate(project, contact, add));
        } else {
            plan.crm = Some(project.clone());
            plan.then(0, who, Action::Link(project, contact, add));
        }
        Some(plan)
    }

    fn duplicate(&mut self) -> Option<Plan> {
        let entity = if self.rng.u8(..4) == 0 { Entity::Contact } else { Entity::Deal };
        let pages = self.view.pages(entity);
        let page = self.one(&pages)?;
        let who = self.who();
        let mut plan = Plan { page: Some(page.clone()), ..Plan::default() };
        plan.then(0, who, Action::Copy(page));
        Some(plan)
    }

    /// In the CRM a deal is deleted; a page goes into the trash every second time, for that is the rarer accident.
    fn delete(&mut self, in_notion: bool) -> Option<Plan> {
        let projects = if in_notion { self.view.pages(Entity::Deal) } else { self.view.records(Entity::Deal) };
        if projects.len() < FEWEST || in_notion && self.rng.bool() {
            return None;
        }
        let project = self.one(&projects)?;
        let who = self.who();
        let mut plan = Plan::default();
        if in_notion {
            plan.page = Some(project.clone());
            plan.then(0, who, Action::Trash(project));
        } else {
            plan.crm = Some(project.clone());
            plan.then(0, who, Action::Drop(Entity::Deal, project));
        }
        Some(plan)
    }
}
