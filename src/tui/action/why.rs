//! Why an action cannot be done now. Every answer says what to do instead, where there is something.

use super::Action;
use crate::control::PairState;
use crate::tui::model::{Model, Page, PopupBody};
use crate::tui::update::conflicts::{is_of_field, is_retryable};
use crate::tui::update::undo::{meant, why_not};

pub(super) fn never(_: &Model) -> Option<String> {
    None
}

fn unless(can: bool, why: &str) -> Option<String> {
    (!can).then(|| why.to_owned())
}

/// The first key of an action, for a sentence.
fn key(model: &Model, action: Action) -> String {
    model.keymap.keys_of(action).into_iter().next().unwrap_or_else(|| "(no key)".to_owned())
}

pub(super) fn needs_list(model: &Model) -> Option<String> {
    let (first, last) = (key(model, Action::PageConflicts), key(model, Action::PageQuarantine));
    unless(
        !matches!(model.page, Page::Overview | Page::Pairs | Page::Health),
        &format!("this page has no filter: choose one with {first} to {last}"),
    )
}

pub(super) fn needs_orders(model: &Model) -> Option<String> {
    let why = match model.page {
        Page::Journal => "the journal is told newest first: its span and its filter narrow it",
        _ => "the rows of this page have one order",
    };
    unless(!crate::tui::update::orders_of(model.page).is_empty(), why)
}

pub(super) fn needs_row(model: &Model) -> Option<String> {
    let there = match model.page {
        Page::Overview | Page::Pairs | Page::Health => model.pair().is_some(),
        Page::Quarantine => model.quarantine.current().is_some(),
        Page::Conflicts => model.holds.current().is_some(),
        Page::Orphans => model.orphans.current().is_some(),
        Page::Relations if model.on_links => model.relations.current().is_some(),
        Page::Relations => model.owners.current().is_some(),
        Page::Queue => model.queue.current().is_some(),
        Page::Journal => model.journal.current().is_some(),
    };
    unless(there, "there is no row under the cursor")
}

pub(super) fn needs_markable(model: &Model) -> Option<String> {
    let marks = matches!(model.page, Page::Conflicts | Page::Orphans | Page::Journal);
    unless(marks, "rows are marked on conflicts, orphans and the journal only").or_else(|| needs_row(model))
}

pub(super) fn needs_marks(model: &Model) -> Option<String> {
    let here = match model.page {
        Page::Conflicts => model.holds.marks.is_empty() && model.holds.anchor.is_none(),
        Page::Orphans => model.orphans.marks.is_empty() && model.orphans.anchor.is_none(),
        Page::Journal => model.journal.marks.is_empty() && model.journal.anchor.is_none(),
        _ => true,
    };
    unless(!here, "nothing is marked")
}

pub(super) fn needs_review(model: &Model) -> Option<String> {
    let review = model.pair_in(|state| matches!(state, PairState::Review { .. }));
    unless(review.is_some(), "no pair has counts to approve")
}

pub(super) fn needs_guarded(model: &Model) -> Option<String> {
    let guarded = model.pair_in(|state| matches!(state, PairState::Guarded { .. }));
    unless(guarded.is_some(), "no guard has stopped a pair")
}

pub(super) fn needs_decidable(model: &Model) -> Option<String> {
    if !model.holds.marks.is_empty() {
        return unless(model.holds.marks.values().any(|item| item.row.decidable), "no marked row can be decided");
    }
    needs_one_decidable(model)
}

pub(super) fn needs_one_decidable(model: &Model) -> Option<String> {
    match model.holds.current() {
        None => needs_row(model),
        Some(item) if item.row.decidable => None,
        Some(item) if is_retryable(item) => {
            Some(format!("here is nothing to choose from: {} tries again", key(model, Action::Retry)))
        }
        Some(_) => Some("here is nothing to choose from: the detail says what to do".to_owned()),
    }
}

pub(super) fn needs_editable(model: &Model) -> Option<String> {
    let links = model.holds.current().is_some_and(|item| item.row.kind == Some(crate::model::Kind::Relation));
    needs_one_decidable(model).or_else(|| {
        let page = key(model, Action::PageRelations);
        let why = format!("links are not typed: take a side here, or link and unlink on the Relations page, {page}");
        unless(!links, &why)
    })
}

pub(super) fn needs_tie(model: &Model) -> Option<String> {
    match model.holds.current() {
        None => needs_row(model),
        Some(item) => {
            let page = key(model, Action::PageOverview);
            let why = format!("this holds a whole pair, not a record: see the overview, {page}");
            unless(item.row.id.crm.is_some(), &why)
        }
    }
}

pub(super) fn needs_retryable(model: &Model) -> Option<String> {
    let why = "trying again does not end this hold: it needs a decision";
    if !model.holds.marks.is_empty() {
        return unless(model.holds.marks.values().any(is_retryable), why);
    }
    match model.holds.current() {
        None => needs_row(model),
        Some(item) => unless(is_retryable(item), why),
    }
}

pub(super) fn needs_orphan(model: &Model) -> Option<String> {
    unless(model.orphans.current().is_some(), "there is no orphan under the cursor")
}

pub(super) fn needs_unignored(model: &Model) -> Option<String> {
    let orphans = &model.orphans;
    if !orphans.marks.is_empty() {
        return unless(orphans.marks.values().any(|row| row.ignored.is_none()), "all marked ones are ignored already");
    }
    let ignored = orphans.current().is_some_and(|row| row.ignored.is_some());
    needs_orphan(model).or_else(|| unless(!ignored, "this one is ignored already"))
}

