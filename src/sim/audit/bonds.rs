//! Which records belong together, by the engine's ties: those that are, and those that were.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Happening, PairName, Side};

use super::Claims;

type Ends = BTreeMap<(PairName, Side, String), String>;
/// Everything a record was ever tied to.
type Partners = BTreeMap<(PairName, Side, String), BTreeSet<String>>;

/// Ties.
#[derive(Debug, Default)]
pub(super) struct Bonds {
    now: Ends,
    /// When which CRM record was tied and untied, in order.
    turns: BTreeMap<(PairName, String), Vec<(Timestamp, bool)>>,
    ever: Ends,
    all: Partners,
    /// What a record was tied to, from when and until when, in order.
    spans: BTreeMap<(PairName, Side, String), Vec<Span>>,
}

/// One tie of a record.
#[derive(Debug)]
struct Span {
    from: Timestamp,
    until: Option<Timestamp>,
    with: String,
}

impl Span {
    fn lasts(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

impl Bonds {
    pub(super) fn of(claims: &Claims) -> Self {
        let mut bonds = Self::default();
        let tie = |ends: &mut Ends, pair: &PairName, crm: &str, notion: &str| {
            ends.insert((pair.clone(), Side::Crm, crm.to_owned()), notion.to_owned());
            ends.insert((pair.clone(), Side::Notion, notion.to_owned()), crm.to_owned());
        };
        // The oldest source first: what is, outweighs what was.
        for event in claims.journal.iter().filter(|event| event.what == Happening::Tied) {
            if let (Some(pair), Some(crm), Some(notion)) = (&event.pair, &event.crm, &event.notion) {
                tie(&mut bonds.ever, pair, crm.as_str(), notion.as_str());
            }
        }
        for stone in &claims.tombstones {
            tie(&mut bonds.ever, &stone.pair, stone.crm.as_str(), stone.notion.as_str());
        }
        for known in &claims.ties {
            tie(&mut bonds.ever, &known.pair, known.crm.as_str(), known.notion.as_str());
            tie(&mut bonds.now, &known.pair, known.crm.as_str(), known.notion.as_str());
        }
        for event in &claims.journal {
            let tied = match event.what {
                Happening::Tied => true,
                Happening::Untied => false,
                _ => continue,
            };
            if let (Some(pair), Some(crm)) = (&event.pair, &event.crm) {
                bonds.turns.entry((pair.clone(), crm.to_string())).or_default().push((event.at, tied));
            }
        }
        for (name, other) in bonds.ever.iter().chain(&bonds.now) {
            bonds.all.entry(name.clone()).or_default().insert(other.clone());
        }
        for event in claims.journal.iter().filter(|event| event.what == Happening::Tied) {
            if let (Some(pair), Some(crm), Some(notion)) = (&event.pair, &event.crm, &event.notion) {
                let mut bond = |side: Side, own: &str, other: &str| {
                    bonds.all.entry((pair.clone(), side, own.to_owned())).or_default().insert(other.to_owned());
                };
                bond(Side::Crm, crm.as_str(), notion.as_str());
                bond(Side::Notion, notion.as_str(), crm.as_str());
            }
        }
        bonds.remember_spans(claims);
        bonds
    }

    fn remember_spans(&mut self, claims: &Claims) {
        for event in &claims.journal {
            let (Some(pair), Some(crm), Some(notion)) = (&event.pair, &event.crm, &event.notion) else { continue };
            for (side, own, other) in
                [(Side::Crm, crm.as_str(), notion.as_str()), (Side::Notion, notion.as_str(), crm.as_str())]
            {
                match event.what {
                    Happening::Tied => {
                        let span = Span { from: event.at, until: None, with: other.to_owned() };
                        self.spans.entry((pair.clone(), side, own.to_owned())).or_default().push(span);
                    }
                    Happening::Untied => {
                        let spans = self.spans.get_mut(&(pair.clone(), side, own.to_owned()));
                        if let Some(span) = spans.and_then(|spans| spans.iter_mut().rfind(|span| span.with == other)) {
                            span.until = span.until.or(Some(event.at));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// What a record was tied to at a moment; between two ties what it was tied to next; in the end what it was tied to last,
    /// unless that has another counterpart now.
    pub(super) fn partner_at(&self, pair: &PairName, side: Side, record: &str, at: Timestamp) -> Option<&str> {
        let spans = self.spans.get(&(pair.clone(), side, record.to_owned())).map_or(&[][..], Vec::as_slice);
        let lasting = spans.iter().rfind(|span| span.lasts(at));
        let next = || spans.iter().find(|span| span.from > at);
        // What has another counterpart since is no more what the record stands for.
        let left = |span: &&Span| self.now(pair, side.other(), &span.with).is_none_or(|now| now == record);
        let span = lasting.or_else(next).or_else(|| spans.last().filter(|_| at == Timestamp::MAX).filter(left));
        if span.is_none() && !spans.is_empty() {
            return None;
        }
        span.map(|span| span.with.as_str()).or_else(|| self.ever(pair, side, record))
    }

    /// What a record was tied to at a moment, and to nothing else: what it became later says nothing of it.
    pub(super) fn tied_to(&self, pair: &PairName, side: Side, record: &str, at: Timestamp) -> Option<&str> {
        let mut spans = self.spans.get(&(pair.clone(), side, record.to_owned()))?.iter();
        spans.rfind(|span| span.lasts(at)).map(|span| span.with.as_str())
    }

    /// Whether a record had been tied to that one before a moment.
    pub(super) fn tied_before(&self, pair: &PairName, side: Side, record: &str, with: &str, at: Timestamp) -> bool {
        let spans = self.spans.get(&(pair.clone(), side, record.to_owned()));
        spans.into_iter().flatten().any(|span| span.with == with && span.from <= at)
    }

    /// Whether a record was tied to something else after a moment than at it.
    pub(super) fn tied_anew(&self, pair: &PairName, side: Side, record: &str, since: Timestamp) -> bool {
        let was = self.partner_at(pair, side, record, since);
        let spans = self.spans.get(&(pair.clone(), side, record.to_owned()));
        spans.into_iter().flatten().any(|span| span.from > since && Some(span.with.as_str()) != was)
    }

    /// Whether a CRM record was tied at a moment.
    pub(super) fn tied_at(&self, pair: &PairName, crm: &str, at: Timestamp) -> bool {
        let turns = self.turns.get(&(pair.clone(), crm.to_owned()));
        match turns {
            Some(turns) => turns.iter().rfind(|turn| turn.0 <= at).is_some_and(|turn| turn.1),
            None => self.now.contains_key(&(pair.clone(), Side::Crm, crm.to_owned())),
        }
    }

    /// Every counterpart that there is or was.
    pub(super) fn all(&self, pair: &PairName, side: Side, record: &str) -> impl Iterator<Item = &str> {
        self.all.get(&(pair.clone(), side, record.to_owned())).into_iter().flatten().map(String::as_str)
    }

    /// The counterpart, while the tie lasts.
    pub(super) fn now(&self, pair: &PairName, side: Side, record: &str) -> Option<&str> {
        self.now.get(&(pair.clone(), side, record.to_owned())).map(String::as_str)
    }

    /// The counterpart, or the last one there was.
    pub(super) fn ever(&self, pair: &PairName, side: Side, record: &str) -> Option<&str> {
        self.ever.get(&(pair.clone(), side, record.to_owned())).map(String::as_str)
    }
}
