//! The edge where text of strangers enters the model: every text that will be drawn is sanitised here, once. Ids stay
//! as they are, for they name things; whoever draws an id sanitises it then.

use crate::control::{
    Candidate, HoldRow, JournalRow, Link, MappingView, OrphanRow, PairState, QueueRow, RecordView, RelationRow,
    SideValue, Snapshot,
};
use crate::model::Side;

use super::text::{editable, sanitise};

/// A hold as it is shown, with the texts an editor starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldItem {
    /// The row, sanitised.
    pub row: HoldRow,
    /// The last agreed text, for editing.
    pub base: Option<String>,
    /// The CRM's text, for editing.
    pub crm: String,
    /// Notion's text, for editing.
    pub notion: String,
}

fn clean(text: &mut String) {
    *text = sanitise(text);
}

fn value(value: &mut SideValue) {
    clean(&mut value.text);
}

/// A hold.
pub fn hold(mut row: HoldRow) -> HoldItem {
    let base = row.base.as_ref().map(|value| editable(&value.text));
    let (crm, notion) = (editable(&row.crm.text), editable(&row.notion.text));
    for text in [&mut row.title, &mut row.label, &mut row.why, &mut row.detail] {
        clean(text);
    }
    row.base.iter_mut().for_each(value);
    value(&mut row.crm);
    value(&mut row.notion);
    row.decided.iter_mut().for_each(clean);
    HoldItem { row, base, crm, notion }
}

/// An orphan.
pub fn orphan(mut row: OrphanRow) -> OrphanRow {
    for text in [&mut row.title, &mut row.why, &mut row.detail] {
        clean(text);
    }
    fields(&mut row.fields);
    row
}

fn fields(fields: &mut [(String, String)]) {
    for (label, text) in fields {
        clean(label);
        clean(text);
    }
}

/// An edge.
pub fn relation(mut row: RelationRow) -> RelationRow {
    clean(&mut row.owner_title);
    clean(&mut row.target_title);
    clean(&mut row.label);
    row
}

/// A record to choose.
pub fn candidate(mut row: Candidate) -> Candidate {
    clean(&mut row.title);
    clean(&mut row.reason);
    fields(&mut row.fields);
    row
}

/// An operation.
pub fn queue(mut row: QueueRow) -> QueueRow {
    clean(&mut row.op);
    clean(&mut row.title);
    row.fields.iter_mut().for_each(clean);
    row
}

/// A line of the journal.
pub fn journal(mut row: JournalRow) -> JournalRow {
    for text in [&mut row.title, &mut row.label, &mut row.event.who, &mut row.event.note, &mut row.not_undoable] {
        clean(text);
    }
    row.before.iter_mut().chain(&mut row.after).for_each(clean);
    row
}

/// A record looked at closely. Its links stay as they are: they are shown, and copied, never followed.
pub fn record(mut view: RecordView) -> RecordView {
    clean(&mut view.title);
    for field in &mut view.fields {
        clean(&mut field.label);
        [&mut field.base, &mut field.crm, &mut field.notion].into_iter().flatten().for_each(clean);
    }
    [&mut view.links.crm, &mut view.links.notion].into_iter().flatten().for_each(clean);
    view
}

/// A pair's mapping.
pub fn mapping(mut view: MappingView) -> MappingView {
    for (name, text) in &mut view.facts {
        clean(name);
        clean(text);
    }
    for field in &mut view.fields {
        for text in [&mut field.crm, &mut field.notion, &mut field.kind] {
            clean(text);
        }
    }
    view
}

/// A snapshot.
pub fn snapshot(snapshot: &Snapshot) -> Snapshot {
    let mut snapshot = snapshot.clone();
    clean(&mut snapshot.workspace);
    for side in Side::BOTH {
        let connection = snapshot.sides.get_mut(side);
        clean(&mut connection.name);
        match &mut connection.link {
            Link::Troubled { why } | Link::Down { why } => clean(why),
            Link::Starting | Link::Up => {}
        }
    }
    for pair in &mut snapshot.pairs {
        pair.paused.iter_mut().for_each(clean);
        match &mut pair.state {
            PairState::Guarded { what, .. } => clean(what),
            PairState::Stopped { why } => clean(why),
            PairState::Listing | PairState::Review { .. } | PairState::Running => {}
        }
    }
    snapshot.latest = snapshot.latest.into_iter().map(journal).collect();
    snapshot.waits.iter_mut().for_each(|(what, _)| clean(what));
    clean(&mut snapshot.store_note);
    for sink in &mut snapshot.sinks {
        clean(&mut sink.name);
        clean(&mut sink.trouble);
    }
    snapshot
}
