//! What an operator has picked and not yet committed. It lives in this dashboard alone: nobody else sees it, nothing of
//! it reaches either system before it was shown whole and confirmed, and every step can be taken back.

use std::collections::BTreeMap;

use crate::model::{HoldId, Side};

use super::edge::HoldItem;

/// What an operator chose for a held field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A side wins.
    Force(Side),
    /// What they last agreed on wins over both.
    Base,
    /// Both stay as they are.
    Keep,
    /// Both get this text.
    Set(String),
}

impl Choice {
    /// One or two words for it.
    pub fn word(&self) -> &'static str {
        match self {
            Choice::Force(Side::Crm) => "CRM",
            Choice::Force(Side::Notion) => "Notion",
            Choice::Base => "base",
            Choice::Keep => "kept apart",
            Choice::Set(_) => "edited",
        }
    }

    /// One character for it: a list of columns `CRM`, `Notion` points at the winner.
    pub fn sign(&self) -> &'static str {
        match self {
            Choice::Force(Side::Crm) => "<",
            Choice::Force(Side::Notion) => ">",
            Choice::Base => "b",
            Choice::Keep => "=",
            Choice::Set(_) => "e",
        }
    }
}

/// One pick: what was chosen, and the row as it was on screen then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The row.
    pub item: HoldItem,
    /// What was chosen for it.
    pub choice: Choice,
}

impl Pick {
    /// Whether somebody who looks at `row` now sees what the operator saw when they picked.
    pub fn fits(&self, row: &HoldItem) -> bool {
        let digests = |item: &HoldItem| (item.row.crm.digest.clone(), item.row.notion.digest.clone());
        digests(&self.item) == digests(row) && self.item.row.decided == row.row.decided
    }
}

/// What one step replaced.
type Step = Vec<(HoldId, Option<Pick>)>;

/// Everything picked, and the steps that led there.
#[derive(Debug, Clone, Default)]
pub struct Staged {
    picks: BTreeMap<HoldId, Pick>,
    done: Vec<Step>,
    undone: Vec<Step>,
}

impl Staged {
    /// Picks these, in one step; a pick for the same field takes the place of the one before.
    pub fn stage(&mut self, picks: Vec<Pick>) {
        let step: Step = picks.into_iter().map(|pick| (pick.item.row.id.clone(), Some(pick))).collect();
        let step = self.swap(step);
        self.done.push(step);
        self.undone.clear();
    }

    /// Takes the last step back; returns how many picks it was about.
    pub fn undo(&mut self) -> Option<usize> {
        let step = self.done.pop()?;
        let count = step.len();
        let step = self.swap(step);
        self.undone.push(step);
        Some(count)
    }

    /// Takes back what was taken back last.
    pub fn redo(&mut self) -> Option<usize> {
        let step = self.undone.pop()?;
        let count = step.len();
        let step = self.swap(step);
        self.done.push(step);
        Some(count)
    }

    /// Takes single picks out, in one step; returns how many there were.
    pub fn unpick(&mut self, ids: &[HoldId]) -> usize {
        let step: Step = ids.iter().filter(|id| self.picks.contains_key(id)).map(|id| (id.clone(), None)).collect();
        let count = step.len();
        if count > 0 {
            let step = self.swap(step);
            self.done.push(step);
            self.undone.clear();
        }
        count
    }

    fn swap(&mut self, step: Step) -> Step {
        let mut before = Vec::with_capacity(step.len());
        for (id, pick) in step {
            let old = match pick {
                Some(pick) => self.picks.insert(id.clone(), pick),
                None => self.picks.remove(&id),
            };
            before.push((id, old));
        }
        before
    }

    /// Forgets picks that were committed or whose values moved, in every step too: neither undo nor redo brings back
    /// what no longer fits.
    pub fn forget(&mut self, gone: &[HoldId]) {
        self.picks.retain(|id, _| !gone.contains(id));
        for steps in [&mut self.done, &mut self.undone] {
            steps.iter_mut().for_each(|step| step.retain(|(id, _)| !gone.contains(id)));
            steps.retain(|step| !step.is_empty());
        }
    }

