//! What is held, and what the two sides say.

use ratatui::layout::Rect;

use super::{detail, key, wrapped};
use crate::control::SideValue;
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::layout::WIDE;
use crate::tui::model::{Choice, HoldItem, Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::table::{self, Wide, Words, table};
use crate::tui::widgets::{Pen, Span, age, below, line, shifted};

/// One letter for a word of [`crate::control::HoldRow::why`]: the detail says the word.
fn letter(why: &str) -> &'static str {
    match why {
        "conflict" => "C",
        "refused" => "R",
        "unmappable" => "M",
        "unreadable" => "U",
        "deleted" => "D",
        "fighting" => "F",
        "guard" => "G",
        "quarantined" => "Q",
        "duplicates" => "2",
        _ => "?",
    }
}

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
    let heads = [
        ("", Wide::Cells(2)),
        ("record", Wide::Share(5)),
        ("field", Wide::Share(3)),
        ("CRM", Wide::Share(5)),
        ("Notion", Wide::Share(5)),
        ("since", Wide::Cells(11)),
    ];
    // As wide as the narrower one of the two, so that both are cut at the same place.
    let rects = table::columns(shifted(list, 3), &heads);
    let room = usize::from(rects[3].width.min(rects[4].width));
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
            letter(&row.why)
        };
        let pick = model.staged.get(&row.id).map(|pick| &pick.choice);
        let kind_role = if moved {
            Role::Bad
        } else if pick.is_some() {
            Role::Good
        } else {
            Role::Warn
        };
        vec![
            (kind_role, format!("{kind}{}", pick.map_or("", Choice::sign))),
            (Role::Strong, row.title.clone()),
            (Role::Text, row.label.clone()),
            (if loses(pick, Side::Crm) { Role::Dim } else { Role::Crm }, crm),
            (if loses(pick, Side::Notion) { Role::Dim } else { Role::Notion }, notion),
            (Role::Dim, age::moment(model, row.since)),
        ]
    });
    match model.holds.current() {
        Some(item) if below_list.width >= WIDE => beside(pen, model, below_list, item),
        Some(item) => stacked(pen, model, below_list, item),
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

fn heading(item: &HoldItem) -> String {
    let row = &item.row;
    let label = if row.label.is_empty() { "whole record" } else { &row.label };
    format!("{} / {label}: {}", row.title, row.why)
}

/// What is said about the hold itself.
fn about(model: &Model, item: &HoldItem, width: u16) -> Vec<Span> {
    let mut lines = Vec::new();
    if model.moved.contains(&item.row.id) {
        lines.push((Role::Bad, "! changed since you looked: nothing was done, this is what is there now".to_owned()));
    }
    if let Some(pick) = model.staged.get(&item.row.id) {
        let sign = pick.choice.sign();
        let text = match &pick.choice {
            Choice::Set(text) => {
                format!("{sign} picked: both sides get {}", text::one_line(text, model.theme.glyphs.newline))
            }
            choice => format!("{sign} picked: {}", choice.word()),
        };
        lines.extend(wrapped(model, Role::Good, "", &format!("{text}; nothing has left yet"), width));
    }
    if let Some(decided) = &item.row.decided {
        lines.extend(wrapped(model, Role::Good, "", &format!("+ decided: {decided}; on its way"), width));
    }
    if !item.row.detail.is_empty() {
        lines.extend(wrapped(model, Role::Text, "", &item.row.detail, width));
    }
    lines
}

fn seen(model: &Model, value: &SideValue) -> String {
    value.seen_at.map(|at| format!(" (seen {})", age::moment(model, at))).unwrap_or_default()
}

fn base_text(item: &HoldItem) -> (Role, &str) {
    match &item.row.base {
        Some(base) if base.text.is_empty() => (Role::Dim, "(empty)"),
        Some(base) => (Role::Dim, &base.text),
        None => (Role::Dim, "(none: the two sides have never agreed)"),
    }
}

fn side_text(value: &SideValue) -> &str {
    if value.text.is_empty() { "(empty)" } else { &value.text }
}

/// Cells before a value: the side, and when it was seen there.
const HEAD: usize = 19;

fn stacked(pen: &mut Pen<'_>, model: &Model, area: Rect, item: &HoldItem) {
    let mut lines = about(model, item, area.width);
    if item.row.decidable {
        let (role, base) = base_text(item);
        let when = |value: &SideValue| value.seen_at.map(|at| age::moment(model, at)).unwrap_or_default();
        let parts = [
            (Role::Dim, "base", String::new(), role, base),
            (Role::Crm, "CRM", when(&item.row.crm), Role::Text, side_text(&item.row.crm)),
            (Role::Notion, "Notion", when(&item.row.notion), Role::Text, side_text(&item.row.notion)),
        ];
        // One below the other from the same column on, so that a difference stands out.
        let indent = " ".repeat(HEAD);
        for (head_role, side, when, role, value) in parts {
            let mut values = wrapped(model, role, &indent, value, area.width).into_iter();
            let first = values.next().map(|(_, line)| line.trim_start().to_owned()).unwrap_or_default();
            let head = format!("{side:<6} {when}");
            lines.push((head_role, format!("{head:<HEAD$}{first}")));
            lines.extend(values);
        }
    }
    detail(pen, model, area, &heading(item), &lines);
}

fn beside(pen: &mut Pen<'_>, model: &Model, area: Rect, item: &HoldItem) {
    let about = about(model, item, area.width);
    if !item.row.decidable {
        detail(pen, model, area, &heading(item), &about);
        return;
    }
    pen.rule(line(area, 0), &heading(item));
    let above = u16::try_from(about.len()).unwrap_or(0).min(area.height / 2);
    pen.lines(Rect { height: above, ..below(area, 1) }, &about, 0);
    let body = below(area, 1 + above);
    let wide = (area.width.saturating_sub(4)) / 3;
    let (base_role, base) = base_text(item);
    let parts = [
        (Role::Dim, "base".to_owned(), base_role, base),
        (Role::Crm, format!("CRM{}", seen(model, &item.row.crm)), Role::Text, side_text(&item.row.crm)),
        (Role::Notion, format!("Notion{}", seen(model, &item.row.notion)), Role::Text, side_text(&item.row.notion)),
    ];
    let all: Vec<Vec<Span>> = parts.iter().map(|(_, _, role, value)| wrapped(model, *role, "", value, wide)).collect();
    let longest = all.iter().map(Vec::len).max().unwrap_or(0);
    let room = body.height.saturating_sub(1);
    let most = u16::try_from(longest).unwrap_or(u16::MAX).saturating_sub(room);
    let top = model.detail_top.min(most);
    for (place, ((role, head, _, _), lines)) in (0_u16..).zip(parts.iter().zip(&all)) {
        let column = Rect { width: wide.min(area.width), ..shifted(body, place * (wide + 2)) };
        pen.put(line(column, 0), *role, head);
        pen.lines(below(column, 1), lines, top);
    }
    if most > top {
        let more = format!(" {} more lines: {} ", most - top, key(model, Action::DetailDown));
        pen.right(line(area, 0), &[(Role::Dim, more)]);
    }
}
