//! Draws help and notices.

use super::Text;
use crate::tui::action::Action;
use crate::tui::layout::{self, Areas};
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, Span, line, shifted};

/// Cells of a line's keys, before what they do.
pub const KEYS: usize = 23;

/// Draws it.
pub fn draw(pen: &mut Pen<'_>, model: &Model, areas: &Areas, body: &Text) {
    let wide = areas.body.width.min(110);
    let room = usize::from(wide.saturating_sub(6));
    let lines: Vec<Span> = body
        .lines
        .iter()
        .flat_map(|(role, value)| {
            // What is carried over stands under the words, not under the keys.
            let keys = if value.starts_with("  ") { value.char_indices().nth(KEYS).map_or(0, |(at, _)| at) } else { 0 };
            let (keys, words) = value.split_at(keys);
            let indent = " ".repeat(text::width(keys));
            let lines = text::wrap(words, room.saturating_sub(indent.len()), 30, model.theme.glyphs.ellipsis);
            let headed = move |(place, line): (usize, String)| {
                (*role, format!("{}{line}", if place == 0 { keys } else { &indent }))
            };
            lines.into_iter().enumerate().map(headed).collect::<Vec<_>>()
        })
        .collect();
    let tall = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let area = layout::middle(areas, wide, tall);
    let inside = pen.frame(area, &body.title);
    let most = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(inside.height);
    let top = body.top.min(most);
    pen.lines(shifted(inside, 1), &lines, top);
    let down = model.keymap.keys_of(Action::HelpDown).into_iter().next().unwrap_or_default();
    let close = model.keymap.keys_of(Action::HelpClose).into_iter().next().unwrap_or_default();
    let more = if most > top {
        format!(" {} more lines: {down} {} ", most - top, model.theme.glyphs.dot)
    } else {
        " ".to_owned()
    };
    pen.right(line(area, area.height.saturating_sub(1)), &[(Role::Accent, format!("{more}{close} closes "))]);
}
