//! What keys do in popups. Here is the only place where a question is answered.

use super::{conflicts, help, keys, lists, orphans, palette, relations};
use crate::control::{Command, DeskError, List, Query, Rows, Window};
use crate::tui::action::Action;
use crate::tui::keymap::Key;
use crate::tui::model::{Effect, Model, Motion, PopupBody, Tone, Waiting};
use crate::tui::popup::{self, Confirm, Picker, Popup, Seeks};

/// Does an action of a popup's scope.
pub(super) fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    use Action as A;
    match action {
        A::ConfirmYes => answer_yes(model),
        A::ConfirmPress => match model.top() {
            Some(PopupBody::Confirm(confirm)) if confirm.on_yes => answer_yes(model),
            Some(PopupBody::Confirm(_)) => close(model),
            _ => Vec::new(),
        },
        A::ConfirmSwitch => {
            if let Some(PopupBody::Confirm(confirm)) = model.popups.last_mut().map(|popup| &mut popup.body) {
                confirm.on_yes = !confirm.on_yes;
            }
            Vec::new()
        }
        A::HelpSearch => help::search(model),
        A::ConfirmCancel | A::HelpClose => close(model),
        A::ConfirmDown | A::HelpDown => scroll(model, 1),
        A::ConfirmUp | A::HelpUp => scroll(model, -1),
        A::ConfirmScreenDown | A::HelpScreenDown => scroll(model, i16::try_from(model.size.1 / 2).unwrap_or(1)),
        A::ConfirmScreenUp | A::HelpScreenUp => scroll(model, -i16::try_from(model.size.1 / 2).unwrap_or(1)),
        A::ConfirmTop | A::HelpTop => scroll(model, i16::MIN),
        A::ConfirmBottom | A::HelpBottom => scroll(model, i16::MAX),
        A::EditUse
        | A::EditCancel
        | A::EditCrm
        | A::EditNotion
        | A::EditBase
        | A::EditInsertCrm
        | A::EditInsertNotion
        | A::EditOption => edit(model, action),
        A::SearchAccept => accept(model),
        A::SearchCancel => cancel_search(model),
        A::SearchDown => move_search(model, 1),
        A::SearchUp => move_search(model, -1),
        A::SearchClear => change_search(model, |line| {
            line.clear();
            true
        }),
        A::SearchSource => {
            if let Some(PopupBody::Picker(picker)) = model.popups.last_mut().map(|popup| &mut popup.body) {
                picker.source = (picker.source + 1) % picker.sources.len().max(1);
            }
            lists::research(model)
        }
        _ => Vec::new(),
    }
}

/// The question was answered with yes: what it said is told to the Desk, and everything that led to it closes.
fn answer_yes(model: &mut Model) -> Vec<Effect> {
    let quits = matches!(model.top(), Some(PopupBody::Confirm(confirm)) if confirm.quits);
    if model.gone.is_some() && !quits {
        model.toast(Tone::Warn, if model.returns { keys::WAITS } else { keys::GONE });
        return Vec::new();
    }
    let ms = model.ms;
    let armed = model.popups.last().is_some_and(|popup| popup.armed(ms));
    if let Some(PopupBody::Confirm(Confirm { demand: Some(demand), .. })) = model.top()
        && !demand.is_met()
    {
        let wanted = demand.wanted.clone();
        model.toast(Tone::Warn, format!("type {wanted} first: that many are about to happen"));
        return Vec::new();
    }
    let confirm = match model.popups.pop_if(|popup| armed && matches!(popup.body, PopupBody::Confirm(_))) {
        Some(Popup { body: PopupBody::Confirm(confirm), .. }) => confirm,
        _ => return Vec::new(),
    };
    model.popups.clear();
    if confirm.quits {
        return vec![Effect::Quit];
    }
    let commands = confirm.commands;
    if commands.iter().any(|command| matches!(command, Command::Undo { .. })) {
        model.journal.marks.clear();
    }
    for command in &commands {
        if let Command::IgnoreOrphan { record, .. } = command {
            model.orphans.marks.remove(record);
        }
    }
    if confirm.in_turn {
        let mut commands = commands.into_iter();
        let first = commands.next();
        let then = commands.collect();
        return first.and_then(|first| super::tell_then(model, first, then, 0)).into_iter().collect();
    }
    commands.into_iter().flat_map(|command| super::tell(model, command)).collect()
}

