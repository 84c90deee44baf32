//! A pair as the operator wrote it, checked against both schemas.

use super::choices::Choices;
use super::fit::{self, Fit};
use super::{Create, Direction, FieldMap, FieldSpec, PairSpec, Remembered, near};
use crate::model::{Entity, FieldInfo, FieldKey, FieldName, Kind, Schema, Side};

/// One pair with all of its fields checked.
#[derive(Debug, Clone, PartialEq)]
pub struct PairMap {
    /// What the operator wrote.
    pub spec: PairSpec,
    /// The field mappings, in the order of the configuration.
    pub fields: Vec<FieldMap>,
    /// The field mapped onto Notion's title, if any.
    pub title: Option<FieldKey>,
    /// Fields that were kept in step before and no longer fit the schemas: nothing of them is read or written until they do.
    pub aside: Vec<Aside>,
}

/// A field that fitted both schemas when they were read before, and does not now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The field mapping.
    pub key: FieldKey,
    /// What no longer fits.
    pub what: String,
    /// What to do about it.
    pub mend: String,
    /// It is a relation that is not to be seen, as when the data source at its other end is not shared: its links stay, and
    /// what was agreed on counts when it is seen again.
    pub hidden: bool,
    /// It is the title, or tells untied records apart.
    pub identifies: bool,
}

/// Why a pair cannot be kept in step as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field mapping; `None` for the pair as a whole.
    pub field: Option<FieldKey>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl Problem {
    fn pair(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { field: None, what: what.into(), mend: mend.into() }
    }

    fn field(spec: &FieldSpec, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { field: Some(spec.key.clone()), what: what.into(), mend: mend.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}; {}", self.what, self.mend),
            None => write!(f, "{}; {}", self.what, self.mend),
        }
    }
}

impl PairMap {
    /// Checks a pair against the schemas of both sides. `all` are the configured pairs, among them the targets of
    /// relations.
    ///
    /// # Errors
    /// Every [`Problem`] found, fields in the order of the configuration.
    pub fn compile(spec: &PairSpec, crm: &Schema, notion: &Schema, all: &[PairSpec]) -> Result<Self, Vec<Problem>> {
        Self::compile_after(spec, crm, notion, all, &Remembered::default())
    }

    /// The same, where the schemas were read before: options that were renamed since stay what they corresponded to, and a
    /// field that fitted then and does not now is set [`aside`](PairMap::aside), as long as any other is left.
    ///
    /// # Errors
    /// Every other [`Problem`], like [`PairMap::compile`].
    pub fn compile_after(
        spec: &PairSpec,
        crm: &Schema,
        notion: &Schema,
        all: &[PairSpec],
        before: &Remembered,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let (mut fields, mut aside, mut misfits) = (Vec::new(), Vec::new(), Vec::new());
        for field in &spec.fields {
            match compile_field(field, crm, notion, all, before) {
                Ok(field) => fields.push(field),
                Err(more) if before.knows(field) => {
                    let absent = !crm.fields.contains_key(&field.crm) || !notion.fields.contains_key(&field.notion);
                    aside.extend(more.first().map(|problem| Aside {
                        key: field.key.clone(),
                        what: problem.what.clone(),
                        mend: problem.mend.clone(),
                        hidden: field.relation.is_some() && absent,
                        identifies: spec.match_by.contains(&field.key) || is_title(notion, &field.notion),
                    }));
                    misfits.extend(more);
                }
                Err(more) => problems.extend(more),
            }
        }
        // A pair of which nothing is left is no pair.
        if fields.is_empty() {
            problems.append(&mut misfits);
        }
        let title = fields.iter().find(|field| field.notion_kind == Kind::Title).map(|field| field.spec.key.clone());
        let map = Self { spec: spec.clone(), fields, title, aside };
        problems.extend(map.check_marker(notion));
        problems.extend(map.check_fallbacks());
        problems.extend(map.check_matching());
        if problems.iter().all(|problem| problem.field.is_none()) {
            problems.extend(map.check_title(notion));
        }
        if problems.is_empty() { Ok(map) } else { Err(problems) }
    }

