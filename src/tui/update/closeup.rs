//! What is looked at closely: asked for when it is on screen, and again when it may have changed.

use super::ask;
use crate::control::{JournalRow, List, Query, Rows, Window};
use crate::model::{PairName, TieId};
use crate::tui::layout;
use crate::tui::model::{Closeup, Dirty, Effect, Mapping, Model, Page, Waiting, edge};

/// Lines of a record's story.
const STORY: u64 = 50;

/// Asks for what is on screen and not here.
pub(super) fn settle(model: &mut Model) -> Vec<Effect> {
    let rests = model.rests.take();
    match model.page {
        Page::Conflicts if model.expanded || layout::is_roomy(model.size) => record(model, rests),
        Page::Pairs => mapping(model),
        _ => Vec::new(),
    }
}

/// How long a cursor rests on a row before its record is asked for unbidden, in milliseconds: one that is on its way asks for
/// nothing.
const REST_MS: u64 = 200;

/// The least time between two questions for the same record, in milliseconds: for one that has the page, and for one that is
/// shown unbidden, whose story the engine would look up for nobody.
const AGAIN_MS: (u64, u64) = (1_000, 5_000);

fn record(model: &mut Model, rests: Option<(TieId, u64)>) -> Vec<Effect> {
    let Some(tie) = model.holds.current().and_then(|item| item.row.id.tie_id()) else { return Vec::new() };
    let (ms, again) = (model.ms, if model.expanded { AGAIN_MS.0 } else { AGAIN_MS.1 });
    match model.closeup.as_mut().filter(|closeup| closeup.tie == tie) {
        // What is shown stays until the answer comes.
        Some(closeup) if closeup.stale && ms >= closeup.asked + again => {
            (closeup.stale, closeup.asked) = (false, ms);
        }
        Some(_) => return Vec::new(),
        None => {
            let since = rests.filter(|(there, _)| *there == tie).map_or(ms, |(_, since)| since);
            if !model.expanded && ms < since + REST_MS {
                model.rests = Some((tie, since));
                return Vec::new();
            }
            let (view, story, looked) = (None, Vec::new(), None);
            model.closeup = Some(Closeup { tie: tie.clone(), view, story, looked, stale: false, asked: ms });
        }
    }
    let view = Query { limit: 1, ..Query::all(List::Record { tie: tie.clone() }) };
    let story = Query { limit: STORY, tie: Some(tie.clone()), ..Query::all(List::Journal) };
    vec![ask(model, Waiting::Closeup(tie.clone()), view), ask(model, Waiting::Story(tie), story)]
}

/// How old the counts beside a mapping may be, in milliseconds.
const FACTS_MS: u64 = 5_000;

fn mapping(model: &mut Model) -> Vec<Effect> {
    let version = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
    let Some(here) = model.pair() else { return Vec::new() };
    let (pair, of) = (here.name.clone(), (here.state.clone(), here.shape));
    let known = model.mapping.as_ref().filter(|mapping| mapping.pair == pair);
    let fresh = known.is_some_and(|mapping| {
        let counted = version == mapping.asked.1 || model.ms < mapping.asked.0 + FACTS_MS;
        mapping.of == of && counted
    });
    if fresh {
        return Vec::new();
    }
    // What is shown stays until the answer comes.
    let view = known.and_then(|mapping| mapping.view.clone());
    model.mapping = Some(Mapping { pair: pair.clone(), view, of, asked: (model.ms, version) });
    let query = Query { limit: 1, ..Query::all(List::Mapping { pair: pair.clone() }) };
    vec![ask(model, Waiting::Mapping(pair), query)]
}

/// A record came.
pub(super) fn came(model: &mut Model, tie: &TieId, window: Window) {
    let Rows::Records(rows) = window.rows else { return };
    if let Some(closeup) = model.closeup.as_mut().filter(|closeup| closeup.tie == *tie) {
        let view = rows.into_iter().next().map(edge::record);
        if closeup.view != view {
            closeup.view = view;
            model.touch(Dirty::Now);
        }
    }
}

/// What the journal says of it came.
pub(super) fn told(model: &mut Model, tie: &TieId, window: Window) {
    let Rows::Journal(rows) = window.rows else { return };
    if let Some(closeup) = model.closeup.as_mut().filter(|closeup| closeup.tie == *tie) {
        let looked = window.looked.filter(|looked| !looked.whole);
        let story: Vec<JournalRow> = rows.into_iter().map(edge::journal).collect();
        if closeup.looked != looked || closeup.story != story {
            (closeup.looked, closeup.story) = (looked, story);
            model.touch(Dirty::Now);
        }
    }
}

/// A mapping came.
pub(super) fn mapped(model: &mut Model, pair: &PairName, window: Window) {
    let Rows::Mappings(rows) = window.rows else { return };
    if let Some(mapping) = model.mapping.as_mut().filter(|mapping| mapping.pair == *pair) {
        let view = rows.into_iter().next().map(edge::mapping);
        if mapping.view != view {
            mapping.view = view;
            model.touch(Dirty::Now);
        }
    }
}
