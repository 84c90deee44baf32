//! Decisions about edges between records.

use super::{lists, open};
use crate::control::{Candidate, Command, RelationRow};
use crate::model::{FieldKey, PairName, Shown, TieId};
use crate::tui::model::{Effect, Listing, Model, PopupBody};
use crate::tui::popup::{Confirm, Picker, Seeks};
use crate::tui::theme::Role;

/// Asks whether the edge under the cursor is to go.
pub(super) fn unlink(model: &mut Model) -> Vec<Effect> {
    let Some(row) = model.relations.current().cloned() else { return Vec::new() };
    let Some(target) = row.target.clone() else { return Vec::new() };
    let lines = vec![
        (Role::Strong, "This edge will be taken away on both sides; both records stay.".to_owned()),
        (Role::Accent, format!("  {} {} {}", row.owner_title, model.theme.glyphs.arrow, row.target_title)),
    ];
    let confirm = Confirm::new(
        "Unlink",
        lines,
        "Yes, unlink",
        vec![Command::Relate { owner: row.owner, field: row.field, target, linked: false, shown: row.shown }],
    );
    open(model, PopupBody::Confirm(confirm));
    Vec::new()
}

/// Chooses what to link to the owner under the cursor.
pub(super) fn link_more(model: &mut Model) -> Vec<Effect> {
    let Some(row) = model.relations.current().cloned() else { return Vec::new() };
    choose_target(model, &row)
}

/// Chooses an owner first.
pub(super) fn link_new(model: &mut Model) -> Vec<Effect> {
    picker(model, Seeks::Owner, Vec::new())
}

/// Chooses what to link to this owner.
pub(super) fn choose_target(model: &mut Model, row: &RelationRow) -> Vec<Effect> {
    let sources = sources(model, row);
    let seeks = Seeks::Target {
        owner: row.owner.clone(),
        title: row.owner_title.clone(),
        field: row.field.clone(),
        shown: row.shown.clone(),
    };
    picker(model, seeks, sources)
}

/// Where the other ends of this relation are: the pair that its edges lead to, if one is known; then all others.
fn sources(model: &Model, row: &RelationRow) -> Vec<PairName> {
    let known = std::iter::once(row).chain(&model.relations.rows);
    let known = known.filter(|known| known.owner.pair == row.owner.pair && known.field == row.field);
    let known = known.filter_map(|known| known.target.as_ref()).map(|target| target.pair.clone());
    let all = model.snapshot.iter().flat_map(|snapshot| &snapshot.pairs).map(|pair| pair.name.clone());
    let others = all.clone().filter(|pair| *pair != row.owner.pair);
    let mut sources: Vec<PairName> = Vec::new();
    for pair in known.chain(others).chain(all) {
        if !sources.contains(&pair) {
            sources.push(pair);
        }
    }
    sources
}

fn picker(model: &mut Model, seeks: Seeks, sources: Vec<PairName>) -> Vec<Effect> {
    let picker =
        Picker { seeks, records: Listing::default(), owners: Listing::default(), sources, source: 0, taking: false };
    open(model, PopupBody::Picker(Box::new(picker)));
    lists::settle(model)
}

/// What a chosen edge consists of.
pub(super) struct Edge<'a> {
    pub(super) owner: &'a TieId,
    pub(super) title: &'a str,
    pub(super) field: &'a FieldKey,
    pub(super) pair: PairName,
    pub(super) shown: Option<Shown>,
}

/// Asks whether the edge is to be there.
pub(super) fn ask_link(model: &mut Model, edge: &Edge<'_>, chosen: &Candidate) {
    let lines = vec![
        (Role::Strong, "This edge will be written on both sides:".to_owned()),
        (Role::Accent, format!("  {} {} {}", edge.title, model.theme.glyphs.arrow, chosen.title)),
    ];
    let target = TieId { pair: edge.pair.clone(), crm: chosen.id.clone() };
    let (owner, field, shown) = (edge.owner.clone(), edge.field.clone(), edge.shown.clone());
    let command = Command::Relate { owner, field, target, linked: true, shown };
    let confirm = Confirm::new("Link", lines, "Yes, link them", vec![command]);
    open(model, PopupBody::Confirm(confirm));
}
