//! Decisions about a pair as a whole.

use super::open;
use crate::control::{Command, PairState};
use crate::tui::model::{Effect, Model, PopupBody};
use crate::tui::popup::Confirm;
use crate::tui::theme::Role;

/// Asks whether the counts of the first matching are right.
pub(super) fn approve(model: &mut Model) -> Vec<Effect> {
    let Some(pair) = model.pair().cloned() else { return Vec::new() };
    let PairState::Review { sure, ambiguous, crm_only, notion_only } = pair.state else { return Vec::new() };
    let lines = vec![
        (Role::Strong, format!("{}: nothing has been written yet. From here on:", pair.name)),
        (Role::Text, format!("  {sure} records were matched by a unique key and are tied")),
        (Role::Text, format!("  {ambiguous} match several: they become orphans for you to link")),
        (Role::Text, format!("  {crm_only} are in the CRM only, {notion_only} in Notion only:")),
        (Role::Text, "    their counterparts are created where the pair allows it".to_owned()),
        (
            Role::Text,
            "  fields that differ are held for you; empty ones are filled where the pair allows it".to_owned(),
        ),
    ];
    let mut confirm = Confirm::new(
        format!("Start keeping {} in step", pair.name),
        lines,
        "Yes, start",
        vec![Command::Approve { pair: pair.name.clone() }],
    );
    confirm.about = Some((pair.name, pair.state));
    open(model, PopupBody::Confirm(confirm));
    Vec::new()
}

/// Asks whether a guarded plan may happen.
pub(super) fn let_happen(model: &mut Model) -> Vec<Effect> {
    let Some(pair) = model.pair().cloned() else { return Vec::new() };
    let PairState::Guarded { what, plan } = pair.state.clone() else { return Vec::new() };
    let mut lines = vec![(Role::Strong, format!("A guard stopped {}: this would happen.", pair.name))];
    lines.extend(super::popups::paragraphs(&what, Role::Warn));
    lines.push((
        Role::Text,
        "It may then happen once, exactly like this; any other plan is asked about again.".to_owned(),
    ));
    let mut confirm = Confirm::new(
        "Let it happen",
        lines,
        "Yes, let it happen",
        vec![Command::Override { pair: pair.name.clone(), plan }],
    );
    confirm.about = Some((pair.name, pair.state));
    open(model, PopupBody::Confirm(confirm));
    Vec::new()
}
