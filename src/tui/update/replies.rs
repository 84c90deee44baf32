//! What the Desk answered.

use super::{closeup, conflicts, dryrun, linker, lists, marks, open, popups, relations, staging, written};
use crate::control::{Candidate, Command, DeskError, Order, RELATED, Reply, Resolution, Rows, Window};
use crate::model::HoldId;
use crate::tui::layout;
use crate::tui::model::{
    Dirty, Effect, HoldItem, Listing, Model, Page, PopupBody, Row, Tone, Topic, Waiting, edge, text,
};
use crate::tui::popup::{Popup, Seeks, Text, Told, ours, said};
use crate::tui::theme::Role;

/// Rows came.
pub(super) fn answer(model: &mut Model, tag: u64, result: Result<Window, DeskError>, took: u64) -> Vec<Effect> {
    match model.waiting.remove(&tag) {
        Some(Waiting::List(page)) => {
            if let (Page::Journal, Ok(window), true) = (page, &result, model.journal.asked == Some(tag)) {
                model.looked = window.looked;
            }
            page_rows(model, page, tag, result);
            lists::took(model, page, took);
            lists::settle(model)
        }
        Some(Waiting::Owners) => {
            linker::owners_came(model, tag, result);
            lists::settle(model)
        }
        Some(Waiting::Edges(owner)) => {
            linker::edges_came(model, &owner, tag, result);
            lists::settle(model)
        }
        Some(Waiting::Wish { serial, wish, role }) => {
            relations::looked(model, serial, &wish, &role, result);
            Vec::new()
        }
        Some(Waiting::Closeup(tie)) => {
            result.into_iter().for_each(|window| closeup::came(model, &tie, window));
            Vec::new()
        }
        Some(Waiting::Story(tie)) => {
            result.into_iter().for_each(|window| closeup::told(model, &tie, window));
            Vec::new()
        }
        Some(Waiting::Mapping(pair)) => {
            result.into_iter().for_each(|window| closeup::mapped(model, &pair, window));
            Vec::new()
        }
        Some(Waiting::Marks { page, filter }) => match result {
            Ok(window) => marks::came(model, page, &filter, window),
            Err(error) => {
                model.toast(Tone::Bad, error.to_string());
                Vec::new()
            }
        },
        Some(Waiting::Picker(serial)) => {
            picker_rows(model, serial, tag, result);
            let found = match model.popups.last_mut().map(|popup| (popup.serial, &mut popup.body)) {
                Some((top, PopupBody::Picker(picker))) if top == serial && !picker.is_searching() => {
                    std::mem::take(&mut picker.taking)
                }
                _ => false,
            };
            let mut effects = if found { popups::accept(model) } else { Vec::new() };
            effects.extend(lists::settle(model));
            effects
        }
        Some(Waiting::Record { tie, choice }) => {
            match result {
                Ok(Window { rows: Rows::Holds(rows), total, .. }) => {
                    let complete = total <= rows.len() as u64;
                    let items: Vec<HoldItem> = rows.into_iter().map(edge::hold).collect();
                    conflicts::picked_record(model, &tie, &choice, items, complete);
                }
                Ok(_) => model.toast(Tone::Bad, "the engine answered with another list; try again"),
                Err(error) => model.toast(Tone::Bad, error.to_string()),
            }
            Vec::new()
        }
        Some(Waiting::Preview(serial)) => {
            dryrun::came(model, serial, result);
            lists::settle(model)
        }
        Some(Waiting::Missed(known)) => {
            result.map_or_else(|_| Vec::new(), |window| written::came(model, known, window))
        }
        Some(Waiting::Typed { serial, text }) => popups::read(model, serial, &text, result),
        Some(Waiting::Command { .. }) | None => Vec::new(),
    }
}

/// Rows that came: how many the whole list has, the place of the first, their order, and they.
type Came<R> = (u64, u64, Order, Vec<R>);

pub(super) struct Taken {
    pub(super) changed: bool,
    pub(super) lost: bool,
    /// The cursor was to return to the record that was lost.
    pub(super) homeless: bool,
    /// Nobody filtered it out.
    pub(super) departed: bool,
}

