//! The help: what every key does, from the registry and the live keymap, and a search in it.

use super::open;
use crate::tui::action::{REGISTRY, Scope};
use crate::tui::model::{Dirty, Effect, Line, Model, PopupBody};
use crate::tui::popup::help::KEYS;
use crate::tui::popup::{Help, HelpLine, HelpPart};
use crate::tui::signs;
use crate::tui::theme::Role;

/// Opens it: the keys of this page first, then of everything else.
pub(super) fn show(model: &mut Model) -> Vec<Effect> {
    let here = model.scopes();
    let rest = Scope::ALL.into_iter().filter(|scope| !here.contains(scope));
    let part = |scope: Scope| {
        let mut told: Vec<String> = Vec::new();
        let lines = REGISTRY.iter().filter(|spec| spec.scope == scope).map(|spec| {
            let keys = model.keymap.keys_of(spec.action).join(", ");
            let why = here.contains(&scope).then(|| super::keys::why_not(model, spec)).flatten();
            // Most of a page's actions are off for the same reason: it is told once.
            let why = match why {
                None => String::new(),
                Some(why) if told.contains(&why) => " [not now]".to_owned(),
                Some(why) => {
                    told.push(why.clone());
                    format!(" [not now: {why}]")
                }
            };
            let words = format!("{} {} {keys} {}", spec.title, spec.id, spec.doc).to_lowercase();
            let keys = if keys.is_empty() { "(no key)".to_owned() } else { keys };
            let role = if why.is_empty() { Role::Text } else { Role::Dim };
            HelpLine { role, text: format!("{:<KEYS$}{}{why}", format!("  {keys} "), spec.doc), words }
        });
        let lines = lines.collect();
        HelpPart { heading: heading(scope), lines, signs: false }
    };
    let mut parts: Vec<HelpPart> = here.iter().copied().chain(rest).map(part).collect();
    // Behind the page's own keys, and before those that count everywhere.
    parts.insert(1.min(parts.len()), legend(model));
    let title = format!("Keys on {}", model.page.title());
    open(model, PopupBody::Help(Help { title, parts, search: Line::default(), typing: false, top: 0 }));
    model.touch(Dirty::Now);
    Vec::new()
}

/// What the signs of this page mean.
fn legend(model: &Model) -> HelpPart {
    let line = |(sign, means): (String, &str)| HelpLine {
        role: Role::Text,
        words: format!("{sign} {means}").to_lowercase(),
        text: format!("{:<KEYS$}{means}", format!("  {sign} ")),
    };
    HelpPart {
        heading: "Signs on this page",
        lines: signs::of_page(model).into_iter().map(line).collect(),
        signs: true,
    }
}

/// What is typed from now on is searched for.
pub(super) fn search(model: &mut Model) -> Vec<Effect> {
    if let Some(PopupBody::Help(help)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        help.typing = true;
    }
    Vec::new()
}

/// Ends the typing of a search, and takes the search back too if `clear`. Tells whether the help was searched.
pub(super) fn stop(model: &mut Model, clear: bool) -> bool {
    let Some(PopupBody::Help(help)) = model.popups.last_mut().map(|popup| &mut popup.body) else { return false };
    help.typing = false;
    if clear {
        help.search.clear();
        help.top = 0;
    }
    true
}

fn heading(scope: Scope) -> &'static str {
    match scope {
        Scope::Global => "Everywhere",
        Scope::List => "In lists",
        Scope::Overview => "On the overview",
        Scope::Conflicts => "On conflicts",
        Scope::Orphans => "On orphans",
        Scope::Relations => "On relations",
        Scope::Queue => "On the queue",
        Scope::Journal => "On the journal",
        Scope::Quarantine => "On the quarantine",
        Scope::Pairs => "On the pairs",
        Scope::Health => "On the health comparison",
        Scope::Confirm => "When asked before something happens",
        Scope::Edit => "In the editor",
        Scope::Search => "While typing a filter or choosing a record",
        Scope::Help => "While reading help or a notice",
    }
}