fn close(model: &mut Model) -> Vec<Effect> {
    model.popups.pop();
    // What comes to light again was hidden: keys that were typed for what lay over it do not answer it.
    if let Some(popup) = model.popups.last_mut() {
        popup.drawn = None;
    }
    Vec::new()
}

/// Scrolls what lies on top, as far as there are lines that are not on screen.
fn scroll(model: &mut Model, by: i16) -> Vec<Effect> {
    let most = match (crate::tui::layout::areas(model.size), model.top()) {
        (Some(areas), Some(PopupBody::Confirm(confirm))) => popup::confirm::most(model, &areas, confirm),
        (Some(areas), Some(PopupBody::Help(help))) => popup::help::most_of_help(model, &areas, help),
        (Some(areas), Some(PopupBody::Notice(text))) => popup::help::most_of_notice(model, &areas, text),
        _ => return Vec::new(),
    };
    let top = match model.popups.last_mut().map(|popup| &mut popup.body) {
        Some(PopupBody::Confirm(confirm)) => &mut confirm.top,
        Some(PopupBody::Help(help)) => &mut help.top,
        Some(PopupBody::Notice(text)) => &mut text.top,
        _ => return Vec::new(),
    };
    *top = (*top).min(most).saturating_add_signed(by).min(most);
    Vec::new()
}

fn edit(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(popup) = model.popups.last_mut() else { return Vec::new() };
    let serial = popup.serial;
    let PopupBody::Edit(edit) = &mut popup.body else { return Vec::new() };
    match action {
        Action::EditUse => {
            let (hold, text) = (edit.item.row.id.clone(), edit.text());
            let query = Query { limit: 1, ..Query::all(List::Typed { hold, text: text.clone() }) };
            return vec![super::ask(model, Waiting::Typed { serial, text }, query)];
        }
        Action::EditCancel => {
            let (id, text) = (edit.item.row.id.clone(), edit.text());
            if text == edit.crm || text == edit.notion {
                model.drafts.remove(&id);
            } else {
                model.drafts.insert(id, text);
            }
            model.popups.pop();
        }
        Action::EditCrm => {
            let text = edit.crm.clone();
            edit.replace(&text);
        }
        Action::EditNotion => {
            let text = edit.notion.clone();
            edit.replace(&text);
        }
        Action::EditInsertCrm => {
            edit.area.insert_str(&edit.crm);
        }
        Action::EditInsertNotion => {
            edit.area.insert_str(&edit.notion);
        }
        Action::EditBase => match edit.base.clone() {
            Some(text) => edit.replace(&text),
            None => model.toast(Tone::Warn, "there is no base: the two sides have never agreed on this field"),
        },
        _ => {
            let text = edit.text();
            let next = edit.options.iter().position(|option| *option == text).map_or(0, |at| at + 1);
            if let Some(option) = edit.options.get(next % edit.options.len().max(1)).cloned() {
                edit.replace(&option);
            }
        }
    }
    Vec::new()
}

/// How the text in the editor is read came: it is staged, or the editor says what is wrong and stays.
pub(super) fn read(model: &mut Model, serial: u64, text: &str, result: Result<Window, DeskError>) -> Vec<Effect> {
    let edit = match model.popups.last().filter(|popup| popup.serial == serial).map(|popup| &popup.body) {
        Some(PopupBody::Edit(edit)) if edit.text() == text => edit.clone(),
        // Closed meanwhile, or typed on: it is asked for anew.
        _ => return Vec::new(),
    };
    match result {
        Ok(Window { rows: Rows::Typed(rows), .. }) => match rows.into_iter().next() {
            Some(row) if row.wrong.is_empty() => {
                model.popups.pop();
                conflicts::stage_edited(model, &edit);
            }
            Some(row) => model.toast(Tone::Bad, row.wrong),
            None => model.toast(Tone::Bad, "the engine could not read this text; try again"),
        },
        Ok(_) => model.toast(Tone::Bad, "the engine answered with another list; try again"),
        Err(error) => model.toast(Tone::Bad, format!("{error}; the text stays here")),
    }
    lists::settle(model)
}

/// A digit of the count that a question demands; tells whether it was one.
pub(super) fn counted(model: &mut Model, key: Key) -> bool {
    let Some(PopupBody::Confirm(confirm)) = model.popups.last_mut().map(|popup| &mut popup.body) else { return false };
    let Some(demand) = &mut confirm.demand else { return false };
    let digit = key.typed().is_some_and(|c| c.is_ascii_digit());
    if digit || key == Key::plain(crate::tui::keymap::Code::Backspace) {
        demand.typed.key(key);
        return true;
    }
    false
}