const NOTHING: Taken = Taken { changed: false, lost: false, homeless: false, departed: false };

pub(super) fn take<R: Row>(list: &mut Listing<R>, tag: u64, result: Result<Came<R>, String>, height: u64) -> Taken {
    if list.asked != Some(tag) {
        // Asked before the filter changed: the answer to the new question is on its way.
        return NOTHING;
    }
    let filtered = std::mem::take(&mut list.anew);
    list.asked = None;
    match result {
        Ok((total, offset, order, rows)) => {
            let same = list.total == Some(total) && list.offset == offset && list.rows == rows && list.failed.is_none();
            let same = same && list.ordered == order;
            list.ordered = order;
            let returns = list.returns.is_some();
            let lost = list.accept(total, offset, rows, height);
            Taken { changed: !same, lost, homeless: lost && returns, departed: lost && (returns || !filtered) }
        }
        Err(why) => {
            // What is shown stays, and says that it is old.
            let changed = list.failed.as_ref() != Some(&why);
            list.failed = Some(why);
            // An empty answer stops asking until something changes.
            list.total.get_or_insert(0);
            Taken { changed, ..NOTHING }
        }
    }
}

pub(super) fn unpack<T, R>(
    result: Result<Window, DeskError>,
    pick: impl FnOnce(Rows) -> Option<Vec<T>>,
    clean: impl Fn(T) -> R,
) -> Result<Came<R>, String> {
    let window = result.map_err(|error| error.to_string())?;
    let rows = pick(window.rows).ok_or_else(|| "the engine answered with another list".to_owned())?;
    let rows: Vec<R> = rows.into_iter().map(clean).collect();
    Ok((window.total.max(window.offset + rows.len() as u64), window.offset, window.order, rows))
}

macro_rules! rows {
    ($kind:ident) => {
        |rows| if let Rows::$kind(rows) = rows { Some(rows) } else { None }
    };
}
pub(super) use rows;

fn page_rows(model: &mut Model, page: Page, tag: u64, result: Result<Window, DeskError>) {
    let height = if page == model.page { layout::rows(model) } else { 1 };
    let taken = match page {
        Page::Overview | Page::Pairs | Page::Health | Page::Relations => return,
        Page::Quarantine => take(&mut model.quarantine, tag, unpack(result, rows!(Holds), edge::hold), height),
        Page::Conflicts => {
            let taken = take(&mut model.holds, tag, unpack(result, rows!(Holds), edge::hold), height);
            staging::reconcile(model);
            conflicts::arrived(model);
            taken
        }
        Page::Orphans => take(&mut model.orphans, tag, unpack(result, rows!(Orphans), edge::orphan), height),
        Page::Queue => take(&mut model.queue, tag, unpack(result, rows!(Queue), edge::queue), height),
        Page::Journal => {
            // Who looks at the newest goes on seeing them come, above the line that the cursor is on, as far as there is room.
            let newest = model.journal.top == 0;
            let taken = take(&mut model.journal, tag, unpack(result, rows!(Journal), edge::journal), height);
            if newest {
                model.journal.top = 0;
                model.journal.scroll(height);
            }
            taken
        }
    };
    if page != model.page {
        return;
    }
    if taken.changed {
        model.touch(Dirty::Figures);
        if page == Page::Conflicts {
            // What was looked at closely may look different now.
            model.closeup.iter_mut().for_each(|closeup| closeup.stale = true);
        }
    }
    if taken.homeless {
        super::ahead::bereave(model);
    }
    if taken.lost {
        // Half of a key sequence was meant for the record that was there.
        model.prefix.clear();
        model.detail_top = 0;
        model.touch(Dirty::Now);
        if taken.departed
            && matches!(page, Page::Conflicts | Page::Orphans | Page::Quarantine)
            && model.toasts.is_empty()
        {
            model.toast(Tone::Plain, "the record under the cursor has left this list; the cursor is on the next one");
        }
    }
}

