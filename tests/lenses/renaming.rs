//! Names change and ids stay: properties and options that were renamed are what they were.

use crosstie::mapping::{Direction, FieldSpec, PairMap, PairSpec, Remembered};
use crosstie::model::{FieldInfo, Kind, OptionInfo, Schema, Side, Value};

use crate::world::{field_spec, info, pair_spec, schema, town};

/// A Notion property with options whose ids stay.
fn stages(kind: Kind, names: &[(&str, &str)]) -> FieldInfo {
    let option = |(stable, name): &(&str, &str)| OptionInfo {
        id: (*name).into(),
        label: (*name).into(),
        stable: Some((*stable).into()),
    };
    FieldInfo { options: names.iter().map(option).collect(), ..info(Side::Notion, &[kind]) }
}

fn notion(property: &str, marker: &str, stages: FieldInfo) -> Schema {
    let marker_info = FieldInfo { id: "marker".into(), ..info(Side::Notion, &[Kind::Text]) };
    schema("Deals", [(property, stages), (marker, marker_info)])
}

fn crm(warm: &str) -> Schema {
    let mut field = info(Side::Crm, &[Kind::Select]);
    field.options.iter_mut().filter(|option| option.id == "2").for_each(|option| option.label = warm.into());
    schema("Deal", [("F", field)])
}

fn pair(values: &[(&str, &str)]) -> PairSpec {
    let mut spec = field_spec("F", "P");
    spec.values = values.iter().map(|(key, name)| ((*key).to_owned(), (*name).to_owned())).collect();
    pair_spec("deals", vec![spec])
}

/// Compiles a pair after what was remembered, and remembers it.
fn read(configured: &PairSpec, crm: &Schema, notion: &Schema, before: &Remembered) -> (PairMap, Remembered) {
    let spec = before.follow(configured, notion);
    let map = PairMap::compile_after(&spec, crm, notion, std::slice::from_ref(configured), before).unwrap();
    let now = Remembered::of(&map, configured, notion, before);
    (map, now)
}

fn common(map: &PairMap, id: &str) -> Value {
    map.fields[0].to_common(Side::Crm, &Value::Choice(id.into()), &town(&[], &[], &[])).unwrap()
}

const BEFORE: [(&str, &str); 3] = [("a", "Call"), ("b", "Warm"), ("c", "Hot")];

#[test]
fn an_option_renamed_in_notion_keeps_its_counterpart_whether_configured_or_alike() {
    for kind in [Kind::Select, Kind::Status] {
        let configured = pair(&[("Cold call", "Call")]);
        let (before_map, before) =
            read(&configured, &crm("WARM"), &notion("P", "CRM ID", stages(kind, &BEFORE)), &Remembered::default());
        let after = notion("P", "CRM ID", stages(kind, &[("a", "Phoned"), ("b", "Lukewarm"), ("c", "Hot")]));
        let (map, now) = read(&configured, &crm("WARM"), &after, &before);
        assert_eq!(common(&map, "1"), Value::Choice("Phoned".into()));
        assert_eq!(common(&map, "2"), Value::Choice("Lukewarm".into()));
        assert_eq!(common(&map, "3"), Value::Choice("Hot".into()));
        let renamed = before.renamed(&now);
        let names = &renamed.options["F"];
        assert_eq!(names.len(), 2);
        assert_eq!((names["Call"].as_str(), names["Warm"].as_str()), ("Phoned", "Lukewarm"));
        assert_eq!(map.fields[0].hash, before_map.fields[0].hash, "it is no other mapping");
        // And once more: what was followed once is followed on.
        let last = notion("P", "CRM ID", stages(kind, &[("a", "Rung"), ("b", "Tepid"), ("c", "Hot")]));
        let (map, _) = read(&configured, &crm("WARM"), &last, &now);
        assert_eq!(common(&map, "1"), Value::Choice("Rung".into()));
        assert_eq!(common(&map, "2"), Value::Choice("Tepid".into()));
    }
}

