//! What a killed daemon left in its store, looked at in a copy: whether it is whole, and keeps what was promised.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crosstie::model::{Decision, Event, Intent, Observation, Purpose, Side, Tie, Verdict};
use crosstie::seam::Kv;
use crosstie::store::{self, SledKv, Step, record, trees};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::support::configuration::data_source;
use crate::support::program::Home;
use crate::support::worlds::Worlds;

/// The relation whose links operators make.
const RELATION: &str = "CONTACT_IDS";

/// The fields that people edit here, all of which the observations hold.
const EDITED: [&str; 7] = ["OPPORTUNITY", "STAGE_ID", "PHONE", "TITLE", "Notes", "Deadline", "Name"];

/// The links that a command was answered `Done` for, by deal and contact, and whether they are to be there.
pub type Acknowledged = BTreeMap<(String, String), bool>;

/// The store as it is now. Taken while nobody has it open.
pub fn take(home: &Home, name: &str) -> Copy {
    let place = home.path().join(name);
    copy(&home.path().join("state"), &place);
    let opened = store::open(&place, Timestamp::now()).unwrap();
    // A kill takes nothing from what the system was already given: no step of the ladder, no word to the operator.
    assert_eq!((opened.step, opened.note.as_str()), (Step::Plain, ""));
    Copy { kv: opened.kv }
}

/// A copy of the store.
pub struct Copy {
    kv: SledKv,
}

impl Copy {
    /// Checks everything that one transaction or another promised to keep together. Gives back how many writes are open.
    pub fn check(&self, worlds: &Worlds, acknowledged: &Acknowledged) -> usize {
        let (observed, ties, intents) = (self.observations(), self.ties(), self.rows::<Intent>(trees::INTENTS));
        let tied = |pair: &str, side: Side, id: &str| {
            ties.values().any(|tie| tie.pair.as_str() == pair && tie.on(side).as_str() == id)
        };
        for tie in ties.values() {
            for side in Side::BOTH {
                let at = place(tie.pair.as_str(), side, tie.on(side).as_str());
                assert!(observed.contains_key(&at), "{} is tied, but {at:?} was never seen", tie.id());
            }
        }
        let mut written = BTreeSet::new();
        for (_, intent) in &intents {
            let pair = intent.pair.as_str();
            // A create ends in the transaction that ties; an update is of something tied.
            let (side, id, is_tied) = match &intent.purpose {
                Purpose::Create { source } => (intent.side.other(), source, false),
                Purpose::Update { record } | Purpose::Trash { record } | Purpose::Body { record, .. } => {
                    (intent.side, record, true)
                }
            };
            let at = place(pair, side, id.as_str());
            assert!(observed.contains_key(&at), "an open {intent:?} is about something never seen");
            assert_eq!(tied(pair, side, id.as_str()), is_tied, "an open {intent:?} does not fit the ties");
            assert!(written.insert(at), "two writes of one record are open: {intents:?}");
        }
        self.check_numbers(&intents);
        self.check_cursors(worlds, &observed, &intents);
        self.check_acknowledged(&ties, acknowledged);
        intents.len()
    }

    /// The journal has no gap, and the counters stand where the rows end.
    fn check_numbers(&self, intents: &[(Vec<u8>, Intent)]) {
        let journal = self.rows::<Event>(trees::JOURNAL);
        for (at, (key, event)) in journal.iter().enumerate() {
            assert_eq!((event.seq, key.as_slice()), (at as u64 + 1, &event.seq.to_be_bytes()[..]));
        }
        let counters: Json = record::open(&self.kv.get(trees::META, b"counters").unwrap().unwrap()).unwrap();
        assert_eq!(counters["event"], journal.len());
        for (_, intent) in intents {
            assert!(intent.seq < counters["intent"].as_u64().unwrap(), "{counters}: {intent:?}");
        }
        for (_, decision) in self.rows::<Decision>(trees::DECISIONS) {
            assert!(decision.seq < counters["decision"].as_u64().unwrap(), "{counters}: {decision:?}");
        }
    }

