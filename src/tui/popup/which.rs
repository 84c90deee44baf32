//! Draws what can follow the keys typed so far.

use ratatui::layout::Rect;

use crate::tui::keymap::key::show_sequence;
use crate::tui::layout::{self, Areas};
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, line, shifted};

/// Draws it in the lower right corner of the list.
pub fn draw(pen: &mut Pen<'_>, model: &Model, areas: &Areas) {
    let rows = model.keymap.following(model.scopes(), &model.prefix, &model.facts());
    let tall = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2).min(areas.body.height);
    let titles = rows.iter().map(|(_, action)| text::width(action.spec().title)).max().unwrap_or(0);
    let wide = u16::try_from(titles + 11).unwrap_or(40).min(areas.body.width);
    // Over the list, where there is room: the detail below it shows the values that are being decided.
    let (list, _) = layout::split(model.page, areas.body, model.expanded);
    let over = if list.height > tall { list } else { areas.body };
    let area =
        Rect { x: over.right().saturating_sub(wide), y: over.bottom().saturating_sub(tall), width: wide, height: tall };
    let inside = pen.frame(area, &show_sequence(&model.prefix));
    for ((keys, action), row) in rows.iter().zip(0..inside.height) {
        let spec = action.spec();
        let off = !crate::tui::update::is_possible(model, spec);
        let used = pen.put(line(inside, row), if off { Role::Dim } else { Role::Key }, &format!(" {keys}"));
        let used = used.max(6) + 1;
        pen.put(shifted(line(inside, row), used), if off { Role::Dim } else { Role::Text }, spec.title);
    }
}
