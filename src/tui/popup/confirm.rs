//! Draws the question before something happens.

use ratatui::layout::Rect;

use super::{Confirm, told};
use crate::tui::action::Action;
use crate::tui::layout::{self, Areas};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, Span, line, shifted};

/// Draws it; `armed` when it takes an answer.
pub fn draw(pen: &mut Pen<'_>, model: &Model, areas: &Areas, confirm: &Confirm, armed: bool) {
    let (lines, area) = folded(model, areas, confirm);
    let inside = pen.frame(area, &confirm.title);
    let inside = Rect { width: inside.width.saturating_sub(1), ..shifted(inside, 1) };
    let body = Rect { height: inside.height.saturating_sub(2), ..inside };
    let most = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(body.height);
    let top = confirm.top.min(most);
    pen.lines(body, &lines, top);
    if most > top {
        let down = model.keymap.keys_of(Action::ConfirmDown).into_iter().next().unwrap_or_default();
        let more = format!(" {} more lines: {down} ", most - top);
        pen.right(line(inside, inside.height.saturating_sub(2)), &[(Role::Accent, more)]);
    }
    let buttons = line(inside, inside.height.saturating_sub(1));
    let key = |action| model.keymap.keys_of(action).into_iter().next().unwrap_or_default();
    let (no, yes) = (key(Action::ConfirmCancel), key(Action::ConfirmYes));
    let label = |chosen: bool, text: &str| if chosen { format!("[ {text} ]") } else { format!("  {text}  ") };
    let mut at = pen.put(buttons, Role::Key, &format!("{no} "));
    let cancel = label(!confirm.on_yes, "Cancel");
    let used = pen.put(shifted(buttons, at), Role::Text, &cancel);
    if !confirm.on_yes {
        pen.tint(Rect { width: used, ..shifted(buttons, at) }, Role::Cursor);
    }
    at += used + 3;
    if let Some(demand) = &confirm.demand {
        let typed = demand.typed.text();
        let (role, mark) = if demand.is_met() { (Role::Good, "+") } else { (Role::Warn, "!") };
        let line = format!("{mark} type {}: {typed}_  ", demand.wanted);
        at += pen.put(shifted(buttons, at), role, &line);
    }
    let armed = armed && confirm.demand.as_ref().is_none_or(super::Demand::is_met);
    let (key_role, role) = if armed { (Role::Key, Role::Warn) } else { (Role::Dim, Role::Dim) };
    at += pen.put(shifted(buttons, at), key_role, &format!("{yes} "));
    let used = pen.put(shifted(buttons, at), role, &label(confirm.on_yes, &confirm.yes));
    if confirm.on_yes {
        pen.tint(Rect { width: used, ..shifted(buttons, at) }, Role::Cursor);
    }
}

/// Its lines as they are shown, and its box.
fn folded(model: &Model, areas: &Areas, confirm: &Confirm) -> (Vec<Span>, Rect) {
    let wide = areas.body.width.min(100);
    let room = usize::from(wide.saturating_sub(6));
    let lines = told::folded(model, &confirm.lines, room, told::MOST.0);
    let tall = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4);
    (lines, layout::middle(areas, wide, tall))
}

/// How far it can be scrolled: its frame, the line of what is left, and its buttons stay.
pub fn most(model: &Model, areas: &Areas, confirm: &Confirm) -> u16 {
    let (lines, area) = folded(model, areas, confirm);
    u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(area.height.saturating_sub(4))
}