    /// A field mapping by its name.
    pub fn field(&self, key: &FieldKey) -> Option<&FieldMap> {
        self.fields.iter().find(|field| field.spec.key == *key)
    }

    /// What to read and write on one side: nothing of what is set aside.
    pub fn entity(&self, side: Side) -> Entity {
        let mut entity = self.spec.entity(side);
        entity.fields.retain(|name| self.fields.iter().any(|field| field.name_on(side) == name));
        entity
    }

    /// Whether untied records can be told apart and get counterparts: neither the title nor a key is set aside.
    pub fn tells_apart(&self) -> bool {
        !self.aside.iter().any(|aside| aside.identifies)
    }

    fn check_marker(&self, notion: &Schema) -> Option<Problem> {
        let marker = &self.spec.marker;
        if let Some(field) = self.spec.fields.iter().find(|field| field.notion == *marker) {
            return Some(Problem::field(
                field,
                format!("`{marker}` is the marker property, which crosstie writes itself"),
                "map another property, or name another marker",
            ));
        }
        match notion.fields.get(marker) {
            None => Some(Problem::pair(
                format!("the data source has no marker property `{marker}`"),
                "`crosstie check --create-properties` adds it; or add a text property with that name in Notion, or name another",
            )),
            Some(info) if !info.kinds.contains(&Kind::Text) || !info.writable => Some(Problem::pair(
                format!("the marker property `{marker}` is a {}, not text", info.native_type),
                "name a text property that nobody edits by hand",
            )),
            Some(_) => None,
        }
    }

    fn check_fallbacks(&self) -> Option<Problem> {
        let fields = &self.spec.fields;
        let twice = |own: &&FieldSpec| fields.iter().any(|field| field.notion == own.notion && field.key != own.key);
        let own = fields.iter().filter(|field| field.unmatched).find(twice)?;
        let what =
            format!("`{}` is where crosstie keeps people without an account in Notion, and is mapped too", own.notion);
        Some(Problem::field(own, what, "map another property, or name another `fallback`"))
    }

    fn check_matching(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for key in &self.spec.match_by {
            let fields = &self.spec.fields;
            if !fields.iter().any(|field| field.key == *key) {
                let hint = near::hint(key.as_str(), fields.iter().map(|field| field.key.as_str()));
                problems.push(Problem::pair(
                    format!("`match_by` names `{key}`, which is no mapped CRM field of this pair{hint}"),
                    "name the CRM field of one of the pair's fields",
                ));
            } else if let Some(field) = self.field(key)
                && matches!(field.kind, Kind::Checkbox | Kind::MultiSelect | Kind::People | Kind::Relation)
            {
                problems.push(Problem::field(
                    &field.spec,
                    format!("a {} does not tell records apart", field.kind.as_str()),
                    "take it out of `match_by`",
                ));
            }
        }
        problems
    }

    fn check_title(&self, notion: &Schema) -> Option<Problem> {
        if !matches!(self.spec.create, Create::Both | Create::CrmToNotion) {
            return None;
        }
        let name = notion.fields.iter().find(|(_, info)| info.kinds.contains(&Kind::Title)).map(|(name, _)| name);
        let name = name.map_or_else(|| "the title".to_owned(), |name| format!("`{name}`"));
        let set_aside = |field: &FieldSpec| self.aside.iter().any(|aside| aside.key == field.key);
        let Some(field) = self.title.as_ref().and_then(|key| self.field(key)) else {
            // It was mapped, and will be again.
            if self.spec.fields.iter().any(|field| set_aside(field) && is_title(notion, &field.notion)) {
                return None;
            }
            return Some(Problem::pair(
                format!("pages are to be created, and nothing is mapped onto {name}, their title"),
                format!("add a field with `notion = {}`, or set `create`", name.replace('`', "\"")),
            ));
        };
        (!field.writes(Side::Notion)).then(|| {
            Problem::field(
                &field.spec,
                format!("pages are to be created, and {name}, their title, only goes to the CRM"),
                "set `direction = \"both\"`, or set `create`",
            )
        })
    }
}

fn is_title(notion: &Schema, name: &FieldName) -> bool {
    notion.fields.get(name).is_some_and(|info| info.kinds.contains(&Kind::Title))
}

