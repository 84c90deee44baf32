//! Picks for held fields. A pick is local: it goes into what is staged, and `staging` shows all of it before any leaves.

use super::{ask, open, staging};
use crate::control::{Command, Fate, List, Query};
use crate::model::{HoldId, TieId};
use crate::tui::model::{Choice, Course, Effect, HoldItem, Model, Motion, Pick, PopupBody, Tone, Waiting, text};
use crate::tui::popup::{Confirm, Edit, Told, ours, said};
use crate::tui::{layout, theme::Role};

/// The marked rows, or the one under the cursor.
fn meant(model: &Model) -> Vec<HoldItem> {
    if model.holds.marks.is_empty() {
        model.holds.current().cloned().into_iter().collect()
    } else {
        model.holds.marks.values().cloned().collect()
    }
}

/// Picks for the marked rows, or the one under the cursor, and goes on to the next.
pub(super) fn pick(model: &mut Model, choice: &Choice) -> Vec<Effect> {
    let items = meant(model);
    stage(model, choice, items, "");
    super::lists::settle(model)
}

/// Whether a hold is about this field: of this pair, whatever other pairs call theirs.
pub(in crate::tui) fn is_of_field(item: &HoldItem, id: &HoldId) -> bool {
    id.field.is_some() && (&item.row.id.pair, &item.row.id.field) == (&id.pair, &id.field)
}

/// Picks for one field in all marked rows: the field under the cursor.
pub(super) fn pick_by_rule(model: &mut Model, choice: &Choice) -> Vec<Effect> {
    let Some(here) = model.holds.current().map(|item| item.row.clone()) else { return Vec::new() };
    let of_field = |item: &&HoldItem| is_of_field(item, &here.id);
    let items: Vec<HoldItem> = model.holds.marks.values().filter(of_field).cloned().collect();
    let others = model.holds.marks.len() - items.len();
    let note =
        if others > 0 { format!("{others} marked rows are about other fields and stay marked") } else { String::new() };
    stage(model, choice, items, &note);
    super::lists::settle(model)
}

/// Gets every hold of the record under the cursor, to pick for all of them.
pub(super) fn pick_record(model: &mut Model, choice: Choice) -> Vec<Effect> {
    let Some(row) = model.holds.current().map(|item| item.row.clone()) else { return Vec::new() };
    let Some(tie) = row.id.tie_id() else { return Vec::new() };
    let query = Query { filter: row.title, limit: 500, ..Query::all(List::Holds) };
    vec![ask(model, Waiting::Record { tie, choice }, query)]
}

/// Picks for all holds of a record, now that they are here.
pub(super) fn picked_record(model: &mut Model, tie: &TieId, choice: &Choice, items: Vec<HoldItem>, complete: bool) {
    // The operator went on meanwhile: picks for what they left would surprise them.
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
    stage(model, choice, items, if complete { "" } else { "there may be more fields than these: not all were found" });
}

/// Stages one choice for all of these that it can be made for.
fn stage(model: &mut Model, choice: &Choice, items: Vec<HoldItem>, note: &str) {
    let asked = items.len();
    let can = |item: &HoldItem| item.row.decidable && (*choice != Choice::Base || item.row.base.is_some());
    let (items, _): (Vec<HoldItem>, Vec<HoldItem>) = items.into_iter().partition(can);
    if items.is_empty() {
        let why = match choice {
            Choice::Base => "there is no base to keep: the two sides have never agreed here",
            _ => "none of these can be decided: their details say what to do",
        };
        model.toast(Tone::Warn, why);
        return;
    }
    let ids: Vec<HoldId> = items.iter().map(|item| item.row.id.clone()).collect();
    model.holds.marks.retain(|id, _| !ids.contains(id));
    // Seen now, and picked anew: the warning has done its work.
    model.moved.retain(|id| !ids.contains(id));
    let left = asked - items.len();
    model.staged.stage(items.into_iter().map(|item| Pick { item, choice: choice.clone() }).collect());
    // The line of what is staged tells it; older messages would hide it.
    model.toasts.clear();
    let left =
        if left > 0 { format!("{left} of {asked} cannot be decided this way and stay held") } else { String::new() };
    for text in [left.as_str(), note].into_iter().filter(|text| !text.is_empty()) {
        model.toast(Tone::Warn, text);
    }
    if model.holds.current().is_some_and(|item| ids.contains(&item.row.id)) {
        advance(model, Course::Next);
    }
}

/// Whether a row waits for a pick.
fn is_open(model: &Model, item: &HoldItem) -> bool {
    item.row.decidable && item.row.decided.is_none() && model.staged.get(&item.row.id).is_none()
}

