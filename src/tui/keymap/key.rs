//! One key, as people write it: `g`, `G`, `ctrl-d`, `alt-enter`, `shift-tab`, `space`, `f5`.

use std::fmt;

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// A key with its modifiers. Shift is part of the character for characters (`G`, `?`) and a flag for all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub struct Key {
    pub code: Code,
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

const NAMES: [(&str, Code); 14] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
];

/// Letters of other keyboards, and what the same keys type on a Latin one. No letter stands in two of them at two places.
const LAYOUTS: [(&str, &str); 6] = [
    // Russian, Ukrainian.
    ("йцукенгшщзхъфывапролджэячсмитьбю", "qwertyuiop[]asdfghjkl;'zxcvbnm,."),
    ("їієґ", "]s'\\"),
    // Greek.
    ("ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm"),
    ("έύίόάήώϊϋΐΰ", "eyioahviyiy"),
    // Hebrew.
    ("קראטוןםפשדגכעיחלךזסבהנמצ", "ertyuiopasdfghjklzxcvbnm"),
    // Arabic.
    ("ضصثقفغعهخحشسيبلاتنمئءؤرىة", "qwertyuiopasdfghjklzxcvnm"),
];

impl Key {
    /// The key that always ends the dashboard and cannot be bound.
    pub const HARD_EXIT: Key = Key { code: Code::Char('c'), ctrl: true, alt: false, shift: false };

    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// A character without modifiers.
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// The character that this key types into a text, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// Whether this key can be what is left of a torn escape sequence (`ESC [ A`) or is typed by chance: nothing that
    /// changes anything may hang on it alone.
    pub fn is_treacherous(self) -> bool {
        self.typed().is_some_and(|c| c.is_ascii_digit() || "[OABCDHFPQRS".contains(c))
    }

    /// What the same key types on a Latin keyboard, for a letter of another one: commands are where hands find them,
    /// whatever language the operator writes in. Never asked where text is typed.
    pub fn on_latin_keyboard(self) -> Option<Self> {
        let Code::Char(c) = self.code else { return None };
        let lower = c.to_lowercase().next()?;
        let latin = LAYOUTS.iter().find_map(|(theirs, latin)| {
            theirs.chars().zip(latin.chars()).find(|(letter, _)| *letter == lower).map(|(_, latin)| latin)
        })?;
        let latin = if c == lower { latin } else { latin.to_ascii_uppercase() };
        Some(Self { code: Code::Char(latin), ..self })
    }

    /// Reads a key.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut key = Key { code: Code::Esc, ctrl: false, alt: false, shift: false };
        let mut rest = text;
        loop {
            let lower = rest.to_ascii_lowercase();
            let (flag, long) = if lower.starts_with("ctrl-") {
                (&mut key.ctrl, 5)
            } else if lower.starts_with("alt-") {
                (&mut key.alt, 4)
            } else if lower.starts_with("shift-") {
                (&mut key.shift, 6)
            } else {
                break;
            };
            if *flag {
                return Err(format!("`{text}` names a modifier twice"));
            }
            *flag = true;
            rest = rest.get(long..).unwrap_or_default();
        }
        let lower = rest.to_ascii_lowercase();
        let mut chars = rest.chars();
        key.code = match (chars.next(), chars.next()) {
            (None, _) => return Err(format!("`{text}` names no key")),
            (Some(c), None) => Code::Char(c),
            _ if lower == "space" => Code::Char(' '),
            _ => match NAMES.iter().find(|(name, _)| *name == lower) {
                Some((_, code)) => *code,
                None => match lower.strip_prefix('f').and_then(|n| n.parse::<u8>().ok()) {
                    Some(n @ 1..=12) => Code::F(n),
                    _ => return Err(format!("`{rest}` is no key")),
                },
            },
        };
        key.normal().ok_or_else(|| format!("`{text}`: write the shifted character itself, as in `G` or `?`"))
    }

    /// Folds shift into letters; `None` where only the terminal knows what shift makes of the character.
    fn normal(mut self) -> Option<Self> {
        if let Code::Char(c) = self.code {
            if self.ctrl || self.alt {
                // Terminals without the kitty protocol cannot tell ctrl-g from ctrl-G.
                if self.ctrl {
                    self.code = Code::Char(c.to_ascii_lowercase());
                }
                self.shift = false;
            } else if self.shift {
                if !c.is_alphabetic() {
                    return None;
                }
                self.code = Code::Char(c.to_uppercase().next().unwrap_or(c));
                self.shift = false;
            }
        }
        Some(self)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (on, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if on {
                f.write_str(name)?;
            }
        }
        match self.code {
            Code::Char(' ') => f.write_str("space"),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "f{n}"),
            code => f.write_str(NAMES.iter().find(|(_, c)| *c == code).map_or("?", |(name, _)| name)),
        }
    }
}

