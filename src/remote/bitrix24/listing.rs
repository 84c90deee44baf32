//! Where a listing stands: keyset pages without counting. Pure.
//!
//! `start: -1` skips the count (0.1 s instead of 50 s on millions of rows, says the documentation), so pages go by key.
//! Only the very first listing has its first page counted, for people who wait for it, and not again if that failed.
//! Many rows share a second: where one second fills a whole page, its rows are taken by id before time moves on.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::decode::scalar;
use crate::remote::{Listing, Since};

/// What a page is asked to begin at: pages go by key, so nought asks for no more than to count as well.
pub(super) fn start_of(listing: &Listing<'_>) -> i64 {
    if listing.counts && listing.next.is_none() { 0 } else { -1 }
}

/// Every page of `crm.item.list` has so many rows.
pub(super) const PAGE: usize = 50;

/// How a method names the two columns that pages go by.
pub(super) struct Keys {
    /// The id, in filters and orders.
    pub id: &'static str,
    /// When it was last edited, in filters and orders.
    pub time: &'static str,
    /// The same in a row.
    pub row_time: &'static str,
}

/// `crm.item.list`.
pub(super) const ITEMS: Keys = Keys { id: "id", time: "updatedTime", row_time: "updatedTime" };

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    /// A sweep: ids above this one.
    Above(u64),
    /// Edited at this moment or later.
    From(String),
    /// Edited at exactly this moment, ids above this one.
    Within(String, u64),
    /// Edited after this moment.
    After(String),
}

impl Position {
    pub fn first(since: Since) -> Self {
        match since {
            Since::Ever => Position::Above(0),
            Since::At(at) => Position::From(shown(at)),
        }
    }

    /// The opaque token.
    pub fn token(&self) -> String {
        match self {
            Position::Above(id) => format!("i|{id}"),
            Position::From(at) => format!("f|{at}"),
            Position::Within(at, id) => format!("w|{at}|{id}"),
            Position::After(at) => format!("a|{at}"),
        }
    }

    pub fn parse(token: &str) -> Option<Self> {
        let mut parts = token.split('|');
        let position = match (parts.next()?, parts.next()?) {
            ("i", id) => Position::Above(id.parse().ok()?),
            ("f", at) => Position::From(at.to_owned()),
            ("w", at) => Position::Within(at.to_owned(), parts.next()?.parse().ok()?),
            ("a", at) => Position::After(at.to_owned()),
            _ => return None,
        };
        Some(position)
    }

    pub fn filter(&self, keys: &Keys) -> Json {
        let (id_above, from, to) = (format!(">{}", keys.id), format!(">={}", keys.time), format!("<={}", keys.time));
        match self {
            Position::Above(id) => json!({id_above: id}),
            Position::From(at) => json!({from: at}),
            // Both ends, for not every method documents that a moment can be equal.
            Position::Within(at, id) => json!({from: at, to: at, id_above: id}),
            Position::After(at) => json!({(format!(">{}", keys.time)): at}),
        }
    }

    /// One key only: JSON objects have no order, and the server sorts by the first key it meets. So nothing here may
    /// rely on how rows of one second lie among themselves.
    pub fn order(&self, keys: &Keys) -> Json {
        match self {
            Position::Above(_) | Position::Within(..) => json!({(keys.id): "ASC"}),
            Position::From(_) | Position::After(_) => json!({(keys.time): "ASC"}),
        }
    }

    /// Where to go on after this page; `None` at the end.
    pub fn after(&self, items: &[&Json], keys: &Keys) -> Option<Self> {
        let full = items.len() >= PAGE;
        let last = items.last();
        let last_id = || last.and_then(|item| scalar(&item["id"])?.parse().ok());
        let time = |item: Option<&&Json>| item.and_then(|item| item[keys.row_time].as_str()).map(str::to_owned);
        match self {
            Position::Above(_) if full => Some(Position::Above(last_id()?)),
            Position::Within(at, _) if full => Some(Position::Within(at.clone(), last_id()?)),
            Position::Within(at, _) => Some(Position::After(at.clone())),
            Position::From(_) | Position::After(_) if full => {
                let (first, last) = (time(items.first())?, time(last)?);
                Some(if first == last { Position::Within(last, 0) } else { Position::From(last) })
            }
            _ => None,
        }
    }
}

/// A moment as filters take it; whole seconds, rounded down, so that nothing is missed.
fn shown(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}
