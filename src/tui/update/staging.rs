//! What is staged: steps back and forth, and what becomes of picks whose values moved. `dryrun` shows and commits them.

use super::conflicts::heading;
use super::open;
use crate::control::Resolution;
use crate::model::{FieldKey, HoldId, RecordRef, Shown, TieId};
use crate::tui::layout;
use crate::tui::model::{Choice, Dirty, Effect, Model, Motion, Page, Pick, PopupBody, Tone};
use crate::tui::popup::{Confirm, ours};
use crate::tui::theme::Role;

/// A pick as the engine takes it: bound to the digests of the very values that were on screen.
pub(super) fn resolution(pick: &Pick) -> Resolution {
    let row = &pick.item.row;
    let (id, shown) = (row.id.clone(), Shown { crm: row.crm.digest.clone(), notion: row.notion.digest.clone() });
    match &pick.choice {
        Choice::Force(side) => Resolution::Force { id, shown, side: *side },
        Choice::Base => Resolution::Base { id, shown },
        Choice::Keep => Resolution::Keep { id, shown },
        Choice::Set(text) => Resolution::Set { id, shown, text: text.clone() },
    }
}

/// Takes the last pick back, or takes back that.
pub(super) fn step(model: &mut Model, redo: bool) -> Vec<Effect> {
    let count = if redo { model.staged.redo() } else { model.staged.undo() };
    model.toasts.clear();
    if let Some(count) = count {
        let what = if redo { "picked again" } else { "taken back" };
        tell(model, count, what);
    }
    model.touch(Dirty::Now);
    Vec::new()
}

/// Says what became of so many picks, and what is left.
pub(super) fn tell(model: &mut Model, count: usize, what: &str) {
    let left = if model.staged.is_empty() { "nothing is staged".to_owned() } else { summary(model) };
    model.toast(Tone::Plain, format!("{count} {what}; {left}"));
}

/// `12 staged: 9 CRM, 3 Notion`.
pub fn summary(model: &Model) -> String {
    format!("{} staged: {}", model.staged.len(), model.staged.counts())
}

/// Whatever was picked for rows that look different now is picked no more: the operator shall see them again.
pub(super) fn reconcile(model: &mut Model) {
    let list = &model.holds;
    let differs = |pick: &&Pick| match list.find(&pick.item.row.id) {
        Some(row) => !pick.fits(row),
        None => list.is_whole(),
    };
    let stale: Vec<HoldId> = model.staged.picks().filter(differs).map(|pick| pick.item.row.id.clone()).collect();
    let (again, gone): (Vec<HoldId>, Vec<HoldId>) = stale.into_iter().partition(|id| list.find(id).is_some());
    if !gone.is_empty() {
        let (which, rest) = forget(model, &gone);
        model.toast(Tone::Warn, format!("settled by somebody else or by itself: {which}, no longer picked{rest}"));
    }
    if !again.is_empty() {
        moved(model, again);
    }
}

/// Forgets picks about what has moved, and says so.
pub(super) fn moved(model: &mut Model, ids: Vec<HoldId>) {
    let (which, rest) = forget(model, &ids);
    model.toast(Tone::Warn, format!("changed since you looked: {which} is shown again and no longer picked{rest}"));
    model.moved.retain(|id| !ids.contains(id));
    model.moved.extend(ids);
}

/// Forgets picks; gives what they were, and what is still picked.
fn forget(model: &mut Model, ids: &[HoldId]) -> (String, String) {
    let first = ids.iter().find_map(|id| model.staged.get(id)).map(|pick| heading(&pick.item));
    model.staged.forget(ids);
    let which = match (ids.len(), first) {
        (1, Some(first)) => first,
        (1, None) => "a value".to_owned(),
        (count, _) => format!("{count} of what you picked"),
    };
    let rest = if model.staged.is_empty() { String::new() } else { format!("; still {}", summary(model)) };
    (which, rest)
}

/// Puts the cursor on the first of these that is here: a decision about it has just come back.
pub(super) fn show_first(model: &mut Model, ids: &[HoldId]) {
    let place = ids.iter().find_map(|id| model.holds.place(id));
    if let Some(place) = place.filter(|_| model.page == Page::Conflicts) {
        let by = place.cast_signed() - model.holds.at.cast_signed();
        let height = layout::rows(model);
        model.holds.go(Motion::By(by), height);
    }
}

/// Puts the cursor on what a decision has just come back about, where it is no hold.
pub(super) fn show_again(model: &mut Model, records: &[RecordRef], edge: Option<&(TieId, FieldKey)>) {
    let height = layout::rows(model);
    let by = |to: u64, at: u64| Motion::By(to.cast_signed() - at.cast_signed());
    if model.page == Page::Orphans
        && let Some(to) = records.iter().find_map(|record| model.orphans.place(record))
    {
        model.orphans.go(by(to, model.orphans.at), height);
    }
    let of = |(owner, field): &(TieId, FieldKey)| {
        let here = (model.relations.offset..).zip(&model.relations.rows);
        here.into_iter().find(|(_, row)| row.owner == *owner && row.field == *field).map(|(place, _)| place)
    };
    let current = model
        .relations
        .current()
        .is_some_and(|row| edge.is_some_and(|(owner, field)| row.owner == *owner && row.field == *field));
    if model.page == Page::Relations
        && !current
        && let Some(to) = edge.and_then(of)
    {
        model.relations.go(by(to, model.relations.at), height);
    }
}

/// Asks before picks are lost, or the sync ends.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    let mut lines = Vec::new();
    if !model.staged.is_empty() {
        lines.push(ours(Role::Strong, format!("{} and not committed.", summary(model))));
        lines.push(ours(Role::Text, "They live in this dashboard alone: who leaves now leaves them undone."));
    }
    if model.syncs {
        lines.push(ours(Role::Strong, "The sync runs inside this dashboard and ends with it."));
        lines.push(ours(Role::Text, "`crosstie run` keeps it running without one; dashboards attach to that."));
    }
    if lines.is_empty() {
        return vec![Effect::Quit];
    }
    let confirm = Confirm { quits: true, ..Confirm::new("Leave", lines, "Yes, leave", Vec::new()) };
    open(model, PopupBody::Confirm(confirm));
    Vec::new()
}
