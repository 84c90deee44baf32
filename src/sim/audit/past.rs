//! The worlds' logs, replayed: who gave which value to which mapped field, and which records lived when.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::mapping::PairSpec;
use crate::model::Side;
use crate::standin::StandIn;
use crate::standin::bitrix24::Entity;
use crate::standin::log::{Actor, Entry, Kind};

use super::Case;

/// One mapped field of one record. The order is that of the report: pair, side, record, field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub pair: usize,
    pub side: Side,
    pub record: String,
    pub field: usize,
}

/// One change of a mapped field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Touch {
    /// The entry of the world's log; the last one, where several make one change of a composed field.
    pub seq: u64,
    pub at: Timestamp,
    /// `None` for the API.
    pub person: Option<String>,
    pub before: Json,
    pub after: Json,
}

/// A record's name: pair, side and id.
pub(super) type Name = (usize, Side, String);

/// One record's life.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Life {
    pub seq: u64,
    pub at: Timestamp,
    pub by_api: bool,
    /// When it went away and came back.
    pub turns: Vec<Turn>,
}

/// A record goes away, or comes back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Turn {
    pub seq: u64,
    pub at: Timestamp,
    pub gone: bool,
    pub by_person: bool,
    /// To or from another place; not into or out of the trash.
    pub moved: bool,
}

impl Life {
    /// Whether it was there just before that entry of its world's log.
    pub(super) fn lived_at(&self, seq: u64) -> bool {
        self.seq < seq && self.turns.iter().rfind(|turn| turn.seq < seq).is_none_or(|turn| !turn.gone)
    }

    /// The last deletion, if it is gone.
    pub(super) fn gone(&self) -> Option<&Turn> {
        self.turns.last().filter(|turn| turn.gone)
    }
}

/// Everything that happened to mapped things.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub touches: BTreeMap<Spot, Vec<Touch>>,
    /// Changes of markers: the marker property of pages, `ORIGIN_ID` of CRM records.
    pub markers: BTreeMap<Name, Vec<Touch>>,
    pub lives: BTreeMap<Name, Life>,
    /// By page: at which entry of Notion's log it was taken away from the integration (true) or given back.
    sights: BTreeMap<String, Vec<(u64, bool)>>,
}

/// Field values of one kind of CRM object, by id.
type State = BTreeMap<(String, String), BTreeMap<String, Json>>;

impl Past {
    pub(super) fn replay(case: &Case<'_>) -> Self {
        let mut past = Self::default();
        let mut state = State::new();
        for entry in case.crm.log() {
            past.crm_entry(case.pairs, &mut state, entry);
        }
        let names = Names::of(case);
        for entry in case.notion.log() {
            past.notion_entry(case.pairs, &names, entry);
        }
        past.moves(case);
        for sight in case.notion.sights() {
            past.sights.entry(sight.id.clone()).or_default().push((sight.seq, sight.hidden));
        }
        past
    }

    fn crm_entry(&mut self, pairs: &[PairSpec], state: &mut State, entry: &Entry) {
        let own = (entry.entity.clone(), entry.object.clone());
        let before = state.clone_of(&own, &entry.field);
        for (at, pair) in pairs.iter().enumerate() {
            let concerned: Vec<String> = if pair.crm == entry.entity {
                self.live(entry, (at, Side::Crm, entry.object.clone()));
                vec![entry.object.clone()]
            } else if entry.entity == "company" && entry.field == "TITLE" {
                // A company's name is shown on every record that belongs to it.
                let of_pair = state.keys().filter(|(entity, _)| *entity == pair.crm).map(|(_, id)| id.clone());
                let gone =
                    |id: &String| self.lives.get(&(at, Side::Crm, id.clone())).is_some_and(|l| l.gone().is_some());
                of_pair.filter(|id| !gone(id)).collect()
            } else {
                continue;
            };
            if entry.kind != Kind::Edited {
                continue;
            }
            if pair.crm == entry.entity && entry.field == "ORIGIN_ID" {
                let name = (at, Side::Crm, entry.object.clone());
                self.markers.entry(name).or_default().push(touch(entry, entry.before.clone(), entry.after.clone()));
            }
            for id in concerned {
                for (field, spec) in pair.fields.iter().enumerate() {
                    let shown = |state: &State| {
                        let get = |name: &str| state.clone_of(&(pair.crm.clone(), id.clone()), name);
                        let company = |id: &str| state.clone_of(&("company".to_owned(), id.to_owned()), "TITLE");
                        composed(spec.crm.as_str(), get, company)
                    };
                    state.put(&own, &entry.field, before.clone());
                    let was = shown(state);
                    state.put(&own, &entry.field, entry.after.clone());
                    let is = shown(state);
                    if was != is {
                        let spot = Spot { pair: at, side: Side::Crm, record: id.clone(), field };
                        self.touched(spot, touch(entry, was, is), spec.crm.as_str() == "FULL_NAME");
                    }
                }
            }
        }
        if entry.kind == Kind::Edited {
            state.put(&own, &entry.field, entry.after.clone());
        } else {
            state.entry(own).or_default();
        }
    }

