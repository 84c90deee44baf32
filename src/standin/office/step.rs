//! One action of one person on one screen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::view::{View, members};
use crate::standin::bitrix24::Entity;

/// A page that is there, or one that an earlier step makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    Known(String),
    Made(u64),
}

/// One action. Whoever finds that things have moved meanwhile lets it be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Saves fields of a CRM record.
    Save(Entity, String, Vec<(&'static str, Json)>),
    /// Makes a CRM record.
    Make(Entity, Vec<(&'static str, Json)>),
    /// Deletes a CRM record.
    Drop(Entity, String),
    /// Links a contact with a deal, or takes the link away.
    Link(String, String, bool),
    /// Types into one cell of a page.
    Type(Page, &'static str, Json),
    /// Adds an empty page, which later steps fill.
    Add(Entity, u64),
    /// Duplicates a page.
    Copy(String),
    /// Puts a page into the trash.
    Trash(String),
    /// Links a contact's page with a project's, or takes the link away.
    Relate(String, String, bool),
}

/// An action and who does it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub who: &'static str,
    pub action: Action,
}

impl Step {
    /// Whether it is done in Notion.
    pub(super) fn in_notion(&self) -> bool {
        use Action::*;
        match self.action {
            Save(..) | Make(..) | Drop(..) | Link(..) => false,
            Type(..) | Add(..) | Copy(_) | Trash(_) | Relate(..) => true,
        }
    }

    /// Does it. False where nothing changed: what it was about is gone, or shows the value already.
    pub(super) fn perform(&self, view: &mut View, made: &mut BTreeMap<u64, String>, now: Timestamp) -> bool {
        let who = self.who;
        match &self.action {
            Action::Save(entity, id, set) => view.crm().person_edit(now, who, *entity, id, set).unwrap_or(false),
            Action::Make(entity, set) => view.crm().person_create(now, who, *entity, set).is_ok(),
            Action::Drop(entity, id) => view.crm().person_delete(now, who, *entity, id).is_ok(),
            Action::Link(deal, contact, add) => {
                let linked = members(view.record(Entity::Deal, deal).get("CONTACT_IDS").unwrap_or(&Json::Null));
                let Some(set) = changed(linked, contact, *add) else { return false };
                view.crm().person_edit(now, who, Entity::Deal, deal, &[("CONTACT_IDS", json!(set))]).unwrap_or(false)
            }
            Action::Type(page, property, value) => {
                let page = match page {
                    Page::Known(id) => id,
                    Page::Made(number) => match made.get(number) {
                        Some(id) => id,
                        None => return false,
                    },
                };
                if view.cell(page, property) == *value {
                    return false;
                }
                view.notion().person_edit(now, who, page, &[(property, value.clone())]).is_ok()
            }
            Action::Add(entity, number) => {
                let source = view.source(*entity).to_owned();
                let page = view.notion().person_create(now, who, &source, &[]);
                page.is_ok_and(|page| made.insert(*number, page).is_none())
            }
            Action::Copy(page) => {
                let copy = view.notion().person_duplicate(now, who, page);
                copy.is_ok_and(|copy| view.copies.insert(copy))
            }
            Action::Trash(page) => {
                let mut notion = view.notion();
                notion.in_trash(page) == Some(false) && notion.person_trash(now, who, page).is_ok()
            }
            Action::Relate(project, contact, add) => {
                let Some(set) = changed(members(&view.cell(project, "Contacts")), contact, *add) else { return false };
                view.notion().person_edit(now, who, project, &[("Contacts", json!(set))]).is_ok()
            }
        }
    }
}

/// A list with or without one member; `None` when it is so already.
fn changed(mut list: Vec<String>, member: &str, add: bool) -> Option<Vec<String>> {
    if list.iter().any(|m| m == member) == add {
        return None;
    }
    if add {
        list.push(member.to_owned());
    } else {
        list.retain(|m| m != member);
    }
    Some(list)
}
