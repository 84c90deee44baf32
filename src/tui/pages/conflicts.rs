//! What is held, and what the two sides say.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use super::{conflict, detail, key};
use crate::control::SideValue;
use crate::model::{PairName, RecordId, Side};
use crate::tui::action::Action;
use crate::tui::layout::TWO_COLUMNS;
use crate::tui::model::{Choice, Model, text};
use crate::tui::signs;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{self, Wide, Words, table};
use crate::tui::widgets::{Pen, age, shifted};

/// A name and a moment. The whole name is in the detail.
const EDITOR: u16 = 22;

/// Shares of the record, the field and each of the values, and the same on a wide screen: a title needs its room more than a
/// field's name and most values do.
const SHARES: [(u16, u16, u16); 2] = [(5, 3, 5), (8, 3, 5)];

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, list: Rect, below_list: Rect) {
    let empty = [
        "Nothing waits for a decision: no field was changed on both sides.".to_owned(),
        "When somebody changes the same field in the CRM and in Notion,".to_owned(),
        "both values are kept as they are and shown here for you.".to_owned(),
        format!(
            "{} shows what happened, {} looks at both sides now.",
            key(model, Action::PageJournal),
            key(model, Action::Refresh)
        ),
    ];
    let words = Words { rows: "conflicts", empty: &empty, searched: false };
    // Where there is no room for who edited it, the detail tells it.
    let told = list.width >= TWO_COLUMNS;
    let (record, field, value) = SHARES[usize::from(told)];
    let mut heads = vec![
        ("", Wide::Cells(2)),
        ("record", Wide::Share(record)),
        ("field", Wide::Share(field)),
        ("CRM", Wide::Share(value)),
        ("Notion", Wide::Share(value)),
    ];
    if told {
        heads.extend([("CRM last edit", Wide::Cells(EDITOR)), ("Notion last edit", Wide::Cells(EDITOR))]);
    }
    heads.push(("since", Wide::Cells(11)));
    // As wide as the narrower one of the two, so that both are cut at the same place.
    let rects = table::columns(shifted(list, 3), &heads);
    let room = usize::from(rects[3].width.min(rects[4].width));
    // A record with several held fields says on each of them how many more there are.
    let mut fields: BTreeMap<(&PairName, &RecordId), usize> = BTreeMap::new();
    for id in model.holds.rows.iter().map(|item| &item.row.id) {
        if let Some(crm) = &id.crm {
            *fields.entry((&id.pair, crm)).or_default() += 1;
        }
    }
    table(pen, list, &model.holds, &heads, &words, |item| {
        let row = &item.row;
        let (crm, notion) = (cell(&row.crm, row.decidable), cell(&row.notion, row.decidable));
        let (crm, notion) = text::apart(&crm, &notion, room, model.theme.glyphs.ellipsis);
        let moved = model.moved.contains(&row.id);
        let kind = if moved {
            "!"
        } else if row.decided.is_some() {
            "+"
        } else {
            signs::of_hold(&row.why)
        };
        let pick = model.staged.get(&row.id).map(|pick| &pick.choice);
        let kind_role = if moved {
            Role::Bad
        } else if pick.is_some() {
            Role::Good
        } else {
            Role::Warn
        };
        let of = row.id.crm.as_ref().and_then(|crm| fields.get(&(&row.id.pair, crm))).copied().unwrap_or(1);
        let label = if of > 1 { format!("{} +{}", row.label, of - 1) } else { row.label.clone() };
        let mut cells = vec![
            (kind_role, format!("{kind}{}", pick.map_or("", Choice::sign))),
            (Role::Strong, row.title.clone()),
            (Role::Text, label),
            (if loses(pick, Side::Crm) { Role::Dim } else { Role::Crm }, crm),
            (if loses(pick, Side::Notion) { Role::Dim } else { Role::Notion }, notion),
        ];
        if told {
            let room = usize::from(EDITOR);
            let editor = |value: &SideValue| (Role::Dim, conflict::editor(model, value, room).unwrap_or_default());
            cells.extend([editor(&row.crm), editor(&row.notion)]);
        }
        cells.push((Role::Dim, age::moment(model, row.since)));
        cells
    });
    match model.holds.current() {
        Some(item) => conflict::draw(pen, model, below_list, item),
        None => detail(pen, model, below_list, "", &[]),
    }
}

/// Whether a pick writes over this side's value.
fn loses(pick: Option<&Choice>, side: Side) -> bool {
    match pick {
        None | Some(Choice::Keep) => false,
        Some(Choice::Force(winner)) => *winner != side,
        Some(Choice::Base | Choice::Set(_)) => true,
    }
}

fn cell(value: &SideValue, decidable: bool) -> String {
    if value.text.is_empty() && decidable { "(empty)".to_owned() } else { value.text.clone() }
}
