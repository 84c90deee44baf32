//! The snapshot: what the whole program looks like right now.

use std::collections::VecDeque;
use std::hash::{Hash as _, Hasher as _};

use jiff::Timestamp;

use crate::control::{Connection, JournalRow, Link, PairStatus, QueueDepth, Sides, Snapshot};
use crate::model::{Event, IntentState, Side, Value};
use crate::remote::RemoteErrorKind;

use super::Claims;
use super::core::{Core, OpKey, Planned};
use super::memory::Read;

/// Journal lines that every snapshot shows.
const LATEST: usize = 50;

impl Core {
    /// Takes a snapshot.
    /// `watched` if anybody looks: the newest lines of the journal cost most of it, and only the very newest is there where nobody
    /// does, as it was told when it was new.
    pub(super) fn snapshot(&mut self, now: Timestamp, watched: bool) -> Snapshot {
        self.version += 1;
        if !watched {
            self.memory.pairs.values_mut().for_each(|pair| pair.titles.forget());
        }
        let queue = Sides { crm: self.depth(Side::Crm), notion: self.depth(Side::Notion) };
        self.figures.queue(now, queue.crm.total(), queue.notion.total());
        let [series, quarter, day] = self.figures.series(now);
        let conflicts = self.memory.holds.values().filter(|hold| hold.why.is_conflict()).count();
        let (waits, open) = self.waits(now);
        let gone = |side: Side| self.figures.gone(side, *open.get(side), now);
        let drained = Sides { crm: gone(Side::Crm), notion: gone(Side::Notion) };
        let quarantined = waits.iter().find(|(what, _)| what == "quarantined").map_or(0, |(_, count)| *count);
        let pairs: Vec<PairStatus> = self.pair_names().iter().filter_map(|name| self.pair_status(name)).collect();
        let orphans: usize = self.memory.pairs.values().map(|pair| pair.orphans.len()).sum();
        Snapshot {
            version: self.version,
            at: now,
            started: self.started,
            mode: self.settings.mode,
            workspace: self.settings.workspace.clone(),
            sides: Sides { crm: self.connection(Side::Crm), notion: self.connection(Side::Notion) },
            queue,
            conflicts: count(conflicts),
            holds: count(self.memory.holds.len() - conflicts),
            orphans: count(orphans),
            ties: pairs.iter().map(|pair| pair.ties).sum(),
            relations: self.edges_agreed(),
            written: self.figures.written_total,
            seen: self.figures.seen_total,
            series,
            quarter,
            day,
            windows: self.figures.windows(),
            drained,
            latency: self.figures.latency(),
            waits,
            quarantined,
            possibly_overwritten: self.memory.overwritten,
            pairs,
            latest: if watched {
                self.last_rows.iter().map(|row| self.preview_again(row)).collect()
            } else {
                self.last_rows.front().cloned().into_iter().collect()
            },
            hot: count(self.hot.len()),
            sinks: self.sinks.clone(),
            store_note: self.settings.store_note.clone(),
        }
    }

    fn connection(&self, side: Side) -> Connection {
        let system = self.systems.get(side);
        let pulse = system.pulse();
        let trouble = pulse.trouble.as_ref().or(self.trouble.get(side).as_ref());
        let link = match (trouble, pulse.last_answer) {
            (Some(error), _) if needs_a_person(error.kind) => Link::Down { why: error.message.clone() },
            (Some(error), _) => Link::Troubled { why: error.message.clone() },
            (None, None) => Link::Starting,
            (None, Some(_)) => Link::Up,
        };
        Connection {
            name: system.capabilities().name.to_owned(),
            link,
            breaker: pulse.breaker,
            last_answer: pulse.last_answer,
            every: self.poll(side).as_secs(),
            headroom: pulse.headroom,
            requests: pulse.requests,
            throttled: pulse.throttled,
            records: self.memory.pairs.values().map(|pair| count(pair.observations.get(side).there())).sum(),
        }
    }

    /// Planned operations not yet acknowledged plus open intents.
    fn depth(&self, side: Side) -> QueueDepth {
        let intents = || self.memory.intents.values().filter(|intent| intent.side == side);
        let unknown = intents().filter(|intent| matches!(intent.state, IntentState::Unknown { .. })).count();
        let in_flight = intents().count() - unknown;
        // A planned operation whose intent is open is counted once, as the intent.
        let under_way = self.under_way.keys().filter(|op| op.side == side).count();
        // What was set aside is counted by itself: nobody sends it.
        let sent = |(op, planned): &(&OpKey, &Planned)| op.side == side && planned.due < Timestamp::MAX;
        let waiting = self.planned.iter().filter(sent).filter(|(op, _)| !self.under_way.contains_key(*op)).count();
        QueueDepth {
            planned: count(waiting + under_way.saturating_sub(in_flight)),
            in_flight: count(in_flight),
            unknown: count(unknown),
        }
    }

