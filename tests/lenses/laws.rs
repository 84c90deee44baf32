//! The laws of a lens, over every pair of kinds that fits, with generated values and lookups.
//!
//! Each law counts the values that translate, so that it cannot hold for want of cases.

use std::collections::BTreeSet;

use crosstie::mapping::{FieldMap, Lookup, fit};
use crosstie::model::{Kind, PairName, Side, Value};
use jiff::{Timestamp, civil::Date};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;

use crate::world::{Town, mapped};

const CASES: usize = 150;

fn subset() -> impl Strategy<Value = BTreeSet<u8>> {
    prop::collection::btree_set(0u8..6, 0..6)
}

fn towns() -> impl Strategy<Value = Town> {
    (subset(), subset(), subset()).prop_map(|(crm_people, notion_people, ties)| Town {
        // Most people and ties are known on both sides, or nearly nothing would translate.
        crm_people: &crm_people | &BTreeSet::from([0, 1, 2]),
        notion_people: &notion_people | &BTreeSet::from([0, 1, 2]),
        ties: &ties | &BTreeSet::from([0, 1]),
    })
}

/// What a side can hold in a field of this kind, empty among it.
fn natives(side: Side, kind: Kind) -> BoxedStrategy<Value> {
    let option = move || {
        let ids = if side == Side::Crm { ["1", "2", "3", "4"] } else { ["Call", "Warm", "Hot", "Only there"] };
        prop::sample::select(ids.to_vec()).prop_map(str::to_owned)
    };
    let numbered = move |crm: &'static str, notion: &'static str| {
        let prefix = if side == Side::Crm { crm } else { notion };
        prop::collection::btree_set(0u8..6, 1..4)
            .prop_map(move |set| set.into_iter().map(|i| format!("{prefix}{i}")).collect::<Vec<_>>())
    };
    let some = match kind {
        Kind::Title | Kind::Text | Kind::Url => "[a-zà-é \r\n\u{301}]{1,12}".prop_map(Value::text).boxed(),
        Kind::Email => "[a-zA-Z]{1,5}@[a-z]{2,4}".prop_map(Value::text).boxed(),
        Kind::Phone => r"\+?[0-9][0-9 ()-]{2,11}".prop_map(Value::text).boxed(),
        Kind::Number => (-9_999_999_999_i64..9_999_999_999, 0u32..4)
            .prop_map(|(n, scale)| Value::number(Decimal::new(n, scale)))
            .boxed(),
        Kind::Checkbox => any::<bool>().prop_map(Value::Flag).boxed(),
        Kind::Date => {
            (1990i16..2060, 1i8..13, 1i8..29).prop_map(|(y, m, d)| Value::Date(Date::new(y, m, d).unwrap())).boxed()
        }
        Kind::DateTime => (-2_000_000_000_i64..4_000_000_000)
            .prop_map(move |second| {
                let second = if side == Side::Notion { second.div_euclid(60) * 60 } else { second };
                Value::DateTime(Timestamp::from_second(second).unwrap())
            })
            .boxed(),
        Kind::Select | Kind::Status => option().prop_map(Value::Choice).boxed(),
        Kind::MultiSelect => prop::collection::btree_set(option(), 1..4).prop_map(Value::choices).boxed(),
        Kind::People => numbered("u", "n").prop_map(Value::people).boxed(),
        Kind::Relation => numbered("", "page-").prop_map(Value::links).boxed(),
    };
    prop_oneof![1 => Just(Value::Empty), 6 => some].boxed()
}

struct Case {
    town: Town,
    crm: Value,
    notion: Value,
}

impl Case {
    fn on(&self, side: Side) -> &Value {
        if side == Side::Crm { &self.crm } else { &self.notion }
    }
}

/// Runs a law over every pair of kinds; it says whether the case was one.
fn every_pair(law: impl Fn(&FieldMap, &Case) -> bool) {
    let mut runner = TestRunner::deterministic();
    let mut pairs = 0;
    for (crm, notion) in Kind::ALL.into_iter().flat_map(|crm| Kind::ALL.map(|notion| (crm, notion))) {
        let Some(map) = mapped(crm, notion) else { continue };
        let strategy = (towns(), natives(Side::Crm, crm), natives(Side::Notion, notion));
        let mut held = 0;
        for _ in 0..CASES {
            let (town, crm, notion) = strategy.new_tree(&mut runner).unwrap().current();
            held += usize::from(law(&map, &Case { town, crm, notion }));
        }
        assert!(held > CASES / 10, "{crm:?} onto {notion:?}: only {held} of {CASES} cases translate");
        pairs += 1;
    }
    assert!(pairs > 50, "{pairs} pairs of kinds");
}

fn goes(map: &FieldMap, from: Side) -> bool {
    map.spec.direction.from(from)
}

#[test]
fn what_is_written_reads_back_as_what_was_meant() {
    every_pair(|map, case| {
        let mut held = false;
        for from in Side::BOTH.into_iter().filter(|side| goes(map, *side)) {
            let to = from.other();
            let Ok(common) = map.to_common(from, case.on(from), &case.town) else { continue };
            // What cannot be read is held and not written.
            if map.writes(to.other()) && map.to_common(to, case.on(to), &case.town).is_err() {
                continue;
            }
            let Ok(written) = map.to_native(to, &common, case.on(to), &case.town) else { continue };
            let read = map.to_common(to, &written, &case.town).unwrap();
            assert!(map.same(&read, &common), "{:?}: {common:?} written as {written:?} reads {read:?}", map.spec);
            assert!(map.accepts(to, &common, &read));
            held = true;
        }
        held
    });
}

