//! What an operator sees of the lists: windows of rows with names for people.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::control::{HoldRow, List, Near, Order, Query, Rows, SideValue, Window};
use crate::model::{Hold, PairName, RecordId, RecordRef, Side, Value, Verdict, Why};
use crate::plan::Seen;

use super::core::Core;
use super::memory::PairMemory;
use super::names::window;
use super::snapshot::count;

/// Rows that one window holds at most.
pub(super) const ROWS: u64 = 500;

/// So many records are looked for one by one among the titles.
const FEW: usize = 500;

/// What rows are ordered by: what comes first has the smaller one.
pub(super) type Rank = (usize, usize, i128);

/// Since when something waits, so that what comes first in this order has the smaller number.
pub(super) fn age(order: Order, since: Timestamp) -> i128 {
    if order == Order::Newest { -since.as_nanosecond() } else { since.as_nanosecond() }
}

fn by_rank(one: &(Rank, &Hold), two: &(Rank, &Hold)) -> std::cmp::Ordering {
    one.0.cmp(&two.0).then_with(|| one.1.id.cmp(&two.1.id))
}

impl Core {
    /// A window of any list but the journal.
    pub(super) fn window(&self, query: &Query) -> Window {
        match &query.list {
            List::Holds => self.hold_window(query, |_| true),
            List::Quarantined => self.hold_window(query, |why| matches!(why, Why::Quarantined { .. })),
            List::Orphans => self.orphan_window(query),
            List::Relations => cut(
                query,
                self.relation_rows(),
                |row| format!("{} {}", row.owner_title, row.target_title),
                Rows::Relations,
            ),
            List::Owners => self.owner_window(query),
            List::Edges { owner } => self.edges_of(query, owner),
            List::Candidates { of } => self.candidates(query, of),
            List::Tied { pair } => self.tied(query, pair),
            List::Record { tie } => only(query, self.record_view(tie), Rows::Records),
            List::Mapping { pair } => only(query, self.mapping_view(pair), Rows::Mappings),
            List::Typed { hold, text } => only(query, Some(self.typed_view(hold, text)), Rows::Typed),
            List::Preview { items } => slice(query, items.iter().collect(), |item| self.foreseen(item), Rows::Previews),
            List::Queue => self.queue_window(query),
            List::Journal => Window::of(0, 0, Rows::Journal(Vec::new())),
        }
    }

    /// Of rows that are not shown nothing is kept, and nothing made.
    fn hold_window(&self, query: &Query, wanted: impl Fn(&Why) -> bool) -> Window {
        let mut fits = self.sifter(query);
        let holds: Vec<&Hold> = self.memory.holds.values().filter(|hold| wanted(&hold.why) && fits(hold)).collect();
        let mut ranked = self.ranked(query.order, holds);
        let place = match &query.near {
            Some(Near::Hold(id)) => {
                let here = ranked.iter().find(|(_, hold)| hold.id == *id);
                here.map(|here| ranked.iter().filter(|hold| by_rank(hold, here).is_lt()).count())
            }
            _ => None,
        };
        let query = Query { offset: query.first_for(place), ..query.clone() };
        let (total, (skip, take)) = (count(ranked.len()), extent(&query));
        // Only the window is put in order: with very many holds that is most of the work.
        let rows = window(&mut ranked, skip, take, by_rank).iter().map(|(_, hold)| self.hold_row(hold)).collect();
        Window { order: query.order, ..Window::of(total, query.offset, Rows::Holds(rows)) }
    }

