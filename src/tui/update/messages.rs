//! What the dashboard has said, to be read again.

use super::open;
use crate::tui::model::{Effect, Model, PopupBody};
use crate::tui::popup::{Text, ours, said};
use crate::tui::theme::Role;
use crate::tui::widgets::age;

/// Shows the messages so far, the newest first.
pub(super) fn show(model: &mut Model) -> Vec<Effect> {
    let line = |spoken: &crate::tui::model::Spoken| {
        let times = if spoken.times > 1 { format!(" ({} times)", spoken.times) } else { String::new() };
        let (role, sign) = spoken.tone.sign();
        said(role, format!("{:<11} {sign} {}{times}", age::moment(model, spoken.at), spoken.text))
    };
    let mut lines: Vec<_> = model.spoken.iter().rev().map(line).collect();
    if lines.is_empty() {
        lines.push(ours(Role::Text, "Nothing has been said yet."));
    }
    open(model, PopupBody::Notice(Text { title: "Messages, the newest first".to_owned(), lines, top: 0 }));
    Vec::new()
}
