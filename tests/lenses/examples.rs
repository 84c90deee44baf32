//! Single promises of translation, by example.

use crosstie::mapping::{Direction, FieldMap, FieldSpec, PairMap, Unmapped};
use crosstie::model::{FieldInfo, Kind, Side, Value};

use crate::world::{choice, field, field_spec, info, links, mapped, options, pair_spec, people, schema, text, town};

fn stage() -> FieldMap {
    let mut crm = info(Side::Crm, &[Kind::Status]);
    crm.options = options(&[("NEW", "New lead"), ("WON", "Won"), ("C1:WON", "Won"), ("UC_X", "Odd")]);
    let mut notion = info(Side::Notion, &[Kind::Status]);
    notion.options = options(&[("New", "New"), ("won", "won"), ("Paused", "Paused")]);
    field(crm, notion, |spec| spec.values = [("NEW".to_owned(), "new".to_owned())].into()).unwrap()
}

fn reason<T: std::fmt::Debug>(result: Result<T, Unmapped>) -> String {
    result.unwrap_err().reason
}

#[test]
fn options_correspond_by_the_configuration_and_then_by_label() {
    let (map, nobody) = (stage(), town(&[], &[], &[]));
    // The configuration says `new`; Notion spells it `New`.
    assert_eq!(map.to_common(Side::Crm, &choice("NEW"), &nobody).unwrap(), choice("New"));
    assert_eq!(map.to_common(Side::Crm, &choice("C1:WON"), &nobody).unwrap(), choice("won"));
    assert_eq!(map.to_native(Side::Crm, &choice("New"), &Value::Empty, &nobody).unwrap(), choice("NEW"));
}

#[test]
fn an_option_without_a_counterpart_says_what_to_add() {
    let (map, nobody) = (stage(), town(&[], &[], &[]));
    let missing = reason(map.to_common(Side::Crm, &choice("UC_X"), &nobody));
    assert!(missing.contains("add `UC_X = \"...\"` under values of F"), "{missing}");
    let missing = reason(map.to_native(Side::Crm, &choice("Paused"), &Value::Empty, &nobody));
    assert!(missing.contains("`<CRM option> = \"Paused\"`"), "{missing}");
    // Notion answers 400 to an unknown status and never creates it.
    assert!(reason(map.to_native(Side::Notion, &choice("Odd"), &Value::Empty, &nobody)).contains("no option `Odd`"));
}

#[test]
fn a_name_of_several_crm_options_keeps_the_one_that_is_set() {
    let (map, nobody) = (stage(), town(&[], &[], &[]));
    let kept = map.to_native(Side::Crm, &choice("won"), &choice("C1:WON"), &nobody).unwrap();
    assert_eq!(kept, choice("C1:WON"));
    let refused = reason(map.to_native(Side::Crm, &choice("won"), &choice("NEW"), &nobody));
    assert!(refused.contains("C1:WON, WON"), "{refused}");
}

#[test]
fn a_select_may_take_a_new_option_and_only_one_that_the_crm_knows() {
    let (map, nobody) = (mapped(Kind::Select, Kind::Select).unwrap(), town(&[], &[], &[]));
    assert_eq!(map.to_common(Side::Crm, &choice("4"), &nobody).unwrap(), choice("Extra"));
    assert_eq!(map.to_native(Side::Notion, &choice("Extra"), &Value::Empty, &nobody).unwrap(), choice("Extra"));
    assert!(map.to_native(Side::Notion, &choice("Typo"), &Value::Empty, &nobody).is_err());
}

