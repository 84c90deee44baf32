//! One message, and everything that must hold after it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use crosstie::control::{Command, Reply, Resolution, Rows, Window};
use crosstie::model::HoldId;
use crosstie::tui::keymap::Key;
use crosstie::tui::model::{Effect, Listing, Model, Msg, PopupBody, Row, Waiting};
use crosstie::tui::popup::Popup;
use crosstie::tui::update::update;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::fixture::{Rig, at};

/// What was reached, so that a test that reaches nothing cannot pass for one that proves something.
#[derive(Default)]
pub(super) struct Reached {
    pub(super) told: AtomicUsize,
    pub(super) demanded: AtomicUsize,
    pub(super) several: AtomicUsize,
    pub(super) sent_again: AtomicUsize,
    pub(super) without_question: AtomicUsize,
    pub(super) notices: AtomicUsize,
    pub(super) waited: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(super) struct Run<'r> {
    pub(super) rig: Rig,
    /// Effects that are out, each with the answer as it was when it was asked.
    pub(super) out: Vec<(Effect, Option<Window>)>,
    /// Everything that was ever confirmed.
    pub(super) confirmed: Vec<Resolution>,
    pub(super) tags: BTreeSet<u64>,
    pub(super) reached: &'r Reached,
}

/// The records under the cursors.
#[derive(Debug, Clone, PartialEq)]
struct Cursors {
    holds: Option<String>,
    orphans: Option<String>,
    relations: Option<String>,
    queue: Option<String>,
    quarantine: Option<String>,
}

fn on<R: Row>(list: &Listing<R>) -> Option<String> {
    list.on.as_ref().map(|id| format!("{id:?}"))
}

fn cursors(model: &Model) -> Cursors {
    Cursors {
        holds: on(&model.holds),
        orphans: on(&model.orphans),
        relations: on(&model.relations),
        queue: on(&model.queue),
        quarantine: on(&model.quarantine),
    }
}

/// Whether rows have this record among them.
fn has<R: Row>(rows: &[R], id: &str) -> bool {
    rows.iter().any(|row| format!("{:?}", row.id()) == id)
}

fn ids_of(rows: &Rows) -> Vec<String> {
    match rows {
        Rows::Holds(rows) => rows.iter().map(|row| format!("{:?}", row.id)).collect(),
        Rows::Orphans(rows) => rows.iter().map(|row| format!("{:?}", row.id())).collect(),
        Rows::Relations(rows) => rows.iter().map(|row| format!("{:?}", row.id())).collect(),
        Rows::Queue(rows) => rows.iter().map(|row| format!("{:?}", row.id())).collect(),
        _ => Vec::new(),
    }
}

fn sound<R: Row>(list: &Listing<R>, name: &str) -> Result<(), TestCaseError> {
    if let Some(current) = list.current() {
        prop_assert_eq!(list.on.as_ref(), Some(&current.id()), "{}", name);
    }
    prop_assert!(list.at == 0 || list.at < list.total.unwrap_or(0), "{}: {} of {:?}", name, list.at, list.total);
    let here = on(list).is_none_or(|id| list.row(list.at).is_none() || has(&list.rows, &id));
    prop_assert!(here, "{}: the cursor is on {:?}", name, list.on);
    Ok(())
}

