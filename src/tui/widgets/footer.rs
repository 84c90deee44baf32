//! The two lines at the foot: what just happened or is being typed, and the keys that matter here.

use ratatui::layout::Rect;

use super::parts::{Part, fitted};
use super::{Pen, Span, shifted};
use crate::tui::action::{Action, REGISTRY, Scope};
use crate::tui::model::{Model, Page, text};
use crate::tui::theme::Role;

/// Draws the message line. Returns where the caret stands if a filter is being typed.
pub fn status(pen: &mut Pen<'_>, model: &Model, area: Rect) -> Option<(u16, u16)> {
    let filter = filter(model);
    if model.typing && model.popups.is_empty() {
        let (before, whole) = filter.unwrap_or_default();
        let label = pen.put(area, Role::Strong, " filter: ");
        pen.put(shifted(area, label), Role::Text, &whole);
        let caret = label.saturating_add(u16::try_from(text::width(&before)).unwrap_or(u16::MAX));
        return Some((area.x + caret.min(area.width.saturating_sub(1)), area.y));
    }
    if !model.prefix.is_empty() {
        let keys = crate::tui::keymap::key::show_sequence(&model.prefix);
        pen.put(area, Role::Key, &format!(" {keys} ... (esc goes back)"));
        return None;
    }
    if !model.ahead.is_empty() {
        let keys = crate::tui::update::waiting_keys(model);
        pen.put(area, Role::Key, &format!(" {keys} waits for its rows (esc drops it)"));
        return None;
    }
    if let Some(toast) = model.toasts.last() {
        let (role, sign) = toast.tone.sign();
        let more = model.toasts.len() - 1;
        let more = if more > 0 { format!(" ({more} more)") } else { String::new() };
        let whole = format!(" {sign} {}{more}", toast.text);
        // Where it is cut, what was to be done is cut: it is told where the whole of it is.
        let key = model.keymap.keys_of(Action::Messages).into_iter().next().filter(|_| model.popups.is_empty());
        match key.filter(|_| text::width(&whole) > usize::from(area.width)) {
            Some(key) => {
                let hint = [(Role::Key, format!(" {key}")), (Role::Dim, " tells all".to_owned())];
                let used = pen.right(area, &hint);
                pen.put(Rect { width: area.width.saturating_sub(used), ..area }, role, &whole);
            }
            None => {
                pen.put(area, role, &whole);
            }
        }
    } else if model.in_flight() > 0
        && model.waiting.values().any(|w| matches!(w, crate::tui::model::Waiting::Command { .. }))
    {
        pen.put(area, Role::Dim, " telling the engine...");
    } else if !model.staged.is_empty() {
        staged(pen, model, area);
    }
    None
}

/// What is picked and not committed, and the two keys that matter then.
fn staged(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let key = |action| model.keymap.keys_of(action).into_iter().next().unwrap_or_default();
    let mut parts = vec![Part::new(0, Role::Accent, format!(" {}", crate::tui::update::summary(model)))];
    let mut with = |rank, before: &str, action, after: &str| {
        let form = vec![(Role::Text, before.to_owned()), (Role::Key, key(action)), (Role::Text, after.to_owned())];
        parts.push(Part { forms: vec![form], rank, joined: false, extra: false });
    };
    if model.page == Page::Conflicts {
        with(1, "  ", Action::Commit, " shows and commits");
        with(2, ", ", Action::Unpick, " takes the last back");
    } else {
        with(1, "  on the page ", Action::PageConflicts, "");
    }
    pen.spans(area, &fitted(&parts, usize::from(area.width), ("", "")));
}

/// The page's filter before its caret, and whole.
fn filter(model: &Model) -> Option<(String, String)> {
    let line = match model.page {
        Page::Overview | Page::Pairs | Page::Health => return None,
        Page::Quarantine => &model.quarantine.filter,
        Page::Conflicts => &model.holds.filter,
        Page::Orphans => &model.orphans.filter,
        Page::Relations if model.on_links => &model.relations.filter,
        Page::Relations => &model.owners.filter,
        Page::Queue => &model.queue.filter,
        Page::Journal => &model.journal.filter,
    };
    Some((line.before().to_owned(), line.text()))
}

fn hint(model: &Model, action: Action) -> Option<[Span; 2]> {
    let key = model.keymap.keys_of(action).into_iter().next()?;
    let spec = action.spec();
    let can = crate::tui::update::is_possible(model, spec);
    let (key_role, role) = if can { (Role::Key, Role::Text) } else { (Role::Dim, Role::Dim) };
    let title = match (action, &model.holds.marks.len()) {
        (Action::ForceCrm | Action::ForceNotion, marks) if *marks > 0 => format!("{} ({marks} marked)", spec.title),
        _ => spec.title.to_owned(),
    };
    Some([(key_role, format!(" {key}")), (role, format!(" {title} "))])
}

/// Draws the keys that matter here: those of the innermost scope, then the ways out, which are never cut.
pub fn keys(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let scopes = model.scopes();
    let mut left: Vec<[Span; 2]> = Vec::new();
    let mut right: Vec<Span> = Vec::new();
    for spec in scopes.iter().flat_map(|scope| REGISTRY.iter().filter(move |spec| spec.scope == *scope && spec.footer))
    {
        let Some(spans) = hint(model, spec.action) else { continue };
        if spec.scope == Scope::Global { right.extend(spans) } else { left.push(spans) }
    }
    if scopes.contains(&Scope::Global) {
        // Where everything else is, in one word: the pages' keys stand in the line of pages.
        if model.page == Page::Overview {
            let first = model.keymap.keys_of(Action::PageConflicts).into_iter().next().unwrap_or_default();
            let last = model.keymap.keys_of(Action::PageHealth).into_iter().next().unwrap_or_default();
            left.insert(0, [(Role::Key, format!(" {first}..{last}")), (Role::Text, " pages ".to_owned())]);
        } else {
            // Marks last: what they are for stands before them.
            let marks = [Action::Mark, Action::Range, Action::MarkAll, Action::RuleCrm];
            let marks = match model.page {
                Page::Conflicts => &marks[..],
                Page::Orphans | Page::Journal => &marks[..3],
                _ => &[],
            };
            left.extend(marks.iter().filter_map(|action| hint(model, *action)));
        }
    }
    let used = pen.right(area, &right);
    let room = area.width.saturating_sub(used);
    let mut at = 0;
    // What can be done now comes before what cannot.
    left.sort_by_key(|[(role, _), _]| *role == Role::Dim);
    for spans in left {
        let wide: usize = spans.iter().map(|(_, text)| text::width(text)).sum();
        let wide = u16::try_from(wide).unwrap_or(u16::MAX);
        if at + wide > room {
            break;
        }
        at += pen.spans(Rect { width: room - at, ..shifted(area, at) }, &spans);
    }
}
