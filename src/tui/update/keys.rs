//! From keys to actions.

use super::{
    ahead, conflicts, dryrun, help, linker, lists, marks, messages, orphans, overview, palette, popups, relations,
    staging, undo,
};
use crate::control::Command;
use crate::model::Side;
use crate::tui::action::{Action, Risk, Scope, Spec};
use crate::tui::keymap::key::show_sequence;
use crate::tui::keymap::{Code, Found, Key};
use crate::tui::layout;
use crate::tui::model::{Choice, Course, Dirty, Effect, Model, Motion, Page, PopupBody, Tone, Topic, Typed, text};

/// The longest text that is put into a clipboard. It travels as base64 within one frame, which is to stay small on a slow line.
const COPY_MOST: usize = 11_000;

/// Why nothing can be decided while the engine is not there.
pub(super) const WAITS: &str =
    "the engine is not there, and is looked for: nothing was sent, and what you picked stays";
pub(super) const GONE: &str = "the engine has gone, and nothing can be sent: leave, and start again";

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    if key == Key::HARD_EXIT {
        return vec![Effect::Quit];
    }
    if layout::areas(model.size).is_none() {
        // Nothing can be seen, so nothing may be done but leave, for good or for the shell, and paint again.
        return match model.keymap.lookup(&[Scope::Global], &[key]) {
            Found::Action(Action::Quit) => vec![Effect::Quit],
            Found::Action(Action::Redraw) => vec![Effect::Redraw],
            Found::Action(Action::Suspend) => vec![Effect::Suspend],
            _ => Vec::new(),
        };
    }
    if ahead::joins(model, Typed::Key(key)) {
        return Vec::new();
    }
    act(model, key)
}

/// What a key does now.
pub(super) fn act(model: &mut Model, key: Key) -> Vec<Effect> {
    let scopes = model.scopes();
    let takes_text = scopes.iter().any(|scope| scope.takes_text());
    // What was typed before a question came on screen is no answer to it, and what was typed before a notice came has not
    // read it: that one may open over whatever is being typed.
    if let Some(top) = model.popups.last().filter(|top| !top.armed(model.ms)) {
        let waits = match top.body {
            PopupBody::Confirm(_) => key != Key::plain(Code::Esc),
            PopupBody::Notice(_) => true,
            _ => false,
        };
        if waits {
            return Vec::new();
        }
    }
    model.touch(Dirty::Now);
    model.prefix.push(key);
    let keymap = model.keymap.clone();
    let facts = model.facts();
    let mut found = keymap.lookup_when(scopes, &model.prefix, &facts);
    if let (Found::Nothing, false, Some(latin)) = (found, takes_text, key.on_latin_keyboard()) {
        model.prefix.pop();
        model.prefix.push(latin);
        found = keymap.lookup_when(scopes, &model.prefix, &facts);
    }
    match found {
        Found::Action(action) => {
            let keys = std::mem::take(&mut model.prefix);
            if ahead::is_early(model, action) {
                model.ahead.extend(keys.into_iter().map(Typed::Key));
                return Vec::new();
            }
            perform(model, action)
        }
        Found::Prefix => Vec::new(),
        Found::Nothing => {
            let keys = std::mem::take(&mut model.prefix);
            if keys.len() == 1 && popups::counted(model, key) {
                return Vec::new();
            }
            if takes_text && keys.len() == 1 {
                return popups::typed(model, key);
            }
            if key.code == Code::Esc && keys.len() > 1 {
                return Vec::new();
            }
            let help = keymap.keys_of(Action::Help);
            let hint = help.first().filter(|_| model.popups.is_empty());
            let hint = hint.map(|help| format!(": {help} shows the keys")).unwrap_or_default();
            model.toast(Tone::Plain, format!("{} does nothing here{hint}", show_sequence(&keys)));
            Vec::new()
        }
    }
}

pub(super) fn paste(model: &mut Model, pasted: &str) -> Vec<Effect> {
    if layout::areas(model.size).is_none() || ahead::joins(model, Typed::Text(pasted.to_owned())) {
        return Vec::new();
    }
    put_in(model, pasted)
}

/// What pasted text does now.
pub(super) fn put_in(model: &mut Model, pasted: &str) -> Vec<Effect> {
    if model.scopes().iter().any(|scope| scope.takes_text()) {
        model.prefix.clear();
        model.touch(Dirty::Now);
        return popups::pasted(model, &text::editable(pasted));
    }
    model.toast(Tone::Warn, "pasted text is taken in text fields only; nothing was done");
    Vec::new()
}

