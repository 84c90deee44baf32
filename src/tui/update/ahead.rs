//! What was typed ahead of the rows it is about. After a filter, a jump or another page the next key means a row that
//! is still on its way: it waits for it, and all that follow wait behind it. Escape drops them.

use super::{keys, lists};
use crate::tui::action::{Action, Scope};
use crate::tui::keymap::{Code, Found, Key};
use crate::tui::layout;
use crate::tui::model::{Dirty, Effect, Model, Tone, Typed, Waiting};

/// The most that waits. Nobody types so many ahead: something is pasted that is no text for this page.
const MOST: usize = 200;

/// Lets something wait behind what waits already; tells whether it does.
pub(super) fn joins(model: &mut Model, typed: Typed) -> bool {
    if model.ahead.is_empty() {
        return false;
    }
    if typed == Typed::Key(Key::plain(Code::Esc)) {
        drop_all(model, "dropped before its rows came");
    } else if model.ahead.len() >= MOST {
        drop_all(model, "dropped: too much was typed before the rows that it is about");
    } else {
        model.ahead.push_back(typed);
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
    while let Some(next) = model.ahead.front().cloned() {
        if lists::is_old(model) && lists::coming(model) == (false, false) {
            // What is there is not what it was meant for.
            drop_all(model, "dropped: its rows could not be had");
            break;
        }
        let waiting = std::mem::take(&mut model.ahead);
        let refused = matches!(next, Typed::Key(key) if is_refused(model, key));
        effects.extend(match next {
            Typed::Key(key) => keys::act(model, key),
            Typed::Text(text) => keys::put_in(model, &text),
        });
        if model.ahead.is_empty() {
            model.ahead = waiting;
            model.ahead.pop_front();
        } else {
            // It goes on waiting, and all the others behind it.
            model.ahead.extend(waiting.into_iter().skip(1));
            break;
        }
        if refused {
            // The others were meant for what this one would have led to.
            model.ahead.clear();
        }
    }
    effects
}

/// The record that was to be returned to has gone: what waits was meant for it.
pub(super) fn bereave(model: &mut Model) {
    if !model.ahead.is_empty() {
        drop_all(model, "dropped: the record that it is about has left this list");
    }
}

/// What waits, as it is shown.
pub(in crate::tui) fn shown(model: &Model) -> String {
    let one = |typed: &Typed| match typed {
        Typed::Key(key) => key.to_string(),
        Typed::Text(_) => "(pasted text)".to_owned(),
    };
    model.ahead.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn is_refused(model: &Model, key: Key) -> bool {
    let means = |key: Key| {
        let keys: Vec<Key> = model.prefix.iter().copied().chain([key]).collect();
        model.keymap.lookup_when(model.scopes(), &keys, &model.facts())
    };
    let found = match (means(key), key.on_latin_keyboard()) {
        (Found::Nothing, Some(latin)) => means(latin),
        (found, _) => found,
    };
    matches!(found, Found::Action(action) if keys::why_not(model, action.spec()).is_some())
}

fn drop_all(model: &mut Model, why: &str) {
    let shown = shown(model);
    model.ahead.clear();
    model.toast(Tone::Warn, format!("{shown} was {why}"));
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
