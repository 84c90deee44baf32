//! Decisions about held fields. Each is put as a question that carries the digests of exactly the values it shows.

use super::{ask, open};
use crate::control::{Command, List, Query, Resolution, SideValue};
use crate::model::{HoldId, Shown, Side, TieId};
use crate::tui::model::{Choice, Effect, HoldItem, Model, PopupBody, Tone, Waiting, text};
use crate::tui::popup::{Confirm, Edit};
use crate::tui::theme::Role;

/// What an operator sees who looks at this row.
fn shown(item: &HoldItem) -> Shown {
    Shown { crm: item.row.crm.digest.clone(), notion: item.row.notion.digest.clone() }
}

fn resolution(item: &HoldItem, choice: Choice) -> Resolution {
    let (id, shown) = (item.row.id.clone(), shown(item));
    match choice {
        Choice::Force(side) => Resolution::Force { id, shown, side },
        Choice::Keep => Resolution::Keep { id, shown },
    }
}

/// Asks about the marked rows, or the one under the cursor.
pub(super) fn decide(model: &mut Model, choice: Choice) -> Vec<Effect> {
    let items: Vec<HoldItem> = if model.holds.marks.is_empty() {
        model.holds.current().cloned().into_iter().collect()
    } else {
        model.holds.marks.values().cloned().collect()
    };
    question(model, choice, &items, "");
    Vec::new()
}

/// Gets every hold of the record under the cursor, to ask about all of them.
pub(super) fn decide_record(model: &mut Model, choice: Choice) -> Vec<Effect> {
    let Some(row) = model.holds.current().map(|item| item.row.clone()) else { return Vec::new() };
    let Some(tie) = row.id.tie_id() else { return Vec::new() };
    let query = Query { list: List::Holds, filter: row.title, offset: 0, limit: 500 };
    vec![ask(model, Waiting::Record { tie, choice }, query)]
}

/// Asks about all holds of a record, now that they are here.
pub(super) fn ask_record(model: &mut Model, tie: &TieId, choice: Choice, items: Vec<HoldItem>, complete: bool) {
    // The operator went on meanwhile: a question about what they left would surprise them.
    let here = model.holds.current().and_then(|item| item.row.id.tie_id());
    if here.as_ref() != Some(tie) || !model.popups.is_empty() {
        return;
    }
    let of_tie = |item: &HoldItem| item.row.id.tie_id().as_ref() == Some(tie);
    let (mut items, mut complete) = (items.into_iter().filter(of_tie).collect::<Vec<_>>(), complete);
    if items.is_empty() {
        // The title as it is shown is not always the title as it can be searched.
        (items, complete) = (model.holds.rows.iter().filter(|item| of_tie(item)).cloned().collect(), false);
    }
    let note = if complete { "" } else { "There may be more fields than these: they were not all found." };
    question(model, choice, &items, note);
}

fn question(model: &mut Model, choice: Choice, items: &[HoldItem], note: &str) {
    let decidable: Vec<&HoldItem> = items.iter().filter(|item| item.row.decidable).collect();
    if decidable.is_empty() {
        model.toast(Tone::Warn, "none of these can be decided: their details say what to do");
        return;
    }
    let count = decidable.len();
    let fields = if count == 1 { "1 field".to_owned() } else { format!("{count} fields") };
    let (title, what, yes) = match choice {
        Choice::Force(side) => (
            format!("{side} wins"),
            format!("{fields}: {}'s value will be written to {}, over what is there.", the(side), the(side.other())),
            format!("Yes, {side} wins"),
        ),
        Choice::Keep => (
            "Keep both".to_owned(),
            format!("{fields}: both sides stay as they are, until one of them changes."),
            "Yes, keep both".to_owned(),
        ),
    };
    let mut lines = vec![(Role::Strong, what)];
    for text in [note.to_owned(), left_out(items.len() - count)] {
        if !text.is_empty() {
            lines.push((Role::Warn, text));
        }
    }
    for item in &decidable {
        lines.push((Role::Text, String::new()));
        lines.push((Role::Accent, heading(item)));
        for side in Side::BOTH {
            let wins = choice == Choice::Force(side);
            let loses = choice == Choice::Force(side.other());
            let fate = if wins {
                " (wins)"
            } else if loses {
                " (will be overwritten)"
            } else {
                ""
            };
            let role = if loses { Role::Warn } else { Role::Text };
            lines.push((role, format!("  {side}{fate}: {}", flat(model, value(item, side)))));
        }
        if let Some(decided) = &item.row.decided {
            lines.push((Role::Warn, format!("  already decided: {decided}; this takes its place")));
        }
    }
    lines.push((Role::Text, String::new()));
    lines.push((Role::Dim, "If a value has changed since, nothing is done and it is shown again.".to_owned()));
    let items = decidable.into_iter().map(|item| resolution(item, choice)).collect();
    let confirm =
        Confirm { title, lines, yes, commands: vec![Command::Resolve { items }], on_yes: false, top: 0, about: None };
    open(model, PopupBody::Confirm(confirm));
}

