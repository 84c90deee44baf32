//! Records without a counterpart.

use ratatui::layout::Rect;

use super::{beside, detail, key, rich, strange, wrapped};
use crate::control::{Candidate, OrphanRow};
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::layout::TWO_COLUMNS;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, Words, table};
use crate::tui::widgets::{Pen, Span, age};

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, list: Rect, below_list: Rect) {
    let ignored = key(model, Action::OrphanShowIgnored);
    let empty = [
        "Every record has its counterpart, or will get one by itself.".to_owned(),
        "A record comes here if its counterpart was deleted, if several could be".to_owned(),
        "its counterpart, or if its pair does not create records that way.".to_owned(),
        if model.show_ignored {
            "None is ignored either.".to_owned()
        } else {
            format!("{ignored} shows those that somebody has ignored.")
        },
    ];
    let words = Words { rows: "orphans", empty: &empty, searched: false };
    let columns = [
        ("side", Wide::Cells(6)),
        (if model.show_ignored { "record + ignored" } else { "record" }, Wide::Share(5)),
        ("pair", Wide::Share(2)),
        ("why", Wide::Cells(12)),
        ("like it", Wide::Cells(7)),
        ("since", Wide::Cells(11)),
    ];
    table(pen, list, &model.orphans, &columns, &words, |row| {
        let side = if row.record.side == Side::Crm { Role::Crm } else { Role::Notion };
        let like = match (row.uncounted, row.suggestions) {
            (true, _) => "?".to_owned(),
            (false, 0) => "-".to_owned(),
            (false, count) => count.to_string(),
        };
        vec![
            (side, row.record.side.to_string()),
            (if row.ignored.is_some() { Role::Dim } else { Role::Strong }, row.title.clone()),
            (Role::Text, row.record.pair.to_string()),
            (if row.ignored.is_some() { Role::Dim } else { Role::Warn }, row.why.clone()),
            (Role::Text, like),
            (Role::Dim, age::moment(model, row.since)),
        ]
    });
    let Some(row) = model.orphans.current() else {
        detail(pen, model, below_list, "", &[]);
        return;
    };
    let title = format!("{} ({} {})", row.title, row.record.side, row.record.id);
    let half = below_list.width / 2;
    let best = row.best.as_ref().filter(|best| below_list.width >= TWO_COLUMNS && !best.fields.is_empty());
    let Some(best) = best else {
        let lines: Vec<Vec<Span>> = about(model, row, below_list.width).into_iter().map(|span| vec![span]).collect();
        return rich(pen, model, below_list, &title, &lines);
    };
    // Beside the record stands what is most like it, field by field.
    let lines = |spans: Vec<Span>| spans.into_iter().map(|span| vec![span]).collect();
    let left = lines(about(model, row, half - 2));
    let right = lines(compared(model, row, best, below_list.width - half));
    rich(pen, model, below_list, &title, &beside(left, right, half));
}

/// The record: why it is an orphan, what can be done, its fields.
fn about(model: &Model, row: &OrphanRow, width: u16) -> Vec<Span> {
    let mut lines = strange(model, Role::Text, "", &row.detail, width);
    let next = if row.ignored.is_some() {
        format!("{} takes that back.", key(model, Action::OrphanUnignore))
    } else if row.suggestions > 0 {
        format!("{} could be its counterpart: {} shows them.", row.suggestions, key(model, Action::OrphanLink))
    } else if row.creatable {
        let (create, link) = (key(model, Action::OrphanCreate), key(model, Action::OrphanLink));
        format!("{create} creates its counterpart, {link} looks for one that is there.")
    } else {
        format!("{} looks for its counterpart.", key(model, Action::OrphanLink))
    };
    lines.extend(wrapped(model, Role::Accent, "", &next, width));
    if let Some(best) = &row.best {
        let taken = if best.taken { ", but it is tied already" } else { "" };
        let text = format!("most like it: {} ({}: {}{taken})", best.title, best.score, best.reason);
        lines.extend(strange(model, Role::Good, "", &text, width));
    } else if row.uncounted {
        let text = "Too many records are untied to compare it with all of them here.";
        lines.extend(wrapped(model, Role::Dim, "", text, width));
    }
    for (label, text) in &row.fields {
        lines.extend(strange(model, Role::Dim, "  ", &format!("{label}: {text}"), width));
    }
    lines
}

/// A record that may be the same thing, and which of its fields say so.
fn compared(model: &Model, row: &OrphanRow, best: &Candidate, width: u16) -> Vec<Span> {
    let mut lines = strange(model, Role::Strong, "", &format!("{} ({})", best.title, best.id), width);
    for (label, text) in &best.fields {
        let own = row.fields.iter().find(|(other, own)| other == label && !own.is_empty()).map(|(_, own)| own);
        let (role, sign) = match own {
            Some(own) if own == text => (Role::Good, "="),
            Some(_) => (Role::Warn, "~"),
            None => (Role::Dim, " "),
        };
        lines.extend(strange(model, role, "", &format!("{sign} {label}: {text}"), width));
    }
    lines
}
