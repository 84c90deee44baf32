//! One hold in detail: base, CRM and Notion beside or above each other with the words that differ, and, where the detail
//! has the page, the record's other fields, its story, and where a person opens it.

use ratatui::layout::Rect;

use super::{journal, key, pad, rich, strange, wrapped};
use crate::control::{RecordField, SideValue};
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::layout::{self, TWO_COLUMNS, WIDE};
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
    if model.expanded || layout::is_roomy(model.size) {
        let here = model.closeup.as_ref().filter(|closeup| item.row.id.tie_id().as_ref() == Some(&closeup.tie));
        match here {
            Some(closeup) => lines.extend(around(model, closeup, &item.row.label, area.width)),
            None if item.row.id.crm.is_some() => {
                lines.extend([Vec::new(), vec![(Role::Dim, "its record comes...".to_owned())]]);
            }
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
    let mut lines: Vec<Line> = Vec::new();
    // What a stranger may have written a part of wears a gutter from its second line on, and nothing else does.
    let mut say = |spans: Vec<Span>| lines.extend(spans.into_iter().map(|span| vec![span]));
    if model.moved.contains(&item.row.id) {
        let text = "! changed since you looked: nothing was done, this is what is there now";
        say(wrapped(model, Role::Bad, "", text, width));
    }
    if let Some(pick) = model.staged.get(&item.row.id) {
        let sign = pick.choice.sign();
        say(match &pick.choice {
            Choice::Set(text) => {
                let text = text::one_line(text, model.theme.glyphs.newline);
                let text = format!("{sign} picked: both sides get {text}; nothing has left yet");
                strange(model, Role::Good, "", &text, width)
            }
            choice => {
                let text = format!("{sign} picked: {}; nothing has left yet", choice.word());
                wrapped(model, Role::Good, "", &text, width)
            }
        });
    }
    if let Some(decided) = &item.row.decided {
        say(strange(model, Role::Good, "", &format!("+ decided: {decided}; on its way"), width));
    }
    if !item.row.detail.is_empty() {
        say(strange(model, Role::Text, "", &item.row.detail, width));
    }
    if let Some(ends) = ends(model, &item.row.why).filter(|_| item.row.decided.is_none()) {
        say(wrapped(model, Role::Accent, "", &ends, width));
    }
    lines
}

/// Which key ends a hold that taking a side does not end, or what does.
fn ends(model: &Model, why: &str) -> Option<String> {
    let retry = key(model, Action::Retry);
    Some(match why {
        "deleted" => format!(
            "{retry} unties the two, after a question: nothing is deleted, and the survivor waits on Orphans, {}. Or restore \
             the record where it was deleted: then this ends by itself.",
            key(model, Action::PageOrphans)
        ),
        "refused" => format!("{retry} tries it again as it is; a change on either side does so by itself."),
        "unmappable" => "It ends by itself when the value changes on either side.".to_owned(),
        "unreadable" => {
            format!(
                "It ends by itself once the value can be read; {} looks again at once.",
                key(model, Action::Refresh)
            )
        }
        "quarantined" => {
            format!(
                "{retry} tries the record again; {} shows all that are set aside.",
                key(model, Action::PageQuarantine)
            )
        }
        "fighting" => format!("{retry} lets it be written again, once what rewrites it was found."),
        "parked" => format!("{retry} lets its writes go."),
        "guard" => format!(
            "{} opens the overview, where {} lets it happen once.",
            key(model, Action::PageOverview),
            key(model, Action::Override)
        ),
        "misfit" => format!("Mend the field as it says; {} looks again at once.", key(model, Action::Refresh)),
        "duplicates" => {
            format!("Remove the copies by hand where they are; {} looks again at once.", key(model, Action::Refresh))
        }
        _ => return None,
    })
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
    lines.extend(edited(model, item, usize::from(width)).into_iter().map(|text| vec![(Role::Dim, text)]));
    lines
}

/// Who edited the record last on either side: both on one line, or else a line each, which no moment is parted from.
fn edited(model: &Model, item: &HoldItem, width: usize) -> Vec<String> {
    let told = |room: usize| -> Vec<String> {
        let of = |side: Side| {
            let value = if side == Side::Crm { &item.row.crm } else { &item.row.notion };
            let head = format!("in {side} by ");
            Some(format!("{head}{}", editor(model, value, room.saturating_sub(head.len()))?))
        };
        Side::BOTH.into_iter().filter_map(of).collect()
    };
    let (first, whole) = ("last edited ", told(usize::MAX));
    if whole.is_empty() || text::width(first) + text::width(&whole.join(", ")) <= width {
        return if whole.is_empty() { whole } else { vec![format!("{first}{}", whole.join(", "))] };
    }
    let line = |(place, text)| format!("{}{text}", if place == 0 { first.to_owned() } else { " ".repeat(first.len()) });
    told(width.saturating_sub(first.len())).into_iter().enumerate().map(line).collect()
}

fn beside(model: &Model, item: &HoldItem, width: u16) -> Vec<Line> {
    let wide = usize::from(width).saturating_sub(4) / 3;
    let columns = values(model, item, [wide; 3]);
    let longest = columns.iter().map(|(.., lines)| lines.len()).max().unwrap_or(0);
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

/// Of a record that is shown without being asked for: so many fields and lines of its story, and so many cells of each. A
/// cursor that goes on has to send all of it away again, and over a slow line that is what is waited for.
const GLANCE: (usize, u16, usize) = (5, 76, 46);

/// Everything around a field: its record's other fields and where it is opened, and what happened to it; side by side where
/// there is room.
fn around(model: &Model, closeup: &Closeup, label: &str, width: u16) -> Vec<Line> {
    let mut lines = vec![Vec::new()];
    if width < TWO_COLUMNS {
        lines.extend(the_record(model, closeup, label, width, usize::MAX));
        lines.push(Vec::new());
        lines.extend(its_story(model, closeup));
        return lines;
    }
    let half = width / 2;
    if !model.expanded {
        let (fields, width, cells) = GLANCE;
        let more = |count: usize| {
            let text = format!("  {} more: {} shows all", count, key(model, Action::Open));
            vec![(Role::Dim, text)]
        };
        let mut story = its_story(model, closeup);
        for line in &mut story {
            if let Some((_, text)) = line.get_mut(2) {
                *text = text::fit(text, cells, model.theme.glyphs.ellipsis);
            }
        }
        let told = story.len().saturating_sub(fields + 1);
        if told > 0 {
            story.truncate(fields + 1);
            story.push(more(told));
        }
        let record = the_record(model, closeup, label, width, fields);
        lines.extend(super::beside(record, story, half));
        return lines;
    }
    lines.extend(super::beside(
        the_record(model, closeup, label, half - 2, usize::MAX),
        its_story(model, closeup),
        half,
    ));
    lines
}

fn the_record(model: &Model, closeup: &Closeup, label: &str, width: u16, most: usize) -> Vec<Line> {
    let Some(view) = &closeup.view else {
        let text = "its record is not here: it is being asked for, or is no tie any more";
        return wrapped(model, Role::Dim, "", text, width).into_iter().map(|span| vec![span]).collect();
    };
    let mut lines: Vec<Line> = vec![vec![(Role::Accent, "The record's other fields".to_owned())]];
    let mut others: Vec<&RecordField> = view.fields.iter().filter(|field| field.label != label).collect();
    if others.len() > most {
        // What differs matters more than what does not.
        others.sort_by_key(|field| field.crm == field.notion);
    }
    lines.extend(others.iter().take(most).map(|field| other(model, field, usize::from(width))));
    if let Some(more) = others.len().checked_sub(most).filter(|more| *more > 0) {
        lines.push(vec![(Role::Dim, format!("  {more} more: {} shows all", key(model, Action::Open)))]);
    }
    lines.push(Vec::new());
    let copy = key(model, Action::Copy);
    lines
        .push(vec![(Role::Accent, "Open it".to_owned()), (Role::Dim, format!("  {copy} copies the values and these"))]);
    for side in Side::BOTH {
        let role = if side == Side::Crm { Role::Crm } else { Role::Notion };
        let link = view.links.get(side).clone().unwrap_or_else(|| format!("record {}", view.ids.get(side)));
        // A part of a link opens nothing: all of it is shown, however many lines it takes.
        for (place, span) in strange(model, Role::Text, "", &link, width.saturating_sub(9)).into_iter().enumerate() {
            let head = if place == 0 { side.to_string() } else { String::new() };
            lines.push(vec![(role, format!("  {head:<7}")), span]);
        }
    }
    lines
}

fn its_story(model: &Model, closeup: &Closeup) -> Vec<Line> {
    let mut lines: Vec<Line> = vec![vec![(Role::Accent, "What happened to it".to_owned())]];
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
