//! Taking a write back, from its line of the journal.

use super::conflicts::flat;
use super::open;
use crate::control::Command;
use crate::tui::model::{Effect, Model, PopupBody};
use crate::tui::popup::Confirm;
use crate::tui::theme::Role;

/// Shows what taking this write back would do, and asks. `both` gives the other side the old value too.
pub(super) fn ask(model: &mut Model, both: bool) -> Vec<Effect> {
    let Some(row) = model.journal.current().cloned() else { return Vec::new() };
    let Some(side) = row.event.side else { return Vec::new() };
    let text = |value: &Option<String>| flat(model, value.as_deref().unwrap_or_default());
    let (old, new) = (text(&row.before), text(&row.after));
    let arrow = model.theme.glyphs.arrow;
    let mut lines = vec![
        (Role::Strong, format!("The write of line {} is taken back:", row.event.seq)),
        (Role::Accent, format!("  {} / {}", row.title, row.label)),
        (Role::Warn, format!("  {side}: {new} {arrow} {old}")),
    ];
    lines.push(if both {
        (Role::Warn, format!("  {}: gets {old} too, over what somebody wrote there; nothing is held", side.other()))
    } else {
        (Role::Text, format!("  {}: stays as it is, and the field is held until somebody decides", side.other()))
    });
    lines.push((Role::Text, String::new()));
    lines.push((Role::Dim, "If anybody has touched the field since, nothing is done.".to_owned()));
    let command = Command::Undo { event: row.event.seq, both };
    let yes = if both { "Yes, undo on both sides" } else { "Yes, undo it" };
    open(model, PopupBody::Confirm(Confirm::new("Undo", lines, yes, vec![command])));
    Vec::new()
}