/// Goes to the next row, or the one before, that nothing was picked for; stays where all are. Rows that are not here yet are
/// asked for and looked at when they come.
pub(super) fn advance(model: &mut Model, course: Course) {
    let here = (model.holds.offset..).zip(&model.holds.rows).filter(|(_, item)| is_open(model, item));
    let places: Vec<u64> = here.map(|(place, _)| place).collect();
    let (at, begin) = (model.holds.at, model.holds.offset);
    let end = begin + model.holds.rows.len() as u64;
    let (next, beyond, around) = match course {
        Course::Next => {
            let more = model.holds.total.is_some_and(|total| end < total);
            (places.iter().find(|place| **place > at), more.then_some(end), places.first())
        }
        Course::Previous => {
            let before = places.iter().rev().find(|place| **place < at);
            (before, begin.checked_sub(1), places.last())
        }
    };
    model.advancing = (next.is_none() && beyond.is_some()).then_some(course);
    let Some(to) = next.copied().or(beyond).or(around.copied()) else { return };
    let height = layout::rows(model);
    if model.holds.go(Motion::By(to.cast_signed() - at.cast_signed()), height) {
        model.detail_top = 0;
    }
}

/// The rows that were on the way came: the first of them that waits for a pick is the next.
pub(super) fn arrived(model: &mut Model) {
    if let Some(course) = model.advancing.filter(|_| model.holds.current().is_some()) {
        model.advancing = None;
        if !model.holds.current().is_some_and(|item| is_open(model, item)) {
            advance(model, course);
        }
    }
}

/// Leaves the row for later.
pub(super) fn skip(model: &mut Model, course: Course) -> Vec<Effect> {
    let before = model.holds.at;
    advance(model, course);
    if model.holds.at == before {
        model.toast(Tone::Plain, "no other row here waits for a pick");
    }
    super::lists::settle(model)
}

/// Takes the picks of the marked rows out, or that of the one under the cursor.
pub(super) fn unpick(model: &mut Model) -> Vec<Effect> {
    let ids: Vec<HoldId> = meant(model).into_iter().map(|item| item.row.id).collect();
    let count = model.staged.unpick(&ids);
    model.holds.marks.retain(|id, _| !ids.contains(id));
    staging::tell(model, count, "taken out");
    Vec::new()
}

/// A side in a sentence.
pub(super) fn the(side: crate::model::Side) -> &'static str {
    match side {
        crate::model::Side::Crm => "the CRM",
        crate::model::Side::Notion => "Notion",
    }
}

/// The record's title and the field's label.
pub(super) fn heading(item: &HoldItem) -> String {
    format!("{} / {}", item.row.title, item.row.label)
}

/// Opens the editor on a side's value, unless a text is picked or waits there already.
pub(super) fn edit(model: &mut Model, from: crate::model::Side) -> Vec<Effect> {
    let Some(item) = model.holds.current().cloned() else { return Vec::new() };
    let mut edit = Edit {
        title: heading(&item),
        kind: item.row.kind,
        options: item.row.options.iter().map(|option| text::editable(option)).collect(),
        base: item.base.clone(),
        crm: item.crm.clone(),
        notion: item.notion.clone(),
        item,
        area: tui_textarea::TextArea::default(),
    };
    let id = edit.item.row.id.clone();
    let staged = model.staged.get(&id).and_then(|pick| match &pick.choice {
        Choice::Set(text) => Some(text.clone()),
        _ => None,
    });
    let draft = model.drafts.get(&id).cloned();
    let fresh = if from == crate::model::Side::Crm { &edit.crm } else { &edit.notion };
    let text = staged.or(draft.clone()).unwrap_or_else(|| fresh.clone());
    edit.replace(&text);
    open(model, PopupBody::Edit(Box::new(edit)));
    if draft.is_some() {
        model.toast(Tone::Plain, "this is your earlier text; the values may have changed since you typed it");
    }
    Vec::new()
}

/// Stages the edited text for the very row that the editor was opened on.
pub(super) fn stage_edited(model: &mut Model, edit: &Edit) {
    model.drafts.insert(edit.item.row.id.clone(), edit.text());
    let now = model.holds.find(&edit.item.row.id);
    let pick = Pick { item: edit.item.clone(), choice: Choice::Set(edit.text()) };
    if now.is_some_and(|now| !pick.fits(now)) {
        staging::moved(model, vec![edit.item.row.id.clone()]);
        return;
    }
    stage(model, &pick.choice, vec![pick.item], "");
}

/// Whether trying again can end this hold.
pub(in crate::tui) fn is_retryable(item: &HoldItem) -> bool {
    matches!(
        item.row.why.as_str(),
        "refused" | "quarantined" | "unmappable" | "unreadable" | "fighting" | "deleted" | "parked"
    )
}

