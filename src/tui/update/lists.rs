//! Pages, cursors, filters and the windows of lists.

use super::{ask, closeup, linker};
use crate::control::{List, Order, Query};
use crate::tui::layout;
use crate::tui::model::{Dirty, Effect, Line, Listing, Model, Motion, Page, PopupBody, Row, Tone, Waiting};
use crate::tui::popup::{Picker, Seeks};

/// The least time between two queries for the same rows, in milliseconds, however fast snapshots come.
const REFRESH_MS: u64 = 400;
/// What takes the engine long, a search through much, is asked again by itself after so many times as long: whoever leaves it
/// open takes no more than this share of the engine.
const SHARE: u64 = 20;

/// Does the same with the list of whatever page is given.
macro_rules! on_page {
    ($model:expr, $page:expr, $list:ident => $do:expr, $none:expr) => {
        match $page {
            Page::Overview | Page::Pairs | Page::Health => $none,
            Page::Quarantine => {
                let $list = &mut $model.quarantine;
                $do
            }
            Page::Conflicts => {
                let $list = &mut $model.holds;
                $do
            }
            Page::Orphans => {
                let $list = &mut $model.orphans;
                $do
            }
            Page::Relations if $model.on_links => {
                let $list = &mut $model.relations;
                $do
            }
            Page::Relations => {
                let $list = &mut $model.owners;
                $do
            }
            Page::Queue => {
                let $list = &mut $model.queue;
                $do
            }
            Page::Journal => {
                let $list = &mut $model.journal;
                $do
            }
        }
    };
}

/// What is asked for a page.
pub(super) fn list_of(page: Page) -> List {
    match page {
        Page::Conflicts | Page::Overview | Page::Pairs | Page::Health => List::Holds,
        Page::Quarantine => List::Quarantined,
        Page::Orphans => List::Orphans,
        Page::Relations => List::Owners,
        Page::Queue => List::Queue,
        Page::Journal => List::Journal,
    }
}

/// Asks for what is missing or out of date on screen, unless it is being asked for already.
pub(super) fn settle(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    let (page, height, ms) = (model.page, layout::rows(model), model.ms);
    let query = if page == Page::Relations {
        effects.extend(linker::settle(model));
        None
    } else {
        on_page!(model, page, list => { list.scroll(height); due(list, list_of(page), height, ms) }, None)
    };
    let since = if page == Page::Journal { since(model) } else { None };
    let ignored = page == Page::Orphans && model.show_ignored;
    if let Some(query) = query {
        let before = model.before.filter(|_| page == Page::Journal);
        let query = Query { since, before, ignored, ..query };
        let effect = ask(model, Waiting::List(page), query);
        if let Effect::Query { tag, .. } = &effect {
            on_page!(model, page, list => list.asked = Some(*tag), ());
        }
        effects.push(effect);
    }
    effects.extend(settle_picker(model));
    effects.extend(closeup::settle(model));
    effects
}

/// The moment from which on the journal is shown.
pub(super) fn since(model: &Model) -> Option<jiff::Timestamp> {
    let (_, minutes) = model.span.of()?;
    model.now.checked_sub(jiff::SignedDuration::from_mins(minutes)).ok()
}

pub(super) fn due<R: Row>(list: &mut Listing<R>, what: List, height: u64, ms: u64) -> Option<Query> {
    let query = list.query(what, height);
    ready(list, query, height, ms)
}

fn ready<R: Row>(list: &mut Listing<R>, query: Query, height: u64, ms: u64) -> Option<Query> {
    // A question that was answered is not asked again before something changes, whatever the answer was.
    let lacks = list.lacks(height) && list.last.as_ref() != Some(&query);
    let rested = list.asked_at.is_none_or(|at| ms >= at + REFRESH_MS.max(SHARE * list.took));
    if list.asked.is_some() || !(lacks || list.stale && rested) {
        return None;
    }
    list.stale = false;
    list.asked_at = Some(ms);
    list.last = Some(query.clone());
    Some(query)
}

