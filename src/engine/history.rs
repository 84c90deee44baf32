//! The journal as an operator asks for it: newest first, by text, by record, by time. What has to be looked through is
//! looked through in parts, and an answer says which part that was.

use jiff::Timestamp;

use crate::control::{JournalRow, Looked, Query, Rows, Window};
use crate::model::TieId;
use crate::seam::KvError;
use crate::store::Store;

use super::core::Core;
use super::views::{cut, extent};

/// Lines of the journal that a search looks through at once.
const SEARCHED: u64 = 20_000;
/// Lines that are looked at for the beginning of a span, from where it was a moment ago.
const NEAR: u64 = 500;

/// A window of the journal. Without a search only its rows are read.
pub(super) async fn journal(core: &mut Core, store: &Store, query: &Query) -> Result<Window, KvError> {
    let oldest = core.memory.oldest_event().max(query.from.unwrap_or(0));
    let last = core.memory.last_event.min(query.to.unwrap_or(u64::MAX));
    let first = match query.since {
        Some(since) => first_since(core, store, since, (oldest, last)).await?,
        None => oldest,
    };
    let end = query.before.map_or(last, |before| before.saturating_sub(1)).min(last);
    if query.filter.is_empty() && query.tie.is_none() {
        let total = (end + 1).saturating_sub(first);
        let limit = u64::try_from(extent(query).1).unwrap_or(0);
        let to = end.saturating_sub(query.offset);
        let from = (to + 1).saturating_sub(limit).max(first);
        let there = query.offset < total && limit > 0;
        let rows = if there { read(core, store, from, to).await? } else { Vec::new() };
        return Ok(Window::of(total, query.offset, Rows::Journal(rows)));
    }
    let from = (end + 1).saturating_sub(SEARCHED).max(first);
    let rows = if from > end { Vec::new() } else { read(core, store, from, end).await? };
    let at = |row: Option<&JournalRow>| row.map(|row| row.event.at);
    let looked = at(rows.last()).map(|oldest| Looked {
        from_line: from,
        from: oldest,
        until: at(rows.first()),
        whole: from == first,
    });
    let text = |row: &JournalRow| {
        let (before, after) = (row.before.as_deref().unwrap_or(""), row.after.as_deref().unwrap_or(""));
        let event = &row.event;
        let side = event.side.map(|side| side.to_string()).unwrap_or_default();
        let (title, label) = (&row.title, &row.label);
        format!("{title} {label} {before} {after} {} {:?} {side} {}", event.note, event.what, event.who)
    };
    let of_tie = |row: &JournalRow| {
        let event = &row.event;
        let is = |tie: &TieId| event.pair.as_ref() == Some(&tie.pair) && event.crm.as_ref() == Some(&tie.crm);
        query.tie.as_ref().is_none_or(is)
    };
    let rows = rows.into_iter().filter(of_tie).collect();
    Ok(Window { looked, ..cut(query, rows, text, Rows::Journal) })
}

/// Lines, newest first, with names for people.
async fn read(core: &Core, store: &Store, from: u64, to: u64) -> Result<Vec<JournalRow>, KvError> {
    Ok(store.journal(from, to).await?.into_iter().rev().map(|it| core.journal_row(it)).collect())
}

/// The first line that was written at a moment or later. A span moves on with every look: it is looked for close to where
/// it began before, and else by halves.
async fn first_since(
    core: &mut Core,
    store: &Store,
    since: Timestamp,
    (oldest, last): (u64, u64),
) -> Result<u64, KvError> {
    let mut from = oldest;
    if let Some((then, line)) = core.span.filter(|(then, line)| *then <= since && *line >= oldest) {
        let lines = store.journal(line, line.saturating_add(NEAR)).await?;
        let first = lines.iter().find(|event| event.at >= since).map(|event| event.seq);
        if let Some(first) = first.or_else(|| (line + NEAR > last).then_some(last + 1)) {
            core.span = Some((since, first));
            return Ok(first);
        }
        (from, _) = (line, then);
    }
    let mut to = last + 1;
    while from < to {
        let middle = from + (to - from) / 2;
        // A line that is missing is as old as the one before it.
        let old = store.journal(middle, middle).await?.first().is_none_or(|event| event.at < since);
        if old { from = middle + 1 } else { to = middle }
    }
    core.span = Some((since, from));
    Ok(from)
}
