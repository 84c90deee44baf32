//! Draws what can follow the keys typed so far.

use ratatui::layout::Rect;

use crate::tui::keymap::key::show_sequence;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, line, shifted};

/// Draws it in the lower right corner.
pub fn draw(pen: &mut Pen<'_>, model: &Model, areas: &Areas) {
    let rows = model.keymap.following(model.scopes(), &model.prefix);
    let tall = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2).min(areas.body.height);
    let wide = 40.min(areas.body.width);
    let area = Rect {
        x: areas.body.right().saturating_sub(wide),
        y: areas.body.bottom().saturating_sub(tall),
        width: wide,
        height: tall,
    };
    let inside = pen.frame(area, &show_sequence(&model.prefix));
    for ((keys, action), row) in rows.iter().zip(0..inside.height) {
        let spec = action.spec();
        let off = (spec.why_disabled)(model).is_some();
        let used = pen.put(line(inside, row), if off { Role::Dim } else { Role::Key }, &format!(" {keys}"));
        let used = used.max(6) + 1;
        pen.put(shifted(line(inside, row), used), if off { Role::Dim } else { Role::Text }, spec.title);
    }
}