#[test]
fn no_option_is_created_unless_the_field_says_so() {
    let field = |kind: Kind, create: bool| {
        let (crm, notion) = (info(Side::Crm, &[kind]), info(Side::Notion, &[kind]));
        field(crm, notion, |spec| spec.create_options = create)
    };
    let nobody = town(&[], &[], &[]);
    for kind in [Kind::Select, Kind::MultiSelect] {
        let held = |id: &str| if kind == Kind::Select { choice(id) } else { Value::choices([id.to_owned()]) };
        let map = field(kind, false).unwrap();
        let common = map.to_common(Side::Crm, &held("4"), &nobody).unwrap();
        assert_eq!(common, held("Only here"), "it is shown all the same");
        let refused = reason(map.to_native(Side::Notion, &common, &Value::Empty, &nobody));
        assert!(refused.contains("no option `Only here`") && refused.contains("create_options = true"), "{refused}");
        assert_eq!(map.missing_options(), ["Cold call", "Only here"]);
        let may = field(kind, true).unwrap();
        assert_eq!(may.to_native(Side::Notion, &common, &Value::Empty, &nobody).unwrap(), common);
        assert!(may.missing_options().is_empty());
    }
    let problems = field(Kind::Status, true).unwrap_err();
    assert!(problems[0].what.contains("create_options") && problems[0].mend.contains("status"), "{problems:?}");
}

#[test]
fn what_a_side_computes_is_told_as_text_where_text_is_wanted() {
    let computed = FieldInfo { writable: false, ..info(Side::Notion, &[Kind::Text, Kind::Number, Kind::Checkbox]) };
    let to = |kind: Kind| {
        let crm = info(Side::Crm, &[kind]);
        field(crm, computed.clone(), |spec| spec.direction = Direction::NotionToCrm).unwrap()
    };
    let nobody = town(&[], &[], &[]);
    let number = Value::number("3.50".parse().unwrap());
    assert_eq!(to(Kind::Text).to_common(Side::Notion, &number, &nobody).unwrap(), text("3.5"));
    assert_eq!(to(Kind::Number).to_common(Side::Notion, &number, &nobody).unwrap(), number);
    assert!(to(Kind::Number).to_common(Side::Notion, &text("n/a"), &nobody).is_err(), "a text is no number");
}

#[test]
fn people_whom_the_other_side_does_not_know_keep_their_address_as_text() {
    let map = mapped(Kind::People, Kind::Text).unwrap();
    // Nobody in Notion has any of these addresses.
    let town = town(&[0, 1], &[], &[]);
    let common = map.to_common(Side::Crm, &people(&["u0", "u1"]), &town).unwrap();
    let written = map.to_native(Side::Notion, &common, &Value::Empty, &town).unwrap();
    assert_eq!(written, text("p0@example.org, p1@example.org"));
    let map = mapped(Kind::Text, Kind::People).unwrap();
    let common = map.to_common(Side::Notion, &people(&["n4"]), &self::town(&[], &[4], &[])).unwrap();
    assert_eq!(common, text("p4@example.org"), "nor does it have to be a user of the CRM");
}

#[test]
fn whoever_stands_in_for_nobody_is_somebody_where_the_other_side_knows_them() {
    let owned = |user: &str| {
        let crm = FieldInfo { empty_is: Some(people(&[user])), ..info(Side::Crm, &[Kind::People]) };
        field(crm, info(Side::Notion, &[Kind::People]), |_| ()).unwrap()
    };
    let map = owned("u1");
    let common = |town: &_| map.to_common(Side::Crm, &people(&["u1"]), town).unwrap();
    assert_eq!(common(&town(&[0, 1], &[0], &[])), Value::Empty);
    assert_eq!(common(&town(&[0, 1], &[0, 1], &[])), people(&["p1@example.org"]));
    // What was agreed on while another account stood in for nobody says nothing any more.
    assert_ne!(map.hash, owned("u0").hash);
    assert_ne!(map.hash, mapped(Kind::People, Kind::People).unwrap().hash);
}

#[test]
fn foreign_people_are_left_out_and_carried() {
    let map = mapped(Kind::People, Kind::People).unwrap();
    // Person 2 is not in the CRM, person 9 is a guest without an address.
    let town = town(&[0, 1], &[0, 1, 2], &[]);
    let there = people(&["n0", "n2", "n9"]);
    assert_eq!(map.to_common(Side::Notion, &there, &town).unwrap(), people(&["p0@example.org"]));
    let written = map.to_native(Side::Notion, &people(&["p1@example.org"]), &there, &town).unwrap();
    assert_eq!(written, people(&["n1", "n2", "n9"]));
    assert_eq!(map.to_native(Side::Notion, &Value::Empty, &there, &town).unwrap(), people(&["n2", "n9"]));
}

