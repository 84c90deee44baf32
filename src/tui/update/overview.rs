//! Decisions about a pair as a whole, and about what waits in the queue.

use super::open;
use crate::control::{Command, PairState};
use crate::tui::model::{Effect, Model, PopupBody};
use crate::tui::popup::{Confirm, ours, said};
use crate::tui::theme::Role;

/// Asks whether the counts of the first matching are right.
pub(super) fn approve(model: &mut Model) -> Vec<Effect> {
    let pair = model.pair_in(|state| matches!(state, PairState::Review { .. })).cloned();
    let Some(pair) = pair else { return Vec::new() };
    model.pair = Some(pair.name.clone());
    let PairState::Review { sure, ambiguous, crm_only, notion_only, marked } = pair.state else { return Vec::new() };
    let mut lines = vec![
        ours(Role::Strong, format!("{}: nothing has been written yet. From here on:", pair.name)),
        ours(Role::Text, format!("  {sure} records were matched by a unique key and are tied")),
        ours(Role::Text, format!("  {ambiguous} match several: they become orphans for you to link")),
        ours(Role::Text, format!("  {crm_only} are in the CRM only, {notion_only} in Notion only:")),
        ours(Role::Text, "    their counterparts are created where the pair allows it"),
        ours(Role::Text, "  fields that differ are held for you; empty ones are filled where the pair allows it"),
        ours(Role::Bad, "None of this is undone as a whole: crosstie never deletes records."),
    ];
    if marked > 0 {
        let what = format!("{marked} pages carry the markers of another crosstie, which this store knows nothing of.");
        lines.push(ours(Role::Bad, what));
        lines.push(ours(
            Role::Bad,
            "Stop that one first: two would overwrite each other. A guard asks about them next.",
        ));
    }
    // What is tied or may be created by this; those that match several wait for a person in any case.
    let about = counted(sure.saturating_add(crm_only).saturating_add(notion_only));
    let mut confirm = Confirm::new(
        format!("Start keeping {} in step", pair.name),
        lines,
        "Yes, start",
        vec![Command::Approve { pair: pair.name.clone() }],
    )
    .demanding(about);
    confirm.about = Some((pair.name, pair.state));
    open(model, PopupBody::Confirm(confirm));
    Vec::new()
}

/// Asks whether a guarded plan may happen.
pub(super) fn let_happen(model: &mut Model) -> Vec<Effect> {
    let pair = model.pair_in(|state| matches!(state, PairState::Guarded { .. })).cloned();
    let Some(pair) = pair else { return Vec::new() };
    model.pair = Some(pair.name.clone());
    let PairState::Guarded { what, plan, count } = pair.state.clone() else { return Vec::new() };
    let mut lines = vec![ours(Role::Strong, format!("A guard stopped {}: this would happen.", pair.name))];
    lines.push(said(Role::Warn, what));
    lines.push(ours(Role::Text, "It may then happen once, exactly like this; any other plan is asked about again."));
    let mut confirm = Confirm::new(
        "Let it happen",
        lines,
        "Yes, let it happen",
        vec![Command::Override { pair: pair.name.clone(), plan }],
    )
    .demanding(counted(count));
    confirm.about = Some((pair.name, pair.state));
    open(model, PopupBody::Confirm(confirm));
    Vec::new()
}

/// A count as it is to be typed; where it is not known, or nothing is counted, the one plan counts.
fn counted(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).max(1)
}

/// Asks whether a pair's writes are to stop, or to go on.
pub(super) fn pause(model: &mut Model, stop: bool) -> Vec<Effect> {
    let Some(name) = model.pair().map(|pair| pair.name.clone()) else { return Vec::new() };
    let lines = if stop {
        vec![
            ours(Role::Strong, format!("Nothing of {name} will be written until somebody resumes it.")),
            ours(Role::Text, "Both sides are still observed; what changes meanwhile waits, and conflicts are held."),
            ours(Role::Text, "What was sent already is finished."),
        ]
    } else {
        vec![ours(Role::Strong, format!("{name} is written again; what has waited goes next."))]
    };
    let confirm = match stop {
        true => Confirm::new("Pause", lines, "Yes, pause it", vec![Command::Pause { pair: name }]),
        false => Confirm::new("Resume", lines, "Yes, resume it", vec![Command::Resume { pair: name }]),
    };
    open(model, PopupBody::Confirm(confirm));
    Vec::new()
}

/// Asks whether an operation is to go now.
pub(super) fn hasten(model: &mut Model) -> Vec<Effect> {
    let Some(row) = model.queue.current().cloned() else { return Vec::new() };
    let lines = vec![
        ours(Role::Strong, "This goes with the next free request:"),
        said(Role::Accent, format!("  {} {} in {}", row.op, row.title, row.side)),
        said(Role::Text, format!("  {}", row.fields.join(", "))),
        ours(Role::Text, "It waits because somebody may still be typing there, or because it failed a moment ago."),
    ];
    let command = Command::Hasten { pair: row.pair, side: row.side, record: row.record };
    open(model, PopupBody::Confirm(Confirm::new("Send it now", lines, "Yes, send it now", vec![command])));
    Vec::new()
}

/// Asks whether a record's writes are to be held back.
pub(super) fn park(model: &mut Model) -> Vec<Effect> {
    let Some(row) = model.queue.current().cloned() else { return Vec::new() };
    let lines = vec![
        ours(Role::Strong, "Nothing of this record is written until somebody lets it go:"),
        said(Role::Accent, format!("  {} {} in {}", row.op, row.title, row.side)),
        said(Role::Text, format!("  {}", row.fields.join(", "))),
        ours(Role::Dim, "It stands among the conflicts meanwhile; trying again there lets it go."),
    ];
    let command = Command::Park { pair: row.pair, side: row.side, record: row.record };
    open(model, PopupBody::Confirm(Confirm::new("Hold back", lines, "Yes, hold it back", vec![command])));
    Vec::new()
}
