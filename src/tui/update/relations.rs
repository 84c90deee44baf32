//! Decisions about edges between records: who is linked to whom, and in which role.

use super::{ask, linker, lists, open};
use crate::control::{Candidate, Command, DeskError, LinkRole, List, Query, RelationRow, Rows, Window};
use crate::model::{FieldKey, PairName, TieId};
use crate::tui::model::{Effect, Line, Listing, Model, PopupBody, Tone, Waiting, edge};
use crate::tui::popup::{Confirm, Picker, Roles, Seeks, Wish, ours, said};
use crate::tui::theme::Role;

/// Asks whether the edge under the cursor is to go.
pub(super) fn unlink(model: &mut Model) -> Vec<Effect> {
    let Some((row, target)) = edge_here(model) else { return Vec::new() };
    let role = role_of(model, &row);
    let wish = Wish { gone: true, ..wish(&row.owner, &row.owner_title, target, &row.target_title) };
    look(model, wish, role)
}

/// Gives the record under the cursor another role for its owner.
pub(super) fn change_role(model: &mut Model) -> Vec<Effect> {
    let Some((row, target)) = edge_here(model) else { return Vec::new() };
    let from = Some(role_of(model, &row));
    choose_role(model, Wish { from, ..wish(&row.owner, &row.owner_title, target, &row.target_title) })
}

/// Chooses what to link to the owner under the cursor.
pub(super) fn link_more(model: &mut Model) -> Vec<Effect> {
    let Some(row) = model.owners.current().cloned() else { return Vec::new() };
    choose_target(model, row.owner, row.title)
}

/// Chooses an owner first.
pub(super) fn link_new(model: &mut Model) -> Vec<Effect> {
    picker(model, Seeks::Owner, Vec::new())
}

/// An owner was chosen: the page shows it, and what is to be linked to it is chosen next.
pub(super) fn owner_chosen(model: &mut Model, owner: TieId, title: String) -> Vec<Effect> {
    linker::seek(model, &owner);
    choose_target(model, owner, title)
}

fn choose_target(model: &mut Model, owner: TieId, title: String) -> Vec<Effect> {
    let sources = sources(model, &owner);
    picker(model, Seeks::Target { owner, title }, sources)
}

/// Whoever was quicker than the first snapshot that tells the roles gets them now.
pub(super) fn roles_came(model: &mut Model) {
    let Some(PopupBody::Picker(picker)) = model.top() else { return };
    let Seeks::Target { owner, .. } = &picker.seeks else { return };
    if !picker.sources.is_empty() {
        return;
    }
    let sources = sources(model, &owner.clone());
    if let Some(PopupBody::Picker(picker)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        (picker.sources, picker.records.stale) = (sources, true);
    }
}