    fn notion_entry(&mut self, pairs: &[PairSpec], names: &Names, entry: &Entry) {
        let column = names.first(&entry.entity, &entry.field);
        for (at, pair) in pairs.iter().enumerate().filter(|(_, pair)| same_id(&pair.data_source, &entry.entity)) {
            let name = (at, Side::Notion, entry.object.clone());
            self.live(entry, name.clone());
            if entry.kind != Kind::Edited {
                continue;
            }
            let change = touch(entry, entry.before.clone(), entry.after.clone());
            if column == pair.marker.as_str() {
                self.markers.entry(name).or_default().push(change.clone());
            }
            for field in (0..pair.fields.len()).filter(|i| pair.fields[*i].notion.as_str() == column) {
                let spot = Spot { pair: at, side: Side::Notion, record: entry.object.clone(), field };
                self.touched(spot, change.clone(), false);
            }
        }
    }

    /// A page that was moved away is gone from its pair, until it comes back.
    fn moves(&mut self, case: &Case<'_>) {
        for moved in case.notion.moves() {
            let by_person = moved.by != Actor::Api;
            for (at, pair) in case.pairs.iter().enumerate() {
                let name = (at, Side::Notion, moved.page.clone());
                let Some(life) = self.lives.get_mut(&name) else { continue };
                let turn = |gone| Turn { seq: moved.seq, at: moved.at, gone, by_person, moved: true };
                if moved.from.as_deref().is_some_and(|from| same_id(&pair.data_source, from)) {
                    life.turns.push(turn(true));
                } else if moved.to.as_deref().is_some_and(|to| same_id(&pair.data_source, to)) && life.seq < moved.seq {
                    life.turns.push(turn(false));
                }
                life.turns.sort_by_key(|turn| turn.seq);
            }
        }
    }

    /// A composed field that one save changes by two entries changed once.
    fn touched(&mut self, spot: Spot, change: Touch, composed: bool) {
        let all = self.touches.entry(spot).or_default();
        // A robot that puts back within the same save what a caller wrote: the system did not take it, and nothing changed.
        if let Some(last) = all.last()
            && change.person.is_some()
            && last.person.is_none()
            && last.at == change.at
            && last.before == change.after
        {
            all.pop();
            return;
        }
        match all.last_mut() {
            Some(last) if composed && last.at == change.at && last.person == change.person => {
                (last.seq, last.after) = (change.seq, change.after);
            }
            _ => all.push(change),
        }
    }

    fn live(&mut self, entry: &Entry, name: Name) {
        let by_api = entry.actor == Actor::Api;
        match entry.kind {
            Kind::Created => {
                self.lives.insert(name, Life { seq: entry.seq, at: entry.at, by_api, turns: Vec::new() });
            }
            Kind::Deleted | Kind::Restored => {
                if let Some(life) = self.lives.get_mut(&name) {
                    let gone = entry.kind == Kind::Deleted;
                    let turn = Turn { seq: entry.seq, at: entry.at, gone, by_person: !by_api, moved: false };
                    life.turns.push(turn);
                }
            }
            Kind::Edited => {}
        }
    }

    /// The changes of a field, oldest first.
    pub(super) fn at(&self, spot: &Spot) -> &[Touch] {
        self.touches.get(spot).map_or(&[], Vec::as_slice)
    }

    /// The value of a field just before that entry of its world's log.
    pub(super) fn value_before(&self, spot: &Spot, seq: u64) -> Json {
        self.at(spot).iter().rfind(|touch| touch.seq < seq).map_or(Json::Null, |touch| touch.after.clone())
    }

    /// The value of a field at a moment; entries of that very moment have not happened yet.
    pub(super) fn value_at(&self, spot: &Spot, at: Timestamp) -> Json {
        self.at(spot).iter().rfind(|touch| touch.at < at).map_or(Json::Null, |touch| touch.after.clone())
    }

