//! The journal as an operator asks for it: newest first, by text, by record, by time. What has to be looked through is
//! looked through in parts, and an answer says which part that was. A part is looked through in steps, and what was found is
//! remembered for a minute: a list that is asked for again only has its new lines looked at.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::control::{JournalRow, List, Looked, Query, Rows, Window};
use crate::model::{Event, TieId};
use crate::seam::KvError;
use crate::store::Store;

use super::core::Core;
use super::snapshot::count;
use super::views::extent;

/// Lines of the journal that a search looks through for one answer.
const SEARCHED: u64 = 20_000;
/// Lines that are looked through in one step: about a millisecond.
const STEP: u64 = 250;
/// Lines that are looked at for the beginning of a span, from where it was a moment ago.
const NEAR: u64 = 500;
/// How long it is believed which lines fit: they are searched by titles too, and those change.
const BELIEVED: SignedDuration = SignedDuration::from_secs(60);
/// Lines that lie so close to each other are read together.
const CLOSE: u64 = 4;

/// Whether a question is one of the journal that has to be looked through for it.
pub(super) fn is_search(query: &Query) -> bool {
    query.list == List::Journal && !(query.filter.is_empty() && query.tie.is_none())
}

/// A window of the journal without a search: only its rows are read.
pub(super) async fn journal(core: &mut Core, store: &Store, query: &Query) -> Result<Window, KvError> {
    let (first, end) = bounds(core, store, query).await?;
    let total = (end + 1).saturating_sub(first);
    let limit = count(extent(query).1);
    let to = end.saturating_sub(query.offset);
    let from = (to + 1).saturating_sub(limit).max(first);
    let there = query.offset < total && limit > 0;
    let events = if there { store.journal(from, to).await? } else { Vec::new() };
    let rows = events.into_iter().rev().map(|it| core.journal_row(it)).collect();
    Ok(Window::of(total, query.offset, Rows::Journal(rows)))
}

/// The first line that a question means, and the last.
async fn bounds(core: &mut Core, store: &Store, query: &Query) -> Result<(u64, u64), KvError> {
    let oldest = core.memory.oldest_event().max(query.from.unwrap_or(0));
    let last = core.memory.last_event.min(query.to.unwrap_or(u64::MAX));
    let span = core.span;
    let first = match query.since {
        Some(since) => first_since(core, store, since, (oldest, last)).await?,
        None => oldest,
    };
    if query.from.is_some() {
        // Another question may mean lines before that.
        core.span = span;
    }
    Ok((first, query.before.map_or(last, |before| before.saturating_sub(1)).min(last)))
}

/// Which lines of a part of the journal fit a search.
#[derive(Clone)]
pub(super) struct Found {
    /// In small letters.
    filter: String,
    tie: Option<TieId>,
    /// Where the newest line is told by whoever asks.
    ends: (Option<u64>, Option<u64>),
    /// What was looked through: its first line and its last; nothing if that comes before the first.
    part: (u64, u64),
    /// Those that fit, in order once all is looked through.
    lines: Vec<u64>,
    since: Timestamp,
}

impl Found {
    fn nothing(query: &Query, now: Timestamp) -> Self {
        Self {
            filter: query.filter.to_lowercase(),
            tie: query.tie.clone(),
            ends: (query.before, query.to),
            part: (1, 0),
            lines: Vec::new(),
            since: now,
        }
    }

    /// Whether it is what a question searches.
    pub(super) fn is_for(&self, query: &Query) -> bool {
        self.tie == query.tie && self.ends == (query.before, query.to) && self.filter == query.filter.to_lowercase()
    }

    /// Takes another part in. Gives what of it is still to be looked through, the newest last.
    fn take_in(&mut self, (from, to): (u64, u64)) -> Vec<(u64, u64)> {
        let (old_from, old_to) = self.part;
        if from > to {
            return Vec::new();
        }
        if old_from > old_to || old_to + 1 < from || to + 1 < old_from {
            self.lines.clear();
            self.part = (from, to);
            return vec![(from, to)];
        }
        self.part = (from.min(old_from), to.max(old_to));
        let left = [(from, old_from.saturating_sub(1)), (old_to + 1, to)];
        left.into_iter().filter(|(from, to)| from <= to).collect()
    }

    /// The lines of a part that fit.
    fn within(&self, (from, to): (u64, u64)) -> &[u64] {
        let first = self.lines.partition_point(|line| *line < from);
        let end = self.lines.partition_point(|line| *line <= to);
        self.lines.get(first..end).unwrap_or_default()
    }

    /// Whether a line is one that is searched.
    fn fits(&self, core: &Core, event: &Event) -> bool {
        let is = |tie: &TieId| event.pair.as_ref() == Some(&tie.pair) && event.crm.as_ref() == Some(&tie.crm);
        self.tie.as_ref().is_none_or(is)
            && (self.filter.is_empty() || core.journal_text(event).to_lowercase().contains(&self.filter))
    }
}