#[test]
fn writing_what_was_read_changes_nothing() {
    every_pair(|map, case| {
        let mut held = false;
        for side in Side::BOTH.into_iter().filter(|side| map.writes(*side)) {
            let Ok(common) = map.to_common(side, case.on(side), &case.town) else { continue };
            let written = map.to_native(side, &common, case.on(side), &case.town).unwrap();
            let unticked = (case.on(side), &written) == (&Value::Empty, &Value::Flag(false));
            assert!(written == *case.on(side) || unticked, "{:?} {side}: {written:?}", map.spec);
            held = true;
        }
        held
    });
}

#[test]
fn an_echo_writes_nothing_back() {
    every_pair(|map, case| {
        let mut held = false;
        for from in Side::BOTH.into_iter().filter(|side| goes(map, *side)) {
            let to = from.other();
            let Ok(common) = map.to_common(from, case.on(from), &case.town) else { continue };
            // What cannot be read is held and not written.
            if map.writes(to.other()) && map.to_common(to, case.on(to), &case.town).is_err() {
                continue;
            }
            let Ok(written) = map.to_native(to, &common, case.on(to), &case.town) else { continue };
            let echo = map.to_common(to, &written, &case.town).unwrap();
            assert!(map.same(&echo, &common));
            held = true;
            if goes(map, to) && !case.on(from).is_empty() {
                let back = map.to_native(from, &echo, case.on(from), &case.town).unwrap();
                assert_eq!(back, *case.on(from), "{:?}", map.spec);
            }
        }
        held
    });
}

#[test]
fn canonical_forms_are_idempotent() {
    every_pair(|map, case| {
        let mut held = false;
        for side in Side::BOTH.into_iter().filter(|side| map.writes(*side) && map.fit_both()) {
            let Ok(common) = map.to_common(side, case.on(side), &case.town) else { continue };
            // Not the shortcut for an unchanged value: from nothing, as in a create.
            let Ok(written) = map.to_native(side, &common, &Value::Empty, &case.town) else { continue };
            let again = map.to_common(side, &written, &case.town).unwrap();
            assert!(map.same(&again, &common));
            let twice = map.to_native(side, &again, &Value::Empty, &case.town).unwrap();
            assert_eq!(twice, written, "{:?}", map.spec);
            assert_eq!(map.to_common(side, &twice, &case.town).unwrap(), again);
            held = true;
        }
        held || !map.fit_both()
    });
}

#[test]
fn foreign_people_and_untied_records_survive_every_write() {
    every_pair(|map, case| {
        for to in Side::BOTH.into_iter().filter(|side| map.writes(*side)) {
            let Ok(common) = map.to_common(to.other(), case.on(to.other()), &case.town) else { continue };
            let Ok(written) = map.to_native(to, &common, case.on(to), &case.town) else { continue };
            let (before, after) = (case.on(to).elements(), written.elements());
            let (Some(before), Some(after)) = (before, after) else { continue };
            for element in before.iter().filter(|element| is_foreign(map.kind, to, element, &case.town)) {
                assert!(after.contains(element), "{:?} lost {element}: {before:?} became {after:?}", map.spec);
            }
        }
        true
    });
}

fn is_foreign(kind: Kind, side: Side, element: &str, town: &Town) -> bool {
    match kind {
        Kind::Relation => town.crm_of(&PairName::from("deals"), side, element).is_none(),
        Kind::People => match town.email_of(side, element) {
            None => true,
            Some(email) => side == Side::Notion && town.user_of(Side::Crm, &email).is_none(),
        },
        _ => false,
    }
}

#[test]
fn sameness_is_an_equivalence_and_keys_respect_it() {
    let mut runner = TestRunner::deterministic();
    for kind in Kind::ALL {
        let map = mapped(kind, kind).unwrap();
        let strategy = prop::collection::vec(natives(Side::Crm, kind), 3);
        for _ in 0..CASES {
            let values = strategy.new_tree(&mut runner).unwrap().current();
            let [a, b, c] = values.as_slice() else { panic!("three values") };
            assert!(map.same(a, a));
            assert_eq!(map.same(a, b), map.same(b, a));
            assert!(!(map.same(a, b) && map.same(b, c)) || map.same(a, c));
            assert!(!map.same(a, b) || map.match_key(a) == map.match_key(b), "{a:?} {b:?}");
            assert!(map.accepts(Side::Notion, a, a));
        }
    }
}

#[test]
fn a_shown_value_can_be_typed_again() {
    let mut runner = TestRunner::deterministic();
    for kind in Kind::ALL {
        let map = mapped(kind, kind).unwrap();
        let town = Town { crm_people: (0..6).collect(), notion_people: (0..6).collect(), ties: (0..6).collect() };
        for _ in 0..CASES {
            let native = natives(Side::Crm, kind).new_tree(&mut runner).unwrap().current();
            let Ok(common) = map.to_common(Side::Crm, &native, &town) else { continue };
            let blank = common.show().trim().is_empty();
            let typed = map.parse(&common.show()).unwrap();
            // An address or number is typed without the white space around it.
            let trimmed = Value::text(common.show().trim());
            assert!(typed == common || blank || typed == trimmed, "{kind:?}: {common:?} {typed:?}");
        }
    }
}

trait BothWays {
    fn fit_both(&self) -> bool;
}

impl BothWays for FieldMap {
    fn fit_both(&self) -> bool {
        fit::fit(self.crm_kind, self.notion_kind).is_some_and(|fit| fit.only.is_none())
    }
}
