//! What an operator sees of the lists: windows of rows with names for people.

use crate::control::{Candidate, HoldRow, List, OrphanRow, Query, QueueRow, QueueState, Rows, SideValue, Window};
use crate::model::{
    Hold, IntentState, Orphan, OrphanWhy, PairName, Purpose, RecordId, RecordRef, Side, TieId, Value, Verdict, Why,
};
use crate::plan::Seen;
use crate::seam::KvError;
use crate::store::{Store, record, trees};

use super::core::{Core, Target};
use super::memory::PairMemory;
use super::snapshot::count;
use super::untied::orphan_sentence;

/// Rows that one window holds at most.
const ROWS: u64 = 500;

impl Core {
    /// A window of any list but the journal.
    pub(super) fn window(&self, query: &Query) -> Window {
        match &query.list {
            List::Holds => cut(query, self.hold_rows(), text_of_hold, Rows::Holds),
            List::Quarantined => {
                let rows = self.hold_rows().into_iter().filter(|row| row.why == "quarantined").collect();
                cut(query, rows, text_of_hold, Rows::Holds)
            }
            List::Orphans => cut(query, self.orphan_rows(), |row| format!("{} {}", row.title, row.why), Rows::Orphans),
            List::Relations => cut(
                query,
                self.relation_rows(),
                |row| format!("{} {}", row.owner_title, row.target_title),
                Rows::Relations,
            ),
            List::Candidates { of } => {
                // Suggestions come without a search; a search goes over everything.
                let rows = self.candidates(of, !query.filter.is_empty());
                cut(query, rows, text_of_candidate, Rows::Candidates)
            }
            List::Tied { pair } => cut(query, self.tied(pair), text_of_candidate, Rows::Candidates),
            List::Queue => {
                cut(query, self.queue_rows(), |row| format!("{} {} {}", row.op, row.title, row.side), Rows::Queue)
            }
            List::Journal => Window { total: 0, offset: 0, rows: Rows::Journal(Vec::new()) },
        }
    }

    fn hold_rows(&self) -> Vec<HoldRow> {
        let mut holds: Vec<&Hold> = self.memory.holds.values().collect();
        holds.sort_by_key(|hold| (!hold.why.is_conflict(), hold.since, hold.id.clone()));
        holds.into_iter().map(|hold| self.hold_row(hold)).collect()
    }

    fn hold_row(&self, hold: &Hold) -> HoldRow {
        let pair = self.memory.pair(&hold.id.pair);
        let field = hold.id.field.as_ref().and_then(|key| pair?.map.as_ref()?.field(key));
        let values = hold.id.field.as_ref().and_then(|_| self.held_values(hold));
        let (base, crm, notion, known) = values.unwrap_or_default();
        let decided = self.memory.decision_on(&hold.id).map(|decision| match &decision.verdict {
            Verdict::Force { side } => format!("{side} forced by {}", decision.who),
            Verdict::Set { value } => format!("set to {} by {}", value.show(), decision.who),
            _ => format!("kept by {}", decision.who),
        });
        let title = match (&hold.id.crm, pair) {
            (Some(crm), Some(pair)) => self.tie_title(pair, crm),
            _ => hold.id.pair.0.clone(),
        };
        HoldRow {
            id: hold.id.clone(),
            title,
            label: self.field_label(hold),
            kind: field.map(|field| field.kind),
            why: why_word(&hold.why).to_owned(),
            detail: why_sentence(&hold.why),
            base,
            crm,
            notion,
            options: field
                .map(|field| field.notion.options.iter().map(|option| option.label.clone()).collect())
                .unwrap_or_default(),
            since: hold.since,
            decidable: field.is_some() && known,
            decided,
        }
    }

    /// A held field's name in Notion; one that is set aside has the name that it had.
    fn field_label(&self, hold: &Hold) -> String {
        let named = |pair: &PairMemory| {
            let field = pair.spec.fields.iter().find(|field| hold.id.field.as_ref() == Some(&field.key))?;
            Some(field.notion.0.clone())
        };
        self.memory.pair(&hold.id.pair).and_then(named).unwrap_or_default()
    }

