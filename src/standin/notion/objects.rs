//! The things that a workspace holds.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value as Json;

use super::kept::{Rendering, Touched};
use super::schema::Schema;

/// Where a page lies.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Parent {
    Source(String),
    Page(String),
    Workspace,
}

#[derive(Debug, Clone)]
pub(super) struct Page {
    pub parent: Parent,
    /// By property id, whole: nothing is cut at 25 in here.
    pub values: BTreeMap<String, Json>,
    pub in_trash: bool,
    pub is_archived: bool,
    pub is_locked: bool,
    pub icon: Json,
    pub cover: Json,
    /// Exact; responses floor it to the minute.
    pub created: Timestamp,
    /// Exact; responses floor it to the minute.
    pub edited: Timestamp,
    pub created_by: String,
    pub edited_by: String,
    /// As it was recorded; made up otherwise.
    pub url: Option<String>,
    /// Recorded relations, by property id, of which only the first 25 are known. A write makes them whole.
    pub cut: BTreeSet<String>,
    /// What it held in each data source that it has left, when it left.
    pub left: BTreeMap<String, BTreeMap<String, Json>>,
    /// How it was shown lately.
    pub shown: RefCell<Vec<Rendering>>,
}

impl Touched for Page {
    fn touched(&mut self) {
        self.shown.get_mut().clear();
    }
}

impl Touched for Source {
    fn touched(&mut self) {}
}

#[derive(Debug, Clone)]
pub(super) struct Source {
    pub title: Json,
    pub description: Json,
    pub database: String,
    pub schema: Schema,
    pub icon: Json,
    pub cover: Json,
    pub in_trash: bool,
    pub is_inline: bool,
    pub created: Timestamp,
    pub edited: Timestamp,
    pub created_by: String,
    pub edited_by: String,
    /// The number that the next page's `unique_id` gets.
    pub next_number: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Database {
    pub title: Json,
    pub description: Json,
    pub parent: Json,
    pub is_inline: bool,
    pub in_trash: bool,
    pub icon: Json,
    pub cover: Json,
    pub created: Timestamp,
    pub edited: Timestamp,
    pub sources: Vec<String>,
}

/// Who acts: the integration's bot, or a person by user id.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Who {
    Bot,
    Person(String),
}