    /// Whatever somebody changed before the moment up to which a side was read is in the observations, by the world's
    /// own log. Only a record with an open write may be behind: it is read again before anything else.
    fn check_cursors(&self, worlds: &Worlds, observed: &BTreeMap<Place, Observation>, intents: &[(Vec<u8>, Intent)]) {
        let notion = |title: &str| data_source(worlds, title);
        let sides = [
            (Side::Crm, worlds.crm_log(0), [("contacts", "contact".to_owned()), ("deals", "deal".to_owned())]),
            (Side::Notion, worlds.notion_log(0), [("contacts", notion("Contacts")), ("deals", notion("Projects"))]),
        ];
        for (side, log, pairs) in sides {
            for (pair, entity) in pairs {
                let key = format!("{pair}\0{side}", side = side.as_str());
                let Some(cursor) = self.kv.get(trees::CURSORS, key.as_bytes()).unwrap() else { continue };
                let cursor: Json = record::open(&cursor).unwrap();
                let Some(seen) = cursor["seen"].as_str().map(|at| at.parse::<Timestamp>().unwrap()) else { continue };
                let log: Vec<Change> = log.iter().filter(|entry| entry["entity"] == *entity).map(Change::of).collect();
                for ((id, field), values) in by_field(&log, seen) {
                    let at = place(pair, side, id);
                    let open = |intent: &Intent| match &intent.purpose {
                        Purpose::Create { .. } => intent.side == side && !observed.contains_key(&at),
                        Purpose::Update { record } | Purpose::Trash { record } | Purpose::Body { record, .. } => {
                            record.as_str() == id
                        }
                    };
                    if intents.iter().any(|(_, intent)| intent.pair.as_str() == pair && open(intent)) {
                        continue;
                    }
                    let known = observed.get(&at).map(|seen| serde_json::to_string(&seen.fields).unwrap());
                    let shows = known.as_ref().is_some_and(|known| values.iter().any(|value| known.contains(value)));
                    assert!(shows, "{at:?} was read up to {seen}, but {field} is none of {values:?}: {known:?}");
                }
            }
        }
    }

    /// What was answered `Done` stands: as a decision, or as what both sides have agreed on since.
    fn check_acknowledged(&self, ties: &BTreeMap<Place, Tie>, acknowledged: &Acknowledged) {
        let decisions = self.rows::<Decision>(trees::DECISIONS);
        for ((deal, contact), linked) in acknowledged {
            let about = |decision: &&Decision| {
                let hold = decision.hold.as_ref();
                hold.is_some_and(|it| it.crm.as_ref().is_some_and(|crm| crm.as_str() == deal))
            };
            let decided = decisions.iter().map(|(_, decision)| decision).find(about).map(|it| &it.verdict);
            let base = &ties[&place("deals", Side::Crm, deal)].base[RELATION];
            let stands = match decided {
                Some(Verdict::Set { value }) => value,
                _ => &base.crm,
            };
            let links = stands.elements().unwrap_or_default();
            assert_eq!(links.contains(contact), *linked, "deal {deal}, contact {contact}: {decided:?}, {base:?}");
        }
    }

    fn observations(&self) -> BTreeMap<Place, Observation> {
        let place = |key: Vec<u8>| {
            let key = String::from_utf8(key).unwrap();
            let parts: Vec<&str> = key.split('\0').collect();
            let [pair, side, id] = parts[..] else { panic!("{key:?} names no record") };
            (pair.to_owned(), side.to_owned(), id.to_owned())
        };
        self.rows(trees::OBSERVATIONS).into_iter().map(|(key, seen)| (place(key), seen)).collect()
    }

    fn ties(&self) -> BTreeMap<Place, Tie> {
        let ties = self.rows::<Tie>(trees::TIES).into_iter().map(|(_, tie)| tie);
        ties.map(|tie| (place(tie.pair.as_str(), Side::Crm, tie.crm.as_str()), tie)).collect()
    }

    fn rows<T: DeserializeOwned>(&self, tree: &'static str) -> Vec<(Vec<u8>, T)> {
        let rows = self.kv.scan(tree, b"", None, usize::MAX).unwrap();
        rows.into_iter().map(|(key, value)| (key, record::open(&value).unwrap())).collect()
    }
}

/// Pair, side and id.
type Place = (String, String, String);

fn place(pair: &str, side: Side, id: &str) -> Place {
    (pair.to_owned(), side.as_str().to_owned(), id.to_owned())
}

/// A line of a world's log.
struct Change {
    at: Timestamp,
    by_person: bool,
    object: String,
    field: String,
    after: Option<String>,
}

impl Change {
    fn of(entry: &Json) -> Self {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        Self {
            at: text("at").parse().unwrap(),
            by_person: entry["actor"] != "api",
            object: text("object"),
            field: text("field"),
            after: entry["after"].as_str().map(str::to_owned),
        }
    }
}

/// By object and field that somebody changed before `seen`: that value, and every later one, whoever wrote it.
fn by_field(log: &[Change], seen: Timestamp) -> BTreeMap<(&str, &str), Vec<&str>> {
    let mut found: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for change in log {
        let Some(after) = &change.after else { continue };
        let place = (change.object.as_str(), change.field.as_str());
        if !EDITED.contains(&place.1) {
            continue;
        }
        if change.by_person && change.at < seen {
            found.insert(place, vec![after]);
        } else if let Some(values) = found.get_mut(&place) {
            values.push(after);
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, target) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            // The socket of the killed daemon is neither.
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
