//! From the terminal's events to ours. Holds an escape for 40 ms: over a slow line the bytes of one arrow key come
//! apart, and crossterm 0.29 then reports escape, `[` and `A` as three keys, the last two of which may be commands.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::tui::keymap::{Code, Key};

/// How long an escape waits for the rest of its sequence.
pub const HOLD: Duration = Duration::from_millis(40);

/// The longest parameters of a sequence that is put together.
const LONGEST: usize = 16;

/// What an operator did at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The size changed.
    Resize(u16, u16),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum State {
    #[default]
    Idle,
    Esc,
    Csi(String),
    Ss3,
    Paste(String),
}

/// Puts torn sequences together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stage {
    state: State,
}

impl Stage {
    /// Whether something is held and [`Stage::expire`] must be called [`HOLD`] after the last event.
    pub fn is_holding(&self) -> bool {
        self.state != State::Idle
    }

    /// Takes an event of the terminal.
    pub fn push(&mut self, event: Event) -> Vec<Input> {
        match event {
            Event::Key(event) => key(event).map(|key| self.key(key)).unwrap_or_default(),
            Event::Paste(text) => {
                let mut out = self.expire();
                out.push(Input::Paste(text));
                out
            }
            Event::Resize(width, height) => vec![Input::Resize(width, height)],
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) => Vec::new(),
        }
    }

    /// Nothing followed in time: what is held is what it looks like, or the stump of a sequence, which is nothing.
    pub fn expire(&mut self) -> Vec<Input> {
        match std::mem::take(&mut self.state) {
            State::Idle => Vec::new(),
            State::Esc => vec![Input::Key(Key::plain(Code::Esc))],
            State::Csi(text) if text.is_empty() => {
                vec![Input::Key(Key::plain(Code::Esc)), Input::Key(Key::char('['))]
            }
            State::Csi(_) => Vec::new(),
            State::Ss3 => vec![Input::Key(Key::plain(Code::Esc)), Input::Key(Key::char('O'))],
            State::Paste(text) => vec![Input::Paste(text)],
        }
    }

    fn key(&mut self, key: Key) -> Vec<Input> {
        let plain = key.typed();
        match std::mem::take(&mut self.state) {
            State::Idle if key == Key::plain(Code::Esc) => {
                self.state = State::Esc;
                Vec::new()
            }
            State::Idle => vec![Input::Key(key)],
            State::Esc => match plain {
                Some('[') => {
                    self.state = State::Csi(String::new());
                    Vec::new()
                }
                Some('O') => {
                    self.state = State::Ss3;
                    Vec::new()
                }
                _ => {
                    let mut out = vec![Input::Key(Key::plain(Code::Esc))];
                    out.extend(self.key(key));
                    out
                }
            },
            State::Csi(mut text) => match plain {
                Some(c) if (c.is_ascii_digit() || c == ';') && text.len() < LONGEST => {
                    text.push(c);
                    self.state = State::Csi(text);
                    Vec::new()
                }
                Some('~') if text == "200" => {
                    self.state = State::Paste(String::new());
                    Vec::new()
                }
                Some(c) => sequence(&text, c).map(Input::Key).into_iter().collect(),
                None => self.after_stump(key),
            },
            State::Ss3 => match plain {
                Some(c) => sequence("", c).map(Input::Key).into_iter().collect(),
                None => self.after_stump(key),
            },
            State::Paste(mut text) => {
                match (plain, key.code) {
                    (Some(c), _) => text.push(c),
                    (None, Code::Enter) => text.push('\n'),
                    (None, Code::Tab) => text.push('\t'),
                    (None, Code::Esc) => text.push('\u{1b}'),
                    _ => {}
                }
                if let Some(whole) = text.strip_suffix("\u{1b}[201~") {
                    return vec![Input::Paste(whole.to_owned())];
                }
                self.state = State::Paste(text);
                Vec::new()
            }
        }
    }

    /// A key that cannot belong to the sequence that was begun.
    fn after_stump(&mut self, key: Key) -> Vec<Input> {
        let mut out = vec![Input::Key(Key::plain(Code::Esc))];
        out.extend(self.key(key));
        out
    }
}

