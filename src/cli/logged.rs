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
        while let Some(rows) = self.next(desk, newest).await {
            rows.iter().for_each(|row| line(row, row.event.edit));
        }
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

    /// The next lines up to that one, oldest first; `None` when all were given, or cannot be had now.
    async fn next(&mut self, desk: &dyn Desk, newest: u64) -> Option<Vec<JournalRow>> {
        let to = newest.min(self.seq + LOGGED);
        if to <= self.seq {
            return None;
        }
        let query = Query { from: Some(self.seq + 1), to: Some(to), limit: LOGGED, ..Query::all(List::Journal) };
        let Ok(Window { rows: Rows::Journal(mut rows), .. }) = desk.query(query).await else { return None };
        self.seq = to;
        rows.reverse();
        Some(rows)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use serde_json::json;
    use tokio::sync::watch;

    use super::*;
    use crate::control::{Command, DeskError, Reply};

    /// A journal of so many lines.
    struct Journal(u64);

    fn row(seq: u64) -> JournalRow {
        let event = json!({ "seq": seq, "at": "2026-01-01T00:00:00Z", "what": "seen", "who": "", "note": "" });
        serde_json::from_value(json!({ "event": event, "title": "", "label": "" })).unwrap()
    }

    #[async_trait]
    impl Desk for Journal {
        fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
            watch::channel(Arc::default()).1
        }
        async fn query(&self, query: Query) -> Result<Window, DeskError> {
            let (from, to) = (query.from.unwrap().max(1), query.to.unwrap().min(self.0));
            let rows: Vec<JournalRow> = (from..=to).rev().take(500).map(row).collect();
            Ok(Window::of(to + 1 - from, 0, Rows::Journal(rows)))
        }
        async fn command(&self, _who: &str, _command: Command) -> Result<Reply, DeskError> {
            Err(DeskError::Gone("nobody decides here".into()))
        }
    }

    #[tokio::test]
    async fn every_line_of_the_journal_is_logged_however_many_come_between_two_looks() {
        let (mut log, mut logged) = (Log::after(3), Vec::new());
        while let Some(rows) = log.next(&Journal(1_700), 1_700).await {
            logged.extend(rows.into_iter().map(|row| row.event.seq));
        }
        assert_eq!(logged, (4..=1_700).collect::<Vec<u64>>());
    }
}
