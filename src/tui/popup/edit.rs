//! Draws the editor of a merged value.

use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::Edit;
use crate::model::Kind;
use crate::tui::action::Action;
use crate::tui::layout::{self, Areas};
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, Span, below, line, shifted};

/// Lines that the text has at least, where there are any.
const TEXT: u16 = 3;

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

/// What the value is merged from, each text with its key: at most two lines each.
fn sources(model: &Model, edit: &Edit, width: u16) -> Vec<Span> {
    let texts = [
        (Role::Dim, Action::EditBase, "base", edit.base.as_deref()),
        (Role::Crm, Action::EditCrm, "CRM", Some(edit.crm.as_str())),
        (Role::Notion, Action::EditNotion, "Notion", Some(edit.notion.as_str())),
    ];
    let glyphs = &model.theme.glyphs;
    let mut lines = Vec::new();
    for (role, action, name, value) in texts {
        let Some(value) = value else { continue };
        let key = model.keymap.keys_of(action).into_iter().next().unwrap_or_default();
        let head = format!("{key:<6}{name:<7}");
        let value = if value.is_empty() { "(empty)".to_owned() } else { text::sanitise(value) };
        let room = usize::from(width).saturating_sub(text::width(&head) + 2);
        let value = text::wrap(&value.replace('\n', glyphs.newline), room, 2, glyphs.ellipsis);
        for (place, line) in value.into_iter().enumerate() {
            let head = if place == 0 { head.clone() } else { " ".repeat(text::width(&head)) };
            lines.push((role, format!(" {head}{line}")));
        }
    }
    lines
}

/// Which options there are: on as many lines as the text and what it is merged from leave, or half of all where those are few.
fn options(model: &Model, edit: &Edit, inside: Rect, sources: u16) -> Vec<Span> {
    if edit.options.is_empty() {
        return Vec::new();
    }
    let glyphs = &model.theme.glyphs;
    let left = inside.height.saturating_sub(sources.saturating_add(1 + TEXT));
    let most = if left < 3 { (inside.height / 2).max(1) } else { left };
    let text = format!("options: {}", text::one_line(&edit.options.join(", "), glyphs.newline));
    let room = usize::from(inside.width).saturating_sub(2);
    let lines = text::guttered(&text, room, usize::from(most), (glyphs.gutter, glyphs.ellipsis));
    lines.into_iter().map(|line| (Role::Dim, format!(" {line}"))).collect()
}

/// Draws it.
pub fn draw(pen: &mut Pen<'_>, model: &Model, areas: &Areas, edit: &Edit) {
    let wide = areas.body.width.min(110);
    let area = layout::middle(areas, wide, areas.body.height.min(24));
    let inside = pen.frame(area, &format!("Edit {}", edit.title));
    pen.put(line(inside, 0), Role::Dim, &format!(" both sides will get this: {}", how(edit.kind)));
    let sources = sources(model, edit, inside.width);
    let tall = u16::try_from(sources.len()).unwrap_or(u16::MAX).saturating_add(1);
    let options = options(model, edit, inside, tall);
    pen.lines(below(inside, 1), &options, 0);
    let head = 1 + u16::try_from(options.len()).unwrap_or(0);
    // The text that is being written comes first where lines are few.
    let tall = if inside.height >= head + tall + TEXT { tall } else { 0 };
    if tall > 0 {
        let foot = below(inside, inside.height - tall);
        pen.rule(line(foot, 0), "merged from");
        let key = |action| model.keymap.keys_of(action).into_iter().next().unwrap_or_default();
        let (crm, notion) = (key(Action::EditInsertCrm), key(Action::EditInsertNotion));
        pen.right(line(foot, 0), &[(Role::Dim, format!(" {crm}, {notion} insert it at the caret "))]);
        pen.lines(below(foot, 1), &sources, 0);
    }
    let height = inside.height.saturating_sub(head + tall);
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
