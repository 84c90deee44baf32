//! Keys that were typed ahead of the rows they are about. After a filter, a jump or another page the next key means a row that
//! is still on its way: it waits for it, and all that follow wait behind it. Escape drops them.

use super::{keys, lists};
use crate::tui::action::{Action, Scope};
use crate::tui::keymap::{Code, Found, Key};
use crate::tui::layout;
use crate::tui::model::{Dirty, Effect, Model, Tone, Waiting};

/// The most keys that wait. Nobody types so many ahead: something is pasted that is no text for this page.
const MOST: usize = 200;

/// Lets a key wait behind those that wait already; tells whether it does.
pub(super) fn joins(model: &mut Model, key: Key) -> bool {
    if model.ahead.is_empty() {
        return false;
    }
    if key == Key::plain(Code::Esc) {
        drop_all(model, "dropped before its rows came");
    } else if model.ahead.len() >= MOST {
        drop_all(model, "dropped: too many keys came before the rows that they are about");
    } else {
        model.ahead.push_back(key);
        model.touch(Dirty::Now);
    }
    true
}

/// Whether what an action is about is still on its way.
pub(super) fn is_early(model: &mut Model, action: Action) -> bool {
    if model.typing || !model.popups.is_empty() || needs_no_rows(action) {
        return false;
    }
    let (all, current) = lists::coming(model);
    all || current && !is_motion(action) || is_gathering(model)
}

/// Rows came, or will not: what waits for them is done, as far as it need not wait for others.
pub(super) fn go_on(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    if layout::areas(model.size).is_none() {
        // Nothing can be seen, so nothing is done.
        model.ahead.clear();
    }
    while let Some(key) = model.ahead.front().copied() {
        let waiting = std::mem::take(&mut model.ahead);
        let why = refused(model, key);
        effects.extend(keys::act(model, key));
        if model.ahead.is_empty() {
            model.ahead = waiting;
            model.ahead.pop_front();
        } else {
            // It goes on waiting, and all the others behind it.
            model.ahead.extend(waiting.into_iter().skip(1));
            break;
        }
        if why && !model.ahead.is_empty() {
            // The others were meant for what this one would have led to.
            model.ahead.clear();
        }
    }
    effects
}

fn refused(model: &Model, key: Key) -> bool {
    let keys: Vec<Key> = model.prefix.iter().copied().chain([key]).collect();
    match model.keymap.lookup_when(model.scopes(), &keys, &model.facts()) {
        Found::Action(action) => keys::why_not(model, action.spec()).is_some(),
        _ => false,
    }
}

fn drop_all(model: &mut Model, why: &str) {
    let keys: Vec<Key> = std::mem::take(&mut model.ahead).into();
    model.toast(Tone::Plain, format!("{} was {why}", crate::tui::keymap::key::show_sequence(&keys)));
}

/// Whether an action means the same whatever rows there are. The list of all actions can choose any of them.
fn needs_no_rows(action: Action) -> bool {
    use Action as A;
    match action {
        A::Palette => false,
        A::Filter | A::Back | A::Order | A::JournalSpan | A::JournalBack | A::OrphanShowIgnored => true,
        action => action.spec().scope == Scope::Global,
    }
}

fn is_motion(action: Action) -> bool {
    use Action as A;
    matches!(action, A::Down | A::Up | A::HalfDown | A::HalfUp | A::ScreenDown | A::ScreenUp | A::Top | A::Bottom)
}

/// Whether rows are being gathered that the next key is about: to be marked, or to be picked for.
fn is_gathering(model: &Model) -> bool {
    model.waiting.values().any(|what| match what {
        Waiting::Marks { page, .. } => *page == model.page,
        Waiting::Record { .. } => true,
        _ => false,
    })
}
