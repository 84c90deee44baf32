//! Two columns: records that others can be linked to, and what is linked to the one under the cursor, in which role.

use ratatui::layout::Rect;

use super::key;
use crate::control::RelationRow;
use crate::tui::action::Action;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, Words, column};
use crate::tui::widgets::{Pen, Span, line};

/// From this width on, each side has a column of its own.
const SIDES: u16 = 64;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, body: Rect) {
    // Nobody who could have links.
    if model.owners.total == Some(0) {
        return owners(pen, model, body);
    }
    let (left, right) = layout::columns(body);
    owners(pen, model, left);
    if right.x > left.x {
        for row in 0..body.height {
            let between = Rect { x: left.right(), width: 1, ..body };
            pen.put(line(between, row), Role::Border, model.theme.glyphs.vertical);
        }
    } else {
        let title = model.owners.current().map(|row| row.title.as_str()).unwrap_or_default();
        pen.rule(Rect { y: left.bottom(), height: 1, ..body }, title);
    }
    links(pen, model, right);
}

fn owners(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let empty = [
        "No pair has a relation, or none of its records is tied yet.".to_owned(),
        "Map a relation field in the configuration to link contacts and projects.".to_owned(),
    ];
    let words = Words { rows: "owners", empty: &empty, searched: false };
    let owning = model.snapshot.iter().flat_map(|snapshot| &snapshot.pairs).filter(|pair| !pair.roles.is_empty());
    let several = owning.count() > 1 && area.width >= 44;
    let mut heads = vec![("owner", Wide::Share(3))];
    if several {
        heads.push(("pair", Wide::Share(1)));
    }
    heads.push(("links", Wide::Cells(6)));
    column(pen, area, &model.owners, &heads, &words, !model.on_links, |row| {
        let mut cells = vec![(Role::Strong, row.title.clone())];
        if several {
            cells.push((Role::Dim, row.owner.pair.to_string()));
        }
        // What is on its way is marked here and told in the other column.
        let links = if row.pending { format!("{:>4} ~", row.links) } else { format!("{:>4}", row.links) };
        cells.push((if row.pending { Role::Accent } else { Role::Text }, links));
        cells
    });
}

fn links(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let empty = ["Nothing can be linked to this record just now.".to_owned()];
    let words = Words { rows: "links", empty: &empty, searched: false };
    let wide = area.width >= SIDES;
    // Where it is narrow the words of a role matter as much as those of a name.
    let mut heads =
        vec![("linked to", Wide::Share(if wide { 5 } else { 1 })), ("role", Wide::Share(if wide { 3 } else { 1 }))];
    if wide {
        heads.extend([("CRM", Wide::Cells(4)), ("Notion", Wide::Cells(6)), ("", Wide::Cells(10))]);
    } else {
        heads.push(("on", Wide::Cells(11)));
    }
    let link = key(model, Action::LinkMore);
    column(pen, area, &model.relations, &heads, &words, model.on_links, |row| {
        let target = if row.target.is_none() {
            (Role::Dim, format!("(nothing: {link} links)"))
        } else {
            (Role::Text, row.target_title.clone())
        };
        let mut cells = vec![target, (Role::Dim, row.label.clone())];
        if wide {
            cells.extend(sides(row));
        } else {
            cells.push(both(row));
        }
        cells
    });
}

fn sides(row: &RelationRow) -> [Span; 3] {
    let there = |yes: bool| match (row.target.is_some(), yes) {
        (false, _) => (Role::Dim, "-".to_owned()),
        (true, true) => (Role::Good, "yes".to_owned()),
        (true, false) => (Role::Warn, "no".to_owned()),
    };
    let told = match row {
        row if row.pending => (Role::Accent, "on its way"),
        row if is_last_known(row) => (Role::Warn, "last known"),
        _ => (Role::Accent, ""),
    };
    [there(row.on_crm), there(row.on_notion), (told.0, told.1.to_owned())]
}

/// One side at least does not answer: this is what was agreed on.
fn is_last_known(row: &RelationRow) -> bool {
    row.target.is_some() && row.shown.is_none()
}

fn both(row: &RelationRow) -> Span {
    let (role, text) = match (row.target.is_some(), row.pending, row.on_crm, row.on_notion) {
        (false, ..) => (Role::Dim, "-"),
        (_, true, ..) => (Role::Accent, "on its way"),
        _ if is_last_known(row) => (Role::Warn, "last known"),
        (_, _, true, true) => (Role::Good, "both sides"),
        (_, _, true, false) => (Role::Warn, "CRM only"),
        (_, _, false, true) => (Role::Warn, "Notion only"),
        (_, _, false, false) => (Role::Warn, "neither"),
    };
    (role, text.to_owned())
}
