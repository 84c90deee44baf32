//! What is proposed for a pair always compiles, whatever the two sides look like.

use std::collections::{BTreeMap, BTreeSet};

use crosstie::mapping::propose::{self, MARKER};
use crosstie::mapping::{Create, PairMap};
use crosstie::model::{FieldInfo, FieldName, Kind, OptionInfo, Schema};
use proptest::prelude::*;

/// Names that often correspond, and some that never do.
const NAMES: [&str; 17] = [
    "TITLE",
    "FULL_NAME",
    "EMAIL",
    "STAGE_ID",
    "OPPORTUNITY",
    "COMMENTS",
    "CONTACT_IDS",
    "DATE_CREATE",
    "UF_CRM_X",
    "Name",
    "Betrag",
    "Status",
    "Notizen",
    "Контакты",
    "E-mail",
    "Weather",
    "ORIGIN_ID",
];

fn option() -> impl Strategy<Value = OptionInfo> {
    ("[A-C]{1,2}", prop_oneof!["New", "Neu", "Won", "won", "In progress", "Progress in", "[a-z]{0,6}"])
        .prop_map(|(id, label)| OptionInfo { id, label, stable: None })
}

fn info() -> impl Strategy<Value = FieldInfo> {
    let kinds = proptest::sample::subsequence(Kind::ALL.to_vec(), 0..3);
    let options = proptest::collection::vec(option(), 0..4);
    let target = proptest::option::of(prop_oneof![Just("source-1"), Just("contact"), Just("elsewhere")]);
    (kinds, any::<bool>(), options, target, proptest::sample::select(NAMES.to_vec())).prop_map(
        |(kinds, writable, options, target, label)| FieldInfo {
            id: label.to_owned(),
            label: label.to_owned(),
            native_type: "made up".to_owned(),
            kinds,
            writable,
            multiple: false,
            options,
            empty_is: None,
            target: target.map(str::to_owned),
            far_end: None,
            within: None,
        },
    )
}

fn plain(name: &str, kind: Kind, native_type: &str) -> FieldInfo {
    FieldInfo {
        id: name.into(),
        label: name.into(),
        native_type: native_type.into(),
        kinds: vec![kind],
        writable: true,
        multiple: false,
        options: Vec::new(),
        empty_is: None,
        target: None,
        far_end: None,
        within: None,
    }
}

fn schema() -> impl Strategy<Value = Schema> {
    let fields = proptest::collection::btree_map(proptest::sample::select(NAMES.to_vec()), info(), 0..8);
    fields.prop_map(|fields| Schema {
        title: "Deals".to_owned(),
        fields: fields.into_iter().map(|(name, info)| (FieldName::from(name), info)).collect(),
        ours: ["ORIGIN_ID".into()].into(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn whatever_is_proposed_compiles_and_every_property_is_mapped_or_told_why_not(
        crm in schema(), mut notion in schema(), create in 0..4_usize,
    ) {
        let create = [Create::Both, Create::CrmToNotion, Create::NotionToCrm, Create::None][create];
        let frames = [propose::frame("deals", "deal", "source-0"), propose::frame("contacts", "contact", "source-1")];
        let proposal = propose::fill(&frames[0], &crm, &notion, &frames, create);
        prop_assert!(propose::compiles(&proposal.spec, &crm, &notion, &frames).is_ok());
        let marker = plain(MARKER, Kind::Text, "rich_text");
        notion.fields.insert(MARKER.into(), marker);
        let compiled = PairMap::compile(&proposal.spec, &crm, &notion, &frames);
        prop_assert!(compiled.is_ok(), "{:?}", compiled.err());

        let mapped: BTreeSet<&FieldName> = proposal.spec.fields.iter().map(|field| &field.notion).collect();
        let on_crm: BTreeSet<&FieldName> = proposal.spec.fields.iter().map(|field| &field.crm).collect();
        prop_assert_eq!((mapped.len(), on_crm.len()), (proposal.spec.fields.len(), proposal.spec.fields.len()));
        let left: BTreeMap<&FieldName, &str> = proposal.left.iter().map(|it| (&it.name, it.why.as_str())).collect();
        for name in notion.fields.keys().filter(|name| name.as_str() != MARKER) {
            prop_assert!(mapped.contains(name) != left.contains_key(name), "{name}");
        }
        prop_assert!(!on_crm.iter().any(|name| name.as_str() == "ORIGIN_ID"), "our own key is nobody's to map");
        prop_assert!(left.values().all(|why| !why.is_empty()));
        prop_assert!(proposal.fields.iter().all(|field| (60..=100).contains(&field.score)));
        prop_assert!(propose::likeness("deal", &crm, &notion).0 <= 100);

        // Whoever leaves some out is left with a pair that compiles as well.
        let mut fewer = proposal.clone();
        if fewer.fields.len() > 1 {
            fewer.fields.remove(0);
            fewer.keep_fields();
            prop_assert!(PairMap::compile(&fewer.spec, &crm, &notion, &frames).is_ok());
        }
    }
}

#[test]
fn records_are_told_apart_by_their_own_address_and_not_by_that_of_whoever_is_in_charge() {
    let known = |name: &str, kind: Kind| (FieldName::from(name), plain(name, kind, "made up"));
    let schema = |fields: Vec<(FieldName, FieldInfo)>| Schema {
        title: "Deals".to_owned(),
        fields: fields.into_iter().collect(),
        ours: BTreeSet::new(),
    };
    let crm = schema(vec![known("TITLE", Kind::Title), known("ASSIGNED_BY_ID", Kind::People)]);
    let notion = schema(vec![known("Name", Kind::Title), known("Responsible", Kind::Email)]);
    let frames = [propose::frame("deals", "deal", "source-0")];
    let spec = propose::fill(&frames[0], &crm, &notion, &frames, Create::Both).spec;
    assert!(spec.fields.iter().any(|field| field.key == "ASSIGNED_BY_ID".into()), "{:?}", spec.fields);
    assert_eq!(spec.match_by, ["TITLE".into()]);
}
