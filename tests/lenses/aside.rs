//! Fields that fitted the schemas and no longer do: set aside one by one, remembered, and bound to another base afterwards.

use crosstie::mapping::{PairMap, PairSpec, Problem, Remembered};
use crosstie::model::{FieldInfo, Kind, Schema, Side};

use crate::world::{field_spec, info, pair_spec, schema};

fn text(id: &str) -> FieldInfo {
    FieldInfo { id: id.into(), ..info(Side::Notion, &[Kind::Text]) }
}

fn notion(notes: Option<FieldInfo>) -> Schema {
    let mut found = schema("Deals", [("Other", text("other")), ("CRM ID", text("marker"))]);
    found.fields.extend(notes.map(|notes| ("Notes".into(), notes)));
    found
}

fn crm() -> Schema {
    schema("Deal", [("A", info(Side::Crm, &[Kind::Text])), ("B", info(Side::Crm, &[Kind::Text]))])
}

fn pair() -> PairSpec {
    pair_spec("deals", vec![field_spec("A", "Notes"), field_spec("B", "Other")])
}

fn read(configured: &PairSpec, notion: &Schema, before: &Remembered) -> Result<(PairMap, Remembered), Vec<Problem>> {
    let spec = before.follow(configured, notion);
    let map = PairMap::compile_after(&spec, &crm(), notion, std::slice::from_ref(configured), before)?;
    let now = Remembered::of(&map, configured, notion, before);
    Ok((map, now))
}

#[test]
fn what_never_fitted_is_a_problem_and_what_fitted_before_is_set_aside() {
    let none = Remembered::default();
    assert_eq!(read(&pair(), &notion(None), &none).unwrap_err()[0].field, Some("A".into()));
    let (first, known) = read(&pair(), &notion(Some(text("notes"))), &none).unwrap();
    assert!(first.aside.is_empty() && first.tells_apart());
    for lost in [None, Some(FieldInfo { id: "notes".into(), ..info(Side::Notion, &[Kind::Relation]) })] {
        let (map, now) = read(&pair(), &notion(lost), &known).unwrap();
        assert_eq!(map.aside.iter().map(|aside| aside.key.as_str()).collect::<Vec<_>>(), ["A"]);
        assert_eq!(map.fields.len(), 1);
        assert_eq!(map.fields[0].hash, first.fields[1].hash, "the other keeps its base");
        for side in Side::BOTH {
            assert_eq!(map.entity(side).fields.len(), 1, "nothing of it is read or written");
        }
        assert!(known.renamed(&now).reshaped && known.renamed(&now).returned.is_empty());
    }
    // A name that nobody ever kept in step is the operator's mistake.
    let mut mistyped = pair();
    mistyped.fields[0].notion = "Nots".into();
    assert!(read(&mistyped, &notion(Some(text("notes"))), &known).is_err());
}

#[test]
fn a_field_that_fits_again_is_bound_to_another_base_each_time_and_once_for_each_time() {
    let whole = notion(Some(text("notes")));
    let (map, known) = read(&pair(), &whole, &Remembered::default()).unwrap();
    let (mut hashes, mut known) = (vec![map.fields[0].hash.clone()], known);
    for _ in 0..2 {
        for _ in 0..3 {
            known = read(&pair(), &notion(None), &known).unwrap().1;
        }
        let (map, now) = read(&pair(), &whole, &known).unwrap();
        let renamed = known.renamed(&now);
        assert_eq!(renamed.returned.iter().map(|key| key.as_str()).collect::<Vec<_>>(), ["A"]);
        known = now;
        let (again, same) = read(&pair(), &whole, &known).unwrap();
        assert_eq!((&again.fields[0].hash, &same), (&map.fields[0].hash, &known), "looking again changes nothing");
        hashes.push(map.fields[0].hash.clone());
    }
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 3);
}

#[test]
fn without_its_key_a_pair_tells_nothing_apart_and_with_no_field_left_it_is_none() {
    let mut keyed = pair();
    keyed.match_by = vec!["A".into()];
    let (_, known) = read(&keyed, &notion(Some(text("notes"))), &Remembered::default()).unwrap();
    let (map, _) = read(&keyed, &notion(None), &known).unwrap();
    assert!(!map.tells_apart());
    let mut bare = notion(None);
    bare.fields.remove("Other");
    let problems = read(&keyed, &bare, &known).unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:?}");
}
