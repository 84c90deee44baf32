//! Taking a write back, from its line of the journal.

use super::conflicts::flat;
use super::open;
use crate::control::{Command, JournalRow};
use crate::model::Happening;
use crate::tui::model::{Effect, Model, PopupBody};
use crate::tui::popup::Confirm;
use crate::tui::theme::Role;

/// Shows what taking this write back would do, and asks. `both` gives the other side the old value too.
pub(super) fn ask(model: &mut Model, both: bool) -> Vec<Effect> {
    let Some(row) = meant(model).cloned() else { return Vec::new() };
    if row.event.what == Happening::Tied {
        return ask_to_part(model, &row);
    }
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
        (Role::Warn, format!("  {}: ends with {old} too, whatever somebody wrote there; nothing is held", side.other()))
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

/// The line that is taken back: the one under the cursor, or the newest write that can be of the field it tells of. What an
/// operator sees of a decision is several lines, and only one of them is the write.
pub(in crate::tui) fn meant(model: &Model) -> Option<&JournalRow> {
    let here = model.journal.current()?;
    if here.undoable || !here.not_undoable.is_empty() || here.event.field.is_none() {
        return Some(here);
    }
    let same = |row: &&JournalRow| {
        let (row, here) = (&row.event, &here.event);
        row.what == Happening::Wrote && (&row.pair, &row.crm, &row.field) == (&here.pair, &here.crm, &here.field)
    };
    model.journal.rows.iter().filter(same).find(|row| row.undoable).or(Some(here))
}

fn ask_to_part(model: &mut Model, row: &JournalRow) -> Vec<Effect> {
    let lines = vec![
        (Role::Strong, "These two were tied, and are not the same thing:".to_owned()),
        (Role::Accent, format!("  {}", row.title)),
        (Role::Text, "The tie ends. Nothing is written or deleted, and nothing ties them again by itself:".to_owned()),
        (Role::Text, "both wait on Orphans, to be linked, created or ignored.".to_owned()),
        (
            Role::Dim,
            "What was written since they were tied stays; take those lines back first, if it must not.".to_owned(),
        ),
    ];
    let command = Command::Undo { event: row.event.seq, both: false };
    open(model, PopupBody::Confirm(Confirm::new("Untie", lines, "Yes, untie them", vec![command])));
    Vec::new()
}
