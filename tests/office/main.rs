//! What the pretend office promises: the same people do the same things, enough of them, and every kind of trouble.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod troubles;

use std::collections::{BTreeMap, BTreeSet};

use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::Entity;
use crosstie::standin::log::{Actor, Entry, Kind};
use crosstie::standin::office::{MARKER, Office, Options};
use jiff::{SignedDuration, Timestamp};

/// A Monday at nine.
pub fn morning() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

/// One minute of work, in steps of a quarter of a second.
pub fn minute(office: &mut Office) -> usize {
    (0..=240).map(|tick| office.act(morning() + SignedDuration::from_millis(250 * tick))).sum()
}

/// Both logs since the morning: CRM, Notion.
pub fn logs(office: &Office) -> (Vec<Entry>, Vec<Entry>) {
    let today = |log: &[Entry]| log.iter().filter(|entry| entry.at >= morning()).cloned().collect();
    (today(office.crm().lock().unwrap().log()), today(office.notion().lock().unwrap().log()))
}

fn edits(log: &[Entry]) -> usize {
    log.iter().filter(|entry| entry.kind == Kind::Edited).count()
}

#[test]
fn the_same_seed_at_the_same_moments_gives_the_same_edits() {
    let run = |seed| {
        let mut office = Office::new(seed, Options::default()).unwrap();
        minute(&mut office);
        logs(&office)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn a_minute_has_a_hundred_edits_a_side_at_the_default_rate() {
    for seed in 1..=20 {
        let mut office = Office::new(seed, Options::default()).unwrap();
        let done = minute(&mut office);
        let (crm, notion) = logs(&office);
        assert!(edits(&crm) >= 100 && edits(&notion) >= 100, "seed {seed}: {} and {}", edits(&crm), edits(&notion));
        assert!((200..400).contains(&done), "seed {seed}: {done} edits for about 240");
    }
}

#[test]
fn the_rates_are_obeyed_and_nought_is_none() {
    let mut office =
        Office::new(3, Options { crm_per_minute: 0, notion_per_minute: 30, ..Options::default() }).unwrap();
    // One page that is filled field by field may come on top of the rate.
    let done = minute(&mut office);
    assert!((15..60).contains(&done), "{done}");
    let begun_in_crm = office.deeds().iter().filter(|deed| deed.crm.is_some() && deed.page.is_none()).count();
    assert_eq!(begun_in_crm, 0);
}

#[test]
fn after_stop_nobody_edits() {
    let mut office = Office::new(3, Options::default()).unwrap();
    minute(&mut office);
    office.stop();
    assert_eq!(office.act(morning() + SignedDuration::from_secs(90)), 0);
}

#[test]
fn people_never_write_the_marker_and_only_people_are_in_the_log() {
    for seed in 1..=5 {
        let mut office = Office::new(seed, Options::default()).unwrap();
        minute(&mut office);
        let (crm, notion) = logs(&office);
        assert!(crm.iter().chain(&notion).all(|entry| matches!(entry.actor, Actor::Person(_))));
        assert!(notion.iter().all(|entry| entry.field != MARKER), "nothing was tied, so no copy carries one either");
    }
}

#[test]
fn a_long_pause_is_not_made_up_for() {
    let mut office = Office::new(3, Options::default()).unwrap();
    office.act(morning());
    let after_an_hour = office.act(morning() + SignedDuration::from_hours(1));
    assert!(after_an_hour < 100, "{after_an_hour}");
}

#[test]
fn the_first_morning_has_people_on_both_sides_and_things_to_match() {
    let office = Office::new(11, Options::default()).unwrap();
    let (facts, crm, notion) = (office.facts().clone(), office.crm(), office.notion());
    let (crm, notion) = (crm.lock().unwrap(), notion.lock().unwrap());
    let names: BTreeSet<String> = crm.people().iter().map(|person| person.name.clone()).collect();
    assert!(notion.people().iter().all(|(_, name)| names.contains(name)));
    assert_eq!(crm.live_ids(Entity::Contact).len(), 24);
    assert_eq!(crm.live_ids(Entity::Deal).len(), 16);

    let contacts = notion.live_pages(&facts.contacts.data_source);
    let projects = notion.live_pages(&facts.deals.data_source);
    assert_eq!((contacts.len(), projects.len()), (4 + 3, 4 + 3));
    let pages: BTreeMap<String, &String> =
        projects.iter().map(|page| (notion.plain(page, "Name").unwrap().as_str().unwrap().to_owned(), page)).collect();
    let mut matched = 0;
    for id in crm.live_ids(Entity::Deal) {
        let deal = crm.plain(Entity::Deal, &id).unwrap();
        let Some(page) = pages.get(deal["TITLE"].as_str().unwrap()) else { continue };
        matched += 1;
        for (field, property) in [("OPPORTUNITY", "Amount"), ("COMMENTS", "Notes"), ("UF_CRM_DEADLINE", "Deadline")] {
            assert_eq!(Some(&deal[field]), notion.plain(page, property).as_ref(), "{property}");
        }
        let stage = facts.stages.iter().find(|(code, _)| deal["STAGE_ID"] == *code).unwrap().1;
        assert_eq!(notion.plain(page, "Status").unwrap(), stage);
        let linked = deal["CONTACT_IDS"].as_array().unwrap().len();
        assert_eq!(notion.plain(page, "Contacts").unwrap().as_array().unwrap().len(), linked);
    }
    assert_eq!(matched, 4);
}

#[test]
fn an_office_without_records_fills_up() {
    let options = Options { contacts: 0, deals: 0, on_both: 3, only_notion: 0, ..Options::default() };
    let mut office = Office::new(5, options).unwrap();
    assert!(office.crm().lock().unwrap().live_ids(Entity::Deal).is_empty());
    minute(&mut office);
    assert!(!office.crm().lock().unwrap().live_ids(Entity::Deal).is_empty());
    assert!(!office.notion().lock().unwrap().live_pages(&office.facts().deals.data_source).is_empty());
}
