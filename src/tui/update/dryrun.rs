//! The dry run: the engine is asked what would become of every pick, and what it says is what is shown and confirmed. What
//! it would not take is told first, with the reason, stays picked, and stops nothing else.

use super::conflicts::{heading, told};
use super::{MANY, ask, open, staging};
use crate::control::{Command, DeskError, Fate, List, Query, Rows, Window};
use crate::model::HoldId;
use crate::tui::model::{Choice, Dirty, Effect, Model, Pick, PopupBody, Staged, Waiting, edge};
use crate::tui::popup::{Confirm, Foresight, Text, ours, said};
use crate::tui::theme::Role;

/// How many picks one question to the engine is about: as many rows as a window has at most.
const AT_ONCE: usize = 500;

/// What it is called: by what would become of these.
fn title(picks: &[Pick]) -> &'static str {
    if picks.iter().all(|pick| pick.choice == Choice::Keep) {
        "Dry run: these would stay as they are on both sides"
    } else {
        "Dry run: this is what would be written"
    }
}

/// Asks the engine what committing would do; its answer is shown, and asked about.
pub(super) fn show(model: &mut Model) -> Vec<Effect> {
    let picks: Vec<Pick> = model.staged.picks().cloned().collect();
    if picks.is_empty() {
        return Vec::new();
    }
    let chunks: Vec<Vec<_>> =
        picks.chunks(AT_ONCE).map(|some| some.iter().map(staging::resolution).collect()).collect();
    let lines = vec![
        ours(Role::Strong, format!("{}: {}. Nothing has left yet.", fields(picks.len()), model.staged.counts())),
        ours(Role::Dim, "asking the engine what would be written..."),
    ];
    let title = title(&picks);
    let foresight = Some(Box::new(Foresight { picks, left: chunks.len(), ..Foresight::default() }));
    let confirm = Confirm { foresight, ..Confirm::new(title, lines, "Yes, commit", Vec::new()) };
    let serial = open(model, PopupBody::Confirm(confirm));
    let query = |items: Vec<_>| Query { limit: AT_ONCE as u64, ..Query::all(List::Preview { items }) };
    chunks.into_iter().map(|items| ask(model, Waiting::Preview(serial), query(items))).collect()
}

/// What the engine says of some of the picks came.
pub(super) fn came(model: &mut Model, serial: u64, result: Result<Window, DeskError>) {
    let popup = model.popups.iter_mut().find(|popup| popup.serial == serial);
    let Some(PopupBody::Confirm(Confirm { foresight: Some(foresight), .. })) = popup.map(|popup| &mut popup.body)
    else {
        // Left meanwhile.
        return;
    };
    match result {
        Ok(Window { rows: Rows::Previews(rows), .. }) => {
            foresight.fates.extend(rows.into_iter().map(edge::foreseen).map(|row| (row.id, row.fate)));
        }
        Ok(_) => foresight.failed = Some("the engine answered with another list".to_owned()),
        Err(error) => foresight.failed = Some(error.to_string()),
    }
    foresight.left = foresight.left.saturating_sub(1);
    if foresight.left > 0 {
        return;
    }
    let body = foretold(model, serial);
    if let Some((popup, body)) = model.popups.iter_mut().find(|popup| popup.serial == serial).zip(body) {
        // What it says now was not on screen yet.
        (popup.body, popup.drawn) = (body, None);
    }
    model.touch(Dirty::Now);
}

fn fields(count: usize) -> String {
    if count == 1 { "1 field".to_owned() } else { format!("{count} fields") }
}

/// The whole dry run, now that the engine has said everything.
fn foretold(model: &mut Model, serial: u64) -> Option<PopupBody> {
    let popup = model.popups.iter().find(|popup| popup.serial == serial)?;
    let PopupBody::Confirm(Confirm { foresight: Some(foresight), .. }) = &popup.body else { return None };
    let Foresight { picks, fates, failed, .. } = *foresight.clone();
    let (mut refused, mut moved, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for pick in picks {
        match (fates.get(&pick.item.row.id), &failed) {
            (Some(Fate::Taken { .. }), _) | (None, Some(_)) => rest.push(pick),
            (Some(Fate::Changed), _) => moved.push(pick),
            (Some(Fate::Refused { why }), _) => refused.push((pick, why.clone())),
            (None, None) => refused.push((pick, "the engine said nothing of it".to_owned())),
        }
    }
    let mut lines = Vec::new();
    let mut counted = Staged::default();
    counted.stage(rest.clone());
    let tally = format!("{}: {}. Nothing has left yet.", fields(rest.len()), counted.counts());
    if !rest.is_empty() {
        lines.push(ours(Role::Strong, tally));
    }
    if let Some(why) = &failed {
        let text =
            format!("! The engine did not say beforehand what it would take: {why}. One that it refuses stops all.");
        lines.push(said(Role::Warn, text));
    }
    if !refused.is_empty() {
        let stay = if refused.len() == 1 {
            "1 cannot be written, and stays picked".to_owned()
        } else {
            format!("{} cannot be written, and stay picked", refused.len())
        };
        lines.push(ours(Role::Bad, format!("x {stay}:")));
        for (pick, why) in &refused {
            lines.push(said(Role::Accent, format!("  {}", heading(&pick.item))));
            lines.push(said(Role::Bad, format!("    {why}")));
        }
    }
    if !moved.is_empty() {
        let what = "changed since you looked, and picked no longer: look again";
        lines.push(ours(Role::Warn, format!("! {} {what}", moved.len())));
        lines.extend(moved.iter().map(|pick| said(Role::Accent, format!("  {}", heading(&pick.item)))));
        let ids: Vec<HoldId> = moved.iter().map(|pick| pick.item.row.id.clone()).collect();
        staging::moved(model, ids);
    }
    if rest.is_empty() {
        return Some(PopupBody::Notice(Text { title: "Nothing of this can be written".to_owned(), lines, top: 0 }));
    }
    for pick in &rest {
        lines.push(ours(Role::Text, ""));
        lines.extend(told(model, pick, fates.get(&pick.item.row.id)));
    }
    lines.push(ours(Role::Text, ""));
    lines.push(ours(Role::Dim, "What has changed since is left alone and shown again; the others go on."));
    lines.push(ours(Role::Dim, "Afterwards the journal takes back what nobody has touched since."));
    let count = rest.len();
    let items = rest.iter().map(staging::resolution).collect();
    let yes = if count == 1 { "Yes, commit it".to_owned() } else { format!("Yes, commit {count}") };
    let confirm = Confirm::new(title(&rest), lines, &yes, vec![Command::Resolve { items }]);
    Some(PopupBody::Confirm(if count > MANY { confirm.demanding(count) } else { confirm }))
}
