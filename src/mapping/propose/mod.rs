//! Proposes pairs and their field mappings, by name and type, for whoever sets one up. Whatever is proposed compiles: every
//! field was tried by the rules of [`PairMap`], and is left out with their reason where they refuse it.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::compile::compile_field;
use super::{Create, Delete, Direction, FieldMap, FieldSpec, Filters, PairMap, PairSpec, Policy, Problem, Remembered};
use crate::model::{FieldInfo, FieldKey, FieldName, Kind, OptionInfo, PairName, Schema};

/// What the property for our marker is called where nothing else is said.
pub const MARKER: &str = "CRM ID";

/// Names less alike than this are no proposal.
const ENOUGH: u8 = 60;
/// A data source is proposed for a kind of record from here on.
const ENOUGH_OF_A_PAIR: u8 = 50;

/// A field mapping that is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The mapping, as it would be configured.
    pub spec: FieldSpec,
    /// How sure it is, from 0 to 100.
    pub score: u8,
    /// What is lost on the way, if anything.
    pub lossy: Option<&'static str>,
    /// The kind of its values.
    pub kind: Kind,
    /// Whether it is the page's title.
    pub is_title: bool,
    /// Options of the CRM without one in Notion: their values would be held.
    pub unmatched: Vec<String>,
}

/// A property that nothing is proposed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The property.
    pub name: FieldName,
    /// Why.
    pub why: String,
}

/// A pair that is proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The pair, as it would be configured.
    pub spec: PairSpec,
    /// Its field mappings, surest first, as in the spec.
    pub fields: Vec<Proposed>,
    /// Properties without a counterpart.
    pub left: Vec<Left>,
    /// Writable CRM fields without a counterpart, with their labels.
    pub unused: Vec<(FieldName, String)>,
}

impl Proposal {
    /// Takes over what is left of [`Proposal::fields`] after somebody took some away.
    pub fn keep_fields(&mut self) {
        self.spec.fields = self.fields.iter().map(|field| field.spec.clone()).collect();
        self.spec.match_by.retain(|key| self.fields.iter().any(|field| field.spec.key == *key));
        if !self.fields.iter().any(|field| field.is_title) {
            self.spec.create = Create::None;
        }
    }
}

/// How alike a kind of record and a data source are, from 0 to 100, and whether that is enough for a proposal: mostly by
/// their names, then by how many properties would have a counterpart.
pub fn likeness(entity: &str, crm: &Schema, notion: &Schema) -> (u8, bool) {
    let named = u32::from(words::entity(entity, &crm.title, &notion.title));
    let could = notion.fields.iter().filter(|(name, info)| name.as_str() != MARKER && !info.kinds.is_empty());
    let (mut all, mut met) = (0_u32, 0_u32);
    for (name, _) in could {
        all += 1;
        let best = crm.fields.iter().map(|(field, info)| words::field(field.as_str(), &info.label, name.as_str()));
        met += u32::from(best.max().unwrap_or_default() >= ENOUGH);
    }
    let score = (2 * named + 100 * met / all.max(1)) / 3;
    let score = u8::try_from(score).unwrap_or(100);
    (score, score >= ENOUGH_OF_A_PAIR)
}

/// A pair without fields: what relations can lead to.
pub fn frame(name: &str, entity: &str, data_source: &str) -> PairSpec {
    PairSpec {
        name: PairName::from(name),
        crm: entity.to_owned(),
        data_source: data_source.to_owned(),
        marker: FieldName::from(MARKER),
        match_by: Vec::new(),
        create: Create::None,
        delete: Delete::Untie,
        template: None,
        filters: Filters::default(),
        fields: Vec::new(),
    }
}

