//! Draws the choice of a record.

use ratatui::layout::Rect;

use super::{Picker, Seeks};
use crate::tui::layout::{self, Areas};
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, Words, table};
use crate::tui::widgets::{Pen, Span, below, line, shifted};

/// Lines below the list, for the fields of the chosen record.
const FIELDS: u16 = 4;

fn area(areas: &Areas) -> Rect {
    layout::middle(areas, areas.body.width.min(110), areas.body.height.min(30))
}

/// How many rows are visible on a screen of this size.
pub fn rows(size: (u16, u16)) -> u16 {
    layout::areas(size).map_or(1, |areas| area(&areas).height.saturating_sub(2 + 1 + 1 + FIELDS).max(1))
}

/// Draws it; returns where the caret stands.
pub fn draw(pen: &mut Pen<'_>, model: &Model, areas: &Areas, picker: &Picker) -> Option<(u16, u16)> {
    let source = picker.sources.get(picker.source).map(|pair| pair.to_string()).unwrap_or_default();
    let title = match &picker.seeks {
        Seeks::Counterpart(row) => format!("Which record of {} is {}?", row.record.side.other(), row.title),
        Seeks::Owner => "Link: whose link?".to_owned(),
        Seeks::Target { title, .. } => format!("Link {title} to which of {source}?"),
    };
    let inside = pen.frame(area(areas), &title);
    let search = match picker.seeks {
        Seeks::Owner => &picker.owners.filter,
        _ => &picker.records.filter,
    };
    let label = pen.put(line(inside, 0), Role::Strong, " search: ");
    pen.put(shifted(line(inside, 0), label), Role::Text, &search.text());
    if picker.sources.len() > 1 {
        let keys = model.keymap.keys_of(crate::tui::action::Action::SearchSource);
        let hint = format!("{} searches another pair ", keys.into_iter().next().unwrap_or_default());
        pen.right(line(inside, 0), &[(Role::Dim, hint)]);
    }
    let list = below(inside, 1);
    let list = Rect { height: list.height.saturating_sub(FIELDS), ..list };
    let fields = below(inside, 1 + list.height);
    match picker.seeks {
        Seeks::Owner => owners(pen, list, picker),
        _ => records(pen, list, fields, picker),
    }
    let caret = label + u16::try_from(text::width(search.before())).unwrap_or(0);
    Some((inside.x + caret.min(inside.width.saturating_sub(1)), inside.y))
}

fn owners(pen: &mut Pen<'_>, list: Rect, picker: &Picker) {
    let empty = if picker.owners.filter.is_empty() {
        ["There is nobody to link from: no pair has a relation field.".to_owned()]
    } else {
        ["No owner has this in its name, or in the name of what it is linked to.".to_owned()]
    };
    let words = Words { rows: "owners", empty: &empty, searched: true };
    let heads = [("owner", Wide::Share(3)), ("pair", Wide::Share(1)), ("field", Wide::Share(1))];
    table(pen, list, &picker.owners, &heads, &words, |row| {
        vec![
            (Role::Strong, row.owner_title.clone()),
            (Role::Dim, row.owner.pair.to_string()),
            (Role::Dim, row.field.to_string()),
        ]
    });
}

fn records(pen: &mut Pen<'_>, list: Rect, below_list: Rect, picker: &Picker) {
    let empty = if picker.records.filter.is_empty() {
        ["None is suggested. Type a part of its name to search.".to_owned()]
    } else {
        ["No record contains this text.".to_owned()]
    };
    let words = Words { rows: "records", empty: &empty, searched: true };
    let heads = [("record", Wide::Share(3)), ("why", Wide::Share(2)), ("id", Wide::Share(1))];
    table(pen, list, &picker.records, &heads, &words, |row| {
        let why = if row.taken { (Role::Bad, "x tied already".to_owned()) } else { (Role::Good, row.reason.clone()) };
        let role = if row.taken { Role::Dim } else { Role::Strong };
        vec![(role, row.title.clone()), why, (Role::Dim, row.id.to_string())]
    });
    if let Some(row) = picker.records.current() {
        pen.rule(line(below_list, 0), &row.title);
        let lines: Vec<Span> =
            row.fields.iter().map(|(label, text)| (Role::Dim, format!(" {label}: {text}"))).collect();
        pen.lines(below(below_list, 1), &lines, 0);
    }
}
