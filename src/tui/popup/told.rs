//! Lines of questions and notices. Each knows whether a stranger may have written a part of it: what goes on below then wears
//! a gutter, at any width, and what is wholly ours never does.

use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::Span;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How it is meant.
    pub role: Role,
    /// The text; spaces at its beginning are its indent.
    pub text: String,
    /// No part of it comes from outside.
    pub ours: bool,
}

/// A line that is wholly ours: words and figures, and names out of the configuration, such as those of pairs and roles.
pub fn ours(role: Role, text: impl Into<String>) -> Told {
    Told { role, text: text.into(), ours: true }
}

/// A line with something from outside in it: a title, a value, what a system said.
pub fn said(role: Role, text: impl Into<String>) -> Told {
    Told { role, text: text.into(), ours: false }
}

/// Lines that one text takes at most: where it is decided about, and where it is all there is to read.
pub const MOST: (usize, usize) = (12, 400);

/// The lines as they are shown in so many cells: one that is too long goes on below, with its indent, on so many lines at most.
pub fn folded(model: &Model, lines: &[Told], room: usize, most: usize) -> Vec<Span> {
    lines.iter().flat_map(|line| fold(model, line, room, most)).collect()
}

fn fold(model: &Model, line: &Told, room: usize, most: usize) -> Vec<Span> {
    let indent: String = line.text.chars().take_while(|c| *c == ' ').collect();
    let (words, room) = (line.text.trim_start_matches(' '), room.saturating_sub(indent.len()));
    let glyphs = &model.theme.glyphs;
    let lines = if line.ours {
        text::wrap(&text::sanitise(words), room, most, glyphs.ellipsis)
    } else {
        text::guttered(words, room, most, (glyphs.gutter, glyphs.ellipsis))
    };
    lines.into_iter().map(|text| (line.role, format!("{indent}{text}"))).collect()
}
