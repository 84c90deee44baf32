//! One hold in detail: base, CRM and Notion beside or above each other with the words that differ, and, where the detail
//! has the page, the record's other fields, its story, and where a person opens it.

use ratatui::layout::Rect;

use super::{journal, key, rich, strange, wrapped};
use crate::control::{RecordField, SideValue};
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::layout::WIDE;
use crate::tui::model::{Choice, Closeup, HoldItem, Model, differ, text};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, Span, age};

/// A line of several pieces.
type Line = Vec<Span>;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Rect, item: &HoldItem) {
    let mut lines = about(model, item, area.width);
    if item.row.decidable {
        lines.extend(if area.width >= WIDE {
            beside(model, item, area.width)
        } else {
            stacked(model, item, area.width)
        });
    }
    if model.expanded {
        let here = model.closeup.as_ref().filter(|closeup| item.row.id.tie_id().as_ref() == Some(&closeup.tie));
        match here {
            Some(closeup) => lines.extend(around(model, closeup, &item.row.label, area.width)),
            None if item.row.id.crm.is_some() => lines.push(vec![(Role::Dim, "asking for its record...".to_owned())]),
            None => {}
        }
    }
    rich(pen, model, area, &heading(item), &lines);
}

fn heading(item: &HoldItem) -> String {
    let row = &item.row;
    let label = if row.label.is_empty() { "whole record" } else { &row.label };
    format!("{} / {label}: {}", row.title, row.why)
}

/// What is said about the hold itself.
fn about(model: &Model, item: &HoldItem, width: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut say =
        |role, text: &str| lines.extend(strange(model, role, "", text, width).into_iter().map(|span| vec![span]));
    if model.moved.contains(&item.row.id) {
        say(Role::Bad, "! changed since you looked: nothing was done, this is what is there now");
    }
    if let Some(pick) = model.staged.get(&item.row.id) {
        let sign = pick.choice.sign();
        let picked = match &pick.choice {
            Choice::Set(text) => format!("both sides get {}", text::one_line(text, model.theme.glyphs.newline)),
            choice => choice.word().to_owned(),
        };
        say(Role::Good, &format!("{sign} picked: {picked}; nothing has left yet"));
    }
    if let Some(decided) = &item.row.decided {
        say(Role::Good, &format!("+ decided: {decided}; on its way"));
    }
    if !item.row.detail.is_empty() {
        say(Role::Text, &item.row.detail);
    }
    lines
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "(empty)" } else { text }
}

/// A value in lines, with the words marked that differ from `other`. All lines but the first stand behind a gutter.
fn value(model: &Model, role: Role, text: &str, other: &str, room: usize) -> Vec<Line> {
    let clean = text::sanitise(shown(text));
    let glyphs = &model.theme.glyphs;
    let lines = text::wrap(&clean, room.saturating_sub(text::width(glyphs.gutter) + 1), 400, glyphs.ellipsis);
    let marks = differ::changed(&clean, &text::sanitise(shown(other)));
    let pieces = differ::pieces(&clean, &marks, &lines);
    let piece = |(marked, text)| (if marked { Role::Changed } else { role }, text);
    let behind = |(place, line): (usize, Vec<(bool, String)>)| {
        let gutter = (place > 0).then(|| (Role::Border, format!("{} ", glyphs.gutter)));
        gutter.into_iter().chain(line.into_iter().map(piece)).collect()
    };
    pieces.into_iter().enumerate().map(behind).collect()
}

/// The three values, each with what it is and when it was seen.
fn values(model: &Model, item: &HoldItem, rooms: [usize; 3]) -> [(Role, String, String, Vec<Line>); 3] {
    let row = &item.row;
    let when = |value: &SideValue| value.seen_at.map(|at| age::moment(model, at)).unwrap_or_default();
    // A side's words are compared with what both had agreed on; where they never agreed, with the other side's.
    let (crm, notion) = (row.crm.text.as_str(), row.notion.text.as_str());
    let base = row.base.as_ref().map(|base| base.text.as_str());
    let none = "(none: the two sides have never agreed)";
    [
        (
            Role::Dim,
            "base".to_owned(),
            String::new(),
            match base {
                Some(base) => value(model, Role::Dim, base, base, rooms[0]),
                None => value(model, Role::Dim, none, none, rooms[0]),
            },
        ),
        (Role::Crm, "CRM".to_owned(), when(&row.crm), value(model, Role::Text, crm, base.unwrap_or(notion), rooms[1])),
        (
            Role::Notion,
            "Notion".to_owned(),
            when(&row.notion),
            value(model, Role::Text, notion, base.unwrap_or(crm), rooms[2]),
        ),
    ]
}

/// Who edited the record last on a side, and when, in so many cells. Nobody has proven that it was this field.
pub(super) fn editor(model: &Model, value: &SideValue, room: usize) -> Option<String> {
    let glyphs = &model.theme.glyphs;
    let who = (!value.edited_by.is_empty()).then(|| text::one_line(&value.edited_by, glyphs.newline))?;
    let when = value.edited_at.map(|at| format!(" {}", age::moment(model, at))).unwrap_or_default();
    // A long name is cut, so that the moment stays.
    let who = text::fit(&who, room.saturating_sub(text::width(&when)), glyphs.ellipsis);
    Some(format!("{who}{when}"))
}

/// Cells before a value: the side, and when it was seen there.
const HEAD: usize = 19;

