//! Values of both sides in one set of terms: options by Notion's name, people by e-mail address, links by CRM ids.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::mapping::{FieldSpec, PairSpec};
use crate::model::{Side, Value};
use crate::standin::bitrix24::{BitrixStandIn, Entity};

use super::Case;
use super::bonds::Bonds;
use super::plain::{Plain, Reading};

/// Fields of the CRM that hold text, whatever it looks like.
const TEXTS: [&str; 9] =
    ["TITLE", "NAME", "SECOND_NAME", "LAST_NAME", "WEB", "POST", "COMMENTS", "SOURCE_DESCRIPTION", "ADDITIONAL_INFO"];
/// Fields of the CRM that hold users.
const USERS: [&str; 4] = ["ASSIGNED_BY_ID", "CREATED_BY_ID", "MODIFY_BY_ID", "MOVED_BY_ID"];

/// What a field's values are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Plain(Reading),
    /// CRM option to Notion's name.
    Choice(BTreeMap<String, String>),
    Users,
    /// Links into the pair of that position.
    Links(usize),
}

/// A translator.
pub(super) struct Terms<'a> {
    pairs: &'a [PairSpec],
    bonds: &'a Bonds,
    /// By pair and field.
    kinds: Vec<Vec<Kind>>,
    /// The CRM's users: id to e-mail address.
    crm_users: BTreeMap<String, String>,
    /// The names that options had first, by the names that they had later.
    first_names: BTreeMap<String, String>,
    /// Notion's: the pretend Notion shows names only, and who is called the same is the same person.
    notion_users: BTreeMap<String, String>,
}

impl<'a> Terms<'a> {
    pub(super) fn of(case: &Case<'a>, bonds: &'a Bonds) -> Self {
        let people = case.crm.people();
        let crm_users = people.iter().map(|person| (person.id.to_string(), person.email.to_lowercase())).collect();
        let address = |name: &str| people.iter().find(|person| person.name == name).map(|p| p.email.to_lowercase());
        let notion_users =
            case.notion.people().into_iter().filter_map(|(id, name)| Some((id, address(&name)?))).collect();
        let kinds = case
            .pairs
            .iter()
            .map(|pair| pair.fields.iter().map(|field| kind(case.crm, case.pairs, pair, field)).collect())
            .collect();
        let mut first_names: BTreeMap<String, String> = BTreeMap::new();
        for renamed in case.notion.option_renames() {
            let first = first_names.get(&renamed.from).unwrap_or(&renamed.from).clone();
            if first != renamed.to {
                first_names.insert(renamed.to.clone(), first);
            }
        }
        Self { pairs: case.pairs, bonds, kinds, crm_users, first_names, notion_users }
    }

    fn kind(&self, pair: usize, field: usize) -> &Kind {
        const LOOKS: &Kind = &Kind::Plain(Reading::Looks);
        self.kinds.get(pair).and_then(|kinds| kinds.get(field)).unwrap_or(LOOKS)
    }

    /// The pair at the other end of a relation.
    pub(super) fn related(&self, pair: usize, field: usize) -> Option<usize> {
        match self.kind(pair, field) {
            Kind::Links(other) => Some(*other),
            _ => None,
        }
    }

    /// A plain value of a side's log or world at a moment.
    pub(super) fn plain(&self, pair: usize, field: usize, side: Side, value: &Json, at: Timestamp) -> Plain {
        let ids = || value.as_array().into_iter().flatten().filter_map(Json::as_str);
        match (self.kind(pair, field), side) {
            (Kind::Plain(reading), _) => Plain::json(value, *reading),
            (Kind::Choice(names), Side::Crm) => {
                let name = |code: &str| names.get(code).cloned().unwrap_or_else(|| code.to_owned());
                match value {
                    Json::Array(_) => Plain::json(&ids().map(name).collect(), Reading::Folded),
                    _ => Plain::json(&value.as_str().map_or(Json::Null, |code| json!(name(code))), Reading::Folded),
                }
            }
            (Kind::Choice(_), Side::Notion) => {
                let first = |name: &str| self.first_names.get(name).map_or(name, String::as_str).to_owned();
                match value {
                    Json::String(name) => Plain::text(&first(name), Reading::Folded),
                    Json::Array(_) => Plain::json(&ids().map(first).collect(), Reading::Folded),
                    _ => Plain::json(value, Reading::Folded),
                }
            }
            (Kind::Users, side) => {
                let users = if side == Side::Crm { &self.crm_users } else { &self.notion_users };
                together(ids().map(|id| users.get(id).cloned().unwrap_or_else(|| format!("user {id}"))))
            }
            (Kind::Links(_), Side::Crm) => Plain::set(ids().map(str::to_owned)),
            (Kind::Links(other), Side::Notion) => {
                let bare = |page: &&str| at == Timestamp::MAX && !self.is_tied(*other, page);
                // In the end a page without a tie stands for what it was tied to last, and for itself.
                let both = |page: &str| {
                    [Some(self.link(*other, page, at)), Some(page).filter(bare).map(str::to_owned)]
                        .into_iter()
                        .flatten()
                };
                Plain::set(ids().flat_map(both))
            }
        }
    }