    /// Whether the integration could not see a page at any time from one entry of Notion's log to another.
    pub(super) fn hidden_throughout(&self, page: &str, from: u64, to: u64) -> bool {
        let sights = self.sights.get(page).map_or(&[][..], Vec::as_slice);
        sights.iter().rfind(|sight| sight.0 <= from).is_some_and(|sight| sight.1)
            && sights.iter().all(|sight| sight.1 || sight.0 <= from || sight.0 > to)
    }

    /// Whether the integration was ever kept from seeing a page, or the pages of a data source.
    pub(super) fn was_hidden(&self, id: &str) -> bool {
        self.sights.get(id).is_some_and(|sights| sights.iter().any(|sight| sight.1))
    }

    /// The marker of a record just before that entry of its world's log, and whether the API wrote it.
    pub(super) fn marker_before(&self, name: &Name, seq: u64) -> Option<(String, bool)> {
        let last = self.markers.get(name)?.iter().rfind(|touch| touch.seq < seq)?;
        let text = last.after.as_str().filter(|text| !text.is_empty())?;
        Some((text.to_owned(), last.person.is_none()))
    }
}

/// The names that columns had when the operator wrote the configuration; a log tells the name of its day.
#[derive(Debug, Default)]
struct Names(BTreeMap<(String, String), String>);

impl Names {
    fn of(case: &Case<'_>) -> Self {
        let mut first: BTreeMap<(String, String), String> = BTreeMap::new();
        for renamed in case.notion.property_renames() {
            let source = bare(&renamed.data_source);
            let known = first.get(&(source.clone(), renamed.from.clone())).cloned();
            let name = known.unwrap_or_else(|| renamed.from.clone());
            first.insert((source, renamed.to.clone()), name);
        }
        Self(first)
    }

    fn first<'a>(&'a self, source: &str, name: &'a str) -> &'a str {
        self.0.get(&(bare(source), name.to_owned())).map_or(name, String::as_str)
    }
}

trait Lookup {
    fn clone_of(&self, object: &(String, String), field: &str) -> Json;
    fn put(&mut self, object: &(String, String), field: &str, value: Json);
}

impl Lookup for State {
    fn clone_of(&self, object: &(String, String), field: &str) -> Json {
        self.get(object).and_then(|fields| fields.get(field)).cloned().unwrap_or_default()
    }

    fn put(&mut self, object: &(String, String), field: &str, value: Json) {
        self.entry(object.clone()).or_default().insert(field.to_owned(), value);
    }
}

fn touch(entry: &Entry, before: Json, after: Json) -> Touch {
    let person = match &entry.actor {
        Actor::Person(name) => Some(name.clone()),
        Actor::Api => None,
    };
    Touch { seq: entry.seq, at: entry.at, person, before, after }
}

/// A CRM field's plain value, composed where the configuration's field is no field of the portal.
pub(super) fn composed(field: &str, get: impl Fn(&str) -> Json, company: impl Fn(&str) -> Json) -> Json {
    if field == "FULL_NAME" {
        let words = [get("NAME"), get("LAST_NAME")];
        let words: Vec<&str> = words.iter().filter_map(Json::as_str).map(str::trim).filter(|w| !w.is_empty()).collect();
        return if words.is_empty() { Json::Null } else { json!(words.join(" ")) };
    }
    match field.strip_suffix(".TITLE") {
        Some(link) => get(link).get(0).and_then(Json::as_str).map_or(Json::Null, company),
        None => get(field),
    }
}

/// What a record shows now; `None` when it is not there.
pub(super) fn current(case: &Case<'_>, pair: &PairSpec, side: Side, record: &str, field: usize) -> Option<Json> {
    let spec = pair.fields.get(field)?;
    match side {
        Side::Crm => {
            let fields = case.crm.plain(Entity::parse(&pair.crm)?, record)?;
            let get = |name: &str| fields.get(name).cloned().unwrap_or_default();
            let company = |id: &str| {
                let fields = case.crm.plain(Entity::Company, id).unwrap_or_default();
                fields.get("TITLE").cloned().unwrap_or_default()
            };
            Some(composed(spec.crm.as_str(), get, company))
        }
        Side::Notion if case.notion.in_trash(record) == Some(false) => case.notion.plain(record, spec.notion.as_str()),
        Side::Notion => None,
    }
}

/// Notion ids are pasted with and without dashes.
fn same_id(a: &str, b: &str) -> bool {
    bare(a) == bare(b)
}

fn bare(id: &str) -> String {
    id.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect()
}
