//! `[[pair]]` and `[[pair.field]]`.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::read::{Reader, Section};
use crate::mapping::{Create, Delete, Direction, FieldSpec, Filters, PairSpec, Policy, Template, near};
use crate::model::{Block, FieldKey, FieldName, PairName};

type Lines = BTreeMap<(PairName, Option<FieldKey>), usize>;
type Place = Range<usize>;

const DIRECTIONS: [(&str, Direction); 3] =
    [("both", Direction::Both), ("crm-to-notion", Direction::CrmToNotion), ("notion-to-crm", Direction::NotionToCrm)];
const POLICIES: [(&str, Policy); 4] =
    [("hold", Policy::Hold), ("crm", Policy::Crm), ("notion", Policy::Notion), ("newest", Policy::Newest)];
const CREATES: [(&str, Create); 4] = [
    ("none", Create::None),
    ("crm-to-notion", Create::CrmToNotion),
    ("notion-to-crm", Create::NotionToCrm),
    ("both", Create::Both),
];
const DELETES: [(&str, Delete); 2] = [("untie", Delete::Untie), ("propagate", Delete::Propagate)];

/// The largest template, in bytes.
pub(super) const TEMPLATE_BYTES: usize = 100_000;
/// The most blocks that a template may have.
const TEMPLATE_BLOCKS: usize = 2_000;

/// What refers to other pairs, checked when all of them are known.
#[derive(Default)]
struct Later {
    relations: Vec<(PairName, Place)>,
    seen: BTreeMap<(&'static str, String), (String, usize)>,
}

pub(super) fn read(reader: &mut Reader<'_>, top: &mut Section<'_>) -> (Vec<PairSpec>, Lines) {
    let sections = reader.tables(top, "pair", "a pair");
    if sections.is_empty() {
        reader.refuse(
            0..0,
            "there are no pairs, so there is nothing to keep in step",
            "add a `[[pair]]` with its fields",
        );
    }
    let (mut later, mut lines) = (Later::default(), Lines::new());
    let pairs: Vec<PairSpec> =
        sections.into_iter().filter_map(|section| pair(reader, section, &mut later, &mut lines)).collect();
    let names = || later.seen.iter().filter(|((what, _), _)| *what == "name").map(|((_, name), _)| name.as_str());
    for (name, span) in &later.relations {
        if !names().any(|known| known == name.as_str()) {
            reader.refuse(
                span.clone(),
                format!("there is no pair `{name}`{}", near::hint(name.as_str(), names())),
                "name a pair of this file",
            );
        }
    }
    (pairs, lines)
}

fn pair(reader: &mut Reader<'_>, mut section: Section<'_>, later: &mut Later, lines: &mut Lines) -> Option<PairSpec> {
    let line = reader.line(&section.span());
    let name = reader.required(&mut section, "name", "name = \"deals\"");
    let crm = reader.required(&mut section, "crm", "crm = \"deal\"");
    let source = reader.required(&mut section, "data_source", "data_source = \"<id>\"");
    let marker = reader.text(&mut section, "marker").map_or("CRM ID".to_owned(), |(marker, _)| marker);
    let match_by = reader.texts(&mut section, "match_by").unwrap_or_default();
    let create = reader.choice(&mut section, "create", &CREATES, Create::default());
    let delete = reader.choice(&mut section, "delete", &DELETES, Delete::default());

    if let Some((name, span)) = &name {
        if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_')) {
            let mend = "use lower-case letters, digits, `-` and `_`: it is typed in commands";
            reader.refuse(span.clone(), format!("`{name}` is no name for a pair"), mend);
        }
        let mend = "give each pair a name of its own";
        once(reader, later, ("name", name.clone()), ("pair", name, name), span, mend);
    }
    let pair_name = name.as_ref().map_or("", |(name, _)| name.as_str());
    if let Some((crm, span)) = &crm {
        let mend = "keep one of them: a CRM record is marked with one page, and two pairs would both claim it";
        once(reader, later, ("crm", crm.clone()), ("CRM entity", crm, pair_name), span, mend);
    }
    let source = source.map(|(id, span)| {
        let id = data_source(reader, id, &span);
        let mend = "keep one of them, and put all fields into it";
        once(reader, later, ("source", id.clone()), ("data source", &id, pair_name), &span, mend);
        id
    });

