//! From the terminal's bytes to keys. An escape waits 40 ms for the rest of its sequence: over a slow line the bytes of one
//! arrow key come apart, and its last two would be commands. Pasted text waits longer, for none of it may ever be one.

use std::time::Duration;

use crate::tui::keymap::{Code, Key};

/// How long an escape waits for the rest of its sequence.
const HOLD: Duration = Duration::from_millis(40);

/// How long pasted text waits for its end, after its last byte. A line that stands still longer than this has gone.
const PASTE_HOLD: Duration = Duration::from_secs(10);

/// The longest parameters of a sequence that is put together; what is longer is no key we know.
const LONGEST: usize = 16;

/// The most text that one paste gives, in bytes; the rest is left out.
const LARGEST_PASTE: usize = 1 << 20;

const PASTE_END: &str = "\u{1b}[201~";

/// What the terminal sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// What was typed or pasted, as it came.
    Bytes(Vec<u8>),
    /// The size changed: columns, rows.
    Resize(u16, u16),
}

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
    /// An escape; what follows in the same piece was pressed together with alt.
    Esc {
        together: bool,
    },
    Csi(String),
    /// `ESC [ [`, as the Linux console begins its first function keys.
    Console,
    Ss3,
    Paste(String),
}

/// Makes keys of bytes, however they come apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stage {
    state: State,
    /// The beginning of a character whose rest has not come.
    begun: Vec<u8>,
}

impl Stage {
    /// How long after the last arrival [`Stage::expire`] must be called; `None` if nothing is held.
    pub fn holds(&self) -> Option<Duration> {
        match self.state {
            State::Idle => None,
            State::Paste(_) => Some(PASTE_HOLD),
            _ => Some(HOLD),
        }
    }

    /// Takes what the terminal sent.
    pub fn push(&mut self, arrival: Arrival) -> Vec<Input> {
        let bytes = match arrival {
            Arrival::Resize(width, height) => return vec![Input::Resize(width, height)],
            Arrival::Bytes(bytes) => bytes,
        };
        self.begun.extend(bytes);
        let bytes = std::mem::take(&mut self.begun);
        let mut out = Vec::new();
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            out.extend(chunk.valid().chars().flat_map(|c| self.take(c)));
            // A character that is cut off at the end may go on; anything else that is no text is nothing.
            if chunks.peek().is_none() && is_begun(chunk.invalid()) {
                self.begun = chunk.invalid().to_vec();
            }
        }
        if let State::Esc { together } = &mut self.state {
            *together = false;
        }
        out
    }

    /// Nothing followed in time: what is held is what it looks like, or the stump of a sequence, which is nothing.
    pub fn expire(&mut self) -> Vec<Input> {
        match std::mem::take(&mut self.state) {
            State::Idle => Vec::new(),
            State::Esc { .. } => vec![Input::Key(Key::plain(Code::Esc))],
            State::Csi(text) if text.is_empty() => {
                vec![Input::Key(Key::plain(Code::Esc)), Input::Key(Key::char('['))]
            }
            State::Csi(_) | State::Console => Vec::new(),
            State::Ss3 => vec![Input::Key(Key::plain(Code::Esc)), Input::Key(Key::char('O'))],
            State::Paste(text) => vec![Input::Paste(text)],
        }
    }

    fn take(&mut self, c: char) -> Vec<Input> {
        match std::mem::take(&mut self.state) {
            State::Idle if c == '\u{1b}' => {
                self.state = State::Esc { together: true };
                Vec::new()
            }
            State::Idle => key(c).map(Input::Key).into_iter().collect(),
            State::Esc { together } => match c {
                '[' => {
                    self.state = State::Csi(String::new());
                    Vec::new()
                }
                'O' => {
                    self.state = State::Ss3;
                    Vec::new()
                }
                c if together && c != '\u{1b}' => {
                    key(c).map(|key| Input::Key(Key { alt: true, ..key })).into_iter().collect()
                }
                c => self.after_stump(c),
            },
            State::Csi(mut text) => match c {
                // The parameters of any sequence; of those that are too long we know none.
                ' '..='?' => {
                    text.push(if text.len() < LONGEST { c } else { '?' });
                    text.truncate(LONGEST + 1);
                    self.state = State::Csi(text);
                    Vec::new()
                }
                '~' if text == "200" => {
                    self.state = State::Paste(String::new());
                    Vec::new()
                }
                '[' if text.is_empty() => {
                    self.state = State::Console;
                    Vec::new()
                }
                '@'..='~' => sequence(&text, c).map(Input::Key).into_iter().collect(),
                _ => self.after_stump(c),
            },
            State::Console => match c {
                'A'..='E' => vec![Input::Key(Key::plain(Code::F(u8::try_from(c).unwrap_or(b'A') - b'A' + 1)))],
                _ => Vec::new(),
            },
            State::Ss3 => match c {
                ' '..='~' => sequence("", c).map(Input::Key).into_iter().collect(),
                _ => self.after_stump(c),
            },
            State::Paste(text) => self.pasted(text, c),
        }
    }

    fn pasted(&mut self, mut text: String, c: char) -> Vec<Input> {
        match c {
            // No terminal pastes it, and it always leaves.
            '\u{3}' => return vec![Input::Paste(text), Input::Key(Key { ctrl: true, ..Key::char('c') })],
            '\r' => text.push('\n'),
            '\n' | '\t' | '\u{1b}' => text.push(c),
            c if c.is_control() => {}
            c => text.push(c),
        }
        if let Some(whole) = text.strip_suffix(PASTE_END) {
            return vec![Input::Paste(whole.to_owned())];
        }
        if text.len() > LARGEST_PASTE + 2 * PASTE_END.len() {
            // What may be the beginning of the end stays.
            let mut cut = LARGEST_PASTE;
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            let mut end = text.len() - PASTE_END.len();
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(cut..end, "");
        }
        self.state = State::Paste(text);
        Vec::new()
    }

    /// A character that cannot belong to the sequence that was begun.
    fn after_stump(&mut self, c: char) -> Vec<Input> {
        let mut out = vec![Input::Key(Key::plain(Code::Esc))];
        out.extend(self.take(c));
        out
    }
}