/// The key of a sequence with these parameters and this last character; an unknown one is no key at all.
fn sequence(parameters: &str, last: char) -> Option<Key> {
    let mut numbers = parameters.split(';').map(|number| number.parse::<u8>().unwrap_or(1));
    let first = numbers.next().unwrap_or(1);
    let modifiers = numbers.next().unwrap_or(1).saturating_sub(1);
    let code = match (last, first) {
        ('A', _) => Code::Up,
        ('B', _) => Code::Down,
        ('C', _) => Code::Right,
        ('D', _) => Code::Left,
        ('H', _) | ('~', 1 | 7) => Code::Home,
        ('F', _) | ('~', 4 | 8) => Code::End,
        ('Z', _) => return Some(Key { shift: true, ..Key::plain(Code::Tab) }),
        ('P', _) | ('~', 11) => Code::F(1),
        ('Q', _) | ('~', 12) => Code::F(2),
        ('R', _) | ('~', 13) => Code::F(3),
        ('S', _) | ('~', 14) => Code::F(4),
        ('~', 2) => Code::Insert,
        ('~', 3) => Code::Delete,
        ('~', 5) => Code::PageUp,
        ('~', 6) => Code::PageDown,
        ('~', 15) => Code::F(5),
        ('~', n @ 17..=21) => Code::F(n - 11),
        ('~', n @ 23..=24) => Code::F(n - 12),
        _ => return None,
    };
    Some(Key { code, shift: modifiers & 1 != 0, alt: modifiers & 2 != 0, ctrl: modifiers & 4 != 0 })
}

/// A key as we name it; `None` for keys we do not know and for releases.
fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    let mut shift = event.modifiers.contains(KeyModifiers::SHIFT);
    let code = match event.code {
        KeyCode::Char(c) => {
            shift = false;
            Code::Char(if ctrl { c.to_ascii_lowercase() } else { c })
        }
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => {
            shift = true;
            Code::Tab
        }
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(n) => Code::F(n),
        _ => return None,
    };
    Some(Key { code, ctrl, alt, shift })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn type_in(stage: &mut Stage, keys: &str) -> Vec<Input> {
        let event = |c: char| match c {
            '\u{1b}' => Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)),
            '\n' => Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)),
            c if c.is_uppercase() => Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::SHIFT)),
            c => Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)),
        };
        keys.chars().flat_map(|c| stage.push(event(c))).collect()
    }

    fn keys(text: &str) -> Vec<Input> {
        crate::tui::keymap::key::parse_sequence(text).unwrap().into_iter().map(Input::Key).collect()
    }

    #[test]
    fn a_torn_arrow_key_is_one_key_and_never_three() {
        for (torn, whole) in [
            ("\u{1b}[A", "up"),
            ("\u{1b}[1;5D", "ctrl-left"),
            ("\u{1b}[3~", "delete"),
            ("\u{1b}[24~", "f12"),
            ("\u{1b}OP", "f1"),
            ("\u{1b}[Z", "shift-tab"),
            ("\u{1b}[Ax", "up x"),
        ] {
            let mut stage = Stage::default();
            assert_eq!(type_in(&mut stage, torn), keys(whole), "{torn:?}");
            assert!(!stage.is_holding());
        }
    }

    #[test]
    fn a_lone_escape_comes_after_the_hold_and_before_the_next_key() {
        let mut stage = Stage::default();
        assert_eq!(type_in(&mut stage, "\u{1b}"), []);
        assert!(stage.is_holding());
        assert_eq!(stage.expire(), keys("esc"));
        assert_eq!(type_in(&mut stage, "\u{1b}q"), keys("esc q"));
        assert_eq!(type_in(&mut stage, "\u{1b}\u{1b}"), keys("esc"));
        assert_eq!(stage.expire(), keys("esc"));
    }

    #[test]
    fn an_unknown_or_broken_sequence_is_no_key() {
        let mut stage = Stage::default();
        assert_eq!(type_in(&mut stage, "\u{1b}[99~"), []);
        assert_eq!(type_in(&mut stage, "\u{1b}[12"), []);
        assert_eq!(stage.expire(), []);
        assert_eq!(type_in(&mut stage, "j"), keys("j"));
    }

    #[test]
    fn a_torn_paste_is_text_and_never_keys() {
        let mut stage = Stage::default();
        let got = type_in(&mut stage, "\u{1b}[200~fc\ny\u{1b}[201~");
        assert_eq!(got, [Input::Paste("fc\ny".to_owned())]);
        assert_eq!(type_in(&mut stage, "\u{1b}[200~yes"), []);
        assert_eq!(stage.expire(), [Input::Paste("yes".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn no_torn_sequence_ever_leaks_a_letter(number in 0_u8..120, last in "[A-DFHP-SZ~]") {
            let mut stage = Stage::default();
            for input in type_in(&mut stage, &format!("\u{1b}[{number}{last}")).into_iter().chain(stage.expire()) {
                let letter = matches!(input, Input::Key(key) if key.typed().is_some());
                proptest::prop_assert!(!letter, "{input:?}");
            }
        }
    }
}