    /// What the two sides of a held field show now, the way a decision about it is bound: base, CRM, Notion, and whether
    /// both are known.
    pub(super) fn held_values(&self, hold: &Hold) -> Option<(Option<SideValue>, SideValue, SideValue, bool)> {
        let pair = self.memory.pair(&hold.id.pair)?;
        let field = pair.map.as_ref()?.field(hold.id.field.as_ref()?)?;
        let tie = pair.ties.get(hold.id.crm.as_ref()?)?;
        let lookup = self.translator();
        let base =
            tie.base.get(&field.spec.key).map(|base| SideValue::of(&base.crm, self.text(field, &base.crm), None));
        let value = |side: Side| {
            let observation = pair.observation(side, tie.on(side))?;
            let came = observation.changed_between.get(field.name_on(side)).map(|(_, came)| *came);
            match self.seen(field, side, observation, &lookup) {
                Seen::Known(value) | Seen::Unmapped(value, _) => {
                    Some(SideValue::of(&value, self.text(field, &value), came))
                }
                Seen::Unknown(..) => None,
            }
        };
        let (crm, notion) = (value(Side::Crm), value(Side::Notion));
        let known = crm.is_some() && notion.is_some();
        let unread = || SideValue { text: "(not readable)".to_owned(), ..SideValue::default() };
        Some((base, crm.unwrap_or_else(unread), notion.unwrap_or_else(unread), known))
    }

    /// A value as a person reads it: related records by title.
    pub(super) fn text(&self, field: &crate::mapping::FieldMap, value: &Value) -> String {
        let related = field.spec.relation.as_ref().and_then(|name| self.memory.pair(name));
        match (value, related) {
            (Value::Links(links), Some(pair)) => {
                let titles = links.iter().map(|id| match pair.ties.contains_key(id.as_str()) {
                    true => self.tie_title(pair, &RecordId::from(id.as_str())),
                    false => id.clone(),
                });
                titles.collect::<Vec<_>>().join(", ")
            }
            (value, _) => value.show(),
        }
    }

    fn orphan_rows(&self) -> Vec<OrphanRow> {
        let mut orphans: Vec<(&PairMemory, &Orphan)> = self
            .memory
            .pairs
            .values()
            .flat_map(|pair| pair.orphans.values().map(move |orphan| (pair, orphan)))
            .collect();
        orphans.sort_by_key(|(_, orphan)| (orphan.since, orphan.record.clone()));
        let row = |(pair, orphan): (&PairMemory, &Orphan)| OrphanRow {
            record: orphan.record.clone(),
            title: self.title(pair, orphan.record.side, &orphan.record.id),
            why: match orphan.why {
                OrphanWhy::Survivor { .. } => "survivor",
                OrphanWhy::Ambiguous { .. } => "ambiguous",
                OrphanWhy::Copy { .. } => "copy",
                OrphanWhy::Incomplete => "incomplete",
                OrphanWhy::CreationOff => "creation off",
            }
            .to_owned(),
            detail: orphan_sentence(&orphan.why),
            fields: self.shown_fields(pair, orphan.record.side, &orphan.record.id),
            since: orphan.since,
            suggestions: count(
                self.candidates(&orphan.record, false).iter().filter(|it| !it.reason.is_empty()).count(),
            ),
            creatable: self.creatable(pair, &orphan.record),
        };
        orphans.into_iter().map(row).collect()
    }

    /// Whether a counterpart could be created: it has a title, and nothing is under way for it.
    pub(super) fn creatable(&self, pair: &PairMemory, at: &RecordRef) -> bool {
        let titled = pair.observation(at.side, &at.id).and_then(|it| super::core::title_of(pair, at.side, it));
        titled.is_some() && pair.tie_of(at.side, &at.id).is_none() && !self.has_open_intent(at)
    }

    /// A record's mapped fields as people read them.
    fn shown_fields(&self, pair: &PairMemory, side: Side, id: &RecordId) -> Vec<(String, String)> {
        let (Some(map), Some(observation)) = (&pair.map, pair.observation(side, id)) else { return Vec::new() };
        let shown = |field: &crate::mapping::FieldMap| {
            let native = observation.known(field.name_on(side))?;
            let text = self.text(field, &self.common(field, side, native));
            (!text.is_empty()).then(|| (field.spec.notion.0.clone(), text))
        };
        map.fields.iter().filter_map(shown).collect()
    }

    /// Counterparts for an orphan: the planner's suggestions first, then every other untied record, by title. A search
    /// also shows tied ones, as taken.
    fn candidates(&self, of: &RecordRef, all: bool) -> Vec<Candidate> {
        let Some(pair) = self.memory.pair(&of.pair) else { return Vec::new() };
        let other = of.side.other();
        let suggested: Vec<&RecordId> = match pair.orphans.get(&(of.side, of.id.clone())).map(|orphan| &orphan.why) {
            Some(OrphanWhy::Ambiguous { candidates }) => candidates.iter().collect(),
            _ => Vec::new(),
        };
        let mut rows: Vec<Candidate> = pair
            .observations
            .get(other)
            .iter()
            .filter(|(_, observation)| observation.is_present())
            .map(|(id, _)| Candidate {
                id: id.clone(),
                title: self.title(pair, other, id),
                reason: if suggested.contains(&id) { "same key".to_owned() } else { String::new() },
                fields: self.shown_fields(pair, other, id),
                taken: pair.tie_of(other, id).is_some(),
            })
            .filter(|row| all || !row.taken || !row.reason.is_empty())
            .collect();
        rows.sort_by_key(|row| (row.taken, row.reason.is_empty(), row.title.to_lowercase(), row.id.clone()));
        rows
    }

