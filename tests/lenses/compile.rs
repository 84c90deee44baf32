//! What a pair is refused for, and how the refusal says to mend it.

use crosstie::mapping::{Create, Direction, FieldSpec, PairMap, PairSpec, Problem};
use crosstie::model::{FieldInfo, FieldName, Kind, Schema, Side};

use crate::world::{field, field_spec, info, options, pair_spec, schema};

fn schemas() -> (Schema, Schema) {
    let crm = |kinds: &[Kind]| info(Side::Crm, kinds);
    let notion = |kinds: &[Kind]| info(Side::Notion, kinds);
    let mut created = crm(&[Kind::DateTime]);
    created.writable = false;
    let mut links = crm(&[Kind::Relation]);
    links.target = Some("contact".into());
    let mut contacts = notion(&[Kind::Relation]);
    contacts.target = Some("ABCD-12".into());
    let crm = schema("Deal", [("TITLE", crm(&[Kind::Text])), ("DATE_CREATE", created), ("CONTACT_IDS", links)]);
    let notion = schema(
        "Deals",
        [
            ("Name", notion(&[Kind::Title])),
            ("Created", notion(&[Kind::DateTime, Kind::Date])),
            ("Contacts", contacts),
            ("CRM ID", notion(&[Kind::Text])),
        ],
    );
    (crm, notion)
}

fn contacts(data_source: &str, crm: &str) -> PairSpec {
    PairSpec { data_source: data_source.into(), crm: crm.into(), ..pair_spec("contacts", vec![]) }
}

fn refused(pair: PairSpec, others: &[PairSpec]) -> Vec<Problem> {
    refused_where(pair, others, |_| ())
}

fn refused_where(pair: PairSpec, others: &[PairSpec], change: impl Fn(&mut Schema)) -> Vec<Problem> {
    let (crm, mut notion) = schemas();
    change(&mut notion);
    let mut all = others.to_vec();
    all.push(pair.clone());
    PairMap::compile(&pair, &crm, &notion, &all).err().unwrap_or_default()
}

fn only(problems: Vec<Problem>) -> Problem {
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.into_iter().next().unwrap()
}

fn says(problem: &Problem, field: Option<&str>, what: &str, mend: &str) {
    assert_eq!(problem.field.as_ref().map(|key| key.as_str()), field, "{problem}");
    assert!(problem.what.contains(what), "{problem}");
    assert!(problem.mend.contains(mend), "{problem}");
}

#[test]
fn unknown_fields_and_properties_are_named_with_the_nearest() {
    let problems = refused(pair_spec("deals", vec![field_spec("TILTE", "Nmae")]), &[]);
    assert_eq!(problems.len(), 2);
    says(&problems[0], Some("TILTE"), "`Deal` has no field `TILTE`; did you mean `TITLE`?", "correct");
    says(&problems[1], Some("TILTE"), "`Deals` has no property `Nmae`; did you mean `Name`?", "in Notion");
}

#[test]
fn a_label_in_place_of_a_field_name_is_recognised() {
    let problem = refused(pair_spec("deals", vec![field_spec("a label", "Name")]), &[]);
    assert!(problem[0].what.contains("is the label of `"), "{}", problem[0]);
}

#[test]
fn kinds_that_do_not_fit_say_what_would() {
    let error = field(info(Side::Crm, &[Kind::Number]), info(Side::Notion, &[Kind::Checkbox]), |_| ()).unwrap_err();
    says(&only(error), Some("F"), "`F` is number (number) and `P` is checkbox", "number");
    let error = field(info(Side::Crm, &[]), info(Side::Notion, &[Kind::Text]), |_| ()).unwrap_err();
    says(&only(error), Some("F"), "type opaque, which cannot be mapped", "another");
}