/// One below the other from the same column on, so that a difference stands out.
fn stacked(model: &Model, item: &HoldItem, width: u16) -> Vec<Line> {
    let room = usize::from(width).saturating_sub(HEAD);
    let mut lines = Vec::new();
    for (role, side, when, values) in values(model, item, [room; 3]) {
        for (place, value) in values.into_iter().enumerate() {
            let head = if place == 0 { format!("{side:<6} {when}") } else { String::new() };
            let mut line = vec![(role, format!("{head:<HEAD$}"))];
            line.extend(value);
            lines.push(line);
        }
    }
    let told = Side::BOTH.into_iter().filter_map(|side| {
        let value = if side == Side::Crm { &item.row.crm } else { &item.row.notion };
        editor(model, value, 40).map(|editor| format!("in {side} by {editor}"))
    });
    let told: Vec<String> = told.collect();
    if !told.is_empty() {
        let told = format!("last edited {}", told.join(", "));
        lines.extend(wrapped(model, Role::Dim, "", &told, width).into_iter().map(|span| vec![span]));
    }
    lines
}

fn beside(model: &Model, item: &HoldItem, width: u16) -> Vec<Line> {
    let wide = usize::from(width).saturating_sub(4) / 3;
    let columns = values(model, item, [wide; 3]);
    let longest = columns.iter().map(|(.., lines)| lines.len()).max().unwrap_or(0);
    let pad = |line: &mut Line, to: usize| {
        let used: usize = line.iter().map(|(_, text)| text::width(text)).sum();
        line.push((Role::Text, " ".repeat(to.saturating_sub(used))));
    };
    let by = "last edited by ";
    let editor = |value: &SideValue| editor(model, value, wide.saturating_sub(by.len()));
    let editors = [None, editor(&item.row.crm), editor(&item.row.notion)];
    let (mut heads, mut told): (Line, Line) = (Vec::new(), Vec::new());
    for (place, (role, side, when, _)) in columns.iter().enumerate() {
        let seen = if when.is_empty() { String::new() } else { format!(" (seen {when})") };
        heads.push((*role, format!("{side}{seen}")));
        if let Some(editor) = &editors[place] {
            told.push((Role::Dim, format!("{by}{editor}")));
        }
        if place + 1 < columns.len() {
            pad(&mut heads, (wide + 2) * (place + 1));
            pad(&mut told, (wide + 2) * (place + 1));
        }
    }
    let mut lines = vec![heads];
    if editors.iter().any(Option::is_some) {
        lines.push(told);
    }
    for row in 0..longest {
        let mut line: Line = Vec::new();
        for (place, (.., values)) in columns.iter().enumerate() {
            line.extend(values.get(row).cloned().unwrap_or_default());
            if place + 1 < columns.len() {
                pad(&mut line, (wide + 2) * (place + 1));
            }
        }
        lines.push(line);
    }
    lines
}

/// Everything around a field: its record's other fields, what happened to it, where it is opened.
fn around(model: &Model, closeup: &Closeup, label: &str, width: u16) -> Vec<Line> {
    let mut lines = vec![Vec::new()];
    match &closeup.view {
        None => lines
            .push(vec![(Role::Dim, "its record is not here: it is being asked for, or is no tie any more".to_owned())]),
        Some(view) => {
            lines.push(vec![(Role::Accent, "The record's other fields".to_owned())]);
            let others = view.fields.iter().filter(|field| field.label != label);
            lines.extend(others.map(|field| other(model, field, usize::from(width))));
            lines.push(Vec::new());
            let copy = key(model, Action::Copy);
            lines.push(vec![
                (Role::Accent, "Open it".to_owned()),
                (Role::Dim, format!("  {copy} copies the values and these")),
            ]);
            for side in Side::BOTH {
                let role = if side == Side::Crm { Role::Crm } else { Role::Notion };
                let link = view.links.get(side).clone().unwrap_or_else(|| format!("record {}", view.ids.get(side)));
                lines.push(vec![(role, format!("  {:<7}", side.to_string())), (Role::Text, link)]);
            }
        }
    }
    lines.push(Vec::new());
    lines.push(vec![(Role::Accent, "What happened to it".to_owned())]);
    if closeup.story.is_empty() {
        lines.push(vec![(Role::Dim, "  nothing that the journal still knows".to_owned())]);
    }
    if let Some(looked) = &closeup.looked {
        let text = format!("  older than {} was not looked for here", age::minute(model, looked.from));
        lines.push(vec![(Role::Dim, text)]);
    }
    for row in &closeup.story {
        let (role, word) = journal::word(row.event.what);
        let when = age::moment(model, row.event.at);
        let side = row.event.side.map(|side| side.to_string()).unwrap_or_default();
        lines.push(vec![
            (Role::Dim, format!("  {when:<12}")),
            (role, format!("{word:<12}")),
            (Role::Text, format!("{side:<7}{}", journal::tells(model, row))),
        ]);
    }
    lines
}

/// A field that is no part of the conflict, on one line.
fn other(model: &Model, field: &RecordField, width: usize) -> Line {
    let glyphs = &model.theme.glyphs;
    let flat = |value: &Option<String>, room: usize| {
        let text = value.as_deref().map_or("(not readable)", shown);
        text::fit(&text::one_line(text, glyphs.newline), room, glyphs.ellipsis)
    };
    let (name, sign) = (
        18,
        if field.held {
            "!"
        } else if field.crm == field.notion {
            "="
        } else {
            "~"
        },
    );
    let room = width.saturating_sub(name + 8);
    let label = text::fit(&field.label, name, glyphs.ellipsis);
    let pad = " ".repeat(name.saturating_sub(text::width(&label)));
    let head = (Role::Dim, format!("  {label}{pad} {sign} "));
    if field.crm == field.notion {
        return vec![head, (Role::Text, flat(&field.crm, room))];
    }
    let half = room.saturating_sub(3) / 2;
    vec![
        head,
        (Role::Crm, flat(&field.crm, half)),
        (Role::Dim, format!(" {} ", glyphs.vertical)),
        (Role::Notion, flat(&field.notion, half)),
    ]
}
