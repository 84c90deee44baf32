//! Tells an operator that what they decided has been written: until then it is only on its way.

use crate::control::{JournalRow, Resolution, Snapshot};
use crate::model::{Happening, HoldId};
use crate::tui::model::{Model, Tone, text};

/// These were decided; what they write is awaited.
pub(super) fn expect(model: &mut Model, items: &[Resolution]) {
    let writes = items.iter().filter(|item| !matches!(item, Resolution::Keep { .. }));
    model.expected.extend(writes.map(|item| item.id().clone()));
}

/// Looks whether anything that is awaited has been written since the last snapshot.
pub(super) fn look(model: &mut Model, snapshot: &Snapshot) {
    if model.expected.is_empty() {
        return;
    }
    let known = model.snapshot.as_ref().and_then(|old| old.latest.first().map(|row| row.event.seq)).unwrap_or(0);
    let mut written: Vec<&JournalRow> = Vec::new();
    for row in snapshot.latest.iter().filter(|row| row.event.seq > known && ends(row.event.what)) {
        let awaited = hold_of(row).is_some_and(|id| model.expected.remove(&id));
        if awaited && row.event.what == Happening::Wrote {
            written.push(row);
        }
    }
    let Some(one) = written.first() else { return };
    let what = match written.len() {
        1 => format!("written: {} / {}", text::sanitise(&one.title), text::sanitise(&one.label)),
        several => format!("written: {several} of the fields you decided"),
    };
    let left = model.expected.len();
    let left = if left == 0 { String::new() } else { format!("; {left} on their way") };
    model.toast(Tone::Good, format!("{what}{left}; the journal takes it back"));
}

/// Whether nothing more is to be awaited after this: it was written, or will not be, and is held again or agreed on otherwise.
fn ends(what: Happening) -> bool {
    use Happening as H;
    matches!(what, H::Wrote | H::Agreed | H::Held | H::Lapsed | H::Refused | H::Quarantined)
}

fn hold_of(row: &JournalRow) -> Option<HoldId> {
    let event = &row.event;
    Some(HoldId { pair: event.pair.clone()?, crm: Some(event.crm.clone()?), field: Some(event.field.clone()?) })
}