/// Why an action cannot be done now: what it needs is not there, or nothing may leave.
pub(super) fn why_not(model: &Model, spec: &Spec) -> Option<String> {
    if model.read_only && spec.risk >= Risk::Acts && !spec.scope.is_of_popups() {
        let key = model.keymap.keys_of(Action::ReadOnly).into_iter().next().unwrap_or_default();
        let mend = if model.locked { "it was started so".to_owned() } else { format!("{key} ends that") };
        return Some(format!("this dashboard is read-only; {mend}"));
    }
    if model.gone.is_some() && spec.risk >= Risk::Acts && !spec.scope.is_of_popups() {
        return Some(if model.returns { WAITS } else { GONE }.to_owned());
    }
    (spec.why_disabled)(model)
}

/// Does an action, if it can be done now.
pub(super) fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    model.advancing = None;
    // Who has begun a range and does something with marked rows means those of the range, without ending it first.
    if marks::are_meant(action)
        && let Err(why) = marks::end_range(model)
    {
        model.toast_about(Topic::Key, Tone::Warn, format!("nothing was done: {why}"));
        return Vec::new();
    }
    if let Some(why) = why_not(model, action.spec()) {
        model.toast_about(Topic::Key, Tone::Warn, format!("{}: {why}", action.spec().title));
        return Vec::new();
    }
    use Action as A;
    match action {
        A::Quit => staging::quit(model),
        A::Palette => palette::show(model),
        A::Freeze => super::freeze(model),
        A::ReadOnly => super::lock(model),
        A::Help => help::show(model),
        A::Back => lists::back(model),
        A::Refresh => {
            lists::outdate(model);
            model.toast(Tone::Plain, "looking at both systems now");
            let mut effects: Vec<Effect> = super::tell(model, Command::Refresh).into_iter().collect();
            effects.extend(lists::settle(model));
            effects
        }
        A::Redraw => vec![Effect::Redraw],
        A::Suspend => vec![Effect::Suspend],
        A::Theme => {
            model.theme = model.theme.next();
            let name = model.theme.name().as_str();
            model.toast(Tone::Plain, format!("theme `{name}`; `theme = \"{name}\"` in the configuration keeps it"));
            vec![Effect::Redraw]
        }
        A::Messages => messages::show(model),
        A::PageOverview => lists::open_page(model, Page::Overview),
        A::PageConflicts => lists::open_page(model, Page::Conflicts),
        A::PageOrphans => lists::open_page(model, Page::Orphans),
        A::PageRelations => lists::open_page(model, Page::Relations),
        A::PageQueue => lists::open_page(model, Page::Queue),
        A::PageJournal => lists::open_page(model, Page::Journal),
        A::PageQuarantine => lists::open_page(model, Page::Quarantine),
        A::PagePairs => lists::open_page(model, Page::Pairs),
        A::PageHealth => lists::open_page(model, Page::Health),
        A::PageNext => turn(model, 1),
        A::PagePrevious => turn(model, Page::ALL.len() - 1),
        A::Down => lists::go(model, Motion::By(1)),
        A::Up => lists::go(model, Motion::By(-1)),
        A::HalfDown => by_rows(model, 1, 2),
        A::HalfUp => by_rows(model, -1, 2),
        A::ScreenDown => by_rows(model, 1, 1),
        A::ScreenUp => by_rows(model, -1, 1),
        A::Top => lists::go(model, Motion::First),
        A::Bottom => lists::go(model, Motion::Last),
        A::Filter => {
            lists::begin_filter(model);
            model.typing = true;
            Vec::new()
        }
        A::Open if model.page == Page::Relations => linker::go_to(model, !model.on_links),
        A::Open => {
            model.expanded = !model.expanded;
            model.detail_top = 0;
            lists::settle(model)
        }
        A::DetailDown => detail(model, 1),
        A::DetailUp => detail(model, -1),
        A::NextMatch => marks::to_match(model, true),
        A::PreviousMatch => marks::to_match(model, false),
        A::Order => lists::reorder(model),
        A::Mark => marks::mark(model),
        A::Range => marks::range(model),
        A::MarkAll => marks::all(model),
        A::Unmark => lists::unmark(model),
        A::Copy => copy(model),
        A::Approve => overview::approve(model),
        A::Override => overview::let_happen(model),
        A::Span => {
            model.day = !model.day;
            Vec::new()
        }
        A::Pause => overview::pause(model, true),
        A::Resume => overview::pause(model, false),
        A::Hasten => overview::hasten(model),
        A::Park => overview::park(model),
        A::QuarantineRetry => conflicts::retry_aside(model),
        A::JournalSpan => {
            model.span = model.span.next();
            lists::refilter(model)
        }
        A::JournalBack => lists::further_back(model),
        A::ForceCrm => conflicts::pick(model, &Choice::Force(Side::Crm)),
        A::ForceNotion => conflicts::pick(model, &Choice::Force(Side::Notion)),
        A::KeepBase => conflicts::pick(model, &Choice::Base),
        A::Keep => conflicts::pick(model, &Choice::Keep),
        A::Edit => conflicts::edit(model, Side::Crm),
        A::EditNotions => conflicts::edit(model, Side::Notion),
        A::Skip => conflicts::skip(model, Course::Next),
        A::SkipBack => conflicts::skip(model, Course::Previous),
        A::RuleCrm => conflicts::pick_by_rule(model, &Choice::Force(Side::Crm)),
        A::RuleNotion => conflicts::pick_by_rule(model, &Choice::Force(Side::Notion)),
        A::RuleBase => conflicts::pick_by_rule(model, &Choice::Base),
        A::RuleKeep => conflicts::pick_by_rule(model, &Choice::Keep),
        A::RecordCrm => conflicts::pick_record(model, Choice::Force(Side::Crm)),
        A::RecordNotion => conflicts::pick_record(model, Choice::Force(Side::Notion)),
        A::RecordKeep => conflicts::pick_record(model, Choice::Keep),
        A::Unpick => staging::step(model, false),
        A::Repick => staging::step(model, true),
        A::UnpickRow => conflicts::unpick(model),
        A::Commit => dryrun::show(model),
        A::Retry => conflicts::retry(model),
        A::OrphanLink => orphans::link(model),
        A::OrphanCreate => orphans::create(model),
        A::OrphanIgnore => orphans::ignore(model),
        A::OrphanShowIgnored => orphans::show_ignored(model),
        A::OrphanUnignore => orphans::unignore(model),
        A::Unlink => relations::unlink(model),
        A::LinkMore => relations::link_more(model),
        A::LinkNew => relations::link_new(model),
        A::ChangeRole => relations::change_role(model),
        A::ToLinks => linker::go_to(model, true),
        A::ToOwners => linker::go_to(model, false),
        A::QueueConflicts => lists::holds_of_operation(model),
        A::JournalUndo => undo::ask(model, false),
        A::JournalUndoBoth => undo::ask(model, true),
        A::JournalRecord => lists::journal_of_record(model),
        _ => popups::perform(model, action),
    }
}