pub(super) fn compile_field(
    spec: &FieldSpec,
    crm: &Schema,
    notion: &Schema,
    all: &[PairSpec],
    before: &Remembered,
) -> Result<FieldMap, Vec<Problem>> {
    if crm.ours.contains(&spec.crm) {
        let what = format!(
            "`{}` is where crosstie keeps its own key in the CRM: the page that a record belongs to is found by it, and a value of \
             somebody else's there would make a second page",
            spec.crm
        );
        return Err(vec![Problem::field(
            spec,
            what,
            "map another field; for a number of your own add a user field in the CRM",
        )]);
    }
    let mut problems = Vec::new();
    let crm = find(spec, Side::Crm, &spec.crm, crm, &mut problems);
    let notion = find(spec, Side::Notion, &spec.notion, notion, &mut problems);
    let (Some(crm), Some(notion)) = (crm, notion) else {
        return Err(problems);
    };
    check_writable(spec, crm, notion, &mut problems);
    let taken = match fit_of(spec, crm, notion) {
        Ok(taken) => Some(taken),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let Some((crm_kind, notion_kind, fit)) = taken else {
        return Err(problems);
    };
    problems.extend(check_zone(spec, fit));
    problems.extend(check_relation(spec, fit, crm, notion, all));
    if spec.fallback.is_some() && (crm_kind, notion_kind) != (Kind::People, Kind::People) {
        let what =
            format!("it has a `fallback`, and is {} and {}, not people", crm_kind.as_str(), notion_kind.as_str());
        problems.push(Problem::field(spec, what, "remove `fallback`, or map people onto people"));
    }
    let has_options = |kind| fit::is_choice(kind) || kind == Kind::MultiSelect;
    if !spec.values.is_empty() && !has_options(crm_kind) {
        problems.push(Problem::field(
            spec,
            format!("it has `values`, and the CRM field is {}, which has no options", crm_kind.as_str()),
            "remove `values`",
        ));
        return Err(problems);
    }
    match Choices::compile(spec, crm, notion, notion_kind, before.paired(&spec.key)) {
        Ok(choices) if problems.is_empty() => {
            Ok(FieldMap::new(spec, crm, notion, (crm_kind, notion_kind, fit), choices, before.lost(&spec.key)))
        }
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more.into_iter().map(|(what, mend)| Problem::field(spec, what, mend)));
            Err(problems)
        }
    }
}

fn find<'a>(
    spec: &FieldSpec,
    side: Side,
    name: &FieldName,
    schema: &'a Schema,
    problems: &mut Vec<Problem>,
) -> Option<&'a FieldInfo> {
    let found = schema.fields.get(name);
    if found.is_none() {
        let label = schema.fields.iter().find(|(_, info)| info.label.to_lowercase() == name.as_str().to_lowercase());
        let hint = match label {
            Some((name, info)) if side == Side::Crm => format!("; `{}` is the label of `{name}`", info.label),
            _ => near::hint(name.as_str(), schema.fields.keys().map(FieldName::as_str)),
        };
        let (what, mend) = match side {
            Side::Crm => ("field", "correct the name"),
            Side::Notion => ("property", "correct the name, or add the property in Notion"),
        };
        problems.push(Problem::field(spec, format!("`{}` has no {what} `{name}`{hint}", schema.title), mend));
    }
    found
}

fn check_writable(spec: &FieldSpec, crm: &FieldInfo, notion: &FieldInfo, problems: &mut Vec<Problem>) {
    for (side, name, info, only) in [
        (Side::Crm, &spec.crm, crm, Direction::CrmToNotion),
        (Side::Notion, &spec.notion, notion, Direction::NotionToCrm),
    ] {
        if !info.writable && spec.direction.from(side.other()) {
            problems.push(Problem::field(
                spec,
                format!("`{name}` ({}) is read-only in {side}, and would be written", info.native_type),
                format!("set `direction = \"{}\"`, or map another field", only.as_str()),
            ));
        }
    }
}

