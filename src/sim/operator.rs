//! An operator who looks at the lists now and then, and decides something at random; sometimes long after they looked.

use crate::control::{Command, Desk, HoldRow, List, OrphanRow, PairState, Query, Resolution, Rows};
use crate::engine::EngineDesk;
use crate::model::{Event, Happening, Shown, Side};

use super::chance::Dice;

/// The operator.
#[derive(Debug)]
pub struct Operator {
    dice: Dice,
    /// For what one does not pick blindly: what was just written, and what stands still.
    attention: Dice,
    /// Commands that were thought of and not given yet.
    later: Vec<Command>,
    /// Commands given, and how many of them were carried out.
    pub given: (u64, u64),
    /// The write that was looked at last to be taken back.
    looked_at: Option<Event>,
}

impl Operator {
    /// An operator with a stream of chance of their own.
    pub fn new(seed: u64) -> Self {
        let (dice, attention) = (Dice::of(seed, "decisions"), Dice::of(seed, "attention"));
        Self { dice, attention, later: Vec::new(), given: (0, 0), looked_at: None }
    }

    /// Looks, and does something or plans to; the write that was taken back, if one was and a colleague is at it too.
    pub async fn act(&mut self, desk: &EngineDesk) -> Option<(Event, String)> {
        let mut meddled = None;
        let thought = match self.dice.between(0, 9) {
            0..=3 => self.about_a_hold(desk).await,
            4 | 5 => self.about_an_orphan(desk).await,
            6 => self.about_a_relation(desk).await,
            7 => self.about_the_past(desk).await,
            _ => Some(Command::Refresh),
        };
        let give = if self.dice.one_in(3) {
            // Somebody calls: what was looked at is decided the next time.
            std::mem::replace(&mut self.later, thought.into_iter().collect())
        } else {
            thought.into_iter().collect()
        };
        for command in give {
            self.given.0 += 1;
            let undone = if let Command::Undo { event, .. } = &command { Some(*event) } else { None };
            let reply = desk.command("anna", command).await;
            if matches!(reply, Ok(crate::control::Reply::Done { .. })) {
                self.given.1 += 1;
                let looked_at = self.looked_at.clone().filter(|event| undone == Some(event.seq));
                if let Some(event) = looked_at.filter(|_| self.attention.one_in(2)) {
                    meddled = Some((event, self.attention.word()));
                }
            }
        }
        meddled
    }

    async fn rows(&self, desk: &EngineDesk, list: List) -> Option<Rows> {
        let query = Query { limit: 200, ..Query::all(list) };
        desk.query(query).await.ok().map(|window| window.rows)
    }

    async fn about_a_hold(&mut self, desk: &EngineDesk) -> Option<Command> {
        let Some(Rows::Holds(rows)) = self.rows(desk, List::Holds).await else { return None };
        let any: &HoldRow = self.dice.pick(&rows)?;
        // A pair that stands still is what one sees first.
        let mut stopped = rows.iter().filter(|row| row.id.crm.is_none());
        let row = if self.attention.one_in(2) { stopped.next().unwrap_or(any) } else { any };
        let (id, shown) = (row.id.clone(), Shown { crm: row.crm.digest.clone(), notion: row.notion.digest.clone() });
        if row.id.crm.is_none() {
            // A pair that was stopped: the plan is on the screen.
            let pairs = desk.snapshots().borrow().pairs.clone();
            let state = pairs.into_iter().find(|pair| pair.name == row.id.pair).map(|pair| pair.state);
            if let Some(PairState::Guarded { plan, .. }) = state {
                return Some(Command::Override { pair: row.id.pair.clone(), plan });
            }
        }
        if !row.decidable {
            return Some(Command::Retry { id });
        }
        let item = match self.dice.between(0, 5) {
            0 | 1 => Resolution::Force { id, shown, side: Side::Crm },
            2 | 3 => Resolution::Force { id, shown, side: Side::Notion },
            _ => Resolution::Keep { id, shown },
        };
        Some(Command::Resolve { items: vec![item] })
    }

    async fn about_an_orphan(&mut self, desk: &EngineDesk) -> Option<Command> {
        let Some(Rows::Orphans(rows)) = self.rows(desk, List::Orphans).await else { return None };
        let row: &OrphanRow = self.dice.pick(&rows)?;
        let record = row.record.clone();
        match self.dice.between(0, 6) {
            0 => Some(Command::CreateCounterpart { record, shown: Some(row.digest.clone()) }),
            1 => Some(Command::IgnoreOrphan { record, shown: Some(row.digest.clone()) }),
            _ => {
                let candidates = self.rows(desk, List::Candidates { of: record.clone() }).await;
                let Some(Rows::Candidates(mut candidates)) = candidates else { return None };
                // What people are shown first is no business of a seed.
                candidates.sort_by_key(|row| (row.taken, row.title.to_lowercase(), row.id.clone()));
                let other = self.dice.pick(&candidates)?.clone();
                let own = (record.id, row.digest.clone());
                let (crm, notion) = match record.side {
                    Side::Crm => (own, (other.id, other.digest)),
                    Side::Notion => ((other.id, other.digest), own),
                };
                let shown = Some(Shown { crm: crm.1, notion: notion.1 });
                Some(Command::Link { pair: record.pair, crm: crm.0, notion: notion.0, shown })
            }
        }
    }

    async fn about_a_relation(&mut self, desk: &EngineDesk) -> Option<Command> {
        let Some(Rows::Relations(rows)) = self.rows(desk, List::Relations).await else { return None };
        let row = self.dice.pick(&rows)?;
        let target = row.target.clone()?;
        Some(Command::Relate {
            owner: row.owner.clone(),
            field: row.field.clone(),
            target,
            linked: self.dice.one_in(2),
            instead_of: None,
            shown: row.shown.clone(),
        })
    }

    async fn about_the_past(&mut self, desk: &EngineDesk) -> Option<Command> {
        let Some(Rows::Journal(rows)) = self.rows(desk, List::Journal).await else { return None };
        let undoable: Vec<&Event> = rows
            .iter()
            .filter(|row| row.undoable && row.event.what == Happening::Wrote)
            .map(|row| &row.event)
            .collect();
        let any = *self.dice.pick(&undoable)?;
        // What one sees go wrong is what was just written, and what people quarrel about is text.
        let mut text =
            undoable.iter().filter(|event| event.field.as_ref().is_some_and(|key| key.as_str() == "COMMENTS"));
        let event = if self.attention.one_in(2) { text.next().copied().unwrap_or(any) } else { any };
        self.looked_at = Some(event.clone());
        Some(Command::Undo { event: event.seq, both: self.dice.one_in(4) })
    }
}
