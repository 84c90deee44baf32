//! Word of every change, as webhooks bring it: soon and surely, or late, twice, in any order, or never.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::chance::Dice;
use super::site::{Worlds, locked};
use crate::control::Hint;
use crate::engine::EngineDesk;
use crate::model::Side;
use crate::standin::StandIn;
use crate::standin::log::{Actor, Entry, Kind};

/// How webhooks come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// None at all.
    None,
    /// Lost, doubled, late, in any order.
    Unreliable,
    /// Each of them, within half a minute, or when the process is back.
    Reliable,
}

/// The ones who carry them.
#[derive(Debug)]
pub struct Webhooks {
    mode: Mode,
    dice: Dice,
    /// How much of each world's log was looked at.
    told: (usize, usize),
    due: BTreeMap<(Timestamp, u64), Hint>,
    /// Brought lately, to a process that may die before it has done anything about them.
    brought: Vec<(Timestamp, Hint)>,
    count: u64,
}

/// How long whoever brings a webhook remembers it, for a process that dies.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(5);

impl Webhooks {
    /// Webhooks from now on.
    pub fn new(mode: Mode, dice: Dice, worlds: &Worlds) -> Self {
        let told = (locked(&worlds.crm).log().len(), locked(&worlds.notion).log().len());
        Self { mode, dice, told, due: BTreeMap::new(), brought: Vec::new(), count: 0 }
    }

    /// When the next one arrives.
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Looks what has changed in the worlds.
    pub fn look(&mut self, worlds: &Worlds) {
        if self.mode == Mode::None {
            return;
        }
        let crm = locked(&worlds.crm);
        let notion = locked(&worlds.notion);
        let news: Vec<(Side, &Entry)> = (crm.log().iter().skip(self.told.0).map(|it| (Side::Crm, it)))
            .chain(notion.log().iter().skip(self.told.1).map(|it| (Side::Notion, it)))
            .collect();
        for (side, entry) in news {
            self.tell(side, entry);
        }
        self.told = (crm.log().len(), notion.log().len());
    }

    fn tell(&mut self, side: Side, entry: &Entry) {
        let hint = Hint {
            side,
            record: entry.object.as_str().into(),
            pair: None,
            at: Some(entry.at),
            by_us: Some(entry.actor == Actor::Api),
            // A portal's event names no fields.
            fields: (side == Side::Notion && entry.kind == Kind::Edited).then(|| vec![entry.field.as_str().into()]),
        };
        let unreliable = self.mode == Mode::Unreliable;
        if unreliable && self.dice.one_in(3) {
            return;
        }
        for _ in 0..if unreliable && self.dice.one_in(4) { 2 } else { 1 } {
            let most = if unreliable { 600_000 } else { 30_000 };
            let late = SignedDuration::from_millis(i64::try_from(self.dice.between(200, most)).unwrap_or(200));
            self.count += 1;
            self.due.insert((entry.at + late, self.count), hint.clone());
        }
    }

    /// Brings what is due to a process that runs; what comes while none does is brought when one does.
    pub async fn bring(&mut self, now: Timestamp, desk: Option<&EngineDesk>) {
        let Some(desk) = desk else { return };
        let sender = desk.hints();
        while let Some(first) = self.due.first_entry().filter(|first| first.key().0 <= now) {
            let hint = first.get().clone();
            if sender.send(hint).await.is_err() {
                return;
            }
            let hint = first.remove();
            self.brought.retain(|(at, _)| now.duration_since(*at) < REMEMBERED);
            self.brought.push((now, hint));
        }
    }

    /// A process has started; what was brought to the last one just before it died is brought again.
    pub fn again(&mut self, now: Timestamp) {
        for (_, hint) in std::mem::take(&mut self.brought) {
            if self.mode == Mode::Reliable {
                self.count += 1;
                self.due.insert((now, self.count), hint);
            }
        }
    }
}
