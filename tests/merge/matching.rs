//! Laws of matching untied records.

use std::collections::BTreeMap;

use crosstie::mapping::Create;
use crosstie::model::{OrphanWhy, RecordId, Side, Value};
use crosstie::plan::{Facts, Fate, Matching, Untied, match_untied};
use proptest::prelude::*;

use crate::world::cases;

fn create() -> impl Strategy<Value = Create> {
    prop_oneof![Just(Create::Both), Just(Create::CrmToNotion), Just(Create::NotionToCrm), Just(Create::None)]
}

fn keys() -> impl Strategy<Value = Vec<Value>> {
    let key =
        prop_oneof![1 => Just(Value::Empty), 3 => prop::sample::select(vec!["a", "b", "c"]).prop_map(Value::text)];
    proptest::collection::vec(key, 2)
}

/// So many untied records of a side, whose markers name some of these.
fn untied(prefix: &'static str, markers: Vec<&'static str>) -> impl Strategy<Value = BTreeMap<RecordId, Untied>> {
    let marker = proptest::option::weighted(0.3, prop::sample::select(markers).prop_map(str::to_owned));
    let survivor = proptest::option::weighted(0.1, Just(RecordId::from("gone")));
    let stage = prop::sample::select(vec![(true, false), (false, true), (false, false)]);
    let record = (marker, keys(), survivor, stage, prop::bool::weighted(0.1));
    proptest::collection::vec(record, 0..5).prop_map(move |records| {
        let named = records.into_iter().enumerate().map(|(number, (marker, keys, survivor_of, stage, ordered))| {
            let (ready, incomplete) = stage;
            (
                RecordId(format!("{prefix}{number}")),
                Untied { marker, keys, survivor_of, ready, incomplete, ordered, ..Untied::default() },
            )
        });
        named.collect()
    })
}

fn facts() -> impl Strategy<Value = Facts> {
    let tied = proptest::collection::vec((keys(), keys()), 0..3);
    (untied("c", vec!["n0", "n1", "tn0"]), untied("n", vec!["c0", "c1", "tc0"]), tied).prop_map(
        |(crm, notion, tied)| {
            let mut facts = Facts { crm, notion, ..Facts::default() };
            for (number, (crm_keys, notion_keys)) in tied.into_iter().enumerate() {
                let (crm, notion) = (RecordId(format!("tc{number}")), RecordId(format!("tn{number}")));
                facts.ties.insert(crm.clone(), notion.clone());
                facts.tied_keys.insert((Side::Crm, crm), crm_keys);
                facts.tied_keys.insert((Side::Notion, notion), notion_keys);
            }
            facts
        },
    )
}

fn records(facts: &Facts, side: Side) -> &BTreeMap<RecordId, Untied> {
    if side == Side::Crm { &facts.crm } else { &facts.notion }
}

fn every(matching: &Matching) -> impl Iterator<Item = (Side, &RecordId, &Fate)> {
    Side::BOTH.into_iter().flat_map(move |side| matching.of(side).iter().map(move |(id, fate)| (side, id, fate)))
}

fn mirrored(facts: &Facts) -> Facts {
    Facts {
        crm: facts.notion.clone(),
        notion: facts.crm.clone(),
        ties: facts.ties.iter().map(|(crm, notion)| (notion.clone(), crm.clone())).collect(),
        tied_keys: facts
            .tied_keys
            .iter()
            .map(|((side, id), keys)| ((side.other(), id.clone()), keys.clone()))
            .collect(),
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn every_untied_record_has_one_fate_and_matches_are_mutual(facts in facts(), create in create()) {
        let matching = match_untied(&facts, create);
        for side in Side::BOTH {
            let (known, fated): (Vec<_>, Vec<_>) = (records(&facts, side).keys().collect(), matching.of(side).keys().collect());
            prop_assert_eq!(known, fated);
        }
        for (side, id, fate) in every(&matching) {
            if let Fate::Match(other) = fate {
                prop_assert_eq!(matching.of(side.other()).get(other), Some(&Fate::Match(id.clone())));
            }
        }
    }

    #[test]
    fn nothing_is_created_that_shares_its_best_key_with_anything_over_there(facts in facts(), create in create()) {
        let matching = match_untied(&facts, create);
        for (side, id, _) in every(&matching).filter(|(_, _, fate)| **fate == Fate::Create) {
            let record = &records(&facts, side)[id];
            if record.ordered || record.keys[0].is_empty() {
                continue;
            }
            let over_there = records(&facts, side.other()).iter().filter(|(other, record)| {
                // One that found its own counterpart by marker is somebody else.
                !record.ordered && !matches!(matching.of(side.other()).get(*other), Some(Fate::Match(_)))
            });
            for (other, twin) in over_there {
                prop_assert_ne!(&record.keys[0], &twin.keys[0], "{} is created beside {}", id, other);
            }
            for ((_, other), keys) in facts.tied_keys.iter().filter(|((at, _), _)| *at == side.other()) {
                prop_assert_ne!(&record.keys[0], &keys[0], "{} is created beside tied {}", id, other);
            }
        }
    }

    #[test]
    fn policy_survivors_and_orders_say_who_is_created(facts in facts(), create in create()) {
        for (side, id, fate) in every(&match_untied(&facts, create)) {
            let record = &records(&facts, side)[id];
            match fate {
                Fate::Create => prop_assert!(
                    record.ordered || (create.from(side) && record.ready && record.survivor_of.is_none())
                ),
                Fate::Wait => prop_assert!(create.from(side) && !record.ready && !record.incomplete),
                Fate::Orphan(_) => prop_assert!(!record.ordered),
                Fate::Match(_) => {}
            }
        }
    }

    #[test]
    fn a_page_that_carries_the_marker_of_a_tied_record_is_never_matched(facts in facts(), create in create()) {
        let matching = match_untied(&facts, create);
        for (page, record) in &facts.notion {
            let tied = record.marker.as_deref().and_then(|marker| facts.ties.get(marker));
            // Unless a record of the CRM says that it was made for this very page.
            let claimed = facts.crm.values().any(|it| it.marker.as_deref() == Some(page.as_str()));
            if let (Some(tied), false) = (tied, record.ordered || claimed) {
                prop_assert_eq!(&matching.notion[page], &Fate::Orphan(OrphanWhy::Copy { of: tied.clone() }));
            }
        }
    }

    #[test]
    fn without_markers_the_sides_are_alike(facts in facts()) {
        let mut facts = facts;
        facts.crm.values_mut().chain(facts.notion.values_mut()).for_each(|record| record.marker = None);
        let (matching, mirror) = (match_untied(&facts, Create::Both), match_untied(&mirrored(&facts), Create::Both));
        prop_assert_eq!(matching.crm, mirror.notion);
        prop_assert_eq!(matching.notion, mirror.crm);
    }
}
