//! How a complete listing or an increment goes on from page to page.
//!
//! Notion answers a query with 10,000 rows at most and then says `incomplete` with `has_more: false`. The listing is then
//! continued by a new query from the last stamp seen. A sweep leaves out the rows of that stamp that came already; an
//! increment lets them come twice, because they may have been edited again in the same minute.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::wire::{self, List, Page};
use super::{STALE_CURSOR, malformed};
use crate::remote::{RemoteError, RemoteErrorKind, Since};

/// Rows a query page is asked for; the most that Notion gives.
pub const PAGE_SIZE: u32 = 100;

/// Of how many rows at the newest stamp the ids are remembered. More than these in one minute can come twice, which a
/// listing may.
const REMEMBERED: usize = 1_000;

/// Where a listing stands: what the opaque `next` of a listing holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The cursor within the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// Where the query begins, if not where the listing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    /// The newest stamp so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<Timestamp>,
    /// The rows of that stamp.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    at_newest: BTreeSet<String>,
    /// Rows that came in the query before this one and have the stamp that this one begins with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    before: BTreeSet<String>,
}

impl Place {
    /// Where a listing goes on; its beginning for none.
    ///
    /// # Errors
    /// `stale_cursor`, for a text that is no place: the listing is then begun anew.
    pub fn read(next: Option<&str>) -> Result<Self, RemoteError> {
        match next {
            None => Ok(Self::default()),
            Some(text) => serde_json::from_str(text).map_err(|_| stale("the place in the listing cannot be read")),
        }
    }

    /// The place as the opaque text of a listing.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The body of the next query.
    pub fn query(&self, since: Since) -> Json {
        let stamp = stamp_of(since);
        let from = self.from.or(match since {
            Since::Ever => None,
            Since::At(from) => Some(from),
        });
        let mut body = Map::new();
        if let Some(from) = from {
            // Never `after`: stamps are floored to the minute, and an edit later in that minute keeps the same one.
            body.insert("filter".into(), json!({"timestamp": stamp, stamp: {"on_or_after": from.to_string()}}));
        }
        // Ascending, so that a row which moves while we list comes twice instead of never.
        body.insert("sorts".into(), json!([{"timestamp": stamp, "direction": "ascending"}]));
        body.insert("page_size".into(), json!(PAGE_SIZE));
        if let Some(cursor) = &self.cursor {
            body.insert("start_cursor".into(), json!(cursor));
        }
        Json::Object(body)
    }

    /// The rows of an answer that are pages and did not come before, and where the listing goes on.
    ///
    /// # Errors
    /// Malformed, when the answer is not a list of pages, or when more than 10,000 rows share one minute, so that no
    /// query can reach those behind them.
    pub fn advance(mut self, list: List<Page>, since: Since) -> Result<(Vec<Page>, Option<Self>), RemoteError> {
        let (next, cut) = (list.next(self.cursor.as_deref())?, list.is_cut());
        let mut pages = Vec::new();
        for page in list.results.into_iter().filter(Page::is_page) {
            self.note(&page, since);
            if !self.before.contains(&page.id) {
                pages.push(page);
            }
        }
        if next.is_some() {
            return Ok((pages, Some(Self { cursor: next, ..self })));
        }
        if !cut {
            return Ok((pages, None));
        }
        if self.newest.is_none() || self.newest == self.from {
            return Err(malformed(
                "more than 10,000 pages of this data source share one minute, and Notion lists no more than that; \
                 edit some of them, or split the data source",
            ));
        }
        let next = Self { cursor: None, from: self.newest, newest: None, before: self.at_newest, ..Self::default() };
        Ok((pages, Some(next)))
    }

    fn note(&mut self, page: &Page, since: Since) {
        let text = match since {
            Since::Ever => &page.created_time,
            Since::At(_) => &page.last_edited_time,
        };
        let Some(stamp) = wire::stamp(text.as_deref()) else { return };
        if self.newest.is_none_or(|newest| stamp > newest) {
            self.newest = Some(stamp);
            self.at_newest.clear();
        }
        if since == Since::Ever && self.newest == Some(stamp) && self.at_newest.len() < REMEMBERED {
            self.at_newest.insert(page.id.clone());
        }
    }
}

/// What to do with an error that a listing met: a cursor that Notion no longer takes gets a code of its own.
pub fn explain(error: RemoteError) -> RemoteError {
    if error.kind == RemoteErrorKind::Invalid && error.message.contains("start_cursor") {
        return RemoteError { code: STALE_CURSOR.to_owned(), ..error };
    }
    error
}

fn stale(message: &str) -> RemoteError {
    RemoteError { kind: RemoteErrorKind::Invalid, code: STALE_CURSOR.to_owned(), message: message.to_owned() }
}

