//! Words in their short form: texts, of which ids take less than half.

use memchr::memmem;

use super::bytes::Writer;

/// Bytes of an id.
pub(super) const ID: usize = 16;

/// Length of an id as Notion writes it, and where its dashes are.
const DASHED: usize = 36;
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// A word in its short form, of which every word has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordBytes<'a> {
    /// Whether it is told as the bytes of an id.
    pub(super) is_id: bool,
    /// These, or its letters.
    pub(super) bytes: &'a [u8],
}

/// The text of a word.
pub enum Word<'a> {
    /// As it lies there.
    Plain(&'a str),
    /// An id, in ASCII.
    Id([u8; DASHED]),
}

impl Word<'_> {
    /// The text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Id(id) => std::str::from_utf8(id).ok(),
        }
    }
}

impl<'a> WordBytes<'a> {
    /// Its text.
    pub fn text(&self) -> Option<Word<'a>> {
        match self.is_id {
            true => self.bytes.try_into().ok().map(dashed).map(Word::Id),
            false => std::str::from_utf8(self.bytes).ok().map(Word::Plain),
        }
    }
}

/// Finds a word in short forms, without reading them.
pub struct Finder(memmem::Finder<'static>);

impl Finder {
    /// For one word.
    pub fn new(word: &str) -> Self {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes).word(word);
        Self(memmem::Finder::new(&bytes).into_owned())
    }

    /// Whether it stands in a short form. Other parts may look like it, so some have it that do not tell it.
    pub fn is_in(&self, short: &[u8]) -> bool {
        self.0.find(short).is_some()
    }
}

/// The bytes of an id with dashes in lower case.
pub(super) fn undashed(word: &str) -> Option<[u8; ID]> {
    let word = word.as_bytes();
    if word.len() != DASHED || DASHES.iter().any(|at| word.get(*at) != Some(&b'-')) {
        return None;
    }
    let mut digits = (0..DASHED).filter(|at| !DASHES.contains(at)).map(|at| match word[at] {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        digit @ b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    });
    let mut id = [0; ID];
    for byte in &mut id {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    Some(id)
}

fn dashed(id: [u8; ID]) -> [u8; DASHED] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut word = [b'-'; DASHED];
    let mut places = (0..DASHED).filter(|at| !DASHES.contains(at));
    for byte in id {
        for digit in [byte >> 4, byte & 15] {
            if let Some(place) = places.next() {
                word[place] = DIGITS[usize::from(digit)];
            }
        }
    }
    word
}
