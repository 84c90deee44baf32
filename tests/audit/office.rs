//! The auditor over a whole office: nobody syncs, so nothing is lost and hardly anything crosses.

use std::collections::BTreeMap;

use crosstie::mapping::{Create, Delete, Direction, FieldSpec, PairSpec, Policy};
use crosstie::model::{FieldKey, FieldName, PairName};
use crosstie::sim::audit::{Case, Claims, Report, TroubleKind, audit};
use crosstie::standin::StandIn;
use crosstie::standin::log::{Actor, Kind};
use crosstie::standin::office::{Facts, Office, Options, TableFacts};

use super::support::at;

fn pair(facts: &Facts, table: &TableFacts) -> PairSpec {
    let fields = table.fields.iter().map(|field| FieldSpec {
        key: FieldKey::from(field.crm),
        crm: FieldName::from(field.crm),
        notion: FieldName::from(field.notion),
        direction: if field.crm_only { Direction::CrmToNotion } else { Direction::Both },
        policy: Policy::Hold,
        values: match field.crm {
            "STAGE_ID" => facts.stages.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect(),
            _ => BTreeMap::new(),
        },
        relation: field.relation.map(PairName::from),
    });
    PairSpec {
        name: PairName::from(table.name),
        crm: table.crm.into(),
        data_source: table.data_source.clone(),
        marker: FieldName::from(table.marker),
        match_by: vec![FieldKey::from(table.match_by)],
        create: Create::Both,
        delete: Delete::Untie,
        fields: fields.collect(),
    }
}

fn a_minute_without_a_sync(seed: u64) -> (Report, usize) {
    let mut office = Office::new(seed, Options::default()).unwrap();
    for tick in 0..=240 {
        office.act(at(250 * tick));
    }
    let facts = office.facts().clone();
    let pairs = [pair(&facts, &facts.contacts), pair(&facts, &facts.deals)];
    let (crm, notion) = (office.crm(), office.notion());
    let (crm, notion) = (crm.lock().unwrap(), notion.lock().unwrap());
    let claims = Claims::default();
    let report = audit(&Case { pairs: &pairs, crm: &crm, notion: &notion, claims: &claims, began: at(0) });
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