/// Tries again what a side refused; of what was deleted on one side and edited on the other, it ends the tie.
pub(super) fn retry(model: &mut Model) -> Vec<Effect> {
    let items: Vec<HoldItem> = meant(model).into_iter().filter(is_retryable).collect();
    let untied: Vec<String> = items.iter().filter(|item| item.row.why == "deleted").map(heading_of_record).collect();
    let commands: Vec<Command> = items.into_iter().map(|item| Command::Retry { id: item.row.id }).collect();
    let count = commands.len();
    if untied.is_empty() && count <= super::MANY {
        return commands.into_iter().flat_map(|command| super::tell(model, command)).collect();
    }
    if untied.is_empty() {
        let lines = vec![
            ours(Role::Strong, format!("{count} holds are tried again: what would have been written goes next.")),
            ours(Role::Text, "Whatever is refused once more is held again."),
        ];
        let confirm = Confirm::new("Try again", lines, "Yes, try again", commands).demanding(count);
        open(model, PopupBody::Confirm(confirm));
        return Vec::new();
    }
    let others = count - untied.len();
    let mut lines = vec![ours(Role::Strong, "The record went away on one side and was edited on the other:")];
    lines.extend(untied.into_iter().map(|title| said(Role::Accent, format!("  {title}"))));
    lines.push(ours(Role::Text, "The two are untied. Nothing is written or deleted: the survivor waits on Orphans."));
    lines.push(ours(Role::Dim, "Whoever restores the deleted record instead ends this hold, and nothing is untied."));
    if others > 0 {
        let others = if others == 1 { "1 other hold is".to_owned() } else { format!("{others} other holds are") };
        lines.push(ours(Role::Text, format!("{others} only tried again.")));
    }
    open(model, PopupBody::Confirm(Confirm::new("Untie", lines, "Yes, untie", commands).demanding(count)));
    Vec::new()
}

fn heading_of_record(item: &HoldItem) -> String {
    format!("{} ({})", item.row.title, item.row.id.pair)
}

/// Tries a record again that was set aside.
pub(super) fn retry_aside(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.quarantine.current().map(|item| item.row.id.clone()) else { return Vec::new() };
    super::tell(model, Command::Retry { id }).into_iter().collect()
}

/// A value on one line, for a question.
pub(super) fn flat(model: &Model, text: &str) -> String {
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    text::one_line(text, model.theme.glyphs.newline).replace('\n', model.theme.glyphs.newline)
}

/// What a pick will do, line by line.
pub(super) fn told(model: &Model, pick: &Pick, fate: Option<&Fate>) -> Vec<Told> {
    use crate::model::Side;
    let (writes, waits) = match fate {
        Some(Fate::Taken { writes, waits }) => (Some(writes), waits.as_str()),
        _ => (None, ""),
    };
    let row = &pick.item.row;
    let mut lines = vec![said(Role::Accent, heading(&pick.item))];
    for side in Side::BOTH {
        let value = if side == Side::Crm { &row.crm.text } else { &row.notion.text };
        let written = writes.map(|writes| writes.iter().any(|write| write.side == side));
        let (role, fate) = match &pick.choice {
            Choice::Base | Choice::Set(_) if written == Some(false) => (Role::Text, " (stays)"),
            Choice::Force(winner) if *winner == side => (Role::Text, " (wins)"),
            Choice::Keep => (Role::Text, " (stays)"),
            _ => (Role::Warn, " (will be overwritten)"),
        };
        lines.push(said(role, format!("  {side}{fate}: {}", flat(model, value))));
    }
    match (&pick.choice, &row.base) {
        (Choice::Base, Some(base)) => {
            lines.push(said(Role::Text, format!("  base (both sides get it): {}", flat(model, &base.text))));
        }
        (Choice::Set(text), _) => {
            let text = if text.is_empty() { "(empty)" } else { text };
            lines.push(ours(Role::Text, "  both sides get:"));
            let gutter = model.theme.glyphs.gutter;
            lines.extend(
                text.split('\n').map(|line| said(Role::Text, format!("    {gutter} {}", text::sanitise(line)))),
            );
            let read = writes.into_iter().flatten().find(|write| write.text != text::sanitise(text));
            lines.extend(read.map(|write| said(Role::Text, format!("  read as: {}", flat(model, &write.text)))));
        }
        _ => {}
    }
    if let Some(decided) = &row.decided {
        lines.push(said(Role::Warn, format!("  already decided: {decided}; this takes its place")));
    }
    if !waits.is_empty() {
        lines.push(said(Role::Warn, format!("  ! it waits {waits}")));
    }
    lines
}
