//! What is about to be written.

use ratatui::layout::Rect;

use super::{detail, strange, wrapped};
use crate::control::{QueueRow, QueueState, Wait};
use crate::model::Side;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, Words, table};
use crate::tui::widgets::{Pen, age};

/// How an operation is: by sign and word, and in a sentence.
fn state(row: &QueueRow) -> (Role, &'static str, &'static str) {
    match (row.state, row.waits) {
        (QueueState::InFlight, _) => (Role::Accent, "> sent", "sent; the answer is still out"),
        (QueueState::Unknown, _) => {
            (Role::Bad, "? unknown", "its outcome is unknown; it is looked for, and never blindly repeated")
        }
        (_, Wait::Answer) => (Role::Accent, "> reading", "its record is read once more before it is written"),
        (_, Wait::Quiet) => (Role::Dim, "~ quiet", "waits until nobody has typed there for a while"),
        (_, Wait::Retry) => (Role::Warn, "~ again", "the last try did not succeed; it is tried again by itself"),
        (_, Wait::Side) => (
            Role::Warn,
            "~ trouble",
            "its side was in trouble a moment ago, or asked us to wait, and is left alone for a while",
        ),
        (_, Wait::Paused) => (Role::Warn, "= paused", "its pair is paused; it goes when somebody resumes it"),
        (_, Wait::Guard) => {
            (Role::Bad, "! guard", "a guard has stopped its pair; it goes when somebody lets it happen")
        }
        (_, Wait::Stopped) => (Role::Bad, "x stopped", "its pair cannot run"),
        (_, Wait::Look) => (Role::Dim, ". looking", "its pair is looked at first"),
        (_, Wait::Approval) => (Role::Warn, "! approve", "nobody has approved the first matching of its pair yet"),
        (_, Wait::Plan) => (Role::Dim, "- no leave", "it is not in the plan that is carried out now"),
        (_, Wait::SetAside) => {
            (Role::Bad, "x aside", "failed too often; it goes when the record changes, or somebody tries again")
        }
        (_, Wait::HeldBack) => (Role::Warn, "= held", "somebody held it back; it goes when somebody lets it go"),
        (QueueState::Ready, _) | (_, Wait::Request) => (Role::Text, ". ready", "waits for a free request"),
        (QueueState::Quiet, Wait::Unsaid | Wait::Probe) => {
            (Role::Dim, "~ waits", "waits; the engine did not say for what")
        }
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, list: Rect, below_list: Rect) {
    let empty = [
        "Nothing waits to be written: both sides are in step,".to_owned(),
        "but for what waits for you under conflicts and orphans.".to_owned(),
    ];
    let words = Words { rows: "operations", empty: &empty, searched: false };
    let columns = [
        ("state", Wide::Cells(10)),
        ("to", Wide::Cells(6)),
        ("what", Wide::Cells(6)),
        ("record", Wide::Share(4)),
        ("fields", Wide::Share(4)),
        ("since", Wide::Cells(11)),
        ("next", Wide::Cells(8)),
    ];
    table(pen, list, &model.queue, &columns, &words, |row| {
        let (role, word, _) = state(row);
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
    let (role, _, sentence) = state(row);
    let due = match (row.due, row.waits.passes()) {
        (Some(due), _) => format!("; goes on at {}", age::clock(model, due)),
        (None, true) => String::new(),
        (None, false) => "; not by itself".to_owned(),
    };
    let tries = match row.attempts {
        0 => String::new(),
        1 => "; tried once".to_owned(),
        tries => format!("; tried {tries} times"),
    };
    let mut lines = wrapped(model, role, "", sentence, below_list.width);
    if !row.said.is_empty() {
        lines.extend(strange(model, Role::Warn, "", &row.said, below_list.width));
    }
    lines.push((Role::Dim, format!("{} of {} record {} in {}{due}{tries}", row.op, row.pair, row.record, row.side)));
    lines.push((Role::Text, row.fields.join(", ")));
    detail(pen, model, below_list, &row.title, &lines);
}