    fn tied(&self, name: &PairName) -> Vec<Candidate> {
        let Some(pair) = self.memory.pair(name) else { return Vec::new() };
        let mut rows: Vec<Candidate> = pair
            .ties
            .keys()
            .map(|crm| Candidate {
                id: crm.clone(),
                title: self.tie_title(pair, crm),
                reason: String::new(),
                fields: self.shown_fields(pair, Side::Crm, crm),
                taken: false,
            })
            .collect();
        rows.sort_by_key(|row| (row.title.to_lowercase(), row.id.clone()));
        rows
    }

    fn queue_rows(&self) -> Vec<QueueRow> {
        let mut rows = Vec::new();
        for intent in self.memory.intents.values() {
            let (op, record, title_side) = match &intent.purpose {
                Purpose::Create { source } => ("create", source, intent.side.other()),
                Purpose::Update { record } => ("update", record, intent.side),
                Purpose::Trash { record } => ("trash", record, intent.side),
                Purpose::Body { record, .. } => ("body", record, intent.side),
            };
            let (state, since, due, attempts) = match intent.state {
                IntentState::Sent { at } => (QueueState::InFlight, at, None, intent.attempt),
                IntentState::Unknown { sent_at, probes, next_probe } => {
                    (QueueState::Unknown, sent_at, Some(next_probe), probes)
                }
            };
            rows.push(QueueRow {
                pair: intent.pair.clone(),
                side: intent.side,
                op: op.to_owned(),
                record: record.clone(),
                title: self
                    .memory
                    .pair(&intent.pair)
                    .map(|pair| self.title(pair, title_side, record))
                    .unwrap_or_default(),
                fields: intent.common.keys().map(|key| self.label(&intent.pair, key)).collect(),
                state,
                since,
                due,
                attempts,
            });
        }
        let now = self.clock.now();
        for (op, planned) in &self.planned {
            let Some(pair) = self.memory.pair(&op.pair) else { continue };
            let (word, record, title) = match &op.target {
                Target::Create(source) => ("create", source.clone(), self.title(pair, op.side.other(), source)),
                Target::Update(crm) | Target::Trash(crm) | Target::Body(crm) => {
                    let word = match op.target {
                        Target::Trash(_) => "trash",
                        Target::Body(_) => "body",
                        _ => "update",
                    };
                    let id = TieId { pair: op.pair.clone(), crm: crm.clone() };
                    let record = self.ends(&id).map(|ends| ends.get(op.side).id.clone()).unwrap_or_default();
                    (word, record, self.tie_title(pair, crm))
                }
            };
            let open = RecordRef { pair: op.pair.clone(), side: op.side, id: record.clone() };
            if self.under_way.contains_key(op) && self.has_open_intent(&open) {
                continue;
            }
            rows.push(QueueRow {
                pair: op.pair.clone(),
                side: op.side,
                op: word.to_owned(),
                record,
                title,
                fields: planned.fields.iter().map(|key| self.label(&op.pair, key)).collect(),
                state: if planned.due > now { QueueState::Quiet } else { QueueState::Ready },
                since: planned.since,
                due: (planned.due > now).then_some(planned.due),
                attempts: 0,
            });
        }
        rows.sort_by_key(|row| (row.state as u8, row.since, row.record.clone()));
        rows
    }

    /// A field's label as people know it.
    pub(super) fn label(&self, name: &PairName, key: &crate::model::FieldKey) -> String {
        let field = self.memory.pair(name).and_then(|pair| pair.map.as_ref()?.field(key));
        field.map_or_else(|| key.0.clone(), |field| field.spec.notion.0.clone())
    }
}

