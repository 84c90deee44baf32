//! What the operator, the engine, other people and time do.

use crosstie::control::{Command, DeskError, List, PairState, Query, Reply};
use crosstie::model::HoldId;
use crosstie::tui::keymap::{Code, Key, key::parse_sequence};
use crosstie::tui::model::{Effect, Msg, PopupBody};
use proptest::test_runner::TestCaseError;

use super::checks::Run;
use super::steps::{Says, Step};
use crate::fixture::at;

/// Whether a dry run waits for what the engine says.
fn is_asking(body: &PopupBody) -> bool {
    matches!(body, PopupBody::Confirm(confirm) if confirm.foresight.as_ref().is_some_and(|it| it.left > 0))
}

impl Run<'_> {
    fn draw(&mut self) -> Result<(), TestCaseError> {
        self.rig.buffer();
        let popup = self.rig.model.popups.last().map(|popup| popup.serial);
        self.send(Msg::Drawn { popup })
    }

    pub(super) fn answer(&mut self, which: usize, says: Says) -> Result<(), TestCaseError> {
        if self.out.is_empty() {
            return Ok(());
        }
        // What can be said of commands alone is said of one, if one is out.
        let told = self.out.iter().position(|(effect, _)| matches!(effect, Effect::Command { .. }));
        let told = told.filter(|_| matches!(says, Says::Moved(_) | Says::No));
        let (effect, asked) = self.out.remove(told.unwrap_or(which % self.out.len()));
        let gone = || DeskError::Gone("the socket was closed".into());
        match effect {
            Effect::Query { tag, query } => {
                let result = match says {
                    Says::Nothing => Err(gone()),
                    Says::Wrongly => {
                        let other = if query.list == List::Queue { List::Journal } else { List::Queue };
                        Ok(self.rig.world.answer(&Query { list: other, ..query }))
                    }
                    // As it is now, or as it was when it was asked.
                    Says::Well => Ok(self.rig.world.answer(&query)),
                    _ => Ok(asked.unwrap_or_else(|| self.rig.world.answer(&query))),
                };
                self.send(Msg::Answer { tag, result, took: 0 })
            }
            Effect::Command { tag, command } => {
                let ids: Vec<HoldId> = match &command {
                    Command::Resolve { items } => items.iter().map(|item| item.id().clone()).collect(),
                    _ => Vec::new(),
                };
                let note = || "changed since you looked".to_owned();
                let result = match says {
                    Says::Moved(false) => Ok(Reply::Changed { ids, note: note() }),
                    Says::Moved(true) => Ok(Reply::Changed { ids: ids.into_iter().take(1).collect(), note: note() }),
                    Says::No => Ok(Reply::Refused { why: "it cannot be written\nfor a reason".into() }),
                    Says::Nothing => Err(gone()),
                    _ => Ok(self.rig.world.tell("anna", command)),
                };
                self.send(Msg::Reply { tag, result })
            }
            _ => Ok(()),
        }
    }

    fn meddle(&mut self, which: usize, how: u8) -> Result<(), TestCaseError> {
        let world = &mut self.rig.world;
        let place = which % world.holds.len().max(1);
        if let Some(row) = world.holds.get_mut(place) {
            match how {
                0 | 1 => (row.crm.text, row.crm.digest) = (format!("moved {which}"), format!("moved {which}")),
                2 => row.decided = Some("forced by berta".into()),
                3 => row.title.push_str(" again"),
                4 => drop(world.holds.remove(place)),
                _ => {
                    let state = &mut world.snapshot.pairs[1].state;
                    if let PairState::Review { sure, .. } = state {
                        *sure += 1;
                    }
                }
            }
        }
        if !world.orphans.is_empty() && how >= 4 {
            let place = which % world.orphans.len();
            world.orphans.remove(place);
        }
        self.news()
    }

    fn news(&mut self) -> Result<(), TestCaseError> {
        self.rig.world.snapshot.version += 1;
        let snapshot = std::sync::Arc::new(self.rig.world.snapshot.clone());
        self.send(Msg::Snapshot(snapshot))
    }

    pub(super) fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Key(key) => self.send(Msg::Key(key)),
            Step::Keys(keys) => {
                // Mostly from a page with nothing over it: elsewhere they are other keys.
                for _ in 0..if self.rig.ms % 4 == 3 { 0 } else { 3 } {
                    if self.rig.model.popups.is_empty() && !self.rig.model.typing {
                        break;
                    }
                    self.draw()?;
                    self.rig.ms += 301;
                    self.send(Msg::Key(Key::plain(Code::Esc)))?;
                }
                for key in parse_sequence(keys).unwrap() {
                    self.send(Msg::Key(key))?;
                    // Now and then the answer is here before the next key.
                    if !self.out.is_empty() && !self.rig.ms.is_multiple_of(3) {
                        self.answer(0, Says::Well)?;
                    }
                }
                Ok(())
            }
            Step::Paste(text) => self.send(Msg::Paste(text)),
            Step::Size(width, height) => self.send(Msg::Resize(width, height)),
            Step::Wait(ms) => {
                self.rig.ms += ms;
                let ms = self.rig.ms;
                self.send(Msg::Tick { now: at(0), ms })
            }
            Step::Draw => self.draw(),
            Step::Answer(which, says) => self.answer(which, says),
            Step::Yes(exactly) => {
                // Half of the time the engine says what it is asked for first.
                while self.rig.ms.is_multiple_of(2)
                    && self.rig.model.top().is_some_and(is_asking)
                    && !self.out.is_empty()
                {
                    self.answer(0, Says::Well)?;
                }
                self.draw()?;
                self.rig.ms += 400;
                let wanted = match self.rig.model.top() {
                    Some(PopupBody::Confirm(confirm)) => confirm.demand.as_ref().map(|demand| demand.wanted.clone()),
                    _ => None,
                };
                let wanted = wanted.map(|wanted| if exactly { wanted } else { format!("{wanted}0") });
                for digit in wanted.unwrap_or_default().chars() {
                    self.send(Msg::Key(Key::char(digit)))?;
                }
                self.send(Msg::Key(Key::char('y')))
            }
            Step::News => self.news(),
            Step::Shuffle(by) => {
                let world = &mut self.rig.world;
                let len = world.holds.len().max(1);
                world.holds.rotate_left(by % len);
                let len = world.orphans.len().max(1);
                world.orphans.rotate_left(by % len);
                let len = world.relations.len().max(1);
                world.relations.rotate_left(by % len);
                let len = world.queue.len().max(1);
                world.queue.rotate_left(by % len);
                self.news()
            }
            Step::Meddle(which, how) => self.meddle(which, how),
            Step::Gone => self.send(Msg::Gone("the engine\nhas stopped".into())),
        }
    }
}