fn fit_of(spec: &FieldSpec, crm: &FieldInfo, notion: &FieldInfo) -> Result<(Kind, Kind, Fit), Problem> {
    for (side, name, info) in [(Side::Crm, &spec.crm, crm), (Side::Notion, &spec.notion, notion)] {
        if info.kinds.is_empty() {
            return Err(Problem::field(
                spec,
                format!("`{name}` in {side} is of the type {}, which cannot be mapped", info.native_type),
                "map another field, or remove this one",
            ));
        }
    }
    let Some(taken) = fit::best(&crm.kinds, &notion.kinds, spec.direction) else {
        let kinds: Vec<Kind> =
            Kind::ALL.into_iter().filter(|kind| crm.kinds.iter().any(|crm| fit::fit(*crm, *kind).is_some())).collect();
        return Err(Problem::field(
            spec,
            format!(
                "`{}` is {} ({}) and `{}` is {} ({}): these do not fit",
                spec.crm,
                shown(&crm.kinds),
                crm.native_type,
                spec.notion,
                shown(&notion.kinds),
                notion.native_type
            ),
            format!("map `{}` onto a property that is {}", spec.crm, shown(&kinds)),
        ));
    };
    match taken.2.only {
        Some(only) if only != spec.direction => Err(Problem::field(
            spec,
            format!(
                "`{}` is {} and `{}` is {}, which goes one way only: {}",
                spec.crm,
                taken.0.as_str(),
                spec.notion,
                taken.1.as_str(),
                taken.2.lossy.unwrap_or("")
            ),
            format!("set `direction = \"{}\"`", only.as_str()),
        )),
        _ => Ok(taken),
    }
}

fn shown(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ")
}

fn check_zone(spec: &FieldSpec, fit: Fit) -> Option<Problem> {
    let needed = fit.kind == Kind::Date && fit.only.is_some() && spec.zone.is_none();
    needed.then(|| {
        let what = format!(
            "of `{}` and `{}` one is a day and one a moment, and on which day a moment falls depends on the time zone",
            spec.crm, spec.notion
        );
        Problem::field(spec, what, "name the pair's, as in `time_zone = \"Europe/Berlin\"`, or map another field")
    })
}

fn check_relation(
    spec: &FieldSpec,
    fit: Fit,
    crm: &FieldInfo,
    notion: &FieldInfo,
    all: &[PairSpec],
) -> Option<Problem> {
    let (what, mend) = match (fit.kind == Kind::Relation, &spec.relation) {
        (false, None) => return None,
        (false, Some(pair)) => {
            (format!("it has `relation = \"{pair}\"` and is no relation"), "remove `relation`".to_owned())
        }
        (true, None) => (
            "it is a relation, and the pair at its other end is not named".to_owned(),
            "add `relation = \"<pair>\"`".to_owned(),
        ),
        (true, Some(name)) => match all.iter().find(|pair| pair.name == *name) {
            None => (
                format!("there is no pair `{name}`{}", near::hint(name.as_str(), all.iter().map(|p| p.name.as_str()))),
                "name a pair of this configuration".to_owned(),
            ),
            Some(pair) => {
                let mut other = None;
                if let Some(target) = notion.target.as_ref().filter(|id| plain_id(id) != plain_id(&pair.data_source)) {
                    other = Some(format!("`{}` in Notion relates to the data source {target}", spec.notion));
                } else if let Some(target) = crm.target.as_ref().filter(|name| !name.eq_ignore_ascii_case(&pair.crm)) {
                    other = Some(format!("`{}` in the CRM relates to `{target}`", spec.crm));
                }
                let shows = |field: &&FieldSpec| notion.far_end.as_ref() == Some(&field.notion);
                if let (None, Some(twin)) = (&other, pair.fields.iter().find(shows)) {
                    return Some(Problem::field(
                        spec,
                        format!(
                            "it shows the same links as `{}` of the pair `{name}`, from their other end",
                            twin.notion
                        ),
                        "map one of the two: the links of either appear in both".to_owned(),
                    ));
                }
                (
                    format!("{}, and the pair `{name}` keeps another one in step", other?),
                    "name the pair of that data source and entity, or map another field".to_owned(),
                )
            }
        },
    };
    Some(Problem::field(spec, what, mend))
}

/// A Notion id without dashes and case: people paste both forms.
fn plain_id(id: &str) -> String {
    id.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect()
}
