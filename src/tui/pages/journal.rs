//! What was seen, decided and written.

use ratatui::layout::Rect;

use super::{detail, strange};
use crate::control::JournalRow;
use crate::model::{Happening, Side};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, Words, table};
use crate::tui::widgets::{Pen, Span, age, line};

/// A word and how it is meant.
pub(super) fn word(what: Happening) -> (Role, &'static str) {
    match what {
        Happening::Seen => (Role::Text, "seen"),
        Happening::Agreed => (Role::Dim, "agreed"),
        Happening::Wrote => (Role::Good, "wrote"),
        Happening::Created => (Role::Good, "created"),
        Happening::Tied => (Role::Good, "tied"),
        Happening::Untied => (Role::Warn, "untied"),
        Happening::Held => (Role::Warn, "held"),
        Happening::Released => (Role::Text, "released"),
        Happening::Decided => (Role::Accent, "decided"),
        Happening::Undone => (Role::Accent, "undone"),
        Happening::Lapsed => (Role::Warn, "lapsed"),
        Happening::Settled => (Role::Warn, "settled"),
        Happening::Refused => (Role::Bad, "refused"),
        Happening::PossiblyOverwritten => (Role::Bad, "overwrote?"),
        Happening::Gone => (Role::Warn, "gone"),
        Happening::Returned => (Role::Text, "returned"),
        Happening::Unknown => (Role::Bad, "unknown"),
        Happening::Adopted => (Role::Good, "adopted"),
        Happening::NotApplied => (Role::Warn, "not applied"),
        Happening::Quarantined => (Role::Bad, "quarantined"),
        Happening::Orphaned => (Role::Warn, "orphaned"),
        Happening::Heard => (Role::Dim, "heard"),
        Happening::Connection => (Role::Accent, "connection"),
        Happening::System => (Role::Accent, "system"),
    }
}

fn value(value: &str) -> &str {
    if value.is_empty() { "(empty)" } else { value }
}

/// What a line tells, in one line.
pub(super) fn tells(model: &Model, row: &JournalRow) -> String {
    let event = &row.event;
    let mut out = row.label.clone();
    let arrow = model.theme.glyphs.arrow;
    match (&row.before, &row.after) {
        (Some(before), Some(after)) => out.push_str(&format!(": {} {arrow} {}", value(before), value(after))),
        (Some(only), None) | (None, Some(only)) => out.push_str(&format!(": {}", value(only))),
        (None, None) => {}
    }
    if !event.note.is_empty() {
        out.push_str(if out.is_empty() { "" } else { " - " });
        out.push_str(&event.note);
    }
    if !event.who.is_empty() {
        let did = if event.what == Happening::Seen { "last edited by" } else { "by" };
        out.push_str(&format!(" ({did} {})", event.who));
    }
    out
}

/// A line's cells: time, word, side, record, what it tells.
pub(super) fn cells(model: &Model, row: &JournalRow) -> Vec<Span> {
    let (role, word) = word(row.event.what);
    let side = match row.event.side {
        Some(Side::Crm) => (Role::Crm, "CRM".to_owned()),
        Some(Side::Notion) => (Role::Notion, "Notion".to_owned()),
        None => (Role::Dim, String::new()),
    };
    vec![
        (Role::Dim, age::moment(model, row.event.at)),
        (role, word.to_owned()),
        side,
        (Role::Strong, row.title.clone()),
        (Role::Text, tells(model, row)),
    ]
}

pub(super) const COLUMNS: [(&str, Wide); 5] = [
    ("when", Wide::Cells(11)),
    ("what", Wide::Cells(11)),
    ("on", Wide::Cells(6)),
    ("record", Wide::Share(3)),
    ("", Wide::Share(6)),
];

/// How far a search has looked, and the key that looks further: what it did not find may still be there.
fn looked(model: &Model) -> Vec<Span> {
    let Some(looked) = model.looked.as_ref().filter(|looked| !looked.whole || model.before.is_some()) else {
        return Vec::new();
    };
    let from = age::minute(model, looked.from);
    let until = looked.until.filter(|_| model.before.is_some()).map(|until| age::minute(model, until));
    let text = match (until, looked.whole) {
        (Some(until), _) => format!(" looked from {until} back to {from}; "),
        (None, _) => format!(" looked back to {from}; "),
    };
    let then = if looked.whole { " the newest again " } else { " further back " };
    vec![
        (Role::Warn, text),
        (Role::Key, super::key(model, crate::tui::action::Action::JournalBack)),
        (Role::Dim, then.to_owned()),
    ]
}

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, list: Rect, below_list: Rect) {
    let empty =
        ["Nothing has happened yet.".to_owned(), "Every change seen, decided or written will be told here.".to_owned()];
    let words = Words { rows: "journal lines", empty: &empty, searched: false };
    table(pen, list, &model.journal, &COLUMNS, &words, |row| cells(model, row));
    let span = model.span.of().map(|(span, _)| (Role::Accent, format!(" {span} ")));
    let looked = looked(model);
    let spans: Vec<Span> = span.into_iter().chain(looked).chain([pen.room_for_age()]).collect();
    pen.right(line(list, 0), &spans);
    let Some(row) = model.journal.current() else {
        detail(pen, model, below_list, "", &[]);
        return;
    };
    let event = &row.event;
    let mut lines = Vec::new();
    let who = match (event.what, event.who.as_str()) {
        (Happening::Seen, "") => "seen by crosstie".to_owned(),
        (Happening::Seen, who) => format!("its record last edited by {who}"),
        (_, "") => "by crosstie".to_owned(),
        (_, who) => format!("by {who}"),
    };
    let ids = [("pair", event.pair.as_ref().map(|id| id.as_str())), ("CRM", event.crm.as_ref().map(|id| id.as_str()))];
    let ids = ids.into_iter().chain([("Notion", event.notion.as_ref().map(|id| id.as_str()))]);
    let ids: String = ids.filter_map(|(name, id)| id.map(|id| format!("; {name} {id}"))).collect();
    lines.push((Role::Dim, format!("line {}, {who}{ids}", event.seq)));
    for (name, side) in [("before", &row.before), ("after", &row.after)] {
        if let Some(side) = side {
            let shown = format!("{name}: {}", value(side));
            lines.extend(strange(model, Role::Text, "", &shown, below_list.width));
        }
    }
    if let Some((from, to)) = event.window {
        let ms = to.as_millisecond() - from.as_millisecond();
        lines.push((Role::Dim, format!("window: {ms} ms, from the last read to the answer")));
    }
    lines.extend(strange(model, Role::Text, "", &event.note, below_list.width));
    let title = match (row.title.as_str(), row.label.as_str()) {
        (title, "") => title.to_owned(),
        ("", label) => label.to_owned(),
        (title, label) => format!("{title} / {label}"),
    };
    detail(pen, model, below_list, &title, &lines);
}
