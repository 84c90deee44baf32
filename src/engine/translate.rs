//! The look-ups that translation needs: people by e-mail, related records by tie.

use std::collections::BTreeMap;

use crate::control::Sides;
use crate::mapping::Lookup;
use crate::model::{PairName, Person, RecordId, Side};

use super::memory::Memory;

/// The people of both sides.
#[derive(Debug, Default)]
pub struct Directory {
    email: Sides<BTreeMap<String, String>>,
    user: Sides<BTreeMap<String, String>>,
    known: Sides<bool>,
    refused: Sides<Option<String>>,
}

impl Directory {
    /// Replaces what is known of one side's people, and tells whether that changed anything. Two people with one
    /// address: the first one named counts.
    pub fn learn(&mut self, side: Side, people: Vec<Person>) -> bool {
        let (mut emails, mut users) = (BTreeMap::new(), BTreeMap::new());
        for person in people {
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
