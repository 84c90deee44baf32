//! The canary: token, access, schemas and people of both sides and one known record of each, at the start, from time to time,
//! before the first write after a quiet hour, and whenever a side answers that something is refused or missing. A pair runs
//! only while its mappings fit, and nothing is written before the canary has come back.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::control::Sides;
use crate::mapping::{PairMap, Remembered};
use crate::model::{Entity, Happening, PairName, RecordId, RecordRef, Schema, Side, TieId};
use crate::remote::{Fetched, Lane, RemoteError, RemoteErrorKind, System};

use super::core::{Core, after, signed};
use super::flaw::Flaw;
use super::guards::CANARIES;
use super::memory::Txn;
use super::messages::Msg;

/// How soon a failed canary is repeated, and how long one that came back is not doubted.
const SOON: SignedDuration = SignedDuration::from_secs(15);
/// How soon people are asked for again that we may not list.
const PEOPLE_AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// How soon the schemas are read again while a field is set aside: it may fit again.
const ASIDE_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// How soon others are looked for when a known record was not there.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);
/// After so long without a write the next one waits for a canary.
const IDLE: SignedDuration = SignedDuration::from_hours(1);
/// Records not found in one cycle that are worth one.
pub(super) const BURST: usize = 3;

/// Where the canary of a pair is.
#[derive(Debug, Default)]
pub struct Canary {
    /// When the last one that came back well began.
    passed: Option<Timestamp>,
    /// Writes wait for the next one.
    doubted: bool,
    last_write: Option<Timestamp>,
    /// Ties that hold an option which the schemas did not show yet.
    waiting: BTreeSet<RecordId>,
    /// Both schemas, and what was remembered of them, when they last said nothing new: the same again say nothing new.
    settled: Option<(Schema, Schema, Remembered)>,
}

/// Both schemas, or whose could not be read.
pub type Schemas = Result<(Schema, Schema), (Side, RemoteError)>;

/// What the reads of known records gave, with when they began.
pub type Known = Vec<(Side, Timestamp, Vec<RecordId>, Result<Vec<(RecordId, Fetched)>, RemoteError>)>;