impl Run<'_> {
    /// Sends one message and looks at everything that came of it.
    pub(super) fn send(&mut self, msg: Msg) -> Result<(), TestCaseError> {
        let ms = self.rig.ms;
        let mut effects = update(&mut self.rig.model, Msg::Tick { now: at(0), ms });
        for effect in &effects {
            prop_assert!(matches!(effect, Effect::Query { .. }), "time alone does nothing: {:?}", effect);
        }
        let model = &self.rig.model;
        let (popup, page) = (model.popups.last().cloned(), model.page);
        let before = cursors(model);
        let staged: Vec<HoldId> = model.staged.picks().map(|pick| pick.item.row.id.clone()).collect();
        let (is_key, is_reply) = (matches!(msg, Msg::Key(_)), matches!(msg, Msg::Reply { .. }));
        // What the operator waits for may lead them on: a pick for a whole record, the next row that was not here yet.
        let waited = !model.ahead.is_empty() && !is_key;
        let leads = waited
            || model.advancing.is_some()
            || matches!(&msg, Msg::Answer { tag, .. } if matches!(
                model.waiting.get(tag),
                Some(Waiting::Record { .. } | Waiting::Typed { .. } | Waiting::Picker(_))
            ));
        let came = match &msg {
            Msg::Answer { result: Ok(window), .. } => Some(ids_of(&window.rows)),
            Msg::Answer { .. } => Some(Vec::new()),
            _ => None,
        };
        let failed = matches!(&msg, Msg::Answer { result: Err(_), .. });
        let moved =
            if let Msg::Reply { result: Ok(Reply::Changed { ids, .. }), .. } = &msg { ids.clone() } else { Vec::new() };
        let unread = popup.as_ref().filter(|top| matches!(top.body, PopupBody::Notice(_)) && !top.armed(ms));
        let unread = unread.map(|top| top.serial);
        let left = is_key && matches!(&msg, Msg::Key(key) if *key == Key::HARD_EXIT);
        effects.extend(update(&mut self.rig.model, msg));
        self.look_at_commands(&effects, popup.as_ref(), is_key || waited, is_reply, &moved)?;
        let model = &self.rig.model;
        if waited && model.ahead.is_empty() {
            count(&self.reached.waited);
        }
        let rows_are_out = model.waiting.values().any(|what| {
            use Waiting as W;
            matches!(what, W::List(_) | W::Owners | W::Edges(_) | W::Marks { .. } | W::Record { .. })
        });
        prop_assert!(
            model.ahead.is_empty() || rows_are_out && model.popups.is_empty() && !model.typing,
            "keys wait for nothing: {:?}",
            model.ahead
        );
        if let Some(serial) = unread.filter(|_| is_key && !left) {
            count(&self.reached.notices);
            prop_assert!(
                model.popups.iter().any(|popup| popup.serial == serial),
                "closed before it can have been read"
            );
        }
        if !is_key && !leads && !is_reply {
            let after = cursors(model);
            for (was, is) in [
                (&before.holds, &after.holds),
                (&before.orphans, &after.orphans),
                (&before.relations, &after.relations),
                (&before.queue, &after.queue),
                (&before.quarantine, &after.quarantine),
            ] {
                let Some(id) = was else { continue };
                // Rows alone may say that it is gone.
                let stays = came.as_ref().is_none_or(|ids| failed || ids.contains(id));
                prop_assert!(!stays || is.as_ref() == Some(id), "news moved the cursor from {} to {:?}", id, is);
            }
            prop_assert_eq!(page, model.page);
        }
        for pick in model.staged.picks().filter(|pick| !staged.contains(&pick.item.row.id)) {
            prop_assert!(pick.item.row.decidable, "{:?} cannot be decided", pick.item.row.id);
        }
        sound(&model.holds, "conflicts")?;
        sound(&model.orphans, "orphans")?;
        sound(&model.relations, "relations")?;
        sound(&model.queue, "queue")?;
        sound(&model.quarantine, "quarantine")?;
        sound(&model.journal, "journal")?;
        for effect in effects {
            match &effect {
                Effect::Query { tag, query } => {
                    prop_assert!(self.tags.insert(*tag), "a number was used twice");
                    let now = self.rig.world.answer(query);
                    self.out.push((effect, Some(now)));
                }
                Effect::Command { tag, .. } => {
                    prop_assert!(self.tags.insert(*tag), "a number was used twice");
                    self.out.push((effect, None));
                }
                Effect::Quit | Effect::Redraw | Effect::Copy(_) | Effect::Suspend => {}
            }
        }
        // What was asked for an older text is wanted no more; everything else that is out is waited for.
        let waiting = &self.rig.model.waiting;
        let awaited = self.out.iter().filter(|(effect, _)| match effect {
            Effect::Query { tag, .. } | Effect::Command { tag, .. } => waiting.contains_key(tag),
            _ => false,
        });
        prop_assert_eq!(awaited.count(), waiting.len(), "everything that is waited for is out");
        let told = self.out.iter().filter(|(effect, _)| matches!(effect, Effect::Command { .. }));
        let awaited = waiting.values().filter(|what| matches!(what, Waiting::Command { .. }));
        prop_assert_eq!(told.count(), awaited.count(), "every command that is out is waited for");
        Ok(())
    }

    /// Whatever would change either system was asked about, on screen and long enough, and answered with the count typed.
    fn look_at_commands(
        &mut self,
        effects: &[Effect],
        popup: Option<&Popup>,
        is_key: bool,
        is_reply: bool,
        moved: &[HoldId],
    ) -> Result<(), TestCaseError> {
        let commands = effects.iter().filter_map(|effect| match effect {
            Effect::Command { command, .. } if *command != Command::Refresh => Some(command.clone()),
            _ => None,
        });
        let commands: Vec<Command> = commands.collect();
        if commands.is_empty() {
            return Ok(());
        }
        let model = &self.rig.model;
        prop_assert!(!model.read_only, "read-only: {:?}", commands);
        // What was confirmed goes on whatever became of the screen since.
        prop_assert!(is_reply || model.size.0 >= 60 && model.size.1 >= 16, "nothing could be seen: {:?}", commands);
        count(&self.reached.told);
        if is_reply {
            // The rest of what was confirmed, because some of it has moved.
            prop_assert!(!moved.is_empty() && commands.len() == 1, "{:?}", commands);
            let Command::Resolve { items } = &commands[0] else { panic!("{commands:?} without a question") };
            for item in items {
                prop_assert!(self.confirmed.contains(item) && !moved.contains(item.id()), "{:?}", item);
            }
            count(&self.reached.sent_again);
            return Ok(());
        }
        prop_assert!(is_key, "only a key answers: {:?}", commands);
        let of_deleted = |id: &HoldId| {
            let row = self.rig.model.holds.rows.iter().find(|item| item.row.id == *id);
            row.is_some_and(|item| item.row.why == "deleted")
        };
        let confirm = match popup.map(|popup| &popup.body) {
            Some(PopupBody::Confirm(confirm)) => confirm,
            _ => {
                // What was about to be written anyway may be tried again at once, but not by the dozen.
                let retries = commands.iter().all(|it| matches!(it, Command::Retry { id } if !of_deleted(id)));
                // The quarantine asks about one at a time.
                prop_assert!(retries || commands.len() == 1 && model.page == crosstie::tui::model::Page::Quarantine);
                prop_assert!(commands.len() <= 20, "much wants its count typed: {:?}", commands);
                prop_assert!(
                    commands.iter().all(|it| matches!(it, Command::Retry { .. })),
                    "{:?} without a question",
                    commands
                );
                count(&self.reached.without_question);
                return Ok(());
            }
        };
        let popup = popup.unwrap();
        prop_assert!(popup.drawn.is_some_and(|drawn| self.rig.ms >= drawn + 300), "it was on screen");
        prop_assert!(confirm.foresight.as_ref().is_none_or(|it| it.left == 0), "the engine had said everything");
        prop_assert!(commands == confirm.commands, "it does what it said, and all of it");
        prop_assert!(confirm.demand.as_ref().is_none_or(|demand| demand.is_met()), "the count was typed");
        let much: usize =
            commands.iter().map(|it| if let Command::Resolve { items } = it { items.len() } else { 1 }).sum();
        let last = commands.iter().any(|it| match it {
            Command::CreateCounterpart { .. } | Command::Approve { .. } | Command::Override { .. } => true,
            Command::Retry { id } => of_deleted(id),
            _ => false,
        });
        prop_assert!(confirm.demand.is_some() || much <= 20 && !last, "it wants its count typed: {:?}", commands);
        for command in &commands {
            let bound = match command {
                Command::Link { shown, .. } | Command::Relate { shown, .. } => shown.is_some(),
                Command::CreateCounterpart { shown, .. } | Command::IgnoreOrphan { shown, .. } => shown.is_some(),
                Command::Resolve { items } => {
                    self.confirmed.extend(items.iter().cloned());
                    true
                }
                _ => true,
            };
            prop_assert!(bound, "bound to what was shown: {:?}", command);
        }
        if confirm.demand.is_some() {
            count(&self.reached.demanded);
        }
        if much > 1 {
            count(&self.reached.several);
        }
        Ok(())
    }
}
