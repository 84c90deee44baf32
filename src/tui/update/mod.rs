//! The only writer of the model. `update` is pure: no clock, no terminal, no Desk; what it wants done it returns.
//!
//! The one way to a command that changes either system is `popups::answer_yes`, which wants a question that was on
//! screen and armed. Everything else may at most put up such a question, ask the engine to look again, or let it try
//! again what it was about to do anyway.

mod ahead;
mod closeup;
pub(super) mod conflicts;
mod dryrun;
mod help;
mod keys;
mod linker;
mod lists;
mod marks;
mod messages;
mod orphans;
mod overview;
mod palette;
mod popups;
mod relations;
mod replies;
pub(super) mod staging;
pub(super) mod undo;
mod written;

use std::sync::Arc;

use jiff::Timestamp;

use super::model::{Dirty, Effect, Frozen, Model, Msg, PopupBody, Tone, Waiting, edge};
use super::popup::{Confirm, Popup};
use super::widgets::age;
use crate::control::{Command, Query, Snapshot};
use crate::model::{RecordId, RecordRef, Side};

pub(super) use ahead::shown as waiting_keys;
pub(super) use lists::orders_of;
pub(super) use palette::why_not;
pub use staging::summary;

/// Whether an action can be done now.
pub fn is_possible(model: &Model, spec: &super::action::Spec) -> bool {
    keys::why_not(model, spec).is_none()
}

/// More than so many things at once want their count typed.
const MANY: usize = 20;

/// Takes a message in and says what is to be done.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Tick { now, ms } => tick(model, now, ms),
        Msg::Key(key) => keys::key(model, key),
        Msg::Paste(text) => keys::paste(model, &text),
        Msg::Resize(width, height) => {
            model.size = (width, height);
            model.touch(Dirty::Now);
            lists::settle(model)
        }
        Msg::Drawn { popup } => {
            let ms = model.ms;
            if let Some(top) = model.popups.last_mut().filter(|top| Some(top.serial) == popup) {
                top.drawn.get_or_insert(ms);
            }
            Vec::new()
        }
        Msg::Snapshot(snapshot) => news(model, &snapshot),
        Msg::Gone(why) => {
            model.gone = Some(super::model::text::one_line(&why, " ").into_owned());
            model.touch(Dirty::Now);
            Vec::new()
        }
        Msg::Back => {
            model.gone = None;
            let kept = if model.staged.is_empty() { "" } else { "; what you picked is kept as long as it fits" };
            model.toast(Tone::Good, format!("connected again{kept}"));
            lists::renew(model);
            lists::settle(model)
        }
        Msg::Answer { tag, result, took } => {
            let mut effects = replies::answer(model, tag, result, took);
            effects.extend(ahead::go_on(model));
            effects
        }
        Msg::Reply { tag, result } => replies::reply(model, tag, result),
    }
}

/// Whether something on screen changes within a second by itself.
pub fn is_hurried(model: &Model) -> bool {
    !model.toasts.is_empty()
        || model.popups.last().is_some_and(|popup| !popup.armed(model.ms))
        || lists::is_waiting(model)
        || model.rests.is_some()
}

fn tick(model: &mut Model, now: Timestamp, ms: u64) -> Vec<Effect> {
    let was_armed = model.popups.last().is_some_and(|popup| popup.armed(model.ms));
    (model.now, model.ms) = (now, ms.max(model.ms));
    if was_armed != model.popups.last().is_some_and(|popup| popup.armed(model.ms)) {
        model.touch(Dirty::Now);
    }
    let before = model.toasts.len();
    model.toasts.retain(|toast| toast.until > ms);
    if before != model.toasts.len() {
        model.touch(Dirty::Now);
    }
    let face = age::face(model);
    if face != model.face {
        model.face = face;
        model.touch(Dirty::Figures);
    }
    lists::settle(model)
}

