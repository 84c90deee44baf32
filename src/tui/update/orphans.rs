//! Decisions about orphans.

use super::conflicts::the;
use super::{lists, open};
use crate::control::{Candidate, Command, OrphanRow};
use crate::model::{Shown, Side};
use crate::tui::model::{Effect, Listing, Model, PopupBody};
use crate::tui::popup::{Confirm, Picker, Seeks, ours, said};
use crate::tui::theme::Role;

/// Opens the choice of a counterpart.
pub(super) fn link(model: &mut Model) -> Vec<Effect> {
    let Some(row) = model.orphans.current().cloned() else { return Vec::new() };
    let picker = Picker {
        seeks: Seeks::Counterpart(Box::new(row)),
        records: Listing::default(),
        owners: Listing::default(),
        sources: Vec::new(),
        source: 0,
        taking: false,
    };
    open(model, PopupBody::Picker(Box::new(picker)));
    lists::settle(model)
}

/// Asks whether an orphan and a chosen record are the same thing.
pub(super) fn ask_link(model: &mut Model, row: &OrphanRow, chosen: &Candidate) {
    let side = row.record.side;
    let (own, other) = ((row.record.id.clone(), seen(&row.digest)), (chosen.id.clone(), seen(&chosen.digest)));
    let (crm, notion) = if side == Side::Crm { (own, other) } else { (other, own) };
    let shown = crm.1.zip(notion.1).map(|(crm, notion)| Shown { crm, notion });
    let mut lines = vec![ours(Role::Strong, "These two become one thing:")];
    lines.push(said(Role::Accent, format!("{side}: {}", row.title)));
    let field = |(label, text): &(String, String)| said(Role::Dim, format!("  {label}: {text}"));
    lines.extend(row.fields.iter().map(field));
    lines.push(said(Role::Accent, format!("{}: {}", side.other(), chosen.title)));
    lines.extend(chosen.fields.iter().map(field));
    let differs = |(label, own): &&(String, String)| {
        let theirs = chosen.fields.iter().find(|(other, _)| other == label).map(|(_, text)| text);
        theirs.is_some_and(|theirs| !theirs.is_empty() && !own.is_empty() && theirs != own)
    };
    let differing: Vec<&str> = row.fields.iter().filter(differs).map(|(label, _)| label.as_str()).collect();
    lines.push(match differing.len() {
        0 => ours(Role::Text, "No field differs; empty ones are filled if the pair allows it."),
        several => {
            let names = differing.join(", ");
            said(Role::Warn, format!("{several} differ and will wait for you on Conflicts: {names}"))
        }
    });
    lines.push(ours(Role::Dim, "u on its line `tied` in the journal takes it back."));
    let confirm = Confirm::new(
        "Link",
        lines,
        "Yes, link them",
        vec![Command::Link { pair: row.record.pair.clone(), crm: crm.0, notion: notion.0, shown }],
    );
    open(model, PopupBody::Confirm(confirm));
}

/// What a decision is bound to: the record as it is on screen. An engine that makes no digests has nothing to compare.
fn seen(digest: &str) -> Option<String> {
    (!digest.is_empty()).then(|| digest.to_owned())
}

/// Asks whether the counterpart is to be created.
pub(super) fn create(model: &mut Model) -> Vec<Effect> {
    let Some(row) = model.orphans.current().cloned() else { return Vec::new() };
    let other = row.record.side.other();
    let mut lines = vec![
        ours(Role::Strong, format!("A new record will be created in {}, as the counterpart of:", the(other))),
        said(Role::Accent, format!("{}: {}", row.record.side, row.title)),
    ];
    lines.extend(row.fields.iter().map(|(label, text)| said(Role::Dim, format!("  {label}: {text}"))));
    lines.push(ours(Role::Bad, "This cannot be undone from here: crosstie never deletes records."));
    if row.suggestions > 0 {
        let text = format!("{} existing records may be the same thing: linking is safer.", row.suggestions);
        lines.push(ours(Role::Warn, text));
    }
    let confirm = Confirm::new(
        format!("Create in {other}"),
        lines,
        "Yes, create it",
        vec![Command::CreateCounterpart { shown: seen(&row.digest), record: row.record }],
    )
    .demanding(1);
    open(model, PopupBody::Confirm(confirm));
    Vec::new()
}

/// The marked rows, or the one under the cursor, as far as they are ignored or not.
fn meant(model: &Model, ignored: bool) -> Vec<OrphanRow> {
    let marks = &model.orphans.marks;
    let rows: Vec<&OrphanRow> =
        if marks.is_empty() { model.orphans.current().into_iter().collect() } else { marks.values().collect() };
    rows.into_iter().filter(|row| row.ignored.is_some() == ignored).cloned().collect()
}

/// Shows those too that were ignored, or hides them again.
pub(super) fn show_ignored(model: &mut Model) -> Vec<Effect> {
    model.show_ignored = !model.show_ignored;
    if !model.show_ignored {
        // Nothing is decided about rows that are not shown.
        model.orphans.marks.retain(|_, row| row.ignored.is_none());
    }
    lists::refilter(model)
}

/// Takes back that records are ignored: nothing is lost by it, so nothing is asked.
pub(super) fn unignore(model: &mut Model) -> Vec<Effect> {
    let rows = meant(model, true);
    for row in &rows {
        model.orphans.marks.remove(&row.record);
    }
    let commands = rows.into_iter().map(|row| Command::UnignoreOrphan { record: row.record });
    commands.collect::<Vec<_>>().into_iter().filter_map(|command| super::tell(model, command)).collect()
}

/// Asks whether orphans are to be shown no more.
pub(super) fn ignore(model: &mut Model) -> Vec<Effect> {
    let rows = meant(model, false);
    if rows.is_empty() {
        return Vec::new();
    }
    let count = if rows.len() == 1 { "1 orphan".to_owned() } else { format!("{} orphans", rows.len()) };
    let what = format!("{count}: shown among the ignored ones alone. Nothing is written or deleted on either side.");
    let mut lines = vec![ours(Role::Strong, what)];
    lines.extend(rows.iter().map(|row| said(Role::Accent, format!("  {}: {}", row.record.side, row.title))));
    let many = rows.len();
    let confirm = Confirm::new(
        "Ignore",
        lines,
        "Yes, ignore",
        rows.into_iter().map(|row| Command::IgnoreOrphan { shown: seen(&row.digest), record: row.record }).collect(),
    );
    let confirm = if many > super::MANY { confirm.demanding(many) } else { confirm };
    open(model, PopupBody::Confirm(confirm));
    Vec::new()
}
