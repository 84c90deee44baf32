//! Taking a write back, from its line of the journal.

use super::conflicts::flat;
use super::{MANY, open};
use crate::control::{Command, JournalRow};
use crate::model::Happening;
use crate::tui::model::{Effect, Model, PopupBody};
use crate::tui::popup::{Confirm, Told, ours, said};
use crate::tui::theme::Role;

/// Shows what taking this write back would do, and asks. `both` gives the other side the old value too.
pub(super) fn ask(model: &mut Model, both: bool) -> Vec<Effect> {
    if !model.journal.marks.is_empty() {
        return ask_marked(model, both);
    }
    let Some(row) = meant(model).cloned() else { return Vec::new() };
    if row.event.what == Happening::Tied {
        return ask_to_part(model, &row);
    }
    let Some(side) = row.event.side else { return Vec::new() };
    let text = |value: &Option<String>| flat(model, value.as_deref().unwrap_or_default());
    let (old, new) = (text(&row.before), text(&row.after));
    let arrow = model.theme.glyphs.arrow;
    let mut lines = vec![
        ours(Role::Strong, format!("The write of line {} is taken back:", row.event.seq)),
        said(Role::Accent, format!("  {} / {}", row.title, row.label)),
        said(Role::Warn, format!("  {side}: {new} {arrow} {old}")),
    ];
    let other = side.other();
    if both {
        lines.push(said(Role::Warn, format!("  {other}: ends with {old} too")));
        lines.push(ours(Role::Warn, "  whatever somebody wrote there since is written over; nothing is held"));
    } else {
        let text = format!("  {other}: stays as it is, and the field is held until somebody decides");
        lines.push(ours(Role::Text, text));
    }
    lines.push(ours(Role::Text, ""));
    lines.push(ours(Role::Dim, "If anybody has touched the field since, nothing is done."));
    let command = Command::Undo { event: row.event.seq, both };
    let yes = if both { "Yes, undo on both sides" } else { "Yes, undo it" };
    open(model, PopupBody::Confirm(Confirm::new("Undo", lines, yes, vec![command])));
    Vec::new()
}

/// The same for all marked lines, the newest first, in one question.
fn ask_marked(model: &mut Model, both: bool) -> Vec<Effect> {
    let marked: Vec<JournalRow> = model.journal.marks.values().rev().cloned().collect();
    let (can, cannot): (Vec<JournalRow>, Vec<JournalRow>) = marked.into_iter().partition(|row| row.undoable);
    if can.is_empty() {
        return Vec::new();
    }
    let (silent, told): (Vec<_>, Vec<_>) = cannot.into_iter().partition(|row| row.not_undoable.is_empty());
    let count = can.len();
    let mut lines = vec![ours(Role::Strong, format!("{} taken back:", are(count, "line", "lines")))];
    lines.extend(can.iter().flat_map(|row| what_returns(model, row)));
    lines.push(ours(Role::Text, ""));
    if can.iter().any(|row| row.event.what != Happening::Tied) {
        lines.push(if both {
            ours(Role::Warn, "The other side ends with the old value too, whatever somebody wrote there.")
        } else {
            ours(Role::Text, "The other side stays as it is, and each field is held until somebody decides.")
        });
    }
    if can.iter().any(|row| row.event.what == Happening::Tied) {
        lines.push(ours(Role::Text, "Of what was tied, nothing is written or deleted: both wait on Orphans."));
    }
    if !told.is_empty() {
        lines.push(ours(Role::Bad, format!("x {} not taken back:", are(told.len(), "line", "lines"))));
        for row in &told {
            lines.push(said(Role::Accent, format!("  {}", heading(row))));
            lines.push(said(Role::Bad, format!("    {}", why_not(row))));
        }
    }
    if !silent.is_empty() {
        let tell =
            if silent.len() == 1 { "1 marked line tells" } else { &format!("{} marked lines tell", silent.len()) };
        lines.push(ours(Role::Dim, format!("{tell} of no write and no tie, and nothing is done about it.")));
    }
    lines.push(ours(Role::Dim, "Where anybody has touched a field since, nothing is done."));
    let commands = can.iter().map(|row| Command::Undo { event: row.event.seq, both }).collect();
    let yes = match (count, both) {
        (1, false) => "Yes, undo it".to_owned(),
        (1, true) => "Yes, undo it on both sides".to_owned(),
        (_, false) => format!("Yes, undo {count}"),
        (_, true) => format!("Yes, undo {count} on both sides"),
    };
    let confirm = Confirm::new("Undo", lines, &yes, commands);
    open(model, PopupBody::Confirm(if count > MANY { confirm.demanding(count) } else { confirm }));
    Vec::new()
}

fn are(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one} is") } else { format!("{count} {several} are") }
}

fn heading(row: &JournalRow) -> String {
    if row.label.is_empty() { row.title.clone() } else { format!("{} / {}", row.title, row.label) }
}

/// What one of several lines does when it is taken back.
fn what_returns(model: &Model, row: &JournalRow) -> [Told; 2] {
    let text = |value: &Option<String>| flat(model, value.as_deref().unwrap_or_default());
    let does = match row.event.side.filter(|_| row.event.what != Happening::Tied) {
        Some(side) => format!("  {side}: {} {} {}", text(&row.after), model.theme.glyphs.arrow, text(&row.before)),
        None => "  the tie ends".to_owned(),
    };
    [said(Role::Accent, format!("  {}", heading(row))), said(Role::Warn, format!("  {does}"))]
}

/// Why a line cannot be taken back.
pub(in crate::tui) fn why_not(row: &JournalRow) -> String {
    if row.not_undoable.is_empty() {
        return "this line tells of no write and no tie; only those are taken back".to_owned();
    }
    row.not_undoable.clone()
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
        ours(Role::Strong, "These two were tied, and are not the same thing:"),
        said(Role::Accent, format!("  {}", row.title)),
        ours(Role::Text, "The tie ends. Nothing is written or deleted, and nothing ties them again by itself:"),
        ours(Role::Text, "both wait on Orphans, to be linked, created or ignored."),
        ours(Role::Dim, "What was written since they were tied stays; take those lines back first, if it must not."),
    ];
    let command = Command::Undo { event: row.event.seq, both: false };
    open(model, PopupBody::Confirm(Confirm::new("Untie", lines, "Yes, untie them", vec![command])));
    Vec::new()
}
