//! The auditor over a whole office: without a sync nothing is lost, with a careless one much is.

use std::collections::BTreeMap;

use crosstie::model::{RecordId, Tie};
use crosstie::seam::{Method, Request};
use crosstie::sim::audit::{Case, Claims, Report, TroubleKind, audit};
use crosstie::sim::pairs;
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::Entity;
use crosstie::standin::log::{Actor, Kind};
use crosstie::standin::office::{Habit, Mix, Office, Options};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::support::at;

/// Deals and pages that have the same title on the first morning.
fn twins(office: &Office) -> Vec<(String, String)> {
    let (crm, notion) = (office.crm(), office.notion());
    let (crm, notion) = (crm.lock().unwrap(), notion.lock().unwrap());
    let pages = notion.live_pages(&office.facts().deals.data_source);
    let page_of = |title: &Value| pages.iter().find(|page| notion.plain(page, "Name").as_ref() == Some(title)).cloned();
    let twin = |deal: String| Some((page_of(&crm.plain(Entity::Deal, &deal)?["TITLE"])?, deal));
    crm.live_ids(Entity::Deal).into_iter().filter_map(twin).map(|(page, deal)| (deal, page)).collect()
}

/// The worst sync there is: every two seconds it writes the CRM's titles over Notion's, and asks nobody.
fn overwrite_titles(office: &Office, twins: &[(String, String)], now: Timestamp) {
    let (crm, notion) = (office.crm(), office.notion());
    let (crm, mut notion) = (crm.lock().unwrap(), notion.lock().unwrap());
    for (deal, page) in twins {
        let title = crm.plain(Entity::Deal, deal).unwrap()["TITLE"].clone();
        if notion.plain(page, "Name") != Some(title.clone()) {
            let body = json!({ "properties": { "Name": { "title": [{ "text": { "content": title } }] } } });
            let request = Request::new(Method::Patch, format!("/v1/pages/{page}")).json(&body);
            let request = request.header("authorization", format!("Bearer {}", notion.token()));
            assert_eq!(notion.handle(&request.header("notion-version", "2026-03-11"), now).status, 200);
        }
    }
}

#[test]
fn a_sync_in_which_the_crm_always_wins_loses_what_is_written_in_notion() {
    let titles = BTreeMap::from([(Habit::Title, 3), (Habit::Conflict, 1)]);
    let mix = Mix { crm: titles.clone(), notion: titles };
    // Every deal has a page, and nothing else is there.
    let options = Options { deals: 6, contacts: 6, on_both: 6, only_notion: 0, mix, ..Options::default() };
    let mut office = Office::new(5, options).unwrap();
    let twins = twins(&office);
    assert_eq!(twins.len(), 6);
    for tick in 0..=240 {
        office.act(at(250 * tick));
        if tick % 8 == 7 {
            overwrite_titles(&office, &twins, at(250 * tick + 10));
        }
    }
    office.stop();
    overwrite_titles(&office, &twins, at(61_000));
    let mut deals = pairs(office.facts()).remove(1);
    deals.fields.retain(|field| field.crm.as_str() == "TITLE");
    let tie = |(deal, page): &(String, String)| Tie {
        pair: deals.name.clone(),
        crm: RecordId::from(deal.as_str()),
        notion: RecordId::from(page.as_str()),
        base: BTreeMap::new(),
        since: at(0),
    };
    let claims = Claims { ties: twins.iter().map(tie).collect(), ..Claims::default() };
    let (crm, notion) = (office.crm(), office.notion());
    let (crm, notion) = (crm.lock().unwrap(), notion.lock().unwrap());
    let report = audit(&Case {
        pairs: &[deals],
        crm: &crm,
        notion: &notion,
        claims: &claims,
        began: at(0),
        index_lag: Default::default(),
        remember_gone: jiff::SignedDuration::MAX,
        leaps: &[],
        downs: &[],
    });
    let (crm, notion) = (report.edits.crm, report.edits.notion);
    assert!(crm.present > 0 && crm.present + crm.superseded == crm.total(), "{crm:?}");
    assert!(notion.lost > 0 && notion.unsettled == 0, "{notion:?}");
    assert!(report.latency_ms.crossed > 0 && report.latency_ms.p95 <= 2_010, "{:?}", report.latency_ms);
    assert_eq!(report.troubles.len() as u64, notion.lost);
}

fn a_minute_without_a_sync(seed: u64) -> (Report, usize) {
    let mut office = Office::new(seed, Options::default()).unwrap();
    for tick in 0..=240 {
        office.act(at(250 * tick));
    }
    let pairs = pairs(office.facts());
    let (crm, notion) = (office.crm(), office.notion());
    let (crm, notion) = (crm.lock().unwrap(), notion.lock().unwrap());
    let claims = Claims::default();
    let report = audit(&Case {
        pairs: &pairs,
        crm: &crm,
        notion: &notion,
        claims: &claims,
        began: at(0),
        index_lag: Default::default(),
        remember_gone: jiff::SignedDuration::MAX,
        leaps: &[],
        downs: &[],
    });
    let mapped: Vec<&str> = pairs.iter().flat_map(|pair| &pair.fields).map(|field| field.notion.as_str()).collect();
    let notion_edits = notion.log().iter().filter(|entry| {
        let human = entry.kind == Kind::Edited && matches!(entry.actor, Actor::Person(_));
        human && entry.at >= at(0) && mapped.contains(&entry.field.as_str())
    });
    let edits = notion_edits.count();
    (report, edits)
}

#[test]
fn without_a_sync_every_edit_is_overtaken_or_left_behind_and_none_is_lost() {
    for seed in 1..=5 {
        let (report, notion_edits) = a_minute_without_a_sync(seed);
        for side in [report.edits.crm, report.edits.notion] {
            assert_eq!(side.unsettled + side.superseded, side.total(), "seed {seed}: {side:?}");
            assert!(side.unsettled > 50 && side.superseded > 10, "seed {seed}: {side:?}");
        }
        assert_eq!(report.edits.notion.total() as usize, notion_edits, "every mapped edit has exactly one outcome");
        let unsettled = report.edits.crm.unsettled + report.edits.notion.unsettled;
        assert_eq!(report.troubles.len() as u64, unsettled);
        assert!(report.troubles.iter().all(|trouble| trouble.kind == TroubleKind::Unsettled));
        assert_eq!((report.duplicates, report.loops), (0, 0));
    }
}

#[test]
fn the_same_case_gives_the_same_report() {
    assert_eq!(a_minute_without_a_sync(9), a_minute_without_a_sync(9));
}