fn settle_picker(model: &mut Model) -> Option<Effect> {
    let (height, ms) = (picker_rows(model), model.ms);
    let (serial, query) = match model.popups.last_mut() {
        Some(popup) => match &mut popup.body {
            PopupBody::Picker(picker) => (popup.serial, picker_query(picker, height, ms)?),
            _ => return None,
        },
        None => return None,
    };
    let effect = ask(model, Waiting::Picker(serial), query);
    if let (Effect::Query { tag, .. }, Some(PopupBody::Picker(picker))) =
        (&effect, model.popups.last_mut().map(|popup| &mut popup.body))
    {
        match picker.seeks {
            Seeks::Owner => picker.owners.asked = Some(*tag),
            _ => picker.records.asked = Some(*tag),
        }
    }
    Some(effect)
}

fn picker_query(picker: &mut Picker, height: u64, ms: u64) -> Option<Query> {
    match &picker.seeks {
        Seeks::Owner => due(&mut picker.owners, List::Owners, height, ms),
        Seeks::Counterpart(row) => due(&mut picker.records, List::Candidates { of: row.record.clone() }, height, ms),
        Seeks::Target { .. } => {
            let pair = picker.sources.get(picker.source)?.clone();
            due(&mut picker.records, List::Tied { pair }, height, ms)
        }
    }
}

/// How many rows of a picker are visible.
pub(super) fn picker_rows(model: &Model) -> u64 {
    u64::from(crate::tui::popup::picker::rows(model.size))
}

/// Whether a query waits for the next tick.
pub(super) fn is_waiting(model: &Model) -> bool {
    let stale = match model.page {
        Page::Overview | Page::Pairs | Page::Health => false,
        Page::Quarantine => model.quarantine.stale,
        Page::Conflicts => model.holds.stale,
        Page::Orphans => model.orphans.stale,
        Page::Relations => model.owners.stale || model.relations_of.is_some() && model.relations.stale,
        Page::Queue => model.queue.stale,
        Page::Journal => model.journal.stale,
    };
    stale && model.gone.is_none()
}

/// The rows of a page took so long.
pub(super) fn took(model: &mut Model, page: Page, ms: u64) {
    on_page!(model, page, list => list.took = ms, ());
}

/// Every list may have changed.
pub(super) fn outdate(model: &mut Model) {
    for page in Page::ALL {
        on_page!(model, page, list => list.stale = true, ());
    }
    (model.owners.stale, model.relations.stale) = (true, true);
}

/// Every list has changed, and the operator waits to see it.
pub(super) fn renew(model: &mut Model) {
    for page in Page::ALL {
        on_page!(model, page, list => { list.stale = true; list.asked_at = None; }, ());
    }
    (model.owners.stale, model.owners.asked_at) = (true, None);
    (model.relations.stale, model.relations.asked_at) = (true, None);
}

/// Opens a page.
pub(super) fn open_page(model: &mut Model, page: Page) -> Vec<Effect> {
    if model.page != page {
        (model.page, model.expanded, model.detail_top, model.typing) = (page, false, 0, false);
        model.on_links = false;
        // What was said about another page means nothing here.
        model.toasts.retain(|toast| toast.tone == Tone::Bad);
    }
    settle(model)
}

/// Moves the page's cursor.
pub(super) fn go(model: &mut Model, motion: Motion) -> Vec<Effect> {
    let (page, height) = (model.page, layout::rows(model));
    if matches!(page, Page::Overview | Page::Pairs | Page::Health) {
        let mut effects = go_pair(model, motion);
        effects.extend(settle(model));
        return effects;
    }
    if on_page!(model, page, list => list.go(motion, height), false) {
        model.detail_top = 0;
    }
    settle(model)
}

fn go_pair(model: &mut Model, motion: Motion) -> Vec<Effect> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let names: Vec<_> = snapshot.pairs.iter().map(|pair| pair.name.clone()).collect();
    let at = names.iter().position(|name| model.pair().is_some_and(|pair| pair.name == *name)).unwrap_or(0);
    let last = names.len().saturating_sub(1);
    let to = match motion {
        Motion::By(by) => at.saturating_add_signed(isize::try_from(by).unwrap_or(0)).min(last),
        Motion::First => 0,
        Motion::Last => last,
    };
    model.pair = names.get(to).cloned();
    model.detail_top = 0;
    Vec::new()
}