    let filters = Filters {
        crm: reader.filter(&mut section, "crm_filter", "{ CATEGORY_ID = 0 }"),
        notion: reader.filter(
            &mut section,
            "notion_filter",
            "{ property = \"Kind\", select = { equals = \"Client\" } }",
        ),
    };
    let zone = zone(reader, &mut section);
    let template = reader.table(&mut section, "page", "the pair's page").and_then(|section| page(reader, section));
    let sections = reader.tables(&mut section, "field", "a field");
    if sections.is_empty() {
        reader.refuse(section.span(), format!("the pair `{pair_name}` has no fields"), "add a `[[pair.field]]`");
    }
    let key = PairName::from(pair_name);
    lines.insert((key.clone(), None), line);
    let mut fields = fields(reader, sections, &marker, later, &mut |field, line| {
        lines.insert((key.clone(), Some(field.clone())), line);
    });
    fields.iter_mut().for_each(|field| field.zone = zone.clone());
    check_matching(reader, &match_by, &fields);
    reader.done(section);
    Some(PairSpec {
        name: name?.0.into(),
        crm: crm?.0,
        data_source: source?,
        marker: marker.into(),
        match_by: match_by.into_iter().map(|(key, _)| key.into()).collect(),
        create,
        delete,
        template,
        filters,
        fields,
    })
}

