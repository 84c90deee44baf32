//! Draws the palette.

use ratatui::layout::Rect;

use super::Palette;
use crate::tui::layout::{self, Areas};
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::update::why_not;
use crate::tui::widgets::{Pen, below, line, shifted};

/// Draws it; returns where the caret stands.
pub fn draw(pen: &mut Pen<'_>, model: &Model, areas: &Areas, palette: &Palette) -> Option<(u16, u16)> {
    let area = layout::middle(areas, areas.body.width.min(100), areas.body.height.min(24));
    let inside = pen.frame(area, "Every action");
    if inside.is_empty() {
        return None;
    }
    let label = pen.put(inside, Role::Strong, " do: ");
    let room = shifted(line(inside, 0), label);
    pen.put(room, Role::Text, &palette.line.text());
    let caret = u16::try_from(text::width(palette.line.before())).unwrap_or(u16::MAX);
    let list = below(inside, 1);
    let rows = usize::from(list.height);
    let top = (palette.at + 1).saturating_sub(rows);
    let all = palette.rows.len();
    if all > rows {
        pen.right(line(inside, 0), &[(Role::Dim, format!("{}-{} of {all} ", top + 1, (top + rows).min(all)))]);
    }
    for (row, (place, action)) in (0..list.height).zip(palette.rows.iter().enumerate().skip(top)) {
        let spec = action.spec();
        let at = line(list, row);
        let why = why_not(model, spec);
        let (key_role, role) = if why.is_some() { (Role::Dim, Role::Dim) } else { (Role::Key, Role::Text) };
        let here = place == palette.at;
        if here {
            pen.put(at, Role::Strong, model.theme.glyphs.cursor);
        }
        let keys = model.keymap.keys_of(*action).into_iter().next().unwrap_or_default();
        pen.put(Rect { width: 9.min(at.width), ..shifted(at, 2) }, key_role, &keys);
        pen.put(Rect { width: 19.min(at.width), ..shifted(at, 12) }, role, spec.title);
        let said = why.map_or_else(|| spec.doc.to_owned(), |why| format!("[not now: {why}]"));
        pen.put(shifted(at, 32), role, &said);
        if here {
            pen.tint(at, Role::Cursor);
        }
    }
    if palette.rows.is_empty() {
        pen.put(line(list, 0), Role::Dim, "  No action is called like that.");
    }
    Some((room.x.saturating_add(caret.min(room.width.saturating_sub(1))), room.y))
}
