//! The two columns of the Relations page: owners, and what is linked to the owner under the cursor.

use super::ask;
use super::lists::due;
use super::replies::{rows, take, unpack};
use crate::control::{DeskError, LinkRole, List, Query, Rows, Window};
use crate::model::{FieldKey, PairName, TieId};
use crate::tui::layout;
use crate::tui::model::{Dirty, Effect, Listing, Model, Tone, Waiting, edge};

/// The roles that records can have for one of a pair.
pub(super) fn roles<'m>(model: &'m Model, pair: &PairName) -> &'m [LinkRole] {
    let pairs = model.snapshot.iter().flat_map(|snapshot| &snapshot.pairs);
    pairs.filter(|known| known.name == *pair).map(|known| known.roles.as_slice()).next().unwrap_or_default()
}

/// One of them.
pub(super) fn role<'m>(model: &'m Model, pair: &PairName, field: &FieldKey) -> Option<&'m LinkRole> {
    roles(model, pair).iter().find(|role| role.field == *field)
}

/// Asks for what is missing in either column. Of links one question is out at a time, however fast the cursor goes.
pub(super) fn settle(model: &mut Model) -> Vec<Effect> {
    let (owners, links) = layout::column_rows(model);
    let ms = model.ms;
    let mut effects = Vec::new();
    model.owners.scroll(owners);
    if let Some(query) = due(&mut model.owners, List::Owners, owners, ms) {
        effects.push(asked(model, Waiting::Owners, query, |model, tag| model.owners.asked = Some(tag)));
    }
    follow(model);
    model.relations.scroll(links);
    if let Some(owner) = model.relations_of.clone()
        && let Some(query) = due(&mut model.relations, List::Edges { owner: owner.clone() }, links, ms)
    {
        effects.push(asked(model, Waiting::Edges(owner), query, |model, tag| model.relations.asked = Some(tag)));
    }
    effects
}

fn asked(model: &mut Model, what: Waiting, query: Query, note: impl FnOnce(&mut Model, u64)) -> Effect {
    let effect = ask(model, what, query);
    if let Effect::Query { tag, .. } = &effect {
        note(model, *tag);
    }
    effect
}

/// The links are those of the owner under the cursor.
fn follow(model: &mut Model) {
    let owner = model.owners.current().map(|row| row.owner.clone());
    if owner.is_some() && owner == model.relations_of {
        return;
    }
    if owner.is_none() && model.owners.on.is_some() {
        // Its row is on its way.
        return;
    }
    let asked = model.relations.asked;
    model.relations = Listing { asked, ..Listing::default() };
    model.relations_of = owner;
    model.touch(Dirty::Now);
}

/// Owners came.
pub(super) fn owners_came(model: &mut Model, tag: u64, result: Result<Window, DeskError>) {
    let height = layout::column_rows(model).0;
    let taken = take(&mut model.owners, tag, unpack(result, rows!(Owners), edge::owner), height);
    if taken.changed {
        model.touch(Dirty::Figures);
    }
    if taken.homeless {
        super::ahead::bereave(model);
    }
    if taken.lost {
        // Half of a key sequence was meant for a link of the record that was there.
        model.prefix.clear();
        model.on_links = false;
        model.touch(Dirty::Now);
        if taken.departed && model.toasts.is_empty() {
            model.toast(Tone::Plain, "the record under the cursor has left this list; the cursor is on the next one");
        }
    }
}

/// Links of an owner came.
pub(super) fn edges_came(model: &mut Model, owner: &TieId, tag: u64, result: Result<Window, DeskError>) {
    if model.relations_of.as_ref() != Some(owner) {
        // The cursor went on meanwhile: that owner's are asked for next.
        if model.relations.asked == Some(tag) {
            model.relations.asked = None;
        }
        return;
    }
    let height = layout::column_rows(model).1;
    let taken = take(&mut model.relations, tag, unpack(result, rows!(Relations), edge::relation), height);
    if taken.changed {
        model.touch(Dirty::Figures);
    }
    if taken.lost {
        model.prefix.clear();
        model.touch(Dirty::Now);
    }
}

/// Goes to a column.
pub(super) fn go_to(model: &mut Model, links: bool) -> Vec<Effect> {
    model.on_links = links;
    model.touch(Dirty::Now);
    super::lists::settle(model)
}

/// The filter of the owners changed: what fits best is looked at first.
pub(super) fn refiltered(model: &mut Model) {
    if !model.on_links && !model.owners.filter.is_empty() {
        (model.owners.at, model.owners.on) = (0, None);
    }
}

/// Puts the owners' cursor on one of them, wherever it stands.
pub(super) fn seek(model: &mut Model, owner: &TieId) {
    model.owners.filter.clear();
    (model.owners.on, model.owners.asked, model.owners.asked_at) = (Some(owner.clone()), None, None);
    (model.owners.stale, model.on_links) = (true, false);
}
