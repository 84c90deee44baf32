//! The small parts of the short form: numbers, words, moments and values.
//!
//! Every value has exactly one short form, so two of them are the same if and only if their bytes are.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::model::Value;

use super::word::{ID, WordBytes, undashed};

const EMPTY: u8 = 0;
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const UNTICKED: u8 = 3;
const TICKED: u8 = 4;
const DATE: u8 = 5;
const DATE_TIME: u8 = 6;
const CHOICE: u8 = 7;
const CHOICES: u8 = 8;
const PEOPLE: u8 = 9;
const LINKS: u8 = 10;

/// Appends parts to bytes. Moments are told by how far they are from the one before.
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    last: i128,
}

impl<'a> Writer<'a> {
    /// Behind what is there.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, last: 0 }
    }

    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// A number, the shorter the smaller it is.
    pub fn number(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.out.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }

    /// A count.
    pub fn count(&mut self, count: usize) {
        self.number(count as u128);
    }

    /// A text. One that looks like a page's id takes less than half.
    pub fn word(&mut self, word: &str) {
        match undashed(word) {
            Some(id) => {
                self.number(1);
                self.out.extend_from_slice(&id);
            }
            None => {
                self.count(word.len() << 1);
                self.out.extend_from_slice(word.as_bytes());
            }
        }
    }

    /// A moment.
    pub fn moment(&mut self, at: Timestamp) {
        let nanos = at.as_nanosecond();
        let apart = nanos - self.last;
        self.last = nanos;
        self.number(folded(apart));
    }

    /// A moment that always takes as many bytes and stands for itself.
    pub fn fixed(&mut self, at: Timestamp) {
        self.out.extend_from_slice(&fixed(at));
    }

    /// A value.
    pub fn value(&mut self, value: &Value) {
        let set = |this: &mut Self, tag: u8, set: &BTreeSet<String>| {
            this.byte(tag);
            this.count(set.len());
            set.iter().for_each(|element| this.word(element));
        };
        match value {
            Value::Empty => self.byte(EMPTY),
            Value::Text(text) => {
                self.byte(TEXT);
                self.word(text);
            }
            Value::Number(number) => {
                self.byte(NUMBER);
                // Exactly as it is: with its zeros at the end, if it has some.
                self.number(u128::from(number.scale()) << 1 | u128::from(number.is_sign_negative()));
                self.number(number.mantissa().unsigned_abs());
            }
            Value::Flag(flag) => self.byte(if *flag { TICKED } else { UNTICKED }),
            Value::Date(date) => {
                self.byte(DATE);
                self.number(folded(i128::from(date.year())));
                self.byte(date.month().unsigned_abs());
                self.byte(date.day().unsigned_abs());
            }
            Value::DateTime(at) => {
                self.byte(DATE_TIME);
                self.number(folded(at.as_nanosecond()));
            }
            Value::Choice(choice) => {
                self.byte(CHOICE);
                self.word(choice);
            }
            Value::Choices(choices) => set(self, CHOICES, choices),
            Value::People(people) => set(self, PEOPLE, people),
            Value::Links(links) => set(self, LINKS, links),
        }
    }
}

/// Takes parts off bytes, in the order in which they were written. `None` for what no [`Writer`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    last: i128,
}