    fn pair_status(&self, name: &crate::model::PairName) -> Option<PairStatus> {
        let pair = self.memory.pair(name)?;
        let listing = |side: Side| self.listings.get(&(name.clone(), side));
        let both = |moment: fn(&super::listing::ListingState) -> Option<Timestamp>| {
            Some(listing(Side::Crm).and_then(moment)?.min(listing(Side::Notion).and_then(moment)?))
        };
        let swept = |side: Side| pair.cursors.get(side).swept;
        Some(PairStatus {
            name: name.clone(),
            state: self.pair_state(name),
            ties: count(pair.ties.len()),
            last_cycle: both(|it| it.last_end),
            last_sweep: swept(Side::Crm).zip(swept(Side::Notion)).map(|(crm, notion)| crm.min(notion)),
            drift: Side::BOTH.into_iter().filter_map(listing).map(|it| it.drift).sum(),
            paused: self.paused(name),
            sweeping: Sides {
                crm: listing(Side::Crm).and_then(|it| it.progress(pair, Side::Crm)),
                notion: listing(Side::Notion).and_then(|it| it.progress(pair, Side::Notion)),
            },
            records: Sides {
                crm: count(pair.observations.crm.there()),
                notion: count(pair.observations.notion.there()),
            },
            held: count(self.memory.holds.keys().filter(|id| id.pair == *name).count()),
            orphans: Sides { crm: orphans(pair, Side::Crm), notion: orphans(pair, Side::Notion) },
            roles: self.roles(pair),
            creates: Sides { crm: pair.spec.create.from(Side::Crm), notion: pair.spec.create.from(Side::Notion) },
            shape: shape(pair),
        })
    }

    /// Keeps the newest lines of the journal with the names people know.
    pub(super) fn remember_rows(&mut self, events: Vec<Event>) {
        // None is made that would be dropped at once.
        let older = events.len().saturating_sub(LATEST);
        for event in events.into_iter().skip(older) {
            let row = self.journal_row(event);
            self.last_rows.push_front(row);
        }
        self.last_rows.truncate(LATEST);
    }

    /// A line of the journal with its record's title and its field's label.
    pub(super) fn journal_row(&self, event: Event) -> JournalRow {
        let Named { title, label, before, after } = self.names_in(&event);
        JournalRow { title, label, before, after, ..self.undo_preview(event) }
    }

    /// What a line of the journal is searched by.
    pub(super) fn journal_text(&self, event: &Event) -> String {
        let Named { title, label, before, after } = self.names_in(event);
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let side = event.side.map(|side| side.to_string()).unwrap_or_default();
        format!("{title} {label} {before} {after} {} {:?} {side} {}", event.note, event.what, event.who)
    }

    fn names_in(&self, event: &Event) -> Named {
        let pair = event.pair.as_ref().and_then(|name| self.memory.pair(name));
        let title = pair.map(|pair| match (&event.crm, &event.notion) {
            (Some(crm), _) if pair.ties.contains_key(crm) => self.tie_title(pair, crm),
            (Some(crm), None) => self.title(pair, Side::Crm, crm),
            (_, Some(notion)) => self.title(pair, Side::Notion, notion),
            (None, None) => String::new(),
        });
        let field = event.field.as_ref().and_then(|key| pair?.map.as_ref()?.field(key));
        let label = event.field.as_ref().map(|key| field.map_or_else(|| key.0.clone(), |it| it.spec.notion.0.clone()));
        let text = |value: &Option<Value>| {
            value.as_ref().map(|value| field.map_or_else(|| value.show(), |field| self.text(field, value)))
        };
        let (before, after) = (text(&event.before), text(&event.after));
        Named { title: title.unwrap_or_default(), label: label.unwrap_or_default(), before, after }
    }

    /// Everything but the journal.
    pub(super) fn claims(&self) -> Claims {
        let pairs = || self.memory.pairs.values();
        Claims {
            journal: Vec::new(),
            holds: self.memory.holds.values().cloned().collect(),
            orphans: pairs().flat_map(|pair| pair.orphans.values().cloned()).collect(),
            ties: pairs().flat_map(|pair| pair.ties.values().map(Read::own)).collect(),
            tombstones: pairs().flat_map(|pair| pair.tombstones.values().cloned()).collect(),
            intents: self.memory.intents.values().cloned().collect(),
            decisions: self.memory.decisions.values().cloned().collect(),
        }
    }
}

/// What people know of a line of the journal by other names than the engine.
struct Named {
    title: String,
    label: String,
    before: Option<String>,
    after: Option<String>,
}

/// The newest rows, newest first.
pub(super) type Rows = VecDeque<JournalRow>;

/// What a pair's mapping has become, as a number that moves with it.
fn shape(pair: &super::memory::PairMemory) -> u64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    pair.map.is_some().hash(&mut hasher);
    for field in pair.map.iter().flat_map(|map| &map.fields) {
        (&field.spec.key, &field.hash).hash(&mut hasher);
    }
    hasher.finish()
}

fn orphans(pair: &super::memory::PairMemory, side: Side) -> u64 {
    count(pair.orphans.keys().filter(|(on, _)| *on == side).count())
}

/// A length as the wire has it.
pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Whether only a person can mend it.
pub(super) fn needs_a_person(kind: RemoteErrorKind) -> bool {
    matches!(kind, RemoteErrorKind::Unauthorized | RemoteErrorKind::Forbidden | RemoteErrorKind::NotFound)
}
