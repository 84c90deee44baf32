//! The palette: every action by a few letters of its name, its keys or its explanation.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::{keys, open};
use crate::tui::action::{Action, REGISTRY, Scope, Spec};
use crate::tui::model::{Effect, Line, Model, PopupBody};
use crate::tui::popup::Palette;

/// Opens it.
pub(super) fn show(model: &mut Model) -> Vec<Effect> {
    let rows = matching(model, "");
    open(model, PopupBody::Palette(Palette { line: Line::default(), rows, at: 0 }));
    Vec::new()
}

/// The actions that fit a text, best first; of those that fit as well, what can be done here comes before what cannot.
fn matching(model: &Model, text: &str) -> Vec<Action> {
    let scopes = model.page.scopes();
    let offered = REGISTRY.iter().filter(|spec| !spec.scope.is_of_popups());
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(text.trim(), CaseMatching::Ignore, Normalization::Smart);
    let mut scored: Vec<(bool, bool, u32, usize, Action)> = offered
        .enumerate()
        .filter_map(|(place, spec)| {
            let mut name = Vec::new();
            let named = format!("{} {} {}", spec.title, spec.id, model.keymap.keys_of(spec.action).join(" "));
            // A word of the name counts more than one of the explanation.
            let by_name = pattern.score(Utf32Str::new(&named, &mut name), &mut matcher).map(|score| score * 2);
            // Letters strewn over a sentence mean nothing; a piece of it does.
            let by_doc = spec.doc.to_lowercase().contains(&text.trim().to_lowercase()).then_some(1);
            let here = scopes.contains(&spec.scope) && why_not(model, spec).is_none();
            // Before anything is typed the page's own come first: enter must not leave by chance.
            let own = !text.is_empty() || !matches!(spec.scope, Scope::Global | Scope::List);
            Some((here, own, by_name.max(by_doc)?, place, spec.action))
        })
        .collect();
    scored.sort_by_key(|(here, own, score, place, action)| {
        (std::cmp::Reverse(*score), !*here, !*own, *action == Action::Quit, *place)
    });
    scored.into_iter().map(|(.., action)| action).collect()
}

/// Why an action cannot be done now: it belongs to another page, or says so itself.
pub fn why_not(model: &Model, spec: &Spec) -> Option<String> {
    if !model.page.scopes().contains(&spec.scope) {
        return Some(format!("on the page {} only", spec.scope));
    }
    keys::why_not(model, spec)
}

/// The text changed.
pub(super) fn typed(model: &mut Model, change: impl FnOnce(&mut Line) -> bool) -> Vec<Effect> {
    let Some(PopupBody::Palette(palette)) = model.popups.last_mut().map(|popup| &mut popup.body) else {
        return Vec::new();
    };
    if !change(&mut palette.line) {
        return Vec::new();
    }
    let text = palette.line.text();
    let rows = matching(model, &text);
    if let Some(PopupBody::Palette(palette)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        (palette.rows, palette.at) = (rows, 0);
    }
    Vec::new()
}

/// Goes up or down.
pub(super) fn go(palette: &mut Palette, by: i64) {
    let last = palette.rows.len().saturating_sub(1);
    palette.at = palette.at.saturating_add_signed(isize::try_from(by).unwrap_or(0)).min(last);
}

/// Does the action under the cursor, as if its keys had been typed on the page.
pub(super) fn accept(model: &mut Model) -> Vec<Effect> {
    let Some(PopupBody::Palette(palette)) = model.top() else { return Vec::new() };
    let Some(action) = palette.rows.get(palette.at).copied() else { return Vec::new() };
    model.popups.pop();
    if let Some(why) = why_not(model, action.spec()) {
        model.toast(crate::tui::model::Tone::Warn, format!("{}: {why}", action.spec().title));
        return Vec::new();
    }
    keys::perform(model, action)
}
