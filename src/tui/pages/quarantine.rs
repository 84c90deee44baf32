//! Records that were set aside, and why: what a side said, in its words and in ours.

use ratatui::layout::Rect;

use super::{detail, key, strange, wrapped};
use crate::tui::action::Action;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, Words, table};
use crate::tui::widgets::{Pen, age};

/// What an error may mean to a person, by words that systems use: for records that were set aside before what it means was
/// kept with them.
fn meaning(said: &str) -> &'static str {
    let said = said.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match () {
        () if any(&["permission", "access", "forbidden", "403"]) => {
            "Our account may not write this record: give it the right, or share the page with the integration."
        }
        () if any(&["required", "mandatory", "empty"]) => {
            "A field must be filled there before the record can be saved: fill it on either side."
        }
        () if any(&["too long", "length", "2000", "limit", "max"]) => {
            "A value is longer or larger than that side takes: shorten it."
        }
        () if any(&["archived", "trash", "deleted", "not found", "404"]) => {
            "The record is in the bin or gone there: restore it, or untie the two."
        }
        () if any(&["option", "select", "status", "enum"]) => {
            "A choice has no counterpart there: add the option, or map it in the configuration."
        }
        () if any(&["invalid", "validation", "format", "400"]) => {
            "A value has a form that side does not take: correct it on either side."
        }
        () => "That side refuses this record again and again for a reason that lies in the record itself.",
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, list: Rect, below_list: Rect) {
    let empty = [
        "Nothing is set aside.".to_owned(),
        "A record whose write fails again and again for a reason of its own is put here,".to_owned(),
        "so that it does not hold up the others; it is tried again when it changes.".to_owned(),
    ];
    let words = Words { rows: "quarantined records", empty: &empty, searched: false };
    let heads = [
        ("record", Wide::Share(4)),
        ("pair", Wide::Cells(10)),
        ("what it said", Wide::Share(6)),
        ("since", Wide::Cells(11)),
    ];
    table(pen, list, &model.quarantine, &heads, &words, |item| {
        vec![
            (Role::Strong, item.row.title.clone()),
            (Role::Text, item.row.id.pair.to_string()),
            (Role::Warn, item.row.detail.clone()),
            (Role::Dim, age::moment(model, item.row.since)),
        ]
    });
    let Some(item) = model.quarantine.current() else {
        detail(pen, model, below_list, "", &[]);
        return;
    };
    let mut lines = strange(model, Role::Warn, "", &item.row.detail, below_list.width);
    let means = match item.row.means.as_str() {
        "" => meaning(&item.row.detail).to_owned(),
        means => format!("It means: {means}."),
    };
    lines.extend(wrapped(model, Role::Text, "", &means, below_list.width));
    let retry = key(model, Action::QuarantineRetry);
    let next = format!("Change the record on either side and it is tried again by itself; {retry} tries it as it is.");
    lines.extend(wrapped(model, Role::Accent, "", &next, below_list.width));
    let id = &item.row.id;
    let crm = id.crm.as_ref().map(|crm| format!(", CRM {crm}")).unwrap_or_default();
    lines.push((Role::Dim, format!("pair {}{crm}", id.pair)));
    detail(pen, model, below_list, &item.row.title, &lines);
}

#[cfg(test)]
mod tests {
    use super::meaning;

    #[test]
    fn an_error_is_explained_by_what_can_be_done() {
        assert!(meaning("validation_error: body.properties.Name is not present").contains("form"));
        assert!(meaning("Access denied").contains("right"));
        assert!(meaning("The field is required").contains("filled"));
        assert!(meaning("something odd").contains("again and again"));
    }
}
