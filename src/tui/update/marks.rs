//! Marks, ranges, and going from match to match. A mark belongs to a record and keeps it as it was last shown.

use super::{ask, lists};
use crate::control::{Query, Rows, Window};
use crate::tui::action::Action;
use crate::tui::model::{Effect, Line, Listing, Model, Motion, Page, Row, Tone, Waiting, edge};

/// The most rows that are marked at once.
const MOST: u64 = 10_000;

/// Marks the row under the cursor and goes on.
pub(super) fn mark(model: &mut Model) -> Vec<Effect> {
    match model.page {
        Page::Conflicts => model.holds.toggle_mark(),
        Page::Orphans => model.orphans.toggle_mark(),
        Page::Journal => model.journal.toggle_mark(),
        _ => {}
    }
    lists::go(model, Motion::By(1))
}

/// Begins a range at the cursor, or ends it and marks what lies between.
pub(super) fn range(model: &mut Model) -> Vec<Effect> {
    let Some(said) = turned(model) else { return Vec::new() };
    match said {
        Ok(text) => model.toast(Tone::Plain, text),
        Err(text) => model.toast(Tone::Warn, text),
    }
    Vec::new()
}

fn turned(model: &mut Model) -> Option<Result<String, String>> {
    match model.page {
        Page::Conflicts => Some(ranged(&mut model.holds)),
        Page::Orphans => Some(ranged(&mut model.orphans)),
        Page::Journal => Some(ranged(&mut model.journal)),
        _ => None,
    }
}

/// Ends a range that is being marked, before something is done with the marked rows; why it cannot be ended, if so.
pub(super) fn end_range(model: &mut Model) -> Result<(), String> {
    let open = match model.page {
        Page::Conflicts => model.holds.anchor.is_some(),
        Page::Orphans => model.orphans.anchor.is_some(),
        Page::Journal => model.journal.anchor.is_some(),
        _ => false,
    };
    if open { turned(model).map_or(Ok(()), |said| said.map(|_| ())) } else { Ok(()) }
}

/// Whether an action is about the marked rows, where there are some.
pub(super) fn are_meant(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::ForceCrm
            | A::ForceNotion
            | A::KeepBase
            | A::Keep
            | A::RuleCrm
            | A::RuleNotion
            | A::RuleBase
            | A::RuleKeep
            | A::UnpickRow
            | A::Retry
            | A::OrphanIgnore
            | A::OrphanUnignore
            | A::JournalUndo
            | A::JournalUndoBoth
    )
}

fn ranged<R: Row>(list: &mut Listing<R>) -> Result<String, String> {
    let Some(anchor) = list.anchor.take() else {
        list.anchor = list.on.clone();
        return Ok("a range begins here: move, and press the same key again".to_owned());
    };
    let Some(from) = list.place(&anchor) else {
        return Err("the range's first row is no longer near: begin again, or mark all that a filter shows".to_owned());
    };
    let (from, to) = (from.min(list.at), from.max(list.at));
    let rows: Vec<R> = (from..=to).filter_map(|place| list.row(place).cloned()).collect();
    let count = rows.len();
    list.marks.extend(rows.into_iter().map(|row| (row.id(), row)));
    Ok(format!("{count} rows of the range are marked"))
}

/// Asks for every row that the filter lets through, to mark them.
pub(super) fn all(model: &mut Model) -> Vec<Effect> {
    let Some(total) = lists::total(model) else { return Vec::new() };
    if total > MOST {
        model.toast(Tone::Warn, format!("{total} rows are more than {MOST}: narrow the filter first"));
        return Vec::new();
    }
    vec![more(model, model.page, 0)]
}

fn more(model: &mut Model, page: Page, offset: u64) -> Effect {
    let filter = lists::filter(model).map(|line| line.text().trim().to_owned()).unwrap_or_default();
    let ignored = page == Page::Orphans && model.show_ignored;
    let journal = page == Page::Journal;
    let (since, before) = if journal { (lists::since(model), model.before) } else { (None, None) };
    let all = Query::all(lists::list_of(page));
    let query = Query { filter: filter.clone(), ignored, offset, limit: 500, since, before, ..all };
    ask(model, Waiting::Marks { page, filter }, query)
}

/// Rows to be marked came.
pub(super) fn came(model: &mut Model, page: Page, filter: &str, window: Window) -> Vec<Effect> {
    let now = lists::filter(model).map(|line| line.text().trim().to_owned());
    if model.page != page || now.as_deref() != Some(filter) {
        // The operator went on: marks on what they no longer see would surprise them.
        return Vec::new();
    }
    let (total, next) = (window.total, window.offset + window.rows.len());
    let got = window.rows.len();
    let marked = match (page, window.rows) {
        (Page::Conflicts, Rows::Holds(rows)) => {
            model.holds.marks.extend(rows.into_iter().map(edge::hold).map(|row| (row.id(), row)));
            model.holds.marks.len()
        }
        (Page::Orphans, Rows::Orphans(rows)) => {
            model.orphans.marks.extend(rows.into_iter().map(edge::orphan).map(|row| (row.id(), row)));
            model.orphans.marks.len()
        }
        (Page::Journal, Rows::Journal(rows)) => {
            model.journal.marks.extend(rows.into_iter().map(edge::journal).map(|row| (row.id(), row)));
            model.journal.marks.len()
        }
        _ => return Vec::new(),
    };
    if next < total && got > 0 && next < MOST {
        return vec![more(model, page, next)];
    }
    model.toast(Tone::Plain, format!("{marked} rows are marked"));
    Vec::new()
}

/// Goes to the next (or the previous) row that the filter lets through; without one, to the next row here that contains
/// the text that this page was last filtered by.
pub(super) fn to_match(model: &mut Model, forward: bool) -> Vec<Effect> {
    let filtered = lists::filter(model).is_some_and(|line| !line.is_empty());
    let text = lists::sought(model);
    if !filtered && text.is_empty() {
        let key = model.keymap.keys_of(Action::Filter).into_iter().next().unwrap_or_else(|| "(no key)".to_owned());
        model.toast(Tone::Plain, format!("no search on this page: {key} begins one"));
        return Vec::new();
    }
    let total = lists::total(model).unwrap_or(0);
    if total == 0 {
        return Vec::new();
    }
    let at = lists::at(model);
    if filtered {
        let to = if forward { (at + 1) % total } else { (at + total - 1) % total };
        return lists::go(model, Motion::By(to.cast_signed() - at.cast_signed()));
    }
    let places = lists::places_with(model, &text);
    let to = if forward {
        places.iter().find(|place| **place > at).or(places.first())
    } else {
        places.iter().rev().find(|place| **place < at).or(places.last())
    };
    match to {
        Some(to) => lists::go(model, Motion::By(to.cast_signed() - at.cast_signed())),
        None => {
            if let Some(line) = lists::filter(model) {
                *line = Line::new(&text);
            }
            model.toast(Tone::Plain, format!("no row near the cursor contains `{text}`: these are all that do"));
            lists::refilter(model)
        }
    }
}
