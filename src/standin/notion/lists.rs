//! Pages of lists: page sizes, and cursors that are opaque, bound to their list and short-lived.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::ids::{Ids, uuid};
use super::refusal::Refused;

/// Cursors that are remembered; the oldest are forgotten first, as a session would time out.
const REMEMBERED: usize = 256;
/// The default and the largest page size.
pub(super) const PAGE: usize = 100;

/// One part of a row's place in a sorted list. An empty value sorts last in either direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    Number(f64),
    Text(String),
    Empty,
}

/// A row's place: its sort keys, then its id.
pub(super) type Place = (Vec<Key>, String);

/// Compares two places under the directions of the sorts (`true` is ascending).
pub(super) fn compare(ascending: &[bool], a: &Place, b: &Place) -> Ordering {
    for (i, (x, y)) in a.0.iter().zip(&b.0).enumerate() {
        let up = ascending.get(i).copied().unwrap_or(true);
        let order = match (x, y) {
            (Key::Empty, Key::Empty) => Ordering::Equal,
            (Key::Empty, _) => return Ordering::Greater,
            (_, Key::Empty) => return Ordering::Less,
            (Key::Number(x), Key::Number(y)) => x.total_cmp(y),
            (Key::Text(x), Key::Text(y)) => x.cmp(y),
            (Key::Number(_), Key::Text(_)) => Ordering::Less,
            (Key::Text(_), Key::Number(_)) => Ordering::Greater,
        };
        if order != Ordering::Equal {
            return if up { order } else { order.reverse() };
        }
    }
    a.1.cmp(&b.1)
}

/// Where a list goes on.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// What the list was asked for; a cursor only works with the same question.
    question: String,
    session: String,
    /// The last row given; `None` where no row was given yet.
    pub after: Option<Place>,
    /// Rows given so far.
    pub given: usize,
}

#[derive(Debug)]
pub(super) struct Cursors {
    ids: Ids,
    drawn: u64,
    marks: BTreeMap<String, (u64, Mark)>,
}

impl Cursors {
    pub fn new(seed: u64) -> Self {
        Self { ids: Ids::new(seed), drawn: 0, marks: BTreeMap::new() }
    }

    /// Forgets all cursors: the next use of one answers 400, as an expired session does.
    pub fn expire(&mut self) {
        self.marks.clear();
    }

    /// Where to go on, `None` for the beginning.
    pub fn find(&self, question: &str, cursor: Option<&str>) -> Result<Option<Mark>, Refused> {
        let Some(cursor) = cursor else { return Ok(None) };
        match self.marks.get(cursor) {
            Some((_, mark)) if mark.question == question => Ok(Some(mark.clone())),
            _ => Err(Refused::invalid(format!("The start_cursor provided is invalid: {cursor}"))),
        }
    }

    /// A cursor that goes on after `after`; `next` is the id of the first row not given, which the recorded cursors
    /// hold as their second part.
    pub fn next(
        &mut self,
        question: &str,
        from: Option<&Mark>,
        after: Option<Place>,
        given: usize,
        next: &str,
    ) -> String {
        let session = from.map_or_else(|| self.ids.uuid(), |mark| mark.session.clone());
        let cursor = format!("s:{session}:{next}");
        self.drawn += 1;
        let mark = Mark { question: question.to_owned(), session, after, given };
        self.marks.insert(cursor.clone(), (self.drawn, mark));
        while self.marks.len() > REMEMBERED {
            let Some(oldest) = self.marks.iter().min_by_key(|(_, (drawn, _))| *drawn).map(|(c, _)| c.clone()) else {
                break;
            };
            self.marks.remove(&oldest);
        }
        cursor
    }
}

/// A page size in a request.
pub(super) fn page_size(path: &str, given: Option<&Json>) -> Result<usize, Refused> {
    match given {
        None | Some(Json::Null) => Ok(PAGE),
        Some(size) => match size.as_u64().and_then(|s| usize::try_from(s).ok()) {
            Some(size) if (1..=PAGE).contains(&size) => Ok(size),
            Some(size) if size > PAGE => Err(Refused::body(path, &format!("≤ `{PAGE}`"), &size.to_string())),
            _ => Err(Refused::body(path, "≥ `1`", &size.to_string())),
        },
    }
}

/// The envelope of every list.
pub(super) fn envelope(kind: &str, results: Vec<Json>, next: Option<String>) -> Json {
    json!({
        "object": "list",
        "results": results,
        "has_more": next.is_some(),
        "next_cursor": next,
        "type": kind,
        kind: {},
    })
}

/// One page of a list that lies complete and in order; rows are told apart by their position.
pub(super) fn page(
    cursors: &mut Cursors,
    kind: &str,
    question: &str,
    all: Vec<Json>,
    size: usize,
    cursor: Option<&str>,
) -> Result<Json, Refused> {
    let from = cursors.find(question, cursor)?;
    let start = from.as_ref().map_or(0, |mark| mark.given);
    let end = start.saturating_add(size).min(all.len());
    let next = (end < all.len()).then(|| {
        // Property items all carry the property's id, which is no UUID and would not survive a URL.
        let name = all[end]["id"].as_str().and_then(uuid).unwrap_or_else(|| cursors.ids.uuid());
        cursors.next(question, from.as_ref(), Some((Vec::new(), name.clone())), end, &name)
    });
    let results = all.into_iter().skip(start).take(size).collect();
    Ok(envelope(kind, results, next))
}