impl<'a> Reader<'a> {
    /// From the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, last: 0 }
    }

    /// Whether everything was taken.
    pub fn is_done(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    /// So many bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*byte)
    }

    /// See [`Writer::number`].
    pub fn number(&mut self) -> Option<u128> {
        let mut small = 0_u64;
        for (at, byte) in self.bytes.iter().take(9).enumerate() {
            small |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.bytes = self.bytes.get(at + 1..)?;
                return Some(small.into());
            }
        }
        let mut number = 0_u128;
        for shift in (0..u128::BITS).step_by(7) {
            let byte = self.byte()?;
            let part = u128::from(byte & 0x7f);
            let shifted = part << shift;
            if shifted >> shift != part {
                return None;
            }
            number |= shifted;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// See [`Writer::count`].
    pub fn count(&mut self) -> Option<usize> {
        // Nearly all of them take a byte.
        match self.bytes.first() {
            Some(byte) if *byte < 0x80 => self.byte().map(usize::from),
            _ => self.number()?.try_into().ok(),
        }
    }

    /// See [`Writer::word`].
    pub fn word(&mut self) -> Option<String> {
        Some(self.word_bytes()?.text()?.as_str()?.to_owned())
    }

    /// A word, as its bytes.
    pub(super) fn word_bytes(&mut self) -> Option<WordBytes<'a>> {
        let length = self.count()?;
        let is_id = length & 1 == 1;
        Some(WordBytes { is_id, bytes: self.take(if is_id { ID } else { length >> 1 })? })
    }

    pub(super) fn skip_word(&mut self) -> Option<()> {
        self.word_bytes().map(drop)
    }

    /// See [`Writer::moment`].
    pub fn moment(&mut self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(self.nanos()?).ok()
    }

    /// As [`Reader::moment`], in nanoseconds: to be compared.
    pub fn nanos(&mut self) -> Option<i128> {
        self.last = self.last.checked_add(unfolded(self.number()?)?)?;
        Some(self.last)
    }

    /// See [`Writer::fixed`].
    pub fn fixed(&mut self) -> Option<Timestamp> {
        let (seconds, nanos) = self.take(FIXED)?.split_at(8);
        let (seconds, nanos) =
            (i64::from_le_bytes(seconds.try_into().ok()?), i32::from_le_bytes(nanos.try_into().ok()?));
        Timestamp::new(seconds, nanos).ok()
    }

    /// See [`Writer::value`].
    pub fn value(&mut self) -> Option<Value> {
        Some(match self.byte()? {
            EMPTY => Value::Empty,
            TEXT => Value::Text(self.word()?),
            NUMBER => {
                let (form, amount) = (self.number()?, self.number()?);
                let (low, middle, high) = (amount as u32, (amount >> 32) as u32, u32::try_from(amount >> 64).ok()?);
                let scale = u32::try_from(form >> 1).ok().filter(|scale| *scale <= Decimal::MAX_SCALE)?;
                Value::Number(Decimal::from_parts(low, middle, high, form & 1 == 1, scale))
            }
            UNTICKED => Value::Flag(false),
            TICKED => Value::Flag(true),
            DATE => {
                let year = i16::try_from(unfolded(self.number()?)?).ok()?;
                let (month, day) = (i8::try_from(self.byte()?).ok()?, i8::try_from(self.byte()?).ok()?);
                Value::Date(Date::new(year, month, day).ok()?)
            }
            DATE_TIME => Value::DateTime(Timestamp::from_nanosecond(unfolded(self.number()?)?).ok()?),
            CHOICE => Value::Choice(self.word()?),
            CHOICES => Value::Choices(self.set()?),
            PEOPLE => Value::People(self.set()?),
            LINKS => Value::Links(self.set()?),
            _ => return None,
        })
    }

    fn set(&mut self) -> Option<BTreeSet<String>> {
        let count = self.count()?;
        (0..count).map(|_| self.word()).collect()
    }

    /// The bytes of a value.
    pub fn value_bytes(&mut self) -> Option<ValueBytes<'a>> {
        let all = self.bytes;
        match self.byte()? {
            EMPTY | UNTICKED | TICKED => {}
            TEXT | CHOICE => self.skip_word()?,
            NUMBER => drop((self.number()?, self.number()?)),
            DATE => drop((self.number()?, self.take(2)?)),
            DATE_TIME => drop(self.number()?),
            CHOICES | PEOPLE | LINKS => {
                for _ in 0..self.count()? {
                    self.skip_word()?;
                }
            }
            _ => return None,
        }
        all.get(..all.len() - self.bytes.len()).map(ValueBytes)
    }
}

/// A value in its short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueBytes<'a>(&'a [u8]);

/// What kind of value some bytes hold, as far as it says whether the value means the same in both dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// Nothing.
    Empty,
    /// Text of letters that can be written in one way only.
    Text,
    /// A number.
    Number,
    /// A checkbox.
    Flag,
    /// A day.
    Date,
    /// An instant.
    DateTime,
    /// One option.
    Choice,
    /// Anything else.
    Other,
}

impl<'a> ValueBytes<'a> {
    /// The bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// What it is.
    pub fn plain(&self) -> Plain {
        match self.0.first() {
            Some(&EMPTY) => Plain::Empty,
            Some(&TEXT) if self.0.iter().all(|byte| byte.is_ascii() && *byte != b'\r') => Plain::Text,
            Some(&NUMBER) => Plain::Number,
            Some(&(UNTICKED | TICKED)) => Plain::Flag,
            Some(&DATE) => Plain::Date,
            Some(&DATE_TIME) => Plain::DateTime,
            Some(&CHOICE) => Plain::Choice,
            _ => Plain::Other,
        }
    }

    /// The value.
    pub fn value(&self) -> Option<Value> {
        Reader::new(self.0).value()
    }

    /// The related records, in order; none for nothing. `None` for a value of another kind.
    pub fn links(&self) -> Option<impl Iterator<Item = WordBytes<'a>> + use<'a>> {
        let mut reader = Reader::new(self.0);
        let count = match reader.byte()? {
            EMPTY => 0,
            LINKS => reader.count()?,
            _ => return None,
        };
        Some((0..count).map_while(move |_| reader.word_bytes()))
    }
}

/// Bytes of a moment that stands for itself.
pub const FIXED: usize = 12;

/// See [`Writer::fixed`].
pub fn fixed(at: Timestamp) -> [u8; FIXED] {
    let mut bytes = [0; FIXED];
    let (seconds, nanos) = bytes.split_at_mut(8);
    seconds.copy_from_slice(&at.as_second().to_le_bytes());
    nanos.copy_from_slice(&at.subsec_nanosecond().to_le_bytes());
    bytes
}

/// Small numbers of either sign as small ones.
fn folded(number: i128) -> u128 {
    ((number << 1) ^ (number >> 127)).cast_unsigned()
}

fn unfolded(number: u128) -> Option<i128> {
    Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
}