fn responsible() -> FieldMap {
    let mut crm = info(Side::Crm, &[Kind::People]);
    crm.multiple = false;
    field(crm, info(Side::Notion, &[Kind::People]), |_| ()).unwrap()
}

#[test]
fn several_people_do_not_go_into_a_field_for_one() {
    let (map, town) = (responsible(), town(&[0, 1], &[0, 1], &[]));
    let both = map.to_common(Side::Notion, &people(&["n0", "n1"]), &town).unwrap();
    assert!(reason(map.to_native(Side::Crm, &both, &people(&["u0"]), &town)).contains("leave one"));
    assert!(map.parse("p0@example.org, p1@example.org").is_err());
}

#[test]
fn a_crm_user_nobody_knows_is_refused_and_never_nobody() {
    let (map, town) = (responsible(), town(&[0, 1], &[0], &[]));
    assert!(reason(map.to_common(Side::Crm, &people(&["u7"]), &town)).contains("user u7"));
    let absent = map.to_common(Side::Crm, &people(&["u1"]), &town).unwrap();
    assert!(reason(map.to_native(Side::Notion, &absent, &Value::Empty, &town)).contains("p1@example.org"));
    // A guest in the place of the responsible person must not clear the CRM.
    assert!(map.to_common(Side::Notion, &people(&["n9"]), &town).is_err());
}

#[test]
fn people_become_text_one_way() {
    let map = mapped(Kind::People, Kind::Email).unwrap();
    let town = town(&[0], &[], &[]);
    assert_eq!(map.to_common(Side::Crm, &people(&["u0"]), &town).unwrap(), text("p0@example.org"));
    assert!(map.to_native(Side::Crm, &text("p0@example.org"), &Value::Empty, &town).is_err());
}

#[test]
fn untied_records_are_carried_through_a_write() {
    let (map, town) = (mapped(Kind::Relation, Kind::Relation).unwrap(), town(&[], &[], &[1, 2]));
    let there = links(&["page-1", "page-5"]);
    assert_eq!(map.to_common(Side::Notion, &there, &town).unwrap(), links(&["1"]));
    assert_eq!(map.to_native(Side::Notion, &links(&["2"]), &there, &town).unwrap(), links(&["page-2", "page-5"]));
    assert!(reason(map.to_native(Side::Notion, &links(&["3"]), &there, &town)).contains("no tie for the CRM record 3"));
}

#[test]
fn a_relation_with_room_for_one_takes_one_and_loses_none() {
    let mut crm = info(Side::Crm, &[Kind::Relation]);
    crm.multiple = false;
    let map = field(crm, info(Side::Notion, &[Kind::Relation]), |_| ()).unwrap();
    let town = town(&[], &[], &[1, 2]);
    assert!(map.to_native(Side::Crm, &links(&["1", "2"]), &Value::Empty, &town).is_err());
    assert!(reason(map.to_native(Side::Crm, &links(&["1"]), &links(&["5"]), &town)).contains("untied"));
    assert_eq!(map.to_native(Side::Crm, &Value::Empty, &links(&["5"]), &town).unwrap(), links(&["5"]));
    assert_eq!(map.to_native(Side::Crm, &links(&["1"]), &links(&["2"]), &town).unwrap(), links(&["1"]));
}

#[test]
fn date_times_are_the_same_within_a_minute() {
    let map = mapped(Kind::DateTime, Kind::DateTime).unwrap();
    let at = |text: &str| Value::DateTime(text.parse().unwrap());
    assert!(map.same(&at("2026-03-01T10:00:59Z"), &at("2026-03-01T10:00:00Z")));
    assert!(!map.same(&at("2026-03-01T10:01:00Z"), &at("2026-03-01T10:00:59Z")));
    assert!(map.same(&at("1969-12-31T23:59:01Z"), &at("1969-12-31T23:59:59.5Z")));
    assert!(!map.same(&at("1969-12-31T23:59:59.5Z"), &at("1970-01-01T00:00:00Z")));
}

