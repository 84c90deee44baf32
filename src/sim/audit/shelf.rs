//! The journal, sorted by record, so that a long run is audited in a short time.

use std::collections::BTreeMap;

use crate::model::{Event, PairName, Side};

use super::Claims;

/// Events that name a record, by that record; positions in the journal.
#[derive(Debug)]
pub(super) struct Shelf<'a> {
    journal: &'a [Event],
    about: BTreeMap<(PairName, Side, String), Vec<usize>>,
}

impl<'a> Shelf<'a> {
    pub(super) fn of(claims: &'a Claims) -> Self {
        let mut about: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, event) in claims.journal.iter().enumerate() {
            let Some(pair) = &event.pair else { continue };
            for (side, id) in [(Side::Crm, &event.crm), (Side::Notion, &event.notion)] {
                if let Some(id) = id {
                    about.entry((pair.clone(), side, id.to_string())).or_default().push(at);
                }
            }
        }
        Self { journal: &claims.journal, about }
    }

    /// Events that name one of a tie's records, oldest first.
    pub(super) fn events(&self, pair: &PairName, crm: Option<&str>, notion: Option<&str>) -> Vec<&'a Event> {
        let named = |side: Side, id: Option<&str>| self.about.get(&(pair.clone(), side, id?.to_owned()));
        let mut all: Vec<usize> =
            named(Side::Crm, crm).into_iter().chain(named(Side::Notion, notion)).flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().filter_map(|at| self.journal.get(at)).collect()
    }
}
