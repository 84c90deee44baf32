//! Questions whose answers take longer than a turn of the control task: they are worked on in steps, and everything else goes
//! on in between. While there is other work, steps get a small share of the time.

use std::collections::{BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

use crate::control::{DeskError, List, Order, Query, Window};
use crate::model::PairName;
use crate::seam::KvError;
use crate::store::Store;

use super::core::Core;
use super::history::{Found, Search, is_search};

/// While there is other work, a step of about a millisecond is made so often.
const SHARE: SignedDuration = SignedDuration::from_millis(10);

/// So many searches of the journal are remembered.
const REMEMBERED: usize = 4;

/// Whoever asked waits there.
pub(super) type Asker = oneshot::Sender<Result<Window, DeskError>>;

/// Questions that are worked on, in turn.
#[derive(Default)]
pub(super) struct Seeking {
    /// The newest last.
    asked: Vec<Asked>,
    /// What was found in the journal, the newest last: a list is asked for again and again.
    found: VecDeque<Found>,
    stepped: Timestamp,
}

struct Asked {
    query: Query,
    answer: Asker,
    /// Of the journal, once it has begun.
    search: Option<Search>,
}

impl Seeking {
    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Takes a question.
    pub(super) fn push(&mut self, query: Query, answer: Asker) {
        self.asked.push(Asked { query, answer, search: None });
    }

    /// Makes a step towards an answer; `busy` while there is other work. Who asked last is answered first: that is the text as it
    /// was typed, and what was asked for fewer letters of it is hardly wanted any more.
    ///
    /// # Errors
    /// [`KvError`] when the store fails.
    pub(super) async fn step(&mut self, core: &mut Core, store: &Store, busy: bool) -> Result<(), KvError> {
        let now = core.clock.now();
        if busy && now.duration_since(self.stepped).abs() < SHARE {
            return Ok(());
        }
        let Some(mut asked) = self.asked.pop() else { return Ok(()) };
        if asked.answer.is_closed() {
            return Ok(());
        }
        self.stepped = now;
        let window = match is_search(&asked.query) {
            true => self.search(core, store, &mut asked, now).await?,
            false => core.prepare(&asked.query).then(|| core.window(&asked.query)),
        };
        match window {
            // Whoever asked may be gone; that is their affair.
            Some(window) => drop(asked.answer.send(Ok(window))),
            None => self.asked.push(asked),
        }
        Ok(())
    }

    /// A step of a search of the journal; its window when it has ended.
    async fn search(
        &mut self,
        core: &mut Core,
        store: &Store,
        asked: &mut Asked,
        now: Timestamp,
    ) -> Result<Option<Window>, KvError> {
        if asked.search.is_none() {
            // Somebody looks for the very same already: this one goes on with that, and they find it remembered.
            let mut same = self.asked.iter_mut().filter(|it| it.query == asked.query);
            asked.search = same.find_map(|it| it.search.take());
        }
        let search = match &mut asked.search {
            Some(search) => search,
            none => none.insert(Search::begin(core, store, &asked.query, now, &self.found).await?),
        };
        if !search.go_on(core, store).await? {
            return Ok(None);
        }
        let window = search.window(core, store, &asked.query).await?;
        if let Some(Search { found, .. }) = asked.search.take() {
            self.found.retain(|it| !it.is_for(&asked.query));
            self.found.push_back(found);
            while self.found.len() > REMEMBERED {
                self.found.pop_front();
            }
        }
        Ok(Some(window))
    }
}

impl Core {
    /// Makes a step towards what is needed to answer a question. Whether it can be answered now.
    pub(super) fn prepare(&mut self, query: &Query) -> bool {
        match &query.list {
            List::Candidates { of } => self.prepare_names(&of.pair, of.side.other()),
            List::Tied { pair } => self.memory.pair(pair).is_none_or(|pair| pair.prepare_titles()),
            List::Owners => self.owning().iter().all(|pair| pair.prepare_titles()),
            List::Holds | List::Quarantined => {
                // Verdicts are believed for a moment only: they come last.
                (query.order != Order::Record || self.held_pairs_prepared()) && self.sift(query)
            }
            _ => true,
        }
    }

    /// The titles of each pair that has a record that is held.
    fn held_pairs_prepared(&self) -> bool {
        let held = self.memory.holds.keys().filter(|id| id.crm.is_some()).map(|id| &id.pair);
        let held: BTreeSet<&PairName> = held.collect();
        held.into_iter().filter_map(|name| self.memory.pair(name)).all(|pair| pair.prepare_titles())
    }
}