/// A key that no binding took, where text is typed.
pub(super) fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(PopupBody::Edit(edit)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        edit.area.input(tui_textarea::Input::from(key));
        return Vec::new();
    }
    change_search(model, |line| line.key(key))
}

/// Pasted text, where text is typed.
pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(PopupBody::Edit(edit)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        edit.area.insert_str(text);
        return Vec::new();
    }
    change_search(model, |line| {
        line.insert(text);
        true
    })
}

fn change_search(model: &mut Model, change: impl FnOnce(&mut crate::tui::model::Line) -> bool) -> Vec<Effect> {
    if let Some(PopupBody::Palette(_)) = model.top() {
        return palette::typed(model, change);
    }
    if let Some(PopupBody::Roles(roles)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        if change(&mut roles.line) {
            roles.at = 0;
        }
        return Vec::new();
    }
    if let Some(PopupBody::Help(help)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        if change(&mut help.search) {
            help.top = 0;
        }
        return Vec::new();
    }
    if let Some(PopupBody::Picker(picker)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        return if change(picker.search()) { lists::research(model) } else { Vec::new() };
    }
    let changed = lists::filter(model).is_some_and(change);
    if changed { lists::refilter(model) } else { Vec::new() }
}

fn move_search(model: &mut Model, by: i64) -> Vec<Effect> {
    if let Some(PopupBody::Palette(palette)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        palette::go(palette, by);
        return Vec::new();
    }
    if let Some(PopupBody::Roles(roles)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        roles.go(by);
        return Vec::new();
    }
    if let Some(PopupBody::Help(_)) = model.top() {
        return scroll(model, if by < 0 { -1 } else { 1 });
    }
    let height = lists::picker_rows(model);
    if let Some(PopupBody::Picker(picker)) = model.popups.last_mut().map(|popup| &mut popup.body) {
        match picker.seeks {
            Seeks::Owner => picker.owners.go(Motion::By(by), height),
            _ => picker.records.go(Motion::By(by), height),
        };
        return lists::settle(model);
    }
    let effects = lists::go(model, Motion::By(by));
    // Who goes to another row while typing means that one.
    lists::begin_filter(model);
    effects
}

fn cancel_search(model: &mut Model) -> Vec<Effect> {
    if help::stop(model, true) {
        return Vec::new();
    }
    if model.popups.pop().is_some() {
        return Vec::new();
    }
    model.typing = false;
    lists::give_filter_up(model)
}

pub(super) fn accept(model: &mut Model) -> Vec<Effect> {
    if let Some(PopupBody::Palette(_)) = model.top() {
        return palette::accept(model);
    }
    if let Some(PopupBody::Roles(_)) = model.top() {
        return relations::role_chosen(model);
    }
    if help::stop(model, false) {
        return Vec::new();
    }
    let Some(PopupBody::Picker(picker)) = model.popups.last_mut().map(|popup| &mut popup.body) else {
        model.typing = false;
        return Vec::new();
    };
    // Who types a name and enter in one go means the row that the name will find. A question follows in any case.
    picker.taking = picker.is_searching();
    if picker.taking {
        return Vec::new();
    }
    let picker: Picker = (**picker).clone();
    match &picker.seeks {
        Seeks::Owner => match picker.owners.current() {
            Some(row) => {
                model.popups.pop();
                return relations::owner_chosen(model, row.owner.clone(), row.title.clone());
            }
            None => model.toast(Tone::Warn, "nothing is chosen: type a part of the name"),
        },
        seeks => {
            match picker.records.current() {
                None => model.toast(Tone::Warn, "nothing is chosen: type a part of the name"),
                Some(chosen) => match seeks {
                    Seeks::Counterpart(_) if chosen.taken => {
                        model.toast(Tone::Warn, "this one is tied to another record already; the journal's line `tied` about it can be undone");
                    }
                    Seeks::Counterpart(row) => orphans::ask_link(model, row, chosen),
                    Seeks::Target { owner, title } => {
                        if let Some(pair) = picker.sources.get(picker.source).cloned() {
                            return relations::target_chosen(model, owner, title, pair, chosen);
                        }
                    }
                    Seeks::Owner => {}
                },
            }
        }
    }
    Vec::new()
}