#[test]
fn where_our_own_key_lies_is_nobodys_to_map_in_either_spelling_and_direction() {
    for name in ["ORIGIN_ID", "originId", "XML_ID"] {
        for direction in [Direction::Both, Direction::CrmToNotion, Direction::NotionToCrm] {
            let (mut crm, notion) = schemas();
            crm.fields.insert("ORIGIN_ID".into(), info(Side::Crm, &[Kind::Text]));
            crm.ours = ["ORIGIN_ID".into(), "originId".into(), "XML_ID".into()].into();
            let pair = pair_spec("deals", vec![FieldSpec { direction, ..field_spec(name, "Name") }]);
            let problem = only(PairMap::compile(&pair, &crm, &notion, std::slice::from_ref(&pair)).unwrap_err());
            says(&problem, Some(name), "keeps its own key in the CRM", "map another field");
        }
    }
}

#[test]
fn the_text_of_a_fallback_is_written_by_nobody_else() {
    let people = info(Side::Crm, &[Kind::People]);
    let (mut crm, mut notion) = schemas();
    crm.fields.insert("ASSIGNED_BY_ID".into(), people);
    notion.fields.insert("Responsible".into(), info(Side::Notion, &[Kind::People]));
    let owner = FieldSpec { fallback: Some("Name".into()), ..field_spec("ASSIGNED_BY_ID", "Responsible") };
    let fields = vec![field_spec("TITLE", "Name"), owner.clone(), owner.of_unmatched().unwrap()];
    let pair = pair_spec("deals", fields);
    let problem = only(PairMap::compile(&pair, &crm, &notion, std::slice::from_ref(&pair)).unwrap_err());
    says(&problem, Some("ASSIGNED_BY_ID.unmatched"), "keeps people without an account", "name another `fallback`");
}

#[test]
fn a_read_only_field_is_not_to_be_written() {
    let mut created = field_spec("DATE_CREATE", "Created");
    let problem = only(refused(pair_spec("deals", vec![created.clone()]), &[]));
    says(&problem, Some("DATE_CREATE"), "read-only in CRM", "direction = \"crm-to-notion\"");
    created.direction = Direction::CrmToNotion;
    assert_eq!(refused(pair_spec("deals", vec![created]), &[]), []);
}

#[test]
fn one_way_pairs_of_kinds_need_their_direction() {
    let pair = |direction| {
        let (crm, notion) = (info(Side::Crm, &[Kind::People]), info(Side::Notion, &[Kind::Text]));
        field(crm, notion, |spec| spec.direction = direction)
    };
    says(&only(pair(Direction::Both).unwrap_err()), Some("F"), "one way only", "\"crm-to-notion\"");
    assert!(pair(Direction::NotionToCrm).is_err());
    assert!(pair(Direction::CrmToNotion).is_ok());
}

#[test]
fn match_by_names_mapped_fields_that_tell_records_apart() {
    let mut pair = pair_spec("deals", vec![field_spec("TITLE", "Name")]);
    pair.match_by = vec!["TITEL".into()];
    says(
        &only(refused(pair.clone(), &[])),
        None,
        "`TITEL`, which is no mapped CRM field of this pair; did you",
        "name",
    );
    let mut relation = field_spec("CONTACT_IDS", "Contacts");
    relation.relation = Some("contacts".into());
    pair.fields.push(relation);
    pair.match_by = vec!["CONTACT_IDS".into()];
    let problem = only(refused(pair, &[contacts("abcd12", "contact")]));
    says(&problem, Some("CONTACT_IDS"), "does not tell records apart", "match_by");
}

#[test]
fn a_relation_needs_the_pair_at_its_other_end() {
    let with = |relation: Option<&str>, others: &[PairSpec]| {
        let mut field = field_spec("CONTACT_IDS", "Contacts");
        field.relation = relation.map(Into::into);
        refused(pair_spec("deals", vec![field]), others)
    };
    let good = contacts("abcd12", "contact");
    assert_eq!(with(Some("contacts"), std::slice::from_ref(&good)), [], "ids compare without dashes and case");
    says(&only(with(None, &[])), Some("CONTACT_IDS"), "not named", "relation = ");
    says(&only(with(Some("contcats"), &[good])), Some("CONTACT_IDS"), "did you mean `contacts`?", "a pair");
    let problem = only(with(Some("contacts"), &[contacts("other", "contact")]));
    says(&problem, Some("CONTACT_IDS"), "the data source ABCD-12", "of that data source");
    let problem = only(with(Some("contacts"), &[contacts("abcd12", "company")]));
    says(&problem, Some("CONTACT_IDS"), "in the CRM relates to `contact`", "entity");
}