/// Where the other ends are: first the pair that the row under the cursor leads to.
fn sources(model: &Model, owner: &TieId) -> Vec<PairName> {
    let here = model.relations.current().filter(|row| model.on_links && row.owner == *owner);
    let here = here.and_then(|row| linker::role(model, &owner.pair, &row.field));
    let mut sources: Vec<PairName> = Vec::new();
    for role in here.into_iter().chain(linker::roles(model, &owner.pair)) {
        if !sources.contains(&role.leads) {
            sources.push(role.leads.clone());
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

/// A record was chosen to be linked.
pub(super) fn target_chosen(
    model: &mut Model,
    owner: &TieId,
    title: &str,
    pair: PairName,
    chosen: &Candidate,
) -> Vec<Effect> {
    let target = TieId { pair, crm: chosen.id.clone() };
    choose_role(model, wish(owner, title, target, &chosen.title))
}

fn wish(owner: &TieId, owner_title: &str, target: TieId, target_title: &str) -> Wish {
    Wish {
        owner: owner.clone(),
        owner_title: owner_title.to_owned(),
        target,
        target_title: target_title.to_owned(),
        from: None,
        gone: false,
    }
}

fn edge_here(model: &Model) -> Option<(RelationRow, TieId)> {
    let row = model.relations.current()?.clone();
    let target = row.target.clone()?;
    Some((row, target))
}

/// The role of an edge; what its row tells, where the mapping is just being read anew.
fn role_of(model: &Model, row: &RelationRow) -> LinkRole {
    linker::role(model, &row.owner.pair, &row.field).cloned().unwrap_or_else(|| LinkRole {
        field: row.field.clone(),
        label: row.label.clone(),
        leads: row.target.as_ref().map_or_else(|| row.owner.pair.clone(), |target| target.pair.clone()),
        single: false,
        within: None,
        only_in: None,
    })
}

/// Asks for the role, if there are several.
fn choose_role(model: &mut Model, wish: Wish) -> Vec<Effect> {
    let fits = |role: &&LinkRole| {
        role.leads == wish.target.pair && wish.from.as_ref().is_none_or(|from| from.field != role.field)
    };
    let mut rows: Vec<LinkRole> = linker::roles(model, &wish.owner.pair).iter().filter(fits).cloned().collect();
    match rows.len() {
        0 => {
            model.toast(Tone::Warn, format!("{} has no role to give here", wish.owner_title));
            Vec::new()
        }
        1 => {
            let role = rows.remove(0);
            look(model, wish, role)
        }
        _ => {
            // Where the cursor stands is what is meant most likely.
            let here = model.relations.current().filter(|row| model.on_links && row.owner == wish.owner);
            let at = here.and_then(|row| rows.iter().position(|role| role.field == row.field)).unwrap_or(0);
            open(model, PopupBody::Roles(Box::new(Roles { wish, rows, at, line: Line::default() })));
            Vec::new()
        }
    }
}

/// A role was chosen.
pub(super) fn role_chosen(model: &mut Model) -> Vec<Effect> {
    let chosen = match model.top() {
        Some(PopupBody::Roles(roles)) => roles.current().cloned().map(|role| (roles.wish.clone(), role)),
        _ => None,
    };
    match chosen {
        Some((wish, role)) => look(model, wish, role),
        None => {
            model.toast(Tone::Warn, "no role is called like that");
            Vec::new()
        }
    }
}

/// Before anything is asked, all links of the owner are looked at: what the column shows may be a part of them, or old.
fn look(model: &mut Model, wish: Wish, role: LinkRole) -> Vec<Effect> {
    let serial = model.popups.last().map(|popup| popup.serial);
    let query = Query { limit: 500, ..Query::all(List::Edges { owner: wish.owner.clone() }) };
    vec![ask(model, Waiting::Wish { serial, wish: Box::new(wish), role: Box::new(role) }, query)]
}

/// All links of the owner came: the question says what would happen to them.
pub(super) fn looked(
    model: &mut Model,
    serial: Option<u64>,
    wish: &Wish,
    role: &LinkRole,
    result: Result<Window, DeskError>,
) {
    if model.popups.last().map(|popup| popup.serial) != serial {
        // The operator went on.
        return;
    }
    let rows = match result {
        Ok(Window { rows: Rows::Relations(rows), .. }) => rows.into_iter().map(edge::relation).collect::<Vec<_>>(),
        Ok(_) => return model.toast(Tone::Bad, "the engine answered with another list; try again"),
        Err(error) => return model.toast(Tone::Bad, error.to_string()),
    };
    match question(model, wish, role, &rows) {
        Ok(confirm) => {
            open(model, PopupBody::Confirm(confirm));
        }
        Err(why) => model.toast(Tone::Warn, why),
    }
}

/// What a wish comes to, or why it cannot be.
fn question(model: &Model, wish: &Wish, role: &LinkRole, rows: &[RelationRow]) -> Result<Confirm, String> {
    let (owner, target) = (&wish.owner_title, &wish.target_title);
    let with = |field: &FieldKey| {
        let field = field.clone();
        rows.iter().filter(move |row| row.field == field && row.target.is_some())
    };
    let has = |field: &FieldKey| with(field).any(|row| row.target.as_ref() == Some(&wish.target));
    let label = |field: &FieldKey| linker::role(model, &wish.owner.pair, field).map_or("", |role| role.label.as_str());
    for one in wish.from.iter().chain([role]) {
        if let Some(side) = one.only_in {
            return Err(format!("`{}` goes one way only: change it in {side}", one.label));
        }
    }
    let shown = |field: &FieldKey| rows.iter().find(|row| row.field == *field).and_then(|row| row.shown.clone());
    let relate = |role: &LinkRole, linked, instead_of| Command::Relate {
        owner: wish.owner.clone(),
        field: role.field.clone(),
        target: wish.target.clone(),
        linked,
        instead_of,
        shown: shown(&role.field),
    };
    let edge = said(Role::Accent, format!("  {owner} {} {target}", model.theme.glyphs.arrow));
    if wish.gone {
        chosen_stays(role, label, |field| with(field).next().is_some())?;
        let mut lines = vec![
            ours(Role::Strong, "This edge will be taken away on both sides; both records stay."),
            edge,
            ours(Role::Text, format!("  no longer as `{}`", role.label)),
        ];
        let chosen = linker::roles(model, &wish.owner.pair).iter().filter(|it| it.within.as_ref() == Some(&role.field));
        for it in chosen.filter(|it| has(&it.field)) {
            lines
                .push(ours(Role::Warn, format!("It is `{}` no more either: the system's next one follows.", it.label)));
        }
        return Ok(Confirm::new("Unlink", lines, "Yes, unlink", vec![relate(role, false, None)]));
    }
    if has(&role.field) {
        return Err(format!("{target} is `{}` of {owner} already", role.label));
    }
    let stays = wish.from.as_ref().filter(|from| role.within.as_ref() == Some(&from.field));
    if let Some(from) = wish.from.as_ref().filter(|_| stays.is_none()) {
        chosen_stays(from, label, |field| with(field).next().is_some())?;
    }
    let taken = with(&role.field).find(|_| role.single);
    if taken.is_some_and(|row| row.pending) {
        return Err(format!("a change of `{}` is on its way: wait for it", role.label));
    }
    let mut lines = match &wish.from {
        None => vec![
            ours(Role::Strong, "This edge will be written on both sides:"),
            edge,
            ours(Role::Text, format!("  as `{}`", role.label)),
        ],
        Some(from) => vec![
            ours(Role::Strong, "The role will be changed on both sides:"),
            edge,
            ours(Role::Text, format!("  from `{}` to `{}`", from.label, role.label)),
        ],
    };
    if let Some(from) = stays {
        lines.push(ours(Role::Text, format!("It stays among `{}`, out of whom it is chosen.", from.label)));
    } else if let Some(above) = role.within.as_ref().filter(|above| !has(above)) {
        lines.push(ours(Role::Text, format!("The system puts it among `{}` too.", label(above))));
    }
    if let Some(row) = taken {
        let what = match &role.within {
            Some(above) => format!("stays among `{}`", label(above)),
            None => format!("is `{}` no more", role.label),
        };
        lines.push(said(Role::Warn, format!("It takes the place of {}, which {what}.", row.target_title)));
    }
    let mut commands = vec![relate(role, true, taken.and_then(|row| row.target.clone()))];
    // It gets the new role first: whatever fails, it is never without one.
    commands.extend(wish.from.iter().filter(|_| stays.is_none()).map(|from| relate(from, false, None)));
    Ok(match wish.from {
        None => Confirm::new("Link", lines, "Yes, link them", commands),
        Some(_) => Confirm::new("Another role", lines, "Yes, change it", commands).in_turn(),
    })
}

/// A role that a system gives to one of several cannot be taken from all of them.
fn chosen_stays<'l>(
    role: &LinkRole,
    label: impl Fn(&FieldKey) -> &'l str,
    anybody: impl Fn(&FieldKey) -> bool,
) -> Result<(), String> {
    match role.within.as_ref().filter(|above| anybody(above)) {
        None => Ok(()),
        Some(above) => Err(format!(
            "one of `{}` is always `{}`: link another one as that, or unlink this one from `{}`",
            label(above),
            role.label,
            label(above)
        )),
    }
}
