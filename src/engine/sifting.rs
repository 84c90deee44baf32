//! The filter of the holds. What a hold is found by takes both its records to be read, and there may be very many: they are
//! judged in steps between which everything else goes on, and the verdicts are believed for a moment, for a list is asked for
//! again and again.

use std::collections::BTreeMap;
use std::iter::{Flatten, Peekable};
use std::option::IntoIter;

use jiff::{SignedDuration, Timestamp};

use crate::control::{HoldRow, List, Query};
use crate::model::{Hold, HoldId, Why};

use super::core::Core;

/// Holds that are judged in one step: a millisecond or two.
const STEP: usize = 50;

/// How long verdicts are believed: what holds show changes. Those that nobody asks for any more are kept no longer either.
const BELIEVED: SignedDuration = SignedDuration::from_secs(5);

/// Whether each hold fits.
type Fits = BTreeMap<HoldId, bool>;

/// What fits one filter of one list.
pub(super) struct Sifted {
    /// In small letters.
    filter: String,
    /// Of those that are set aside alone.
    set_aside: bool,
    fits: Fits,
    /// What is still to be judged.
    left: Vec<HoldId>,
    began: Timestamp,
    used: Timestamp,
}

impl Sifted {
    fn is_for(&self, filter: &str, set_aside: bool) -> bool {
        self.filter == filter && self.set_aside == set_aside
    }

    /// Whether it is believed. What is being judged is finished as long as somebody waits for it.
    fn is_fresh(&self, now: Timestamp) -> bool {
        let since = if self.left.is_empty() { self.began } else { self.used };
        now.duration_since(since).abs() < BELIEVED
    }
}

/// The filter of a question about holds, and whether it is about those that are set aside alone.
fn asked(query: &Query) -> (String, bool) {
    (query.filter.to_lowercase(), query.list == List::Quarantined)
}

impl Core {
    /// Goes on judging holds by a question's filter. Whether all are, but for a few that came meanwhile.
    pub(super) fn sift(&mut self, query: &Query) -> bool {
        let (filter, set_aside) = asked(query);
        if filter.is_empty() {
            return true;
        }
        let now = self.clock.now();
        let known = self.sifted.iter().position(|it| it.is_for(&filter, set_aside));
        let known = known.map(|at| self.sifted.swap_remove(at)).filter(|it| it.is_fresh(now));
        let mut sifted = known.unwrap_or_else(|| Sifted {
            filter,
            set_aside,
            fits: BTreeMap::new(),
            left: Vec::new(),
            began: now,
            used: now,
        });
        sifted.used = now;
        if sifted.left.is_empty() {
            sifted.left = self.unjudged(&sifted);
        }
        for id in sifted.left.split_off(sifted.left.len().saturating_sub(STEP)) {
            if let Some(hold) = self.memory.holds.get(&id) {
                sifted.fits.insert(id, self.fits(hold, &sifted.filter));
            }
        }
        if sifted.left.is_empty() {
            let came = self.unjudged(&sifted);
            if came.len() >= STEP {
                sifted.left = came;
            }
        }
        let all = sifted.left.is_empty();
        self.sifted.push(sifted);
        all
    }

    fn unjudged(&self, sifted: &Sifted) -> Vec<HoldId> {
        let mut judged = InOrder::of(Some(&sifted.fits));
        let meant = |hold: &&Hold| !sifted.set_aside || matches!(hold.why, Why::Quarantined { .. });
        let holds = self.memory.holds.values().filter(meant).map(|hold| &hold.id);
        holds.filter(|id| judged.get(id).is_none()).cloned().collect()
    }

    /// Which holds fit a question's filter, as they were judged; those that came since are judged now. To be asked in their order.
    pub(super) fn sifter(&self, query: &Query) -> impl FnMut(&Hold) -> bool {
        let (filter, set_aside) = asked(query);
        let sifted = self.sifted.iter().find(|it| it.is_for(&filter, set_aside));
        let mut judged = InOrder::of(sifted.map(|it| &it.fits));
        move |hold| filter.is_empty() || judged.get(&hold.id).unwrap_or_else(|| self.fits(hold, &filter))
    }

    fn fits(&self, hold: &Hold, filter: &str) -> bool {
        text_of(&self.hold_row(hold)).to_lowercase().contains(filter)
    }

    /// Forgets what nobody has asked for in a while.
    pub(super) fn forget_sifted(&mut self, now: Timestamp) {
        self.sifted.retain(|it| now.duration_since(it.used).abs() < BELIEVED);
    }
}

/// Verdicts, asked for in the order of the holds: nothing has to be looked for.
struct InOrder<'s>(Peekable<Flatten<IntoIter<&'s Fits>>>);

impl<'s> InOrder<'s> {
    fn of(fits: Option<&'s Fits>) -> Self {
        Self(fits.into_iter().flatten().peekable())
    }

    fn get(&mut self, id: &HoldId) -> Option<bool> {
        while self.0.next_if(|(before, _)| *before < id).is_some() {}
        self.0.next_if(|(it, _)| *it == id).map(|(_, fits)| *fits)
    }
}

fn text_of(row: &HoldRow) -> String {
    let base = row.base.as_ref().map_or("", |base| &base.text);
    let sides = [&row.crm, &row.notion].map(|side| format!("{} {}", side.text, side.edited_by));
    format!("{} {} {} {base} {}", row.title, row.label, row.why, sides.join(" "))
}