/// How many rows the page's list has, if it has one and was answered.
pub(super) fn total(model: &mut Model) -> Option<u64> {
    let page = model.page;
    on_page!(model, page, list => list.total, None)
}

/// Whether all rows of the page's list are on their way, and whether that under the cursor is.
pub(super) fn coming(model: &mut Model) -> (bool, bool) {
    let page = model.page;
    on_page!(model, page, list => (list.is_coming(), list.lacks_current()), (false, false))
}

/// Whether the page's rows are not those that were asked for last: they could not be had.
pub(super) fn is_old(model: &mut Model) -> bool {
    let page = model.page;
    on_page!(model, page, list => list.failed.is_some(), false)
}

/// The cursor's place in the page's list.
pub(super) fn at(model: &mut Model) -> u64 {
    let page = model.page;
    on_page!(model, page, list => list.at, 0)
}

/// Places of rows that are here and contain a text, ignoring case.
pub(super) fn places_with(model: &mut Model, text: &str) -> Vec<u64> {
    let (page, text) = (model.page, text.to_lowercase());
    on_page!(model, page, list => {
        let here = (list.offset..).zip(&list.rows);
        here.filter(|(_, row)| row.words().to_lowercase().contains(&text)).map(|(place, _)| place).collect()
    }, Vec::new())
}

/// Removes the page's marks.
pub(super) fn unmark(model: &mut Model) -> Vec<Effect> {
    let page = model.page;
    on_page!(model, page, list => { list.marks.clear(); list.anchor = None; }, ());
    Vec::new()
}

/// Leaves the innermost thing that is open on a page.
pub(super) fn back(model: &mut Model) -> Vec<Effect> {
    let page = model.page;
    if model.expanded {
        (model.expanded, model.detail_top) = (false, 0);
        return settle(model);
    }
    if on_page!(model, page, list => list.anchor.take().is_some(), false) {
        model.toast(Tone::Plain, "no range any more");
        return Vec::new();
    }
    let marked = on_page!(model, page, list => { let had = !list.marks.is_empty(); list.marks.clear(); had }, false);
    if marked {
        model.toast(Tone::Plain, "all marks were removed");
        return Vec::new();
    }
    let filtered =
        on_page!(model, page, list => { let had = !list.filter.is_empty(); list.filter.clear(); had }, false);
    if filtered {
        return refilter(model);
    }
    if page == Page::Relations && model.on_links {
        return linker::go_to(model, false);
    }
    if model.toasts.is_empty() {
        let quit = model.keymap.keys_of(crate::tui::action::Action::Quit);
        let quit = quit.first().map_or("ctrl-c", String::as_str);
        model.toast(Tone::Plain, format!("{quit} leaves the dashboard"));
    } else {
        model.toasts.clear();
    }
    Vec::new()
}

/// The orders that the rows of a page can have, one after the other.
pub(in crate::tui) fn orders_of(page: Page) -> &'static [Order] {
    match page {
        Page::Conflicts | Page::Quarantine => &[Order::Own, Order::Oldest, Order::Newest, Order::Pair, Order::Record],
        Page::Queue => &[Order::Own, Order::Oldest, Order::Newest, Order::Pair],
        // Their own is that of their age.
        Page::Orphans => &[Order::Own, Order::Newest, Order::Pair],
        Page::Overview | Page::Relations | Page::Journal | Page::Pairs | Page::Health => &[],
    }
}

/// Asks for the rows in the next order; the cursor stays on its record.
pub(super) fn reorder(model: &mut Model) -> Vec<Effect> {
    let page = model.page;
    let orders = orders_of(page);
    let next = |order: Order| {
        let at = orders.iter().position(|known| *known == order).map_or(0, |at| at + 1);
        orders.get(at % orders.len().max(1)).copied().unwrap_or_default()
    };
    on_page!(model, page, list => {
        list.order = next(list.order);
        (list.asked, list.asked_at, list.stale) = (None, None, true);
    }, ());
    settle(model)
}

/// The filter's text of the page.
pub(super) fn filter(model: &mut Model) -> Option<&mut Line> {
    let page = model.page;
    on_page!(model, page, list => Some(&mut list.filter), None)
}

/// The text that the page was last filtered by.
pub(super) fn sought(model: &mut Model) -> String {
    let page = model.page;
    on_page!(model, page, list => list.sought.clone(), String::new())
}

