//! Edges between records: contacts and projects.

use ratatui::layout::Rect;

use super::key;
use crate::tui::action::Action;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::Pen;
use crate::tui::widgets::table::{Wide, Words, table};

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let empty = [
        "No pair has a relation, or none of its records is tied yet.".to_owned(),
        "Map a relation field in the configuration to link contacts and projects.".to_owned(),
    ];
    let words = Words { rows: "relations", empty: &empty, searched: false };
    let columns = [
        ("owner", Wide::Share(5)),
        ("field", Wide::Share(3)),
        ("linked to", Wide::Share(5)),
        ("CRM", Wide::Cells(4)),
        ("Notion", Wide::Cells(6)),
        ("", Wide::Cells(8)),
    ];
    let link = key(model, Action::LinkMore);
    table(pen, area, &model.relations, &columns, &words, |row| {
        let there = |yes: bool| if yes { (Role::Good, "yes".to_owned()) } else { (Role::Warn, "no".to_owned()) };
        let none = row.target.is_none();
        let target =
            if none { (Role::Dim, format!("(nothing: {link} links)")) } else { (Role::Text, row.target_title.clone()) };
        let (crm, notion) = if none {
            ((Role::Dim, "-".to_owned()), (Role::Dim, "-".to_owned()))
        } else {
            (there(row.on_crm), there(row.on_notion))
        };
        let pending = if row.pending { "on its way" } else { "" };
        vec![
            (Role::Strong, row.owner_title.clone()),
            (Role::Dim, row.label.clone()),
            target,
            crm,
            notion,
            (Role::Accent, pending.to_owned()),
        ]
    });
}
