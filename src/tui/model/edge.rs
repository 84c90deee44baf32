//! The edge where text of strangers enters the model: every text that will be drawn is sanitised here, once. Ids stay
//! as they are, for they name things; whoever draws an id sanitises it then.

use crate::control::{
    Candidate, Fate, Foreseen, HoldRow, JournalRow, Link, MappingView, OrphanRow, OwnerRow, PairState, QueueRow,
    RecordView, RelationRow, SideValue, Snapshot,
};
use crate::model::Side;

use super::text::{editable, one_line, sanitise};

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

/// A name or a sentence: of whatever it is made, it is one line.
fn flatten(text: &mut String) {
    *text = one_line(text, " ").into_owned();
}

fn value(value: &mut SideValue) {
    clean(&mut value.text);
    flatten(&mut value.edited_by);
}

/// A hold.
pub fn hold(mut row: HoldRow) -> HoldItem {
    let base = row.base.as_ref().map(|value| editable(&value.text));
    let (crm, notion) = (editable(&row.crm.text), editable(&row.notion.text));
    for text in [&mut row.title, &mut row.label, &mut row.why, &mut row.detail, &mut row.means] {
        flatten(text);
    }
    row.base.iter_mut().for_each(value);
    value(&mut row.crm);
    value(&mut row.notion);
    row.decided.iter_mut().for_each(flatten);
    HoldItem { row, base, crm, notion }
}

/// What would become of a decision.
pub fn foreseen(mut row: Foreseen) -> Foreseen {
    match &mut row.fate {
        Fate::Taken { writes, waits } => {
            writes.iter_mut().for_each(|write| clean(&mut write.text));
            flatten(waits);
        }
        Fate::Refused { why } => flatten(why),
        Fate::Changed => {}
    }
    row
}

/// An orphan.
pub fn orphan(mut row: OrphanRow) -> OrphanRow {
    for text in [&mut row.title, &mut row.why, &mut row.detail] {
        flatten(text);
    }
    row.ignored.iter_mut().for_each(flatten);
    fields(&mut row.fields);
    row.best = row.best.map(candidate);
    row
}

fn fields(fields: &mut [(String, String)]) {
    for (label, text) in fields {
        flatten(label);
        clean(text);
    }
}

/// A record that others can be linked to.
pub fn owner(mut row: OwnerRow) -> OwnerRow {
    flatten(&mut row.title);
    row
}

/// An edge.
pub fn relation(mut row: RelationRow) -> RelationRow {
    flatten(&mut row.owner_title);
    flatten(&mut row.target_title);
    flatten(&mut row.label);
    row
}

/// A record to choose.
pub fn candidate(mut row: Candidate) -> Candidate {
    flatten(&mut row.title);
    flatten(&mut row.reason);
    fields(&mut row.fields);
    row
}

/// An operation.
pub fn queue(mut row: QueueRow) -> QueueRow {
    flatten(&mut row.op);
    flatten(&mut row.title);
    flatten(&mut row.said);
    row.fields.iter_mut().for_each(flatten);
    row
}

/// A line of the journal.
pub fn journal(mut row: JournalRow) -> JournalRow {
    for text in [&mut row.title, &mut row.label, &mut row.event.who, &mut row.event.note, &mut row.not_undoable] {
        flatten(text);
    }
    row.before.iter_mut().chain(&mut row.after).for_each(clean);
    row
}

/// A record looked at closely. Its links stay as they are: they are shown, and copied, never followed.
pub fn record(mut view: RecordView) -> RecordView {
    flatten(&mut view.title);
    for field in &mut view.fields {
        flatten(&mut field.label);
        [&mut field.base, &mut field.crm, &mut field.notion].into_iter().flatten().for_each(clean);
    }
    [&mut view.links.crm, &mut view.links.notion].into_iter().flatten().for_each(flatten);
    view
}

/// A pair's mapping.
pub fn mapping(mut view: MappingView) -> MappingView {
    for (name, text) in &mut view.facts {
        flatten(name);
        flatten(text);
    }
    for field in &mut view.fields {
        for text in [&mut field.crm, &mut field.notion, &mut field.kind] {
            flatten(text);
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
        flatten(&mut connection.name);
        match &mut connection.link {
            Link::Troubled { why } | Link::Down { why } => flatten(why),
            Link::Starting | Link::Up => {}
        }
    }
    for pair in &mut snapshot.pairs {
        pair.paused.iter_mut().for_each(flatten);
        pair.roles.iter_mut().for_each(|role| flatten(&mut role.label));
        match &mut pair.state {
            PairState::Guarded { what, .. } => flatten(what),
            PairState::Stopped { why } => flatten(why),
            PairState::Listing | PairState::Review { .. } | PairState::Running => {}
        }
    }
    snapshot.latest = snapshot.latest.into_iter().map(journal).collect();
    snapshot.waits.iter_mut().for_each(|(what, _)| flatten(what));
    flatten(&mut snapshot.store_note);
    for sink in &mut snapshot.sinks {
        flatten(&mut sink.name);
        flatten(&mut sink.trouble);
    }
    snapshot
}
