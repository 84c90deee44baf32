//! A text of one line that is being typed: a filter, a search.

use unicode_segmentation::UnicodeSegmentation;

use super::text::editable;
use crate::tui::keymap::{Code, Key};

/// The most bytes a line takes.
const MOST: usize = 400;

/// The text before and after the caret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    before: String,
    after: String,
}

impl Line {
    /// A line with the caret at its end.
    pub fn new(text: &str) -> Self {
        let mut line = Self::default();
        line.insert(text);
        line
    }

    /// The whole text.
    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// The text before the caret.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// Types or pastes text; line ends become spaces.
    pub fn insert(&mut self, text: &str) {
        for c in editable(text).chars() {
            if self.before.len() + self.after.len() + c.len_utf8() <= MOST {
                self.before.push(if matches!(c, '\n' | '\t') { ' ' } else { c });
            }
        }
    }

    /// Empties it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes a key; tells whether the text changed.
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(c) = key.typed() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        match key.code {
            Code::Backspace => {
                let cut = self.before.grapheme_indices(true).next_back().map(|(at, _)| at);
                cut.is_some_and(|at| {
                    self.before.truncate(at);
                    true
                })
            }
            Code::Delete => {
                let next = self.after.graphemes(true).next().map(str::len);
                next.is_some_and(|long| {
                    self.after.drain(..long);
                    true
                })
            }
            Code::Left => {
                if let Some((at, _)) = self.before.grapheme_indices(true).next_back() {
                    let moved = self.before.split_off(at);
                    self.after.insert_str(0, &moved);
                }
                false
            }
            Code::Right => {
                if let Some(long) = self.after.graphemes(true).next().map(str::len) {
                    self.before.extend(self.after.drain(..long));
                }
                false
            }
            Code::Home => {
                self.after.insert_str(0, &std::mem::take(&mut self.before));
                false
            }
            Code::End => {
                self.before.push_str(&std::mem::take(&mut self.after));
                false
            }
            _ => false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_by_grapheme() {
        let mut line = Line::new("ae\u{301}x");
        assert!(!line.key(Key::plain(Code::Left)));
        assert!(line.key(Key::plain(Code::Backspace)));
        assert_eq!(line.text(), "ax");
        assert!(line.key(Key::plain(Code::Delete)));
        assert!(!line.key(Key::plain(Code::Delete)));
        line.insert("b\nc\u{1b}");
        assert_eq!(line.text(), "ab c");
    }
}