/// A window of the journal, newest first. Without a filter only its rows are read.
pub(super) async fn journal(core: &Core, store: &Store, query: &Query) -> Result<Window, KvError> {
    let (first, last) = (core.memory.first_event, core.memory.last_event);
    let total = (last + 1).saturating_sub(first);
    let limit = query.limit.min(ROWS);
    let read = async |from: u64, to: u64| -> Result<Vec<crate::control::JournalRow>, KvError> {
        let (begin, rows) = (from.to_be_bytes(), usize::try_from(to + 1 - from).unwrap_or(usize::MAX));
        let found = store.scan(trees::JOURNAL, &[], Some(&begin), rows).await?;
        Ok(found
            .iter()
            .rev()
            .filter_map(|(_, bytes)| record::open(bytes).ok())
            .map(|it| core.journal_row(it))
            .collect())
    };
    if query.filter.is_empty() && query.since.is_none() {
        let to = last.saturating_sub(query.offset);
        let from = (to + 1).saturating_sub(limit).max(first);
        let rows = if to < first || limit == 0 { Vec::new() } else { read(from, to).await? };
        return Ok(Window { total, offset: query.offset, rows: Rows::Journal(rows) });
    }
    // A search goes back as far as a person would scroll, and says so by its total.
    let from = (last.saturating_sub(SEARCHED) + 1).max(first);
    let rows = if total == 0 { Vec::new() } else { read(from, last).await? };
    let text = |row: &crate::control::JournalRow| {
        let (before, after) = (row.before.as_deref().unwrap_or(""), row.after.as_deref().unwrap_or(""));
        format!("{} {} {before} {after} {} {:?}", row.title, row.label, row.event.note, row.event.what)
    };
    let since = |row: &crate::control::JournalRow| query.since.is_none_or(|since| row.event.at >= since);
    let rows = rows.into_iter().filter(since).collect();
    Ok(cut(query, rows, text, Rows::Journal))
}

/// Lines of the journal that a search looks at.
const SEARCHED: u64 = 20_000;

fn cut<T>(query: &Query, rows: Vec<T>, text: impl Fn(&T) -> String, wrap: fn(Vec<T>) -> Rows) -> Window {
    let wanted = query.filter.to_lowercase();
    let rows: Vec<T> =
        rows.into_iter().filter(|row| wanted.is_empty() || text(row).to_lowercase().contains(&wanted)).collect();
    let total = count(rows.len());
    let skip = usize::try_from(query.offset).unwrap_or(usize::MAX);
    let take = usize::try_from(query.limit.min(ROWS)).unwrap_or(0);
    Window { total, offset: query.offset, rows: wrap(rows.into_iter().skip(skip).take(take).collect()) }
}

fn text_of_hold(row: &HoldRow) -> String {
    format!("{} {} {} {} {}", row.title, row.label, row.why, row.crm.text, row.notion.text)
}

fn text_of_candidate(row: &Candidate) -> String {
    let fields: Vec<&str> = row.fields.iter().map(|(_, text)| text.as_str()).collect();
    format!("{} {} {}", row.title, row.id, fields.join(" "))
}

/// One word for a hold.
pub(super) fn why_word(why: &Why) -> &'static str {
    match why {
        Why::Conflict { .. } => "conflict",
        Why::Refused { .. } => "refused",
        Why::Unmappable { .. } => "unmappable",
        Why::Unreadable { .. } => "unreadable",
        Why::Misfit { .. } => "misfit",
        Why::DeletedAndEdited { .. } => "deleted",
        Why::Fighting { .. } => "fighting",
        Why::MassChange { .. } => "guard",
        Why::Quarantined { .. } => "quarantined",
        Why::DuplicateSet { .. } => "duplicates",
        Why::Undone { .. } => "undone",
    }
}

/// One sentence: what happened and what can be done.
pub(super) fn why_sentence(why: &Why) -> String {
    match why {
        Why::Conflict { base: Some(_), .. } => "both sides changed it; force a side, or set a value".to_owned(),
        Why::Conflict { base: None, .. } => {
            "the two differ and never agreed before; force a side, or set a value".to_owned()
        }
        Why::Refused { side, sent, reason } => {
            format!("{side} did not take {:?}: {reason}; change the value, or try again", sent.show())
        }
        Why::Unmappable { side, reason, .. } => format!("{side}'s value has no form on the other side: {reason}"),
        Why::Unreadable { side, reason } => {
            format!("{side}'s value cannot be read while the other side changed: {reason}")
        }
        Why::Misfit { what, mend } => {
            format!("it no longer fits: {what}; nothing of it is read or written, and the rest goes on; {mend}")
        }
        Why::DeletedAndEdited { gone } => {
            format!(
                "its record in {gone} went away while the other was edited; restore it there, or try again here to untie \
                 the two and decide about the survivor as an orphan"
            )
        }
        Why::Fighting { side } => format!("something else keeps rewriting it in {side}; find it, then decide"),
        Why::MassChange { what, .. } => format!("{what}; approve it to go on"),
        Why::Quarantined { reason, attempts, .. } => {
            format!(
                "set aside after {attempts} tries: {reason}; it is tried again when the record changes, or now by retry"
            )
        }
        Why::DuplicateSet { records, .. } => {
            format!("{} records carry the same marker; the oldest is tied, remove the others by hand", records.len())
        }
        Why::Undone { side, who, .. } => {
            format!("our write in {side} was undone by {who}; force a side, set a value, or keep the two as they are")
        }
    }
}
