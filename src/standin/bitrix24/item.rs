//! One object of the portal, and what may be changed in it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::schema::Entity;
use crate::standin::lag::Key;
use crate::standin::log::Actor;

/// One value of a multifield (PHONE, EMAIL, WEB, IM).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comm {
    pub id: u64,
    pub type_id: String,
    pub value_type: String,
    pub value: String,
}

/// One contact of a deal. The first of a deal's list is the primary one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub contact: u64,
    pub sort: i64,
}

/// One deal, contact, company or lead. Fields without a value are not in `values`; the rest are plain values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub id: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub moved: Timestamp,
    pub created_by: u64,
    pub updated_by: u64,
    pub moved_by: u64,
    pub values: BTreeMap<String, Json>,
    pub links: Vec<Link>,
    pub comms: Vec<Comm>,
    /// The sum of the product rows, where there are any.
    pub products: Option<Decimal>,
}

impl Item {
    /// A value as text; empty if there is none or it is a list.
    pub(super) fn text(&self, field: &str) -> &str {
        self.values.get(field).and_then(Json::as_str).unwrap_or_default()
    }

    /// The values of one multifield.
    pub(super) fn comms_of<'a>(&'a self, type_id: &'a str) -> impl Iterator<Item = &'a Comm> {
        self.comms.iter().filter(move |comm| comm.type_id == type_id)
    }

    /// The value of a multifield that people see first: the first WORK one, else the first.
    pub(super) fn first_comm(&self, type_id: &str) -> Option<&Comm> {
        let mut of_type = self.comms.iter().filter(|comm| comm.type_id == type_id);
        of_type.clone().find(|comm| comm.value_type == "WORK").or_else(|| of_type.next())
    }

    /// The object with a draft's changes.
    pub(super) fn with(&self, draft: Draft) -> Item {
        let mut new = self.clone();
        for (name, value) in draft.values {
            match value {
                Json::Null => drop(new.values.remove(&name)),
                value => drop(new.values.insert(name, value)),
            }
        }
        new.links = draft.links.unwrap_or(new.links);
        new.comms = draft.comms.unwrap_or(new.comms);
        new
    }
}

impl Key for (Entity, u64) {
    fn number(&self) -> u64 {
        self.1 ^ (self.0.type_id().unsigned_abs() << 48)
    }
}

/// Who does something, and on behalf of which user.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub actor: Actor,
    pub user: u64,
}

/// What is to change. Values are plain; null clears.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub values: BTreeMap<String, Json>,
    pub links: Option<Vec<Link>>,
    pub comms: Option<Vec<Comm>>,
}
