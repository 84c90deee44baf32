//! What an edit wanted to be true: a value, or members that are in a set and members that are not.

use std::collections::BTreeSet;

use super::plain::Plain;

/// What an edit wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// This value.
    Value(Plain),
    /// These members in, those out; the other members are not its business.
    Members { added: BTreeSet<String>, removed: BTreeSet<String> },
}

impl Wish {
    /// What an edit from one value to another wanted.
    pub(super) fn of(before: &Plain, after: &Plain) -> Self {
        if !matches!(before, Plain::Set(_)) && !matches!(after, Plain::Set(_)) {
            return Wish::Value(after.clone());
        }
        let (before, after) = (before.members(), after.members());
        Wish::Members {
            added: after.difference(&before).cloned().collect(),
            removed: before.difference(&after).cloned().collect(),
        }
    }

    /// Whether a value fulfils it.
    pub(super) fn met_by(&self, value: &Plain) -> bool {
        match self {
            Wish::Value(wanted) => wanted == value,
            Wish::Members { added, removed } => {
                let members = value.members();
                added.is_subset(&members) && removed.is_disjoint(&members)
            }
        }
    }

    /// Whether nothing is wanted any more.
    pub(super) fn is_void(&self) -> bool {
        matches!(self, Wish::Members { added, removed } if added.is_empty() && removed.is_empty())
    }

    /// What of it a later edit left standing: who takes a member out again, or puts it back, decides about it.
    pub(super) fn after(&mut self, later: &Wish) {
        if let (Wish::Members { added, removed }, Wish::Members { added: more, removed: less }) = (self, later) {
            added.retain(|member| !less.contains(member));
            removed.retain(|member| !more.contains(member));
        }
    }

    /// Without removals of what was put in, and additions of what was taken out, by turns that nobody saw.
    pub(super) fn without_turns(&mut self, put_in: impl Fn(&str) -> bool, taken_out: impl Fn(&str) -> bool) {
        if let Wish::Members { added, removed } = self {
            removed.retain(|member| !put_in(member));
            added.retain(|member| !taken_out(member));
        }
    }

    /// Without the additions of these members.
    pub(super) fn without_added(&mut self, strange: impl Fn(&str) -> bool) {
        if let Wish::Members { added, .. } = self {
            added.retain(|member| !strange(member));
        }
    }

    /// Without the removals of these members.
    pub(super) fn without_removed(&mut self, strange: impl Fn(&str) -> bool) {
        if let Wish::Members { removed, .. } = self {
            removed.retain(|member| !strange(member));
        }
    }

    /// Without the members that are gone for good.
    pub(super) fn without(&mut self, gone: impl Fn(&str) -> bool) {
        if let Wish::Members { added, removed } = self {
            added.retain(|member| !gone(member));
            removed.retain(|member| !gone(member));
        }
    }
}