#[test]
fn links_that_two_properties_show_are_mapped_at_one_end() {
    let compiled = |far: Option<&str>| {
        let mut other = contacts("abcd12", "contact");
        let mut twin = field_spec("DEAL_IDS", "Deals");
        twin.relation = Some("deals".into());
        other.fields.push(twin);
        let mut field = field_spec("CONTACT_IDS", "Contacts");
        field.relation = Some("contacts".into());
        refused_where(pair_spec("deals", vec![field]), &[other], |notion| {
            notion.fields.get_mut(&FieldName::from("Contacts")).unwrap().far_end = far.map(Into::into);
        })
    };
    says(&only(compiled(Some("Deals"))), Some("CONTACT_IDS"), "from their other end", "map one of the two");
    assert_eq!(compiled(Some("Somebody else's")), []);
    assert_eq!(compiled(None), []);
}

#[test]
fn only_a_relation_has_a_target_and_only_a_choice_has_values() {
    let plain = || (info(Side::Crm, &[Kind::Text]), info(Side::Notion, &[Kind::Text]));
    let edit = |change: fn(&mut FieldSpec)| {
        let (crm, notion): (FieldInfo, FieldInfo) = plain();
        only(field(crm, notion, change).unwrap_err())
    };
    says(&edit(|spec| spec.relation = Some("deals".into())), Some("F"), "is no relation", "remove");
    says(&edit(|spec| drop(spec.values.insert("a".into(), "b".into()))), Some("F"), "no options", "remove");
}

#[test]
fn values_name_options_that_exist() {
    let edit = |key: &str, name: &str| {
        let mut crm = info(Side::Crm, &[Kind::Status]);
        crm.options = options(&[("NEW", "New"), ("WON", "Won")]);
        field(crm, info(Side::Notion, &[Kind::Status]), |spec| {
            spec.values = [(key.to_owned(), name.to_owned())].into();
        })
        .map(|_| ())
    };
    assert_eq!(edit("NEW", "Call"), Ok(()));
    says(&only(edit("NWE", "Call").unwrap_err()), Some("F"), "no option `NWE` in the CRM; did you mean `NEW`?", "id");
    says(&only(edit("NEW", "Wram").unwrap_err()), Some("F"), "no option `Wram`; did you mean `Warm`?", "in Notion");
}

#[test]
fn pages_are_created_with_a_title() {
    let mut pair = pair_spec("deals", vec![]);
    pair.create = Create::CrmToNotion;
    says(&only(refused(pair.clone(), &[])), None, "onto `Name`, their title", "notion = \"Name\"");
    let mut title = field_spec("TITLE", "Name");
    title.direction = Direction::NotionToCrm;
    pair.fields = vec![title];
    says(&only(refused(pair.clone(), &[])), Some("TITLE"), "only goes to the CRM", "both");
    pair.create = Create::NotionToCrm;
    assert_eq!(refused(pair, &[]), []);
}

#[test]
fn the_marker_is_a_text_property_of_its_own() {
    let mut pair = pair_spec("deals", vec![]);
    pair.marker = "Marker".into();
    says(&only(refused(pair.clone(), &[])), None, "no marker property `Marker`", "add a text property");
    pair.marker = "Created".into();
    says(&only(refused(pair, &[])), None, "not text", "text property");
    let mapped = pair_spec("deals", vec![field_spec("TITLE", "CRM ID")]);
    says(&only(refused(mapped, &[])), Some("TITLE"), "which crosstie writes itself", "another");
}
