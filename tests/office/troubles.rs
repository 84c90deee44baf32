//! Every kind of trouble comes within a minute, whatever the seed; told from the worlds' own logs.

use std::collections::{BTreeMap, BTreeSet};

use crosstie::standin::StandIn;
use crosstie::standin::log::{Entry, Kind};
use crosstie::standin::office::{Habit, Office, Options};
use jiff::SignedDuration;

use super::{logs, minute};

const NEAR: SignedDuration = SignedDuration::from_secs(5);

/// A field saved three times within seconds, each value longer and beginning with the one before.
fn typing_burst(log: &[Entry], field: &str) -> bool {
    let mut saves: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in log.iter().filter(|entry| entry.kind == Kind::Edited && entry.field == field) {
        saves.entry(&entry.object).or_default().push(entry);
    }
    saves.values().any(|saves| {
        saves.windows(3).any(|three| {
            let text = |at: usize| three[at].after.as_str().unwrap_or("-").to_owned();
            text(1).starts_with(&text(0))
                && text(2).starts_with(&text(1))
                && three[2].at.duration_since(three[0].at) < NEAR
        })
    })
}

fn addresses(log: &[Entry], field: &str) -> BTreeMap<String, jiff::Timestamp> {
    let set = log.iter().filter(|entry| entry.field == field && entry.before.is_null());
    set.filter_map(|entry| Some((entry.after.as_str()?.to_owned(), entry.at))).collect()
}

/// The same address appears for the first time on both sides within seconds.
fn same_person(crm: &[Entry], notion: &[Entry]) -> bool {
    let (crm, notion) = (addresses(crm, "EMAIL"), addresses(notion, "Email"));
    crm.iter().any(|(address, at)| notion.get(address).is_some_and(|other| at.duration_since(*other).abs() < NEAR))
}

/// What one person did in one field, and another in the corresponding field of the same thing within a second.
fn conflict(office: &Office, crm: &[Entry], notion: &[Entry]) -> bool {
    let fields: BTreeMap<&str, &str> = office
        .facts()
        .deals
        .fields
        .iter()
        .chain(office.facts().contacts.fields)
        .map(|field| (field.crm, field.notion))
        .collect();
    office.deeds().iter().filter(|deed| deed.habit == Habit::Conflict).any(|deed| {
        crm.iter().filter(|entry| Some(&entry.object) == deed.crm.as_ref()).any(|ours| {
            notion.iter().filter(|entry| Some(&entry.object) == deed.page.as_ref()).any(|theirs| {
                fields.get(ours.field.as_str()) == Some(&theirs.field.as_str())
                    && ours.at.duration_since(theirs.at).abs() <= SignedDuration::from_secs(1)
                    && ours.after != theirs.after
                    && ours.before != theirs.after
            })
        })
    })
}

#[test]
fn every_kind_of_trouble_comes_within_a_minute() {
    let mut trashed = 0;
    for seed in 1..=20 {
        let mut office = Office::new(seed, Options::default()).unwrap();
        minute(&mut office);
        let (crm, notion) = logs(&office);
        assert!(typing_burst(&crm, "TITLE") || typing_burst(&crm, "COMMENTS"), "seed {seed}: no burst in the CRM");
        assert!(typing_burst(&notion, "Name") || typing_burst(&notion, "Notes"), "seed {seed}: no burst in Notion");
        assert!(same_person(&crm, &notion), "seed {seed}: nobody was added on both sides");
        assert!(conflict(&office, &crm, &notion), "seed {seed}: no conflict");
        assert!(
            crm.iter().any(|entry| entry.kind == Kind::Deleted && entry.entity == "deal"),
            "seed {seed}: no delete"
        );
        assert!(copied(&notion), "seed {seed}: no page was duplicated");
        trashed += notion.iter().filter(|entry| entry.kind == Kind::Deleted).count();
    }
    assert!((5..40).contains(&trashed), "pages are trashed rarely, not {trashed} times in twenty minutes");
}

/// A page that came into being with at least two values at once: nobody types like that.
fn copied(notion: &[Entry]) -> bool {
    let created: BTreeSet<(&str, jiff::Timestamp)> = notion
        .iter()
        .filter(|entry| entry.kind == Kind::Created)
        .map(|entry| (entry.object.as_str(), entry.at))
        .collect();
    created.iter().any(|(page, at)| {
        let at_once = |entry: &&Entry| entry.object == *page && entry.at == *at && !entry.after.is_null();
        notion.iter().filter(at_once).count() >= 2
    })
}

#[test]
fn links_are_made_and_unmade_on_either_side() {
    for seed in 1..=5 {
        let mut office = Office::new(seed, Options::default()).unwrap();
        minute(&mut office);
        let (crm, notion) = logs(&office);
        let size = |value: &serde_json::Value| value.as_array().map_or(0, Vec::len);
        for (log, field) in [(&crm, "CONTACT_IDS"), (&notion, "Contacts")] {
            let changes: Vec<bool> =
                log.iter().filter(|e| e.field == field).map(|e| size(&e.after) > size(&e.before)).collect();
            assert!(changes.contains(&true) && changes.contains(&false), "seed {seed}: {field} {changes:?}");
        }
        assert!(office.crm().lock().unwrap().log().len() > 100);
    }
}