fn news(model: &mut Model, snapshot: &Arc<Snapshot>) -> Vec<Effect> {
    // The engine's first look has number 1: number 0 is what a channel holds before that.
    if snapshot.version == 0 || model.snapshot.as_ref().is_some_and(|old| **old == **snapshot) {
        return Vec::new();
    }
    if let Some(frozen) = &mut model.frozen {
        frozen.newest = Some(Arc::clone(snapshot));
        return Vec::new();
    }
    let first = model.snapshot.is_none();
    let mut effects = written::look(model, snapshot);
    model.snapshot = Some(Arc::new(edge::snapshot(snapshot)));
    model.touch(if first { Dirty::Now } else { Dirty::Figures });
    lists::outdate(model);
    withdraw(model);
    relations::roles_came(model);
    if first {
        effects.extend(lists::settle(model));
    }
    effects
}

/// Takes back a question about a pair whose state is no longer what the question says.
fn withdraw(model: &mut Model) {
    let Some(snapshot) = model.snapshot.clone() else { return };
    let before = model.popups.len();
    model.popups.retain(|popup| match &popup.body {
        PopupBody::Confirm(Confirm { about: Some((name, state)), .. }) => {
            snapshot.pairs.iter().any(|pair| pair.name == *name && pair.state == *state)
        }
        _ => true,
    });
    if model.popups.len() != before {
        model.toast(Tone::Warn, "changed since you looked: nothing was done, look again");
    }
}

/// Puts a popup on top.
fn open(model: &mut Model, body: PopupBody) -> u64 {
    let serial = model.number();
    model.popups.push(Popup { serial, drawn: None, body });
    model.prefix.clear();
    // What came before this was on screen means something else.
    model.ahead.clear();
    model.touch(Dirty::Now);
    serial
}

fn ask(model: &mut Model, what: Waiting, query: Query) -> Effect {
    let tag = model.number();
    model.waiting.insert(tag, what);
    Effect::Query { tag, query }
}

/// Tells the Desk something. Whatever changes either system comes here from `popups::answer_yes` alone.
/// In read-only mode nothing leaves, whatever led here.
fn tell(model: &mut Model, command: Command) -> Option<Effect> {
    tell_then(model, command, Vec::new(), 0)
}

/// The same, and more when it was done.
fn tell_then(model: &mut Model, command: Command, then: Vec<Command>, before: usize) -> Option<Effect> {
    if model.read_only && command != Command::Refresh {
        model.toast(Tone::Warn, "read-only: nothing was done");
        return None;
    }
    let tag = model.number();
    let about = match &command {
        Command::Resolve { items } => items.iter().map(|item| item.id().clone()).collect(),
        Command::Retry { id } => vec![id.clone()],
        _ => Vec::new(),
    };
    let items = if let Command::Resolve { items } = &command { items.clone() } else { Vec::new() };
    let records = match &command {
        Command::CreateCounterpart { record, .. } | Command::IgnoreOrphan { record, .. } => vec![record.clone()],
        Command::Link { pair, crm, notion, .. } => {
            let at = |side, id: &RecordId| RecordRef { pair: pair.clone(), side, id: id.clone() };
            vec![at(Side::Crm, crm), at(Side::Notion, notion)]
        }
        _ => Vec::new(),
    };
    let edge = match &command {
        Command::Relate { owner, field, .. } => Some((owner.clone(), field.clone())),
        _ => None,
    };
    model.waiting.insert(tag, Waiting::Command { about, items, then, before, records, edge });
    Some(Effect::Command { tag, command })
}

/// Lets the display stand still, or go on with what came meanwhile.
fn freeze(model: &mut Model) -> Vec<Effect> {
    match model.frozen.take() {
        None => {
            model.frozen = Some(Frozen { since: model.now, newest: None });
            model.toast(Tone::Plain, "the display stands still; the sync goes on");
            Vec::new()
        }
        Some(frozen) => {
            model.toast(Tone::Plain, "the display follows again");
            lists::renew(model);
            let mut effects = frozen.newest.map(|newest| news(model, &newest)).unwrap_or_default();
            effects.extend(lists::settle(model));
            effects
        }
    }
}

/// Lets nothing leave that changes either system, or lets it again.
fn lock(model: &mut Model) -> Vec<Effect> {
    if model.locked {
        model.toast(Tone::Warn, "this dashboard was started read-only and stays so");
        return Vec::new();
    }
    model.read_only = !model.read_only;
    model.toast(
        Tone::Plain,
        if model.read_only { "read-only: nothing leaves this dashboard" } else { "decisions leave again" },
    );
    Vec::new()
}