fn turn(model: &mut Model, by: usize) -> Vec<Effect> {
    let page = Page::ALL[(model.page as usize + by) % Page::ALL.len()];
    lists::open_page(model, page)
}

fn by_rows(model: &mut Model, sign: i64, part: u64) -> Vec<Effect> {
    let rows = i64::try_from((layout::rows(model) / part).max(1)).unwrap_or(1);
    lists::go(model, Motion::By(sign * rows))
}

fn detail(model: &mut Model, by: i32) -> Vec<Effect> {
    model.detail_top = model.detail_top.saturating_add_signed(i16::try_from(by).unwrap_or(0)).min(2_000);
    Vec::new()
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let text = match model.page {
        Page::Overview | Page::Pairs | Page::Health => model.pair().map(|pair| pair.name.to_string()),
        Page::Quarantine => model.quarantine.current().map(|item| format!("{}: {}", item.row.title, item.row.detail)),
        Page::Conflicts => model.holds.current().map(|item| {
            let base = item.base.as_deref().unwrap_or_default();
            let links = model.closeup.as_ref().filter(|closeup| item.row.id.tie_id().as_ref() == Some(&closeup.tie));
            let links = links.and_then(|closeup| closeup.view.as_ref()).map(|view| &view.links);
            let links = links.into_iter().flat_map(|links| [&links.crm, &links.notion]).flatten();
            let links: String = links.map(|link| format!("\n{link}")).collect();
            format!(
                "{} / {}\nbase: {base}\nCRM: {}\nNotion: {}{links}",
                item.row.title, item.row.label, item.crm, item.notion
            )
        }),
        Page::Orphans => model.orphans.current().map(|row| {
            let fields: String = row.fields.iter().map(|(label, text)| format!("\n{label}: {text}")).collect();
            format!("{} ({} {}){fields}", row.title, row.record.side, row.record.id)
        }),
        Page::Relations if model.on_links => {
            model.relations.current().map(|row| format!("{} -> {} ({})", row.owner_title, row.target_title, row.label))
        }
        Page::Relations => model.owners.current().map(|row| row.title.clone()),
        Page::Queue => model.queue.current().map(|row| format!("{} {} on {}", row.op, row.title, row.side)),
        Page::Journal => {
            model.journal.current().map(|row| format!("{} {} {}", row.event.at, row.title, row.event.note))
        }
    };
    let Some(text) = text.map(|text| text::editable(&text)) else { return Vec::new() };
    if text.len() > COPY_MOST {
        model.toast(Tone::Warn, "too long for a terminal's clipboard; nothing was copied");
        return Vec::new();
    }
    // Whether the terminal took it cannot be known.
    model.toast(Tone::Plain, format!("sent {} bytes to your terminal's clipboard (OSC 52)", text.len()));
    vec![Effect::Copy(text)]
}
