//! Draws help and notices.

use ratatui::layout::Rect;

use super::{Help, Text, told};
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
    let lines = columns(model, areas, &help.lines());
    draw(pen, model, boxed(areas, &lines, true), &help.title, &lines, help.top, &foot);
}

/// Draws something to read.
pub fn notice(pen: &mut Pen<'_>, model: &Model, areas: &Areas, notice: &Text) {
    let lines = told::folded(model, &notice.lines, room(areas), told::MOST.1);
    draw(pen, model, boxed(areas, &lines, false), &notice.title, &lines, notice.top, "");
}

fn draw(pen: &mut Pen<'_>, model: &Model, area: Rect, title: &str, lines: &[Span], top: u16, foot: &str) {
    let inside = pen.frame(area, title);
    let most = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(inside.height);
    let top = top.min(most);
    pen.lines(shifted(inside, 1), lines, top);
    let down = model.keymap.keys_of(Action::HelpDown).into_iter().next().unwrap_or_default();
    let close = model.keymap.keys_of(Action::HelpClose).into_iter().next().unwrap_or_default();
    let more = if most > top {
        format!(" {} more lines: {down} {} ", most - top, model.theme.glyphs.dot)
    } else {
        " ".to_owned()
    };
    let last = line(area, area.height.saturating_sub(1));
    let room = usize::from(last.width).saturating_sub(text::width(foot) + 1);
    let closes = format!("{more}{close} closes ");
    // What is searched for is not cut for the rest.
    if text::width(&closes) < room {
        pen.right(last, &[(Role::Accent, closes)]);
    }
    let left = Rect { width: last.width.saturating_sub(2), ..shifted(last, 1) };
    pen.put(left, Role::Accent, foot);
}

fn wide(areas: &Areas) -> u16 {
    areas.body.width.min(110)
}

fn room(areas: &Areas) -> usize {
    usize::from(wide(areas).saturating_sub(6))
}

/// The box of so many lines, or of the full height.
fn boxed(areas: &Areas, lines: &[Span], full: bool) -> Rect {
    let tall = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    layout::middle(areas, wide(areas), if full { u16::MAX } else { tall })
}

/// Lines of the help as they are shown: what is carried over stands under the words, not under the keys.
fn columns(model: &Model, areas: &Areas, lines: &[Span]) -> Vec<Span> {
    let room = room(areas);
    lines
        .iter()
        .flat_map(|(role, value)| {
            let keys = if value.starts_with("  ") { value.char_indices().nth(KEYS).map_or(0, |(at, _)| at) } else { 0 };
            let (keys, words) = value.split_at(keys);
            let indent = " ".repeat(text::width(keys));
            let lines = text::wrap(words, room.saturating_sub(indent.len()), 30, model.theme.glyphs.ellipsis);
            let headed = move |(place, line): (usize, String)| {
                (*role, format!("{}{line}", if place == 0 { keys } else { &indent }))
            };
            lines.into_iter().enumerate().map(headed).collect::<Vec<_>>()
        })
        .collect()
}

fn most(lines: &[Span], area: Rect) -> u16 {
    u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(area.height.saturating_sub(2))
}

/// How far the help can be scrolled; its frame stays.
pub fn most_of_help(model: &Model, areas: &Areas, help: &Help) -> u16 {
    let lines = columns(model, areas, &help.lines());
    most(&lines, boxed(areas, &lines, true))
}

/// How far something to read can be scrolled.
pub fn most_of_notice(model: &Model, areas: &Areas, notice: &Text) -> u16 {
    let lines = told::folded(model, &notice.lines, room(areas), told::MOST.1);
    most(&lines, boxed(areas, &lines, false))
}