    /// Each with what it is ordered by.
    fn ranked<'h>(&self, order: Order, holds: Vec<&'h Hold>) -> Vec<(Rank, &'h Hold)> {
        let titles = if order == Order::Record { self.title_places(&holds) } else { BTreeMap::new() };
        let pairs = self.pair_places();
        let rank = |hold: &Hold| {
            let pair = || pairs.get(&hold.id.pair).copied().unwrap_or(usize::MAX);
            let title = || hold.id.crm.as_ref().and_then(|crm| titles.get(&(&hold.id.pair, crm)).copied());
            match order {
                Order::Own => (usize::from(!hold.why.is_conflict()), 0, age(order, hold.since)),
                Order::Oldest | Order::Newest => (0, 0, age(order, hold.since)),
                Order::Pair => (pair(), 0, age(order, hold.since)),
                // What holds a whole pair comes before its records.
                Order::Record => (pair(), title().map_or(0, |place| place + 1), age(order, hold.since)),
            }
        };
        holds.into_iter().map(|hold| (rank(hold), hold)).collect()
    }

    /// The place of each pair in the configuration.
    pub(super) fn pair_places(&self) -> BTreeMap<&PairName, usize> {
        self.memory.order.iter().enumerate().map(|(place, name)| (name, place)).collect()
    }

    /// The places of these holds' records among the titles of their pairs.
    fn title_places<'h>(&self, holds: &[&'h Hold]) -> BTreeMap<(&'h PairName, &'h RecordId), usize> {
        let mut meant: BTreeMap<&PairName, BTreeMap<&RecordId, usize>> = BTreeMap::new();
        for (pair, crm) in holds.iter().filter_map(|hold| Some((&hold.id.pair, hold.id.crm.as_ref()?))) {
            meant.entry(pair).or_default().insert(crm, 0);
        }
        let mut places = BTreeMap::new();
        for (name, crms) in meant {
            let Some(pair) = self.memory.pair(name) else { continue };
            let titles = pair.titles();
            if crms.len() < FEW {
                // To find the title of each is cheaper than to go through all.
                places.extend(crms.keys().filter_map(|crm| Some(((name, *crm), titles.place(crm)?))));
            } else {
                let all = (0..titles.len()).filter_map(|place| Some((place, titles.id(place)?)));
                let held = all.filter_map(|(place, id)| Some(((name, *crms.get_key_value(id)?.0), place)));
                places.extend(held);
            }
        }
        places
    }

    pub(super) fn hold_row(&self, hold: &Hold) -> HoldRow {
        let pair = self.memory.pair(&hold.id.pair);
        let field = hold.id.field.as_ref().and_then(|key| pair?.map.as_ref()?.field(key));
        let values = hold.id.field.as_ref().and_then(|_| self.held_values(hold));
        let (base, mut crm, mut notion, known) = values.unwrap_or_default();
        for (side, shown) in [(Side::Crm, &mut crm), (Side::Notion, &mut notion)] {
            let tie = || pair?.ties.get(hold.id.crm.as_ref()?);
            let seen = || pair?.observation(side, tie()?.on(side));
            if let Some(seen) = seen() {
                (shown.edited_by, shown.edited_at) = (self.last_editor(side, seen), seen.edited_at);
            }
        }
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
            means: match &hold.why {
                Why::Quarantined { means, .. } => means.clone(),
                _ => String::new(),
            },
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

    /// Whether a counterpart could be created: it has a title, and nothing is under way for it.
    pub(super) fn creatable(&self, pair: &PairMemory, at: &RecordRef) -> bool {
        pair.title(at.side, &at.id).is_some() && pair.tie_of(at.side, &at.id).is_none() && !self.has_open_intent(at)
    }

    /// A record's mapped fields as people read them.
    pub(super) fn shown_fields(&self, pair: &PairMemory, side: Side, id: &RecordId) -> Vec<(String, String)> {
        let (Some(map), Some(observation)) = (&pair.map, pair.observation(side, id)) else { return Vec::new() };
        let shown = |field: &crate::mapping::FieldMap| {
            let native = observation.known(field.name_on(side))?;
            let text = self.text(field, &self.common(field, side, native));
            (!text.is_empty()).then(|| (field.spec.notion.0.clone(), text))
        };
        map.fields.iter().filter_map(shown).collect()
    }

    /// A field's label as people know it.
    pub(super) fn label(&self, name: &PairName, key: &crate::model::FieldKey) -> String {
        let field = self.memory.pair(name).and_then(|pair| pair.map.as_ref()?.field(key));
        field.map_or_else(|| key.0.clone(), |field| field.spec.notion.0.clone())
    }
}

pub(super) fn cut<T>(query: &Query, rows: Vec<T>, text: impl Fn(&T) -> String, wrap: fn(Vec<T>) -> Rows) -> Window {
    let wanted = query.filter.to_lowercase();
    let rows = rows.into_iter().filter(|row| wanted.is_empty() || text(row).to_lowercase().contains(&wanted)).collect();
    slice(query, rows, |row| row, wrap)
}

/// Where a window begins, and how many rows it has at most.
pub(super) fn extent(query: &Query) -> (usize, usize) {
    let take = usize::try_from(query.limit.min(ROWS)).unwrap_or(0);
    (usize::try_from(query.offset).unwrap_or(usize::MAX), take)
}

/// The rows that were asked for, made of what they stand for.
pub(super) fn slice<T, R>(query: &Query, all: Vec<T>, row: impl Fn(T) -> R, wrap: fn(Vec<R>) -> Rows) -> Window {
    let total = count(all.len());
    let (skip, take) = extent(query);
    let rows = all.into_iter().skip(skip).take(take).map(row).collect();
    Window::of(total, query.offset, wrap(rows))
}

/// The one row there is, if there is one.
fn only<T>(query: &Query, row: Option<T>, wrap: fn(Vec<T>) -> Rows) -> Window {
    slice(query, row.into_iter().collect(), |row| row, wrap)
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
        Why::Parked { .. } => "parked",
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
        Why::Parked { who } => format!("held back by {who}: nothing of it is written until somebody tries again here"),
        Why::Undone { side, who, .. } => {
            format!("our write in {side} was undone by {who}; force a side, set a value, or keep the two as they are")
        }
    }
}
