//! The filter of the holds. What a hold is found by takes both its records to be read, and there may be very many: they are
//! judged in steps between which everything else goes on, and the verdicts are believed for a moment, for a list is asked for
//! again and again.

use std::collections::BTreeMap;
use std::iter::{Flatten, Peekable};
use std::option::IntoIter;

use jiff::{SignedDuration, Timestamp};

use crate::control::HoldRow;
use crate::model::{Hold, HoldId};

use super::core::Core;

/// Holds that are judged in one step: a millisecond or two.
const STEP: usize = 50;

/// How long verdicts are believed: what holds show changes.
const BELIEVED: SignedDuration = SignedDuration::from_secs(5);

/// How long they are kept after the last question.
const KEPT: SignedDuration = SignedDuration::from_secs(60);

/// Whether each hold fits.
type Fits = BTreeMap<HoldId, bool>;

/// What fits one filter.
pub(super) struct Sifted {
    /// In small letters.
    filter: String,
    fits: Fits,
    /// What is still to be judged.
    left: Vec<HoldId>,
    began: Timestamp,
    used: Timestamp,
}

impl Core {
    /// Goes on judging holds by a filter. Whether all are.
    pub(super) fn sift(&mut self, filter: &str) -> bool {
        let filter = filter.to_lowercase();
        if filter.is_empty() {
            return true;
        }
        let now = self.clock.now();
        let known = self.sifted.iter().position(|it| it.filter == filter).map(|at| self.sifted.swap_remove(at));
        let fresh = |it: &Sifted| !it.left.is_empty() || now.duration_since(it.began).abs() < BELIEVED;
        let mut sifted = known.filter(fresh).unwrap_or_else(|| Sifted {
            filter,
            fits: BTreeMap::new(),
            left: Vec::new(),
            began: now,
            used: now,
        });
        sifted.used = now;
        if sifted.left.is_empty() {
            let mut judged = InOrder::of(Some(&sifted.fits));
            sifted.left = self.memory.holds.keys().filter(|id| judged.get(id).is_none()).cloned().collect();
        }
        for id in sifted.left.split_off(sifted.left.len().saturating_sub(STEP)) {
            if let Some(hold) = self.memory.holds.get(&id) {
                sifted.fits.insert(id, self.fits(hold, &sifted.filter));
            }
        }
        let all = sifted.left.is_empty();
        self.sifted.push(sifted);
        all
    }

    /// Which holds fit a filter, as they were judged; those that came since are judged now. To be asked in their order.
    pub(super) fn sifter(&self, filter: &str) -> impl FnMut(&Hold) -> bool {
        let filter = filter.to_lowercase();
        let mut judged = InOrder::of(self.sifted.iter().find(|it| it.filter == filter).map(|it| &it.fits));
        move |hold| filter.is_empty() || judged.get(&hold.id).unwrap_or_else(|| self.fits(hold, &filter))
    }

    fn fits(&self, hold: &Hold, filter: &str) -> bool {
        text_of(&self.hold_row(hold)).to_lowercase().contains(filter)
    }

    /// Forgets what nobody has asked for in a while.
    pub(super) fn forget_sifted(&mut self, now: Timestamp) {
        self.sifted.retain(|it| now.duration_since(it.used) < KEPT);
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