/// A side in a sentence.
pub(super) fn the(side: Side) -> &'static str {
    match side {
        Side::Crm => "the CRM",
        Side::Notion => "Notion",
    }
}

fn left_out(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 more cannot be decided this way and stays held.".to_owned(),
        count => format!("{count} more cannot be decided this way and stay held."),
    }
}

fn heading(item: &HoldItem) -> String {
    format!("{} / {}", item.row.title, item.row.label)
}

fn value(item: &HoldItem, side: Side) -> &SideValue {
    match side {
        Side::Crm => &item.row.crm,
        Side::Notion => &item.row.notion,
    }
}

fn flat(model: &Model, value: &SideValue) -> String {
    if value.text.is_empty() {
        return "(empty)".to_owned();
    }
    text::one_line(&value.text, model.theme.glyphs.newline).replace('\n', model.theme.glyphs.newline)
}

/// Opens the editor.
pub(super) fn edit(model: &mut Model) -> Vec<Effect> {
    let Some(item) = model.holds.current().cloned() else { return Vec::new() };
    let mut edit = Edit {
        id: item.row.id.clone(),
        shown: shown(&item),
        title: heading(&item),
        kind: item.row.kind,
        options: item.row.options.iter().map(|option| text::editable(option)).collect(),
        base: item.base,
        crm: item.crm.clone(),
        notion: item.notion,
        area: tui_textarea::TextArea::default(),
    };
    let draft = model.drafts.get(&item.row.id).cloned();
    edit.replace(draft.as_deref().unwrap_or(&item.crm));
    open(model, PopupBody::Edit(Box::new(edit)));
    if draft.is_some() {
        model.toast(Tone::Plain, "this is your earlier text; the values may have changed since you typed it");
    }
    Vec::new()
}

/// Asks whether the edited value is to be written.
pub(super) fn ask_edited(model: &mut Model, edit: &Edit) {
    let text = edit.text();
    let shown = if text.is_empty() { "(empty)".to_owned() } else { text.clone() };
    let mut lines = vec![
        (Role::Strong, "1 field: this value will be written to both sides, over what is there.".to_owned()),
        (Role::Text, String::new()),
        (Role::Accent, edit.title.clone()),
    ];
    lines.extend(shown.split('\n').map(|line| (Role::Text, format!("  {}", text::sanitise(line)))));
    lines.push((Role::Text, String::new()));
    lines.push((Role::Dim, "If a value has changed since, nothing is done and it is shown again.".to_owned()));
    let items = vec![Resolution::Set { id: edit.id.clone(), shown: edit.shown.clone(), text }];
    let confirm = Confirm {
        title: "Write this to both sides".to_owned(),
        lines,
        yes: "Yes, write it".to_owned(),
        commands: vec![Command::Resolve { items }],
        on_yes: false,
        top: 0,
        about: None,
    };
    open(model, PopupBody::Confirm(confirm));
}

/// Whether trying again can end this hold.
pub(in crate::tui) fn is_retryable(item: &HoldItem) -> bool {
    matches!(item.row.why.as_str(), "refused" | "quarantined" | "unmappable" | "unreadable" | "fighting")
}

/// Tries again what a side refused.
pub(super) fn retry(model: &mut Model) -> Vec<Effect> {
    let ids: Vec<HoldId> = if model.holds.marks.is_empty() {
        model.holds.current().map(|item| item.row.id.clone()).into_iter().collect()
    } else {
        model.holds.marks.values().filter(|item| is_retryable(item)).map(|item| item.row.id.clone()).collect()
    };
    ids.into_iter().map(|id| super::tell(model, Command::Retry { id })).collect()
}
