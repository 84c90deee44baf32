//! Ties in their short form.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::bytes::{Reader, ValueBytes, Writer};
use super::word::WordBytes;
use super::{Names, Packed};
use crate::model::{Base, FieldKey, PairName, RecordId, Side, Tie, Value};

// What is told of a base.
const SAME: u8 = 1;
const PAGES: u8 = 2;
const LATE: u8 = 4;

impl Packed for Tie {
    const KIND: u8 = b't';

    /// The pair, and of every base the field and the hash of its mapping.
    fn names(&self) -> Vec<&str> {
        let bases = self.base.iter().flat_map(|(key, base)| [key.as_str(), base.mapping.as_str()]);
        [self.pair.as_str()].into_iter().chain(bases).collect()
    }

    fn write(&self, _names: &[&str], out: &mut Writer<'_>) {
        out.count(links(self));
        out.word(self.crm.as_str());
        out.word(self.notion.as_str());
        out.moment(self.since);
        for base in self.base.values() {
            let same = base.crm == base.notion && shown_alike(&base.crm, &base.notion);
            let flag = |is: bool, flag: u8| if is { flag } else { 0 };
            out.byte(flag(same, SAME) | flag(!base.pages.is_empty(), PAGES) | flag(!base.late.is_empty(), LATE));
            out.value(&base.crm);
            if !same {
                out.value(&base.notion);
            }
            out.moment(base.at);
            if !base.pages.is_empty() {
                out.count(base.pages.len());
                for (crm, page) in &base.pages {
                    out.word(crm);
                    out.word(page);
                }
            }
            if !base.late.is_empty() {
                out.count(base.late.len());
                for (side, elements) in &base.late {
                    out.byte(if *side == Side::Crm { 0 } else { 1 });
                    out.count(elements.len());
                    elements.iter().for_each(|element| out.word(element));
                }
            }
        }
    }

    fn read(names: &Names, bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        reader.count()?;
        let (crm, notion) = (RecordId(reader.word()?), RecordId(reader.word()?));
        let since = reader.moment()?;
        let mut names = names.iter();
        let pair = PairName::from(names.next()?);
        let mut bases = Vec::new();
        while let Some(key) = names.next() {
            let mapping = names.next()?.to_owned();
            let flags = reader.byte()?;
            let crm = reader.value()?;
            let notion = if flags & SAME == 0 { reader.value()? } else { crm.clone() };
            let at = reader.moment()?;
            let (mut pages, mut late) = (BTreeMap::new(), BTreeMap::new());
            if flags & PAGES != 0 {
                for _ in 0..reader.count()? {
                    pages.insert(reader.word()?, reader.word()?);
                }
            }
            if flags & LATE != 0 {
                for _ in 0..reader.count()? {
                    let side = if reader.byte()? == 0 { Side::Crm } else { Side::Notion };
                    let count = reader.count()?;
                    late.insert(side, (0..count).map(|_| reader.word()).collect::<Option<BTreeSet<_>>>()?);
                }
            }
            bases.push((FieldKey::from(key), Base { crm, notion, at, mapping, pages, late }));
        }
        let tie = Tie { pair, crm, notion, base: BTreeMap::from_iter(bases), since };
        reader.is_done().then_some(tie)
    }

    /// How many related records the CRM's form of its bases names.
    fn counts_for(bytes: &[u8]) -> usize {
        Reader::new(bytes).count().unwrap_or(0)
    }
}

fn links(tie: &Tie) -> usize {
    tie.base.values().filter(|base| matches!(base.crm, Value::Links(_))).map(|base| base.crm.count()).sum()
}

/// Numbers that are equal can have more or fewer zeros at their ends, and are shown so.
fn shown_alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            (one.scale(), one.is_sign_negative()) == (other.scale(), other.is_sign_negative())
        }
        _ => true,
    }
}

/// The short form of a tie without its table, as far as it can be asked by itself.
#[derive(Debug, Clone, Copy)]
pub struct TieBytes<'a>(pub &'a [u8]);