fn picker_rows(model: &mut Model, serial: u64, tag: u64, result: Result<Window, DeskError>) {
    let height = lists::picker_rows(model);
    let Some(popup) = model.popups.iter_mut().find(|popup| popup.serial == serial) else { return };
    let PopupBody::Picker(picker) = &mut popup.body else { return };
    match picker.seeks {
        Seeks::Owner => {
            take(&mut picker.owners, tag, unpack(result, rows!(Owners), edge::owner), height);
        }
        Seeks::Counterpart(_) | Seeks::Target { .. } => {
            let result: Result<Came<Candidate>, String> = unpack(result, rows!(Candidates), edge::candidate);
            take(&mut picker.records, tag, result, height);
        }
    }
    model.touch(Dirty::Now);
}

/// Shows something to read. Several things of a kind at once, as many answers to one question, are one thing to read.
fn notice(model: &mut Model, title: &str, lines: Vec<Told>) {
    let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    model.speak(Tone::Bad, &text::one_line(&format!("{title}: {}", text.join(" ")), " "));
    match model.popups.last_mut() {
        Some(Popup { drawn, body: PopupBody::Notice(text), .. }) if text.title == title => {
            if !text.lines.ends_with(&lines) {
                text.lines.push(ours(Role::Text, ""));
                text.lines.extend(lines);
                *drawn = None;
            }
            model.touch(Dirty::Now);
        }
        _ => {
            open(model, PopupBody::Notice(Text { title: title.to_owned(), lines, top: 0 }));
        }
    }
}

/// A command was answered.
pub(super) fn reply(model: &mut Model, tag: u64, result: Result<Reply, DeskError>) -> Vec<Effect> {
    let Some(Waiting::Command { about, items, then, before, records, edge }) = model.waiting.remove(&tag) else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    match result {
        Ok(Reply::Done { note }) => {
            written::expect(model, &items);
            if let Some((owner, field)) = edge.as_ref().filter(|_| RELATED.contains(&note.as_str())) {
                written::expect_fields(model, [HoldId::field(owner, field)].into());
            }
            model.moved.retain(|id| !about.contains(id));
            model.staged.forget(&about);
            for id in &about {
                model.drafts.remove(id);
                model.holds.marks.remove(id);
            }
            model.toast_about(Topic::Reply, Tone::Good, if note.is_empty() { "done".to_owned() } else { note });
            let mut then = then.into_iter();
            if let Some(next) = then.next() {
                effects.extend(super::tell_then(model, next, then.collect(), before + 1));
            }
        }
        Ok(Reply::Changed { ids, note }) => {
            let note = if note.contains("changed since you looked") {
                note
            } else {
                format!("changed since you looked; nothing was done. {note}")
            };
            model.toast(Tone::Warn, note);
            // A mark on what is gone would stop every later decision, which is all or none.
            let gone: Vec<_> = ids.iter().filter(|id| model.holds.find(id).is_none()).collect();
            model.holds.marks.retain(|id, _| !gone.contains(&id));
            // Each decision is bound to what was shown for it: those that still hold were confirmed, and go on.
            let others: Vec<Resolution> = items.iter().filter(|item| !ids.contains(item.id())).cloned().collect();
            if ids.iter().any(|id| model.staged.get(id).is_some()) {
                staging::show_first(model, &ids);
                staging::moved(model, ids);
            } else if !ids.is_empty() {
                model.moved = ids;
            }
            staging::show_again(model, &records, edge.as_ref());
            if !others.is_empty() && others.len() < items.len() {
                effects.extend(super::tell(model, Command::Resolve { items: others }));
            }
        }
        Ok(Reply::Refused { why }) => {
            let mut lines = vec![said(Role::Text, why)];
            if before > 0 {
                lines.push(ours(Role::Warn, "What was confirmed with it before this was done: look before you go on."));
            } else if !then.is_empty() {
                lines.push(ours(Role::Text, "Nothing else that was confirmed with it was done either."));
            }
            notice(model, "That cannot be done", lines);
        }
        Err(error) => {
            let text = format!("{error}. Whether it was taken is not known: look at the journal before you repeat it.");
            let lines = vec![said(Role::Warn, text)];
            notice(model, "No answer", lines);
        }
    }
    lists::renew(model);
    effects.extend(lists::settle(model));
    effects
}