impl Core {
    /// Sends out every canary that is due.
    pub(super) fn start_schemas(&mut self, now: Timestamp) {
        self.doubt_after_idling(now);
        let due: Vec<PairName> = self
            .schema_due
            .iter()
            .filter(|(_, due)| due.is_some_and(|due| due <= now))
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            let known =
                Sides { crm: self.known_records(&name, Side::Crm), notion: self.known_records(&name, Side::Notion) };
            let Some(pair) = self.memory.pair(&name) else { continue };
            self.schema_due.insert(name.clone(), None);
            let (entity, systems, mail) = (pair.entity.clone(), self.systems.clone(), self.mail.clone());
            let clock = self.clock.clone();
            tokio::spawn(async move {
                let began = clock.now();
                let schemas = read_schemas(&systems, &entity).await;
                let mut seen: Known = Vec::new();
                for side in Side::BOTH {
                    let people = systems.get(side).people().await;
                    let _ = mail.send(Msg::People { side, people }).await;
                    let ids = known.get(side).clone();
                    if schemas.is_ok() && !ids.is_empty() {
                        let began = clock.now();
                        let records = systems.get(side).get(entity.get(side), &ids, Lane::Hot).await;
                        seen.push((side, began, ids, records));
                    }
                }
                let _ = mail.send(Msg::Schemas { pair: name, began, schemas, known: seen }).await;
            });
        }
    }

    /// A tied record, or several others where the last one was not there.
    fn known_records(&self, name: &PairName, side: Side) -> Vec<RecordId> {
        let Some(pair) = self.memory.pair(name) else { return Vec::new() };
        let none = BTreeSet::new();
        let unseen = self.guards.get(name).map_or(&none, |guards| guards.unseen.get(side));
        let known = pair.tied(side).filter(|id| {
            let at = RecordRef { pair: name.clone(), side, id: id.clone() };
            Self::is_present(pair, side, id) && !unseen.contains(id) && !self.absent_since.contains_key(&at)
        });
        let known: Vec<RecordId> = known.take(if unseen.is_empty() { 1 } else { CANARIES }).collect();
        // With nothing else to ask for, those that were missed are asked for again.
        if known.is_empty() || unseen.len() >= CANARIES {
            unseen.iter().take(CANARIES).cloned().collect()
        } else {
            known
        }
    }

    /// Whether writes need not wait for a canary.
    pub(super) fn canary_passed(&self, name: &PairName) -> bool {
        self.canaries.get(name).is_some_and(|canary| canary.passed.is_some() && !canary.doubted)
    }

    /// Something was refused or missing: nothing more is written before a canary has come back.
    pub(super) fn doubt(&mut self, name: &PairName) {
        let now = self.clock.now();
        let canary = self.canaries.entry(name.clone()).or_default();
        if canary.passed.is_some_and(|passed| now.duration_since(passed) < SOON) {
            return;
        }
        canary.doubted = true;
        self.hurry(name, now);
    }

    pub(super) fn hurry(&mut self, name: &PairName, now: Timestamp) {
        if let Some(Some(due)) = self.schema_due.get_mut(name) {
            *due = now.min(*due);
        }
    }

    /// A write leaves.
    pub(super) fn note_write(&mut self, name: &PairName, now: Timestamp) {
        self.canaries.entry(name.clone()).or_default().last_write = Some(now);
    }

    /// The first write after a quiet hour waits for a canary.
    fn doubt_after_idling(&mut self, now: Timestamp) {
        for name in self.pair_names() {
            let Some(canary) = self.canaries.get(&name) else { continue };
            let last = canary.last_write.unwrap_or(self.started);
            let is_fresh = canary.passed.is_some_and(|passed| now.duration_since(passed) < SOON);
            if now.duration_since(last) < IDLE || canary.doubted || is_fresh {
                continue;
            }
            if self.planned.iter().any(|(op, planned)| op.pair == name && planned.due <= now) {
                self.doubt(&name);
            }
        }
    }

    /// A record shows that the schemas are not what they were: they are read again.
    pub(super) fn suspect_schemas(&mut self, name: &PairName) {
        let now = self.clock.now();
        let passed = self.canaries.get(name).and_then(|canary| canary.passed);
        if passed.is_none_or(|passed| now.duration_since(passed) >= SOON) {
            self.hurry(name, now);
        }
    }

    /// A tie holds an option that the schemas did not show yet: they are read again before it is believed, for it may be an
    /// old one with a new name.
    pub(super) fn wait_for_options(&mut self, id: &TieId) {
        let now = self.clock.now();
        self.canaries.entry(id.pair.clone()).or_default().waiting.insert(id.crm.clone());
        self.hurry(&id.pair, now);
    }

    /// When the schemas that are known were asked for.
    pub(super) fn schemas_as_of(&self, name: &PairName) -> Option<Timestamp> {
        self.canaries.get(name)?.passed
    }

    /// Takes the schemas of a pair: it runs if its mappings fit them.
    pub(super) fn take_schemas(
        &mut self,
        txn: &mut Txn,
        name: &PairName,
        began: Timestamp,
        schemas: Schemas,
        known: Known,
    ) {
        let now = self.clock.now();
        let (again, stopped) = match schemas {
            Ok((crm, notion)) => match self.take_both(txn, name, &crm, &notion) {
                Ok(()) => {
                    let answered = self.take_known(txn, name, known);
                    let came_back = answered == Some(true);
                    let canary = self.canaries.entry(name.clone()).or_default();
                    if came_back {
                        canary.passed = Some(began);
                        canary.doubted = false;
                    } else {
                        canary.doubted = true;
                    }
                    let waiting = std::mem::take(&mut canary.waiting);
                    if let Some(pair) = self.memory.pairs.get_mut(name) {
                        waiting.into_iter().for_each(|crm| pair.dirty.insert(crm));
                    }
                    let missed = self
                        .guards
                        .get(name)
                        .is_some_and(|it| !it.unseen.crm.is_empty() || !it.unseen.notion.is_empty());
                    let again = match (answered, missed) {
                        (Some(true), false) if self.has_aside(name) => {
                            ASIDE_AGAIN.min(signed(self.timing.canary_every))
                        }
                        (Some(true), false) => signed(self.timing.canary_every),
                        (Some(true), true) | (None, _) => SOON,
                        (Some(false), _) => AT_ONCE,
                    };
                    (again, None)
                }
                Err(problems) => (SOON, Some(format!("its mappings do not fit: {problems}"))),
            },
            Err((side, error)) => {
                // What concerns this pair alone is told of the pair, not of the whole connection.
                if !matches!(error.kind, RemoteErrorKind::NotFound | RemoteErrorKind::Forbidden) {
                    self.note_trouble(txn, side, &error);
                }
                let fatal = matches!(
                    error.kind,
                    RemoteErrorKind::Unauthorized | RemoteErrorKind::Forbidden | RemoteErrorKind::NotFound
                );
                let known = self.memory.pair(name).is_some_and(|pair| pair.map.is_some());
                (SOON, (fatal || !known).then(|| format!("{side} does not show its schema: {error}")))
            }
        };
        self.schema_due.insert(name.clone(), Some(after(now, again)));
        self.stop_or_go_on(txn, name, stopped);
    }

    fn stop_or_go_on(&mut self, txn: &mut Txn, name: &PairName, stopped: Option<String>) {
        let told = |note: String| {
            let mut event = self.system_event(Happening::System, note);
            event.pair = Some(name.clone());
            event
        };
        match stopped {
            Some(why) => {
                if self.stopped.get(name) != Some(&why) {
                    txn.events.push(told(format!("pair {name} is stopped: {why}")));
                }
                self.stopped.insert(name.clone(), why);
            }
            None => {
                if self.stopped.contains_key(name) {
                    txn.events.push(told(format!("pair {name} runs again")));
                    self.stopped.remove(name);
                    self.memory.touch_related(name);
                }
            }
        }
    }

    fn take_both(&mut self, txn: &mut Txn, name: &PairName, crm: &Schema, notion: &Schema) -> Result<(), String> {
        let configured = self.settings.pairs.iter().find(|pair| pair.name == *name).cloned();
        let (Some(configured), Some(pair)) = (configured, self.memory.pair(name)) else { return Ok(()) };
        let settled = self.canaries.get(name).and_then(|canary| canary.settled.as_ref());
        let same = settled.is_some_and(|(old_crm, old_notion, old)| {
            old_crm == crm && old_notion == notion && *old == pair.schemas && pair.map.is_some()
        });
        if same {
            if self.errs(Flaw::RebaselineAll) {
                self.rebaseline_all(txn, name);
            }
            return Ok(());
        }
        let spec = pair.schemas.follow(&configured, notion);
        let map = PairMap::compile_after(&spec, crm, notion, &self.settings.pairs, &pair.schemas)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
        let remembered = Remembered::of(&map, &configured, notion, &pair.schemas);
        let settled = remembered == pair.schemas;
        let canary = self.canaries.entry(name.clone()).or_default();
        canary.settled = settled.then(|| (crm.clone(), notion.clone(), remembered.clone()));
        if !settled {
            let renamed = pair.schemas.renamed(&remembered);
            self.take_renamed(txn, name, &map, renamed);
            self.memory.put_schemas(txn, name, remembered);
        }
        let Some(pair) = self.memory.pairs.get_mut(name) else { return Ok(()) };
        // Another mapping or other options can mean another value: everything is looked at again.
        if pair.map.as_ref() != Some(&map) {
            pair.entity = Sides { crm: map.entity(Side::Crm), notion: map.entity(Side::Notion) };
            pair.spec = spec;
            pair.map = Some(map);
            pair.titles = Default::default();
            pair.dirty.insert_all();
            pair.rematch = true;
        }
        self.hold_aside(txn, name);
        if self.errs(Flaw::RebaselineAll) {
            self.rebaseline_all(txn, name);
        }
        Ok(())
    }

    /// Takes the known records. Tells whether the canary has come back: every side showed one. `None` when a side did not
    /// answer.
    fn take_known(&mut self, txn: &mut Txn, name: &PairName, known: Known) -> Option<bool> {
        let mut came_back = Some(true);
        for (side, began, asked, records) in known {
            let mut unseen: Vec<RecordId> = Vec::new();
            match records {
                Ok(records) => {
                    for (id, fetched) in records {
                        if fetched == Fetched::Missing {
                            unseen.push(id.clone());
                        }
                        self.take_one(txn, &RecordRef { pair: name.clone(), side, id }, began, fetched);
                    }
                }
                Err(error) if super::snapshot::needs_a_person(error.kind) => unseen = asked.clone(),
                Err(error) => {
                    self.note_trouble(txn, side, &error);
                    came_back = None;
                    continue;
                }
            }
            let missed = self.guards.entry(name.clone()).or_default().unseen.get_mut(side);
            if unseen.len() < asked.len() {
                missed.clear();
                continue;
            }
            missed.extend(unseen);
            // Those that went away before can no longer be asked for.
            let all = self.memory.pair(name).map_or(0, |pair| {
                let there = |id: &RecordId| missed.contains(id) || Self::is_present(pair, side, id);
                pair.tied(side).filter(there).count()
            });
            // With enough of them it is a guard's affair, and with a few records in all each one's own.
            let enough = missed.len() >= CANARIES.min(all);
            came_back = came_back.map(|came_back| came_back && enough);
        }
        came_back
    }

    /// Takes the people of a side. Somebody new may be the missing counterpart of a value.
    pub(super) fn take_people(
        &mut self,
        txn: &mut Txn,
        side: Side,
        people: Result<Vec<crate::model::Person>, RemoteError>,
    ) {
        match people {
            Ok(people) => {
                if self.directory.learn(side, people) {
                    for pair in self.memory.pairs.values_mut() {
                        pair.dirty.insert_all();
                    }
                }
            }
            // Without the right to see people, people fields are held; everything else goes on. It is asked for again before
            // long: a right can be missing for a moment only.
            Err(error) if error.kind == RemoteErrorKind::Forbidden => {
                let again = after(self.clock.now(), PEOPLE_AGAIN);
                for name in self.pair_names() {
                    self.hurry(&name, again);
                }
                if self.directory.refuse(side, error.message) {
                    for pair in self.memory.pairs.values_mut() {
                        pair.dirty.insert_all();
                    }
                }
            }
            Err(error) => self.note_trouble(txn, side, &error),
        }
    }
}

async fn read_schemas(systems: &Sides<Arc<dyn System>>, entity: &Sides<Entity>) -> Schemas {
    let crm = systems.crm.schema(&entity.crm).await.map_err(|error| (Side::Crm, error))?;
    let notion = systems.notion.schema(&entity.notion).await.map_err(|error| (Side::Notion, error))?;
    Ok((crm, notion))
}
