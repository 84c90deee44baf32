//! Two small schemas and a lookup with people and ties, some of them foreign.

use std::collections::{BTreeMap, BTreeSet};

use crosstie::mapping::{Create, Delete, Direction, FieldMap, FieldSpec, Lookup, PairMap, PairSpec, Policy, Problem};
use crosstie::model::{FieldInfo, FieldName, Kind, OptionInfo, PairName, Schema, Side, Value};

/// Person `i` is `u{i}` in the CRM and `n{i}` in Notion; tie `i` is `{i}` and `page-{i}`.
#[derive(Debug, Clone, Default)]
pub struct Town {
    pub crm_people: BTreeSet<u8>,
    pub notion_people: BTreeSet<u8>,
    pub ties: BTreeSet<u8>,
}

pub fn town(crm: &[u8], notion: &[u8], ties: &[u8]) -> Town {
    let set = |numbers: &[u8]| numbers.iter().copied().collect();
    Town { crm_people: set(crm), notion_people: set(notion), ties: set(ties) }
}

fn prefix(side: Side, crm: &'static str, notion: &'static str) -> &'static str {
    if side == Side::Crm { crm } else { notion }
}

impl Town {
    fn people(&self, side: Side) -> &BTreeSet<u8> {
        if side == Side::Crm { &self.crm_people } else { &self.notion_people }
    }
}

impl Lookup for Town {
    fn email_of(&self, side: Side, user: &str) -> Option<String> {
        let number = user.strip_prefix(prefix(side, "u", "n"))?.parse().ok()?;
        self.people(side).contains(&number).then(|| format!("p{number}@example.org"))
    }

    fn user_of(&self, side: Side, email: &str) -> Option<String> {
        let number = email.strip_prefix('p')?.strip_suffix("@example.org")?.parse().ok()?;
        self.people(side).contains(&number).then(|| format!("{}{number}", prefix(side, "u", "n")))
    }

    fn crm_of(&self, _: &PairName, side: Side, record: &str) -> Option<String> {
        let number: u8 = record.strip_prefix(prefix(side, "", "page-"))?.parse().ok()?;
        self.ties.contains(&number).then(|| number.to_string())
    }

    fn record_of(&self, _: &PairName, side: Side, crm: &str) -> Option<String> {
        let number: u8 = crm.parse().ok()?;
        self.ties.contains(&number).then(|| format!("{}{number}", prefix(side, "", "page-")))
    }
}

pub fn options(options: &[(&str, &str)]) -> Vec<OptionInfo> {
    options.iter().map(|(id, label)| OptionInfo { id: (*id).into(), label: (*label).into(), stable: None }).collect()
}

pub fn info(side: Side, kinds: &[Kind]) -> FieldInfo {
    let has_options = kinds.iter().any(|kind| matches!(kind, Kind::Select | Kind::Status | Kind::MultiSelect));
    let multiple = kinds.iter().any(|kind| matches!(kind, Kind::People | Kind::Relation | Kind::MultiSelect));
    FieldInfo {
        id: format!("id-of-{side}"),
        label: "A label".into(),
        native_type: kinds.first().map_or("opaque", |kind| kind.as_str()).into(),
        kinds: kinds.to_vec(),
        writable: true,
        multiple,
        options: match (has_options, side) {
            (false, _) => vec![],
            (true, Side::Crm) => options(&[("1", "Cold call"), ("2", "WARM"), ("3", "Hot"), ("4", "Only here")]),
            (true, Side::Notion) => {
                let names = ["Call", "Warm", "Hot", "Only there"];
                options(&names.map(|name| (name, name)))
            }
        },
        empty_is: None,
        target: None,
        far_end: None,
        within: None,
    }
}

pub fn field_spec(crm: &str, notion: &str) -> FieldSpec {
    FieldSpec {
        key: crm.into(),
        crm: crm.into(),
        notion: notion.into(),
        direction: Direction::Both,
        policy: Policy::Hold,
        values: BTreeMap::new(),
        relation: None,
        create_options: false,
        fallback: None,
        unmatched: false,
        zone: None,
    }
}

pub fn pair_spec(name: &str, fields: Vec<FieldSpec>) -> PairSpec {
    PairSpec {
        name: name.into(),
        crm: "deal".into(),
        data_source: format!("source-{name}"),
        marker: "CRM ID".into(),
        match_by: vec![],
        create: Create::None,
        delete: Delete::Untie,
        template: None,
        filters: Default::default(),
        fields,
    }
}

pub fn schema<const N: usize>(title: &str, fields: [(&str, FieldInfo); N]) -> Schema {
    Schema {
        title: title.into(),
        fields: fields.into_iter().map(|(name, info)| (FieldName::from(name), info)).collect(),
        ours: Default::default(),
    }
}

/// One field of a pair of its own.
pub fn field(crm: FieldInfo, notion: FieldInfo, edit: impl FnOnce(&mut FieldSpec)) -> Result<FieldMap, Vec<Problem>> {
    let mut spec = field_spec("F", "P");
    if notion.kinds.contains(&Kind::Relation) {
        spec.relation = Some("deals".into());
    }
    edit(&mut spec);
    let pair = pair_spec("deals", vec![spec]);
    let crm = schema("Deal", [("F", crm)]);
    let notion = schema("Deals", [("P", notion), ("CRM ID", info(Side::Notion, &[Kind::Text]))]);
    PairMap::compile(&pair, &crm, &notion, std::slice::from_ref(&pair)).map(|map| map.fields[0].clone())
}

/// Two kinds, mapped in the only way or both ways.
pub fn mapped(crm: Kind, notion: Kind) -> Option<FieldMap> {
    let fit = crosstie::mapping::fit::fit(crm, notion)?;
    let values = [("Cold call", "Call"), ("4", "Extra")];
    let made = field(info(Side::Crm, &[crm]), info(Side::Notion, &[notion]), |spec| {
        spec.direction = fit.only.unwrap_or_default();
        spec.zone = jiff::tz::TimeZone::get("Europe/Berlin").ok();
        if matches!(crm, Kind::Select | Kind::Status | Kind::MultiSelect) {
            let usable = values.iter().filter(|(_, name)| notion != Kind::Status || *name == "Call");
            spec.create_options = matches!(notion, Kind::Select | Kind::MultiSelect);
            spec.values = usable.map(|(key, name)| ((*key).to_owned(), (*name).to_owned())).collect();
        }
    });
    Some(made.unwrap_or_else(|problems| panic!("{crm:?} onto {notion:?}: {problems:?}")))
}

pub fn text(text: &str) -> Value {
    Value::text(text)
}

pub fn people(users: &[&str]) -> Value {
    Value::people(users.iter().map(|user| (*user).to_owned()))
}

pub fn links(records: &[&str]) -> Value {
    Value::links(records.iter().map(|record| (*record).to_owned()))
}

pub fn choice(option: &str) -> Value {
    Value::Choice(option.into())
}
