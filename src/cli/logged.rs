//! The log of a daemon: what the journal tells and what waits for a person, without anybody's values.

use std::collections::BTreeMap;

use crate::control::{Desk, JournalRow, List, PairState, Query, Rows, Snapshot, Window};
use crate::model::{Happening, PairName};

/// Lines of the journal that are logged at once; a Desk gives no more.
const LOGGED: u64 = 500;

/// What the log has told so far.
#[derive(Default)]
pub struct Log {
    /// The last line of the journal.
    seq: u64,
    /// Pairs that wait for somebody, or stand still, and why.
    waiting: BTreeMap<PairName, String>,
}

impl Log {
    /// A log that begins after this line of the journal: earlier ones were logged when they were new.
    pub fn after(seq: u64) -> Self {
        Self { seq, ..Self::default() }
    }

    /// New lines of the journal and what waits for a person, without anybody's values: a log is read by more people than a
    /// CRM. Reasons are given where they are the systems' own, not a record's.
    pub async fn tell(&mut self, desk: &dyn Desk, snapshot: &Snapshot) {
        let newest = snapshot.latest.first().map_or(self.seq, |row| row.event.seq);
        let mut wanted = newest.saturating_sub(self.seq);
        while wanted > 0 {
            let query = Query { limit: wanted, ..Query::all(List::Journal) };
            let Ok(Window { rows: Rows::Journal(rows), .. }) = desk.query(query).await else { break };
            // Lines that came since the snapshot stand on top, and push the oldest of those asked for out of the window.
            let top = rows.first().map_or(newest, |row| row.event.seq);
            if top.saturating_sub(self.seq) > wanted {
                wanted = top.saturating_sub(self.seq);
                if wanted <= LOGGED {
                    continue;
                }
            }
            for row in rows.iter().rev().filter(|row| row.event.seq > self.seq) {
                line(row, row.event.edit);
            }
            self.seq = self.seq.max(top);
            break;
        }
        self.seq = self.seq.max(newest);
        for pair in &snapshot.pairs {
            let why = match &pair.state {
                PairState::Review { .. } => {
                    "waits for an approval of its first matching: open the dashboard, or run --yes".to_owned()
                }
                PairState::Guarded { what, .. } => format!("waits for a confirmation: {what}"),
                PairState::Stopped { why } => format!("stands still: {why}"),
                PairState::Listing | PairState::Running => String::new(),
            };
            if self.waiting.get(&pair.name) != Some(&why) {
                if !why.is_empty() {
                    tracing::warn!(pair = %pair.name, "{why}");
                }
                self.waiting.insert(pair.name.clone(), why);
            }
        }
    }
}

/// `edit` is the line of the journal that saw the edit this one is about; `journal show` tells its story by it.
fn line(row: &JournalRow, edit: Option<u64>) {
    let event = &row.event;
    let pair = event.pair.as_ref().map_or("", |pair| pair.as_str());
    let side = event.side.map_or("", |side| side.as_str());
    let crm = event.crm.as_ref().map_or("", |id| id.as_str());
    let what = format!("{:?}", event.what).to_lowercase();
    match event.what {
        Happening::Connection if event.note != "answers again" => {
            tracing::warn!(seq = event.seq, side, "{what}: {}", event.note);
        }
        Happening::Connection | Happening::System | Happening::Heard => {
            tracing::info!(seq = event.seq, side, "{what}: {}", event.note)
        }
        Happening::Quarantined | Happening::Refused | Happening::Unknown | Happening::PossiblyOverwritten => {
            tracing::warn!(seq = event.seq, edit, pair, side, crm, field = %row.label, "{what}; the journal tells why");
        }
        _ => tracing::info!(seq = event.seq, edit, pair, side, crm, field = %row.label, "{what}"),
    }
}