pub(super) fn needs_ignored(model: &Model) -> Option<String> {
    let orphans = &model.orphans;
    if !orphans.marks.is_empty() {
        return unless(orphans.marks.values().any(|row| row.ignored.is_some()), "no marked one is ignored");
    }
    match orphans.current() {
        Some(row) if row.ignored.is_some() => None,
        _ if model.show_ignored => Some("this one is not ignored".to_owned()),
        _ => Some("ignored ones are not shown: show them first".to_owned()),
    }
}

pub(super) fn needs_creatable(model: &Model) -> Option<String> {
    match model.orphans.current() {
        None => needs_orphan(model),
        Some(row) => unless(row.creatable, "this one's counterpart cannot be created: link it or ignore it"),
    }
}

pub(super) fn needs_owner(model: &Model) -> Option<String> {
    unless(model.owners.current().is_some(), "there is no owner under the cursor: use the new link")
}

pub(super) fn needs_owners_column(model: &Model) -> Option<String> {
    unless(!model.on_links, "the cursor is on the links already").or_else(|| needs_owner(model))
}

pub(super) fn needs_links_column(model: &Model) -> Option<String> {
    let key = model.keymap.keys_of(crate::tui::action::Action::ToLinks).into_iter().next().unwrap_or_default();
    unless(model.on_links, &format!("the cursor is on the owners: {key} goes to the links"))
}

pub(super) fn needs_other_role(model: &Model) -> Option<String> {
    needs_edge(model).or_else(|| {
        let row = model.relations.current()?;
        let pairs = model.snapshot.iter().flat_map(|snapshot| &snapshot.pairs);
        let roles: Vec<_> = pairs.filter(|pair| pair.name == row.owner.pair).flat_map(|pair| &pair.roles).collect();
        let leads = row.target.as_ref().map(|target| &target.pair);
        let other = roles.iter().any(|role| role.field != row.field && Some(&role.leads) == leads);
        unless(other, "there is one role only: map another relation of the two pairs to have more")
    })
}

pub(super) fn needs_edge(model: &Model) -> Option<String> {
    if let Some(why) = needs_links_column(model) {
        return Some(why);
    }
    match model.relations.current() {
        None => needs_row(model),
        Some(row) if row.target.is_none() => Some("nobody has this role".to_owned()),
        Some(row) => unless(!row.pending, "a change of this edge is already on its way"),
    }
}

pub(super) fn needs_options(model: &Model) -> Option<String> {
    let has = matches!(model.top(), Some(PopupBody::Edit(edit)) if !edit.options.is_empty());
    unless(has, "this field has no options")
}

pub(super) fn needs_sources(model: &Model) -> Option<String> {
    let has = matches!(model.top(), Some(PopupBody::Picker(picker)) if picker.sources.len() > 1);
    unless(has, "there is nothing else to search in")
}

pub(super) fn needs_rule(model: &Model) -> Option<String> {
    let Some(here) = model.holds.current() else { return needs_row(model) };
    let fits = |item: &crate::tui::model::HoldItem| item.row.decidable && is_of_field(item, &here.row.id);
    unless(
        model.holds.marks.values().any(fits),
        "no marked row is about this row's field: mark some, one by one or all that a filter shows",
    )
}

pub(super) fn needs_picks(model: &Model) -> Option<String> {
    unless(!model.staged.is_empty(), "nothing is staged: take a side first")
}

pub(super) fn needs_undoable_pick(model: &Model) -> Option<String> {
    unless(model.staged.can(false), "nothing is staged; what was committed is undone in the journal")
}

pub(super) fn needs_pick_here(model: &Model) -> Option<String> {
    if !model.holds.marks.is_empty() {
        let picked = model.holds.marks.keys().any(|id| model.staged.get(id).is_some());
        return unless(picked, "nothing is picked for any marked row");
    }
    match model.holds.current() {
        None => needs_row(model),
        Some(item) => unless(model.staged.get(&item.row.id).is_some(), "nothing is picked for this row"),
    }
}

pub(super) fn needs_redoable_pick(model: &Model) -> Option<String> {
    unless(model.staged.can(true), "no pick was taken back")
}

pub(super) fn needs_more_lines(model: &Model) -> Option<String> {
    let looked = model.looked.as_ref().is_some_and(|looked| !looked.whole || model.before.is_some());
    unless(looked, "everything that is asked for is here: a filter is what looks through a part of the journal only")
}

pub(super) fn needs_undoable(model: &Model) -> Option<String> {
    let marks = &model.journal.marks;
    if !marks.is_empty() {
        let why = marks.values().rev().map(why_not).next().unwrap_or_default();
        return unless(marks.values().any(|row| row.undoable), &format!("no marked line can be taken back: {why}"));
    }
    match meant(model) {
        None => needs_row(model),
        Some(row) if row.undoable => None,
        Some(row) => Some(why_not(row)),
    }
}

pub(super) fn needs_running(model: &Model) -> Option<String> {
    match model.pair() {
        None => Some("there is no pair".to_owned()),
        Some(pair) => unless(pair.paused.is_none(), "this pair is paused already"),
    }
}

pub(super) fn needs_paused(model: &Model) -> Option<String> {
    match model.pair() {
        None => Some("there is no pair".to_owned()),
        Some(pair) => unless(pair.paused.is_some(), "this pair is not paused"),
    }
}

pub(super) fn needs_planned(model: &Model) -> Option<String> {
    use crate::control::QueueState;
    match model.queue.current() {
        None => needs_row(model),
        Some(row) => unless(
            matches!(row.state, QueueState::Ready | QueueState::Quiet),
            "it was sent already, and is neither hastened nor held back",
        ),
    }
}

pub(super) fn needs_quarantined(model: &Model) -> Option<String> {
    unless(model.quarantine.current().is_some(), "nothing is set aside")
}