/// A search that is under way.
pub(super) struct Search {
    /// What was found so far.
    pub(super) found: Found,
    /// What is asked for: the first line and the last.
    part: (u64, u64),
    /// What of it is still to be looked through, the newest last.
    left: Vec<(u64, u64)>,
    /// There is nothing older that could be meant.
    whole: bool,
}

impl Search {
    /// Begins with what was found before, if that is not too old.
    pub(super) async fn begin(
        core: &mut Core,
        store: &Store,
        query: &Query,
        now: Timestamp,
        before: &VecDeque<Found>,
    ) -> Result<Self, KvError> {
        let (first, end) = bounds(core, store, query).await?;
        let from = (end + 1).saturating_sub(SEARCHED).max(first);
        let fresh = |it: &&Found| it.is_for(query) && now.duration_since(it.since).abs() < BELIEVED;
        let mut found = before.iter().find(fresh).cloned().unwrap_or_else(|| Found::nothing(query, now));
        let left = found.take_in((from, end));
        Ok(Self { found, part: (from, end), left, whole: from == first })
    }

    /// Looks through some more lines. Whether that was all.
    pub(super) async fn go_on(&mut self, core: &Core, store: &Store) -> Result<bool, KvError> {
        if let Some((from, to)) = self.left.pop() {
            let low = (to + 1).saturating_sub(STEP).max(from);
            if low > from {
                self.left.push((from, low - 1));
            }
            let lines = store.journal(low, to).await?;
            let found = &self.found;
            let fitting: Vec<u64> = lines.iter().filter(|it| found.fits(core, it)).map(|it| it.seq).collect();
            self.found.lines.extend(fitting);
        }
        if self.left.is_empty() {
            self.found.lines.sort_unstable();
        }
        Ok(self.left.is_empty())
    }

    /// The rows that were asked for, of a search that has ended.
    pub(super) async fn window(&self, core: &Core, store: &Store, query: &Query) -> Result<Window, KvError> {
        let (from, to) = self.part;
        let (skip, take) = extent(query);
        let lines = self.found.within(self.part);
        let (total, last) = (count(lines.len()), lines.len().saturating_sub(skip));
        let shown = lines.get(last.saturating_sub(take)..last).unwrap_or_default();
        let mut rows: Vec<JournalRow> = Vec::new();
        for near in shown.chunk_by(|one, two| two - one <= CLOSE) {
            let (Some(first), Some(last)) = (near.first(), near.last()) else { continue };
            let events = store.journal(*first, *last).await?.into_iter();
            let fitting = events.filter(|event| near.binary_search(&event.seq).is_ok());
            rows.extend(fitting.map(|event| core.journal_row(event)));
        }
        rows.reverse();
        let oldest = written(store, from, to, true).await?;
        let looked = match oldest {
            Some(oldest) => Some(Looked {
                from_line: from,
                from: oldest,
                until: written(store, from, to, false).await?,
                whole: self.whole,
            }),
            None => None,
        };
        Ok(Window { looked, ..Window::of(total, query.offset, Rows::Journal(rows)) })
    }
}

/// When the oldest line of a part that can be read was written, or the newest.
async fn written(store: &Store, from: u64, to: u64, oldest: bool) -> Result<Option<Timestamp>, KvError> {
    let (mut from, mut to, mut width) = (from, to, 1);
    while from <= to {
        let (low, high) = match oldest {
            true => (from, to.min(from + width - 1)),
            false => (from.max((to + 1).saturating_sub(width)), to),
        };
        let lines = store.journal(low, high).await?;
        let line = if oldest { lines.first() } else { lines.last() };
        if let Some(event) = line {
            return Ok(Some(event.at));
        }
        match (oldest, low.checked_sub(1)) {
            (true, _) => from = high + 1,
            (false, Some(below)) => to = below,
            (false, None) => break,
        }
        width = STEP;
    }
    Ok(None)
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
        if let Some(first) = first.or_else(|| (line.saturating_add(NEAR) > last).then_some(last + 1)) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whichever_parts_are_taken_in_what_is_found_in_one_is_what_fits_there(
            parts in prop::collection::vec((1..60_u64, 0..60_u64), 1..12),
            fits in prop::collection::vec(any::<bool>(), 61),
        ) {
            let fits = |line: &u64| fits.get(usize::try_from(*line).unwrap_or(0)).copied().unwrap_or_default();
            let mut found = Found::nothing(&Query::all(List::Journal), Timestamp::UNIX_EPOCH);
            for (from, to) in parts {
                for (low, high) in found.take_in((from, to)) {
                    prop_assert!((from..=to).contains(&low) && (low..=to).contains(&high), "nothing else is looked at");
                    found.lines.extend((low..=high).filter(fits));
                }
                found.lines.sort_unstable();
                let expected: Vec<u64> = (from..=to).filter(fits).collect();
                prop_assert_eq!(found.within((from, to)), expected);
            }
        }
    }
}