impl From<Key> for tui_textarea::Input {
    fn from(key: Key) -> Self {
        use tui_textarea::Key as T;
        let code = match key.code {
            Code::Char(c) => T::Char(c),
            Code::Enter => T::Enter,
            Code::Esc => T::Esc,
            Code::Tab => T::Tab,
            Code::Backspace => T::Backspace,
            Code::Delete => T::Delete,
            Code::Insert => T::Null,
            Code::Up => T::Up,
            Code::Down => T::Down,
            Code::Left => T::Left,
            Code::Right => T::Right,
            Code::Home => T::Home,
            Code::End => T::End,
            Code::PageUp => T::PageUp,
            Code::PageDown => T::PageDown,
            Code::F(n) => T::F(n),
        };
        Self { key: code, ctrl: key.ctrl, alt: key.alt, shift: key.shift }
    }
}

/// Reads a sequence of keys separated by spaces.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn parse_sequence(text: &str) -> Result<Vec<Key>, String> {
    let keys: Vec<Key> = text.split_whitespace().map(Key::parse).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err("an empty text names no key; a space is written `space`".to_owned()) } else { Ok(keys) }
}

/// Writes a sequence as [`parse_sequence`] reads it.
pub fn show_sequence(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_it_is_read() {
        for text in ["g", "G", "?", "ctrl-d", "alt-enter", "shift-tab", "space", "f5", "ctrl-alt-x", "-", "ctrl--", "é"]
        {
            assert_eq!(Key::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Key::parse("shift-g").unwrap(), Key::char('G'));
        assert_eq!(Key::parse("CTRL-D").unwrap(), Key::parse("ctrl-d").unwrap());
    }

    #[test]
    fn a_letter_of_a_russian_keyboard_is_where_it_is_on_a_latin_one() {
        for (russian, latin) in [('о', 'j'), ('Н', 'Y'), ('а', 'f'), ('ю', '.')] {
            assert_eq!(Key::char(russian).on_latin_keyboard(), Some(Key::char(latin)));
        }
        assert_eq!(Key::char('j').on_latin_keyboard(), None);
    }

    #[test]
    fn every_letter_of_another_keyboard_has_one_place() {
        let mut seen = std::collections::BTreeMap::new();
        for (theirs, latin) in LAYOUTS {
            assert_eq!(theirs.chars().count(), latin.chars().count(), "{theirs}");
            for (letter, place) in theirs.chars().zip(latin.chars()) {
                assert_eq!(seen.insert(letter, place), None, "{letter}");
            }
        }
        for (letter, latin) in [('ξ', 'j'), ('Ψ', 'C'), ('і', 's'), ('ב', 'c'), ('ؤ', 'c')] {
            assert_eq!(Key::char(letter).on_latin_keyboard(), Some(Key::char(latin)), "{letter}");
        }
    }

    #[test]
    fn what_is_no_key_says_so() {
        for text in ["", "ctrl-", "hyper-x", "f13", "ctrl-ctrl-x", "shift-1"] {
            assert!(Key::parse(text).is_err(), "{text}");
        }
        assert!(parse_sequence("  ").is_err());
    }
}