#[test]
fn a_day_and_a_time_are_never_made_of_each_other() {
    let nobody = town(&[], &[], &[]);
    let notion = info(Side::Notion, &[Kind::DateTime, Kind::Date]);
    let (day, at) =
        (Value::Date("2026-03-01".parse().unwrap()), Value::DateTime("2026-03-01T10:00:00Z".parse().unwrap()));
    let map = field(info(Side::Crm, &[Kind::Date]), notion.clone(), |_| ()).unwrap();
    assert_eq!((map.kind, map.lossy()), (Kind::Date, None));
    assert_eq!(map.to_common(Side::Notion, &at, &nobody).unwrap(), at);
    assert!(reason(map.to_native(Side::Crm, &at, &day, &nobody)).contains("remove the time"));
    let map = field(info(Side::Crm, &[Kind::DateTime]), notion, |_| ()).unwrap();
    assert_eq!(map.kind, Kind::DateTime);
    assert!(reason(map.to_native(Side::Crm, &day, &at, &nobody)).contains("add one"));
}

fn zone(name: &str) -> Option<jiff::tz::TimeZone> {
    Some(jiff::tz::TimeZone::get(name).unwrap())
}

fn day(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

fn moment(text: &str) -> Value {
    Value::DateTime(text.parse().unwrap())
}

#[test]
fn a_moment_counts_as_the_day_of_the_named_time_zone_and_moves_along_with_its_time_of_day() {
    let nobody = town(&[], &[], &[]);
    let notion = info(Side::Notion, &[Kind::DateTime, Kind::Date]);
    // At the edges of days, west and east of Greenwich, and where the clocks change.
    for (name, at, is_on, moved_to, then) in [
        ("Europe/Berlin", "2026-03-01T00:00:00+01:00", "2026-03-01", "2026-04-02", "2026-04-02T00:00:00+02:00"),
        ("Europe/Berlin", "2026-02-28T23:59:00+01:00", "2026-02-28", "2026-03-01", "2026-03-01T23:59:00+01:00"),
        ("America/New_York", "2026-03-01T23:59:00-05:00", "2026-03-01", "2026-03-31", "2026-03-31T23:59:00-04:00"),
        ("America/New_York", "2026-03-02T04:30:00Z", "2026-03-01", "2026-03-02", "2026-03-03T04:30:00Z"),
        ("Pacific/Auckland", "2026-03-01T11:00:00Z", "2026-03-02", "2026-03-01", "2026-02-28T11:00:00Z"),
        // On that day there is no half past two in the night.
        ("Europe/Berlin", "2026-03-28T02:30:00+01:00", "2026-03-28", "2026-03-29", "2026-03-29T03:30:00+02:00"),
    ] {
        let map = field(info(Side::Crm, &[Kind::Date]), notion.clone(), |spec| spec.zone = zone(name)).unwrap();
        let (at, is_on) = (moment(at), day(is_on));
        assert_eq!(map.to_common(Side::Notion, &at, &nobody).unwrap(), is_on, "{name}");
        assert_eq!(map.to_native(Side::Crm, &is_on, &Value::Empty, &nobody).unwrap(), is_on, "{name}");
        assert_eq!(map.to_native(Side::Notion, &is_on, &at, &nobody).unwrap(), at, "it says so already");
        let moved_to = day(moved_to);
        let written = map.to_native(Side::Notion, &moved_to, &at, &nobody).unwrap();
        assert_eq!(written, moment(then), "{name}: the time of day stays");
        assert_eq!(map.to_common(Side::Notion, &written, &nobody).unwrap(), moved_to, "{name}: and back");
        assert_eq!(map.to_native(Side::Notion, &moved_to, &Value::Empty, &nobody).unwrap(), moved_to);
    }
}

#[test]
fn a_day_counts_as_its_first_moment_in_the_named_time_zone_and_stays_a_day_while_it_can() {
    let nobody = town(&[], &[], &[]);
    let notion = info(Side::Notion, &[Kind::DateTime, Kind::Date]);
    for (name, written, begins) in [
        ("Europe/Berlin", "2026-03-29", "2026-03-29T00:00:00+01:00"),
        ("Europe/Berlin", "2026-03-30", "2026-03-30T00:00:00+02:00"),
        ("America/New_York", "2026-03-01", "2026-03-01T05:00:00Z"),
        // The clocks went forward at midnight: that day began at one o'clock.
        ("America/Sao_Paulo", "2017-10-15", "2017-10-15T03:00:00Z"),
    ] {
        let map = field(info(Side::Crm, &[Kind::DateTime]), notion.clone(), |spec| spec.zone = zone(name)).unwrap();
        let (written, begins) = (day(written), moment(begins));
        assert_eq!(map.to_common(Side::Notion, &written, &nobody).unwrap(), begins, "{name}");
        assert_eq!(map.to_native(Side::Crm, &begins, &Value::Empty, &nobody).unwrap(), begins, "{name}");
        assert_eq!(map.to_native(Side::Notion, &begins, &written, &nobody).unwrap(), written, "it says so already");
        let other = day("2026-01-01");
        assert_eq!(map.to_native(Side::Notion, &begins, &other, &nobody).unwrap(), written, "a day stays one");
        let later = moment("2026-07-01T12:30:00Z");
        assert_eq!(map.to_native(Side::Notion, &later, &other, &nobody).unwrap(), later, "a time is none to lose");
    }
}

#[test]
fn on_which_day_a_moment_falls_is_never_guessed() {
    let made = |of: Option<&str>| {
        field(info(Side::Crm, &[Kind::DateTime]), info(Side::Notion, &[Kind::Date]), |spec| {
            spec.direction = Direction::CrmToNotion;
            spec.zone = of.and_then(zone);
        })
    };
    let problem = made(None).unwrap_err().remove(0);
    assert!(problem.what.contains("depends on the time zone") && problem.mend.contains("time_zone = "), "{problem}");
    let native = moment("2026-03-01T01:30:00+03:00");
    for (name, falls_on) in [("UTC", "2026-02-28"), ("Europe/Moscow", "2026-03-01")] {
        let map = made(Some(name)).unwrap();
        assert_eq!(map.to_common(Side::Crm, &native, &town(&[], &[], &[])).unwrap(), day(falls_on), "{name}");
    }
    let hash = |name| made(Some(name)).unwrap().hash;
    assert_ne!(hash("UTC"), hash("Europe/Moscow"), "in another zone it is another agreement");
}

#[test]
fn declared_normalisations_are_accepted_and_others_are_not() {
    let accepts = |kind, sent: &str, got: &str| mapped(kind, kind).unwrap().accepts(Side::Crm, &text(sent), &text(got));
    assert!(accepts(Kind::Phone, "+7 (900) 123-45", "790012345"));
    assert!(!accepts(Kind::Phone, "+7 900", "+7 901"));
    assert!(accepts(Kind::Email, "Anna@Example.org", "anna@example.org"));
    assert!(!accepts(Kind::Text, "Anna", "anna"));
    assert!(accepts(Kind::Text, "Anna \n", "Anna"));
    assert!(!accepts(Kind::Text, " Anna", "Anna"));
    assert!(accepts(Kind::Text, "  ", ""));
    // Case of an address is a normalisation after a write, and a difference between two people's edits.
    assert!(!mapped(Kind::Email, Kind::Email).unwrap().same(&text("A@b"), &text("a@b")));
}

#[test]
fn zero_is_nothing_only_where_a_side_cannot_hold_nothing() {
    let (zero, one) = (Value::number(0.into()), Value::number(1.into()));
    let mut crm = info(Side::Crm, &[Kind::Number]);
    let map = field(crm.clone(), info(Side::Notion, &[Kind::Number]), |_| ()).unwrap();
    assert!(!map.same(&Value::Empty, &zero) && !map.accepts(Side::Crm, &Value::Empty, &zero));
    crm.empty_is = Some(zero.clone());
    let map = field(crm, info(Side::Notion, &[Kind::Number]), |_| ()).unwrap();
    assert!(map.same(&Value::Empty, &zero) && map.accepts(Side::Crm, &Value::Empty, &zero));
    assert!(!map.same(&Value::Empty, &one) && !map.accepts(Side::Crm, &Value::Empty, &one));
}

#[test]
fn a_status_that_falls_back_to_its_default_took_the_clearing() {
    let mut notion = info(Side::Notion, &[Kind::Status]);
    notion.empty_is = Some(choice("Warm"));
    let map = field(info(Side::Crm, &[Kind::Select]), notion, |_| ()).unwrap();
    assert!(map.accepts(Side::Notion, &Value::Empty, &choice("Warm")));
    assert!(!map.accepts(Side::Notion, &Value::Empty, &choice("Hot")));
    assert!(!map.same(&Value::Empty, &choice("Warm")));
}

#[test]
fn text_is_compared_composed_and_with_plain_line_ends_and_never_trimmed() {
    let (map, nobody) = (mapped(Kind::Text, Kind::Text).unwrap(), town(&[], &[], &[]));
    let read = |text: &str| map.to_common(Side::Crm, &Value::text(text), &nobody).unwrap();
    assert_eq!(read("e\u{301}\r\nb\rc"), text("é\nb\nc"));
    assert_eq!(read("  a  b "), text("  a  b "));
}

#[test]
fn records_match_by_what_people_mean() {
    let key = |kind, value: &str| mapped(kind, kind).unwrap().match_key(&Value::text(value));
    assert_eq!(key(Kind::Email, "Anna@Example.org"), key(Kind::Email, " anna@example.org"));
    assert_eq!(key(Kind::Phone, "+7 (900) 1"), Some("79001".into()));
    assert_eq!(key(Kind::Text, "Anna  Smith "), Some("anna smith".into()));
    assert_eq!(key(Kind::Text, "  "), None);
    assert_eq!(key(Kind::Phone, "none"), None);
}

#[test]
fn typed_values_are_checked() {
    let parse = |kind, text: &str| mapped(kind, kind).unwrap().parse(text);
    assert_eq!(parse(Kind::Number, "12.50").unwrap(), Value::number("12.5".parse().unwrap()));
    assert!(parse(Kind::Number, "12,50").unwrap_err().contains("point"));
    assert_eq!(parse(Kind::Status, "warm").unwrap(), choice("Warm"));
    assert!(parse(Kind::Status, "Wram").unwrap_err().contains("did you mean `Warm`"));
    assert_eq!(parse(Kind::Checkbox, "Yes").unwrap(), Value::Flag(true));
    assert_eq!(parse(Kind::Date, "").unwrap(), Value::Empty);
    assert!(parse(Kind::Date, "2026-03-01 10:00").is_err());
    let at = parse(Kind::DateTime, "2026-03-01 10:00").unwrap();
    assert_eq!(at, parse(Kind::DateTime, "2026-03-01T12:00:00+02:00").unwrap());
    assert!(parse(Kind::DateTime, "2026-03-01").is_err());
    assert!(parse(Kind::People, "anna").is_err());
    assert!(parse(Kind::MultiSelect, "warm, Hot").unwrap().elements().unwrap().len() == 2);
}

#[test]
fn the_hash_changes_with_the_conversion_and_with_nothing_else() {
    let base = stage();
    let with = |edit: &dyn Fn(&mut crosstie::model::FieldInfo, &mut crosstie::mapping::FieldSpec)| {
        let mut notion = base.notion.clone();
        let mut spec = base.spec.clone();
        edit(&mut notion, &mut spec);
        field(base.crm.clone(), notion, |given| *given = spec).unwrap().hash
    };
    assert_eq!(base.hash.len(), 32);
    assert_eq!(with(&|_, _| ()), base.hash);
    assert_eq!(with(&|_, spec| spec.direction = Direction::CrmToNotion), base.hash);
    assert_eq!(with(&|notion, _| notion.options.extend(options(&[("More", "More")]))), base.hash);
    assert_ne!(with(&|notion, _| notion.id = "other".into()), base.hash);
    assert_ne!(with(&|notion, _| notion.kinds = vec![Kind::Select]), base.hash);
    assert_ne!(with(&|_, spec| drop(spec.values.insert("UC_X".into(), "Paused".into()))), base.hash);
}

#[test]
fn a_pair_names_what_is_to_be_read_on_each_side() {
    let pair = pair_spec("deals", vec![field_spec("TITLE", "Name"), field_spec("F", "P")]);
    let plain = |side| info(side, &[Kind::Text]);
    let crm = schema("Deal", [("TITLE", plain(Side::Crm)), ("F", plain(Side::Crm))]);
    let notion = schema(
        "Deals",
        [("Name", info(Side::Notion, &[Kind::Title])), ("P", plain(Side::Notion)), ("CRM ID", plain(Side::Notion))],
    );
    let map = PairMap::compile(&pair, &crm, &notion, &[]).unwrap();
    assert_eq!(map.title, Some("TITLE".into()));
    let (crm, notion) = (map.entity(Side::Crm), map.entity(Side::Notion));
    assert_eq!((crm.name.as_str(), crm.marker), ("deal", None));
    assert_eq!(notion.fields, ["Name".into(), "P".into()]);
    assert_eq!((notion.name.as_str(), notion.marker), ("source-deals", Some("CRM ID".into())));
}

#[test]
fn people_whom_nobody_corresponds_to_are_named_in_the_fallback_and_are_no_conflict_of_the_people() {
    // Person 2 works in the CRM alone.
    let town = town(&[1, 2], &[1, 3], &[]);
    let people = |users: &[&str]| Value::people(users.iter().map(|user| (*user).to_owned()));
    let spec = |edit: &mut FieldSpec| edit.fallback = Some("Who else".into());
    for several in [false, true] {
        let crm = FieldInfo { multiple: several, ..info(Side::Crm, &[Kind::People]) };
        let notion = FieldInfo { multiple: true, ..info(Side::Notion, &[Kind::People]) };
        let plain = field(crm.clone(), notion.clone(), |_| {}).unwrap();
        let common = plain.to_common(Side::Crm, &people(&["u2"]), &town).unwrap();
        assert!(plain.to_native(Side::Notion, &common, &Value::Empty, &town).is_err(), "without a fallback it is held");
        let map = field(crm.clone(), notion, spec).unwrap();
        assert_ne!(map.hash, plain.hash, "what was agreed on before means others");
        let common = map.to_common(Side::Crm, &people(&["u2"]), &town).unwrap();
        assert_eq!(common, Value::Empty);
        // Somebody in Notion takes over; who has no counterpart is carried where there is room for two.
        let anna = people(&["p1@example.org"]);
        let wanted = if several { people(&["u1", "u2"]) } else { people(&["u1"]) };
        assert_eq!(map.to_native(Side::Crm, &anna, &people(&["u2"]), &town).unwrap(), wanted);
        assert_eq!(map.to_common(Side::Crm, &people(&["u1"]), &town).unwrap(), anna);
        let text = field(crm, info(Side::Notion, &[Kind::Text]), |edit| {
            edit.fallback = Some("P".into());
            *edit = edit.of_unmatched().unwrap();
        });
        let text = text.unwrap();
        let said = |users: &[&str]| text.to_common(Side::Crm, &people(users), &town).unwrap();
        assert_eq!((said(&["u2"]), said(&["u1"])), (Value::text("p2@example.org"), Value::text("")));
        assert!(!text.writes(Side::Crm));
    }
    let crm = info(Side::Crm, &[Kind::Text]);
    assert!(field(crm, info(Side::Notion, &[Kind::Text]), spec).is_err(), "only people have a fallback");
}
