//! What is looked at closely: asked for when it is on screen, and again when it may have changed.

use super::ask;
use crate::control::{List, Query, Rows, Window};
use crate::model::{PairName, TieId};
use crate::tui::model::{Closeup, Dirty, Effect, Mapping, Model, Page, Waiting, edge};

/// Lines of a record's story.
const STORY: u64 = 50;

/// Asks for what is on screen and not here.
pub(super) fn settle(model: &mut Model) -> Vec<Effect> {
    match model.page {
        Page::Conflicts if model.expanded => record(model),
        Page::Pairs => mapping(model),
        _ => Vec::new(),
    }
}

fn record(model: &mut Model) -> Vec<Effect> {
    let Some(tie) = model.holds.current().and_then(|item| item.row.id.tie_id()) else { return Vec::new() };
    if model.closeup.as_ref().is_some_and(|closeup| closeup.tie == tie) {
        return Vec::new();
    }
    model.closeup = Some(Closeup { tie: tie.clone(), view: None, story: Vec::new(), looked: None });
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
        closeup.view = rows.into_iter().next().map(edge::record);
        model.touch(Dirty::Now);
    }
}

/// What the journal says of it came.
pub(super) fn told(model: &mut Model, tie: &TieId, window: Window) {
    let Rows::Journal(rows) = window.rows else { return };
    if let Some(closeup) = model.closeup.as_mut().filter(|closeup| closeup.tie == *tie) {
        closeup.looked = window.looked.filter(|looked| !looked.whole);
        closeup.story = rows.into_iter().map(edge::journal).collect();
        model.touch(Dirty::Now);
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
