//! Draws the choice of a record.

use ratatui::layout::Rect;

use super::{Picker, Seeks};
use crate::tui::layout::{self, Areas};
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, Words, table};
use crate::tui::widgets::{Pen, Span, below, line, shifted};

/// Lines below the list, for the fields of the chosen record: more where there is room for them.
fn fields_of(area: Rect) -> u16 {
    if area.height >= 30 { 12 } else { 5 }
}

fn area(areas: &Areas) -> Rect {
    layout::middle(areas, areas.body.width.min(170), areas.body.height.min(40))
}

/// How many rows are visible on a screen of this size.
pub fn rows(size: (u16, u16)) -> u16 {
    let rows = |area: Rect| area.height.saturating_sub(2 + 1 + 1 + fields_of(area)).max(1);
    layout::areas(size).map_or(1, |areas| rows(area(&areas)))
}

/// Draws it; returns where the caret stands.
pub fn draw(pen: &mut Pen<'_>, model: &Model, areas: &Areas, picker: &Picker) -> Option<(u16, u16)> {
    let source = picker.sources.get(picker.source).map(|pair| pair.to_string()).unwrap_or_default();
    let title = match &picker.seeks {
        Seeks::Counterpart(row) => format!("Which record of {} is {}?", row.record.side.other(), row.title),
        Seeks::Owner => "Link: whose link?".to_owned(),
        Seeks::Target { title, .. } => format!("Link {title} to which of {source}?"),
    };
    let area = area(areas);
    let inside = pen.frame(area, &title);
    let search = match picker.seeks {
        Seeks::Owner => &picker.owners.filter,
        _ => &picker.records.filter,
    };
    let inside = if inside.width >= layout::WIDE - 2 {
        let left = inside.width / 3;
        about(pen, model, Rect { width: left.saturating_sub(1), ..inside }, picker);
        shifted(inside, left)
    } else {
        inside
    };
    let label = pen.put(line(inside, 0), Role::Strong, " search: ");
    pen.put(shifted(line(inside, 0), label), Role::Text, &search.text());
    if picker.sources.len() > 1 {
        let keys = model.keymap.keys_of(crate::tui::action::Action::SearchSource);
        let hint = format!("{} searches another pair ", keys.into_iter().next().unwrap_or_default());
        pen.right(line(inside, 0), &[(Role::Dim, hint)]);
    }
    let list = below(inside, 1);
    let list = Rect { height: list.height.saturating_sub(fields_of(area)), ..list };
    let fields = below(inside, 1 + list.height);
    match picker.seeks {
        Seeks::Owner => owners(pen, list, picker),
        _ => records(pen, list, fields, picker),
    }
    let caret = label + u16::try_from(text::width(search.before())).unwrap_or(0);
    Some((inside.x + caret.min(inside.width.saturating_sub(1)), inside.y))
}

/// The other column: what a record is being chosen for, and what it has already.
fn about(pen: &mut Pen<'_>, model: &Model, area: Rect, picker: &Picker) {
    let mut lines: Vec<Span> = Vec::new();
    match &picker.seeks {
        Seeks::Counterpart(row) => {
            lines.push((Role::Strong, format!(" {}", row.title)));
            lines.push((Role::Warn, format!(" {}: {}", row.record.side, row.why)));
            lines.extend(row.fields.iter().map(|(label, text)| (Role::Dim, format!(" {label}: {text}"))));
        }
        Seeks::Owner => lines.push((Role::Dim, " First whose link it is, then what is linked.".to_owned())),
        Seeks::Target { owner, title, field, .. } => {
            lines.push((Role::Strong, format!(" {title}")));
            let own = model.relations.rows.iter().filter(|row| row.owner == *owner && row.field == *field);
            let linked: Vec<Span> = own
                .filter(|row| row.target.is_some())
                .map(|row| (Role::Text, format!("  {} {}", model.theme.glyphs.arrow, row.target_title)))
                .collect();
            lines.push((
                Role::Dim,
                if linked.is_empty() { " is linked to nothing yet" } else { " is linked to" }.to_owned(),
            ));
            lines.extend(linked);
        }
    }
    pen.lines(area, &lines, 0);
    for row in 0..area.height {
        pen.put(
            shifted(line(Rect { width: area.width + 1, ..area }, row), area.width),
            Role::Border,
            model.theme.glyphs.vertical,
        );
    }
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
    let heads = [("fit", Wide::Cells(4)), ("record", Wide::Share(3)), ("why", Wide::Share(3)), ("id", Wide::Share(1))];
    table(pen, list, &picker.records, &heads, &words, |row| {
        let why = if row.taken { (Role::Bad, "x tied already".to_owned()) } else { (Role::Good, row.reason.clone()) };
        let role = if row.taken { Role::Dim } else { Role::Strong };
        let fit = if row.score > 0 { format!("{:>3}%", row.score) } else { String::new() };
        vec![(Role::Accent, fit), (role, row.title.clone()), why, (Role::Dim, row.id.to_string())]
    });
    if let Some(row) = picker.records.current() {
        pen.rule(line(below_list, 0), &row.title);
        let sought = if let Seeks::Counterpart(row) = &picker.seeks { row.fields.as_slice() } else { &[] };
        let field = |(label, text): &(String, String)| {
            let own = sought.iter().find(|(other, own)| other == label && !own.is_empty()).map(|(_, own)| own);
            match own {
                Some(own) if own == text => (Role::Good, format!(" = {label}: {text}")),
                Some(own) => (Role::Warn, format!(" ~ {label}: {text}, here {own}")),
                None => (Role::Dim, format!("   {label}: {text}")),
            }
        };
        let mut lines: Vec<Span> = row.fields.iter().map(field).collect();
        // What tells for or against it comes first.
        lines.sort_by_key(|(role, _)| *role == Role::Dim);
        pen.lines(below(below_list, 1), &lines, 0);
    }
}
