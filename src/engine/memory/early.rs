//! Observations and ties as they are read back after a start: a store that is checked row by row when it is opened gives them
//! here at once, so that nobody reads them twice.

use std::collections::BTreeMap;

use crate::control::Sides;
use crate::model::packed::{self, Packed, TieBytes};
use crate::model::{Observation, PairName, RecordId, Side, Tie};
use crate::seam::KvError;
use crate::store::check::Intake;
use crate::store::record::{self, Held};
use crate::store::{Store, trees};

use super::kept::{Kept, Loading};
use super::load;

/// What was read, by pair; also of pairs that are configured no more.
#[derive(Default)]
pub struct Early {
    observations: BTreeMap<PairName, Sides<Loading<Observation>>>,
    ties: BTreeMap<PairName, Ties>,
}

#[derive(Default)]
struct Ties {
    rows: Loading<Tie>,
    pages: Vec<(RecordId, RecordId)>,
}

/// What is remembered of one pair's records.
pub(super) struct Rows {
    pub observations: Sides<Kept<Observation>>,
    pub ties: Kept<Tie>,
    pub crm_of_page: BTreeMap<RecordId, RecordId>,
}

impl Intake for Early {
    fn row(&mut self, tree: &'static str, key: &[u8], held: Held<'_>) {
        match tree {
            trees::OBSERVATIONS => short::<Observation>(held, |short| self.observation(key, short)),
            trees::TIES => short::<Tie>(held, |short| self.tie(key, short)),
            _ => {}
        }
    }

    fn join(&mut self, others: Self) {
        self.observations.extend(others.observations);
        self.ties.extend(others.ties);
    }
}

/// The short form of a row; what an earlier version left as JSON is put into it.
fn short<T: serde::de::DeserializeOwned + Packed>(held: Held<'_>, mut each: impl FnMut(&[u8])) {
    match held {
        Held::Short(short) => each(short),
        Held::Json(json) => {
            if let Ok(value) = serde_json::from_slice::<T>(json) {
                each(&packed::pack(&value));
            }
        }
    }
}

impl Early {
    /// Reads them from a store that gave them to nobody when it was opened. A row that cannot be read was reported then; its
    /// record is observed anew.
    pub(super) async fn read(store: &Store) -> Result<Self, KvError> {
        let mut early = Self::default();
        for tree in [trees::OBSERVATIONS, trees::TIES] {
            load::every(store, tree, Vec::new(), |key, bytes| {
                if let Ok(held) = record::check(bytes) {
                    early.row(tree, key, held);
                }
            })
            .await?;
        }
        Ok(early)
    }

    fn observation(&mut self, row: &[u8], short: &[u8]) {
        let row = String::from_utf8_lossy(row);
        let mut parts = row.split('\0');
        if let (Some(pair), Some(side), Some(id), None) = (parts.next(), parts.next(), parts.next(), parts.next())
            && let Some(side) = Side::BOTH.into_iter().find(|it| it.as_str() == side)
        {
            of(&mut self.observations, pair, |sides| sides.get_mut(side).row(RecordId::from(id), short));
        }
    }

    fn tie(&mut self, row: &[u8], short: &[u8]) {
        let row = String::from_utf8_lossy(row);
        let Some((pair, _)) = row.split_once('\0') else { return };
        let Some((crm, page)) = packed::parts(short).and_then(|parts| TieBytes(parts.rest).ends()) else { return };
        of(&mut self.ties, pair, |ties| {
            if ties.rows.row(crm.clone(), short) {
                ties.pages.push((page, crm));
            }
        });
    }

    /// Takes out what there is of a pair.
    pub(super) fn take(&mut self, name: &PairName) -> Rows {
        let Sides { crm, notion } = self.observations.remove(name).unwrap_or_default();
        let Ties { rows, pages } = self.ties.remove(name).unwrap_or_default();
        Rows {
            observations: Sides { crm: crm.done(), notion: notion.done() },
            ties: rows.done(),
            crm_of_page: pages.into_iter().collect(),
        }
    }
}

/// Does something with what was read of a pair. Rows of one pair lie side by side by the hundred thousand, and most find it there.
fn of<T: Default, R>(pairs: &mut BTreeMap<PairName, T>, name: &str, then: impl FnOnce(&mut T) -> R) -> R {
    match pairs.get_mut(name) {
        Some(known) => then(known),
        None => then(pairs.entry(PairName::from(name)).or_default()),
    }
}