/// What was agreed on for one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedField<'a> {
    /// The CRM's form.
    pub crm: ValueBytes<'a>,
    /// Notion's form.
    pub notion: ValueBytes<'a>,
    /// When, in nanoseconds.
    pub at: i128,
    pages: Option<Reader<'a>>,
}

impl<'a> AgreedField<'a> {
    /// The related records of a relation with the pages that they stood for, in the order of the records.
    fn pages(&self) -> Option<impl Iterator<Item = (WordBytes<'a>, WordBytes<'a>)> + use<'a>> {
        let mut reader = self.pages.clone();
        let count = reader.as_mut().map_or(Some(0), Reader::count)?;
        Some((0..count).map_while(move |_| {
            let reader = reader.as_mut()?;
            Some((reader.word_bytes()?, reader.word_bytes()?))
        }))
    }

    /// Whether both sides of a relation show the very records that were agreed on, each of which is `tied` to the page that it
    /// stood for. Native values mean the same then without being translated.
    pub fn shows_the_same(
        &self,
        crm: ValueBytes<'_>,
        notion: ValueBytes<'_>,
        tied: impl Fn(WordBytes<'_>, WordBytes<'_>) -> bool,
    ) -> Option<bool> {
        if self.crm != self.notion || self.crm != crm {
            return Some(false);
        }
        let mut count = 0;
        let mut links = self.crm.links()?;
        for (crm, page) in self.pages()? {
            if links.next() != Some(crm) || !tied(crm, page) {
                return Some(false);
            }
            count += 1;
        }
        if links.next().is_some() {
            return Some(false);
        }
        // As many pages as there are records, each of which one of them stood for.
        let mut shown = 0;
        for page in notion.links()? {
            if !self.pages()?.any(|(_, stood)| stood == page) {
                return Some(false);
            }
            shown += 1;
        }
        Some(shown == count)
    }

    /// The base, without what it is bound to and what came since.
    pub fn base(&self) -> Option<Base> {
        let mut pages = BTreeMap::new();
        if let Some(mut reader) = self.pages.clone() {
            for _ in 0..reader.count()? {
                pages.insert(reader.word()?, reader.word()?);
            }
        }
        let (crm, notion) = (self.crm.value()?, self.notion.value()?);
        let at = Timestamp::from_nanosecond(self.at).ok()?;
        Some(Base { crm, notion, at, mapping: String::new(), pages, late: BTreeMap::new() })
    }
}

impl<'a> TieBytes<'a> {
    /// Both ends.
    pub fn ends(&self) -> Option<(RecordId, RecordId)> {
        let mut reader = Reader::new(self.0);
        reader.count()?;
        Some((RecordId(reader.word()?), RecordId(reader.word()?)))
    }

    /// The page.
    pub fn page(&self) -> Option<RecordId> {
        Some(RecordId(self.page_bytes()?.text()?.as_str()?.to_owned()))
    }

    /// The page, as its bytes.
    pub fn page_bytes(&self) -> Option<WordBytes<'a>> {
        let mut reader = Reader::new(self.0);
        reader.count()?;
        reader.skip_word()?;
        reader.word_bytes()
    }

    /// What was agreed on, in the order of the table. `None` for bytes that are none.
    pub fn fields(&self, count: usize, mut each: impl FnMut(usize, AgreedField<'a>)) -> Option<()> {
        let mut reader = Reader::new(self.0);
        reader.count()?;
        reader.skip_word()?;
        reader.skip_word()?;
        reader.nanos()?;
        for place in 0..count {
            let flags = reader.byte()?;
            let crm = reader.value_bytes()?;
            let notion = if flags & SAME == 0 { reader.value_bytes()? } else { crm };
            let at = reader.nanos()?;
            let pages = (flags & PAGES != 0).then(|| reader.clone());
            if flags & PAGES != 0 {
                for _ in 0..reader.count()? {
                    reader.skip_word()?;
                    reader.skip_word()?;
                }
            }
            if flags & LATE != 0 {
                for _ in 0..reader.count()? {
                    reader.byte()?;
                    for _ in 0..reader.count()? {
                        reader.skip_word()?;
                    }
                }
            }
            each(place, AgreedField { crm, notion, at, pages });
        }
        Some(())
    }
}
