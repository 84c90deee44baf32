//! After a start: the windows of earlier writes, for hints that are still to come.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{Event, Happening, Intent, RecordId, RecordRef, Side};
use crate::seam::KvError;
use crate::store::Store;

use super::core::Core;
use super::hints::KEPT;
use super::windows::{Slot, Window};

/// Lines of the journal that are looked through for windows after a start.
const RECALLED: u64 = 512;

impl Core {
    /// After a start: the windows of the last writes, from the end of the journal, and those of open intents, for hints
    /// that are still to come.
    pub(super) async fn recall_windows(&mut self, store: &Store) -> Result<(), KvError> {
        let open: Vec<Intent> = self.memory.intents.values().cloned().collect();
        for intent in &open {
            self.open_window(intent);
        }
        self.hints.windows.values_mut().flatten().for_each(|window| window.recalled = true);
        let last = self.memory.last_event;
        if last == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        for event in store.journal(last.saturating_sub(RECALLED - 1), last).await? {
            self.recall(event, now);
        }
        Ok(())
    }

    fn recall(&mut self, event: Event, now: Timestamp) {
        let done = match event.what {
            Happening::Wrote => false,
            Happening::PossiblyOverwritten => true,
            _ => return,
        };
        let (Some(pair), Some(side), Some(key), Some((opened, closed))) =
            (event.pair, event.side, event.field, event.window)
        else {
            return;
        };
        let id: Option<RecordId> = if side == Side::Crm { event.crm } else { event.notion };
        let Some(id) = id.filter(|_| now.duration_since(closed) < KEPT) else { return };
        let at = RecordRef { pair, side, id };
        let slot = Slot {
            before: event.before.unwrap_or_default(),
            ours: event.after.unwrap_or_default(),
            glimpsed: None,
            moved_on: None,
            repeated: false,
            done,
        };
        let windows = self.hints.windows.entry(at.clone()).or_default();
        match windows.iter_mut().find(|window| window.opened == opened && window.closed == Some(closed)) {
            Some(window) => drop(window.fields.insert(key, slot)),
            // Its intent is long closed; a number from the other end is no open one.
            None => self.hints.keep(
                at,
                Window {
                    intent: u64::MAX - event.seq,
                    opened,
                    closed: Some(closed),
                    edited_at: None,
                    recalled: true,
                    fields: BTreeMap::from([(key, slot)]),
                },
            ),
        }
    }
}
