//! Draws the editor of a merged value.

use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::Edit;
use crate::model::Kind;
use crate::tui::layout::{self, Areas};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, line, shifted};

/// How a text is read, for a person.
fn how(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Number) => "a number, such as 1200.50",
        Some(Kind::Checkbox) => "yes or no",
        Some(Kind::Date) => "a day, such as 2026-11-20",
        Some(Kind::DateTime) => "a time, such as 2026-11-20 14:00:00 UTC",
        Some(Kind::Select | Kind::Status) => "the name of one option",
        Some(Kind::MultiSelect) => "names of options, separated by commas",
        Some(Kind::People) => "e-mail addresses, separated by commas",
        Some(Kind::Relation) => "CRM ids, separated by commas",
        _ => "text",
    }
}

/// Draws it.
pub fn draw(pen: &mut Pen<'_>, areas: &Areas, edit: &Edit) {
    let wide = areas.body.width.min(110);
    let area = layout::middle(areas, wide, areas.body.height.min(24));
    let inside = pen.frame(area, &format!("Edit {}", edit.title));
    pen.put(line(inside, 0), Role::Dim, &format!(" both sides will get this: {}", how(edit.kind)));
    let mut head = 1;
    if !edit.options.is_empty() {
        pen.put(line(inside, 1), Role::Dim, &format!(" options: {}", edit.options.join(", ")));
        head = 2;
    }
    let height = inside.height.saturating_sub(head);
    let body = Rect { y: inside.y + head.min(inside.height), height, ..shifted(inside, 1) };
    let body = body.intersection(pen.buf.area);
    if body.is_empty() {
        return;
    }
    let mut area = edit.area.clone();
    area.set_style(pen.theme.style(Role::Text));
    area.set_cursor_line_style(pen.theme.style(Role::Text));
    area.set_cursor_style(pen.theme.style(Role::Cursor));
    area.set_wrap_mode(tui_textarea::WrapMode::WordOrGlyph);
    (&area).render(body, pen.buf);
}