/// A sweep follows creation, which nothing changes; an increment follows edits.
fn stamp_of(since: Since) -> &'static str {
    match since {
        Since::Ever => "created_time",
        Since::At(_) => "last_edited_time",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Place, explain};
    use crate::remote::notion::wire::{List, Page};
    use crate::remote::{RemoteError, RemoteErrorKind, Since};

    fn list(rows: &[(&str, &str)], rest: Json) -> List<Page> {
        let rows: Vec<Json> =
            rows.iter().map(|(id, at)| json!({"object": "page", "id": id, "created_time": at})).collect();
        let mut list = json!({"object": "list", "results": rows});
        list.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        serde_json::from_value(list).unwrap()
    }

    fn cut() -> Json {
        json!({"has_more": false, "request_status": {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}})
    }

    fn ids(pages: &[crate::remote::notion::wire::Page]) -> Vec<&str> {
        pages.iter().map(|page| page.id.as_str()).collect()
    }

    #[test]
    fn an_increment_asks_on_or_after_ascending() {
        let since = Since::At("2026-06-27T17:00:00Z".parse().unwrap());
        assert_eq!(
            Place::default().query(since),
            json!({
                "filter": {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": "2026-06-27T17:00:00Z"}},
                "sorts": [{"timestamp": "last_edited_time", "direction": "ascending"}],
                "page_size": 100
            })
        );
    }

    #[test]
    fn a_sweep_follows_its_cursor_to_the_end() {
        let answer = list(&[("a", "2026-01-01T00:00:00.000Z")], json!({"has_more": true, "next_cursor": "s:1:2"}));
        let (pages, next) = Place::default().advance(answer, Since::Ever).unwrap();
        assert_eq!(ids(&pages), ["a"]);
        let next = Place::read(Some(&next.unwrap().write())).unwrap();
        assert_eq!(next.query(Since::Ever)["start_cursor"], "s:1:2");
        assert!(next.query(Since::Ever).get("filter").is_none());
        let (pages, next) =
            next.advance(list(&[], json!({"has_more": false, "next_cursor": null})), Since::Ever).unwrap();
        assert!(pages.is_empty() && next.is_none());
    }

    #[test]
    fn a_query_cut_at_its_limit_is_continued_from_the_last_minute_without_repeating_rows() {
        let first =
            list(&[("a", "2026-01-01T00:00:00Z"), ("b", "2026-01-01T00:01:00Z"), ("c", "2026-01-01T00:01:00Z")], cut());
        let (pages, next) = Place::default().advance(first, Since::Ever).unwrap();
        assert_eq!(ids(&pages), ["a", "b", "c"]);
        let next = Place::read(Some(&next.unwrap().write())).unwrap();
        assert_eq!(next.query(Since::Ever)["filter"]["created_time"]["on_or_after"], "2026-01-01T00:01:00Z");
        let second = list(
            &[("b", "2026-01-01T00:01:00Z"), ("c", "2026-01-01T00:01:00Z"), ("d", "2026-01-01T00:01:00Z")],
            json!({"has_more": false}),
        );
        let (pages, end) = next.advance(second, Since::Ever).unwrap();
        assert_eq!(ids(&pages), ["d"]);
        assert!(end.is_none());
    }

    #[test]
    fn an_increment_leaves_no_row_out_that_came_before() {
        let since = Since::At("2026-01-01T00:00:00Z".parse().unwrap());
        let mut first = list(&[("a", ""), ("b", "")], cut());
        for (row, stamp) in first.results.iter_mut().zip(["2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"]) {
            row.last_edited_time = Some(stamp.to_owned());
        }
        let (_, next) = Place::default().advance(first, since).unwrap();
        let mut second = list(&[("b", "")], json!({"has_more": false}));
        second.results[0].last_edited_time = Some("2026-01-01T00:01:00Z".to_owned());
        let (pages, _) = next.unwrap().advance(second, since).unwrap();
        assert_eq!(ids(&pages), ["b"], "it may have been edited again within that minute");
    }

    #[test]
    fn a_minute_that_no_query_can_pass_is_an_error_not_an_end() {
        let answer = list(&[("a", "2026-01-01T00:00:00Z")], cut());
        let (_, next) = Place::default().advance(answer.clone(), Since::Ever).unwrap();
        assert!(next.unwrap().advance(answer, Since::Ever).is_err());
        assert!(Place::default().advance(list(&[], cut()), Since::Ever).is_err());
    }

    #[test]
    fn a_cursor_that_comes_twice_or_is_missing_is_an_error() {
        let answer = list(&[], json!({"has_more": true, "next_cursor": "s"}));
        let (_, next) = Place::default().advance(answer.clone(), Since::Ever).unwrap();
        assert!(next.unwrap().advance(answer, Since::Ever).is_err());
        assert!(Place::default().advance(list(&[], json!({"has_more": true})), Since::Ever).is_err());
    }

    #[test]
    fn a_stale_cursor_gets_its_own_code() {
        let error = |message: &str| RemoteError {
            kind: RemoteErrorKind::Invalid,
            code: "validation_error".into(),
            message: message.into(),
        };
        assert_eq!(explain(error("The start_cursor provided is invalid: s:1")).code, "stale_cursor");
        assert_eq!(explain(error("body failed validation")).code, "validation_error");
        assert_eq!(Place::read(Some("not a place")).unwrap_err().code, "stale_cursor");
    }

    #[test]
    fn data_sources_in_a_wiki_are_passed_over() {
        let answer: List<Page> =
            serde_json::from_value(json!({"results": [{"object": "data_source", "id": "x"}]})).unwrap();
        assert!(Place::default().advance(answer, Since::Ever).unwrap().0.is_empty());
    }
}