/// Whether these bytes are the beginning of a character.
fn is_begun(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(error) if error.error_len().is_none())
}

/// The key of a sequence with these parameters and this last character; an unknown one is no key at all.
fn sequence(parameters: &str, last: char) -> Option<Key> {
    if !parameters.bytes().all(|byte| byte.is_ascii_digit() || byte == b';') {
        return None;
    }
    let mut numbers = parameters.split(';').map(|number| number.parse::<u32>().unwrap_or(1));
    let first = numbers.next().unwrap_or(1);
    let modifiers = numbers.next().unwrap_or(1).saturating_sub(1);
    let code = match (last, u8::try_from(first).unwrap_or(u8::MAX)) {
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
        // Any key, by its character: how some terminals tell of keys that have no sequence.
        ('u', _) => key(char::from_u32(first)?)?.code,
        ('~', 27) => key(char::from_u32(numbers.next()?)?)?.code,
        _ => return None,
    };
    let (shift, alt, ctrl) = (modifiers & 1 != 0, modifiers & 2 != 0, modifiers & 4 != 0);
    Some(match code {
        Code::Char(c) if shift => Key { alt, ctrl, ..Key::char(c.to_uppercase().next().unwrap_or(c)) },
        code => Key { code, ctrl, alt, shift: shift && !matches!(code, Code::Char(_)) },
    })
}

