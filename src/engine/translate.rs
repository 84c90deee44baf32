//! The look-ups that translation needs: people by e-mail, related records by tie.

use std::collections::BTreeMap;

use crate::control::Sides;
use crate::mapping::Lookup;
use crate::model::{Account, Editor, Observation, PairName, Person, Record, RecordId, Side};

use super::core::Core;
use super::memory::Memory;

/// The people of both sides.
#[derive(Debug, Default)]
pub struct Directory {
    email: Sides<BTreeMap<String, String>>,
    user: Sides<BTreeMap<String, String>>,
    known: Sides<bool>,
    /// For people to read: how each account is called, and which of them is ours.
    names: Sides<BTreeMap<String, String>>,
    ours: Sides<Option<String>>,
    refused: Sides<Option<String>>,
}

impl Directory {
    /// Replaces what is known of one side's people, and tells whether that changed anything. Two people with one
    /// address: the first one named counts.
    pub fn learn(&mut self, side: Side, people: Vec<Person>) -> bool {
        let (mut emails, mut users) = (BTreeMap::new(), BTreeMap::new());
        let called = people.iter().map(|person| (person.id.clone(), person.name.clone()));
        *self.names.get_mut(side) = called.collect();
        if let Some(ours) = people.iter().find(|person| person.account == Account::Ours) {
            *self.ours.get_mut(side) = Some(ours.id.clone());
        }
        for person in people.into_iter().filter(|person| person.account != Account::Program) {
            if let Some(email) = person.email {
                users.entry(email.clone()).or_insert_with(|| person.id.clone());
                emails.insert(person.id, email);
            }
        }
        let changed = !std::mem::replace(self.known.get_mut(side), true)
            || *self.email.get(side) != emails
            || *self.user.get(side) != users;
        *self.refused.get_mut(side) = None;
        *self.email.get_mut(side) = emails;
        *self.user.get_mut(side) = users;
        changed
    }
}

impl Directory {
    /// Whether both sides' people were read: before that nobody may be taken for a stranger.
    pub fn is_known(&self) -> bool {
        self.known.crm && self.known.notion
    }

    /// A reading may tell which account is ours.
    pub fn meet(&mut self, side: Side, record: &Record) {
        let ours = record.edited_by.as_ref().filter(|_| record.edited_by_us);
        if let Some(editor) = ours.filter(|editor| self.ours.get(side).as_deref() != Some(&editor.id)) {
            *self.ours.get_mut(side) = Some(editor.id.to_string());
        }
    }

    /// How an editor is called: by name, as `crosstie` for the account that we write with, or else by the user's id.
    pub fn called(&self, side: Side, editor: &Editor) -> String {
        if self.ours.get(side).as_deref() == Some(&editor.id) {
            return "crosstie".to_owned();
        }
        let listed = || self.names.get(side).get(&*editor.id).map(String::as_str);
        let name = editor.name.as_deref().or_else(listed).filter(|name| !name.trim().is_empty());
        name.map_or_else(|| format!("user {}", editor.id), str::to_owned)
    }

    /// We may not list the people of a side; tells whether that is news.
    pub fn refuse(&mut self, side: Side, why: String) -> bool {
        *self.known.get_mut(side) = false;
        self.refused.get_mut(side).replace(why).is_none()
    }

    /// Why we may not list people, if that is so.
    pub fn refused(&self) -> Option<&str> {
        Side::BOTH.into_iter().find_map(|side| self.refused.get(side).as_deref())
    }
}

impl Core {
    /// Who edited a record last, for people to read; empty where its system does not tell.
    pub(super) fn last_editor(&self, side: Side, observation: &Observation) -> String {
        let editor = observation.edited_by.as_ref();
        editor.map(|editor| self.directory.called(side, editor)).unwrap_or_default()
    }
}

/// Memory and directory together answer what translation asks.
pub struct Translator<'a> {
    /// Ties.
    pub memory: &'a Memory,
    /// People.
    pub directory: &'a Directory,
}

impl Lookup for Translator<'_> {
    fn email_of(&self, side: Side, user: &str) -> Option<String> {
        self.directory.email.get(side).get(user).cloned()
    }

    fn user_of(&self, side: Side, email: &str) -> Option<String> {
        self.directory.user.get(side).get(email).cloned()
    }

    fn crm_of(&self, pair: &PairName, side: Side, record: &str) -> Option<String> {
        Some(self.memory.pair(pair)?.tied_crm(side, &RecordId::from(record))?.0.clone())
    }

    fn record_of(&self, pair: &PairName, side: Side, crm: &str) -> Option<String> {
        let ties = &self.memory.pair(pair)?.ties;
        match side {
            Side::Crm => ties.contains_key(crm).then(|| crm.to_owned()),
            Side::Notion => ties.page_of(crm).map(|page| page.0),
        }
    }
}
