//! What the dashboard says to its operator: messages at the foot, and what is remembered of them.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::awaited::Topic;
use crate::tui::theme::Role;

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
}

impl Tone {
    /// How it looks, with a sign besides the colour.
    pub fn sign(self) -> (Role, &'static str) {
        match self {
            Tone::Plain => (Role::Text, "-"),
            Tone::Good => (Role::Good, "+"),
            Tone::Warn => (Role::Warn, "!"),
            Tone::Bad => (Role::Bad, "x"),
        }
    }
}

/// A message at the foot of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The text.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// Which messages it takes the place of.
    pub topic: Topic,
    /// When it goes, in milliseconds since the start.
    pub until: u64,
}

/// A message that was shown, or the heading and the text of something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// When, the last time.
    pub at: Timestamp,
    /// How it was meant.
    pub tone: Tone,
    /// The text.
    pub text: String,
    /// How often in a row.
    pub times: u32,
}

/// Messages that are remembered.
const MOST: usize = 200;

/// Remembers a message; the same one again counts.
pub fn remember(spoken: &mut VecDeque<Spoken>, at: Timestamp, tone: Tone, text: &str) {
    match spoken.back_mut().filter(|last| last.text == text) {
        Some(last) => (last.at, last.times) = (at, last.times.saturating_add(1)),
        None => {
            if spoken.len() == MOST {
                spoken.pop_front();
            }
            spoken.push_back(Spoken { at, tone, text: text.to_owned(), times: 1 });
        }
    }
}
