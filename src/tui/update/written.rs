//! Tells an operator that what they decided has been written: until then it is only on its way. When all of a commit has
//! come to its end, it is told once what became of it.

use std::collections::BTreeSet;

use super::ask;
use crate::control::{JournalRow, List, Query, Resolution, Rows, Snapshot, Window};
use crate::model::{Happening, HoldId};
use crate::tui::model::{Awaited, Effect, Model, Tone, Topic, Waiting, text};

/// How many lines of the journal are asked for at once.
const AT_ONCE: u64 = 500;

/// These were decided; what they write is awaited.
pub(super) fn expect(model: &mut Model, items: &[Resolution]) {
    let writes = items.iter().filter(|item| !matches!(item, Resolution::Keep { .. }));
    expect_fields(model, writes.map(|item| item.id().clone()).collect());
}

/// The same of fields that were decided otherwise: an edge that was made or taken away.
pub(super) fn expect_fields(model: &mut Model, writes: BTreeSet<HoldId>) {
    // What is decided anew is awaited once, for the newer decision.
    for commit in &mut model.expected {
        let before = commit.left.len();
        commit.left.retain(|id| !writes.contains(id));
        commit.of -= before - commit.left.len();
    }
    model.expected.retain(|commit| !commit.left.is_empty());
    if !writes.is_empty() {
        model.expected.push(Awaited::new(writes));
    }
}

/// Looks whether anything that is awaited has been written since the last snapshot. A snapshot tells the newest lines only:
/// where there were more of them, the journal is asked for the others.
pub(super) fn look(model: &mut Model, snapshot: &Snapshot) -> Vec<Effect> {
    let Some(old) = model.snapshot.as_ref().filter(|_| !model.expected.is_empty()) else { return Vec::new() };
    let known = old.latest.first().map_or(0, |row| row.event.seq);
    let oldest = oldest(&snapshot.latest).unwrap_or(known);
    if oldest > known + 1 {
        return vec![more(model, known, 0)];
    }
    take(model, known, &snapshot.latest);
    Vec::new()
}

fn oldest(rows: &[JournalRow]) -> Option<u64> {
    rows.iter().map(|row| row.event.seq).min()
}

fn more(model: &mut Model, known: u64, offset: u64) -> Effect {
    let query = Query { offset, limit: AT_ONCE, ..Query::all(List::Journal) };
    ask(model, Waiting::Missed(known), query)
}

/// Lines came that no snapshot told.
pub(super) fn came(model: &mut Model, known: u64, window: Window) -> Vec<Effect> {
    let Rows::Journal(rows) = window.rows else { return Vec::new() };
    take(model, known, &rows);
    let next = window.offset + rows.len() as u64;
    let further = oldest(&rows).is_some_and(|seq| seq > known + 1) && next < window.total;
    if further && !model.expected.is_empty() { vec![more(model, known, next)] } else { Vec::new() }
}

/// Takes lines newer than that in, newest first as they come, and says what they are to the operator.
fn take(model: &mut Model, known: u64, rows: &[JournalRow]) {
    let mut written: Vec<&JournalRow> = Vec::new();
    let mut last = None;
    for row in rows.iter().rev().filter(|row| row.event.seq > known) {
        if model.expected.iter_mut().any(|commit| commit.take(row)) {
            last = Some(row);
            if row.event.what == Happening::Wrote {
                written.push(row);
            }
        }
    }
    let Some(last) = last else { return };
    let (done, left): (Vec<Awaited>, Vec<Awaited>) =
        std::mem::take(&mut model.expected).into_iter().partition(|commit| commit.left.is_empty());
    model.expected = left;
    let name = |row: &JournalRow| format!("{} / {}", text::sanitise(&row.title), text::sanitise(&row.label));
    if done.is_empty() {
        let Some(one) = written.last() else { return };
        let what = match written.len() {
            1 => name(one),
            several => format!("{several} of the fields you decided"),
        };
        let left: usize = model.expected.iter().map(|commit| commit.left.len()).sum();
        let text = format!("written: {what}; {left} on their way; u in the journal takes it back");
        model.toast_about(Topic::Reply, Tone::Good, text);
        return;
    }
    // Commits that end together are told together.
    let all = done.iter().fold(Awaited::default(), |all, one| Awaited {
        of: all.of + one.of,
        left: BTreeSet::new(),
        written: all.written + one.written,
        agreed: all.agreed + one.agreed,
        refused: all.refused + one.refused,
        held: all.held + one.held,
    });
    let tone = if all.is_back() { Tone::Warn } else { Tone::Good };
    let text = match (all.of, all.written, all.refused, all.held) {
        (1, 1, ..) => format!("written: {}; u on line {} of the journal takes it back", name(last), last.event.seq),
        (1, _, 1, _) => format!("refused: {} (see Conflicts)", name(last)),
        (1, _, _, 1) => format!("held again: {} (see Conflicts)", name(last)),
        (1, ..) => format!("agreed already: {}", name(last)),
        _ => all.tally(),
    };
    model.toast_about(Topic::Reply, tone, text);
}