#[test]
fn an_option_renamed_in_the_crm_keeps_its_counterpart_too() {
    let schema = notion("P", "CRM ID", stages(Kind::Select, &BEFORE));
    let (_, before) = read(&pair(&[]), &crm("WARM"), &schema, &Remembered::default());
    let (map, now) = read(&pair(&[]), &crm("Tepid"), &schema, &before);
    assert_eq!(common(&map, "2"), Value::Choice("Warm".into()));
    assert!(before.renamed(&now).options.is_empty(), "nothing that is remembered has another name");
    let (fresh, _) = read(&pair(&[]), &crm("Tepid"), &schema, &Remembered::default());
    assert_eq!(common(&fresh, "2"), Value::Choice("Tepid".into()), "on first contact the label counts");
}

#[test]
fn what_an_operator_configures_anew_is_not_what_was_remembered() {
    let schema = notion("P", "CRM ID", stages(Kind::Select, &BEFORE));
    let (_, before) = read(&pair(&[("2", "Warm")]), &crm("WARM"), &schema, &Remembered::default());
    let (map, _) = read(&pair(&[("2", "Quite new")]), &crm("WARM"), &schema, &before);
    assert_eq!(common(&map, "2"), Value::Choice("Quite new".into()));
}

#[test]
fn renamed_properties_are_found_by_their_ids_and_the_marker_too() {
    let configured = pair(&[]);
    let (_, before) =
        read(&configured, &crm("WARM"), &notion("P", "CRM ID", stages(Kind::Select, &BEFORE)), &Remembered::default());
    let after = notion("Phase", "Number there", stages(Kind::Select, &BEFORE));
    let (map, now) = read(&configured, &crm("WARM"), &after, &before);
    assert_eq!((map.fields[0].spec.notion.as_str(), map.spec.marker.as_str()), ("Phase", "Number there"));
    assert_eq!(before.renamed(&now).properties, [("P".into(), "Phase".into())]);
    // Another property of the old name is meant by that name.
    let mut both = after;
    both.fields.insert("P".into(), FieldInfo { id: "another".into(), ..stages(Kind::Select, &BEFORE) });
    let (map, last) = read(&configured, &crm("WARM"), &both, &now);
    assert_eq!(map.fields[0].spec.notion.as_str(), "P");
    assert!(now.renamed(&last).properties.is_empty(), "readings of the one are none of the other");
}

#[test]
fn an_option_that_came_new_is_no_rename() {
    let (_, before) =
        read(&pair(&[]), &crm("WARM"), &notion("P", "CRM ID", stages(Kind::Select, &BEFORE)), &Remembered::default());
    let more = [("a", "Call"), ("b", "Warm"), ("c", "Hot"), ("d", "Boiling")];
    let (map, now) = read(&pair(&[]), &crm("WARM"), &notion("P", "CRM ID", stages(Kind::Select, &more)), &before);
    let renamed = before.renamed(&now);
    assert!(renamed.options.is_empty() && renamed.properties.is_empty());
    assert_eq!(common(&map, "2"), Value::Choice("Warm".into()));
}

#[test]
fn fields_that_came_turned_round_or_match_otherwise_are_a_change() {
    let schema = notion("P", "CRM ID", stages(Kind::Select, &BEFORE));
    let (_, before) = read(&pair(&[]), &crm("WARM"), &schema, &Remembered::default());
    let changed = |spec: &PairSpec| {
        let (_, now) = read(spec, &crm("WARM"), &schema, &before);
        let renamed = before.renamed(&now);
        (renamed.reshaped, renamed.changed.len())
    };
    assert_eq!(changed(&pair(&[])), (false, 0));
    let mut more = pair(&[]);
    more.fields.push(FieldSpec { key: "again".into(), ..field_spec("F", "P") });
    assert_eq!(changed(&more), (true, 0), "one more field may be what was missing");
    let mut turned = pair(&[]);
    turned.fields[0].direction = Direction::CrmToNotion;
    assert_eq!(changed(&turned), (false, 1));
    let mut matched = pair(&[]);
    matched.match_by = if matched.match_by.is_empty() { vec!["F".into()] } else { Vec::new() };
    assert_eq!(changed(&matched), (true, 0));
}