/// A filter is going to be typed: who gives it up goes back to where the cursor is now.
pub(super) fn begin_filter(model: &mut Model) {
    let page = model.page;
    on_page!(model, page, list => list.home = list.on.as_ref().map(|on| (list.at, on.to_owned())), ());
}

/// A filter that was being typed is given up: all rows are there again, and the cursor is on its record.
pub(super) fn give_filter_up(model: &mut Model) -> Vec<Effect> {
    let page = model.page;
    let (had, home) = (
        on_page!(model, page, list => !list.filter.is_empty(), false),
        on_page!(model, page, list => list.home.as_ref().is_some_and(|(_, on)| list.on.as_ref() != Some(on)), false),
    );
    if !had && !home {
        return Vec::new();
    }
    on_page!(model, page, list => list.filter.clear(), ());
    outfilter(model);
    // Until its row is here, the cursor is on none: a key pressed meanwhile is about no other.
    on_page!(model, page, list => { list.returns = list.home.take(); if list.returns.is_some() { list.on = None; } }, ());
    settle(model)
}

/// The filter changed: the answer that is out is no longer wanted.
pub(super) fn refilter(model: &mut Model) -> Vec<Effect> {
    outfilter(model);
    settle(model)
}

fn outfilter(model: &mut Model) {
    let page = model.page;
    // What was asked for the text before is wanted no more: if it has not left yet, it never will.
    let before = on_page!(model, page, list => list.asked.take(), None);
    before.map(|tag| model.waiting.remove(&tag));
    on_page!(model, page, list => { list.asked = None; list.asked_at = None; list.stale = true; list.anew = true; list.top = 0; list.returns = None; }, ());
    if page == Page::Relations {
        linker::refiltered(model);
    }
    if page == Page::Journal {
        (model.journal.at, model.journal.on, model.before, model.looked) = (0, None, None, None);
    }
    on_page!(model, page, list => {
        let text = list.filter.text().trim().to_owned();
        if !text.is_empty() { list.sought = text; }
    }, ());
    model.touch(Dirty::Now);
}

/// Looks through older lines of the journal than those that were looked through; after the oldest, through the newest.
pub(super) fn further_back(model: &mut Model) -> Vec<Effect> {
    let before = model.looked.as_ref().filter(|looked| !looked.whole).map(|looked| looked.from_line);
    (model.before, model.looked) = (before, None);
    let journal = &mut model.journal;
    (journal.at, journal.on, journal.top) = (0, None, 0);
    (journal.asked, journal.asked_at, journal.stale, journal.anew) = (None, None, true, true);
    model.touch(Dirty::Now);
    settle(model)
}

/// The search of a picker changed.
pub(super) fn research(model: &mut Model) -> Vec<Effect> {
    if let Some(PopupBody::Picker(picker)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        for tag in [picker.records.asked, picker.owners.asked].into_iter().flatten() {
            model.waiting.remove(&tag);
        }
        (picker.records.asked, picker.records.stale, picker.records.top) = (None, true, 0);
        (picker.owners.asked, picker.owners.stale, picker.owners.top) = (None, true, 0);
        (picker.records.asked_at, picker.owners.asked_at) = (None, None);
        (picker.records.at, picker.records.on, picker.owners.at, picker.owners.on) = (0, None, 0, None);
        picker.taking = false;
    }
    settle(model)
}

/// Shows the holds of the record of a queued operation.
pub(super) fn holds_of_operation(model: &mut Model) -> Vec<Effect> {
    let Some(title) = model.queue.current().map(|row| row.title.clone()) else { return Vec::new() };
    model.holds.filter = Line::new(&title);
    let mut effects = open_page(model, Page::Conflicts);
    effects.extend(refilter(model));
    effects
}

/// Shows only the journal's lines of the record under the cursor.
pub(super) fn journal_of_record(model: &mut Model) -> Vec<Effect> {
    let Some(title) = model.journal.current().map(|row| row.title.clone()) else { return Vec::new() };
    if title.is_empty() {
        model.toast(Tone::Warn, "this line is about no record");
        return Vec::new();
    }
    model.journal.filter = Line::new(&title);
    refilter(model)
}
