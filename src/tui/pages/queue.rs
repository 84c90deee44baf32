//! What is about to be written.

use ratatui::layout::Rect;

use super::detail;
use crate::control::QueueState;
use crate::model::Side;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, Words, table};
use crate::tui::widgets::{Pen, age};

fn state(state: QueueState) -> (Role, &'static str, &'static str) {
    match state {
        QueueState::InFlight => (Role::Accent, "> sent", "sent; the answer is still out"),
        QueueState::Unknown => {
            (Role::Bad, "? unknown", "its outcome is unknown; it is looked for, and never blindly repeated")
        }
        QueueState::Ready => (Role::Text, ". ready", "waits for a free request"),
        QueueState::Quiet => (Role::Dim, "~ quiet", "waits until nobody has typed there for a while"),
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, list: Rect, below_list: Rect) {
    let empty = [
        "Nothing waits to be written: both sides are in step,".to_owned(),
        "but for what waits for you under conflicts and orphans.".to_owned(),
    ];
    let words = Words { rows: "operations", empty: &empty, searched: false };
    let columns = [
        ("state", Wide::Cells(9)),
        ("to", Wide::Cells(6)),
        ("what", Wide::Cells(6)),
        ("record", Wide::Share(4)),
        ("fields", Wide::Share(4)),
        ("since", Wide::Cells(11)),
        ("due", Wide::Cells(8)),
    ];
    table(pen, list, &model.queue, &columns, &words, |row| {
        let (role, word, _) = state(row.state);
        vec![
            (role, word.to_owned()),
            (if row.side == Side::Crm { Role::Crm } else { Role::Notion }, row.side.to_string()),
            (Role::Text, row.op.clone()),
            (Role::Strong, row.title.clone()),
            (Role::Text, row.fields.join(", ")),
            (Role::Dim, age::moment(model, row.since)),
            (Role::Dim, row.due.map(|due| age::clock(model, due)).unwrap_or_default()),
        ]
    });
    let Some(row) = model.queue.current() else {
        detail(pen, model, below_list, "", &[]);
        return;
    };
    let (role, _, sentence) = state(row.state);
    let due = row.due.map(|due| format!("; goes on at {}", age::clock(model, due))).unwrap_or_default();
    let tries = if row.attempts > 0 { format!("; tried {} times", row.attempts) } else { String::new() };
    let lines = vec![
        (role, sentence.to_owned()),
        (Role::Dim, format!("{} of {} record {} in {}{due}{tries}", row.op, row.pair, row.record, row.side)),
        (Role::Text, row.fields.join(", ")),
    ];
    detail(pen, model, below_list, &row.title, &lines);
}
