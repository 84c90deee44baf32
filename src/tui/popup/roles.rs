//! Draws the choice of a role.

use ratatui::layout::Rect;

use super::Roles;
use crate::tui::layout::{self, Areas};
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, below, line, shifted};

/// Draws it; returns where the caret stands.
pub fn draw(pen: &mut Pen<'_>, model: &Model, areas: &Areas, roles: &Roles) -> Option<(u16, u16)> {
    let rows = u16::try_from(roles.rows.len()).unwrap_or(u16::MAX);
    let area = layout::middle(areas, areas.body.width.min(80), rows.saturating_add(4));
    let title = match &roles.wish.from {
        Some(from) => format!("{} is {}: what instead?", roles.wish.target_title, from.label),
        None => format!("As what is {} linked to {}?", roles.wish.target_title, roles.wish.owner_title),
    };
    let inside = pen.frame(area, &title);
    let label = pen.put(line(inside, 0), Role::Strong, " role: ");
    pen.put(shifted(line(inside, 0), label), Role::Text, &roles.line.text());
    let list = below(inside, 1);
    let top = (roles.at + 1).saturating_sub(usize::from(list.height));
    for (row, (place, role)) in (0..list.height).zip(roles.shown().enumerate().skip(top)) {
        let at = line(list, row);
        if place == roles.at {
            pen.put(at, Role::Strong, model.theme.glyphs.cursor);
        }
        let used = pen.put(shifted(at, 3), Role::Strong, &role.label);
        let room = if role.single { "  room for one" } else { "" };
        pen.put(shifted(at, 3 + used), Role::Dim, room);
        if place == roles.at {
            pen.tint(at, Role::Cursor);
        }
    }
    if roles.shown().next().is_none() {
        pen.put(line(list, 0), Role::Dim, "   No role is called like that.");
    }
    let caret = label.saturating_add(u16::try_from(text::width(roles.line.before())).unwrap_or(u16::MAX));
    let caret = caret.min(inside.width.saturating_sub(1));
    Some((Rect { x: inside.x + caret, ..inside }.x, inside.y))
}