/// `time_zone`: by its name, for an offset would be wrong for half of the year.
fn zone(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<TimeZone> {
    let (name, span) = reader.text(section, "time_zone")?;
    let zone = TimeZone::get(&name).ok().filter(|zone| zone.iana_name().is_some());
    if zone.is_none() {
        let mend = "write it as `Europe/Berlin` or `America/New_York`, or `UTC`; this host needs the package tzdata to know them";
        reader.refuse(span, format!("there is no time zone `{name}` here"), mend);
    }
    zone
}

/// `[pair.page]`: the template of new pages.
fn page(reader: &mut Reader<'_>, mut section: Section<'_>) -> Option<Template> {
    let file = reader.required(&mut section, "template", "template = \"deal.md\"");
    reader.done(section);
    let (file, span) = file?;
    let path = reader.beside(&file);
    let text = match reader.file(&path) {
        Ok(text) => text,
        Err(why) => {
            let what = format!("the template {} cannot be read: {why}", path.display());
            reader.refuse(span, what, "name a Markdown file; a relative path counts from this configuration");
            return None;
        }
    };
    if text.len() > TEMPLATE_BYTES {
        let what = format!("the template {} is larger than {} KB", path.display(), TEMPLATE_BYTES / 1_000);
        reader.refuse(span, what, "shorten it: it is written into every new page");
        return None;
    }
    let Ok(text) = String::from_utf8(text) else {
        reader.refuse(span, format!("the template {} is no text in UTF-8", path.display()), "save it as UTF-8");
        return None;
    };
    let template = Template::parse(&file, &text);
    let blocks = Block::count(&template.blocks);
    if blocks == 0 {
        let what = format!("the template {} says nothing", path.display());
        reader.refuse(span, what, "write something into it, or remove `[pair.page]`");
        return None;
    }
    if blocks > TEMPLATE_BLOCKS {
        let what = format!("the template {} has {blocks} blocks, and {TEMPLATE_BLOCKS} are the most", path.display());
        reader.refuse(span, what, "shorten it: it is written into every new page");
        return None;
    }
    Some(template)
}

/// Refuses what another pair has already.
fn once(
    reader: &mut Reader<'_>,
    later: &mut Later,
    key: (&'static str, String),
    (what, value, pair): (&str, &str, &str),
    span: &Place,
    mend: &str,
) {
    let line = reader.line(span);
    match later.seen.get(&key) {
        Some((other, at)) => {
            let what = format!("the {what} `{value}` is the pair `{other}`'s already, in line {at}");
            reader.refuse(span.clone(), what, mend);
        }
        None => drop(later.seen.insert(key, (pair.to_owned(), line))),
    }
}

/// A data source id, dashed and in lower case as Notion returns it.
/// The id of a data source as Notion writes it, of one with or without dashes; `None` for what is none.
pub fn data_source_id(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
    if plain.len() != 32 || !plain.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    Some([&plain[..8], &plain[8..12], &plain[12..16], &plain[16..20], &plain[20..]].join("-"))
}

fn data_source(reader: &mut Reader<'_>, id: String, span: &Place) -> String {
    if let Some(whole) = data_source_id(&id) {
        return whole;
    }
    let what = if id.contains("notion.") {
        "this is a link, and a link names a database, not its data source"
    } else {
        "this is no data source id: 32 hexadecimal digits, with or without dashes"
    };
    let mend = "in Notion: the database's settings, Manage data sources, Copy data source ID";
    reader.refuse(span.clone(), what, mend);
    id
}

fn fields(
    reader: &mut Reader<'_>,
    sections: Vec<Section<'_>>,
    marker: &str,
    later: &mut Later,
    place: &mut dyn FnMut(&FieldKey, usize),
) -> Vec<FieldSpec> {
    let mut fields: Vec<FieldSpec> = Vec::new();
    let (mut by_crm, mut by_notion) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
    for mut section in sections {
        let line = reader.line(&section.span());
        let crm = reader.required(&mut section, "crm", "crm = \"TITLE\"");
        let notion = reader.required(&mut section, "notion", "notion = \"Name\"");
        let direction = reader.choice(&mut section, "direction", &DIRECTIONS, Direction::default());
        let policy = reader.choice(&mut section, "policy", &POLICIES, Policy::default());
        let values = reader.text_map(&mut section, "values");
        let create_options = reader.flag(&mut section, "create_options").unwrap_or(false);
        let fallback = reader.text(&mut section, "fallback");
        let relation = reader.text(&mut section, "relation").map(|(pair, span)| {
            let pair = PairName::from(pair);
            later.relations.push((pair.clone(), span));
            pair
        });
        reader.done(section);
        let (Some((crm, crm_span)), Some((notion, notion_span))) = (crm, notion) else { continue };
        if notion == marker {
            reader.refuse(
                notion_span.clone(),
                format!("`{notion}` is the pair's marker, which crosstie writes itself"),
                "map another property, or set `marker` to another one",
            );
        }
        if let Some(first) = by_crm.get(&crm) {
            let what = format!("the CRM field `{crm}` is mapped in line {first} already");
            reader.refuse(crm_span, what, "keep one of the two: a field has one counterpart");
            continue;
        }
        if let Some(first) = by_notion.get(&notion) {
            let what = format!("the property `{notion}` is mapped in line {first} already");
            reader.refuse(notion_span, what, "keep one of the two: they would overwrite each other");
            continue;
        }
        by_crm.insert(crm.clone(), reader.line(&crm_span));
        by_notion.insert(notion.clone(), reader.line(&notion_span));
        let fallback = fallback.and_then(|(name, span)| {
            let what = if name == marker {
                format!("`{name}` is the pair's marker, which crosstie writes itself")
            } else if let Some(first) = by_notion.get(&name) {
                format!("the property `{name}` is mapped in line {first} already")
            } else if direction == Direction::NotionToCrm {
                "a fallback names people of the CRM, and nothing of them goes to Notion here".to_owned()
            } else {
                by_notion.insert(name.clone(), reader.line(&span));
                return Some(FieldName::from(name));
            };
            reader.refuse(span, what, "name a text property of its own, or remove `fallback`");
            None
        });
        let key = FieldKey::from(crm.clone());
        place(&key, line);
        let field = FieldSpec {
            key,
            crm: FieldName::from(crm),
            notion: FieldName::from(notion),
            direction,
            policy,
            values,
            relation,
            create_options,
            fallback,
            unmatched: false,
            zone: None,
        };
        let unmatched = field.of_unmatched();
        fields.push(field);
        if let Some(unmatched) = unmatched {
            place(&unmatched.key, line);
            fields.push(unmatched);
        }
    }
    fields
}

fn check_matching(reader: &mut Reader<'_>, match_by: &[(String, Place)], fields: &[FieldSpec]) {
    for (key, span) in match_by {
        if fields.iter().any(|field| field.key.as_str() == key) {
            continue;
        }
        let property = fields.iter().find(|field| field.notion.as_str() == key);
        let hint = match property {
            Some(field) => format!("; it is the property of `{}`", field.key),
            None => near::hint(key, fields.iter().map(|field| field.key.as_str())),
        };
        reader.refuse(
            span.clone(),
            format!("`match_by` names `{key}`, which is no mapped CRM field of this pair{hint}"),
            "name the CRM field of one of the pair's fields",
        );
    }
}