/// Fills a [`frame`]. `all` are the frames of all pairs, this one among them; `create` is kept where titles allow it.
pub fn fill(frame: &PairSpec, crm: &Schema, notion: &Schema, all: &[PairSpec], create: Create) -> Proposal {
    let mut tried: Vec<(u8, usize, FieldSpec, Result<FieldMap, String>)> = Vec::new();
    for (field, info) in crm.fields.iter().filter(|(field, _)| !crm.ours.contains(*field)) {
        for (property, target) in notion.fields.iter().filter(|(property, _)| **property != frame.marker) {
            let name = words::field(field.as_str(), &info.label, property.as_str());
            let score = name.max(title_score(field, info, target));
            if score >= ENOUGH {
                let (spec, tried_as) = first_that_fits(field, property, (info, target), (crm, notion), all);
                tried.push((score, words::rank(field.as_str()), spec, tried_as));
            }
        }
    }
    let costs = |(score, _, _, map): &(u8, usize, FieldSpec, Result<FieldMap, String>)| match map {
        Ok(map) => score.saturating_sub(cost(map)),
        Err(_) => 0,
    };
    tried.sort_by_key(|it| (std::cmp::Reverse(costs(it)), it.1, it.2.crm.clone(), it.2.notion.clone()));
    let mut refused: BTreeMap<FieldName, String> = BTreeMap::new();
    let (mut on_crm, mut on_notion) = (BTreeSet::new(), BTreeSet::new());
    let mut fields: Vec<Proposed> = Vec::new();
    for it in &tried {
        let score = costs(it);
        let (_, _, spec, map) = it;
        match map {
            Ok(map) if score >= ENOUGH && !on_crm.contains(&spec.crm) && !on_notion.contains(&spec.notion) => {
                on_crm.insert(spec.crm.clone());
                on_notion.insert(spec.notion.clone());
                fields.push(with_values(spec, score, map, (crm, notion), all));
            }
            Ok(map) => {
                let why = map.lossy().unwrap_or("what fits it better is mapped already");
                refused.entry(spec.notion.clone()).or_insert_with(|| format!("{}: {why}", spec.crm));
            }
            Err(why) => {
                refused.entry(spec.notion.clone()).or_insert_with(|| why.clone());
            }
        }
    }
    let spec = finished(frame, &fields, create);
    let left = notion.fields.iter().filter(|(name, _)| !on_notion.contains(*name) && **name != frame.marker);
    let left =
        left.map(|(name, info)| Left { name: name.clone(), why: why_left(info, refused.get(name), all) }).collect();
    let unused = crm.fields.iter().filter(|(name, info)| {
        info.writable && !info.kinds.is_empty() && !on_crm.contains(*name) && !crm.ours.contains(*name)
    });
    let unused = unused.map(|(name, info)| (name.clone(), info.label.clone())).collect();
    Proposal { spec, fields, left, unused }
}

/// A page's title is what a record is called, whatever the two are named.
fn title_score(field: &FieldName, info: &FieldInfo, target: &FieldInfo) -> u8 {
    let is_title = target.kinds.contains(&Kind::Title) && info.kinds.first() == Some(&Kind::Title);
    match field.as_str() {
        "TITLE" if is_title => ENOUGH + 20,
        "FULL_NAME" if is_title => ENOUGH + 10,
        _ => 0,
    }
}

/// What a mapping that is not both ways loses of its score; one that only tells people something loses most.
fn cost(map: &FieldMap) -> u8 {
    match (map.fit.only, map.spec.direction) {
        (Some(_), _) => 20,
        (None, Direction::Both) => 0,
        (None, _) => 3,
    }
}

/// The mapping of two fields in the first direction that the rules allow, or why they allow none.
fn first_that_fits(
    field: &FieldName,
    property: &FieldName,
    (info, target): (&FieldInfo, &FieldInfo),
    (crm, notion): (&Schema, &Schema),
    all: &[PairSpec],
) -> (FieldSpec, Result<FieldMap, String>) {
    let is_relation = info.kinds.contains(&Kind::Relation) && target.kinds.contains(&Kind::Relation);
    let leads_to = |pair: &&PairSpec| {
        let plain = |id: &str| id.replace('-', "").to_lowercase();
        let page = target.target.as_deref().is_some_and(|id| plain(id) == plain(&pair.data_source));
        page && info.target.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(&pair.crm))
    };
    let relation = all.iter().find(leads_to).filter(|_| is_relation).map(|pair| pair.name.clone());
    let spec = |direction| FieldSpec {
        key: FieldKey::from(field.as_str()),
        crm: field.clone(),
        notion: property.clone(),
        direction,
        policy: Policy::Hold,
        values: BTreeMap::new(),
        relation: relation.clone(),
        create_options: false,
        fallback: None,
        unmatched: false,
        zone: None,
    };
    let mut why = None;
    for direction in [Direction::Both, Direction::CrmToNotion, Direction::NotionToCrm] {
        let spec = spec(direction);
        match compile_field(&spec, crm, notion, all, &Remembered::default()) {
            Ok(map) => return (spec, Ok(map)),
            Err(problems) => why = why.or_else(|| problems.first().map(Problem::to_string)),
        }
    }
    let why = if is_relation && relation.is_none() {
        Some(format!("{field}: what it relates to is in no pair of this configuration"))
    } else {
        why
    };
    (spec(Direction::Both), Err(why.unwrap_or_default()))
}

