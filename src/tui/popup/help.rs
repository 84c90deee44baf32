//! Draws help and notices.

use ratatui::layout::Rect;

use super::Help;
use crate::tui::action::Action;
use crate::tui::layout::{self, Areas};
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, Span, line, shifted};

/// Cells of a line's keys, before what they do.
pub const KEYS: usize = 23;

/// Draws the help, with what is searched for at its foot.
pub fn help(pen: &mut Pen<'_>, model: &Model, areas: &Areas, help: &Help) {
    let key = |action| model.keymap.keys_of(action).into_iter().next().unwrap_or_default();
    let (text, dot) = (help.search.text(), model.theme.glyphs.dot);
    let found = match help.count() {
        1 => "1 action".to_owned(),
        count => format!("{count} actions"),
    };
    let foot = if help.typing {
        let (keeps, clears) = (key(Action::SearchAccept), key(Action::SearchCancel));
        format!(" search: {text}_ {dot} {found} {dot} {keeps} keeps it, {clears} takes it back ")
    } else if text.is_empty() {
        format!(" {} searches ", key(Action::HelpSearch))
    } else {
        format!(" search: {text} {dot} {found} {dot} {} changes it ", key(Action::HelpSearch))
    };
    // Its box stays where it was, whatever a search leaves of it.
    draw(pen, model, areas, &help.title, &help.lines(), help.top, Some(&foot));
}

/// Draws a text. A foot of its own means a box of the full height.
pub fn draw(
    pen: &mut Pen<'_>,
    model: &Model,
    areas: &Areas,
    title: &str,
    lines: &[Span],
    top: u16,
    foot: Option<&str>,
) {
    let (lines, area) = folded(model, areas, lines, foot.is_some());
    let inside = pen.frame(area, title);
    let most = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(inside.height);
    let top = top.min(most);
    pen.lines(shifted(inside, 1), &lines, top);
    let down = model.keymap.keys_of(Action::HelpDown).into_iter().next().unwrap_or_default();
    let close = model.keymap.keys_of(Action::HelpClose).into_iter().next().unwrap_or_default();
    let more = if most > top {
        format!(" {} more lines: {down} {} ", most - top, model.theme.glyphs.dot)
    } else {
        " ".to_owned()
    };
    let last = line(area, area.height.saturating_sub(1));
    let foot = foot.unwrap_or_default();
    let room = usize::from(last.width).saturating_sub(text::width(foot) + 1);
    let closes = format!("{more}{close} closes ");
    // What is searched for is not cut for the rest.
    if text::width(&closes) < room {
        pen.right(last, &[(Role::Accent, closes)]);
    }
    let left = Rect { width: last.width.saturating_sub(2), ..shifted(last, 1) };
    pen.put(left, Role::Accent, foot);
}

/// Lines as they are shown, and their box.
fn folded(model: &Model, areas: &Areas, lines: &[Span], full: bool) -> (Vec<Span>, Rect) {
    let wide = areas.body.width.min(110);
    let room = usize::from(wide.saturating_sub(6));
    let lines: Vec<Span> = lines
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
    (lines, layout::middle(areas, wide, if full { u16::MAX } else { tall }))
}

/// How far so many lines can be scrolled; the frame stays.
pub fn most(model: &Model, areas: &Areas, lines: &[Span], full: bool) -> u16 {
    let (lines, area) = folded(model, areas, lines, full);
    u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(area.height.saturating_sub(2))
}