/// The key that this character is; `None` for those that no key sends.
fn key(c: char) -> Option<Key> {
    let ctrl = |c: char| Some(Key { ctrl: true, ..Key::char(c) });
    match c {
        '\r' => Some(Key::plain(Code::Enter)),
        '\t' => Some(Key::plain(Code::Tab)),
        '\u{1b}' => Some(Key::plain(Code::Esc)),
        '\u{7f}' => Some(Key::plain(Code::Backspace)),
        '\0' => ctrl(' '),
        '\u{1}'..='\u{1a}' => ctrl(char::from_u32(u32::from(c) + 0x60)?),
        '\u{1c}'..='\u{1f}' => ctrl(char::from_u32(u32::from(c) + 0x18)?),
        c if c.is_control() => None,
        c => Some(Key::char(c)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    /// As a slow line brings it: every byte by itself.
    fn type_in(stage: &mut Stage, text: &str) -> Vec<Input> {
        text.bytes().flat_map(|byte| stage.push(Arrival::Bytes(vec![byte]))).collect()
    }

    /// As it comes on a quick one: in one piece.
    fn at_once(stage: &mut Stage, text: &str) -> Vec<Input> {
        stage.push(Arrival::Bytes(text.as_bytes().to_vec()))
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
            ("\u{1b}[[B", "f2"),
            ("\u{1b}[97;5u", "ctrl-a"),
            ("\u{1b}[27;5;13~", "ctrl-enter"),
            ("\u{1b}[97;2u", "A"),
        ] {
            for typed in [type_in, at_once] {
                let mut stage = Stage::default();
                assert_eq!(typed(&mut stage, torn), keys(whole), "{torn:?}");
                assert_eq!(stage.holds(), None);
            }
        }
    }

    #[test]
    fn a_lone_escape_comes_after_the_hold_and_before_the_next_key() {
        let mut stage = Stage::default();
        assert_eq!(type_in(&mut stage, "\u{1b}"), []);
        assert_eq!(stage.holds(), Some(HOLD));
        assert_eq!(stage.expire(), keys("esc"));
        assert_eq!(type_in(&mut stage, "\u{1b}q"), keys("esc q"));
        assert_eq!(type_in(&mut stage, "\u{1b}\u{1b}"), keys("esc"));
        assert_eq!(stage.expire(), keys("esc"));
    }

    #[test]
    fn an_unknown_or_broken_sequence_is_no_key() {
        let mut stage = Stage::default();
        let told = "\u{1b}[?62;22c\u{1b}[<0;12;3M\u{1b}[I\u{1b}[12345678901234567890A\u{1b}[1$y\u{1b}[99~";
        assert_eq!(type_in(&mut stage, told), []);
        assert_eq!(at_once(&mut stage, told), []);
        assert_eq!(type_in(&mut stage, "\u{1b}[12"), []);
        assert_eq!(stage.expire(), []);
        assert_eq!(type_in(&mut stage, "j"), keys("j"));
    }

    #[test]
    fn what_comes_in_one_piece_with_an_escape_was_pressed_with_alt() {
        let mut stage = Stage::default();
        assert_eq!(at_once(&mut stage, "\u{1b}x"), keys("alt-x"));
        assert_eq!(at_once(&mut stage, "\u{1b}\r"), keys("alt-enter"));
        assert_eq!(at_once(&mut stage, "\u{1b}\u{1b}"), keys("esc"));
        assert_eq!(stage.expire(), keys("esc"));
    }

    #[test]
    fn keys_that_are_no_letters_have_their_names() {
        let mut stage = Stage::default();
        assert_eq!(
            at_once(&mut stage, "\r\t\u{7f}\u{3}\u{1a}\0\u{1c}"),
            keys("enter tab backspace ctrl-c ctrl-z ctrl-space ctrl-4")
        );
    }

    #[test]
    fn a_letter_of_several_bytes_is_one_key_however_it_comes() {
        let mut stage = Stage::default();
        let letters = [Input::Key(Key::char('Ж')), Input::Key(Key::char('語')), Input::Key(Key::char('\u{1f600}'))];
        assert_eq!(type_in(&mut stage, "Ж語\u{1f600}"), letters);
        assert_eq!(at_once(&mut stage, "Ж語\u{1f600}"), letters);
        assert_eq!(stage.push(Arrival::Bytes(vec![0xff, b'j', 0xd0])), keys("j"));
        assert_eq!(stage.push(Arrival::Bytes(vec![b'k'])), keys("k"));
    }

    #[test]
    fn a_torn_paste_is_text_and_never_keys() {
        let mut stage = Stage::default();
        let got = type_in(&mut stage, "\u{1b}[200~fc\ny\u{1b}[201~");
        assert_eq!(got, [Input::Paste("fc\ny".to_owned())]);
        assert_eq!(type_in(&mut stage, "\u{1b}[200~yes"), []);
        assert_eq!(stage.holds(), Some(PASTE_HOLD), "a line that stops for a moment makes no commands of the rest");
        assert_eq!(stage.expire(), [Input::Paste("yes".to_owned())]);
        assert_eq!(
            at_once(&mut stage, "\u{1b}[200~ye\u{3}q"),
            [Input::Paste("ye".to_owned())].into_iter().chain(keys("ctrl-c q")).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_paste_without_end_takes_no_memory_without_end() {
        let mut stage = Stage::default();
        assert_eq!(at_once(&mut stage, "\u{1b}[200~"), []);
        for _ in 0..3 {
            assert_eq!(at_once(&mut stage, &"ä".repeat(LARGEST_PASTE / 2)), []);
        }
        let got = at_once(&mut stage, "\u{1b}[201~j");
        let [Input::Paste(text), Input::Key(_)] = &got[..] else { panic!("{}", got.len()) };
        assert!(text.len() <= LARGEST_PASTE + 32 && text.chars().all(|c| c == 'ä'));
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

        #[test]
        fn whatever_arrives_and_however_it_is_cut_ends_in_keys_or_text(pieces in proptest::collection::vec(proptest::collection::vec(0_u8..=255, 0..12), 0..12)) {
            let mut stage = Stage::default();
            for piece in pieces {
                let sent = piece.len();
                proptest::prop_assert!(stage.push(Arrival::Bytes(piece)).len() <= 2 * sent + 2);
            }
            stage.expire();
            proptest::prop_assert_eq!(stage.holds(), None);
        }
    }
}