    /// What was picked for a field.
    pub fn get(&self, id: &HoldId) -> Option<&Pick> {
        self.picks.get(id)
    }

    /// All picks, by field.
    pub fn picks(&self) -> impl Iterator<Item = &Pick> {
        self.picks.values()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.picks.len()
    }

    /// Whether nothing is picked.
    pub fn is_empty(&self) -> bool {
        self.picks.is_empty()
    }

    /// Whether a step can be taken back, or one that was can be taken again.
    pub fn can(&self, redo: bool) -> bool {
        if redo { !self.undone.is_empty() } else { !self.done.is_empty() }
    }

    /// How many of each: `9 CRM, 3 Notion`.
    pub fn counts(&self) -> String {
        let order = ["CRM", "Notion", "base", "edited", "kept apart"];
        let count = |word: &str| self.picks.values().filter(|pick| pick.choice.word() == word).count();
        let parts = order.into_iter().map(|word| (word, count(word))).filter(|(_, count)| *count > 0);
        parts.map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::control::{HoldRow, SideValue};

    fn pick(record: &str, choice: Choice) -> Pick {
        let value = |text: &str| SideValue { text: text.into(), digest: text.into(), ..SideValue::default() };
        let row = HoldRow {
            id: HoldId { pair: "deals".into(), crm: Some(record.into()), field: Some("F".into()) },
            title: String::new(),
            label: String::new(),
            kind: None,
            why: "conflict".into(),
            detail: String::new(),
            means: String::new(),
            base: None,
            crm: value("a"),
            notion: value("b"),
            options: Vec::new(),
            since: Timestamp::UNIX_EPOCH,
            decidable: true,
            decided: None,
        };
        Pick { item: super::super::edge::hold(row), choice }
    }

    #[test]
    fn steps_are_taken_back_and_again_whole() {
        let mut staged = Staged::default();
        staged.stage(vec![pick("1", Choice::Force(Side::Crm)), pick("2", Choice::Force(Side::Crm))]);
        staged.stage(vec![pick("2", Choice::Keep), pick("3", Choice::Base)]);
        assert_eq!(staged.counts(), "1 CRM, 1 base, 1 kept apart");
        assert_eq!(staged.undo(), Some(2));
        assert_eq!(staged.counts(), "2 CRM");
        assert_eq!(staged.redo(), Some(2));
        assert_eq!(staged.counts(), "1 CRM, 1 base, 1 kept apart");
        assert_eq!((staged.undo(), staged.undo(), staged.undo()), (Some(2), Some(2), None));
        assert!(staged.is_empty() && staged.can(true) && !staged.can(false));
    }

    #[test]
    fn what_was_committed_or_moved_comes_back_by_no_undo() {
        let mut staged = Staged::default();
        staged.stage(vec![pick("1", Choice::Force(Side::Crm)), pick("2", Choice::Keep)]);
        staged.stage(vec![pick("1", Choice::Keep)]);
        let gone = staged.picks().next().unwrap().item.row.id.clone();
        staged.forget(&[gone]);
        assert_eq!(staged.counts(), "1 kept apart");
        assert_eq!(staged.undo(), Some(1), "the step that was about it alone is gone");
        assert!(staged.is_empty() && !staged.can(false));
    }

    #[test]
    fn a_pick_fits_only_what_was_seen() {
        let old = pick("1", Choice::Keep);
        let mut row = old.item.clone();
        assert!(old.fits(&row));
        row.row.notion.digest = "c".into();
        assert!(!old.fits(&row));
        let mut row = old.item.clone();
        row.row.decided = Some("CRM forced by berta".into());
        assert!(!old.fits(&row), "somebody else decided meanwhile");
    }
}