/// Finds options for those of the CRM that have no equal one in Notion, and lists the rest.
fn with_values(
    spec: &FieldSpec,
    score: u8,
    map: &FieldMap,
    (crm, notion): (&Schema, &Schema),
    all: &[PairSpec],
) -> Proposed {
    let has_options = |kind| super::fit::is_choice(kind) || kind == Kind::MultiSelect;
    let (kind, is_title) = (map.kind, map.notion_kind == Kind::Title);
    let mut proposed =
        Proposed { spec: spec.clone(), score, lossy: map.lossy(), kind, is_title, unmatched: Vec::new() };
    if !has_options(map.crm_kind) || !has_options(map.notion_kind) {
        return proposed;
    }
    let of = |schema: &Schema, name: &FieldName| {
        schema.fields.get(name).map(|info| info.options.clone()).unwrap_or_default()
    };
    let (theirs, ours) = (of(crm, &spec.crm), of(notion, &spec.notion));
    let same = |a: &OptionInfo, b: &OptionInfo| a.label.trim().to_lowercase() == b.label.trim().to_lowercase();
    let mut free: Vec<&OptionInfo> = ours.iter().filter(|own| !theirs.iter().any(|other| same(own, other))).collect();
    for option in theirs.iter().filter(|other| !ours.iter().any(|own| same(own, other))) {
        let best = free.iter().enumerate().map(|(at, own)| (words::option(&option.label, &own.label), at));
        match best.max().filter(|(score, _)| *score >= ENOUGH) {
            Some((_, at)) => {
                proposed.spec.values.insert(option.id.clone(), free.remove(at).label.clone());
            }
            None => proposed.unmatched.push(option.label.clone()),
        }
    }
    if compile_field(&proposed.spec, crm, notion, all, &Remembered::default()).is_err() {
        proposed.unmatched.extend(proposed.spec.values.values().cloned());
        proposed.spec.values.clear();
    }
    proposed
}

/// The frame with its fields, with what tells its records apart, and with creation as far as there is a title.
fn finished(frame: &PairSpec, fields: &[Proposed], create: Create) -> PairSpec {
    let mut spec = frame.clone();
    spec.fields = fields.iter().map(|field| field.spec.clone()).collect();
    // A person's address in a field of people says who is in charge, and not which record it is.
    let is_own = |field: &&Proposed| field.spec.direction == Direction::Both;
    let by_address = fields.iter().filter(|field| field.kind == Kind::Email).filter(is_own);
    let by_title = fields.iter().filter(|field| field.is_title && field.kind != Kind::Email);
    let by_title = by_title.filter(|field| super::fit::is_text(field.kind));
    spec.match_by = by_address.chain(by_title).map(|field| field.spec.key.clone()).collect();
    // The first one is the title that pages are made with.
    let direction = fields.iter().find(|field| field.is_title).map(|field| field.spec.direction);
    let pages_get_a_title = direction.is_some_and(|it| it != Direction::NotionToCrm);
    let records_get_one = direction.is_some_and(|it| it != Direction::CrmToNotion);
    spec.create = match create {
        Create::Both if pages_get_a_title && records_get_one => Create::Both,
        Create::Both | Create::CrmToNotion if pages_get_a_title => Create::CrmToNotion,
        Create::Both | Create::NotionToCrm if records_get_one => Create::NotionToCrm,
        _ => Create::None,
    };
    spec
}

fn why_left(info: &FieldInfo, refused: Option<&String>, all: &[PairSpec]) -> String {
    if info.kinds.is_empty() {
        return format!("a property of the type {} cannot be mapped", info.native_type);
    }
    if let Some(why) = refused {
        return why.clone();
    }
    let elsewhere = |target: &String| !all.iter().any(|pair| pair.data_source == *target);
    if info.target.as_ref().is_some_and(elsewhere) {
        return "it relates to a data source that is in no pair of this configuration".to_owned();
    }
    "no CRM field has a name like it".to_owned()
}

/// Whether a pair's marker property is there and can be written.
pub fn has_marker(spec: &PairSpec, notion: &Schema) -> bool {
    notion.fields.get(&spec.marker).is_some_and(|info| info.kinds.contains(&Kind::Text) && info.writable)
}

/// Whether a pair compiles but for a marker property that is still to be added.
///
/// # Errors
/// Every other problem.
pub fn compiles(spec: &PairSpec, crm: &Schema, notion: &Schema, all: &[PairSpec]) -> Result<(), Vec<Problem>> {
    let mut notion = notion.clone();
    notion.fields.entry(spec.marker.clone()).or_insert_with(|| FieldInfo {
        id: spec.marker.as_str().to_owned(),
        label: spec.marker.as_str().to_owned(),
        native_type: "rich_text".to_owned(),
        kinds: vec![Kind::Text],
        writable: true,
        multiple: false,
        options: Vec::new(),
        empty_is: None,
        target: None,
        far_end: None,
        within: None,
    });
    PairMap::compile(spec, crm, &notion, all).map(drop)
}