    /// A page as the CRM record it was tied to at a moment; one that never had a tie stands for itself.
    pub(super) fn link(&self, pair: usize, page: &str, at: Timestamp) -> String {
        let tied = self.pairs.get(pair).and_then(|pair| self.bonds.partner_at(&pair.name, Side::Notion, page, at));
        tied.map_or_else(|| page.to_owned(), str::to_owned)
    }

    fn is_tied(&self, pair: usize, page: &str) -> bool {
        self.pairs.get(pair).is_some_and(|pair| self.bonds.now(&pair.name, Side::Notion, page).is_some())
    }

    /// The readings of a value that the engine claims: in the common dialect, and as its side means it.
    pub(super) fn claimed(&self, pair: usize, field: usize, side: Side, value: &Value) -> [Plain; 2] {
        let reading = match self.kind(pair, field) {
            Kind::Plain(reading) => *reading,
            Kind::Choice(_) | Kind::Users => Reading::Folded,
            Kind::Links(_) => Reading::Text,
        };
        let first = |name: &String| match self.kind(pair, field) {
            Kind::Choice(_) => self.first_names.get(name).unwrap_or(name).clone(),
            _ => name.clone(),
        };
        let native = match value {
            Value::Empty => Json::Null,
            Value::Text(text) => json!(text),
            Value::Choice(text) => json!(first(text)),
            Value::Number(number) => return [Plain::number(*number, reading), Plain::number(*number, reading)],
            Value::Flag(flag) => json!(flag),
            Value::Date(day) => return [Plain::Day(*day), Plain::Day(*day)],
            Value::DateTime(at) => return [Plain::moment(*at), Plain::moment(*at)],
            Value::People(set) if *self.kind(pair, field) == Kind::Users => {
                return [together(set.iter().cloned()), self.plain(pair, field, side, &json!(set), Timestamp::MAX)];
            }
            Value::Choices(set) | Value::People(set) | Value::Links(set) => json!(set),
        };
        [Plain::json(&native, reading), self.plain(pair, field, side, &native, Timestamp::MAX)]
    }
}

/// Whoever is responsible: one value, not a set that is merged by its members.
fn together(addresses: impl Iterator<Item = String>) -> Plain {
    let mut all: Vec<String> = addresses.collect();
    all.sort();
    if all.is_empty() { Plain::Empty } else { Plain::text(&all.join(", "), Reading::Folded) }
}

fn kind(crm: &BitrixStandIn, pairs: &[PairSpec], pair: &PairSpec, field: &FieldSpec) -> Kind {
    if let Some(other) = field.relation.as_ref().and_then(|name| pairs.iter().position(|pair| pair.name == *name)) {
        return Kind::Links(other);
    }
    let name = field.crm.as_str();
    if USERS.contains(&name) {
        return Kind::Users;
    }
    let options: Vec<(String, String)> = match (name, Entity::parse(&pair.crm)) {
        ("STAGE_ID", _) => {
            crm.pipelines().iter().flat_map(|p| &p.stages).map(|s| (s.id.clone(), s.name.clone())).collect()
        }
        (_, Some(entity)) => crm.options(entity, name),
        _ => Vec::new(),
    };
    if !options.is_empty() || !field.values.is_empty() {
        let mut names: BTreeMap<String, String> = field.values.clone();
        for (code, label) in options {
            let name = field.values.get(&code).or_else(|| field.values.get(&label)).unwrap_or(&label).clone();
            names.insert(code, name);
        }
        return Kind::Choice(names);
    }
    Kind::Plain(match name {
        "FULL_NAME" => Reading::Name,
        "EMAIL" => Reading::Folded,
        "PHONE" => Reading::Phone,
        "OPPORTUNITY" | "REVENUE" => Reading::Amount,
        name if TEXTS.contains(&name) || name.ends_with(".TITLE") => Reading::Text,
        _ => Reading::Looks,
    })
}
